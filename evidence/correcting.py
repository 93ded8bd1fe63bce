"""Details of a source that were wrong, corrected: index number, title, kind, date, status, group of people.

The text of a source never changes. Later runs count its items with the corrected details; runs made before
still find what they counted (`evidence.at_event.source_at`). Items keep their numbers and what they say.

An index number that was corrected still names the source in files that were written before: an import that
names it is refused and told the number of today. Digests of items are made with the number under which their
source came in (`first_refs`), so that the same rows are still the same items.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict, Unpack

from pydantic import ValidationError

from evidence.at_event import DETAILS_OF_SOURCE
from evidence.digests import source_digest
from evidence.rows import SourceRow
from programme.calendar import day_of_moment
from programme.corrections import (
    Correcting,
    Correction,
    Details,
    check_correction,
    correct_details,
    corrections_of,
    refuse_unchanged,
)
from programme.database import Database, one, rows, transaction
from programme.reviews import Review
from programme.seals import columns_of
from rules.errors import EvidenceInvalid, ImportRefused, Problem, UnknownName
from rules.words import shown_value

COLUMN_OF_ROW = {"source": "ref"}
"""What a detail is called in rows of files, and as a column."""


class CorrectedSource(TypedDict):
    """A source whose details were corrected."""

    source: str
    """Its index number now."""
    items: int
    """How many of its items count: those that later runs count with the corrected details."""
    correction: Correction
    before: Renumbered | None
    """Which other source had its index number until it was corrected; None where none had."""


def correct_source(
    db: Database,
    review: Review,
    ref: str,
    changes: Mapping[str, str | date | None],
    **who: Unpack[Correcting],
) -> CorrectedSource:
    """Correct details of a source, all in one event.

    `changes`: new values by detail (ref, title, kind, dated, status, strand), as a file would give them; an
    empty date takes the date away. Raises UnknownName, WordsMissing, ImportRefused with every value that will
    not do, EvidenceInvalid where nothing changes or the index number is taken.
    """
    who["by"], who["because"] = check_correction(who["by"], who["because"])
    with transaction(db):
        now = _source(db, review, ref)
        new = _checked(review, now, changes)
        refuse_unchanged(f"the source {ref}", new)
        before = None
        if "ref" in new:
            refuse_taken(db, review, new["ref"])
            # Not refused, as a new source is: numbers that were mixed up are put right so.
            before = renumbered(db, review).get(new["ref"])
            before = before if before and before["now"] != ref else None
        digest = {"digest": _digest(db, now, new)}
        details = Details("source", now["id"], now, new, digest)
        made = correct_details(db, review, f"source {ref}", details, **who)
        count = "select count(*) from evidence where source_id = ? and withdrawn_event is null"
        items = one(db, count, [now["id"]])
        return {"source": new.get("ref", ref), "items": items, "correction": made, "before": before}


def _source(db: Database, review: Review, ref: str) -> dict[str, Any]:
    found = rows(db, "select * from source where review_id = ? and ref = ?", [review.id, ref])
    if not found:
        raise unknown_source(db, review, ref)
    return found[0]


def _checked(
    review: Review, now: Mapping[str, Any], changes: Mapping[str, str | date | None]
) -> dict[str, Any]:
    """The values that differ from what is recorded, checked as those of a file; raises ImportRefused."""
    if wrong := set(changes) - set(DETAILS_OF_SOURCE):
        raise ValueError(f"{', '.join(sorted(wrong))} cannot be corrected")
    asked = {**{name: now[name] for name in DETAILS_OF_SOURCE}, **changes}
    # One that the framework no longer has may stay.
    context = {"strands": review.framework.strand_names} if "strand" in changes else {}
    given = {"source" if name == "ref" else name: value for name, value in asked.items()}
    try:
        row = SourceRow.model_validate(given, context=context)
    except ValidationError as error:
        raise ImportRefused(
            "Nothing was corrected.", [*map(_problem, error.errors(include_url=False))]
        ) from None
    dated = row.dated.isoformat() if row.dated else None
    checked = {**row.model_dump(), "ref": row.source, "dated": dated}
    return {
        name: checked[name] for name in DETAILS_OF_SOURCE if name in changes and checked[name] != now[name]
    }


def _problem(detail: Any) -> Problem:
    context = detail.get("ctx", {})
    name = COLUMN_OF_ROW.get(str(detail["loc"][0]), str(detail["loc"][0]))
    shown = shown_value(detail["input"])
    expected = context.get("expected") or detail["msg"]
    return Problem(name, f"found {shown}; expected {expected}.", str(context.get("hint", "")))


def refuse_taken(db: Database, review: Review, ref: str) -> None:
    """Raise EvidenceInvalid where another source of the review has this index number."""
    if title := one(db, "select title from source where review_id = ? and ref = ?", [review.id, ref]):
        raise EvidenceInvalid(
            f"the index number {ref!r} is taken: it is that of “{title}”", hint="Give another index number."
        )


def _digest(db: Database, now: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The digest of a source with its new details."""
    found = db.execute("select text from source_page where source_id = ? order by number", [now["id"]])
    text = "\f".join(page for (page,) in found)
    # A last page without words is not stored, but was part of what was digested.
    if digest_of_source(now, text) != now["digest"] == digest_of_source(now, text + "\f"):
        text += "\f"
    return digest_of_source({**now, **new}, text)


