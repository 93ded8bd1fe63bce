"""A run in words: what `assess` shows and gives as JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields

from assessment.runs.result import MadeOf
from assessment.runs.run import Run
from programme.reviews import Review
from rules.compile import Stratum
from rules.framework import in_language
from rules.ratings import Measured
from rules.sentences import Gap, RatingInWords


@dataclass(frozen=True, kw_only=True)
class ReviewNamed:
    """The review."""

    key: str
    authority: str


@dataclass(frozen=True, kw_only=True)
class PolicyNamed:
    """A framework or a rulebook, with its title in the language of the summary."""

    id: str
    title: str


@dataclass(frozen=True, kw_only=True)
class RulebookNamed(PolicyNamed):
    """The rulebook."""

    version: str


@dataclass(frozen=True, kw_only=True)
class InputsShown(MadeOf):
    """What the run is made of (see assessment.runs.result), with the digest of it all."""

    digest: str


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A run with everything that people read of it."""

    inputs: InputsShown
    review: ReviewNamed
    framework: PolicyNamed
    rulebook: RulebookNamed
    second_engine: str
    """'yes' or 'no'."""
    cell: tuple[str, ...] | None
    ratings: tuple[RatingInWords, ...]
    gaps: tuple[Gap, ...]
    """What is missing before the targets without a rating can have one."""
    measures: Measured
    firings: tuple[tuple[Stratum, str], ...]


def summarise_run(review: Review, run: Run, language: str = "en") -> Summary:
    """A run with its titles, reasons, statements and gaps."""
    result, policy, words = run.result, run.policy, run.sentences(language)
    inputs = {part.name: getattr(result.inputs, part.name) for part in fields(MadeOf)}
    return Summary(
        inputs=InputsShown(**inputs, digest=result.inputs.digest),
        review=ReviewNamed(key=review.key, authority=review.authority),
        framework=PolicyNamed(id=policy.framework.id, title=in_language(policy.framework.title, language)),
        rulebook=RulebookNamed(
            id=policy.rulebook.id,
            title=in_language(policy.rulebook.title, language),
            version=policy.rulebook.version,
        ),
        second_engine="yes" if result.second_engine else "no",
        cell=result.cell,
        ratings=tuple(words.rating(rating) for rating in result.ratings),
        gaps=tuple(words.gaps(result.ratings)),
        measures=result.measures,
        firings=result.firings,
    )
