"""Stored rows checked: each against the seal of the event that stored it, or that marked it."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from programme.database import Database, one, rows
from programme.problems import SHOWN, Problems
from programme.revisions import Revised
from programme.seals import (
    HIGHEST,
    LATER,
    LOWEST,
    WHOLE,
    RowDigests,
    SealedTable,
    columns_not_sealed,
    columns_of,
    digest_rows,
    marked_ids,
    marks_digest,
)
from rules.words import many

ADDED = """
select r.id, r.event_id, r.column_name, r.first_id, r.last_id, r.rows, r.columns, r.digest, r.naming, s.salt
from sealed_rows r left join seal s on s.event_id = r.event_id
where r.table_name = ? and r.column_name = ? order by r.first_id
"""
LATER_COLUMNS = """
select r.id, r.event_id, r.column_name, r.first_id, r.last_id, r.rows, r.columns, r.digest, r.naming, s.salt
from sealed_rows r left join seal s on s.event_id = r.event_id
where r.table_name = ? and substr(r.column_name, 1, 1) = ? order by r.id
"""
LAST_WHOLE = """
select r.id, r.event_id, r.column_name, r.first_id, r.last_id, r.rows, r.columns, r.digest, r.naming, s.salt
from sealed_rows r left join seal s on s.event_id = r.event_id
where r.table_name = ? and r.column_name = '' order by r.event_id desc limit 1
"""
# The rows of a table that no event sealed: the seal that begins last before a row ends before it, too.
UNSEALED = """
select t.rowid as number from {table} t where not coalesce((
  select r.last_id >= t.rowid from sealed_rows r where r.table_name = '{table}' and r.column_name = ''
    and r.first_id <= t.rowid order by r.first_id desc limit 1), 0)
order by t.rowid
"""
SEALED_IN_ALL = "select table_name, sum(rows) from sealed_rows where column_name = '' group by table_name"
UNSEALED_MARKS = """
select t.rowid as number, t.{mark} as event from {table} t where t.{mark} is not null and t.{mark} not in (
  select r.event_id from sealed_rows r where r.table_name = '{table}' and r.column_name = '{mark}')
