"""The appendices of a report: made from what a run counted, with nobody to be told from a small number."""

from __future__ import annotations

import re

import pytest
from assessment_example import add, assess_plainly, new_review
from evidence_rows import Row, score, survey
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment.runs.run import Run
from programme.database import Database
from programme.reviews import Review
from report.appendices import (
    appendices,
    case_file_tables,
    files_read,
    natural,
    sources_table,
    spread_table,
    survey_figures,
    survey_table,
)
from report.model import Language, Table, Words
from report.practice import Disclosure

RULES = Disclosure(fewest_answers=10, fewest_files=5, place="ours")
RISK, PLAN = "Risk is assessed", "The plan is up to date"


def cells(table: Table, lang: Language = "en") -> list[list[str]]:
    """Header and rows of a table, in words."""
    header = [column.title.spoken(lang)[0] for column in table.columns]
    return [header, *([cell.spoken(lang)[0] for cell in row] for row in table.rows)]


def scored(standard: str, strand: str, *counts: int) -> list[Row]:
    """Rows of scores: so many files with 1, 2, 3 and 4."""
    found = []
    for value, count in enumerate(counts, start=1):
        found += [score("C1", value, standard=standard, strand=strand) for _ in range(count)]
    return found


def tables_of(db: Database, *rows: Row) -> list[list[list[str]]]:
    review = new_review(db, "r1", "wales-round-2", *rows)
    run = assess_plainly(db, review)
    return [cells(table) for table in case_file_tables(db, review, run, run.policy.framework, RULES)]


# Sources


def test_sources_are_listed_by_their_numbers_with_kind_date_and_status(db: Database) -> None:
    more = [
        {"source": f"D{number}", "title": f"Paper {number}", "kind": "document", "dated": "2004-05-31"}
        for number in (10, 2)
    ]
    review = new_review(db, "r1", "wales-round-2", *({**row, "status": "authorised"} for row in more))
    table = sources_table(db, review, assess_plainly(db, review))
    listed = [row for row in cells(table)[1:] if row[0].startswith("D")]
    assert ["D2", "Paper 2", "Document", "31 May 2004", "Authorised"] in listed
    assert [row[0] for row in listed] == sorted((row[0] for row in listed), key=natural)
    welsh = [row for row in cells(table, "cy")[1:] if row[0] == "D2"]
    assert welsh == [["D2", "Paper 2", "Dogfen", "31 Mai 2004", "Awdurdodwyd"]]


def test_a_name_in_the_title_of_a_source_is_left_out(db: Database) -> None:
    row = {"source": "D9", "title": "Letter of the cabinet member", "kind": "document"}
    review = new_review(db, "r1", "wales-round-2", row)
    table = sources_table(
        db,
        review,
        assess_plainly(db, review),
        names=lambda text: ["cabinet member"] if "cabinet" in text else [],
    )
    assert ["D9", "Letter of the [name left out]"] in [found[:2] for found in cells(table)]


def test_a_source_that_came_after_the_run_is_not_in_its_report(db: Database) -> None:
    review = new_review(db)
    run = assess_plainly(db, review)
    add(db, review, {"source": "D9", "title": "Later", "kind": "document"})
    assert "D9" not in [row[0] for row in cells(sources_table(db, review, run))]


# Survey results


@pytest.fixture
def surveyed(db: Database) -> tuple[Database, Review, Run]:
    """A review with survey results and two others to compare it with."""
    for key, positive in (("o1", 40), ("o2", 81.5)):
        new_review(db, key, "wales-round-2", survey("S1", "Had a break", positive, 100))
    review = new_review(
        db,
        "r1",
        "wales-round-2",
        survey("S1", "Had a break", 62.4, 210),
        survey("S1", "Was asked", 50, 8),
        survey("S1", "Was told", 70),
    )
    return db, review, assess_plainly(db, review)


