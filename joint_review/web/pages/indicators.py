"""The page on indicators over the years, as plain data, and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from comparison.indicators import (
    PeriodReadings,
    Series,
    comparators,
    describe_indicators,
    indicators_of,
    shown,
)
from evidence.marks import said_of
from joint_review.web import wording
from joint_review.web.cache import until_changed
from joint_review.web.lists import strand_title
from joint_review.web.page import NAME, REVIEW, Declared, Menu, Picture, listing
from joint_review.web.pages.surveys import digest_of
from joint_review.web.remedies import refusal
from joint_review.web.request import Asked
from joint_review.web.run_view import Said, Shown
from pictures.curves import trend_plot
from programme.database import Database
from programme.reviews import Review, find_review
from rules.errors import EvidenceInvalid, UnknownName

INDICATORS = REVIEW + "/indicators"


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        listing(INDICATORS, "indicators", indicators, "indicators", Menu("Indicators", 60)),
        Picture(INDICATORS + "/trend/" + NAME.format("indicator") + r"\.svg", trend_picture),
    )


class DomainNamed(TypedDict):
    """A domain."""

    id: str
    title: str


class ReadingShown(TypedDict):
    """One value of an indicator, in words."""

    period: str
    value: str
    comparator: str
    difference: str
    item: int
    source: str


class SeriesShown(TypedDict):
    """An indicator over the years, in words."""

    name: str
    standing: str
    trend: str
    said: str
    note: str
    digest: str
    strand: str
    better: str
    unit: str
    latest: str
    when: str
    comparator: str
    slope: str | None
    domains: list[DomainNamed]
    drawn: bool
    """Whether there is a picture of it."""
    readings: list[ReadingShown]


class SeriesOfDomain(TypedDict):
    """The indicators of a domain."""

    domain: str | None
    """None for those of no domain."""
    title: str
    series: list[SeriesShown]


class IndicatorsListed(TypedDict):
    """The rows of the page."""

    groups: list[SeriesOfDomain]
    """By domain, those of no domain last."""
    series: list[SeriesShown]
    """By name."""


class IndicatorsPage(Said):
    """Every indicator of a review over the years."""

    indicators: tuple[Series, ...] | None
    """As `joint-review indicators --json` gives them."""


class IndicatorsFound(IndicatorsPage):
    """The same where there are some."""

    listed: IndicatorsListed


def indicators(db: Database, asked: Asked) -> IndicatorsPage | IndicatorsFound:
    """Every indicator of a review over the years."""
    key = asked.names["review"]
    found = find_review(db, key)
    page: IndicatorsPage = {
        **Shown(db, found, None, "en").head(),
        "said": None,
        "indicators": None,
        "problem": None,
    }
    try:
        series = indicators_of(db, found)
    except EvidenceInvalid as error:
        return {**page, "problem": refusal(error)}
    listed = [_listed(found, one) for one in series]
    return {
        **page,
        "said": describe_indicators(found.authority, series),
        "indicators": series,
        "listed": {"groups": _groups(found, series, listed), "series": listed},
    }


def trend_picture(db: Database, asked: Asked) -> str:
    """One indicator of the page over its periods, as SVG; raises UnknownName where none has this digest."""
    key, digest, width = asked.names["review"], asked.names["indicator"], asked.width
    found = find_review(db, key)
    known = {_digest(one): one for one in indicators_of(db, found)}
    if digest not in known:
        raise UnknownName("indicator", digest, known)
    return until_changed(db, ("trend", found.id, digest, width), lambda: trend_plot(known[digest], width))


def _digest(one: Series) -> str:
    return digest_of((one.name, one.strand, one.unit, one.better))


def _groups(review: Review, series: Sequence[Series], listed: Sequence[SeriesShown]) -> list[SeriesOfDomain]:
    groups: list[SeriesOfDomain] = []
    for name in (*review.framework.domains, None):
        mine = [
            row
            for one, row in zip(series, listed, strict=True)
            if (name in one.domains if name else not one.domains)
        ]
        if mine:
            title = review.framework.title_of(name) if name else "Tagged to no domain"
            groups.append({"domain": name, "title": title, "series": mine})
    return groups


def _listed(review: Review, one: Series) -> SeriesShown:
    return {
        "name": one.name,
        "standing": one.standing,
        "trend": one.trend,
        "said": one.said,
        "note": one.note,
        "digest": _digest(one),
        "strand": strand_title(review.framework, one.strand),
        "better": wording.BETTER[one.better],
        "unit": "%" if one.unit == "percent" else one.unit,
        "latest": _values(one.latest, one.unit),
        "when": one.latest.period,
        "comparator": _comparators(one),
        "slope": None if one.slope is None else wording.signed(one.slope, one.unit),
        "domains": [{"id": name, "title": review.framework.title_of(name)} for name in one.domains],
        "drawn": len(one.published) > 1 and one.ordered_by != "nothing",
        "readings": [
            {
                "period": period.period or "no period",
                "value": said_of(reading.mark)
                if reading.value is None
                else _with_unit(reading.value, one.unit),
                "comparator": reading.comparator_mark
                if reading.comparator is None
                else f"{reading.comparator_name or 'comparator'} {shown(reading.comparator)}",
                "difference": "" if reading.difference is None else _signed(reading.difference),
                "item": reading.item,
                "source": reading.source,
            }
            for period in one.periods
            for reading in period.readings
        ],
    }


def _values(period: PeriodReadings, unit: str) -> str:
    values = sorted({reading.value for reading in period.readings if reading.value is not None})
    if not values:
        return " and ".join(said_of(mark) for mark in dict.fromkeys(r.mark for r in period.readings))
    return _with_unit_text(" and ".join(map(shown, values)), unit)


def _with_unit(value: float, unit: str) -> str:
    return _with_unit_text(shown(value), unit)


def _with_unit_text(text: str, unit: str) -> str:
    return f"{text} {'%' if unit == 'percent' else unit}".strip()


def _signed(difference: float) -> str:
    return f"{'+' if difference > 0 else '−' if difference < 0 else ''}{shown(abs(difference))}"


def _comparators(one: Series) -> str:
    if one.compared is None:
        return ""
    beside = comparators(one.compared)
    return beside if one.compared.period == one.latest.period else f"{beside} (in {one.compared.period})"
