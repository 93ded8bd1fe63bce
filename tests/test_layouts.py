"""The documented layouts: each is recognised by its name or its headers, and has a template."""

from __future__ import annotations

import csv
import io

import pytest

from evidence.files.rawtable import RawTable, header_name
from evidence.intake.layouts import LAYOUTS, ROWS, columns, recognise, row_model, template
from evidence.rows import FindingRow, Row, SourceRow
from rules.errors import UnknownName
from rules.limits import MOST_PROBLEMS

FINDINGS = ["source", "locator", "finding", "direction", "significance"]


def table(headers: list[str], name: str = "from-the-field") -> RawTable:
    return RawTable(f"{name}.csv", name, [header_name(header) for header in headers], iter(()))


def said(found: RawTable, given: str | None = None) -> list[str]:
    assert recognise(found, given) is None
    return [str(problem) for problem in found.problems]


def test_there_is_one_layout_for_each_kind_of_evidence() -> None:
    kinds = "sources findings case-scores survey-results survey-responses respondents population-margins"
    assert list(LAYOUTS) == [*kinds.split(), "indicators", "tags", "codings"]


def test_an_unknown_layout_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="there is no layout 'finding'\n  Did you mean 'findings'"):
        row_model("finding")
    with pytest.raises(UnknownName):
        recognise(table(FINDINGS), "finding")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_column_of_a_layout_is_described(layout: str) -> None:
    described = columns(layout)
    assert [name for name, _, _ in described if name] and all(text for _, _, text in described)
    assert {name for name, _, _ in described} == set(row_model(layout).model_fields)
    assert any(needed for _, needed, _ in described)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_template_has_every_column_and_rows_that_are_read_as_they_stand(layout: str) -> None:
    headers, *rows = csv.reader(io.StringIO(template(layout)))
    assert headers == [name for name, _, _ in columns(layout)]
    assert rows
    for row in rows:
        model = row_model(layout).model_validate(dict(zip(headers, row, strict=True)))
        assert isinstance(model, ROWS[layout])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_recognised_from_its_headers_whatever_their_case_and_order(layout: str) -> None:
    headers = next(csv.reader(io.StringIO(template(layout))))
    shouted = [header.upper().replace("_", " ") for header in reversed(headers)]
    assert recognise(table(shouted), None) is ROWS[layout]
    needed = [name for name, is_needed, _ in columns(layout) if is_needed]
    assert recognise(table(needed), None) is ROWS[layout]


@pytest.mark.parametrize("name", ["survey-results", "Survey Results", "SURVEY_RESULTS"])
def test_a_table_that_is_named_for_a_layout_has_that_layout(name: str) -> None:
    found = said(table(["source", "locator"], name))
    assert f"{name}.csv, headers: the column 'group' is missing (layout survey-results)." in found


def test_a_layout_that_was_asked_for_comes_before_name_and_headers() -> None:
    model: type[Row] | None = recognise(table(["source", "title", "kind"], "findings"), "sources")
    assert model is SourceRow
    assert recognise(table(FINDINGS, "findings"), None) is FindingRow


def test_a_misspelt_header_is_named_with_the_nearest_on_both_sides() -> None:
    assert said(table([*FINDINGS[:3], "directon", *FINDINGS[4:]])) == [
        "from-the-field.csv, headers: the column 'direction' is missing (layout findings). Is it 'directon'?",
        "from-the-field.csv, headers: the column 'directon' is not known (layout findings)."
        " Did you mean 'direction'?",
    ]


def test_a_column_too_many_is_named_with_those_that_are_known() -> None:
    [problem] = said(table([*FINDINGS, "shoe size"]))
    assert "the column 'shoe_size' is not known (layout findings). Allowed: " in problem
    for name in FindingRow.model_fields:
        assert name in problem


def test_missing_twice_and_nameless_columns_are_all_named_at_once() -> None:
    found = said(table([*FINDINGS[1:], "Locator", "", "quote"]))
    assert found == [
        "from-the-field.csv, headers: the column 'source' is missing (layout findings).",
        "from-the-field.csv, headers: the column 'locator' appears twice.",
        "from-the-field.csv, headers: column 6 has no header.",
    ]


def test_headers_that_fit_nothing_are_refused_with_the_layouts_there_are() -> None:
    for headers in (["name", "address"], ["source"], ["1", "2"], []):
        [problem] = said(table(headers))
        assert "these headers do not fit any layout. Layouts: sources, findings" in problem
        assert "ShowLayout(" in problem


def test_problems_of_the_file_do_not_hide_its_layout() -> None:
    found = table(FINDINGS)
    found.problem("book.xlsx, cells A1:A2", "they are merged.")
    assert recognise(found, None) is FindingRow


def test_headers_that_do_not_fit_are_seen_behind_however_many_problems() -> None:
    found = table(["source", "title", "kind", "colour"], "sources")
    for number in range(MOST_PROBLEMS):
        found.problem(f"cells A{number}", "they are merged.")
    assert recognise(found, None) is None and found.more
