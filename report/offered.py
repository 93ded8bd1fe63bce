"""Evidence that the authority offers with a comment: stored as sources, marked late, closed where it is new.

It is stored as every source is, and tied to the comment, so that all of it is seen to have come late
(`evidence.late`). What is dated after the review's window, or of which the authority itself says that it was
not so at the time, is closed: it can be read, but not tagged, unless the lead releases it with a reason. What
the review holds already is not late, and nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TypedDict

from evidence.files.texts import GivenFile, Text
from evidence.sources import SourceDetails, read_sources, store_sources
from programme.database import Act, Database, add_event, insert, one, rows, transaction
from programme.names import check_person, check_words
from programme.permissions import Action
from programme.progress import Progress, no_progress
from programme.reviews import Review, find_review
from programme.users import check_may
from report.actions import ReportAction
from report.comments import CommentListed, find_comment
from rules.errors import DecisionRefused, UnknownName

CLOSED = """
select o.id from comment_source o join source s on s.id = o.source_id
where s.review_id = ? and s.ref = ? and o.of_the_time = 0 and o.released_event is null
"""
OFFERED_BEFORE = """
select s.id from source s where s.review_id = :review and s.ref = :ref
  and exists (select 1 from comment_source where source_id = s.id)
  and not exists (select 1 from comment_source where source_id = s.id and comment_id = :comment)
"""


class Offered(TypedDict):
    """What became of files that were offered with a comment."""

    comment: CommentListed
    added: list[str]
    """The index numbers of the sources stored."""
    already_there: list[str]
    """Those that hold the same text already, from before: they are not late."""
    closed: bool
    """Whether what was stored cannot be tagged for now."""


def read_offered(
    review: Review, given: Sequence[GivenFile], details: SourceDetails, *, progress: Progress = no_progress
) -> list[Text]:
    """The texts of files, read in the process that reads files; raises ImportRefused with every problem."""
    return read_sources(review, given, details, progress=progress)


def offer_evidence(
    db: Database,
    comment: int,
    texts: Sequence[Text],
    details: SourceDetails,
    *,
    dated: date,
    by: str,
    at: datetime,
) -> Offered:
    """Store what was read as sources that were offered with a comment.

    `dated` says of when it is. Raises UnknownName, and ImportRefused where the details will not do.
    """
    by = check_person(by, "evidence")
    with transaction(db) as joined:
        found = find_comment(db, comment)
        review = find_review(db, found["review"])
        check_may(db, by, Action.COMMENT, review.key, "record comments on the report")
        of_the_time = is_of_the_time(review, found, dated)
        stored = store_sources(joined, review, texts, replace(details, dated=dated), by=by, at=at)
        added = [str(one_of["source"]) for one_of in stored.added]
        there = [one_of["source"] for one_of in stored.already_there]
        sources = [
            *(
                one(db, "select id from source where review_id = ? and ref = ?", [review.id, ref])
                for ref in added
            ),
            # What another comment offered first came late with this one, too.
            *(
                row["id"]
                for ref in there
                for row in rows(db, OFFERED_BEFORE, {"review": review.id, "ref": ref, "comment": comment})
            ),
        ]
        if sources:
            act = Act(ReportAction.OFFER, by, at, review.id, f"comment {comment}")
            after = {"sources": added or there, "of the time of the review": of_the_time}
            event = add_event(db, act, after=after)
        for source in sources:
            row = {"comment_id": comment, "source_id": source, "of_the_time": int(of_the_time)}
            insert(db, "comment_source", {**row, "added_event": event})
    return {
        "comment": find_comment(db, comment),
        "added": added,
        "already_there": there,
        "closed": bool(added) and not of_the_time,
    }


def is_of_the_time(review: Review, comment: CommentListed, dated: date) -> bool:
    """Whether evidence of a day may count: not from after the window, and so at the time of the review."""
    after = review.window_to is not None and dated.isoformat() > review.window_to
    return not after and comment["position_at_review"] != "no"


def release_source(
    db: Database, comment: int, ref: str, *, because: str, by: str, at: datetime
) -> CommentListed:
    """Let the items of a closed source be tagged after all; for the lead, with a reason.

    Raises UnknownName for a source that was not offered with the comment, DecisionRefused for one that is not
    closed.
    """
    by, because = check_person(by, "a release"), check_words(because, "a release")
    with transaction(db):
        found = find_comment(db, comment)
        review = find_review(db, found["review"])
        check_may(db, by, Action.WRITE_REPORT, review.key, "release evidence offered with the comments")
        names = [offered["source"] for offered in found["sources"]]
        if ref not in names:
            raise UnknownName(f"source offered with comment {found['number']}", ref, names)
        closed = rows(db, CLOSED, [review.id, ref])
        if not closed:
            raise DecisionRefused(f"{ref} is not closed: its items can be tagged")
        act = Act(ReportAction.RELEASE_SOURCE, by, at, review.id, f"source {ref}", because)
        event = add_event(db, act, before={"tagging": "closed"}, after={"tagging": "open"})
        for row in closed:
            db.conn.execute("update comment_source set released_event = ? where id = ?", [event, row["id"]])
    return find_comment(db, comment)
