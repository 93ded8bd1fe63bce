"""The way from measures and decided ratings to proposals, question ratings and the cell of the grid.

Used by runs over evidence, by `judge` over ratings alone, and by the cases of a rulebook. The caller gives
`fire`: the function that makes the firings of record (see rules.engine).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rules.compile import Compiled, Stratum, facts_of, measures_tested, rating_fact, thresholds
from rules.framework import Framework, in_language
from rules.propose import Met, Proposal, propose_level
from rules.ratings import FEWEST_ANSWERS, MeasureValue, measure_ratings
from rules.rule import Fact, Firing, Rule
from rules.rulebook import Criterion, Limit, Measure, Statistic

Fire = Callable[[Sequence[Rule], Sequence[Fact]], list[Firing]]
Status = Literal["proposed", "decided", "insufficient", "open"]

TEST_WORDS = {
    "at_least": "at least {}",
    "at_most": "at most {}",
    "more_than": "more than {}",
    "less_than": "less than {}",
    "equals": "exactly {}",
    "one_of": "one of {}",
}


@dataclass(frozen=True)
class Outcome:
    """One criterion of one target: met or not, and by how much."""

    part: str
    """'sufficiency', the id of a level, or 'limits'."""
    criterion: str
    measure: str
    value: int | float | None
    base: int | float | None
    low: float | None
    high: float | None
    test: str
    thresholds: tuple[int | float, ...]
    met: bool
    margin: int | float | None
    """Distance to the threshold: positive on the side that meets the test, 0 at the threshold itself; None
    without a value or for equals/one_of."""
    statement: str
    """The rulebook's sentence about the measure, filled in."""
    needed: str
    """What the test asks for, in words."""
    reference: str
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
    because: str
    """One sentence: why this level and not the next."""


@dataclass(frozen=True)
class Inference:
    """Everything concluded from one set of measures and decisions."""

    ratings: tuple[Rating, ...]
    """Domains and questions in the order of the framework."""
    cell: tuple[str, ...] | None
    """The level ids of the questions, or None while a question has no rating."""
    firings: tuple[tuple[Stratum, str], ...]
    """The rules that fired, by stratum."""
    measures: Mapping[str, Mapping[str, MeasureValue]] = field(default_factory=dict)
    """All measure values used, by target and measure id (rating measures under their question)."""

    def rating(self, target: str) -> Rating:
        """The rating of a domain or question."""
        return next(r for r in self.ratings if r.target == target)


def infer(
    compiled: Compiled,
    measures: Mapping[str, Mapping[str, MeasureValue]],
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
        met = {(m.target, m.part, m.criterion.id) for m in (compiled.meaning[rule] for rule in fired)}
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
        because=reason(framework, target, proposal, outcomes, decided, rules.propose == "people"),
    )


def _outcome(
    compiled: Compiled, target: str, part: str, criterion: Criterion, met: bool, value: MeasureValue
) -> Outcome:
    framework, rulebook = compiled.framework, compiled.rulebook
    numbers = thresholds(framework, rulebook, target, criterion)
    measure = rulebook.measure(criterion.measure)
    unit = f" {measure.unit}" if measure.unit else ""
    titles = titles_of_levels(framework, target, measure)
    shown = " or ".join(shown_exactly(number, titles) for number in numbers)
    needed = TEST_WORDS[criterion.test].format(shown) + unit
    title = in_language(measure.title)
    if value.too_few_answers:
        few = f"survey results on fewer than {FEWEST_ANSWERS} answers, which never decide alone"
        statement = f"{title} is made of {few}"
    elif value.value is None:
        statement = f"nothing to measure for: {title[:1].lower()}{title[1:]}"
    else:
        statement = criterion.because.format(
            value=_shown_against(value.value, numbers, titles),
            base="an unknown number" if value.base is None else shown_number(value.base),
            threshold=shown,
            domain=framework.title_of(target),
            measure=title,
        )
    return Outcome(
        part=part,
        criterion=criterion.id,
        measure=criterion.measure,
        value=value.value,
        base=value.base,
        low=value.low,
        high=value.high,
        test=criterion.test,
        thresholds=numbers,
        met=met,
        margin=_margin(criterion.test, numbers, value.value),
        statement=statement,
        needed=needed,
        reference=criterion.reference,
        no_better_than=criterion.no_better_than if isinstance(criterion, Limit) else None,
    )


