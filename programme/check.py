"""The record checked: every event against its seal, every stored row against the event that stored it.

What is found: an event that was changed, is missing, was inserted or stands out of order; a row of a sealed
table that was changed, is missing or was inserted; a mark (a withdrawal, say) that was set or taken away.
What cannot be found from the file alone: that its last events were cut off, or that somebody who knows how
made all seals anew. Both show against a head that was lodged elsewhere before. The cost grows linearly with
events and rows.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from programme.database import Database, one, rows
from programme.progress import Progress, no_progress
from programme.seals import (
    PLAIN,
    SAID,
    START,
    SealedTable,
    digest_rows,
    event_digest,
    marked_ids,
    marks_digest,
    said_digest,
    sealed_tables,
)
from rules.errors import EvidenceInvalid
from rules.remedy import ShowHead
from rules.words import many

SHOWN = 200
"""How many problems are named; the rest are counted."""


@dataclass(frozen=True)
class Head:
    """The end of the record: what to lodge elsewhere."""

    number: int
    """Number of the last event."""
    at: str
    digest: str
    """SHA-256 (hex) that seals this event and, through it, all before."""

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True, kw_only=True)
class RecordProblem:
    """One thing that is not as it was sealed."""

    kind: str
    """changed, missing, inserted, out of order, or not sealed."""
    what: str
    """What it is about, e.g. 'event 12', 'item E300', 'row 7 of tag'."""
    says: str
    """The whole of it in a sentence."""
    event: int | None = None
    """The event concerned."""


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


def head_of_record(db: Database) -> Head | None:
    """The head of the record; None while nothing has happened, and in a file older than seals."""
    found = rows(db, HEAD) if has_seals(db) else []
    return Head(**found[0]) if found else None


def has_seals(db: Database) -> bool:
    """Whether the events of this file are sealed; those of files made before seals are not."""
    return bool(one(db, "select 1 from sqlite_master where type = 'table' and name = 'seal'"))


HEAD = """
select s.event_id as number, e.at, s.digest from seal s join event e on e.id = s.event_id
order by s.event_id desc limit 1
"""


def check_record(db: Database, *, lodged: str = "", progress: Progress = no_progress) -> RecordCheck:
    """Check every event and every sealed row; `lodged` is a head ('number:digest', or the digest alone).

    Raises EvidenceInvalid if `lodged` is not written as a head.
    """
    number, digest = _as_head(lodged) if lodged else (None, "")
    text_factory = db.conn.text_factory
    # One state, whatever others write meanwhile: that of the caller's transaction, or of one of its own.
    mine = not db.conn.in_transaction
    if mine:
        db.conn.execute("begin")
    # Text that is no UTF-8 can only have come in by hand; it must be found, not stop the search.
    db.conn.text_factory = lambda value: value.decode("utf-8", "surrogateescape")
    try:
        if not has_seals(db):
            return _never_sealed(db)
        check = _Check(db, progress)
        check.events()
        for table in sealed_tables(db.conn):
            check.rows_of(table)
        check.other_tables()
        if digest:
            check.lodged(number, digest)
        first, last = db.conn.execute("select min(at), max(at) from event").fetchone()
        return RecordCheck(
            *(int(one(db, "select count(*) from event")), first, last, head_of_record(db)),
            *(check.rows, tuple(check.problems), check.more),
        )
    finally:
        db.conn.text_factory = text_factory
        if mine:
            db.conn.execute("rollback")


def _never_sealed(db: Database) -> RecordCheck:
    events, first, last = db.conn.execute("select count(*), min(at), max(at) from event").fetchone()
    says = (f"its {many(events, 'event')} and all rows, because the file was made before events were sealed",)
    return RecordCheck(events, first, last, None, 0, (), not_sealed=says if events else ())


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


# Every event with its seal, and seals whose event is gone.
LINKS = f"""
select e.id, {", ".join(f"e.{name}" for name in (*PLAIN, *SAID))}, e.id is not null as is_there,
  s.event_id is not null as is_sealed, s.salt, s.said as sealed_said, s.previous, s.digest
from event e left join seal s on s.event_id = e.id
union all
select s.event_id, {", ".join("null" for _ in (*PLAIN, *SAID))}, 0, 1, s.salt, s.said, s.previous, s.digest
from seal s where not exists (select 1 from event e where e.id = s.event_id)
order by 1
"""
SEALED = """
select event_id, table_name as "table", column_name as "column", first_id as first, last_id as last, rows,
  columns, digest from sealed_rows
