"""Exports of the tools for surveys become answers, and nothing in them that says who somebody is."""

from __future__ import annotations

import csv
import struct
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyreadstat
import pytest
from example_framework import Desk
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from pandas import DataFrame

from evidence.files.tables import open_tables
from evidence.intake.report import ImportReport
from evidence.mapping.choosing import choose_file
from evidence.mapping.from_file import ProposedFor, propose_for
from evidence.mapping.options import Unclear, options_in
from evidence.mapping.options import ticked as named_in
from evidence.mapping.written import as_yaml
from programme.progress import no_progress
from rules.errors import ImportRefused, PolicyFileInvalid

HEARD, SEEN = "I was heard", "I was seen in time"
ANSWERS = {("1", HEARD, 5), ("2", HEARD, 2), ("1", SEEN, 4), ("2", SEEN, None)}
"""What every file of this module says."""


def csv_file(path: Path, *lines: list[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return path


def imported(desk: Desk, path: Path, tool: str) -> tuple[ProposedFor, ImportReport]:
    """What is proposed for a file, which is known as one of a tool, and what an import with that does."""
    found = propose_for(path, framework=desk.review.framework)
    assert found.tool == tool
    mapping = path.with_suffix(".yml")
    mapping.write_text(as_yaml(found.proposal), encoding="utf-8")
    return found, desk.load(path, mappings=[choose_file(mapping)])


def answers(desk: Desk) -> set[tuple[Any, ...]]:
    return set(desk.db.execute("select respondent, question, answer from survey_response"))


def everything(desk: Desk) -> str:
    """All that is stored, as text."""
    names = [name for (name,) in desk.db.execute("select name from sqlite_master where type = 'table'")]
    return "\n".join(str(row) for name in names for row in desk.db.execute(f"select * from {name}"))


def test_qualtrics_three_rows_of_headers_and_trials(desk: Desk) -> None:
    path = csv_file(
        desk.folder / "qualtrics.csv",
        ["StartDate", "Status", "IPAddress", "ResponseId", "RecipientEmail", "Q1", "Q2", "Q3"],
        [
            "Start Date",
            "Response Type",
            "IP Address",
            "Response ID",
            "Recipient Email",
            HEARD,
            SEEN,
            "Your name",
        ],
        [
            f'{{"ImportId":"{n}"}}'
            for n in ("start", "status", "ip", "_recordId", "email", "QID1", "QID2", "QID3")
        ],
        ["2023-03-01", "IP Address", "192.0.2.7", "1", "a@example.org", "Strongly agree", "Agree", "Someone"],
        ["2023-03-01", "IP Address", "192.0.2.8", "2", "", "Disagree", "", "Someone else"],
        ["2023-03-02", "Survey Preview", "192.0.2.9", "3", "", "Strongly agree", "Agree", ""],
    )
    _, report = imported(desk, path, "Qualtrics")
    assert "qualtrics.csv: 1 row left out (Status: Survey Preview)." in report.notes
    assert answers(desk) == ANSWERS
    stored = everything(desk)
    assert "192.0.2" not in stored and "example.org" not in stored and "Someone" not in stored


def test_surveymonkey_two_rows_of_headers_the_last_of_them_empty(desk: Desk) -> None:
    path = csv_file(
        desk.folder / "monkey.csv",
        ["Respondent ID", "Collector ID", "IP Address", "Email Address", "How was it?", "", "What else?", ""],
        ["", "", "", "", HEARD, SEEN, "Day care", "Home care"],
        ["1", "77", "192.0.2.7", "a@example.org", "Strongly agree", "Agree", "Day care", ""],
        ["2", "77", "192.0.2.8", "", "Disagree", "", "", "Home care"],
    )
    imported(desk, path, "SurveyMonkey")
    assert answers(desk) == {(who, f"How was it?: {asked}", said) for who, asked, said in ANSWERS}
    assert "example.org" not in everything(desk)


def test_limesurvey_without_what_was_never_submitted(desk: Desk) -> None:
    path = csv_file(
        desk.folder / "lime.csv",
        ["Response ID", "Date submitted", "Last page", "Start language", "Seed", HEARD, SEEN, "IP address"],
        ["1", "2023-03-01 10:00:00", "4", "en", "99", "Strongly agree", "Agree", "192.0.2.7"],
        ["2", "2023-03-01 11:00:00", "4", "cy", "98", "Disagree", "", "192.0.2.8"],
        ["3", "", "1", "en", "97", "Agree", "", "192.0.2.9"],
    )
    _, report = imported(desk, path, "LimeSurvey")
    assert answers(desk) == ANSWERS
    assert "lime.csv: 1 row left out (Date submitted: nothing)." in report.notes


def test_microsoft_forms_with_several_answers_in_a_cell(desk: Desk) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(
        ["ID", "Start time", "Completion time", "Email", "Name", HEARD, SEEN, "Which services?"]
    )
    at = datetime(2023, 3, 1, 10)
    book.active.append(
        [1, at, at, "a@example.org", "Someone", "Strongly agree", "Agree", "Day care;Home care;"]
    )
    book.active.append([2, at, at, "anonymous", "", "Disagree", None, "Day care;"])
    path = desk.folder / "forms.xlsx"
    book.save(path)
    found, report = imported(desk, path, "Microsoft Forms")
    assert answers(desk) == ANSWERS
    said = found.proposal.remarks[("columns", "Which services?")]
    assert said.startswith("several answers in one cell: left out, unless each becomes a question; Day")
    assert (
        "forms.xlsx, sheet 'Sheet': 1 cell of 'Which services?' with several answers left out;"
        in " ".join(report.notes)
    )
    assert "example.org" not in everything(desk) and "Someone" not in everything(desk)


def test_google_forms_whose_rows_number_the_respondents(desk: Desk) -> None:
    path = csv_file(
        desk.folder / "google.csv",
        ["Timestamp", "Email Address", HEARD, SEEN, "Which services?"],
        ["2023/03/01 10:00:00 am GMT", "a@example.org", "Strongly agree", "Agree", "Day care, Home care"],
        ["2023/03/01 11:00:00 am GMT", "b@example.org", "Disagree", "", "Day care"],
    )
    found, report = imported(desk, path, "Google Forms")
    assert any("1 cell of 'Which services?' with several answers left out;" in one for one in report.notes)
    assert "{is: question, options: [Day care, Home care]}" in as_yaml(found.proposal)
    assert answers(desk) == {(str(int(who) + 1), asked, said) for who, asked, said in ANSWERS}
    assert "example.org" not in everything(desk)


def several(desk: Desk, *cells: str) -> Path:
    lines = ([str(number), "Agree", cell] for number, cell in enumerate(cells, start=1))
    return csv_file(desk.folder / "ticked.csv", ["Respondent", HEARD, "Which?"], *lines)


def ticked(desk: Desk, path: Path, use: str) -> ImportReport:
    mapping = desk.folder / "ticked.yml"
    mapping.write_text(
        "layout: survey-responses\nwith: {source: S-1, group: Carers}\n"
        "source: {title: Survey, kind: survey}\n"
        f"columns:\n  Respondent: respondent\n  I was heard: {{is: question}}\n  Which?: {use}\n",
        encoding="utf-8",
    )
    return desk.load(path, mappings=[choose_file(mapping)])


def of_options(desk: Desk) -> set[tuple[Any, ...]]:
    sql = "select respondent, question, coalesce(answer, said) from survey_response where question like ?"
    return set(desk.db.execute(sql, ["Which%"]))


def test_a_question_with_several_answers_becomes_one_for_every_option(desk: Desk) -> None:
    path = several(desk, "Day care;Home care;", "home care", "", "Prefer not to say", "None of these", "")
    use = "{is: question, options: [Day care, Home care], values: {None of these: ''}}"
    ticked(desk, path, use)
    day, home = "Which?: Day care", "Which?: Home care"
    assert of_options(desk) == {
        *(("1", day, 5), ("1", home, 5), ("2", day, 1), ("2", home, 5), ("3", day, None), ("3", home, None)),
        *(("4", day, "Prefer not to say"), ("4", home, "Prefer not to say")),
        *(("5", day, 1), ("5", home, 1), ("6", day, None), ("6", home, None)),
    }
    [(value, base)] = desk.db.execute("select value, base from evidence where text = ?", [home])
    assert (round(value, 1), base) == (66.7, None) or (round(value, 1), base) == (66.7, 3)


def test_options_may_hold_commas_and_begin_alike(desk: Desk) -> None:
    path = several(desk, "Care, day and night, Care", "Care", "Care, day and night")
    ticked(desk, path, '{is: question, options: ["Care, day and night", Care]}')
    assert {row for row in of_options(desk) if row[2] == 5} == {
        ("1", "Which?: Care, day and night", 5),
        ("1", "Which?: Care", 5),
        ("2", "Which?: Care", 5),
        ("3", "Which?: Care, day and night", 5),
    }


def test_a_part_that_is_no_option_is_refused_with_its_cell(desk: Desk) -> None:
    path = several(desk, "Day care;Home care", "Day care;Home cares;Shopping")
    with pytest.raises(ImportRefused) as caught:
        ticked(desk, path, "{is: question, options: [Day care, Home care]}")
    [problem] = caught.value.problems
    assert problem.where == "ticked.csv, row 3, column 'Which?'"
    assert problem.message == "found 'Home cares'; expected options of this question, such as 'Day care'."
    assert "Write it under 'options' in" in problem.hint and "Did you mean 'Home care'" in problem.hint
    assert not of_options(desk)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ("{is: question, options: [Day care, day care]}", "is there twice"),
        ("{is: characteristic, options: [Day care]}", "belong to a column that is a question"),
        ("{is: question, options: [Day care], values: {Other: Elsewhere}}", "is none of the options"),
    ],
)
def test_options_that_will_not_do_are_named(desk: Desk, use: str, said: str) -> None:
    with pytest.raises(PolicyFileInvalid) as caught:
        ticked(desk, several(desk, "Day care"), use)
    assert said in str(caught.value.problems)


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (["Day care;Home care;", "Day care"], ["Day care", "Home care"]),
        (["Day care, Home care", "Day care"], ["Day care", "Home care"]),
        (["Too late, and too short", "Late, as ever"], []),
        (["Day care", "Home care"], []),
        ([";".join(f"option {n}" for n in range(40))], []),
    ],
)
def test_the_options_of_a_column_are_told_from_free_text(cells: list[str], options: list[str]) -> None:
    assert options_in(Counter(cells)) == options


