"""Periods as offices write them, in English and Welsh: when they begin and end, and which is later."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from babel.dates import get_month_names, get_quarter_names
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from programme.calendar import DateOrder, read_date
from programme.periods import Period, Shown, read_period, stored_period

YEARS = st.integers(1950, 2049)
MONTHS = st.integers(1, 12)
DAYS = st.dates(date(1950, 1, 1), date(2049, 12, 31))


def days(text: str, *shown: Shown) -> str:
    """The days of a period: '2019-11-01 2019-11-30'; empty where it has no place in time."""
    found = read_period(text, shown=frozenset(shown))
    return f"{found.begins} {found.ends}" if found.placed else ""


def financial(year: int) -> str:
    return f"{year}-04-01 {year + 1}-03-31"


# --- what people write -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("2021/22", "2021/2022", "2021-22", "2021-2022", "2021–22", "2021/2", "2021/22¹", "2021/22 (p)"),
        *("FY2021/22", "FY 21/22", "FYE 2022", "financial year 2021/22", "2021/22 financial year"),
        *("year to March 2022", "Year ending 31 March 2022", "12 months to March 2022", "y/e 31/03/2022"),
        *("April 2021 to March 2022", "Apr 2021 - Mar 2022", "1 April 2021 – 31 March 2022"),
        *(
            "01/04/2021 to 31/03/2022",
            "2021-04-01/2022-03-31",
            "2021/22 (April to March)",
            "Year 3 (2021/22)",
        ),
        *("blwyddyn ariannol 2021/22", "blwyddyn hyd at fis Mawrth 2022", "y flwyddyn hyd at Fawrth 2022"),
        *("Ebrill 2021 hyd Mawrth 2022", "o Ebrill 2021 i Fawrth 2022", "blwyddyn yn diweddu 31 Mawrth 2022"),
    ],
)
def test_a_financial_year_is_one_period_however_it_is_written(text: str) -> None:
    assert days(text) == financial(2021)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019", "2019-01-01 2019-12-31"),
        ("calendar year 2019", "2019-01-01 2019-12-31"),
        ("2019-2021", "2019-01-01 2021-12-31"),
        ("2019 to 2020", "2019-01-01 2020-12-31"),
        ("2018/19 to 2020/21", "2018-04-01 2021-03-31"),
        ("academic year 2021/22", "2021-09-01 2022-08-31"),
        ("November 2019", "2019-11-01 2019-11-30"),
        ("Nov-19", "2019-11-01 2019-11-30"),
        ("11/2019", "2019-11-01 2019-11-30"),
        ("mis Tachwedd 2019", "2019-11-01 2019-11-30"),
        ("ym Mawrth 2020", "2020-03-01 2020-03-31"),
        ("2012-11", "2012-11-01 2012-11-30"),
        ("March 2021/22", "2022-03-01 2022-03-31"),
        ("Q4 2022", "2022-10-01 2022-12-31"),
        ("Q4 2022/23", "2023-01-01 2023-03-31"),
        ("2022/23 Q1", "2022-04-01 2022-06-30"),
        ("Q1 - 2022/23", "2022-04-01 2022-06-30"),
        ("Quarter 1 (Apr to Jun) 2022/23", "2022-04-01 2022-06-30"),
        ("YE Mar 2019", "2018-04-01 2019-03-31"),
        ("Q4 (Jan-Mar) 2022/23", "2023-01-01 2023-03-31"),
        ("chwarter cyntaf 2022", "2022-01-01 2022-03-31"),
        ("H2 2022", "2022-07-01 2022-12-31"),
        ("Apr–Jun 2022", "2022-04-01 2022-06-30"),
        ("Autumn 2023", "2023-09-01 2023-11-30"),
        ("Winter 2023/24", "2023-12-01 2024-02-29"),
        ("yr hydref 2023", "2023-09-01 2023-11-30"),
        ("Gwanwyn 2024", "2024-03-01 2024-05-31"),
        ("Spring term 2024", "2024-01-01 2024-03-31"),
        ("Wave 9 (Autumn 2023)", "2023-09-01 2023-11-30"),
        ("Wave 9, March 2024", "2024-03-01 2024-03-31"),
        ("3 months to June 2019", "2019-04-01 2019-06-30"),
        ("week ending 5 January 2024", "2023-12-30 2024-01-05"),
        ("as at 31 March 2019", "2019-03-31 2019-03-31"),
        ("end of March 2019", "2019-03-31 2019-03-31"),
        ("30/11/2025", "2025-11-30 2025-11-30"),
        ("2019-03-31", "2019-03-31 2019-03-31"),
        ("1 o Fawrth 2026", "2026-03-01 2026-03-01"),
        ("March 31, 2019", "2019-03-31 2019-03-31"),
    ],
)
def test_other_periods_have_the_days_that_their_words_say(text: str, expected: str) -> None:
    assert days(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "last year", "llynedd", "soon", "year to date", "2010s", "Baseline", "Nov 19"),
        *("Winter 2023", "Summer 2022/23", "Oct-Mar 2022", "2019/21", "22/23", "201819", "2008-2004", "05"),
        *("Q5 2022", "2019-13", "13/2019", "2019 2020", "Q4 (Jan-Mar) 2022", "1066", "2021/22 (2019)"),
    ],
)
def test_what_does_not_say_when_or_could_mean_two_things_has_no_place_in_time(text: str) -> None:
    found = read_period(text)
    assert (found.placed, found.key, found.words) == (False, "", text)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("Wave 9", "Wave 10"), ("Ton 9", "wave 10"), ("FY19", "FY20"), ("FY98", "FY05"), ("Round 1", "Round 2")],
)
def test_what_only_counts_has_no_time_but_an_order(earlier: str, later: str) -> None:
    one, other = read_period(earlier), read_period(later)
    assert not one.placed and not other.placed
    assert one.key < other.key
    assert one.turn[:-7] == other.turn[:-7]


def test_a_wave_is_no_financial_year() -> None:
    assert read_period("Wave 9").turn[:-7] != read_period("FY09").turn[:-7]


@pytest.mark.parametrize("text", ["31/02/2019", "2019-02-30", "13/13/2020"])
def test_a_day_that_no_calendar_has_is_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        read_period(text)
    assert not stored_period(text).placed


def test_a_date_that_could_be_two_is_refused_until_the_order_is_known() -> None:
    with pytest.raises(PydanticCustomError):
        read_period("08/10/2021")
    assert str(read_period("08/10/2021", DateOrder.DAY_FIRST).begins) == "2021-10-08"
    assert str(read_period("08/10/2021", DateOrder.MONTH_FIRST).begins) == "2021-08-10"
    with pytest.raises(PydanticCustomError):
        read_period("12/13/2024", DateOrder.DAY_FIRST)


def test_others_of_a_column_show_what_could_mean_two_things() -> None:
    assert days("2011-12") == financial(2011)
    assert days("2011-12", Shown.MONTHS) == "2011-12-01 2011-12-31"
    assert days("Hydref 2023") == "2023-10-01 2023-10-31"
    assert days("Hydref 2023", Shown.SEASONS) == "2023-09-01 2023-11-30"


def test_a_period_ends_after_it_begins_and_has_one_place_at_most() -> None:
    day = date(2020, 1, 1)
    for wrong in (
        {"begins": day},
        {"begins": day, "ends": day - timedelta(1)},
        {"begins": day, "ends": day, "turn": "x"},
    ):
        with pytest.raises(ValueError):
            Period("x", **wrong)  # type: ignore[arg-type]


def test_the_table_of_the_guide_is_right() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "layouts.md").read_text(encoding="utf-8")
    table = guide.partition("<!-- periods -->\n")[2].partition("\n\n")[0].splitlines()[2:]
    assert len(table) > 15
    for line in table:
        written, begins, ends = (cell.strip() for cell in line.strip("|").split("|"))
        for text in written.split(";"):
            words = text.partition(" (the ")[0].strip()
            assert days(words) == f"{begins} {ends}", words


# --- beside what others know ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en_GB", "cy"])
@pytest.mark.parametrize("width", ["wide", "abbreviated"])
def test_months_are_those_of_the_unicode_locale_data(language: str, width: str) -> None:
    for number, name in get_month_names(width, "format", language).items():  # type: ignore[arg-type]
        assert days(f"{name} 2019").startswith(f"2019-{number:02}-01"), name
        assert read_date(f"7 {name} 2019") == date(2019, number, 7)


@pytest.mark.parametrize("language", ["en_GB", "cy"])
@pytest.mark.parametrize("width", ["wide", "abbreviated"])
def test_quarters_are_those_of_the_unicode_locale_data(language: str, width: str) -> None:
    for number, name in get_quarter_names(width, "format", language).items():  # type: ignore[arg-type]
        assert days(f"{name} 2019") == days(f"Q{number} 2019") != "", name


@given(YEARS, st.integers(1, 4))
def test_quarters_and_years_begin_and_end_as_pandas_has_them(year: int, quarter: int) -> None:
    def of(period: pd.Period) -> str:
        return f"{period.start_time.date()} {period.end_time.date()}"

    assert days(f"Q{quarter} {year}") == of(pd.Period(f"{year}Q{quarter}"))
    assert days(f"{year}/{(year + 1) % 100:02} Q{quarter}") == of(
        pd.Period(year=year + 1, quarter=quarter, freq="Q-MAR")
    )
    assert days(f"{year}/{(year + 1) % 100:02}") == of(pd.Period(str(year + 1), freq="Y-MAR"))
    assert days(str(year)) == of(pd.Period(str(year), freq="Y"))


@given(DAYS)
def test_a_day_is_found_again_however_it_is_written(day: date) -> None:
    name = get_month_names("wide", "format", "cy")[day.month]
    written = [day.isoformat(), f"{day:%-d %B %Y}", f"{day:%B %-d, %Y}", f"{day.day} {name} {day.year}"]
    for text in written:
        assert (read_period(text).begins, read_period(text).ends) == (day, day)
    assert read_period(f"{day:%d/%m/%Y}", DateOrder.DAY_FIRST).begins == day
    assert read_period(f"{day:%m/%d/%Y}", DateOrder.MONTH_FIRST).begins == day


@given(DAYS, st.sampled_from(["year to {}", "year ending {}", "12 months to {}", "blwyddyn hyd at {}"]))
def test_a_year_up_to_a_day_is_a_year_long(day: date, form: str) -> None:
    found = read_period(form.format(f"{day:%-d %B %Y}"))
    assert found.ends == day and found.begins
    assert (found.begins - timedelta(1)).year == day.year - 1 and 364 <= (day - found.begins).days <= 365


@given(DAYS, DAYS)
def test_a_range_goes_from_the_beginning_of_one_to_the_end_of_the_other(one: date, other: date) -> None:
    first, last = sorted((one, other))
    found = read_period(f"{first:%B %Y} to {last:%B %Y}")
    if (first.year, first.month) != (last.year, last.month):
        assert found.begins == read_period(f"{first:%B %Y}").begins
        assert found.ends == read_period(f"{last:%B %Y}").ends


@given(
    YEARS, YEARS, st.sampled_from(["{}", "November {}", "Q3 {}", "Autumn {}", "{}-06-30", "year to March {}"])
)
def test_the_later_year_is_the_later_period_whatever_its_form(one: int, other: int, form: str) -> None:
    keys = [read_period(form.format(year)).key for year in (one, other)]
    assert (keys[0] < keys[1]) == (one < other)


@given(st.text(alphabet="0123456789/-. QqFYfy()[]'to Marchwinter ", max_size=30))
def test_nothing_written_is_a_period_that_ends_before_it_begins(text: str) -> None:
    found = stored_period(text)
    assert found.words == text
    assert found.begins is None or (found.ends is not None and found.begins <= found.ends)
