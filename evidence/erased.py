"""What counted at an event and had words erased since: the digest of that evidence cannot be made again."""

from __future__ import annotations

from evidence.at_event import counted_at
from programme.actions import ProgrammeAction
from programme.database import Database, rows
from programme.reviews import Review
from programme.revisions import is_revised
from programme.stored import name_of_row

ERASED_SINCE = f"""
select distinct r.added_event, r.table_name as "table", r.row_id as number
from revised_row r
join evidence e on (r.table_name = 'evidence' and r.row_id = e.id)
  or (r.table_name = 'source' and r.row_id = e.source_id)
join event v on v.id = r.added_event and v.action <> '{ProgrammeAction.CORRECT}'
where e.review_id = :review and {counted_at("e", ":event")} order by 1, 2, 3
"""


def erased_evidence(db: Database, review: Review, event: int) -> list[str]:
    """The items and sources that counted at an event and had words erased since: 'item E12 (event 57)'."""
    found = rows(db, ERASED_SINCE, {"review": review.id, "event": event}) if is_revised(db) else []
    return [f"{name_of_row(row['table'], row['number'])} (event {row['added_event']})" for row in found]
