"""What a changed rulebook moves, as `comparison.impact.rules_impact` gives it."""

from __future__ import annotations

from typing import TypedDict, final

from comparison.compare import FrameworkNamed


class RulebookNamed(TypedDict):
    """A rulebook."""

    id: str
    version: str
    title: str
    digest: str


class LevelGiven(TypedDict):
    """A rating under one rulebook."""

    status: str
    level: int | None
    level_id: str | None
    level_title: str | None
    proposed_title: str | None


class CriterionSaid(TypedDict):
    """What came of a criterion under one rulebook; of how criteria add up, `needed` alone."""

    needed: str
    statement: str | None
    measure: str | None
    value: float | None
    met: bool | None
    no_better_than: str | None


class RuleBehind(TypedDict):
    """A rule behind a move, in the words and figures of one review."""

    rule: str
    where: str
    part: str
    criterion: str
    change: str
    """changed, added or removed; same for one that came out otherwise because domains moved."""
    before: CriterionSaid | None
    after: CriterionSaid | None


class RatingMoved(TypedDict):
    """A rating, or held proposal, of one review that moves."""

    target: str
    title: str
    kind: str
    held: bool
    """Whether only the proposal moves, as a person's decision counts."""
    direction: str
    """up, down, rated (it had no level) or unrated."""
    before: LevelGiven
    after: LevelGiven
    together: bool
    """Whether it takes all its rules."""
    domains: list[str]
    """Those through whose ratings a question moves."""
    rules: list[RuleBehind]


@final
class AssessedTwice(TypedDict):
    """What moves in one review."""

    moved: list[RatingMoved]
    cell: list[tuple[str, ...] | None]
    """Level ids before and after."""
    ratings: int


@final
class NotAssessed(TypedDict):
    """Why a review could not be assessed."""

    reason: str


class ReviewNamed(TypedDict):
    """A review."""

    review: str
    authority: str


class CellMoved(ReviewNamed):
    """A position on the grid that moves."""

    before: list[str] | None
    after: list[str] | None


class ReviewMoved(ReviewNamed):
    """A review in which a rating or held proposal moves."""

    moved: list[RatingMoved]


class LeftOut(ReviewNamed):
    """A review that could not be assessed."""

    reason: str


class CriterionWritten(TypedDict):
    """A criterion as its rulebook has it."""

    test: str
    measure: str | None
    no_better_than: str | None


class RuleCounted(TypedDict):
    """A difference between the rulebooks, and how much it moves.

    A question that moves because its domains do counts for no rule.
    """

    where: str
    """The block."""
    part: str
    criterion: str
    change: str
    before: CriterionWritten | None
    after: CriterionWritten | None
    ratings: int
    """How many it moves."""
    alone: int
    """Of these, how many it moves without another."""
    reviews: int
    targets: dict[str, int]
    """How many, by domain and question."""


MoveCounted = TypedDict(
    "MoveCounted",
    {
        "target": str,
        "title": str,
        "kind": str,
        "from": str,
        "to": str,
        "direction": str,
        "reviews": list[str],
    },
)
"""Ratings that move alike, from one title to another; the reviews by name."""


class MovedInAll(TypedDict):
    """How many ratings move in all."""

    up: int
    down: int
    rated: int
    unrated: int
    held: int
    """Proposals that move while a person's decision counts."""
    reviews: int
    """In how many a rating moves."""
    cells: int


class Impact(TypedDict):
    """What a changed rulebook would do; the same bytes as JSON, wherever it was made."""

    framework: FrameworkNamed
    old: RulebookNamed
    new: RulebookNamed
    event: int
    """The last that counted."""
    reviews: int
    assessed: int
    ratings: int
    """How many were rated either way."""
    moved: MovedInAll
    rules: list[RuleCounted]
    """Everything that is not the same in the rulebooks, those that move most first."""
    moves: list[MoveCounted]
    cells: list[CellMoved]
    by_review: list[ReviewMoved]
    not_assessed: list[LeftOut]
