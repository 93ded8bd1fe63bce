"""Suppressed and missing numbers: kept with their marks, counted for nothing, shown as gaps, never a zero."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from assessment_example import add, last_event, new_review
from command_line import Say
from evidence_rows import Row, indicator, survey
from example_framework import Desk, finding
from hypothesis import given
from hypothesis import strategies as st
from reading import served

from comparison.indicators import indicators_of
from comparison.surveys import compare_surveys, describe_base
from evidence.check import check_evidence
from evidence.items import ItemFilter, list_items
from evidence.marks import BARE, SHORTHAND, SIGNS, WORDS, beside_number, meaning_of, most_of, read_mark
from evidence.measures.compute import compute_measures
from evidence.measures.pairs import load_counted
from joint_review.metadata import QUERIES
from pictures.curves import trend_plot
from programme.database import Database, rows
from programme.reviews import Review
from rules.loader import load_policy
from rules.rulebook import Of

MARKS = ["[c]", "[x]", "[z]", "[low]", "*", "..", "-", ":", "NA", "c", "x", "n/a", "<5", "[C]", ": c", "[u1]"]


@pytest.mark.parametrize("written", MARKS)
def test_a_mark_is_kept_as_it_is_written_and_says_something(written: str) -> None:
    assert read_mark(f" {written} ") == written
    assert meaning_of(written)


@pytest.mark.parametrize(
    "written", ["", "0", "12", "12.5%", "1,234", "nil", "none", "[12]", "NaN", "#N/A", "a"]
)
def test_what_is_no_mark_is_none(written: str) -> None:
    assert read_mark(written) is None


def test_the_official_letters_mean_what_the_government_says() -> None:
    for mark, meaning in {"[c]": "confidential", "[x]": "not available", "[z]": "not applicable"}.items():
        assert meaning_of(mark).startswith(meaning)
    assert meaning_of("[low]") == meaning_of("[k]") == "rounds to zero, but is not zero"
    assert all(meaning_of(mark) for mark in (*BARE, *SIGNS, *WORDS, *(f"[{letter}]" for letter in SHORTHAND)))
    assert meaning_of("<5") == "suppressed: fewer than 5"
    assert [most_of(mark) for mark in ("<5", "\u22645", ">5", "<5%", "[c]")] == [4, 5, None, None, None]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str) | st.integers().map(str))
def test_no_number_is_ever_taken_for_a_mark(number: str) -> None:
    assert read_mark(number) is None
    assert read_mark(f"{number}%") is None


@given(st.text(max_size=50))
def test_a_mark_is_what_was_written_or_nothing(text: str) -> None:
    assert read_mark(text) in (None, text.strip())


def test_a_number_with_a_mark_beside_it_is_neither() -> None:
    assert beside_number("12.3 [p]") == ("12.3", "[p]")
    assert beside_number("45*") == ("45", "*")
    assert beside_number("[p]") is None


# --- in an import --------------------------------------------------------------------------------------


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A review with its sources."""
    desk.load_sources()
    return desk


INDICATOR = {"source": "N1", "indicator": "Seen in time", "unit": "percent", "better": "higher"}


def value(period: str, written: Any, **more: Any) -> dict[str, Any]:
    return {**INDICATOR, "locator": f"row {period}", "period": period, "value": written, **more}


def stored(desk: Desk) -> list[tuple[Any, ...]]:
    found = desk.rows("select period, value, comparator, marks from evidence order by period")
    return [(r["period"], r["value"], r["comparator"], json.loads(r["marks"] or "{}")) for r in found]


def test_bounds_in_words_are_marks_as_bounds_in_signs_are() -> None:
    for said, most in {
        "fewer than 5": 4,
        "Less than 10": 9,
        "5 or fewer": 5,
        "llai na 5": 4,
        "<5": 4,
    }.items():
        assert read_mark(said) == said
        assert most_of(said) == most
    assert meaning_of("5 or fewer") == "suppressed: at most 5"
    assert meaning_of("Over 95%") == "suppressed: more than 95 %"
    assert read_mark("5 or 6") is None


def test_the_dash_of_accounts_is_a_mark_with_its_currency() -> None:
    assert read_mark("£ -") == "£ -"
    assert meaning_of("£-") == meaning_of("-")
    assert read_mark("£") is None


def test_a_minus_of_printers_is_a_minus(desk: Desk) -> None:
    desk.load_rows("indicators", value("2021/22", "\u22125.5%"))
    assert stored(desk) == [("2021/22", -5.5, None, {})]


def test_what_is_not_published_is_stored_with_its_mark_and_without_a_number(desk: Desk) -> None:
    desk.load_rows(
        "indicators", value("2021/22", 50), value("2022/23", "[c]"), value("2023/24", 0, comparator="[x]")
    )
    assert stored(desk) == [
        ("2021/22", 50, None, {}),
        ("2022/23", None, None, {"value": "[c]"}),
        ("2023/24", 0, None, {"comparator": "[x]"}),
    ]
    again = desk.load_rows("indicators", value("2022/23", "[c]"))
    assert (again.added["items"], again.already_there) == (0, 1)
    [problem] = desk.problems_of_rows("indicators", value("2022/23", "[x]"))
    assert "has the same source and locator, but different content" in problem


