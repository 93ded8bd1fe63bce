"""How a table is described, once, as SQL with comments: its DDL, and what people read about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from textwrap import dedent
from typing import NamedTuple

from programme.database import Database

COMMENT = " -- "
"""What a description follows, as a comment in SQL."""


class Column(NamedTuple):
    """A column: its SQL, that is its name, type and constraints, and what people read about it."""

    sql: str
    description: str

    @property
    def name(self) -> str:
        """The first word of its SQL."""
        return self.sql.split(" ", 1)[0]


@dataclass(frozen=True)
class Table:
    """A table (or view): what it holds, its columns, and what belongs to it."""

    name: str
    description: str
    columns: tuple[Column, ...]
    constraints: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    label: str = ""
    facets: tuple[str, ...] = ()
    sort: str = ""
    select: str = field(default="", repr=False)
    """For a view: its SELECT."""
    never_changed: bool = False
    """Whether its rows, once stored, are never changed, deleted or replaced."""

    @property
    def create_sql(self) -> str:
        """The statement that creates the table or view."""
        if self.select:
            return f"create view {self.name} as\n{self.select}"
        lines = [f"  {column.sql}" for column in self.columns]
        lines += [f"  {constraint}" for constraint in self.constraints]
        return f"create table {self.name} (\n" + ",\n".join(lines) + "\n)"


def table(
    text: str,
    *,
    label: str = "",
    facets: tuple[str, ...] = (),
    sort: str = "",
    select: str = "",
    never_changed: bool = False,
) -> Table:
    """The table (or view) that a text describes in the words of SQL.

    Its first line has the name, and as comment what the table holds. The lines under it, indented by two, are
    its columns, each with its description as comment, and its constraints; those indented by more go on with
    the line above. Statements that create its indexes come last, and are not indented:

        chapter -- The chapters of books.
          id integer primary key -- Number of the row.
          book_id integer not null references book(id) -- The book.
          number integer not null check (number > 0)
            -- Its place in the book, from 1.
          unique (book_id, number)
        create index chapter_of_book on chapter(book_id)
    """
    listed, *indexes = re.split(r"\n(?=\w)", dedent(text).strip())
    head, *lines = re.split(r"\n  (?=\w)", listed)
    name, description = _with_comment(head)
    return Table(
        name,
        description,
        columns=tuple(Column(*_with_comment(line)) for line in lines if COMMENT in line),
        constraints=tuple(_in_one_line(line) for line in lines if COMMENT not in line),
        indexes=tuple(map(_in_one_line, indexes)),
        label=label,
        facets=facets,
        sort=sort,
        select=select,
        never_changed=never_changed,
    )


def columns(text: str) -> tuple[Column, ...]:
    """The columns that a later version adds to a table, listed as in the text of a `table`, not indented."""
    return tuple(Column(*_with_comment(line)) for line in re.split(r"\n(?=\w)", dedent(text).strip()))


def _with_comment(listed: str) -> tuple[str, str]:
    sql, *comment = _in_one_line(listed).split(COMMENT)
    return sql, " ".join(comment)


def _in_one_line(listed: str) -> str:
    return " ".join(listed.split())


def add_columns(db: Database, name: str, more: tuple[Column, ...]) -> None:
    """Give a table that is there more columns, at its end."""
    for column in more:
        db.conn.execute(f"alter table {name} add column {column.sql}")


def create(db: Database, tables: tuple[Table, ...]) -> None:
    """Create tables and views with their indexes and triggers, in order."""
    for one in tables:
        db.conn.execute(one.create_sql)
        for index in one.indexes:
            db.conn.execute(index)
        if one.never_changed:
            refuse_changes(db, one.name)


def refuse_changes(db: Database, table: str) -> None:
    """Give a table the triggers that refuse to change, delete or replace its rows, instead of those it has.

    'insert or replace' takes the rows away that have a key of the new one, and asks no trigger of deletion:
    a row with a key that is there already is refused before it is stored.
    """
    _refuse(db, table, f"update on {table}")


def refuse_other_changes(db: Database, table: str, *marks: str) -> None:
    """Likewise, but for marks: columns that are empty at first and that an event fills, once.

    'update or replace' of a mark is refused where it would take another row away that has its new key.
    """
    columns = [name for (name,) in db.conn.execute("select name from pragma_table_info(?)", [table])]
    kept = ["rowid", *(name for name in columns if name not in marks)]
    changes = [f"old.{name} is not new.{name}" for name in kept]
    changes += [f"(old.{mark} is not null and old.{mark} is not new.{mark})" for mark in marks]
    for key in _keys_of(db, table):
        if set(marks) & set(re.findall(r"\w+", " ".join(key.parts))):
            found = f"select 1 from {table} where rowid <> new.rowid and {key.same(columns)}"
            changes.append(f"exists ({found})")
    _refuse(db, table, f"update on {table} when " + " or ".join(changes))


def _refuse(db: Database, table: str, update: str) -> None:
    refuse = f"begin select raise(abort, 'rows of {table} are never changed'); end"
    columns = [name for (name,) in db.conn.execute("select name from pragma_table_info(?)", [table])]
    same = " or ".join(f"({key.same(columns)})" for key in _keys_of(db, table))
    for verb, asks in (
        ("update", update),
        ("delete", f"delete on {table}"),
        ("replace", f"insert on {table} when exists (select 1 from {table} where {same})"),
    ):
        db.conn.execute(f"drop trigger if exists {table}_never_{verb}")
        db.conn.execute(f"create trigger {table}_never_{verb} before {asks} {refuse}")


@dataclass(frozen=True)
class _Key:
    """What tells the rows of a table apart: columns or expressions; `only`: the rows that it holds for."""

    parts: tuple[str, ...]
    only: str = ""

    def same(self, columns: Sequence[str]) -> str:
        """SQL: a row has this key in common with `new`."""
        tests = [f"{part} = {_of_new(part, columns)}" for part in self.parts]
        if self.only:
            tests += [f"({self.only})", f"({_of_new(self.only, columns)})"]
        return " and ".join(tests)


def _of_new(expression: str, columns: Sequence[str]) -> str:
    names = "|".join(map(re.escape, ("rowid", *columns)))
    return re.sub(rf"\b({names})\b", r"new.\1", expression)


INDEX = re.compile(r"create unique index \w+ on \w+ ?\((?P<parts>.*?)\)(?: where (?P<only>.*))?", re.I | re.S)
BETWEEN = re.compile(r",\s*(?![^()]*\))")
"""The commas of a list, not those within brackets."""


def _keys_of(db: Database, table: str) -> list[_Key]:
    """What tells the rows of a table apart: `rowid`, its number, and every unique index."""
    keys = [_Key(("rowid",))]
    unique = db.conn.execute(
        "select i.name, m.sql from pragma_index_list(?) i join sqlite_master m on m.name = i.name"
        ' where "unique" order by i.name',
        [table],
    )
    for index, sql in unique.fetchall():
        if sql is None:
            columns = db.conn.execute("select name from pragma_index_info(?) order by seqno", [index])
            keys.append(_Key(tuple(name for (name,) in columns)))
        elif found := INDEX.fullmatch(sql):
            keys.append(_Key(tuple(BETWEEN.split(found["parts"])), found["only"] or ""))
        else:
            raise ValueError(f"the index {index} of {table} is not written as the others are: {sql}")
    return keys


def with_columns(tables: tuple[Table, ...], name: str, more: tuple[Column, ...]) -> tuple[Table, ...]:
    """The tables, one of them with the columns that a later version added at its end."""
    return tuple(replace(one, columns=(*one.columns, *more)) if one.name == name else one for one in tables)
