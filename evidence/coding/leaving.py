"""Items that leave a batch while it is open: nothing that a coder is coding is changed under them.

An item that is changed or withdrawn is put away as it was, and with that it leaves every open batch: its
coder is told who did it and when, not why, since the reason may tell what somebody made of it. What has taken
its place is not given to the coder. Each batch gets an event of its own, before that of the change.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, TypedDict

from evidence.actions import EvidenceAction
from programme.database import Act, Database, add_event, rows
from programme.reviews import Review

IN_OPEN_BATCHES = """
select b.id as batch, b.coder, i.evidence_id as item from coding_batch_item i
join coding_batch b on b.id = i.batch_id
where b.done_event is null and i.evidence_id in (select value from json_each(?)) order by b.id, i.evidence_id
"""
LEFT = """
select w.id as event, w.by, w.at, exists (select 1 from evidence n where n.added_event = e.withdrawn_event
    and n.source_id = e.source_id and n.locator = e.locator) as changed
from evidence e join event w on w.id = e.withdrawn_event
where e.id = ? and e.review_id = ? and w.id <= ?
"""


class Left(TypedDict):
    """Who took an item out of its batch, and when."""

    by: str
    at: str
    changed: bool
    """Whether it was changed; withdrawn otherwise."""


class LeftThen(NamedTuple):
    """The same as of an event, in words."""

    words: str
    event: int


def leave_batches(db: Database, review: Review, items: Sequence[int], *, by: str, at: datetime) -> None:
    """Record that items leave the open batches that hold them, inside the caller's `transaction`.

    To be called before the event that changes or withdraws them is added: that one seals the rows.
    """
    batches: dict[tuple[int, str], list[int]] = {}
    for row in rows(db, IN_OPEN_BATCHES, [json.dumps(list(items))]):
        batches.setdefault((row["batch"], row["coder"]), []).append(row["item"])
    for (batch, coder), gone in batches.items():
        act = Act(EvidenceAction.LEAVE_BATCH, by, at, review.id, target=f"batch {batch}")
        names = [f"E{number}" for number in gone]
        add_event(db, act, detail={"coder": coder}, before={"items": names}, after={"items": []})


def left_then(db: Database, review: Review, item: int, event: int) -> LeftThen | None:
    """Who had taken an item out of its batch by an event; None while it was there."""
    found = rows(db, LEFT, [item, review.id, event])
    if not found:
        return None
    done = "changed" if found[0]["changed"] else "withdrawn"
    return LeftThen(f"{done} by {found[0]['by']}", found[0]["event"])
