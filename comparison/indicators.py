"""Indicators of a review over the years: against the comparator, and whether they get better.

A series is what the measures count once (`evidence.measures.compute`): one name, strand, unit and way that is
better. Over all the items of a review, tagged or not:

- *Standing* looks at the latest period that has a comparator, like the measure `at_comparator`: 'better' or
  'equal' is what that measure counts as good. Several values of one period must all be so; if they disagree
  the standing is 'mixed'. Where no direction is better it is 'above', 'below', 'equal' or 'mixed'.
- *Trend* compares the latest period with the earliest, like the measure `improving`: every value of the
  latest must be better than every value of the earliest for 'improving', worse for 'getting worse', and all
  must be the same for 'flat'; anything else is 'mixed', and one period alone is 'too few periods'. From
  FEWEST_FOR_SLOPE periods on the median of the slopes between all pairs of periods must point the same way,
  else the trend is 'mixed': two good ends do not hide a fall between them. Where no direction is better the
  words are 'rising' and 'falling'. No test of significance is made: with four periods even a rise in every
  one of them has a two-sided p of 2/24 in Kendall's test.

The median of the slopes is Sen's (Sen, P. K. (1968), "Estimates of the regression coefficient based on
Kendall's tau", Journal of the American Statistical Association 63, 1379-1389), from scipy.

Periods are put in order of time where all of a series can be read (`read_period`), else in the order of
their text. The measures order by text; where that gives another order, the series says so. Cost grows with
the number of indicator values, and with the square of the periods of one series.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
from pydantic_core import PydanticCustomError

from programme.calendar import MONTHS, read_date
from programme.database import Database, rows
from programme.reviews import Review
from rules.errors import EvidenceInvalid
from rules.ratings import rounded
from rules.remedy import ShowLayout
from rules.words import listed, many

FEWEST_FOR_SLOPE = 4
"""Periods from which the median slope has a say in the trend."""

INDICATORS = """
select e.id, e.text as name, e.strand, e.unit, coalesce(e.better, 'neither') as better,
  coalesce(nullif(e.period, ''), substr(s.dated, 1, 4), '') as period, e.value, e.comparator,
  e.comparator_name, s.ref as source,
  (select group_concat(d.key, ';') from tag t join domain d on d.id = t.domain_id
    where t.evidence_id = e.id and t.withdrawn_event is null) as domains
