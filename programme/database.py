"""Opening, creating and upgrading the working database; transactions; the event record."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from programme.actions import EventAction, ProgrammeAction
from programme.databasefile import OpenedFile, ServedFile, opened_file
from programme.files import beside, keep_to_owner, new_file, put_in_place, undo_half_a_restore
from programme.logs import APPLICATION_ID, first_stamp, has_own_log, set_log_aside, stamp_file, stamps_in_log
from programme.names import give_names
from programme.seals import (
    Salts,
    give_salts,
    index_marks,
    last_digest,
    seal_events,
    sealed_so_far,
    stored_before,
)
from rules.errors import DatabaseUnusable, EvidenceInvalid, TextTooLong
from rules.limits import LONGEST_LINE, LONGEST_NAME, LONGEST_TEXT, LONGEST_WORDS
from rules.remedy import Give, MakeDatabase, OpenAgain, Part

if TYPE_CHECKING:
    import sqlite_utils

BUSY_MS = 30_000
"""How long a writer waits for another one before giving up."""
OLDEST_SQLITE = (3, 35)
PROGRAM = "joint-review"
"""Who is named in events of what this software does of itself; no user can have this name."""
CACHE_KB = 8_000
"""Pages kept in memory; with SQLite's own 2 MB an import writes the same pages over and over."""


@dataclass(frozen=True)
class Database:
    """A database as it is handed on: its connection, on which all statements run."""

    conn: sqlite3.Connection
    login: str = ""
    """Under which login of the system it is worked on, if that is known; events record it (`add_event`)."""
    file: OpenedFile | ServedFile | None = None
    """The file it was opened from: nothing is written once another one has its name."""
    set_aside: tuple[Path, ...] = ()
    """What lay beside the file and was not its own, under its new names: the log of another database."""
    joined: bool = False
    """Whether `transaction` joins one that the caller has begun, and will end."""

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> sqlite3.Cursor:
        """What a statement gives; inside `transaction` for one that writes."""
        return self.conn.execute(sql, parameters)


Upgrade = Callable[[Database], None]


class Migrations:
    """A set of upgrades, in their order; files record its name and the name of every upgrade they have had.

    sqlite-utils applies and records them. It is loaded when one is due, since it takes longer to load than
    most commands take (it looks for NumPy and pandas).
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._upgrades: dict[str, Upgrade] = {}

    def __call__(self) -> Callable[[Upgrade], Upgrade]:
        """The decorator that adds a function to the set, under the function's name."""

        def add(upgrade: Upgrade) -> Upgrade:
            self._upgrades[upgrade.__name__] = upgrade
            return upgrade

        return add

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the upgrades, in their order."""
        return tuple(self._upgrades)

    def apply(self, db: Database, only: Collection[str] | None = None) -> None:
        """Apply what the file has not had yet (or `only` these), inside the caller's `transaction`."""
        import sqlite_utils

        known = sqlite_utils.Migrations(self.name)
        for name, upgrade in self._upgrades.items():
            if only is not None and name not in only:
                continue
            known(name=name)(_on_its_connection(upgrade))
        known.apply(sqlite_utils.Database(db.conn, execute_plugins=False))


def _on_its_connection(upgrade: Upgrade) -> Callable[[sqlite_utils.Database], None]:
    def apply(tables: sqlite_utils.Database) -> None:
        upgrade(Database(tables.conn))

    return apply


def system_salts() -> str:
    """A salt from the operating system's source of randomness."""
    return secrets.token_hex(16)


Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The time by the operating system's clock."""
    return datetime.now(UTC)


