"""How events are sealed: each chained to the one before, with a digest of every row that came with it.

When a transaction ends, each of its events gets a row in `seal`. Its digest is the SHA-256 of the event in
the canonical form of RFC 8785 (JSON Canonicalization Scheme) together with the digest of the event before.
Rows stored in the same transaction stand in `sealed_rows`: from which number to which in which table, and one
digest over them; rows that the event marked (withdrawn items, say) likewise. All digests of what people wrote
are salted, each event with a salt of its own: nobody who holds digests alone can test a guess at the words.

Which tables are sealed follows from their foreign keys: those that refer to `event`, and those that refer to
a sealed table. Of these, rows are never changed, but for the columns that may be empty and name an event.
The tables of frameworks change when the library does: they are sealed as a whole, with the first event, and
with every event that brings them or the file up to date. A column that an upgrade adds is sealed for the rows
that are there by the event of that upgrade.
The cost is one pass over the new rows; a small transaction pays about a millisecond, whatever is stored.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from tempfile import SpooledTemporaryFile
from types import MappingProxyType
from typing import IO, Any, TypedDict

import rfc8785

from programme.actions import ProgrammeAction

START = "0" * 64
"""What the first event is chained to."""
CHUNK = 5_000
LOWEST, HIGHEST = -(2**63), 2**63 - 1
"""The first and the last number that a row can have."""
WHOLE = ("domain", "framework", "level", "question")
"""The tables that are sealed as a whole."""
SEAL_THE_WHOLE = (ProgrammeAction.STORE_FRAMEWORKS.value, ProgrammeAction.UPGRADE.value)
"""The actions whose events seal them (again); so does the first event of a file."""
LATER = "+"
"""Begins `sealed_rows.column_name` where it names a column that an upgrade added to sealed rows."""
IN_MEMORY = 1_000_000
"""Bytes that name rows and are kept in memory while the rows are sealed; more are in a file."""
SHORT = 4
"""Bytes of every row's digest that are kept to name a row that was changed."""

Salts = Callable[[], str]
"""A source of salts: 32 random hex digits at every call."""


def give_salts(connection: sqlite3.Connection, salts: Salts) -> None:
    """Give a connection its source of salts; `seal_events` needs one."""
    connection.create_function("new_salt", 0, salts)


@dataclass(frozen=True)
class SealedTable:
    """A table whose rows are sealed."""

    name: str
    columns: tuple[str, ...]
    """The columns that never change."""
    marks: tuple[str, ...]
    """The columns that are empty at first and name an event later."""


# Every column of the sealed tables; of those that refer to an event, the ones that may be empty are marks.
COLUMNS = """
with recursive refers (name, parent, "column") as materialized (
  select m.name, f."table", f."from" from sqlite_master m join pragma_foreign_key_list(m.name) f
  where m.type = 'table' and m.name not in ('event', 'seal', 'sealed_rows')),
sealed (name) as (
  select name from refers where parent = 'event'
  union
  select r.name from refers r join sealed s on r.parent = s.name)
select s.name, c.name, not c."notnull" and exists (select 1 from refers r
    where r.name = s.name and r."column" = c.name and r.parent = 'event') as is_mark
from sealed s join pragma_table_info(s.name) c order by s.name, c.cid
"""
EVENTS = """
select id, at, by, action, review_id, target, because, detail, before, after from event
"""
SAID = ("target", "because", "detail", "before", "after")
"""The columns of an event that hold what people wrote."""
PLAIN = ("at", "by", "action", "review_id")


def sealed_tables(connection: sqlite3.Connection) -> list[SealedTable]:
    """The tables whose rows are sealed, in the order of their names."""
    return [
        SealedTable(
            name,
            tuple(column for _, column, is_mark in columns if not is_mark),
            tuple(column for _, column, is_mark in columns if is_mark),
        )
        for name, group in groupby(connection.execute(COLUMNS).fetchall(), itemgetter(0))
        for columns in [list(group)]
    ]


def index_marks(connection: sqlite3.Connection) -> None:
    """An index on every mark, so that sealing an event never reads a whole table."""
    for table in sealed_tables(connection):
        for mark in table.marks:
            connection.execute(
                f"create index if not exists {table.name}_by_{mark} on {table.name}({mark})"
                f" where {mark} is not null"
            )


