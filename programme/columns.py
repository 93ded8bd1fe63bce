"""How a table is described, once: its DDL, and what people read about it and its columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from programme.database import Database


@dataclass(frozen=True)
class Column:
    """A column: its SQL type with constraints, and what people read about it."""

    name: str
    sql: str
    description: str


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
        lines = [f"  {column.name} {column.sql}" for column in self.columns]
        lines += [f"  {constraint}" for constraint in self.constraints]
        return f"create table {self.name} (\n" + ",\n".join(lines) + "\n)"


def create(db: Database, tables: tuple[Table, ...]) -> None:
    """Create tables and views with their indexes and triggers, in order."""
    for table in tables:
        db.conn.execute(table.create_sql)
        for index in table.indexes:
            db.conn.execute(index)
        if table.never_changed:
            refuse_changes(db, table.name)


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


ID = Column("id", "integer primary key", "Number of the row.")


def with_columns(tables: tuple[Table, ...], name: str, more: tuple[Column, ...]) -> tuple[Table, ...]:
    """The tables, one of them with the columns that a later version added at its end."""
    return tuple(
        replace(table, columns=(*table.columns, *more)) if table.name == name else table for table in tables
    )