"""
ADDED = """
select r.event_id, r.first_id, r.last_id, r.rows, r.columns, r.digest, r.naming, s.salt
from sealed_rows r left join seal s on s.event_id = r.event_id
where r.table_name = ? and r.column_name = ? order by r.first_id
"""
# The rows of a table that no event sealed: the seal that begins last before a row ends before it, too.
UNSEALED = """
select t.rowid as number from {table} t where coalesce((
  select r.last_id from sealed_rows r where r.table_name = '{table}' and r.column_name = ''
    and r.first_id <= t.rowid order by r.first_id desc limit 1), -1) < t.rowid
order by t.rowid
"""
UNSEALED_MARKS = """
select t.rowid as number, t.{mark} as event from {table} t where t.{mark} is not null and t.{mark} not in (
  select r.event_id from sealed_rows r where r.table_name = '{table}' and r.column_name = '{mark}')
order by t.rowid
"""


class _Check:
    """One check under way."""

    def __init__(self, db: Database, progress: Progress) -> None:
        self.db, self.progress = db, progress
        self.problems: list[RecordProblem] = []
        self.more = 0
        self.rows = 0
        self.done = 0
        names = ("event", *(table.name for table in sealed_tables(db.conn)))
        self.total = sum(int(one(db, f"select count(*) from {name}")) for name in names)

    def problem(self, kind: str, what: str, says: str, event: int | None = None) -> None:
        if len(self.problems) < SHOWN:
            self.problems.append(RecordProblem(kind=kind, what=what, says=says, event=event))
        else:
            self.more += 1

    def _advance(self, by: int = 1) -> None:
        self.done += by
        if self.done % 1_000 < by:
            self.progress(self.done, self.total, "checking")

    # --- events: each against its seal, and chained to the one before -----------------------------------

    def events(self) -> None:
        """Check every event, and the chain."""
        wrong: list[dict[str, Any]] = []
        unsealed: list[int] = []
        last, previous, named = 0, START, False
        sealed = _Sealed(self.db)
        cursor = self.db.conn.execute(LINKS)
        names = [column[0] for column in cursor.description]
        for values in cursor:
            link = dict(zip(names, values, strict=True))
            number = link["id"]
            found = sealed.of(number)
            self._gap(last, number, link["previous"] == previous)
            follows = number == last + 1
            last = number
            if not link["is_there"]:
                self.problem(
                    "missing", f"event {number}", f"event {number} is missing; its seal is there.", number
                )
                previous, named = link["digest"], True
                continue
            self._advance()
            if not link["is_sealed"]:
                unsealed.append(number)
                continue
            linked = link["previous"] == previous
            if unsealed:
                self._not_sealed(unsealed, linked)
                linked, unsealed = True, []
            is_right = _is_right(link, found)
            if not is_right:
                wrong.append({**link, "rows": found})
            elif follows and not linked and not named:
                self.problem(
                    "changed",
                    f"event {number - 1}",
                    f"event {number - 1} is not the one that event {number} was chained to: it was replaced,"
                    " or changed and sealed again.",
                    number - 1,
                )
            previous, named = link["digest"], not is_right
        self._not_sealed(unsealed, True)
        for number in sealed.left_over():
            self.problem(
                "inserted",
                f"rows sealed with event {number}",
                f"there are seals of rows for an event {number} that does not exist.",
                number,
            )
        self._name_wrong(wrong)

    def _gap(self, last: int, number: int, linked: bool) -> None:
        if number <= last + 1:
            if number < 1:
                self.problem("inserted", f"event {number}", f"event {number} was inserted by hand.", number)
            return
        gone = f"event {last + 1}" if number == last + 2 else f"events {last + 1} to {number - 1}"
        if linked:
            says = f"event {number} was given its number by hand: it follows event {last}."
            self.problem("out of order", f"event {number}", says, number)
        else:
            verb = "is" if number == last + 2 else "are"
            self.problem("missing", gone, f"{gone} {verb} missing, together with the seal.", last + 1)

    def _not_sealed(self, numbers: list[int], linked: bool) -> None:
        for number in numbers:
            says = (
                f"event {number} was inserted by hand: it has no seal, and the chain leaves it out."
                if linked
                else f"the seal of event {number} is missing."
            )
            self.problem("inserted" if linked else "not sealed", f"event {number}", says, number)

    def _name_wrong(self, wrong: list[dict[str, Any]]) -> None:
        """Name events that do not agree with their seal: out of order if they agree with another place."""
        places: dict[int, int] = {}
        for link in wrong[:SHOWN]:
            number = link["id"]
            place = self._true_place(link, wrong[:SHOWN], places.get(number - 1))
            if place is not None:
                places[number] = place
                says = f"event {number} is out of order: it was sealed as event {place}."
                self.problem("out of order", f"event {number}", says, number)
                continue
            if not _says_the_same(link):
                part = "target, reason, details, before or after"
            else:
                part = "person, time, action, review, or the list of its rows"
            says = f"event {number} was changed after it was sealed ({part})."
            self.problem("changed", f"event {number}", says, number)
        self.more += max(len(wrong) - SHOWN, 0)

    def _true_place(
        self, link: Mapping[str, Any], wrong: list[dict[str, Any]], place_before: int | None
    ) -> int | None:
        """The number that an event was sealed with, if it was another one."""
        # Moved together with its seal: the seal still says what it follows.
        before = one(self.db, "select event_id from seal where digest = ?", [link["previous"]])
        follows = before or (0 if link["previous"] == START else None)
        for last in (follows, place_before):
            if last is None or last + 1 == link["id"]:
                continue
            moved = {**link, "id": last + 1}
            others = [row for other in wrong if other["id"] == last + 1 for row in other["rows"]]
            if _is_right(moved, link["rows"]) or _is_right(moved, others):
                return int(last) + 1
        # Moved alone: it agrees with the seal that stayed in its own place.
        for other in wrong:
            if other["id"] != link["id"]:
                said = {name: link[name] for name in (*PLAIN, *SAID)}
                if _is_right({**other, **said}, other["rows"]):
                    return int(other["id"])
        return None

    # --- rows: each against the seal of the event that stored it ----------------------------------------

    def rows_of(self, table: SealedTable) -> None:
        """Check the rows of a table, and its marks."""
        found = 0
        for seal in rows(self.db, ADDED, [table.name, ""]):
            found += self._added(table.name, seal)
        if found != one(self.db, f"select count(*) from {table.name}"):
            for row in rows(self.db, UNSEALED.format(table=table.name)):
                what = name_of_row(table.name, row["number"])
                self.problem("inserted", what, f"{what} was inserted by hand: no event stored it.")
        for mark in table.marks:
            self._marks(table.name, mark)

    def _added(self, table: str, seal: Mapping[str, Any]) -> int:
        first, last, event = seal["first_id"], seal["last_id"], seal["event_id"]
        span = f"rows {first} to {last} of {table}" if last > first else name_of_row(table, first)
        try:
            now = digest_rows(
                *(self.db.conn, table, seal["columns"].split(","), first, last, seal["salt"] or ""),
                self._advance,
            )
        except sqlite3.OperationalError as error:
            self.problem("changed", span, f"{span}, stored by event {event}, cannot be read: {error}.", event)
            return 0
        self.rows += len(now.ids)
        if now.digest == seal["digest"]:
            return len(now.ids)
        if seal["salt"] is None:
            says = f"{span}, stored by event {event}, cannot be checked: the seal of this event is missing."
            self.problem("not sealed", span, says, event)
            return len(now.ids)
        gone, changed = _differing(seal, now.ids, now.short)
        for number in gone[: SHOWN + 1]:
            what = name_of_row(table, number)
            self.problem("missing", what, f"{what}, stored by event {event}, is missing.", event)
        for number in changed[: SHOWN + 1]:
            what = name_of_row(table, number)
            self.problem("changed", what, f"{what} was changed after event {event} stored it.", event)
        self.more += max(len(gone) - SHOWN - 1, 0) + max(len(changed) - SHOWN - 1, 0)
        if not gone and not changed:
            says = f"{span}, stored by event {event}, were changed; it is not possible to say which of them."
            self.problem("changed", span, says, event)
        return len(now.ids)

    def _marks(self, table: str, mark: str) -> None:
        in_all = 0
        for seal in rows(self.db, ADDED, [table, mark]):
            event = seal["event_id"]
            now = marked_ids(self.db.conn, table, mark, event)
            in_all += len(now)
            if marks_digest(now, seal["salt"] or "") == seal["digest"]:
                continue
            if seal["salt"] is None:
                what = f"marks of event {event} in {table}"
                says = f"the {what} ({mark}) cannot be checked: the seal of this event is missing."
                self.problem("not sealed", what, says, event)
                continue
            was = set(array("q", seal["naming"]) if len(seal["naming"]) % 8 == 0 else ())
            for number in sorted(was - set(now)):
                what = name_of_row(table, number)
                says = f"{what} no longer carries the mark of event {event} ({mark})."
                self.problem("changed", what, says, event)
            for number in sorted(set(now) - was):
                what = name_of_row(table, number)
                says = f"{what} carries a mark of event {event} ({mark}) that this event did not make."
                self.problem("changed", what, says, event)
            if was == set(now):
                what = f"marks of event {event} in {table}"
                self.problem("changed", what, f"the {what} ({mark}) were changed.", event)
        if in_all != one(self.db, f"select count({mark}) from {table}"):
            for row in rows(self.db, UNSEALED_MARKS.format(table=table, mark=mark)):
                what, event = name_of_row(table, row["number"]), row["event"]
                says = f"{what} carries a mark of event {event} ({mark}) that this event did not make."
                self.problem("changed", what, says, event if isinstance(event, int) else None)

    def other_tables(self) -> None:
        """Check that no table is gone whose rows were sealed."""
        there = {table.name for table in sealed_tables(self.db.conn)}
        for row in rows(self.db, "select table_name, sum(rows) as n from sealed_rows group by table_name"):
            if row["table_name"] not in there:
                what = f"table {row['table_name']}"
                self.problem("missing", what, f"the {what} is missing, with its {many(row['n'], 'row')}.")

    # --- the head kept elsewhere -----------------------------------------------------------------------

    def lodged(self, number: int | None, digest: str) -> None:
        """Check that a head lodged elsewhere is in the chain."""
        found = one(self.db, "select event_id from seal where digest = ?", [digest])
        if found is not None and (number is None or found == number):
            return
        last = int(one(self.db, "select coalesce(max(event_id), 0) from seal"))
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
        self.problem("missing", "lodged head", says, number)


class _Sealed:
    """The seals of rows, event by event, read along with the events."""

    def __init__(self, db: Database) -> None:
        cursor = db.conn.execute(SEALED + "order by event_id, table_name, column_name")
        self.names = [column[0] for column in cursor.description]
        self.cursor = iter(cursor)
        self.next: dict[str, Any] | None = None
        self.orphans: list[int] = []
        self._step()

    def _step(self) -> None:
        values = next(self.cursor, None)
        self.next = None if values is None else dict(zip(self.names, values, strict=True))

    def of(self, event: int) -> list[dict[str, Any]]:
        """The seals of an event; events are asked for in order."""
        found = []
        while self.next is not None and self.next["event_id"] <= event:
            if self.next["event_id"] == event:
                found.append(self.next)
            else:
                self.orphans.append(self.next["event_id"])
            self._step()
        return found

    def left_over(self) -> Iterator[int]:
        """Events that there are seals of rows for, but that were never asked for."""
        while self.next is not None:
            self.orphans.append(self.next["event_id"])
            self._step()
        yield from sorted(set(self.orphans))


def _is_right(link: Mapping[str, Any], sealed: list[dict[str, Any]]) -> bool:
    """Whether an event agrees with its seal."""
    try:
        found = event_digest(link, link["sealed_said"], sealed, link["previous"])
    except ValueError:
        # What cannot be written in the canonical form was never sealed.
        return False
    return bool(found == link["digest"]) and _says_the_same(link)


def _says_the_same(link: Mapping[str, Any]) -> bool:
    """Whether what people wrote in an event agrees with its seal."""
    try:
        return bool(said_digest(link, link["salt"]) == link["sealed_said"])
    except ValueError:
        return False


def _differing(seal: Mapping[str, Any], ids: array[int], short: array[int]) -> tuple[list[int], list[int]]:
    """The numbers of rows that are missing, and that were changed, as far as the seal can name them."""
    was = np.frombuffer(seal["naming"], dtype=np.uint32) if len(seal["naming"]) == 4 * seal["rows"] else None
    first, last = seal["first_id"], seal["last_id"]
    if was is None or seal["rows"] != last - first + 1:
        return [], []
    there = np.array(ids, dtype=np.int64)
    gone = np.setdiff1d(np.arange(first, last + 1), there)
    changed = there[was[there - first] != np.array(short, dtype=np.uint32)]
    return gone.tolist(), changed.tolist()


def name_of_row(table: str, number: int) -> str:
    """What people call a row: 'item E12', 'run 3', 'row 7 of tag'."""
    if table == "evidence":
        return f"item E{number}"
    return (
        f"{table} {number}"
        if table in ("run", "review", "source", "decision")
        else f"row {number} of {table}"
    )
