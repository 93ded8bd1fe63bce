"""From a checked rulebook to the rules of three strata: domain, question, overall.

A criterion becomes one rule, or several where it has alternatives (`one_of`, or `when_missing: met`):
the engine never sees an 'or' or a 'not'. Every rule carries its meaning beside it, so that a firing can
be said in the words of the rulebook.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from rules.framework import Framework
from rules.rule import Condition, Operator, Rule, Value
from rules.rulebook import Criterion, Rulebook


class Stratum(StrEnum):
    """The three rounds of inference; each works on what the one before concluded."""

    DOMAIN = "domain"
    QUESTION = "question"
    OVERALL = "overall"


OPERATORS: dict[str, Operator] = {
    "at_least": "gte",
    "more_than": "gt",
    "at_most": "lte",
    "less_than": "lt",
    "equals": "eq",
    "one_of": "eq",
}


@dataclass(frozen=True)
class Meaning:
    """What a rule stands for: a criterion where it is asked."""

    target: str
    """The domain or question."""
    part: str
    """'sufficiency', the id of a level, or 'limits'."""
    criterion: Criterion

    @property
    def key(self) -> tuple[str, str, str]:
        """Target, part and the criterion's id: the same for every rule that the criterion became."""
        return self.target, self.part, self.criterion.id


@dataclass(frozen=True)
class Compiled:
    """The rules of a rulebook by stratum, and what each of them means."""

    framework: Framework
    rulebook: Rulebook
    strata: dict[Stratum, tuple[Rule, ...]]
    meaning: dict[str, Meaning]

    @cached_property
    def rules_of(self) -> dict[tuple[str, str, str], tuple[str, ...]]:
        """The rule ids of every (target, part, criterion id)."""
        found: dict[tuple[str, str, str], list[str]] = {}
        for rule_id, meaning in self.meaning.items():
            found.setdefault(meaning.key, []).append(rule_id)
        return {key: tuple(ids) for key, ids in found.items()}


def thresholds(
    framework: Framework, rulebook: Rulebook, target: str, criterion: Criterion
) -> tuple[int | float, ...]:
    """All the numbers a criterion tests against (several only for `one_of`); level ids become 1 to n."""
    measure = rulebook.measure(criterion.measure)
    given = criterion.threshold
    numbers: list[int | float] = []
    for value in given if isinstance(given, tuple) else (given,):
        if not isinstance(value, str):
            numbers.append(value)
        elif measure.domain is not None:
            numbers.append(framework.level_number(measure.domain, value))
        else:
            names = [level.id for level in framework.question_of[target].levels_of_domains]
            numbers.append(names.index(value) + 1)
    return tuple(numbers)


def _alternatives(
    framework: Framework, rulebook: Rulebook, target: str, criterion: Criterion
) -> Iterator[tuple[str, Rule]]:
    comparison = OPERATORS[criterion.test]
    about = (Condition("target", "eq", target), Condition("measure", "eq", criterion.measure))
    numbers = thresholds(framework, rulebook, target, criterion)
    for position, number in enumerate(numbers, start=1):
        suffix = f".{position}" if len(numbers) > 1 else ""
        conditions = (Condition("kind", "eq", "measure"), *about, Condition("value", comparison, number))
        yield suffix, Rule("", (conditions,))
    if criterion.when_missing == "met":
        yield ".missing", Rule("", ((Condition("kind", "eq", "missing"), *about),))


def compile_rulebook(framework: Framework, rulebook: Rulebook) -> Compiled:
    """The compiled form of a rulebook that the loader has found well formed."""
    strata: dict[Stratum, list[Rule]] = {stratum: [] for stratum in Stratum}
    meaning: dict[str, Meaning] = {}
    targets = [(d, Stratum.DOMAIN) for d in framework.domains]
    targets += [(q.id, Stratum.QUESTION) for q in framework.questions]
    for target, stratum in targets:
        for part, criterion in rulebook.rules_of(framework, target).criteria():
            for suffix, rule in _alternatives(framework, rulebook, target, criterion):
                rule_id = f"{target}.{part}.{criterion.id}{suffix}"
                strata[stratum].append(Rule(rule_id, rule.patterns))
                meaning[rule_id] = Meaning(target, part, criterion)
    strata[Stratum.OVERALL] = list(_cell_rules(framework))
    return Compiled(framework, rulebook, {s: tuple(rules) for s, rules in strata.items()}, meaning)


def _cell_rules(framework: Framework) -> Iterator[Rule]:
    """One rule per cell of the grid: the question ratings that place the authority there."""
    scales = [range(1, len(question.scale) + 1) for question in framework.questions]
    for numbers in itertools.product(*scales):
        names = [q.scale[n - 1].id for q, n in zip(framework.questions, numbers, strict=True)]
        patterns = tuple(
            (
                Condition("kind", "eq", "rating"),
                Condition("target", "eq", question.id),
                Condition("value", "eq", number),
            )
            for question, number in zip(framework.questions, numbers, strict=True)
        )
        yield Rule("cell." + ".".join(names), patterns)


def facts_of(target: str, values: dict[str, int | float | None]) -> Iterator[dict[str, Value]]:
    """The facts of one target: a 'measure' fact per value, a 'missing' fact per measure without one."""
    for measure_id in sorted(values):
        value = values[measure_id]
        if value is None:
            yield {"kind": "missing", "target": target, "measure": measure_id}
        else:
            yield {"kind": "measure", "target": target, "measure": measure_id, "value": value}


def rating_fact(target: str, level: int) -> dict[str, Value]:
    """The fact that a domain or question has a rating."""
    return {"kind": "rating", "target": target, "value": level}


def measures_tested(framework: Framework, rulebook: Rulebook, target: str) -> list[str]:
    """The ids of the measures a target's rules test, each once, in the order of the rulebook."""
    used = {criterion.measure for _, criterion in rulebook.rules_of(framework, target).criteria()}
    return [measure.id for measure in rulebook.measures if measure.id in used]
