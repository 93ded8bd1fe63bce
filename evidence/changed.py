"""Whether what counts of a review's evidence has changed since an event, found without reading all of it.

Evidence counts as lines: an item of a source, and a domain it is tagged to (see the digest in
`evidence.measures.compute`). What is neither added nor withdrawn since is the same line now as then, so that
only rows that the review's own later events added or marked are looked at. Sealing tells which they are.
A source whose details were corrected gives its lines another digest.
Where periods were sorted by their words at the event and are sorted by time now, the evidence has changed if
that gives another order.
An item that was put in the place of another and says the same is the same line, and one that was added and
withdrawn since is none.
"""

from __future__ import annotations

from evidence.at_event import PLACED_SINCE, counted_at
from evidence.series import READ_SINCE
from programme.database import Database, one
from programme.reviews import Review

# An item of the same source that says the same: at any one time only one of a place counts.
_SAME = "o.source_id = e.source_id and o.locator = e.locator and o.digest = e.digest"
# `later`: the events of the review since. `batch`: the rows that came with them; also the batch that begins
# with the first row of a table, since an upgrade sealed under one event what an older file held by then, of
# all reviews. `item` and `tie`: the items and tags of the review that such rows and marks are about.
# A cross join is one that SQLite takes in the order written: from the few rows that changed to what they are
# of. The plus keeps it from going through all items of the review instead.
CHANGED = f"""
with later (event) as (select id from event where review_id = :review and id > :event),
batch (of, first, last) as (
  select s.table_name, s.first_id, s.last_id from later
  cross join sealed_rows s on s.event_id = later.event and s.table_name in ('evidence', 'tag')
    and s.column_name = ''
  union all
  select table_name, first_id, last_id from sealed_rows
  where table_name in ('evidence', 'tag') and column_name = '' and first_id = 1 and event_id > :event),
new_item as (
  select e.* from batch b cross join evidence e on e.id between b.first and b.last
  where b.of = 'evidence' and +e.review_id = :review and e.added_event > :event
    and e.withdrawn_event is null),
old_item as (
  select e.* from later cross join evidence e on e.withdrawn_event = later.event
  where +e.review_id = :review and e.added_event <= :event),
new_tag as (
  select t.* from batch b cross join tag t on t.id between b.first and b.last
  where b.of = 'tag' and t.added_event > :event and t.withdrawn_event is null),
old_tag as (
  select t.* from later cross join tag t on t.withdrawn_event = later.event where t.added_event <= :event
  union all
  select t.* from old_item e cross join tag t on t.evidence_id = e.id where {counted_at("t", ":event")})
select case
  when exists (
    select 1 from later cross join source_was w on w.added_event = later.event
    cross join source s on s.id = w.source_id
    where s.digest <> (select o.digest from source_was o where o.id = (
        select min(x.id) from source_was x where x.source_id = s.id and x.added_event > :event))
      and exists (select 1 from evidence e where e.source_id = s.id and e.withdrawn_event is null)) then 1
  when exists (select 1 from new_item e where not exists (
    select 1 from evidence o where {_SAME} and {counted_at("o", ":event")})) then 1
  when exists (select 1 from old_item e where not exists (
    select 1 from evidence o where {_SAME} and o.withdrawn_event is null)) then 1
  when exists (
    select 1 from new_tag t cross join evidence e on e.id = t.evidence_id
    where +e.review_id = :review and e.withdrawn_event is null and not exists (
      select 1 from evidence o cross join tag p on p.evidence_id = o.id and p.domain_id = t.domain_id
      where {_SAME} and {counted_at("o", ":event")} and {counted_at("p", ":event")})) then 1
  when exists (
    select 1 from old_tag t cross join evidence e on e.id = t.evidence_id
    where +e.review_id = :review and {counted_at("e", ":event")} and not exists (
      select 1 from evidence o cross join tag p on p.evidence_id = o.id and p.domain_id = t.domain_id
      where {_SAME} and o.withdrawn_event is null and p.withdrawn_event is null)) then 1
  else 0 end
"""
CHANGED_OR_MOVED = f"""
select case when ({CHANGED}) then 1 when :event < {PLACED_SINCE} then ({READ_SINCE}) > 0 else 0 end
"""


def evidence_changed(db: Database, review: Review, event: int) -> bool:
    """Whether the evidence of a review that counts now is another than what counted at an event.

    Costs what the review's own events since have touched, up to the first difference.
    """
    return bool(one(db, CHANGED_OR_MOVED, {"review": review.id, "event": event}))
