"""Format 1 of a run's record, as joint-review 0.1.0 wrote it: the definition, and its figures read from it.

The record has no key `format`. Beside the figures it holds the sentences and titles of its day (`because`,
`statement`, `needed`, `missing`, `title`, `level_title`), and its digest covers them. They stay in the record
and are not read: what people read is made of the figures, as for every run.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from rules.inference import Outcome, Rating, Status

Number = int | float | None


class Record(BaseModel):
    """Base of the parts: frozen, unknown keys refused, numbers as they are written."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Inputs1(Record):
    """What the run was made of, with its digest (of all the others)."""

    review: str
    framework: str
    rulebook: str
    evidence: str
    decided: dict[str, int]
    on: str
    seed: int
    software: str
    engines: tuple[str, ...]
    digest: str


class Review1(Record):
    """The review, by key and name of the authority."""

    key: str
    authority: str


class Framework1(Record):
    """The framework, by id and English title."""

    id: str
    title: str


class Rulebook1(Record):
    """The rulebook, by id, version and English title."""

    id: str
    version: str
    title: str


class Measure1(Record):
    """One value of one measure, with its base and 95 % interval."""

    value: Number
    base: Number
    low: Number
    high: Number


class Outcome1(Record):
    """One criterion of one target, met or not."""

    part: str
    criterion: str
    measure: str
    value: Number
    base: Number
    low: Number
    high: Number
    test: str
    thresholds: tuple[int | float, ...]
    met: bool
    margin: Number
    statement: str
    needed: str
    reference: str
    no_better_than: str | None

    def figures(self) -> Outcome:
        """The outcome without its sentences."""
        return Outcome(**self.model_dump(exclude={"statement", "needed", "reference"}))


class Rating1(Record):
    """What was concluded for one domain or question."""

    target: str
    kind: Literal["domain", "question"]
    status: Status
    level: int | None
    level_id: str | None
    proposed: int | None
    proposed_id: str | None
    before_limits: int | None
    limits: tuple[str, ...]
    outcomes: tuple[Outcome1, ...]
    because: str
    title: str
    question: str
    level_title: str | None

    def figures(self) -> Rating:
        """The rating without its sentences and titles."""
        words = {"because", "title", "question", "level_title", "outcomes"}
        outcomes = tuple(outcome.figures() for outcome in self.outcomes)
        return Rating(**self.model_dump(exclude=words), outcomes=outcomes)


class Gap1(Record):
    """What was missing for a rating, in words."""

    target: str
    title: str
    missing: str


class Result1(Record):
    """The whole record."""

    inputs: Inputs1
    review: Review1
    framework: Framework1
    rulebook: Rulebook1
    second_engine: Literal["yes", "no"]
    cell: tuple[str, ...] | None
    ratings: tuple[Rating1, ...]
    gaps: tuple[Gap1, ...]
    measures: dict[str, dict[str, Measure1]]
    firings: tuple[tuple[Literal["domain", "question", "overall"], str], ...]