def titles_of_levels(framework: Framework, target: str, measure: Measure) -> tuple[str, ...]:
    """The level titles a measure's numbers stand for, where it is a rating; else nothing."""
    if measure.statistic is Statistic.RATING and measure.domain is not None:
        return tuple(in_language(level.title) for level in framework.scale_of(measure.domain))
    if measure.statistic is Statistic.LOWEST:
        return tuple(in_language(level.title) for level in framework.question_of[target].levels_of_domains)
    return ()


def shown_exactly(number: int | float, titles: tuple[str, ...]) -> str:
    """A threshold as people read it: the level's title, or every decimal it has."""
    if number in range(1, len(titles) + 1):
        return titles[int(number) - 1]
    return shown_number(number) if float(number).is_integer() else f"{number:,.4f}".rstrip("0")


def _shown_against(value: int | float, numbers: tuple[int | float, ...], titles: tuple[str, ...]) -> str:
    """The value as people read it, exact where rounding would put it on or across a threshold."""
    rounded_value = round(value, 1)
    if titles or any((rounded_value > n, rounded_value < n) != (value > n, value < n) for n in numbers):
        return shown_exactly(value, titles)
    return shown_number(value)


def shown_number(value: int | float) -> str:
    """A number as people read it: one decimal where needed, thousands separated."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _margin(test: str, numbers: tuple[int | float, ...], value: int | float | None) -> int | float | None:
    if value is None or test in ("equals", "one_of"):
        return None
    distance = round(value - numbers[0], 4)
    return distance if test in ("at_least", "more_than") else 0 - distance  # never minus zero


def reason(
    framework: Framework,
    target: str,
    proposal: Proposal,
    outcomes: Sequence[Outcome],
    decided: int | None,
    people: bool,
) -> str:
    """One sentence: the level, what it rests on, and what the next level up would have needed."""
    scale = framework.scale_of(target)
    proposed = None if proposal.level is None else in_language(scale[proposal.level - 1].title)
    if decided is not None:
        given = in_language(scale[decided - 1].title)
        beside = f"; the rules propose {proposed}" if proposed else ""
        if proposal.missing:
            beside = "; for a proposal of the rules there is not enough evidence"
        return f"{given}, decided by a person{beside}."
    if proposal.missing:
        lacking = [o for o in outcomes if o.part == "sufficiency" and not o.met]
        return (
            "Not enough evidence: " + "; ".join(f"{o.statement} ({o.needed} needed)" for o in lacking) + "."
        )
    if proposal.level is None:
        return "Left to people: no level is proposed." if people else "No level's criteria are all met."
    if proposal.limits:
        before = in_language(scale[(proposal.before_limits or 1) - 1].title)
        held = [o for o in outcomes if o.part == "limits" and o.criterion in proposal.limits]
        return f"{proposed}, held down from {before}: " + "; ".join(o.statement for o in held) + "."
    own, above = scale[proposal.level - 1].id, scale[proposal.level :]
    supports = [o for o in outcomes if o.part == own and o.met and o.value is not None]
    failed = [o for o in outcomes if above and o.part == above[0].id and not o.met]
    if not failed:
        return f"{proposed}: {supports[0].statement}." if supports else f"{proposed}."
    better = in_language(above[0].title)
    worst = min(failed, key=lambda o: (_relative(o), o.criterion))
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    if not supports or worst.measure in [o.measure for o in supports]:
        return f"{proposed}: {worst.statement}; {better} needs {worst.needed}{more}."
    text = f"{proposed}: {supports[0].statement}; "
    return text + f"not {better}, as {worst.statement} ({worst.needed} needed){more}."


def _relative(outcome: Outcome) -> float:
    if outcome.margin is None:
        return 0.0
    return outcome.margin / max(abs(outcome.thresholds[0]), 1)