def create_database(
    path: Path,
    migrations: Sequence[Migrations],
    *,
    fill: Callable[[Database], object] = lambda db: None,
    salts: Salts = system_salts,
    clock: Clock = system_clock,
    login: str = "",
) -> Database:
    """A new working database at `path`; an existing one is opened and upgraded, nothing in it is lost.

    `salts` gives the salts that events are sealed with, `clock` the time of an upgrade; `login` is recorded
    in every event. No result depends on them. `fill` stores what the file is to hold from its first moment:
    a new one gets its name when all of it is there.

    Raises DatabaseUnusable like `open_database`, or when the folder is missing or cannot be written to.
    """
    if path.exists() and (path.is_dir() or path.stat().st_size):
        db = open_database(path, migrations, salts=salts, clock=clock, login=login)
        try:
            fill(db)
        except BaseException:
            db.conn.close()
            raise
        return db
    # SQLite removes a log that it finds beside an empty file.
    aside = set_log_aside(path)
    place = path.resolve() if path.is_symlink() else path
    try:
        with new_file(place) as made:
            with _connected(made, path) as (connection, _), closing(connection):
                connection.execute(f"pragma application_id={APPLICATION_ID}")
                fill(_upgraded(Database(_prepared(connection, salts), login), path, migrations, clock))
                # A single file, complete without a log beside it.
                connection.execute("pragma journal_mode=delete")
            if place.exists() and not place.stat().st_size:
                place.unlink()
            # One that another process has made meanwhile is kept, and opened.
            with suppress(FileExistsError):
                put_in_place(made, place, replace=False)
    except PermissionError as error:
        raise DatabaseUnusable(f"{path} {READ_ONLY[0]}", hint=READ_ONLY[1]) from error
    db = open_database(path, migrations, salts=salts, clock=clock, login=login)
    return replace(db, set_aside=aside)


def open_database(
    path: Path,
    migrations: Sequence[Migrations],
    *,
    salts: Salts = system_salts,
    clock: Clock = system_clock,
    login: str = "",
) -> Database:
    """The working database at `path`, upgraded if it is older; the rest as for `create_database`.

    An upgrade of a file in use is recorded as an event, which seals what earlier versions did not.

    Raises DatabaseUnusable when the file is missing, locked, read-only, truncated, no working database, or
    made by a newer version of this software.
    """
    if not path.exists():
        log = beside(path, "-wal")
        hint = f"Its log is there, with what was stored last: put the database back beside {log}."
        raise DatabaseUnusable(
            f"there is no database at {path}",
            hint=hint if stamps_in_log(log) is not None else "",
            remedies=[MakeDatabase(str(path))],
        )
    if path.is_dir():
        raise DatabaseUnusable(
            f"{path} is a folder, not a database", remedies=[Give(Part.DATABASE, (f"{path}/FILE.db",))]
        )
    if not os.access(path, os.R_OK | os.W_OK):
        # SQLite would open it for reading and fail at the first write.
        raise DatabaseUnusable(f"{path} {READ_ONLY[0]}", hint=READ_ONLY[1])
    undo_half_a_restore(path)
    aside = set_log_aside(path)
    try:
        return replace(_opened(path, migrations, salts, clock), login=login, set_aside=aside)
    except DatabaseUnusable as error:
        if not aside:
            raise
        kept = f"The log of another database was beside it; it is kept as {', '.join(map(str, aside))}."
        hint = " ".join(filter(None, (error.hint, kept)))
        raise DatabaseUnusable(error.message, hint=hint, remedies=error.remedies) from error


def _opened(path: Path, migrations: Sequence[Migrations], salts: Salts, clock: Clock) -> Database:
    with said_plainly(path):
        refuse_cut_short(path)
    keep_to_owner(path)
    with _connected(path) as (connection, file):
        found = connection.execute("pragma application_id").fetchone()[0]
        if found != APPLICATION_ID:
            raise DatabaseUnusable(
                f"{path} is a SQLite file, but not a joint-review database",
                remedies=[Give(Part.DATABASE), MakeDatabase()],
            )
        return _upgraded(Database(_prepared(connection, salts), file=file), path, migrations, clock)


