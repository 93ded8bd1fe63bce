"""Periods as people write them, in English and Welsh: when they begin and when they end, to the day.

Every period is read here, once, when it comes in. Its words are kept as they were written.

| words | meaning |
| --- | --- |
| 2019; calendar year 2019 | 1 January to 31 December |
| 2021/22, 2021-22, 2021/2022, 2021-2022, FY 21/22 | a financial year: 1 April to 31 March |
| academic year 2021/22 | 1 September to 31 August |
| November 2019, Tachwedd 2019, 2019-11, 11/2019, Nov-19 | the month |
| 2011-12 | the financial year; December 2011 where the months of its column show it |
| 2016-18, 2016 - 18 | the years 2016 to 2018; so is 2007-09 where its column shows it, else September 2007 |
| mid-2019; Census 2011; 2019 survey | 30 June 2019; the year |
| Q4 2022; Q1 2022/23 | a quarter of the calendar year; of the financial year; halves (H1) likewise |
| Autumn 2023; Winter 2023/24 | September to November; spring, summer and winter are three months each, too |
| Autumn term 2023; Spring term 2024 | September to December; January to March (summer: April to July) |
| Hydref 2023 | October; autumn where the other seasons of its column show it |
| year to March 2019, year ending 31 March 2019, 3 months to June 2019 | that long, up to that day |
| April 2019 to March 2020, 2019-2021, Apr-Jun 2022 | from the beginning of one to the end of the other |
| 2019-03-31, 30/11/2025, as at 31 March 2019, end of March 2019 | the day |
| Wave 9, Round 3, FY19 | not known when; but Wave 10 is later than Wave 9, and FY20 than FY19 |

Whatever else is written, or can mean two things (Winter 2023, last year), has no place in time.
FY19 can be the year that begins or that ends in 2019.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo
from pydantic_core import PydanticCustomError

from programme.calendar import (
    ISO,
    MONTHS,
    SLASHED,
    DateOrder,
    order_in,
    order_shown,
    read_date,
    slashed_dates,
)

PERIOD_HINT = "Write 2021/22, 2021, November 2019, Q4 2022 or 2019-03-31."
FIRST, LAST = 1900, 2100
"""The years that a period can lie in."""
LONGEST_SPAN = 9
"""Years from the first to the last of 2016-18 and the like."""
LONGEST = 200
"""Characters of the longest text that is read as a period."""

Days = tuple[date, date]
"""The first and the last day."""


@dataclass(frozen=True)
class Period:
    """When something was: the words as they were written, and from which day to which."""

    words: str
    begins: date | None = None
    """Its first day; None where it has no place in time."""
    ends: date | None = None
    """Its last day, which belongs to it."""
    turn: str = ""
    """Where the words give a number but no time: what is counted and the number ('wave 000009')."""

    def __post_init__(self) -> None:
        if (self.begins is None) != (self.ends is None) or (self.begins and self.turn):
            raise ValueError("a period has a beginning and an end, or a turn, or nothing")
        if self.begins and self.ends and self.begins > self.ends:
            raise ValueError("a period begins before it ends")

    @property
    def placed(self) -> bool:
        """Whether it has a place in time."""
        return self.begins is not None

    @property
    def key(self) -> str:
        """What it is sorted by, and the same for periods that are the same: end and beginning, or the turn.

        Empty where nothing says when it was. The columns `begins`, `ends` and `turn` give the same in SQL:
        see `evidence.at_event.sorted_by`.
        """
        return f"{self.ends} {self.begins}" if self.placed else self.turn


NO_PERIOD = Period("")
"""Nothing is said about the time."""


class Shown(StrEnum):
    """What a column shows about those of its periods that could mean two things."""

    MONTHS = "months"
    """2011-11 is a month, so 2011-12 is."""
    YEARS = "years"
    """2012-13 is a financial year, so 2011-12 is."""
    SPANS = "spans"
    """2011-13 is three years, so 2007-09 is."""
    SEASONS = "seasons"
    """Gwanwyn 2023 is a season, so Hydref 2023 is."""
    WELSH_MONTHS = "Welsh months"
    """Medi 2023 is a month, so Hydref 2023 is."""


def read_period(text: str, order: DateOrder | None = None, shown: frozenset[Shown] = frozenset()) -> Period:
    """The period that a text names; one without a place in time where it does not say clearly when.

    `order` says which number comes first in 08/10/2021, `shown` what the other periods of the column show.
    Raises PydanticCustomError for a date that no calendar has, and for one that could be two dates.
    """
    return _read(text, order, shown)


@lru_cache(maxsize=10_000)
def _read(text: str, order: DateOrder | None, shown: frozenset[Shown]) -> Period:
    plain = _plain(text)
    if not plain or len(plain) > LONGEST:
        return Period(text)
    if SLASHED.fullmatch(plain) or ISO.fullmatch(plain):
        read_date(plain, order)
    found = _Reader(order, shown).whole(plain)
    if found is None:
        for one in slashed_dates(plain):
            read_date(one, order)
    if found and found[0].year >= FIRST and found[1].year <= LAST:
        return Period(text, *found)
    return Period(text, turn=_turn(plain) if found is None else "")


def stored_period(text: str) -> Period:
    """The period that a text names which was stored before periods were read; raises nothing."""
    try:
        return read_period(text)
    except PydanticCustomError:
        return Period(text)


def _in_column(text: str, info: ValidationInfo) -> Period:
    shown = (info.context or {}).get("shown") or {}
    return read_period(text, order_in(info), shown.get(info.field_name, frozenset()))


PERIOD, AS_WORDS = BeforeValidator(_in_column), PlainSerializer(lambda period: period.words, return_type=str)
"""What makes a field of a model a period: read from text as its column shows, and written as its words."""


def period_shown(text: str) -> Shown | None:
    """What a period shows about others of its column that could mean two things; mostly nothing (None)."""
    plain = _plain(text)
    if match := YEAR_AND_TWO.fullmatch(plain):
        if could_mean_two(plain):
            return None
        if years := _years_on(match):
            return Shown.YEARS if years == 1 else Shown.SPANS
        return Shown.MONTHS if 1 <= int(match[2]) <= 12 else None
    if match := NAME_AND_YEAR.fullmatch(plain):
        if match[1] in WELSH_SEASONS:
            return Shown.SEASONS
        if match[1] in WELSH_MONTHS:
            return Shown.WELSH_MONTHS
    return None


def could_mean_two(text: str) -> Shown | None:
    """What would make a period another one that could mean two things; None where it can mean only one."""
    plain = _plain(text)
    if match := YEAR_AND_TWO.fullmatch(plain):
        years = _years_on(match) if 1 <= int(match[2]) <= 12 else 0
        return None if not years else Shown.MONTHS if years == 1 else Shown.SPANS
    match = NAME_AND_YEAR.fullmatch(plain)
    return Shown.SEASONS if match is not None and match[1] == "hydref" else None


def _years_on(match: re.Match[str]) -> int:
    """How many years the second number of 2016-18 is later, where it can be the end of some years; else 0."""
    years = (int(match[2]) - int(match[1])) % 100
    return years if years <= LONGEST_SPAN else 0


# --- words -----------------------------------------------------------------------------------------------

MARKS = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u2044\u2215", "/"),
        **dict.fromkeys("\u2018\u2019", "'"),
        **dict.fromkeys("\u00b9\u00b2\u00b3\u2070\u2074\u2075\u2076\u2077\u2078\u2079*\u2020\u2021", None),
    }
)
"""Kinds of hyphens, slashes and apostrophes as one of each; marks of footnotes are left out."""


def _plain(text: str) -> str:
    """Small letters, one blank where there are several, no marks of footnotes, nothing at the ends."""
    return " ".join(text.translate(MARKS).casefold().split()).strip(" .,;:")


MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
SEASONS = {
    **{"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12},
    **{"gwanwyn": 3, "haf": 6, "hydref": 9, "gaeaf": 12, "wanwyn": 3, "aeaf": 12},
}
"""The seasons, and the month in which each begins (as the Met Office has them)."""
SEASON = "|".join(sorted(SEASONS, key=len, reverse=True))
TERMS = {9: (9, 12), 3: (1, 3), 6: (4, 7)}
"""The months in which school terms lie, by the first month of the season that they are named for."""
WELSH_SEASONS = {"gwanwyn", "haf", "gaeaf", "yr hydref", "y gwanwyn", "yr haf", "y gaeaf"}
WELSH_MONTHS = {
    *("ionawr", "chwefror", "mawrth", "ebrill", "mai", "mehefin"),
    *("gorffennaf", "awst", "medi", "tachwedd", "rhagfyr"),
}
ENGLISH_NUMBERS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
WELSH_NUMBERS = {"cyntaf": 1, "ail": 2, "trydydd": 3, "pedwerydd": 4}

YEAR_AND_TWO = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
NAME_AND_YEAR = re.compile(r"([^\W\d_]+(?: [^\W\d_]+)?) \d{4}", re.ASCII)
SPAN = re.compile(r"(\d{4}) ?- ?(\d{2})", re.ASCII)
YEAR = re.compile(r"\d{4}", re.ASCII)
TWELVE_MONTHS = re.compile(r"(\d{4}) ?[/-] ?(\d{4}|\d{1,2})", re.ASCII)
SHORT_TWELVE = re.compile(r"(\d{2}) ?[/-] ?(\d{2})", re.ASCII)
NUMBERED_MONTH = re.compile(r"(\d{4})(?:-|m| m)(\d{2})|(\d{1,2})/(\d{4})", re.ASCII)
WEEK = re.compile(r"(\d{4})-?w(\d{2})", re.ASCII)
NAMED_MONTH = re.compile(
    r"(?:(?:the |y )?(?:month of |mis |fis |in |during |ym |yn |yng )?)"
    rf"({MONTH})\.?,?(?: | of | o | ?- ?|/)(.+)"
)
SHORT_MONTH = re.compile(rf"({MONTH})(?:-| ?')(\d{{2}})")
YEAR_THEN_MONTH = re.compile(rf"(\d{{4}})[ -]({MONTH})", re.ASCII)
AMERICAN = re.compile(rf"({MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})", re.ASCII)
IN_SEASON = re.compile(
    rf"(?:the |y |yr |tymor (?:yr? )?|dymor (?:yr? )?)?({SEASON})( term| half[- ]term)?(?: of)?,? (.+)"
)
QUARTER = (
    r"(?:q|qtr|quarter|chwarter|ch) ?([1-4])(?:af|il|ydd|edd)?"
    r"|([1-4])(?:st|nd|rd|th|af|il|ydd|edd) (?:quarter|chwarter)"
)
QUARTER_FIRST = re.compile(rf"(?:{QUARTER})(?: of| o)?[ ,/:-]{{0,3}}(.+)", re.ASCII)
QUARTER_LAST = re.compile(rf"(.+?)[ ,/:-]{{0,3}}(?:{QUARTER})", re.ASCII)
HALF = r"(?:h|half|hanner) ?([12])|([12])(?:st|nd|af|il) half"
HALF_FIRST = re.compile(rf"(?:{HALF})(?: of| o)?[ ,/:-]{{0,3}}(.+)", re.ASCII)
HALF_LAST = re.compile(rf"(.+?)[ ,/:-]{{0,3}}(?:{HALF})", re.ASCII)
UP_TO = re.compile(
    r"(?:the |y |yr )?(?:rolling |financial |fiscal )?"
    r"(fye|year|flwyddyn|blwyddyn|quarter|chwarter|week|wythnos|y/e|ye|w/e"
    r"|(?:(\d{1,2})|twelve|six|three)[ -](?:month|months|mis))(?: period)?,?"
    r"(?: (to|up to|ending|ended|end|to the|hyd at|hyd|hyd at ddiwedd|yn diweddu|yn gorffen|yn dod i ben"
    r"|a ddaeth i ben|a oedd yn dod i ben))?(?: (?:on|in|ar|ym|yn|yng))? (.+)",
    re.ASCII,
)
FROM_WEEK = re.compile(r"(?:week (?:commencing|beginning|starting)|w/c) (.+)")
THE_DAY = re.compile(r"(?:as at|as of|as on|at|on|snapshot(?: at| on)?|position at|ar) (.+)")
AT_THE_END = re.compile(r"(?:the |at the |at )?end(?: of)? (.+)|(?:ar |at )?dd?iwedd (?:mis |fis )?(.+)")
MIDDLE = re.compile(r"(?:mid|canol)[ -](?:year )?(\d{4})", re.ASCII)
"""Estimates of how many people there were: at 30 June."""
FROM = re.compile(r"(?:from|between|o|rhwng) (.+)")
BETWEEN = re.compile(r" (?:to|until|hyd at|hyd|i|and|a) | ?- ?|/")
BRACKETS = re.compile(r"[(\[]([^()\[\]]{0,200})[)\]]")
LABELS = {
    "calendar": "calendar year|year|y flwyddyn|blwyddyn galendr|blwyddyn|census|cyfrifiad|survey|arolwg|cy",
    "financial": (
        "the financial year|financial year|fiscal year|tax year|blwyddyn ariannol|y flwyddyn ariannol"
        "|flwyddyn ariannol|financial years|fy|f/y"
    ),
    "academic": "academic year|school year|blwyddyn academaidd|blwyddyn ysgol|flwyddyn academaidd|ay",
}
LABELLED = {
    kind: re.compile(rf"(?:{names})[ :-]{{0,2}}(.+)|(.+?) (?:{names})", re.ASCII)
    for kind, names in LABELS.items()
}
YEAR_ENDING = re.compile(
    r"(?:fye|fy ending|fy ended|financial year ending|financial year ended) (\d{4})", re.ASCII
)
COUNTED = {
    **{word: word for word in ("wave", "round", "phase", "sweep", "cycle", "stage", "iteration", "year")},
    **{"ton": "wave", "don": "wave", "rownd": "round", "cylch": "cycle", "cam": "stage", "blwyddyn": "year"},
}
"""What is counted, by the words for it."""
A_TURN = "|".join(COUNTED)
TURN = re.compile(rf"(?:survey )?({A_TURN}) ?(?:no\.? ?|number |rhif )?(\d{{1,3}})", re.ASCII)
TURN_AND_MORE = re.compile(rf"(?:survey )?(?:{A_TURN}) ?\d{{1,3}} ?[,:;/ -]{{1,3}}(.+)", re.ASCII)
MORE_AND_TURN = re.compile(rf"(.+?) ?[,:;/ -]{{1,3}}(?:survey )?(?:{A_TURN}) ?\d{{1,3}}", re.ASCII)
FINANCIAL_TURN = re.compile(
    r"(?:fy|f/y|financial year|fiscal year|blwyddyn ariannol)[ -]?'?(\d{4}|\d{2})", re.ASCII
)
NO_TIME = {
    *(
        "provisional",
        "revised",
        "final",
        "estimate",
        "estimated",
        "p",
        "r",
        "e",
        "b",
        "projected",
        "forecast",
    ),
    *("dros dro", "diwygiedig", "note", "see note", "to date", "target", "actual", "part year"),
}
"""What brackets can hold beside a period that says nothing about the time."""


def _turn(plain: str) -> str:
    if match := TURN.fullmatch(plain):
        return f"{COUNTED[match[1]]} {int(match[2]):06d}"
    if match := FINANCIAL_TURN.fullmatch(plain):
        return f"financial year {_full_year(match[1]):06d}"
    return ""


def _full_year(digits: str) -> int:
    """A year of two digits as one of 1950 to 2049."""
    number = int(digits)
    return number if len(digits) == 4 else number + (2000 if number < 50 else 1900)


def month_days(year: int, month: int) -> Days:
    """The first and the last day of a month; months beyond December are those of the next year."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _months(year: int, first: int, last: int) -> Days:
    return month_days(year, first)[0], month_days(year, last)[1]


