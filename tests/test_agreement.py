"""Agreement between reviewers: published figures, other libraries, and that untouched text never counts."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pytest
from click.testing import CliRunner
from example_framework import AT, Desk, finding, source
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from evidence.coding.agreement import (
    ALL_THE_SAME,
    FOR_PAIRS,
    NOT_FOR_ONE_DOMAIN,
    NOT_FOR_SETS,
    ONE_ITEM,
    TOO_MUCH_THE_SAME,
    Agreement,
    Figure,
    measure_agreement,
)
from evidence.coding.codings import withdraw_coding
from evidence.coding.coefficients import (
    alpha_draws,
    count_values,
    distinct_rows,
    jaccard,
    krippendorff_alpha,
    weighted_kappa,
)
from evidence.items import tag_item, withdraw_item
from joint_review.cli import cli
from programme.database import one
from rules.errors import EvidenceInvalid
from rules.remedy import DrawItems, ShowLayout

X = np.nan
FOUR_CODERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, X, X, X],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, X, 3],
        [X, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, X],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, X],
    ]
)
"""Four observers and twelve units: the worked example of Krippendorff, K. (2011), Computing Krippendorff's
Alpha-Reliability, which gives alpha as 0.743 (nominal), 0.815 (ordinal) and 0.849 (interval)."""
RADIOLOGISTS = [[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]]
"""Two radiologists, 85 cases, normal to cancer: STAT 509, lesson 18, Pennsylvania State University, which has
a weighted (linear) kappa of 0.57."""


def nominal(count: int) -> np.ndarray:
    return 1 - np.eye(count)


def pairs_of(table: Sequence[Sequence[int]]) -> np.ndarray:
    """The judgements (items x two coders) that a table counts."""
    return np.array(
        [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)],
        dtype=float,
    )


# --- coefficients ------------------------------------------------------------------------------------------


def test_alpha_is_what_krippendorff_published() -> None:
    counts = count_values(FOUR_CODERS.T)
    values = np.arange(1, 6)
    assert krippendorff_alpha(counts) == pytest.approx(0.815, abs=5e-4)
    assert krippendorff_alpha(counts, nominal(5)) == pytest.approx(0.743, abs=5e-4)
    squares = (values[:, None] - values).astype(float) ** 2
    assert krippendorff_alpha(counts, squares) == pytest.approx(0.849, abs=5e-4)


def test_kappa_is_what_was_published_for_two_radiologists() -> None:
    assert weighted_kappa(pairs_of(RADIOLOGISTS)) == pytest.approx(0.57, abs=5e-3)


def test_kappa_worked_out_by_hand() -> None:
    # Three findings: both 3; 3 and 1; both -3. Observed distance (0 + 2 + 0) / 3. By chance every first
    # judgement meets every second one: (0+2+6 + 0+2+6 + 6+4+0) / 9. Kappa = 1 - (2/3) / (26/9).
    assert weighted_kappa(np.array([[3, 3], [3, 1], [-3, -3]], dtype=float)) == pytest.approx(1 - 6 / 26)


JUDGED = st.integers(1, 4).flatmap(
    lambda coders: st.lists(
        st.lists(st.sampled_from([X, -3, -2, -1, 0, 1, 2, 3]), min_size=coders, max_size=coders),
        min_size=1,
        max_size=25,
    )
)


def by_the_library(judged: np.ndarray, level: Any) -> float | None:
    comparable = judged[(~np.isnan(judged)).sum(axis=1) > 1]
    if len(np.unique(comparable[~np.isnan(comparable)])) < 2:
        return None
    return float(krippendorff.alpha(comparable.T, level_of_measurement=level))


@settings(max_examples=200, deadline=None)
@given(rows=JUDGED)
def test_alpha_is_what_another_library_computes(rows: list[list[float]]) -> None:
    judged = np.array(rows, dtype=float)
    counts = count_values(judged)
    for level, distance in (("ordinal", None), ("nominal", nominal(counts.shape[1]))):
        expected = by_the_library(judged, level)
        found = krippendorff_alpha(counts, distance)
        assert (found is None) == (expected is None)
        if found is not None:
            assert found == pytest.approx(expected, abs=1e-8)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=1, max_size=30))
def test_kappa_by_its_definition(rows: list[tuple[int, int]]) -> None:
    judged = np.array(rows, dtype=float)
    observed = np.abs(judged[:, 0] - judged[:, 1]).mean()
    expected = np.abs(judged[:, 0][:, None] - judged[:, 1][None, :]).mean()
    found = weighted_kappa(judged)
    if expected == 0:
        assert found is None
    else:
        assert found == pytest.approx(1 - observed / expected, abs=1e-8)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(*[st.integers(-3, 3)] * 2), min_size=1, max_size=60))
def test_kappa_is_that_of_statsmodels_to_the_last_digit_shown(rows: list[tuple[int, int]]) -> None:
    judged = np.array(rows, dtype=float)
    values = np.unique(judged)
    assume(len(values) > 1)
    table = [[rows.count((int(some), int(other))) for other in values] for some in values]
    oracle = cohens_kappa(table, weights=values, wt="linear", return_results=False)
    assert weighted_kappa(judged) == round(float(oracle), 9) + 0.0


@settings(max_examples=100, deadline=None)
@given(
    both=st.integers(0, 30), first=st.integers(0, 30), second=st.integers(0, 30)
)  # fmt: skip
def test_without_untouched_items_one_domain_has_no_figure_above_chance(
    both: int, first: int, second: int
) -> None:
    # The reason why none is given: of items that at least one tied to a domain, nothing exceeds chance.
    judged = np.array([[1, 1]] * both + [[1, 0]] * first + [[0, 1]] * second, dtype=float).reshape(-1, 2)
    counts = count_values(judged)
    alpha = krippendorff_alpha(counts, nominal(counts.shape[1]))
    if first + second == 0:
        assert alpha is None
    else:
        apart, ties = first + second, 2 * len(judged)
        assert alpha == pytest.approx((1 - apart) / (ties - apart))
        assert alpha <= 0 and (weighted_kappa(judged) or 0) <= 1e-12


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(*[st.sets(st.integers(0, 3))] * 2), min_size=1, max_size=12))
def test_alpha_of_sets_is_what_another_library_computes(rows: list[tuple[set[int], set[int]]]) -> None:
    flags = np.array([[[d in chosen for d in range(4)] for chosen in row] for row in rows])
    sets, at = np.unique(flags.reshape(-1, 4), axis=0, return_inverse=True)
    at = at.reshape(-1, 2).astype(float)
    found = krippendorff_alpha(
        (at[:, :, None] == np.arange(len(sets))).sum(axis=1).astype(float), jaccard(sets, sets)
    )

    def apart(v1: Any, v2: Any, i1: Any, i2: Any, n_v: Any, dtype: Any = float) -> Any:
        return jaccard_by_hand(sets)[i1, i2]

    if len(sets) < 2:
        assert found is None
    else:
        assert found == pytest.approx(krippendorff.alpha(at.T, level_of_measurement=apart), abs=1e-8)


def jaccard_by_hand(sets: np.ndarray) -> np.ndarray:
    members = [set(np.nonzero(row)[0]) for row in sets]
    return np.array([[1 - len(a & b) / len(a | b) if a | b else 0 for b in members] for a in members])


def test_sets_differ_by_what_they_have_not_in_common() -> None:
    sets = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0], [0, 0, 0]], dtype=bool)
    assert jaccard(sets, sets)[0].tolist() == pytest.approx([0, 2 / 3, 1, 1])
    assert jaccard(sets, sets)[2, 3] == 0


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), max_size=30))
def test_distinct_rows_are_those_of_numpy(rows: list[list[int]]) -> None:
    given_rows = np.array(rows, dtype=float).reshape(-1, 3)
    expected = np.unique(given_rows, axis=0, return_inverse=True, return_counts=True)
    for found, wanted in zip(distinct_rows(given_rows), expected, strict=True):
        assert found.tolist() == wanted.tolist()


# --- the interval ------------------------------------------------------------------------------------------


def ends(counts: np.ndarray, seed: int = 1, draws: int = 2_000) -> tuple[float, float]:
    low, high = np.nanquantile(alpha_draws(counts, None, draws, np.random.default_rng(seed)), (0.025, 0.975))
    return float(low), float(high)


def test_more_items_of_the_same_kinds_narrow_the_interval_to_alpha() -> None:
    counts = count_values(FOUR_CODERS.T)
    alpha = krippendorff_alpha(np.tile(counts, (1_000, 1)))
    assert alpha is not None
    few, many = ends(counts), ends(np.tile(counts, (1_000, 1)))
    assert few[0] < many[0] < alpha < many[1] < few[1]
    assert many[1] - many[0] < (few[1] - few[0]) / 10
    # Resampling has the error of a mean: a thousand times the items, a thousand times less variance.
    drawn = [
        alpha_draws(np.tile(counts, (times, 1)), None, 4_000, np.random.default_rng(1)).std()
        for times in (30, 120)
    ]
    assert drawn[0] / drawn[1] == pytest.approx(2, rel=0.1)


def test_drawing_kinds_of_items_is_drawing_items() -> None:
    counts = count_values(FOUR_CODERS.T)
    comparable = counts[counts.sum(axis=1) > 1]
    generator = np.random.default_rng(5)
    picked = generator.integers(0, len(comparable), (1_500, len(comparable)))
    one_by_one = np.array([krippendorff_alpha(comparable[at]) or X for at in picked])
    low, high = np.nanquantile(one_by_one, (0.025, 0.975))
    assert ends(counts, draws=20_000) == pytest.approx((low, high), abs=0.03)


def test_the_draws_depend_on_the_seed_alone() -> None:
    counts = count_values(FOUR_CODERS.T)
    shuffled = np.random.default_rng(9).permutation(counts)
    assert ends(counts) == ends(shuffled) == ends(counts)
    assert ends(counts) != ends(counts, seed=2)


def test_memory_is_bounded_whatever_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = count_values(FOUR_CODERS.T)
    whole = alpha_draws(counts, None, 500, np.random.default_rng(3))
    monkeypatch.setattr("evidence.coding.coefficients.CELLS", 100)
    assert np.array_equal(alpha_draws(counts, None, 500, np.random.default_rng(3)), whole, equal_nan=True)


# --- a review ----------------------------------------------------------------------------------------------

CodedAs = tuple[str, int] | float
"""Direction and significance, or a score."""
Said = tuple[CodedAs, str]
"""What a person says of an item: the judgement, and the domains."""
WORDS = {-3: ("weakness", 3), -1: ("weakness", 1), 0: ("neutral", 2), 1: ("strength", 1), 3: ("strength", 3)}


class Office:
    """A desk where items are recorded and coded in few words."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder)
        self.desk.load_sources()
        self.desk.load_rows("sources", source("C1", "case_file"))

    def record(self, items: Mapping[str, Said], by: str = "first") -> None:
        findings, scores = [], []
        for locator, (judgement, domains) in items.items():
            common = {"locator": locator, "domains": domains, "recorded_by": by}
            if isinstance(judgement, tuple):
                direction, significance = judgement
                findings.append(
                    finding(
                        text=f"Finding {locator}", direction=direction, significance=significance, **common
                    )
                )
            else:
                scores.append({"source": "C1", "standard": "Risk", "score": judgement, **common})
        for layout, rows in (("findings", findings), ("case-scores", scores)):
            if rows:
                self.desk.load_rows(layout, *rows)

    def code(self, items: Mapping[str, Said], by: str = "second", **options: Any) -> None:
        rows = []
        for locator, (judgement, domains) in items.items():
            row = {"locator": locator, "coded_by": by, "domains": domains, "score": ""}
            if isinstance(judgement, tuple):
                row |= {"source": "I1", "direction": judgement[0], "significance": str(judgement[1])}
            else:
                row |= {"source": "C1", "direction": "", "significance": "", "score": str(judgement)}
            rows.append(row)
        self.desk.load_rows("codings", *rows, **options)

    def number(self, locator: str) -> int:
        return int(one(self.desk.db, "select id from evidence where locator = ?", [locator]))

    def agreement(self, draws: int = 200, seed: int = 0) -> Agreement:
        return measure_agreement(self.desk.db, self.desk.review, draws=draws, seed=seed)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.desk.close()