@dataclass(frozen=True)
class Stored:
    """What was stored before a transaction."""

    event: int
    """The last event."""
    rows: Mapping[str, int]
    """The highest row number of every sealed table that there was."""
    tables: tuple[SealedTable, ...]
    schema: int
    """The version of the schema that these were the sealed tables of."""


def stored_before(connection: sqlite3.Connection) -> Stored | None:
    """What is stored now; None in a file that has no seals yet."""
    if not connection.execute("select 1 from sqlite_master where name = 'seal'").fetchone():
        return None
    tables = tuple(sealed_tables(connection))
    highest = {table.name: _highest(connection, table.name) for table in tables}
    return Stored(_highest(connection, "event"), highest, tables, _schema(connection))


def nothing_stored(connection: sqlite3.Connection) -> Stored:
    """What `seal_events` is given to seal all events and rows of a file that had no seals."""
    return Stored(0, {}, tuple(sealed_tables(connection)), _schema(connection))


def sealed_so_far(connection: sqlite3.Connection) -> Stored | None:
    """What is sealed now; None in a file that has no seals. For a file that got them just now."""
    if not connection.execute("select 1 from sqlite_master where name = 'seal'").fetchone():
        return None
    highest = dict(
        connection.execute(
            "select table_name, max(last_id) from sealed_rows where column_name = '' group by table_name"
        ).fetchall()
    )
    event = connection.execute("select coalesce(max(event_id), 0) from seal").fetchone()[0]
    return Stored(event, highest, tuple(sealed_tables(connection)), _schema(connection))


def _schema(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma schema_version").fetchone()[0])


def _highest(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"select coalesce(max(rowid), 0) from {table}").fetchone()[0])


class RowsSealed(TypedDict):
    """What an event sealed in a table, as `sealed_rows` holds it."""

    table: str
    column: str
    first: int
    last: int
    rows: int
    columns: str
    digest: str
    naming: bytes | IO[bytes]
    """What names its rows; a file where it is large."""


def seal_events(connection: sqlite3.Connection, before: Stored) -> None:
    """Seal every event that came since; rows that came since belong to the last of them."""
    names = ("id", *PLAIN, *SAID)
    events = connection.execute(EVENTS + "where id > ? order by id", [before.event]).fetchall()
    if not events:
        return
    same = _schema(connection) == before.schema
    tables = before.tables if same else sealed_tables(connection)
    actions = {values[names.index("action")] for values in events}
    previous = last_digest(connection)
    for values in events:
        event = dict(zip(names, values, strict=True))
        salt = str(connection.execute("select new_salt()").fetchone()[0])
        is_last = values is events[-1]
        rows = [
            found
            for table in tables
            for found in _rows_of(
                connection,
                table,
                event["id"],
                salt,
                before.rows.get(table.name, 0) + 1 if is_last else None,
            )
        ]
        if is_last and (before.event == 0 or not actions.isdisjoint(SEAL_THE_WHOLE)):
            rows += _whole_tables(connection, salt)
        if is_last and ProgrammeAction.UPGRADE.value in actions:
            rows += [found for table in tables for found in _later_columns(connection, table, salt)]
        rows.sort(key=in_order)
        said = said_digest(event, salt)
        digest = event_digest(event, said, rows, previous)
        connection.execute(
            "insert into seal (event_id, salt, said, previous, digest) values (?, ?, ?, ?, ?)",
            [event["id"], salt, said, previous, digest],
        )
        for row in rows:
            _store(connection, event["id"], row)
        previous = digest


STORE_ROWS = """
insert into sealed_rows
  (event_id, table_name, column_name, first_id, last_id, rows, columns, digest, naming)
values (:event, :table, :column, :first, :last, :rows, :columns, :digest, {naming})
"""


def _store(connection: sqlite3.Connection, event: int, row: RowsSealed) -> None:
    naming = row["naming"]
    if isinstance(naming, bytes):
        connection.execute(STORE_ROWS.format(naming=":naming"), {"event": event, **row})
        return
    with naming:
        room = f"zeroblob({naming.tell()})"
        said = {"event": event, **row, "naming": None}
        number = connection.execute(STORE_ROWS.format(naming=room), said).lastrowid
        naming.seek(0)
        with connection.blobopen("sealed_rows", "naming", int(number or 0)) as blob:
            while some := naming.read(IN_MEMORY):
                blob.write(some)


