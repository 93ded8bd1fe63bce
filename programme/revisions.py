"""Sealed rows that are changed by an event, and how a check tells them from rows that were tampered with.

Rows are never changed after they are sealed, but for what must be able to: words that are erased, and details
of a source that were wrong. Such a change is an event. `revised_row` then keeps of every row what its digest
was under the seal, so that the seal of all rows that came with it still holds, and a digest of the row as it
was left. Both are sealed with the event. A change that no such row covers, or that goes further than it says,
is named like any other.

Of an event, the digest over what people wrote stays where it is, in its seal; only where the name of who did
it is replaced can the digest of the event itself not be computed again, and what was left vouches for it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from programme.database import Database, insert, one, rows, system_salts
from programme.seals import (
    LATER,
    PLAIN,
    SAID,
    Salts,
    columns_of,
    digest_rows,
    digest_value,
    each_digest,
    event_digest,
    said_digest,
)
from rules.errors import DatabaseUnusable
from rules.remedy import VerifyRecord

TABLE = "revised_row"
EVENT_COLUMNS = (*PLAIN, *SAID)


@dataclass(frozen=True)
class Revision:
    """New values for some columns of one row."""

    table: str
    row: int
    values: Mapping[str, Any]


def revise_rows(db: Database, event: int, revisions: Sequence[Revision], salts: Salts = system_salts) -> None:
    """Change rows that are sealed, inside the caller's transaction; `event` is why.

    At most one revision a row. Raises DatabaseUnusable, where a row or what was sealed with it is not as it
    was sealed: otherwise a revision would make good what was altered by hand.
    """
    by_table: dict[str, list[Revision]] = {}
    for revision in revisions:
        by_table.setdefault(revision.table, []).append(revision)
    for table, found in sorted(by_table.items()):
        if table == "event":
            _revise_events(db, event, found, salts)
        else:
            _revise_table(db, event, table, found, salts)


SEALS_OF = """
select r.id, r.event_id, r.first_id, r.last_id, r.columns, r.digest, s.salt
from sealed_rows r join seal s on s.event_id = r.event_id
where r.table_name = ? and (r.column_name = '' or substr(r.column_name, 1, 1) = ?) order by r.first_id
"""


def _revise_table(db: Database, event: int, table: str, revisions: Sequence[Revision], salts: Salts) -> None:
    before = {
        (seal["id"], row): was
        for seal, wanted in _seals_of(db, table, revisions)
        for row, was in _digests_before(db, table, seal, wanted).items()
    }
    columns = {seal["id"]: seal["columns"].split(",") for seal in rows(db, SEALS_OF, [table, LATER])}
    with_values = {revision.row: revision.values for revision in revisions}
    _update(db, table, revisions)
    for (seal_id, row), was in sorted(before.items()):
        salt = salts()
        [[(_, now)]] = each_digest(db.conn, table, columns[seal_id], row, row, salt)
        insert(
            db,
            TABLE,
            {
                "table_name": table,
                "row_id": row,
                "columns": ",".join(with_values[row]),
                "seal_id": seal_id,
                "was": was.hex(),
                "salt": salt,
                "now": now.hex(),
                "added_event": event,
            },
        )


def _seals_of(
    db: Database, table: str, revisions: Sequence[Revision]
) -> Iterator[tuple[Mapping[str, Any], set[int]]]:
    """The seals that cover columns that change, each with the rows of it that do."""
    left = sorted(revisions, key=lambda revision: revision.row)
    numbers = [revision.row for revision in left]
    covered: set[int] = set()
    for seal in rows(db, SEALS_OF, [table, LATER]):
        names = set(seal["columns"].split(","))
        wanted = {
            revision.row
            for revision in left[
                bisect_left(numbers, seal["first_id"]) : bisect_right(numbers, seal["last_id"])
            ]
            if names & set(revision.values)
        }
        if wanted:
            covered |= wanted
            yield seal, wanted
    for revision in left:
        if revision.row not in covered:
            raise _not_whole(f"row {revision.row} of {table} was never sealed")


def _digests_before(db: Database, table: str, seal: Mapping[str, Any], wanted: set[int]) -> dict[int, bytes]:
    """What rows were digested as when an event sealed them; raises DatabaseUnusable for what was altered."""
    was = was_digests(db, seal["id"])
    columns = seal["columns"].split(",")
    span = (seal["first_id"], seal["last_id"], seal["salt"])
    found = digest_rows(db.conn, table, columns, *span, instead=was)
    if found.digest != seal["digest"]:
        raise _not_whole(f"rows of {table} that event {seal['event_id']} stored are not as it stored them")
    return {
        number: was.get(number, digest)
        for chunk in each_digest(db.conn, table, columns, *span)
        for number, digest in chunk
        if number in wanted
    }


def _update(db: Database, table: str, revisions: Sequence[Revision]) -> None:
    """Update rows past the trigger that refuses it, which is there again afterwards as it was."""
    name = f"{table}_never_update"
    trigger = one(db, "select sql from sqlite_master where type = 'trigger' and name = ?", [name])
    if trigger:
        db.execute(f"drop trigger {name}")
    for revision in revisions:
        changes = ", ".join(f'"{column}" = ?' for column in revision.values)
        db.execute(f"update {table} set {changes} where rowid = ?", [*revision.values.values(), revision.row])
    if trigger:
        db.execute(trigger)


def _not_whole(what: str) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"{what}, so nothing can be erased until the record is whole",
        hint="Nothing was changed.",
        remedies=[VerifyRecord()],
    )


# --- events ----------------------------------------------------------------------------------------------

EVENT = f"""
select e.id, {", ".join(f"e.{name}" for name in EVENT_COLUMNS)}, s.salt, s.said as sealed_said, s.previous,
  s.digest from event e join seal s on s.event_id = e.id where e.id = ?
