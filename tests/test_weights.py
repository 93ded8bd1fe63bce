"""Weights of survey respondents: raking against other ways of raking, and what an import makes of them."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import weightipy
from example_framework import (
    AT,
    Desk,
    added,
    answer,
    contents,
    counts,
    new_programme,
    new_review,
    source,
    write_csv,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from raking.raking_methods import raking_entropic

from evidence.check import check_evidence
from evidence.digests import item_digest, item_fields
from evidence.intake.importing import import_files
from evidence.items import ItemFilter, find_item, list_items, tag_item, withdraw_item
from evidence.measures.compute import compute_measures
from evidence.rows import MadeResult, SurveyResultRow
from evidence.weights import MILLION, NoWeights, effective_base, rake
from joint_review.upgrades.evidence import migrations as evidence_upgrades
from programme.database import Database, open_database
from rules.rulebook import Measure, Of, Statistic

# Raking ------------------------------------------------------------------------------------------------


def respondents_of(table: Any) -> np.ndarray:
    """A respondent per count of a two-way table, with the codes of their row and column."""
    found = [(row, column) for (row, column), n in np.ndenumerate(np.array(table)) for _ in range(n)]
    return np.array(found, dtype=np.int64)


def raked_table(table: Any, rows: list[float], columns: list[float]) -> np.ndarray:
    """The table with these row and column totals, from the weights."""
    people = respondents_of(table)
    weights = rake(people, [np.array(rows, dtype=float), np.array(columns, dtype=float)])
    raked = np.zeros(np.shape(table))
    np.add.at(raked, tuple(people.T), weights / MILLION)
    return raked * sum(rows) / len(people)


def test_a_two_by_two_table_is_raked_as_its_quadratic_equation_says() -> None:
    """Raking keeps the odds ratio; with the totals that leaves one unknown: 59 a² + 1275 a - 2450 = 0.

    Table and totals are those of the pages 'Modeling with Data' on iterative proportional fitting.
    """
    a = (-1275 + (1275**2 + 4 * 59 * 2450) ** 0.5) / (2 * 59)
    expected = [[a, 5 - a], [10 - a, 5 + a]]
    assert raked_table([[7, 9], [12, 7]], [5, 15], [10, 10]) == pytest.approx(np.array(expected), abs=1e-5)


def test_the_example_of_ardilly_and_tille_gets_its_totals_and_keeps_its_associations() -> None:
    """The example of R's TeachingSampling, IPFP. Only one table has both."""
    table = np.array([[80, 170, 150], [90, 80, 210], [10, 80, 130]])
    raked = raked_table(table, [430, 360, 210], [150, 300, 550])
    assert raked.sum(axis=1) == pytest.approx([430, 360, 210], abs=1e-3)
    assert raked.sum(axis=0) == pytest.approx([150, 300, 550], abs=1e-3)
    factors = raked / table
    assert factors[0, 0] * factors[1:, 1:] == pytest.approx(
        np.outer(factors[1:, 0], factors[0, 1:]), abs=1e-5
    )


@st.composite
def samples(draw: st.DrawFn) -> tuple[np.ndarray, list[np.ndarray]]:
    """Respondents in all combinations of two or three characteristics, and margins of the population."""
    sizes = draw(st.lists(st.integers(2, 4), min_size=2, max_size=3))
    cells = list(np.ndindex(*sizes))
    some = draw(st.lists(st.sampled_from(cells), max_size=40))
    margins = [draw(st.lists(st.integers(5, 100), min_size=size, max_size=size)) for size in sizes]
    return np.array(cells + some, dtype=np.int64), [np.array(m, dtype=float) for m in margins]


@given(samples())
@settings(max_examples=60, deadline=None)
def test_weights_reproduce_every_margin_and_have_a_mean_of_one(sample: tuple[Any, Any]) -> None:
    categories, margins = sample
    weights = rake(categories, margins) / MILLION
    assert weights.mean() == pytest.approx(1, abs=1e-6)
    for column, margin in enumerate(margins):
        met = np.bincount(categories[:, column], weights, len(margin)) / len(categories)
        assert met == pytest.approx(margin / margin.sum(), abs=1e-6)


