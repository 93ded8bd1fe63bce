"""Details that were wrong, corrected by an event: who, when, why, and what it was before.

The row itself changes, by `programme.revisions`; what its details were until then is kept beside it
(`review_was`, and `source_was` in the evidence room), so that a run made before still finds them. The latest
row of what was, added after an event, says how things were at that event.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NotRequired, TypedDict, Unpack

from programme.actions import ProgrammeAction
from programme.calendar import day_of_moment, day_words
from programme.database import (
    Act,
    Database,
    add_event,
    insert,
    login_of,
    one,
    rows,
    system_salts,
    transaction,
)
from programme.logs import APPLICATION_ID
from programme.names import Doing, check_person, check_words
from programme.problems import RecordProblem
from programme.reviews import Review, find_review, refuse_window
from programme.revisions import Revision, revise_rows
from programme.seals import Salts, columns_of
from rules.errors import EvidenceInvalid
from rules.letters import one_spelling
from rules.words import listed

CORRECTED = {
    "review": ("review_was", "review_id", ("authority", "window_from", "window_to", "note")),
    "source": ("source_was", "source_id", ("ref", "title", "kind", "dated", "status", "strand", "digest")),
}
"""The tables whose details can be corrected: where the earlier ones are kept, and which they are."""
NAMES_OF_DETAILS = {
    "ref": "index number",
    "dated": "date",
    "strand": "group of people",
    "window_from": "beginning of the evidence window",
    "window_to": "end of the evidence window",
}
"""What people call the details, where not by their column."""
DATES = frozenset({"dated", "window_from", "window_to"})


class Change(TypedDict):
    """One detail that was corrected."""

    detail: str
    """The column, e.g. 'kind'."""
    was: str | None
    now: str | None


class Correction(TypedDict):
    """One correction: who, when, why, and what it changed."""

    event: int
    by: str
    login: str
    """Under which login of the system, if it was done on the command line."""
    at: str
    because: str
    changes: list[Change]


def correction_words(correction: Correction) -> str:
    """A correction in one sentence: 'Corrected on 3 May 2026 by lead-1: kind from ..; because: ..'."""
    said = "; ".join(map(change_words, correction["changes"]))
    day, by, because = day_of_moment(correction["at"]), correction["by"], correction["because"].rstrip(".")
    return f"Corrected on {day} by {by}: {said}; because: {because}."


def change_words(change: Change) -> str:
    """A changed detail in a few words: 'kind from document to interview'."""
    name = NAMES_OF_DETAILS.get(change["detail"], change["detail"])
    return f"{name} from {_said(change, change['was'])} to {_said(change, change['now'])}"


def _said(change: Change, value: str | None) -> str:
    if not value:
        return "nothing"
    if change["detail"] in DATES:
        return day_words(value)
    return f"“{value}”" if change["detail"] in ("title", "note", "authority") else value.replace("_", " ")


# --- the mechanism ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Details:
    """The details of one row: as they are, and what some of them are to be."""

    table: str
    row: int
    now: Mapping[str, Any]
    """All details of the row that `CORRECTED` names."""
    new: Mapping[str, Any]
    """The new values, by detail; those that are as they were are left out."""
    derived: Mapping[str, Any]
    """Further columns that follow from them (a digest), which nobody typed."""


def check_correction(by: str, because: str) -> tuple[str, str]:
    """Who corrects, and why, without blanks around them; raises WordsMissing."""
    return check_person(by, "a correction"), check_words(because, "a correction")


def refuse_unchanged(name: str, new: Mapping[str, Any]) -> None:
    """Raise EvidenceInvalid where a correction would change nothing."""
    if not new:
        raise EvidenceInvalid(
            f"{name} has these details already, so there is nothing to correct",
            hint="Give a value that differs from what is recorded.",
        )


class Correcting(Doing):
    """Who corrects something, why and when, and what its event is sealed with."""

    salts: NotRequired[Salts]


def correct_details(
    db: Database, review: Review, target: str, details: Details, **who: Unpack[Correcting]
) -> Correction:
    """Correct the details of a row in one event, inside the caller's transaction.

    `target` is what the event names, as 'source D-001'. Raises DatabaseUnusable where the row is not as it
    was sealed.
    """
    act = Act(ProgrammeAction.CORRECT, who["by"], who["at"], review.id, target, who["because"])
    kept, key, names = CORRECTED[details.table]
    before = {name: details.now[name] for name in details.new}
    event = add_event(db, act, before=before, after=dict(details.new))
    was = {name: details.now[name] for name in names}
    insert(db, kept, {key: details.row, **was, "added_event": event})
    values = {**details.new, **details.derived}
    revise_rows(db, event, [Revision(details.table, details.row, values)], who.get("salts", system_salts))
    made = corrections_of(db, details.table, details.row)
    return next(one for one in made if one["event"] == event)


EVENTS = """
select distinct e.id as event, e.by, {login} as login, e.at, e.because, e.before, e.after
from {kept} w join event e on e.id = w.added_event where w.{key} = ? order by e.id
"""


def corrections_of(db: Database, table: str, row: int) -> list[Correction]:
    """The corrections of a row, in their order."""
    kept, key, _ = CORRECTED[table]
    if not columns_of(db.conn, kept):
        return []  # an older file, which is served as it is
    found = rows(db, EVENTS.format(login=login_of("e"), kept=kept, key=key), [row])
    return [
        as_correction({**one, "before": json.loads(one["before"]), "after": json.loads(one["after"])})
        for one in found
    ]


def as_correction(row: Mapping[str, Any]) -> Correction:
    """A correction from its event: event, by, login, at, because, before, after."""
    return {
        "event": row["event"],
        "by": row["by"],
        "login": row["login"],
        "at": row["at"],
        "because": row["because"],
        "changes": [
            {"detail": name, "was": row["before"].get(name), "now": now} for name, now in row["after"].items()
        ],
    }


def stand_in(connection: sqlite3.Connection) -> None:
    """Let an older file be read as it is: in place of what it does not keep yet, empty tables of no file."""
    # What is wrong with a damaged file is said by whoever reads it.
    with suppress(sqlite3.DatabaseError):
        if connection.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
            return
        for kept, key, names in CORRECTED.values():
            if not columns_of(connection, kept):
                columns = ", ".join((key, *names, "added_event"))
                connection.execute(f"create temp table {kept} (id integer primary key, {columns})")


# --- reviews ---------------------------------------------------------------------------------------------


def correct_review(
    db: Database,
    review: Review,
    changes: Mapping[str, str | date | None],
    **who: Unpack[Correcting],
) -> Correction:
    """Correct the authority's name, the evidence window or the note of a review.

    `changes`: new values by detail (authority, window_from, window_to, note); a date may be None for an open
    window. Later statements and checks follow; those made before keep the window they were made with. Raises
    WordsMissing, EvidenceInvalid where nothing changes or the window ends before it begins.
    """
    who["by"], who["because"] = check_correction(who["by"], who["because"])
    with transaction(db):
        review = find_review(db, review.key)
        now = {name: getattr(review, name) for name in CORRECTED["review"][2]}
        given = {name: _as_stored(name, value) for name, value in changes.items()}
        if given.get("authority") == "":
            raise EvidenceInvalid("the authority's name is empty")
        new = {name: value for name, value in given.items() if value != now[name]}
        refuse_unchanged(f"the review {review.key}", new)
        both = {**now, **new}
        refuse_window(
            *(both[name] and date.fromisoformat(both[name]) for name in ("window_from", "window_to"))
        )
        details = Details("review", review.id, now, new, {})
        return correct_details(db, review, f"review {review.key}", details, **who)


def _as_stored(name: str, value: str | date | None) -> str | None:
    if name not in CORRECTED["review"][2]:
        raise ValueError(f"{name} is not a detail of a review")
    if isinstance(value, date):
        return value.isoformat()
    if name in DATES:
        return value or None
    return one_spelling((value or "").strip())


WAS = "select * from review_was where review_id = ? and added_event > ? order by id limit 1"


def review_at(db: Database, review: Review, event: int) -> Review:
    """A review with the details that it had at an event."""
    found = rows(db, WAS, [review.id, event])
    return replace(review, **{name: found[0][name] for name in CORRECTED["review"][2]}) if found else review


# --- what a check of the record asks of corrections --------------------------------------------------------


def is_correction(action: object) -> bool:
    """Whether an event's action is a correction."""
    return action == ProgrammeAction.CORRECT.value


