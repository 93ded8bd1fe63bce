"""Dates as people write them, in English and Welsh, and as they read them: UK time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ValidationInfo

from rules.errors import Near, refuse


def _numbered(*lists: str) -> dict[str, int]:
    return {name: number for names in lists for number, name in enumerate(names.split(), start=1)}


NAMED = _numbered(
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jan feb mar apr may jun jul aug sept oct nov dec",
    "ionawr chwefror mawrth ebrill mai mehefin gorffennaf awst medi hydref tachwedd rhagfyr",
)
"""The months by their names in English and Welsh, as they are suggested for a name that is misspelt."""
MONTHS = NAMED | _numbered(
    "ion chwef maw ebr mai meh gorff awst medi hyd tach rhag",
    "ion chw maw ebr mai meh gor awst med hyd tach rhag",
    # After "o", "i" and "hyd at" (1 o Fawrth), and after "ym", "yn" and "yng" (ym Mawrth, yn Nhachwedd).
    "ionawr chwefror fawrth ebrill fai fehefin orffennaf awst fedi hydref dachwedd ragfyr",
    "ionawr chwefror mawrth ebrill mai mehefin ngorffennaf awst medi hydref nhachwedd rhagfyr",
)
"""The months by all their names: Welsh short ones, and Welsh ones whose first letter changes, as well."""


class DateOrder(StrEnum):
    """Which number comes first in a date such as 08/10/2021."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


