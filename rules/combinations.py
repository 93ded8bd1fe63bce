"""Everything that can be said to one block of rules, in as few combinations as make a difference.

Combinations of options (see rules.ranges) that have the same effect on the rules are one, however they come
about, so that what has to be tried grows with the levels, not with the number of measures. Nothing is
sampled.

Measures of evidence are taken as free of one another: where two cannot go together in practice (a share of
findings without findings), a combination may be more than evidence can say. Measures of ratings are made from
the ratings of the domains, which are what varies there.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rules.arrays import (
    ArrayEvaluator,
    Levels,
    Met,
    Truth,
    Values,
    passing,
    proposed_levels,
    rating_values,
)
from rules.compile import measures_tested, thresholds
from rules.errors import ReviewError
from rules.loader import PolicySet
from rules.ranges import Factor, factor_of_domain, factor_of_measure, ranges
from rules.rulebook import Limit, Policy, RuleSet, Statistic

Picks = NDArray[np.int16]
"""Combinations: one row each, and in it the position of the option taken of every factor."""
Effects = NDArray[np.int32]
"""What each option of a factor (or each combination) tells the rules: a row each, the columns of a space."""
Part = tuple[str, str]
"""A criterion by its part ('sufficiency', a level id, 'limits') and id."""

INSUFFICIENT = -1
MOST = 500_000
"""Combinations that differ in effect; a block with more is refused."""


@dataclass(frozen=True)
class View:
    """Combinations with what the rules make of them."""

    picks: Picks
    met: Met
    results: Levels
    """The level after limits; 0: none matches, or left to people; INSUFFICIENT: not enough evidence."""


class Space(ABC):
    """All combinations that one block of rules can meet. Measures are its factors, or rated domains."""

    def __init__(self, policy: PolicySet, block: str, target: str, factors: Sequence[Factor]) -> None:
        self.policy, self.block, self.target = policy, block, target
        self.rules = policy.rulebook.rules_of(policy.framework, target)
        self.scale = [level.id for level in policy.framework.scale_of(target)]
        self.factors = tuple(factors)
        self.criteria = {(part, criterion.id): criterion for part, criterion in self.rules.criteria()}
        self._views: dict[int | None, View] = {}

    @property
    @abstractmethod
    def probes(self) -> list[int]:
        """The factors to be varied one at a time; those left out are like one of them."""

    @property
    @abstractmethod
    def effects(self) -> tuple[list[Effects], NDArray[np.bool_]]:
        """The effect of each option, factor by factor; and which columns add up (of others the largest)."""

    @abstractmethod
    def met(self, picks: Picks) -> Met:
        """Which combinations meet each criterion."""

    @abstractmethod
    def view_of(self, part: Part) -> View:
        """Combinations in which a criterion is tried with all that its measure and the others can say."""

    def everything(self) -> View:
        """All combinations that differ in effect."""
        return self.view(0 if self.factors else None)

    def view(self, varied: int | None) -> View:
        """All combinations of the other factors, each with every option of the one that is varied in turn."""
        if varied not in self._views:
            picks = self._fold(varied)
            if varied is not None:
                options = len(self.factors[varied].options)
                rows = len(picks)
                picks = np.repeat(picks, options, axis=0)
                picks[:, varied] = np.tile(np.arange(options), rows)
            met = self.met(picks)
            self._views[varied] = View(picks, met, self.results(self.rules, met, len(picks)))
        return self._views[varied]

    def results(self, rules: RuleSet, met: Met, count: int) -> Levels:
        """What `rules` (this block's, or those without a criterion) make of the criteria met."""
        levels = proposed_levels(rules, self.scale, met, count)
        for criterion in rules.sufficiency:
            levels[~met["sufficiency", criterion.id]] = INSUFFICIENT
        return levels

    def _fold(self, left_out: int | None) -> Picks:
        """One combination for every effect that the factors (but one) can have together."""
        effects, added = self.effects
        states = np.zeros((1, len(added)), dtype=np.int32)
        picks = np.zeros((1, len(self.factors)), dtype=np.int16)
        for position, of_options in enumerate(effects):
            if position == left_out:
                continue
            at_a_time = max(1, MOST // len(of_options))
            parts = [
                _joined(states[start : start + at_a_time], of_options, added, start)
                for start in range(0, len(states), at_a_time)
            ]
            states = np.concatenate([effect for effect, _ in parts])
            origin = np.concatenate([origin for _, origin in parts])
            kept = _first_of_each(states)
            if len(kept) > MOST:
                raise ReviewError(
                    f"more than {MOST:,} combinations of measures differ in effect",
                    where=self.block,
                    hint="Test fewer measures, or use fewer levels.",
                )
            states, origin = states[kept], origin[kept]
            picks = picks[origin // len(of_options)]
            picks[:, position] = origin % len(of_options)
        return picks


def _joined(
    states: Effects, of_options: Effects, added: NDArray[np.bool_], start: int
) -> tuple[Effects, NDArray[np.int64]]:
    """The effects of every state with every option, each once, and where it first came from."""
    one, other = states[:, None, :], of_options[None, :, :]
    joined = np.where(added, one + other, np.maximum(one, other)).reshape(-1, len(added))
    kept = _first_of_each(joined)
    return joined[kept], kept + start * len(of_options)


def _first_of_each(rows: Effects) -> NDArray[np.int64]:
    """The positions, in order, at which each different row first stands."""
    sizes = [int(size) for size in rows.max(axis=0, initial=0) + 1]
    if math.prod(sizes) < 2**62:
        weights = np.cumprod([1, *sizes[:-1]], dtype=np.int64)[: len(sizes)]
        _, first = np.unique(rows @ weights, return_index=True)
    else:
        _, first = np.unique(rows, axis=0, return_index=True)
    return np.sort(first)


class DomainSpace(Space):
    """What measures of evidence can say to the rules of a domain."""

    def __init__(self, policy: PolicySet, block: str, target: str) -> None:
        book = policy.rulebook
        names = measures_tested(policy.framework, book, target)
        rules = book.rules_of(policy.framework, target)
        evaluator = ArrayEvaluator(policy.compiled)
        self.table: dict[Part, Truth] = {}
        """Whether each option of its measure meets each criterion."""
        factors = []
        for name in names:
            measure = book.measure(name)
            tests = {(part, c.id): c for part, c in rules.criteria() if c.measure == name}
            numbers = [n for c in tests.values() for n in thresholds(policy.framework, book, target, c)]
            values = list(ranges(measure, numbers))
            array: Values = np.array([np.nan if value is None else value for value in values], dtype=float)
            truths = [evaluator.met(target, c, array, len(array)) for c in tests.values()]
            factor, kept = factor_of_measure(measure, values, np.array(truths))
            factors.append(factor)
            self.table |= {part: truth[kept] for part, truth in zip(tests, truths, strict=True)}
        super().__init__(policy, block, target, factors)
        self._factor = {part: names.index(criterion.measure) for part, criterion in self.criteria.items()}

    @property
    def probes(self) -> list[int]:
        """All the measures."""
        return list(range(len(self.factors)))

    @cached_property
    def effects(self) -> tuple[list[Effects], NDArray[np.bool_]]:
        """Columns: per level the criteria not met; how far limits hold down; whether evidence lacks.

        Only best-fit needs the number of criteria not met; to the others one of them is as good as all.
        """
        size = len(self.scale)
        found = [np.zeros((len(factor.options), size + 2), dtype=np.int32) for factor in self.factors]
        counted = self.rules.policy is Policy.BEST_FIT
        for (part, name), criterion in self.criteria.items():
            effect, met = found[self._factor[part, name]], self.table[part, name]
            if isinstance(criterion, Limit):
                down = size - 1 - self.scale.index(criterion.no_better_than)
                effect[:, size] = np.maximum(effect[:, size], met * down)
            elif part == "sufficiency":
                effect[:, size + 1] |= ~met
            else:
                column = self.scale.index(part)
                effect[:, column] = effect[:, column] + ~met if counted else effect[:, column] | ~met
        added = np.zeros(size + 2, dtype=bool)
        added[:size] = counted
        return found, added

    def met(self, picks: Picks) -> Met:
        """Which combinations meet each criterion."""
        return {part: truth[picks[:, self._factor[part]]] for part, truth in self.table.items()}

    def view_of(self, part: Part) -> View:
        """Every effect of the other measures with everything the criterion's own can say."""
        return self.view(self._factor[part])


class QuestionSpace(Space):
    """What the ratings of domains can say to the rules of a question."""

    def __init__(self, policy: PolicySet, block: str, target: str) -> None:
        framework, book = policy.framework, policy.rulebook
        self.measures = [book.measure(name) for name in measures_tested(framework, book, target)]
        own = [domain.id for domain in framework.question(target).domains]
        self.named = [name for name in framework.domains if name in {m.domain for m in self.measures}]
        """The domains of which a measure speaks by name, also those of the other question."""
        tested = own if any(m.statistic is not Statistic.RATING for m in self.measures) else []
        names = [name for name in framework.domains if name in {*tested, *self.named}]
        self.own = [name for name in names if name in own]
        super().__init__(policy, block, target, [factor_of_domain(framework, name) for name in names])

    @property
    def probes(self) -> list[int]:
        """The domains named, and one of all others, which are alike."""
        names = [factor.name for factor in self.factors]
        others = [name for name in self.own if name not in self.named]
        return [names.index(name) for name in names if name in {*others[:1], *self.named}]

    @cached_property
    def effects(self) -> tuple[list[Effects], NDArray[np.bool_]]:
        """Columns: ratings, their sum, how far the lowest is from the top; those that pass; those named."""
        scale = self.policy.framework.question(self.target).levels_of_domains
        whole = {measure.statistic for measure in self.measures}
        counted = [m for m in self.measures if m.statistic in (Statistic.COUNT, Statistic.SHARE)]
        width = 3 + len(counted) + len(self.named)
        found = []
        for factor in self.factors:
            numbers = np.array([0 if level is None else level for level in factor.options])
            effect = np.zeros((len(numbers), width), dtype=np.int32)
            if factor.name in self.own:
                effect[:, 0] = numbers > 0
                effect[:, 1] = numbers * (Statistic.PERCENT_OF_MAXIMUM in whole)
                effect[:, 2] = (len(scale) + 1 - numbers) * (numbers > 0) * (Statistic.LOWEST in whole)
                for column, measure in enumerate(counted, start=3):
                    effect[:, column] = (numbers > 0) & passing(measure.where, numbers, scale)
            if factor.name in self.named:
                effect[:, 3 + len(counted) + self.named.index(factor.name)] = numbers
            found.append(effect)
        added = np.ones(width, dtype=bool)
        added[2] = False
        return found, added

    def met(self, picks: Picks) -> Met:
        """Which combinations meet each criterion, by way of the measures made of ratings."""
        levels: dict[str, Levels] = {}
        for column, factor in enumerate(self.factors):
            numbers = np.array([0 if level is None else level for level in factor.options], dtype=np.int8)
            levels[factor.name] = numbers[picks[:, column]]
        count = len(picks)
        values = {
            measure.id: rating_values(self.policy.framework, self.target, measure, levels, count)
            for measure in self.measures
        }
        evaluator = ArrayEvaluator(self.policy.compiled)
        return {
            part: evaluator.met(self.target, criterion, values[criterion.measure], count)
            for part, criterion in self.criteria.items()
        }

    def view_of(self, part: Part) -> View:
        """Everything: the measures of one question depend on each other."""
        return self.everything()


def spaces_of(policy: PolicySet) -> Iterator[Space]:
    """The space of every block of rules that rates something, in the order of the framework."""
    seen: set[str] = set()
    for target in [*policy.framework.domains, *(q.id for q in policy.framework.questions)]:
        block = policy.rulebook.block_of(policy.framework, target)
        if block not in seen:
            seen.add(block)
            space = DomainSpace if policy.framework.is_domain(target) else QuestionSpace
            yield space(policy, block, target)
