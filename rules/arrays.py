"""The rules applied to many alternatives at once: NumPy arrays in, levels out.

For what-ifs, resampling and `rules.lint`, where the same rules are applied to thousands of sets of measures.
It gives the same levels as `rules.inference` for every alternative (tested against it), without reasons or
firings. Cost is the number of criteria times the number of alternatives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rules.compile import Compiled, measures_tested, thresholds
from rules.framework import Framework, Level
from rules.ratings import rounded
from rules.rulebook import Criterion, Filter, Measure, Policy, RuleSet, Statistic

Values = NDArray[np.float64]
"""One value per alternative; NaN where there is nothing to measure."""
Levels = NDArray[np.int8]
"""One level per alternative, 1 the worst; 0 where there is none (not enough evidence, or people decide)."""
Truth = NDArray[np.bool_]
Counts = NDArray[np.int64]
Met = Mapping[tuple[str, str], Truth]
"""Which alternatives meet each criterion, by (part, criterion id)."""

PASSED: dict[str, Callable[[Values, tuple[int | float, ...]], Truth]] = {
    "at_least": lambda values, numbers: values >= numbers[0],
    "at_most": lambda values, numbers: values <= numbers[0],
    "more_than": lambda values, numbers: values > numbers[0],
    "less_than": lambda values, numbers: values < numbers[0],
    "equals": lambda values, numbers: values == numbers[0],
    "one_of": lambda values, numbers: np.isin(values, numbers),
}
"""What each test of a criterion asks of a value that is not missing."""


class ArrayEvaluator:
    """A compiled rulebook, ready for any number of alternatives."""

    def __init__(self, compiled: Compiled) -> None:
        self.framework, self.rulebook = compiled.framework, compiled.rulebook

    def rate(
        self, measures: Mapping[str, Mapping[str, Values]], decided: Mapping[str, int], count: int
    ) -> dict[str, Levels]:
        """The levels of every domain and question under `count` alternatives.

        `measures` holds, per domain and measure id, an array of `count` values rounded as facts are (see
        `rounded_values`; a measure left out is missing); `decided` levels count in every alternative.
        """
        framework, book = self.framework, self.rulebook
        levels = {
            name: self._rate(name, measures.get(name, {}), decided, count) for name in framework.domains
        }
        of_questions: dict[str, Levels] = {}
        for question in framework.questions:
            of_ratings = {
                name: rating_values(framework, question.id, book.measure(name), levels, count)
                for name in measures_tested(framework, book, question.id)
            }
            of_questions[question.id] = self._rate(question.id, of_ratings, decided, count)
        return levels | of_questions

    def met(self, target: str, criterion: Criterion, values: Values | None, count: int) -> Truth:
        """Whether the values of its measure (None: missing in all of them) meet a criterion of a target."""
        missing_is_met = criterion.when_missing == "met"
        if values is None:
            return np.full(count, missing_is_met)
        numbers = thresholds(self.framework, self.rulebook, target, criterion)
        with np.errstate(invalid="ignore"):
            passed = PASSED[criterion.test](values, numbers)
        return np.where(np.isnan(values), missing_is_met, passed)

    def _rate(
        self, target: str, measures: Mapping[str, Values], decided: Mapping[str, int], count: int
    ) -> Levels:
        if target in decided:
            return np.full(count, decided[target], dtype=np.int8)
        rules = self.rulebook.rules_of(self.framework, target)
        scale = [level.id for level in self.framework.scale_of(target)]
        met = {
            (part, criterion.id): self.met(target, criterion, measures.get(criterion.measure), count)
            for part, criterion in rules.criteria()
        }
        return proposed_levels(rules, scale, met, count)


def proposed_levels(rules: RuleSet, scale: Sequence[str], met: Met, count: int) -> Levels:
    """The levels of `scale` (ids, worst to best) that `rules` propose to `count` alternatives.

    The same as `rules.propose.propose_level` for each of them; `met` says which meet which criterion.
    """
    if rules.propose == "people":
        return np.zeros(count, dtype=np.int8)
    levels = _fitted(rules, scale, met, count)
    for limit in rules.limits:
        ceiling = np.int8(scale.index(limit.no_better_than) + 1)
        levels = np.where(met["limits", limit.id], np.minimum(levels, ceiling), levels)
    for criterion in rules.sufficiency:
        levels = np.where(met["sufficiency", criterion.id], levels, np.int8(0))
    return levels


def _fitted(rules: RuleSet, scale: Sequence[str], met: Met, count: int) -> Levels:
    """The levels that the policy alone gives."""
    levels = np.full(count, 0 if rules.policy is Policy.FIRST_MATCH else 1, dtype=np.int8)
    secure = np.ones(count, dtype=bool)
    best = np.full(count, -1.0)
    for number, name in enumerate(scale, start=1):
        size = len(rules.levels.get(name, ()))
        held = count_met(rules, name, met, count)
        if rules.policy is Policy.SECURE_FIT:
            secure &= held == size
            levels[secure & (name in rules.levels)] = number
        elif not size:
            continue
        elif rules.policy is Policy.FIRST_MATCH:
            levels[held == size] = number
        else:
            share = held / size
            levels[share > best] = number
            best = np.maximum(best, share)
    return levels


def count_met(rules: RuleSet, level: str, met: Met, count: int) -> Counts:
    """How many of a level's own criteria each alternative meets."""
    held = np.zeros(count, dtype=np.int64)
    for criterion in rules.levels.get(level, ()):
        held += met[level, criterion.id]
    return held