def check_corrected(db: Database, revised: Mapping[str, Any], what: str) -> Iterator[RecordProblem]:
    """What is wrong with a revised row whose event says it was corrected: no details kept of before, columns
    that are not details, or values that the event does not give."""
    event, table = revised["added_event"], str(revised["table_name"])
    columns = set(str(revised["columns"]).split(","))
    kept, key, names = CORRECTED.get(table, ("", "", ()))
    if not columns <= set(names):
        further = listed(sorted(columns - set(names)))
        says = f"{what} was changed in {further} by event {event}, which corrects details alone."
        yield RecordProblem(kind="changed", what=what, says=says, event=event)
        return
    was = one(db, f"select 1 from {kept} where {key} = ? and added_event = ?", [revised["row_id"], event])
    after = json.loads(str(one(db, "select after from event where id = ?", [event])))
    now = rows(db, f"select * from {table} where id = ?", [revised["row_id"]])
    wrong = [name for name in columns - {"digest"} if not now or now[0][name] != (after or {}).get(name)]
    if not was or wrong:
        about = listed(sorted(wrong)) or "what it was before"
        says = f"{what} was corrected by event {event}, but {about} is not as that event says."
        yield RecordProblem(kind="changed", what=what, says=says, event=event)


LOOSE = """
select w.id, w.{key} as row_id, w.added_event from {kept} w where not exists (
  select 1 from revised_row r join event e on e.id = r.added_event
  where r.table_name = '{table}' and r.row_id = w.{key} and r.added_event = w.added_event
    and e.action = '{action}') order by w.id
"""


def check_corrections(db: Database) -> Iterator[RecordProblem]:
    """Details that are said to have been corrected by an event that corrected none."""
    for table, (kept, key, _) in CORRECTED.items():
        if not columns_of(db.conn, kept) or not columns_of(db.conn, "revised_row"):
            continue
        action = ProgrammeAction.CORRECT.value
        for row in rows(db, LOOSE.format(table=table, kept=kept, key=key, action=action)):
            what, event = f"row {row['id']} of {kept}", row["added_event"]
            says = f"{what} says that {table} {row['row_id']} was corrected by event {event}, which did not."
            yield RecordProblem(
                kind="inserted", what=what, says=says, event=event if isinstance(event, int) else None
            )