@given(samples(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_respondents_never_changes_a_weight(sample: Any, chance: random.Random) -> None:
    categories, margins = sample
    order = list(range(len(categories)))
    chance.shuffle(order)
    assert (rake(categories[order], margins) == rake(categories, margins)[order]).all()


@given(samples())
@settings(max_examples=20, deadline=None)
def test_weights_are_those_of_iterative_proportional_fitting(sample: Any) -> None:
    """Against weightipy, which fits one margin after the other until nothing moves."""
    categories, margins = sample
    names = [f"c{number}" for number in range(len(margins))]
    frame = pd.DataFrame(categories, columns=names)
    targets = {name: dict(enumerate(margin.tolist())) for name, margin in zip(names, margins, strict=True)}
    fitted = weightipy.weight(frame, weightipy.scheme_from_dict(targets, name="scheme"))
    assert rake(categories, margins) / MILLION == pytest.approx(fitted.to_numpy(), abs=2e-3)


@given(samples())
@settings(max_examples=60, deadline=None)
def test_weights_are_those_of_the_library_raking_to_the_millionth(sample: Any) -> None:
    """Against the library of the Institute for Health Metrics and Evaluation, a respondent for a cell."""
    categories, margins = sample
    belongs = [categories[:, column] == code for column, m in enumerate(margins) for code in range(len(m))]
    wanted = np.concatenate([margin / margin.sum() for margin in margins])
    equal = np.full(len(categories), 1 / len(categories))
    raked, _, _ = raking_entropic(equal, np.array(belongs, dtype=float), wanted, tol=1e-12)
    assert np.abs(rake(categories, margins) - MILLION * raked / equal).max() <= 0.51


def test_who_is_made_up_as_the_population_gets_weights_of_one() -> None:
    people = respondents_of([[10, 20], [5, 15]])
    assert set(rake(people, [np.array([30.0, 20.0]), np.array([15.0, 35.0])]).tolist()) == {MILLION}


def test_who_did_not_say_keeps_as_a_group_its_share_of_the_respondents() -> None:
    categories = np.array([[0]] * 6 + [[1]] * 2 + [[-1]] * 2, dtype=np.int64)
    weights = rake(categories, [np.array([50.0, 50.0])]) / MILLION
    # Eight said it: half of them, four, is what each category stands for.
    assert weights.tolist() == pytest.approx([4 / 6] * 6 + [2] * 2 + [1] * 2, abs=1e-6)


def test_a_category_of_nobody_may_have_no_people() -> None:
    weights = rake(np.array([[0], [0], [1]]), [np.array([50.0, 50.0, 0.0])]) / MILLION
    assert weights.tolist() == [0.75, 0.75, 1.5]


@pytest.mark.parametrize(
    ("table", "rows", "columns"),
    [
        ([[10, 5], [5, 0]], [15, 5], [2, 18]),  # the second column has 18, its rows can give it 15
        ([[10, 5], [5, 0]], [10, 10], [10, 10]),  # only if ten respondents count for nothing
        ([[10, 0], [0, 5]], [9, 6], [8, 7]),  # rows and columns are the same people
    ],
)
def test_margins_that_cannot_be_met_together_give_no_weights(table: Any, rows: Any, columns: Any) -> None:
    with pytest.raises(NoWeights):
        raked_table(table, rows, columns)


def test_weights_that_have_not_come_to_the_margins_are_no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    table, rows, columns = [[80, 170], [90, 80]], [430.0, 360.0], [250.0, 540.0]
    assert raked_table(table, rows, columns).sum(axis=1) == pytest.approx(rows, abs=1e-3)
    monkeypatch.setattr("evidence.weights.MOST_STEPS", 1)
    with pytest.raises(NoWeights):
        raked_table(table, rows, columns)


@given(st.integers(1, 500), st.floats(0.01, 100))
def test_equal_weights_are_worth_as_many_answers_as_there_are(number: int, weight: float) -> None:
    assert effective_base(number * weight, number * weight**2) == pytest.approx(number)


def test_the_effective_base_is_kish_s() -> None:
    """One of weight 3 beside nine of weight 1: 12² / 18 = 8, a design effect of 10 / 8."""
    assert effective_base(12, 18) == 8
    assert weightipy.weighting_efficiency(pd.Series([3.0] + [1.0] * 9)) == pytest.approx(80)


# Weights in an import ----------------------------------------------------------------------------------


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A review with a survey and nothing of it yet."""
    desk.load_sources()
    return desk


def of(respondent: object, category: str, characteristic: str = "age", **more: Any) -> dict[str, Any]:
    return {"respondent": respondent, **kind(characteristic, category), **more}


def share(category: str, percent: object, characteristic: str = "age", **more: Any) -> dict[str, Any]:
    return {**kind(characteristic, category), "percent": percent, **more}


def kind(characteristic: str, category: str) -> dict[str, Any]:
    return {"source": "S1", "characteristic": characteristic, "category": category}


# Ten younger people, of whom two agree, and ten older, of whom nine do.
PEOPLE = [
    *((f"y{number}", "young", 5 if number < 2 else 1) for number in range(10)),
    *((f"o{number}", "old", 4 if number < 9 else 2) for number in range(10)),
]
ANSWERS = [answer(name, given, domains="carers") for name, _, given in PEOPLE]
AGES = [of(name, age) for name, age, _ in PEOPLE]
MARGINS = [share("young", 80), share("old", "20%")]
PLACE = "question I was heard, group Adults"


def load(desk: Desk, answers: Any = ANSWERS, known: Any = AGES, margins: Any = MARGINS, **how: Any) -> Any:
    """Import any of the three, in one go."""
    files = {"survey-responses": answers, "respondents": known, "margins": margins}
    return desk.load(
        *(write_csv(desk.folder / f"{name}.csv", found) for name, found in files.items() if found), **how
    )


def problems(desk: Desk, answers: Any = ANSWERS, known: Any = AGES, margins: Any = MARGINS) -> list[str]:
    files = {"survey-responses": answers, "respondents": known, "margins": margins}
    return desk.problems(
        *(write_csv(desk.folder / f"{name}.csv", found) for name, found in files.items() if found)
    )


def results(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.survey_results("value", "base", "answers", "design_effect")


def test_a_weighted_result_has_the_weighted_share_and_the_effective_base(desk: Desk) -> None:
    assert load(desk).added == added(responses=20, items=1, tags=1, characteristics=20, margins=2)
    # 80 % of 20 people are 16, so each of the ten younger counts 1.6 and each of the ten older 0.4:
    # (2 x 1.6 + 9 x 0.4) / 20 = 34 %, and 20² / (10 x 1.6² + 10 x 0.4²) = 14.7059.
    assert results(desk) == [("Adults", pytest.approx(34), 14.7059, 20, 1.36)]
    weights = desk.rows("select distinct substr(respondent, 1, 1) as who, weight from respondent_weight")
    assert {row["who"]: row["weight"] for row in weights} == {"y": 1.6, "o": 0.4}


def test_without_margins_characteristics_change_nothing(desk: Desk) -> None:
    load(desk, known=None, margins=None)
    before = desk.rows("select digest, value, base, answers, design_effect from evidence")
    assert (before[0]["base"], before[0]["answers"], before[0]["design_effect"]) == (20, 20, None)
    assert load(desk, answers=None, margins=None).added == added(characteristics=20)
    assert desk.rows("select digest, value, base, answers, design_effect from evidence") == before
    assert desk.rows("select * from respondent_weight") == []


def test_what_is_not_weighted_has_the_digest_it_always_had() -> None:
    """Both as they were before answers could be weighted."""
    said = {"source": "S1", "group": "Carers", "question": "Respect", "positive": "92"}
    published = SurveyResultRow(**said, locator="t. 1", base="240")
    assert item_digest("S1", "t. 1", item_fields(published)) == "34730fedaa9b5b1522cfba6b5e62d9b6"
    made = MadeResult(**said, locator="t. 1", base=240.0, answers=240, design_effect=None)
    assert item_digest("S1", "t. 1", item_fields(made)) == "34730fedaa9b5b1522cfba6b5e62d9b6"
    weighted = MadeResult(**said, locator="t. 1", base=240.0, answers=300, design_effect=1.25)
    assert item_digest("S1", "t. 1", item_fields(weighted)) != "34730fedaa9b5b1522cfba6b5e62d9b6"


def test_margins_may_be_numbers_of_people(desk: Desk) -> None:
    people = [{**share(name, ""), "people": n} for name, n in (("young", "8,000"), ("old", 2000))]
    load(desk, margins=people)
    assert results(desk) == [("Adults", pytest.approx(34), 14.7059, 20, 1.36)]


def test_a_question_that_some_left_out_is_weighted_among_those_who_answered_it(desk: Desk) -> None:
    # Only y0 (agrees, 1.6) and o9 (does not, 0.4) answer the second question.
    more = [answer(name, given, question="Twice") for name, given in (("y0", 5), ("o9", 1), ("o1", ""))]
    load(desk, answers=[*ANSWERS, *more])
    assert results(desk)[1] == ("Adults", pytest.approx(80), round(2**2 / (1.6**2 + 0.4**2), 4), 2, 1.36)


def test_margins_that_come_later_make_the_result_anew_and_its_tags_stay(desk: Desk) -> None:
    load(desk, known=None, margins=None)
    [old] = desk.rows("select id from evidence")
    tag_item(desk.db, desk.review, old["id"], ["leadership"], by="moderator", at=AT, note="Says so.")
    report = load(desk, answers=None)
    assert report.added == added(items=1, tags=2, characteristics=20, margins=2)
    assert report.replaced == 1
    assert results(desk) == [("Adults", pytest.approx(34), 14.7059, 20, 1.36)]
    was = find_item(desk.db, desk.review, old["id"])
    assert was["value"] == 55 and was["withdrawn_by"] == "lead"
    assert (
        was["withdrawn_because"] == "Survey results were computed again, from more answers or other weights."
    )
    [new] = desk.rows("select id from evidence where withdrawn_event is null")
    tags = [(tag["domain"], tag["note"]) for tag in find_item(desk.db, desk.review, new["id"])["tags"]]
    assert tags == [("carers", ""), ("leadership", "Says so.")]


def test_what_comes_in_parts_is_what_comes_at_once(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Desk(tmp_path / "other")
    try:
        other.load_sources()
        load(other)
        load(desk, answers=ANSWERS[:10], known=None, margins=None)
        load(desk, answers=None, known=AGES[:10], margins=None)
        load(desk, answers=ANSWERS[10:], known=None, margins=None)
        load(desk, answers=None, known=AGES[10:])
        assert results(desk) == results(other)
        digest = "select digest from evidence where withdrawn_event is null"
        assert desk.rows(digest) == other.rows(digest)
    finally:
        other.close()


def test_everything_imported_again_changes_nothing(desk: Desk) -> None:
    load(desk)
    before, stored = counts(desk.db), contents(desk.db)
    report = load(desk)
    assert (report.added, report.already_there, report.replaced) == (added(), 42, 0)
    assert (counts(desk.db), contents(desk.db)) == (before, stored)


def test_more_answers_weight_everybody_anew(desk: Desk) -> None:
    load(desk)
    load(desk, answers=[answer("y10", 5)], known=[of("y10", "young")], margins=None)
    # 21 people: eleven younger of 16.8 / 11 each (three agree), ten older of 0.42 each (nine agree).
    young = 0.8 * 21 / 11
    [(_, value, base, answers, _)] = results(desk)
    assert value == pytest.approx(100 * (3 * young + 9 * 0.42) / 21, abs=1e-4)
    assert base == pytest.approx(21**2 / (11 * young**2 + 10 * 0.42**2), abs=1e-3)
    assert answers == 21
    withdrawn = desk.rows("select count(*) as n from respondent_weight where withdrawn_event is not null")
    assert withdrawn == [{"n": 20}]


def test_other_questions_of_the_survey_are_made_anew_as_well(desk: Desk) -> None:
    load(desk, answers=[*ANSWERS, *(answer(name, 5, question="Twice") for name, _, _ in PEOPLE[:10])])
    report = load(desk, answers=[answer("y10", 5)], known=[of("y10", "young")], margins=None)
    assert report.replaced == 1  # of "Twice" all have the same weight, whatever it is
    report = load(desk, answers=[answer("o10", 5, question="Twice")], known=[of("o10", "old")], margins=None)
    assert report.replaced == 2


def test_a_result_that_a_person_withdrew_is_not_brought_back_by_margins(desk: Desk) -> None:
    load(desk, known=None, margins=None)
    withdraw_item(desk.db, desk.review, 1, by="moderator", because="Asked badly.", at=AT)
    assert load(desk, answers=None).added == added(characteristics=20, margins=2)
    assert results(desk) == []


def test_other_margins_need_to_be_asked_for_and_the_old_ones_stay_on_record(desk: Desk) -> None:
    load(desk)
    other = [share("young", 50), share("old", 50)]
    [problem] = problems(desk, answers=None, known=None, margins=other)
    assert problem == (
        "margins.csv, row 2: the margin of 'age' is already there, with different content. Give all its"
        " categories together. Replace(effect='weight by them instead')"
    )
    report = load(desk, answers=None, known=None, margins=other, replace=True)
    assert (report.added["margins"], report.replaced) == (2, 1)
    assert results(desk) == [("Adults", pytest.approx(55), 20, 20, 1.0)]
    found = desk.rows(
        "select percent, withdrawn_event is not null as gone from population_margin order by id"
    )
    assert [tuple(row.values()) for row in found] == [(20, 1), (80, 1), (50, 0), (50, 0)]


def test_groups_can_have_margins_of_their_own(desk: Desk) -> None:
    carers = [answer(f"c{n}", 5 if n else 1, group="Carers") for n in range(4)]
    margins = [share("young", 80, group="Adults"), share("old", 20, group="Adults")]
    load(desk, answers=[*ANSWERS, *carers], margins=margins)
    assert results(desk) == [
        ("Adults", pytest.approx(34), 14.7059, 20, 1.36),
        ("Carers", 75, 4, 4, None),
    ]


def test_margins_of_the_whole_survey_weight_all_its_groups_together(desk: Desk) -> None:
    answers = [
        {**row, "group": "Adults" if row["respondent"].startswith("y") else "Elders"} for row in ANSWERS
    ]
    load(desk, answers=answers)
    # Within a group all have the same weight: the shares are those of the answers.
    assert results(desk) == [
        ("Adults", pytest.approx(20), 10, 10, 1.0),
        ("Elders", pytest.approx(90), 10, 10, 1.0),
    ]


def test_who_did_not_say_is_weighted_with_the_share_they_have(desk: Desk) -> None:
    load(desk, answers=[*ANSWERS, answer("x", 5)], known=[*AGES, of("x", "")])
    [weight] = desk.rows("select weight from respondent_weight where respondent = 'x'")
    assert weight == {"weight": 1.0}


def test_shares_may_miss_a_hundred_by_what_rounding_explains(desk: Desk) -> None:
    three = [of(name, ("young", "middle", "old")[n % 3]) for n, (name, _, _) in enumerate(PEOPLE)]
    load(desk, known=three, margins=[share("young", 33.3), share("middle", 33.3), share("old", 33.3)])
    assert len(results(desk)) == 1


def test_the_interval_of_a_weighted_share_stands_on_the_effective_base(desk: Desk) -> None:
    load(desk)
    mean = Measure(id="m", title="Positive", of=Of.SURVEY_RESULTS, statistic=Statistic.MEAN)
    event = desk.rows("select max(id) as id from event")[0]["id"]
    found = compute_measures(desk.db, desk.review, [mean], event)["carers"]["m"]
    assert (found.value, found.base) == (34, 14.7059)
    n, p, z = 14.7059, 0.34, 1.959964
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    assert (found.low, found.high) == (
        pytest.approx(100 * (middle - half), abs=1e-3),
        pytest.approx(100 * (middle + half), abs=1e-3),
    )


def test_few_answers_never_decide_alone_whatever_they_weigh(desk: Desk) -> None:
    """The base of twenty weighted answers may be below ten, and they decide; nine answers do not."""
    load(desk, margins=[share("young", 98), share("old", 2)])
    [(_, _, base, answers, _)] = results(desk)
    assert base < 11 and answers == 20
    mean = Measure(id="m", title="Positive", of=Of.SURVEY_RESULTS, statistic=Statistic.MEAN)
    event = desk.rows("select max(id) as id from event")[0]["id"]
    assert compute_measures(desk.db, desk.review, [mean], event)["carers"]["m"].value == pytest.approx(21.4)


def test_in_an_older_file_the_base_is_the_number_that_answered(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    with closing(new_programme(path).conn) as connection:
        db = Database(connection)
        result = {"source": "S1", "group": "A", "question": "Q", "positive": 50}
        rows = [{**result, "locator": f"t. {base}", "base": base} for base in ("", 7)]
        files = [
            write_csv(tmp_path / "sources.csv", [source("S1", "survey")]),
            write_csv(tmp_path / "survey-results.csv", rows),
        ]
        import_files(db, new_review(db), files, by="lead", at=AT)
        for verb in ("update", "replace", "delete"):
            db.conn.execute(f"drop trigger evidence_never_{verb}")
        for column in ("answers", "design_effect"):
            db.conn.execute(f"alter table evidence drop column {column}")
        for name in ("respondent_characteristic", "population_margin", "respondent_weight"):
            db.conn.execute(f"drop table {name}")
        newer = "('respondent_tables', 'rows_change_by_marks_alone')"
        db.conn.execute(f"delete from _sqlite_migrations where name in {newer}")
    with closing(open_database(path, [evidence_upgrades]).conn) as connection:
        found = connection.execute("select base, answers, design_effect from evidence order by id").fetchall()
        assert found == [(None, None, None), (7, 7, None)]


# What is wrong with them -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("margins", "said"),
    [
        ([share("young", 80), share("old", 25)], "the shares of 'age' add up to 105 %, not to 100 %"),
        ([share("young", 33.3), share("old", 66.4)], "add up to 99.7 %"),
        (
            [share("young", 80), {**share("old", ""), "people": 20}],
            "gives shares for some categories and people for others",
        ),
        ([{**share("young", ""), "people": 0}], "the margin of 'age' counts no people"),
        (
            [share("young", 80), share("old", 20), share("old", 30)],
            "'old' appears twice, with different numbers",
        ),
        ([*MARGINS, share("middle", 0)], None),
        ([share("young", 80), share("older", 20)], "no respondent to 'S1' has 'age' 'older'"),
        (
            [share("young", 80), share("older", 20)],
            "10 respondents to 'S1' have 'age' 'old', which has no",
        ),
        (
            [share("young", 100), share("old", 0)],
            "by the margin, no people have 'age' 'old', but 10 respond",
        ),
        (
            [*MARGINS, share("women", 100, "sex")],
            "20 of 20 respondents to 'S1' have no 'sex' (the first: 'o0')",
        ),
        ([*MARGINS, share("young", 100, group="Adults")], "for all respondents and for some groups"),
        (
            [share("young", 100, group="Adult")],
            "no respondent to 'S1' belongs to 'Adult'. Did you mean 'Adults'?",
        ),
        ([{**share("young", 80), "people": 5}], "expected a share or a number of people"),
        ([share("young", "")], "expected a share or a number of people"),
        ([share("young", 0.8)], "0.8 could mean 80 % or 0.8 %"),
        ([{**share("young", ""), "people": 2.5}], "expected how many people, a whole number from 0 up"),
    ],
)
def test_margins_that_do_not_fit_are_refused(desk: Desk, margins: Any, said: str | None) -> None:
    if said is None:
        assert load(desk, margins=margins).added["margins"] == len(margins)
    else:
        found = problems(desk, margins=margins)
        assert any(said in problem for problem in found), found


def test_all_that_is_wrong_with_the_categories_is_said_at_once(desk: Desk) -> None:
    margins = [share("young", 70), share("middle", 30), share("n", 50, "area"), share("s", 50, "area")]
    found = problems(desk, known=AGES[1:], margins=margins)
    assert found == [
        "margins.csv, row 2: 1 of 20 respondents to 'S1' has no 'age' (the first: 'y0'). Import it for all"
        " who answered; leave the category empty if a respondent did not say.",
        "margins.csv, row 2: 10 respondents to 'S1' have 'age' 'old', which has no margin."
        " Allowed: middle, young.",
        "margins.csv, row 3: no respondent to 'S1' has 'age' 'middle'. Merge it with another"
        " category, in the margins and of the respondents.",
        "margins.csv, row 4: 20 of 20 respondents to 'S1' have no 'area' (the first: 'o0'). Import it for all"
        " who answered; leave the category empty if a respondent did not say.",
    ]


def test_margins_without_respondents_are_refused(desk: Desk) -> None:
    [problem] = problems(desk, answers=None, known=None)
    assert problem == (
        "margins.csv, row 2: 'S1' has margins, but no respondents. Import the survey responses first, or"
        " together with this file."
    )


def test_margins_of_respondents_who_all_left_everything_out_are_refused(desk: Desk) -> None:
    load(desk, answers=[answer("1", 5, question="Else")], known=None, margins=None)
    desk.db.conn.execute("drop trigger survey_response_never_update")
    desk.db.conn.execute("update survey_response set answer = null")
    [problem] = problems(desk, answers=None, known=None)
    assert "no respondent to 'S1' answered anything, so there are no respondents to weight" in problem


def test_a_survey_whose_answers_are_all_missing_is_refused(desk: Desk) -> None:
    silent = [answer(name, "") for name, _, _ in PEOPLE]
    assert any("answered anything" in problem for problem in problems(desk, answers=silent))
    [problem] = problems(desk, answers=silent, known=None, margins=None)
    assert "no respondent of 'Adults' answered 'I was heard'" in problem


def test_characteristics_of_nobody_who_answered_are_refused(desk: Desk) -> None:
    [problem] = problems(desk, known=[*AGES, of("z9", "old")], margins=None)
    assert problem.startswith(
        "respondents.csv, row 22, column 'respondent': there are no answers of a respondent 'z9' to 'S1'."
    )


def test_a_respondent_has_one_category_of_a_characteristic(desk: Desk) -> None:
    [problem] = problems(desk, known=[*AGES, of("y0", "old")], margins=None)
    assert (
        "row 22: respondent 'y0' has two categories of 'age': 'old' here, 'young' in respondents.csv, row 2"
        in problem
    )
    load(desk)
    [problem] = problems(desk, answers=None, known=[of("y0", "old")], margins=None)
    assert "'old' here, 'young' in what is stored" in problem


def test_new_respondents_of_a_weighted_survey_need_their_characteristics(desk: Desk) -> None:
    load(desk)
    [problem] = problems(desk, answers=[answer("new", 5)], known=None, margins=None)
    assert (
        "survey-responses.csv, row 2: 1 of 21 respondents to 'S1' has no 'age' (the first: 'new')" in problem
    )


def test_margins_that_no_weights_meet_are_refused(desk: Desk) -> None:
    """Everybody young lives in the north and everybody old in the south, so both margins must be the same."""
    areas = [of(name, "north" if age == "young" else "south", "area") for name, age, _ in PEOPLE]
    margins = [*MARGINS, share("north", 50, "area"), share("south", 50, "area")]
    [problem] = problems(desk, known=[*AGES, *areas], margins=margins)
    assert "no weights of the respondents to 'S1' meet the margins of 'age' and 'area' at once" in problem
    assert "Merge categories" in problem


def test_the_source_of_a_margin_must_be_there(desk: Desk) -> None:
    [problem] = problems(desk, answers=None, known=None, margins=[share("young", 100, source="S9")])
    assert "there is no source 'S9' in this review" in problem


# Any order ---------------------------------------------------------------------------------------------

SMALL = {
    "survey-responses": [*ANSWERS[:4], *ANSWERS[8:13]],
    "respondents": [
        row
        for n, (name, age, _) in enumerate([*PEOPLE[:4], *PEOPLE[8:13]])
        for row in (of(name, age), of(name, "n" if n % 2 else "s", "area"))
    ],
    "margins": [*MARGINS, share("n", 40, "area"), share("s", 60, "area")],
}


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_and_files_never_changes_a_weight(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    expected, shuffled = (
        loaded(tmp_path_factory.mktemp("order"), files)
        for files in (
            list(SMALL.items()),
            [
                (name, data.draw(st.permutations(SMALL[name]), name))
                for name in data.draw(st.permutations(list(SMALL)), "files")
            ],
        )
    )
    assert shuffled == expected


def loaded(folder: Path, files: list[tuple[str, Any]]) -> dict[str, Any]:
    with closing(new_programme(folder / "programme.db").conn) as connection:
        db = Database(connection)
        review = new_review(db)
        paths = [write_csv(folder / f"{name}.csv", rows) for name, rows in files]
        sources = write_csv(folder / "sources.csv", [source("S1", "survey")])
        import_files(db, review, [sources, *paths], by="lead", at=AT)
        return contents(db)


# What is shown of them ---------------------------------------------------------------------------------


def test_items_say_how_many_answered_and_mark_few(desk: Desk) -> None:
    load(desk, answers=[*ANSWERS, *(answer(name, 5, question="Twice") for name, _, _ in PEOPLE[:9])])
    found, _ = list_items(desk.db, desk.review, ItemFilter())
    assert [(row["answers"], row["design_effect"], row["small"]) for row in found] == [
        (20, 1.36, 0),
        (9, 1.0, 1),
    ]
    assert find_item(desk.db, desk.review, found[1]["id"])["small"] == 1


def test_the_check_names_shares_on_few_answers_and_surveys_with_large_weights(desk: Desk) -> None:
    assert check_evidence(desk.db, desk.review).few_answers == []
    few = [{**answer(f"f{n}", 5), "group": "Carers"} for n in range(9)]
    known = [*AGES, *(of(f"f{n}", "young") for n in range(9))]
    load(desk, answers=[*ANSWERS, *few], known=known, margins=[share("young", 10), share("old", 90)])
    found = check_evidence(desk.db, desk.review)
    assert [(row["group_name"], row["answers"]) for row in found.few_answers] == [("Carers", 9)]
    assert found.large_weights == []
    rest = [answer(f"r{n}", 5) for n in range(80)]
    load(desk, answers=rest, known=[of(row["respondent"], "young") for row in rest], margins=None)
    # 109 respondents, of whom ten are old and stand for 90 %: 98.1 / 10 each.
    [large] = check_evidence(desk.db, desk.review).large_weights
    assert (large["source"], large["group_name"], large["largest"]) == ("S1", "", pytest.approx(9.81))
    assert large["respondents"] == 109