from evidence e join source s on s.id = e.source_id
where e.review_id = ? and e.kind = 'indicator' and e.withdrawn_event is null
order by name, e.strand, e.unit, better, period, e.value, s.ref, e.id
"""


@dataclass(frozen=True)
class Reading:
    """One value of an indicator, as one item gives it."""

    item: int
    source: str
    value: float
    comparator: float | None
    comparator_name: str
    difference: float | None
    """Value less comparator, in the unit of the indicator."""


@dataclass(frozen=True)
class PeriodReadings:
    """All values of one period."""

    period: str
    """As the items write it."""
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Series:
    """One indicator over the years."""

    name: str
    strand: str
    unit: str
    better: str
    """higher, lower or neither."""
    domains: tuple[str, ...]
    """The domains any of its items is tagged to, in the order of the framework."""
    ordered_by: str
    """'time', or 'text' where a period could not be read."""
    periods: tuple[PeriodReadings, ...]
    """Earliest first."""
    compared: PeriodReadings | None
    """The latest period that has a comparator, with the values that have one; None where none has."""
    standing: str
    """better, worse, above, below, equal or mixed; empty where there is no comparator."""
    trend: str
    """improving, getting worse, rising, falling, flat, mixed or too few periods."""
    slope: float | None
    """Median slope a year, from FEWEST_FOR_SLOPE periods in order of time; else None."""
    said: str
    """All of it in one sentence."""
    note: str
    """What a reader must know of the order of the periods; mostly empty."""

    @property
    def latest(self) -> PeriodReadings:
        """The latest period."""
        return self.periods[-1]


def indicators_of(db: Database, review: Review) -> tuple[Series, ...]:
    """Every indicator series of a review, by name, strand, unit and direction.

    Raises EvidenceInvalid where the review has no indicators.
    """
    found = rows(db, INDICATORS, [review.id])
    if not found:
        raise EvidenceInvalid(
            f"the review {review.key} has no indicators",
            remedies=[ShowLayout("indicators")],
        )
    order = {domain: number for number, domain in enumerate(review.framework.domains)}
    return tuple(
        _series(name, list(items), order)
        for name, items in groupby(
            found, lambda row: (row["name"], row["strand"], row["unit"], row["better"])
        )
    )


STANDINGS = ("better", "equal", "worse", "mixed", "above", "below")
TRENDS = ("improving", "getting worse", "flat", "mixed", "rising", "falling", "too few periods")
IN_A_LIST = {"too few periods": "with too few periods"}


def describe_indicators(review: str, found: Sequence[Series]) -> str:
    """How many indicators there are, against their comparators and over the years, in two sentences."""
    standing = Counter(one.standing for one in found)
    trend = Counter(one.trend for one in found)
    compared = len(found) - standing[""]
    against = [f"{standing[word]} {word}" for word in STANDINGS if standing[word]]
    over = [f"{trend[word]} {IN_A_LIST.get(word, word)}" for word in TRENDS if trend[word]]
    said = f"{many(len(found), 'indicator')} of {review}. "
    said += f"{compared} with a comparator: {', '.join(against)}. " if compared else "None has a comparator. "
    return f"{said}Over the years: {', '.join(over)}."


def _series(
    name: tuple[str, str, str, str], items: Sequence[dict[str, Any]], order: dict[str, int]
) -> Series:
    texts = sorted({row["period"] for row in items})
    spans = {text: read_period(text) for text in texts}
    known = {text: span for text, span in spans.items() if span is not None}
    by_time = len(known) == len(texts)
    groups = _in_time(known) if by_time else [[text] for text in texts]
    periods = tuple(
        PeriodReadings(group[0], tuple(_reading(row) for row in items if row["period"] in group))
        for group in groups
    )
    compared = _latest_compared(periods)
    better = name[3]
    standing = "" if compared is None else _standing(compared, better)
    when = [sum(known[group[0]]) / 2 for group in groups] if by_time else list(map(float, range(len(groups))))
    slope = _median_slope(periods, when)
    trend = _trend(periods, slope, better)
    given = {domain for row in items for domain in (row["domains"] or "").split(";") if domain}
    return Series(
        *name,
        domains=tuple(sorted(given, key=order.__getitem__)),
        ordered_by="time" if by_time else "text",
        periods=periods,
        compared=compared,
        standing=standing,
        trend=trend,
        slope=rounded(slope) if by_time and slope is not None else None,
        said=_said(name, periods, compared, standing, trend),
        note=_note(groups, by_time),
    )


def _in_time(spans: dict[str, tuple[float, float]]) -> list[list[str]]:
    """The texts of the same period together, earliest first."""
    ordered = sorted(spans, key=lambda text: (spans[text], text))
    return [list(group) for _, group in groupby(ordered, spans.__getitem__)]


def _note(groups: Sequence[Sequence[str]], by_time: bool) -> str:
    if not by_time:
        return "Not every period can be read as a time, so periods are sorted as text."
    texts = [text for group in groups for text in group]
    if texts != sorted(texts) or len(texts) != len(groups):
        return (
            "Measures sort periods as text, which gives another order here. Write all periods in one format."
        )
    return ""


def _reading(row: dict[str, Any]) -> Reading:
    comparator = row["comparator"]
    difference = None if comparator is None else rounded(row["value"] - comparator)
    return Reading(
        row["id"], row["source"], row["value"], comparator, row["comparator_name"] or "", difference
    )


def _latest_compared(periods: Sequence[PeriodReadings]) -> PeriodReadings | None:
    for period in reversed(periods):
        with_one = tuple(reading for reading in period.readings if reading.comparator is not None)
        if with_one:
            return PeriodReadings(period.period, with_one)
    return None


def _standing(compared: PeriodReadings, better: str) -> str:
    # From the values themselves: a difference is rounded.
    pairs = [(r.value, r.comparator) for r in compared.readings if r.comparator is not None]
    above, below = any(v > c for v, c in pairs), any(v < c for v, c in pairs)
    if above and below:
        return "mixed"
    if not (above or below):
        return "equal"
    if better == "neither":
        return "above" if above else "below"
    if len({v == c for v, c in pairs}) == 2 and above != (better == "higher"):
        return "mixed"
    return "better" if above == (better == "higher") else "worse"


def _values(period: PeriodReadings) -> list[float]:
    return [reading.value for reading in period.readings]


def _median_slope(periods: Sequence[PeriodReadings], when: Sequence[float]) -> float | None:
    if len(periods) < FEWEST_FOR_SLOPE or len(set(when)) < 2:
        return None
    # scipy.stats takes a second to import.
    from scipy.stats import theilslopes

    times = [time for period, time in zip(periods, when, strict=True) for _ in period.readings]
    return float(theilslopes([value for period in periods for value in _values(period)], times).slope)


def _trend(periods: Sequence[PeriodReadings], slope: float | None, better: str) -> str:
    if len(periods) < 2:
        return "too few periods"
    first, last = _values(periods[0]), _values(periods[-1])
    if min(last) > max(first):
        way = 1
    elif max(last) < min(first):
        way = -1
    elif len({*first, *last}) == 1:
        way = 0
    else:
        return "mixed"
    if slope is not None and np.sign(slope) != way:
        return "mixed"
    if way == 0:
        return "flat"
    if better == "neither":
        return "rising" if way > 0 else "falling"
    return "improving" if (way > 0) == (better == "higher") else "getting worse"


def read_period(text: str) -> tuple[float, float] | None:
    """Where a period begins and ends, in years (2005.25 is the first of April 2005); None if unreadable.

    Read are years (2005), twelve months from April (2004/05, 2004-05, 2004/2005), spans of calendar years
    (2004-2008, 2004 to 2008), months (2005-09, September 2005) and dates as evidence files take them
    (2005-03-31, 31 March 2005). A year followed by the two digits of the next one is always twelve months
    from April: 2011-12 is never December 2011.
    """
    text = text.strip()
    if re.fullmatch(r"\d{4}", text):
        return float(text), float(text) + 1
    if found := SPAN.fullmatch(text):
        first, between, second = int(found[1]), found[2], found[3]
        following = str(first + 1)
        if between != "to" and second in (following, following[2:], following[3:]):
            return first + 0.25, first + 1.25
        if len(second) == 4 and int(second) > first:
            return float(first), int(second) + 1.0
    if (found := MONTH.fullmatch(text)) and 1 <= int(found[2]) <= 12:
        return _month(int(found[1]), int(found[2]))
    if (found := NAMED_MONTH.fullmatch(text)) and found[1].lower() in MONTHS:
        return _month(int(found[2]), MONTHS[found[1].lower()])
    try:
        day = read_date(text)
    except PydanticCustomError:
        return None
    return None if day is None else (_moment(day), _moment(day))


SPAN = re.compile(r"(\d{4})\s*(/|-|–|to)\s*(\d{1,2}|\d{4})")
MONTH = re.compile(r"(\d{4})-(\d{2})")
NAMED_MONTH = re.compile(r"([^\W\d]+)\.?\s+(\d{4})")


def _month(year: int, month: int) -> tuple[float, float]:
    return year + (month - 1) / 12, year + month / 12


def _moment(day: date) -> float:
    return day.year + (day.timetuple().tm_yday - 1) / 366


def _said(
    name: tuple[str, str, str, str],
    periods: Sequence[PeriodReadings],
    compared: PeriodReadings | None,
    standing: str,
    trend: str,
) -> str:
    latest, unit, better = periods[-1], name[2], name[3]
    value = f"{_all_numbers(latest)} {'%' if unit == 'percent' else unit}".strip()
    parts = [f"{value} in {latest.period}" if latest.period else value]
    parts.append(_against(compared, standing, latest) if compared else "nothing to compare it with")
    if trend == "too few periods":
        parts.append("one period only, so no trend")
    else:
        first = periods[0]
        parts.append(f"{trend} since {first.period or 'the first period'} ({_all_numbers(first)})")
    way = "neither direction is better" if better == "neither" else f"{better} is better"
    return f"{'; '.join(parts)}; {way}."


def _against(compared: PeriodReadings, standing: str, latest: PeriodReadings) -> str:
    names = sorted({reading.comparator_name or "its comparator" for reading in compared.readings})
    when = "" if compared.period == latest.period else f" in {compared.period}"
    if len(compared.readings) > 1 or compared.readings[0].comparator is None:
        words = {"mixed": "mixed compared with", "equal": "equal to", "above": "above", "below": "below"}
        return f"{words.get(standing, f'{standing} than')} {listed(names)}{when}"
    one = compared.readings[0]
    beside = f"{names[0]} ({shown(one.comparator)}){when}"
    if standing == "equal":
        return f"equal to {beside}"
    than = standing if standing in ("above", "below") else f"{standing} than"
    return f"{than} {beside} by {shown(abs(one.difference or 0))}"


def _all_numbers(period: PeriodReadings) -> str:
    return listed(shown(value) for value in sorted(set(_values(period))))


def shown(value: float | None) -> str:
    """A number as people read it: three figures below 1, two decimals below 100, else one; empty for None."""
    if value is None:
        return ""
    if 0 < abs(value) < 1:
        return f"{value:.3g}"
    text = f"{value:,.2f}" if abs(value) < 100 else f"{value:,.1f}"
    return text.rstrip("0").rstrip(".")


def comparators(period: PeriodReadings) -> str:
    """What the readings of a period are compared with, e.g. 'England 12; family 14'."""
    return "; ".join(
        f"{reading.comparator_name or 'comparator'} {shown(reading.comparator)}"
        for reading in period.readings
    )
