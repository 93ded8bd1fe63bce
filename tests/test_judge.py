"""Overall judgements from files of domain ratings alone, for one authority or for all of them."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from assessment_example import ENGLISH, WELSH, load_policy
from openpyxl import Workbook

from assessment.runs import judge as judge_module
from assessment.runs.judge import judge_file, write_csv
from rules.errors import ImportRefused

STATEMENTS = list(ENGLISH.framework.domains)
SERVICES = [domain.id for domain in WELSH.framework.question("services").domains]
ORGANISATION = [domain.id for domain in WELSH.framework.question("organisation").domains]

PUBLISHED = {
    # Scores in the order of the framework's nine statements, as published by the Care Quality Commission.
    "Hertfordshire": ((3, 3, 3, 3, 4, 3, 3, 3, 3), 78, "good"),
    "Windsor and Maidenhead": ((3, 3, 2, 2, 2, 3, 2, 2, 3), 62, "requires-improvement"),
    "Camden": ((3, 3, 4, 3, 4, 4, 3, 4, 4), 89, "outstanding"),
}


@pytest.fixture(autouse=True)
def evaluator_alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge without the engine, whose process takes a while to start, unless a test is about both."""
    if "both_engines" not in request.fixturenames:
        monkeypatch.setattr(judge_module, "available", lambda: False)


@pytest.fixture
def both_engines() -> None:
    """Lets a test judge with whatever engines there are."""


def written(folder: Path, headers: Sequence[str], *rows: Sequence[object], name: str = "ratings.csv") -> Path:
    lines = [",".join(f'"{cell}"' for cell in row) for row in (headers, *rows)]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


def workbook(folder: Path, sheets: dict[str, Sequence[Sequence[object]]]) -> Path:
    book = Workbook()
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.remove(book.worksheets[0])
    book.save(folder / "ratings.xlsx")
    return folder / "ratings.xlsx"


def problems(path: Path, policy: Any = ENGLISH) -> list[str]:
    with pytest.raises(ImportRefused) as caught:
        judge_file(policy, path)
    return [str(problem) for problem in caught.value.problems]


# Published assessments ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("both_engines")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_published_assessments_get_their_published_rating_from_a_file(tmp_path: Path, kind: str) -> None:
    headers = ["authority", *STATEMENTS]
    rows = [[name, *scores] for name, (scores, _, _) in PUBLISHED.items()]
    path = written(tmp_path, headers, *rows) if kind == "csv" else workbook(tmp_path, {"s": [headers, *rows]})
    found = {row.authority: row for row in judge_file(ENGLISH, path)}
    for name, (_, percent, level) in PUBLISHED.items():
        assert found[name].questions["overall"]["measures"] == {
            "score_percent": percent,
            "statements_scored": 9,
        }
        assert (found[name].questions["overall"]["level"], found[name].cell) == (level, (level,))


def test_a_judgement_comes_with_its_reason(tmp_path: Path) -> None:
    path = written(tmp_path, ["authority", *STATEMENTS], ["Hertfordshire", *PUBLISHED["Hertfordshire"][0]])
    [row] = judge_file(ENGLISH, path)
    assert row.questions["overall"]["title"] == "Good"
    assert row.questions["overall"]["because"] == (
        "Good: the scores add up to 78 % of the maximum; Outstanding needs at least 88 %."
    )


# Cells ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell", ["3", "3.0", " 3 ", "good-standard", "GOOD-STANDARD", "A good standard", "a Good Standard"]
)
def test_a_cell_holds_a_number_a_name_or_a_title(tmp_path: Path, cell: str) -> None:
    path = written(tmp_path, ["authority", *STATEMENTS], ["Camden", cell, *[3] * 8])
    assert judge_file(ENGLISH, path)[0].questions["overall"]["measures"]["score_percent"] == 75


def test_welsh_titles_are_understood(tmp_path: Path) -> None:
    path = written(tmp_path, ["authority", *SERVICES], ["Ynys Môn", *["Da ar y cyfan"] * 7])
    [row] = judge_file(WELSH, path)
    assert (row.authority, row.questions["services"]["level"]) == ("Ynys Môn", "mainly-good")