def figure(found: Agreement, what: str, domain: str | None = None, coders: tuple[str, ...] = ()) -> Figure:
    [one_of_them] = [
        f for f in found.figures if (f.what, f.domain, f.coders) == (what, domain, coders)
    ]  # fmt: skip
    return one_of_them


def has(found: Agreement, what: str, domain: str | None = None, coders: tuple[str, ...] = ()) -> bool:
    return any((f.what, f.domain, f.coders) == (what, domain, coders) for f in found.figures)


PAIR = ("first", "second")
ITEMS: dict[str, Said] = {
    "p. 1": (WORDS[3], "carers"),
    "p. 2": (WORDS[3], "carers;assessment"),
    "p. 3": (WORDS[-3], "carers"),
    "p. 4": (WORDS[0], "leadership"),
    "p. 5": (WORDS[1], "leadership"),
}
AGAIN: dict[str, Said] = {
    "p. 1": (WORDS[3], "carers"),
    "p. 2": (WORDS[1], "carers"),
    "p. 3": (WORDS[-3], "assessment"),
}


def test_only_what_both_have_coded_is_compared(office: Office) -> None:
    office.record(ITEMS)
    office.code(AGAIN)
    found = office.agreement()
    assert (found.items_by_several, found.items_by_one, found.coders) == (3, 2, PAIR)
    findings = figure(found, "findings")
    assert (findings.items, findings.same) == (3, pytest.approx(2 / 3))
    # By hand above: test_kappa_worked_out_by_hand.
    assert figure(found, "findings", None, PAIR).kappa == pytest.approx(1 - 6 / 26)
    assert findings.alpha == pytest.approx(
        krippendorff.alpha([[3, 3, -3], [3, 1, -3]], level_of_measurement="ordinal")
    )
    # Nobody but the recorder said anything of leadership.
    assert not any(f.domain == "leadership" for f in found.figures)


