"""The schema of a file compared with what its upgrades make: tables, indexes, triggers and views.

What the upgrades make is found by applying those that the file has recorded, in memory. Everything else was
made by hand: a trigger that is gone or was added, a view that says something else, a column more or less.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache

from programme.database import Database, Migrations, rows, upgrades_of
from programme.seals import SealedTable, columns_of, give_salts, index_marks, sealed_tables
from rules.words import listed

OBJECTS = """
select name, type, tbl_name as of_table, coalesce(sql, '') as sql from main.sqlite_master
where name not like 'sqlite\\_%' escape '\\' order by type = 'table' desc, type, name
"""
KINDS = {"table": "tables", "index": "indexes", "trigger": "triggers", "view": "views"}
EXACT_SINCE = "rows_never_replaced"
"""Before this upgrade, versions made triggers and views in words of their own."""


@dataclass(frozen=True)
class Made:
    """What upgrades make in an empty file."""

    objects: tuple[dict[str, str], ...]
    """Tables, indexes, triggers and views, each with name, type, of_table and sql."""
    sealed: tuple[SealedTable, ...]
    columns: dict[str, list[str]]
    """The columns of every table."""


@dataclass(frozen=True)
class Shape:
    """What the upgrades of a file make, and in what the file differs from it."""

    made: Made
    missing_tables: tuple[str, ...]
    """The tables that are not there, or are views."""
    differences: tuple[tuple[str, str, str], ...]
    """Kind (missing, inserted, changed), what it is about, and a sentence."""
    older: tuple[str, ...]
    """What cannot be compared, since an older version made it: sentences."""


def shape_of(db: Database, sets: Sequence[Migrations]) -> Shape:
    """The shape of a file, compared with what the upgrades in `sets` make that it has recorded."""
    recorded = _recorded(db)
    objects = {(row["type"], row["name"]) for row in rows(db, OBJECTS)}
    applied: set[tuple[str, str]] = set()
    for group in sets:
        known = [(group.name, name) for name in group.names]
        last = max((number for number, one in enumerate(known, start=1) if one in recorded), default=0)
        if not last and _is_there(objects, applied, known, sets):
            last = len(known)
        applied.update(known[:last])
    made = _made(tuple(sets), frozenset(applied))
    return _compared(db, made, recorded, applied, sets)


def _recorded(db: Database) -> set[tuple[str, str]]:
    try:
        return upgrades_of(db)
    except sqlite3.OperationalError:
        # The table has other columns: none is recorded in it.
        return set()


def _is_there(
    objects: set[tuple[str, str]],
    applied: set[tuple[str, str]],
    more: Sequence[tuple[str, str]],
    sets: Sequence[Migrations],
) -> bool:
    """Whether a file has what upgrades make of which it has recorded none."""
    without = {row["name"] for row in _made(tuple(sets), frozenset(applied)).objects}
    made = _made(tuple(sets), frozenset({*applied, *more})).objects
    return any((row["type"], row["name"]) in objects for row in made if row["name"] not in without)


@lru_cache(maxsize=4)
def _made(sets: tuple[Migrations, ...], applied: frozenset[tuple[str, str]]) -> Made:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        made = Database(connection)
        give_salts(connection, lambda: "0" * 32)
        made.execute("begin")
        for group in sets:
            group.apply(made, {name for set_name, name in applied if set_name == group.name})
            if columns_of(connection, "seal"):
                # Marks have an index since events are sealed.
                index_marks(connection)
        made.execute("commit")
        objects = rows(made, OBJECTS)
        tables = [row["name"] for row in objects if row["type"] == "table"]
        return Made(
            tuple(objects),
            tuple(sealed_tables(connection)),
            {name: columns_of(connection, name) for name in tables},
        )


def _compared(
    db: Database,
    made: Made,
    recorded: set[tuple[str, str]],
    applied: set[tuple[str, str]],
    sets: Sequence[Migrations],
) -> Shape:
    expected = {row["name"]: row for row in made.objects}
    found = {row["name"]: row for row in rows(db, OBJECTS)}
    missing = [
        name
        for name, row in expected.items()
        if row["type"] == "table" and found.get(name, {"type": ""})["type"] != "table"
    ]
    differences = list(_wrong_upgrades(recorded, applied))
    is_exact = all((group.name, EXACT_SINCE) in applied for group in sets if EXACT_SINCE in group.names)
    kinds = [*KINDS] if is_exact else ["table", "index"]
    gone = [row for row in expected.values() if row["name"] not in found and row["type"] in kinds]
    for kind in kinds[1:]:
        differences += _named(gone, kind, missing)
    for name, row in found.items():
        if row["type"] not in kinds:
            continue
        what = f"{row['type']} {name}"
        wanted = expected.get(name)
        if wanted is None:
            differences.append(("inserted", what, f"the {what}{_of(row)} was added by hand."))
        elif (wanted["type"], wanted["of_table"], wanted["sql"]) != (
            row["type"],
            row["of_table"],
            row["sql"],
        ):
            says = (
                f"the {what}{_of(row)} is not the one that this software makes: it was changed or replaced."
            )
            differences.append(("changed", what, says))
    older = () if is_exact else ("its triggers and views, which an older version made",)
    return Shape(made, tuple(missing), tuple(differences), older)


def _wrong_upgrades(
    recorded: set[tuple[str, str]], applied: set[tuple[str, str]]
) -> Iterator[tuple[str, str, str]]:
    """What was done by hand to the list of upgrades."""
    for _, name in sorted(recorded - applied, key=str):
        says = f"the upgrade {name} is not known: a newer version recorded it, or it was inserted by hand."
        yield "inserted", f"upgrade {name}", says
    for _, name in sorted(applied - recorded):
        says = f"the upgrade {name} is missing from the list, though the file has had it."
        yield "missing", f"upgrade {name}", says


def _of(row: dict[str, str]) -> str:
    return f" of {row['of_table']}" if row["type"] in ("trigger", "index") else ""


def _named(
    gone: Sequence[dict[str, str]], kind: str, missing: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """What is gone, in one sentence for each table; what went with its table is not named."""
    of_tables: dict[str, list[str]] = {}
    for row in gone:
        if row["type"] == kind and row["of_table"] not in missing:
            of_tables.setdefault(row["of_table"], []).append(row["name"])
    for table, names in of_tables.items():
        what = f"{kind if len(names) == 1 else KINDS[kind]} {listed(names)}"
        of_table = f" of {table}" if kind in ("trigger", "index") else ""
        verb = "is" if len(names) == 1 else "are"
        yield "missing", what, f"the {what}{of_table} {verb} missing."
