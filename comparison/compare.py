"""All reviews under one framework side by side: the grid, the profiles, and where like was rated unlike.

Every review counts with its latest run. Measures, criteria and ratings are those the runs recorded: nothing
is assessed again. How near two reviews are to each other is said in comparison.nearest.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypedDict

from assessment.reasons.grid import make_grid
from comparison.nearest import (
    About,
    Rated,
    ReviewCompared,
    Unlike,
    about,
    in_order,
    nearest_unlike,
)
from comparison.reviews import FrameworkUsed, frameworks_in_use
from programme.calendar import day_words
from programme.database import Database, rows
from rules.errors import RunImpossible, UnknownName
from rules.framework import Framework, in_language
from rules.loader import PolicySet
from rules.remedy import Assess, CompareReviews, CreateReview, ListReviews, UpgradeDatabase

# The frameworks that reviews are judged by, with how many there are of each.
FRAMEWORKS = """
select f.key, count(v.id) as reviews from framework f left join review v on v.framework_id = f.id
group by f.id order by f.key
"""
# Every review of a framework with its latest run (up to a date, if one is given).
REVIEWS = """
select v.key as review, v.authority, f.digest as framework_now, r.id as run, r.made_on,
  r.framework_digest, r.rulebook_digest, b.key as rulebook, b.version
from review v join framework f on f.id = v.framework_id
left join run r on r.id = (
  select max(x.id) from run x where x.review_id = v.id and (:until is null or x.made_on <= :until))
left join policy_text b on b.digest = r.rulebook_digest
where f.key = :framework order by v.authority, v.key
"""
RATINGS = """
select x.run_id, x.target, x.level, x.level_key, x.level_title, x.status, x.proposed
from rating x where x.run_id in (select value from json_each(?)) order by x.run_id, x.position
"""
ONE_ONLY = "Only one review has been assessed under these rules; a comparison needs two."
ALIKE = "No two reviews were rated differently."


class RulebookUsed(TypedDict):
    """A rulebook, and how many of the reviews were assessed with it."""

    digest: str
    id: str
    version: str
    current: bool
    """Whether it is the policy's."""
    reviews: int


class LeftAside(TypedDict):
    """A review that is not compared: never assessed, or under an older framework."""

    review: str
    authority: str
    run: int | None
    reason: str


class CellCompared(TypedDict):
    """A cell of the grid, and the reviews in it."""

    levels: list[str]
    titles: list[str]
    reviews: list[str]


class LineCompared(TypedDict):
    """A line of the grid."""

    title: str
    cells: list[CellCompared]


class GridCompared(TypedDict):
    """The grid with all reviews, the best line first."""

    across: str
    up: str | None
    columns: list[str]
    rows: list[LineCompared]
    nowhere: list[str]
    """The reviews without a position."""


class DecidedLevel(TypedDict):
    """A level that some reviews got for the same proposal."""

    level_id: str | None
    level_title: str | None
    decided: list[str]
    """Reviews in which a person gave it."""
    as_proposed: list[str]


class DecidedDifferently(About):
    """The same proposal, and another rating in the end."""

    proposed: str
    proposed_title: str
    ratings: list[DecidedLevel]
    """Worst first."""


class FrameworkNamed(TypedDict):
    """The framework."""

    id: str
    title: str


class ProfileCompared(About):
    """A domain or question in all reviews."""

    scale: list[str]
    """Titles, worst first."""
    ratings: list[Rated]
    """In the order of the reviews."""


class ReviewsCompared(TypedDict):
    """All reviews of a framework by their latest runs; lists that go by review are in the same order."""

    framework: FrameworkNamed
    rulebooks: list[RulebookUsed]
    reviews: list[ReviewCompared]
    """By authority."""
    left_out: list[LeftAside]
    grid: GridCompared
    profiles: list[ProfileCompared]
    nearest: list[Unlike]
    nearest_none: str | None
    """Why there is nothing."""
    decided_differently: list[DecidedDifferently]


