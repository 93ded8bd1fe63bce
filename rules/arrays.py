"""The rules applied to many alternatives at once: NumPy arrays in, levels out.

For what-ifs and resampling, where the same rulebook is applied to thousands of sets of measures. It gives the
same levels as `rules.inference` for every alternative (tested against it), without reasons or firings.
Cost is the number of criteria times the number of alternatives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from rules.compile import Compiled, thresholds
from rules.rulebook import Criterion, Filter, Measure, Policy, RuleSet, Statistic

Values = NDArray[np.float64]
"""One value per alternative; NaN where there is nothing to measure."""
Levels = NDArray[np.int8]
"""One level per alternative, 1 the worst; 0 where there is none (not enough evidence, or left to people)."""
Truth = NDArray[np.bool_]


_PASSED: dict[str, Callable[[Values, tuple[int | float, ...]], Truth]] = {
    "at_least": lambda values, numbers: values >= numbers[0],
    "at_most": lambda values, numbers: values <= numbers[0],
    "more_than": lambda values, numbers: values > numbers[0],
    "less_than": lambda values, numbers: values < numbers[0],
    "equals": lambda values, numbers: values == numbers[0],
    "one_of": lambda values, numbers: np.isin(values, numbers),
}


class ArrayEvaluator:
    """A compiled rulebook, ready for any number of alternatives."""

    def __init__(self, compiled: Compiled) -> None:
        self.framework, self.rulebook = compiled.framework, compiled.rulebook

    def rate(
        self, measures: Mapping[str, Mapping[str, Values]], decided: Mapping[str, int], count: int
    ) -> dict[str, Levels]:
        """The levels of every domain and question under `count` alternatives.

        `measures` holds, per domain and measure id, an array of `count` values rounded as facts are (a
        measure left out is missing); `decided` levels count in every alternative.
        """
        levels = {
            name: self._rate(name, measures.get(name, {}), decided, count) for name in self.framework.domains
        }
        for question in self.framework.questions:
            of_ratings = {
                measure.id: self._measure(question.id, measure, levels, count)
                for measure in self.rulebook.measures
                if measure not in self.rulebook.evidence_measures
            }
            levels[question.id] = self._rate(question.id, of_ratings, decided, count)
        return levels

    def _rate(
        self, target: str, measures: Mapping[str, Values], decided: Mapping[str, int], count: int
    ) -> Levels:
        if target in decided:
            return np.full(count, decided[target], dtype=np.int8)
        rules = self.rulebook.rules_of(self.framework, target)
        if rules.propose == "people":
            return np.zeros(count, dtype=np.int8)
        scale = [level.id for level in self.framework.scale_of(target)]

        def met(criterion: Criterion) -> Truth:
            return self._met(target, criterion, measures.get(criterion.measure), count)

        fits = {name: [met(criterion) for criterion in criteria] for name, criteria in rules.levels.items()}
        levels = _fitted(rules, scale, fits, count)
        for limit in rules.limits:
            ceiling = scale.index(limit.no_better_than) + 1
            levels = np.where(met(limit), np.minimum(levels, ceiling), levels).astype(np.int8)
        for criterion in rules.sufficiency:
            levels = np.where(met(criterion), levels, 0).astype(np.int8)
        return levels

    def _met(self, target: str, criterion: Criterion, values: Values | None, count: int) -> Truth:
        missing_is_met = criterion.when_missing == "met"
        if values is None:
            return np.full(count, missing_is_met)
        numbers = thresholds(self.framework, self.rulebook, target, criterion)
        with np.errstate(invalid="ignore"):
            passed = _PASSED[criterion.test](values, numbers)
        return np.where(np.isnan(values), missing_is_met, passed)

    def _measure(
        self, question_id: str, measure: Measure, levels: Mapping[str, Levels], count: int
    ) -> Values:
        """A measure made of ratings, as `rules.ratings.measure_ratings` defines it."""
        question = self.framework.question(question_id)
        if measure.statistic is Statistic.RATING:
            rating = levels[measure.domain or ""]
            found: Values = np.where(rating > 0, rating * 1.0, np.nan)
            return found
        numbers = np.array([levels[domain.id] for domain in question.domains]).reshape(-1, count)
        rated = numbers > 0
        base = rated.sum(axis=0)
        names = [level.id for level in question.levels_of_domains]
        counted: Values = (rated & _passing(measure.where, numbers, names)).sum(axis=0).astype(float)
        if measure.statistic is Statistic.COUNT:
            return counted
        with np.errstate(divide="ignore", invalid="ignore"):
            if measure.statistic is Statistic.LOWEST:
                share = np.where(rated, numbers, len(names)).min(axis=0, initial=len(names)) * 1.0
            elif measure.statistic is Statistic.PERCENT_OF_MAXIMUM:
                total = numbers.sum(axis=0).astype(np.int64)
                most = np.maximum(base * len(names), 1)
                share = -(-100 * total // most) * 1.0
            else:
                share = np.round(100 * counted / base, 4)
            result: Values = np.where(base > 0, share, np.nan)
            return result


def _passing(where: Filter, numbers: NDArray[np.int8], names: list[str]) -> Truth:
    passing = np.ones(numbers.shape, dtype=bool)
    if where.level_at_least is not None and where.level_at_least in names:
        passing &= numbers >= names.index(where.level_at_least) + 1
    if where.level_at_most is not None and where.level_at_most in names:
        passing &= numbers <= names.index(where.level_at_most) + 1
    return passing


def _fitted(rules: RuleSet, scale: list[str], fits: Mapping[str, list[Truth]], count: int) -> Levels:
    """The levels the policy alone gives (see rules.propose)."""
    levels = np.full(count, 0 if rules.policy is Policy.FIRST_MATCH else 1, dtype=np.int8)
    secure = np.ones(count, dtype=bool)
    best = np.full(count, -1.0)
    for number, name in enumerate(scale, start=1):
        if name not in fits:
            continue
        share = np.mean(fits[name], axis=0)
        if rules.policy is Policy.SECURE_FIT:
            secure &= share == 1
            levels[secure] = number
        elif rules.policy is Policy.FIRST_MATCH:
            levels[share == 1] = number
        else:
            levels[share > best] = number
            best = np.maximum(best, share)
    return levels
