"""Indicators of a review over the years: against the comparator, and whether they get better.

A series is what the measures count once (`evidence.measures.compute`): one name, strand, unit and way that is
better. Over all the items of a review, tagged or not:

- *Standing* looks at the latest period that has a comparator, like the measure `at_comparator`: 'better' or
  'equal' is what that measure counts as good. Several values of one period must all be so; if they disagree
  the standing is 'mixed'. Where no direction is better it is 'above', 'below', 'equal' or 'mixed'.
- Values that are not published are gaps: every comparison is of those that are.
- *Trend* compares the latest period with the earliest, like the measure `improving`: every value of the
  latest must be better than every value of the earliest for 'improving', worse for 'getting worse', and all
  must be the same for 'flat'; anything else is 'mixed', and one period alone is 'too few periods'. From
  FEWEST_FOR_SLOPE periods on the median of the slopes between all pairs of periods must point the same way,
  else the trend is 'mixed': two good ends do not hide a fall between them. Where no direction is better the
  words are 'rising' and 'falling'. No test of significance is made: with four periods even a rise in every
  one of them has a two-sided p of 2/24 in Kendall's test.

The median of the slopes is Sen's (Sen, P. K. (1968), "Estimates of the regression coefficient based on
Kendall's tau", Journal of the American Statistical Association 63, 1379-1389), from scipy.

Periods are in the order in which they end (`programme.periods`), or, where all of a series count the same
(Wave 9, Wave 10), by their number: as the measures have them. Where neither is so nothing is compared. Cost
grows with the number of indicator values, and with the square of the periods of one series.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import numpy as np

from evidence.at_event import sorted_by
from evidence.marks import marks_of
from evidence.series import how_placed
from programme.database import Database, rows
from programme.reviews import Review
from rules.errors import EvidenceInvalid
from rules.ratings import rounded
from rules.remedy import ShowLayout
from rules.words import listed, many

FEWEST_FOR_SLOPE = 4
"""Periods from which the median slope has a say in the trend."""

NO_ORDER = "order not known"
INDICATORS = f"""
select e.id, e.text as name, e.strand, e.unit, coalesce(e.better, 'neither') as better,
  coalesce(nullif(e.period, ''), s.dated, '') as period, {sorted_by()} as key, {how_placed()} as placed,
  iif(e.period = '', s.dated, e.begins) as begins, iif(e.period = '', s.dated, e.ends) as ends, e.value,
  e.marks, e.comparator,
  e.comparator_name, s.ref as source,
  (select group_concat(d.key, ';') from tag t join domain d on d.id = t.domain_id
    where t.evidence_id = e.id and t.withdrawn_event is null) as domains
