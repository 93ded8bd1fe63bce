"""Problems of files grouped by cause: one line for what is wrong, with its count and its rows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import ImportRefused, Near, Problem
from rules.grouping import MOST_GROUPED, Grouping, grouped, row_ranges
from rules.limits import MOST_PROBLEMS


def at(row: int, column: str = "'domains'", message: str = "found 'x'; expected a domain.") -> Problem:
    return Problem(f"findings.csv, row {row}, column {column}", message, "Write its id.")


def lines(*problems: Problem) -> list[str]:
    return [str(problem) for problem in ImportRefused("Nothing was imported.", problems).problems]


def test_what_is_wrong_in_many_rows_is_said_once_with_count_and_rows() -> None:
    rows = [*range(3, 19), 40]
    assert lines(*map(at, rows)) == [
        "findings.csv, rows 3-18, 40, column 'domains': found 'x'; expected a domain. (17 times)"
        " Write its id."
    ]


def test_the_rows_of_lists_are_grouped_too() -> None:
    places = [f"rows.yml, findings {number}, line {3 * number}, column 'source'" for number in (1, 2, 9)]
    assert lines(*(Problem(place, "found nothing; expected a text.") for place in places)) == [
        "rows.yml, findings 1-2, 9, column 'source': found nothing; expected a text. (3 times)"
    ]


def test_one_problem_is_said_as_it_is() -> None:
    assert lines(at(7)) == [
        "findings.csv, row 7, column 'domains': found 'x'; expected a domain. Write its id."
    ]


def test_other_values_columns_files_and_sheets_have_lines_of_their_own() -> None:
    other = Problem("book.xlsx, sheet 'A', row 3, column 'domains'", "found 'x'; expected a domain.")
    found = lines(at(3), at(4), at(3, "'strand'"), at(5, message="found 'y'; expected a domain."), other)
    assert [line.partition(":")[0] for line in found] == [
        "findings.csv, rows 3-4, column 'domains'",
        "findings.csv, row 3, column 'strand'",
        "findings.csv, row 5, column 'domains'",
        "book.xlsx, sheet 'A', row 3, column 'domains'",
    ]


def test_what_is_about_no_row_is_left_as_it_is() -> None:
    headers = [Problem("a.csv, headers", "column 2 has no header."), Problem("a.csv", "there are no rows.")]
    assert lines(*headers) == [str(problem) for problem in headers]
    grouped_before = Problem("a.csv, rows 3-9", "the name is empty. (7 times)")
    assert lines(grouped_before) == [str(grouped_before)]


def test_many_wrong_values_of_a_column_are_a_few_lines() -> None:
    def share(row: int) -> Problem:
        return at(row, "'value'", f"found '0.{row}'; expected a percentage.")

    assert len(lines(*map(share, range(2, 7)))) == 5
    found = lines(at(9), *map(share, [*range(2, 40), 50, 50]), at(60))
    assert [line.partition(":")[0] for line in found] == [
        "findings.csv, rows 9, 60, column 'domains'",
        "findings.csv, row 2, column 'value'",
        "findings.csv, row 3, column 'value'",
        "findings.csv, row 4, column 'value'",
        "findings.csv, rows 5-39, 50, column 'value'",
    ]
    assert found[4].endswith(
        "found 36 other values; expected a percentage. (37 times) What is said above holds for them, too."
    )


def test_across_columns_a_value_is_said_once() -> None:
    found = Grouping(across_columns=True)
    for row in (2, 3):
        for column in "abcdefg":
            found.add(f"r.csv, row {row}, column {column!r}", "'Good' is not a level.")
    [line] = found.lines()
    assert str(line) == (
        "r.csv, rows 2-3, columns 'a', 'b', 'c', 'd', 'e' and 2 more: 'Good' is not a level. (14 times)"
    )


def test_at_most_two_hundred_lines_are_named_and_the_rest_is_counted() -> None:
    found = Grouping()
    for row in range(1_000):
        found.add(f"a.csv, row {row}, column 'x'", f"found '{row % 300}'.")
    assert (len(found.lines()), found.count) == (MOST_PROBLEMS, 1_000)
    named = sum(int(match[1]) for line in found.lines() if (match := re.search(r"\((\d) times", str(line))))
    assert named + found.more == 1_000


def test_beyond_many_problems_are_only_counted() -> None:
    found = Grouping()
    for row in range(MOST_GROUPED + 500):
        found.add(f"a.csv, row {row}", "the row is empty.")
    assert (len(found.lines()), found.count, found.more) == (1, MOST_GROUPED + 500, 500)


def test_a_hint_is_worded_for_the_first_of_its_kind_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    worded: list[str] = []

    def word(near: Near) -> str:
        worded.append(near.given)
        return "Did you mean 'carers'?"

    monkeypatch.setattr(Near, "__str__", word)
    found = Grouping()
    for row in range(50):
        found.add(f"a.csv, row {row}", "found 'carrs'.", Near("carrs", ["carers"]))
    assert (worded, len(found.lines())) == (["carrs"], 1)


ROWS = st.sets(st.integers(1, 60), min_size=1, max_size=30).map(sorted)


@given(ROWS)
def test_ranges_name_exactly_the_rows_that_they_count(rows: list[int]) -> None:
    said = row_ranges(sorted(rows))
    parts, _, left = said.partition(" ")[2].partition(" and ")
    named: list[int] = []
    for part in parts.split(", "):
        first, _, last = part.partition("-")
        named += range(int(first), int(last or first) + 1)
    more = int(left.split()[0].replace(",", "")) if left else 0
    assert named == sorted(rows)[: len(named)]
    assert len(named) + more == len(rows)


@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from("abc"), st.sampled_from("xyz")), max_size=25))
def test_no_problem_is_lost_or_said_twice(found: list[tuple[int, str, str]]) -> None:
    problems = [
        Problem(f"f.csv, row {row}, column {column!r}", f"found {value!r}.") for row, column, value in found
    ]
    made, more = grouped(problems)
    counts = [int(match[1]) if (match := re.search(r"\((\d+) times\)", str(line))) else 1 for line in made]
    assert sum(counts) + more == len(problems)
    assert len(made) == len({(column, value) for _, column, value in found})
