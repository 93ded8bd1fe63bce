"""What was changed since an event: an item and its tags, the decisions on a rating.

Whoever says that something was changed because of a challenge, or of a comment of the authority, names what;
here is found what happened to it, each change with the event that made it.
"""

from __future__ import annotations

import json
from typing import TypedDict

from assessment.reasons.grid import CELL
from evidence.items import find_item, item_number
from programme.database import Database, rows_as
from programme.reviews import Review
from rules.framework import Framework, in_language

# What happened to an item and its tags since an event.
ITEM_CHANGES = """
select 'item' as kind, 'E' || id || ' withdrawn' as what, withdrawn_event as event from evidence
where id = :item and withdrawn_event > :since
union all
select 'item', 'E' || id || ' added', added_event from evidence where id = :item and added_event > :since
union all
select 'tag', 'E' || t.evidence_id || ' tagged to “' || d.title || '”', t.added_event
from tag t join domain d on d.id = t.domain_id where t.evidence_id = :item and t.added_event > :since
union all
select 'tag', 'tag of E' || t.evidence_id || ' to “' || d.title || '” withdrawn', t.withdrawn_event
from tag t join domain d on d.id = t.domain_id where t.evidence_id = :item and t.withdrawn_event > :since
order by event, kind, what
"""
# The decisions on a target since an event, and their approvals, with its title and those of its levels.
DECISION_CHANGES = """
select 'decision' as kind, case when kind = 'accept' then :title || ' accepted'
    when level is null then 'decision on ' || :title || ' taken back'
    else :title || ' rated ' || coalesce(json_extract(:levels, '$."' || level_key || '"'), level_key)
  end as what, added_event as event
from decision where review_id = :review and target = :target and added_event > :since
union all
select 'decision', 'rating of ' || :title || ' approved', a.added_event
from approval a join decision d on d.id = a.decision_id
where d.review_id = :review and d.target = :target and a.added_event > :since
order by event
"""


class Effect(TypedDict):
    """An item, tag, decision or rulebook that was changed because of a challenge."""

    kind: str
    what: str
    event: int | None
    """The event that made the change; None for the rulebook."""


def changes_since(db: Database, review: Review, name: str, since: int) -> list[Effect]:
    """What happened after an event to what a name stands for, in order: none where nothing did.

    `name` is an item ('E12', also for its tags), or a domain, a question or 'cell' (its decisions). Raises
    EvidenceInvalid for anything else.
    """
    if is_rated(review, name):
        scale = () if name == CELL else review.framework.scale_of(name)
        levels = json.dumps({level.id: in_language(level.title) for level in scale})
        about = {"title": rating_title(review.framework, name), "levels": levels}
        span = {"review": review.id, "target": name, "since": since, **about}
        return rows_as(Effect, db, DECISION_CHANGES, span)
    number = item_number(name)
    find_item(db, review, number)
    return rows_as(Effect, db, ITEM_CHANGES, {"item": number, "since": since})


def is_rated(review: Review, name: str) -> bool:
    """Whether a name is that of a domain, a question or the cell."""
    return name == CELL or name in review.framework.question_of


def rating_title(framework: Framework, target: str) -> str:
    """What sentences call a domain, a question or the cell: its title in quotation marks, or the position."""
    return "the position on the grid" if target == CELL else f"“{framework.title_of(target)}”"