from evidence e join source s on s.id = e.source_id
where e.review_id = ? and e.kind = 'indicator' and e.withdrawn_event is null
order by name, e.strand, e.unit, better, key, period, e.value, s.ref, e.id
"""


@dataclass(frozen=True)
class Reading:
    """One value of an indicator, as one item gives it."""

    item: int
    source: str
    value: float | None
    """None where the source does not publish it."""
    comparator: float | None
    comparator_name: str
    difference: float | None
    """Value less comparator, in the unit of the indicator."""
    mark: str = ""
    """What stands in place of a value that is not published, e.g. [c]."""
    comparator_mark: str = ""
    """The same of the comparator."""

    @property
    def words(self) -> str:
        """The value as people read it, or the mark in its place."""
        return shown(self.value) if self.value is not None else self.mark


@dataclass(frozen=True)
class PeriodReadings:
    """All values of one period."""

    period: str
    """As the items write it."""
    readings: tuple[Reading, ...]
    begins: str | None = None
    """Its first day (YYYY-MM-DD), and its last; None where it has no place in time."""
    ends: str | None = None

    @property
    def middle(self) -> float:
        """The middle of its time in years (2005.25 is the first of April 2005); 0 where it has no place."""
        if not (self.begins and self.ends):
            return 0.0
        after = date.fromisoformat(self.ends) + timedelta(1)
        return (_moment(date.fromisoformat(self.begins)) + _moment(after)) / 2


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
    """'time'; 'number' where all its periods are numbered alike (waves); 'nothing' where neither is so."""
    periods: tuple[PeriodReadings, ...]
    """Earliest first."""
    compared: PeriodReadings | None
    """The latest period that has a comparator, with the values that have one; None where none has."""
    standing: str
    """better, worse, above, below, equal or mixed; empty where there is no comparator."""
    trend: str
    """improving, getting worse, rising, falling, flat, mixed, too few periods or order not known."""
    slope: float | None
    """Median slope a year, from FEWEST_FOR_SLOPE periods in order of time; else None."""
    said: str
    """All of it in one sentence."""
    note: str
    """What a reader must know of the order of the periods; mostly empty."""

    @property
    def latest(self) -> PeriodReadings:
        """The latest period, published or not."""
        return self.periods[-1]

    @property
    def published(self) -> tuple[PeriodReadings, ...]:
        """The periods with a value that is published, with those values alone; earliest first."""
        return published_of(self.periods)


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
TRENDS = ("improving", "getting worse", "flat", "mixed", "rising", "falling", "too few periods", NO_ORDER)
IN_A_LIST = {"too few periods": "with too few periods", NO_ORDER: "in an order that is not known"}


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
    groups = [list(group) for _, group in groupby(items, lambda row: row["key"] or row["period"].lower())]
    periods = tuple(
        PeriodReadings(group[0]["period"], tuple(map(_reading, group)), group[0]["begins"], group[0]["ends"])
        for group in groups
    )
    ordered_by = _ordered_by({row["placed"] for row in items}, periods)
    # What is not published is shown as a gap, and compared with nothing.
    published = published_of(periods)
    compared = _latest_compared(published) if ordered_by != "nothing" else None
    better = name[3]
    standing = "" if compared is None else _standing(compared, better)
    by_time = ordered_by == "time"
    times = {
        period.period: period.middle if by_time else float(number) for number, period in enumerate(periods)
    }
    slope = _median_slope(published, [times[period.period] for period in published])
    trend = _trend(published, slope, better) if ordered_by != "nothing" else NO_ORDER
    given = {domain for row in items for domain in (row["domains"] or "").split(";") if domain}
    return Series(
        *name,
        domains=tuple(sorted(given, key=order.__getitem__)),
        ordered_by=ordered_by,
        periods=periods,
        compared=compared,
        standing=standing,
        trend=trend,
        slope=rounded(slope) if by_time and slope is not None else None,
        said=_said(name, periods, compared, standing, trend),
        note=_note(items) if ordered_by == "nothing" else "",
    )


def _ordered_by(placed: set[str], periods: Sequence[PeriodReadings]) -> str:
    if placed == {"time"}:
        return "time"
    return "number" if len(periods) == 1 or (len(placed) == 1 and "" not in placed) else "nothing"


def _note(items: Sequence[dict[str, Any]]) -> str:
    unplaced = dict.fromkeys(row["period"] or "no period" for row in items if row["placed"] != "time")
    return (
        f"Nothing is compared, as some periods do not say when they were: {listed(unplaced)}. Import these"
        " values again with a period such as 2021/22 or November 2019."
    )


def _reading(row: dict[str, Any]) -> Reading:
    value, comparator, marks = row["value"], row["comparator"], marks_of(row["marks"])
    difference = None if value is None or comparator is None else rounded(value - comparator)
    return Reading(
        row["id"],
        row["source"],
        value,
        comparator,
        row["comparator_name"] or "",
        difference,
        marks.get("value", ""),
        marks.get("comparator", ""),
    )


def published_of(periods: Sequence[PeriodReadings]) -> tuple[PeriodReadings, ...]:
    """The periods with a value that is published, with those values alone."""
    kept = [(period, tuple(r for r in period.readings if r.value is not None)) for period in periods]
    return tuple(replace(period, readings=readings) for period, readings in kept if readings)


def _latest_compared(periods: Sequence[PeriodReadings]) -> PeriodReadings | None:
    for period in reversed(periods):
        with_one = tuple(reading for reading in period.readings if reading.comparator is not None)
        if with_one:
            return replace(period, readings=with_one)
    return None


def _standing(compared: PeriodReadings, better: str) -> str:
    # From the values themselves: a difference is rounded.
    pairs = [
        (r.value, r.comparator) for r in compared.readings if r.value is not None and r.comparator is not None
    ]
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
    return [reading.value for reading in period.readings if reading.value is not None]


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


def _moment(day: date) -> float:
    """A day in years: every month is a twelfth."""
    return day.year + (day.month - 1 + (day.day - 1) / monthrange(day.year, day.month)[1]) / 12


def _said(
    name: tuple[str, str, str, str],
    periods: Sequence[PeriodReadings],
    compared: PeriodReadings | None,
    standing: str,
    trend: str,
) -> str:
    unit, better, published = name[2], name[3], published_of(periods)
    way = "neither direction is better" if better == "neither" else f"{better} is better"
    if not published:
        return f"not published in {listed(map(_not_published, periods))}; {way}."
    if trend == NO_ORDER:
        return f"{many(len(periods), 'period')} whose order is not known, so nothing is compared."
    latest = published[-1]
    value = f"{_all_numbers(latest)} {'%' if unit == 'percent' else unit}".strip()
    parts = [f"{value} in {latest.period}" if latest.period else value]
    parts.append(_against(compared, standing, latest) if compared else "nothing to compare it with")
    if trend == "too few periods":
        parts.append("one period only, so no trend")
    else:
        first = published[0]
        parts.append(f"{trend} since {first.period or 'the first period'} ({_all_numbers(first)})")
    if latest.period != periods[-1].period:
        since = periods[[period.period for period in periods].index(latest.period) + 1 :]
        parts.append(f"not published in {listed(map(_not_published, since))}")
    return f"{'; '.join(parts)}; {way}."


def _not_published(period: PeriodReadings) -> str:
    marks = ", ".join(dict.fromkeys(reading.mark for reading in period.readings))
    return f"{period.period or 'the source'} ({marks})"


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
