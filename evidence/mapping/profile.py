"""What is in the columns of a table, as far as a proposal needs it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, islice

from evidence.files.rawtable import RawTable
from evidence.mapping.exports import Export, export_of
from evidence.mapping.fitting import column_names
from evidence.mapping.options import options_in
from evidence.mapping.words import as_words, says_who

LOOKED_AT = 5_000
"""Rows that are looked at; a proposal needs no more, and every row is checked when it is imported."""
MOST_WORDS = 60
"""Different values of a column that are kept."""
FIRST_ROWS = 10
JOINED = frozenset(";,")


@dataclass
class ColumnSeen:
    """A column of a table, and what is in its cells."""

    title: str
    words: Counter[str] = field(default_factory=Counter)
    """The different values, until there are more than MOST_WORDS of them, and how often each is there."""
    filled: int = 0
    different: int = 0
    longest: int = 0
    joined: int = 0
    """How many cells hold a semicolon or a comma between words."""
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
        self.joined += bool(JOINED & set(text.strip(" ;,")))
        self.numbers += _is_number(text)
        self.who = self.who or says_who(text)
        if text in self.words or len(self.words) <= MOST_WORDS:
            self.words[text] += 1

    @property
    def options(self) -> list[str]:
        """What its cells name several of at once; empty where they do not."""
        return options_in(self.words)

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


def look_at_export(table: RawTable) -> tuple[TableSeen, Export]:
    """The table with what is in its columns, and what the tool that made it needs."""
    names = column_names(table)
    columns = [ColumnSeen(name) for name in names]
    known: list[set[str]] = [set() for _ in columns]
    rows = ([as_words(cell) for cell in cells] for _, cells in table.rows)
    first = list(islice(rows, FIRST_ROWS))
    export = export_of(names, table.titles or table.headers, first)
    count = 0
    for words in chain(first[export.skip :], islice(rows, LOOKED_AT)):
        count += 1
        for column, so_far, text in zip(columns, known, words, strict=False):
            column.see(text)
            if text:
                so_far.add(text)
    for column, so_far in zip(columns, known, strict=True):
        column.different = len(so_far)
    return TableSeen(columns, count, first[export.skip :], table.name), export