def framework_to_compare(db: Database, given: str | None) -> str:
    """The framework named, or the only one that has reviews; raises UnknownName or RunImpossible."""
    known: dict[str, int] = {row["key"]: row["reviews"] for row in rows(db, FRAMEWORKS)}
    if given is not None:
        if given not in known:
            raise UnknownName("framework", given, known)
        return given
    used: list[str] = [name for name, reviews in known.items() if reviews]
    if not used:
        raise RunImpossible("there is no review yet", remedies=[CreateReview()])
    if len(used) > 1:
        raise RunImpossible(
            f"there are reviews under several frameworks: {', '.join(used)}",
            hint="Name the framework to compare.",
            remedies=[CompareReviews(name) for name in used],
        )
    return used[0]


def framework_in_use(
    db: Database, named: str | None, only: Collection[str] | None = None
) -> tuple[list[FrameworkUsed], str | None]:
    """The frameworks in use, and the one named, or the only one there is; None: one is to be chosen.

    Raises UnknownName for a framework there is not.
    """
    frameworks = frameworks_in_use(db, only)
    if named is not None:
        return frameworks, framework_to_compare(db, named)
    return frameworks, frameworks[0]["framework"] if len(frameworks) == 1 else None


def compare_reviews(
    db: Database,
    policy: PolicySet,
    *,
    until: date | None = None,
    only: Collection[str] | None = None,
    nearest: int = 3,
) -> ReviewsCompared:
    """All reviews of the policy's framework by their latest runs, as plain data.

    `until` takes of every review the latest run made on that date or before; `only` names the reviews that
    may be looked at (None: all), and nothing of any other is in the result; `nearest` is how many pairs are
    given for each domain and question. Raises RunImpossible where there is no review, none was assessed, or
    the framework in the database is not the policy's.
    """
    framework = policy.framework
    found = rows(db, REVIEWS, {"framework": framework.id, "until": until and until.isoformat()})
    found = [row for row in found if only is None or row["review"] in only]
    if not found:
        raise RunImpossible(f"there is no review under {framework.id}", remedies=[ListReviews()])
    if found[0]["framework_now"] != policy.framework_digest:
        raise RunImpossible(
            f"the framework {framework.id} has changed since it was put into the database",
            remedies=[UpgradeDatabase()],
        )
    left_out = [_left_out(row, reason) for row in found if (reason := _reason(row, until))]
    compared = [row for row in found if not _reason(row, until)]
    if not compared:
        first = left_out[0]
        raise RunImpossible(
            f"no review under {framework.id} can be compared: {first['review']} {first['reason']}",
            remedies=[Assess(first["review"])],
        )
    place = {row["run"]: position for position, row in enumerate(compared)}
    ratings = _ratings(db, place)
    reviews = [_review(framework, row, ratings, place[row["run"]], policy) for row in compared]
    pairs = nearest_unlike(db, policy, reviews, ratings, nearest)
    return {
        "framework": {"id": framework.id, "title": in_language(framework.title)},
        "rulebooks": _rulebooks(compared, policy),
        "reviews": reviews,
        "left_out": left_out,
        "grid": _grid(framework, reviews),
        "profiles": [
            {**about(framework, target), "scale": _scale(framework, target), "ratings": ratings[target]}
            for target in in_order(framework)
        ],
        "nearest": pairs,
        "nearest_none": None if pairs else ONE_ONLY if len(reviews) == 1 else ALIKE,
        "decided_differently": list(_decided_differently(framework, reviews, ratings)),
    }


def _ratings(db: Database, place: Mapping[int, int]) -> dict[str, list[Rated]]:
    """By domain and question the ratings of all runs, each at the place of its run."""
    found: dict[str, dict[int, Rated]] = {}
    for row in rows(db, RATINGS, [json.dumps(list(place))]):
        found.setdefault(row["target"], {})[place[row["run_id"]]] = {
            "level": row["level"],
            "level_id": row["level_key"],
            "level_title": row["level_title"],
            "status": row["status"],
            "proposed": row["proposed"],
        }
    return {target: [by_place[at] for at in range(len(place))] for target, by_place in found.items()}