def test_headers_may_be_written_with_capitals_blanks_or_underscores(tmp_path: Path) -> None:
    headers = ["Authority", "Getting help", "ASSESSMENT", "care_planning", *SERVICES[3:]]
    [row] = judge_file(WELSH, written(tmp_path, headers, ["A", *[3] * 7]))
    assert row.questions["services"]["level"] == "mainly-good"


@pytest.mark.parametrize("value", [3, 3.0, "3", "A good standard", " good-standard"])
def test_a_workbooks_cell_may_be_a_number_or_a_text(tmp_path: Path, value: object) -> None:
    rows = [["authority", *STATEMENTS], ["Camden", value, *[3] * 8]]
    assert (
        judge_file(ENGLISH, workbook(tmp_path, {"scores": rows}))[0].questions["overall"]["level"] == "good"
    )


def test_an_empty_cell_is_a_statement_not_scored_and_eight_are_not_enough(tmp_path: Path) -> None:
    path = written(tmp_path, ["authority", *STATEMENTS], ["Camden", *[4] * 8, ""], ["Leeds", *[4] * 9])
    camden, leeds = judge_file(ENGLISH, path)
    assert (camden.questions["overall"]["level"], camden.questions["overall"]["status"], camden.cell) == (
        None,
        "insufficient",
        None,
    )
    assert camden.questions["overall"]["because"] == (
        "Not enough evidence: the number of quality statements scored is 8 (at least 9 needed)."
    )
    assert leeds.questions["overall"]["level"] == "outstanding"


# The Welsh grid -------------------------------------------------------------------------------------------


def test_ratings_of_both_questions_give_a_cell(tmp_path: Path) -> None:
    headers = ["authority", *SERVICES, *ORGANISATION]
    rows = [
        ["Both", *[3] * 7, *["uncertainly"] * 3, *["well"] * 3],
        ["Safeguarding at the lowest", *[4] * 3, 1, *[4] * 3, *[4] * 6],
        ["Services only", *[2] * 7, *[""] * 6],
        ["Nothing", *[""] * 13],
    ]
    both, lowest, only, nothing = judge_file(WELSH, written(tmp_path, headers, *rows))
    assert both.cell == ("mainly-good", "well")
    # Six of seven excellent and one poor: not all are mainly good, and the limit holds it at inconsistent.
    assert lowest.cell == ("inconsistent", "strongly")
    assert lowest.questions["services"]["because"] == (
        "Inconsistent, not Mainly good, because of a limit: safeguarding is rated Poor."
    )
    assert (only.questions["services"]["level"], only.questions["organisation"]["status"], only.cell) == (
        "inconsistent",
        "insufficient",
        None,
    )
    assert nothing.questions["services"]["status"] == "insufficient"


def test_a_column_named_like_a_question_holds_its_rating(tmp_path: Path) -> None:
    path = written(tmp_path, ["authority", "services", "organisation"], ["A", "excellent", 1], ["B", "", 2])
    first, second = judge_file(WELSH, path)
    assert (first.cell, first.questions["services"]["status"]) == (("excellent", "badly"), "decided")
    assert (second.cell, second.questions["organisation"]["level"]) == (None, "uncertainly")


def test_a_question_left_to_people_is_open_until_its_column_is_filled(tmp_path: Path) -> None:
    policy = load_policy("wales-round-1")
    headers = [
        "authority",
        *(domain.id for domain in policy.framework.question("served").domains),
        "prospects",
    ]
    path = written(tmp_path, headers, ["A", 3, 3, 3, 3, ""], ["B", 3, 3, 3, 3, "promising"])
    first, second = judge_file(policy, path)
    assert (first.questions["served"]["level"], first.questions["prospects"]["status"], first.cell) == (
        "most",
        "open",
        None,
    )
    assert second.cell == ("most", "promising")


# Many at once ---------------------------------------------------------------------------------------------


