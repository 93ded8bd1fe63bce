"""What may stand in a column: what people write is understood, what would have to be guessed is refused."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time
from typing import Any

import pytest
from example_framework import answer, finding, source
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evidence.intake.layouts import ROWS
from evidence.rows import (
    CaseScoreRow,
    FindingRow,
    IndicatorRow,
    Row,
    SourceRow,
    SurveyResponseRow,
    SurveyResultRow,
    TagRow,
)
from programme.calendar import read_date
from rules.limits import LONGEST_WORDS
from rules.spellings import Spellings

NAMES = {
    "strands": Spellings("strand", {name: {} for name in ("all", "adults", "older-people")}),
    "domains": Spellings("domain", {name: {} for name in ("assessment", "care-planning", "carers")}),
}
SURVEY = {"source": "S1", "locator": "table 1", "group": "Adults", "question": "Heard?", "positive": 70}
SCORE = {"source": "C1", "locator": "standard 1", "standard": "Risk is assessed", "score": 3}
INDICATOR = {
    **{"source": "N1", "locator": "row 1", "indicator": "Referrals", "period": "2004/05"},
    **{"value": 12, "better": "higher"},
}


def read(model: type[Row], values: dict[str, Any]) -> Any:
    return model.model_validate(values, context=NAMES)


def refused(model: type[Row], values: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(column, what was expected, hint) of everything that is refused."""
    with pytest.raises(ValidationError) as caught:
        read(model, values)
    return [
        (str(e["loc"][0]), e.get("ctx", {}).get("expected", e["msg"]), str(e.get("ctx", {}).get("hint", "")))
        for e in caught.value.errors()
    ]


# --- percentages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (78, 78),
        ("78", 78),
        ("78%", 78),
        ("78 %", 78),
        (" 78.5 ", 78.5),
        ("0.78%", 0.78),
        ("0", 0),
        ("0%", 0),
        (100, 100),
        ("100%", 100),
        (1, 1),
    ],
)
def test_a_percentage_is_read_as_people_write_it(written: object, meant: float) -> None:
    assert read(SurveyResultRow, {**SURVEY, "positive": written}).positive == meant


@pytest.mark.parametrize("written", ["0.78", 0.78, ".78", "0.005"])
def test_a_share_below_one_could_mean_two_things_and_is_refused_with_both(written: object) -> None:
    [(column, expected, hint)] = refused(SurveyResultRow, {**SURVEY, "positive": written})
    small = f"{float(str(written)):g}"
    large = f"{float(str(written)) * 100:g}"
    assert (column, expected) == ("positive", "a percentage from 0 to 100")
    assert f"write '{large}%' or '{small}%'" in hint


@pytest.mark.parametrize(
    "written", [100.5, "100.5%", -1, "-5%", "78 per cent", "", None, "nan", "inf", "1e400", True, [78], "%"]
)
def test_what_is_no_percentage_is_refused(written: object) -> None:
    [(column, _, _)] = refused(SurveyResultRow, {**SURVEY, "positive": written})
    assert column == "positive"


# --- numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1,234.5", 1234.5), ("1234.5", 1234.5), ("+3", 3), ("-0", 0), (".5", 0.5), ("12,345,678", 12345678)],
)
def test_a_number_may_have_thousands_commas(written: str, meant: float) -> None:
    value = read(IndicatorRow, {**INDICATOR, "value": written}).value
    assert value == meant
    assert str(value) == str(float(meant))


@pytest.mark.parametrize(
    "written",
    ["12,34", "1.234,5", "1 234", "1e5", "NaN", "inf", "-inf", "1e400", "٣", "0x1f", "1_000"],
)
def test_a_number_that_would_have_to_be_guessed_is_refused(written: str) -> None:
    [(column, expected, hint)] = refused(IndicatorRow, {**INDICATOR, "value": written})
    assert (column, expected) == ("value", "a number")
    assert re.match(r"Write [0-9.]+ (or 1,234\.5;|if )", hint)


@pytest.mark.parametrize("written", [10**400, -(10**400), "9" * 400, float("inf"), float("nan"), 1e15])
def test_a_number_beyond_all_measure_is_refused(written: object) -> None:
    assert refused(IndicatorRow, {**INDICATOR, "value": written})[0][0] == "value"


