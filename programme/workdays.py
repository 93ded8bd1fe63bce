"""Working days by nation of the United Kingdom, without weekends and bank holidays; the door to `holidays`.

Every question names a nation, since bank holidays differ: England and Wales have the same ones, Scotland
works on Easter Monday and did not on 15 June 2026. A day is never its own first working day: one working day
after Friday 25 December 2026 is Tuesday 29 December, as Monday is the day in place of Boxing Day. (NumPy's
`busday_offset` with roll='forward' would say 30 December.)

The package is optional (`report`). Days by weeks need it too, since they are moved off bank holidays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from rules.errors import ReviewError
from rules.remedy import Install

MOST_DAYS = 2_000
"""Working days that are counted at once: some eight years."""
EARLIEST, LATEST = 1971, 2100
"""The years that are known: the Banking and Financial Dealings Act 1971 made today's bank holidays."""
SATURDAY = 5


class Nation(StrEnum):
    """A nation of the United Kingdom, which has bank holidays of its own."""

    ENGLAND = "england"
    WALES = "wales"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern-ireland"


CODES = {
    Nation.ENGLAND: "ENG",
    Nation.WALES: "WLS",
    Nation.SCOTLAND: "SCT",
    Nation.NORTHERN_IRELAND: "NIR",
}
"""What `holidays` calls them. Without one it knows only the days that all have: Easter Monday is missing."""

PLAIN = {
    "May Day": "Early May bank holiday",
    "Spring Bank Holiday": "Spring bank holiday",
    "Late Summer Bank Holiday": "Summer bank holiday",
    "Summer Bank Holiday": "Summer bank holiday",
}
"""What GOV.UK calls the days that `holidays` names differently."""
WELSH = {
    "New Year's Day": "Dydd Calan",
    "Good Friday": "Dydd Gwener y Groglith",
    "Easter Monday": "Dydd Llun y Pasg",
    "Early May bank holiday": "Gŵyl Banc Cyntaf Mai",
    "Spring bank holiday": "Gŵyl Banc y Gwanwyn",
    "Summer bank holiday": "Gŵyl Banc yr Haf",
    "Christmas Day": "Dydd Nadolig",
    "Boxing Day": "Gŵyl San Steffan",
}
"""The eight bank holidays of Wales as GOV.UK names them in Welsh; `holidays` has no Welsh names."""
IN_LIEU = {"en": "{}, substitute day", "cy": "{}, diwrnod yn ei le"}
OBSERVED = " (observed)"
WEEKENDS = {"en": ("Saturday", "Sunday"), "cy": ("Dydd Sadwrn", "Dydd Sul")}


def bank_holidays(year: int, nation: Nation) -> Mapping[date, str]:
    """The bank holidays of a year (1971 to 2100) in a nation, with their English names.

    Days that have not been proclaimed yet are not among them. Raises ReviewError for other years, and where
    `holidays` is not installed.
    """
    if not EARLIEST <= year <= LATEST:
        raise ReviewError(
            f"bank holidays of {year} are not known", hint=f"Give a date from {EARLIEST} to {LATEST}."
        )
    return _of_year(year, Nation(nation))


@lru_cache(maxsize=1_000)
def _of_year(year: int, nation: Nation) -> Mapping[date, str]:
    try:
        import holidays
    except ImportError as error:
        raise ReviewError(
            "working days cannot be counted here: the list of bank holidays is not installed",
            remedies=[Install("report")],
        ) from error
    found = holidays.country_holidays("GB", subdiv=CODES[nation], years=year)
    return {day: _plain_name(name) for day, name in sorted(found.items()) if day.year == year}


def _plain_name(name: str) -> str:
    first, *_ = name.split("; ")
    bare = first.removesuffix(OBSERVED)
    plain = PLAIN.get(bare, bare)
    return IN_LIEU["en"].format(plain) if first.endswith(OBSERVED) else plain


def why_off(day: date, nation: Nation, language: str = "en") -> str | None:
    """Why nobody works on a day: the name of the bank holiday, Saturday or Sunday; None for a working day.

    In Welsh (`language` cy) a special bank holiday keeps its English name.
    """
    name = bank_holidays(day.year, nation).get(day)
    if name is None:
        weekend = WEEKENDS.get(language, WEEKENDS["en"])
        return weekend[day.weekday() - SATURDAY] if day.weekday() >= SATURDAY else None
    before, _, after = IN_LIEU["en"].partition("{}")
    bare = name.removesuffix(after).removeprefix(before)
    if language != "cy" or bare not in WELSH:
        return name
    return IN_LIEU["cy"].format(WELSH[bare]) if name.endswith(after) else WELSH[bare]


def is_working_day(day: date, nation: Nation) -> bool:
    """Whether a day is neither a Saturday, a Sunday nor a bank holiday there."""
    return why_off(day, nation) is None


def working_days_after(day: date, number: int, nation: Nation) -> date:
    """The working day that is so many working days after a day; with a negative `number`, before it.

    The day itself never counts, whether it is a working day or not. Raises ReviewError for 0 and for more
    than MOST_DAYS.
    """
    if not 0 < abs(number) <= MOST_DAYS:
        raise ReviewError(f"{number} working days cannot be counted", hint=f"Give 1 to {MOST_DAYS:,}.")
    step = timedelta(days=1 if number > 0 else -1)
    left = abs(number)
    while left:
        day += step
        left -= is_working_day(day, nation)
    return day


def next_working_day(day: date, nation: Nation) -> date:
    """The day itself, or where nobody works then, the first working day after it."""
    return day if is_working_day(day, nation) else working_days_after(day, 1, nation)


def last_working_day(day: date, nation: Nation) -> date:
    """The day itself, or where nobody works then, the last working day before it."""
    return day if is_working_day(day, nation) else working_days_after(day, -1, nation)


def working_days_between(first: date, last: date, nation: Nation) -> int:
    """How many working days there are after `first`, up to and with `last`; 0 where `last` is not later."""
    span = (last - first).days
    return sum(is_working_day(first + timedelta(days=passed), nation) for passed in range(1, span + 1))