def _in_range(*years: int) -> bool:
    return all(FIRST <= year <= LAST for year in years)


# --- reading ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reader:
    """The ways in which a period is written, each tried in turn on words as `_plain` makes them."""

    order: DateOrder | None
    shown: frozenset[Shown]

    def whole(self, text: str) -> Days | None:
        """A period with whatever is beside it in brackets, or with its number."""
        if "(" in text or "[" in text:
            return self._with_brackets(text)
        if found := self.one(text):
            return found
        if (match := THE_DAY.fullmatch(text)) and (found := self.one(match[1])):
            return found
        for pattern in (TURN_AND_MORE, MORE_AND_TURN):
            if (match := pattern.fullmatch(text)) and (found := self.one(match[1])):
                return found
        return self._from_to(text)

    def _with_brackets(self, text: str) -> Days | None:
        """What stands outside of brackets; what stands in them must not say another time."""
        inside = [words.strip(" .") for words in BRACKETS.findall(text)]
        outside = BRACKETS.sub(" ", text)
        if "(" in outside or "[" in outside:
            return None
        found = self.whole(_plain(outside))
        for words in inside:
            other = self.whole(words)
            if found is None and other is not None and _turn(_plain(outside)):
                found = other
            elif found is None or not _agrees(words, other, found):
                return None
        return found

    def one(self, text: str) -> Days | None:
        """A single period: not from one to another."""
        return (
            self.years(text)
            or self._month(text)
            or self._quarter(text)
            or self._season(text)
            or self._date(text)
            or self._up_to(text)
        )

    def years(self, text: str) -> Days | None:
        """A year: of the calendar, of the finances, of schools."""
        if match := YEAR.fullmatch(text):
            return _months(int(text), 1, 12) if _in_range(int(text)) else None
        if found := self._twelve_months(text):
            return _months(found, 4, 15)
        if (match := SPAN.fullmatch(text)) and (Shown.SPANS in self.shown or not could_mean_two(text)):
            years = _years_on(match) if _in_range(int(match[1])) else 0
            return _months(int(match[1]), 1, 12 * (years + 1)) if years > 1 else None
        if match := YEAR_ENDING.fullmatch(text):
            return _months(int(match[1]) - 1, 4, 15) if _in_range(int(match[1])) else None
        if match := LABELLED["financial"].fullmatch(text):
            found = self._twelve_months(match[1] or match[2]) or _short_twelve(match[1] or match[2])
            return _months(found, 4, 15) if found else None
        if match := LABELLED["academic"].fullmatch(text):
            found = self._twelve_months(match[1] or match[2]) or _short_twelve(match[1] or match[2])
            return _months(found, 9, 20) if found else None
        if match := LABELLED["calendar"].fullmatch(text):
            year = match[1] or match[2]
            if YEAR.fullmatch(year):
                return _months(int(year), 1, 12) if _in_range(int(year)) else None
            if not text.startswith("c") and (found := self._twelve_months(year)):
                return _months(found, 4, 15)
        return None

    def _twelve_months(self, text: str) -> int | None:
        """The first year of 2021/22 and the like: a year followed by the last digits of the next one."""
        match = TWELVE_MONTHS.fullmatch(text)
        if match is None or not _in_range(int(match[1])):
            return None
        if Shown.MONTHS in self.shown and YEAR_AND_TWO.fullmatch(text) and could_mean_two(text):
            return None
        following = str(int(match[1]) + 1)
        return int(match[1]) if match[2] in (following, following[2:], following[3:]) else None

    def _month(self, text: str) -> Days | None:
        if match := NUMBERED_MONTH.fullmatch(text):
            year, month = int(match[1] or match[4]), int(match[2] or match[3])
            return month_days(year, month) if 1 <= month <= 12 and _in_range(year) else None
        if match := YEAR_THEN_MONTH.fullmatch(text):
            return month_days(int(match[1]), MONTHS[match[2]]) if _in_range(int(match[1])) else None
        if match := SHORT_MONTH.fullmatch(text):
            return month_days(_full_year(match[2]), MONTHS[match[1]])
        if not (match := NAMED_MONTH.fullmatch(text)):
            return None
        if match[1] == "hydref" and text.startswith("hydref") and Shown.SEASONS in self.shown:
            return None
        month = MONTHS[match[1]]
        if YEAR.fullmatch(match[2]):
            return month_days(int(match[2]), month) if _in_range(int(match[2])) else None
        # March of 2021/22 is in 2022.
        first = self._twelve_months(match[2])
        return month_days(first + (month < 4), month) if first else None

    def _quarter(self, text: str) -> Days | None:
        for first, last, length in ((QUARTER_FIRST, QUARTER_LAST, 3), (HALF_FIRST, HALF_LAST, 6)):
            for number, year in _numbered(_ordinals(text), first, last):
                if YEAR.fullmatch(year) and _in_range(int(year)):
                    return _months(int(year), length * (number - 1) + 1, length * number)
                if re.fullmatch(r"'?\d{2}", year, re.ASCII):
                    return _months(_full_year(year[-2:]), length * (number - 1) + 1, length * number)
                match = LABELLED["financial"].fullmatch(year)
                year = (match[1] or match[2]) if match else year
                if found := self._twelve_months(year) or _short_twelve(year):
                    return _months(found, length * (number - 1) + 4, length * number + 3)
        return None

    def _season(self, text: str) -> Days | None:
        if not (match := IN_SEASON.fullmatch(text)):
            return None
        month, is_term = SEASONS[match[1]], bool(match[2]) or text.startswith(("tymor", "dymor"))
        if match[2] and match[2].strip().startswith("half"):
            return None
        said = match[3]
        if re.fullmatch(r"'?\d{2}", said, re.ASCII) and match[1] != "hydref":
            said = str(_full_year(said[-2:]))
        first = self._twelve_months(said)
        if is_term:
            if month not in TERMS or not (first or (YEAR.fullmatch(said) and _in_range(int(said)))):
                return None
            year = int(said) if first is None else first + (month != 9)
            return _months(year, *TERMS[month])
        if month == 12:
            return _months(first, 12, 14) if first else None
        if first:
            # Of spring and summer 2022/23 it is not known in which of the two years they are.
            return _months(first, 9, 11) if month == 9 else None
        if YEAR.fullmatch(said) and _in_range(int(said)):
            return _months(int(said), month, month + 2)
        return None

    def _date(self, text: str) -> Days | None:
        if match := AMERICAN.fullmatch(text):
            text = f"{match[2]} {match[1]} {match[3]}"
        if match := WEEK.fullmatch(text):
            try:
                monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
            except ValueError:
                return None
            return monday, monday + timedelta(6)
        if match := FROM_WEEK.fullmatch(text):
            day = self._day(match[1])
            return (day, day + timedelta(6)) if day else None
        if (match := MIDDLE.fullmatch(text)) and _in_range(int(match[1])):
            return date(int(match[1]), 6, 30), date(int(match[1]), 6, 30)
        if match := AT_THE_END.fullmatch(text):
            found = self._month(match[1] or match[2]) or self.years(match[1] or match[2])
            return (found[1], found[1]) if found else None
        day = self._day(text)
        return (day, day) if day else None

    def _day(self, text: str) -> date | None:
        try:
            return read_date(text, self.order)
        except PydanticCustomError:
            return None

    def _up_to(self, text: str) -> Days | None:
        if not (match := UP_TO.fullmatch(text)):
            return None
        what, said = match[1], match[4]
        if match[3] is None and what not in ("y/e", "ye", "fye", "w/e"):
            return None
        at_end = self._month(said) or self._date(said)
        if at_end is None or not (
            at_end[0] == at_end[1] or at_end == month_days(at_end[1].year, at_end[1].month)
        ):
            return None
        ends = at_end[1]
        if what in ("week", "wythnos", "w/e"):
            return (ends - timedelta(6), ends) if at_end[0] == ends else None
        words = {"twelve": 12, "six": 6, "three": 3, "quarter": 3, "chwarter": 3}
        length = int(match[2]) if match[2] else words.get(re.split("[ -]", what)[0], 12)
        return (_months_before(ends, length), ends) if length else None

    def _from_to(self, text: str) -> Days | None:
        """From the beginning of one period to the end of another."""
        if match := FROM.fullmatch(text):
            text = match[1]
        for at in BETWEEN.finditer(text):
            found = self._both(text[: at.start()], text[at.end() :], slash=at[0] == "/")
            if found and found[0] < found[1]:
                return found
        return None

    def _both(self, first: str, last: str, *, slash: bool) -> Days | None:
        if slash and not (ISO.fullmatch(first) and ISO.fullmatch(last)):
            return None
        # One of two dates that are clear shows the order of the other.
        orders = {order for order in map(order_shown, (first, last)) if order}
        reader = self
        if self.order is None and len(orders) == 1:
            reader = _Reader(orders.pop(), self.shown)
        ends = reader.one(last)
        begins = reader.one(first)
        if begins is None and ends and (year := re.search(r" (\d{4}(?: ?[/-] ?\d{2,4})?)$", last, re.ASCII)):
            # April to June 2022: the year is said once, so it is that of both.
            begins = reader.one(f"{first} {year[1]}")
        return (begins[0], ends[1]) if begins and ends and begins[0] <= ends[0] else None