def test_survey_results_and_scores_have_marks_too(desk: Desk) -> None:
    said = {"source": "S1", "group": "Adults", "question": "Heard?"}
    desk.load_rows(
        "survey-results",
        {**said, "locator": "t1", "positive": "[c]", "base": "[c]", "best": "*", "worst": "12%"},
        {**said, "locator": "t2", "positive": 78, "base": "<5"},
        {**said, "locator": "t3", "positive": 79, "base": ".."},
    )
    desk.load_rows("case-scores", {"source": "I1", "locator": "1", "standard": "Seen alone", "score": "N/A"})
    found = desk.rows("select locator, value, base, answers, worst, marks from evidence order by locator")
    assert [tuple(row.values()) for row in found] == [
        ("1", None, None, None, None, '{"value": "N/A"}'),
        ("t1", None, None, None, 12.0, '{"base": "[c]", "best": "*", "value": "[c]"}'),
        ("t2", 78.0, None, 4, None, '{"base": "<5"}'),
        ("t3", 79.0, None, None, None, '{"base": ".."}'),
    ]


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("12.3 [p]", "Write 12.3 alone if it may be used as it is; [p] says: provisional."),
        ("", "Where the source publishes none, write its mark"),
        ("NaN", "Write 1234.5 or 1,234.5"),
        ("12*", "Write 12 alone if it may be used as it is; * has a meaning that the source explains."),
        ("12†", "Write 12 alone; † looks like the mark of a note."),
        ("12[1]", "Write 12 alone; [1] looks like the mark of a note."),
        ("45²", "Write 45 alone; ² looks like the mark of a note."),
        ("1.2m", "Write the number in full, or write 1.2 and put 'm' into the unit."),
        ("12k", "Write the number in full, or write 12 and put 'k' into the unit."),
        ("(1,234)", "Write -1,234 if it is below zero."),
        ("\u20135", "Write -5 if it is below zero."),
        ("1.234,5", "Write 1234.5 if the comma begins the decimals."),
        ("62,4", "Write 62.4 if the comma begins the decimals."),
        ("1 234", "Write 1234 if it is one number."),
        ("Nil", "Write 0 if it says that there were none"),
    ],
)
def test_what_is_neither_number_nor_mark_is_refused_with_what_to_do(
    desk: Desk, written: str, advice: str
) -> None:
    [problem] = desk.problems_of_rows("indicators", value("2022/23", written))
    assert advice in problem


OF_AGE = {"source": "S1", "respondent": "1", "characteristic": "age", "category": "over 65"}
MARGIN = {"source": "S1", "characteristic": "age", "category": "over 65", "percent": "[c]"}


@pytest.mark.parametrize(
    ("layout", "row", "column", "advice"),
    [
        ("findings", finding(domains="NA"), "domains", "Leave the cell empty."),
        ("findings", finding(direction="N/A"), "direction", "Give it, or leave the row out."),
        ("findings", finding(significance="NA"), "significance", "Give it, or leave the row out."),
        ("findings", finding(text="N/A"), "finding", "Give it, or leave the row out."),
        ("findings", finding(locator="NA"), "locator", "Give it, or leave the row out."),
        ("findings", finding(recorded_on="NA"), "recorded_on", "Leave the cell empty."),
        ("findings", finding(strand="NA"), "strand", "Leave the cell empty."),
        ("indicators", value("2020", 1, unit="N/A"), "unit", "Leave the cell empty."),
        ("indicators", value("NA", 1), "period", "Give it, or leave the row out."),
        ("indicators", value("2020", 1, better="NA"), "better", "Give it, or leave the row out."),
        ("respondents", {**OF_AGE, "respondent": "NA"}, "respondent", "Give it, or leave the row out."),
        ("respondents", {**OF_AGE, "category": "NA"}, "category", "Leave the cell empty."),
        ("population-margins", MARGIN, "percent", "Nobody can be weighted to a number that is not"),
    ],
)
def test_na_in_any_other_column_is_refused_with_what_to_do(
    desk: Desk, layout: str, row: Row, column: str, advice: str
) -> None:
    found = desk.problems_of_rows(layout, row)
    assert any(f"column {column!r}" in problem and advice in problem for problem in found), found


def test_na_are_the_initials_of_a_person(desk: Desk) -> None:
    desk.load_rows("findings", finding(recorded_by="NA"))
    assert desk.rows("select recorded_by from evidence") == [{"recorded_by": "NA"}]


# --- what it counts for --------------------------------------------------------------------------------

RULES = load_policy("wales-round-2").rulebook


def measured(db: Database, review: Review) -> Any:
    measures = [measure for measure in RULES.measures if measure.of is not Of.RATINGS]
    return compute_measures(db, review, measures, last_event(db))["carers"]


