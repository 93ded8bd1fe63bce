"""What people have decided, as far as it counts in the next run."""

from __future__ import annotations

from sqlite_utils import Database

from evidence.database import rows
from evidence.reviews import Review

COUNTING = """
select target, level from decision_state
where review_id = ? and kind = 'override' and state = 'approved' order by id
"""


def decided_levels(db: Database, review: Review) -> dict[str, int]:
    """The levels people have decided, by domain or question: overrides that another person has approved.

    An override that awaits approval, or whose approval has lapsed, does not count; nor does one that was
    taken back or followed by another decision. An accepted rating is the rules' own and is not among these.
    """
    return {row["target"]: row["level"] for row in rows(db, COUNTING, [review.id])}
