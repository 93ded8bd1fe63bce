"""Dates and times as people read them: in words, and in UK time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from programme.calendar import (
    day_of_moment,
    day_words,
    moment_words,
    read_moment,
    start_of_day,
    uk_moment,
)


@pytest.mark.parametrize(
    ("recorded", "read"),
    [
        ("2026-01-05T09:30:00+00:00", "5 January 2026, 9:30am"),
        ("2026-07-01T09:30:00+00:00", "1 July 2026, 10:30am"),
        ("2026-07-01T09:30:00Z", "1 July 2026, 10:30am"),
        ("2026-07-01T09:30:00", "1 July 2026, 10:30am"),
        ("2026-07-01T11:30:00+02:00", "1 July 2026, 10:30am"),
        ("2026-12-31T00:05:00+00:00", "31 December 2026, 12:05am"),
        ("2026-12-31T12:00:00+00:00", "31 December 2026, 12:00pm"),
        ("2026-12-31T23:59:59+00:00", "31 December 2026, 11:59pm"),
    ],
)
def test_a_time_is_read_in_uk_time_with_its_half_of_the_day(recorded: str, read: str) -> None:
    assert moment_words(recorded) == read


def test_the_clocks_go_forward_at_one_in_the_morning_on_the_last_sunday_of_march() -> None:
    assert moment_words("2026-03-29T00:59:00+00:00") == "29 March 2026, 12:59am"
    assert moment_words("2026-03-29T01:00:00+00:00") == "29 March 2026, 2:00am"


def test_the_clocks_go_back_at_two_in_the_morning_on_the_last_sunday_of_october() -> None:
    assert moment_words("2026-10-25T00:30:00+00:00") == "25 October 2026, 1:30am"
    assert moment_words("2026-10-25T01:30:00+00:00") == "25 October 2026, 1:30am"


def test_what_was_recorded_late_on_a_summer_evening_is_of_the_next_day_in_the_uk() -> None:
    assert day_of_moment("2026-06-30T23:30:00+00:00") == "1 July 2026"
    assert day_of_moment("2026-12-31T23:30:00+00:00") == "31 December 2026"


def test_a_whole_date_is_read_in_words_and_anything_else_stays_as_it_is() -> None:
    assert day_words("2009-06-01") == "1 June 2009"
    for other in ("", "2004", "2004-08", "2000/01", "2004-13-01", "ten letter", "2009-06-01T09:30:00"):
        assert day_words(other) == other


def test_dates_and_times_are_read_in_welsh_too() -> None:
    assert day_words("2026-07-01", "cy") == "1 Gorffennaf 2026"
    assert day_words("2026-02-28", "cy") == "28 Chwefror 2026"
    assert moment_words("2026-07-01T13:30:00+01:00", "cy") == "1 Gorffennaf 2026, 1:30yp"
    assert moment_words("2026-12-31T09:05:00+00:00", "cy") == "31 Rhagfyr 2026, 9:05yb"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-23 14:00", "2026-11-23T14:00:00+00:00"),
        ("2026-07-01T14:00", "2026-07-01T14:00:00+01:00"),
        ("23 November 2026, 2:00pm", "2026-11-23T14:00:00+00:00"),
        ("23 Tachwedd 2026, 2:00yp", "2026-11-23T14:00:00+00:00"),
        ("1 July 2026 at 12.30am", "2026-07-01T00:30:00+01:00"),
        ("1 July 2026 12:00 pm", "2026-07-01T12:00:00+01:00"),
        ("2026-10-25 01:30+01:00", "2026-10-25T01:30:00+01:00"),
        ("2026-10-25 01:30+00:00", "2026-10-25T01:30:00+00:00"),
        ("2026-07-01 14:00Z", "2026-07-01T15:00:00+01:00"),
    ],
)
def test_a_moment_is_read_as_people_write_it_in_uk_time(written: str, meant: str) -> None:
    assert read_moment(written).isoformat() == meant


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_a_moment_in_words_is_read_back_unless_it_comes_twice(at: datetime) -> None:
    at = at.replace(second=0, microsecond=0)
    try:
        assert read_moment(moment_words(at.isoformat())) == at
    except PydanticCustomError as refused:
        assert "comes twice" in str((refused.context or {})["hint"])


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026-11-23", "23 November 2026, 2:00pm"),
        ("14:00", "23 November 2026, 2:00pm"),
        ("2026-11-23 24:00", "23 November 2026, 2:00pm"),
        ("2026-11-23 13:00pm", "23 November 2026, 2:00pm"),
        ("2026-03-29 01:30", "The clocks go forward"),
        ("2026-10-25 01:30", "comes twice; write 2026-10-25 01:30+01:00 or +00:00"),
        ("2026-02-30 14:00", "Write 2004-05-31"),
    ],
)
def test_a_moment_that_is_none_or_could_be_two_is_refused(written: str, said: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        read_moment(written)
    assert said in str((refused.value.context or {})["hint"])


def test_a_day_in_the_uk_begins_at_midnight_there_whatever_the_clocks_do() -> None:
    assert start_of_day(date(2026, 7, 1)).astimezone(UTC) == datetime(2026, 6, 30, 23, tzinfo=UTC)
    hours = (
        start_of_day(date(2026, 3, 30)) - start_of_day(date(2026, 3, 29)).astimezone(UTC)
    ).total_seconds()
    assert hours == 23 * 3600
    assert (
        uk_moment(datetime(2026, 6, 30, 23, 30, 5, 7, tzinfo=UTC)).isoformat() == "2026-07-01T00:30:05+01:00"
    )
