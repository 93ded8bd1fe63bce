"""Batches and codings as they were at an event: what a page showed that was read then.

Nothing here tells anybody what another coder made of an item.
"""

from __future__ import annotations

import json
from typing import TypedDict

from evidence.at_event import counted_at
from programme.database import Database, one, rows, rows_as
from programme.reviews import Review

OPEN_THEN = """
select b.id as number, e.by, b.added_event, (
  select count(*) from coding_batch_item i where i.batch_id = b.id) as items
from coding_batch b join event e on e.id = b.added_event
where b.review_id = :review and b.coder = :coder and b.added_event <= :event
  and (b.done_event is null or b.done_event > :event) order by b.id
"""
BATCH_THEN = f"""
select b.coder, max(b.added_event, coalesce(h.id, 0), coalesce((
    select max(c.added_event) from coding_batch_item i
    join coding c on c.evidence_id = i.evidence_id and c.coded_by = b.coder and c.added_event <= :event
    where i.batch_id = b.id), 0)) as event, coalesce(h.by, '') as done_by,
  (select count(*) from coding_batch_item i
    join coding c on c.evidence_id = i.evidence_id and c.coded_by = b.coder and {counted_at("c", ":event")}
    where i.batch_id = b.id) as coded,
  (select count(*) from coding_batch_item i join evidence e on e.id = i.evidence_id
    where i.batch_id = b.id and e.withdrawn_event <= :event) as gone
from coding_batch b left join event h on h.id = b.done_event and h.id <= :event
where b.id = :batch and b.review_id = :review and b.added_event <= :event
"""
CODING_THEN = f"""
select coalesce(c.direction, '') as direction, coalesce(c.significance, '') as significance,
  coalesce(c.score, '') as score, c.note, c.added_event, (select json_group_array(key) from (
    select d.key from coding_domain x join domain d on d.id = x.domain_id
    where x.coding_id = c.id order by d.position)) as domains
from coding c join coding_batch b on b.coder = c.coded_by and b.id = :batch
where c.evidence_id = :item and {counted_at("c", ":event")}
"""
CODERS_THEN = f"""
select c.coded_by as name from coding c where c.evidence_id = :item and {counted_at("c", ":event")}
  and not exists (
    select 1 from coding_batch_item i join coding_batch b on b.id = i.batch_id
    where i.evidence_id = c.evidence_id and b.coder = c.coded_by
      and (b.done_event is null or b.done_event > :event))
order by c.id
"""
SETTLED_THEN = """
select 'settled by ' || settled_by from settlement
where :item in (evidence_id, replaced_by) and added_event <= :event
"""


class BatchOpen(TypedDict):
    """A batch that was open at an event."""

    number: int
    by: str
    added_event: int
    items: int


class BatchThen(TypedDict):
    """How far a batch was at an event."""

    coder: str
    event: int
    """The event that changed it last."""
    done_by: str
    """Empty while it is open."""
    coded: int
    gone: int
    """How many items had left it."""


class CodingThen(TypedDict):
    """What the coder of a batch had made of one of its items at an event."""

    direction: str
    significance: str
    score: str
    note: str
    added_event: int
    domains: list[str]


def open_then(db: Database, review: Review, coder: str, event: int) -> list[BatchOpen]:
    """The batches that a coder had open."""
    return rows_as(BatchOpen, db, OPEN_THEN, {"review": review.id, "coder": coder, "event": event})


def batch_then(db: Database, review: Review, number: int, event: int) -> BatchThen | None:
    """How far a batch was; None where the review had none of that number."""
    asked = {"review": review.id, "batch": number, "event": event}
    return next(iter(rows_as(BatchThen, db, BATCH_THEN, asked)), None)


def coding_then(db: Database, batch: int, item: int, event: int) -> CodingThen | None:
    """What the coder of a batch had made of an item; None before they coded it."""
    found = rows(db, CODING_THEN, {"batch": batch, "item": item, "event": event})
    if not found:
        return None
    row = found[0]
    return {
        "direction": row["direction"],
        "significance": str(row["significance"]),
        "score": str(row["score"]),
        "note": row["note"],
        "added_event": row["added_event"],
        "domains": json.loads(row["domains"]),
    }


def coders_then(db: Database, item: int, event: int) -> list[str]:
    """Who had coded an item, but for batches that were not handed in yet."""
    return [row["name"] for row in rows(db, CODERS_THEN, {"item": item, "event": event})]


def settled_then(db: Database, item: int, event: int) -> str:
    """By whom an item had been settled; empty where it had not."""
    return one(db, SETTLED_THEN, {"item": item, "event": event}) or ""
