"""Problems of tables grouped by cause: a wrong value in many rows is one line, with count and rows."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rules.limits import MOST_PROBLEMS

if TYPE_CHECKING:
    from rules.errors import Problem
    from rules.remedy import Remedy

MOST_GROUPED = 20_000
"""So many problems are grouped; the others are only counted. Each is looked at, which takes its time."""
MOST_RANGES = 10
"""Ranges of rows that one line names."""
MOST_COLUMNS_NAMED = 5
"""Columns that one line names."""
ROW = re.compile(r"^(.*), row ([0-9]{1,9})(?:, column (.*))?$", re.DOTALL)


@dataclass
class _Group:
    where: str
    """Where the first of them is."""
    message: str
    hint: str
    remedies: tuple[Remedy, ...]
    rows: array[int] = field(default_factory=lambda: array("q"))
    columns: dict[str, None] = field(default_factory=dict)
    count: int = 0


class Grouping:
    """The problems of one or several tables as they are found, by what they say.

    What says the same of several rows of a table becomes one; with `across_columns`, also of several columns.
    """

    def __init__(self, *, across_columns: bool = False) -> None:
        self.across = across_columns
        self.groups: dict[tuple[Any, ...], _Group] = {}
        self.count = 0
        """How many problems there are in all."""
        self.named = 0
        """How many of them the lines stand for."""

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def is_full(self) -> bool:
        """Whether further problems are only counted: nobody need word them."""
        return self.count >= MOST_GROUPED

    @property
    def more(self) -> int:
        """How many problems no line stands for."""
        return self.count - self.named

    def miss(self, count: int) -> None:
        """So many problems more, which nobody has worded."""
        self.count += count

    def add(self, where: str, message: str, hint: object = "", remedies: Sequence[Remedy] = ()) -> None:
        """One more problem; the hint is worded for the first of its kind alone."""
        if self.is_full:
            self.count += 1
            return
        self.count += 1
        place = ROW.match(where)
        table, row, column = (place[1], int(place[2]), place[3] or "") if place else (where, None, "")
        key = (table, row is None, "" if self.across else column, message, tuple(map(repr, remedies)))
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= MOST_PROBLEMS:
                return
            group = self.groups[key] = _Group(where, message, str(hint), tuple(remedies))
        self.named += 1
        group.count += 1
        if row is not None:
            group.rows.append(row)
        if column:
            group.columns[column] = None

    def lines(self) -> list[Problem]:
        """The problems, one for each thing that is wrong, in the order in which the first were found."""
        from rules.errors import Problem

        return [Problem(_place(one), _said(one), one.hint, one.remedies) for one in self.groups.values()]


def grouped(problems: Iterable[Problem]) -> tuple[list[Problem], int]:
    """Problems, those that say the same of several rows as one, and how many there are beyond the lines."""
    found = Grouping()
    for problem in problems:
        found.add(problem.where, problem.message, problem.hint, problem.remedies)
    return found.lines(), found.more


def _place(group: _Group) -> str:
    rows = sorted(set(group.rows))
    if group.count == 1 or not rows:
        return group.where
    table = ROW.match(group.where)
    where = f"{table[1] if table else group.where}, {row_ranges(rows)}"
    columns = list(group.columns)
    if not columns:
        return where
    named = ", ".join(columns[:MOST_COLUMNS_NAMED])
    left = len(columns) - MOST_COLUMNS_NAMED
    named += f" and {left} more" if left > 0 else ""
    return f"{where}, {'column' if len(columns) == 1 else 'columns'} {named}"


def _said(group: _Group) -> str:
    return group.message if group.count == 1 else f"{group.message} ({group.count:,} times)"


def row_ranges(rows: Sequence[int]) -> str:
    """Rows in order as ranges: 'rows 3-18, 40', the first ten of them."""
    ranges: list[tuple[int, int]] = []
    for row in rows:
        if ranges and row == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], row)
        else:
            ranges.append((row, row))
    said = [str(first) if first == last else f"{first}-{last}" for first, last in ranges[:MOST_RANGES]]
    left = sum(last - first + 1 for first, last in ranges[MOST_RANGES:])
    more = f" and {left:,} more" if left else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {', '.join(said)}{more}"
