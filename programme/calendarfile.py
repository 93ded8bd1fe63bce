"""Calendars as files that people's own calendars open (.ics); the one door to `icalendar`.

The same entries give the same bytes. A calendar replaces an entry that it has by the entry's lasting name
(`uid`), if its `sequence` has risen since. The package is optional (`report`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from programme.calendar import LONDON
from rules.errors import ReviewError
from rules.remedy import Install


@dataclass(frozen=True)
class Entry:
    """An entry of a calendar: a whole day, or a time of day with its length."""

    uid: str
    """Its lasting name, e.g. draft@wales-2004-08."""
    title: str
    start: date | datetime
    """A day, or a moment (with its offset); shown in UK time."""
    sequence: int = 0
    """Higher each time it was changed."""
    minutes: int = 60
    """How long it takes, where it has a time of day."""
    place: str = ""
    text: str = ""
    cancelled: bool = False


def calendar_file(name: str, entries: Sequence[Entry], stamp: datetime) -> bytes:
    """A calendar of that name as an .ics file; `stamp`: when its entries were last changed.

    Raises ReviewError where `icalendar` is not installed.
    """
    try:
        import icalendar
    except ImportError as error:
        raise ReviewError(
            "calendar files cannot be written here: an optional part of this software is not installed",
            remedies=[Install("report")],
        ) from error
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//joint-review//calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for entry in entries:
        event = icalendar.Event()
        event.add("uid", entry.uid)
        event.add("sequence", entry.sequence)
        event.add("dtstamp", stamp.astimezone(UTC))
        if isinstance(entry.start, datetime):
            start = entry.start.astimezone(ZoneInfo(LONDON))
            # Counted in UTC: an hour is an hour when clocks change, too.
            end = (entry.start.astimezone(UTC) + timedelta(minutes=entry.minutes)).astimezone(start.tzinfo)
        else:
            start, end = entry.start, entry.start + timedelta(days=1)  # type: ignore[assignment]
            event.add("transp", "TRANSPARENT")
        event.add("dtstart", start)
        event.add("dtend", end)
        event.add("summary", entry.title)
        if entry.place:
            event.add("location", entry.place)
        if entry.text:
            event.add("description", entry.text)
        event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
        event.add("class", "CONFIDENTIAL")
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())
