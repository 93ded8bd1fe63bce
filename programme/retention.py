"""Until when reviews are kept, and which are due: a list for people, who then erase what they decide to.

Nothing is erased by itself. Setting another date is a row of its own; the latest counts.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date, datetime
from typing import TypedDict

from programme.actions import ProgrammeAction
from programme.calendar import day_words, uk_day
from programme.database import Act, Database, add_event, insert, rows, rows_as, transaction
from programme.names import check_person, check_words
from programme.reviews import Review
from programme.seals import columns_of
from rules.errors import EvidenceInvalid

LATEST = """
select v.key as review, v.authority, r.keep_until, r.by, r.because, a.at, r.keep_until < :on as due
from review v join retention r on r.id = (select max(id) from retention where review_id = v.id)
join event a on a.id = r.added_event
"""
OF_REVIEW = "where v.id = :review"


class Kept(TypedDict):
    """Until when a review is kept."""

    review: str
    """Its key."""
    authority: str
    keep_until: str
    """The last day on which it is kept, as YYYY-MM-DD."""
    by: str
    because: str
    at: str
    due: int
    """1 once that day has passed."""


def set_retention(db: Database, review: Review, until: date, *, by: str, because: str, at: datetime) -> Kept:
    """Set the last day on which a review is kept, and why. Raises WordsMissing, EvidenceInvalid."""
    by, because = check_person(by, "a retention date"), check_words(because, "a retention date")
    with transaction(db):
        kept = kept_until(db, review, uk_day(at))
        if kept and kept["keep_until"] == until.isoformat():
            raise EvidenceInvalid(
                f"the review {review.key} is already kept until {day_words(until.isoformat())}"
            )
        act = Act(ProgrammeAction.RETAIN, by, at, review.id, review.key, because)
        after = {"keep_until": until.isoformat()}
        event = add_event(db, act, before=kept and {"keep_until": kept["keep_until"]}, after=after)
        row = {"review_id": review.id, "by": by, "because": because, "added_event": event}
        insert(db, "retention", {**row, **after})
        return rows_as(Kept, db, LATEST + OF_REVIEW, {"review": review.id, "on": uk_day(at).isoformat()})[0]


def kept_until(db: Database, review: Review, on: date) -> Kept | None:
    """Until when a review is kept, and whether that is past on a day; None where no date was set."""
    if not columns_of(db.conn, "retention"):
        return None  # an older file, which is served as it is
    found = rows_as(Kept, db, LATEST + OF_REVIEW, {"review": review.id, "on": on.isoformat()})
    return found[0] if found else None


def kept_at(db: Database, review: Review, event: int) -> tuple[str, int] | None:
    """Until when a review was to be kept at an event, and the event that said so; None where none had."""
    found = rows(
        db,
        "select keep_until, added_event from retention where review_id = ? and added_event <= ?"
        " order by id desc limit 1",
        [review.id, event],
    )
    return next(((row["keep_until"], row["added_event"]) for row in found), None)


def kept_reviews(db: Database, on: date, only: Collection[str] | None = None) -> list[Kept]:
    """The reviews (of those named in `only`) with a retention date, the first to end first."""
    if not columns_of(db.conn, "retention"):
        return []  # likewise
    named = None if only is None else json.dumps(sorted(only))
    where = (
        "where :only is null or v.key in (select value from json_each(:only)) order by r.keep_until, v.key"
    )
    return rows_as(Kept, db, LATEST + where, {"only": named, "on": on.isoformat()})


def due_reviews(db: Database, on: date, only: Collection[str] | None = None) -> list[Kept]:
    """Those whose date has passed on a day."""
    return [kept for kept in kept_reviews(db, on, only) if kept["due"]]
