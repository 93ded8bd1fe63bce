"""Dates that could be two: read as the others of their column show, or as the person importing says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from assessment_example import AT, new_review
from command_line import Say

from evidence.intake import times
from evidence.intake.importing import import_files
from programme.calendar import DateOrder
from programme.database import Database
from programme.reviews import Review
from rules.errors import ImportRefused

DAY_FIRST, MONTH_FIRST = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST


@pytest.fixture
def review(db: Database) -> Review:
    return new_review(db)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def take(
    db: Database, review: Review, folder: Path, dates: Sequence[str], order: DateOrder | None = None
) -> dict[str, str]:
    """The dates of the sources of a file, by their number."""
    lines = [f"A-{number},Report,document,{dated}" for number, dated in enumerate(dates, start=1)]
    path = folder / "sources.csv"
    path.write_text("\n".join(["source,title,kind,dated", *lines]), encoding="utf-8")
    import_files(db, review, [path], by="lead", at=AT, dates=order)
    return dict(db.execute("select ref, dated from source where ref glob 'A-*' and dated is not null"))


def refused(
    db: Database, review: Review, folder: Path, dates: Sequence[str], order: DateOrder | None = None
) -> list[str]:
    with pytest.raises(ImportRefused) as found:
        take(db, review, folder, dates, order)
    assert db.execute("select count(*) from source where ref glob 'A-*'").fetchone() == (0,)
    return [f"{problem.where}: {problem.message}" for problem in found.value.problems]


def test_another_date_of_the_column_shows_that_the_day_comes_first(
    db: Database, review: Review, folder: Path
) -> None:
    found = take(db, review, folder, ["08/10/2021", "17/03/2025", "1 Maw 2026", "05.06.2020", "2020-02-01"])
    assert list(found.values()) == ["2021-10-08", "2025-03-17", "2026-03-01", "2020-06-05", "2020-02-01"]


def test_it_may_stand_far_below(db: Database, review: Review, folder: Path) -> None:
    found = take(db, review, folder, [*["08/10/2021"] * 4_500, "17/03/2025"])
    assert len(found) == 4_501 and found["A-1"] == found["A-4500"] == "2021-10-08"


def test_where_none_shows_it_every_row_is_named(db: Database, review: Review, folder: Path) -> None:
    assert refused(db, review, folder, ["08/10/2021", "2020-02-01", "08/08/2021", "01/02/2021"]) == [
        "sources.csv, row 2, column 'dated': found '08/10/2021'; expected a date.",
        "sources.csv, row 5, column 'dated': found '01/02/2021'; expected a date.",
    ]


@pytest.mark.parametrize(("order", "day"), [(DAY_FIRST, "2021-10-08"), (MONTH_FIRST, "2021-08-10")])
def test_whoever_imports_can_say_the_order(
    db: Database, review: Review, folder: Path, order: DateOrder, day: str
) -> None:
    assert take(db, review, folder, ["08/10/2021"], order) == {"A-1": day}


def test_a_date_in_the_other_order_is_refused_then(db: Database, review: Review, folder: Path) -> None:
    assert refused(db, review, folder, ["08/10/2021", "12/13/2024"], DAY_FIRST) == [
        "sources.csv, row 3, column 'dated': found '12/13/2024'; expected a date with the day first."
    ]


def test_both_orders_in_one_column_are_refused_and_both_rows_named(
    db: Database, review: Review, folder: Path
) -> None:
    assert refused(db, review, folder, ["2020-02-01", "13/12/2024", "12/13/2024"]) == [
        "sources.csv, row 4, column 'dated': '12/13/2024' has the month first, and '13/12/2024'"
        " (sources.csv, row 3) the day."
    ]


def test_that_the_month_comes_first_is_never_taken_from_a_slip(
    db: Database, review: Review, folder: Path
) -> None:
    [said] = refused(db, review, folder, ["08/10/2021", "12/13/2024"])
    assert "row 2" in said and "'08/10/2021'" in said
    assert take(db, review, folder, ["12/13/2024"]) == {"A-1": "2024-12-13"}


def test_too_many_rows_in_doubt_are_refused_rather_than_kept(
    db: Database, review: Review, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "MOST_WAITING", 10)
    [said] = refused(db, review, folder, ["08/10/2021"] * 20)
    assert said.startswith("sources.csv, rows 2-21, column 'dated': ")


# --- periods -----------------------------------------------------------------------------------------------


def periods(
    db: Database, review: Review, folder: Path, written: Sequence[str], dates: DateOrder | None = None
) -> list[tuple[str, str]]:
    lines = [f"N1,row {number},I{number},{words},5,higher" for number, words in enumerate(written)]
    path = folder / "indicators.csv"
    path.write_text("\n".join(["source,locator,indicator,period,value,better", *lines]), encoding="utf-8")
    import_files(db, review, [path], by="lead", at=AT, dates=dates)
    return db.execute("select begins, ends from evidence where kind = 'indicator' order by id").fetchall()


def test_periods_are_read_by_their_column_too(db: Database, review: Review, folder: Path) -> None:
    found = periods(db, review, folder, ["30/11/2025", "08/10/2021"])
    assert sorted(begins for begins, _ in found) == ["2021-10-08", "2025-11-30"]


def test_the_same_words_on_another_day_are_another_item(db: Database, review: Review, folder: Path) -> None:
    path = folder / "indicators.csv"
    row = "N1,row 1,Waits,08/10/2021,5,higher"
    path.write_text(f"source,locator,indicator,period,value,better\n{row}\n", encoding="utf-8")
    import_files(db, review, [path], by="lead", at=AT, dates=DAY_FIRST)
    again = import_files(db, review, [path], by="lead", at=AT, dates=DAY_FIRST)
    assert again.already_there == 1
    with pytest.raises(ImportRefused, match="different content"):
        import_files(db, review, [path], by="lead", at=AT, dates=MONTH_FIRST)


@pytest.mark.parametrize(
    ("written", "begins"),
    [
        (["2011-12"], "2011-04-01"),
        (["2011-12", "2012-13"], "2011-04-01"),
        (["2011-12", "2011-11", "2012-01"], "2011-12-01"),
        (["2016-18", "2017-19"], "2016-01-01"),
        (["2007-09"], "2007-09-01"),
        (["2007-09", "2019-05"], "2007-09-01"),
        (["2007-09", "2011-13"], "2007-01-01"),
        (["2003-04", "2003-05", "2003-06"], "2003-04-01"),
        (["W/E 05/01/2024", "W/E 19/01/2024"], "2023-12-30"),
        (["05/01/2019 to 06/02/2019", "13/05/2019 to 05/06/2019"], "2019-01-05"),
        (["Hydref 2023"], "2023-10-01"),
        (["Hydref 2023", "Medi 2023"], "2023-10-01"),
        (["Hydref 2023", "Gwanwyn 2023"], "2023-09-01"),
    ],
)
def test_others_show_whether_it_is_a_month(
    db: Database, review: Review, folder: Path, written: list[str], begins: str
) -> None:
    assert periods(db, review, folder, written)[0][0] == begins


@pytest.mark.parametrize(
    "written",
    [
        ["2011-12", "2011-11", "2012-13"],
        ["2007-09", "2008-10"],
        ["2007-09", "2011-13", "2019-05"],
        ["Hydref 2023", "Gwanwyn 2023", "Medi 2023"],
        ["2011-12", *["2012-13"] * 2_500, "2011-11"],
    ],
)
def test_where_others_show_both_it_is_refused(
    db: Database, review: Review, folder: Path, written: list[str]
) -> None:
    with pytest.raises(ImportRefused, match="could be two periods"):
        periods(db, review, folder, written)


def test_dates_within_a_period_have_an_order_too(db: Database, review: Review, folder: Path) -> None:
    with pytest.raises(ImportRefused, match="05/01/2024 could be two dates"):
        periods(db, review, folder, ["Week ending 05/01/2024"])
    assert periods(db, review, folder, ["Week ending 05/01/2024"], dates=DAY_FIRST) == [
        ("2023-12-30", "2024-01-05")
    ]


def test_the_command_takes_the_order_and_says_how_to_give_it(
    db: Database, review: Review, folder: Path, say: Say
) -> None:
    path = folder / "sources.csv"
    path.write_text("source,title,kind,dated\nA-1,Report,document,08/10/2021\n", encoding="utf-8")
    words = ("evidence", "import", "r1", str(path), "--db", str(folder / "programme.db"))
    code, _, error = say(*words)
    assert (code, "--dates day-first" in error) == (1, True)
    assert say(*words, "--dates", "day-first")[0] == 0
    assert say(*words, "--dates", "first")[0] == 2


def test_one_source_can_be_added_with_the_order_of_its_date(
    db: Database, review: Review, folder: Path, say: Say
) -> None:
    given = ("source=A-1", "title=Report", "kind=document", "dated=08/10/2021")
    words = ("evidence", "add", "r1", "sources", *given, "--db", str(folder / "programme.db"))
    code, _, error = say(*words)
    assert (code, "--dates day-first" in error) == (1, True)
    assert say(*words, "--dates", "month-first")[0] == 0
    assert db.execute("select dated from source where ref = 'A-1'").fetchone() == ("2021-08-10",)
