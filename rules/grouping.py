"""Problems of tables grouped by cause: a wrong value in many rows is one line, with count and rows."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.limits import MOST_PROBLEMS

if TYPE_CHECKING:
    from rules.errors import Problem
    from rules.remedy import Remedy

MOST_GROUPED = 20_000
"""So many problems are grouped; the others are only counted. Each is looked at, which takes its time."""
MOST_RANGES = 10
"""Ranges of rows that one line names."""
MOST_ALIKE, NAMED_ALIKE = 5, 3
"""So many values of a column that something else was expected of have a line each; of more the first few."""
SAME = "What is said above holds for them, too."
MOST_COLUMNS_NAMED = 5
"""Columns that one line names."""


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
        place = _read(where)
        row, column = (place.row, place.column) if place else (None, "")
        which = (place.table, place.name) if place else (where, "")
        key = (*which, "" if self.across else column, message, tuple(map(repr, remedies)))
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

        return [
            Problem(_place(one), _said(one), one.hint, one.remedies) for one in _alike(self.groups.values())
        ]


def _alike(groups: Iterable[_Group]) -> list[_Group]:
    """The groups, the many values of a column of which the same was expected as a few and their rest."""
    found: list[_Group] = []
    alike: dict[tuple[Any, ...], list[_Group]] = {}
    for group in groups:
        found.append(group)
        value, expected, what = group.message.partition("; expected ")
        place = _read(group.where)
        if place and expected and value.startswith("found ") and value != "found nothing":
            alike.setdefault((place.table, place.name, tuple(group.columns), what), []).append(group)
    for (*_, what), several in alike.items():
        if len(several) <= MOST_ALIKE:
            continue
        first, *others = several[NAMED_ALIKE:]
        rest = _Group(first.where, f"found {len(others) + 1:,} other values; expected {what}", SAME, ())
        for group in (first, *others):
            rest.rows.extend(group.rows)
            rest.columns |= group.columns
            rest.count += group.count
        found[found.index(first)] = rest
        gone = set(map(id, others))
        found = [group for group in found if id(group) not in gone]
    return found


def grouped(problems: Iterable[Problem]) -> tuple[list[Problem], int]:
    """Problems, those that say the same of several rows as one, and how many there are beyond the lines."""
    found = Grouping()
    for problem in problems:
        found.add(problem.where, problem.message, problem.hint, problem.remedies)
    return found.lines(), found.more


class _Place(NamedTuple):
    table: str
    name: str
    """What a row is called: row, or the key of a list."""
    row: int
    column: str


def _read(where: str) -> _Place | None:
    """The table, row and column of a place; None for a place that is no row of a table."""
    place, comma, column = where.rpartition(", column ")
    table, name, row = _last(place if comma else where)
    if name == "line":
        table, name, row = _last(table)
    return _Place(table, name, row, column if comma else "") if name else None


def _last(place: str) -> tuple[str, str, int]:
    """A place without its last part, where that is a word and a number; the word is empty if it is not."""
    table, comma, last = place.rpartition(", ")
    name, _, number = last.partition(" ")
    is_row = comma and name.replace("-", "").isalpha() and number.isdecimal() and len(number) < 10
    return (table, name, int(number)) if is_row else (place, "", 0)


def _place(group: _Group) -> str:
    rows = sorted(set(group.rows))
    if group.count == 1 or not rows:
        return group.where
    place = _read(group.where)
    where = f"{place.table}, {row_ranges(rows, place.name)}" if place else group.where
    columns = list(group.columns)
    if not columns:
        return where
    named = ", ".join(columns[:MOST_COLUMNS_NAMED])
    left = len(columns) - MOST_COLUMNS_NAMED
    named += f" and {left} more" if left > 0 else ""
    return f"{where}, {'column' if len(columns) == 1 else 'columns'} {named}"


def _said(group: _Group) -> str:
    return group.message if group.count == 1 else f"{group.message} ({group.count:,} times)"


def row_ranges(rows: Sequence[int], name: str = "row") -> str:
    """Rows in order as ranges: 'rows 3-18, 40', the first ten of them; `name`: what one is called."""
    ranges: list[tuple[int, int]] = []
    for row in rows:
        if ranges and row == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], row)
        else:
            ranges.append((row, row))
    said = [str(first) if first == last else f"{first}-{last}" for first, last in ranges[:MOST_RANGES]]
    left = sum(last - first + 1 for first, last in ranges[MOST_RANGES:])
    more = f" and {left:,} more" if left else ""
    return f"{'rows' if name == 'row' and len(rows) > 1 else name} {', '.join(said)}{more}"