order by t.rowid
"""

Seal = Mapping[str, Any]


class Stored:
    """The check of stored rows, table by table."""

    def __init__(self, db: Database, problems: Problems, revised: Revised) -> None:
        self.db, self.problems, self.revised = db, problems, revised
        self.rows = 0
        """How many rows were checked."""
        self.not_sealed: list[str] = []
        """What no version sealed that had the file open: sentences."""

    def check(self, table: SealedTable) -> None:
        """Check the rows of a table, what upgrades added to them, and their marks."""
        found, clean, last = 0, True, LOWEST
        for seal in rows(self.db, ADDED, [table.name, ""]):
            as_stored = False
            with self.problems.part(f"rows of {table.name} stored by event {seal['event_id']}"):
                apart, last = seal["first_id"] > last, seal["last_id"]
                number, as_stored = self._added(table.name, seal)
                found, as_stored = found + number, as_stored and apart
            clean = clean and as_stored
        with self.problems.part(f"table {table.name}"):
            if not clean or found != one(self.db, f"select count(*) from {table.name}"):
                self._unsealed(table.name)
        for seal in rows(self.db, LATER_COLUMNS, [table.name, LATER]):
            with self.problems.part(f"{seal['columns']} of {table.name}"):
                self._added(table.name, seal, later=True)
        with self.problems.part(f"columns of {table.name}"):
            self.not_sealed += [
                f"the column {column} of {_span(table.name, first, last)}"
                for column, (first, last) in columns_not_sealed(self.db.conn, table).items()
            ]
        with self.problems.part(f"revised rows of {table.name}"):
            self._revised(table.name)
        for mark in table.marks:
            with self.problems.part(f"{mark} of {table.name}"):
                self._marks(table.name, mark)

    def _unsealed(self, table: str) -> None:
        for row in rows(self.db, UNSEALED.format(table=table)):
            what = name_of_row(table, row["number"])
            self.problems.add("inserted", what, f"{what} was inserted by hand: no event stored it.")

    def _revised(self, table: str) -> None:
        for row, left in self.revised.changed_since(self.db, table):
            what = name_of_row(table, row)
            says = (
                f"{what} was changed after event {left.event} revised it ({', '.join(sorted(left.columns))})."
            )
            self.problems.add("changed", what, says, left.event)

    def _added(self, table: str, seal: Seal, later: bool = False) -> tuple[int, bool]:
        """How many rows there are that an event sealed, and whether they are as they were."""
        event, span = seal["event_id"], _span(table, seal["first_id"], seal["last_id"])
        now = self._digests(table, seal, seal["first_id"], seal["last_id"], span)
        if now is None:
            return 0, False
        self.rows += 0 if later else len(now.ids)
        stored = f"sealed with event {event}" if later else f"stored by event {event}"
        return len(now.ids), self._same(table, seal, now, span, stored)

    def check_whole(self, table: str) -> None:
        """Check a table that is sealed as a whole, against the last event that sealed it."""
        with self.problems.part(f"table {table}"):
            seals = rows(self.db, LAST_WHOLE, [table])
            if not seals:
                if one(self.db, "select 1 from event") and one(self.db, f"select 1 from {table}"):
                    self.not_sealed.append(f"the rows of {table}")
                return
            span = f"rows of {table}"
            now = self._digests(table, seals[0], LOWEST, HIGHEST, span)
            if now is not None:
                self.rows += len(now.ids)
                self._same(table, seals[0], now, span, f"sealed with event {seals[0]['event_id']}")
                missing = set(columns_of(self.db.conn, table)) - set(seals[0]["columns"].split(","))
                self.not_sealed += [f"the column {column} of {table}" for column in sorted(missing)]

    def _digests(self, table: str, seal: Seal, first: int, last: int, span: str) -> RowDigests | None:
        columns, salt, event = seal["columns"].split(","), seal["salt"] or "", seal["event_id"]
        try:
            was = self.revised.was.get(seal["id"], {})
            return digest_rows(self.db.conn, table, columns, first, last, salt, self.problems.advance, was)
        except sqlite3.OperationalError as error:
            says = f"{span}, stored by event {event}, cannot be read: {error}."
            self.problems.add("changed", span, says, event)
            return None

    def _same(self, table: str, seal: Seal, now: RowDigests, span: str, stored: str) -> bool:
        """Name what is not as an event sealed it; whether there was nothing to name."""
        event, add = seal["event_id"], self.problems.add
        if now.digest == seal["digest"]:
            if now.short.tobytes() != seal["naming"]:
                says = f"the list that names the {span}, {stored}, was changed; the rows were not."
                add("changed", f"names of {span}", says, event)
            return True
        if seal["salt"] is None:
            says = f"{span}, {stored}, cannot be checked: the seal of this event is missing."
            add("not sealed", span, says, event)
            return False
        differing = _differing(seal, now.ids, now.short)
        for kind, numbers in differing.items():
            for number in numbers[: SHOWN + 1]:
                what = name_of_row(table, number)
                says = {
                    "missing": f"{what}, {stored}, is missing.",
                    "changed": f"{what} was changed after event {event} {stored.split()[0]} it.",
                    "inserted": f"{what} was inserted by hand: no event stored it.",
                }[kind]
                add(kind, what, says, event)
            self.problems.count(max(len(numbers) - SHOWN - 1, 0))
        if not any(differing.values()):
            says = f"{span}, {stored}, were changed; it is not possible to say which of them."
            add("changed", span, says, event)
        return False

    def _marks(self, table: str, mark: str) -> None:
        in_all = 0
        for seal in rows(self.db, ADDED, [table, mark]):
            with self.problems.part(f"{mark} of {table} by event {seal['event_id']}"):
                in_all += self._marked(table, mark, seal)
        if in_all != one(self.db, f"select count({mark}) from {table}"):
            for row in rows(self.db, UNSEALED_MARKS.format(table=table, mark=mark)):
                what, event = name_of_row(table, row["number"]), row["event"]
                says = f"{what} carries a mark of event {event} ({mark}) that this event did not make."
                self.problems.add("changed", what, says, event if isinstance(event, int) else None)

    def _marked(self, table: str, mark: str, seal: Seal) -> int:
        """Check the marks that an event made; returns how many there are."""
        event, add = seal["event_id"], self.problems.add
        now = marked_ids(self.db.conn, table, mark, event)
        naming = seal["naming"] if isinstance(seal["naming"], bytes) else b""
        what = f"marks of event {event} in {table}"
        if _marks_are(now, seal):
            if now.tobytes() != naming:
                add(
                    "changed",
                    what,
                    f"the list that names the {what} ({mark}) was changed; they were not.",
                    event,
                )
            return len(now)
        if seal["salt"] is None:
            says = f"the {what} ({mark}) cannot be checked: the seal of this event is missing."
            add("not sealed", what, says, event)
            return len(now)
        was = set(array("q", naming) if len(naming) % 8 == 0 else ())
        for number in sorted(was - set(now)):
            row = name_of_row(table, number)
            add("changed", row, f"{row} no longer carries the mark of event {event} ({mark}).", event)
        for number in sorted(set(now) - was):
            row = name_of_row(table, number)
            says = f"{row} carries a mark of event {event} ({mark}) that this event did not make."
            add("changed", row, says, event)
        if was == set(now):
            add("changed", what, f"the {what} ({mark}) were changed.", event)
        return len(now)

    def missing_tables(self, there: Sequence[str], missing: Sequence[str]) -> None:
        """Name the tables that are gone, with the rows that were sealed in them."""
        found = dict(self.db.execute(SEALED_IN_ALL).fetchall())
        for name in (*missing, *(name for name in found if name not in (*there, *missing, *WHOLE))):
            count = found.get(name)
            sealed = (
                f", with its {many(count, 'row')}" if isinstance(count, int) and name not in WHOLE else ""
            )
            self.problems.add("missing", f"table {name}", f"the table {name} is missing{sealed}.")


def _marks_are(now: array[int], seal: Seal) -> bool:
    try:
        return bool(marks_digest(now, seal["salt"] or "") == seal["digest"])
    except ValueError:
        # A number that the canonical form does not have was never sealed.
        return False


def _differing(seal: Seal, ids: array[int], short: array[int]) -> dict[str, list[int]]:
    """The numbers of rows that are missing, inserted, or changed, as far as the seal can name them."""
    naming = seal["naming"] if isinstance(seal["naming"], bytes) else b""
    if len(naming) != 4 * seal["rows"] or seal["rows"] != seal["last_id"] - seal["first_id"] + 1:
        return {}
    first, last = seal["first_id"], seal["last_id"]
    was = np.frombuffer(naming, dtype=np.uint32)
    there, now = np.array(ids, dtype=np.int64), np.array(short, dtype=np.uint32)
    within = (there >= first) & (there <= last)
    inserted = there[~within]
    there, now = there[within], now[within]
    gone = np.setdiff1d(np.arange(first, last + 1), there)
    changed = there[was[there - first] != now]
    return {"missing": gone.tolist(), "changed": changed.tolist(), "inserted": inserted.tolist()}


def _span(table: str, first: int, last: int) -> str:
    return f"rows {first} to {last} of {table}" if first != last else name_of_row(table, first)


def name_of_row(table: str, number: int) -> str:
    """What people call a row: 'item E12', 'run 3', 'row 7 of tag'."""
    if table == "evidence":
        return f"item E{number}"
    return (
        f"{table} {number}"
        if table in ("event", "run", "review", "source", "decision")
        else f"row {number} of {table}"
    )
