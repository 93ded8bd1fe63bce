"""Measures under many alternatives at once: what each would be if some of the items were left out.

For leave-one-out and what-ifs. Every value is the one that `evidence.measures.compute.compute_measures` would
give without those items (tested against it on random evidence), rounded as facts are; bases and intervals are
not made. Counts, shares and means subtract whole numbers from grouped sums; survey means and indicators,
where the latest period that is left decides, make the touched series again. Nothing is looped over in Python.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from evidence.measures.compute import ITEM_KIND, compute_measures
from evidence.measures.pairs import Codes, Column, Counted, Numbers, Truth, passing_filter, weights
from programme.database import Database
from programme.reviews import Review
from rules.arrays import rounded_values
from rules.ratings import FEWEST_ANSWERS, MeasureValue
from rules.rulebook import Filter, Measure, Of, Statistic

Sums = tuple[Codes, ...]
Group = Callable[[Codes, Codes, int], Sums]

AT_ONCE = 4_000_000
"""How many rows of touched series are looked at in one go."""
MILLION = 1_000_000


@dataclass(frozen=True)
class LeftOut:
    """Which pairs of a domain and an item each of `count` alternatives leaves out, each named once."""

    count: int
    alternative: Codes
    """Rising numbers of alternatives, from 0."""
    pair: Codes
    """Beside each the position of a pair in `Counted`."""

    def part(self, start: int, end: int) -> LeftOut:
        """The alternatives from `start` up to (not with) `end`."""
        end = min(end, self.count)
        low, high = np.searchsorted(self.alternative, [start, end])
        return LeftOut(end - start, self.alternative[low:high] - start, self.pair[low:high])


def each_left_out(codes: Codes) -> tuple[Codes, LeftOut]:
    """One alternative per distinct code of the pairs, which leaves out all pairs that have it.

    For `counted.item` one per item, for `counted.source.codes` one per source. Returns the codes, rising.
    """
    names, alternative = np.unique(codes, return_inverse=True)
    order = np.argsort(alternative, kind="stable")
    return names, LeftOut(len(names), alternative[order], order)


def sets_left_out(counted: Counted, sets: Codes) -> LeftOut:
    """One alternative per row of `sets`, which leaves out the items whose numbers stand in the row.

    Items that do not count are left out already; a number may stand in a row twice.
    """
    sets = np.atleast_2d(np.asarray(sets, dtype=np.int64))
    by_item = np.argsort(counted.item, kind="stable")
    ordered = counted.item[by_item]
    first = np.searchsorted(ordered, sets.ravel(), side="left")
    sizes = np.searchsorted(ordered, sets.ravel(), side="right") - first
    owner, position = _ranges(first, sizes)
    keys = np.unique((owner // sets.shape[1]) * max(len(counted), 1) + by_item[position])
    return LeftOut(len(sets), keys // max(len(counted), 1), keys % max(len(counted), 1))


def some_pairs(counted: Counted, chosen: Truth) -> Counted:
    """The counted evidence as if these pairs were all there is."""
    changed: dict[str, object] = {}
    for field in dataclasses.fields(counted):
        value = getattr(counted, field.name)
        if isinstance(value, Column):
            changed[field.name] = Column(value.names, value.codes[chosen])
        else:
            changed[field.name] = value[chosen]
    return Counted(**changed)  # type: ignore[arg-type]


def measures_without(
    counted: Counted, measures: Sequence[Measure], left_out: LeftOut
) -> dict[str, dict[str, Numbers]]:
    """One value per alternative for every domain and evidence measure; NaN where there is nothing."""
    touched = _Touched(counted, left_out)
    found: dict[str, dict[str, Numbers]] = {domain: {} for domain in counted.domain.names}
    for measure in measures:
        values = touched.spread(_values(touched, measure))
        for code, domain in enumerate(counted.domain.names):
            found[domain][measure.id] = values[code]
    return found


def pairs_passing(counted: Counted, of: Of, where: Filter) -> Truth:
    """Which pairs a measure made of `of` takes that has this filter."""
    chosen = passing_filter(counted, where)
    return chosen if of is Of.ITEMS else chosen & counted.kind.where([ITEM_KIND[of]])


def pairs_behind(counted: Counted, measure: Measure) -> tuple[Truth, Truth]:
    """Which pairs a measure counts, and which it would count if later results were not there.

    The first are the items that the view `measure_evidence` lists: of a share those of the whole. The second
    hold the first, and differ where the latest result of a series decides.
    """
    where = measure.among if measure.statistic is Statistic.SHARE else measure.where
    passing = pairs_passing(counted, measure.of, where)
    if measure.of not in (Of.SURVEY_RESULTS, Of.INDICATORS) or measure.statistic is Statistic.COUNT:
        return passing, passing
    in_series = _in_series(counted, measure)
    if measure.statistic is Statistic.IMPROVING:
        return in_series, in_series
    return latest_results(counted, measure), in_series


def positive_millionths(counted: Counted) -> Codes:
    """Values as the means sum them, in whole millionths, turned round where lower is better (surveys)."""
    lower = counted.kind.where([ITEM_KIND[Of.SURVEY_RESULTS]]) & counted.better.where(["lower"])
    return millionths(np.where(lower, 100 - counted.value, counted.value))


def latest_results(counted: Counted, measure: Measure) -> Truth:
    """Which pairs a mean of survey results is made of: of every result those of its latest period."""
    rows = np.flatnonzero(_in_series(counted, measure))
    series = _series_of(counted, measure, rows)
    count = int(series.max(initial=-1)) + 1
    latest = np.full(count, -1, dtype=np.int64)
    np.maximum.at(latest, series, counted.period.codes[rows])
    found = np.zeros(len(counted), dtype=bool)
    found[rows[counted.period.codes[rows] == latest[series]]] = True
    return found


def deciding_results(counted: Counted) -> Truth:
    """Which pairs are no survey results on too few answers: a mean needs one of them to have a value."""
    return ~(counted.answers < FEWEST_ANSWERS)


def millionths(values: Numbers) -> Codes:
    """Numbers in whole millionths, rounded as SQLite rounds: halves away from nought."""
    scaled = np.nan_to_num(values * 1e6)
    whole = np.where(np.abs(scaled) > 2.0**52, scaled, np.trunc(scaled + np.copysign(0.5, scaled)))
    return whole.astype(np.int64)


class _Touched:
    """The domains of each alternative from which anything is left out ('spots'); all others stay as they are.

    Arrays over `places` hold every domain as it is first, then every spot.
    """

    def __init__(self, counted: Counted, left_out: LeftOut) -> None:
        self.counted, self.left_out = counted, left_out
        self.domains = len(counted.domain.names)
        at = counted.domain.codes[left_out.pair] * left_out.count + left_out.alternative
        self.keys, self.spot = np.unique(at, return_inverse=True)
        self.domain_of_spot = self.keys // max(left_out.count, 1)

    def remaining(self, amounts: Codes) -> Codes:
        """The sum of an amount per pair, at every place."""
        base = np.zeros(self.domains, dtype=np.int64)
        np.add.at(base, self.counted.domain.codes, amounts)
        gone = np.zeros(len(self.keys), dtype=np.int64)
        np.add.at(gone, self.spot, amounts[self.left_out.pair])
        return np.concatenate([base, base[self.domain_of_spot] - gone])

    def distinct(self, column: Column, passing: Truth) -> Codes:
        """How many names of a column are left among the passing pairs, at every place."""
        names = max(len(column.names), 1)
        cell = self.counted.domain.codes * names + column.codes
        base = np.bincount(cell[passing], minlength=self.domains * names)
        known = (base.reshape(self.domains, names) > 0).sum(axis=1)
        mine = passing[self.left_out.pair]
        lost, times = np.unique(
            self.spot[mine] * names + column.codes[self.left_out.pair[mine]], return_counts=True
        )
        spot = lost // names
        all_gone = times == base[self.domain_of_spot[spot] * names + lost % names]
        gone = np.bincount(spot[all_gone], minlength=len(self.keys))
        return np.concatenate([known, known[self.domain_of_spot] - gone])

    def grouped(self, rows: Codes, series: Codes, domain_of_series: Codes, made: Group) -> Sums:
        """Sums over series, at every place: `made` gives what each series adds from the rows it keeps."""
        count = len(domain_of_series)
        base = made(rows, series, count)
        sums = [np.zeros(self.domains + len(self.keys), dtype=np.int64) for _ in base]
        for total, part in zip(sums, base, strict=True):
            np.add.at(total, domain_of_series, part)
            total[self.domains :] = total[self.domain_of_spot]
        series_of = np.full(len(self.counted), -1, dtype=np.int64)
        series_of[rows] = series
        hit = series_of[self.left_out.pair]
        pairs = np.unique(self.spot[hit >= 0] * max(count, 1) + hit[hit >= 0])
        spot, again = pairs // max(count, 1), pairs % max(count, 1)
        by_series = rows[np.argsort(series, kind="stable")]
        sizes = np.bincount(series, minlength=count)
        first = np.cumsum(sizes) - sizes
        gone = np.sort(self.left_out.alternative * max(len(self.counted), 1) + self.left_out.pair)
        for some in _parts(sizes[again]):
            owner, position = _ranges(first[again[some]], sizes[again[some]])
            row = by_series[position]
            alternative = self.keys[spot[some][owner]] % max(self.left_out.count, 1)
            code = alternative * max(len(self.counted), 1) + row
            found = np.minimum(np.searchsorted(gone, code), len(gone) - 1)
            kept = gone[found] != code
            new = made(row[kept], owner[kept], len(again[some]))
            for total, old, now in zip(sums, base, new, strict=True):
                np.add.at(total, self.domains + spot[some], now - old[again[some]])
        return tuple(sums)

    def spread(self, values: Numbers) -> Numbers:
        """Values at every place as one row per domain with one value per alternative."""
        result = np.repeat(values[: self.domains, None], self.left_out.count, axis=1)
        result.reshape(-1)[self.keys] = values[self.domains :]
        return result


def _values(touched: _Touched, measure: Measure) -> Numbers:
    counted = touched.counted
    passing = pairs_passing(counted, measure.of, measure.where)
    if measure.statistic is Statistic.COUNT:
        return touched.remaining(passing.astype(np.int64)).astype(float)
    if measure.statistic is Statistic.KINDS:
        return touched.distinct(counted.source_kind, passing).astype(float)
    if measure.statistic is Statistic.SOURCES:
        return touched.distinct(counted.source, passing).astype(float)
    if measure.statistic is Statistic.SHARE:
        whole = pairs_passing(counted, measure.of, measure.among)
        weight = weights(counted, measure)
        return percent(touched.remaining(weight * (passing & whole)), touched.remaining(weight * whole))
    if measure.statistic is Statistic.MEAN and measure.of is not Of.SURVEY_RESULTS:
        total = touched.remaining(millionths(counted.value) * passing)
        return mean(total, touched.remaining(passing.astype(np.int64)))
    rows = np.flatnonzero(_in_series(counted, measure))
    series = _series_of(counted, measure, rows)
    domain_of_series = np.zeros(int(series.max(initial=-1)) + 1, dtype=np.int64)
    domain_of_series[series] = counted.domain.codes[rows]
    made = {
        Statistic.MEAN: _latest_sum,
        Statistic.AT_COMPARATOR: _at_comparator,
        Statistic.IMPROVING: _improving,
    }[measure.statistic](counted)
    sums = touched.grouped(rows, series, domain_of_series, made)
    if measure.statistic is Statistic.MEAN:
        total, count, deciding = sums
        return np.where(deciding > 0, mean(total, count), np.nan)
    return percent(*sums)


def percent(part: Codes, whole: Codes) -> Numbers:
    """A share in percent as facts carry it; NaN of nothing."""
    return rounded_values(np.where(whole > 0, 100.0 * part / np.maximum(whole, 1), np.nan))


def mean(total: Codes, count: Codes) -> Numbers:
    """A mean from a sum of millionths, as facts carry it; NaN of nothing."""
    return rounded_values(np.where(count > 0, total / 1e6 / np.maximum(count, 1), np.nan))


def _in_series(counted: Counted, measure: Measure) -> Truth:
    chosen = pairs_passing(counted, measure.of, measure.where) & counted.better.where(["higher", "lower"])
    if measure.statistic is Statistic.AT_COMPARATOR:
        chosen &= ~np.isnan(counted.comparator)
    return chosen


def _series_of(counted: Counted, measure: Measure, rows: Codes) -> Codes:
    column = counted.result if measure.of is Of.SURVEY_RESULTS else counted.series
    keys = counted.domain.codes[rows] * max(len(column.names), 1) + column.codes[rows]
    series: Codes = np.unique(keys, return_inverse=True)[1].astype(np.int64)
    return series


def _latest_sum(counted: Counted) -> Group:
    amounts, deciding = positive_millionths(counted), deciding_results(counted)

    def made(rows: Codes, series: Codes, count: int) -> Sums:
        period = counted.period.codes[rows]
        at = period == _most(period, series, count, -1)[series]
        total = np.zeros(count, dtype=np.int64)
        np.add.at(total, series[at], amounts[rows[at]])
        decide = np.bincount(series[at & deciding[rows]], minlength=count)
        return total, np.bincount(series[at], minlength=count), decide

    return made


def _at_comparator(counted: Counted) -> Group:
    higher = counted.better.where(["higher"])
    bad = ~np.where(higher, counted.value >= counted.comparator, counted.value <= counted.comparator)

    def made(rows: Codes, series: Codes, count: int) -> Sums:
        period = counted.period.codes[rows]
        at = period == _most(period, series, count, -1)[series]
        there = np.bincount(series[at], minlength=count) > 0
        good = there & (np.bincount(series[at & bad[rows]], minlength=count) == 0)
        return good.astype(np.int64), there.astype(np.int64)

    return made


def _improving(counted: Counted) -> Group:
    higher = counted.better.where(["higher"])
    # Turned round where lower is better, so that improving always means rising.
    rising = np.where(higher, counted.value, -counted.value)

    def made(rows: Codes, series: Codes, count: int) -> Sums:
        period, value = counted.period.codes[rows], rising[rows]
        last = _most(period, series, count, -1)
        first = -_most(-period, series, count, -MILLION * MILLION)
        at_first, at_last = period == first[series], period == last[series]
        best_first = np.full(count, -np.inf)
        np.maximum.at(best_first, series[at_first], value[at_first])
        worst_last = np.full(count, np.inf)
        np.minimum.at(worst_last, series[at_last], value[at_last])
        there = (np.bincount(series, minlength=count) > 0) & (last > first)
        return (there & (worst_last > best_first)).astype(np.int64), there.astype(np.int64)

    return made


def _most(values: Codes, series: Codes, count: int, least: int) -> Codes:
    found = np.full(count, least, dtype=np.int64)
    np.maximum.at(found, series, values)
    return found


def _ranges(first: Codes, sizes: Codes) -> tuple[Codes, Codes]:
    """All positions first, first + 1, ... of several ranges, each with the number of its range."""
    owner = np.repeat(np.arange(len(sizes)), sizes)
    return owner, np.arange(len(owner)) - (np.cumsum(sizes) - sizes)[owner] + first[owner]


def _parts(sizes: Codes) -> Iterator[slice]:
    """Ranges of series that together have at most AT_ONCE rows (or are one series)."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        reached = ends[start] - sizes[start]
        end = max(start + 1, int(np.searchsorted(ends, reached + AT_ONCE, side="right")))
        yield slice(start, end)
        start = end


@contextmanager
def items_left_out(db: Database, items: Sequence[int]) -> Iterator[None]:
    """While it lasts, this connection sees the evidence without these items; nothing is written.

    A temporary view named like the table stands before it in SQLite's order of names.
    """
    db.conn.execute("create temp table left_out (id integer primary key)")
    try:
        db.conn.executemany("insert or ignore into left_out values (?)", [(int(item),) for item in items])
        db.conn.execute(
            "create temp view evidence as"
            " select * from main.evidence where id not in (select id from temp.left_out)"
        )
        try:
            yield
        finally:
            db.conn.execute("drop view temp.evidence")
    finally:
        db.conn.execute("drop table temp.left_out")


def compute_measures_without(
    db: Database, review: Review, measures: Sequence[Measure], event: int, items: Sequence[int]
) -> dict[str, dict[str, MeasureValue]]:
    """`compute_measures` as if some items were withdrawn: one alternative, with bases and intervals."""
    with items_left_out(db, items):
        return compute_measures(db, review, measures, event)
