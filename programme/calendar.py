"""Dates as people write them, in English and Welsh."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

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
