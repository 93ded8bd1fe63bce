"""A person's own rating of a domain or question: it counts from the next run on, beside the proposal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlite_utils import Database

from evidence.database import add_event, one, rows, transaction
from evidence.reviews import Review
from rules.errors import EvidenceInvalid

LATEST = """
select target, level from decision
where id in (select max(id) from decision where review_id = ? group by target)
"""


def decided_levels(db: Database, review: Review) -> dict[str, int]:
    """The levels people have decided, by domain or question; taken-back decisions are left out."""
    return {row["target"]: row["level"] for row in rows(db, LATEST, [review.id]) if row["level"] is not None}


def rate(
    db: Database, review: Review, target: str, level_id: str | None, *, by: str, because: str, at: datetime
) -> dict[str, Any]:
    """Record a person's rating (or, with `level_id` None, take the last one back); returns the decision.

    Raises UnknownName for a target or level the framework does not have, EvidenceInvalid without a reason.
    """
    framework = review.framework
    framework.check_target(target)
    number = None if level_id is None else framework.level_number(target, level_id)
    if not because.strip():
        raise EvidenceInvalid("a rating needs a reason", hint="Give it with --because.")
    if not by.strip():
        raise EvidenceInvalid("a rating needs the person who gives it", hint="Give it with --by.")
    with transaction(db):
        if number is None and target not in decided_levels(db, review):
            raise EvidenceInvalid(f"nobody has rated {target!r}, so there is nothing to take back")
        run_id = one(db, "select max(id) from run where review_id = ?", [review.id])
        proposed = one(db, "select proposed from rating where run_id = ? and target = ?", [run_id, target])
        event = add_event(
            db,
            at=at,
            by=by,
            action="rate" if level_id else "take back rating",
            review_id=review.id,
            target=target,
            because=because,
            detail={"level": level_id, "run": run_id, "proposed": proposed},
        )
        db.conn.execute(
            "insert into decision (review_id, target, level, level_key, by, because, on_run_id, proposed,"
            " added_event) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [review.id, target, number, level_id, by, because, run_id, proposed, event],
        )
    return {
        "target": target,
        "level": level_id,
        "by": by,
        "because": because,
        "proposed": proposed,
        "run": run_id,
    }
