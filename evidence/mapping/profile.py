"""What is in the columns of a table, as far as a proposal needs it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

from evidence.files.rawtable import RawTable
from evidence.mapping.fitting import column_names
from evidence.mapping.words import as_words, says_who

LOOKED_AT = 5_000
"""Rows that are looked at; a proposal needs no more, and every row is checked when it is imported."""
MOST_WORDS = 60
"""Different values of a column that are kept."""
FIRST_ROWS = 10


@dataclass
class ColumnSeen:
    """A column of a table, and what is in its cells."""

    title: str
    words: Counter[str] = field(default_factory=Counter)
    """The different values, until there are more than MOST_WORDS of them, and how often each is there."""
    filled: int = 0
    different: int = 0
    longest: int = 0
    several: int = 0
    """How many cells hold a semicolon between words."""
    who: str = ""
    """What its cells are if they say who somebody is."""
    numbers: int = 0
    """How many cells are plain numbers."""

    def see(self, text: str) -> None:
        """Take in a cell."""
        if not text:
            return
        self.filled += 1
        self.longest = max(self.longest, len(text))
        self.several += ";" in text.strip(";")
        self.numbers += _is_number(text)
        self.who = self.who or says_who(text)
        if text in self.words or len(self.words) <= MOST_WORDS:
            self.words[text] += 1

    @property
    def few(self) -> list[str]:
        """Its different values in order, where there are few."""
        return sorted(self.words) if len(self.words) <= MOST_WORDS else []


def _is_number(text: str) -> bool:
    digits = text.replace(",", "").replace("%", "").replace(" ", "").lstrip("+-")
    return digits.replace(".", "", 1).isdigit() and digits.isascii()


@dataclass(frozen=True)
class TableSeen:
    """A table, as far as a proposal needs it."""

    columns: list[ColumnSeen]
    rows: int
    """How many were looked at."""
    first: list[list[str]]
    """The first rows, as people see them."""
    name: str

    def of(self, skip: int) -> list[list[str]]:
        """The first rows without those that hold no data."""
        return self.first[skip:]


def look_at(table: RawTable, skip: int = 0) -> TableSeen:
    """The table with what is in its columns; the first `skip` rows below the headers hold no data."""
    columns = [ColumnSeen(name) for name in column_names(table)]
    seen: list[set[str]] = [set() for _ in columns]
    first: list[list[str]] = []
    count = 0
    for number, (_, cells) in enumerate(islice(table.rows, LOOKED_AT + skip)):
        words = [as_words(cell) for cell in cells]
        if len(first) < FIRST_ROWS + skip:
            first.append(words)
        if number < skip:
            continue
        count += 1
        for column, known, text in zip(columns, seen, words, strict=False):
            column.see(text)
            if text:
                known.add(text)
    for column, known in zip(columns, seen, strict=True):
        column.different = len(known)
    return TableSeen(columns, count, first, table.name)
