"""Several findings at one place of a source are all stored, and the same file again changes nothing."""

from __future__ import annotations

import itertools

import pytest
from example_framework import Desk, finding

FIRST, SECOND, THIRD = "Carers are asked.", "Carers wait.", "Carers are heard."


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.load_sources()
    return desk


def stored(desk: Desk) -> dict[str, str]:
    found = desk.rows("select locator, text from evidence where withdrawn_event is null order by locator")
    return {row["locator"]: row["text"] for row in found}


def test_two_findings_on_one_page_are_both_stored_with_their_own_domains(desk: Desk) -> None:
    rows = (finding("p. 4", FIRST, domains="carers"), finding("p. 4", SECOND, domains="assessment"))
    report = desk.load_rows("findings", *rows)
    assert (report.added["items"], report.added["tags"]) == (2, 2)
    assert sorted(stored(desk)) == ["p. 4", "p. 4, finding 2"]
    assert set(stored(desk).values()) == {FIRST, SECOND}
    tied = desk.rows(
        "select e.text, d.key from evidence e join tag t on t.evidence_id = e.id"
        " join domain d on d.id = t.domain_id order by e.text"
    )
    assert [tuple(row.values()) for row in tied] == [(FIRST, "carers"), (SECOND, "assessment")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_the_rows_decides_nothing_and_the_same_rows_again_change_nothing(
    desk: Desk, order: tuple[int, ...]
) -> None:
    rows = [finding("p. 4", text) for text in (FIRST, SECOND, THIRD)]
    desk.load_rows("findings", *rows)
    before = stored(desk)
    again = desk.load_rows("findings", *(rows[number] for number in order))
    assert (again.added["items"], again.already_there, again.replaced) == (0, 3, 0)
    assert desk.load_rows("findings", rows[order[0]]).already_there == 1
    assert stored(desk) == before


def test_one_more_finding_on_the_page_comes_beside_those_that_are_there(desk: Desk) -> None:
    desk.load_rows("findings", finding("p. 4", FIRST))
    report = desk.load_rows("findings", finding("p. 4", SECOND), finding("p. 4", FIRST))
    assert (report.added["items"], report.already_there) == (1, 1)
    assert stored(desk) == {"p. 4": FIRST, "p. 4, finding 2": SECOND}


def test_another_finding_in_place_of_a_stored_one_is_still_asked_about(desk: Desk) -> None:
    desk.load_rows("findings", finding("p. 4", FIRST))
    [problem] = desk.problems_of_rows("findings", finding("p. 4", SECOND))
    assert "has the same source and locator, but different content" in problem
    assert desk.load_rows("findings", finding("p. 4", SECOND), replace=True).replaced == 1
    assert stored(desk) == {"p. 4": SECOND}


def test_a_row_that_stands_twice_is_one_finding(desk: Desk) -> None:
    report = desk.load_rows("findings", finding("p. 4", FIRST), finding("p. 4", FIRST))
    assert (report.added["items"], report.already_there) == (1, 1)


def test_two_numbers_at_one_place_are_refused_as_before(desk: Desk) -> None:
    row = {"source": "N1", "locator": "row 1", "indicator": "Seen", "period": "2020", "better": "higher"}
    found = desk.problems_of_rows("indicators", {**row, "value": 1}, {**row, "value": 2})
    assert "appears twice, with different content" in found[0]
