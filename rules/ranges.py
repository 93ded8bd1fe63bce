"""Where thresholds cut: the few values of a measure that stand for all it can be.

Thresholds cut what a measure can be into ranges: the points at thresholds, and what lies between them. Inside
a range no criterion changes, so one value stands for the whole of it, and ranges in which the same criteria
are met are one *option*. A domain, as a question sees it, is rated at each of its levels or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rules.framework import Framework
from rules.ratings import rounded
from rules.rulebook import Measure

Value = int | float | None
UNITS = 10_000
"""Facts carry four decimals."""


@dataclass(frozen=True)
class Factor:
    """A measure of a domain, or a domain of a question, with all that it can say."""

    name: str
    options: tuple[Value, ...]
    """One value (or level number) per option; None where it stands for no value at all."""
    ranked: tuple[tuple[int, Value], ...]
    """From the worst value to the best: an option, with the value to say so, wherever the option changes.
    Empty where neither way is better."""
    missing: int | None
    """The option that has the effect of no value; None where there always is one, or no way is better."""


def ranges(measure: Measure, numbers: Sequence[int | float]) -> Iterator[Value]:
    """One value of a measure per range that `numbers` cut, rising; then None where it can have no value.

    Percentages go from 0 to 100 and scores from 1 up, in steps of 0.0001; counts from 0 up in steps of 1.
    Only counts always have a value.
    """
    unit = 1 if measure.is_count else UNITS
    low = 0 if measure.is_count or measure.is_percent else unit
    high = 100 * unit if measure.is_percent else None
    at = [Fraction(str(number)) * unit for number in numbers]
    points = sorted({whole for n in at for whole in (math.floor(n), math.ceil(n))})
    points = [point for point in points if point >= low and (high is None or point <= high)]
    top = (points[-1] if points else low) + unit + 1 if high is None else high + 1
    ends = [low - 1, *points, top]
    for position, (left, right) in enumerate(pairwise(ends)):
        if position:
            yield rounded(left / unit)
        if right - left > 1:
            yield rounded(_plain_between(left, right) / unit)
    if not measure.is_count:
        yield None


def _plain_between(left: int, right: int) -> int:
    """A number between two others with as few digits as can be, near the middle."""
    middle = (left + right) // 2
    for step in (UNITS * 10, UNITS, UNITS // 10, UNITS // 100, UNITS // 1000):
        near = step * round(middle / step)
        if left < near < right:
            return near
    return middle


def factor_of_measure(
    measure: Measure, values: Sequence[Value], truths: NDArray[np.bool_]
) -> tuple[Factor, list[int]]:
    """The measure with one option for all ranges that meet the same criteria, and the range of each."""
    patterns = [column.tobytes() for column in truths.T]
    options = {pattern: patterns.index(pattern) for pattern in patterns}
    number = {pattern: position for position, pattern in enumerate(options)}
    runs = [
        (number[pattern], value)
        for position, (pattern, value) in enumerate(zip(patterns, values, strict=True))
        if value is not None and (position == 0 or pattern != patterns[position - 1])
    ]
    if measure.better == "lower":
        runs.reverse()
    factor = Factor(
        measure.id,
        tuple(values[part] for part in options.values()),
        () if measure.better == "neither" else tuple(runs),
        None if measure.is_count or measure.better == "neither" else number[patterns[-1]],
    )
    return factor, list(options.values())


def factor_of_domain(framework: Framework, name: str) -> Factor:
    """A domain with its levels, and that it may have none."""
    levels = range(1, len(framework.scale_of(name)) + 1)
    return Factor(name, (*levels, None), tuple(enumerate(levels)), len(levels))
