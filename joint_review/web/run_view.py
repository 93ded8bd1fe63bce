"""A review as one run shows it, in one language: ratings, grid, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Literal, NotRequired, TypedDict

from assessment.decisions.standing import Standing
from assessment.reasons.explain import explain_rating
from assessment.reasons.grid import make_grid
from assessment.reasons.margins import OutcomeExplained
from assessment.reasons.not_proposed import LostLevel
from assessment.runs.recorded import (
    DecisionCounted,
    RunFacts,
    decisions_in,
    facts_of,
    is_out_of_date,
)
from assessment.runs.run import Run
from comparison.reviews import ReviewHead
from joint_review.web import wording
from joint_review.web.cache import Mark, RestsOn
from joint_review.web.remedies import Refusal
from programme.database import Database
from programme.reviews import Review
from rules.errors import RunImpossible
from rules.framework import in_language
from rules.inference import Rating
from rules.rulebook import Measure, Of, Rulebook, Statistic
from rules.sentences import Sentences


class ReviewNamed(ReviewHead):
    """A review as its pages name it."""

    note: str


class Head(TypedDict):
    """What every page of a review names."""

    review: ReviewNamed
    language: str
    languages: list[str]


class Said(Head):
    """A page that sums up what it shows, or says why it shows nothing."""

    said: str | None
    """In a sentence or two; None where nothing is shown."""
    problem: Refusal | None
    """Why nothing is."""


class RunShown(RunFacts):
    """What a run was made with, and whether it is still up to date."""

    out_of_date: bool


class Cell(TypedDict):
    """A cell of the grid."""

    levels: tuple[str, ...]
    """Level ids, one of each question."""
    here: bool
    chance: NotRequired[float]
    """The share of draws that give it, on the page on how sure a run is."""


class Line(TypedDict):
    """A line of the grid."""

    title: str
    cells: list[Cell]


class GridShown(TypedDict):
    """The grid with the position."""

    across: str
    up: str | None
    columns: list[str]
    rows: list[Line]
    position: tuple[str, ...] | None
    sentence: str


class RatingShown(TypedDict):
    """A rating of a domain or question."""

    target: str
    kind: Literal["domain", "question"]
    title: str
    question: str
    question_title: str
    status: str
    """none where there is no run."""
    level: int | None
    """1 the worst."""
    levels: list[str]
    level_title: str | None
    proposed_title: str | None
    because: str
    decision: DecisionCounted | None
    """Where a person decided."""
    rests_on: list[RestsOn]
    """As far as it can be worked out, like `chance`: see `cache.Worked.marks`."""
    chance: float | None


class QuestionShown(RatingShown):
    """A question, with the ratings of its domains."""

    domains: list[RatingShown]


class CriterionShown(TypedDict):
    """A criterion as a run found it, with what pages say of it."""

    part: str
    criterion: str
    measure: str
    value: float | None
    base: float | None
    low: float | None
    high: float | None
    test: str
    thresholds: tuple[int | float, ...]
    met: bool
    margin: float | None
    no_better_than: str | None
    statement: str
    needed: str
    reference: str
    measure_title: str
    unit: str
    made_of: str
    shown: str
    base_shown: str
    no_better_than_title: str
    rule: str
    binds: bool
    """Whether it is a limit that holds the rating down."""


class Next(TypedDict):
    """The level above the one the criteria reach, and what is not met of it."""

    title: str
    criteria: list[CriterionShown]


class PartShown(TypedDict):
    """A group of criteria."""

    part: str
    title: str
    role: str
    """below, reached, next or beyond, of a level; else the name of the part."""
    met: int
    of: int
    criteria: list[CriterionShown]


class Explanation(TypedDict):
    """Why this level and not the next."""

    next: Next | None
    """None at the top."""
    reached: str | None
    looks_for: list[str]
    """What reviewers look for."""
    limits: list[CriterionShown]
    """Those that hold the rating down."""
    missing: list[CriterionShown]
    """What is not enough."""
    lost: Sequence[LostLevel]
    """The levels the rules did not give."""
    missed: Sequence[OutcomeExplained]
    """The criteria missed all the same, under best-fit."""
    policy_words: str | None
    parts: list[PartShown]


class Shown:
    """A review as one run shows it, in one language; what is asked of the database is asked once.

    `standing` is where the decisions of the review stand now, also where an earlier run is shown.
    """

    def __init__(
        self,
        db: Database,
        found: Review,
        run: Run | None,
        language: str,
        marks: Mapping[str, Mark] | None = None,
        standing: Standing | None = None,
    ) -> None:
        self.db, self.review, self.run, self.marks = db, found, run, marks or {}
        self.standing = standing or Standing(db, found, *([run.id] if run else []))
        self.framework = run.policy.framework if run else found.framework
        self.language = language if language in self.framework.title else "en"

    def in_english(self) -> Shown:
        """The same in English, with what was read of it so far."""
        if self.language == "en":
            return self
        other = copy(self)
        other.language = "en"
        return other

    @property
    def recorded(self) -> Run:
        """The run that is shown; raises RunImpossible where the review has none."""
        if self.run is None:
            raise RunImpossible(f"the review {self.review.key} has not been assessed yet")
        return self.run

    @property
    def words(self) -> Sentences:
        """What people read of the run, in the language of the page."""
        return self.recorded.sentences(self.language)

    @property
    def rulebook(self) -> Rulebook:
        """The rulebook the run used."""
        return self.recorded.policy.rulebook

    @cached_property
    def decisions(self) -> dict[str, DecisionCounted]:
        """The decisions that counted in the run: see `recorded.decisions_in`."""
        return decisions_in(self.db, self.run) if self.run else {}

    def head(self) -> Head:
        """What every page names."""
        found, languages = self.review, sorted(self.framework.title, key=lambda name: name != "en")
        return {
            "review": {
                "key": found.key,
                "authority": found.authority,
                "framework": found.framework.id,
                "framework_title": in_language(self.framework.title, self.language),
                "window_from": found.window_from,
                "window_to": found.window_to,
                "note": found.note,
            },
            "language": self.language,
            "languages": languages,
        }

    def facts(self) -> RunShown | None:
        """What the run was made with, and whether it is the latest and still up to date."""
        if not self.run:
            return None
        facts = facts_of(self.db, self.run)
        out_of_date = facts["latest"] and is_out_of_date(
            self.db, self.review, self.run, self.standing.counting
        )
        return {**facts, "out_of_date": out_of_date}

    def grid(self) -> GridShown:
        """The grid with the position: see assessment.reasons.grid."""
        grid = make_grid(self.framework, self.run.result.cell if self.run else None, self.language)
        return {
            "across": grid.across,
            "up": grid.up,
            "columns": list(grid.columns),
            "rows": [
                {"title": title, "cells": [{"levels": cell.levels, "here": cell.here} for cell in cells]}
                for title, cells in grid.rows
            ],
            "position": grid.position,
            "sentence": grid.sentence(),
        }

    def questions(self) -> list[QuestionShown]:
        """The ratings of the questions, each with those of its `domains`."""
        return [
            {**self.rating(question.id), "domains": self.domains(question.id)}
            for question in self.framework.questions
        ]

    def domains(self, target: str) -> list[RatingShown]:
        """The ratings of a question's domains; none for a domain."""
        if self.framework.is_domain(target):
            return []
        return [self.rating(domain.id) for domain in self.framework.question(target).domains]

    def rating(self, target: str) -> RatingShown:
        """One rating."""
        found = self.run.rating(target) if self.run else None
        scale = [in_language(level.title, self.language) for level in self.framework.scale_of(target)]
        question = self.framework.question_of[target].id
        return {
            "target": target,
            "kind": "domain" if self.framework.is_domain(target) else "question",
            "title": self.framework.title_of(target, self.language),
            "question": question,
            "question_title": self.framework.title_of(question, self.language),
            "status": found.status if found else "none",
            "level": found.level if found else None,
            "levels": scale,
            "level_title": scale[found.level - 1] if found and found.level else None,
            "proposed_title": scale[found.proposed - 1] if found and found.proposed else None,
            "because": self.words.because(found) if found else "",
            "decision": self.decisions.get(target),
            "rests_on": self.marks.get(target, {}).get("rests_on", []),
            "chance": self.marks.get(target, {}).get("chance"),
        }

    def explanation(self, target: str) -> Explanation:
        """Why this level and not the next."""
        run = self.recorded
        why = explain_rating(run, target, self.decisions, self.language)
        rating = run.rating(target)
        names = [level.id for level in self.framework.scale_of(target)]
        reached = rating.before_limits or 0
        criteria = self._criteria(target, rating)
        above = names[reached] if why.next_level else ""
        unmet = [c for c in criteria if c["part"] == above and not c["met"]]
        domain = self.framework.domains.get(target)
        return {
            "next": {"title": self.part_title(target, above), "criteria": unmet} if above else None,
            "reached": self.part_title(target, names[reached - 1]) if reached else None,
            "looks_for": list(domain.looks_for) if domain else [],
            "limits": [c for c in criteria if c["binds"]],
            "missing": [c for c in criteria if c["part"] == "sufficiency" and not c["met"]],
            "lost": why.lost,
            "missed": why.missed,
            "policy_words": why.policy_words,
            "parts": [
                {
                    "part": part,
                    "title": self.part_title(target, part),
                    "role": role_of(names.index(part) + 1, reached) if part in names else part,
                    "met": sum(c["met"] for c in criteria if c["part"] == part),
                    "of": sum(c["part"] == part for c in criteria),
                    "criteria": [c for c in criteria if c["part"] == part],
                }
                for part in ("sufficiency", *names, "limits")
                if any(c["part"] == part for c in criteria)
            ],
        }

    def _criteria(self, target: str, rating: Rating) -> list[CriterionShown]:
        """The criteria of a target as the run found them, with what pages say of them."""
        run = self.recorded
        criteria: list[CriterionShown] = []
        for outcome in rating.outcomes:
            definition = run.policy.rulebook.measure(outcome.measure)
            said = self.words.outcome(target, outcome)
            criteria.append(
                {
                    "part": said.part,
                    "criterion": said.criterion,
                    "measure": said.measure,
                    "value": said.value,
                    "base": said.base,
                    "low": said.low,
                    "high": said.high,
                    "test": said.test,
                    "thresholds": said.thresholds,
                    "met": said.met,
                    "margin": said.margin,
                    "no_better_than": said.no_better_than,
                    "statement": said.statement,
                    "needed": said.needed,
                    "reference": said.reference,
                    "measure_title": self.words.measure_title(outcome.measure),
                    "unit": definition.unit,
                    "made_of": definition.of.value,
                    "shown": self.value_of(target, definition, outcome.value),
                    "base_shown": base_of(definition, outcome.base),
                    "no_better_than_title": self.part_title(target, outcome.no_better_than or ""),
                    "rule": f"{target}.{outcome.part}.{outcome.criterion}",
                    "binds": outcome.part == "limits" and outcome.criterion in rating.limits,
                }
            )
        return criteria

    def part_title(self, target: str, part: str) -> str:
        """The title of a group of criteria: a level, or what it is for."""
        for level in self.framework.scale_of(target):
            if level.id == part:
                return in_language(level.title, self.language)
        return {"sufficiency": "Is there enough evidence?", "limits": "Limits"}.get(part, part)

    def value_of(self, target: str, definition: Measure, value: float | None) -> str:
        """A measure's value as people read it: a level's title where it stands for a level."""
        if value is None:
            return "no data"
        scale = None
        if definition.statistic is Statistic.RATING and definition.domain:
            scale = self.framework.scale_of(definition.domain)
        elif definition.statistic is Statistic.LOWEST:
            scale = self.framework.question_of[target].levels_of_domains
        if scale:
            return in_language(scale[int(value) - 1].title, self.language)
        return wording.number(round(value, 1), definition.unit)


def base_of(definition: Measure, base: float | None) -> str:
    """How many a measure rests on; a dash for counts, which rest on nothing but themselves."""
    if base is None:
        return "–" if definition.is_count or definition.of is Of.RATINGS else "unknown"
    return wording.number(round(base, 1))


def role_of(number: int, reached: int) -> str:
    """Where a level stands to the one reached: below, reached, next or beyond."""
    if number > reached + 1:
        return "beyond"
    return "next" if number == reached + 1 else "reached" if number == reached else "below"
