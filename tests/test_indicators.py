"""Indicators over the years: against the comparator, better or worse, and the same as the measures."""

from __future__ import annotations

import itertools
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import pytest
from assessment_example import (
    AT,
    as_stored_before,
    item_at,
    last_event,
    load_example,
    new_programme,
    new_review,
)
from command_line import Say
from evidence_rows import Row, indicator
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau
from uncertainty_example import measure

from comparison.indicators import Series, indicators_of, shown
from evidence.items import withdraw_item
from evidence.measures.compute import compute_measures
from programme.database import Database
from programme.reviews import Review
from rules.errors import EvidenceInvalid

YEARS = ("2003/04", "2004/05", "2005/06", "2006/07", "2007/08")


def one_series(db: Database, *rows: Row) -> Series:
    """The only series of a review with these rows."""
    (found,) = indicators_of(db, new_review(db, "r1", "wales-round-2", *rows))
    return found


def over_years(*values: float, better: str = "higher", **more: object) -> list[Row]:
    return [
        indicator("Reviews in time", year, value, better, **more)
        for year, value in zip(YEARS, values, strict=False)
    ]


# Periods


def test_periods_stand_in_the_order_of_time_however_they_are_written(db: Database) -> None:
    rows = [
        indicator("X", text, 1) for text in ("31 March 2008", "1 April 2004", "2006", "2004/05", "May 2005")
    ]
    found = one_series(db, *rows)
    assert [period.period for period in found.periods] == [
        "1 April 2004",
        "2004/05",
        "May 2005",
        "2006",
        "31 March 2008",
    ]
    assert (found.ordered_by, found.note) == ("time", "")


def test_waves_stand_in_the_order_of_their_numbers(db: Database) -> None:
    rows = [indicator("X", f"Wave {number}", value) for number, value in ((10, 60), (9, 50), (11, 70))]
    found = one_series(db, *rows)
    assert [period.period for period in found.periods] == ["Wave 9", "Wave 10", "Wave 11"]
    assert (found.ordered_by, found.trend, found.slope) == ("number", "improving", None)


def test_of_what_was_stored_in_no_order_nothing_is_compared(db: Database) -> None:
    rows = [indicator("X", period, value, comparator=40) for period, value in (("2019", 50), ("2020", 60))]
    review = new_review(db, "r1", "wales-round-2", *rows)
    as_stored_before(db, "2020", "last year")
    (found,) = indicators_of(db, review)
    assert (found.ordered_by, found.trend, found.standing) == ("nothing", "order not known", "")
    assert "whose order is not known" in found.said and "last year" in found.note


def test_the_same_period_written_in_two_ways_is_one(db: Database) -> None:
    found = one_series(
        db, indicator("X", "2004/05", 1), indicator("X", "2004-05", 3), indicator("X", "2005/06", 2)
    )
    assert [sorted(r.value for r in period.readings) for period in found.periods] == [[1, 3], [2]]


# Against the comparator


@pytest.mark.parametrize(
    ("value", "better", "standing", "words"),
    [
        (59, "higher", "worse", "worse than England (68) by 9"),
        (68, "higher", "equal", "equal to England (68)"),
        (70.5, "higher", "better", "better than England (68) by 2.5"),
        (59, "lower", "better", "better than England (68) by 9"),
        (70.5, "lower", "worse", "worse than England (68) by 2.5"),
        (70.5, "neither", "above", "above England (68) by 2.5"),
        (59, "neither", "below", "below England (68) by 9"),
    ],
)
def test_a_value_is_set_against_its_comparator_in_the_better_direction(
    db: Database, value: float, better: str, standing: str, words: str
) -> None:
    found = one_series(db, indicator("X", "2006/07", value, better, 68, comparator_name="England"))
    assert (found.standing, found.better) == (standing, better)
    assert words in found.said
    assert found.compared is not None
    assert found.compared.readings[0].difference == pytest.approx(value - 68)


def test_the_latest_period_with_a_comparator_counts(db: Database) -> None:
    found = one_series(
        db,
        indicator("X", "2005/06", 50, "higher", 40),
        indicator("X", "2006/07", 50, "higher", 60),
        indicator("X", "2007/08", 90),
    )
    assert found.compared is not None and found.compared.period == "2006/07"
    assert found.standing == "worse" and "its comparator (60) in 2006/07 by 10" in found.said
    assert found.latest.period == "2007/08"


@pytest.mark.parametrize(
    ("comparators", "standing"),
    [
        ((60, 70), "mixed"),
        ((60, 65), "better"),
        ((65, 70), "mixed"),
        ((70, 80), "worse"),
        ((65, 65), "equal"),
    ],
)
def test_against_several_comparators_a_value_must_hold_for_all(
    db: Database, comparators: tuple[float, float], standing: str
) -> None:
    found = one_series(db, *(indicator("X", "2006/07", 65, "higher", other) for other in comparators))
    assert found.standing == standing


