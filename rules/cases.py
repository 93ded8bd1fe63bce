"""The cases of a rulebook: sentences with given measures or ratings and the expected result.

A rulebook is covered when every criterion has a case in which it is met and a near miss, and every level
of every scale and every cell of the grid is reached by a case.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import Field, model_validator

from rules.errors import suggest
from rules.framework import Framework, Id, PolicyModel
from rules.inference import Fire, Outcome, infer
from rules.loader import PolicySet
from rules.policyfile import PolicyText, load_policy_file
from rules.ratings import MeasureValue
from rules.rulebook import Of, Statistic

NEAR = 0.1
"""A near miss misses by at most this share of the threshold, or by one where the measure is a count, or by
one rating where it is a share or a level of ratings."""
ROUNDING = 0.0001
"""Measures carry four decimals."""


class Case(PolicyModel):
    """One sentence with what is given and what is expected."""

    case: str = Field(min_length=10, description="The case as a sentence.")
    domain: Id | None = Field(default=None, description="The domain whose measures are given.")
    measures: dict[str, int | float] = Field(
        default={}, description="Values by measure id; others are missing."
    )
    ratings: dict[Id, Id] = Field(
        default={}, description="Levels that moderators decided, by domain or question."
    )
    others: Id | None = Field(
        default=None, description="The level of all other domains of the same question."
    )
    question: Id | None = Field(default=None, description="The question whose rating is expected.")
    expect: Id | None = Field(
        default=None,
        description="The expected level id, or 'insufficient', or 'open' (for a moderator to decide).",
    )
    expect_cell: tuple[Id, ...] | None = Field(default=None, description="The expected cell of the grid.")

    @model_validator(mode="after")
    def _parts_fit(self) -> Case:
        if (self.expect is None) == (self.expect_cell is None):
            raise ValueError("a case expects either a level (expect) or a cell (expect_cell)")
        if self.expect is not None and (self.domain is None) == (self.question is None):
            raise ValueError("a case that expects a level names either a domain or a question")
        if self.measures and self.domain is None:
            raise ValueError("measures belong to a domain: name the domain")
        if self.others is not None and self.question is None:
            raise ValueError("'others' belongs to a case about a question")
        return self


class CaseBook(PolicyModel):
    """All cases of one rulebook."""

    framework: Id = Field(description="The framework the cases belong to.")
    cases: tuple[Case, ...] = Field(min_length=1, description="The cases.")


@dataclass(frozen=True)
class CaseResult:
    """What came of one case."""

    case: Case
    where: str
    passed: bool
    found: str
    outcomes: tuple[Outcome, ...]
    """The outcomes of the target the case is about."""


@dataclass(frozen=True)
class CaseReport:
    """All results, and what no case covers."""

    results: tuple[CaseResult, ...]
    uncovered: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every case came out as expected and nothing is uncovered."""
        return not self.uncovered and all(result.passed for result in self.results)


def load_cases(path: Path, framework: Framework) -> tuple[CaseBook, PolicyText]:
    """The cases of a YAML file, checked against `framework`; raises PolicyFileInvalid with all problems."""
    return load_policy_file(path, CaseBook, partial(_check, framework=framework))


def _check(found: PolicyText, book: CaseBook, framework: Framework) -> None:
    if book.framework != framework.id:
        found.problem(["framework"], f"these cases belong to {book.framework!r}, not to {framework.id!r}.")
        return
    questions = [q.id for q in framework.questions]
    for position, case in enumerate(book.cases):
        at: list[str | int] = ["cases", position]
        named = [
            ([*at, "domain"], case.domain, list(framework.domains)),
            ([*at, "question"], case.question, questions),
            *(([*at, "ratings", target], target, list(framework.question_of)) for target in case.ratings),
        ]
        for place, name, allowed in named:
            if name is not None and name not in allowed:
                found.problem(place, f"{framework.id} has no {name!r} here.", suggest(name, allowed))
        for place, level, target, allowed in _levels_named(at, case, framework):
            if level not in allowed:
                found.problem(place, f"{target} has no level {level!r}.", suggest(level, allowed))
        if case.expect_cell is not None and len(case.expect_cell) != len(questions):
            found.problem([*at, "expect_cell"], f"a cell has a level of each of: {', '.join(questions)}.")
        if case.others is not None and case.question in questions:
            question = framework.question(case.question)
            if not question.domains:
                found.problem([*at, "others"], f"the question {question.id!r} has no domains.")


