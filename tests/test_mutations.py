"""Whatever is changed by hand in a working database is refused, named by the check, or listed as outside.

Mutations are generated from the schema: of every column of every table a change of every kind, of every table
rows taken away, put in and swapped, of everything else in the schema its removal and another in its place.
Each is made with plain SQLite: once as the file is, with its triggers, once past them. What is neither
refused nor named must be in the list of `docs/security.md`, and what is in that list must be neither.
Of every column some kinds of change are drawn; `MUTATIONS=all` makes all of them (two minutes).
"""

from __future__ import annotations

import lzma
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeVar

import pytest
from every_table import fill_every_table

from assessment.runs.audit import audit_programme
from joint_review.opening import UPGRADES, open_programme
from programme.database import Database
from programme.problems import RecordProblem
from programme.seals import sealed_tables

SECURITY = Path(__file__).parent.parent / "docs" / "security.md"
CHAIN = ("event", "seal", "sealed_rows")
"""Tables whose changes show in rows of others: they are changed alone. Of others, one each at a time."""
TOGETHER = ("policy_text", "run")
"""Tables whose changes show in one another: they are not changed at the same time."""
DRAWN = None if os.environ.get("MUTATIONS") == "all" else 4
"""Of how many kinds a change is made of every column, and of how many rows are put in."""
ODD_NUMBERS = (0, -1, -(2**63), 2**53 + 1, 2**63 - 1)
OTHERS: dict[str, str] = {
    "another": "case typeof({c}) when 'text' then {c} || 'x' when 'blob' then cast({c} || x'00' as blob)"
    " when 'null' then 'x' else {c} + 1 end",
    "nothing": "null",
    "empty": "case typeof({c}) when 'text' then '' when 'blob' then x'' else 0 end",
    "bytes": "x'ff00'",
    "no UTF-8": "cast(x'ff' as text)",
    "below 1": "-1",
    "above 2^53": "9007199254740993",
    "in capitals": "upper({c})",
    "with a blank": "{c} || ' '",
}
"""What a value is changed to, as SQL of its column."""


class Mutation(NamedTuple):
    """A change by hand."""

    table: str
    column: str
    """Empty: whole rows, or the schema."""
    kind: str
    statements: tuple[str, ...]
    of_schema: bool = False

    def __str__(self) -> str:
        return f"{self.table}.{self.column or '*'}: {self.kind}"


# --- what is done by hand ------------------------------------------------------------------------------


