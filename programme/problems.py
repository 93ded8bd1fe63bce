"""What a check of the record found: collected part by part, so that no damage hides another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, zip_longest
from operator import itemgetter

from programme.progress import Progress, no_progress

SHOWN = 200
"""How many problems are named; the rest are counted."""
SCHEMA, EVENTS = "schema", "events"
"""The parts about tables, indexes, triggers and views, and about events."""
AHEAD = {SCHEMA: SHOWN // 2, EVENTS: SHOWN // 4}
"""How many problems of a part are named before others have their share."""
NOT_THE_RECORD = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
)
"""The kinds of error that say nothing of what is in the file."""


@dataclass(frozen=True, kw_only=True)
class RecordProblem:
    """One thing that is not as it was sealed."""

    kind: str
    """changed, missing, inserted, out of order, or not sealed."""
    what: str
    """What it is about, e.g. 'event 12', 'item E300', 'row 7 of tag'."""
    says: str
    """The whole of it in a sentence."""
    event: int | None = None
    """The event concerned."""


class Problems:
    """The problems of a check under way, by the part of the record that they are about."""

    def __init__(self, total: int = 0, progress: Progress = no_progress) -> None:
        self._parts: dict[str, list[tuple[int, RecordProblem]]] = {}
        self._part = ""
        self._count = 0
        self._done, self._total, self._progress = 0, total, progress

    def add(self, kind: str, what: str, says: str, event: int | None = None) -> None:
        """One more problem; of each part, the first 200 are kept, and all are counted."""
        self._count += 1
        kept = self._parts.setdefault(self._part, [])
        if len(kept) < SHOWN:
            kept.append(
                (self._count, RecordProblem(kind=kind, what=shown(what), says=shown(says), event=event))
            )

    def count(self, more: int) -> None:
        """So many more problems, which are not named."""
        self._count += more

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part of the check, or of a part. What goes wrong in it is a problem; the rest is still checked.

        What lies beyond the record (no memory, a disk that cannot be read, a lock) is raised.
        """
        before, self._part = self._part, self._part or name
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in NOT_THE_RECORD:
                raise
            self.add("changed", name, f"{name} cannot be checked: {error}.")
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            self.add("changed", name, f"{name} cannot be checked: {type(error).__name__}, {error}.")
        finally:
            self._part = before

    def advance(self, by: int = 1) -> None:
        """So many more events or rows are checked."""
        self._done += by
        if self._done % 1_000 < by:
            self._progress(self._done, self._total, "checking")

    def named(self) -> tuple[tuple[RecordProblem, ...], int]:
        """The problems that are named, in the order they were found, and how many more there are.

        If there are too many, every part has its share: many problems of one do not hide those of another.
        What is wrong with the schema and with events has a larger one, since it explains others.
        """
        first = [one for name, most in AHEAD.items() for one in self._parts.get(name, [])[:most]]
        parts = [found[AHEAD.get(name, 0) :] for name, found in self._parts.items()]
        turns = (turn for taking in zip_longest(*parts) for turn in taking if turn is not None)
        taken = sorted([*first, *islice(turns, SHOWN - len(first))], key=itemgetter(0))
        return tuple(problem for _, problem in taken), self._count - len(taken)


def shown(text: str) -> str:
    """Text as it can be shown: bytes that are no text, and signs that cannot be seen, written as escapes."""
    readable = text.encode("utf-8", "backslashreplace").decode()
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in readable
    )
