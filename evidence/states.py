"""Items as they were at an event: what a page showed that was read then, and what has become of it since.

Rows are never changed, so that every earlier state can be read: what had been added by the event, and not
withdrawn by it (`evidence.at_event`).
"""

from __future__ import annotations

from typing import TypedDict

from evidence.at_event import counted_at
from evidence.extents import EXTENT_TEXT
from programme.database import Database, one, rows
from programme.reviews import Review

# An item that says something else since has been withdrawn by the event that put another in its place.
IN_ITS_PLACE = """
select n.id from evidence e join evidence n on n.added_event = e.withdrawn_event
  and n.source_id = e.source_id and n.locator = e.locator and n.id <> e.id
where e.id = ? and e.withdrawn_event <= ?
"""
ITEM_THEN = f"""
select e.id as item, e.kind, e.text, coalesce(e.direction, '') as direction,
  coalesce(e.significance, '') as significance, {EXTENT_TEXT} as extent, e.strand, e.value, e.added_event,
  w.id as withdrawn_event, w.by as withdrawn_by, w.because as withdrawn_because
from evidence e left join event w on w.id = e.withdrawn_event and w.id <= :event
where e.id = :item and e.review_id = :review and e.added_event <= :event
"""
TAGS_THEN = f"""
select d.key from tag t join domain d on d.id = t.domain_id
where t.evidence_id = :item and {counted_at("t", ":event")} order by d.position
"""
PLACE_THEN = """
select page || ':' || starts from anchor where evidence_id = :item and added_event <= :event
"""
CHANGED_LAST = """
select max(n) from (
  select added_event as n from tag where evidence_id = :item and added_event <= :event
  union all
  select withdrawn_event from tag where evidence_id = :item and withdrawn_event <= :event
  union all
  select added_event from anchor where evidence_id = :item and added_event <= :event
  union all
  select added_event from evidence where id = :item
  union all
  select withdrawn_event from evidence where id = :item and withdrawn_event <= :event)
"""


class ItemThen(TypedDict):
    """An item at an event."""

    item: int
    """The number of the item that counted: this one, or what had taken its place."""
    kind: str
    text: str
    direction: str
    significance: str
    extent: str
    """How widespread a finding is: '7 of 30 files'; empty where that was not recorded."""
    strand: str
    value: float | None
    domains: list[str]
    place: str
    """Page and first character of its quote, '1:15'; empty where that is not known."""
    withdrawn: str
    """By whom and why it was withdrawn; empty while it counts."""
    event: int
    """The event that changed it last."""


def item_now(db: Database, number: int, event: int | None = None) -> int:
    """The number of the item that counts in the place of this one (by an event): this one, or a later one."""
    until = 2**62 if event is None else event
    while (later := one(db, IN_ITS_PLACE, [number, until])) is not None:
        number = int(later)
    return number


def item_then(db: Database, review: Review, number: int, event: int) -> ItemThen | None:
    """An item, or what had taken its place, at an event; None where the review had no such item then."""
    at = {"item": item_now(db, number, event), "review": review.id, "event": event}
    found = rows(db, ITEM_THEN, at)
    if not found:
        return None
    row = found[0]
    withdrawn = ""
    if row["withdrawn_event"] is not None:
        withdrawn = f"withdrawn by {row['withdrawn_by']}: {row['withdrawn_because']}"
    return {
        "item": row["item"],
        "kind": row["kind"],
        "text": row["text"],
        "direction": row["direction"],
        "significance": str(row["significance"]),
        "extent": row["extent"],
        "strand": row["strand"],
        "value": row["value"],
        "domains": [key for (key,) in db.conn.execute(TAGS_THEN, at)],
        "place": one(db, PLACE_THEN, at) or "",
        "withdrawn": withdrawn,
        "event": int(one(db, CHANGED_LAST, at)),
    }
