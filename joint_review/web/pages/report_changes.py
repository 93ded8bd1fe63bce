"""What changed between two editions of a report: ratings first, then comments, evidence and words."""

from __future__ import annotations

from joint_review.web.page import Declared, Download, FileMade, Page
from joint_review.web.pages.editions import (
    MEDIA,
    REPORT,
    EditionNamed,
    editions_of,
    find_edition_of,
    frozen_at,
    head_of,
    rendered,
)
from joint_review.web.request import Asked, AskedWrongly
from joint_review.web.run_view import Head
from programme.database import Database
from programme.permissions import Action
from programme.reviews import find_review
from report.changes import Changes, changes_between
from report.changes_document import changes_document
from report.editions import body_of
from report.model import LANGUAGES, Language
from report.register import OUTCOMES
from report.schema import KINDS
from rules.errors import UnknownName

CHANGES = REPORT + "/changes"


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(CHANGES, "changes", changes, Action.SEE_REPORT),
        Download(CHANGES + "/file", changes_file, Action.SEE_REPORT),
    )


class ChangesPage(Head):
    """What changed from one edition of a report to a later one."""

    editions: list[EditionNamed]
    before: str
    """The editions that are compared, as addresses call them; empty where there are none to compare."""
    after: str
    changes: Changes | None
    lang: Language
    outcomes: dict[str, str]


def changes(db: Database, asked: Asked) -> ChangesPage:
    """What changed between two editions, `before` and `after`; the last two unless told."""
    review = find_review(db, asked.names["review"])
    editions = editions_of(db, review)
    before, after = asked.text("before"), asked.text("after")
    newest = [one["name"] for one in editions if one["kind"] == KINDS[0]][:2]
    if not before and not after and len(newest) > 1:
        after, before = newest
    found = None
    if before and after:
        first, second = (find_edition_of(db, review, name) for name in (before, after))
        found = changes_between(db, first["id"], second["id"])
    return {
        **head_of(db, review, asked),
        "editions": editions,
        "before": before,
        "after": after,
        "changes": found,
        "lang": _language(asked),
        "outcomes": OUTCOMES,
    }


def _language(asked: Asked) -> Language:
    wanted = asked.text("lang") or LANGUAGES[0]
    found = next((lang for lang in LANGUAGES if lang == wanted), None)
    if found is None:
        raise UnknownName("language", wanted, LANGUAGES)
    return found


def changes_file(db: Database, asked: Asked) -> FileMade:
    """The changes as a file: a later edition with tracked changes (docx), or what changed as html or pdf."""
    review = find_review(db, asked.names["review"])
    form, lang = asked.text("form") or "docx", _language(asked)
    if form not in MEDIA:
        raise UnknownName("format", form, MEDIA)
    if not asked.text("before") or not asked.text("after"):
        raise AskedWrongly("name two editions: before=1&after=2")
    first, second = (find_edition_of(db, review, asked.text(name)) for name in ("before", "after"))
    found = changes_between(db, first["id"], second["id"])
    was, now = body_of(db, first["id"]), body_of(db, second["id"])
    at = frozen_at(second)
    if form == "docx":
        from report.render.word import tracked

        made = tracked(was, now, lang, at)
    else:
        made = rendered(changes_document(found, now), lang, form, at)
    name = f"changes-{asked.text('before')}-{asked.text('after')}-{lang}.{form}"
    return FileMade(name, MEDIA[form], made)
