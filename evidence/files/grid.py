"""A sheet as rows of cells, whatever file it is in, and how a table is found among what is around it.

People put titles above a table, notes below and beside it, and hide rows with filters. What is left out is
said; what could be part of the table never is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from evidence.files.rawtable import BLANK_HEADER, TWO_ROWS, RawTable, header_name

MOST_IN_SHEET = 1_048_576
"""Rows that a sheet of a spreadsheet program can have."""
MOST_WIDE = 1_000
"""Cells of a row, the empty ones before the last counted; a value far out makes all of them."""
LOOKED_AT = 200
"""Rows among which the headers are looked for."""
MOST_NOTES = 200
"""Rows below a table that may be notes; of more of them, each is a row."""
NOTES = re.compile(
    r"(notes?|sources?|footnotes?|key|nodiadau|nodyn|ffynhonnell|ffynonellau)\b\s{0,9}[:.0-9]|notes?$|nodiadau$"
    r"|[*\[(†‡¹²³]|end of (table|data|worksheet)",
    re.IGNORECASE,
)
"""How notes begin that stand right below a table."""

Line = tuple[int, list[Any]]
"""The number of a row, and its cells up to the last that is not empty ("" is an empty one)."""
Bounds = tuple[int, int, int, int]
"""First column, first row, last column, last row, from 1."""


class Fault(NamedTuple):
    """Stands for a cell that no value can be taken from: why, and what would do."""

    said: str
    hint: str
    shows: str = ""
    """What people see in it all the same, e.g. #N/A."""


class FarOut(Exception):
    """A cell is so far out that no table reaches there; the message says how large the sheet is."""


class Wanted(NamedTuple):
    """The headers of a table that is looked for."""

    needed: frozenset[str]
    known: frozenset[str]
    """Those that it may have, the needed ones among them."""


