"""A recorded run, and its rulebook applied to many alternatives of its evidence or its measures.

The base is a run as it was recorded: its last event that counted, its rulebook and its decisions. What people
decided counts in every alternative too; the level that the rules propose is kept beside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from assessment.reasons.grid import CELL
from assessment.runs.run import Run, infer_of_record
from assessment.runs.verify import frozen_inputs
from evidence.measures.pairs import Counted, load_counted
from evidence.measures.scenarios import LeftOut, measures_without, sets_left_out
from programme.database import Database
from programme.reviews import Review
from rules.arrays import ArrayEvaluator, Levels
from rules.errors import RunImpossible
from rules.framework import in_language
from rules.inference import Inference
from rules.loader import PolicySet
from rules.ratings import MeasureValue, rounded
from rules.remedy import VerifyRun
from rules.rulebook import Measure

AT_ONCE = 10_000
"""How many alternatives are rated in one go."""
MOVES = {1: "up", -1: "down", 2: "rated", -2: "unrated", 3: "aside"}
"""How a rating may move; 'aside': one question up, the other down."""
Measures = Mapping[str, Mapping[str, NDArray[np.float64]]]


class MeasureChange(TypedDict):
    """A measure with another value."""

    target: str
    title: str
    measure: str
    measure_title: str
    unit: str
    before: int | float | None
    after: int | float | None


@dataclass(frozen=True)
class Baseline:
    """A recorded run, ready for alternatives."""

    review: Review
    run: int
    policy: PolicySet
    event: int
    decided: dict[str, int]
    counted: Counted
    measures: dict[str, dict[str, MeasureValue]]
    """By domain; values only."""
    inference: Inference
    evaluator: ArrayEvaluator

    def title(self, target: str) -> str:
        """What people read of a domain, a question or the cell."""
        return "Position on the grid" if target == CELL else self.policy.framework.title_of(target)

    def level_title(self, target: str, number: int) -> str:
        """The title of a level, or that there is none (0)."""
        return in_language(self.policy.framework.level(target, number).title) if number else "no rating"

    @property
    def targets(self) -> list[str]:
        """Domains and questions in the order of the framework."""
        return [rating.target for rating in self.inference.ratings]

    @property
    def questions(self) -> list[str]:
        """The questions, whose levels make the cell."""
        return [question.id for question in self.policy.framework.questions]


@dataclass(frozen=True)
class Rated:
    """The levels of many alternatives by target: those that count, and those the rules propose."""

    counting: dict[str, Levels]
    proposed: dict[str, Levels]


def load_baseline(db: Database, review: Review, run: Run) -> Baseline:
    """A run as the base of alternatives; raises RunImpossible where its ratings cannot be made again."""
    frozen = frozen_inputs(db, review, run)
    then = dataclasses.replace(review, framework=frozen.policy.framework)
    counted = load_counted(db, then, frozen.event)
    measures = _measures(counted, frozen.policy.rulebook.evidence_measures)
    inference = infer_of_record(frozen.policy, measures, frozen.decided, with_engine=False)
    recorded = [(rating.target, rating.level, rating.proposed) for rating in run.result.ratings]
    if recorded != [(rating.target, rating.level, rating.proposed) for rating in inference.ratings]:
        raise RunImpossible(
            f"run {run.id} could not be repeated, so what would change it could not be computed",
            remedies=[VerifyRun(run.id)],
        )
    return Baseline(
        review=then,
        run=run.id,
        policy=frozen.policy,
        event=frozen.event,
        decided=frozen.decided,
        counted=counted,
        measures=measures,
        inference=inference,
        evaluator=ArrayEvaluator(frozen.policy.compiled),
    )


def _measures(counted: Counted, measures: Sequence[Measure]) -> dict[str, dict[str, MeasureValue]]:
    """The values of the run: one alternative that leaves nothing out (without bases and intervals)."""
    nothing = sets_left_out(counted, np.zeros((1, 1), dtype=np.int64))
    found = measures_without(counted, measures, nothing)
    return {
        domain: {name: MeasureValue(None if np.isnan(v[0]) else rounded(v[0])) for name, v in values.items()}
        for domain, values in found.items()
    }


def rate_alternatives(baseline: Baseline, measures: Measures, count: int) -> Rated:
    """The ratings of `count` alternatives whose measures are given (those not given: as in the run)."""
    given: dict[str, dict[str, NDArray[np.float64]]] = {}
    for domain, values in baseline.measures.items():
        changed = measures.get(domain, {})
        given[domain] = dict(changed)
        for name, value in values.items():
            if name not in changed and value.value is not None:
                given[domain][name] = np.full(count, value.value, dtype=float)
    counting = baseline.evaluator.rate(given, baseline.decided, count)
    if not baseline.decided:
        return Rated(counting, counting)
    # A domain is proposed from its measures alone, a question from the levels of its domains that count.
    domains = {
        name: level for name, level in baseline.decided.items() if baseline.policy.framework.is_domain(name)
    }
    of_domains = baseline.evaluator.rate(given, {}, count)
    of_questions = baseline.evaluator.rate(given, domains, count)
    proposed = {name: (of_questions if name in baseline.questions else of_domains)[name] for name in counting}
    return Rated(counting, proposed)


def rate_left_out(baseline: Baseline, left_out: LeftOut) -> Rated:
    """The ratings of alternatives that leave items out, a part at a time."""
    measures = baseline.policy.rulebook.evidence_measures
    parts = []
    for start in range(0, max(left_out.count, 1), AT_ONCE):
        some = left_out.part(start, start + AT_ONCE)
        found = measures_without(baseline.counted, measures, some)
        parts.append(rate_alternatives(baseline, found, some.count))
    if len(parts) == 1:
        return parts[0]
    return Rated(
        {name: np.concatenate([part.counting[name] for part in parts]) for name in parts[0].counting},
        {name: np.concatenate([part.proposed[name] for part in parts]) for name in parts[0].proposed},
    )


def cell_title(baseline: Baseline, levels: Sequence[int]) -> str:
    """The position on the grid in words, from the levels of the questions."""
    return " / ".join(
        baseline.level_title(q, level) for q, level in zip(baseline.questions, levels, strict=True)
    )


def domains_under(baseline: Baseline, target: str) -> list[str]:
    """The domains whose evidence bears on a target: itself, those of the question, or (the cell) all."""
    framework = baseline.policy.framework
    if target == CELL:
        return list(framework.domains)
    if framework.is_domain(target):
        return [target]
    return [domain.id for domain in framework.question(target).domains]


def level_words(baseline: Baseline, target: str, rated: Rated, at: int) -> str:
    """The level of a target under one alternative, in words; of a decided one what is proposed."""
    if target == CELL:
        return cell_title(baseline, [int(rated.counting[question][at]) for question in baseline.questions])
    return baseline.level_title(target, int(rated.proposed[target][at]))


class Mover:
    """Says how a target moves under alternatives."""

    def __init__(self, baseline: Baseline, target: str) -> None:
        self.baseline, self.target = baseline, target
        self.before = self._levels(rate_alternatives(baseline, {}, 1))

    def _levels(self, rated: Rated) -> NDArray[np.int8]:
        if self.target == CELL:
            return np.stack([rated.counting[question] for question in self.baseline.questions])
        return rated.proposed[self.target][None, :]

    def moves(self, measures: Measures, count: int) -> tuple[NDArray[np.int8], Rated]:
        """For every alternative 0 (as it was) or a key of MOVES, and the ratings."""
        rated = rate_alternatives(self.baseline, measures, count)
        after, before = self._levels(rated), self.before
        had, has = bool((before > 0).all()), (after > 0).all(axis=0)
        moved = (after != before).any(axis=0)
        up, down = (after >= before).all(axis=0), (after <= before).all(axis=0)
        if not had:
            return np.where(has, 2, 0).astype(np.int8), rated
        found = np.select([~moved, ~has, up, down], [0, -2, 1, -1], default=3)
        return found.astype(np.int8), rated

    def words(self, rated: Rated, at: int) -> str:
        """The level after, in words."""
        return level_words(self.baseline, self.target, rated, at)