def open_for_reading(path: Path) -> Database:
    """The working database at `path`, in which nothing can be changed through it (but for temporary tables).

    For processes that help another one, which has opened and upgraded it. Raises DatabaseUnusable when the
    file is missing, cannot be read, or is no working database.
    """
    if not path.is_file() or not os.access(path, os.R_OK):
        raise DatabaseUnusable(
            f"there is no database at {path} that can be read", hint="Make the same file available here."
        )
    if not has_own_log(path):
        raise DatabaseUnusable(
            f"{beside(path, '-wal')} is the log of another database", remedies=[OpenAgain()]
        )
    with said_plainly(path):
        address = f"{path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_MS / 1000)
        try:
            connection.execute(f"pragma cache_size=-{CACHE_KB}")
            if connection.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
                raise DatabaseUnusable(f"{path} is not a joint-review database", hint="Give it another file.")
        except BaseException:
            connection.close()
            raise
        return Database(connection)


@contextmanager
def _connected(path: Path, name: Path | None = None) -> Iterator[tuple[sqlite3.Connection, OpenedFile]]:
    """A connection that stays open only if all goes well, and the file it is to; errors call it by `name`."""
    with said_plainly(name or path):
        file = opened_file(path)
        connection = _connect(path)
        try:
            file.refuse_if_changed()
            yield connection, file
        except BaseException:
            connection.close()
            raise


def refuse_cut_short(path: Path) -> None:
    """Raise DatabaseUnusable for a file shorter than its header says, with no log to complete it."""
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
            f"{path} is empty or was cut short", hint="Restore it from a backup.", remedies=[MakeDatabase()]
        )


def _connect(path: Path) -> sqlite3.Connection:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise DatabaseUnusable(
            f"this Python comes with SQLite {sqlite3.sqlite_version}, which is too old",
            hint=f"SQLite {'.'.join(map(str, OLDEST_SQLITE))} or newer is needed.",
        )
    # Transactions are opened by `transaction` alone; nothing is committed behind the caller's back.
    # The whole path: some short names mean other things to SQLite.
    return sqlite3.connect(path.absolute(), isolation_level=None, timeout=BUSY_MS / 1000)


def _prepared(connection: sqlite3.Connection, salts: Salts) -> sqlite3.Connection:
    give_salts(connection, salts)
    give_names(connection)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma foreign_keys=on")
    connection.execute("pragma recursive_triggers=on")
    connection.execute("pragma synchronous=full")
    connection.execute(f"pragma cache_size=-{CACHE_KB}")
    connection.execute("select count(*) from sqlite_master").fetchone()
    return connection


def upgrades_of(db: Database) -> set[tuple[str, str]]:
    """The upgrades that a file has recorded: the names of set and upgrade."""
    if not one(db, "select 1 from sqlite_master where type = 'table' and name = '_sqlite_migrations'"):
        return set()
    return set(db.execute("select migration_set, name from _sqlite_migrations").fetchall())


def _upgraded(db: Database, path: Path, sets: Sequence[Migrations], clock: Clock) -> Database:
    known = {(s.name, name) for s in sets for name in s.names}
    sets_known = {s.name for s in sets}
    applied = upgrades_of(db)
    newer = sorted(name for group, name in applied - known if group in sets_known)
    if newer:
        raise DatabaseUnusable(
            f"{path} was made by a newer version of joint-review (it knows {', '.join(newer)})",
            hint="Update this installation; the file was not changed.",
        )
    missing = [(s.name, name) for s in sets for name in s.names if (s.name, name) not in applied]
    if missing:
        with transaction(db):
            for migrations in sets:
                migrations.apply(db)
                index_marks(db.conn)
            if last_event(db):
                act = Act(ProgrammeAction.UPGRADE, PROGRAM, clock())
                add_event(db, act, after={"upgrades": [name for _, name in missing]})
    if not one(db, "pragma user_version"):
        with transaction(db):
            first_stamp(db.conn, one(db, "select new_salt()"))
    return db


