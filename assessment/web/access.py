"""Who may see the pages, which database they show, and reading from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from datasette import Forbidden
from sqlite_utils import Database

from assessment.web.compat import allowed
from evidence.database import APPLICATION_ID
from rules.errors import DatabaseUnusable

T = TypeVar("T")


class NoWorkingDatabase(DatabaseUnusable):
    """This Datasette serves no working database."""

    def __init__(self) -> None:
        super().__init__(
            "this Datasette serves no working database of joint reviews",
            hint="Start it over one: joint-review serve --db programme.db",
        )


async def working_database(datasette: Any, actor: dict[str, Any] | None) -> Any:
    """The working database, if the actor may see it; raises Forbidden or NoWorkingDatabase.

    Plugin pages run their own SQL and pass by every allow block, so each asks here first. Allowed is who
    is signed in and may see both this instance and the working database by Datasette's own rules: an
    anonymous visitor never is, whatever the metadata says.
    """
    if not await allowed(datasette, actor, "view-instance"):
        raise Forbidden("view-instance")
    database = await find_working_database(datasette)
    if database is None:
        raise NoWorkingDatabase
    if actor is None or not await allowed(datasette, actor, "view-database", database.name):
        raise Forbidden("view-database")
    return database


async def find_working_database(datasette: Any) -> Any:
    """The first database that carries the application id of working databases; None if there is none."""
    for database in datasette.databases.values():
        if not database.is_memory and await database.execute_fn(_application_id) == APPLICATION_ID:
            return database
    return None


def _application_id(connection: Any) -> int:
    """The mark of the file; 0 for a file that cannot be read, which may be another one's trouble."""
    try:
        return int(connection.execute("pragma application_id").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0


async def read(database: Any, question: Callable[[Database], T]) -> T:
    """What `question` finds, in one of Datasette's reading threads and in one read transaction."""

    def ask(connection: Any) -> T:
        # Nothing is set on Datasette's connection: no pragma, no plugin of sqlite-utils.
        db = Database(connection, recursive_triggers=False, execute_plugins=False)
        connection.execute("begin")
        try:
            return question(db)
        finally:
            connection.rollback()

    found: T = await database.execute_fn(ask)
    return found
