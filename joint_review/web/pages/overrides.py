"""The page on how often what rules proposed was overridden, across reviews, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from comparison.compare import framework_to_compare
from comparison.overrides import count_overrides
from comparison.reviews import frameworks_in_use
from joint_review.web.cache import until_changed
from joint_review.web.lists import PAGE_SIZE, paging_of
from joint_review.web.page import NAME, Found, Page, Subject
from joint_review.web.remedies import refusal
from joint_review.web.request import Asked
from programme.database import Database
from programme.permissions import Action
from rules.errors import RunImpossible
from rules.framework import in_language
from rules.loader import load_policy

OVERRIDES = "/overrides"


def subject() -> Subject:
    """What these pages answer for."""
    return Subject(
        "overrides",
        pages=(
            Page(OVERRIDES, "overrides", overrides, Action.SEE_ALL_REVIEWS),
            Page(OVERRIDES + "/" + NAME.format("framework"), "overrides", overrides, Action.SEE_ALL_REVIEWS),
        ),
    )


PLACES = 5
"""Overrides named beside a rule or reviewer; the others are counted."""


def overrides(db: Database, asked: Asked) -> Found:
    """How often proposals were overridden under a framework, in the reviews named in `only` (None: all).

    `frameworks` (those that reviews are judged by: see `overview.frameworks_in_use`), `framework` (the one
    named, or the only one there is; None: one is to be chosen), `title`, `overrides` (as `joint-review
    overrides --json` gives them), `problem` (`refusal`) where nothing can be counted, `paging` of the
    overrides themselves, and `listed`: the rows of the page. Raises UnknownName for a framework there is not.
    """
    framework, only, page = asked.names.get("framework"), asked.seen, asked.page
    frameworks = frameworks_in_use(db, only)
    if framework is not None:
        framework_to_compare(db, framework)
    elif len(frameworks) == 1:
        framework = str(frameworks[0]["framework"])
    found: dict[str, Any] = {
        "frameworks": frameworks,
        "framework": framework,
        **dict.fromkeys(("title", "overrides", "problem", "paging", "listed")),
    }
    if framework is None:
        return found
    policy = load_policy(framework)
    seen = None if only is None else frozenset(only)
    found["title"] = in_language(policy.framework.title)
    try:
        counted = until_changed(
            db, ("overrides", framework, seen), lambda: count_overrides(db, policy, only=seen)
        )
    except RunImpossible as error:
        return {**found, "problem": refusal(error)}
    paging = paging_of(len(counted["overridden"]), page)
    return found | {"overrides": counted, "paging": paging, "listed": _listed(counted, paging)}


def _listed(counted: Mapping[str, Any], paging: Mapping[str, Any]) -> dict[str, Any]:
    called = _called(counted)
    rules, reviewers = (
        [
            {**row, "places": [_named(one, called) for one in row["where"][:PLACES]]}
            for row in counted[what]
            if row["overridden"]
        ]
        for what in ("rules", "reviewers")
    )
    there = counted["overridden"][paging["offset"] : paging["offset"] + PAGE_SIZE]
    return {
        "reviews": [_named(row, called) for row in counted["reviews"]],
        "targets": [row for row in counted["targets"] if row["decided"]],
        "rules": rules,
        "reviewers": reviewers,
        "never": {
            "rules": len(counted["rules"]) - len(rules),
            "reviewers": len(counted["reviewers"]) - len(reviewers),
        },
        "overridden": [_named(row, called) for row in there],
        "same_profile": [
            {
                **{name: row[name] for name in ("target", "title")},
                "pairs": [
                    {
                        "because": pair["because"],
                        "sides": [
                            {**rating, "review": name, "called": called[name], "decided": decided}
                            for name, rating, decided in zip(
                                pair["reviews"], pair["ratings"], pair["decided"], strict=True
                            )
                        ],
                    }
                    for pair in row["pairs"]
                ],
            }
            for row in counted["same_profile"]
        ],
    }


def _called(counted: Mapping[str, Any]) -> dict[str, str]:
    """What each review is called: its authority, with its own name where two are of the same one."""
    authority_of = {row["review"]: row["authority"] for row in counted["reviews"]}
    for same in counted["same_profile"]:
        for pair in same["pairs"]:
            authority_of |= zip(pair["reviews"], pair["authorities"], strict=True)
    times = Counter(authority_of.values())
    return {
        review: authority if times[authority] == 1 else f"{authority} ({review})"
        for review, authority in authority_of.items()
    }


def _named(row: Mapping[str, Any], called: Mapping[str, str]) -> dict[str, Any]:
    return {**row, "called": called[row["review"]]}