def test_money_is_no_number_of_another_unit() -> None:
    for unit in ("people", "percent"):
        [(column, expected, _)] = refused(IndicatorRow, {**INDICATOR, "unit": unit, "value": "£93"})
        assert (column, expected) == ("value", f"a number in the unit {unit!r}")
    assert read(IndicatorRow, {**INDICATOR, "unit": "£ a week", "value": "£1,093"}).value == 1093
    for unit, value in (("$", "£93"), ("pence", "£93"), ("euros", "$93")):
        [(column, expected, hint)] = refused(IndicatorRow, {**INDICATOR, "unit": unit, "value": value})
        assert expected == f"a number in the unit {unit!r}" and hint.startswith(f"The cell says {value[0]}.")


@pytest.mark.parametrize(
    ("value", "number", "unit"),
    [
        ("£1,234.50", 1234.5, "£"),
        ("-€ 5", -5, "€"),
        ("\u2212$5", -5, "$"),
        ("62.4%", 62.4, "percent"),
        ("5", 5, ""),
    ],
)
def test_without_a_unit_the_sign_of_a_number_is_its_unit(value: str, number: float, unit: str) -> None:
    row = read(IndicatorRow, {**INDICATOR, "unit": "", "value": value})
    assert (row.value, row.unit) == (number, unit)


def test_a_comparator_in_money_needs_a_value_in_that_money() -> None:
    row = {**INDICATOR, "unit": "", "comparator": "£90"}
    [(column, expected, _)] = refused(IndicatorRow, {**row, "value": "93"})
    assert (column, expected) == ("comparator", "a number without a unit")
    assert read(IndicatorRow, {**row, "value": "£93"}).comparator == 90
    assert refused(IndicatorRow, {**row, "value": "$93"})[0][0] == "comparator"


def test_a_score_or_a_base_is_never_money() -> None:
    [(column, _, hint)] = refused(CaseScoreRow, {**SCORE, "score": "£3"})
    assert (column, hint) == ("score", "It is money, which this column does not hold.")
    assert refused(SurveyResultRow, {**SURVEY, "base": "$40"})[0][0] == "base"


def test_an_empty_comparator_is_no_comparator() -> None:
    assert read(IndicatorRow, {**INDICATOR, "comparator": " "}).comparator is None


@pytest.mark.parametrize("written", [0, "0", -3, 12.5, "many"])
def test_a_base_is_how_many_people_answered(written: object) -> None:
    assert refused(SurveyResultRow, {**SURVEY, "base": written})[0][0] == "base"


def test_a_base_may_be_unknown() -> None:
    assert read(SurveyResultRow, {**SURVEY, "base": ""}).base is None
    assert read(SurveyResultRow, {**SURVEY, "base": "1,240"}).base == 1240


def test_a_score_stays_on_its_scale() -> None:
    assert refused(CaseScoreRow, {**SCORE, "score": 5}) == [("score", "a score from 1 to 4", "")]
    assert refused(CaseScoreRow, {**SCORE, "score": 0})[0][1] == "a score from 1 to 4"
    assert read(CaseScoreRow, {**SCORE, "score": 5, "scale_max": 5}).score == 5
    assert read(CaseScoreRow, {**SCORE, "scale_max": ""}).scale_max == 4


@pytest.mark.parametrize("best", [0, 1, -4, "four"])
def test_a_scale_that_has_no_room_is_named_and_not_the_score(best: object) -> None:
    assert [column for column, _, _ in refused(CaseScoreRow, {**SCORE, "scale_max": best})] == ["scale_max"]


# --- dates ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "2004-05-31",
        "2004-5-31",
        "2004/05/31",
        "31 May 2004",
        "31st may, 2004",
        "31 MAI 2004",
        "31/05/2004",
        "31.5.2004",
        "05/31/2004",
        "2004-05-31T10:15:00Z",
        "2004-05-31 10:15",
        date(2004, 5, 31),
        datetime(2004, 5, 31, 10, 15),
    ],
)
def test_a_date_is_read_as_people_write_it(written: object) -> None:
    assert read_date(written) == date(2004, 5, 31)


@pytest.mark.parametrize(
    ("welsh", "month"),
    [
        (name, number)
        for number, name in enumerate(
            [
                *("Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin"),
                *("Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr"),
            ],
            start=1,
        )
    ],
)
def test_welsh_months_are_known(welsh: str, month: int) -> None:
    assert read_date(f"2 {welsh} 2005") == date(2005, month, 2)


def test_september_has_two_short_forms() -> None:
    assert read_date("1 Sep 2005") == read_date("1 Sept. 2005") == date(2005, 9, 1)