@dataclass
class Sheet:
    """A sheet of a workbook that is being read."""

    name: str
    lines: Iterator[Line]
    """The rows in sight; raises what a damaged file makes a reader raise."""
    merged: list[tuple[str, Bounds]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    """Numbers of the rows that hold something and are hidden, as far as it was read."""
    hidden_columns: list[int] = field(default_factory=list)
    """Numbers of the columns that are hidden; their cells are empty in `lines`."""
    filled_columns: set[int] = field(default_factory=set)
    """Those of them that hold something, as far as it was read."""

    def in_sight(self, at: int) -> int:
        """The number of a column, from its place (from 0) among those in sight."""
        number = at + 1
        for hidden in self.hidden_columns:
            number += hidden <= number
        return number

    def left_out(self) -> list[str]:
        """What is left out of it because it is hidden, in words."""
        said = []
        if self.hidden_rows:
            rows = ranges(self.hidden_rows)
            said.append(f"hidden {'row' if rows.isdigit() else 'rows'} {rows}")
        if self.filled_columns:
            columns = ", ".join(column_name(number) for number in sorted(self.filled_columns))
            said.append(f"hidden {'columns' if ',' in columns else 'column'} {columns}")
        return said


def column_name(number: int) -> str:
    """The letters of a column: 28 is AB."""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def ranges(numbers: Sequence[int], most: int = 8) -> str:
    """Numbers in words: 2, 4 to 9 and 12; of many ranges the first, and how many rows in all."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    said = [str(a) if a == b else f"{a} to {b}" for a, b in runs[:most]]
    if len(runs) > most:
        return f"{', '.join(said)} and others ({len(numbers):,} in all)"
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


# --- where the headers are -------------------------------------------------------------------------------


class Found(NamedTuple):
    """Where a table begins."""

    above: list[Line]
    """The rows above its headers."""
    header: Line | None
    wanted: Wanted | None
    """What it was recognised by."""
    after: list[Line]
    """Rows below the headers that were read already."""


def find_headers(lines: Iterator[Line], wanted: Collection[Wanted]) -> Found:
    """The first row with all the headers of a table that is wanted, else the first that may hold headers."""
    read: list[Line] = []
    for line in lines:
        if not filled(line[1]):
            continue
        read.append(line)
        if hit := _fits(line[1], wanted):
            return Found(read[:-1], line, hit, [])
        if len(read) >= (LOOKED_AT if wanted else 20):
            break
    # A title is alone in its row, and headers are not.
    first = next((i for i, (_, cells) in enumerate(read) if filled(cells) > 1), 0)
    if not read:
        return Found([], None, None, [])
    return Found(read[:first], read[first], None, read[first + 1 :])


def _fits(cells: list[Any], wanted: Collection[Wanted]) -> Wanted | None:
    if len(cells) < min((len(one.needed) for one in wanted), default=0):
        return None
    names = {header_name(cell) for cell in cells if isinstance(cell, str) and len(cell) < 300}
    fits = [one for one in wanted if one.needed and one.needed <= names]
    return max(fits, key=lambda one: len(one.known & names), default=None)


def filled(cells: Sequence[Any]) -> int:
    """How many cells of a row hold something."""
    return sum(1 for cell in cells if cell != "" and not (isinstance(cell, str) and not cell.strip()))


def reach(names: Sequence[str], wanted: Wanted | None, following: int = 0) -> tuple[int, int]:
    """The columns of a table, from and up to, by the names in the row of its headers.

    What follows an empty column and is no column of the table is beside it. `following` is how many cells the
    next row has, which is the second row of headers of some exports.
    """
    if wanted is None and set(names) >= TWO_ROWS:
        return 0, max(len(names), following)
    last = max((i for i, name in enumerate(names) if name != BLANK_HEADER), default=-1)
    if wanted is None:
        return 0, last + 1
    known = [i for i, name in enumerate(names) if name in wanted.known]
    begin, end = known[0], known[-1] + 1
    while begin and names[begin - 1] != BLANK_HEADER:
        begin -= 1
    while end < len(names) and names[end] != BLANK_HEADER:
        end += 1
    return begin, end


# --- what is below and beside ------------------------------------------------------------------------------


class Surroundings:
    """What is around the rows of one table, and left out of it."""

    def __init__(
        self, table: RawTable, found: Found, column: Callable[[int], int] = lambda at: at + 1
    ) -> None:
        self.table, self.column = table, column
        self.beside: dict[int, list[int]] = {}
        """Rows with something in a column beside the table, by the column."""
        self.below: list[int] = []
        self.above = [number for number, _ in found.above]
        self.last = found.header[0] if found.header else 0

    def rows(self, lines: Iterator[Line], begin: int, end: int) -> Iterator[Line]:
        """The rows of the table, without the notes below it."""
        if end - begin < 2:
            yield from lines
            return
        held: list[Line] = []
        for number, cells in lines:
            alone = len(cells) <= begin + 1 or cells[-1] == ""
            if alone and self._note(number, cells, begin, held):
                held.append((number, cells))
                if len(held) <= MOST_NOTES:
                    continue
            if held:
                yield from held
                last = held[-1][0]
                held = []
                self.last = last
                if last == number:
                    continue
            self.last = number
            yield number, cells
        self.below = [number for number, _ in held]

    def _note(self, number: int, cells: list[Any], begin: int, held: list[Line]) -> bool:
        """Whether a row may be a note below the table: one text, apart from the rows or beginning so."""
        here = [cell for cell in cells[begin:] if cell != ""]
        if len(here) != 1 or not isinstance(here[0], str):
            return False
        return bool(held) or number > self.last + 1 or bool(NOTES.match(here[0].strip()))

    def notes(self, hidden: Sequence[str] = ()) -> list[str]:
        """What was left out, in words."""
        said = list(hidden)
        if self.above:
            said.append(f"{_rows(self.above)} above the headers")
        if self.below:
            said.append(f"{_rows(self.below)} below the table")
        said += [
            f"column {column_name(self.column(column))} beside the table ({_rows(rows)})"
            for column, rows in sorted(self.beside.items())
        ]
        return [f"{self.table.place}: left out: {'; '.join(said)}."] if said else []


def _rows(numbers: list[int]) -> str:
    said = ranges(numbers)
    return f"{'row' if said.isdigit() else 'rows'} {said}"
