"""The smallest changes that move a rating or the cell: of one, two or three measures.

A measure matters to the rules only by which criteria it meets, so that one value per way of meeting them (the
one nearest to what was measured) stands for all: the enumeration leaves nothing out. A question or the cell
moves by its domains' measures, through the whole rulebook. What people decided stays, except of the target
itself: there the move is the proposal's. See assessment.robustness.smallest_evidence for the same in
evidence.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from assessment.reasons.grid import CELL
from assessment.robustness.alternatives import (
    MOVES,
    Baseline,
    MeasureChange,
    Mover,
    domains_under,
    level_words,
    rate_alternatives,
)
from assessment.robustness.smallest_evidence import EvidenceChanges, evidence_changes
from programme.database import Database
from rules.compile import measures_tested, thresholds
from rules.errors import UnknownName
from rules.framework import in_language
from rules.ratings import rounded
from rules.rulebook import Criterion, Measure

LARGEST = 3
"""How many measures are changed together at most."""
TICK = 0.0001
"""Facts have four decimals."""

Name = tuple[str, str]
"""A domain and a measure."""


@dataclass(frozen=True)
class Step:
    """One measure of one domain at another value (None: nothing to measure)."""

    name: Name
    value: int | float | None
    way: int
    """1: higher, -1: lower, 0: from or to nothing to measure."""
    far: int
    """How many ways of meeting the criteria lie between, itself included."""
    shown: str
    """The value in words: '50', 'just below 20', 'nothing to measure'."""


Steps = tuple[Step, ...]


class MeasureStep(MeasureChange):
    """One measure at another value."""

    shown: str
    """The value after, in words."""


class MeasureSet(TypedDict):
    """One to three changes of measures that together move a target, where no smaller part would do."""

    move: str
    """'up', 'down', 'rated', 'unrated' or 'aside'."""
    size: int
    after: str
    gaps: bool
    """Whether by way of a gap in the evidence made or filled."""
    unrated: list[str]
    """Titles of the domains that lose their rating on the way."""
    changes: list[MeasureStep]


class SmallestChanges(EvidenceChanges):
    """What would move a domain, a question or the cell, in measures and in evidence."""

    run: int
    target: str
    title: str
    before: str
    decided: bool
    """Whether a person's rating counts, so that the moves are the proposal's."""
    decided_domains: list[str]
    measures: list[MeasureSet]


def smallest_changes(db: Database, baseline: Baseline, target: str) -> SmallestChanges:
    """What would move a domain, a question or the 'cell'; raises UnknownName."""
    if target != CELL and target not in baseline.targets:
        raise UnknownName("domain or question", target, [*baseline.targets, CELL])
    return {
        "run": baseline.run,
        "target": target,
        "title": baseline.title(target),
        "before": level_words(baseline, target, rate_alternatives(baseline, {}, 1), 0),
        "decided": target in baseline.decided,
        "decided_domains": [
            baseline.title(name)
            for name in domains_under(baseline, target)
            if name in baseline.decided and name != target
        ],
        "measures": list(_measure_sets(baseline, target)),
        **evidence_changes(db, baseline, target),
    }


def _measure_sets(baseline: Baseline, target: str) -> Iterator[MeasureSet]:
    mover = Mover(baseline, target)
    domains = [
        name for name in domains_under(baseline, target) if name == target or name not in baseline.decided
    ]
    options = _options(baseline, domains)
    found: dict[int, dict[frozenset[Name], list[_Set]]] = {}
    for move, after, unrated, parts in _moving(baseline, mover, options):
        for chosen in itertools.product(*parts):
            steps = tuple(step for part in chosen for step in part)
            if len(steps) <= LARGEST:
                names = frozenset(step.name for step in steps)
                found.setdefault(move, {}).setdefault(names, []).append(_Set(steps, after, unrated))
    order = [(d, m) for d in baseline.policy.framework.domains for m in baseline.measures[d]]
    rank = {name: position for position, name in enumerate(order)}
    for move in sorted(found, key=list(MOVES).index):
        sets = found[move]
        smallest = [names for names in sets if not any(frozenset(part) in sets for part in _parts(names))]
        nearest = [one for names in smallest for one in _nearest(sets[names])]
        for one in sorted(nearest, key=lambda one: one.order(rank)):
            yield {
                "move": MOVES[move],
                "size": len(one.steps),
                "after": one.after,
                "gaps": one.gaps,
                "unrated": [baseline.title(domain) for domain in one.unrated],
                "changes": [_step_words(baseline, s) for s in sorted(one.steps, key=lambda s: rank[s.name])],
            }


@dataclass(frozen=True)
class _Set:
    """One set of steps that moves the target."""

    steps: Steps
    after: str
    unrated: tuple[str, ...]
    """The domains (other than the target) that lose their rating on the way."""

    @property
    def gaps(self) -> bool:
        """Whether it goes by way of a gap in the evidence: one made, or one filled."""
        return bool(self.unrated) or any(step.way == 0 for step in self.steps)

    def order(self, rank: Mapping[Name, int]) -> tuple[Any, ...]:
        """Small sets first, and those that make gaps in the evidence after those that do not."""
        return len(self.steps), self.gaps, sorted((rank[s.name], s.way, s.far) for s in self.steps)


def _parts(names: Iterable[Name]) -> Iterator[tuple[Name, ...]]:
    """All smaller parts of a set."""
    listed = sorted(names)
    for size in range(1, len(listed)):
        yield from itertools.combinations(listed, size)


def _nearest(found: Sequence[_Set]) -> Iterator[_Set]:
    """Those beside which no other goes the same ways but less far."""
    kept: list[dict[Name, Step]] = []
    for one in sorted(found, key=lambda one: (sum(s.far for s in one.steps), _sort_key(one.steps))):
        mine = {step.name: step for step in one.steps}
        if not any(
            all(other[n].way == s.way and other[n].far <= s.far for n, s in mine.items()) for other in kept
        ):
            kept.append(mine)
            yield one


def _sort_key(steps: Steps) -> list[tuple[Name, int, int]]:
    return sorted((step.name, step.way, step.far) for step in steps)


def _moving(
    baseline: Baseline, mover: Mover, options: Mapping[str, Mapping[int, list[Steps]]]
) -> Iterator[tuple[int, str, tuple[str, ...], list[list[Steps]]]]:
    """Assignments of other levels to one, two or three domains that move the target.

    A question sees only the levels of its domains, so one set of steps stands for all that lead to a level.
    """
    cheapest = {
        (domain, level): min(sets, key=len)
        for domain, levels in options.items()
        for level, sets in levels.items()
    }
    assignments = [
        chosen
        for size in range(1, LARGEST + 1)
        for chosen in itertools.combinations(cheapest, size)
        if len({domain for domain, _ in chosen}) == size
        and sum(len(cheapest[one]) for one in chosen) <= LARGEST
    ]
    if not assignments:
        return
    steps = [[step for one in chosen for step in cheapest[one]] for chosen in assignments]
    moves, rated = mover.moves(_as_measures(baseline, steps), len(steps))
    for at in np.flatnonzero(moves):
        chosen = assignments[at]
        unrated = tuple(domain for domain, level in chosen if not level and domain != mover.target)
        parts = [options[domain][level] for domain, level in chosen]
        yield int(moves[at]), mover.words(rated, int(at)), unrated, parts


def _options(baseline: Baseline, domains: Sequence[str]) -> dict[str, dict[int, list[Steps]]]:
    """For every domain and every other level: the smallest sets of steps that lead to it."""
    tried = {domain: list(_combinations(baseline, domain)) for domain in domains}
    count = max([len(one) for one in tried.values()], default=0)
    if not count:
        return {}
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    for domain, steps in tried.items():
        measures |= _as_measures(baseline, steps, count, (domain,))
    rated = rate_alternatives(baseline, measures, count)
    before = rate_alternatives(baseline, {}, 1)
    options: dict[str, dict[int, list[Steps]]] = {}
    for domain, steps in tried.items():
        options[domain] = {}
        sets: dict[int, set[frozenset[Name]]] = {}
        for at, some in enumerate(steps):
            level = int(rated.proposed[domain][at])
            names = frozenset(step.name for step in some)
            known = sets.setdefault(level, set())
            if level == before.proposed[domain][0] or any(frozenset(part) in known for part in _parts(names)):
                continue
            known.add(names)
            options[domain].setdefault(level, []).append(some)
    return options


def _as_measures(
    baseline: Baseline, steps: Sequence[Sequence[Step]], count: int = 0, domains: Sequence[str] = ()
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """The measures of alternatives, each given by its steps (as many as `count`: the rest as in the run)."""
    count = count or len(steps)
    measures: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in domains}
    for at, some in enumerate(steps):
        for step in some:
            domain, name = step.name
            values = measures.setdefault(domain, {})
            if name not in values:
                old = baseline.measures[domain][name].value
                values[name] = np.full(count, np.nan if old is None else float(old))
            values[name][at] = np.nan if step.value is None else step.value
    return measures


def _combinations(baseline: Baseline, domain: str) -> Iterator[Steps]:
    rules = baseline.policy.rulebook.rules_of(baseline.policy.framework, domain)
    if rules.propose == "people":
        return
    steps = [
        list(steps_of(baseline, domain, baseline.policy.rulebook.measure(name)))
        for name in measures_tested(baseline.policy.framework, baseline.policy.rulebook, domain)
    ]
    for size in range(1, LARGEST + 1):
        for some in itertools.combinations(steps, size):
            yield from itertools.product(*some)


def steps_of(baseline: Baseline, domain: str, measure: Measure) -> Iterator[Step]:
    """Every other way in which a measure can meet a domain's criteria, by the value nearest to its own."""
    framework, rulebook = baseline.policy.framework, baseline.policy.rulebook
    rules = rulebook.rules_of(framework, domain)
    criteria = [criterion for _, criterion in rules.criteria() if criterion.measure == measure.id]
    numbers = sorted({n for c in criteria for n in thresholds(framework, rulebook, domain, c)})
    now, name = baseline.measures[domain][measure.id].value, (domain, measure.id)
    met_now = _met(baseline, domain, criteria, now)
    values = sorted({*_values(measure, numbers, now)})
    if now is None:
        values = values if measure.better != "lower" else values[::-1]
        runs: list[tuple[int, list[int | float]]] = [(0, values)]
    else:
        runs = [(1, [v for v in values if v > now]), (-1, [v for v in values if v < now][::-1])]
    for way, some in runs:
        seen, far = met_now, 0
        for value in some:
            met = _met(baseline, domain, criteria, value)
            if met != seen:
                seen, far = met, far + 1
                if met != met_now:
                    yield Step(name, rounded(value), way, far, _shown(value, numbers))
    if now is not None and not measure.is_count and _met(baseline, domain, criteria, None) != met_now:
        yield Step(name, None, 0, 1, "no data")


