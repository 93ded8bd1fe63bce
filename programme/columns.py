"""How a table is described, once, as SQL with comments: its DDL, and what people read about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from textwrap import dedent

from programme.database import Database

COMMENT = " -- "
"""What a description follows, as a comment in SQL."""


@dataclass(frozen=True)
class Column:
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
    refuse = f"begin select raise(abort, 'rows of {table} are never changed'); end"
    same = " or ".join(
        "(" + " and ".join(f"{column} = new.{column}" for column in key) + ")" for key in _keys_of(db, table)
    )
    for verb, asks in (
        ("update", f"update on {table}"),
        ("delete", f"delete on {table}"),
        ("replace", f"insert on {table} when exists (select 1 from {table} where {same})"),
    ):
        db.conn.execute(f"drop trigger if exists {table}_never_{verb}")
        db.conn.execute(f"create trigger {table}_never_{verb} before {asks} {refuse}")


def _keys_of(db: Database, table: str) -> list[tuple[str, ...]]:
    """The columns that tell the rows of a table apart: `rowid`, its number, and all that are unique."""
    keys: list[tuple[str, ...]] = [("rowid",)]
    unique = db.conn.execute('select name from pragma_index_list(?) where "unique" order by name', [table])
    for (index,) in unique.fetchall():
        columns = db.conn.execute("select name from pragma_index_info(?) order by seqno", [index])
        keys.append(tuple(name for (name,) in columns))
    return keys


def with_columns(tables: tuple[Table, ...], name: str, more: tuple[Column, ...]) -> tuple[Table, ...]:
    """The tables, one of them with the columns that a later version added at its end."""
    return tuple(replace(one, columns=(*one.columns, *more)) if one.name == name else one for one in tables)