def test_in_a_domain_judgements_are_compared_where_both_tied_the_item_to_it(office: Office) -> None:
    office.record(ITEMS)
    office.code(AGAIN)
    found = office.agreement()
    carers = figure(found, "findings", "carers")
    assert (carers.items, carers.same) == (2, 0.5)  # p. 1 and p. 2, not p. 3
    assert not has(found, "findings", "assessment")  # on p. 2 the first alone, on p. 3 the second alone


def test_a_domain_that_neither_chose_is_no_agreement(office: Office) -> None:
    office.record(ITEMS)
    office.code(AGAIN)
    found = office.agreement()
    assert [(f.domain, f.items, f.same) for f in found.by_domain() if f.what == "domains"] == [
        ("assessment", 2, 0.0),  # p. 2, p. 3
        ("carers", 3, pytest.approx(2 / 3)),  # p. 1, p. 2 by both, p. 3 by one
    ]
    overall = figure(found, "domains")
    assert (overall.items, overall.same) == (3, pytest.approx(2 / 5))
    # Distances of the sets: 0, 1/2, 1.
    by_hand = np.array([[0, 0.5, 1], [0.5, 0, 0.5], [1, 0.5, 0]])  # carers, carers and assessment, assessment
    counts = np.array([[2, 0, 0], [1, 1, 0], [1, 0, 1]], dtype=float)
    assert overall.alpha == pytest.approx(krippendorff_alpha(counts, by_hand))
    for one_domain in (f for f in found.figures if f.what == "domains" and f.domain):
        assert (one_domain.alpha, one_domain.kappa) == (None, None)
        assert {one_domain.no_alpha, one_domain.no_kappa, one_domain.no_interval} == {NOT_FOR_ONE_DOMAIN}
    assert figure(found, "domains", None, PAIR).no_kappa == NOT_FOR_SETS


