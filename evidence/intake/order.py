"""Numbers of an import whose periods cannot be put in order with the others of their series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evidence.at_event import PUBLISHED, sorted_by
from evidence.series import OUT_OF_ORDER, SERIES, WAY, how_placed
from programme.database import Database, one, rows
from programme.periods import PERIOD_HINT

MOST_UNPLACED = 20
"""How many periods that do not say when they were are named."""
Found = Callable[[str], list[dict[str, Any]]]
Say = Callable[..., None]

DATED = """
dated (ref_no, dated) as materialized (
  select ref_no, dated from incoming_source join incoming_ref using (ref_no) where is_new group by ref_no
  union all select r.ref_no, s.dated from incoming_ref r join source s on s.id = r.source_id
  where not r.is_new)
"""
WITHOUT_TIME = f"""
with {DATED}
select exists (
    select 1 from incoming_new w cross join incoming_item i on i.n = w.n left join dated s using (ref_no)
    where i.kind in ('survey_result', 'indicator') and {how_placed("i", "s")} <> 'time')
  or exists (
    select 1 from evidence e join source s on s.id = e.source_id
    where e.review_id in (select review_id from incoming_ref)
      and e.ends is null and e.kind in ('survey_result', 'indicator')
      and e.withdrawn_event is null and {how_placed()} <> 'time'
      and exists (select 1 from incoming_item where kind in ('survey_result', 'indicator')))
"""
# The rows of series that would hold periods in no order of time: those without a place in time; or all of
# them, where what is stored has none. Numbers that are not published count for nothing.
OUT_OF_ORDER_ROWS = f"""
with {DATED},
incoming as materialized (
  select i.n, i.place, r.review_id, i.kind, i.text, i.group_name, i.strand, {WAY.format("i")} as way,
    i.period, {sorted_by("i")} as key, lower(i.period) as words, {how_placed("i", "s")} as placed
  from incoming_new w cross join incoming_item i on i.n = w.n cross join incoming_ref r on r.ref_no = i.ref_no
  left join dated s on s.ref_no = i.ref_no
  where i.kind in ('survey_result', 'indicator') and i.value is not null),
numbers as (
  select * from incoming
  union all
  select null, 'E' || e.id, e.review_id, e.kind, e.text, e.group_name, e.strand, {WAY.format("e")}, e.period,
    {sorted_by()}, lower(e.period), {how_placed()}
  from evidence e join source s on s.id = e.source_id
  where e.kind in ('survey_result', 'indicator') and e.withdrawn_event is null and {PUBLISHED}
    and e.id not in (select active_id from incoming_place where state = 'changed' and active_id is not null)
    and e.review_id in (select review_id from incoming)
    and (e.kind, e.text) in (select kind, text from incoming)),
mixed as materialized (
  select review_id, {SERIES}, sum(n is not null and placed <> 'time') as without,
    min(case when placed = 'time' then place || char(31) || period end) as clear,
    min(case when placed <> 'time' then place || char(31) || period end) as unclear
  from numbers group by review_id, {SERIES} having {OUT_OF_ORDER})
select i.n, i.place, i.kind, i.period, i.placed,
  coalesce(iif(i.placed = 'time', m.unclear, m.clear), '') as other
from incoming i join mixed m using (review_id, {SERIES}) where i.placed <> 'time' or m.without = 0
"""
NOT_PLACED = f"""
select i.place, i.period from incoming_new w cross join incoming_item i on i.n = w.n
where i.kind in ('survey_result', 'indicator') and i.period <> '' and i.ends is null order by i.n
limit {MOST_UNPLACED}
"""


def check_series(db: Database, found: Found, say: Say) -> None:
    """Say which new numbers have a period that cannot be put in order with the others of their series."""
    if not one(db, WITHOUT_TIME):
        return
    for row in found(OUT_OF_ORDER_ROWS):
        what = "indicator" if row["kind"] == "indicator" else "question and group"
        other, _, period = row["other"].partition("\x1f")
        besides = f", such as {f'{period!r}' if period else 'that of its source'} ({other})" if other else ""
        said = repr(row["period"])
        if not row["period"]:
            said = "a result without a period, from a source without a date,"
        if row["placed"] == "time":
            message = f"this {what} has a period that does not say when it was{besides}."
        else:
            message = f"{said} does not say when it was, and this {what} has other periods{besides}."
        say(f"{row['place']}, column 'period'", message, PERIOD_HINT)


def not_placed(db: Database) -> list[str]:
    """The places of new numbers whose period does not say when it was, each with the period; the first 20."""
    return [f"{row['place']}: {row['period']}" for row in rows(db, NOT_PLACED)]