NAMES = ["A", "A, b", "B; c", "b", "Other"]


@given(st.lists(st.sampled_from(NAMES), max_size=5), st.sampled_from([";", ", "]))
def test_what_is_joined_is_found_again_or_refused_as_unclear(chosen: list[str], mark: str) -> None:
    try:
        found, wrong = named_in(mark.join(chosen), NAMES, {})
    except Unclear:
        assert "," in mark.join(chosen)
    else:
        assert (found, wrong) == (set(chosen), [])


def test_a_semicolon_after_the_last_answer_makes_it_clear(desk: Desk) -> None:
    assert named_in("A, b;", NAMES, {}) == ({"A, b"}, [])
    with pytest.raises(ImportRefused, match="'A, b' can be read as different options of this question"):
        ticked(desk, several(desk, "A, b"), '{is: question, options: [A, b, "A, b"]}')


# --- SPSS --------------------------------------------------------------------------------------------------


def sav(path: Path, columns: dict[str, list[Any]], **how: Any) -> Path:
    pyreadstat.write_sav(DataFrame(columns), str(path), **how)
    return path


SPSS = {
    "id": [1.0, 2.0],
    "q1": [5.0, 2.0],
    "q2": [4.0, -99.0],
    "age": [1.0, 2.0],
    "mail": ["a@x.org", "b@x.org"],
}
LABELS = {"id": "Respondent", "q1": HEARD, "q2": SEEN, "age": "Age group", "mail": "E-mail"}
WORDS = {5.0: "Strongly agree", 4.0: "Agree", 2.0: "Disagree", -99.0: "Don't know"}


