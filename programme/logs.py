"""The log beside a working database (`-wal`, `-journal`): whether it is its own, or another database's.

SQLite keeps what was stored last in a log beside the database and ties the two by their names alone. Where
another file is put in the place of the database, it would take what it finds beside it for its own and mix
the two. So the file carries a *stamp*, written with every transaction that is sealed: two bytes of the digest
of the last event, and two of the event that was last when the transaction before ended (SQLite's
`user_version`, which is in the first page). Every transaction in a log brings a new first page, so the stamps
in a log tell what it follows on. A file without stamps, or a log without a first page, is looked at as a
whole instead: on a copy, as nothing is to be lost.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from programme.files import beside, free_name, move_beside, name_again, new_file
from programme.seals import START

MAGIC = b"SQLite format 3\0"
LOG_MAGIC = (0x377F0682, 0x377F0683)
LOG_HEADER, FRAME_HEADER = 32, 24
JOURNAL_MAGIC, JOURNAL_HEADER = bytes.fromhex("d9d505f920a163d7"), 28
APPLICATION_ID = 0x4A526576
"""Marks a SQLite file as a joint-review working database ('JRev')."""
STAMP, MARK, HEADER = slice(60, 64), slice(68, 72), 72
"""Where SQLite keeps `user_version` and `application_id` in the first page; more is not looked at."""
MANY = 2**32
"""More pages than a log can have."""
UNSEALED = 1
"""In place of the event before, in the stamp of a file that had none: its other half names no event."""
TRIES = 5

# --- stamps --------------------------------------------------------------------------------------------


def next_stamp(before: int, digest: str) -> int:
    """The stamp of a file whose last event has this digest, after one with the stamp `before`."""
    own = int(digest[:4], 16)
    return before if own == before >> 16 else own << 16 | before >> 16


def stamp_file(connection: sqlite3.Connection, digest: str) -> None:
    """Write the stamp for the last event, inside the caller's transaction."""
    before = int(connection.execute("pragma user_version").fetchone()[0]) % 2**32
    if (stamp := next_stamp(before, digest)) != before:
        connection.execute(f"pragma user_version={stamp - 2**32 if stamp >= 2**31 else stamp}")


def first_stamp(connection: sqlite3.Connection, digest: str) -> None:
    """Give a file without a stamp its first one, inside the caller's transaction."""
    if not int(connection.execute("pragma user_version").fetchone()[0]):
        connection.execute(f"pragma user_version={int(digest[:3], 16) << 16 | UNSEALED}")


def stamp_in(page: bytes) -> int | None:
    """The stamp in the first bytes of a database; None where these are none of a database."""
    return int.from_bytes(page[STAMP], "big") if page.startswith(MAGIC) and len(page) >= HEADER else None


def is_ours(page: bytes) -> bool:
    """Whether the first bytes of a database are of a working database."""
    return page.startswith(MAGIC) and int.from_bytes(page[MARK], "big") == APPLICATION_ID


def stamps_in_log(log: Path, frames: int = MANY) -> list[int] | None:
    """The stamp of every first page in a log, in their order; None for a log without a whole transaction.

    `frames`: how many pages to look at.
    """
    pages = _first_pages(log, frames)
    return None if pages is None else [int.from_bytes(page[STAMP], "big") for page in pages]


def _first_pages(log: Path, frames: int = MANY) -> list[bytes] | None:
    """The beginning of every first page in a log, in their order; None for one that SQLite ignores."""
    try:
        with log.open("rb") as file:
            return _pages_in(file.fileno(), frames)
    except FileNotFoundError:
        return None


def _pages_in(log: int, frames: int) -> list[bytes] | None:
    header = os.pread(log, LOG_HEADER, 0)
    if len(header) < LOG_HEADER or int.from_bytes(header[:4], "big") not in LOG_MAGIC:
        return None
    size, salts = int.from_bytes(header[8:12], "big"), header[16:24]
    found: list[bytes] | None = None
    pending: list[bytes] = []
    at = LOG_HEADER
    end = LOG_HEADER + frames * (FRAME_HEADER + size)
    while at < end and len(frame := os.pread(log, FRAME_HEADER, at)) == FRAME_HEADER and frame[8:16] == salts:
        page = at + FRAME_HEADER
        if int.from_bytes(frame[:4], "big") == 1:
            pending.append(os.pread(log, HEADER, page))
        if int.from_bytes(frame[4:8], "big"):  # the last one of a transaction
            found, pending = [*(found or ()), *pending], []
        at = page + size
    return found


def _page_to_go_back_to(journal: Path) -> bytes | None:
    """The beginning of the first page that a rollback journal would put back; None if it puts back none."""
    try:
        with journal.open("rb") as file:
            header = os.pread(file.fileno(), JOURNAL_HEADER, 0)
            if len(header) < JOURNAL_HEADER or not header.startswith(JOURNAL_MAGIC):
                return None
            at, size = int.from_bytes(header[20:24], "big"), int.from_bytes(header[24:28], "big")
            while len(page := os.pread(file.fileno(), 4 + HEADER, at)) == 4 + HEADER:
                if int.from_bytes(page[:4], "big") == 1:
                    return page[4:]
                at += 4 + size + 4
    except FileNotFoundError:
        pass
    return None


def follows(stamps: list[int] | None, stamp: int) -> bool | None:
    """Whether a log with these stamps belongs to a file with this one; None if they do not tell."""
    if stamps is None:
        return True  # SQLite does not look at it
    if not stamps or not stamp or not any(stamps):
        return None
    return stamp in stamps or stamps[0] % 2**16 == stamp >> 16