CLOCK = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + CLOCK, re.ASCII)
SLASHED = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
WITHIN = re.compile(r"(?<![\d/.-])\d{1,2}([-/.])\d{1,2}\1\d{4}(?![\d/-])", re.ASCII)
WORDED = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th|af|ail|il|ydd|edd|fed|ed|eg|ain)?[\s-]\s*(?:of?\s+(?:fis\s+)?)?"
    r"([^\W\d_]+)\.?,?[\s-]\s*([0-9]{4})"
)
DATE_HINT = "Write 2004-05-31 or 31 May 2004."
NAMES = [name.capitalize() for name in MONTHS][:12]
NAMES_CY = [name.capitalize() for name in [*NAMED][-12:]]
MOMENT = re.compile(
    r"(?P<day>.{6,40}?)(?:T|,? at |,? )(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?::[0-9]{2})?"
    r" ?(?P<half>am|pm|yb|yp)?(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
MOMENT_HINT = "Write 2026-11-23 14:00 or 23 November 2026, 2:00pm."
LONDON = "Europe/London"


def order_shown(text: str) -> DateOrder | None:
    """The order that a date with slashes, hyphens or points can only have (30/11/2025); None where it is not
    such a date, or could have either order."""
    match = SLASHED.fullmatch(text)
    if match is None or (int(match[1]) > 12) == (int(match[3]) > 12):
        return None
    return DateOrder.DAY_FIRST if int(match[1]) > 12 else DateOrder.MONTH_FIRST


def is_two_dates(text: str) -> bool:
    """Whether a date with slashes, hyphens or points could be two dates: 08/10/2021, but not 08/08/2021."""
    match = SLASHED.fullmatch(text)
    return (
        match is not None and int(match[1]) <= 12 and int(match[3]) <= 12 and int(match[1]) != int(match[3])
    )


def slashed_dates(text: str) -> list[str]:
    """The dates with slashes, hyphens or points within a text: one in 'week ending 05/01/2024'."""
    return [found[0] for found in WITHIN.finditer(text)]


def read_date(value: Any, order: DateOrder | None = None) -> date | None:
    """A date as people write it, in English or Welsh; None for a blank.

    `order` says which number comes first in 08/10/2021. Without it a day and month that could be swapped are
    refused, never guessed; with it a date that can only have the other order is refused.
    """
    if isinstance(value, datetime):
        value = value.date()
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    found = value if isinstance(value, date) else _date_in(str(value).strip(), order)
    if not 1900 <= found.year <= 2100:
        raise refuse("a date from 1900 to 2100", DATE_HINT)
    return found


def _date_in(text: str, order: DateOrder | None) -> date:
    if match := ISO.fullmatch(text):
        return _existing(match[1], int(match[3]), match[4])
    if match := WORDED.fullmatch(text):
        named = MONTHS.get(match[2].lower())
        if named is None:
            raise refuse("a date", Near(match[2], NAMED))
        return _existing(match[3], named, match[1])
    if match := SLASHED.fullmatch(text):
        if order is None and is_two_dates(text):
            raise refuse("a date", f"{text} could be two dates. {DATE_HINT}")
        order = order or order_shown(text) or DateOrder.DAY_FIRST
        if order_shown(text) not in (None, order):
            raise refuse(f"a date with the {order.split('-')[0]} first", DATE_HINT)
        day, month = (match[1], match[3]) if order is DateOrder.DAY_FIRST else (match[3], match[1])
        return _existing(match[4], int(month), day)
    raise refuse("a date", DATE_HINT)


def _existing(year: str, month: int, day: str) -> date:
    try:
        return date(int(year), month, int(day))
    except ValueError as error:
        raise refuse("a date that exists", DATE_HINT) from error


def order_in(info: ValidationInfo) -> DateOrder | None:
    """The order of dates in the column that is read, where it is known ('dates' in the context)."""
    dates = (info.context or {}).get("dates")
    return dates.get(info.field_name) if dates else None


_of_text = lru_cache(maxsize=10_000)(read_date)


def _day(value: Any, info: ValidationInfo) -> date | None:
    # The same few days come again and again in a file.
    return _of_text(value, order_in(info)) if isinstance(value, str) else read_date(value)


Day = Annotated[date | None, BeforeValidator(_day)]
"""A field of a model that holds a date as people write it."""


def day_words(day: str, language: str = "en") -> str:
    """A date as people read it: '1 July 2026', in Welsh (`language` cy) '1 Gorffennaf 2026'.

    Whatever is not a whole date, such as a year, stays as it is.
    """
    try:
        found = date.fromisoformat(day) if len(day) == 10 else None
    except ValueError:
        found = None
    names = NAMES_CY if language == "cy" else NAMES
    return day if found is None else f"{found.day} {names[found.month - 1]} {found.year}"


HALVES = {"en": ("am", "pm"), "cy": ("yb", "yp")}
"""What stands behind the hour before and after noon."""


def moment_words(at: str, language: str = "en") -> str:
    """A recorded time (ISO 8601; UTC where no offset is recorded) in UK time: '1 July 2026, 10:30am'."""
    there = _in_london(at)
    half = HALVES.get(language, HALVES["en"])[there.hour >= 12]
    return f"{day_words(there.date().isoformat(), language)}, {there.hour % 12 or 12}:{there.minute:02}{half}"


def day_of_moment(at: str) -> str:
    """The UK day of a recorded time (ISO 8601), as people read it: '1 July 2026'."""
    return day_words(_in_london(at).date().isoformat())


def uk_day(at: datetime) -> date:
    """The day that it is in the UK at a moment (with its offset)."""
    return at.astimezone(ZoneInfo(LONDON)).date()


def _in_london(at: str) -> datetime:
    recorded = datetime.fromisoformat(at)
    return (recorded if recorded.tzinfo else recorded.replace(tzinfo=UTC)).astimezone(ZoneInfo(LONDON))


def read_moment(text: str) -> datetime:
    """A date with a time of day as people write it, in UK time; with the offset that the UK has then.

    Refused (as `read_date` refuses) are a time without a date or the other way round, one that the clocks
    skip when they go forward, and one that comes twice when they go back, unless its offset is written:
    2026-10-25 01:30+01:00 is the first of the two.
    """
    match = MOMENT.fullmatch(" ".join(text.split()))
    if match is None:
        raise refuse("a date and a time of day", MOMENT_HINT)
    day = read_date(match["day"].strip(" ,"))
    hour, minute, half = int(match["hour"]), int(match["minute"]), (match["half"] or "").lower()
    if day is None or minute > 59 or hour > (12 if half else 23) or (half and not hour):
        raise refuse("a date and a time of day", MOMENT_HINT)
    if half:
        hour = hour % 12 + (12 if half in ("pm", "yp") else 0)
    written = f"{day.isoformat()}T{hour:02}:{minute:02}:00"
    there = ZoneInfo(LONDON)
    if match["offset"]:
        return datetime.fromisoformat(written + match["offset"].upper()).astimezone(there)
    first = datetime.fromisoformat(written).replace(tzinfo=there)
    if first.astimezone(UTC).astimezone(there).replace(tzinfo=None) != first.replace(tzinfo=None):
        raise refuse(
            "a time of day that there is", "The clocks go forward over it; write a time after 2:00am."
        )
    if first.utcoffset() != first.replace(fold=1).utcoffset():
        hint = f"That hour comes twice; write {day.isoformat()} {hour:02}:{minute:02}+01:00 or +00:00."
        raise refuse("one time of day", hint)
    return first


def uk_moment(at: datetime) -> datetime:
    """A moment in UK time, to the second."""
    return at.astimezone(ZoneInfo(LONDON)).replace(microsecond=0)


def start_of_day(day: date) -> datetime:
    """The first moment of a day in the UK."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(LONDON))