def test_a_hundred_and_fifty_authorities_are_judged_at_once_as_each_alone(tmp_path: Path) -> None:
    order = random.Random(11)
    rows = [[f"Authority {n}", *order.choices([1, 2, 3, 4, ""], [3, 3, 3, 3, 0.2], k=9)] for n in range(150)]
    found = judge_file(ENGLISH, written(tmp_path, ["authority", *STATEMENTS], *rows))
    assert [row.authority for row in found] == [row[0] for row in rows]
    for row, given in zip(found, rows, strict=True):
        scores = [score for score in given[1:] if score]
        percent = -(-100 * sum(scores) // (4 * len(scores)))
        bands = [(88, "outstanding"), (63, "good"), (39, "requires-improvement"), (0, "inadequate")]
        level = next(name for floor, name in bands if percent >= floor) if len(scores) == 9 else None
        assert (row.questions["overall"]["level"], row.questions["overall"]["measures"]["score_percent"]) == (
            level,
            percent,
        )
    assert len({row.questions["overall"]["level"] for row in found}) >= 4


def test_judgements_are_written_as_csv_with_level_and_reason(tmp_path: Path) -> None:
    path = written(tmp_path, ["authority", "services", "organisation"], ["Ceredigion, y", 3, ""])
    text = io.StringIO()
    write_csv(judge_file(WELSH, path), WELSH.framework, text)
    assert text.getvalue().splitlines() == [
        "authority,services,services_because,organisation,organisation_because",
        '"Ceredigion, y",mainly-good,"Mainly good, decided by moderators; there is not enough evidence for'
        ' the rules to propose a level.",,Not enough evidence: the number of domains rated is 0'
        " (at least 4 needed).",
    ]


# What is refused ------------------------------------------------------------------------------------------


def test_all_bad_cells_are_named_at_once_with_their_places(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        ["authority", *STATEMENTS],
        ["Camden", *[3] * 8, "god-standard"],
        ["", *[3] * 9],
        ["Leeds", 5, 0, "good", *[3] * 6],
        ["Camden", *[3] * 9],
    )
    assert problems(path) == [
        "ratings.csv, row 2, column 'learning': 'god-standard' is not a level. Did you mean 'good-standard'"
        " or 'exceptional-standard'? Or a number from 1 to 4.",
        "ratings.csv, row 3, column 'authority': the name is empty.",
        "ratings.csv, row 4, column 'assessing_needs': '5' is not a level. Allowed: exceptional-standard,"
        " good-standard, significant-shortfalls, some-shortfalls. Or a number from 1 to 4.",
        "ratings.csv, row 4, column 'healthier_lives': '0' is not a level. Allowed: exceptional-standard,"
        " good-standard, significant-shortfalls, some-shortfalls. Or a number from 1 to 4.",
        "ratings.csv, row 4, column 'equity': 'good' is not a level. Did you mean 'good-standard'?"
        " Or a number from 1 to 4.",
        "ratings.csv, row 5: 'Camden' appears twice (also ratings.csv, row 2).",
    ]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (["council", *STATEMENTS], "ratings.csv, headers: the column 'authority' is missing."),
        (
            ["authority", "safegarding"],
            "cqc-local-authority has no domain 'safegarding'. Did you mean 'safeguarding' or",
        ),
        (["authority", "", *STATEMENTS], "ratings.csv, headers: column 2 has no header."),
        (["authority", "equity", "Equity"], "ratings.csv, headers: the column 'equity' appears twice."),
        (["authority", "authority", "equity"], "ratings.csv, headers: the column 'authority' appears twice."),
        (["authority"], "no column is a domain of cqc-local-authority"),
    ],
)
def test_headers_that_do_not_fit_are_refused(tmp_path: Path, headers: list[str], said: str) -> None:
    found = problems(written(tmp_path, headers, ["Camden", *[3] * (len(headers) - 1)]))
    assert any(said in problem for problem in found), found


def test_headers_may_be_the_titles_that_reports_print(tmp_path: Path) -> None:
    titles = [domain.title["en"] for domain in ENGLISH.framework.domains.values()]
    path = written(tmp_path, ["Authority", *titles], ["Camden", *PUBLISHED["Camden"][0]])
    assert judge_file(ENGLISH, path)[0].questions["overall"]["level"] == "outstanding"
    welsh = [WELSH.framework.domains[name].title["cy"] for name in SERVICES]
    [row] = judge_file(WELSH, written(tmp_path, ["authority", *welsh], ["Ynys Môn", *[3] * 7]))
    assert row.questions["services"]["level"] == "mainly-good"


def test_a_title_and_an_id_of_one_domain_are_one_column_twice(tmp_path: Path) -> None:
    headers = ["authority", "equity", "Equity in experience and outcomes"]
    assert problems(written(tmp_path, headers, ["Camden", 3, 2])) == [
        "ratings.csv, headers: the columns 'equity' and 'equity_in_experience_and_outcomes' are all the"
        " domain 'equity'."
    ]


