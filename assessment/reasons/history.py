"""The life of an item: who added, tagged, coded, counted, withdrew and erased it."""

from __future__ import annotations

import json
from typing import Any, TypedDict

from evidence.at_event import counted_at
from programme.corrections import as_correction, change_words
from programme.database import Database, login_of, one, rows_as
from rules.errors import EvidenceInvalid
from rules.remedy import ListItems
from rules.words import many

ITEM = """
select e.id, v.key as review, e.kind, e.text, s.ref as source, e.locator,
  e.withdrawn_event is not null as withdrawn
from evidence e join review v on v.id = e.review_id join source s on s.id = e.source_id where e.id = ?
"""


# Everything that happened to one item, and what rested on it: runs that counted it, decisions since.
LIFE = f"""
with item as (select * from evidence where id = :item),
tied as (
  select t.*, d.key as domain from tag t join domain d on d.id = t.domain_id where t.evidence_id = :item),
coded as (
  select c.*, (select group_concat(d.key, ', ') from coding_domain b join domain d on d.id = b.domain_id
    where b.coding_id = c.id) as domains
  from coding c where c.evidence_id = :item),
life (event, step, what, about, said, named) as (
  select added_event, 1, 'added', (select 'in place of E' || max(o.id) from evidence o
      where o.source_id = item.source_id and o.locator = item.locator
        and o.withdrawn_event = item.added_event), '', recorded_by
  from item
  union all
  select added_event, 2, 'tagged', domain, note, tagged_by from tied
  union all
  select withdrawn_event, 3, 'tag withdrawn', domain, '', null from tied where withdrawn_event is not null
  union all
  select b.added_event, 4, 'drawn to be coded again', 'batch ' || b.id, '', b.coder
  from coding_batch_item i join coding_batch b on b.id = i.batch_id where i.evidence_id = :item
  union all
  select b.done_event, 5, 'codings handed in', 'batch ' || b.id, '', b.coder
  from coding_batch_item i join coding_batch b on b.id = i.batch_id
  where i.evidence_id = :item and b.done_event is not null
  union all
  select t.added_event, 1, 'settled', coalesce((select group_concat(key, ', ') from (
      select d.key from settlement_domain x join domain d on d.id = x.domain_id
      where x.settlement_id = t.id order by d.position)), 'no domain'),
    trim(coalesce(t.direction, '') || ' ' || coalesce(t.significance, t.score, '')), t.settled_by
  from settlement t where t.evidence_id = :item
  union all
  select added_event, 4, 'coded', coalesce(domains, 'no domain'),
    trim(coalesce(direction, '') || ' ' || coalesce(significance, score, '') || ' ' || note), coded_by
  from coded
  union all
  select withdrawn_event, 5, 'coding withdrawn', coalesce(domains, 'no domain'), '', coded_by
  from coded where withdrawn_event is not null
  union all
  select withdrawn_event, 6, 'withdrawn', (select 'replaced by E' || min(n.id) from evidence n
      where n.source_id = item.source_id and n.locator = item.locator
        and n.added_event = item.withdrawn_event), '', null
  from item where withdrawn_event is not null
  union all
  select r.added_event, 7, 'in a run', 'run ' || r.id, coalesce((select group_concat(domain, ', ') from tied t
      where {counted_at("t", "r.evidence_event")}), 'no domain'), null
  from item join run r on r.review_id = item.review_id and {counted_at("item", "r.evidence_event")}
  union all
  select d.added_event, 8, 'domain decided', d.target, case d.kind when 'accept'
      then 'accepted as ' || coalesce(d.level_key, 'not rated') else coalesce(d.level_key, 'taken back') end,
    null
  from item join decision d on d.review_id = item.review_id
  where exists (select 1 from tied t where t.domain = d.target and {counted_at("t", "d.added_event")})
  union all
  select distinct r.added_event, 9, 'words erased', coalesce((select 'request ' || o.erasure_id
      from erasure_outcome o where o.added_event = r.added_event), ''), '', null
  from revised_row r where r.table_name = 'evidence' and r.row_id = :item
  union all
  select w.added_event, 9, 'source corrected', w.ref, '', null
  from item join source_was w on w.source_id = item.source_id and w.added_event > item.added_event)
select l.event, e.at, e.by, {login_of("e")} as login,
  l.what, coalesce(l.about, '') as about, l.said, l.named, e.because, e.before,
  e.after
from life l join event e on e.id = l.event order by l.event, l.step, l.about
"""


class Step(TypedDict):
    """Something that happened to an item, or to what rests on it."""

    event: int
    at: str
    by: str
    login: str
    """Under which login of the system, if it was done on the command line."""
    what: str
    about: str
    said: str
    named: str | None
    """Who is credited, if recorded."""
    because: str
    before: Any
    after: Any


class ItemNamed(TypedDict):
    """An item, and where it was found."""

    id: int
    review: str
    kind: str
    text: str
    source: str
    locator: str


class Life(ItemNamed):
    """An item and its life, in the order of events."""

    withdrawn: bool
    life: list[Step]


class _Item(ItemNamed):
    withdrawn: int


def history_of(db: Database, number: int) -> Life:
    """The life of an item: added, tagged, coded, settled, withdrawn, erased, the runs it was in, decisions.

    Raises EvidenceInvalid.
    """
    found = rows_as(_Item, db, ITEM, [number])
    if not found:
        count = one(db, "select count(*) from evidence")
        raise EvidenceInvalid(
            f"there is no item E{number}",
            hint=f"The database holds {many(count, 'item')}.",
            remedies=[ListItems()],
        )
    life = rows_as(Step, db, LIFE, {"item": number})
    for step in life:
        step["before"], step["after"] = json.loads(step["before"]), json.loads(step["after"])
        if step["what"] == "source corrected":
            step["said"] = "; ".join(map(change_words, as_correction(step)["changes"]))
    return {**found[0], "withdrawn": bool(found[0]["withdrawn"]), "life": life}
