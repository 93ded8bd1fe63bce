"""Backups: one checked file that holds the working database as it was at one moment; and the way back.

The copy is made with SQLite's online backup from within one read transaction: it is the state at its
beginning, whatever others write meanwhile, and nobody waits. It gets its name only when it is complete, has
been checked, and is on the disk. Cost: reading and writing the file once, and SQLite's integrity check.

At no moment is there no database under its name: one that is to be replaced gets a second name first, and one
renaming puts the new one in its place.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from programme.actions import ProgrammeAction
from programme.check import Head, check_record, head_of_record
from programme.database import Act, Database, add_event, said_plainly, transaction
from programme.files import (
    free_name,
    keep_to_owner,
    move_beside,
    name_again,
    new_file,
    put_in_place,
    undo_half_a_restore,
)
from programme.logs import APPLICATION_ID, set_log_aside
from programme.progress import Progress, no_progress
from rules.errors import DatabaseUnusable
from rules.remedy import CloseDatabase, Replace

PAGES = 1_000
"""Pages copied between two moves of the progress bar."""


@dataclass(frozen=True)
class Copy:
    """A copy that was made."""

    bytes: int
    head: Head | None
    """The head of the record in it."""
    kept: Path | None = None
    """Where a database stands that was there before."""
    set_aside: tuple[Path, ...] = ()
    """Everything that was put aside: that database, and what was beside it."""


def back_up(source: Path, target: Path, *, replace: bool = False, progress: Progress = no_progress) -> Copy:
    """Copy the working database to one file that only its owner may read, also while others write to it.

    Raises DatabaseUnusable when there is no working database, when `target` is there and not to be replaced
    (or in use), or when the copy cannot be written or fails its check; nothing is left behind then.
    """
    with _reading(source) as (connection, aside):
        _refuse_target(source, target, replace)
        with new_file(target) as made:
            head = _copy(connection, made, target, progress)
            _refuse_target(source, target, replace)
            put_in_place(made, target)
    return Copy(target.stat().st_size, head, set_aside=aside)


def keep_what_is_open(connection: sqlite3.Connection, path: Path) -> Copy:
    """Copy what a connection has open, once another file has the name it was opened by, to a file beside it.

    That may be the last there is of it. Raises DatabaseUnusable, OSError or sqlite3.Error where it cannot be
    written, or its record is not whole: it was copied over, and is partly another one.
    """
    kept = free_name(path, "served")
    with new_file(path) as made:
        head = _copy(connection, made, path, no_progress)
        with closing(sqlite3.connect(made, isolation_level=None)) as copy:
            if check_record(Database(copy)).problems:
                raise DatabaseUnusable("what is open of it is partly another one")
        put_in_place(made, kept)
    return Copy(kept.stat().st_size, head, kept)


def restore_backup(
    backup: Path,
    target: Path,
    *,
    by: str,
    at: datetime,
    reopen: Callable[[Path], Database],
    replace: bool = False,
    progress: Progress = no_progress,
) -> Copy:
    """Make a backup the working database, upgraded if it is older, and record that it was restored.

    `reopen` opens a working database as this version does (see `joint_review.opening`).

    A database that is there is put aside with `replace`, refused otherwise, and refused while another
    process has it open. Raises DatabaseUnusable, and leaves everything as it was, when the backup is no
    working database, is damaged or was made by a newer version.
    """
    if target.exists() and backup.exists() and target.samefile(backup):
        raise DatabaseUnusable(f"{backup} is the working database itself", hint="Give another file.")
    if target.exists() and not replace:
        raise DatabaseUnusable(
            f"there is a database at {target} already",
            remedies=[Replace("rename it; its new name is then shown")],
        )
    # What a link leads to is replaced, not the link.
    place = target.resolve() if target.is_symlink() else target
    with _reading(backup) as (connection, aside), new_file(place) as made:
        keep_to_owner(backup)
        _copy(connection, made, backup, progress)
        head = _reopened(made, backup, by, at, reopen)
        kept, moved = _swap(made, place, at)
    return Copy(target.stat().st_size, head, kept, (*aside, *moved))


@contextmanager
def _reading(path: Path) -> Iterator[tuple[sqlite3.Connection, tuple[Path, ...]]]:
    """A working database as it is, for reading alone: not upgraded, not changed.

    The log of another database beside it, and what else of that, is put aside.
    """
    if not path.is_file():
        raise DatabaseUnusable(f"there is no database at {path}", hint="Give the file of a working database.")
    aside = set_log_aside(path)
    with (
        said_plainly(path),
        closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        ) as connection,
    ):
        if connection.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
            raise DatabaseUnusable(f"{path} is not a joint-review database", hint="Give another file.")
        yield connection, aside


def _refuse_target(source: Path, target: Path, replace: bool) -> None:
    if target.is_dir():
        raise DatabaseUnusable(f"{target} is a folder", hint=f"Give a file: {target}/FILE.db")
    if not target.exists():
        return
    if target.samefile(source):
        raise DatabaseUnusable(f"{target} is the working database itself", hint="Give another file.")
    if not replace:
        raise DatabaseUnusable(
            f"{target} already exists", hint="Give another name.", remedies=[Replace("overwrite it")]
        )
    if target.with_name(target.name + "-wal").exists():
        raise DatabaseUnusable(f"{target} is a database in use", hint="Give another name.")


def _copy(source: sqlite3.Connection, made: Path, said: Path, progress: Progress) -> Head | None:
    """Copy a database into a new file and check the copy; returns the head of its record."""
    with said_plainly(said), closing(sqlite3.connect(made, isolation_level=None)) as copy:
        # What is read inside one transaction is one state; without it, every write would start the copy anew.
        source.execute("begin")
        try:
            head = _head(source)
            source.backup(
                copy,
                pages=PAGES,
                progress=lambda _, remaining, total: progress(total - remaining, total, "copying"),
            )
        finally:
            source.execute("rollback")
        # A single file, complete without a log beside it.
        copy.execute("pragma journal_mode=delete")
        progress(0, 1, "checking the copy")
        found = copy.execute("pragma integrity_check(1)").fetchone()[0]
        if found != "ok" or _head(copy) != head:
            raise DatabaseUnusable(f"{said} is damaged ({found})", hint="Use another backup.")
        progress(1, 1, "checking the copy")
    return head


def _head(connection: sqlite3.Connection) -> Head | None:
    """The head of the record; None also in files that are older than its seals."""
    if not connection.execute("select 1 from sqlite_master where name = 'seal'").fetchone():
        return None
    return head_of_record(Database(connection))


def _reopened(
    made: Path, backup: Path, by: str, at: datetime, reopen: Callable[[Path], Database]
) -> Head | None:
    """Open the copy as this version does, record the restoring in it, and leave one complete file."""
    db = reopen(made)
    try:
        with transaction(db):
            before = head_of_record(db)
            act = Act(ProgrammeAction.RESTORE, by, at, target=backup.name)
            add_event(db, act, after={"head": before and str(before)})
        head = head_of_record(db)
        db.conn.execute("pragma journal_mode=delete")
        return head
    finally:
        db.conn.close()


def _swap(made: Path, target: Path, at: datetime) -> tuple[Path | None, tuple[Path, ...]]:
    """Give the new file the name of the old one, which is put aside: where it is, and all that was put aside.

    A process that is killed at any moment leaves the old database under its name, or the new one.
    """
    undo_half_a_restore(target)
    # The log of another database must not be folded into this one, which is what holding it does.
    moved = list(set_log_aside(target))
    kept = free_name(target, f"before-{at:%Y%m%dT%H%M%S}")
    with _nobody_else(target):
        logs = []
        try:
            if target.exists():
                name_again(target, kept)
            # A log left by a database that was not closed would be taken for the new one's.
            logs = move_beside(target, kept)
            put_in_place(made, target)
        except BaseException:
            for log in logs:
                log.rename(target.with_name(log.name.replace(kept.name, target.name, 1)))
            kept.unlink(missing_ok=True)
            raise
    found = [kept] if kept.exists() else []
    if found:
        keep_to_owner(kept)
    return (kept if found or logs else None), (*moved, *found, *logs)


@contextmanager
def _nobody_else(path: Path) -> Iterator[None]:
    """Hold the database so that no other process has it open; a damaged one cannot be held, and is not."""
    if not path.exists():
        yield
        return
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        try:
            # Only the last connection may leave the write-ahead log, which it then folds into the file.
            connection.execute("pragma journal_mode=delete")
            connection.execute("begin exclusive")
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise DatabaseUnusable(
                    f"{path} is open in another process", remedies=[CloseDatabase()]
                ) from error
        yield
