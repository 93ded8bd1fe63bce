"""The record checked: every event against its seal, every stored row against the event that stored it.

What is found: an event that was changed, is missing, was inserted or stands out of order; a row of a sealed
table that was changed, is missing or was inserted; a mark (a withdrawal, say) that was set or taken away; a
table, trigger, index or view that is not what the upgrades make (`shape`). Each is named, and the rest is
still checked: events in `chain`, rows in `stored`, what is found in `problems`.
What cannot be found from the file alone: that its last events were cut off, or that somebody who knows how
made all seals anew. Both show against a head that was lodged elsewhere before. The cost grows linearly with
events and rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from programme.actions import ProgrammeAction
from programme.chain import Chain, check_numbers_of_seals
from programme.database import Database, Migrations, login_of, one, rows
from programme.problems import EVENTS, SCHEMA, Problems, RecordProblem, shown
from programme.progress import Progress, no_progress
from programme.revisions import Revised
from programme.seals import WHOLE, columns_of, sealed_tables
from programme.shape import Shape, shape_of
from programme.stored import Stored, name_of_row
from rules.errors import EvidenceInvalid
from rules.remedy import ShowHead
from rules.words import listed, many


@dataclass(frozen=True)
class Head:
    """The end of the record: what to lodge elsewhere."""

    number: int
    """Number of the last event."""
    at: str
    digest: str
    """SHA-256 (hex) that seals this event and, through it, all before."""
    by: str
    login: str
    """Under which login of the system, if it was done on the command line."""

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True)
class RecordCheck:
    """What came of checking the record."""

    events: int
    """How many events there are."""
    first_at: str | None
    last_at: str | None
    head: Head | None
    """None while there is no event."""
    rows: int
    """How many stored rows were checked."""
    problems: tuple[RecordProblem, ...]
    """The first 200, in the order of events and tables."""
    more: int = 0
    """How many more there are."""
    not_sealed: tuple[str, ...] = ()
    """What the version that made the file did not seal, so that nothing can be said of it: sentences."""
    revised: tuple[str, ...] = ()
    """Which rows were changed after they were sealed, by which event: sentences."""


def head_of_record(db: Database) -> Head | None:
    """The head of the record; None while nothing has happened, and in a file older than seals."""
    found = rows(db, HEAD) if has_seals(db) else []
    return Head(**found[0]) if found else None


def has_seals(db: Database) -> bool:
    """Whether the events of this file are sealed; those of files made before seals are not."""
    return bool(one(db, "select 1 from sqlite_master where type = 'table' and name = 'seal'"))


HEAD = f"""
select s.event_id as number, e.at, s.digest, e.by, {login_of("e")} as login
from seal s join event e on e.id = s.event_id order by s.event_id desc limit 1
"""


Further = Callable[[Database], Iterable[RecordProblem]]
"""A further check of a stage, over the same state of the file."""


def check_record(
    db: Database,
    *,
    upgrades: Sequence[Migrations] = (),
    lodged: str = "",
    also: Mapping[str, Further] = MappingProxyType({}),
    progress: Progress = no_progress,
) -> RecordCheck:
    """Check every event and every sealed row; `lodged` is a head ('number:digest', or the digest alone).

    With `upgrades`, the schema as well: that it is what those of them make that the file has recorded.
    `also`: further checks by name. No damage ends the check or hides other damage. Raises EvidenceInvalid if
    `lodged` is not written as a head.
    """
    head = _as_head(lodged) if lodged else None
    text_factory = db.conn.text_factory
    # One state, whatever others write meanwhile; what is made for the check is gone afterwards.
    db.conn.execute("savepoint check_record")
    # Text that is no UTF-8 can only have come in by hand; it must be found, not stop the search.
    db.conn.text_factory = lambda value: value.decode("utf-8", "surrogateescape")
    try:
        return _checked(db, shape_of(db, upgrades) if upgrades else None, head, also, progress)
    finally:
        db.conn.text_factory = text_factory
        # In a damaged file even this may fail; what it damages is named by then.
        with suppress(sqlite3.DatabaseError):
            db.conn.execute("rollback to check_record")
            db.conn.execute("release check_record")


def _checked(
    db: Database,
    shape: Shape | None,
    head: tuple[int | None, str] | None,
    also: Mapping[str, Further],
    progress: Progress,
) -> RecordCheck:
    if not ("seal" in shape.made.columns if shape else has_seals(db)):
        return _never_sealed(db, shape)
    tables = shape.made.sealed if shape else tuple(sealed_tables(db.conn))
    names = {name for (name,) in db.execute("select name from main.sqlite_master where type = 'table'")}
    there = [table for table in tables if table.name in names]
    problems = Problems(_count(db, names & {"event", *(table.name for table in there)}), progress)
    for name in OF_THE_CHECK if shape else ():
        _complete(db, name, shape.made.columns.get(name, []) if shape else [])
    revised = Revised()
    with problems.part("table revised_row"):
        revised = Revised.of(db)
    stored = Stored(db, problems, revised)
    if shape:
        with problems.part(SCHEMA):
            stored.missing_tables([table.name for table in there], shape.missing_tables)
            for kind, what, says in shape.differences:
                problems.add(kind, what, says)
    with problems.part(EVENTS):
        Chain(db, problems, revised).check()
    with problems.part("seals of rows"):
        check_numbers_of_seals(db, problems)
    for table in there:
        with problems.part(f"table {table.name}"):
            stored.check(table)
    for name in WHOLE:
        stored.check_whole(name)
    if not shape:
        stored.missing_tables([table.name for table in there], ())
    for name, further in also.items():
        with problems.part(name):
            for problem in further(db):
                problems.add(problem.kind, problem.what, problem.says, problem.event)
    if head:
        with problems.part("lodged head"):
            _check_lodged(db, problems, *head)
    end: Head | None = None
    events, first, last = 0, None, None
    with problems.part("head"):
        end = head_of_record(db)
        events, first, last = db.execute("select count(*), min(at), max(at) from event").fetchone()
    named, more = problems.named()
    return RecordCheck(
        events=events,
        first_at=None if first is None else shown(str(first)),
        last_at=None if last is None else shown(str(last)),
        head=end,
        rows=stored.rows,
        problems=named,
        more=more,
        not_sealed=(*(shape.older if shape else ()), *stored.not_sealed),
        revised=_revisions(db, revised),
    )


def _revisions(db: Database, revised: Revised) -> tuple[str, ...]:
    """What each event changed in rows sealed before it: a sentence for each table and its columns."""
    found: dict[tuple[int, str, frozenset[str]], set[int]] = {}
    for (table, row), seals in revised.latest.items():
        for left in seals:
            found.setdefault((left.event, table, left.columns), set()).add(row)
    sentences = []
    for (event, table, columns), numbers in sorted(found.items(), key=lambda one: (one[0][0], one[0][1])):
        named = [name_of_row(table, number) for number in sorted(numbers)[:NAMED]]
        named += [f"{len(numbers) - NAMED:,} more"] if len(numbers) > NAMED else []
        by_name = "; who did it can no longer be checked" if table == "event" and "by" in columns else ""
        because = _why_corrected(db, event)
        sentences.append(
            f"event {event} changed {', '.join(sorted(columns))} of {listed(named)}{by_name}{because}"
        )
    return tuple(sentences)


def _why_corrected(db: Database, event: int) -> str:
    """Why an event corrected details; empty for another event."""
    why = one(
        db, "select because from event where id = ? and action = ?", [event, ProgrammeAction.CORRECT.value]
    )
    return "" if why is None else f", corrected because: {shown(str(why))}"


NAMED = 12
"""How many rows one sentence on revisions names."""
OF_ERASURES = ("revised_row", "erasure", "erasure_outcome", "review_was", "source_was")
OF_THE_CHECK = ("event", "seal", "sealed_rows", *WHOLE, "policy_text", "run", *OF_ERASURES)
"""The tables that are asked by name."""


def _complete(db: Database, table: str, wanted: Sequence[str]) -> None:
    """Put a temporary table in front of one that is gone or lacks columns, with the rows and columns it has.

    What is missing is named by comparing schemas; with this, everything else can still be checked.
    """
    found = columns_of(db.conn, table)
    is_table = one(db, "select 1 from main.sqlite_master where type = 'table' and name = ?", [table])
    if not wanted or (is_table and set(wanted) <= set(found)):
        return
    number = "rowid" if wanted[0] not in ("id", "event_id") else wanted[0]
    others = [name for name in wanted if name != number]
    key = "" if number == "rowid" else f"{number} integer primary key, "
    db.execute(f"create temp table {table} ({key}{', '.join(others)})")
    kept = [name for name in others if name in found]
    if is_table and kept:
        listed = ", ".join(["rowid", *kept])
        db.execute(f"insert into temp.{table} ({listed}) select {listed} from main.{table}")


def _count(db: Database, tables: Iterable[str]) -> int:
    """How many rows there are to check; 0 where that cannot be counted, which is named later."""
    try:
        return sum(int(one(db, f"select count(*) from main.{name}")) for name in tables)
    except sqlite3.DatabaseError:
        return 0


def _never_sealed(db: Database, shape: Shape | None) -> RecordCheck:
    problems = Problems()
    if shape:
        for name in shape.missing_tables:
            problems.add("missing", f"table {name}", f"the table {name} is missing.")
        for kind, what, words in shape.differences:
            problems.add(kind, what, words)
    events, first, last, stored = 0, None, None, 0
    names = {name for (name,) in db.execute("select name from main.sqlite_master where type = 'table'")}
    if "event" in names:
        with problems.part(EVENTS):
            events, first, last = db.execute("select count(*), min(at), max(at) from event").fetchone()
    for table in shape.made.sealed if shape else sealed_tables(db.conn):
        if table.name in names:
            with problems.part(f"table {table.name}"):
                stored += int(one(db, f"select count(*) from {table.name}"))
    what = f"its {many(events, 'event')} and all rows" if events else f"its {many(stored, 'row')}"
    says = (f"{what}, because the file was made before events were sealed",)
    named, more = problems.named()
    return RecordCheck(events, first, last, None, 0, named, more, says if events or stored else ())


def _check_lodged(db: Database, problems: Problems, number: int | None, digest: str) -> None:
    """Check that a head lodged elsewhere is in the chain."""
    found = one(db, "select event_id from seal where digest = ?", [digest])
    if found is not None and (number is None or found == number):
        return
    last = int(one(db, "select coalesce(max(event_id), 0) from seal"))
    name = f"event {number}" if number else "an event"
    if found is not None:
        says = f"the head kept elsewhere names event {number}, but its digest is that of event {found}."
    elif number and number > last:
        says = (
            f"the head kept elsewhere is of event {number}, but the record ends at event {last}:"
            " its end was cut off."
        )
    else:
        says = (
            f"the head kept elsewhere, of {name}, is not in this record: {name} or what came before"
            " was cut off or replaced."
        )
    problems.add("missing", "lodged head", says, number)


def _as_head(text: str) -> tuple[int | None, str]:
    number, _, digest = text.strip().lower().rpartition(":")
    hexadecimal = len(digest) == 64 and set(digest) <= set("0123456789abcdef")
    if not hexadecimal or (number and not (number.isascii() and number.isdigit() and len(number) < 16)):
        raise EvidenceInvalid(
            f"{text!r} is not a head of the record",
            hint="A head is a number, a colon and 64 hex digits.",
            remedies=[ShowHead()],
        )
    return (int(number) if number else None), digest
