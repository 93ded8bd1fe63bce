"""Who gets a report, from which stage on, and who reads it before it is public.

The list comes from a file of the layout `recipients`, or begins with the usual ones of the practice. Whoever
reads early does so by role, for a purpose, and for at most the hours that the practice allows; longer needs a
reason. Nobody is taken off the list without one, and copies made for them stay recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypedDict

from pydantic import BeforeValidator, Field, ValidationError

from evidence.files.grid import Wanted
from evidence.files.rawtable import BLANK_HEADER, RawTable
from evidence.files.tables import open_tables
from evidence.intake.into import GivenRow
from evidence.intake.said import problems_of
from evidence.rows import Line, Name, NeededLine, PlainNumber, Row, Text
from programme.database import Act, Database, add_event, insert, one, rows_as, transaction
from programme.names import check_person, check_words
from programme.permissions import Action
from programme.progress import Progress, no_progress
from programme.reviews import Review
from programme.users import check_may
from report.actions import ReportAction
from report.practice import Practice, followed_practice
from report.release_tables import STAGES
from rules.errors import (
    DecisionRefused,
    ImportRefused,
    Near,
    Problem,
    UnknownName,
    refuse,
    suggest,
)
from rules.limits import MOST_PROBLEMS
from rules.words import many, shown_number

DRAFT, EMBARGO, PUBLICATION = STAGES
MOST_HOURS = 10_000


def _stage(value: Any) -> str:
    stage = str(value or "").strip().lower()
    if stage not in STAGES:
        raise refuse("one of " + ", ".join(STAGES), Near(stage, STAGES))
    return stage


class RecipientRow(Row):
    """Somebody who gets a report, as a file says it."""

    layout: ClassVar[str] = "recipients"
    role: NeededLine = Field(description="The role, e.g. Director of Social Services.")
    organisation: NeededLine = Field(description="The organisation.")
    stage: Annotated[str, BeforeValidator(_stage)] = Field(
        description="From when on: draft (for comments), embargo (before publication) or publication."
    )
    purpose: NeededLine = Field(description="What they need it for.")
    name: Name = Field(default="", description="The name, if one is needed; else the role stands for it.")
    channel: Line = Field(default="link", description="How it reaches them: link, post, in person, ...")
    hours: PlainNumber = Field(
        default=None, description="Hours before it is public, for the stage embargo; empty: as the practice."
    )
    because: Text = Field(default="", description="The reason for more hours than the practice allows.")


class Recipient(TypedDict):
    """Somebody who gets a report."""

    id: int
    name: str
    role: str
    organisation: str
    purpose: str
    channel: str
    stage: str
    hours: float | None
    """Hours before it is public at which they may have it; None where they are no early reader."""
    because: str
    copies: int
    """How many copies were made for them."""
    withdrawn: int
    """1: taken off the list."""


LISTED = """
select r.id, r.name, r.role, r.organisation, r.purpose, r.channel, r.from_stage as stage,
  r.hours_before as hours, r.because, (select count(*) from copy where recipient_id = r.id) as copies,
  r.withdrawn_event is not null as withdrawn
