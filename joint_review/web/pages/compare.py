"""The pages that compare all reviews under one framework, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypedDict

from comparison.compare import (
    DecidedDifferently,
    GridCompared,
    ReviewsCompared,
    RulebookUsed,
    compare_reviews,
    framework_in_use,
)
from comparison.nearest import ReviewCompared, Unlike
from comparison.reviews import FrameworkUsed
from joint_review.web import wording
from joint_review.web.cache import until_changed
from joint_review.web.page import Declared, of_frameworks
from joint_review.web.remedies import Refusal, refusal
from joint_review.web.request import Asked
from programme.database import Database
from rules.errors import RunImpossible
from rules.framework import Framework, in_language
from rules.loader import PolicySet, load_policy

COMPARE = "/compare"


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return of_frameworks(COMPARE, "compare", compare, "listed.reviews")


class ReviewListed(ReviewCompared):
    """A review with its number in the list, and what it is called."""

    number: int
    called: str


class Group(TypedDict):
    """The reviews in a cell of the grid, or in none."""

    title: str
    reviews: list[ReviewListed]


class CrowdCell(TypedDict):
    """A cell with the numbers of its reviews."""

    here: bool
    numbers: list[int]


class CrowdLine(TypedDict):
    """A line of the grid."""

    title: str
    cells: list[CrowdCell]


class Crowd(TypedDict):
    """The grid for `figures.crowd_figure`."""

    across: str
    up: str | None
    columns: list[str]
    position: None
    sentence: str
    rows: list[CrowdLine]


class SideRated(TypedDict):
    """One of two reviews."""

    review: str
    called: str
    level_title: str | None
    decided: bool


class SideOfCriterion(TypedDict):
    """How one of two reviews stands to a criterion."""

    met: bool | None
    statement: str | None
    margin: str


class SeparatingShown(TypedDict):
    """A criterion that only one of two reviews met."""

    measure: str
    measure_title: str
    part: str
    decides: bool | None
    part_title: str
    needed: str
    sides: list[SideOfCriterion]


class PairShown(TypedDict):
    """Two reviews with another rating, and what separates them as the rows of a table."""

    because: str
    criteria_apart: int
    gap: float
    distance: float
    same_rules: bool
    sides: list[SideRated]
    rows: list[SeparatingShown]


class UnlikeShown(TypedDict):
    """The nearest pairs of a domain or question."""

    target: str
    title: str
    kind: str
    pairs_in_all: int
    pairs: list[PairShown]


class LevelDecided(TypedDict):
    """A level that some reviews got for the same proposal."""

    level_title: str | None
    decided: list[ReviewListed]
    as_proposed: list[ReviewListed]


class DecidedShown(TypedDict):
    """The same proposal, and another rating in the end."""

    target: str
    title: str
    proposed_title: str
    ratings: list[LevelDecided]


class CompareListed(TypedDict):
    """The rows of the page."""

    reviews: list[ReviewListed]
    grid: Crowd
    groups: list[Group]
    one_rulebook: bool
    books: dict[str, RulebookUsed]
    """By digest."""
    nearest: list[UnlikeShown]
    decided: list[DecidedShown]


class OfFramework(TypedDict):
    """What every page across the reviews of a framework names."""

    frameworks: list[FrameworkUsed]
    """Those that reviews are judged by."""
    framework: str | None
    """The one named, or the only one there is; None: one is to be chosen."""
    title: str | None
    problem: Refusal | None
    """Why nothing is shown."""


def of_framework(db: Database, asked: Asked) -> tuple[OfFramework, PolicySet | None]:
    """What such a page names, and the rulebook of the library for its framework; None: one is to be chosen.

    Raises UnknownName for a framework there is not.
    """
    frameworks, framework = framework_in_use(db, asked.names.get("framework"), asked.seen)
    policy = load_policy(framework) if framework else None
    title = in_language(policy.framework.title) if policy else None
    return {"frameworks": frameworks, "framework": framework, "title": title, "problem": None}, policy


class ComparePage(OfFramework):
    """All reviews under a framework side by side."""

    until: str | None
    nearest: int
    comparison: ReviewsCompared | None
    """As `joint-review compare --json` gives it."""


class ComparedPage(ComparePage):
    """The same where something can be compared."""

    listed: CompareListed


def compare(db: Database, asked: Asked) -> ComparePage | ComparedPage:
    """All reviews under a framework that who asks may see, side by side.

    Raises UnknownName for a framework there is not.
    """
    until, nearest, seen = asked.until, asked.pairs, asked.seen
    named, policy = of_framework(db, asked)
    page: ComparePage = {
        **named,
        "until": until.isoformat() if until else None,
        "nearest": nearest,
        "comparison": None,
    }
    if policy is None:
        return page
    try:
        found = until_changed(
            db,
            ("compare", policy.framework.id, until, nearest, seen),
            lambda: compare_reviews(db, policy, until=until, only=seen, nearest=nearest),
        )
    except RunImpossible as error:
        return {**page, "problem": refusal(error)}
    return {**page, "comparison": found, "listed": _listed(policy.framework, found)}


def _listed(framework: Framework, found: ReviewsCompared) -> CompareListed:
    authorities = Counter(review["authority"] for review in found["reviews"])
    reviews: dict[str, ReviewListed] = {
        review["review"]: {
            **review,
            "number": number,
            "called": review["authority"]
            if authorities[review["authority"]] == 1
            else f"{review['authority']} ({review['review']})",
        }
        for number, review in enumerate(found["reviews"], start=1)
    }
    grid = found["grid"]
    groups: list[Group] = [
        {"title": " / ".join(cell["titles"]), "reviews": [reviews[name] for name in cell["reviews"]]}
        for row in grid["rows"]
        for cell in row["cells"]
        if cell["reviews"]
    ]
    if grid["nowhere"]:
        groups.append({"title": "No position yet", "reviews": [reviews[name] for name in grid["nowhere"]]})
    return {
        "reviews": list(reviews.values()),
        "grid": _grid(grid, groups, reviews),
        "groups": groups,
        "one_rulebook": len(found["rulebooks"]) == 1 and found["rulebooks"][0]["current"],
        "books": {book["digest"]: book for book in found["rulebooks"]},
        "nearest": [_unlike(framework, row, reviews) for row in found["nearest"]],
        "decided": [_decided(row, reviews) for row in found["decided_differently"]],
    }


def _grid(grid: GridCompared, groups: Iterable[Group], reviews: Mapping[str, ReviewListed]) -> Crowd:
    """The grid for `figures.crowd_figure`: every cell with the numbers of its reviews."""
    said = [f"{group['title']}: {', '.join(one['called'] for one in group['reviews'])}" for group in groups]
    return {
        "across": grid["across"],
        "up": grid["up"],
        "columns": grid["columns"],
        "position": None,
        "sentence": f"{'; '.join(said)}.",
        "rows": [
            {
                "title": row["title"],
                "cells": [
                    {"here": False, "numbers": [reviews[name]["number"] for name in cell["reviews"]]}
                    for cell in row["cells"]
                ],
            }
            for row in grid["rows"]
        ],
    }


def _unlike(framework: Framework, row: Unlike, reviews: Mapping[str, ReviewListed]) -> UnlikeShown:
    """The nearest pairs of a domain or question, with what separates them as the rows of a table."""
    titles = {level.id: in_language(level.title) for level in framework.scale_of(row["target"])}
    titles |= {"sufficiency": "Enough evidence", "limits": "Limits"}
    pairs: list[PairShown] = []
    for pair in row["pairs"]:
        sides: list[SideRated] = [
            {
                "review": name,
                "called": reviews[name]["called"],
                "level_title": rating["level_title"],
                "decided": by,
            }
            for name, rating, by in zip(pair["reviews"], pair["ratings"], pair["decided"], strict=True)
        ]
        separated: list[SeparatingShown] = [
            {
                "measure": one["measure"],
                "measure_title": one["measure_title"],
                "part": one["part"],
                "decides": one["decides"],
                "part_title": titles.get(one["part"], one["part"]),
                "needed": " or ".join(dict.fromkeys(text for text in one["needed"] if text)),
                "sides": [
                    {"met": met, "statement": statement, "margin": wording.signed(margin, one["unit"])}
                    for met, statement, margin in zip(
                        one["met"], one["statements"], one["margins"], strict=True
                    )
                ],
            }
            for one in pair["separated_by"]
        ]
        pairs.append(
            {
                "because": pair["because"],
                "criteria_apart": pair["criteria_apart"],
                "gap": pair["gap"],
                "distance": pair["distance"],
                "same_rules": pair["same_rules"],
                "sides": sides,
                "rows": separated,
            }
        )
    return {
        "target": row["target"],
        "title": row["title"],
        "kind": row["kind"],
        "pairs_in_all": row["pairs_in_all"],
        "pairs": pairs,
    }


def _decided(row: DecidedDifferently, reviews: Mapping[str, ReviewListed]) -> DecidedShown:
    ratings: list[LevelDecided] = [
        {
            "level_title": rating["level_title"],
            "decided": [reviews[name] for name in rating["decided"]],
            "as_proposed": [reviews[name] for name in rating["as_proposed"]],
        }
        for rating in row["ratings"]
    ]
    return {
        "target": row["target"],
        "title": row["title"],
        "proposed_title": row["proposed_title"],
        "ratings": ratings,
    }