# Over the years


@pytest.mark.parametrize(
    ("values", "better", "trend"),
    [
        ((63,), "higher", "too few periods"),
        ((63, 82), "higher", "improving"),
        ((63, 82), "lower", "getting worse"),
        ((63, 82), "neither", "rising"),
        ((82, 63), "neither", "falling"),
        ((63, 82, 63), "higher", "flat"),
        ((63, 50, 64), "higher", "improving"),
        ((10, 40, 30, 20, 11), "higher", "mixed"),
        ((10, 12, 11, 15), "higher", "improving"),
        ((10, 12, 11, 15), "lower", "getting worse"),
        ((10, 9, 8, 10), "higher", "mixed"),
        ((10, 9, 9, 10), "higher", "flat"),
        ((10, 10, 10, 10, 10), "higher", "flat"),
    ],
)
def test_the_trend_compares_the_ends_and_from_four_periods_the_way_between(
    db: Database, values: tuple[float, ...], better: str, trend: str
) -> None:
    assert one_series(db, *over_years(*values, better=better)).trend == trend


def test_the_slope_is_the_median_of_all_slopes_a_year(db: Database) -> None:
    # Slopes of 10, 12, 11, 15 a year apart: 2, 1/2, 5/3, -1, 3/2, 4; their median is (3/2 + 5/3) / 2.
    assert one_series(db, *over_years(10, 12, 11, 15)).slope == pytest.approx((3 / 2 + 5 / 3) / 2, abs=1e-4)


def test_the_slope_minds_how_far_periods_are_apart(db: Database) -> None:
    rows = [
        indicator("X", year, value) for year, value in (("2000", 0), ("2002", 4), ("2007", 14), ("2008", 16))
    ]
    assert one_series(db, *rows).slope == 2


def test_three_periods_have_no_slope(db: Database) -> None:
    assert one_series(db, *over_years(10, 12, 11)).slope is None


def test_four_periods_are_too_few_for_a_test_of_trend() -> None:
    assert kendalltau(range(4), range(4), method="exact").pvalue == pytest.approx(2 / 24)


def test_several_values_of_a_period_are_all_shown_and_must_all_be_better(db: Database) -> None:
    found = one_series(
        db, indicator("X", "2004/05", 10), indicator("X", "2004/05", 20), indicator("X", "2005/06", 15)
    )
    assert [[r.value for r in period.readings] for period in found.periods] == [[10, 20], [15]]
    assert found.trend == "mixed"
    assert "(10 and 20)" in found.said


@pytest.mark.parametrize(
    ("first", "last", "trend"),
    [((15,), (10, 20), "mixed"), ((15,), (16, 20), "improving"), ((15, 18), (10, 14), "getting worse")],
)
def test_every_value_of_the_last_period_must_be_better_than_every_one_of_the_first(
    db: Database, first: tuple[float, ...], last: tuple[float, ...], trend: str
) -> None:
    rows = [indicator("X", year, v) for year, values in (("2004", first), ("2005", last)) for v in values]
    assert one_series(db, *rows).trend == trend


# Series


def test_a_series_is_one_name_strand_unit_and_direction(db: Database) -> None:
    more: list[dict[str, str]] = [{}, {"strand": "adults"}, {"unit": "people"}, {"better": "lower"}]
    rows = [indicator("X", "2005", 1, **one) for one in more] + [indicator("Y", "2005", 1)]
    found = indicators_of(db, new_review(db, "r1", "wales-round-2", *rows))
    assert [(one.name, one.strand, one.unit, one.better) for one in found] == [
        ("X", "adults", "", "higher"),
        ("X", "all", "", "higher"),
        ("X", "all", "", "lower"),
        ("X", "all", "people", "higher"),
        ("Y", "all", "", "higher"),
    ]


def test_the_domains_of_all_its_items_are_those_of_a_series(db: Database) -> None:
    rows = [
        indicator("X", "2005", 1, domains="carers;getting-help"),
        indicator("X", "2006", 1, domains="carers;workforce"),
    ]
    assert one_series(db, *rows).domains == ("getting-help", "carers", "workforce")


def test_withdrawn_values_no_longer_count(db: Database) -> None:
    rows = over_years(10, 20)
    review = new_review(db, "r1", "wales-round-2", *rows)
    withdraw_item(db, review, item_at(db, review, rows[1]), by="lead", because="A misprint.", at=AT)
    (found,) = indicators_of(db, review)
    assert found.trend == "too few periods"
    withdraw_item(db, review, item_at(db, review, rows[0]), by="lead", because="A misprint.", at=AT)
    with pytest.raises(EvidenceInvalid, match="has no indicators"):
        indicators_of(db, review)


