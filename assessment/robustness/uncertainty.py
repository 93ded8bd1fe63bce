"""How sure a run is: its evidence drawn again many times, every draw carried through the whole rulebook.

What is drawn and how, with sources: `evidence.measures.resample`. Everything is as it was for the run: the
evidence that counted, its rulebook and framework, and what people had decided, which counts in every draw.
For a domain that people decided, what the rules alone would have proposed is drawn as well.

A probability is the share of draws; its Monte Carlo error is the standard error sqrt(p (1 - p) / N) with two
draws added on either side, p = (x + 2) / (N + 4), so that it is never 0 (Agresti, A. and Coull, B. A. (1998),
The American Statistician 52, 119-126). It says what more draws would settle, not what more evidence would.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assessment.runs.run import Run
from assessment.runs.verify import Frozen, frozen_inputs
from evidence.measures.pools import UNKNOWN_BASE, SampleSizes
from evidence.measures.resample import CHUNK, Draws, More, Resampler, load_resampler
from programme.database import Database
from programme.reviews import Review
from rules.arrays import ArrayEvaluator, Levels
from rules.errors import RunImpossible
from rules.framework import Framework, in_language

FEWEST, MOST = 100, 10_000_000
"""Fewer draws than this say too little; with more, the Monte Carlo error is below 0.02 % and time is lost."""
Findings = Literal["resampled", "fixed"]
ASSUMED = (
    "Assumptions: case files and respondents are resampled with replacement, each with all its scores or"
    " answers; weighted respondents keep their weights; published shares vary binomially with their base, or"
    " with {unknown} answers if it is unknown; findings are {findings}; indicators, and counts that decide"
    " whether there is enough evidence, do not vary."
)


@dataclass(frozen=True)
class Chance:
    """How probable one level (or cell) is."""

    level: int | None
    """1 is the worst; None for no rating (not enough evidence, or a moderator decides)."""
    level_id: str | None
    title: str
    probability: float
    error: float
    """Monte Carlo standard error."""


@dataclass(frozen=True)
class TargetChances:
    """How sure the rating of one domain or question is."""

    target: str
    title: str
    kind: Literal["domain", "question"]
    question: str
    status: str
    """Of the run: proposed, decided, insufficient or open."""
    level_id: str | None
    """What the run gives."""
    level_title: str
    agreement: float
    """The share of draws that give what the run gives."""
    error: float
    levels: tuple[Chance, ...]
    """Worst to best, and last no rating."""
    rules_alone: tuple[Chance, ...]
    """For a domain that people decided: what the rules would have proposed; else empty."""
    sizes: SampleSizes | None
    """What was drawn; None for questions, which are made of their domains."""

    @property
    def likeliest(self) -> Chance:
        """The most frequent level; of equals the worse."""
        return max(self.levels, key=lambda chance: chance.probability)


@dataclass(frozen=True)
class CellChance:
    """How probable one cell of the grid is."""

    levels: tuple[str, ...] | None
    """Level ids, first question first; None for no position."""
    title: str
    probability: float
    error: float
    here: bool
    """Whether the run places the authority there."""


@dataclass(frozen=True)
class Uncertainty:
    """How sure one run is."""

    review: str
    run: int
    draws: int
    seed: int
    findings: Findings
    targets: tuple[TargetChances, ...]
    """Domains and questions in the order of the framework."""
    cells: tuple[CellChance, ...]
    """Every cell, first question's worst level first, and last no position."""
    assumed: str
    """What was drawn and how, in a sentence."""

    def target(self, name: str) -> TargetChances:
        """The chances of a domain or question."""
        return next(target for target in self.targets if target.target == name)


@dataclass(frozen=True)
class Prepared:
    """A run ready to be drawn again."""

    frozen: Frozen
    evaluator: ArrayEvaluator
    resampler: Resampler

    @property
    def framework(self) -> Framework:
        """The framework of the run."""
        return self.frozen.policy.framework

    def rate(self, measures: Draws, decided: Mapping[str, int], count: int) -> dict[str, Levels]:
        """The levels of `count` draws."""
        return self.evaluator.rate(measures, decided, count)


