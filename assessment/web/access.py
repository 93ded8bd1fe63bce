"""Who may see the pages, which database they show, reading from it and writing to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from datasette import Forbidden
from sqlite_utils import Database

from assessment.permissions import OWNER, OWNER_ROLES, Action, Actor, Held, Role, make_actor
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


async def working_database(
    datasette: Any,
    said: Mapping[str, Any] | None,
    action: Action = Action.SEE_REVIEW,
    review: str | None = None,
) -> Any:
    """The working database, if who is signed in may do this; raises Forbidden or NoWorkingDatabase.

    `review` is the key of the review it is done to; without one, being allowed it for any review is enough.
    Plugin pages run their own SQL and pass by every allow block, so each asks here first, before anything is
    looked up: what is refused and what does not exist are answered alike. An anonymous visitor may nothing,
    whatever the metadata says.
    """
    actor = actor_of(said)
    if actor is None:
        raise Forbidden("sign in first")
    if actor.name == OWNER and not await allowed(datasette, dict(said or {}), "view-instance"):
        raise Forbidden("view-instance")
    may = actor.reviews(action) != frozenset() if review is None else actor.may(action, review)
    if not may:
        raise Forbidden(action.value)
    database = await find_working_database(datasette)
    if database is None:
        raise NoWorkingDatabase
    return database


def actor_of(said: Mapping[str, Any] | None) -> Actor | None:
    """Who a request is from, from what Datasette holds of them; None for nobody."""
    if not said:
        return None
    if said.get("id") == OWNER:
        return make_actor(OWNER, OWNER_ROLES)
    held = [Held(Role(role), review) for role, review in said.get("held", ())]
    return make_actor(str(said.get("id")), held)


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


async def write(database: Any, change: Callable[[Database], T]) -> T:
    """What `change` gives, in Datasette's one writing thread; see `writing` for who calls this.

    `change` opens a transaction itself, like everything that writes. The connection is handed over as the
    command line's is: without transactions that Python begins by itself, and with plain rows.
    """

    def do(connection: Any) -> tuple[T | None, Exception | None]:
        kept = connection.isolation_level, connection.row_factory
        connection.isolation_level = connection.row_factory = None
        try:
            return change(Database(connection, execute_plugins=False)), None
        except Exception as error:
            # Handed back, since Datasette would print what is raised in this thread.
            return None, error
        finally:
            if connection.in_transaction:
                connection.rollback()
            connection.isolation_level, connection.row_factory = kept

    done, error = await database.execute_write_fn(do)
    if error is not None:
        raise error
    given: T = done
    return given