def _levels_named(
    at: list[str | int], case: Case, framework: Framework
) -> Iterator[tuple[list[str | int], str, str, list[str]]]:
    """Where a case names a level, the level, whose it is, and the levels allowed there."""

    def levels(target: str) -> list[str]:
        return [level.id for level in framework.scale_of(target)]

    for target, level in case.ratings.items():
        if target in framework.question_of:
            yield [*at, "ratings", target], level, target, levels(target)
    target = case.domain or case.question or ""
    if case.expect is not None and target in framework.question_of:
        yield [*at, "expect"], case.expect, target, [*levels(target), "insufficient", "open"]
    for question in framework.questions:
        if case.others is not None and question.id == case.question and question.domains:
            yield [*at, "others"], case.others, question.domains[0].id, levels(question.domains[0].id)
    for question, level in zip(framework.questions, case.expect_cell or (), strict=False):
        yield [*at, "expect_cell"], level, question.id, levels(question.id)


def run_cases(policy: PolicySet, book: CaseBook, found: PolicyText, fire: Fire) -> CaseReport:
    """Every case run through the whole inference, and what no case covers."""
    results = tuple(
        _run_case(policy, case, found.place(["cases", position]), fire)
        for position, case in enumerate(book.cases)
    )
    return CaseReport(results, tuple(find_uncovered(policy, results)))


def _run_case(policy: PolicySet, case: Case, where: str, fire: Fire) -> CaseResult:
    framework = policy.framework
    given = dict(case.ratings)
    if case.question is not None and case.others is not None:
        for domain in framework.question(case.question).domains:
            given.setdefault(domain.id, case.others)
    decided = {target: framework.level_number(target, level) for target, level in given.items()}
    known = {m.id for m in policy.rulebook.measures}
    unknown = sorted(set(case.measures) - known)
    if unknown:
        hint = suggest(unknown[0], known)
        return CaseResult(case, where, False, f"no measure is called {unknown[0]!r}. {hint}", ())
    values: dict[str, Mapping[str, MeasureValue]] = {}
    if case.domain is not None:
        values[case.domain] = {name: MeasureValue(value) for name, value in case.measures.items()}
    inference = infer(policy.compiled, values, decided, fire)
    target = case.domain or case.question
    if case.expect_cell is not None:
        cell = inference.cell
        return CaseResult(case, where, cell == case.expect_cell, " / ".join(cell or ("no cell",)), ())
    rating = inference.rating(str(target))
    level = rating.level_id or rating.status
    return CaseResult(case, where, level == case.expect, level, rating.outcomes)


def find_uncovered(policy: PolicySet, results: Sequence[CaseResult]) -> Iterator[str]:
    """Every criterion, level and cell that none of these results covers, in words."""
    framework, rulebook = policy.framework, policy.rulebook
    fired: set[tuple[str, str, str]] = set()
    missed: set[tuple[str, str, str]] = set()
    levels: set[tuple[str, str]] = set()
    cells: set[tuple[str, ...]] = set()
    for result in results:
        target = result.case.domain or result.case.question
        if result.case.expect_cell is not None:
            cells.add(result.case.expect_cell)
        if target is None:
            continue
        block = rulebook.block_of(framework, target)
        if target not in result.case.ratings:
            levels.add((block, result.found))
        for outcome in result.outcomes:
            key = (block, outcome.part, outcome.criterion)
            if outcome.met and outcome.value is not None:
                fired.add(key)
            elif not outcome.met and _is_near(policy, outcome):
                missed.add(key)
    targets = [*framework.domains, *(q.id for q in framework.questions)]
    blocks = {rulebook.block_of(framework, target): target for target in targets}
    for block, target in blocks.items():
        rules = rulebook.rules_of(framework, target)
        for part, criterion in rules.criteria():
            name = f"{block}, {part}, {criterion.id}"
            if (block, part, criterion.id) not in fired:
                yield f"{name}: no case in which it is met"
            if (block, part, criterion.id) not in missed:
                yield f"{name}: no near miss"
        if rules.propose == "from-criteria":
            for level in framework.scale_of(target):
                if (block, level.id) not in levels:
                    yield f"{block}: no case reaches the level {level.id!r}"
    for cell in itertools.product(*[[level.id for level in q.scale] for q in framework.questions]):
        if cell not in cells:
            yield f"cell {' / '.join(cell)}: no case reaches it"


def _is_near(policy: PolicySet, outcome: Outcome) -> bool:
    if outcome.value is None:
        return False
    measure = policy.rulebook.measure(outcome.measure)
    allowed = max(NEAR * abs(outcome.thresholds[0]), ROUNDING)
    if measure.is_count or outcome.test in ("equals", "one_of"):
        allowed = max(allowed, 1.0)
    if measure.statistic in (Statistic.RATING, Statistic.LOWEST):
        allowed = max(allowed, 1.0)
    if measure.of is Of.RATINGS and measure.statistic is Statistic.SHARE and outcome.base:
        allowed = max(allowed, 100 / outcome.base + ROUNDING)
    return min(abs(outcome.value - t) for t in outcome.thresholds) <= allowed
