"""The file under the working database: whether it is still the one that was opened.

Nothing here closes a file of a database that this process has open, or the index of its log (`-shm`): that
would give up every lock that the process holds on it.
"""

from __future__ import annotations

import os
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path

from programme.files import beside
from programme.logs import (
    HEADER,
    MANY,
    TRIES,
    LogIndex,
    comes_from,
    follows,
    read_index,
    stamp_in,
    stamps_in_log,
)
from rules.errors import DatabaseUnusable
from rules.remedy import OpenAgain


@dataclass(frozen=True)
class OpenedFile:
    """The file that a database was opened from, as the file system knows it."""

    path: Path
    device: int
    number: int

    def refuse_if_changed(self) -> None:
        """Raise DatabaseUnusable unless this is still the file of this name."""
        if wrong := self.what_changed():
            raise changed_under_it(self.path.name, wrong)

    def what_changed(self) -> str:
        """What happened to the file, in words; nothing if it is still there."""
        try:
            found = self.path.stat()
        except OSError:
            return "was moved or removed"
        return "" if (found.st_dev, found.st_ino) == (self.device, self.number) else "was replaced"


def opened_file(path: Path) -> OpenedFile:
    """The file that has this name now."""
    found = path.stat()
    return OpenedFile(path.absolute(), found.st_dev, found.st_ino)


def changed_under_it(name: str, what: str) -> DatabaseUnusable:
    """The refusal to write to a file that is no longer what it was."""
    return DatabaseUnusable(
        f"{name} {what} while it was open, so nothing was written to it", remedies=[OpenAgain()]
    )


class ServedFile:
    """The file under a server, from its start: also one that was copied over is noticed.

    What was noticed once stays so: pages that were read before may be of another file than those read after.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        # Kept open as long as the server runs, as the index of its log is: see the beginning of this module.
        self.handle = self._kept_open(self.path)
        self.index = self._kept_open(beside(self.path, "-shm"))
        found = os.fstat(self.handle)
        # By the name that was given: a link may come to lead elsewhere.
        self.opened = OpenedFile(path.absolute(), found.st_dev, found.st_ino)
        self.one_at_a_time = threading.Lock()
        self.seen: tuple[int, int] | None = None
        self.log: tuple[int, int] | None = None
        self.longest = 0
        self.log_seen = 0
        """When the log was last written to, of what was looked at."""
        self.salts = b""
        """Of the log, when it was last looked at."""
        self.stamp = stamp_in(os.pread(self.handle, HEADER, 0))
        self.newest = self.stamp
        """The stamp of the last transaction that was seen, in the log or in the file."""
        self.wrong = ""
        if (index := read_index(self.index)) is not None:
            self.salts = index.salts

    def _kept_open(self, path: Path) -> int:
        handle = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, handle)
        return handle

    def refuse_if_changed(self) -> None:
        """Raise DatabaseUnusable unless this is still the file that the server was started with."""
        if wrong := self.what_changed():
            raise changed_under_it(self.path.name, wrong)

    def what_changed(self) -> str:
        """What happened to the file, in words; nothing if it is as it was left by who writes to it."""
        with self.one_at_a_time:
            self.wrong = self.wrong or self.opened.what_changed() or self._written()
        return self.wrong

    def _written(self) -> str:
        for _ in range(TRIES):
            index = read_index(self.index)
            # Whether SQLite wrote all of the log into the file, and began it anew.
            folded = index if index is not None and index.salts != self.salts else None
            wrong = self._overwritten(folded) or self._log_changed(index, folded)
            # What others write meanwhile changes both; so it counts only if it was looked at in one state.
            if not wrong or index is None or index == read_index(self.index):
                break
        self.salts = folded.salts if folded else self.salts
        return wrong

    def _log_changed(self, index: LogIndex | None, folded: LogIndex | None) -> str:
        lost = "lost its log (-wal)"
        try:
            found = beside(self.path, "-wal").stat()
        except OSError:
            return lost if self.log else ""
        # Whoever has the database open keeps the log open too: it is never another one, and only shrinks when
        # all of it was written into the database.
        self.log = self.log or (found.st_dev, found.st_ino)
        if self.log != (found.st_dev, found.st_ino) or (found.st_size < self.longest and not folded):
            return lost
        self.longest = found.st_size
        if found.st_mtime_ns != self.log_seen:
            self.log_seen = found.st_mtime_ns
            stamps = stamps_in_log(beside(self.path, "-wal"), index.frames if index else MANY)
            self.newest = stamps[-1] if stamps else self.stamp if stamps is None else self.newest
        return ""

    def _overwritten(self, folded: LogIndex | None) -> str:
        found = os.fstat(self.handle)
        seen = found.st_size, found.st_mtime_ns
        if seen == self.seen:
            return ""
        stamp = stamp_in(os.pread(self.handle, HEADER, 0))
        if folded and not self._goes_on(folded):
            stamp = None
        elif stamp is not None and stamp != self.stamp:
            # It is SQLite that changed it, if the file is now as some transaction in the log left it, or one
            # of a log that is gone, since all of it is in the file.
            stamps = stamps_in_log(beside(self.path, "-wal"))
            if not (folded if not stamps else stamp in stamps or follows(stamps, stamp)):
                stamp = None
        if stamp is None:
            return "was copied over"
        self.seen, self.stamp = seen, stamp
        return ""

    def _goes_on(self, folded: LogIndex) -> bool:
        """Whether the file can be as SQLite left it when it began the log anew: with what was in it."""
        size = os.fstat(self.handle).st_size
        fits = bool(folded.frames) or size == (folded.size or size)
        return fits and (not self.newest or comes_from(self.path, self.newest))