"""
SEALED_WITH = """
select table_name as "table", column_name as "column", first_id as first, last_id as last, rows, columns,
  digest from sealed_rows where event_id = ? order by table_name, column_name
"""


def _revise_events(db: Database, event: int, revisions: Sequence[Revision], salts: Salts) -> None:
    revised = Revised.of(db)
    for revision in revisions:
        found = rows(db, EVENT, [revision.row])
        sealed = rows(db, SEALED_WITH, [revision.row])
        if not found or not (
            revised.event_is_right(found[0], sealed)
            if ("event", revision.row) in revised.latest
            else _is_as_sealed(found[0], sealed)
        ):
            raise _not_whole(f"event {revision.row} is not as it was sealed")
    _update(db, "event", revisions)
    for revision in revisions:
        salt = salts()
        now = _left_digest(rows(db, EVENT, [revision.row])[0], rows(db, SEALED_WITH, [revision.row]), salt)
        insert(
            db,
            TABLE,
            {
                "table_name": "event",
                "row_id": revision.row,
                "columns": ",".join(revision.values),
                "seal_id": None,
                "was": "",
                "salt": salt,
                "now": now,
                "added_event": event,
            },
        )


def _is_as_sealed(link: Mapping[str, Any], sealed: Sequence[Mapping[str, Any]]) -> bool:
    whole = event_digest(link, link["sealed_said"], sealed, link["previous"])
    return (whole, said_digest(link, link["salt"])) == (link["digest"], link["sealed_said"])


def _left_digest(link: Mapping[str, Any], sealed: Iterable[Mapping[str, Any]], salt: str) -> str:
    """The digest of an event as a revision left it: all of it, with its seal and what it sealed."""
    parts = [{name: row[name] for name in SEAL_PARTS} for row in sealed]
    names = ("id", *EVENT_COLUMNS, "sealed_said", "previous", "digest")
    whole = {name: link[name] for name in names}
    parts.sort(key=lambda row: (row["table"], row["column"]))
    return digest_value({"salt": salt, "rows": parts, **whole})


SEAL_PARTS = ("table", "column", "first", "last", "rows", "columns", "digest")


# --- reading them again ----------------------------------------------------------------------------------


def was_digests(db: Database, seal_id: int) -> dict[int, bytes]:
    """What revised rows were digested as under a seal, by their number."""
    found = db.execute("select row_id, was from revised_row where seal_id = ? order by id desc", [seal_id])
    return {row: _as_bytes(was) for row, was in found}


NO_DIGEST = bytes(32)
"""In place of what was put in by hand and is no digest: it agrees with none."""


def _as_bytes(text: object) -> bytes:
    try:
        found = bytes.fromhex(str(text))
        return found if len(found) == len(NO_DIGEST) else NO_DIGEST
    except ValueError:
        return NO_DIGEST


@dataclass(frozen=True)
class Left:
    """A row as its latest revision left it."""

    columns: frozenset[str]
    """All that were ever revised."""
    seal_id: int | None
    salt: str
    now: str
    event: int


# What is of another kind was put in by hand, which the seal of these rows names.
READABLE = """
select * from revised_row where typeof(row_id) = 'integer' and typeof(added_event) = 'integer'
  and typeof(table_name) = 'text' and typeof(columns) = 'text' and typeof(salt) = 'text'
  and typeof(now) = 'text' and typeof(seal_id) in ('integer', 'null') order by id
