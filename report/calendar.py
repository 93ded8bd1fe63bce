"""The dates of a review as a calendar file: a day for every step, with how it came about."""

from __future__ import annotations

from datetime import datetime

from programme.calendarfile import Entry, calendar_file
from programme.database import Database, one
from programme.reviews import Review
from report.milestones import Milestone, last_change, milestones
from rules.framework import in_language

NAMES = {"en": "Review of {}", "cy": "Adolygiad o {}"}
"""What the calendar is called."""


def review_calendar(db: Database, review: Review, language: str = "en") -> bytes:
    """The calendar of a review as an .ics file: an entry for every step that has a day.

    The same calendar gives the same bytes. An entry keeps its name for good, and its number rises with every
    change, so that a calendar that has it follows. Raises ReviewError where `icalendar` is not installed.
    """
    change = last_change(db, review)
    changed_at = one(db, "select at from event where id = ?", [change]) if change else None
    stamp = datetime.fromisoformat(changed_at or "1970-01-01T00:00:00+00:00")
    entries = [
        Entry(
            f"{found.step}@{review.key}",
            in_language(found.title, language),
            found.day,
            sequence=change,
            text=how_it_came(found),
        )
        for found in milestones(db, review)
        if found.day is not None
    ]
    name = NAMES.get(language, NAMES["en"]).format(review.authority)
    return calendar_file(name, entries, stamp)


def how_it_came(found: Milestone) -> str:
    """Where the day of a step comes from, in a sentence."""
    computed = f"Computed: {found.how}." if found.computed else ""
    if found.source == "recorded":
        return f"Took place on this day. {computed}".strip()
    if found.source == "planned":
        return f"Planned as a meeting for this day. {computed}".strip()
    if found.source == "moved" and found.moved:
        return f"Moved by hand: {found.moved['because']} {computed}".strip()
    return computed or f"{found.how.capitalize()}."
