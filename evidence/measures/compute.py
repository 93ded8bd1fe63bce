"""Measures per domain, computed by SQL over the items that counted at a point in the event record.

Every measure is one grouped statement over one temporary table of (domain, item) pairs, so cost grows
with the number of tags times the number of measures and nothing is looped over in Python.

Methods:
- A share is part / whole in percent. Weighted findings count as often as their significance, and findings
  with an extent for the share of what was looked at in which they were found (see `evidence.extents`); the
  base is then Kish's effective number, (sum of weights) squared / sum of squared weights.
  Kish, L. (1965), Survey Sampling, Wiley.
- Intervals are Wilson's 95 % score intervals. Wilson, E. B. (1927), Journal of the American Statistical
  Association 22, 209-212. Where survey answers are weighted they stand on the effective base (see
  `evidence.weights`).
- A mean of survey results counts every result (question and group, latest period) once; a result without a
  period is as old as its source, to the day. Results of one survey share their respondents, so the base is
  the smallest base among them, not their sum; where any base is unknown the base is unknown and no interval
  is given.
  A mean of nothing but results on fewer than `FEWEST_ANSWERS` answers, weighted or not, has no value, only
  its base: few answers never decide alone. One result on more, or on an unknown number, and all count.
- Indicators count once per series (name, strand, unit and which way is better): `at_comparator` looks at the
  latest period that has a comparator, `improving` compares the latest period with the earliest. Where a
  series has several values in one period (several sources or comparators) it must hold for all of them.
- Periods are sorted by when they end and begin (`programme.periods`). Up to the upgrade that first read them
  so, they were sorted by their words; a run from before is made again in that way.
- Means are summed in whole millionths, so that no order of the items changes the last digit.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from evidence.at_event import COUNTED_PAIRS, counted_at, sorted_at, source_at
from evidence.extents import EXTENT_SQUARE, EXTENT_WEIGHT, WHOLE
from evidence.series import READ_OTHERWISE
from programme.database import Database
from programme.reviews import Review
from rules.ratings import FEWEST_ANSWERS, MeasureValue, rounded
from rules.rulebook import Filter, Measure, Of, Statistic

ITEM_KIND = {
    Of.FINDINGS: "finding",
    Of.CASE_SCORES: "case_score",
    Of.SURVEY_RESULTS: "survey_result",
    Of.INDICATORS: "indicator",
}
"""The kind of item a measure is made of (measures of `items` take every kind)."""

NORMAL_975 = 1.9599639845400545
"""Of a normal distribution 97.5 % lie below so many standard deviations."""

CHUNK = 5_000
"""Lines of the evidence digest taken at a time."""

COUNTED = f"""
create temp table counted as
select d.key as domain, e.id, e.kind, e.source_id, s.kind as source_kind, e.strand, e.text, e.group_name,
  {sorted_at(":read")} as period, e.direction, e.significance,
  e.value, e.base, e.unit, e.better, e.comparator, e.answers,
  {EXTENT_WEIGHT} as extent, {EXTENT_SQUARE} as extent_square
{COUNTED_PAIRS}"""


def compute_measures(
    db: Database, review: Review, measures: Sequence[Measure], event: int, read_at: int | None = None
) -> dict[str, dict[str, MeasureValue]]:
    """The value of every evidence measure for every domain of the review's framework.

    `event` is the last event that counts: later additions and withdrawals are left out. Periods are sorted as
    they were at the event `read_at`, or else at `event`. Counts are 0 where there is nothing; shares and
    means are None. (So are means of results on too few answers, with a base.)
    """
    db.conn.execute("drop table if exists temp.counted")
    try:
        read = event if read_at is None else read_at
        db.conn.execute(COUNTED, {"review": review.id, "event": event, "read": read})
        found = {measure.id: _by_domain(db, measure) for measure in measures}
    finally:
        db.conn.execute("drop table if exists temp.counted")
    result: dict[str, dict[str, MeasureValue]] = {}
    for domain in review.framework.domains:
        result[domain] = {m.id: found[m.id].get(domain, _nothing(m)) for m in measures}
    return result


def _nothing(measure: Measure) -> MeasureValue:
    return MeasureValue(0, None) if measure.is_count else MeasureValue(None, 0)


def _by_domain(db: Database, measure: Measure) -> dict[str, MeasureValue]:
    sql, parameters = measure_sql(measure)
    found = db.conn.execute(sql, parameters).fetchall()
    if measure.is_count:
        return {domain: MeasureValue(int(count)) for domain, count in found}
    values = {}
    for domain, value, base in found:
        ends = wilson(value, base) if measure.is_percent and value is not None and base else (None, None)
        values[domain] = MeasureValue(*(end if end is None else rounded(end) for end in (value, base, *ends)))
    return values


def wilson(percent: float, base: float) -> tuple[float, float]:
    """Lower and upper end (0 to 100) of the 95 % Wilson interval of a percentage on a base above 0.

    Runs have recorded these figures to the last bit, so the order of the steps never changes.
    """
    share = percent / 100 * base / base
    squared = NORMAL_975 * NORMAL_975
    whole = 1 + squared / base
    middle = (share + squared / (2 * base)) / whole
    half = NORMAL_975 * math.sqrt(share * (1 - share) / base + squared / (4 * (base * base))) / whole
    return 100 * max(middle - half, 0.0), 100 * min(middle + half, 1.0)


def measure_sql(measure: Measure) -> tuple[str, dict[str, Any]]:
    """The grouped SELECT of one measure over `counted`: rows of (domain, value[, base])."""
    conditions = _Conditions()
    of = conditions.item_kind(measure.of)
    if measure.statistic is Statistic.SHARE:
        part = conditions.of_filter(measure.where)
        whole = conditions.of_filter(measure.among)
        weight = "significance" if measure.weighted else "1"
        square, unit = f"{weight} * {weight}", 1
        if measure.counts_by_extent:
            weight, square, unit = f"{weight} * extent", f"{square} * extent_square", WHOLE
        total = f"(sum({weight}) / {unit}.0)"
        return (
            f"select domain, 100.0 * sum(case when {part} then {weight} else 0 end) / sum({weight}),"
            f" {total} * {total} / (sum({square}) / {unit * unit}.0)"
            f" from counted where {of} and {whole} group by domain",
            conditions.parameters,
        )
    where = conditions.of_filter(measure.where)
    counted = {
        Statistic.COUNT: "count(*)",
        Statistic.KINDS: "count(distinct source_kind)",
        Statistic.SOURCES: "count(distinct source_id)",
    }.get(measure.statistic)
    if counted:
        return (
            f"select domain, {counted} from counted where {of} and {where} group by domain",
            conditions.parameters,
        )
    template = {
        Statistic.MEAN: MEAN_SURVEY if measure.of is Of.SURVEY_RESULTS else MEAN,
        Statistic.AT_COMPARATOR: AT_COMPARATOR,
        Statistic.IMPROVING: IMPROVING,
    }[measure.statistic]
    return template.format(where=f"{of} and {where}"), conditions.parameters


MEAN = """
select domain, sum(cast(round(value * 1e6) as integer)) / 1e6 / count(*), count(*)
from counted where {where} group by domain
"""

MEAN_SURVEY = f"""
with latest as (
  select domain, base, coalesce(answers >= {FEWEST_ANSWERS}, 1) as decides,
    case better when 'lower' then 100 - value else value end as positive,
    rank() over (partition by domain, text, group_name, strand order by period desc) as age
  from counted where {{where}} and better <> 'neither')