def _met(
    baseline: Baseline, domain: str, criteria: Sequence[Criterion], value: int | float | None
) -> tuple[bool, ...]:
    values = np.array([np.nan if value is None else float(value)])
    return tuple(bool(baseline.evaluator.met(domain, criterion, values, 1)[0]) for criterion in criteria)


def _values(
    measure: Measure, numbers: Sequence[int | float], now: int | float | None
) -> Iterator[int | float]:
    """Every threshold and the facts next to it on both sides, as far as the measure can have them."""
    for number in numbers:
        if measure.is_count:
            near: tuple[int | float, ...] = (math.ceil(number) - 1, number, math.floor(number) + 1)
        else:
            at = rounded(number)
            below = at if at < number else rounded(at - TICK)
            above = at if at > number else rounded(at + TICK)
            near = (below, at, above)
        for value in near:
            possible = (
                float(value).is_integer() and value >= 0
                if measure.is_count
                else 0 <= value <= 100 or not measure.is_percent
            )
            if possible and value != now:
                yield value


def _shown(value: int | float, numbers: Sequence[int | float]) -> str:
    for number in numbers:
        if value != number and abs(value - number) <= TICK * 1.5:
            return f"just {'below' if value < number else 'above'} {number:,g}"
    return f"{value:,g}"


def _step_words(baseline: Baseline, step: Step) -> MeasureStep:
    domain, name = step.name
    measure = baseline.policy.rulebook.measure(name)
    return {
        "target": domain,
        "title": baseline.title(domain),
        "measure": name,
        "measure_title": in_language(measure.title),
        "unit": measure.unit,
        "before": baseline.measures[domain][name].value,
        "after": step.value,
        "shown": step.shown,
    }