def test_an_spss_file_with_labels_and_missing_values(desk: Desk) -> None:
    path = sav(
        desk.folder / "survey.sav",
        SPSS,
        column_labels=LABELS,
        variable_value_labels={"q1": WORDS, "q2": WORDS, "age": {1.0: "18 to 64", 2.0: "65 and over"}},
        missing_ranges={"q2": [-99]},
    )
    _, report = imported(desk, path, "SPSS")
    assert answers(desk) == ANSWERS
    known = desk.db.execute("select respondent, characteristic, category from respondent_characteristic")
    assert set(known) == {("1", "Age group", "18 to 64"), ("2", "Age group", "65 and over")}
    assert report.notes[0] == (
        "survey.sav: the file calls these missing, so they are not answers: q2: -99 (Don't know)."
    )
    assert "x.org" not in everything(desk)


def test_a_problem_in_an_spss_file_names_its_row_and_variable(desk: Desk) -> None:
    path = sav(desk.folder / "survey.sav", {**SPSS, "q2": [4.0, 17.0]}, column_labels=LABELS)
    found = propose_for(path)
    assert found.proposal.mapping["columns"]["q1"] == {"is": "question", "named": HEARD}
    mapping = path.with_suffix(".yml")
    mapping.write_text(
        as_yaml(found.proposal).replace("q2: leave out", f'q2: {{is: question, named: "{SEEN}"}}')
    )
    (problem,) = desk.problems(path, mappings=[choose_file(mapping)])
    assert problem.startswith("survey.sav, row 2, column 'q2': found 17; expected 1 (strongly disagree)")