def _reason(row: dict[str, Any], until: date | None) -> str | None:
    if row["run"] is None:
        return (
            "has not been assessed yet"
            if until is None
            else f"had not been assessed by {day_words(until.isoformat())}"
        )
    if row["framework_digest"] != row["framework_now"]:
        return f"was last assessed (run {row['run']}) under an older version of the framework"
    return None


def _left_out(row: dict[str, Any], reason: str) -> LeftAside:
    return {"review": row["review"], "authority": row["authority"], "run": row["run"], "reason": reason}


def _scale(framework: Framework, target: str) -> list[str]:
    return [in_language(level.title) for level in framework.scale_of(target)]


def _review(
    framework: Framework,
    row: dict[str, Any],
    ratings: Mapping[str, Sequence[Rated]],
    at: int,
    policy: PolicySet,
) -> ReviewCompared:
    of_questions = [ratings[question.id][at] for question in framework.questions]
    placed = all(rating["level"] is not None for rating in of_questions)
    return {
        "review": row["review"],
        "authority": row["authority"],
        "run": row["run"],
        "made_on": row["made_on"],
        "rulebook": row["rulebook_digest"],
        "current": row["rulebook_digest"] == policy.rulebook_digest,
        "cell": [rating["level_id"] for rating in of_questions] if placed else None,
        "position": [rating["level_title"] for rating in of_questions] if placed else None,
    }


def _rulebooks(compared: Sequence[dict[str, Any]], policy: PolicySet) -> list[RulebookUsed]:
    used: dict[str, RulebookUsed] = {}
    for row in compared:
        one = used.setdefault(
            row["rulebook_digest"],
            {
                "digest": row["rulebook_digest"],
                "id": row["rulebook"],
                "version": row["version"],
                "current": row["rulebook_digest"] == policy.rulebook_digest,
                "reviews": 0,
            },
        )
        one["reviews"] += 1
    return sorted(used.values(), key=lambda one: (not one["current"], one["digest"]))


def _grid(framework: Framework, reviews: Sequence[ReviewCompared]) -> GridCompared:
    grid = make_grid(framework, None)
    there: dict[tuple[str | None, ...], list[str]] = {}
    for review in reviews:
        there.setdefault(tuple(review["cell"] or ()), []).append(review["review"])
    return {
        "across": grid.across,
        "up": grid.up,
        "columns": list(grid.columns),
        "rows": [
            {
                "title": title,
                "cells": [
                    {
                        "levels": list(cell.levels),
                        "titles": list(cell.titles),
                        "reviews": there.get(cell.levels, []),
                    }
                    for cell in cells
                ],
            }
            for title, cells in grid.rows
        ],
        "nowhere": there.get((), []),
    }


def _decided_differently(
    framework: Framework, reviews: Sequence[ReviewCompared], ratings: Mapping[str, Sequence[Rated]]
) -> Iterator[DecidedDifferently]:
    for target in in_order(framework):
        for level in framework.scale_of(target):
            mine = [
                (review["review"], rating)
                for review, rating in zip(reviews, ratings[target], strict=True)
                if rating["proposed"] == level.id
            ]
            given = {rating["level"] or 0: rating for _, rating in mine}
            got = [(name, rating["level"] or 0, rating["status"] == "decided") for name, rating in mine]
            if len(given) < 2:
                continue
            yield {
                **about(framework, target),
                "proposed": level.id,
                "proposed_title": in_language(level.title),
                "ratings": [
                    {
                        "level_id": given[number]["level_id"],
                        "level_title": given[number]["level_title"],
                        "decided": [name for name, *what in got if what == [number, True]],
                        "as_proposed": [name for name, *what in got if what == [number, False]],
                    }
                    for number in sorted(given)
                ],
            }
