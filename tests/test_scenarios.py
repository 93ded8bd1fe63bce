"""Measures of many alternatives: the same as computing them without the items, on random evidence."""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from assessment_example import AT, item_at, last_event, new_programme, new_review, tables_of
from evidence_rows import Row, finding, score, survey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_evidence import random_rows

from evidence.items import withdraw_item
from evidence.measures.compute import compute_measures
from evidence.measures.pairs import Counted, load_counted
from evidence.measures.scenarios import (
    compute_measures_without,
    each_left_out,
    items_left_out,
    measures_without,
    sets_left_out,
    some_pairs,
)
from programme.database import Database
from programme.reviews import Review, find_review
from rules.rulebook import Measure, Of, Statistic


def measure(name: str, of: str, statistic: str, **more: Any) -> Measure:
    return Measure(id=name, title="A measure", of=Of(of), statistic=Statistic(statistic), **more)


SURVEYS = {"source_kind": ["survey"]}
MEASURES = [
    measure("items", "items", "count"),
    measure("kinds", "items", "kinds"),
    measure("sources", "items", "sources", where={"strand": ["all"]}),
    measure("serious", "findings", "count", where={"direction": ["weakness"], "significance_at_least": 3}),
    measure("strengths", "findings", "share", where={"direction": ["strength"]}),
    measure(
        "weighted",
        "findings",
        "share",
        weighted=True,
        where={"direction": ["strength"]},
        among={"direction": ["strength", "weakness"]},
    ),
    measure("cases_met", "case_scores", "share", where={"score_at_least": 3}),
    measure("case_mean", "case_scores", "mean"),
    measure("positive", "survey_results", "mean"),
    measure("positive_in_surveys", "survey_results", "mean", where=SURVEYS),
    measure("results", "survey_results", "count"),
    measure("at_comparator", "indicators", "at_comparator"),
    measure("improving", "indicators", "improving"),
    measure("improving_for_all", "indicators", "improving", where={"strand": ["all"]}),
]


_numbers = itertools.count(1)


def some_review(db: Database, *rows: Row) -> tuple[Review, Counted]:
    review = new_review(db, f"s{next(_numbers)}", "wales-round-2", *rows)
    return review, load_counted(db, review, last_event(db))


def assert_same(
    db: Database,
    review: Review,
    found: dict[str, dict[str, np.ndarray]],
    alternative: int,
    items: list[int],
) -> None:
    """One alternative is what `compute_measures` gives without the items, value by value and exactly."""
    expected = compute_measures_without(db, review, MEASURES, last_event(db), items)
    for domain, values in expected.items():
        for name, value in values.items():
            mine = found[domain][name][alternative]
            same = np.isnan(mine) if value.value is None else mine == value.value
            assert same, (domain, name, items, mine, value.value)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), count=st.integers(0, 40))
def test_every_alternative_is_what_the_measures_are_without_its_items(
    shared_db: Database, seed: int, count: int
) -> None:
    random = Random(seed)
    review, counted = some_review(shared_db, *random_rows(random, count))
    numbers = sorted({int(item) for item in counted.item}) or [1]
    items, left_out = each_left_out(counted.item)
    found = measures_without(counted, MEASURES, left_out)
    for alternative, item in enumerate(items[:12]):
        assert_same(shared_db, review, found, alternative, [int(item)])
    codes, left_out = each_left_out(counted.source.codes)
    found = measures_without(counted, MEASURES, left_out)
    for alternative, code in enumerate(codes):
        of_source = counted.item[counted.source.codes == code].tolist()
        assert_same(shared_db, review, found, alternative, of_source)
    sets = np.array([[random.choice(numbers) for _ in range(6)] for _ in range(6)])
    found = measures_without(counted, MEASURES, sets_left_out(counted, sets))
    for alternative, chosen in enumerate(sets.tolist()):
        assert_same(shared_db, review, found, alternative, chosen)


def test_leaving_out_nothing_or_everything(shared_db: Database) -> None:
    review, counted = some_review(shared_db, *random_rows(Random(1), 30))
    everything = sorted({int(item) for item in counted.item})
    sets = np.array([[0] * len(everything), everything])
    found = measures_without(counted, MEASURES, sets_left_out(counted, sets))
    assert_same(shared_db, review, found, 0, [])
    assert_same(shared_db, review, found, 1, everything)
    assert found["carers"]["items"][1] == 0
    assert np.isnan(found["carers"]["positive"][1])


