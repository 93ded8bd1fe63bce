"""The page on how often what rules proposed was overridden, across reviews, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypedDict

from comparison import overrides as counts
from comparison.nearest import Rated
from joint_review.web.cache import until_changed
from joint_review.web.lists import PAGE_SIZE, Paging, paging_of
from joint_review.web.page import Declared, of_frameworks
from joint_review.web.pages.compare import OfFramework, of_framework
from joint_review.web.remedies import refusal
from joint_review.web.request import Asked
from programme.database import Database
from rules.errors import RunImpossible

OVERRIDES = "/overrides"


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return of_frameworks(OVERRIDES, "overrides", overrides, "listed.overridden")


PLACES = 5
"""Overrides named beside a rule or reviewer; the others are counted."""


class ReviewCounted(counts.OfReview):
    """What became of the proposals of one review, and what it is called."""

    called: str


class PlaceNamed(counts.Place):
    """Which rating is meant, and what its review is called."""

    called: str


class RuleListed(counts.OfRule):
    """A rule, with the first of its overrides."""

    places: list[PlaceNamed]


class ReviewerListed(counts.OfReviewer):
    """A reviewer, with the first of their overrides."""

    places: list[PlaceNamed]


class Never(TypedDict):
    """How many rules and reviewers were never overridden."""

    rules: int
    reviewers: int


class OverrideListed(counts.OverrideCounted):
    """An override, and what its review is called."""

    called: str


class Side(Rated):
    """One of two reviews."""

    review: str
    called: str
    decided: bool


class PairShown(TypedDict):
    """Two reviews that are rated differently all the same."""

    because: str
    sides: list[Side]


class ProfileShown(TypedDict):
    """Pairs of reviews whose evidence met the same criteria."""

    target: str
    title: str
    pairs: list[PairShown]


class OverridesListed(TypedDict):
    """The rows of the page."""

    reviews: list[ReviewCounted]
    targets: list[counts.OfTarget]
    rules: list[RuleListed]
    reviewers: list[ReviewerListed]
    never: Never
    overridden: list[OverrideListed]
    same_profile: list[ProfileShown]


class OverridesPage(OfFramework):
    """How often proposals were overridden under a framework."""

    overrides: counts.OverridesCounted | None
    """As `joint-review overrides --json` gives them."""
    paging: Paging | None
    """Of the overrides themselves."""
    listed: OverridesListed | None


def overrides(db: Database, asked: Asked) -> OverridesPage:
    """How often proposals were overridden under a framework, in the reviews that who asks may see.

    Raises UnknownName for a framework there is not.
    """
    seen = asked.seen
    named, policy = of_framework(db, asked)
    found: OverridesPage = {**named, "overrides": None, "paging": None, "listed": None}
    if policy is None:
        return found
    try:
        counted = until_changed(
            db,
            ("overrides", policy.framework.id, seen),
            lambda: counts.count_overrides(db, policy, only=seen),
        )
    except RunImpossible as error:
        return {**found, "problem": refusal(error)}
    paging = paging_of(len(counted["overridden"]), asked.page)
    return {**found, "overrides": counted, "paging": paging, "listed": _listed(counted, paging)}


def _listed(counted: counts.OverridesCounted, paging: Paging) -> OverridesListed:
    called = _called(counted)
    rules: list[RuleListed] = [
        {**row, "places": _places(row["where"], called)} for row in counted["rules"] if row["overridden"]
    ]
    reviewers: list[ReviewerListed] = [
        {**row, "places": _places(row["where"], called)} for row in counted["reviewers"] if row["overridden"]
    ]
    there = counted["overridden"][paging["offset"] : paging["offset"] + PAGE_SIZE]
    return {
        "reviews": [{**row, "called": called[row["review"]]} for row in counted["reviews"]],
        "targets": [row for row in counted["targets"] if row["decided"]],
        "rules": rules,
        "reviewers": reviewers,
        "never": {
            "rules": len(counted["rules"]) - len(rules),
            "reviewers": len(counted["reviewers"]) - len(reviewers),
        },
        "overridden": [{**row, "called": called[row["review"]]} for row in there],
        "same_profile": [
            {
                "target": row["target"],
                "title": row["title"],
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


def _called(counted: counts.OverridesCounted) -> dict[str, str]:
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


def _places(where: list[counts.Place], called: Mapping[str, str]) -> list[PlaceNamed]:
    return [{**place, "called": called[place["review"]]} for place in where[:PLACES]]
