"""Evidence that came in with a comment on the draft report: marked where it is shown, and closed at first.

What was offered late and is not of the time of the review (dated after its window, or not so then) can be
read but not tagged, until the lead releases it with a reason. The database itself refuses the tag
(`CLOSED`), whichever way it comes. Which sources these are is recorded by `report.offered`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from programme.database import REFUSED, Database, rows
from programme.seals import columns_of

CLOSED = (
    f"{REFUSED}this item is of a source that was offered with a comment on the report and is not of the time"
    " of the review, so it cannot be tagged until the lead releases it"
)
CLOSED_TO_TAGS = f"""
create trigger tag_not_of_closed_source before insert on tag
when exists (
  select 1 from evidence e join comment_source c on c.source_id = e.source_id
  where e.id = new.evidence_id and c.of_the_time = 0 and c.released_event is null)
begin select raise(abort, '{CLOSED}'); end
"""
OFFERED = """
select s.id, c.number, e.number as edition, o.of_the_time, o.released_event is not null as released
from comment_source o join source s on s.id = o.source_id join comment c on c.id = o.comment_id
join edition e on e.id = c.edition_id
where :sources is null or s.id in (select value from json_each(:sources))
order by o.id
"""


def late_words(db: Database, source: int) -> str:
    """How a source (by its row) came in late, in a sentence without its end; empty for one that did not."""
    return late_sources(db, [source]).get(source, "")


def late_sources(db: Database, sources: Collection[int] | None = None) -> dict[int, str]:
    """How these sources (or all) came in late, in sentences without their ends, by their rows."""
    asked = None if sources is None else json.dumps(sorted(sources))
    try:
        found = rows(db, OFFERED, {"sources": asked})
    except sqlite3.OperationalError:
        if columns_of(db.conn, "comment_source"):
            raise
        return {}  # an older file, which is served as it is
    return {row["id"]: _words(row) for row in found}


def _words(row: dict[str, int]) -> str:
    said = f"offered late, with comment {row['number']} on edition {row['edition']} of the report"
    if row["of_the_time"]:
        return said
    return f"{said}; not of the time of the review, {'released for tagging' if row['released'] else 'closed'}"
