"""Decisions, challenges, panels and statements as they were at an event: what a page showed then.

Each is a few words for people, and the event that made it so: two that are the same at two events have not
changed between them. Rows are never changed, so that every earlier state can be read.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from programme.database import Database, rows
from programme.reviews import Review
from rules.framework import in_language

DECISION = """
select d.kind, d.level, d.by, d.because, d.added_event, a.by as approved_by, a.added_event as approved_event
from decision d
left join approval a on a.id = (
  select max(id) from approval where decision_id = d.id and added_event <= :event)
where d.id = (select max(id) from decision
  where review_id = :review and target = :target and added_event <= :event)
"""
CHALLENGE = """
select o.outcome, o.by, o.because, max(c.added_event, coalesce(o.added_event, 0)) as event
from challenge c left join challenge_outcome o on o.challenge_id = c.id and o.added_event <= :event
where c.id = :challenge and c.review_id = :review and c.added_event <= :event
"""
REPLIES = """
select by, text, added_event from challenge_reply where challenge_id = :challenge and added_event <= :event
order by id
"""
# The latest panel on a rating: not what anybody voted.
PANEL = """
select p.id, p.by, p.added_event, c.id as closed_event, c.by as closed_by
from panel p left join event c on c.id = p.closed_event and c.id <= :event
where p.review_id = :review and p.target = :target and p.added_event <= :event order by p.id desc limit 1
"""
VOTERS = """
select m.name, v.added_event from panel_member m join vote v on v.member_id = m.id
where m.panel_id = :panel and v.added_event <= :event order by m.id
"""
STATEMENT = """
select level, by, because, added_event from confidence
where run_id = :run and target = :target and added_event <= :event order by id desc limit 1
"""


class Then(NamedTuple):
    """What was there at an event."""

    words: tuple[str, ...] = ()
    """Nothing where there was nothing."""
    event: int = 0
    """The event that made it so; 0 where there was nothing."""


def _latest(db: Database, sql: str, values: dict[str, Any]) -> dict[str, Any] | None:
    found = rows(db, sql, values)
    return found[0] if found else None


def decision_then(db: Database, review: Review, target: str, event: int) -> Then:
    """The latest decision on a rating, with its approval."""
    row = _latest(db, DECISION, {"review": review.id, "target": target, "event": event})
    if row is None:
        return Then()
    said = f"{_decided(review, target, row)} by {row['by']}"
    said += f" (“{row['because']}”)" if row["because"] else ""
    if row["approved_by"]:
        said += f", approved by {row['approved_by']}"
    return Then((said,), max(row["added_event"], row["approved_event"] or 0))


def _decided(review: Review, target: str, row: dict[str, Any]) -> str:
    if row["kind"] == "accept":
        return "accepted"
    if row["level"] is None:
        return "taken back"
    return f"rated “{in_language(review.framework.level(target, row['level']).title)}”"


def challenge_then(db: Database, review: Review, number: int, event: int) -> Then:
    """Whether a challenge was open, or how it had been closed."""
    found = rows(db, CHALLENGE, {"challenge": number, "review": review.id, "event": event})
    if not found or found[0]["event"] is None:
        return Then()
    row = found[0]
    said = f"{row['outcome']}, closed by {row['by']} (“{row['because']}”)" if row["outcome"] else "open"
    return Then((said,), row["event"])


def replies_then(db: Database, number: int, event: int) -> Then:
    """The replies to a challenge."""
    found = rows(db, REPLIES, {"challenge": number, "event": event})
    last = max((row["added_event"] for row in found), default=0)
    return Then(tuple(f"{row['by']}: “{row['text']}”" for row in found), last)


def panel_then(db: Database, review: Review, target: str, event: int) -> Then:
    """The latest panel on a rating, and whether it had been closed early."""
    row = _latest(db, PANEL, {"review": review.id, "target": target, "event": event})
    if row is None:
        return Then()
    said = f"panel {row['id']}, opened by {row['by']}"
    if row["closed_by"]:
        said += f", closed by {row['closed_by']}"
    return Then((said,), row["closed_event"] or row["added_event"])


def voters_then(db: Database, review: Review, target: str, event: int) -> Then:
    """Who had voted on the latest panel on a rating."""
    panel = rows(db, PANEL, {"review": review.id, "target": target, "event": event})
    found = rows(db, VOTERS, {"panel": panel[0]["id"], "event": event}) if panel else []
    last = max((row["added_event"] for row in found), default=0)
    return Then(tuple(row["name"] for row in found), last)


def statement_then(db: Database, run: int, domain: str, event: int) -> Then:
    """The latest statement of confidence in a rating of a run."""
    row = _latest(db, STATEMENT, {"run": run, "target": domain, "event": event})
    if row is None:
        return Then()
    return Then((f"{row['level']}, signed by {row['by']} (“{row['because']}”)",), row["added_event"])