def test_a_day_and_month_that_could_be_swapped_are_refused_unless_they_are_the_same() -> None:
    [(column, _, hint)] = refused(SourceRow, source(dated="03/04/2005"))
    assert column == "dated"
    assert "could be two dates" in hint and "2004-05-31" in hint
    assert read(SourceRow, source(dated="04/04/2005")).dated == date(2005, 4, 4)


@pytest.mark.parametrize("written", ["2004-02-30", "30 February 2004", "31/02/2004", "2004-13-01"])
def test_a_day_that_no_calendar_has_is_refused(written: str) -> None:
    assert refused(SourceRow, source(dated=written))[0][1] == "a date that exists"


@pytest.mark.parametrize(
    "written", ["May 2004", "2004", "31/05/04", "38138", 38138, "soon", "2004-05-31 or so", True, ["2004"]]
)
def test_what_is_no_date_is_refused(written: object) -> None:
    assert refused(SourceRow, source(dated=written))[0][0] == "dated"


def test_a_misspelt_month_is_named_with_the_nearest() -> None:
    assert "'february'" in refused(SourceRow, source(dated="2 Febuary 2004"))[0][2]


def test_a_year_with_a_slip_of_the_pen_is_refused() -> None:
    assert refused(SourceRow, source(dated="0204-05-31"))[0][1] == "a date from 1900 to 2100"


# --- words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["case_file", "Case file", "CASE-FILE", " case file "])
def test_a_word_may_be_written_in_any_case_and_with_blanks(written: str) -> None:
    assert read(SourceRow, source(kind=written)).kind == "case_file"


def test_a_misspelt_word_is_named_with_the_nearest() -> None:
    [(column, expected, hint)] = refused(FindingRow, finding(direction="strenght"))
    assert column == "direction"
    assert expected == "one of strength, weakness, neutral"
    assert hint == "Did you mean 'strength'?"


def test_what_is_left_empty_takes_the_word_that_is_said_to_be_meant() -> None:
    assert read(SourceRow, source(status="", strand="")).status == "authorised"
    assert read(SourceRow, source(strand="")).strand == "all"
    assert read(SurveyResultRow, {**SURVEY, "better": ""}).better == "higher"


@pytest.mark.parametrize(("written", "meant"), [(1, 1), ("2", 2), (3.0, 3), ("Serious", 3), ("minor", 1)])
def test_a_significance_is_a_number_or_a_word(written: object, meant: int) -> None:
    assert read(FindingRow, finding(significance=written)).significance == meant


@pytest.mark.parametrize("written", [4, 0, "", "1.5", "very", None, True])
def test_a_significance_beyond_its_three_values_is_refused(written: object) -> None:
    assert refused(FindingRow, finding(significance=written))[0][0] == "significance"


@pytest.mark.parametrize(
    ("written", "meant"), [(5, 5), ("4", 4), (4.0, 4), ("Strongly agree", 5), ("", None), (None, None)]
)
def test_an_answer_is_a_number_a_word_or_missing(written: object, meant: int | None) -> None:
    assert read(SurveyResponseRow, answer("1", written)).answer == meant


@pytest.mark.parametrize("written", [6, 0, "yes", 4.5, "-"])
def test_an_answer_off_the_scale_is_refused(written: object) -> None:
    assert refused(SurveyResponseRow, answer("1", written))[0][0] == "answer"


# --- names of the framework ----------------------------------------------------------------------------


def test_domains_are_separated_by_semicolons_or_commas_or_stand_in_a_list() -> None:
    for written in (
        "carers;assessment",
        "carers, Assessment;",
        ["carers", "assessment"],
        "carers;;assessment",
    ):
        assert read(FindingRow, finding(domains=written)).domains == ("carers", "assessment")
    assert read(FindingRow, finding(domains="carers;carers")).domains == ("carers",)
    assert read(FindingRow, finding(domains="")).domains == ()


def test_names_may_be_written_as_titles() -> None:
    row = read(FindingRow, finding(domains="Care planning", strand="Older People"))
    assert (row.domains, row.strand) == (("care-planning",), "older-people")


def test_an_unknown_domain_is_named_with_the_nearest() -> None:
    [(column, _, hint)] = refused(FindingRow, finding(domains="carers;asessment"))
    assert (column, hint) == ("domains", "Did you mean 'assessment'?")
    [(column, _, hint)] = refused(
        TagRow, {"source": "I1", "locator": "p. 1", "domain": "nothing like it at all"}
    )
    assert (column, hint) == ("domain", "Allowed: assessment, care-planning, carers.")


