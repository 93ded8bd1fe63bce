"""What a statement of somebody's own may cost on a connection that people ask questions on.

Its time is limited by Datasette, which looks every so many steps of SQLite whether it is up. Here its bytes
are: those of the statement, of a value, of all that it gives. And the functions of SQLite whose one step can
take the square of their texts, so that nobody looks in between, are replaced by ones that take no more than
the text itself.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable
from typing import Any

Value = str | bytes | int | float | None

LONGEST_STATEMENT = 20_000
"""Bytes of a statement; the longest of Datasette's own have a tenth of that."""
LARGEST_VALUE = 20_000_000
"""Bytes of a value; the seals of the largest import that is taken are of this size."""
LARGEST_RESULT = 50_000_000
"""Bytes of all that a statement gives: a thousand of the longest sections of a text."""
LONGEST_PATTERN = 1_000
"""Bytes of a pattern of LIKE and GLOB, which costs its length times that of the text."""
LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: LONGEST_STATEMENT,
    sqlite3.SQLITE_LIMIT_LENGTH: LARGEST_VALUE,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: LONGEST_PATTERN,
}
OF_SQLITE = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50_000,
}
"""SQLite's own, for the statements of pages and forms, which are ours."""


def prepare(connection: sqlite3.Connection) -> None:
    """Replace the functions on a connection, and bound it."""
    for name, arguments, function in FUNCTIONS:
        connection.create_function(name, arguments, function, deterministic=True)
    bound(connection)


def bound(connection: sqlite3.Connection) -> None:
    """Hold what is asked on a connection to the limits."""
    if connection.row_factory is sqlite3.Row:
        connection.row_factory = _Counted()
    for which, most in LIMITS.items():
        connection.setlimit(which, most)


def unbound(connection: sqlite3.Connection) -> None:
    """Hold it to SQLite's own limits: for statements of ours."""
    if isinstance(connection.row_factory, _Counted):
        connection.row_factory = sqlite3.Row
    for which, most in OF_SQLITE.items():
        connection.setlimit(which, most)


class _Counted:
    """Makes rows, and counts the bytes of those of one statement."""

    def __init__(self) -> None:
        self.cursor: weakref.ref[sqlite3.Cursor] | None = None
        self.size = 0

    def __call__(self, cursor: sqlite3.Cursor, row: tuple[Value, ...]) -> sqlite3.Row:
        if self.cursor is None or self.cursor() is not cursor:
            self.cursor, self.size = weakref.ref(cursor), 0
        self.size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if self.size > LARGEST_RESULT:
            said = f"the result is larger than {LARGEST_RESULT / 1e6:g} MB: ask for fewer rows or columns"
            raise sqlite3.OperationalError(said)
        return sqlite3.Row(cursor, row)


def _text(value: Value) -> str:
    """A value as SQLite makes a text of it."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        shown = f"{value:.15g}"
        mantissa, e, exponent = shown.partition("e")
        return shown if "." in mantissa or "n" in shown else f"{mantissa}.0{e}{exponent}"
    return str(value)


def _instr(text: Value, part: Value) -> int | None:
    if text is None or part is None:
        return None
    if isinstance(text, bytes) and isinstance(part, bytes):
        return text.find(part) + 1
    return _text(text).find(_text(part)) + 1


def _replace(text: Value, old: Value, new: Value) -> Value:
    if text is None or old is None:
        return None
    found, part = _text(text), _text(old)
    if not part or part[0] == "\0":
        return text  # as it is, whatever it is
    if new is None:
        return None
    put = _text(new)
    if len(put) > len(part) and len(found) + found.count(part) * (len(put) - len(part)) > LARGEST_VALUE:
        return " " * (LARGEST_VALUE + 1)  # which SQLite refuses as too big, as it would the text itself
    return found.replace(part, put)


def _trimmer(left: bool, right: bool) -> Callable[..., str | None]:
    def trim(text: Value, letters: Value = " ") -> str | None:
        if text is None or letters is None:
            return None
        found, gone = _text(text), frozenset(_text(letters))
        start, end = 0, len(found)
        while left and start < end and found[start] in gone:
            start += 1
        while right and end > start and found[end - 1] in gone:
            end -= 1
        return found[start:end]

    return trim


FUNCTIONS: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    ("instr", 2, _instr),
    ("replace", 3, _replace),
    *(
        (name, arguments, _trimmer(left, right))
        for name, left, right in (("trim", True, True), ("ltrim", True, False), ("rtrim", False, True))
        for arguments in (1, 2)
    ),
)
"""Name, number of arguments and what takes the place of SQLite's own."""
