"""The pages that compare all reviews under one framework, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from comparison.compare import compare_reviews, framework_to_compare
from comparison.reviews import frameworks_in_use
from joint_review.web import wording
from joint_review.web.cache import until_changed
from joint_review.web.page import NAME, Found, Page, Subject
from joint_review.web.remedies import refusal
from joint_review.web.request import Asked
from programme.database import Database
from programme.permissions import Action
from rules.errors import RunImpossible
from rules.framework import Framework, in_language
from rules.loader import load_policy

COMPARE = "/compare"


def subject() -> Subject:
    """What these pages answer for."""
    return Subject(
        "compare",
        pages=(
            Page(COMPARE, "compare", compare, Action.SEE_ALL_REVIEWS),
            Page(COMPARE + "/" + NAME.format("framework"), "compare", compare, Action.SEE_ALL_REVIEWS),
        ),
    )


Told = Mapping[str, Any]


def compare(db: Database, asked: Asked) -> Found:
    """All reviews under a framework side by side; only those named in `only` are seen (None: all).

    `frameworks` (those that reviews are judged by: see `overview.frameworks_in_use`), `framework` (the one
    named, or the only one there is; None: one is to be chosen), `until`, `nearest`, `comparison` (as
    `joint-review compare --json` gives it), and `problem` (`refusal`) where nothing can be compared.
    `listed`: the rows of the page. Raises UnknownName for a framework there is not.
    """
    framework, until, nearest = asked.names.get("framework"), asked.until, asked.pairs
    only = asked.seen
    frameworks = frameworks_in_use(db, only)
    if framework is not None:
        framework_to_compare(db, framework)
    elif len(frameworks) == 1:
        framework = str(frameworks[0]["framework"])
    page: dict[str, Any] = {
        "frameworks": frameworks,
        "framework": framework,
        "until": until and until.isoformat(),
        "nearest": nearest,
        **dict.fromkeys(("title", "comparison", "problem")),
    }
    if framework is None:
        return page
    policy = load_policy(framework)
    seen = None if only is None else frozenset(only)
    page["title"] = in_language(policy.framework.title)
    try:
        found = until_changed(
            db,
            ("compare", framework, until, nearest, seen),
            lambda: compare_reviews(db, policy, until=until, only=seen, nearest=nearest),
        )
    except RunImpossible as error:
        return {**page, "problem": refusal(error)}
    return page | {"comparison": found, "listed": _listed(policy.framework, found)}


def _listed(framework: Framework, found: Told) -> dict[str, Any]:
    authorities = [review["authority"] for review in found["reviews"]]
    reviews = {
        review["review"]: {
            **review,
            "number": number,
            "called": review["authority"]
            if authorities.count(review["authority"]) == 1
            else f"{review['authority']} ({review['review']})",
        }
        for number, review in enumerate(found["reviews"], start=1)
    }
    grid = found["grid"]
    groups = [
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


def _grid(grid: Told, groups: Iterable[Told], reviews: Told) -> dict[str, Any]:
    """The grid for `figures.crowd_figure`: every cell with the numbers of its reviews."""
    said = [f"{group['title']}: {', '.join(one['called'] for one in group['reviews'])}" for group in groups]
    return {
        **{name: grid[name] for name in ("across", "up", "columns")},
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


def _unlike(framework: Framework, row: Told, reviews: Told) -> dict[str, Any]:
    """The nearest pairs of a domain or question, with what separates them as the rows of a table."""
    titles = {level.id: in_language(level.title) for level in framework.scale_of(row["target"])}
    titles |= {"sufficiency": "Enough evidence", "limits": "Limits"}
    pairs = []
    for pair in row["pairs"]:
        sides = [
            {
                "review": name,
                "called": reviews[name]["called"],
                "level_title": rating["level_title"],
                "decided": by,
            }
            for name, rating, by in zip(pair["reviews"], pair["ratings"], pair["decided"], strict=True)
        ]
        separated = [
            {
                **{name: one[name] for name in ("measure", "measure_title", "part", "decides")},
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
        same = ("because", "criteria_apart", "gap", "distance", "same_rules")
        pairs.append({**{name: pair[name] for name in same}, "sides": sides, "rows": separated})
    return {**{name: row[name] for name in ("target", "title", "kind", "pairs_in_all")}, "pairs": pairs}


def _decided(row: Told, reviews: Told) -> dict[str, Any]:
    ratings = [
        {
            "level_title": rating["level_title"],
            "decided": [reviews[name] for name in rating["decided"]],
            "as_proposed": [reviews[name] for name in rating["as_proposed"]],
        }
        for rating in row["ratings"]
    ]
    return {**{name: row[name] for name in ("target", "title", "proposed_title")}, "ratings": ratings}