@contextmanager
def transaction(db: Database) -> Iterator[Database]:
    """All writes inside happen together or not at all; waits for another writer up to BUSY_MS.

    At the end the events recorded inside are sealed, with every row stored beside them (see `seals`). What is
    done with the database given, transactions included, is part of this one.
    """
    if db.joined:
        yield db
        return
    with said_plainly(None):
        db.conn.execute("begin immediate")
        try:
            _refuse_if_changed(db)
            before = stored_before(db.conn)
            yield replace(db, joined=True)
            before = before or sealed_so_far(db.conn)
            if before is not None:
                seal_events(db.conn, before)
                stamp_file(db.conn, last_digest(db.conn))
            _refuse_if_changed(db)
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
def one_state(db: Database) -> Iterator[None]:
    """What is read inside is of one state, whatever others write meanwhile: that of the transaction under
    way, or of one that is begun here."""
    if db.conn.in_transaction:
        yield
        return
    db.conn.execute("begin")
    try:
        yield
    finally:
        db.conn.execute("commit")


def _refuse_if_changed(db: Database) -> None:
    if db.file is not None:
        db.file.refuse_if_changed()


@contextmanager
def said_plainly(path: Path | None = None, *, reading: bool = False) -> Iterator[None]:
    """SQLite's own errors in the user's words, as DatabaseUnusable; `reading`: nothing was to be written."""
    name = str(path) if path else "the database"
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The lower byte is the kind of error, the upper ones say more about it.
        code = getattr(error, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_CONSTRAINT_TRIGGER and str(error).startswith(REFUSED):
            raise EvidenceInvalid(str(error).removeprefix(REFUSED)) from error
        said = MOVED if code == sqlite3.SQLITE_READONLY_DBMOVED else SAID.get(code & 0xFF)
        if said is None:
            raise
        what, hint, *remedies = CANNOT_BE_READ if reading and said is READ_ONLY else said
        raise DatabaseUnusable(f"{name} {what}", hint=hint, remedies=remedies) from error


REFUSED = "refused: "
"""How the message of a trigger begins that says in words for people what is wrong."""
LOCKED = (
    "is in use by another process and stayed locked",
    "Wait until the other import or run has ended, then try again; nothing was changed.",
)
READ_ONLY = ("cannot be opened for writing", "Check the folder's and the file's permissions.")
CANNOT_BE_READ = ("cannot be read", "Check the folder's and the file's permissions.")
DAMAGED = ("is damaged or was cut short", "Restore it from a backup.")
MOVED = ("was moved, removed or replaced while it was open, so nothing was written to it", "", OpenAgain())
SAID: dict[int, tuple[Any, ...]] = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: ("is not a database", "", Give(Part.DATABASE)),
    sqlite3.SQLITE_FULL: (
        "could not be written: the disk is full",
        "Free some space and try again; nothing was changed.",
    ),
    sqlite3.SQLITE_IOERR: (
        "could not be read or written",
        "Check the disk (is the disk full?) and the folder; nothing was changed.",
    ),
}
"""What SQLite's kinds of error mean to people: what is wrong, a hint, and remedies."""


@dataclass(frozen=True)
class Act:
    """Who did what, when, to what and why, as an event records it."""

    action: EventAction
    by: str
    at: datetime
    review_id: int | None = None
    target: str = ""
    because: str = ""


def add_event(
    db: Database,
    act: Act,
    *,
    detail: Mapping[str, Any] | None = None,
    before: Any = None,
    after: Any = None,
) -> int:
    """Record what was done, inside the caller's `transaction`; returns the event's number.

    `before` and `after` say what the change made of what (anything JSON can hold; None: nothing was, or is,
    there). Rows stored in the same transaction need not be repeated: they are sealed with the event.
    """
    return insert(
        db,
        "event",
        {
            "at": act.at.isoformat(timespec="seconds"),
            "by": act.by,
            "action": act.action.value,
            "review_id": act.review_id,
            "target": act.target,
            "because": act.because,
            "detail": _as_json({**(detail or {}), **({LOGIN: db.login} if db.login else {})}),
            "before": _as_json(before),
            "after": _as_json(after),
        },
    )