def test_shares_stand_beside_answers_interval_and_the_other_reviews(
    surveyed: tuple[Database, Review, Run],
) -> None:
    table = survey_table(*surveyed, RULES)
    rows = {row[0]: row[1:] for row in cells(table)[1:]}
    assert rows["Had a break"] == ["Carers", "62.4 %", "210", "56–69 %", "81.5 %", "60.75 %", "40 %"]
    assert rows["Was told"][:4] == ["Carers", "70 %", "", ""], "its base was not published"


def test_a_share_on_few_answers_is_not_printed_nor_what_it_follows_from(
    surveyed: tuple[Database, Review, Run],
) -> None:
    table = survey_table(*surveyed, RULES)
    rows = {row[0]: row[1:] for row in cells(table)[1:]}
    assert rows["Was asked"] == ["Carers", "fewer than 10 answers", "", "", "", "", ""]
    assert table.note.en == "Shares with fewer than 10 answers are not printed."
    assert {row[0]: row[2] for row in cells(table, "cy")[1:]}["Was asked"] == "llai na 10 ateb"
    strict = Disclosure(fewest_answers=300, fewest_files=5, place="ours")
    printed = survey_table(*surveyed, strict)
    assert {row[0]: row[2] for row in cells(printed)[1:]}["Had a break"] == "fewer than 300 answers"


def test_a_share_of_which_less_is_better_says_so_and_comes_last(db: Database) -> None:
    review = new_review(
        db,
        "r1",
        "wales-round-2",
        survey("S1", "Waited long", 80, 100, better="lower"),
        survey("S1", "Was asked", 50, 100),
    )
    run = assess_plainly(db, review)
    (figure,) = survey_figures(db, review, run, RULES).values()
    labels = ["Was asked (Carers)", "Waited long (Carers; less is better)"]
    assert [bar.label.en for bar in figure.bars] == labels
    assert "Waited long (Carers; gorau po leiaf) 80 %" in figure.alt.cy
    assert [row[0] for row in cells(survey_table(db, review, run, RULES))[1:]] == [
        "Waited long (less is better)",
        "Was asked",
    ]


def test_charts_show_what_may_be_printed_highest_first(surveyed: tuple[Database, Review, Run]) -> None:
    figure = survey_figures(*surveyed, RULES)["carers"]
    assert [(bar.label.en, bar.shown.en) for bar in figure.bars] == [
        ("Was told (Carers)", "70 %"),
        ("Had a break (Carers)", "62.4 %"),
    ]
    assert (figure.bars[1].worst, figure.bars[1].best) == (40.0, 81.5)
    assert "Was asked" not in figure.alt.en