def cells(path: Path) -> tuple[list[list[Any]], list[str]]:
    with open_tables(path, "utf-8", no_progress) as (table,):
        _, *rows = [row for _, row in table.rows]
        return rows, table.notes


SECONDS = (datetime(2019, 11, 30) - datetime(1582, 10, 14)).total_seconds()


@pytest.mark.parametrize(
    ("written", "value", "shown"),
    [
        ("TIME8", 26.5 * 3600, "26:30"),
        ("TIME8", 9 * 3600 + 5, "9:00:05"),
        ("DTIME11", 30 * 3600, "30:00"),
        ("MOYR8", SECONDS, "November 2019"),
        ("QYR6", SECONDS, "Q4 2019"),
        ("DATE11", SECONDS, date(2019, 11, 30)),
        ("F8.2", 2.5, 2.5),
        ("F8.0", 7.0, 7),
    ],
)
def test_dates_and_times_of_spss_are_what_spss_shows(
    tmp_path: Path, written: str, value: float, shown: Any
) -> None:
    path = sav(tmp_path / "a.sav", {"a": [value]}, variable_format={"a": written})
    assert cells(path)[0] == [[shown]]


def test_a_label_that_may_be_cut_short_is_named(tmp_path: Path) -> None:
    welsh = "Rwy'n cytuno'n gryf â'r gosodiad am y gofal a gefais gan y cyngor a'i bartneriaid"
    welsh += " yn ystod yr ŵythnosau hyn, ac eto wedyn"
    path = sav(tmp_path / "a.sav", {"a": [1.0]}, variable_value_labels={"a": {1.0: welsh + " ac ymlaen"}})
    assert cells(path)[1] == ["a.sav: labels of 'a' may be cut short, at 120 bytes."]


def test_a_weight_variable_is_named_and_not_imported(tmp_path: Path) -> None:
    path = sav(tmp_path / "a.sav", {"a": [1.0], "long": ["x" * 20], "w": [1.5]})
    assert cells(path)[1] == []
    data = bytearray(path.read_bytes())
    struct.pack_into("<i", data, 76, 5)  # one for a, three for a text of 20 bytes
    path.write_bytes(data)
    assert cells(path)[1] == [
        "a.sav: its rows are weighted by 'w', which is not imported: weight by margins."
    ]


def test_a_file_that_is_no_spss_file_is_refused(desk: Desk) -> None:
    path = desk.folder / "a.sav"
    path.write_bytes(b"a,b\n1,2\n")
    (problem,) = desk.problems(path)
    assert problem.startswith("a.sav: this is not a file of SPSS that can be read")
