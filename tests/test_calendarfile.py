"""Calendar files: read back as they were meant, the same bytes for the same entries, right over clocks."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import icalendar
import pytest

from programme.calendarfile import Entry, calendar_file
from rules.errors import ReviewError

STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)
UK = ZoneInfo("Europe/London")


def events(written: bytes) -> list[icalendar.Event]:
    return list(icalendar.Calendar.from_ical(written).walk("VEVENT"))


def test_a_whole_day_lasts_until_the_next_and_blocks_nobodys_time() -> None:
    (event,) = events(calendar_file("Dates", [Entry("a@r", "Draft", date(2026, 7, 6))], STAMP))
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (date(2026, 7, 6), date(2026, 7, 7))
    assert str(event["TRANSP"]) == "TRANSPARENT"


def test_letters_commas_and_long_lines_come_back_as_they_were() -> None:
    title = "Cyflwyno'r adroddiad: Tŷ Gwyn, Ynys Môn; ŵ ŷ " + "hir iawn " * 20
    written = calendar_file("Dates", [Entry("a@r", title, date(2026, 7, 6), text="One\ntwo, three")], STAMP)
    (event,) = events(written)
    assert (str(event["SUMMARY"]), str(event["DESCRIPTION"])) == (title.strip() + " ", "One\ntwo, three")
    assert max(map(len, written.split(b"\r\n"))) <= 75


def test_nine_in_the_morning_is_nine_on_both_sides_of_the_end_of_summer_time() -> None:
    days = [datetime(2026, 10, 24, 9, tzinfo=UK), datetime(2026, 10, 25, 9, tzinfo=UK)]
    written = calendar_file("Dates", [Entry(f"{d.day}@r", "Visit", d) for d in days], STAMP)
    starts = [event.decoded("dtstart").astimezone(UTC) for event in events(written)]
    assert [start.hour for start in starts] == [8, 9]
    assert b"BEGIN:VTIMEZONE" in written and b"TZID:Europe/London" in written


def test_an_hour_that_begins_before_the_clocks_go_forward_is_still_an_hour() -> None:
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    (event,) = events(calendar_file("Dates", [Entry("a@r", "Night visit", start)], STAMP))
    begins, ends = (event.decoded(name).astimezone(UTC) for name in ("dtstart", "dtend"))
    assert (ends - begins).total_seconds() == 3600


def test_an_entry_that_was_called_off_says_so_and_its_number_rises() -> None:
    entry = Entry("a@r", "Visit", date(2026, 7, 6), sequence=3, cancelled=True)
    (event,) = events(calendar_file("Dates", [entry], STAMP))
    assert (str(event["STATUS"]), event.decoded("sequence"), str(event["UID"])) == ("CANCELLED", 3, "a@r")


def test_the_same_entries_give_the_same_bytes() -> None:
    entries = [Entry("a@r", "Draft", date(2026, 7, 6)), Entry("b@r", "Meeting", STAMP)]
    assert calendar_file("Dates", entries, STAMP) == calendar_file("Dates", entries, STAMP)


def test_without_what_writes_them_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from joint_review.cli.remedies import remedy_words

    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(ReviewError) as refused:
        calendar_file("Dates", [], STAMP)
    assert "pip install 'joint-review[report]'" in refused.value.worded(remedy_words)
