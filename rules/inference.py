"""The way from measures and decided ratings to proposals, question ratings and the cell of the grid.

Used by runs over evidence, by `judge` over ratings alone, and by the cases of a rulebook. The caller gives
`fire`: the function that makes the firings of record (see rules.engine). What comes out is figures, ids and
levels; what people read of them is made by rules.sentences, when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rules.compile import Compiled, Stratum, facts_of, measures_tested, rating_fact, thresholds
from rules.propose import Met, propose_level
from rules.ratings import Measured, MeasureValue, measure_ratings
from rules.rule import Fact, Firing, Rule
from rules.rulebook import Criterion, Limit
from rules.words import shown_number

Fire = Callable[[Sequence[Rule], Sequence[Fact]], list[Firing]]
Status = Literal["proposed", "decided", "insufficient", "open"]


@dataclass(frozen=True)
class Outcome:
    """One criterion of one target: met or not, and by how much."""

    part: str
    """'sufficiency', the id of a level, or 'limits'."""
    criterion: str
    measure: str
    value: int | float | None
    base: int | float | None
    low: int | float | None
    high: int | float | None
    test: str
    thresholds: tuple[int | float, ...]
    met: bool
    margin: int | float | None
    """Distance to the threshold: positive on the side that meets the test, 0 at the threshold itself; None
    without a value or for equals/one_of."""
    no_better_than: str | None = None
    """For a limit: the best level left while it is met."""


@dataclass(frozen=True)
class Rating:
    """What is concluded for one domain or question."""

    target: str
    kind: Literal["domain", "question"]
    status: Status
    """'proposed' by rules, 'decided' by a person, 'insufficient' evidence, or 'open': left to a person."""
    level: int | None
    """The level that counts, 1 (worst) to n."""
    level_id: str | None
    proposed: int | None
    """What the rules propose, kept beside a decision."""
    proposed_id: str | None
    before_limits: int | None
    limits: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def lacking(self) -> tuple[Outcome, ...]:
        """What keeps evidence from being enough: the sufficiency criteria that are not met."""
        return tuple(o for o in self.outcomes if o.part == "sufficiency" and not o.met)


@dataclass(frozen=True)
class Inference:
    """Everything concluded from one set of measures and decisions."""

    ratings: tuple[Rating, ...]
    """Domains and questions in the order of the framework."""
    cell: tuple[str, ...] | None
    """The level ids of the questions, or None while a question has no rating."""
    firings: tuple[tuple[Stratum, str], ...]
    """The rules that fired, by stratum."""
    measures: Measured = field(default_factory=dict)
    """All measure values used, by target and measure id (rating measures under their question)."""

    def rating(self, target: str) -> Rating:
        """The rating of a domain or question."""
        return next(r for r in self.ratings if r.target == target)


def infer(
    compiled: Compiled,
    measures: Measured,
    decided: Mapping[str, int],
    fire: Fire,
) -> Inference:
    """The ratings of all domains and questions and the grid cell.

    `measures` holds a value per domain and measure id (a measure left out is missing); `decided` the levels
    people gave, by domain or question, which count instead of what is proposed.
    """
    framework = compiled.framework
    all_measures: dict[str, dict[str, MeasureValue]] = {t: dict(v) for t, v in measures.items()}
    ratings: dict[str, Rating] = {}
    firings: list[tuple[Stratum, str]] = []

    def rate(stratum: Stratum, targets: Sequence[str]) -> None:
        facts: list[Fact] = []
        for target in targets:
            given = all_measures.setdefault(target, {})
            for name in measures_tested(framework, compiled.rulebook, target):
                given.setdefault(name, MeasureValue(None))
            facts.extend(facts_of(target, {name: value.value for name, value in given.items()}))
        fired = {firing.rule for firing in _fire(compiled.strata[stratum], facts, fire)}
        firings.extend((stratum, rule) for rule in sorted(fired))
        met = {compiled.meaning[rule].key for rule in fired}
        for target in targets:
            mine = {(part, criterion) for name, part, criterion in met if name == target}
            ratings[target] = _rating(compiled, target, mine, all_measures[target], decided.get(target))

    rate(Stratum.DOMAIN, list(framework.domains))
    levels = {t: r.level for t, r in ratings.items() if r.level is not None}
    for question in framework.questions:
        all_measures[question.id] = {
            name: measure_ratings(framework, question.id, compiled.rulebook.measure(name), levels)
            for name in measures_tested(framework, compiled.rulebook, question.id)
        }
    rate(Stratum.QUESTION, [q.id for q in framework.questions])
    cell = _cell(compiled, ratings, firings, fire)
    order = [name for q in framework.questions for name in (*(d.id for d in q.domains), q.id)]
    return Inference(tuple(ratings[name] for name in order), cell, tuple(sorted(firings)), all_measures)


def _fire(rules: Sequence[Rule], facts: Sequence[Fact], fire: Fire) -> list[Firing]:
    return fire(rules, facts) if rules and facts else []


def _cell(
    compiled: Compiled, ratings: Mapping[str, Rating], firings: list[tuple[Stratum, str]], fire: Fire
) -> tuple[str, ...] | None:
    levels = [(q.id, ratings[q.id].level) for q in compiled.framework.questions]
    facts = [rating_fact(name, level) for name, level in levels if level is not None]
    fired = _fire(compiled.strata[Stratum.OVERALL], facts, fire)
    firings.extend((Stratum.OVERALL, firing.rule) for firing in fired)
    return tuple(fired[0].rule.split(".")[1:]) if fired else None


def _rating(
    compiled: Compiled, target: str, met: Met, values: Mapping[str, MeasureValue], decided: int | None
) -> Rating:
    framework, rulebook = compiled.framework, compiled.rulebook
    rules = rulebook.rules_of(framework, target)
    scale = [level.id for level in framework.scale_of(target)]
    proposal = propose_level(rules, scale, met)
    outcomes = tuple(
        _outcome(compiled, target, part, criterion, (part, criterion.id) in met, values[criterion.measure])
        for part, criterion in rules.criteria()
    )
    level = decided if decided is not None else proposal.level
    status: Status = "proposed"
    if decided is not None:
        status = "decided"
    elif proposal.missing:
        status = "insufficient"
    elif proposal.level is None:
        status = "open"
    return Rating(
        target=target,
        kind="domain" if framework.is_domain(target) else "question",
        status=status,
        level=level,
        level_id=None if level is None else scale[level - 1],
        proposed=proposal.level,
        proposed_id=None if proposal.level is None else scale[proposal.level - 1],
        before_limits=proposal.before_limits,
        limits=proposal.limits,
        outcomes=outcomes,
    )


def _outcome(
    compiled: Compiled, target: str, part: str, criterion: Criterion, met: bool, value: MeasureValue
) -> Outcome:
    numbers = thresholds(compiled.framework, compiled.rulebook, target, criterion)
    return Outcome(
        part=part,
        criterion=criterion.id,
        measure=criterion.measure,
        **vars(value),
        test=criterion.test,
        thresholds=numbers,
        met=met,
        margin=_margin(criterion.test, numbers, value.value),
        no_better_than=criterion.no_better_than if isinstance(criterion, Limit) else None,
    )


def shown_exactly(number: int | float, titles: tuple[str, ...]) -> str:
    """A threshold as people read it: the level's title, or every decimal it has."""
    if number in range(1, len(titles) + 1):
        return titles[int(number) - 1]
    return shown_number(number) if float(number).is_integer() else f"{number:,.4f}".rstrip("0")


def _margin(test: str, numbers: tuple[int | float, ...], value: int | float | None) -> int | float | None:
    if value is None or test in ("equals", "one_of"):
        return None
    distance = round(value - numbers[0], 4)
    return distance if test in ("at_least", "more_than") else 0 - distance  # never minus zero
