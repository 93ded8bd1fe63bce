"""Working days by nation: weekends and bank holidays count for none, and a day is never its own first."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.workdays import (
    CODES,
    WELSH,
    Nation,
    bank_holidays,
    is_working_day,
    last_working_day,
    next_working_day,
    why_off,
    working_days_after,
    working_days_between,
)
from rules.errors import ReviewError

YEARS = range(1998, 2031)
ENGLAND, WALES, SCOTLAND = Nation.ENGLAND, Nation.WALES, Nation.SCOTLAND
DAYS = st.dates(date(1999, 1, 1), date(2029, 12, 31))
NATIONS = st.sampled_from(list(Nation))


def off_in(nation: Nation) -> set[date]:
    return {day for year in YEARS for day in bank_holidays(year, nation)}


def test_england_and_wales_have_the_same_bank_holidays_in_every_year() -> None:
    assert off_in(ENGLAND) == off_in(WALES)


def test_scotland_did_not_work_on_15_june_2026_and_england_and_wales_did() -> None:
    day = date(2026, 6, 15)
    assert not is_working_day(day, SCOTLAND)
    assert is_working_day(day, WALES)
    assert is_working_day(day, ENGLAND)
    assert working_days_after(date(2026, 6, 12), 1, SCOTLAND) == date(2026, 6, 16)
    assert working_days_after(date(2026, 6, 12), 1, WALES) == day


def test_scotland_works_on_easter_monday_and_nobody_else_does() -> None:
    monday = date(2026, 4, 6)
    assert [nation for nation in Nation if is_working_day(monday, nation)] == [SCOTLAND]


def test_one_working_day_after_25_december_2026_is_the_tuesday_after_boxing_days_substitute() -> None:
    assert working_days_after(date(2026, 12, 25), 1, WALES) == date(2026, 12, 29)
    assert why_off(date(2026, 12, 28), WALES) == "Boxing Day, substitute day"


def test_ten_working_days_over_the_turn_of_the_year_end_a_day_later_in_scotland() -> None:
    assert working_days_after(date(2026, 12, 18), 10, WALES) == date(2027, 1, 6)
    assert working_days_after(date(2026, 12, 18), 10, SCOTLAND) == date(2027, 1, 7)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2022, 9, 19), "State Funeral of Queen Elizabeth II"),
        (date(2023, 5, 8), "Coronation of Charles III"),
        (date(2022, 6, 2), "Spring bank holiday"),
        (date(2011, 4, 29), "Wedding of William and Catherine"),
    ],
)
def test_special_bank_holidays_are_known(day: date, name: str) -> None:
    assert why_off(day, WALES) == name


def test_the_eight_bank_holidays_of_wales_have_welsh_names() -> None:
    named = {why_off(day, WALES, "cy") for day in bank_holidays(2025, WALES)}
    assert named == set(WELSH.values())
    assert why_off(date(2026, 12, 28), WALES, "cy") == "Gŵyl San Steffan, diwrnod yn ei le"
    assert why_off(date(2026, 12, 27), WALES, "cy") == "Dydd Sul"


def test_a_day_in_place_of_two_is_named_in_scotland_too() -> None:
    assert all(name and ";" not in name for name in bank_holidays(2022, SCOTLAND).values())


@given(day=DAYS, number=st.integers(-60, 60).filter(bool), nation=NATIONS)
def test_numpy_counts_the_same_working_days(day: date, number: int, nation: Nation) -> None:
    off = [one for year in range(day.year - 1, day.year + 2) for one in bank_holidays(year, nation)]
    counted = np.busday_offset(day, number, roll="backward" if number > 0 else "forward", holidays=off)
    assert working_days_after(day, number, nation) == counted.astype(date)


@given(day=DAYS, number=st.integers(1, 60), nation=NATIONS)
def test_what_is_counted_on_from_a_day_is_counted_between_as_many(
    day: date, number: int, nation: Nation
) -> None:
    end = working_days_after(day, number, nation)
    assert working_days_between(day, end, nation) == number
    assert working_days_between(end, day, nation) == 0
    assert is_working_day(end, nation)


@given(day=DAYS, nation=NATIONS)
def test_the_nearest_working_days_are_the_day_itself_or_have_none_between(day: date, nation: Nation) -> None:
    before, after = last_working_day(day, nation), next_working_day(day, nation)
    assert before <= day <= after
    between = [day + timedelta(days=n) for n in range((before - day).days + 1, (after - day).days)]
    assert (
        (before == day == after)
        if is_working_day(day, nation)
        else not any(is_working_day(one, nation) for one in between)
    )


@pytest.mark.parametrize("number", [0, 2_001, -2_001])
def test_no_number_and_too_large_a_number_of_working_days_are_refused(number: int) -> None:
    with pytest.raises(ReviewError, match="cannot be counted"):
        working_days_after(date(2026, 1, 1), number, WALES)


def test_years_without_known_bank_holidays_are_refused() -> None:
    with pytest.raises(ReviewError, match="bank holidays of 1950 are not known"):
        is_working_day(date(1950, 1, 2), WALES)


def test_holidays_are_never_asked_for_without_a_nation() -> None:
    door = Path(__file__).parent.parent / "programme" / "workdays.py"
    calls = [
        node
        for node in ast.walk(ast.parse(door.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("holidays.")
    ]
    assert calls
    for call in calls:
        assert {keyword.arg for keyword in call.keywords} >= {"subdiv", "years"}
    assert set(CODES) == set(Nation)


def test_without_the_list_of_bank_holidays_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    from joint_review.cli.remedies import remedy_words
    from programme import workdays

    workdays._of_year.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ReviewError) as refused:
        is_working_day(date(2026, 1, 2), WALES)
    assert "pip install 'joint-review[report]'" in refused.value.worded(remedy_words)
