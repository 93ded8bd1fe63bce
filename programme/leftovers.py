"""What a file still holds of rows that were changed: cleared away, and looked for byte by byte.

SQLite leaves what was taken out of a page where it is until something else needs the room, and keeps old
versions of pages in its log. Rewriting the file (`vacuum`) and cutting the log off clears both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from programme.database import Database, one, rows, said_plainly

CHUNK = 1 << 22
"""Bytes of a file that are searched at a time."""
PUT_ASIDE = ("before", "served")
"""What is behind the name of a database that was put aside."""
BESIDE = ("-wal", "-journal")
"""What SQLite keeps of a database beside it; its -shm holds no words."""


@dataclass(frozen=True)
class Searched:
    """What came of a search for words in files."""

    files: tuple[str, ...]
    bytes: int
    found: tuple[str, ...]
    """The files that hold one of the words."""


def rebuild_search(db: Database, tables: Iterable[str]) -> None:
    """Make the full-text indexes of these tables again from their rows, inside the caller's transaction."""
    indexes = rows(db, "select name, sql from sqlite_master where sql like 'create virtual table%fts%'")
    wanted = set(tables)
    for index in indexes:
        if index["name"].removesuffix("_fts").removesuffix("_divided") in wanted:
            db.execute(f"insert into [{index['name']}] ([{index['name']}]) values ('rebuild')")


def clear_leftovers(db: Database) -> bool:
    """Rewrite the file without what is no longer in its rows, and empty its log.

    Outside of any transaction; waits for others who write. Whether all could be cleared: others who read an
    older state keep the log until they are done. Needs as much room on the disk as the file takes.
    """
    with said_plainly():
        try:
            db.execute("vacuum")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                return False
            raise
        busy, _, _ = db.execute("pragma wal_checkpoint(truncate)").fetchone()
        # A server that watches its file sees from the log that SQLite wrote it: the log holds one page,
        # the first, which a change to the same value writes.
        version = int(one(db, "pragma user_version"))
        db.execute(f"pragma user_version = {version}")
    return not busy


def path_of(db: Database) -> Path | None:
    """The file of a database; None for one in memory."""
    found = [row["file"] for row in rows(db, "pragma database_list") if row["name"] == "main"]
    return Path(found[0]) if found and found[0] else None


def files_of(path: Path) -> list[Path]:
    """The file of a database and what SQLite keeps beside it, as far as they are there."""
    return [path, *(beside for suffix in BESIDE if (beside := path.with_name(path.name + suffix)).exists())]


def copies_beside(path: Path) -> list[Path]:
    """Databases that a restoring or the server put aside: they hold what was erased since."""
    return sorted(one for kind in PUT_ASIDE for one in path.parent.glob(f"{path.name}.{kind}-*"))


def search_bytes(paths: Iterable[Path], words: Sequence[str]) -> Searched:
    """Look for words in files, byte by byte (in UTF-8, capitals of A to Z or not)."""
    wanted = [word.encode().lower() for word in words if word]
    longest = max(map(len, wanted), default=0)
    files, size, found = [], 0, []
    for path in paths:
        files.append(str(path))
        with path.open("rb") as file:
            before, is_there = b"", False
            while chunk := file.read(CHUNK):
                size += len(chunk)
                text = before + chunk.lower()
                is_there = is_there or any(word in text for word in wanted)
                before = text[-longest:] if longest else b""
        found += [str(path)] * is_there
    return Searched(tuple(files), size, tuple(found))