def test_an_item_that_the_run_did_not_count_is_in_no_appendix(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", survey("S1", "Had a break", 62.4, 210))
    run = assess_plainly(db, review)
    add(db, review, survey("S1", "Came later", 50, 100))
    assert [row[0] for row in cells(survey_table(db, review, run, RULES))] == ["Question", "Had a break"]


# Case files


def test_scores_are_spread_over_columns_that_hold_enough_files(db: Database) -> None:
    files, spread = tables_of(
        db,
        *scored(RISK, "carers", 6, 5, 9, 5),
        *scored(PLAN, "carers", 5, 7, 8, 5),
    )
    assert files == [["Group of people", "Files"], ["Carers", "25"]]
    assert spread == [
        ["Standard", "Score 1", "Score 2", "Score 3", "Score 4", "Share at 3 or more"],
        [RISK, "6", "5", "9", "5", "56 %"],
        [PLAN, "5", "7", "8", "5", "52 %"],
    ]


def test_scores_with_few_files_are_joined_with_their_neighbours_in_every_row_alike(db: Database) -> None:
    _, spread = tables_of(
        db,
        *scored(RISK, "carers", 1, 5, 9, 5),
        *scored(PLAN, "carers", 5, 7, 8, 0),
    )
    assert spread == [
        ["Standard", "Scores 1 to 2", "Scores 3 to 4", "Share at 3 or more"],
        [RISK, "6", "14", "70 %"],
        [PLAN, "12", "8", "40 %"],
    ]


@pytest.mark.parametrize(
    ("counts", "columns", "row"),
    [
        ((3, 3, 2, 6), ["Scores 1 to 2", "Scores 3 to 4", "Share at 3 or more"], ["6", "8", "57 %"]),
        ((5, 1, 2, 2), ["Score 1", "Scores 2 to 4"], ["5", "5"]),
        ((0, 1, 2, 4), ["Scores 1 to 4"], ["7"]),
    ],
)
def test_the_share_of_good_files_is_printed_where_it_follows_from_the_columns(
    counts: tuple[int, ...], columns: list[str], row: list[str], db: Database
) -> None:
    _, spread = tables_of(db, *scored(RISK, "carers", *counts))
    assert spread == [["Standard", *columns], [RISK, *row]]


def test_a_standard_read_in_few_files_is_left_out_and_the_table_says_so(db: Database) -> None:
    review = new_review(
        db, "r1", "wales-round-2", *scored(RISK, "carers", 5, 6, 7, 8), *scored(PLAN, "carers", 1, 1, 1, 1)
    )
    run = assess_plainly(db, review)
    _, spread = case_file_tables(db, review, run, run.policy.framework, RULES)
    assert [row[0] for row in cells(spread)] == ["Standard", RISK]
    assert spread.note.en == "4 is the best score. Standards scored in fewer than 5 files are left out."


def test_a_group_with_few_files_hides_another_and_both_their_tables(db: Database) -> None:
    # All files can be counted in appendix A: without a second one hidden, the first would follow.
    tables = tables_of(
        db,
        *scored(RISK, "carers", 5, 5, 5, 5),
        *scored(RISK, "older-people", 0, 3, 3, 3),
        *scored(RISK, "children-and-families", 1, 1, 0, 0),
    )
    printed = dict(tables[0][1:])
    assert sorted(printed.values()) == ["20", "not printed", "not printed"]
    assert printed["Carers"] == "20"
    assert len(tables) == 2, "the files of a group that is hidden could be counted in its scores"


def test_without_case_files_the_appendix_says_so(db: Database) -> None:
    review = new_review(db)
    run = assess_plainly(db, review)
    found = appendices(db, review, run, RULES)
    (table,) = found["C"]
    assert isinstance(table, Table)
    assert (table.rows, table.empty.en) == ((), "No case files were scored.")
    assert sorted(found) == ["A", "B", "C"]


def test_a_source_with_several_scores_on_a_standard_holds_as_many_files() -> None:
    rows = [{"source_id": 1, "standard": name} for name in (RISK, RISK, PLAN)]
    rows += [{"source_id": 2, "standard": PLAN}]
    assert files_read(rows) == 3


counts = st.lists(st.integers(0, 9), min_size=4, max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(counts, min_size=1, max_size=3))
def test_no_number_of_files_and_no_share_gives_a_small_number_away(spread: list[list[int]]) -> None:
    found = [
        {"standard": f"standard {number}", "score": value}
        for number, row in enumerate(spread)
        for value, count in enumerate(row, start=1)
        for _ in range(count)
    ]
    table = spread_table("carers", Words(en="Carers"), 4, found, RULES)
    for header, row in ((cells(table)[0], row) for row in cells(table)[1:]) if table else ():
        numbers = {name: int(cell) for name, cell in zip(header, row, strict=True) if cell.isdecimal()}
        assert min(numbers.values()) >= RULES.fewest_files
        if row[-1].endswith("%"):
            good = sum(number for name, number in numbers.items() if int(re.findall(r"[0-9]", name)[0]) >= 3)
            assert row[-1] == f"{100 * good / sum(numbers.values()):.0f} %", "it follows from the columns"
