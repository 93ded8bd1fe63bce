"""How a table is described, once: its DDL, and what people read about it and its columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlite_utils import Database


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

    @property
    def create_sql(self) -> str:
        """The statement that creates the table or view."""
        if self.select:
            return f"create view {self.name} as\n{self.select}"
        lines = [f"  {column.name} {column.sql}" for column in self.columns]
        lines += [f"  {constraint}" for constraint in self.constraints]
        return f"create table {self.name} (\n" + ",\n".join(lines) + "\n)"


def create(db: Database, tables: tuple[Table, ...]) -> None:
    """Create tables and views with their indexes, in order."""
    for table in tables:
        db.conn.execute(table.create_sql)
        for index in table.indexes:
            db.conn.execute(index)


def never_changed(table: str, key: str) -> tuple[str, ...]:
    """Triggers that refuse any change of a table; 'insert or replace' deletes without asking them."""
    refuse = f"begin select raise(abort, 'rows of {table} are never changed'); end"
    return (
        f"create trigger {table}_never_update before update on {table} {refuse}",
        f"create trigger {table}_never_delete before delete on {table} {refuse}",
        f"create trigger {table}_never_replace before insert on {table}"
        f" when exists (select 1 from {table} where {key} = new.{key}) {refuse}",
    )


ID = Column("id", "integer primary key", "Number of the row.")


def with_columns(tables: tuple[Table, ...], name: str, more: tuple[Column, ...]) -> tuple[Table, ...]:
    """The tables, one of them with the columns that a later version added at its end."""
    return tuple(
        replace(table, columns=(*table.columns, *more)) if table.name == name else table for table in tables
    )
