"""Meetings on a report: planned for a day, held, or called off.

A meeting on the draft that is planned or was held moves the dates that are counted from it (`milestones`).
Who attended is told by roles: the names of people do not belong here.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TypedDict

from programme.calendar import day_words, uk_day
from programme.database import Act, Database, add_event, insert, rows_as, transaction
from programme.names import check_person, check_words
from programme.permissions import Action
from programme.reviews import Review
from programme.users import check_may
from report.actions import ReportAction
from report.schema import MEETINGS
from rules.errors import DecisionRefused, UnknownName


class Meeting(TypedDict):
    """A meeting of a review."""

    id: int
    kind: str
    planned_for: str
    """The day as ISO date, with 'T10:30' behind it where a time is known (UK time)."""
    note: str
    by: str
    held_on: str | None
    attended: str
    said: str
    """A note of what was said; empty where there is none."""
    called_off: int
    """1 where it was called off."""


OF_REVIEW = """
select m.id, m.kind, m.planned_for, m.note, m.by, h.held_on, coalesce(h.attended, '') as attended,
  coalesce(h.note, '') as said, m.withdrawn_event is not null as called_off
from meeting m left join meeting_held h on h.meeting_id = m.id
where m.review_id = ? order by substr(m.planned_for, 1, 10), m.id
"""
TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def meetings_of(db: Database, review: Review) -> list[Meeting]:
    """The meetings of a review by their planned days, those called off included."""
    return rows_as(Meeting, db, OF_REVIEW, [review.id])


def find_meeting(db: Database, review: Review, number: int) -> Meeting:
    """A meeting of this review; raises UnknownName."""
    known = {meeting["id"]: meeting for meeting in meetings_of(db, review)}
    if number not in known:
        raise UnknownName("meeting", str(number), [str(each) for each in known])
    return known[number]


def plan_meeting(
    db: Database,
    review: Review,
    kind: str,
    day: date,
    *,
    time: str = "",
    note: str = "",
    by: str,
    at: datetime,
) -> Meeting:
    """Plan a meeting for a day, with a time (10:30, UK time) where it is known.

    Raises UnknownName for a kind that there is none of, and DecisionRefused for a time that is none.
    """
    by, note = check_person(by, "a meeting"), check_words(note, "a meeting") if note.strip() else ""
    if kind not in MEETINGS:
        raise UnknownName("kind of meeting", kind, MEETINGS)
    planned = day.isoformat() + _time(time)
    with transaction(db):
        check_may(db, by, Action.PLAN_REPORT, review.key, "plan a meeting")
        act = Act(ReportAction.PLAN_MEETING, by, at, review.id, f"meeting: {kind}", note)
        event = add_event(db, act, after={"planned_for": planned})
        row = {"review_id": review.id, "kind": kind, "planned_for": planned, "note": note, "by": by}
        made = insert(db, "meeting", {**row, "added_event": event})
        return find_meeting(db, review, made)


def _time(text: str) -> str:
    if not text.strip():
        return ""
    match = TIME.fullmatch(text.strip())
    if match is None:
        raise DecisionRefused(f"{text!r} is not a time of day", hint="Write it like 10:30.")
    return f"T{int(match[1]):02}:{match[2]}"


def hold_meeting(
    db: Database,
    review: Review,
    number: int,
    held_on: date,
    *,
    attended: str,
    note: str = "",
    by: str,
    at: datetime,
) -> Meeting:
    """Record that a planned meeting was held, on which day, and who attended, by role.

    Raises DecisionRefused for a day to come, and for a meeting that was held or called off already.
    """
    by, attended = check_person(by, "a meeting"), check_words(attended, "who attended a meeting")
    note = check_words(note, "a meeting") if note.strip() else ""
    with transaction(db):
        check_may(db, by, Action.PLAN_REPORT, review.key, "record a meeting")
        found = find_meeting(db, review, number)
        _refuse_ended(found)
        if held_on > uk_day(at):
            raise DecisionRefused(
                f"{day_words(held_on.isoformat())} is still to come", hint="Plan the meeting for that day."
            )
        act = Act(ReportAction.HOLD_MEETING, by, at, review.id, f"meeting {number}: {found['kind']}", note)
        event = add_event(db, act, after={"held_on": held_on.isoformat()})
        row = {"held_on": held_on.isoformat(), "attended": attended, "note": note, "by": by}
        insert(db, "meeting_held", {"meeting_id": number, **row, "added_event": event})
        return find_meeting(db, review, number)


def call_off_meeting(
    db: Database, review: Review, number: int, *, because: str, by: str, at: datetime
) -> Meeting:
    """Call a planned meeting off; raises DecisionRefused for one that was held or called off already."""
    by, because = check_person(by, "a meeting"), check_words(because, "calling a meeting off")
    with transaction(db):
        check_may(db, by, Action.PLAN_REPORT, review.key, "call a meeting off")
        found = find_meeting(db, review, number)
        _refuse_ended(found)
        act = Act(ReportAction.CALL_OFF, by, at, review.id, f"meeting {number}: {found['kind']}", because)
        db.conn.execute("update meeting set withdrawn_event = ? where id = ?", [add_event(db, act), number])
        return find_meeting(db, review, number)


def _refuse_ended(found: Meeting) -> None:
    if found["held_on"]:
        raise DecisionRefused(f"meeting {found['id']} was held on {day_words(found['held_on'])}")
    if found["called_off"]:
        raise DecisionRefused(f"meeting {found['id']} was called off", hint="Plan another one.")