def test_it_counts_for_nothing_in_any_measure(db: Database) -> None:
    rows = [
        *(
            indicator("Seen", f"{year}/{year % 100 + 1:02}", 40 + year % 10, comparator=45)
            for year in (2004, 2005, 2006)
        ),
        survey("S1", "Heard?", 70, 200),
    ]
    review = new_review(db, "r1", "wales-round-2", *rows)
    before, pairs = measured(db, review), len(load_counted(db, review, last_event(db)))
    add(
        db,
        review,
        indicator("Seen", "2007/08", "[c]", comparator=45),
        indicator("Alone", "2007/08", "..", comparator=45),
        {**survey("S1", "Safe?", 0, "[c]"), "positive": "[c]"},
    )
    assert measured(db, review) == before
    assert len(load_counted(db, review, last_event(db))) == pairs
    domain = next(one for one in check_evidence(db, review).domains if one["key"] == "carers")
    assert domain["items"] == pairs


def test_a_share_on_a_suppressed_small_base_decides_nothing_alone(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", survey("S1", "Heard?", 78, "<5"))
    [found] = compare_surveys(db, review, named=None).results
    assert found.small and describe_base(found) == "<5: too few to decide a rating on its own"
    means = [value for name, value in measured(db, review).items() if "survey" in name]
    assert means and all(value.value is None for value in means if not isinstance(value.value, int))


# --- how it is shown -----------------------------------------------------------------------------------


@pytest.fixture
def gaps(db: Database) -> tuple[Database, Review]:
    given = {"2003/04": 40, "2004/05": 50, "2005/06": "[c]", "2006/07": 60, "2007/08": ".."}
    rows = [indicator("Seen", period, written, comparator=45) for period, written in given.items()]
    rows += [{**survey("S1", "Safe?", 0, "[c]"), "positive": "[c]"}, survey("S1", "Heard?", 70, 200)]
    return db, new_review(db, "r1", "wales-round-2", *rows)


def test_a_series_has_a_gap_where_nothing_is_published(gaps: tuple[Database, Review]) -> None:
    [series] = indicators_of(*gaps)
    assert [[reading.words for reading in period.readings] for period in series.periods] == [
        *(["40"], ["50"], ["[c]"], ["60"], [".."]),
    ]
    assert [reading.value for period in series.periods for reading in period.readings][2] is None
    assert (series.trend, series.standing, series.compared and series.compared.period) == (
        *("improving", "better", "2006/07"),
    )
    assert "60" in series.said and "not published in 2007/08 (..)" in series.said
    drawn = trend_plot(series)
    assert "2005/06: [c]" in drawn


def test_a_series_of_nothing_but_marks_says_so(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", indicator("Seen", "2007/08", "*", comparator=45))
    [series] = indicators_of(db, review)
    assert (series.trend, series.standing, series.compared) == ("too few periods", "", None)
    assert series.said.startswith("not published in 2007/08 (*)")


def test_items_and_survey_results_show_the_mark_and_its_meaning(gaps: tuple[Database, Review]) -> None:
    db, review = gaps
    listed, _ = list_items(db, review, ItemFilter(kind="survey_result"))
    assert {row["text"]: (row["value"], row["marks"]) for row in listed} == {
        "Safe?": (None, {"value": "[c]", "base": "[c]"}),
        "Heard?": (70.0, {}),
    }
    found = {one.question: one for one in compare_surveys(db, review, named=None).results}
    assert (found["Safe?"].share, found["Safe?"].comparison, found["Safe?"].latest) == (None, None, False)
    assert found["Heard?"].share == 70


def test_the_commands_show_it(gaps: tuple[Database, Review], say: Say, tmp_path: Path) -> None:
    db = tmp_path / "programme.db"
    assert "not published: [c]" in say("evidence", "list", "r1", "--kind", "indicator", "--db", db).out
    assert "2005/06: [c]" in say("indicators", "r1", "--db", db).out
    assert "not published: [c]" in say("surveys", "r1", "--db", db).out
    [shown] = json.loads(say("indicators", "r1", "--json", "--db", db).out)
    [reading] = shown["periods"][2]["readings"]
    assert (reading["value"], reading["mark"]) == (None, "[c]")


async def test_the_pages_show_it(gaps: tuple[Database, Review], tmp_path: Path) -> None:
    item = next(row["id"] for row in list_items(*gaps, ItemFilter(kind="survey_result"))[0] if row["marks"])
    async with served(tmp_path / "programme.db") as site:
        for page in ("indicators", "surveys", "items"):
            shown = await site.page(f"/reviews/r1/{page}")
            assert "[c] (confidential: suppressed, so that nobody can be recognised)" in shown, page
        assert "Not published: [c]" in await site.page(f"/reviews/r1/items/{item}")


def test_the_queries_on_weak_evidence_count_only_what_is_published(db: Database) -> None:
    row = survey("S1", "Were you heard?", 70, 200)
    review = new_review(
        db, "r1", "wales-round-2", row, {**survey("S0", "Were you asked?", 70, 200), "positive": "[c]"}
    )

    def answers(name: str) -> list[Row]:
        return rows(db, QUERIES[name]["sql"], {"review": review.id})

    [domain] = [found for found in answers("weakest_evidence") if found["items"]]
    assert (domain["items"], domain["sources"]) == (1, 1)
    [domain] = answers("one_source_domains")
    assert (domain["items"], domain["first_source"]) == (1, "S1")
