"""Measures made of ratings: what the question stratum tests, computed from the domains' levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.framework import Framework
from rules.rulebook import Filter, Measure, Statistic

FEWEST_ANSWERS = 10
"""A share on fewer answers is marked wherever it is listed, and never decides alone: a measure made of
nothing but such shares has no value. No source names a number; this one is the project's own."""


@dataclass(frozen=True)
class MeasureValue:
    """The value of one measure for one target."""

    value: int | float | None
    """Rounded to four decimals (percentages 0 to 100); None where there is nothing to measure, and where all
    there is are survey results on fewer than `FEWEST_ANSWERS` answers (then there is a base)."""
    base: int | float | None = None
    """How many answers, cases, findings or ratings it rests on; None where that is unknown."""
    low: int | float | None = None
    """Lower end of the 95 % interval, in the unit of the value; None where none can be given."""
    high: int | float | None = None
    """Upper end of the 95 % interval."""

    @property
    def too_few_answers(self) -> bool:
        """Whether it has no value because all it is made of are survey results on too few answers."""
        return self.value is None and bool(self.base)


Measured = Mapping[str, Mapping[str, MeasureValue]]
"""Values of measures, by domain or question and by measure."""


def rounded(value: float) -> int | float:
    """A number as facts carry it: at most four decimals, whole numbers as int, never minus zero."""
    result = round(float(value), 4)
    return int(result) if result.is_integer() else result


def measure_ratings(
    framework: Framework, question_id: str, measure: Measure, levels: Mapping[str, int]
) -> MeasureValue:
    """The value of a rating measure for a question, from the levels (1 worst) of its rated domains.

    `base` is the number of rated domains. A share of no ratings, or the rating of a domain that has none,
    is missing (None), never 0.
    """
    question = framework.question(question_id)
    numbers = [levels[d.id] for d in question.domains if d.id in levels]
    base = len(numbers)
    if measure.statistic is Statistic.RATING:
        level = levels.get(measure.domain or "")
        return MeasureValue(level, None if level is None else 1)
    names = [level.id for level in question.levels_of_domains]
    counted = [number for number in numbers if _passes(measure.where, number, names)]
    if measure.statistic is Statistic.COUNT:
        return MeasureValue(len(counted), base)
    if not base:
        return MeasureValue(None, 0)
    if measure.statistic is Statistic.LOWEST:
        return MeasureValue(min(numbers), base)
    if measure.statistic is Statistic.PERCENT_OF_MAXIMUM:
        # Rounded up to a whole number: CQC, assessment framework for local authority assurance.
        return MeasureValue(-(-100 * sum(numbers) // (base * len(names))), base)
    return MeasureValue(rounded(100 * len(counted) / base), base)


def _passes(where: Filter, number: int, names: list[str]) -> bool:
    if where.level_at_least is not None and number < names.index(where.level_at_least) + 1:
        return False
    return where.level_at_most is None or number <= names.index(where.level_at_most) + 1