def last_digest(connection: sqlite3.Connection) -> str:
    """The digest of the last seal: what the next event is chained to."""
    row = connection.execute("select digest from seal order by event_id desc limit 1").fetchone()
    return row[0] if row else START


def _rows_of(
    connection: sqlite3.Connection, table: SealedTable, event: int, salt: str, first: int | None
) -> Iterator[RowsSealed]:
    """What an event sealed in a table: the rows it marked, and (if given) those from `first` on."""
    for mark in table.marks:
        ids = marked_ids(connection, table.name, mark, event)
        if ids:
            numbers = ids[0], ids[-1], len(ids)
            yield from _sealed(table.name, mark, numbers, (), marks_digest(ids, salt), ids.tobytes())
    if first is not None and _highest(connection, table.name) >= first:
        yield from _sealed_rows(connection, table.name, "", table.columns, (first, HIGHEST), salt)


def in_order(row: Mapping[str, Any]) -> tuple[str, int, str]:
    """The order in which the seals of rows of one event are stored."""
    column = row["column"]
    return row["table"], 2 if column == "" else 1 if column.startswith(LATER) else 0, column


def _whole_tables(connection: sqlite3.Connection, salt: str) -> Iterator[RowsSealed]:
    for table in WHOLE:
        if columns := columns_of(connection, table):
            yield from _sealed_rows(connection, table, "", columns, (LOWEST, HIGHEST), salt)


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table; none if it does not exist."""
    return [name for (name,) in connection.execute("select name from pragma_table_info(?)", [table])]


def _later_columns(connection: sqlite3.Connection, table: SealedTable, salt: str) -> Iterator[RowsSealed]:
    for column, (first, last) in columns_not_sealed(connection, table).items():
        yield from _sealed_rows(connection, table.name, f"{LATER}{column}", [column], (first, last), salt)


def columns_not_sealed(connection: sqlite3.Connection, table: SealedTable) -> dict[str, tuple[int, int]]:
    """The columns that upgrades added to a table, and which of its rows (first, last) have them unsealed."""
    sealed = dict(
        connection.execute(
            "select substr(column_name, 2), max(last_id) from sealed_rows"
            " where table_name = ? and substr(column_name, 1, 1) = ? group by column_name",
            [table.name, LATER],
        ).fetchall()
    )
    found: dict[str, tuple[int, int]] = {}
    spans = connection.execute(
        "select columns, min(first_id), max(last_id) from sealed_rows"
        " where table_name = ? and column_name = '' group by columns",
        [table.name],
    )
    for names, first, last in spans:
        for column in set(table.columns) - set(str(names).split(",")):
            before = found.get(column, (first, last))
            found[column] = (min(first, before[0]), max(last, before[1]))
    return {
        column: (max(first, sealed.get(column, first - 1) + 1), last)
        for column, (first, last) in sorted(found.items())
        if last > sealed.get(column, first - 1)
    }


def _sealed_rows(
    connection: sqlite3.Connection,
    table: str,
    column: str,
    columns: Sequence[str],
    between: tuple[int, int],
    salt: str,
) -> Iterator[RowsSealed]:
    """What seals the rows of a table with numbers between two; nothing where there are none.

    The digests are those of `digest_rows`. Memory does not grow with the rows.
    """
    naming: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    whole, count, first, last = hashlib.sha256(), 0, 0, 0
    for chunk in each_digest(connection, table, columns, *between, salt):
        first, last = chunk[0][0] if not count else first, chunk[-1][0]
        count += len(chunk)
        whole.update(b"".join([digest for _, digest in chunk]))
        naming.write(b"".join([digest[:SHORT] for _, digest in chunk]))
    if count * SHORT <= IN_MEMORY:
        naming.seek(0)
        with naming:
            yield from _sealed(table, column, (first, last, count), columns, whole.hexdigest(), naming.read())
    else:
        yield from _sealed(table, column, (first, last, count), columns, whole.hexdigest(), naming)


def _sealed(
    table: str,
    column: str,
    numbers: tuple[int, int, int],
    columns: Iterable[str],
    digest: str,
    naming: bytes | IO[bytes],
) -> Iterator[RowsSealed]:
    first, last, rows = numbers
    if rows:
        yield {
            "table": table,
            "column": column,
            "first": first,
            "last": last,
            "rows": rows,
            "columns": ",".join(columns),
            "digest": digest,
            "naming": naming,
        }


def marked_ids(connection: sqlite3.Connection, table: str, mark: str, event: int) -> array[int]:
    """The numbers of the rows that an event marked, in order."""
    found = connection.execute(f"select rowid from {table} where {mark} = ? order by rowid", [event])
    return array("q", [number for (number,) in found])


def marks_digest(ids: array[int], salt: str) -> str:
    """The digest of the numbers of marked rows."""
    return hashlib.sha256(rfc8785.dumps([salt, *ids])).hexdigest()


@dataclass(frozen=True)
class RowDigests:
    """Rows of a table as they are now: their numbers, one digest over all, and a short one of each."""

    ids: array[int]
    digest: str
    short: array[int]


def digest_rows(
    connection: sqlite3.Connection,
    table: str,
    columns: Iterable[str],
    first: int,
    last: int,
    salt: str,
    counted: Callable[[int], None] = lambda rows: None,
    instead: Mapping[int, bytes] = MappingProxyType({}),
) -> RowDigests:
    """The digests of the rows numbered `first` to `last`.

    A row's digest is the SHA-256 of the salt and of the row as a compact JSON array; the digest over all is
    the SHA-256 of theirs, in the order of the numbers. Memory: twelve bytes a row. `counted` is told now and
    then how many more rows are done. `instead` holds what rows were digested as before they were revised.
    """
    ids, short, whole = array("q"), bytearray(), hashlib.sha256()
    for chunk in each_digest(connection, table, columns, first, last, salt):
        digests = [instead.get(number, digest) for number, digest in chunk]
        ids.extend([number for number, _ in chunk])
        whole.update(b"".join(digests))
        short += b"".join([digest[:SHORT] for digest in digests])
        counted(len(chunk))
    return RowDigests(ids, whole.hexdigest(), array("I", bytes(short)))


def each_digest(
    connection: sqlite3.Connection, table: str, columns: Iterable[str], first: int, last: int, salt: str
) -> Iterator[list[tuple[int, bytes]]]:
    """The number and the digest (32 bytes) of every row from `first` to `last`, some thousand at a time."""
    selected = ", ".join(f'"{name}"' for name in columns)
    cursor = connection.execute(
        f"select rowid, {selected} from {table} where rowid >= ? and rowid <= ? order by rowid",
        [first, last],
    )
    salted = salt.encode()
    write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_bytes_as_text).encode
    while chunk := cursor.fetchmany(CHUNK):
        # Bytes that are no text can only have come in by hand; they give another digest than any text.
        yield [
            (row[0], hashlib.sha256(salted + write(row[1:]).encode("utf-8", "surrogateescape")).digest())
            for row in chunk
        ]


def _bytes_as_text(value: bytes) -> str:
    return f"sha256:{hashlib.sha256(value).hexdigest()}"


def said_digest(event: Mapping[str, Any], salt: str) -> str:
    """The salted digest of what people wrote in an event: its target, reason, details, before and after."""
    return digest_value({"salt": salt, **{name: event[name] for name in SAID}})


def event_digest(
    event: Mapping[str, Any], said: str, rows: Iterable[Mapping[str, Any]], previous: str
) -> str:
    """The digest that seals an event: what it is, what it says, the rows it sealed, the event before."""
    sealed = [
        {name: row[name] for name in ("table", "column", "first", "last", "rows", "columns", "digest")}
        for row in rows
    ]
    sealed.sort(key=lambda row: (row["table"], row["column"]))
    plain = {name: event[name] for name in PLAIN}
    return digest_value({"event": event["id"], **plain, "said": said, "rows": sealed, "previous": previous})


def digest_value(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON (RFC 8785) of a value."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()