def test_items_more_that_one_person_coded_change_no_figure(office: Office) -> None:
    office.record(ITEMS)
    office.code(AGAIN)
    before = office.agreement()
    office.record({f"p. 1{i}": (WORDS[3], "carers;leadership") for i in range(9)})
    office.record({f"p. 2{i}": (WORDS[3], "") for i in range(9)}, by="second")
    after = office.agreement()
    assert after.figures == before.figures
    assert after.items_by_one == before.items_by_one + 18


def test_a_recorder_who_has_tied_an_item_to_nothing_has_not_chosen_yet(office: Office) -> None:
    office.record({"p. 1": (WORDS[3], ""), "p. 2": (WORDS[3], "")})
    tag_item(office.desk.db, office.desk.review, office.number("p. 2"), ["carers"], by="second", at=AT)
    office.code({"p. 1": (WORDS[3], ""), "p. 2": (WORDS[3], "carers")})
    found = office.agreement()
    # Neither 'both chose none', nor what the second reviewer had tagged before as the first one's choice.
    assert not has(found, "domains") and has(found, "findings")
    office.code({"p. 2": (WORDS[3], "")}, by="third")
    assert figure(office.agreement(), "domains", None, ("second", "third")).same == 0


def test_a_coding_without_domains_says_that_the_item_bears_on_none(office: Office) -> None:
    office.record({"p. 1": (WORDS[3], "carers")})
    office.code({"p. 1": (WORDS[3], "")})
    found = office.agreement()
    assert (figure(found, "domains", "carers").items, figure(found, "domains", "carers").same) == (1, 0)
    assert [c.domains for c in found.disagreements[0].codings] == [("carers",), ()]