LOGIN = "login"
"""In the details of an event: the login of the system under which it was done, on the command line."""


def login_of(alias: str) -> str:
    """SQL: the login that an event names; empty for none."""
    return f"coalesce(iif(json_valid({alias}.detail), json_extract({alias}.detail, '$.{LOGIN}'), ''), '')"


def last_event(db: Database) -> int:
    """The number of the last event in the record; 0 in an empty one."""
    return int(one(db, "select coalesce(max(id), 0) from event"))


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


LONGEST = {
    **dict.fromkeys(("by", "name", "key", "ref", "member", "respondent"), LONGEST_NAME),
    **dict.fromkeys(("coded_by", "coder", "recorded_by", "settled_by", "tagged_by"), LONGEST_NAME),
    **dict.fromkeys(("authority", "title", "locator", "reference", "period", "unit"), LONGEST_LINE),
    **dict.fromkeys(("organisation", "role", "channel", "place", "step"), LONGEST_LINE),
    **dict.fromkeys(("because", "note", "text", "quote", "exact"), LONGEST_WORDS),
    **dict.fromkeys(("proposed_words", "evidence_offered", "basis", "attended", "done"), LONGEST_WORDS),
    **dict.fromkeys(("methods_concern", "coherence_concern"), LONGEST_WORDS),
    **dict.fromkeys(("adequacy_concern", "relevance_concern"), LONGEST_WORDS),
    **dict.fromkeys(("methods_words", "coherence_words"), LONGEST_WORDS),
    **dict.fromkeys(("adequacy_words", "relevance_words"), LONGEST_WORDS),
}
"""Characters of the columns that people write into, in any table; an import checks its rows itself."""


UNLIMITED = frozenset({("comment", "text"), ("comment", "proposed_words"), ("comment", "evidence_offered")})
"""Columns into which people may write as much as a file holds: table and column."""


def refuse_long(values: Mapping[str, Any], table: str = "") -> None:
    """Raise TextTooLong where somebody wrote more into a column than is stored (see `LONGEST`)."""
    for column, value in values.items():
        longest = LONGEST_TEXT if (table, column) in UNLIMITED else LONGEST.get(column)
        if isinstance(value, str) and longest is not None and len(value) > longest:
            raise TextTooLong(column.replace("_", " "), len(value), longest)


def insert(db: Database, table: str, values: Mapping[str, Any]) -> int:
    """Insert one row inside the caller's transaction; returns its number.

    Raises TextTooLong where somebody wrote more into it than is stored (see `LONGEST`).
    """
    refuse_long(values, table)
    places = ", ".join("?" * len(values))
    cursor = db.conn.execute(
        f"insert into {table} ({', '.join(values)}) values ({places})", list(values.values())
    )
    return int(cursor.lastrowid or 0)


Kind = TypeVar("Kind")


def rows(db: Database, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
    """The rows of a SELECT as dicts."""
    cursor = db.conn.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def rows_as(
    kind: type[Kind], db: Database, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> list[Kind]:
    """The rows of a SELECT as a TypedDict; raises TypeError where its keys are not the columns."""
    cursor = db.conn.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    if set(names) != set(kind.__annotations__):
        raise TypeError(f"{kind.__name__} is not what is selected: {', '.join(names)}")
    return [cast(Kind, dict(zip(names, row, strict=True))) for row in cursor]


def one(db: Database, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
    """The first column of the first row of a SELECT, or None."""
    row = db.conn.execute(sql, parameters).fetchone()
    return None if row is None else row[0]