from recipient r where r.review_id = :review and (:all or r.withdrawn_event is null) order by r.id
"""


def recipients(db: Database, review: Review, *, withdrawn: bool = False) -> list[Recipient]:
    """Who gets the report of a review, in the order in which they were listed; `withdrawn`: also those taken
    off the list."""
    return rows_as(Recipient, db, LISTED, {"review": review.id, "all": withdrawn})


def usual_rows(practice: Practice) -> list[dict[str, str]]:
    """The usual recipients of a practice as rows of the layout, to be completed."""
    return [
        {
            "role": usual.role,
            "organisation": usual.organisation,
            "stage": usual.stage,
            "purpose": usual.purpose,
            "name": "",
            "channel": "link",
            "hours": "" if usual.hours is None else shown_number(usual.hours),
            "because": "",
        }
        for usual in practice.recipients
    ]


# --- reading a file ----------------------------------------------------------------------------------------

NEEDED = frozenset(name for name, field in RecipientRow.model_fields.items() if field.is_required())
KNOWN = frozenset(RecipientRow.model_fields)


def read_recipients(
    path: Path, *, name: str = "", encoding: str = "utf-8", progress: Progress = no_progress
) -> list[tuple[str, RecipientRow]]:
    """The rows of a file of the layout `recipients`, each with its place.

    Raises ImportRefused with every problem of the file.
    """
    name = name or path.name
    problems: list[Problem] = []
    found: list[tuple[str, RecipientRow]] = []
    with open_tables(path, encoding, progress, name, wanted=[Wanted(NEEDED, KNOWN)]) as tables:
        fitting = [table for table in tables if set(table.headers) >= NEEDED] or list(tables)[:1]
        for table in fitting:
            problems += _wrong_headers(table)
            if not problems:
                found += _rows(table, problems)
            problems += table.problems
    if not problems and not found:
        problems.append(Problem(name, "there are no rows below the headers.", "Give a file with rows."))
    if problems:
        raise ImportRefused(
            f"Nobody was listed: {many(len(problems), 'problem')} found.",
            problems[:MOST_PROBLEMS],
            more=max(0, len(problems) - MOST_PROBLEMS),
        )
    return found


def _wrong_headers(table: RawTable) -> Iterator[Problem]:
    headers = set(table.headers) - {BLANK_HEADER}
    for missing in sorted(NEEDED - headers):
        near = suggest(missing, headers - KNOWN)
        hint = near.replace("Did you mean", "Is it") if near.startswith("Did") else ""
        yield Problem(f"{table.place}, headers", f"the column {missing!r} is missing.", hint)
    for other in sorted(headers - KNOWN):
        yield Problem(f"{table.place}, headers", f"the column {other!r} is not known.", suggest(other, KNOWN))


def _rows(table: RawTable, problems: list[Problem]) -> Iterator[tuple[str, RecipientRow]]:
    for place, values in table.rows:
        given = {
            header: value
            for header, value in zip(table.headers, values, strict=True)
            if value not in (None, "") and header != BLANK_HEADER
        }
        if not given:
            continue
        try:
            yield place, RecipientRow.model_validate(given)
        except ValidationError as error:
            for wrong in problems_of(GivenRow(place, given), error):
                problems.append(Problem(wrong.where, wrong.message, str(wrong.hint)))


# --- listing ----------------------------------------------------------------------------------------------


class Listed(TypedDict):
    """What came of a list."""

    added: int
    there: int
    """How many were listed already."""


def list_recipients(
    db: Database, review: Review, given: Sequence[tuple[str, RecipientRow]], *, by: str, at: datetime
) -> Listed:
    """Put people on the list of those who get the report, all or none; who is on it already stays once.

    Raises ImportRefused with every row that cannot be listed: more hours than the practice allows without a
    reason, hours for another stage, other details of somebody who is listed.
    """
    by = check_person(by, "a list of recipients")
    with transaction(db):
        check_may(db, by, Action.PLAN_REPORT, review.key, "list who gets the report")
        allowed = followed_practice(db, review).practice.early_readers.hours
        known = {_key(one): one for one in recipients(db, review)}
        problems: list[Problem] = []
        new: dict[tuple[str, ...], dict[str, Any]] = {}
        there = 0
        for place, row in given:
            details = _details(row, allowed)
            problem = _problem(row, allowed, details["hours"])
            key = _key(details)
            before = known.get(key) or new.get(key)
            if problem:
                problems.append(Problem(place, *problem))
            elif before is None:
                new[key] = details
            elif changed := [name for name, value in details.items() if before[name] != value]:  # type: ignore[literal-required]
                problems.append(
                    Problem(
                        place,
                        f"{row.role}, {row.organisation} is listed with another {changed[0]}.",
                        "Take them off the list first, or give the same details.",
                    )
                )
            else:
                there += 1
        if problems:
            raise ImportRefused(f"Nobody was listed: {many(len(problems), 'problem')} found.", problems)
        for details in new.values():
            _store(db, review, details, by, at)
    return {"added": len(new), "there": there}


def _details(row: RecipientRow, allowed: float) -> dict[str, Any]:
    hours = row.hours
    if row.stage == EMBARGO and hours is None:
        hours = allowed
    return {
        "name": row.name or row.role,
        "role": row.role,
        "organisation": row.organisation,
        "purpose": row.purpose,
        "channel": row.channel or "link",
        "stage": row.stage,
        "hours": hours,
        "because": row.because,
    }


def _key(details: Any) -> tuple[str, ...]:
    return tuple(str(details[name]).casefold() for name in ("name", "role", "organisation", "stage"))


def _problem(row: RecipientRow, allowed: float, hours: float | None) -> tuple[str, str] | None:
    """What keeps a row off the list, and what to do."""
    if hours is None:
        return None
    if row.stage != EMBARGO:
        return (
            f"hours are for the stage {EMBARGO}, not for {row.stage}.",
            f"Leave them empty, or write {EMBARGO}.",
        )
    if not 0 < hours <= MOST_HOURS:
        return f"{shown_number(hours)} hours are not a time before publication.", "Write 24, for instance."
    if hours > allowed and not any(map(str.isalnum, row.because)):
        return (
            f"{shown_number(hours)} hours are more than the practice allows ({shown_number(allowed)}).",
            "Give the reason in the column 'because', or fewer hours.",
        )
    return None


def _store(db: Database, review: Review, details: dict[str, Any], by: str, at: datetime) -> None:
    who = f"{details['role']}, {details['organisation']}"
    act = Act(ReportAction.ADD_RECIPIENT, by, at, review.id, target=who, because=details["because"])
    said = {"stage": details["stage"], "hours": details["hours"], "purpose": details["purpose"]}
    event = add_event(db, act, after=said)
    row = {name: value for name, value in details.items() if name not in ("stage", "hours")}
    row |= {"from_stage": details["stage"], "hours_before": details["hours"]}
    insert(db, "recipient", {"review_id": review.id, **row, "by": by, "added_event": event})


def find_recipient(db: Database, review: Review, recipient: int) -> Recipient:
    """Somebody on the list by their number, also if they were taken off it; raises UnknownName."""
    there = recipients(db, review, withdrawn=True)
    found = next((one for one in there if one["id"] == recipient), None)
    if found is None:
        raise UnknownName("recipient", str(recipient), [str(one["id"]) for one in there])
    return found


def withdraw_recipient(
    db: Database, review: Review, recipient: int, *, because: str, by: str, at: datetime
) -> Recipient:
    """Take somebody off the list, for a reason; their copies stay recorded, and no more are made."""
    by, because = check_person(by, "this"), check_words(because, "taking somebody off the list")
    with transaction(db):
        check_may(db, by, Action.PLAN_REPORT, review.key, "take somebody off the list of the report")
        found = find_recipient(db, review, recipient)
        if found["withdrawn"]:
            raise DecisionRefused(f"recipient {recipient} was taken off the list before")
        who = f"{found['role']}, {found['organisation']}"
        act = Act(ReportAction.WITHDRAW_RECIPIENT, by, at, review.id, target=who, because=because)
        event = add_event(db, act, before={"stage": found["stage"]})
        db.conn.execute("update recipient set withdrawn_event = ? where id = ?", [event, recipient])
        return find_recipient(db, review, recipient)


class EarlyReader(TypedDict):
    """Somebody who has an edition before it is public, as the published list says it: by role."""

    role: str
    organisation: str
    purpose: str
    hours: float | None
    """Hours before it is public, as allowed; None for a reader of the draft."""
    because: str
    """The reason for more hours than usual, if there are more."""
    sent_at: str | None
    """When their copy was sent, if it was recorded."""


EARLY = """
select r.role, r.organisation, r.purpose, r.hours_before as hours, r.because,
  (select min(at) from copy_use where copy_id = c.id and what = 'sent') as sent_at
from copy c join recipient r on r.id = c.recipient_id
where c.edition_id = ? and r.from_stage = 'embargo' order by r.organisation, r.role, c.number
"""


def early_readers(db: Database, edition: int) -> list[EarlyReader]:
    """Who has an embargoed copy of an edition: the list that is published with it."""
    return rows_as(EarlyReader, db, EARLY, [edition])


def hours_of(db: Database, recipient: int) -> float | None:
    """Hours before it is public at which somebody may have the report; None for no early reader."""
    found: float | None = one(db, "select hours_before from recipient where id = ?", [recipient])
    return found
