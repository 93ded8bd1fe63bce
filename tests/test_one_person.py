"""One person spelled in several ways is one person: in codings, their agreement, queues and findings."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_framework import Desk, finding
from hypothesis import given
from hypothesis import strategies as st

from evidence.coding.agreement import measure_agreement
from joint_review.web.pages.coverage import MY_UNTAGGED, UNREAD
from programme.names import give_names, same_person
from rules.errors import ReviewError

FULL_WIDTH = "\uff21nna"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Three findings that anna recorded."""
    desk = Desk(tmp_path)
    desk.load_sources()
    desk.load_rows("findings", *(finding(f"p. {n}", recorded_by="anna") for n in (1, 2, 3)))
    yield desk
    desk.close()


def coding(number: int, who: str, direction: str = "strength") -> dict[str, object]:
    row = {"source": "I1", "locator": f"p. {number}", "coded_by": who}
    return {**row, "direction": direction, "significance": 2, "domains": "carers"}


@given(st.text(max_size=20), st.text(max_size=20))
def test_sql_and_python_ask_the_same_test(one: str, other: str) -> None:
    connection = sqlite3.connect(":memory:")
    try:
        give_names(connection)
        asked = "select person(?) = person(?)"
        try:
            found = connection.execute(asked, [one, other]).fetchone()[0]
        except UnicodeEncodeError:
            return
        assert bool(found) == same_person(one, other)
    finally:
        connection.close()


@pytest.mark.parametrize("who", ["anna", "ANNA", FULL_WIDTH, " Anna "])
def test_whoever_recorded_an_item_is_no_second_coder_of_it_in_any_spelling(desk: Desk, who: str) -> None:
    [problem] = desk.problems_of_rows("codings", coding(1, who))
    assert "recorded this item, so the item itself is their coding" in problem


def test_one_coder_in_three_spellings_codes_an_item_once_and_counts_once(desk: Desk) -> None:
    desk.load_rows("codings", coding(1, "Ben"), coding(2, "BEN"), coding(3, "Ben", "weakness"))
    again = desk.load_rows("codings", coding(1, "ben"))
    assert (again.added["codings"], again.already_there) == (0, 1)
    [problem] = desk.problems_of_rows("codings", coding(1, "ben", "weakness"))
    assert "coded" in problem
    assert len(desk.rows("select distinct coded_by from coding")) == 1
    assert measure_agreement(desk.db, desk.review).coders == ("BEN", "anna")


def test_what_an_older_file_holds_of_one_person_twice_is_no_agreement(desk: Desk) -> None:
    desk.load_rows("codings", coding(1, "Ben"), coding(2, "Ben"))
    desk.db.execute("drop trigger coding_never_update")
    desk.db.execute("update coding set coded_by = 'ANNA'")
    with pytest.raises(ReviewError):
        measure_agreement(desk.db, desk.review)


@pytest.mark.parametrize("who", ["anna", "ANNA", FULL_WIDTH])
def test_a_queue_is_of_the_person_in_whatever_spelling(desk: Desk, who: str) -> None:
    desk.load_rows("findings", finding("p. 9", recorded_by=FULL_WIDTH, domains=""))
    asked = {"review": desk.review.id, "by": who, "limit": 50, "offset": 0}
    assert len(desk.db.conn.execute(MY_UNTAGGED, asked).fetchall()) == 1
    assert desk.db.conn.execute(UNREAD, asked).fetchall() == []