def digest_of_source(details: Mapping[str, Any], text: str) -> str:
    """The digest of a source with these details (ref, title, kind, dated, status, strand, reference)."""
    dated = details["dated"] and date.fromisoformat(details["dated"])
    said = {name: details[name] for name in ("title", "kind", "status", "strand", "reference")}
    return source_digest(SourceRow.model_construct(source=details["ref"], dated=dated, text=text, **said))


def corrections_of_source(db: Database, review: Review, ref: str) -> list[Correction]:
    """The corrections of a source, in their order; none for a source that is not there."""
    number = one(db, "select id from source where review_id = ? and ref = ?", [review.id, ref])
    return [] if number is None else corrections_of(db, "source", number)


# --- what a source was called before -----------------------------------------------------------------------


def first_refs(db: Database, review: Review) -> dict[str, str]:
    """The index numbers under which sources came in that have another now, by the one they have now."""
    if not columns_of(db.conn, "source_was"):
        return {}
    return dict(db.execute(FIRST_REFS, [review.id]).fetchall())


FIRST_REFS = """
select s.ref, w.ref from source s
join source_was w on w.id = (select min(id) from source_was where source_id = s.id)
where s.review_id = ? and w.ref <> s.ref
"""


def first_ref(db: Database, review: Review, ref: str) -> str:
    """The index number under which a source came in: the one with which its items are digested."""
    return first_refs(db, review).get(ref, ref)


class Renumbered(TypedDict):
    """An index number that a source no longer has."""

    was: str
    now: str
    by: str
    at: str
    because: str


RENUMBERED = """
select w.ref as was, s.ref as now, e.by, e.at, e.because
from source_was w join source s on s.id = w.source_id join event e on e.id = w.added_event
where s.review_id = :review and w.ref <> s.ref
  and w.ref not in (select ref from source where review_id = :review)
  and w.id = (select max(x.id) from source_was x where x.source_id = w.source_id and x.ref = w.ref)
order by w.id
"""


def renumbered(db: Database, review: Review) -> dict[str, Renumbered]:
    """The index numbers that no source of a review has any longer, since they were corrected."""
    if not columns_of(db.conn, "source_was"):
        return {}
    found = rows(db, RENUMBERED, {"review": review.id})
    return {row["was"]: Renumbered(**row) for row in found}  # type: ignore[typeddict-item]


def renumbered_words(one: Renumbered) -> str:
    """What became of an index number, in a sentence without its end."""
    return (
        f"its index number was corrected to {one['now']!r} on {day_of_moment(one['at'])} by {one['by']}"
        f" (because: {one['because'].rstrip('.')})"
    )


def former_words(one: Renumbered) -> str:
    """Why no new source is given an index number of before, in a sentence without its end."""
    return f"{one['was']!r} was the number of a source that is here: {renumbered_words(one)}"


def former_hint(one: Renumbered) -> str:
    """What would help then."""
    return (
        f"Write {one['now']!r}. If another source has this number, give it a number of its own, and correct"
        " that."
    )


def before_words(one: Renumbered) -> str:
    """What is said where a source was given another's index number of before, without its end."""
    return f"{one['was']!r} was the number of {one['now']} before: files that name it now mean this source"


class RenumberedSource(UnknownName):
    """An index number that a source had until it was corrected."""

    def __init__(self, found: Renumbered) -> None:
        super().__init__("source", found["was"], [])
        self.message = f"there is no source {found['was']!r} any longer: {renumbered_words(found)}"
        self.args = (self.message,)
        self.hint = f"Give {found['now']!r}."


def unknown_source(db: Database, review: Review, ref: str) -> UnknownName:
    """The error for an index number that no source has: what it was corrected to, or the nearest."""
    if found := renumbered(db, review).get(ref):
        return RenumberedSource(found)
    known = rows(db, "select ref from source where review_id = ?", [review.id])
    return UnknownName("source", ref, [row["ref"] for row in known])
