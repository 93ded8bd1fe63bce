"""What is left out of the appendices is shown before an edition is frozen with them."""

from __future__ import annotations

from assessment_example import assess_plainly, new_review
from command_line import Say
from evidence_rows import Row, score, survey

from programme.database import Database
from report.withheld import Withheld, withheld

RISK, PLAN = "Risk is assessed", "The plan is up to date"


def scored(standard: str, *counts: int) -> list[Row]:
    """Rows of scores in the group of all people: so many files with 1, 2, 3 and 4."""
    return [
        score("C1", value, standard=standard, strand="all")
        for value, count in enumerate(counts, start=1)
        for _ in range(count)
    ]


def found_in(db: Database, *rows: Row) -> list[Withheld]:
    review = new_review(db, "r1", "wales-round-2", *rows)
    return withheld(db, review, assess_plainly(db, review))


def test_a_share_on_few_answers_is_shown_with_what_is_printed_instead(db: Database) -> None:
    (found,) = found_in(db, survey("S1", "Heard", 60, 5), survey("S1", "Helped", 60, 40))
    assert found.row == "Heard, Carers"
    assert found.without.startswith("60 %, 5, ")
    assert found.printed == "fewer than 10 answers"


def test_scores_that_are_joined_and_standards_that_are_left_out_are_shown(db: Database) -> None:
    found = found_in(db, *scored(RISK, 2, 6, 7, 8), *scored(PLAN, 1, 1, 0, 0))
    (columns, plan) = (one for one in found if one.table.startswith("Case files, "))
    assert columns.row == ""
    assert columns.printed.startswith("Standard, ") and columns.printed != columns.without
    assert (plan.row, plan.printed) == (PLAN, "")


def test_nothing_is_said_where_every_number_is_printed(db: Database, say: Say) -> None:
    assert found_in(db, survey("S1", "Helped", 60, 40), *scored(RISK, 6, 6, 7, 8)) == []
    done = say("publication", "withheld", "r1", "--db", db_path(db))
    assert (done.code, done.out) == (0, "Nothing is left out: no number is too small.\n")


def db_path(db: Database) -> str:
    return str(db.execute("select file from pragma_database_list where name = 'main'").fetchone()[0])


def test_the_command_shows_them_as_a_table(db: Database, say: Say) -> None:
    found_in(db, survey("S1", "Heard", 60, 5))
    done = say("publication", "withheld", "r1", "--db", db_path(db))
    assert done.code == 0
    assert "fewer than 10 answers" in done.out