def check_draws(draws: int, seed: int) -> None:
    """Raise RunImpossible for a number of draws or a seed that will not do."""
    is_whole = isinstance(draws, int) and not isinstance(draws, bool)
    if not is_whole or draws < FEWEST:
        raise RunImpossible(
            f"{draws:,} draws are too few" if is_whole else f"{draws!r} is not a whole number of draws",
            hint=f"Give at least {FEWEST}; 10,000 draws give a simulation error of 0.5 % or less.",
        )
    if draws > MOST:
        raise RunImpossible(
            f"{draws:,} draws are too many",
            hint=f"Give at most {MOST:,}; 10,000 are enough for most purposes.",
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise RunImpossible(f"{seed!r} is not a valid seed", hint="Give a whole number from 0 up.")


def prepare(
    db: Database, review: Review, run: Run, findings: Findings = "resampled", *, must_draw: bool = True
) -> Prepared:
    """A run ready to be drawn again.

    Raises RunImpossible where nothing of it can be drawn; with `must_draw` False every draw is then as it is.
    """
    frozen = frozen_inputs(db, review, run)
    then = dataclasses.replace(review, framework=frozen.policy.framework)
    measures = frozen.policy.rulebook.evidence_measures
    point = {
        domain: {m.id: run.result.measures[domain][m.id] for m in measures}
        for domain in then.framework.domains
    }
    resampler = load_resampler(db, then, measures, point, frozen.event, findings=findings == "resampled")
    if must_draw and not resampler.drawn:
        kinds = (
            "case files, survey results or findings" if findings == "resampled" else "case files or surveys"
        )
        raise RunImpossible(
            f"run {run.id} rests on nothing that can be resampled: no measure is computed from {kinds}",
            hint="Add evidence, tag it to domains and assess again.",
        )
    return Prepared(frozen, ArrayEvaluator(frozen.policy.compiled), resampler)


def measure_uncertainty(
    db: Database,
    review: Review,
    run: Run,
    *,
    draws: int = 10_000,
    seed: int = 0,
    findings: Findings = "resampled",
    chunk: int = CHUNK,
) -> Uncertainty:
    """The probability of every level of every domain and question, and of every cell, for one run.

    Memory grows with `chunk`, not with `draws`; the result depends on neither the chunk nor the machine.
    Raises RunImpossible for fewer than 100 draws, a seed below 0, or a run with nothing to draw.
    """
    check_draws(draws, seed)
    return draw_run(prepare(db, review, run, findings), run, draws, seed, findings, chunk)


def draw_run(
    prepared: Prepared, run: Run, draws: int, seed: int, findings: Findings, chunk: int = CHUNK
) -> Uncertainty:
    """The same for a run that is prepared."""
    framework, decided = prepared.framework, prepared.frozen.decided
    decided_domains = [name for name in framework.domains if name in decided]
    found = _Counts(framework)
    alone = _Counts(framework)
    for count, measures in prepared.resampler.draw(draws, seed, chunk=chunk):
        found.add(prepared.rate(measures, decided, count))
        if decided_domains:
            alone.add(prepared.rate(measures, {}, count))
    targets = []
    for rating in run.result.ratings:
        name, level = rating.target, rating.level
        chances = found.chances(name, draws)
        given = chances[-1 if level is None else level - 1]
        targets.append(
            TargetChances(
                target=name,
                title=framework.title_of(name),
                kind=rating.kind,
                question=framework.question_of[name].id,
                status=rating.status,
                level_id=rating.level_id,
                level_title=given.title,
                agreement=given.probability,
                error=given.error,
                levels=chances,
                rules_alone=alone.chances(name, draws) if name in decided_domains else (),
                sizes=prepared.resampler.sizes.get(name),
            )
        )
    cells = found.cell_chances(run.result.cell, draws)
    how = "kept fixed"
    if findings == "resampled":
        how = "resampled with replacement within their domain, each as widespread as its extent allows"
    assumed = ASSUMED.format(unknown=UNKNOWN_BASE, findings=how)
    return Uncertainty(run.review, run.id, draws, seed, findings, tuple(targets), cells, assumed)


def level_counts(
    prepared: Prepared, draws: int, seed: int, more: More | None = None, chunk: int = CHUNK
) -> dict[str, tuple[int, ...]]:
    """How many draws give every level of every domain by the rules alone (index 0: no rating)."""
    found = _Counts(prepared.framework)
    for count, measures in prepared.resampler.draw(draws, seed, chunk=chunk, more=more):
        found.add(prepared.rate(measures, {}, count))
    return {name: tuple(map(int, counts)) for name, counts in found.of_targets.items()}


def chance_of(count: int, draws: int) -> tuple[float, float]:
    """The share of draws and its Monte Carlo standard error."""
    around = (count + 2) / (draws + 4)
    return count / draws, float(np.sqrt(around * (1 - around) / (draws + 4)))


class _Counts:
    """How often every level and every cell came out."""

    def __init__(self, framework: Framework) -> None:
        self.framework = framework
        self.of_targets = {
            name: np.zeros(len(framework.scale_of(name)) + 1, dtype=np.int64)
            for name in framework.question_of
        }
        self.shape = tuple(len(question.scale) + 1 for question in framework.questions)
        self.of_cells = np.zeros(self.shape, dtype=np.int64)

    def add(self, levels: Mapping[str, Levels]) -> None:
        for name, counts in self.of_targets.items():
            counts += np.bincount(levels[name], minlength=len(counts))
        cells = np.ravel_multi_index(
            tuple(levels[question.id].astype(np.int64) for question in self.framework.questions), self.shape
        )
        self.of_cells += np.bincount(cells, minlength=self.of_cells.size).reshape(self.shape)

    def chances(self, target: str, draws: int) -> tuple[Chance, ...]:
        counts = self.of_targets[target]
        scale = self.framework.scale_of(target)
        rated = [
            Chance(number, level.id, in_language(level.title), *chance_of(int(counts[number]), draws))
            for number, level in enumerate(scale, start=1)
        ]
        return (*rated, Chance(None, None, "not rated", *chance_of(int(counts[0]), draws)))

    def cell_chances(self, here: tuple[str, ...] | None, draws: int) -> tuple[CellChance, ...]:
        scales = [question.scale for question in self.framework.questions]
        cells, placed = [], 0
        for numbers in np.ndindex(*(len(scale) for scale in scales)):
            count = int(self.of_cells[tuple(number + 1 for number in numbers)])
            placed += count
            levels = [scale[number] for scale, number in zip(scales, numbers, strict=True)]
            names = tuple(level.id for level in levels)
            title = " / ".join(in_language(level.title) for level in levels)
            cells.append(CellChance(names, title, *chance_of(count, draws), names == (here or ())))
        nowhere = CellChance(None, "no position", *chance_of(draws - placed, draws), not here)
        return (*cells, nowhere)
