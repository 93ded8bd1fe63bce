"""Dates and times as people read them: in words, and in UK time."""

from __future__ import annotations

import pytest

from programme.calendar import day_of_moment, day_words, moment_words


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