def test_settling_afterwards_does_not_make_reviewers_agree(office: Office) -> None:
    office.record(ITEMS)
    office.code(AGAIN)
    before = office.agreement()
    db, review = office.desk.db, office.desk.review
    third = office.number("p. 3")
    withdraw_item(db, review, third, by="lead", because="Settled.", at=AT, domain="carers")
    tag_item(db, review, third, ["assessment"], by="first", at=AT)
    withdraw_item(db, review, office.number("p. 2"), by="lead", because="Settled.", at=AT)
    after = office.agreement()
    assert after.figures == before.figures
    assert (before.withdrawn_since, after.withdrawn_since) == (0, 1)
    assert [d.withdrawn for d in after.disagreements if d.locator == "p. 2"] == [True]


def test_tags_taken_back_before_the_second_coding_do_not_count(office: Office) -> None:
    office.record({"p. 1": (WORDS[3], "carers;assessment"), "p. 2": (WORDS[1], "carers")})
    db, review = office.desk.db, office.desk.review
    withdraw_item(db, review, office.number("p. 1"), by="first", because="No.", at=AT, domain="assessment")
    office.code({"p. 1": (WORDS[3], "carers"), "p. 2": (WORDS[1], "carers")})
    assert figure(office.agreement(), "domains").same == 1


