"""The series that the numbers of a review form over time, and whether their periods can be put in order.

A series is what measures count once (`evidence.measures.compute`): one survey question and group, or one
indicator with its unit and the way that is better; each about one strand. Its periods can be put in order
where all have a place in time, or all count the same (Wave 9, Wave 10); or where there is but one. A number
without a period is as old as its source.
"""

from __future__ import annotations

from typing import NamedTuple

from evidence.at_event import PLACED_SINCE, PUBLISHED, counted_at, sorted_by, sorted_by_words, source_at
from programme.database import Database, one, rows
from programme.reviews import Review
from rules.errors import EvidenceInvalid
from rules.remedy import CheckEvidence
from rules.words import listed, many

SHOWN = 5
"""How many items a refusal names."""
SERIES = "kind, text, group_name, strand, way"
WAY = "case {0}.kind when 'indicator' then {0}.unit || ' ' || coalesce({0}.better, '') else '' end"
"""SQL: the unit of an indicator and which way is better; nothing of a survey result."""


def how_placed(item: str = "e", source: str = "s") -> str:
    """SQL: 'time' where the period of a number has a place in time, what it counts ('wave'), or empty."""
    return (
        f"case when {item}.ends is not null then 'time'"
        f" when {item}.turn is not null then substr({item}.turn, 1, length({item}.turn) - 7)"
        f" when {item}.period = '' and {source}.dated is not null then 'time' else '' end"
    )


OUT_OF_ORDER = (
    "count(distinct iif(key = '', words, key)) > 1 and (min(placed) = '' or min(placed) <> max(placed))"
)
"""SQL: a group of numbers, with `key`, `words` and how they are `placed`, that cannot be put in order."""

READ_OTHERWISE = f"""
numbers as materialized (
  select e.id, e.kind, e.text, e.group_name, e.strand, {sorted_by()} as key, {sorted_by_words()} as words,
    {WAY.format("e")} as way
  from evidence e join {source_at(":event")} s on s.id = e.source_id
  where e.review_id = :review and e.kind in ('survey_result', 'indicator') and {counted_at("e", ":event")}
    and {PUBLISHED} and :event >= {PLACED_SINCE}),
read_otherwise (id, key) as materialized (
  select id, key from (
    select id, key, dense_rank() over (partition by {SERIES} order by key) as by_time,
      dense_rank() over (partition by {SERIES} order by words) as by_words
    from numbers)
  where by_time <> by_words)
"""
"""SQL: the numbers that counted at an event whose place by time is another than by the words of the period;
none at an event before periods were read as times."""
READ_SINCE = f"""
with {READ_OTHERWISE.replace(":event >=", "(select max(id) from event) >=")}
select count(*) from read_otherwise where :event < {PLACED_SINCE}
"""
"""SQL: how many numbers are elsewhere in their series since an event."""


def read_otherwise_since(db: Database, review: Review, event: int) -> int:
    """How many of the numbers that counted at an event are elsewhere in their series, now that periods are
    sorted by time; 0 where they were at the event."""
    return int(one(db, READ_SINCE, {"review": review.id, "event": event}))


class Unordered(NamedTuple):
    """A number in a series whose periods cannot be put in order."""

    id: int
    source: str
    locator: str
    kind: str
    text: str
    group_name: str
    period: str
    placed: str
    """'time', what it counts ('wave'), or empty."""
    series: int
    """The same number for all of a series."""


UNPLACED = f"""
e.review_id = :review and e.kind in ('survey_result', 'indicator') and {counted_at("e", ":event")}
  and {PUBLISHED}
"""
ANY = f"""
select :event >= {PLACED_SINCE} and exists (
  select 1 from evidence e join {source_at(":event")} s on s.id = e.source_id
  where {UNPLACED} and e.ends is null and {how_placed()} <> 'time')
"""
WITHOUT_ORDER = f"""
with numbers as materialized (
  select e.id, s.ref as source, e.locator, e.kind, e.text, e.group_name, e.strand, e.period,
    {WAY.format("e")} as way, {sorted_by()} as key, lower(e.period) as words, {how_placed()} as placed
  from evidence e join {source_at(":event")} s on s.id = e.source_id where {UNPLACED}),
mixed as (select {SERIES} from numbers group by {SERIES} having {OUT_OF_ORDER})
select n.id, n.source, n.locator, n.kind, n.text, n.group_name, n.period, n.placed,
  dense_rank() over (order by {", ".join("n." + name for name in SERIES.split(", "))}) as series
from numbers n join mixed using ({SERIES}) order by n.kind, n.text, n.group_name, n.strand, n.way, n.key, n.id
"""


def without_order(db: Database, review: Review, event: int) -> list[Unordered]:
    """The numbers that counted at an event in series of several periods which cannot be put in order.

    Series by series; none where periods are still sorted by their words at the event.
    """
    given = {"review": review.id, "event": event}
    if not one(db, ANY, given):
        return []
    return [Unordered(**row) for row in rows(db, WITHOUT_ORDER, given)]


def refuse_out_of_order(db: Database, review: Review, event: int) -> None:
    """Raise EvidenceInvalid where numbers that counted at an event cannot be put in the order of time."""
    found = without_order(db, review, event)
    if not found:
        return
    series = len({one.series for one in found})
    unplaced = [one for one in found if one.placed != "time"]
    named = listed(f"E{one.id} ({one.period or 'no period'})" for one in unplaced[:SHOWN])
    more = f" and {len(unplaced) - SHOWN:,} more" if len(unplaced) > SHOWN else ""
    raise EvidenceInvalid(
        f"{many(series, 'series')} of {review.key} cannot be put in order of time: {named}{more}",
        hint="Import these items again with a period that says when it was, such as 2021/22 or November 2019,"
        " or give their sources a date; then withdraw the old ones.",
        remedies=[CheckEvidence(review.key)],
    )