def test_large_series_are_taken_in_parts(shared_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    _, counted = some_review(shared_db, *random_rows(Random(2), 60))
    items, left_out = each_left_out(counted.item)
    whole = measures_without(counted, MEASURES, left_out)
    monkeypatch.setattr("evidence.measures.scenarios.AT_ONCE", 3)
    parts = measures_without(counted, MEASURES, left_out)
    for domain, values in whole.items():
        for name in values:
            assert np.array_equal(values[name], parts[domain][name], equal_nan=True)
    assert len(items) > 20


def test_alternatives_can_be_taken_in_parts(shared_db: Database) -> None:
    _, counted = some_review(shared_db, *random_rows(Random(3), 40))
    _, left_out = each_left_out(counted.item)
    whole = measures_without(counted, MEASURES, left_out)["carers"]["weighted"]
    parts = [
        measures_without(counted, MEASURES, left_out.part(start, start + 7))["carers"]["weighted"]
        for start in range(0, left_out.count, 7)
    ]
    assert np.array_equal(whole, np.concatenate(parts), equal_nan=True)


def test_an_item_in_two_domains_is_left_out_of_both(shared_db: Database) -> None:
    row = finding("I1", domains="carers;assessment")
    review, counted = some_review(shared_db, row, finding("G1", domains="carers;assessment"))
    sets = np.array([[item_at(shared_db, review, row)]])
    found = measures_without(counted, MEASURES, sets_left_out(counted, sets))
    assert [found[domain]["items"][0] for domain in ("carers", "assessment", "leadership")] == [1, 1, 0]


def test_the_latest_period_left_decides_once_the_latest_is_left_out(shared_db: Database) -> None:
    rows = [survey("S1", "Respect", 80, period="2007"), survey("S1", "Respect", 20, period="2000")]
    _, counted = some_review(shared_db, *rows)
    _, left_out = each_left_out(counted.item)
    assert measures_without(counted, MEASURES, left_out)["carers"]["positive"].tolist() == [20, 80]


def test_a_share_beside_a_tie_is_rounded_as_the_run_rounds_it(shared_db: Database) -> None:
    # 1 of 128 is 0.78125 %: half way between two numbers of four decimals.
    rows = [score("C1", 4), *(score("C1", 1) for _ in range(128))]
    review, counted = some_review(shared_db, *rows)
    items, left_out = each_left_out(counted.item)
    found = measures_without(counted, MEASURES, left_out)
    for alternative in (0, 1, 128):
        assert_same(shared_db, review, found, alternative, [int(items[alternative])])


def test_some_pairs_alone_give_the_measures_of_their_domain(shared_db: Database) -> None:
    _, counted = some_review(shared_db, *random_rows(Random(5), 40))
    carers = some_pairs(counted, counted.domain.where(["carers"]))
    nothing = sets_left_out(carers, np.array([[0]]))
    whole = measures_without(counted, MEASURES, sets_left_out(counted, np.array([[0]])))
    alone = measures_without(carers, MEASURES, nothing)
    for name, values in whole["carers"].items():
        assert np.array_equal(values, alone["carers"][name], equal_nan=True)
    assert alone["assessment"]["items"][0] == 0


def test_leaving_out_is_what_withdrawing_does_and_nothing_is_written(tmp_path: Path) -> None:
    db = new_programme(tmp_path)
    try:
        review = new_review(db, "r1", "wales-round-2", *random_rows(Random(4), 30))
        counted = load_counted(db, review, last_event(db))
        item = int(counted.item[7])
        before = tables_of(db)
        tried = compute_measures_without(db, review, MEASURES, last_event(db), [item])
        with pytest.raises(RuntimeError), items_left_out(db, [item]):
            raise RuntimeError
        assert tables_of(db) == before
        withdraw_item(db, review, item, because="Recorded twice.", by="lead", at=AT)
        assert tried == compute_measures(db, find_review(db, "r1"), MEASURES, last_event(db))
    finally:
        db.conn.close()
