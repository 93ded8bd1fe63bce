"""Small numbers kept out of what is published, so that nobody can be told from a table.

A table is counts by name, and sums: which counts add up to which other one. First every count below the
threshold is hidden. Then more are, until none that is hidden can be worked out: whoever has all that is
printed, and knows that counts are whole numbers from 0 up, must be left with a range at least as wide as the
threshold for every hidden one. That holds against any sum and difference of printed numbers, over rows,
columns and totals, as the range is from the smallest to the largest number that fits them all (integer
programs, HiGHS in SciPy). A plan is made first, to be looked at; `apply` takes the counts out.

What is printed of the same people elsewhere belongs into the same plan, with the sums that tie it: shares
beside their base are counts as well.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rules.errors import ReviewError
from rules.words import many

Name = TypeVar("Name", bound=Hashable)

SMALL, FOLLOWS = "small", "follows"
"""Why a count is hidden: it is small, or a small one would follow from it."""
ROUNDING = 1e-6
"""How far from a whole number what was solved for may be."""
ALL = "all"
"""The name of a total of rows or columns in `grid_sums`."""


@dataclass(frozen=True)
class Sum(Generic[Name]):
    """A count that is the sum of others."""

    total: Name
    parts: tuple[Name, ...]


@dataclass(frozen=True)
class Plan(Generic[Name]):
    """Which counts of a table are to be hidden, and why; nothing is hidden yet."""

    fewest: int
    """The smallest count that is printed."""
    hidden: Mapping[Name, str]
    """Each hidden count with its reason: `SMALL` or `FOLLOWS`."""
    shown: int
    """How many counts are printed."""

    def apply(self, counts: Mapping[Name, int]) -> dict[Name, int | None]:
        """The counts, None in place of each that is hidden."""
        return {name: None if name in self.hidden else count for name, count in counts.items()}

    def words(self) -> str:
        """What the plan would do, as sentences."""
        small = sum(reason == SMALL for reason in self.hidden.values())
        follow = len(self.hidden) - small
        if not self.hidden:
            return f"No number is below {self.fewest}; all {self.shown:,} are printed."
        said = f"{many(small, 'number')} below {self.fewest} {_are(small)} left out"
        if follow:
            said += f", and {follow:,} more, from which {'it' if small == 1 else 'they'} would follow"
        return f"{said}; {many(self.shown, 'number')} {_are(self.shown)} printed."


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def plan_suppression(
    counts: Mapping[Name, int], sums: Sequence[Sum[Name]], fewest: int, *, zeros_are_small: bool = True
) -> Plan[Name]:
    """What to hide of a table so that no count below `fewest` is printed or follows from what is.

    A sum counts where its total and all of its parts are among `counts`. `zeros_are_small`: a count of 0 is
    hidden too. Raises ReviewError for negative counts, and for sums that do not add up.
    """
    tied = [one for one in sums if {one.total, *one.parts} <= set(counts)]
    _refuse_wrong(counts, tied, fewest)
    hidden = {name: SMALL for name, count in counts.items() if count < fewest and (count or zeros_are_small)}
    if hidden:
        for name in _Table(counts, tied, fewest).more_to_hide(hidden):
            hidden[name] = FOLLOWS
    # In the order of the table, whatever the order in which they were found.
    ordered = {name: hidden[name] for name in counts if name in hidden}
    return Plan(fewest, ordered, len(counts) - len(ordered))


def _refuse_wrong(counts: Mapping[Name, int], sums: Sequence[Sum[Name]], fewest: int) -> None:
    if fewest < 1:
        raise ReviewError(f"a threshold of {fewest} hides nothing", hint="Give 1 or more.")
    negative = [name for name, count in counts.items() if count < 0]
    if negative:
        raise ReviewError(f"{negative[0]}: {counts[negative[0]]} is not a number of people or files")
    for one in sums:
        added = sum(counts[part] for part in one.parts)
        if added != counts[one.total]:
            raise ReviewError(
                f"{one.total}: the parts add up to {added:,}, not to {counts[one.total]:,}",
                hint="Name every part of the total, each once.",
            )


class _Table(Generic[Name]):
    """A table whose hidden counts are tried: what others could they be?"""

    def __init__(self, counts: Mapping[Name, int], sums: Sequence[Sum[Name]], fewest: int) -> None:
        self.counts, self.sums, self.fewest = counts, sums, fewest
        self.totals = {one.total for one in sums}
        self.bound = sum(counts.values()) + 2 * fewest
        self.fills: list[dict[Name, int]] = []
        """Other numbers that fit what is printed, as they were found: each of some hidden counts."""

    def more_to_hide(self, small: Mapping[Name, str]) -> list[Name]:
        """What else must be hidden, in the order found; what turns out to be needless is printed again."""
        hidden = dict.fromkeys(small)
        more: list[Name] = []
        while (found := self._given_away(hidden)) is not None:
            hidden[found] = None
            more.append(found)
        while (name := self._exposed(hidden)) is not None:
            added = self._beside(name, hidden)
            hidden[added] = None
            more.append(added)
        for name in list(more):
            without = {other: None for other in hidden if other != name}
            if self._exposed(without) is None:
                hidden = without
                more.remove(name)
        return more

    def _given_away(self, hidden: Mapping[Name, None]) -> Name | None:
        """What to hide in a sum that has one hidden count, or few people in those hidden, if there is one.

        Such sums alone give most counts away, and nothing has to be solved to see them.
        """
        for one in self.sums:
            parts = [part for part in one.parts if part in hidden]
            if one.total in hidden:
                alone = not parts
            else:
                left = sum(self.counts[part] for part in parts)
                alone = bool(parts) and (len(parts) == 1 or left < self.fewest)
            if alone:
                return self._cheapest([name for name in (*one.parts, one.total) if name not in hidden])
        return None

    def _cheapest(self, names: Sequence[Name]) -> Name:
        return min(names, key=self._cost)

    def _beside(self, name: Name, hidden: Mapping[Name, None]) -> Name:
        """The count to hide with one that can be worked out: the smallest in a sum with it, totals last."""
        tied = [one for one in self.sums if name in (one.total, *one.parts)]
        # A sum with one hidden count is what gives it away; where none is left, it follows from several.
        for sums in (tied, self.sums):
            for lone in (True, False):
                found = [
                    other
                    for one in sums
                    if lone == (sum(part in hidden for part in (one.total, *one.parts)) == 1)
                    for other in (*one.parts, one.total)
                    if other not in hidden
                ]
                if found:
                    return self._cheapest(found)
        raise ReviewError(f"{name} can be worked out, and nothing is left to hide")

    def _cost(self, name: Name) -> tuple[bool, bool, int]:
        count = self.counts[name]
        return name in self.totals, count == 0, count

    def _exposed(self, hidden: Mapping[Name, None]) -> Name | None:
        """The first hidden count of which too narrow a range is left, if there is one.

        What was found to fit before mostly shows the range already: only the rest is solved for.
        """
        low = {name: self.counts[name] for name in hidden}
        high = dict(low)

        def widen(fill: Mapping[Name, int]) -> None:
            for name, number in fill.items():
                if name in low:
                    low[name], high[name] = min(low[name], number), max(high[name], number)

        for fill in self.fills:
            if all(name in hidden for name, number in fill.items() if number != self.counts[name]):
                widen(fill)
        solve = None
        for name in hidden:
            for sign in (-1, 1):
                if high[name] - low[name] >= self.fewest:
                    break
                solve = solve or _solver(self.counts, self.sums, list(hidden), self.bound)
                fill = solve(name, sign)
                self.fills.append(fill)
                widen(fill)
            if high[name] - low[name] < self.fewest:
                return name
        return None


def _solver(
    counts: Mapping[Name, int], sums: Sequence[Sum[Name]], hidden: Sequence[Name], bound: int
) -> Callable[[Name, int], dict[Name, int]]:
    """What gives whole numbers from 0 up that fit what is printed, with one hidden count as large (sign 1) or
    small (-1) as can be; a number without an end is cut at `bound`."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    place = {name: position for position, name in enumerate(hidden)}
    lines, known = [], []
    for one in sums:
        line = np.zeros(len(hidden))
        rest = 0
        for sign, name in ((1, one.total), *((-1, part) for part in one.parts)):
            if name in place:
                line[place[name]] += sign
            else:
                rest -= sign * counts[name]
        if line.any():
            lines.append(line)
            known.append(rest)
    fits = [LinearConstraint(np.array(lines), known, known)] if lines else []
    limits, whole = Bounds(0, bound), np.ones(len(hidden))

    def solve(name: Name, sign: int) -> dict[Name, int]:
        aim = np.zeros(len(hidden))
        aim[place[name]] = -sign
        # Mostly the best numbers without the demand that they be whole are whole, and quicker to find.
        for integrality in (0 * whole, whole):
            solved = milp(aim, constraints=fits, integrality=integrality, bounds=limits)
            if solved.x is None:
                raise ReviewError(f"the numbers that fit {name} could not be found: {solved.message}")
            if np.abs(solved.x - np.rint(solved.x)).max() < ROUNDING:
                break
        return {other: round(float(solved.x[position])) for other, position in place.items()}

    return solve