def _agrees(words: str, said: Days | None, found: Days) -> bool:
    """Whether words in brackets, and the time that they say, leave the time beside them as it is."""
    if said is not None:
        return _within(said, found) or _within(found, said)
    if words in NO_TIME or _turn(words):
        return True
    names = [MONTHS[name] for name in re.findall(rf"\b({MONTH})\b", words)]
    if names:
        return [names[0], names[-1]] == [found[0].month, found[1].month]
    return not re.search(r"\d", words)


def _within(inner: Days, outer: Days) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _short_twelve(text: str) -> int | None:
    """The first year of 21/22: for use where other words say that it is a year."""
    match = SHORT_TWELVE.fullmatch(text)
    if match is None or (int(match[1]) + 1) % 100 != int(match[2]):
        return None
    return _full_year(match[1])


def _ordinals(text: str) -> str:
    """'first quarter' and 'chwarter cyntaf' with the number as a digit."""
    for word, number in ENGLISH_NUMBERS.items():
        for name in ("quarter", "half"):
            text = text.replace(f"{word} {name}", f"{name} {number}")
    for word, number in WELSH_NUMBERS.items():
        text = text.replace(f"chwarter {word}", f"chwarter {number}").replace(
            f"{word} chwarter", f"chwarter {number}"
        )
    return text.removeprefix("the ").removeprefix("y ")


def _numbered(text: str, first: re.Pattern[str], last: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """A number (of a quarter) and what comes after or before it."""
    if match := first.fullmatch(text):
        yield int(match[1] or match[2]), match[3]
    if match := last.fullmatch(text):
        yield int(match[2] or match[3]), match[1]


def _months_before(ends: date, months: int) -> date:
    """The first of the days of so many months that end on a day."""
    after = ends + timedelta(1)
    year, month = after.year + (after.month - 1 - months) // 12, (after.month - 1 - months) % 12 + 1
    return date(year, month, min(after.day, monthrange(year, month)[1]))
