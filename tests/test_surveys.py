"""Survey results beside those of other reviews, and funnels: by hand, and with statsmodels and scipy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assessment_example import AT, add, item_at, load_example, new_programme
from command_line import Done, Say
from evidence_rows import SOURCES, Row, survey
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.proportion import proportion_confint

from comparison.funnel import (
    BEYOND_95,
    BEYOND_998,
    DEVIATIONS,
    INSIDE,
    by_chance,
    control_limits,
    fit_funnel,
    positions,
    variance_between,
    winsorised,
)
from comparison.surveys import (
    NOT_NAMED,
    Comparison,
    Funnel,
    SurveyResult,
    Surveys,
    compare_surveys,
    funnels_of,
)
from evidence.items import withdraw_item
from programme.database import Database
from programme.reviews import Review, create_review
from rules.errors import EvidenceInvalid, UnknownName

Q = "Treated with dignity"

Pairs = list[tuple[int, int]]
shares_and_bases = st.lists(st.tuples(st.integers(0, 100), st.integers(10, 500)), min_size=5, max_size=30)


def arrays(pairs: Sequence[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    shares, bases = np.array(pairs, dtype=float).T
    return shares, bases


# What is worked out


def test_a_funnel_worked_out_by_hand() -> None:
    # 80 % pooled; s = sqrt(80 * 20 / 100) = 4, so z = -2.5, 0, 0, 0, 2.5. A tenth of five values lies two
    # fifths of the way from the first to the second: z becomes -1.5, 0, 0, 0, 1.5 and phi = 4.5 / 5.
    # sum w = 5 / 16, sum w^2 / sum w = 1 / 16: tau^2 = (4.5 - 4) / (4 / 16) = 2.
    shares, bases = arrays([(70, 100), (80, 100), (80, 100), (80, 100), (90, 100)])
    fit = fit_funnel(shares, bases)
    assert fit.target == pytest.approx(80)
    assert fit.phi == pytest.approx(0.9)
    assert fit.tau == pytest.approx(np.sqrt(2))
    low, high = control_limits(fit.target, bases[:1], fit.tau, DEVIATIONS["95"])
    assert (low[0], high[0]) == (pytest.approx(80 - 1.959964 * np.sqrt(18)), pytest.approx(88.3154, abs=1e-4))
    assert list(positions(shares, bases, fit.target, fit.tau)) == [
        BEYOND_95,
        INSIDE,
        INSIDE,
        INSIDE,
        BEYOND_95,
    ]


def test_the_pooled_share_is_all_positive_answers_of_all_answers() -> None:
    shares, bases = arrays([(50, 10), (90, 30), (20, 10), (60, 40), (70, 10)])
    assert fit_funnel(shares, bases).target == pytest.approx(100 * (5 + 27 + 2 + 24 + 7) / 100)


@settings(deadline=None)
@given(shares_and_bases)
def test_without_winsorising_the_spread_is_that_of_dersimonian_and_laird(pairs: Pairs) -> None:
    shares, bases = arrays(pairs)
    target = float(np.sum(shares * bases) / np.sum(bases))
    if target in (0, 100):
        return
    variance = by_chance(target, bases)
    phi = float(np.mean((shares - target) ** 2 / variance))
    with np.errstate(all="ignore"):
        # statsmodels does not cut off at 0, and divides by what is 0 where all are alike.
        oracle = combine_effects(shares, variance, method_re="chi2")
    assert variance_between(phi, 1 / variance) == pytest.approx(max(0, oracle.tau2), rel=1e-6, abs=1e-6)
    assert target == pytest.approx(oracle.mean_effect_fe)


@settings(deadline=None)
@given(shares_and_bases)
def test_by_chance_alone_a_share_is_inside_when_its_wilson_interval_holds_the_pooled_share(
    pairs: Pairs,
) -> None:
    shares, bases = arrays(pairs)
    target = fit_funnel(shares, bases).target
    low, high = proportion_confint(shares / 100 * bases, bases, alpha=0.05, method="wilson")
    inside = positions(shares, bases, target, 0.0) == INSIDE
    clear = (np.abs(100 * low - target) > 1e-3) & (np.abs(100 * high - target) > 1e-3)
    assert np.array_equal(inside[clear], ((100 * low <= target) & (target <= 100 * high))[clear])


@pytest.mark.parametrize("target", [50, 65, 80, 90, 95])
@pytest.mark.parametrize("base", [10, 20, 50, 200, 1000])
def test_about_as_many_surveys_as_said_keep_the_limits_by_chance(target: int, base: int) -> None:
    possible = np.arange(base + 1)
    chance = binom.pmf(possible, base, target / 100)
    for percent, least in (("95", 0.91), ("99.8", 0.985)):
        low, high = control_limits(target, np.array([base]), 0.0, DEVIATIONS[percent])
        shares = 100 * possible / base
        assert chance[(shares >= low) & (shares <= high)].sum() >= least
    at = positions(100 * possible / base, np.full(base + 1, base), target, 0.0)
    assert chance[at != INSIDE].sum() <= 0.09


def test_the_limits_are_the_quantiles_of_the_normal_distribution() -> None:
    assert DEVIATIONS["95"] == pytest.approx(norm.ppf(0.975), abs=1e-6)
    assert DEVIATIONS["99.8"] == pytest.approx(norm.ppf(0.999), abs=1e-6)


def test_ten_of_ten_where_nine_of_ten_are_usual_is_no_signal() -> None:
    assert list(positions(np.array([100.0]), np.array([10.0]), 90, 0.0)) == [INSIDE]


def test_the_lowest_and_highest_tenth_are_set_to_the_quantiles() -> None:
    z = np.arange(11.0)
    assert list(winsorised(z)) == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]


def test_one_outlier_does_not_widen_the_limits_that_show_it() -> None:
    pairs = [(80.0, 100.0)] * 20
    shares, bases = arrays([*pairs, (20.0, 100.0)])
    fit = fit_funnel(shares, bases)
    assert fit.tau < 2
    assert positions(shares, bases, fit.target, fit.tau)[-1] == BEYOND_998


@pytest.mark.parametrize("share", [0.0, 37.0, 100.0])
def test_shares_that_are_all_alike_vary_no_more_than_by_chance(share: float) -> None:
    shares, bases = arrays([(share, base) for base in (12, 40, 90, 200, 350)])
    fit = fit_funnel(shares, bases)
    assert (fit.phi, fit.tau) == (pytest.approx(0), 0)
    assert set(positions(shares, bases, fit.target, fit.tau)) == {INSIDE}


@settings(deadline=None)
@given(
    st.floats(1, 99),
    st.lists(st.integers(1, 10_000), min_size=2, max_size=20, unique=True),
    st.floats(0, 20),
    st.sampled_from(list(DEVIATIONS.values())),
)
def test_limits_narrow_as_more_people_answer(
    target: float, bases: list[int], tau: float, deviations: float
) -> None:
    low, high = control_limits(target, np.array(sorted(bases), dtype=float), tau, deviations)
    assert np.all(np.diff(low) >= 0) and np.all(np.diff(high) <= 0)
    assert np.all((low >= 0) & (low <= target) & (target <= high) & (high <= 100))


@settings(deadline=None)
@given(st.floats(1, 99), st.integers(10, 1000), st.floats(0, 20))
def test_over_dispersion_never_narrows_the_limits(target: float, base: int, tau: float) -> None:
    at = np.array([float(base)])
    for deviations in DEVIATIONS.values():
        plain, wider = (control_limits(target, at, spread, deviations) for spread in (0.0, tau))
        assert wider[0] <= plain[0] and plain[1] <= wider[1]


@settings(deadline=None)
@given(shares_and_bases)
def test_where_chance_explains_the_spread_the_limits_are_the_plain_ones(pairs: Pairs) -> None:
    shares, bases = arrays(pairs)
    fit = fit_funnel(shares, bases)
    count = len(pairs)
    if count * fit.phi <= count - 1:
        assert fit.tau == 0
    elif count * fit.phi > count - 1 + 1e-9:
        assert fit.tau > 0


@settings(deadline=None)
@given(shares_and_bases, st.floats(0, 15))
def test_every_share_lies_where_the_limits_say(pairs: Pairs, tau: float) -> None:
    shares, bases = arrays(pairs)
    target = fit_funnel(shares, bases).target
    at = positions(shares, bases, target, tau)
    for deviations, inside in (
        (DEVIATIONS["95"], at == INSIDE),
        (DEVIATIONS["99.8"], at != BEYOND_998),
    ):
        low, high = control_limits(target, bases, tau, deviations)
        clear = (np.abs(shares - low) > 1e-9) & (np.abs(shares - high) > 1e-9)
        assert np.array_equal(inside[clear], ((low <= shares) & (shares <= high))[clear])


@settings(deadline=None)
@given(shares_and_bases, st.randoms(use_true_random=False))
def test_the_order_of_the_authorities_is_of_no_account(pairs: Pairs, random: Any) -> None:
    mixed = pairs.copy()
    random.shuffle(mixed)
    assert fit_funnel(*arrays(pairs)) == fit_funnel(*arrays(mixed))


# In the database


def council(db: Database, name: str, *rows: Row, framework: str = "wales-round-2") -> Review:
    """A review of 'Council NAME' with these results."""
    window: dict[str, Any] = {"window_from": None, "window_to": None}
    review = create_review(db, name, f"Council {name}", framework, **window, by="lead", at=AT)
    add(db, review, *SOURCES, *rows)
    return review


def councils(db: Database, *results: tuple[float, float | str], **more: Any) -> list[Review]:
    """Reviews a, b, c, ... with one result each of the same question."""
    return [council(db, chr(97 + n), survey("S1", Q, *result, **more)) for n, result in enumerate(results)]


def only(found: Surveys) -> SurveyResult:
    (result,) = found.results
    return result


def compared(db: Database, review: Review, **more: Any) -> Comparison:
    comparison = only(compare_surveys(db, review, named=None, **more)).comparison
    assert comparison is not None
    return comparison


def funnel(db: Database, review: Review, named: Sequence[str] | None = None) -> Funnel:
    (found,) = compare_surveys(db, review, named=named).funnels
    return found


def test_a_result_stands_beside_the_best_worst_and_median_of_the_others(db: Database) -> None:
    first, *_ = councils(db, (70, 100), (90, 50), (60, 40), (75, ""), (71, 30))
    found = compared(db, first)
    assert (found.of, found.others, found.too_small) == ("reviews", 4, 0)
    assert found.best is not None and found.worst is not None
    assert (found.best.authority, found.best.share, found.best.base) == ("Council b", 90, 50)
    assert (found.worst.authority, found.worst.review, found.worst.share) == ("Council c", "c", 60)
    assert found.median == 73
    assert found.better_than == 1


def test_where_agreeing_is_bad_the_lowest_share_is_the_best(db: Database) -> None:
    first, *_ = councils(db, (30, 100), (90, 50), (20, 40), better="lower")
    found = compared(db, first)
    assert found.best is not None and found.worst is not None
    assert (found.best.share, found.worst.share, found.better_than) == (20, 90, 1)


def test_where_no_direction_is_better_there_is_no_best(db: Database) -> None:
    first, *_ = councils(db, (30, 100), (90, 50), (20, 40), better="neither")
    found = compared(db, first)
    assert (found.best, found.worst, found.median, found.better_than) == (None, None, 55, None)


def test_a_share_on_fewer_than_ten_answers_is_marked_and_never_the_best(db: Database) -> None:
    first, *_ = councils(db, (70, 9), (100, 9), (80, 10))
    result = only(compare_surveys(db, first, named=None))
    assert result.small
    assert result.comparison is not None and result.comparison.best is not None
    assert (result.comparison.others, result.comparison.too_small) == (1, 1)
    assert result.comparison.best.share == 80


def test_few_answers_are_counted_before_they_are_weighted(db: Database) -> None:
    first, second = councils(db, (70, 20), (80, 20))
    db.conn.execute("drop trigger evidence_never_update")
    db.conn.execute(
        "update evidence set answers = 12, base = 6, design_effect = 2 where review_id = ?", [first.id]
    )
    db.conn.execute("update evidence set answers = 9, base = 8 where review_id = ?", [second.id])
    result = only(compare_surveys(db, first, named=None))
    assert (result.small, result.answers, result.base, result.design_effect) == (False, 12, 6, 2)
    assert result.comparison is not None and result.comparison.too_small == 1
    low, high = proportion_confint(0.7 * 6, 6, method="wilson")
    assert (result.low, result.high) == (
        pytest.approx(100 * low, abs=1e-4),
        pytest.approx(100 * high, abs=1e-4),
    )


def test_one_result_on_enough_answers_carries_the_others_of_its_period(db: Database) -> None:
    first = council(db, "a", survey("S1", Q, 70, 100))
    council(db, "b", survey("S1", Q, 60, 5), survey("S1", Q, 80, 20))
    found = compared(db, first)
    assert found.best is not None
    assert (found.others, found.too_small, found.best.share, found.best.base) == (1, 0, 70, 5)
    council(db, "c", survey("S1", Q, 60, 5), survey("S1", Q, 80, 9))
    assert compared(db, first).too_small == 1


def test_without_others_the_published_best_and_worst_stand_in(db: Database) -> None:
    alone = council(db, "a", survey("S1", Q, 70, 100, best=93, worst=62))
    found = compared(db, alone)
    assert (found.of, found.others, found.median, found.better_than) == ("published", 0, None, None)
    assert found.best is not None and found.worst is not None
    assert (found.best.share, found.worst.share, found.best.review) == (93, 62, None)
    council(db, "b", survey("S1", Q, 80, 100))
    assert compared(db, alone).of == "reviews"
    bare = council(db, "c", survey("S1", "Asked by nobody else", 70, 100))
    assert compared(db, bare).of == "nothing"


def test_every_review_counts_with_its_latest_period(db: Database) -> None:
    first = council(db, "a", survey("S1", Q, 70, 100, period="2006"), survey("S1", Q, 50, 100, period="2004"))
    council(db, "b", survey("S1", Q, 20, 100, period="2003"), survey("S1", Q, 80, 100, period="2005"))
    older, latest = compare_surveys(db, first, named=None).results
    assert (older.period, older.latest, older.comparison, older.position) == ("2004", False, None, "")
    assert latest.comparison is not None and latest.comparison.best is not None
    assert (latest.period, latest.comparison.best.share, latest.comparison.others) == ("2006", 80, 1)


def test_a_result_without_a_period_is_as_old_as_its_source(db: Database) -> None:
    # S1 is of 2007, S0 of 2001.
    first = council(db, "a", survey("S0", Q, 50, 100), survey("S1", Q, 70, 100))
    assert [(one.period, one.latest) for one in compare_surveys(db, first, named=None).results] == [
        ("1 March 2001", False),
        ("1 March 2007", True),
    ]


def test_several_results_of_one_period_are_their_mean_on_the_smallest_base(db: Database) -> None:
    first = council(db, "a", survey("S1", Q, 70, 100))
    council(db, "b", survey("S1", Q, 60, 40), survey("S1", Q, 75, 20), survey("S1", Q, 60, 90))
    council(db, "c", survey("S1", Q, 60, 40), survey("S1", Q, 80, ""))
    places = {place.review: (place.share, place.base) for place in funnel(db, first).places}
    assert places == {"a": (70, 100), "b": (65, 20), "c": (70, None)}


@pytest.mark.parametrize("other", [{"question": "Another"}, {"group": "Staff"}, {"strand": "adults"}])
def test_only_the_same_question_group_and_strand_are_compared(db: Database, other: dict[str, str]) -> None:
    first = council(db, "a", survey("S1", Q, 70, 100))
    council(db, "b", survey("S1", other.pop("question", Q), 80, 100, **other))
    assert compared(db, first).of == "nothing"


def test_reviews_of_another_framework_are_not_compared(db: Database) -> None:
    first = council(db, "a", survey("S1", Q, 70, 100))
    council(db, "b", survey("S1", Q, 80, 100, domains=""), framework="wales-round-1")
    assert compared(db, first).of == "nothing"
    assert compare_surveys(db, first, named=None).other_reviews == 0


def test_withdrawn_results_are_not_compared(db: Database) -> None:
    first = council(db, "a", survey("S1", Q, 70, 100))
    row = survey("S1", Q, 80, 100)
    second = council(db, "b", row)
    assert compared(db, first).of == "reviews"
    withdraw_item(db, second, item_at(db, second, row), by="lead", because="Wrong table.", at=AT)
    assert compared(db, first).of == "nothing"


def test_a_funnel_takes_five_reviews_with_a_known_base_and_ten_answers(db: Database) -> None:
    first, *_ = councils(db, (70, 100), (80, 90), (75, 80), (60, 70), (65, 9), (65, ""))
    found = funnel(db, first)
    assert (found.usable, found.drawn) == (4, None)
    assert {place.not_shown for place in found.places} == {"", "fewer than 10 answers", "base unknown"}
    council(db, "g", survey("S1", Q, 66, 10))
    found = funnel(db, first)
    assert found.usable == 5 and found.drawn is not None
    assert sum(bool(place.position) for place in found.places) == 5
    assert [place.base for place in found.places] == [9, 10, 70, 80, 90, 100, None]


def test_the_funnel_of_a_review_is_the_one_worked_out_by_hand(db: Database) -> None:
    first, *_ = councils(db, (70, 100), (80, 100), (80, 100), (80, 100), (90, 100))
    found = compare_surveys(db, first, named=None)
    (drawn,) = (one.drawn for one in found.funnels)
    assert drawn is not None
    assert (drawn.target, drawn.phi, drawn.tau) == (80, 0.9, 1.4142)
    assert only(found).position == "below the 95 % limit (worse)"
    (own,) = (place for place in found.funnels[0].places if place.own)
    assert (own.position, own.by_chance_alone, own.side) == (BEYOND_95, BEYOND_95, "below")


def test_the_side_of_the_funnel_is_better_or_worse_by_the_direction(db: Database) -> None:
    first, *_ = councils(db, (70, 100), (80, 100), (80, 100), (80, 100), (90, 100), better="lower")
    assert only(compare_surveys(db, first, named=None)).position == "below the 95 % limit (better)"


def test_all_funnels_of_a_framework_are_those_of_its_reviews_together(db: Database) -> None:
    first = council(db, "a", survey("S1", Q, 70, 100), survey("S1", "Has a say", 60, 100))
    council(db, "b", survey("S1", Q, 80, 100), survey("S1", "Comes in time", 60, 100))
    found = funnels_of(db, first.framework_id, named=None)
    assert [(one.question, one.usable) for one in found] == [("Comes in time", 1), ("Has a say", 1), (Q, 2)]
    assert not any(place.own for one in found for place in one.places)
    of_first = funnels_of(db, first.framework_id, named=None, own=first)
    assert [one.question for one in of_first] == ["Has a say", Q]


def test_a_review_that_may_not_be_named_is_another_authority_everywhere(db: Database) -> None:
    first, *_ = councils(db, (70, 100), (90, 100), (80, 100), (60, 100), (75, 100))
    found = compare_surveys(db, first, named=["b"])
    told = json.dumps(asdict(found))
    assert "Council b" in told and "Council a" in told
    for name in "cde":
        assert f"Council {name}" not in told and f'"{name}"' not in told
    comparison = only(found).comparison
    assert comparison is not None and comparison.worst is not None
    assert (comparison.worst.authority, comparison.worst.review) == (NOT_NAMED, None)
    assert comparison.others == 4
    assert [place.review for place in funnel(db, first, named=[]).places if place.review] == ["a"]


def test_the_order_in_which_reviews_came_in_changes_nothing(tmp_path: Path) -> None:
    results = {"a": (70, 100), "b": (90, 50), "c": (90, 50), "d": (60, 200), "e": (75, ""), "f": (80, 44)}
    told = []
    for number, names in enumerate(("abcdef", "fedcba", "cafebd")):
        db = new_programme(tmp_path, f"{number}.db")
        reviews = {name: council(db, name, survey("S1", Q, *results[name])) for name in names}
        found = asdict(compare_surveys(db, reviews["a"], named=["b", "d"]))
        found["results"][0].pop("item")
        told.append(json.dumps(found))
        db.conn.close()
    assert len(set(told)) == 1


def test_words_of_the_question_choose_results(db: Database) -> None:
    first = council(db, "a", survey("S1", Q, 70, 100), survey("S1", "Has a say", 60, 100))
    assert only(compare_surveys(db, first, named=None, question="DIGNITY")).question == Q
    with pytest.raises(UnknownName, match="treated with care"):
        compare_surveys(db, first, named=None, question="treated with care")


def test_a_review_without_survey_results_is_told_so(db: Database) -> None:
    with pytest.raises(EvidenceInvalid, match="has no survey results"):
        compare_surveys(db, council(db, "a"), named=None)


def test_the_worked_example_is_compared_with_what_its_report_publishes(db: Database) -> None:
    found = compare_surveys(db, load_example(db), named=None, question="Services are of good quality")
    older = next(one for one in found.results if one.group == "older people")
    assert older.comparison is not None and older.comparison.best is not None and older.comparison.worst
    assert (older.share, older.comparison.best.share, older.comparison.worst.share) == (87, 93, 78)
    assert {one.comparison.of for one in found.results if one.comparison} == {"published", "nothing"}
    assert all(one.drawn is None and one.usable == 0 for one in found.funnels)


# The command


@pytest.fixture
def say(say: Say, db: Database, tmp_path: Path) -> Say:
    """Run `joint-review WORDS...` on the database of the test; where lines are wrapped does not matter."""

    def in_one_line(*words: str) -> Done:
        done = say(*words, "--db", str(tmp_path / "programme.db"))
        return done if "--json" in words else done._replace(out=" ".join(done.out.split()))

    return in_one_line


def test_the_command_says_it_in_a_sentence_and_shows_the_funnel(db: Database, say: Say) -> None:
    councils(db, (70, 100), (80, 100), (80, 100), (80, 100), (90, 100), (55, 7))
    code, out, _ = say("surveys", "a")
    assert code == 0
    assert out.startswith(
        "1 survey result of a: 1 compared with 5 other reviews of wales-round-2; 1 in a funnel"
    )
    assert "4 reviews: best 90 (Council e)," in out and "median 80, worst 80 (Council b);" in out
    assert "80.0 % positive in 5 reviews together; they vary by more than chance" in out
    assert "Council a (this review)" in out
    code, out, _ = say("surveys", "f", "--question", "dignity")
    assert "1 with fewer than 10 answers" in out
    assert "7 answers: too" in out and "few to decide a" in out
    assert "not shown: fewer than 10 answers" in out


def test_the_command_says_why_there_is_no_funnel(db: Database, say: Say) -> None:
    councils(db, (70, 100), (80, 100))
    code, out, _ = say("surveys", "a")
    assert code == 0
    assert "No funnel for 1 of 1 question and group: a funnel needs at least 5 reviews" in out
    assert "there are at most 2" in out


def test_the_command_tells_the_same_as_json(db: Database, say: Say) -> None:
    first, *_ = councils(db, (70, 100), (80, 100), (80, 100), (80, 100), (90, 100))
    code, out, _ = say("surveys", "a", "--json")
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(asdict(compare_surveys(db, first, named=None))))


def test_the_command_refuses_a_review_without_results_and_words_of_no_question(
    db: Database, say: Say
) -> None:
    council(db, "a", survey("S1", Q, 70, 100))
    council(db, "b")
    assert say("surveys", "b")[0] == 1
    code, _, err = say("surveys", "a", "--question", "Treated with dignty")
    assert code == 1 and "Did you mean 'Treated with dignity'?" in err