"""


@dataclass(frozen=True)
class Revised:
    """All rows that were revised, for a check of the record."""

    was: Mapping[int, Mapping[int, bytes]] = field(default_factory=dict)
    """By seal, then by row: the digest before."""
    latest: Mapping[tuple[str, int], Sequence[Left]] = field(default_factory=dict)
    """By table and row: how it was left, under each seal that covers it."""

    @classmethod
    def of(cls, db: Database) -> Revised:
        """What is recorded; nothing in a file of an older version."""
        if not columns_of(db.conn, TABLE):
            return cls()
        was: dict[int, dict[int, bytes]] = {}
        latest: dict[tuple[str, int], dict[int | None, Left]] = {}
        for row in rows(db, READABLE):
            if row["seal_id"] is not None:
                was.setdefault(row["seal_id"], {}).setdefault(row["row_id"], _as_bytes(row["was"]))
            seals = latest.setdefault((row["table_name"], row["row_id"]), {})
            before = seals.get(row["seal_id"])
            columns = frozenset(str(row["columns"]).split(",")) | (before.columns if before else frozenset())
            seals[row["seal_id"]] = Left(columns, row["seal_id"], row["salt"], row["now"], row["added_event"])
        return cls(was, {key: tuple(seals.values()) for key, seals in latest.items()})

    def event_is_right(self, link: Mapping[str, Any], sealed: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a revised event is as it was left, and (but for who did it) still agrees with its seal."""
        [left] = self.latest[("event", link["id"])]
        if not left.columns <= set(EVENT_COLUMNS) - {"at", "action", "review_id"}:
            return False
        try:
            if _left_digest(link, sealed, left.salt) != left.now:
                return False
            if "by" in left.columns:
                return True
            whole = event_digest(link, link["sealed_said"], sealed, link["previous"])
            return bool(whole == link["digest"])
        except (TypeError, ValueError):
            return False

    def changed_since(self, db: Database, table: str) -> Iterator[tuple[int, Left]]:
        """The rows of a table that are not as their latest revision left them."""
        columns = {seal["id"]: str(seal["columns"]).split(",") for seal in rows(db, SEALS_OF, [table, LATER])}
        for (of, row), seals in self.latest.items():
            for left in seals if of == table else ():
                found = columns.get(left.seal_id or 0)
                now = each_digest(db.conn, table, found, row, row, left.salt) if found else iter(())
                if [digest.hex() for chunk in now for _, digest in chunk] != [left.now]:
                    yield row, left


def is_revised(db: Database) -> bool:
    """Whether any row of the file was revised."""
    return bool(columns_of(db.conn, TABLE) and one(db, f"select 1 from {TABLE}"))


def fingerprint(text: str, salt: str) -> str:
    """Hex digits as long as a digest, from it and a salt: equal for what was equal, and no longer to be
    tested with a guess once the salt is forgotten."""
    return hashlib.sha256(f"{salt} {text}".encode()).hexdigest()[: len(text)]
