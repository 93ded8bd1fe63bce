"""Who may see the pages, which database they show, reading from it and writing to it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from joint_review.web.compat import Forbidden, allowed
from programme.backup import keep_what_is_open
from programme.database import Database, said_plainly
from programme.databasefile import ServedFile
from programme.hidden import as_pages, as_writer
from programme.logs import APPLICATION_ID, set_log_aside
from programme.permissions import MAY, OWNER, OWNER_ROLES, Action, Actor, Held, Role, make_actor
from rules.errors import DatabaseUnusable
from rules.remedy import ServePages

T = TypeVar("T")
LOG = logging.getLogger("joint-review")
"""What nobody foresaw, for who runs the server; where the log cannot be written, that stops nothing."""
WRITE_WAITS = 45.0
"""Seconds that a form waits for somebody else's writing: as long as browsers and proxies (a minute, mostly)
wait for an answer."""
OF_DATASETTE = frozenset(
    {
        "view-instance",
        "view-database",
        "view-database-download",
        "view-table",
        "view-query",
        "execute-sql",
        "permissions-debug",
        "debug-menu",
    }
)
"""What Datasette asks for on its own pages."""
TO_NOBODY = frozenset(
    {
        "view-database-download",
        "execute-write-sql",
        "create-table",
        "create-view",
        "store-query",
        "insert-row",
        "delete-row",
        "update-row",
        "alter-table",
        "set-column-type",
        "drop-table",
        "drop-view",
        "update-query",
        "delete-query",
    }
)
"""What is open to nobody beside a working database: to have its file, which holds what its tables hide, and
(Datasette 1.0) to write past the record of events."""


FILES: WeakKeyDictionary[Any, ServedFile] = WeakKeyDictionary()
"""The file of every working database that is served, as it was at the start."""


class NoWorkingDatabase(DatabaseUnusable):
    """This Datasette serves no working database."""

    def __init__(self) -> None:
        super().__init__(
            "this Datasette serves no working database of joint reviews",
            remedies=[ServePages()],
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
    try:
        held = [Held(Role(role), review) for role, review in said.get("held") or ()]
    except (TypeError, ValueError):
        held = []  # not said by us: another plugin's way to sign in holds no role here
    return make_actor(str(said.get("id")), held)


def sees_tables(said: Mapping[str, Any] | None) -> bool:
    """Whether Datasette's own pages, which show the rows of every review, are open to who is signed in.

    `all_reviews`, not `held`: who codes items blind is given no role in it (see `signin.find_actor`).
    """
    if not said:
        return False
    roles = said.get("all_reviews")
    allowed = MAY[Action.SEE_ALL_REVIEWS]
    return said.get("id") == OWNER or (isinstance(roles, list) and any(role in allowed for role in roles))


async def closed(datasette: Any, said: Mapping[str, Any] | None, action: str) -> bool:
    """Whether Datasette is to refuse one of its own actions, whatever it was told in its metadata.

    Where a working database is served, nothing of Datasette's own opens to who may not see all reviews.
    """
    refused = action in TO_NOBODY or (action in OF_DATASETTE and not sees_tables(said))
    return refused and await find_working_database(datasette) is not None


async def find_working_database(datasette: Any) -> Any:
    """The first database that carries the application id of working databases; None if there is none."""
    for database in datasette.databases.values():
        if await _is_working(database):
            await _watch(database)
            return database
    return None


def set_logs_aside(datasette: Any) -> None:
    """Put aside the logs of other databases beside those that are served, before these are opened."""
    for database in datasette.databases.values():
        if database.path and database.is_mutable and Path(database.path).exists():
            for kept in set_log_aside(Path(database.path)):
                LOG.warning(
                    "A file that belongs to another database was beside %s: see %s", database.path, kept
                )


async def _watch(database: Any) -> None:
    """Know the file of a database from now on."""
    if database in FILES or not database.is_mutable or not database.path:
        return

    def opened(connection: Any) -> ServedFile | None:
        # The one connection that writes is open now, and so is the log.
        try:
            connection.execute("pragma journal_mode=wal")
            connection.execute("select 1 from sqlite_master").fetchone()
            return ServedFile(Path(database.path))
        except (sqlite3.Error, OSError) as error:
            LOG.error("%s", error, exc_info=error)
            return None

    if (file := await database.execute_write_fn(opened)) is not None:
        FILES[database] = file


async def what_changed(datasette: Any) -> str:
    """What happened to the file of a database since the server was started, in words; nothing if all is well.

    What the server has open of it is copied to a file beside it, once.
    """
    for database in datasette.databases.values():
        file = FILES.get(database)
        if file is None:
            continue
        known = file.wrong
        if (wrong := file.what_changed()) and not known:
            await database.execute_write_fn(lambda connection, file=file: _keep(connection, file))
        if wrong:
            return wrong
    return ""


def _keep(connection: Any, file: ServedFile) -> None:
    """Keep what is open of a file that is no longer there, and tell who runs the server."""
    said = f"{file.path} {file.wrong} while this server had it open: nothing more is written to it"
    try:
        kept = keep_what_is_open(connection, file.path)
    except (DatabaseUnusable, OSError, sqlite3.Error) as error:
        LOG.error("%s. What the server had open could not be kept: %s", said, error)
    else:
        LOG.error("%s. What the server had open is kept as %s (head %s)", said, kept.kept, kept.head)


async def _is_working(database: Any) -> bool:
    return not database.is_memory and await database.execute_fn(_application_id) == APPLICATION_ID


def _application_id(connection: Any) -> int:
    """The mark of the file; 0 for a file that cannot be read, which may be another one's trouble."""
    try:
        return int(connection.execute("pragma application_id").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0


async def read(database: Any, question: Callable[[Database], T]) -> T:
    """What `question` finds, in one of Datasette's reading threads and in one read transaction."""

    def ask(connection: Any) -> T:
        db = Database(connection)
        with said_plainly(), as_pages(connection):
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
    command line's is: without transactions that Python begins by itself, and with plain rows. While another
    process writes (an import, say), it waits for WRITE_WAITS, counted from the call: of many that come
    meanwhile none waits for the others' waiting, too.
    """
    called, file = monotonic(), FILES.get(database)

    def do(connection: Any) -> tuple[T | None, Exception | None]:
        kept = connection.isolation_level, connection.row_factory
        connection.isolation_level = connection.row_factory = None
        left = max(WRITE_WAITS - (monotonic() - called), 0.1)
        connection.execute(f"pragma busy_timeout={int(left * 1000)}")
        connection.execute("pragma recursive_triggers=on")
        # As some systems build SQLite, what was answered as saved could be lost when the power fails.
        connection.execute("pragma synchronous=full")
        try:
            with as_writer(connection):
                if file is not None and not file.wrong and file.what_changed():
                    _keep(connection, file)
                return change(Database(connection, file=file)), None
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
