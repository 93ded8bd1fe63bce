"""The profile of a review: every domain and question with its level, and the levels that its draws gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assessment.robustness.uncertainty import TargetChances, Uncertainty
from rules.framework import Framework, in_language

OUTSIDE = 0.025
"""The share of the rated draws left out at either end: what lies between holds 95 % of them."""


@dataclass(frozen=True)
class Line:
    """One domain or question."""

    target: str
    title: str
    status: str
    level: int
    """In the run; 0 for no rating."""
    chances: tuple[float, ...]
    """The share of draws that give no rating, the worst level, ..., the best."""
    low: int | None
    """The lowest and the highest of the levels that hold 95 % of the draws that give a rating; None where no
    draw does."""
    high: int | None


@dataclass(frozen=True)
class Section:
    """The domains of one question and, last, the question; one of both where their levels differ."""

    question: str
    title: str
    levels: tuple[str, ...]
    """Titles of the levels, worst first."""
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Profile:
    """The profile of one run."""

    run: int
    draws: int
    sections: tuple[Section, ...]


def make_profile(framework: Framework, sure: Uncertainty, language: str = "en") -> Profile:
    """The profile from the chances of every level; `framework` as the run used it."""
    sections = []
    for question in framework.questions:
        groups = [(question.levels_of_domains, [domain.id for domain in question.domains])]
        if question.levels_of_domains == question.scale:
            groups[0][1].append(question.id)
        else:
            groups.append((question.scale, [question.id]))
        sections += [
            Section(
                question.id,
                framework.title_of(question.id, language),
                tuple(in_language(level.title, language) for level in scale),
                tuple(_line(sure.target(name), framework.title_of(name, language)) for name in names),
            )
            for scale, names in groups
            if names
        ]
    return Profile(sure.run, sure.draws, tuple(sections))


def _line(chances: TargetChances, title: str) -> Line:
    shares = tuple(one.probability for one in (chances.levels[-1], *chances.levels[:-1]))
    level = next((one.level for one in chances.levels if one.level_id == chances.level_id), None)
    low, high = _range(shares[1:])
    return Line(chances.target, title, chances.status, level or 0, shares, low, high)


def _range(shares: Sequence[float]) -> tuple[int, int] | tuple[None, None]:
    """The lowest and highest level (from 1) after leaving out at most OUTSIDE of the sum at either end."""
    whole = sum(shares)
    if not whole:
        return None, None
    numbers = range(1, len(shares) + 1)
    low = next(n for n in numbers if sum(shares[:n]) > OUTSIDE * whole)
    high = next(n for n in reversed(numbers) if sum(shares[n - 1 :]) > OUTSIDE * whole)
    return low, high