def test_an_unknown_strand_is_named_with_the_nearest() -> None:
    [(column, expected, hint)] = refused(FindingRow, finding(strand="adult"))
    assert (column, expected, hint) == ("strand", "a strand of the framework", "Did you mean 'adults'?")


def test_a_framework_without_a_strand_for_all_asks_for_one() -> None:
    names = {**NAMES, "strands": Spellings("strand", {"adults": {}})}
    with pytest.raises(ValidationError, match="a strand of the framework"):
        FindingRow.model_validate(finding(), context=names)


def test_without_a_review_any_name_will_do() -> None:
    assert FindingRow.model_validate(finding(domains="anything", strand="anyone")).domains == ("anything",)


# --- texts ---------------------------------------------------------------------------------------------


def test_one_word_has_one_spelling_however_it_was_typed() -> None:
    composed, decomposed = "T\u0177 G\u0175yr", "Ty\u0302 Gw\u0302yr"
    assert composed != decomposed
    assert read(FindingRow, finding(decomposed)).locator == composed
    assert read(FindingRow, finding("p. 1", f"{decomposed}, dôr")).finding == f"{composed}, dôr"


def test_line_ends_of_other_systems_are_the_same_text() -> None:
    assert read(FindingRow, finding("p. 1", "one\r\ntwo\rthree")).finding == "one\ntwo\nthree"


@pytest.mark.parametrize("mark", ["\x00", "\x07", "\x1f", "\x7f", "\ud800"])
def test_characters_that_no_text_holds_are_refused(mark: str) -> None:
    [(column, expected, hint)] = refused(FindingRow, finding("p. 1", f"before{mark}after"))
    assert (column, expected) == ("finding", "a text without control characters")
    assert f"U+{ord(mark):04X}" in hint


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (3.5, "3.5"),
        (0.1 + 0.2, "0.3"),
        (date(2004, 5, 31), "2004-05-31"),
        (datetime(2004, 5, 31), "2004-05-31"),
        (datetime(2004, 5, 31, 9, 30), "2004-05-31 09:30:00"),
    ],
)
def test_numbers_and_dates_of_a_spreadsheet_are_texts_as_they_look(cell: object, text: str) -> None:
    assert read(FindingRow, finding(cell)).locator == text  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", [["p. 1"], {"page": 1}, time(9, 30), True, b"p. 1", float("nan")])
def test_what_is_no_text_is_refused(cell: object) -> None:
    assert refused(FindingRow, finding(cell)) == [("locator", "a text", "")]  # type: ignore[arg-type]


@pytest.mark.parametrize("blank", ["", "  ", "\n", "\u00a0", None])
def test_a_text_that_is_needed_is_not_blank(blank: object) -> None:
    assert refused(FindingRow, finding(blank)) == [("locator", "a text", "")]  # type: ignore[arg-type]


def test_a_text_is_kept_whole_up_to_the_limit_and_refused_beyond_it() -> None:
    long = "long " * (LONGEST_WORDS // 5)
    assert read(FindingRow, finding("p. 1", long)).finding == long.strip()
    ((column, _, _),) = refused(FindingRow, finding("p. 1", long + "longer"))
    assert column == "finding"


def test_form_feeds_at_the_ends_of_a_stored_text_are_pages() -> None:
    assert read(SourceRow, source(text="\fpage two\f")).text == "\fpage two\f"


def test_an_unknown_column_is_refused() -> None:
    assert refused(FindingRow, finding(colour="red"))[0][0] == "colour"


def test_all_problems_of_a_row_are_named_at_once() -> None:
    found = refused(FindingRow, finding("", "", direction="?", significance="?", domains="?", strand="?"))
    columns = [column for column, _, _ in found]
    assert columns == ["locator", "strand", "domains", "finding", "direction", "significance"]


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(alphabet="0123456789.,%-+/ eMay"),
    st.binary(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.lists(st.text()),
    st.dictionaries(st.text(), st.text()),
)


@pytest.mark.parametrize("layout", ROWS)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_whatever_stands_in_a_cell_is_read_or_refused_in_words(layout: str, data: st.DataObject) -> None:
    model = ROWS[layout]
    values = {name: data.draw(ANYTHING, name) for name in model.model_fields}
    try:
        row = read(model, values)
    except ValidationError as error:
        for detail in error.errors():
            assert detail["type"] == "expected", detail
    else:
        assert json.loads(row.model_dump_json())
