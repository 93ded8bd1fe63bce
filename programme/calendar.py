"""Dates as people write them, in English and Welsh, and as they read them: UK time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

from rules.errors import Near, refuse

MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "jan feb mar apr may jun jul aug sept oct nov dec",
        "ionawr chwefror mawrth ebrill mai mehefin gorffennaf awst medi hydref tachwedd rhagfyr",
    )
    for number, name in enumerate(names.split(), start=1)
}

CLOCK = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + CLOCK, re.ASCII)
SLASHED = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
WORDED = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?\s+([^\W\d_]+)\.?,?\s+([0-9]{4})")
DATE_HINT = "Write 2004-05-31 or 31 May 2004."
NAMES = [name.capitalize() for name in MONTHS][:12]
LONDON = "Europe/London"


def read_date(value: Any) -> date | None:
    """A date as people write it; a day and month that could be swapped are refused, never guessed."""
    if isinstance(value, datetime):
        value = value.date()
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    found = value if isinstance(value, date) else _date_in(str(value).strip())
    if not 1900 <= found.year <= 2100:
        raise refuse("a date from 1900 to 2100", DATE_HINT)
    return found


def _date_in(text: str) -> date:
    if match := ISO.fullmatch(text):
        return _existing(match[1], int(match[3]), match[4])
    if match := WORDED.fullmatch(text):
        named = MONTHS.get(match[2].lower())
        if named is None:
            raise refuse("a date", Near(match[2], MONTHS))
        return _existing(match[3], named, match[1])
    if match := SLASHED.fullmatch(text):
        day, month = int(match[1]), int(match[3])
        if day <= 12 and month <= 12 and day != month:
            raise refuse("a date", f"{text} could be two dates. {DATE_HINT}")
        return _existing(match[4], *((month, match[1]) if month <= 12 else (day, match[3])))
    raise refuse("a date", DATE_HINT)


def _existing(year: str, month: int, day: str) -> date:
    try:
        return date(int(year), month, int(day))
    except ValueError as error:
        raise refuse("a date that exists", DATE_HINT) from error


Day = Annotated[date | None, BeforeValidator(read_date)]
"""A field of a model that holds a date as people write it."""


def day_words(day: str) -> str:
    """A date as people read it: '1 July 2026'; whatever is not a whole date, such as a year, as it is."""
    try:
        found = date.fromisoformat(day) if len(day) == 10 else None
    except ValueError:
        found = None
    return day if found is None else f"{found.day} {NAMES[found.month - 1]} {found.year}"


def moment_words(at: str) -> str:
    """A recorded time (ISO 8601; UTC where no offset is recorded) in UK time: '1 July 2026, 10:30am'."""
    there = _in_london(at)
    half = "am" if there.hour < 12 else "pm"
    return f"{day_words(there.date().isoformat())}, {there.hour % 12 or 12}:{there.minute:02}{half}"


def day_of_moment(at: str) -> str:
    """The UK day of a recorded time (ISO 8601), as people read it: '1 July 2026'."""
    return day_words(_in_london(at).date().isoformat())


def uk_day(at: datetime) -> date:
    """The day that it is in the UK at a moment (with its offset)."""
    return at.astimezone(ZoneInfo(LONDON)).date()


def _in_london(at: str) -> datetime:
    recorded = datetime.fromisoformat(at)
    return (recorded if recorded.tzinfo else recorded.replace(tzinfo=UTC)).astimezone(ZoneInfo(LONDON))