select domain, case when max(decides) then sum(cast(round(positive * 1e6) as integer)) / 1e6 / count(*) end,
  case when count(base) = count(*) then min(base) end
from latest where age = 1 group by domain
"""

AT_COMPARATOR = """
with latest as (
  select domain, text, strand, unit, better,
    case better when 'higher' then value >= comparator else value <= comparator end as good,
    rank() over (partition by domain, text, strand, unit, better order by period desc) as age
  from counted where {where} and better <> 'neither' and comparator is not null),
series as (
  select domain, min(good) as good from latest where age = 1 group by domain, text, strand, unit, better)
select domain, 100.0 * sum(good) / count(*), count(*) from series group by domain
"""

IMPROVING = """
with ends as (
  select domain, text, strand, unit, better, value,
    rank() over (partition by domain, text, strand, unit, better order by period) as from_first,
    rank() over (partition by domain, text, strand, unit, better order by period desc) as from_last
  from counted where {where} and better <> 'neither'),
series as (
  select domain, better,
    min(case when from_first = 1 then value end) as first_low,
    max(case when from_first = 1 then value end) as first_high,
    min(case when from_last = 1 then value end) as last_low,
    max(case when from_last = 1 then value end) as last_high
  from ends group by domain, text, strand, unit, better having max(from_first) > 1)