Place = tuple[int | str, int | str]


def grid_sums(rows: int, columns: int) -> list[Sum[Place]]:
    """The sums of a table of rows and columns with totals: cells are (row, column), totals have `ALL`."""
    across = [
        Sum[Place]((row, ALL), tuple((row, column) for column in range(columns))) for row in range(rows)
    ]
    down = [
        Sum[Place]((ALL, column), tuple((row, column) for row in range(rows))) for column in range(columns)
    ]
    corner = [
        Sum[Place]((ALL, ALL), tuple((row, ALL) for row in range(rows))),
        Sum[Place]((ALL, ALL), tuple((ALL, column) for column in range(columns))),
    ]
    return [*across, *down, *corner]


def grid_counts(cells: Sequence[Sequence[int]]) -> dict[Place, int]:
    """The counts of a table of rows and columns, with all totals, by the names of `grid_sums`."""
    found: dict[Place, int] = {}
    for row, numbers in enumerate(cells):
        found |= {(row, column): number for column, number in enumerate(numbers)}
        found[row, ALL] = sum(numbers)
    for column, numbers in enumerate(zip(*cells, strict=True)):
        found[ALL, column] = sum(numbers)
    found[ALL, ALL] = sum(map(sum, cells))
    return found


@dataclass(frozen=True)
class Span:
    """Neighbouring columns printed as one: from the first to the last of them, counted from 0."""

    first: int
    last: int


def merge_small(rows: Sequence[Sequence[int]], fewest: int) -> list[Span]:
    """Neighbouring columns joined, as few as will do, so that no count of any row is below `fewest`.

    For columns in an order, such as scores. All rows that are printed together are joined alike: joined each
    in its own way, differences between them would give small counts away. No columns where even the sum of a
    row is below `fewest`: such a row has to be left out.
    """
    width = len(rows[0]) if rows else 0
    # best[n]: the most spans into which the first n columns can be joined, and where the last of them begins.
    best: list[tuple[int, int] | None] = [(0, 0)] + [None] * width
    for end in range(1, width + 1):
        for start in range(end):
            before = best[start]
            if before is None or any(sum(row[start:end]) < fewest for row in rows):
                continue
            if (now := best[end]) is None or before[0] + 1 > now[0]:
                best[end] = (before[0] + 1, start)
    spans: list[Span] = []
    end = width
    while end:
        found = best[end]
        if found is None:
            return []
        spans.insert(0, Span(found[1], end - 1))
        end = found[1]
    return spans