def test_a_withdrawn_coding_is_compared_no_more(office: Office) -> None:
    office.record(ITEMS)
    office.code(AGAIN)
    for locator in ("p. 1", "p. 2"):
        number = office.number(locator)
        withdraw_coding(office.desk.db, office.desk.review, number, "second", by="x", because="y", at=AT)
    found = office.agreement()
    assert (found.items_by_several, found.items_by_one) == (1, 4)
    assert figure(found, "findings").items == 1


def test_two_neutral_findings_agree_whatever_their_significance(office: Office) -> None:
    office.record({"p. 1": (("neutral", 1), "carers"), "p. 2": (("weakness", 1), "carers")})
    office.code({"p. 1": (("neutral", 3), "carers"), "p. 2": (("neutral", 1), "carers")})
    found = office.agreement()
    assert figure(found, "findings").same == 0.5
    assert [d.locator for d in found.disagreements] == ["p. 2"]
    assert found.disagreements[0].difference == pytest.approx(1 / 6)


def test_findings_and_scores_and_scores_on_other_scales_are_kept_apart(office: Office) -> None:
    office.record({"p. 1": (WORDS[3], "carers"), "s. 1": (3, "carers"), "s. 2": (1, "carers")})
    wide = {"source": "C1", "locator": "s. 9", "standard": "Risk", "score": 9, "scale_max": 10}
    office.desk.load_rows("case-scores", {**wide, "recorded_by": "first", "domains": "carers"})
    office.code(
        {"p. 1": (WORDS[1], "carers"), "s. 1": (2, "carers"), "s. 2": (1, "carers"), "s. 9": (8, "carers")}
    )
    found = office.agreement()
    assert [(f.what, f.items, f.same) for f in found.overall()] == [
        ("findings", 1, 0),
        ("case scores 1 to 4", 2, 0.5),
        ("case scores 1 to 10", 1, 0),
        ("domains", 4, 1),
    ]
    differing = {d.locator: d.difference for d in found.disagreements}
    assert differing == pytest.approx({"p. 1": 1 / 3, "s. 1": 1 / 3, "s. 9": 1 / 9})


def test_three_people_all_enter_alpha_and_pairs_have_kappa(office: Office) -> None:
    office.record(ITEMS)
    office.code(AGAIN)
    office.code({"p. 2": (WORDS[-1], "carers"), "p. 4": (WORDS[0], "leadership")}, by="third")
    found = office.agreement()
    together = figure(found, "findings")
    rows = [[3, 3, -3, 0], [3, 1, -3, X], [X, -1, X, 0]]
    assert together.alpha == pytest.approx(krippendorff.alpha(rows, level_of_measurement="ordinal"))
    assert (together.kappa, together.no_kappa) == (None, FOR_PAIRS)
    assert (together.items, together.same) == (4, pytest.approx(3 / 6))  # p. 2: none of three pairs
    assert {f.coders for f in found.by_pair()} == {PAIR, ("first", "third"), ("second", "third")}
    assert figure(found, "findings", None, ("second", "third")).items == 1
    assert figure(found, "domains", "carers").same == pytest.approx(4 / 5)  # p. 1; p. 2 thrice; not p. 3


def test_figures_that_are_not_defined_say_why_and_none_is_nan(office: Office) -> None:
    office.record({"p. 1": (WORDS[3], "carers"), "p. 2": (WORDS[3], "carers")})
    office.code({"p. 1": (WORDS[3], "carers"), "p. 2": (WORDS[3], "carers")})
    same = figure(office.agreement(), "findings", None, PAIR)
    assert (same.same, same.kappa, same.alpha, same.low, same.high) == (1, None, None, None, None)
    assert {same.no_kappa, same.no_alpha, same.no_interval} == {ALL_THE_SAME}
    assert office.agreement().disagreements == ()


