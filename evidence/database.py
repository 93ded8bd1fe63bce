"""Opening, creating and upgrading the working database; transactions; the event record."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from evidence import schema
from rules.errors import DatabaseUnusable

APPLICATION_ID = 0x4A526576
"""Marks a SQLite file as a joint-review working database ('JRev')."""

BUSY_MS = 30_000
"""How long a writer waits for another one before giving up."""


def create_database(path: Path, migrations: Sequence[Migrations] = ()) -> Database:
    """A new working database at `path`; an existing one is opened and upgraded, nothing in it is lost."""
    if path.exists() and path.stat().st_size:
        return open_database(path, migrations)
    if not path.parent.is_dir():
        raise DatabaseUnusable(f"the folder {path.parent} does not exist", hint="Create it first.")
    with _said_plainly(path):
        connection = _connect(path)
        connection.execute(f"pragma application_id={APPLICATION_ID}")
        db = _prepared(connection)
        _upgrade(db, path, migrations)
        return db


def open_database(path: Path, migrations: Sequence[Migrations] = ()) -> Database:
    """The working database at `path`, upgraded if it is older.

    Raises DatabaseUnusable when the file is missing, locked, truncated, no working database, or made by a
    newer version of this software.
    """
    if not path.exists():
        raise DatabaseUnusable(
            f"there is no database at {path}", hint=f"Make one first: joint-review init --db {path}"
        )
    with _said_plainly(path):
        _refuse_cut_short(path)
        connection = _connect(path)
        try:
            found = connection.execute("pragma application_id").fetchone()[0]
            if found != APPLICATION_ID:
                raise DatabaseUnusable(
                    f"{path} is a SQLite file, but not a joint-review database",
                    hint="Give another file with --db, or make a new one with: joint-review init --db FILE",
                )
            db = _prepared(connection)
            _upgrade(db, path, migrations)
        except BaseException:
            connection.close()
            raise
        return db


def _refuse_cut_short(path: Path) -> None:
    """A file shorter than its own header says (with no log beside it that could complete it) is truncated."""
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        return
    with path.open("rb") as file:
        header = file.read(100)
    if len(header) == 100 and header.startswith(b"SQLite format 3\0"):
        page_size = int.from_bytes(header[16:18], "big")
        page_size = 65536 if page_size == 1 else page_size
        if int.from_bytes(header[28:32], "big") * page_size > path.stat().st_size:
            raise DatabaseUnusable(f"{path} is damaged or was cut short", hint="Restore it from a backup.")
    elif header.startswith(b"SQLite format 3\0") or not header:
        raise DatabaseUnusable(
            f"{path} is empty or was cut short", hint="Restore it, or make a new one: joint-review init"
        )


def _connect(path: Path) -> sqlite3.Connection:
    # Transactions are opened by `transaction` alone; nothing is committed behind the caller's back.
    return sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)


def _prepared(connection: sqlite3.Connection) -> Database:
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma foreign_keys=on")
    connection.execute("pragma synchronous=full")
    connection.execute("select count(*) from sqlite_master").fetchone()
    return Database(connection)


def _upgrade(db: Database, path: Path, more: Sequence[Migrations]) -> None:
    sets = [schema.migrations, *more]
    known = {(s.name, m.name) for s in sets for m in s._migrations}
    sets_known = {s.name for s in sets}
    applied: set[tuple[str, str]] = set()
    if db["_sqlite_migrations"].exists():
        rows = db.execute("select migration_set, name from _sqlite_migrations").fetchall()
        applied = {(row[0], row[1]) for row in rows}
    newer = sorted(name for group, name in applied - known if group in sets_known)
    if newer:
        raise DatabaseUnusable(
            f"{path} was made by a newer version of joint-review (it knows {', '.join(newer)})",
            hint="Update this installation; the file is left as it is.",
        )
    for migrations in sets:
        if migrations.pending(db):
            with transaction(db):
                migrations.apply(db)


@contextmanager
def transaction(db: Database) -> Iterator[Database]:
    """All writes inside happen together or not at all; waits for another writer up to BUSY_MS."""
    with _said_plainly(None):
        db.conn.execute("begin immediate")
        try:
            yield db
        except BaseException:
            if db.conn.in_transaction:
                db.conn.execute("rollback")
            raise
        try:
            db.conn.execute("commit")
        except BaseException:
            if db.conn.in_transaction:
                db.conn.execute("rollback")
            raise


@contextmanager
def _said_plainly(path: Path | None) -> Iterator[None]:
    """SQLite's own errors in the user's words."""
    name = str(path) if path else "the database"
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise DatabaseUnusable(
                f"{name} is being written to by somebody else and stayed locked",
                hint="Wait until the other import or run has ended, then try again; nothing was changed.",
            ) from error
        if "full" in text:
            raise DatabaseUnusable(
                f"there is no room left on the disk for {name}",
                hint="Free some space and try again; nothing was changed.",
            ) from error
        if "readonly" in text or "unable to open" in text:
            raise DatabaseUnusable(
                f"{name} cannot be opened for writing", hint="Check the folder and the file's permissions."
            ) from error
        raise
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "not a database" in text:
            raise DatabaseUnusable(
                f"{name} is not a database", hint="Give the right file with --db."
            ) from error
        if "malformed" in text or "disk image" in text:
            raise DatabaseUnusable(
                f"{name} is damaged or was cut short", hint="Restore it from a backup."
            ) from error
        raise


def add_event(
    db: Database,
    *,
    at: datetime,
    by: str,
    action: str,
    review_id: int | None = None,
    target: str = "",
    because: str = "",
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Record who did what, when and why, inside the caller's transaction; returns the event's number."""
    return insert(
        db,
        "event",
        {
            "at": at.isoformat(timespec="seconds"),
            "by": by,
            "action": action,
            "review_id": review_id,
            "target": target,
            "because": because,
            "detail": json.dumps(detail or {}, ensure_ascii=False, sort_keys=True),
        },
    )


def insert(db: Database, table: str, values: Mapping[str, Any]) -> int:
    """Insert one row inside the caller's transaction; returns its number."""
    places = ", ".join("?" * len(values))
    cursor = db.conn.execute(
        f"insert into {table} ({', '.join(values)}) values ({places})", list(values.values())
    )
    return int(cursor.lastrowid or 0)


def rows(db: Database, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
    """The rows of a SELECT as dicts."""
    cursor = db.conn.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def one(db: Database, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
    """The first column of the first row of a SELECT, or None."""
    row = db.conn.execute(sql, parameters).fetchone()
    return None if row is None else row[0]
