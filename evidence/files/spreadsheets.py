"""Tables that go out: no cell of them is one that a spreadsheet would take for a formula.

Whoever writes a document can put `=HYPERLINK(...)` into it, a reviewer quotes it, and a moderator opens the
table in a spreadsheet, which runs it. So such cells get an apostrophe before them, which makes them text;
numbers stay as they are.
"""

from __future__ import annotations

import codecs
import re

STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""How formulas begin, in full-width letters too; blanks before are skipped by some spreadsheets."""


BYTE_ORDER_MARK = "\ufeff"
"""The first character of CSV for people: without it spreadsheets take UTF-8 for something else."""


def as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if not cell.lstrip(" \n").startswith(STARTS):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


MARK = "''"
"""Before a text of an export that can be imported again: an import takes it away."""


def as_exported(cell: str) -> str:
    """The same for a table that can be imported again, so that `as_given` gives the cell as it was."""
    guarded = as_text(cell)
    return MARK + cell if guarded != cell or as_given(cell) != cell else cell


def as_given(cell: str) -> str:
    """A cell of a table that comes in, without what `as_exported` has put before it."""
    inner = cell[len(MARK) :]
    return inner if cell.startswith(MARK) and (as_text(inner) != inner or inner.startswith(MARK)) else cell


# A cell, in quotes or not, and what it ends with. One whose quotes do not match goes up to the next comma.
CELL = re.compile(r'("(?:[^"]|"")*+"(?=[,\r\n]|\Z)|[^,\r\n]*+)(,|\r\n|\r|\n|\Z)')


class OutgoingCsv:
    """CSV in UTF-8 with `as_text` done to every cell, as it comes; holds back what is no whole row yet.

    It begins with a byte order mark. Where it has as many rows as it may have at `most`, its last row says
    `more`.
    """

    def __init__(self, most: int | None = None, more: str = "") -> None:
        self._most, self._more = most, more
        self._rows, self._begun = -1, False
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._waiting: list[str] = []
        self._quoted = False

    def feed(self, body: bytes, *, more: bool) -> bytes:
        """The rows that are whole by now."""
        text = self._decode(body, not more)
        rows = self._end_of_rows(text)
        end = rows if more else len(text)
        if more and not end:
            self._waiting.append(text)
            return b""
        whole = "".join((*self._waiting, text[:end]))
        self._waiting = [text[end:]]
        mark = "" if self._begun or not whole or whole.startswith(BYTE_ORDER_MARK) else BYTE_ORDER_MARK
        self._begun = self._begun or bool(whole)
        last = f'"{self._more}"\r\n' if not more and self._most == self._rows else ""
        return (mark + CELL.sub(_guarded, whole) + last).encode()

    def _end_of_rows(self, text: str) -> int:
        """Where the last whole row ends; quotes within quotes are doubled, so their number tells."""
        end, start = 0, 0
        while (at := text.find("\n", start)) >= 0:
            self._quoted ^= text.count('"', start, at) % 2 == 1
            if not self._quoted:
                end = at + 1
                self._rows += 1
            start = at + 1
        self._quoted ^= text.count('"', start) % 2 == 1
        return end


def _guarded(match: re.Match[str]) -> str:
    cell, end = match.groups()
    opened = '"' if cell.startswith('"') else ""
    closed = '"' if opened and len(cell) > 1 and cell.endswith('"') else ""
    inner = cell[len(opened) : len(cell) - len(closed)]
    return f"{opened}{as_text(inner)}{closed}{end}"