def test_the_order_of_import_changes_nothing(tmp_path: Path) -> None:
    rows = [indicator("X", year, value, "higher", 10) for year, value in itertools.product(YEARS[:3], (5, 7))]
    told = []
    for number, order in enumerate((rows, rows[::-1])):
        db = new_programme(tmp_path, f"{number}.db")
        (found,) = indicators_of(db, new_review(db, "r1", "wales-round-2", *order))
        told.append(
            (found.said, found.trend, found.slope, [[r.value for r in p.readings] for p in found.periods])
        )
        db.conn.close()
    assert told[0] == told[1]


def test_numbers_are_said_as_people_read_them() -> None:
    assert [shown(n) for n in (12_644_817.0, 104.25, 88.62, 0.7, 0.0041, 0, -9.0, None)] == [
        "12,644,817",
        "104.2",
        "88.62",
        "0.7",
        "0.0041",
        "0",
        "-9",
        "",
    ]


# The same as the measures

AT_COMPARATOR = measure("indicators", "at_comparator", "at")
IMPROVING = measure("indicators", "improving", "up")


def assert_as_the_measures(db: Database, review: Review) -> None:
    """Of the series wholly tagged to a domain, as many are good as its two measures say."""
    measured = compute_measures(db, review, [AT_COMPARATOR, IMPROVING], last_event(db))
    found = indicators_of(db, review)
    for domain, values in measured.items():
        judged = [one for one in found if domain in one.domains and one.better != "neither"]
        compared = [one for one in judged if one.compared]
        good = sum(one.standing in ("better", "equal") for one in compared)
        assert values["at"].base == len(compared)
        assert values["at"].value == (
            pytest.approx(100 * good / len(compared), abs=1e-4) if compared else None
        )
        several = [one for one in judged if len(one.periods) > 1]
        assert values["up"].base == len(several)
        if not any(one.trend == "mixed" and len(one.periods) > 3 for one in several):
            better = sum(one.trend == "improving" for one in several)
            expected = pytest.approx(100 * better / len(several), abs=1e-4) if several else None
            assert values["up"].value == expected


def test_the_worked_example_is_as_the_measures_have_it(db: Database) -> None:
    review = load_example(db)
    assert_as_the_measures(db, review)
    found = {one.name: one for one in indicators_of(db, review)}
    referrals = found["Children's referrals answered within one day"]
    assert referrals.said == (
        "93 % in 2007/08; nothing to compare it with; improving since 2000/01 (63); higher is better."
    )
    assert found["Initial assessments in time"].standing == "worse"
    assert found["Older people supported in care"].trend == "improving"


WRITTEN = (
    *(*YEARS[:3], "2004-05", "November 2004", "30/11/2004", "Q4 2005", "Hydref 2003", "Autumn 2005"),
    *("year to March 2006", "2005", "April 2003 to March 2005"),
)
values_of_series = st.lists(
    st.tuples(
        st.sampled_from(["X", "Y"]),
        st.sampled_from(WRITTEN),
        st.integers(1, 4),
        st.sampled_from(["higher", "lower", "neither"]),
        st.sampled_from(["", 2, 3]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(values_of_series)
def test_any_series_is_as_the_measures_have_it(rows: list[tuple[str, str, int, str, int | str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = new_programme(Path(folder))
        try:
            assert_as_the_measures(
                db, new_review(db, "r1", "wales-round-2", *(indicator(*row) for row in rows))
            )
        finally:
            db.conn.close()


# The command


@pytest.fixture
def say(say: Say, db: Database, tmp_path: Path) -> Say:
    """Run `joint-review WORDS...` on the database of the test."""
    return lambda *words: say(*words, "--db", str(tmp_path / "programme.db"))


def test_the_command_says_it_in_a_sentence_and_as_json(db: Database, say: Say) -> None:
    review = new_review(db, "r1", "wales-round-2", *over_years(10, 20), indicator("Y", "2005", 3, "lower", 2))
    code, out, _ = say("indicators", "r1")
    assert code == 0
    assert " ".join(out.split()).startswith(
        "2 indicators of r1. 1 with a comparator: 1 worse. Over the years: 1 improving, 1 with too few"
        " periods."
    )
    assert "2003/04: 10; 2004/05:" in out and "worse: comparator 2" in out
    code, out, _ = say("indicators", "r1", "--json")
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps([asdict(one) for one in indicators_of(db, review)]))


def test_the_command_names_a_series_whose_order_is_not_known(db: Database, say: Say) -> None:
    new_review(
        db, "r1", "wales-round-2", *(indicator("X", text, 1) for text in ("31 May 2004", "1 June 2005"))
    )
    as_stored_before(db, "1 June 2005", "then")
    assert "X (all): Nothing is compared" in say("indicators", "r1")[1]


def test_the_command_refuses_a_review_without_indicators(db: Database, say: Say) -> None:
    new_review(db, "r1")
    code, out, err = say("indicators", "r1")
    assert (code, out) == (1, "")
    assert "the review r1 has no indicators" in err and "template indicators" in err