select domain,
  100.0 * sum(case better when 'higher' then last_low > first_high else last_high < first_low end)
    / count(*),
  count(*)
from series group by domain
"""


class _Conditions:
    """SQL conditions with their parameters, numbered as they are made."""

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}

    def _name(self, value: Any) -> str:
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def _in(self, column: str, values: Iterable[str]) -> str:
        return f"{column} in ({', '.join(self._name(value) for value in values)})"

    def item_kind(self, of: Of) -> str:
        return "1" if of is Of.ITEMS else f"kind = {self._name(ITEM_KIND[of])}"

    def of_filter(self, where: Filter) -> str:
        parts = []
        if where.direction is not None:
            parts.append(self._in("direction", where.direction))
        if where.significance_at_least is not None:
            parts.append(f"significance >= {self._name(where.significance_at_least)}")
        if where.score_at_least is not None:
            parts.append(f"value >= {self._name(where.score_at_least)}")
        if where.strand is not None:
            parts.append(self._in("strand", where.strand))
        if where.source_kind is not None:
            parts.append(self._in("source_kind", where.source_kind))
        return " and ".join(parts) or "1"


def behind(measure: Measure) -> tuple[str | None, str]:
    """What the items behind a measure have in common: their kind (None: any) and the filter as JSON.

    For a share these are the items of the whole; the view `measure_evidence` lists them.
    """
    where = measure.among if measure.statistic is Statistic.SHARE else measure.where
    kind = None if measure.of is Of.ITEMS else ITEM_KIND[measure.of]
    said = where.model_dump(mode="json", exclude_none=True)
    if measure.of in (Of.SURVEY_RESULTS, Of.INDICATORS) and measure.statistic is not Statistic.COUNT:
        said["judged"] = True  # neither good nor bad is left out
        if measure.statistic is not Statistic.IMPROVING:
            said["latest"] = True
        if measure.statistic is Statistic.AT_COMPARATOR:
            said["compared"] = True
    return kind, json.dumps(said, sort_keys=True)


def evidence_digest(db: Database, review: Review, event: int) -> str:
    """SHA-256 (hex) of everything that counts: items with their sources and tags, in any order of entry."""
    lines = db.conn.execute(DIGEST, {"review": review.id, "event": event})
    digest, between = hashlib.sha256(), b""
    while chunk := lines.fetchmany(CHUNK):
        digest.update(between + "\n".join(line for (line,) in chunk).encode())
        between = b"\n"
    return digest.hexdigest()


# What is sorted by time as its words sort it is the same line as before periods were read as times.
DIGEST = f"""
with {READ_OTHERWISE}
select s.digest || ' ' || e.digest || ' ' || coalesce(d.key, '-') || coalesce(' ' || o.key, '') as line
from evidence e
left join read_otherwise o on o.id = e.id
join {source_at(":event")} s on s.id = e.source_id
left join tag t on t.evidence_id = e.id
  and {counted_at("t", ":event")}
left join domain d on d.id = t.domain_id
where e.review_id = :review
  and {counted_at("e", ":event")}
order by line
"""
