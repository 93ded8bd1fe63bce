"""The page on survey results beside those of other reviews, as plain data, and its funnels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from typing import TypedDict

from comparison import surveys as survey_results
from comparison.funnel import INSIDE
from comparison.indicators import shown
from joint_review.web import wording
from joint_review.web.cache import until_changed
from joint_review.web.lists import Paging, paging_of, strand_title
from joint_review.web.page import NAME, REVIEW, Declared, Menu, Picture, listing
from joint_review.web.remedies import refusal
from joint_review.web.request import Asked
from joint_review.web.run_view import Said, Shown
from pictures.curves import funnel_plot
from programme.database import Database
from programme.reviews import Review, find_review
from rules.errors import EvidenceInvalid, UnknownName

SURVEYS = REVIEW + "/surveys"


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        listing(SURVEYS, "surveys", surveys, "listed.results", Menu("Survey results", 50)),
        Picture(SURVEYS + "/funnel/" + NAME.format("funnel") + r"\.svg", funnel_picture),
    )


FEW_FUNNELS = 3
"""So many funnels stand open on a page; of more, each opens when it is asked for."""


class End(TypedDict):
    """The best or the worst of the others."""

    share: str
    authority: str


class Others(TypedDict):
    """Best, median and worst of the others, and how many the result is better than."""

    of: str
    best: End | None
    worst: End | None
    median: str
    standing: str
    too_small: int


class DomainNamed(TypedDict):
    """A domain."""

    id: str
    title: str


class ResultShown(TypedDict):
    """A survey result, in words."""

    item: int
    question: str
    group: str
    period: str
    small: bool
    latest: bool
    strand: str
    better: str
    share: str
    """Or that it is not published, with the mark in its place."""
    published: bool
    interval: str
    base: str
    unknown: bool
    """Whether its base is unknown."""
    others: Others | None
    position: str
    beyond: bool
    funnel: str | None
    """The digest of the funnel, if one is drawn."""
    domains: list[DomainNamed]


class PlaceShown(TypedDict):
    """One authority in a funnel, in words."""

    authority: str
    review: str | None
    own: bool
    share: str
    base: str
    position: str
    by_chance_alone: str


class FunnelShown(TypedDict):
    """A funnel, in words."""

    digest: str
    question: str
    group: str
    strand: str
    spread: str
    own: str
    spread_counts: bool
    places: list[PlaceShown]


class SurveysListed(TypedDict):
    """The rows of the page."""

    results: list[ResultShown]
    """A page of them."""
    funnels: list[FunnelShown]
    """Those that are drawn."""
    open: bool
    no_funnel: str
    """Why not all are."""


class SurveysPage(Said):
    """Survey results beside the other reviews of the framework."""

    question: str
    """The words asked for."""
    surveys: survey_results.Surveys | None
    """As `joint-review surveys --json` gives it."""


class SurveysFound(SurveysPage):
    """The same where there is something to show."""

    paging: Paging
    listed: SurveysListed


def surveys(db: Database, asked: Asked) -> SurveysPage | SurveysFound:
    """Survey results beside the other reviews of the framework; named are those that who asks may see."""
    key = asked.names["review"]
    question, page, named = asked.text("question"), asked.page, asked.seen
    found = find_review(db, key)
    shown_page: SurveysPage = {
        **Shown(db, found, None, "en").head(),
        "question": question,
        "said": None,
        "surveys": None,
        "problem": None,
    }
    try:
        compared = survey_results.compare_surveys(db, found, named=named, question=question)
    except (EvidenceInvalid, UnknownName) as error:
        return {**shown_page, "problem": refusal(error)}
    paging = paging_of(len(compared.results), page)
    results = compared.results[paging["offset"] : paging["last"]]
    drawn = {funnel.result: funnel for funnel in compared.funnels if funnel.drawn}
    return {
        **shown_page,
        "said": survey_results.describe_surveys(compared, found.authority, "the framework"),
        "surveys": compared,
        "paging": paging,
        "listed": {
            "results": [_result(found, one, drawn) for one in results],
            "funnels": [_funnel(found, funnel) for funnel in drawn.values()],
            "open": len(drawn) <= FEW_FUNNELS,
            "no_funnel": survey_results.describe_missing_funnels(compared),
        },
    }


def funnel_picture(db: Database, asked: Asked) -> str:
    """One funnel of the page as SVG; raises UnknownName where none that is drawn has this digest."""
    key, digest = asked.names["review"], asked.names["funnel"]
    width, named = asked.width, asked.seen
    found = find_review(db, key)
    seen = None if named is None else frozenset(named)

    def all_of() -> survey_results.Surveys:
        return survey_results.compare_surveys(db, found, named=seen)

    funnels = until_changed(db, ("surveys", found.id, seen), all_of).funnels
    drawn = {digest_of(funnel.result): funnel for funnel in funnels if funnel.drawn}
    if digest not in drawn:
        raise UnknownName("funnel", digest, drawn)
    return until_changed(
        db, ("funnel", found.id, seen, digest, width), lambda: funnel_plot(drawn[digest], width)
    )


def digest_of(names: Iterable[str]) -> str:
    """What stands for names in an address: the same for the same names, whatever else there is."""
    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()[:12]


def _result(
    review: Review, one: survey_results.SurveyResult, drawn: Collection[survey_results.Result]
) -> ResultShown:
    way = wording.BETTER[one.better] if one.better != "higher" else ""
    return {
        "item": one.item,
        "question": one.question,
        "group": one.group,
        "period": one.period,
        "small": one.small,
        "latest": one.latest,
        "strand": strand_title(review.framework, one.strand),
        "better": "agreeing is bad: share who disagreed" if one.reversed else way,
        "share": survey_results.describe_share(one),
        "published": one.share is not None,
        "interval": wording.interval(one.low, one.high, "%"),
        "base": survey_results.describe_base(one),
        "unknown": one.base is None,
        "others": _others(one.comparison) if one.comparison else None,
        "position": one.position,
        "beyond": one.position not in ("", INSIDE),
        "funnel": digest_of(one.result) if one.result in drawn else None,
        "domains": [{"id": name, "title": review.framework.title_of(name)} for name in one.domains],
    }


def _others(found: survey_results.Comparison) -> Others:
    """Best, median and worst of the others, each with whose it is; and how many the result is better than."""
    standing = ""
    if found.better_than is not None:
        standing = f"better than {found.better_than or 'none'} of {found.others}"
    elif found.of == "reviews":
        standing = f"{wording.plural(found.others, 'other review')}; neither way is better"
    return {
        "of": found.of,
        "best": _end(found.best),
        "worst": _end(found.worst),
        "median": "" if found.median is None else f"{shown(found.median)} %",
        "standing": standing,
        "too_small": found.too_small,
    }


def _end(other: survey_results.Other | None) -> End | None:
    if other is None:
        return None
    return {"share": f"{shown(other.share)} %", "authority": other.authority}


def _funnel(review: Review, funnel: survey_results.Funnel) -> FunnelShown:
    own = next(place for place in funnel.places if place.own)
    return {
        "digest": digest_of(funnel.result),
        "question": funnel.question,
        "group": funnel.group,
        "strand": strand_title(review.framework, funnel.strand),
        "spread": survey_results.describe_spread(funnel),
        "own": survey_results.describe_place(own.position, own.side) or f"not shown: {own.not_shown}",
        "spread_counts": funnel.drawn is not None and funnel.drawn.tau > 0,
        "places": [
            {
                "authority": place.authority,
                "review": place.review,
                "own": place.own,
                "share": f"{shown(place.share)} %",
                "base": shown(place.base) or "unknown",
                "position": survey_results.describe_place(place.position, place.side)
                or f"not shown: {place.not_shown}",
                "by_chance_alone": survey_results.describe_place(place.by_chance_alone, place.side) or "–",
            }
            for place in funnel.places
        ],
    }
