"""Small numbers stay hidden: no sum or difference of what is printed gives one of them away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programme.disclosure import (
    ALL,
    FOLLOWS,
    SMALL,
    Plan,
    Sum,
    grid_counts,
    grid_sums,
    merge_small,
    plan_suppression,
)
from rules.errors import ReviewError

GRIDS = st.integers(1, 4).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(0, 14), min_size=columns, max_size=columns), min_size=1, max_size=4
    )
)


def planned(cells: Sequence[Sequence[int]], fewest: int, **how: bool) -> Plan:
    return plan_suppression(grid_counts(cells), grid_sums(len(cells), len(cells[0])), fewest, **how)


def equations(counts: Mapping, sums: Sequence[Sum], hidden: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """What is printed, as equations in the hidden counts."""
    left, right = [], []
    for one in sums:
        signs = {one.total: -1, **dict.fromkeys(one.parts, 1)}
        left.append([signs.get(name, 0) for name in hidden])
        right.append(-sum(sign * counts[name] for name, sign in signs.items() if name not in hidden))
    return np.array(left), np.array(right)


@settings(max_examples=40, deadline=None)
@given(cells=GRIDS, fewest=st.integers(1, 8), zeros=st.booleans())
def test_no_sum_or_difference_of_printed_numbers_gives_a_hidden_one(
    cells: list[list[int]], fewest: int, zeros: bool
) -> None:
    counts, sums = grid_counts(cells), grid_sums(len(cells), len(cells[0]))
    plan = planned(cells, fewest, zeros_are_small=zeros)
    hidden = list(plan.hidden)
    assert all(name in hidden for name, n in counts.items() if n < fewest and (n or zeros))
    if not hidden:
        return
    left, _ = equations(counts, sums, hidden)
    rank = np.linalg.matrix_rank(left)
    # A count follows from the printed ones if naming it as well tells nothing new.
    for position in range(len(hidden)):
        unit = np.eye(len(hidden))[position]
        assert np.linalg.matrix_rank(np.vstack([left, unit])) == rank + 1, hidden[position]


@settings(max_examples=25, deadline=None)
@given(
    cells=st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=2), min_size=2, max_size=3),
    fewest=st.integers(2, 6),
)
def test_all_combinations_of_rows_columns_and_totals_are_tried(cells: list[list[int]], fewest: int) -> None:
    counts, sums = grid_counts(cells), grid_sums(len(cells), 2)
    hidden = list(planned(cells, fewest).hidden)
    left, _ = equations(counts, sums, hidden)
    for taken in product((-1, 0, 1), repeat=len(sums)):
        assert np.count_nonzero(np.array(taken) @ left) != 1


def every_table(counts: Mapping, sums: Sequence[Sum], hidden: Sequence, most: int) -> list[tuple[int, ...]]:
    """Every way to fill the hidden counts from 0 to `most` that fits what is printed."""
    left, right = equations(counts, sums, hidden)
    return [fill for fill in product(range(most + 1), repeat=len(hidden)) if (left @ fill == right).all()]


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(st.integers(0, 8), min_size=2, max_size=4), fewest=st.integers(2, 5))
def test_every_table_that_fits_is_tried_and_leaves_a_range_as_wide_as_the_threshold(
    counts: list[int], fewest: int
) -> None:
    named = {**dict(enumerate(counts)), ALL: sum(counts)}
    sums = [Sum(ALL, tuple(range(len(counts))))]
    hidden = list(plan_suppression(named, sums, fewest).hidden)
    if not hidden:
        return
    fills = every_table(named, sums, hidden, max(sum(counts), fewest))
    for position in range(len(hidden)):
        found = {fill[position] for fill in fills}
        assert max(found) - min(found) >= fewest


def test_a_small_number_beside_its_total_takes_the_smallest_other_with_it() -> None:
    counts = {"yes": 3, "no": 40, "unsure": 12, "all": 55}
    plan = plan_suppression(counts, [Sum("all", ("yes", "no", "unsure"))], 5)
    assert plan.hidden == {"yes": SMALL, "unsure": FOLLOWS}
    assert plan.apply(counts) == {"yes": None, "no": 40, "unsure": None, "all": 55}


def test_two_small_numbers_that_are_few_together_take_a_third_with_them() -> None:
    counts = {"a": 1, "b": 1, "c": 30, "all": 32}
    plan = plan_suppression(counts, [Sum("all", ("a", "b", "c"))], 5)
    assert set(plan.hidden) == {"a", "b", "c"}


def test_a_total_below_the_threshold_is_hidden_with_all_its_parts() -> None:
    counts = {"a": 1, "b": 2, "all": 3}
    assert set(plan_suppression(counts, [Sum("all", ("a", "b"))], 5).hidden) == {"a", "b", "all"}


def test_a_number_that_only_two_rows_and_two_columns_together_give_is_seen() -> None:
    # Each row and column that has a hidden count has two; the one that joins the two blocks still follows.
    cells = [[2, 20, 2, 30], [20, 2, 30, 30], [30, 30, 2, 2], [30, 30, 20, 2]]
    counts, sums = grid_counts(cells), grid_sums(4, 4)
    plan = planned(cells, 5)
    left, _ = equations(counts, sums, list(plan.hidden))
    joined = np.vstack([left, np.eye(len(plan.hidden))])
    assert np.linalg.matrix_rank(left) < np.linalg.matrix_rank(joined)
    assert len(plan.hidden) > sum(reason == SMALL for reason in plan.hidden.values())


def test_totals_of_totals_count_as_well() -> None:
    counts = {"a1": 2, "a2": 30, "b1": 20, "b2": 25, "a": 32, "b": 45, "all": 77}
    sums = [Sum("a", ("a1", "a2")), Sum("b", ("b1", "b2")), Sum("all", ("a", "b"))]
    hidden = plan_suppression(counts, sums, 5).hidden
    assert set(hidden) == {"a1", "a2"}
    assert set(plan_suppression({**counts, "a2": 2, "a": 4, "all": 49}, sums, 5).hidden) > {"a1", "a2", "a"}


def test_zeros_are_printed_where_the_practice_prints_them() -> None:
    counts = {"a": 0, "b": 12, "all": 12}
    sums = [Sum("all", ("a", "b"))]
    assert not plan_suppression(counts, sums, 5, zeros_are_small=False).hidden
    assert "a" in plan_suppression(counts, sums, 5).hidden


def test_a_plan_says_what_it_would_do_before_anything_is_hidden() -> None:
    counts = {"yes": 3, "no": 40, "unsure": 12, "all": 55}
    sums = [Sum("all", ("yes", "no", "unsure"))]
    assert plan_suppression(counts, sums, 5).words() == (
        "1 number below 5 is left out, and 1 more, from which it would follow; 2 numbers are printed."
    )
    assert plan_suppression(counts, sums, 3).words() == "No number is below 3; all 4 are printed."


def test_sums_that_do_not_add_up_and_numbers_of_no_people_are_refused() -> None:
    with pytest.raises(ReviewError, match="add up to 43, not to 44"):
        plan_suppression({"a": 3, "b": 40, "all": 44}, [Sum("all", ("a", "b"))], 5)
    with pytest.raises(ReviewError, match="is not a number of people"):
        plan_suppression({"a": -1}, [], 5)
    with pytest.raises(ReviewError, match="hides nothing"):
        plan_suppression({"a": 1}, [], 0)


@pytest.mark.parametrize(
    ("rows", "spans"),
    [
        ([[6, 7, 8]], [(0, 0), (1, 1), (2, 2)]),
        ([[1, 7, 8, 5]], [(0, 1), (2, 2), (3, 3)]),
        ([[7, 8, 2]], [(0, 0), (1, 2)]),
        ([[1, 2, 1]], []),
        ([[6, 7, 8], [8, 0, 6]], [(0, 0), (1, 2)]),
        ([], []),
    ],
)
def test_scores_with_few_files_are_joined_with_their_neighbours(
    rows: list[list[int]], spans: list[tuple[int, int]]
) -> None:
    assert [(span.first, span.last) for span in merge_small(rows, 5)] == spans


@given(cells=GRIDS, fewest=st.integers(1, 20))
def test_joined_columns_are_all_columns_in_order_and_none_is_small(
    cells: list[list[int]], fewest: int
) -> None:
    spans = merge_small(cells, fewest)
    if not spans:
        assert any(sum(row) < fewest for row in cells)
        return
    assert [n for span in spans for n in range(span.first, span.last + 1)] == list(range(len(cells[0])))
    assert all(sum(row[span.first : span.last + 1]) >= fewest for row in cells for span in spans)
