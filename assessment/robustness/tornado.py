"""What moves a rating: each measure of a domain, or each domain of a question, alone through all it can be.

The rules are applied again to one value out of every part that their thresholds cut (rules.ranges), so that
nothing is left out and nothing approximated; all else stays as the run recorded it. A measure takes every
value it can have and, apart from that, every value within its 95 % interval. A question is made of the
ratings of its domains: there a domain takes every rating, and apart from that those that one of its measures
alone makes within its interval. What people decided stays, except of the target itself: there the levels are
those that the rules propose. Cost grows with measures times thresholds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assessment.robustness.alternatives import Baseline, level_words, rate_alternatives
from assessment.runs.run import Run
from rules.compile import measures_tested, thresholds
from rules.errors import UnknownName
from rules.framework import in_language
from rules.ranges import Value, ranges
from rules.ratings import rounded
from rules.words import shown_number

Levels = tuple[int, ...]
"""Levels of the target, rising; 0 stands for no rating."""


@dataclass(frozen=True)
class Bar:
    """How far one measure, or the rating of one domain, moves the target."""

    name: str
    """Id of the measure, or of the domain."""
    title: str
    unit: str
    value: Value
    """In the run; of a domain its level (0: no rating)."""
    shown: str
    """The same in words."""
    low: float | None
    """The 95 % interval; None where there is none."""
    high: float | None
    reaches: Levels
    """With anything that it can be."""
    within: Levels
    """With any value within its interval; as in the run, where it has none."""

    @property
    def moves(self) -> bool:
        """Whether anything makes another level."""
        return len(self.reaches) > 1


@dataclass(frozen=True, kw_only=True)
class Tornado:
    """What moves one domain or question."""

    run: int
    target: str
    title: str
    levels: tuple[str, ...]
    """Titles of the levels, worst first."""
    level: int
    """What the rules propose in the run; 0 for no rating."""
    level_title: str
    decided: bool
    """Whether a person's rating counts, so that only the proposal moves."""
    of: str
    """What the bars are: 'measures' of a domain, or 'domains' of a question."""
    bars: tuple[Bar, ...]
    """The furthest first; those that move nothing last, in the order of the rulebook."""


def tornado(baseline: Baseline, run: Run, target: str, language: str = "en") -> Tornado:
    """What moves a domain or question of a run; raises UnknownName."""
    if target not in baseline.targets:
        raise UnknownName("domain or question", target, baseline.targets)
    framework = baseline.policy.framework
    is_domain = framework.is_domain(target)
    bars = list((_of_measures if is_domain else _of_domains)(baseline, run, target, language))
    bars.sort(key=_far, reverse=True)
    now = rate_alternatives(baseline, {}, 1)
    return Tornado(
        run=baseline.run,
        target=target,
        title=framework.title_of(target, language),
        levels=tuple(in_language(one.title, language) for one in framework.scale_of(target)),
        level=int(now.proposed[target][0]),
        level_title=level_words(baseline, target, now, 0),
        decided=target in baseline.decided,
        of="measures" if is_domain else "domains",
        bars=tuple(bars),
    )


def _far(bar: Bar) -> tuple[int, int, int, int]:
    """How far it moves: through how many levels at all, and within its interval; and whether to no rating."""
    rated = [[level for level in some if level] for some in (bar.reaches, bar.within)]
    whole, near = (max(some) - min(some) if some else 0 for some in rated)
    return whole, near, int(0 in bar.within), int(bar.moves)


def _of_measures(baseline: Baseline, run: Run, domain: str, language: str) -> Iterator[Bar]:
    framework, book = baseline.policy.framework, baseline.policy.rulebook
    if book.rules_of(framework, domain).propose == "people":
        return
    tried = {
        name: list(_values(baseline, run, domain, name)) for name in measures_tested(framework, book, domain)
    }
    reached = _levels(baseline, domain, {name: [value for value, _ in some] for name, some in tried.items()})
    level = int(rate_alternatives(baseline, {}, 1).proposed[domain][0])
    for name, values in tried.items():
        measure, recorded = book.measure(name), run.result.measures[domain][name]
        near = {at for (_, inside), at in zip(values, reached[name], strict=True) if inside}
        value = baseline.measures[domain][name].value
        yield Bar(
            name=name,
            title=in_language(measure.title, language),
            unit=measure.unit,
            value=value,
            shown="no data" if value is None else f"{shown_number(value)} {measure.unit}".strip(),
            low=recorded.low,
            high=recorded.high,
            reaches=tuple(sorted({level, *reached[name]})),
            within=tuple(sorted({level, *near})),
        )


def _values(baseline: Baseline, run: Run, domain: str, name: str) -> Iterator[tuple[Value, bool]]:
    """The values to try, each with whether it lies within the interval."""
    framework, book = baseline.policy.framework, baseline.policy.rulebook
    measure, recorded = book.measure(name), run.result.measures[domain][name]
    criteria = [c for _, c in book.rules_of(framework, domain).criteria() if c.measure == name]
    numbers = sorted({n for c in criteria for n in thresholds(framework, book, domain, c)})
    low, high = recorded.low, recorded.high
    ends = () if low is None or high is None else (low, high)
    for value in ranges(measure, numbers):
        yield value, bool(ends and value is not None and ends[0] <= value <= ends[1])
    # Of a part that the interval holds only in part, one of its ends lies in it.
    for end in ends:
        yield rounded(end), True


def _levels(baseline: Baseline, domain: str, tried: dict[str, list[Value]]) -> dict[str, list[int]]:
    """The levels of the domain for every value of every measure, each taken alone, all rated at once."""
    count = sum(map(len, tried.values()))
    if not count:
        return {}
    measures: dict[str, NDArray[np.float64]] = {}
    places: dict[str, slice] = {}
    start = 0
    for name, values in tried.items():
        now = baseline.measures[domain][name].value
        places[name] = slice(start, start + len(values))
        measures[name] = np.full(count, np.nan if now is None else float(now))
        measures[name][places[name]] = [np.nan if value is None else float(value) for value in values]
        start += len(values)
    rated = rate_alternatives(baseline, {domain: measures}, count).proposed[domain]
    return {name: [int(level) for level in rated[place]] for name, place in places.items()}


def _of_domains(baseline: Baseline, run: Run, question: str, language: str) -> Iterator[Bar]:
    framework = baseline.policy.framework
    counting = rate_alternatives(baseline, {}, 1).counting
    for domain in framework.question(question).domains:
        level, scale = int(counting[domain.id][0]), framework.scale_of(domain.id)
        near = {level}
        if domain.id not in baseline.decided:
            near |= {at for bar in _of_measures(baseline, run, domain.id, language) for at in bar.within}
        yield Bar(
            name=domain.id,
            title=framework.title_of(domain.id, language),
            unit="",
            value=level,
            shown=in_language(scale[level - 1].title, language) if level else "no rating",
            low=None,
            high=None,
            reaches=_with_ratings(baseline, question, domain.id, range(len(scale) + 1)),
            within=_with_ratings(baseline, question, domain.id, sorted(near)),
        )


def _with_ratings(baseline: Baseline, question: str, domain: str, levels: Sequence[int]) -> Levels:
    """The levels of the question that the rules propose with each of these ratings of one domain."""
    measures = {
        name: {key: np.array([float(one.value)]) for key, one in values.items() if one.value is not None}
        for name, values in baseline.measures.items()
    }
    decided = {name: level for name, level in baseline.decided.items() if name != question}
    rated = [
        baseline.evaluator.rate(measures, {**decided, domain: level}, 1)[question][0] for level in levels
    ]
    return tuple(sorted({int(level) for level in rated}))
