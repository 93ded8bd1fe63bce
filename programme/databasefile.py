"""The file under the working database: whether it is still the one that was opened.

Nothing here closes a file of a database that this process has open: that would give up every lock that the
process holds on it.
"""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass
from pathlib import Path

from programme.files import beside
from programme.logs import HEADER, follows, stamp_in, stamps_in_log
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
        # Kept open as long as the server runs: see the module on locks.
        self.handle = os.open(self.path, os.O_RDONLY)
        weakref.finalize(self, os.close, self.handle)
        found = os.fstat(self.handle)
        # By the name that was given: a link may come to lead elsewhere.
        self.opened = OpenedFile(path.absolute(), found.st_dev, found.st_ino)
        self.seen: tuple[int, int] | None = None
        self.log: tuple[int, int] | None = None
        self.longest = 0
        self.written = False
        """Whether the file itself was written to since it was last looked at."""
        self.stamp = stamp_in(os.pread(self.handle, HEADER, 0))
        self.wrong = ""

    def refuse_if_changed(self) -> None:
        """Raise DatabaseUnusable unless this is still the file that the server was started with."""
        if wrong := self.what_changed():
            raise changed_under_it(self.path.name, wrong)

    def what_changed(self) -> str:
        """What happened to the file, in words; nothing if it is as it was left by who writes to it."""
        self.wrong = self.wrong or self.opened.what_changed() or self._overwritten() or self._log_changed()
        return self.wrong

    def _log_changed(self) -> str:
        lost = "lost its log (-wal)"
        try:
            found = beside(self.path, "-wal").stat()
        except OSError:
            return lost if self.log else ""
        # Whoever has the database open keeps the log open too: it is never another one, and only shrinks when
        # all of it was written into the database.
        self.log = self.log or (found.st_dev, found.st_ino)
        if self.log != (found.st_dev, found.st_ino) or (found.st_size < self.longest and not self.written):
            return lost
        self.longest = found.st_size
        return ""

    def _overwritten(self) -> str:
        found = os.fstat(self.handle)
        seen = found.st_size, found.st_mtime_ns
        self.written = seen != self.seen
        if not self.written:
            return ""
        stamp = stamp_in(os.pread(self.handle, HEADER, 0))
        if stamp is not None and stamp != self.stamp:
            # It is SQLite that changed it, if the file is now as some transaction in the log left it.
            stamps = stamps_in_log(beside(self.path, "-wal"))
            if not stamps or not (stamp in stamps or follows(stamps, stamp)):
                stamp = None
        if stamp is None:
            return "was copied over"
        self.seen, self.stamp = seen, stamp
        return ""