def rating_values(
    framework: Framework, question_id: str, measure: Measure, levels: Mapping[str, Levels], count: int
) -> Values:
    """A measure made of the ratings of a question's domains, as `rules.ratings.measure_ratings` defines it.

    `levels` holds the levels of all the framework's domains that the measure speaks of under `count`
    alternatives.
    """
    if measure.statistic is Statistic.RATING:
        rating = levels[measure.domain or ""]
        return np.where(rating > 0, rating * 1.0, np.nan)
    question = framework.question(question_id)
    numbers = np.zeros((len(question.domains), count), dtype=np.int64)
    for row, domain in enumerate(question.domains):
        numbers[row] = levels[domain.id]
    rated = numbers > 0
    base = rated.sum(axis=0)
    scale = question.levels_of_domains
    counted: Values = (rated & passing(measure.where, numbers, scale)).sum(axis=0).astype(float)
    if measure.statistic is Statistic.COUNT:
        return counted
    most = np.maximum(base, 1)
    if measure.statistic is Statistic.LOWEST:
        values = np.where(rated, numbers, len(scale)).min(axis=0, initial=len(scale)) * 1.0
    elif measure.statistic is Statistic.PERCENT_OF_MAXIMUM:
        values = -(-100 * numbers.sum(axis=0) // (most * len(scale))) * 1.0
    else:
        values = rounded_values(100 * counted / most)
    return np.where(base > 0, values, np.nan)


def passing(where: Filter, numbers: Counts, scale: Sequence[Level]) -> Truth:
    """Which level numbers pass the filter of a measure made of ratings."""
    names = [level.id for level in scale]
    found = np.ones(numbers.shape, dtype=bool)
    if where.level_at_least is not None:
        found &= numbers >= names.index(where.level_at_least) + 1
    if where.level_at_most is not None:
        found &= numbers <= names.index(where.level_at_most) + 1
    return found


def rounded_values(values: Values) -> Values:
    """Numbers as facts carry them, the same as `rules.ratings.rounded` to the last bit; NaN stays NaN.

    `np.round` multiplies before it rounds, so that a number beside a tie can become one: 100 * 1 / 16,000
    is 0.0062 to NumPy and 0.0063 to Python. What comes near a tie, or is too large to be multiplied
    exactly, is therefore rounded by `rounded` itself.
    """
    values = np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.abs(values * 1e4)
        doubtful = (np.abs(scaled - np.floor(scaled) - 0.5) < 1e-3) | (scaled > 2.0**40)
        result: Values = np.asarray(np.round(values, 4) + 0.0)  # + 0.0: never minus zero
    for at in zip(*np.nonzero(doubtful & np.isfinite(values)), strict=True):
        result[at] = rounded(float(values[at]))
    return result
