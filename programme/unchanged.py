"""Reading a working database without changing one byte of it, and without leaving anything beside it.

SQLite writes beside a database even for those who only read: for a log (`-wal`) it keeps an index in shared
memory (`-shm`). Four cases, told apart by what lies there:

    no log              nobody has it open: read as a file that does not change, and read again if it did
    a log and an index  another process may have it open, or was killed: both are read, neither is written
    a log, no index     copied, or left over: read from a copy in a temporary folder
    a rollback journal  likewise, if a process was killed while it wrote

A log or journal that belongs to another database (see `logs`) is not read.

This holds for a backup, for media that cannot be written, and for the file of a server that is running.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from programme.database import BUSY_MS, CACHE_KB, Database, refuse_cut_short, said_plainly
from programme.logs import APPLICATION_ID, has_own_log
from rules.errors import DatabaseUnusable
from rules.remedy import CloseDatabase, Give, Part

Result = TypeVar("Result")
TRIES = 5
"""How often a file is read again that others changed while it was read as one that does not change."""
WAL_FORMAT = 2
"""The byte in a database's header that says it is written through a log."""
NO_INDEX = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL)
"""The kinds of error with which SQLite refuses to read a log whose index it may not write."""


def read_unchanged(path: Path, work: Callable[[Database], Result]) -> Result:
    """What `work` makes of the database at `path`, which is neither upgraded nor changed by a byte.

    `work` sees one state of the file if it reads within one transaction. It is called again, at most four
    times, if others changed the file meanwhile. Raises DatabaseUnusable when there is no working database
    that can be read, or when it changed every time.
    """
    for _ in range(TRIES):
        before = _state(path)
        try:
            with said_plainly(path, reading=True), _opened(path) as (connection, can_change):
                done = work(Database(connection))
        except (sqlite3.DatabaseError, DatabaseUnusable):
            # Half of an old and half of a new state may look damaged.
            if _state(path) == before:
                raise
            continue
        if not can_change or _state(path) == before:
            return done
    raise DatabaseUnusable(f"{path} changes all the time", remedies=[CloseDatabase()])


def _state(path: Path) -> tuple[object, ...]:
    """What differs once others write: the file itself, and whether there is a log."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, _beside(path, "-wal").exists()


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _holds_something(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


@contextmanager
def _opened(path: Path) -> Iterator[tuple[sqlite3.Connection, bool]]:
    """A connection that changes nothing, and whether it would not notice what others change meanwhile."""
    if not path.is_file():
        raise DatabaseUnusable(f"there is no database at {path}", remedies=[Give(Part.DATABASE)])
    refuse_cut_short(path)
    with path.open("rb") as file:
        through_log = file.read(20)[19:] == bytes([WAL_FORMAT])
    if not has_own_log(path):
        # What belongs to another database is as good as not there.
        with _connected(path, "mode=ro&immutable=1") as connection:
            yield connection, True
        return
    log, index, journal = (_beside(path, suffix) for suffix in ("-wal", "-shm", "-journal"))
    if _holds_something(log) and not index.exists():
        with _copied(path, log) as connection:
            yield connection, True
    elif index.exists() and (_holds_something(log) or (through_log and log.exists())):
        with _with_log(path) as connection:
            yield connection, False
    elif through_log:
        with _connected(path, "mode=ro&immutable=1") as connection:
            yield connection, True
    elif _holds_something(journal):
        with _with_journal(path, journal) as (connection, is_copy):
            yield connection, is_copy
    else:
        with _connected(path, "mode=ro") as connection:
            yield connection, False


@contextmanager
def _with_log(path: Path) -> Iterator[sqlite3.Connection]:
    for how in ("mode=ro&readonly_shm=1", "mode=ro"):
        with closing(_connect(path, how)) as connection:
            if how == "mode=ro" or _can_be_read(connection):
                yield _checked(connection, path)
                return


@contextmanager
def _with_journal(path: Path, journal: Path) -> Iterator[tuple[sqlite3.Connection, bool]]:
    with closing(_connect(path, "mode=ro")) as connection:
        if _can_be_read(connection):
            yield _checked(connection, path), False
            return
    with _copied(path, journal) as connection:
        yield connection, True


@contextmanager
def _copied(path: Path, beside: Path) -> Iterator[sqlite3.Connection]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(beside, copy.with_name(beside.name))
        with _connected(copy, "mode=rw") as connection:
            yield connection


@contextmanager
def _connected(path: Path, how: str) -> Iterator[sqlite3.Connection]:
    with closing(_connect(path, how)) as connection:
        yield _checked(connection, path)


def _connect(path: Path, how: str) -> sqlite3.Connection:
    address = f"{path.resolve().as_uri()}?{how}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_MS / 1000)


def _can_be_read(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in NO_INDEX:
            return False
        raise
    return True


def _checked(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    connection.execute(f"pragma cache_size=-{CACHE_KB}")
    if connection.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
        raise DatabaseUnusable(
            f"{path} is a SQLite file, but not a joint-review database", remedies=[Give(Part.DATABASE)]
        )
    return connection