def tables_in(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
    return [name for (name,) in found if not name.startswith("sqlite_")]


def columns_in(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for (name,) in connection.execute("select name from pragma_table_info(?)", [table])]


def is_virtual(connection: sqlite3.Connection, table: str) -> bool:
    [(sql,)] = connection.execute("select sql from sqlite_master where name = ?", [table]).fetchall()
    return str(sql).lower().startswith("create virtual")


def is_index(table: str) -> bool:
    """Whether a table is part of the search index."""
    return "_fts_" in table


def rows_of(connection: sqlite3.Connection, table: str) -> list[int]:
    return [number for (number,) in connection.execute(f'select rowid from "{table}" order by rowid')]


def mutations_of_index(connection: sqlite3.Connection, table: str) -> Iterator[Mutation]:
    """Changes of a part of the search index, whose rows have no numbers of the same kind."""
    for column in columns_in(connection, table)[1:]:
        change = f'update "{table}" set "{column}" = x\'ff\''
        yield Mutation(table, column, "another", (change,))
    yield Mutation(table, "", "all rows removed", (f'delete from "{table}"',))


Kind = TypeVar("Kind")


def drawn(random: Random, kinds: Iterable[Kind]) -> list[Kind]:
    found = list(kinds)
    return found if DRAWN is None else random.sample(found, min(DRAWN, len(found)))


def mutations_of_rows(connection: sqlite3.Connection, table: str, random: Random) -> Iterator[Mutation]:
    """Every change of the content of a table; on rows that are drawn."""
    if is_index(table):
        yield from mutations_of_index(connection, table)
        return
    numbers, columns = rows_of(connection, table), columns_in(connection, table)
    for column in columns:
        c = f'"{column}"'
        for kind, other in drawn(random, OTHERS.items()):
            row = random.choice(numbers)
            change = f'update "{table}" set {c} = {other.format(c=c)} where rowid = {row}'
            yield Mutation(table, column, kind, (change,))
        if pair := _unlike(connection, table, c, random):
            a, b = pair
            value = f'(select {c} from "{table}" where rowid = case t.rowid when {a} then {b} else {a} end)'
            change = f'update "{table}" as t set {c} = {value} where rowid in ({a}, {b})'
            yield Mutation(table, column, "swapped", (change,))
    first, last, any_of = numbers[0], numbers[-1], random.choice(numbers)
    for kind, which in (
        ("the first row removed", f"rowid = {first}"),
        ("the last row removed", f"rowid = {last}"),
        ("a row removed", f"rowid = {any_of}"),
        ("all rows removed", "true"),
    ):
        yield Mutation(table, "", kind, (f'delete from "{table}" where {which}',))
    by_number = columns[1:] if _is_number(connection, table) else columns
    number_column = columns[0] if _is_number(connection, table) else "rowid"
    free = [number for number in (last + 1, last + 1_000, *ODD_NUMBERS) if number not in numbers]
    for number in drawn(random, free):
        for kind, copy in (("as it is", "{c}"), ("with another key", OTHERS["another"])):
            values = ", ".join([str(number), *(copy.format(c=f'"{c}"') for c in by_number)])
            into = f'into "{table}" (rowid, {_listed(by_number)})'
            copied = f'{into} select {values} from "{table}" where rowid = {any_of}'
            yield Mutation(table, "", f"row {number} inserted, {kind}", (f"insert {copied}",))
            column = number_column if copy == "{c}" else ""
            over = f"row {number} put in the place of others, {kind}"
            yield Mutation(table, column, over, (f"insert or replace {copied}",))
    for number in drawn(random, free):
        renumber = f'update "{table}" set rowid = {number} where rowid = {any_of}'
        yield Mutation(table, number_column, f"a row renumbered {number}", (renumber,))
    if len(numbers) > 1:
        a, b = sorted(random.sample(numbers, 2))
        moves = ((a, last + 7_000), (b, a), (last + 7_000, b))
        swap = tuple(f'update "{table}" set rowid = {to} where rowid = {number}' for number, to in moves)
        yield Mutation(table, number_column, "the numbers of two rows swapped", swap)
        over = f'update or replace "{table}" set rowid = {b} where rowid = {a}'
        yield Mutation(table, "", "a row put in the place of another", (over,))


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _is_number(connection: sqlite3.Connection, table: str) -> bool:
    """Whether the first column is the number of the row."""
    kind, key = connection.execute(f'select type, pk from pragma_table_info("{table}")').fetchone()
    return bool(key) and kind.lower() == "integer"


def _unlike(
    connection: sqlite3.Connection, table: str, column: str, random: Random
) -> tuple[int, int] | None:
    found = connection.execute(f'select min(rowid) from "{table}" group by {column} order by 1').fetchall()
    if len(found) < 2:
        return None
    (a,), (b,) = random.sample(found, 2)
    return a, b


def mutations_of_schema(connection: sqlite3.Connection) -> Iterator[Mutation]:
    """Everything in the schema taken away, replaced by something else, or joined by another."""

    def of_schema(table: str, column: str, kind: str, *statements: str) -> Mutation:
        return Mutation(table, column, kind, statements, of_schema=True)

    for table in tables_in(connection):
        yield of_schema(table, "", "table dropped", f'drop table "{table}"')
        if is_virtual(connection, table) or "_fts" in table:
            continue
        yield of_schema(table, "", "table renamed", f'alter table "{table}" rename to "{table}_before"')
        yield of_schema(table, "", "column added", f'alter table "{table}" add column more')
        view = f'create view "{table}" as select * from "{table}_before"'
        yield of_schema(
            *(table, "", "table replaced by a view", "pragma legacy_alter_table = on"),
            *(f'alter table "{table}" rename to "{table}_before"', view),
        )
        rule = f'create trigger "{table}_own" before insert on "{table}" begin select raise(ignore); end'
        yield of_schema(table, "", "trigger added", rule)
        for column in columns_in(connection, table):
            renamed = f'alter table "{table}" rename column "{column}" to "{column}_before"'
            yield of_schema(table, column, "column renamed", renamed)
            dropped = f'alter table "{table}" drop column "{column}"'
            yield of_schema(table, column, "column dropped", dropped)
    others = "select type, name, tbl_name, sql from sqlite_master where type <> 'table' and sql is not null"
    for kind, name, table, sql in connection.execute(others).fetchall():
        yield of_schema(table, "", f"{kind} {name} dropped", f'drop {kind} "{name}"')
        if kind == "trigger":
            other = re.sub(r"begin.*", "begin select 1; end", sql, flags=re.S | re.I)
            yield of_schema(table, "", f"trigger {name} replaced", f'drop trigger "{name}"', other)
        if kind == "view":
            other = f'create view "{name}" as select * from ({sql.partition(" as")[2]}) limit 0'
            yield of_schema(table, "", f"view {name} replaced", f'drop view "{name}"', other)
        if kind == "index" and "unique" in sql.lower():
            other = re.sub("unique", "", sql, flags=re.I)
            yield of_schema(table, "", f"index {name} replaced", f'drop index "{name}"', other)
    yield of_schema("more", "", "table added", "create table more (x)")
    yield of_schema("more", "", "view added", "create view more as select * from event")
    yield of_schema("event", "", "index added", "create index more on event(at)")


# --- the file, and what is done to it ------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill_every_table(tmp_path_factory.mktemp("mutations") / "programme.db")


@pytest.fixture
def db(made: Path) -> Iterator[Database]:
    """The file in memory, on a connection of somebody who knows SQLite and nothing of this software."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        with closing(sqlite3.connect(made)) as file:
            file.backup(connection)
        yield Database(connection)


@contextmanager
def taken_back(db: Database) -> Iterator[None]:
    """What is done inside is undone at the end."""
    db.execute("begin")
    try:
        yield
    finally:
        db.execute("rollback")
        db.execute("pragma legacy_alter_table = off")


def done(db: Database, mutation: Mutation) -> str:
    """'refused', 'the same' if nothing is other than before, or 'done'."""
    before, statement = db.conn.total_changes, ""
    content = _content(db, mutation)
    db.execute("savepoint mutation")
    try:
        for statement in mutation.statements:
            db.execute(statement)
    except (sqlite3.IntegrityError, sqlite3.OperationalError, OverflowError) as error:
        db.execute("rollback to mutation")
        if isinstance(error, sqlite3.OperationalError) and not mutation.of_schema:
            raise AssertionError(f"{mutation}: {statement}: {error}") from error
        return "refused"
    finally:
        db.execute("release mutation")
    if mutation.of_schema:
        return "done"
    return "the same" if db.conn.total_changes == before or content == _content(db, mutation) else "done"


def _content(db: Database, mutation: Mutation) -> Any:
    if mutation.of_schema:
        return None
    columns = [f'typeof("{name}"), cast("{name}" as blob)' for name in columns_in(db.conn, mutation.table)]
    number = [] if is_index(mutation.table) else ["rowid"]
    selected = ", ".join([*number, *columns])
    return db.execute(f'select {selected} from "{mutation.table}" order by 1, 2').fetchall()


@contextmanager
def past_the_triggers(db: Database) -> Iterator[None]:
    """Without triggers and checks; the triggers are there again at the end, so that nobody notices."""
    triggers = db.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
    for name, _ in triggers:
        db.execute(f'drop trigger "{name}"')
    yield
    for _, sql in triggers:
        db.execute(sql)


def problems_of(db: Database) -> tuple[RecordProblem, ...]:
    return audit_programme(db, upgrades=UPGRADES).problems


def mentions(problem: RecordProblem, table: str) -> bool:
    """Whether a problem is about a table, in the words for its rows."""
    also = {
        "evidence": r"item E-?\d",
        "event": r"^events? -?\d",
        "seal": r"^(event|the seal of event|there are seals)|the seal of this event is missing",
        "sealed_rows": r"^(event|the (seals|list)|there are seals)|no event stored it|did not make",
        "policy_text": r"the \S+ .*(with digest|of run)|rulebooks and frameworks",
        "run": r"\brun -?\d",
        "_sqlite_migrations": r"the upgrade \S+ is|was added by hand|the view \S+ is not the one",
    }.get(table, rf"{table} -?\d")
    return bool(re.search(rf"\b(of|table|in) {table}\b|{also}", problem.says))


# --- what is listed as outside -------------------------------------------------------------------------


def outside() -> set[tuple[str, str]]:
    """The tables and columns that `docs/security.md` lists as outside ('*': all columns)."""
    text = SECURITY.read_text(encoding="utf-8")
    table = re.search(r"<!-- outside -->\n(.*?)\n\n", text, re.S)
    assert table, "docs/security.md has no list of what is outside"
    listed = set()
    for line in table[1].splitlines()[2:]:
        names, columns, reason = (cell.strip() for cell in line.strip("| ").split("|"))
        assert reason
        for name in re.findall(r"`(\w+)`", names):
            for column in re.findall(r"`(\w+)`", columns) or ["*"]:
                listed.add((name, column))
    return listed


def is_outside(mutation: Mutation, listed: set[tuple[str, str]]) -> bool:
    if mutation.of_schema:
        return False
    return {(mutation.table, "*"), (mutation.table, mutation.column)} & listed != set()


# --- the tests -----------------------------------------------------------------------------------------


def in_batches(mutations: Sequence[Mutation]) -> Iterator[list[Mutation]]:
    """One of each table at a time; those of the chain each by itself."""
    queues: dict[str, list[Mutation]] = {}
    for mutation in mutations:
        if mutation.table in CHAIN:
            yield [mutation]
        else:
            queue = TOGETHER[0] if mutation.table in TOGETHER else mutation.table
            queues.setdefault(queue, []).append(mutation)
    while queues:
        yield [queue.pop() for queue in queues.values()]
        queues = {table: queue for table, queue in queues.items() if queue}


def all_of_rows(db: Database) -> list[Mutation]:
    tables = [table for table in tables_in(db.conn) if not is_virtual(db.conn, table)]
    return [mutation for table in tables for mutation in mutations_of_rows(db.conn, table, Random(table))]


def outcomes(db: Database, mutations: Sequence[Mutation], *, triggers: bool) -> dict[Mutation, str]:
    """What became of each: refused, the same, named, or unseen."""
    found: dict[Mutation, str] = {}
    for batch in in_batches(mutations):
        with taken_back(db):
            if triggers:
                found |= {mutation: done(db, mutation) for mutation in batch}
            else:
                with past_the_triggers(db):
                    found |= {mutation: done(db, mutation) for mutation in batch}
            changed = [mutation for mutation in batch if found[mutation] == "done"]
            if changed:
                problems = problems_of(db)
                for mutation in changed:
                    named = any(mentions(problem, mutation.table) for problem in problems)
                    found[mutation] = "named" if named else "unseen"
    return found


def test_every_table_has_rows_and_the_record_is_whole(db: Database) -> None:
    tables = tables_in(db.conn)
    assert [table for table in tables if not db.execute(f'select 1 from "{table}"').fetchone()] == []
    assert audit_programme(db, upgrades=UPGRADES).problems == ()


@pytest.mark.parametrize("triggers", [True, False], ids=["with triggers", "past the triggers"])
def test_every_change_of_rows_is_refused_or_named_or_listed_as_outside(
    db: Database, triggers: bool, record_property: Any
) -> None:
    if not triggers:
        db.execute("pragma ignore_check_constraints = on")
    found = outcomes(db, all_of_rows(db), triggers=triggers)
    listed = outside()
    counted = Counter(
        "outside" if outcome == "unseen" and is_outside(mutation, listed) else outcome
        for mutation, outcome in found.items()
    )
    record_property("mutations", dict(counted))
    unseen = [m for m, outcome in found.items() if outcome == "unseen" and not is_outside(m, listed)]
    assert [str(mutation) for mutation in unseen] == []
    assert counted["named"] + counted["refused"] > 2_000, counted
    if not triggers:
        seen = {
            (m.table, column)
            for m, outcome in found.items()
            if outcome == "unseen"
            for column in ("*", m.column)
        }
        assert listed - seen == set(), "listed as outside, and yet named"


BESIDE = {
    "approval": ("update approval set because = 'x' where id = 1", "row 1 of approval"),
    "gap": ("update gap set title = 'x' where id = 1", "row 1 of gap"),
    "event": ("update event set because = 'x' where id = 9", "event 9 "),
}
"""What is done beside a change of the schema, and what is said of it."""


def test_every_change_of_the_schema_is_named_and_hides_nothing(db: Database) -> None:
    """Beside each, two rows and an event are changed: they are named as well."""
    unseen, hidden, tried = [], [], 0
    for batch in in_batches(list(mutations_of_schema(db.conn))):
        with taken_back(db):
            with past_the_triggers(db):
                for change, _ in BESIDE.values():
                    db.execute(change)
            changed = [mutation for mutation in batch if done(db, mutation) == "done"]
            if not changed:
                continue
            tried += len(changed)
            problems = problems_of(db)
            for mutation in changed:
                others = [one for one in problems if not one.says.startswith(BESIDE["event"][1])]
                if not any(mentions_schema(problem, mutation) for problem in others):
                    unseen.append(str(mutation))
            touched = {mutation.table for mutation in changed}
            for table, (_, begins) in BESIDE.items():
                # What seals say of single rows is gone with their table: then the rows are named together.
                all_rows = not touched.isdisjoint(CHAIN) and table != "event"
                named = any(
                    mentions(problem, table) if all_rows else begins in problem.says for problem in problems
                )
                if table not in touched and (table, "seal" in touched) != ("event", True) and not named:
                    hidden.append(f"{', '.join(map(str, changed))}: hide {begins}")
    assert unseen == []
    assert hidden == []
    assert tried > 700


def mentions_schema(problem: RecordProblem, mutation: Mutation) -> bool:
    """Whether a problem names the table, index, trigger or view that was changed."""
    named = re.search(r"(trigger|index|view) (\w+)", mutation.kind)
    names = {mutation.table, "more", f"{mutation.table}_own", *([named[2]] if named else [])}
    about = re.match(r"the (tables?|triggers?|index|indexes|views?) (.*)", problem.says)
    if mutation.table == "_sqlite_migrations" and problem.says.startswith("the upgrade"):
        return True
    return about is not None and not names.isdisjoint(re.findall(r"\w+", about[2]))


OLDER = Path(__file__).parent / "files" / "made-by-0.1.0.db.xz"


@pytest.mark.parametrize("file", ["new", "of 0.1.0, brought up to date"])
def test_no_sealed_row_is_replaced_by_any_of_its_keys(file: str, made: Path, tmp_path: Path) -> None:
    """By the triggers alone, as on any connection: recursive triggers are off, so that deletion asks none."""
    path = made
    if file != "new":
        path = tmp_path / "older.db"
        path.write_bytes(lzma.decompress(OLDER.read_bytes()))
        open_programme(path).conn.close()
    with closing(sqlite3.connect(path)) as connection:
        refuse_to_replace(Database(connection))


def refuse_to_replace(db: Database) -> None:
    tried = 0
    for table in [*(table.name for table in sealed_tables(db.conn)), "event", "seal", "sealed_rows"]:
        columns, before = columns_in(db.conn, table), db.execute(f'select * from "{table}"').fetchall()
        if not before:
            continue
        for key in keys_of(db.conn, table):
            # A copy of the first row that has this key in common with it, and no other.
            values = [name if name in key else OTHERS["another"].format(c=name) for name in columns]
            if columns[0] not in key:
                values[0] = f"(select max({columns[0]}) + 1 from {table})"
            # No two rows clash where there is nothing; keys with a mark put a value in its place.
            test = "is null" if (with_mark := not set(key).isdisjoint(MARKS)) else "is not null"
            which = " and ".join(f"{name} {test}" for name in key if name in MARKS or not with_mark)
            if not db.execute(f"select 1 from {table} where {which}").fetchone():
                continue
            row = f"select {', '.join(values)} from {table} where {which} limit 1"
            same = ", ".join(f"{name} = (select {name} from {table} limit 1)" for name in key)
            for change in (
                f"insert or replace into {table} {row}",
                f"replace into {table} {row}",
                *([f"update or replace {table} set {same}"] if len(before) > 1 else []),
            ):
                tried += 1
                with pytest.raises(sqlite3.IntegrityError, match=f"rows of {table} are never changed"):
                    db.execute(change)
        assert db.execute(f'select * from "{table}"').fetchall() == before
    assert tried > 150


MARKS = ("withdrawn_event", "done_event", "closed_event", "disabled_event")


def keys_of(connection: sqlite3.Connection, table: str) -> list[list[str]]:
    """The columns that no two rows have in common, index by index, expressions by the columns in them."""
    keys = [["id"] if "id" in columns_in(connection, table) else ["event_id"]]
    unique = connection.execute(
        "select i.name, m.sql from pragma_index_list(?) i join sqlite_master m on m.name = i.name"
        ' where "unique"',
        [table],
    ).fetchall()
    for name, sql in unique:
        if sql is None:
            found = connection.execute("select name from pragma_index_info(?)", [name])
            keys.append([column for (column,) in found])
        else:
            inside = sql.partition("(")[2]
            keys.append([c for c in columns_in(connection, table) if re.search(rf"\b{c}\b", inside)])
    return keys
