"""The page on indicators over the years, as plain data, and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from comparison.indicators import PeriodReadings, Series, describe_indicators, indicators_of, shown
from joint_review.web import wording
from joint_review.web.cache import until_changed
from joint_review.web.lists import strand_title
from joint_review.web.page import NAME, REVIEW, Found, Menu, Page, Picture, Subject
from joint_review.web.pages.surveys import digest_of
from joint_review.web.remedies import refusal
from joint_review.web.request import Asked
from joint_review.web.run_view import Shown
from pictures.curves import trend_plot
from programme.database import Database
from programme.reviews import Review, find_review
from rules.errors import EvidenceInvalid, UnknownName

INDICATORS = REVIEW + "/indicators"


def subject() -> Subject:
    """What these pages answer for."""
    return Subject(
        "indicators",
        pages=(
            Page(INDICATORS, "indicators", indicators, menu=Menu("Indicators", 60)),
            Picture(INDICATORS + "/trend/" + NAME.format("indicator") + r"\.svg", trend_picture),
        ),
    )


def indicators(db: Database, asked: Asked) -> Found:
    """Every indicator of a review over the years.

    `review`, `indicators` (as `joint-review indicators --json` gives them), `said` (two sentences), and
    `problem` (`refusal`) where there are none. `listed`: the rows of the page: `groups` by domain, those of
    no domain last, each {domain, title, series}, and `series` by name.
    """
    key = asked.names["review"]
    found = find_review(db, key)
    page: dict[str, Any] = {
        **Shown(db, found, None, "en").head(),
        **dict.fromkeys(("said", "indicators", "problem")),
    }
    try:
        series = indicators_of(db, found)
    except EvidenceInvalid as error:
        return {**page, "problem": refusal(error)}
    listed = [_listed(found, one) for one in series]
    return page | {
        "said": describe_indicators(found.authority, series),
        "indicators": [asdict(one) for one in series],
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


def _groups(
    review: Review, series: Sequence[Series], listed: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    groups = []
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


def _listed(review: Review, one: Series) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in ("name", "standing", "trend", "said", "note")},
        "digest": _digest(one),
        "strand": strand_title(review.framework, one.strand),
        "better": wording.BETTER[one.better],
        "unit": "%" if one.unit == "percent" else one.unit,
        "latest": _values(one.latest, one.unit),
        "when": one.latest.period,
        "comparator": _comparators(one),
        "slope": None if one.slope is None else wording.signed(one.slope, one.unit),
        "domains": [{"id": name, "title": review.framework.title_of(name)} for name in one.domains],
        "drawn": len(one.periods) > 1,
        "readings": [
            {
                "period": period.period or "no period",
                "value": _with_unit(reading.value, one.unit),
                "comparator": ""
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
    return _with_unit_text(" and ".join(shown(v) for v in sorted({r.value for r in period.readings})), unit)


def _with_unit(value: float, unit: str) -> str:
    return _with_unit_text(shown(value), unit)


def _with_unit_text(text: str, unit: str) -> str:
    return f"{text} {'%' if unit == 'percent' else unit}".strip()


def _signed(difference: float) -> str:
    return f"{'+' if difference > 0 else '−' if difference < 0 else ''}{shown(abs(difference))}"


def _comparators(one: Series) -> str:
    if one.compared is None:
        return ""
    beside = "; ".join(
        f"{reading.comparator_name or 'comparator'} {shown(reading.comparator)}"
        for reading in one.compared.readings
    )
    return beside if one.compared.period == one.latest.period else f"{beside} (in {one.compared.period})"