def test_all_wrong_headers_are_said_at_once_and_a_domain_elsewhere_is_named(tmp_path: Path) -> None:
    found = problems(written(tmp_path, ["Local authority", "Assess", "Support", "Carers"], ["Bath", 3, 3, 3]))
    assert found == [
        "ratings.csv, headers: the column 'authority' is missing. Is it 'local_authority'? Write 'authority'"
        " there.",
        "ratings.csv, headers: cqc-local-authority has no domain 'assess'. Did you mean 'assessing-needs'?",
        "ratings.csv, headers: cqc-local-authority has no domain 'support'. Did you mean 'healthier-lives'?",
        "ratings.csv, headers: cqc-local-authority has no domain 'carers'. 'carers' is a domain of"
        " wales-round-2.",
    ]


@pytest.mark.parametrize("said", ["Not rated", "not-rated", "Not  yet rated", "Heb ei raddio", ""])
def test_not_rated_is_no_rating(tmp_path: Path, said: str) -> None:
    headers = ["authority", "overall", *STATEMENTS]
    [row] = judge_file(ENGLISH, written(tmp_path, headers, ["Camden", said, *[3] * 9]))
    assert (row.questions["overall"]["level"], row.questions["overall"]["status"]) == ("good", "proposed")


def test_words_of_the_overall_rating_are_no_scores_and_the_score_is_suggested(tmp_path: Path) -> None:
    words = ["Good", "Requires improvement", "Outstanding", "Inadequate"]
    path = written(tmp_path, ["authority", *STATEMENTS[:4]], ["Camden", *words])
    hints = ["good-standard", "some-shortfalls", "exceptional-standard", "significant-shortfalls"]
    for said, hint in zip(problems(path), hints, strict=True):
        assert f"Did you mean {hint!r}?" in said


def test_one_wrong_word_in_many_cells_is_said_once_with_its_count(tmp_path: Path) -> None:
    rows = [[f"Authority {number}", *["Good"] * 9] for number in range(150)]
    assert problems(written(tmp_path, ["authority", *STATEMENTS], *rows)) == [
        "ratings.csv, rows 2-151, columns 'assessing_needs', 'healthier_lives', 'equity', 'care_provision',"
        " 'partnerships' and 4 more: 'Good' is not a level. (1,350 times) Did you mean 'good-standard'?"
        " Or a number from 1 to 4."
    ]


def test_an_authority_spelled_in_two_ways_is_one(tmp_path: Path) -> None:
    rows = [["Dorset", *[3] * 9], ["  dorset ", *[2] * 9], ["ＤＯＲＳＥＴ", *[2] * 9]]
    assert problems(written(tmp_path, ["authority", *STATEMENTS], *rows)) == [
        "ratings.csv, row 3: 'dorset' appears twice (also ratings.csv, row 2, written 'Dorset').",
        "ratings.csv, row 4: 'ＤＯＲＳＥＴ' appears twice (also ratings.csv, row 2, written 'Dorset').",
    ]


def test_an_authority_in_two_sheets_is_refused(tmp_path: Path) -> None:
    rows = [["authority", *STATEMENTS], ["Camden", *[3] * 9]]
    [said] = problems(workbook(tmp_path, {"north": rows, "south": rows}))
    assert said.startswith(
        "ratings.xlsx, sheet 'south', row 2: 'Camden' appears twice (also ratings.xlsx, sheet"
    )


def test_a_file_with_headers_only_has_nobody_to_judge(tmp_path: Path) -> None:
    assert problems(written(tmp_path, ["authority", *STATEMENTS])) == [
        "ratings.csv: the file has no rows below the headers."
    ]


def test_a_row_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, ["authority", "services"], ["Bath", 3, "and North East Somerset"])
    assert "3 cells under 2 headers" in problems(path, WELSH)[0]


def test_a_formula_is_no_rating(tmp_path: Path) -> None:
    path = workbook(tmp_path, {"scores": [["authority", "services"], ["A", "=1+2"]]})
    assert any("formula" in problem for problem in problems(path, WELSH))


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    assert "there is no file" in problems(tmp_path / "nowhere.csv")[0]