def test_an_interval_needs_items_and_variety(office: Office) -> None:
    office.record({"p. 1": (WORDS[3], "carers"), "p. 2": (WORDS[3], "carers")})
    office.code({"p. 1": (WORDS[1], "carers")})
    alone = figure(office.agreement(), "findings", None, PAIR)
    # One of each value: as far apart as chance would have them.
    assert (alone.alpha, alone.low, alone.no_interval, alone.kappa) == (0, None, ONE_ITEM, 0)
    office.code({"p. 2": (WORDS[3], "carers")})
    both = figure(office.agreement(), "findings", None, PAIR)
    assert both.alpha is not None and (both.low, both.no_interval) == (None, TOO_MUCH_THE_SAME)
    json.dumps([vars(f) for f in office.agreement().figures], allow_nan=False)


def test_the_order_in_which_codings_come_in_changes_nothing(tmp_path: Path) -> None:
    generator = random.Random(4)
    domains = ["carers", "assessment", "leadership", "carers;assessment"]
    items = {
        f"p. {i}": (generator.choice(list(WORDS.values())), generator.choice(domains)) for i in range(12)
    }
    coded = {
        by: {at: (generator.choice(list(WORDS.values())), generator.choice(domains)) for at in items}
        for by in ("second", "third")
    }
    found = []
    for turn in range(2):
        (tmp_path / str(turn)).mkdir()
        office = Office(tmp_path / str(turn))
        office.record(items)
        for by in sorted(coded, reverse=bool(turn)):
            rows = list(coded[by].items())
            generator.shuffle(rows)
            office.code(dict(rows), by=by)
        found.append(office.agreement(seed=7))
        office.desk.close()
    assert found[0] == found[1]


def test_the_seed_repeats_the_figures_and_moves_only_the_intervals(office: Office) -> None:
    office.record(ITEMS | {f"q. {i}": (WORDS[[3, 1, -1][i % 3]], "carers") for i in range(12)})
    office.code(AGAIN | {f"q. {i}": (WORDS[[3, -1, 1, 1][i % 4]], "carers") for i in range(12)})
    first = office.agreement(seed=1)
    assert first == office.agreement(seed=1)
    other = office.agreement(seed=2)
    assert figure(first, "findings").low != figure(other, "findings").low
    assert [(f.alpha, f.kappa, f.same) for f in first.figures] == [
        (f.alpha, f.kappa, f.same) for f in other.figures
    ]
    # With two people, all of them and the pair are the same thing, and say the same.
    assert figure(first, "findings").low == figure(first, "findings", None, PAIR).low


def test_disagreements_come_with_both_codings_the_largest_first(office: Office) -> None:
    office.record(ITEMS)
    office.code(AGAIN | {"p. 3": (WORDS[3], "assessment")})
    found = office.agreement().disagreements
    assert [(d.locator, d.difference) for d in found] == [
        ("p. 3", pytest.approx(2)),
        ("p. 2", pytest.approx(2 / 6 + 1 / 2)),
    ]
    assert [(c.coder, c.recorder, c.direction, c.significance, c.domains) for c in found[0].codings] == [
        ("first", True, "weakness", 3, ("carers",)),
        ("second", False, "strength", 3, ("assessment",)),
    ]


def test_a_review_without_items_is_not_said_to_be_coded_by_one(office: Office) -> None:
    with pytest.raises(EvidenceInvalid, match="has no items: there is nothing to compare"):
        office.agreement()


def test_one_reviewer_alone_is_said_plainly(office: Office) -> None:
    office.record(ITEMS)
    with pytest.raises(EvidenceInvalid, match="coded only by the reviewer who recorded it") as caught:
        office.agreement()
    assert caught.value.remedies == (DrawItems(office.desk.review.key), ShowLayout("codings"))


@pytest.mark.parametrize(
    ("draws", "seed", "words"), [(99, 0, "99 resamplings are too few"), (200, -1, "-1 is not a valid seed")]
)
def test_draws_and_seeds_that_will_not_do_are_refused(
    office: Office, draws: int, seed: int, words: str
) -> None:
    office.record(ITEMS)
    office.code(AGAIN)
    with pytest.raises(EvidenceInvalid, match=words):
        office.agreement(draws, seed)


