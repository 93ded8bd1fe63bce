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
    applied = upgrades_of(db)
    return _compared(db, _made(tuple(sets), frozenset(applied)), applied, sets)


@lru_cache(maxsize=4)
def _made(sets: tuple[Migrations, ...], applied: frozenset[tuple[str, str]]) -> Made:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        made = Database(connection)
        give_salts(connection, lambda: "0" * 32)
        made.execute("begin")
        for group in sets:
            group.apply(made, {name for set_name, name in applied if set_name == group.name})
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
    differences = list(_wrong_upgrades(applied, sets))
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
    applied: set[tuple[str, str]], sets: Sequence[Migrations]
) -> Iterator[tuple[str, str, str]]:
    """What was done by hand to the list of upgrades, which are applied in their order."""
    known = {(group.name, name) for group in sets for name in group.names}
    for _, name in sorted(applied - known, key=str):
        says = f"the upgrade {name} is not known: a newer version recorded it, or it was inserted by hand."
        yield "inserted", f"upgrade {name}", says
    for group in sets:
        there = [(group.name, name) in applied for name in group.names]
        for number, name in enumerate(group.names):
            if not there[number] and any(there[number + 1 :]):
                says = f"the upgrade {name} is missing from the list, though later ones are in it."
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
