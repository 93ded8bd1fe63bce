"""Measures: every statistic against values worked out by hand, against scipy and against plain Python."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from assessment_example import AT, add, item_at, last_event, new_review
from evidence_rows import SOURCES, Row, finding, indicator, score, survey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from evidence.items import tag_item, withdraw_item
from evidence.measures.compute import behind, compute_measures, evidence_digest, wilson
from programme.database import Database
from programme.reviews import Review, create_review
from rules.ratings import MeasureValue
from rules.rulebook import Measure, Of, Statistic


def measure(of: str, statistic: str, **more: Any) -> Measure:
    return Measure(id="m", title="A measure", of=Of(of), statistic=Statistic(statistic), **more)


STRENGTHS = measure("findings", "share", where={"direction": ["strength"]})
WEIGHTED = measure(
    "findings",
    "share",
    weighted=True,
    where={"direction": ["strength"]},
    among={"direction": ["strength", "weakness"]},
)
CASES_MET = measure("case_scores", "share", where={"score_at_least": 3})
SURVEY_MEAN = measure("survey_results", "mean")
AT_COMPARATOR = measure("indicators", "at_comparator")
IMPROVING = measure("indicators", "improving")


def measured(
    db: Database, what: Measure, *rows: Row, domain: str = "carers", event: int | None = None
) -> MeasureValue:
    """The value of one measure for one domain in a review with these rows."""
    review = new_review(db, "r1", "wales-round-2", *rows)
    return value_of(db, review, what, domain, event)


def value_of(
    db: Database, review: Review, what: Measure, domain: str = "carers", event: int | None = None
) -> MeasureValue:
    event = last_event(db) if event is None else event
    return compute_measures(db, review, [what], event)[domain][what.id]


# Counts ---------------------------------------------------------------------------------------------------


def test_items_of_every_kind_are_counted_once_per_domain(db: Database) -> None:
    rows = [
        finding("I1"),
        score("C1", 3),
        survey("S1", "Satisfied", 80),
        indicator("Breaks given", "2007/08", 12),
        finding("I1", domains="carers;assessment"),
        finding("I1", domains="assessment"),
    ]
    assert measured(db, measure("items", "count"), *rows) == MeasureValue(5)


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({}, 6),
        ({"direction": ["strength"]}, 3),
        ({"direction": ["strength", "weakness"]}, 5),
        ({"significance_at_least": 2}, 4),
        ({"direction": ["weakness"], "significance_at_least": 3}, 1),
        ({"strand": ["older-people"]}, 1),
        ({"strand": ["older-people", "all"]}, 6),
        ({"source_kind": ["interview"]}, 4),
        ({"source_kind": ["interview", "observation"], "strand": ["all"]}, 4),
        ({"source_kind": ["document"]}, 0),
    ],
)
def test_a_count_holds_what_all_its_filters_let_through(
    db: Database, where: dict[str, Any], count: int
) -> None:
    rows = [
        finding("I1", "strength", 1),
        finding("I1", "strength", 2, strand="older-people"),
        finding("I1", "strength", 3),
        finding("I1", "weakness", 3),
        finding("O1", "weakness", 2),
        finding("G1", "neutral", 1),
        score("D1", 3),
    ]
    assert measured(db, measure("findings", "count", where=where), *rows) == MeasureValue(count)


def test_kinds_and_sources_are_counted_apart(db: Database) -> None:
    rows = [finding("C1"), score("C1", 3), score("C2", 2), finding("I1"), survey("S1", "Satisfied", 80)]
    review = new_review(db, "r1", "wales-round-2", *rows)
    assert value_of(db, review, measure("items", "kinds")).value == 3
    assert value_of(db, review, measure("items", "sources")).value == 4
    only_cases = {"source_kind": ["case_file"]}
    assert value_of(db, review, measure("items", "kinds", where=only_cases)).value == 1
    assert value_of(db, review, measure("items", "sources", where=only_cases)).value == 2


@pytest.mark.parametrize("statistic", ["count", "kinds", "sources"])
def test_where_nothing_was_found_a_count_is_nought(db: Database, statistic: str) -> None:
    assert measured(db, measure("items", statistic)) == MeasureValue(0)


@pytest.mark.parametrize("what", [STRENGTHS, WEIGHTED, CASES_MET, SURVEY_MEAN, AT_COMPARATOR, IMPROVING])
def test_where_nothing_was_found_a_share_or_mean_is_missing_and_never_nought(
    db: Database, what: Measure
) -> None:
    assert measured(db, what) == MeasureValue(None, 0)
    assert value_of(db, new_review(db, "r2"), what, "leadership") == MeasureValue(None, 0)


def test_every_domain_of_the_framework_has_every_measure(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", finding("I1"))
    found = compute_measures(db, review, [STRENGTHS, measure("items", "count")], last_event(db))
    assert list(found) == list(review.framework.domains)


def test_evidence_of_another_review_is_never_counted(db: Database) -> None:
    new_review(db, "other", "wales-round-2", *[finding("I1") for _ in range(4)])
    assert measured(db, measure("items", "count"), finding("I1")) == MeasureValue(1)


# Shares ---------------------------------------------------------------------------------------------------


def test_a_share_is_part_of_whole_with_the_number_of_items_as_base(db: Database) -> None:
    directions = ["strength"] * 3 + ["weakness"] * 4 + ["neutral"]
    found = measured(db, STRENGTHS, *[finding("I1", direction) for direction in directions])
    assert (found.value, found.base) == (37.5, 8)


def test_the_whole_of_a_share_is_what_is_named_as_among(db: Database) -> None:
    among = {"direction": ["strength", "weakness"]}
    what = measure("findings", "share", where={"direction": ["strength"]}, among=among)
    directions = ["strength"] * 3 + ["weakness"] * 4 + ["neutral"]
    found = measured(db, what, *[finding("I1", direction) for direction in directions])
    assert (found.value, found.base) == (42.8571, 7)


def test_a_share_with_nothing_in_the_part_is_nought_and_has_a_base(db: Database) -> None:
    found = measured(db, STRENGTHS, finding("I1", "weakness"), finding("G1", "weakness"))
    assert (found.value, found.base, found.low) == (0, 2, 0)


def test_weighted_findings_count_as_often_as_they_are_grave(db: Database) -> None:
    # Strengths weigh 3 + 1 = 4 of 4 + 2 + 2 = 8: 50 %.
    rows = [
        finding("I1", "strength", 3),
        finding("I1", "strength", 1),
        finding("G1", "weakness", 2),
        finding("G1", "weakness", 2),
        finding("G1", "neutral", 3),
    ]
    assert measured(db, WEIGHTED, *rows).value == 50


def test_the_base_of_a_weighted_share_is_the_effective_number_of_kish(db: Database) -> None:
    # (3 + 1 + 2 + 2)^2 / (9 + 1 + 4 + 4) = 64 / 18 = 3.5556.
    rows = [finding("I1", significance=weight) for weight in (3, 1, 2, 2)]
    assert measured(db, WEIGHTED, *rows).base == 3.5556


def test_the_effective_number_of_equally_grave_findings_is_their_number(db: Database) -> None:
    assert measured(db, WEIGHTED, *[finding("I1", significance=3) for _ in range(7)]).base == 7


def test_case_files_meet_a_standard_from_the_score_that_is_named(db: Database) -> None:
    found = measured(db, CASES_MET, *[score("C1", value) for value in (4, 3, 2.9, 1)])
    assert (found.value, found.base) == (50, 4)


# Intervals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_published_by_newcombe(part: int, whole: int, low: float, high: float) -> None:
    """Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3 (score, uncorrected)."""
    assert [round(end / 100, 4) for end in wilson(100 * part / whole, whole)] == [low, high]


@given(st.integers(1, 5000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
@settings(max_examples=60, deadline=None)
def test_intervals_are_those_of_scipy(share: tuple[int, int]) -> None:
    part, whole = share
    expected = binomtest(part, whole).proportion_ci(0.95, method="wilson")
    low, high = wilson(100 * part / whole, whole)
    assert (low / 100, high / 100) == pytest.approx((expected.low, expected.high), abs=1e-9)


shares_and_bases = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0.01, 1e6) | st.integers(1, 1000)), min_size=1, max_size=20
)


@given(shares_and_bases)
@settings(max_examples=200, deadline=None)
def test_intervals_are_those_of_statsmodels_to_the_last_bit(pairs: list[tuple[float, float]]) -> None:
    """Runs of 0.1.0 recorded what statsmodels gave, and verify asks for the very same."""
    percent, base = np.array(pairs, dtype=float).T
    expected = proportion_confint(percent / 100 * base, base, alpha=0.05, method="wilson")
    low, high = (100 * np.clip(expected, 0, 1)).tolist()
    assert [wilson(*pair) for pair in pairs] == list(zip(low, high, strict=True))


def test_a_share_comes_with_its_interval_in_percent(db: Database) -> None:
    rows = [finding("I1", "strength")] + [finding("I1", "weakness") for _ in range(28)]
    found = measured(db, STRENGTHS, *rows)
    assert (round(found.low or 0, 2), round(found.high or 0, 2)) == (0.61, 17.18)


@pytest.mark.parametrize("what", [measure("case_scores", "mean"), measure("items", "count")])
def test_what_is_no_percentage_has_no_interval(db: Database, what: Measure) -> None:
    found = measured(db, what, score("C1", 3), score("C1", 4))
    assert (found.low, found.high) == (None, None)


# Means ----------------------------------------------------------------------------------------------------


def test_the_mean_of_case_scores_counts_every_score_once(db: Database) -> None:
    found = measured(db, measure("case_scores", "mean"), score("C1", 4), score("C1", 4), score("C2", 2))
    assert (found.value, found.base) == (3.3333, 3)


def test_the_mean_of_survey_results_counts_every_result_once_whatever_its_base(db: Database) -> None:
    found = measured(db, SURVEY_MEAN, survey("S1", "Respect", 90, 400), survey("S1", "Breaks", 40, 100))
    assert found.value == 65


def test_the_base_of_several_survey_results_is_the_smallest_and_not_the_sum(db: Database) -> None:
    found = measured(db, SURVEY_MEAN, survey("S1", "Respect", 60, 400), survey("S1", "Breaks", 40, 100))
    expected = binomtest(50, 100).proportion_ci(method="wilson")
    assert found.base == 100
    assert (found.low, found.high) == pytest.approx((100 * expected.low, 100 * expected.high), abs=1e-4)


def test_one_unknown_base_makes_the_base_of_the_mean_unknown(db: Database) -> None:
    found = measured(db, SURVEY_MEAN, survey("S1", "Respect", 60, 400), survey("S1", "Breaks", 40))
    assert found == MeasureValue(50, None, None, None)


def test_agreeing_to_something_bad_counts_the_other_way_round(db: Database) -> None:
    waited = survey("S1", "I waited too long", 30, better="lower")
    assert measured(db, SURVEY_MEAN, waited, survey("S1", "Respect", 80)).value == 75


def test_a_survey_question_that_is_neither_good_nor_bad_is_left_out(db: Database) -> None:
    about = survey("S1", "I live with the person", 99, better="neither")
    assert measured(db, SURVEY_MEAN, about, survey("S1", "Respect", 80)) == MeasureValue(80, None)
    assert value_of(db, new_review(db, "r2", "wales-round-2", about), SURVEY_MEAN) == MeasureValue(None, 0)


def test_a_share_on_fewer_than_ten_answers_never_decides_alone(db: Database) -> None:
    few = [survey("S1", "Respect", 100, 9), survey("S1", "Breaks", 80, 4)]
    alone = measured(db, SURVEY_MEAN, *few)
    assert alone == MeasureValue(None, 4) and alone.too_few_answers
    assert (alone.low, alone.high) == (None, None)


@pytest.mark.parametrize("base", [10, ""])
def test_beside_a_share_on_ten_answers_or_an_unknown_number_few_answers_count_as_before(
    db: Database, base: object
) -> None:
    both = measured(db, SURVEY_MEAN, survey("S1", "Respect", 100, 9), survey("S1", "Breaks", 40, base))
    assert (both.value, both.base) == (70, 9 if base else None)
    assert not both.too_few_answers


def test_ten_answers_decide_and_nine_do_not(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", survey("S1", "Respect", 60, 10))
    assert value_of(db, review, SURVEY_MEAN).value == 60
    add(db, review, survey("S1", "Breaks", 50, 9, domains="assessment"))
    assert value_of(db, review, SURVEY_MEAN, "assessment") == MeasureValue(None, 9)


def test_the_latest_results_decide_whether_there_are_answers_enough(db: Database) -> None:
    older, newer = (
        survey("S1", "Respect", 60, 100, period="2000"),
        survey("S1", "Respect", 90, 5, period="2004"),
    )
    assert measured(db, SURVEY_MEAN, older, newer) == MeasureValue(None, 5)


def test_of_a_question_asked_in_several_years_only_the_latest_counts(db: Database) -> None:
    rows = [
        survey("S0", "Respect", 20, 10, period="2000"),
        survey("S1", "Respect", 80, 300, period="2007"),
        survey("S0", "Breaks", 50, 200, period="2000"),
    ]
    found = measured(db, SURVEY_MEAN, *rows)
    assert (found.value, found.base) == (65, 200)


def test_the_same_question_to_another_group_or_strand_is_another_result(db: Database) -> None:
    rows = [
        survey("S1", "Respect", 80, period="2007"),
        survey("S0", "Respect", 50, period="2000", group="Parent carers"),
        survey("S0", "Respect", 20, period="2000", strand="older-people"),
    ]
    assert measured(db, SURVEY_MEAN, *rows).value == 50


def test_a_result_without_a_period_is_as_old_as_its_survey(db: Database) -> None:
    found = measured(db, SURVEY_MEAN, survey("S0", "Respect", 20), survey("S1", "Respect", 80))
    assert found.value == 80


def test_results_of_one_question_from_two_surveys_of_a_year_both_count(db: Database) -> None:
    rows = [survey("S1", "Respect", 80, period="2007"), survey("D1", "Respect", 60, period="2007")]
    assert measured(db, SURVEY_MEAN, *rows).value == 70


def test_the_latest_year_is_the_latest_of_those_that_pass_the_filter(db: Database) -> None:
    rows = [survey("S1", "Respect", 80, period="2006"), survey("D1", "Respect", 10, period="2007")]
    only_surveys = measure("survey_results", "mean", where={"source_kind": ["survey"]})
    assert measured(db, only_surveys, *rows).value == 80


# Indicators -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "better", "share"),
    [
        (71, "higher", 100),
        (70, "higher", 100),
        (69.9, "higher", 0),
        (69, "lower", 100),
        (70, "lower", 100),
        (70.1, "lower", 0),
        (99, "neither", None),
    ],
)
def test_an_indicator_is_at_its_comparator_when_it_is_as_good_or_better(
    db: Database, value: float, better: str, share: int | None
) -> None:
    found = measured(db, AT_COMPARATOR, indicator("Assessed in time", "2007/08", value, better, 70))
    assert (found.value, found.base) == (share, 0 if share is None else 1)


def test_an_indicator_without_a_comparator_is_not_compared(db: Database) -> None:
    rows = [indicator("Breaks", "2007/08", 5), indicator("Assessed", "2007/08", 80, comparator=70)]
    found = measured(db, AT_COMPARATOR, *rows)
    assert (found.value, found.base) == (100, 1)


def test_an_indicator_is_compared_in_the_latest_period_that_has_a_comparator(db: Database) -> None:
    rows = [
        indicator("Assessed in time", "2005/06", 50, comparator=70),
        indicator("Assessed in time", "2006/07", 75, comparator=70),
        indicator("Assessed in time", "2007/08", 60),
    ]
    found = measured(db, AT_COMPARATOR, *rows)
    assert (found.value, found.base) == (100, 1)


def test_an_indicator_with_two_comparators_counts_once_and_must_reach_both(db: Database) -> None:
    rows = [
        indicator("Assessed in time", "2007/08", 75, comparator=70, comparator_name="Wales"),
        indicator("Assessed in time", "2007/08", 75, comparator=80, comparator_name="England"),
        indicator("Breaks given", "2007/08", 9, comparator=8),
    ]
    found = measured(db, AT_COMPARATOR, *rows)
    assert (found.value, found.base) == (50, 2)


def test_the_share_at_the_comparator_has_an_interval(db: Database) -> None:
    rows = [indicator(f"Indicator {n}", "2007/08", n, comparator=5) for n in range(1, 11)]
    found = measured(db, AT_COMPARATOR, *rows)
    expected = binomtest(6, 10).proportion_ci(method="wilson")
    assert (found.value, found.base) == (60, 10)
    assert (found.low, found.high) == pytest.approx((100 * expected.low, 100 * expected.high), abs=1e-4)


@pytest.mark.parametrize(
    ("first", "last", "better", "share"),
    [
        (50, 60, "higher", 100),
        (50, 50, "higher", 0),
        (60, 50, "higher", 0),
        (60, 50, "lower", 100),
        (50, 50, "lower", 0),
        (50, 60, "lower", 0),
        (50, 60, "neither", None),
    ],
)
def test_an_indicator_improves_when_the_latest_value_is_better_than_the_earliest(
    db: Database, first: float, last: float, better: str, share: int | None
) -> None:
    rows = [
        indicator("Assessed in time", "2007/08", last, better),
        indicator("Assessed in time", "2005/06", 99, better),
        indicator("Assessed in time", "1999/00", first, better),
    ]
    found = measured(db, IMPROVING, *rows)
    assert (found.value, found.base) == (share, 0 if share is None else 1)


def test_an_indicator_of_one_period_neither_improves_nor_gets_worse(db: Database) -> None:
    rows = [indicator("Breaks", "2007/08", 5), indicator("Breaks", "2007/08", 7)]
    assert measured(db, IMPROVING, *rows) == MeasureValue(None, 0)


def test_where_two_returns_disagree_an_indicator_improves_only_if_both_say_so(db: Database) -> None:
    rows = [
        indicator("Breaks", "2000/01", 5),
        indicator("Breaks", "2007/08", 4),
        indicator("Breaks", "2007/08", 9),
        indicator("Waits", "2000/01", 9, "lower"),
        indicator("Waits", "2007/08", 4, "lower"),
        indicator("Waits", "2007/08", 5, "lower"),
    ]
    found = measured(db, IMPROVING, *rows)
    assert (found.value, found.base) == (50, 2)


def test_an_indicator_of_another_strand_or_unit_is_another_series(db: Database) -> None:
    rows = [
        indicator("Spending", "2000/01", 90, unit="percent"),
        indicator("Spending", "2007/08", 100, unit="GBP million"),
        indicator("Breaks", "2000/01", 90, strand="older-people"),
        indicator("Breaks", "2007/08", 100, strand="adults"),
    ]
    assert measured(db, IMPROVING, *rows) == MeasureValue(None, 0)


def test_indicators_are_filtered_by_strand_and_kind_of_source(db: Database) -> None:
    rows = [
        indicator("Breaks", "2007/08", 5, comparator=6, strand="adults"),
        indicator("Waits", "2007/08", 5, comparator=4, source="D1"),
    ]
    review = new_review(db, "r1", "wales-round-2", *rows)
    by_strand = measure("indicators", "at_comparator", where={"strand": ["adults"]})
    by_kind = measure("indicators", "at_comparator", where={"source_kind": ["document"]})
    assert (value_of(db, review, by_strand).value, value_of(db, review, by_kind).value) == (0, 100)


# What counts at a point in the event record ---------------------------------------------------------------


def test_withdrawn_items_and_tags_are_left_out(db: Database) -> None:
    rows = [finding("I1"), finding("I1"), finding("I1", domains="carers;assessment")]
    review = new_review(db, "r1", "wales-round-2", *rows)
    items = measure("items", "count")
    said = {"by": "lead", "because": "Recorded twice.", "at": AT}
    withdraw_item(db, review, item_at(db, review, rows[0]), **said)
    withdraw_item(db, review, item_at(db, review, rows[2]), domain="carers", **said)
    assert value_of(db, review, items).value == 1
    assert value_of(db, review, items, "assessment").value == 1


def test_as_of_an_event_later_additions_and_withdrawals_do_not_count(db: Database) -> None:
    rows = [finding("I1", "strength"), finding("I1", "weakness")]
    review = new_review(db, "r1", "wales-round-2", *rows)
    then, digest = last_event(db), evidence_digest(db, review, last_event(db))
    before = compute_measures(db, review, [STRENGTHS, WEIGHTED], then)
    numbers = [item_at(db, review, row) for row in rows]
    add(db, review, finding("G1", "weakness"), survey("S1", "Respect", 10))
    withdraw_item(db, review, numbers[0], by="lead", because="Unclear.", at=AT)
    withdraw_item(db, review, numbers[1], by="lead", because="Unclear.", at=AT, domain="carers")
    tag_item(db, review, numbers[1], ["assessment"], by="lead", at=AT)
    assert compute_measures(db, review, [STRENGTHS, WEIGHTED], then) == before
    assert evidence_digest(db, review, then) == digest
    assert evidence_digest(db, review, last_event(db)) != digest


def test_a_tag_given_again_counts_again_but_only_from_then_on(db: Database) -> None:
    row = finding("I1")
    review = new_review(db, "r1", "wales-round-2", row)
    number, items = item_at(db, review, row), measure("items", "count")
    withdraw_item(db, review, number, by="lead", because="Not about carers.", at=AT, domain="carers")
    between = last_event(db)
    tag_item(db, review, number, ["carers"], by="moderator", at=AT)
    assert value_of(db, review, items, event=between).value == 0
    assert value_of(db, review, items).value == 1


def test_an_item_that_was_replaced_counts_once(db: Database) -> None:
    row = finding("I1", "strength")
    review = new_review(db, "r1", "wales-round-2", row)
    then = last_event(db)
    add(db, review, {**row, "direction": "weakness"}, replace=True)
    assert (value_of(db, review, STRENGTHS).value, value_of(db, review, STRENGTHS).base) == (0, 1)
    assert value_of(db, review, STRENGTHS, event=then).value == 100


# The digest -----------------------------------------------------------------------------------------------


def test_the_digest_of_no_evidence_is_that_of_nothing(db: Database) -> None:
    assert evidence_digest(db, new_review(db), last_event(db)).startswith("e3b0c44298fc1c14")


def test_the_digest_changes_with_whatever_a_measure_could_see(db: Database) -> None:
    row = survey("S1", "Respect", 80, 100)
    changes: list[Row] = [
        {},
        {"positive": "81%"},
        {"base": 101},
        {"better": "lower"},
        {"group": "Parent carers"},
        {"strand": "carers"},
        {"period": "2007"},
        {"question": "Dignity"},
        {"domains": ""},
        {"domains": "carers;assessment"},
        {"source": "D1"},
        {"locator": "elsewhere"},
    ]
    digests = []
    for position, change in enumerate(changes):
        review = new_review(db, f"r{position}", "wales-round-2", {**row, **change})
        digests.append(evidence_digest(db, review, last_event(db)))
    assert [name for name, times in Counter(digests).items() if times > 1] == []


def test_the_digest_tells_sources_of_different_kinds_apart(db: Database) -> None:
    row = finding("X1")
    source = {"source": "X1", "title": "Notes", "kind": "interview"}
    first = new_review(db, "a", "wales-round-2", source, row)
    second = new_review(db, "b", "wales-round-2", {**source, "kind": "observation"}, row)
    kinds = measure("items", "count", where={"source_kind": ["interview"]})
    assert value_of(db, first, kinds) != value_of(db, second, kinds)
    event = last_event(db)
    assert evidence_digest(db, first, event) != evidence_digest(db, second, event)


# Any evidence in any order --------------------------------------------------------------------------------

KIND_OF = {source["source"]: source["kind"] for source in SOURCES}
DATE_OF = {source["source"]: source["dated"] for source in SOURCES}
FILTERS: dict[str, list[dict[str, Any]]] = {
    "findings": [{}, {"direction": ["weakness"], "significance_at_least": 2}, {"strand": ["carers"]}],
    "case_scores": [{}, {"score_at_least": 2.5}, {"source_kind": ["case_file"]}],
    "survey_results": [{}, {"source_kind": ["survey"]}, {"strand": ["all"]}],
    "indicators": [{}, {"strand": ["carers"]}],
    "items": [{}, {"strand": ["carers"]}, {"source_kind": ["survey", "document"]}],
}
STATISTICS = {
    "findings": ["count", "share"],
    "case_scores": ["count", "share", "mean"],
    "survey_results": ["count", "mean"],
    "indicators": ["count", "at_comparator", "improving"],
    "items": ["count", "kinds", "sources"],
}
EVERY_MEASURE = [
    Measure(
        id=f"m{number}",
        title="A measure",
        of=Of(of),
        statistic=Statistic(statistic),
        where=where,
        weighted=weighted,
    )
    for number, (of, statistic, where, weighted) in enumerate(
        (of, statistic, where, weighted)
        for of, statistics in STATISTICS.items()
        for statistic in statistics
        for where in FILTERS[of]
        for weighted in ((False, True) if (of, statistic) == ("findings", "share") else (False,))
    )
]

EXTENTS = {
    "": (Fraction(1), Fraction(1), 1),
    "7 of 30 files": (Fraction(7, 30), Fraction(7, 30), 30),
    "3 of 8 teams": (Fraction(3, 8), Fraction(3, 8), 8),
    "all 10 councils": (Fraction(1), Fraction(21, 22), 10),
    "0 of 4": (Fraction(0), Fraction(1, 10), 4),
}
"""What a finding counts for; and of how many its share is that share, or one near it that is not sure."""
domain_lists = st.sampled_from(["carers", "assessment", "carers;assessment", ""])
strands = st.sampled_from(["all", "carers"])
betters = st.sampled_from(["higher", "lower", "neither"])
# Of percentages between 0 and 1 an import asks what they mean.
numbers = st.just(0.0) | st.integers(10, 1000).map(lambda n: n / 10)
plain_rows = st.one_of(
    st.builds(
        finding,
        st.sampled_from(["I1", "C1", "D1"]),
        st.sampled_from(["strength", "weakness", "neutral"]),
        st.integers(1, 3),
        domains=domain_lists,
        strand=strands,
        extent=st.sampled_from(list(EXTENTS)),
    ),
    st.builds(
        score,
        st.sampled_from(["C1", "C2", "D1"]),
        st.integers(4, 16).map(lambda n: n / 4),
        domains=domain_lists,
    ),
    st.builds(
        survey,
        st.sampled_from(["S1", "S0", "D1"]),
        st.sampled_from(["Respect", "Breaks"]),
        numbers,
        st.sampled_from([7, 41, ""]),
        better=betters,
        period=st.sampled_from(["", "2000", "2007"]),
        group=st.sampled_from(["Carers", "Parent carers"]),
        domains=domain_lists,
        strand=strands,
    ),
    st.builds(
        indicator,
        st.sampled_from(["Breaks", "Waits"]),
        st.sampled_from(["2000/01", "2006/07", "2007/08"]),
        numbers,
        betters,
        st.one_of(st.just(""), numbers),
        domains=domain_lists,
        strand=strands,
        unit=st.sampled_from(["", "percent"]),
    ),
)


def passes(row: Row, where: dict[str, Any]) -> bool:
    return (
        row.get("direction") in where.get("direction", [row.get("direction")])
        and row.get("significance", 0) >= where.get("significance_at_least", 0)
        and row.get("score", 0) >= where.get("score_at_least", 0)
        and row.get("strand", "all") in where.get("strand", [row.get("strand", "all")])
        and KIND_OF[row["source"]] in where.get("source_kind", [KIND_OF[row["source"]]])
    )


COLUMN_OF = {"findings": "finding", "case_scores": "score", "survey_results": "question"}


def plainly(what: Measure, rows: list[Row], domain: str) -> tuple[Fraction | None, Fraction | None]:
    """Value and base of a measure by loops over the rows, to be the same as those made by SQL."""
    mine = [row for row in rows if domain in row["domains"].split(";")]
    column = COLUMN_OF.get(what.of.value, "indicator")
    if what.of is not Of.ITEMS:
        mine = [row for row in mine if column in row]
    where = what.where.model_dump(mode="json", exclude_none=True)
    part = [row for row in mine if passes(row, where)]
    if what.statistic is Statistic.COUNT:
        return Fraction(len(part)), None
    if what.statistic is Statistic.KINDS:
        return Fraction(len({KIND_OF[row["source"]] for row in part})), None
    if what.statistic is Statistic.SOURCES:
        return Fraction(len({row["source"] for row in part})), None
    if what.statistic is Statistic.SHARE:
        weights = {row["locator"]: row["significance"] if what.weighted else 1 for row in mine}
        shares = {row["locator"]: EXTENTS[row.get("extent", "")] for row in mine}
        whole = sum((weight * shares[at][0] for at, weight in weights.items()), Fraction())
        if not whole:
            return None, Fraction(0)
        squares = sum(
            weight**2 * (shares[at][0] ** 2 + shares[at][1] * (1 - shares[at][1]) / shares[at][2])
            for at, weight in weights.items()
        )
        counted = sum((weights[row["locator"]] * shares[row["locator"]][0] for row in part), Fraction())
        return 100 * counted / whole, whole**2 / squares
    if what.of is Of.CASE_SCORES:
        if not part:
            return None, Fraction(0)
        return sum(map(Fraction, (row["score"] for row in part)), Fraction()) / len(part), Fraction(len(part))
    part = [row for row in part if row["better"] != "neither"] if what.of is Of.INDICATORS else part
    if what.of is Of.SURVEY_RESULTS:
        return plain_survey_mean([row for row in part if row["better"] != "neither"])
    if what.statistic is Statistic.AT_COMPARATOR:
        part = [row for row in part if row["comparator"] != ""]
    good = [plain_verdict(what, group) for group in series(part, "indicator", "strand", "unit", "better")]
    known = [verdict for verdict in good if verdict is not None]
    return (Fraction(100 * sum(known), len(known)) if known else None), Fraction(len(known))


def series(rows: list[Row], *names: str) -> Iterator[list[Row]]:
    def key(row: Row) -> list[str]:
        return [row.get(name, "") for name in names]

    for _, group in itertools.groupby(sorted(rows, key=key), key):
        yield list(group)


def _last_day(row: dict[str, Any]) -> str:
    """When a result of a survey is of: the end of its year, or the day of its source."""
    return f"{row['period']}-12-31" if row["period"] else DATE_OF[row["source"]]


def plain_survey_mean(rows: list[Row]) -> tuple[Fraction | None, Fraction | None]:
    latest: list[Row] = []
    for group in series(rows, "question", "group", "strand"):
        newest = max(_last_day(row) for row in group)
        latest += [row for row in group if _last_day(row) == newest]
    if not latest:
        return None, Fraction(0)
    values = [Fraction(row["positive"].rstrip("%")) for row in latest]
    turned = [100 - v if row["better"] == "lower" else v for v, row in zip(values, latest, strict=True)]
    bases = [row["base"] for row in latest]
    base = None if "" in bases else Fraction(min(bases))
    alone = all(base != "" and base < 10 for base in bases)
    return None if alone else sum(turned, Fraction()) / len(turned), base


def plain_verdict(what: Measure, group: list[Row]) -> bool | None:
    sign = 1 if group[0]["better"] == "higher" else -1
    newest, oldest = max(row["period"] for row in group), min(row["period"] for row in group)
    last = [row for row in group if row["period"] == newest]
    if what.statistic is Statistic.AT_COMPARATOR:
        return all(sign * row["value"] >= sign * row["comparator"] for row in last)
    first = [row for row in group if row["period"] == oldest]
    if newest == oldest:
        return None
    return min(sign * row["value"] for row in last) > max(sign * row["value"] for row in first)


fresh = itertools.count(1)


def entered(db: Database, rows: list[Row]) -> Review:
    key = f"any-{next(fresh)}"
    review = create_review(
        db, key, "Council", "wales-round-2", window_from=date(2004, 1, 1), window_to=None, by="lead", at=AT
    )
    add(db, review, *SOURCES, *rows)
    return review


@given(st.lists(plain_rows, max_size=25))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_measures_are_those_of_loops_over_the_rows(shared_db: Database, rows: list[Row]) -> None:
    found = compute_measures(shared_db, entered(shared_db, rows), EVERY_MEASURE, last_event(shared_db))
    for domain in ("carers", "assessment", "leadership"):
        for what in EVERY_MEASURE:
            value, base = plainly(what, rows, domain)
            got = found[domain][what.id]
            assert (got.value is None, got.base is None) == (value is None, base is None), what
            assert got.value == pytest.approx(None if value is None else float(value), abs=6e-5), what
            assert got.base == pytest.approx(None if base is None else float(base), abs=6e-5), what
            assert (got.low is None) == (not what.is_percent or not got.base or got.value is None), what
            if got.low is not None and got.high is not None and got.value is not None:
                assert 0 <= got.low <= got.value <= got.high <= 100


@given(
    st.lists(plain_rows, min_size=2, max_size=25).flatmap(lambda r: st.tuples(st.just(r), st.permutations(r)))
)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_order_of_entry_changes_no_measure_and_no_digest(
    shared_db: Database, orders: tuple[list[Row], list[Row]]
) -> None:
    first, second = (entered(shared_db, rows) for rows in orders)
    event = last_event(shared_db)
    assert compute_measures(shared_db, first, EVERY_MEASURE, event) == compute_measures(
        shared_db, second, EVERY_MEASURE, event
    )
    assert evidence_digest(shared_db, first, event) == evidence_digest(shared_db, second, event)


def test_a_mean_at_the_edge_of_its_last_digit_is_the_same_in_every_order(db: Database) -> None:
    """Sums of these four as binary fractions give 59.631 or 59.6311, depending on their order."""
    rows = [survey("S1", f"Question {value}", value) for value in (49.5435, 44.9491, 65.1593, 78.8723)]
    found = set()
    for number, order in enumerate(itertools.islice(itertools.permutations(rows), 6)):
        found.add(value_of(db, new_review(db, f"r{number}", "wales-round-2", *order), SURVEY_MEAN).value)
    assert found == {59.6311}


# What stands behind a measure -----------------------------------------------------------------------------


def test_behind_a_share_stand_the_items_of_its_whole() -> None:
    kind, item_filter = behind(WEIGHTED)
    assert (kind, item_filter) == ("finding", '{"direction": ["strength", "weakness"]}')


def test_behind_a_count_stand_the_items_counted() -> None:
    where = {"strand": ["carers"], "source_kind": ["survey"]}
    assert behind(measure("items", "count", where=where)) == (
        None,
        '{"source_kind": ["survey"], "strand": ["carers"]}',
    )


@pytest.mark.parametrize(
    ("of", "kind"),
    [
        ("findings", "finding"),
        ("case_scores", "case_score"),
        ("survey_results", "survey_result"),
        ("indicators", "indicator"),
    ],
)
def test_behind_a_measure_stand_items_of_its_own_kind(of: str, kind: str) -> None:
    assert behind(measure(of, "count")) == (kind, "{}")
