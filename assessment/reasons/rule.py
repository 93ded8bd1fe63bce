"""Why a rule fired in a recorded run, or why it did not: condition by condition.

The facts are made again from what the run recorded (its measures and ratings), the rules from its frozen
rulebook. What fires on them must be what the run recorded; otherwise nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assessment.reasons.margins import Margin, by_how_much, distance_words, value_words
from assessment.runs.run import Run
from rules.compile import Compiled, Meaning, Stratum, facts_of, rating_fact
from rules.errors import RunImpossible, UnknownName
from rules.evaluate import Evaluator, PatternExplained, Tried
from rules.framework import in_language
from rules.remedy import VerifyRun
from rules.rule import Condition, Fact, Operator, Rule, Value
from rules.rulebook import Limit
from rules.words import many

ASKED: dict[Operator, str] = {
    "eq": "exactly {}",
    "gte": "at least {}",
    "gt": "more than {}",
    "lte": "at most {}",
    "lt": "less than {}",
}
MISSING = Condition("kind", "eq", "missing")
"""What a rule asks that fires where its measure has no value."""
MOST_NAMED = 12

Found = tuple[Stratum, Rule]


@dataclass(frozen=True)
class ConditionExplained:
    """One condition of a rule: what was asked, and what was observed."""

    key: str
    comparison: str
    asked: Value
    asked_words: str
    observed: Value | None
    observed_words: str | None
    held: bool
    margin: int | float | None
    by_how_much: str


@dataclass(frozen=True)
class ConditionsExplained:
    """The conditions that one fact has to pass."""

    held: bool
    fact: Mapping[str, Value] | None
    """The nearest one; None where there is none of the kind."""
    conditions: Sequence[ConditionExplained]


@dataclass(frozen=True)
class OtherRule:
    """Another rule of the same criterion."""

    rule: str
    fired: bool


@dataclass(frozen=True)
class MeasureShown:
    """The measure that a criterion tests, as the run recorded it."""

    id: str
    title: str
    unit: str
    value: int | float | None
    value_words: str
    base: int | float | None
    low: int | float | None
    high: int | float | None


@dataclass(frozen=True)
class RatingShown:
    """The rating that a rule bears on, in the run."""

    level: str | tuple[str, ...] | None
    level_title: str | None
    status: str
    because: str


@dataclass(frozen=True, kw_only=True)
class RuleExplained:
    """Why a rule of a criterion fired in a run, or did not."""

    rule: str
    stratum: str
    fired: bool
    because: str
    """The sentence: what was observed, what was asked, by how much."""
    kind: str = "criterion"
    target: str
    """The domain or question."""
    title: str
    part: str
    """Where the criterion stands."""
    part_title: str
    criterion: str
    statement: str
    needed: str
    reference: str
    measure: MeasureShown
    patterns: Sequence[ConditionsExplained]
    same_criterion: Sequence[OtherRule]
    rating: RatingShown


@dataclass(frozen=True, kw_only=True)
class CellRuleExplained:
    """Why a rule of a cell of the grid fired in a run, or did not."""

    rule: str
    stratum: str
    fired: bool
    because: str
    kind: str = "cell"
    target: str = "cell"
    title: str
    """The title of the cell."""
    patterns: Sequence[ConditionsExplained]
    rating: RatingShown
    # What rules of criteria have and these have not: every explanation has the same names.
    part: None = None
    part_title: None = None
    criterion: None = None
    statement: None = None
    needed: None = None
    reference: None = None
    measure: None = None
    same_criterion: Sequence[OtherRule] = ()


def explain_rules(run: Run, name: str, language: str = "en") -> list[RuleExplained | CellRuleExplained]:
    """Why each rule that `name` stands for fired in a run, or did not; most names stand for one rule.

    `name` is the id of a rule ('carers.mainly-good.strengths', 'cell.poor.badly'), or a target with the id of
    a criterion: 'carers.strengths' stands for its rules in every part. Raises UnknownName, and RunImpossible
    where the recorded measures do not give the recorded firings.
    """
    chosen = find_rules(run.policy.compiled, name)
    why = _Why(run, language)
    return [why.explain(stratum, rule) for stratum, rule in chosen]


def explain_cell_rules(run: Run, language: str = "en") -> list[CellRuleExplained]:
    """The rules of the cells of the grid: see `explain_rules`."""
    why = _Why(run, language)
    return [why.cell(rule) for rule in run.policy.compiled.strata[Stratum.OVERALL]]


def find_rules(compiled: Compiled, name: str) -> list[Found]:
    """The rules that a rule's id, or a criterion's with its target, stands for; raises UnknownName."""
    known = {rule.id: (stratum, rule) for stratum, rules in compiled.strata.items() for rule in rules}
    if name in known:
        return [known[name]]
    of_criterion = [
        known[rule_id]
        for (target, part, criterion), ids in compiled.rules_of.items()
        if name in (f"{target}.{criterion}", f"{target}.{part}.{criterion}")
        for rule_id in ids
    ]
    if of_criterion:
        return of_criterion
    unknown = UnknownName("rule", name, known)
    begin_so = [rule_id for rule_id in known if rule_id.startswith(name)] if name else []
    if begin_so:
        more = len(begin_so) - MOST_NAMED
        shown = ", ".join(begin_so[:MOST_NAMED]) + (f" or {more} more" if more > 0 else "")
        unknown.hint = f"Did you mean {shown}?"
    raise unknown


def facts_of_run(run: Run) -> dict[Stratum, list[Fact]]:
    """The facts of every stratum, made again from the measures and ratings that a run recorded."""
    framework, measures = run.policy.framework, run.result.measures

    def facts(target: str) -> Iterator[Fact]:
        values = {name: measure.value for name, measure in measures.get(target, {}).items()}
        yield from facts_of(target, values)

    levels = [(question.id, run.rating(question.id).level) for question in framework.questions]
    return {
        Stratum.DOMAIN: [fact for domain in framework.domains for fact in facts(domain)],
        Stratum.QUESTION: [fact for question, _ in levels for fact in facts(question)],
        Stratum.OVERALL: [rating_fact(question, level) for question, level in levels if level is not None],
    }


def check_firings(run: Run, facts: dict[Stratum, list[Fact]]) -> set[str]:
    """The rules that fire on the facts of a run; raises RunImpossible unless the run recorded the same."""
    strata = run.policy.compiled.strata
    fired = {
        (stratum, firing.rule)
        for stratum, rules in strata.items()
        for firing in Evaluator(rules).fire(facts[stratum])
    }
    recorded = set(run.result.firings)
    if fired != recorded:
        different = sorted(rule for _, rule in fired ^ recorded)
        more = f" and {len(different) - 3} more" if len(different) > 3 else ""
        raise RunImpossible(
            f"the measures that run {run.id} recorded do not give the firings that it recorded:"
            f" {', '.join(different[:3])}{more}",
            remedies=[VerifyRun(run.id)],
        )
    return {rule for _, rule in fired}


class _Why:
    """What is said of the rules of one run, in one language."""

    def __init__(self, run: Run, language: str) -> None:
        self.run, self.policy, self.words = run, run.policy, run.sentences(language)
        self.facts = facts_of_run(run)
        self.fired = check_firings(run, self.facts)

    def explain(self, stratum: Stratum, rule: Rule) -> RuleExplained | CellRuleExplained:
        meaning = self.policy.compiled.meaning.get(rule.id)
        return self.cell(rule) if meaning is None else self.criterion(stratum, rule, meaning)

    def criterion(self, stratum: Stratum, rule: Rule, meaning: Meaning) -> RuleExplained:
        target = meaning.target
        measure = self.policy.rulebook.measure(meaning.criterion.measure)
        recorded = self.run.result.measures[target][measure.id]
        rating = self.run.rating(target)
        outcome = next(
            o for o in rating.outcomes if (o.part, o.criterion) == (meaning.part, meaning.criterion.id)
        )
        others = [
            OtherRule(rule_id, rule_id in self.fired)
            for rule_id in self.policy.compiled.rules_of[meaning.key]
            if rule_id != rule.id
        ]
        fired, patterns = self._tried(stratum, rule, meaning)
        statement = self.words.statement(target, outcome)
        said = self._said(rule, meaning, statement, patterns[0])
        instead = [other.rule for other in others if other.fired]
        if instead and rule.id not in self.fired:
            said += f" The criterion is met by {instead[0]}."
        return RuleExplained(
            rule=rule.id,
            stratum=str(stratum),
            fired=fired,
            because=said,
            target=target,
            title=self.words.title(target),
            part=meaning.part,
            part_title=self._part_title(meaning, self.words.language),
            criterion=meaning.criterion.id,
            statement=statement,
            needed=self.words.needed(target, outcome),
            reference=meaning.criterion.reference,
            measure=MeasureShown(
                id=measure.id,
                title=self.words.measure_title(measure.id),
                unit=measure.unit,
                value=recorded.value,
                value_words=value_words(self.policy, target, measure, recorded.value),
                base=recorded.base,
                low=recorded.low,
                high=recorded.high,
            ),
            patterns=patterns,
            same_criterion=others,
            rating=RatingShown(
                level=rating.level_id,
                level_title=self.words.level_title(target, rating.level),
                status=rating.status,
                because=self.words.because(rating),
            ),
        )

    def cell(self, rule: Rule) -> CellRuleExplained:
        framework, language = self.policy.framework, self.words.language
        fired, patterns = self._tried(Stratum.OVERALL, rule, None)
        parts, titles, rated = [], [], []
        for question, pattern in zip(framework.questions, patterns, strict=True):
            asked = pattern.conditions[-1]
            wanted = in_language(framework.level(question.id, int(asked.asked)).title, language)
            titles.append(wanted)
            name = in_language(question.title, language)
            if pattern.held:
                parts.append((True, f"{name} is rated {wanted}"))
            elif pattern.fact is None:
                parts.append((False, f"{name} is not rated"))
            else:
                parts.append((False, f"{name} is rated {asked.observed_words}, not {wanted}"))
            level = self.run.rating(question.id).level
            rated.append(self.words.level_title(question.id, level) or "not rated")
        said = "; ".join(text for held, text in parts if held == fired)
        cell = self.run.result.cell
        return CellRuleExplained(
            rule=rule.id,
            stratum=str(Stratum.OVERALL),
            fired=fired,
            because=f"The rule {'applied' if fired else 'did not apply'}: {said}.",
            title=" / ".join(titles),
            patterns=patterns,
            rating=RatingShown(
                level=cell,
                level_title=" / ".join(rated),
                status="placed" if cell else "open",
                because="",
            ),
        )

    def _tried(
        self, stratum: Stratum, rule: Rule, meaning: Meaning | None
    ) -> tuple[bool, list[ConditionsExplained]]:
        facts = self.facts[stratum]
        [found] = Evaluator([rule]).explain(facts)
        patterns = [
            self._pattern(meaning, asked, one, facts)
            for asked, one in zip(rule.patterns, found.patterns, strict=True)
        ]
        return found.fired, patterns

    def _pattern(
        self,
        meaning: Meaning | None,
        asked: Sequence[Condition],
        found: PatternExplained,
        facts: Sequence[Fact],
    ) -> ConditionsExplained:
        tried = found.tried or [Tried(condition, False, None, None) for condition in asked]
        about = next(condition.value for condition in asked if condition.key == "target")
        return ConditionsExplained(
            held=found.held,
            fact=None if found.fact is None else dict(facts[found.fact]),
            conditions=[self._condition(meaning, str(about), one) for one in tried],
        )

    def _condition(self, meaning: Meaning | None, target: str, tried: Tried) -> ConditionExplained:
        condition, observed = tried.condition, tried.observed
        return ConditionExplained(
            key=condition.key,
            comparison=condition.comparison,
            asked=condition.value,
            asked_words=ASKED[condition.comparison].format(self._value(meaning, target, condition.value)),
            observed=observed,
            observed_words=None if observed is None else self._value(meaning, target, observed),
            held=tried.held,
            margin=None if tried.margin is None else round(tried.margin, 4),
            by_how_much=self._by_how_much(meaning, target, tried),
        )

    def _value(self, meaning: Meaning | None, target: str, value: Value) -> str:
        """A value as people read it: a measure's with its unit, a rating as the title of its level."""
        if isinstance(value, str):
            return value
        if meaning is not None:
            measure = self.policy.rulebook.measure(meaning.criterion.measure)
            return value_words(self.policy, target, measure, value)
        return in_language(self.policy.framework.level(target, int(value)).title, self.words.language)

    def _by_how_much(self, meaning: Meaning | None, target: str, tried: Tried) -> str:
        margin, asked = tried.margin, tried.condition
        if margin is None:
            return "as required" if tried.held else ""
        if meaning is None:
            size = abs(int(margin))
            return "as required" if tried.held else f"{many(size, 'level')} away"
        measure = self.policy.rulebook.measure(meaning.criterion.measure)
        if asked.comparison == "eq" and not tried.held:
            return f"{distance_words(self.policy, target, measure, round(margin, 4))} away"
        value = None if isinstance(tried.observed, str) else tried.observed
        return by_how_much(self.policy, target, measure, Margin(tried.held, value, round(margin, 4)))

    def _part_title(self, meaning: Meaning, language: str = "en") -> str:
        for level in self.policy.framework.scale_of(meaning.target):
            if level.id == meaning.part:
                return in_language(level.title, language)
        return {"sufficiency": "Enough evidence", "limits": "Limits"}[meaning.part]

    def _said(self, rule: Rule, meaning: Meaning, statement: str, pattern: ConditionsExplained) -> str:
        """The sentence about a criterion's rule."""
        framework, target, fired = self.policy.framework, meaning.target, rule.id in self.fired
        title = framework.title_of(target)
        role = f"{self._part_title(meaning)} for “{title}”"
        met, needs = f"meet a criterion of {role}", f"{role} needs"
        if isinstance(meaning.criterion, Limit):
            ceiling = framework.level_number(target, meaning.criterion.no_better_than)
            role = f"limit “{title}” to {in_language(framework.level(target, ceiling).title)}"
            met, needs = role, f"the rule to {role} needs"
        elif meaning.part == "sufficiency":
            met, needs = f"count as enough evidence on “{title}”", f"enough evidence on “{title}” needs"
        if MISSING in rule.patterns[0]:
            if fired:
                return f"The rule applied: {statement}, and the rulebook lets that {met}."
            return f"The rule did not apply: it needs a missing value, but {statement}."
        test = pattern.conditions[-1]
        if pattern.fact is None:
            return f"The rule did not apply: {statement}, and {needs} {test.asked_words}."
        if fired:
            return f"The rule applied: {statement}, and {needs} {test.asked_words} ({test.by_how_much})."
        return f"The rule did not apply: {statement}, but {needs} {test.asked_words} ({test.by_how_much})."
