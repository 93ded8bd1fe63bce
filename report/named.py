"""Editions and comments as people name them: by their numbers in a review, or in the working database."""

from __future__ import annotations

from programme.database import Database, one, rows
from programme.reviews import find_review
from report.comments import CommentListed, find_comment
from report.moderation import EditionFound, find_edition
from report.schema import KINDS
from rules.errors import UnknownName

LONGEST_NUMBER = 18
EDITION = """
select e.id from edition e join report r on r.id = e.report_id
where r.review_id = :review and r.kind = :kind and (:number is null or e.number = :number)
order by e.number desc limit 1
"""
EDITIONS = """
select e.number from edition e join report r on r.id = e.report_id
where r.review_id = :review and r.kind = :kind order by e.number
"""
COMMENT = """
select c.id from comment c join edition e on e.id = c.edition_id join report r on r.id = e.report_id
where r.review_id = :review and r.kind = :kind and c.number = :number order by c.id desc limit 1
"""
COMMENTS = """
select c.number from comment c join edition e on e.id = c.edition_id join report r on r.id = e.report_id
where r.review_id = :review and r.kind = :kind order by c.number
"""


def edition_named(db: Database, text: str) -> EditionFound:
    """The edition that a text names; raises UnknownName.

    'wales-2004-08/2' is the second edition of the report of that review, 'wales-2004-08/summary/1' the first
    of its summary, 'wales-2004-08' the latest of its report; '7' the seventh of the working database.
    """
    if _is_number(text):
        return find_edition(db, int(text))
    review, kind, number = _parts(db, text)
    found = one(db, EDITION, {"review": review, "kind": kind, "number": number})
    if found is None:
        known = rows(db, EDITIONS, {"review": review, "kind": kind})
        where = text.rpartition("/")[0] if number is not None else text
        raise UnknownName("edition", text, [f"{where}/{row['number']}" for row in known])
    return find_edition(db, found)


def comment_named(db: Database, text: str) -> CommentListed:
    """The comment that a text names, like an edition: 'wales-2004-08/3' is the third on its report."""
    if _is_number(text):
        return find_comment(db, int(text))
    review, kind, number = _parts(db, text)
    found = one(db, COMMENT, {"review": review, "kind": kind, "number": number})
    if found is None:
        known = rows(db, COMMENTS, {"review": review, "kind": kind})
        where = text.rpartition("/")[0] or text
        raise UnknownName("comment", text, [f"{where}/{row['number']}" for row in known])
    return find_comment(db, found)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER


def _parts(db: Database, text: str) -> tuple[int, str, int | None]:
    """The row of the review, the kind of report, and the number, if one is named."""
    key, *rest = text.split("/")
    review = find_review(db, key)
    kind = rest.pop(0) if rest and rest[0] in KINDS else KINDS[0]
    if not rest:
        return review.id, kind, None
    if len(rest) > 1 or not _is_number(rest[0]):
        raise UnknownName("edition or comment", text, [f"{key}/1", f"{key}/summary/1"])
    return review.id, kind, int(rest[0])


def comment_name(comment: CommentListed) -> str:
    """How a comment is named: 'wales-2004-08/3'."""
    return f"{comment['review']}/{comment['number']}"
