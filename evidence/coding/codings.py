"""Codings: what a second reviewer makes of an item that somebody else recorded; their rows and their import.

The recorder's own coding is the item itself (its direction and significance, or its score) with the tags
that the recorder gave it; it is never stored twice. A coding changes no item, no measure and no run: it is
there to be compared (see `evidence.coding.agreement`). Nobody codes an item they recorded. A coding is never
changed: it is withdrawn, and another one may take its place.

The statements here decide about staged codings as those in `evidence.intake.staging` do about items and tags,
after them and in the same import: one decision for every coding that comes in, all of it before anything is
stored.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TypedDict

from evidence.actions import EvidenceAction
from programme.database import Act, Database, add_event, rows, transaction
from programme.names import check_words
from programme.reviews import Review
from rules.errors import EvidenceInvalid, suggest

# --- the import: staged, decided, stored ---------------------------------------------------------------


# --- one coding ----------------------------------------------------------------------------------------


def withdraw_coding(
    db: Database, review: Review, number: int, coded_by: str, *, by: str, because: str, at: datetime
) -> None:
    """Withdraw a reviewer's coding of item `number`; it stays in the record and is compared no more.

    Raises EvidenceInvalid without a reason, and where the reviewer has not coded the item.
    """
    because = check_words(because, "withdrawing a coding")
    with transaction(db):
        codings = {row["coded_by"]: row["id"] for row in rows(db, CODINGS_OF_ITEM, [review.id, number])}
        if coded_by not in codings:
            raise EvidenceInvalid(
                f"{coded_by!r} has not coded item E{number} of {review.key}",
                hint=suggest(coded_by, codings) if codings else "No second reviewer has.",
            )
        act = Act(
            EvidenceAction.WITHDRAW_CODING, by, at, review.id, target=f"E{number} {coded_by}", because=because
        )
        event = add_event(
            db,
            act,
            before={"coded_by": sorted(codings)},
            after={"coded_by": sorted(name for name in codings if name != coded_by)},
        )
        db.conn.execute("update coding set withdrawn_event = ? where id = ?", [event, codings[coded_by]])


CODINGS_OF_ITEM = """
select c.id, c.coded_by from coding c join evidence e on e.id = c.evidence_id
where e.review_id = ? and e.id = ? and c.withdrawn_event is null
"""


class CodingShown(TypedDict):
    """What a second reviewer made of an item."""

    coded_by: str
    direction: str | None
    significance: int | None
    score: float | None
    domains: list[str]
    note: str
    at: str


def list_codings(db: Database, review: Review, number: int) -> list[CodingShown]:
    """What second reviewers made of item `number`, but for batches that are not handed in yet."""
    found = rows(db, SHOWN_CODINGS, [review.id, number])
    return [
        {
            "coded_by": row["coded_by"],
            "direction": row["direction"],
            "significance": row["significance"],
            "score": row["score"],
            "domains": json.loads(row["domains"]),
            "note": row["note"],
            "at": row["at"],
        }
        for row in found
    ]


SHOWN_CODINGS = """
select c.coded_by, c.direction, c.significance, c.score,
  (select json_group_array(key) from (select d.key from coding_domain x join domain d on d.id = x.domain_id
    where x.coding_id = c.id order by d.position)) as domains, c.note, a.at
from shown_coding c join evidence e on e.id = c.evidence_id join event a on a.id = c.added_event
where e.review_id = ? and e.id = ? order by c.coded_by
"""
