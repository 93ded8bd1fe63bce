"""A review as one run shows it, in one language: ratings, grid, and why."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property
from typing import Any

from assessment.decisions.standing import Standing
from assessment.reasons.explain import explain_rating
from assessment.reasons.grid import make_grid
from assessment.runs.recorded import (
    DecisionCounted,
    decisions_in,
    facts_of,
    is_out_of_date,
)
from assessment.runs.run import Run
from joint_review.web import wording
from programme.database import Database
from programme.reviews import Review
from rules.errors import RunImpossible
from rules.framework import in_language
from rules.inference import Rating
from rules.rulebook import Measure, Of, Rulebook, Statistic
from rules.sentences import Sentences


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
        marks: Mapping[str, Mapping[str, Any]] | None = None,
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

    def head(self) -> dict[str, Any]:
        """What every page names: `review`, `language`, `languages`."""
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

    def facts(self) -> dict[str, Any] | None:
        """What the run was made with, and whether it is the latest and still up to date."""
        if not self.run:
            return None
        facts = facts_of(self.db, self.run)
        out_of_date = facts["latest"] and is_out_of_date(
            self.db, self.review, self.run, self.standing.counting
        )
        return {**facts, "out_of_date": out_of_date}

    def grid(self) -> dict[str, Any]:
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

    def questions(self) -> list[dict[str, Any]]:
        """The ratings of the questions, each with those of its `domains`."""
        return [
            {**self.rating(question.id), "domains": self.domains(question.id)}
            for question in self.framework.questions
        ]

    def domains(self, target: str) -> list[dict[str, Any]]:
        """The ratings of a question's domains; none for a domain."""
        if self.framework.is_domain(target):
            return []
        return [self.rating(domain.id) for domain in self.framework.question(target).domains]

    def rating(self, target: str) -> dict[str, Any]:
        """One rating: see `content.review`."""
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

    def explanation(self, target: str) -> dict[str, Any]:
        """Why this level and not the next: see `content.trail`."""
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

    def _criteria(self, target: str, rating: Rating) -> list[dict[str, Any]]:
        """The criteria of a target as the run found them, with what pages say of them."""
        run = self.recorded
        criteria = []
        for outcome in rating.outcomes:
            definition = run.policy.rulebook.measure(outcome.measure)
            criteria.append(
                {
                    **vars(self.words.outcome(target, outcome)),
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
            return "nothing to measure"
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