# --- the command -----------------------------------------------------------------------------------------


@pytest.fixture
def say(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """The command on a review with codings, in a database of the small framework."""
    office = Office(tmp_path)
    office.record(ITEMS | {"s. 1": (3, "")})
    office.code(AGAIN | {"s. 1": (2, "carers")})
    office.desk.close()

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli, [*words, "--db", str(tmp_path / "programme.db")])

    yield run


def test_the_command_says_it_in_a_sentence_and_shows_the_rest_in_tables(say: Callable[..., Any]) -> None:
    done = say("agreement", "north", "--draws", "200")
    assert done.exit_code == 0, done.output
    text = " ".join(done.output.split())
    assert text.startswith(
        "4 items were coded by two reviewers or more, and 2 by only one, which are left out here."
        # Mid-ranks of -3, 1 and 3 are 1, 2.5 and 4.5: observed 2 x 4, by chance 180 / 5.
        " Krippendorff's alpha: findings 0.78 (no interval: too little variety), on 3 items; case scores"
    )
    assert "case scores 1 to 4 0.00 (no interval: only one item), on 1 item; domains" in text
    for words in (
        "first and second findings 3 66.7 % 0.77",
        "Carers 3 66.7 %",
        "Coded differently: 3 of 4 items",
        "E3 Finding p. 3 - I1, p. 3 first: serious weakness; carers second: serious weakness; assessment",
        "first: score 3; no domain chosen yet second: score 2; carers",
        "Interval: the middle 95 % of 200 resamplings of the items (seed 0).",
    ):
        assert words in text, words
    assert "nan" not in text.lower()


def test_the_command_gives_everything_as_json(say: Callable[..., Any]) -> None:
    done = say("agreement", "north", "--draws", "200", "--json")
    found = json.loads(done.output, parse_constant=lambda name: pytest.fail(name))
    assert (found["items_by_several"], found["items_by_one"], found["draws"]) == (4, 2, 200)
    assert len(found["disagreements"]) == 3
    assert {tuple(f["coders"]) for f in found["figures"]} == {(), PAIR}
    assert any(f["coders"] and f["domain"] == "carers" for f in found["figures"])


def test_the_command_ends_with_1_where_nothing_can_be_said(say: Callable[..., Any]) -> None:
    for words, message in (
        (("agreement", "north", "--draws", "10"), "too few"),
        (("agreement", "nroth"), "Did you mean 'north'"),
        (("agreement", "north", "--seed", "x"), "'x' is not a valid seed"),
    ):
        done = say(*words)
        assert done.exit_code == 1
        assert message in str(done.exception)
    for number in ("1", "2", "3", "6"):
        done = say("evidence", "withdraw", "north", number, "--coding", "second", "--because", "Wrong page.")
        assert done.exit_code == 0, done.output
        assert done.output == f"second's coding of E{number} withdrawn; it is no longer compared.\n"
    done = say("agreement", "north")
    assert done.exit_code == 1 and "coded only by the reviewer who recorded it" in str(done.exception)


def test_where_only_counted_items_were_coded_nothing_is_compared_and_said_so(office: Office) -> None:
    row = {"source": "N1", "locator": "row 1", "indicator": "Referrals", "period": "2004", "value": 1}
    office.desk.load_rows("indicators", {**row, "better": "higher", "recorded_by": "first"})
    office.desk.load_rows(
        "codings", {"source": "N1", "locator": "row 1", "coded_by": "second", "domains": "carers"}
    )
    assert office.agreement().figures == ()
    done = CliRunner().invoke(cli, ["agreement", "north", "--db", str(office.desk.path)])
    assert done.exit_code == 0, done.output
    assert "Nothing on them can be compared" in " ".join(done.output.split())
