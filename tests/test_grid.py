"""The grid as data: cells, titles and the place of the authority, in both languages."""

from __future__ import annotations

import itertools

import pytest
from assessment_example import ENGLISH, WELSH

from assessment.reasons.grid import make_grid


def test_the_first_question_runs_across_and_the_second_up_with_the_best_at_the_top() -> None:
    grid = make_grid(WELSH.framework, ["mainly-good", "well"])
    assert grid.across == "How good are the services?"
    assert grid.up == "How well placed is the council to sustain and improve services?"
    assert grid.columns == ("Poor", "Inconsistent", "Mainly good", "Excellent")
    assert [title for title, _ in grid.rows] == [
        "Strongly placed",
        "Well placed",
        "Uncertainly placed",
        "Badly placed",
    ]
    assert [cell.levels[0] for cell in grid.rows[0][1]] == [
        "poor",
        "inconsistent",
        "mainly-good",
        "excellent",
    ]
    assert {cell.levels[1] for cell in grid.rows[-1][1]} == {"badly"}


def test_every_pair_of_levels_has_one_cell_and_only_one_is_the_authoritys() -> None:
    first, second = ([level.id for level in q.scale] for q in WELSH.framework.questions)
    for position in itertools.product(first, second):
        grid = make_grid(WELSH.framework, position)
        cells = [cell for _, row in grid.rows for cell in row]
        assert sorted(cell.levels for cell in cells) == sorted(itertools.product(first, second))
        assert [cell.levels for cell in cells if cell.here] == [position]


def test_the_position_is_said_in_words() -> None:
    grid = make_grid(WELSH.framework, ["mainly-good", "well"])
    assert grid.position == ("Mainly good", "Well placed")
    assert grid.sentence() == (
        "How good are the services? Mainly good; How well placed is the council to sustain and improve"
        " services? Well placed."
    )


@pytest.mark.parametrize("cell", [None, [], ()])
def test_without_a_cell_the_authority_stands_nowhere(cell: list[str] | None) -> None:
    grid = make_grid(WELSH.framework, cell)
    assert grid.position is None
    assert not any(c.here for _, row in grid.rows for c in row)
    assert grid.sentence() == "No position on the grid yet: a question has no rating."


def test_a_framework_with_one_question_has_a_single_row() -> None:
    grid = make_grid(ENGLISH.framework, ["good"])
    assert (grid.up, len(grid.rows), grid.rows[0][0]) == (None, 1, "")
    assert [cell.titles for cell in grid.rows[0][1] if cell.here] == [("Good",)]
    assert grid.columns == ("Inadequate", "Requires improvement", "Good", "Outstanding")
    assert grid.sentence() == "How well does the local authority meet its adult social care duties? Good."


def test_the_grid_reads_in_welsh() -> None:
    grid = make_grid(WELSH.framework, ["poor", "strongly"], "cy")
    assert grid.position == ("Gwael", "Mewn sefyllfa gref")
    assert grid.across == "Pa mor dda yw'r gwasanaethau?"


def test_a_language_that_is_not_given_falls_back_to_english() -> None:
    assert make_grid(ENGLISH.framework, ["good"], "cy").position == ("Good",)