@dataclass(frozen=True)
class LogIndex:
    """What SQLite's index of a log (`-shm`) says of it; the same for whoever has the database open."""

    salts: bytes
    """Others each time that the log begins anew, all of it having been written into the database."""
    frames: int
    """Pages in the log; what lies behind them was never stored. None: the database is complete without it."""
    size: int
    """Bytes of the database; 0 while nothing was ever in the log."""


def read_index(index: int) -> LogIndex | None:
    """The index of a log, from a handle to its file; None where it cannot be told.

    Whoever has the database open in this process keeps locks on that file, which closing any handle to it
    gives up: the handle has to stay open.
    """
    for _ in range(TRIES):
        both = os.pread(index, 2 * INDEX_HEADER.size, 0)
        one, other = both[: INDEX_HEADER.size], both[INDEX_HEADER.size :]
        if one == other and len(one) == INDEX_HEADER.size:
            page, frames, pages, salts = INDEX_HEADER.unpack(one)
            return LogIndex(salts, frames, pages * (65_536 if page == 1 else page))
    return None


INDEX_HEADER = struct.Struct("=14xHII8x8s8x")
"""The size of a page, the pages in the log, those of the database, and the log's salts; stored twice, so that
one half shows what was written only half."""


def comes_from(path: Path, stamp: int) -> bool:
    """Whether a database that this process has open holds the event that was its last with this stamp."""
    own = f"{stamp >> 16:04x}"
    if START.startswith(own) or stamp % 2**16 == UNSEALED:
        return True  # there was none yet, or the stamp names none
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("select 1 from seal where substr(digest, 1, 4) = ? limit 1", [own])
            return found.fetchone() is not None
    except sqlite3.DatabaseError as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF not in NOT_WHOLE


# --- whether it belongs --------------------------------------------------------------------------------


def has_own_log(path: Path) -> bool:
    """Whether the log beside a database is its own (or there is none); changes nothing.

    For a database that this process has not open. Cost: a look at every page in the log; where stamps do not
    tell, a copy of the log and SQLite's check of the whole.
    """
    for _ in range(TRIES):
        # What others write meanwhile changes both; so it counts only if it was looked at in one state.
        before = _state(path)
        own = _belongs(path)
        if own or before == _state(path):
            return own
    return True


def _belongs(path: Path) -> bool:
    pages, back = _first_pages(beside(path, "-wal")), _page_to_go_back_to(beside(path, "-journal"))
    if pages is None and back is None:
        return True
    page = _first_page(path)
    if page is None:
        return False
    if not is_ours(page):
        # Another program's file is its own business, but for what is left of a working database.
        return not any(map(is_ours, [*(pages or ()), *filter(None, [back])]))
    stamp = int.from_bytes(page[STAMP], "big")
    if back is not None and stamp and stamp_in(back) != stamp:
        return False  # a journal is only ever needed where nothing is sealed
    own = follows(stamps_in_log(beside(path, "-wal")), stamp)
    return _is_whole(path) if own is None else own


def _first_page(path: Path) -> bytes | None:
    """What matters here of the first bytes of a database; None for a file that is no database, or empty.

    Asked of SQLite, which keeps the locks of this process when the file is closed again.
    """
    if not path.exists() or not path.stat().st_size:
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as connection:
            stamp, mark = (
                int(connection.execute(f"pragma {name}").fetchone()[0]) % 2**32
                for name in ("user_version", "application_id")
            )
    except sqlite3.DatabaseError:
        return None
    return MAGIC.ljust(STAMP.start, b"\0") + stamp.to_bytes(4, "big") + bytes(4) + mark.to_bytes(4, "big")


def _state(path: Path) -> list[tuple[int, ...] | None]:
    return [_seen(path), *(_seen(beside(path, suffix)) for suffix in ("-wal", "-journal"))]


def _seen(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


NOT_WHOLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""What SQLite says of pages that do not belong together."""
HEAD = "select event_id, digest from seal order by event_id desc limit 1"
CHAIN = """
select count(*), max(s.event_id), coalesce(sum(s.previous is not b.digest), 0) from seal s
left join seal b on b.event_id = s.event_id - 1 where s.event_id > ?
"""


def _is_whole(path: Path) -> bool:
    """Whether a database with the log beside it is whole, and its record goes on from that without it.

    Where that cannot be looked at (there is no room for a copy of the log), it is left to SQLite.
    """
    try:
        with new_file(path) as made:
            copy = beside(made, "-db")
            name_again(path, copy)
            shutil.copyfile(beside(path, "-wal"), beside(copy, "-wal"))
            return _goes_on(copy)
    except sqlite3.DatabaseError as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF not in NOT_WHOLE
    except OSError:
        return True


def _goes_on(path: Path) -> bool:
    alone, together = (f"{path.absolute().as_uri()}?{how}" for how in ("immutable=1", "mode=ro"))
    head = None
    # Without its log it is not whole where a process was killed while it folded the log in.
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(alone, uri=True)) as connection:
        head = connection.execute(HEAD).fetchone()
    with closing(sqlite3.connect(together, uri=True)) as connection:
        if connection.execute("pragma quick_check(1)").fetchone()[0] != "ok":
            return False
        if head is None:
            return True
        kept = connection.execute("select 1 from seal where event_id = ? and digest = ?", head)
        if kept.fetchone() is None:
            return False
        count, last, wrong = connection.execute(CHAIN, head[:1]).fetchone()
        return not wrong and count == (last or head[0]) - head[0]


def set_log_aside(path: Path) -> tuple[Path, ...]:
    """Put aside what is beside a database and is not its own; gives where it is now, nothing if all is well.

    A process that has it open goes on with it under its new name.
    """
    if has_own_log(path):
        return ()
    kept = free_name(path, "set-aside")
    return tuple(move_beside(path, kept))
