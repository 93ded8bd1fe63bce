"""Small files of offices that once went wrong, each as it came, on the command line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Say
from openpyxl import Workbook

from joint_review.opening import open_programme

SOURCES = (
    "source,title,kind,dated\nS-1,Survey of adults,survey,2023-06-30\nI-1,Interview,interview,2023-06-01\n"
)
HEADERS = "source,locator,indicator,period,value,unit,better,comparator,comparator_name,domains"
Import = Callable[..., tuple[int, str, str]]


@pytest.fixture
def take(say: Say, tmp_path: Path) -> Import:
    """Imports a file of the folder into a review with two sources."""
    there = ("--db", str(tmp_path / "p.db"))
    say("init", *there)
    say("review", "create", "x", "--authority", "X", "--framework", "wales-round-2", *there)
    (tmp_path / "sources.csv").write_text(SOURCES, encoding="utf-8")
    say("evidence", "import", "x", str(tmp_path / "sources.csv"), *there)

    def take(name: str, *more: str) -> tuple[int, str, str]:
        return say("evidence", "import", "x", str(tmp_path / name), *more, *there)

    return take


def stored(folder: Path, sql: str) -> list[tuple[object, ...]]:
    db = open_programme(folder / "p.db")
    try:
        return db.execute(sql).fetchall()
    finally:
        db.conn.close()


def with_percentages(path: Path, code: str) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADERS.split(","))
    line = ["S-1", "r1", "Satisfied", "2022/23", 0.624, "percent", "higher", 0.648, "England", "carers"]
    sheet.append(line)
    sheet["E2"].number_format = sheet["H2"].number_format = code
    book.save(path)


def test_percentages_are_those_that_people_see_in_csv_and_in_a_cell(take: Import, tmp_path: Path) -> None:
    line = "S-1,r0,Asked,2022/23,62.4%,percent,higher,64.8%,England,carers"
    (tmp_path / "indicators.csv").write_text(f"{HEADERS}\n{line}\n", encoding="utf-8")
    with_percentages(tmp_path / "indicators.xlsx", "0.0%")
    for name in ("indicators.csv", "indicators.xlsx"):
        assert take(name, "--layout", "indicators")[0] == 0
    assert stored(tmp_path, "select value, comparator from evidence") == [(62.4, 64.8)] * 2


def test_a_share_whose_format_was_removed_is_refused_and_not_taken_for_less_than_a_percent(
    take: Import, tmp_path: Path
) -> None:
    with_percentages(tmp_path / "indicators.xlsx", "General")
    code, _, error = take("indicators.xlsx", "--layout", "indicators")
    assert code == 1 and "0.624 could mean 62.4 % or 0.624 %: write '62.4%' or '0.624%'." in error
    assert stored(tmp_path, "select count(*) from evidence") == [(0,)]


def test_a_coding_sheet_that_a_spreadsheet_saved_again_comes_back_by_its_items(
    take: Import, say: Say, tmp_path: Path
) -> None:
    places = ["007", "3-4", "p. 5 – “plans”, Tŷ Gwyn"]
    table = io.StringIO()
    written = csv.writer(table)
    written.writerow(["source", "locator", "finding", "direction", "significance", "domains", "recorded_by"])
    for number, place in enumerate(places):
        written.writerow(["I-1", place, f"Finding {number}.", "weakness", 2, "carers", "Anna"])
    (tmp_path / "findings.csv").write_text(table.getvalue(), encoding="utf-8")
    assert take("findings.csv")[0] == 0
    there = ("--db", str(tmp_path / "p.db"))
    say("coding", "draw", "x", "--to", "bob", "--items", "3", *there)
    sheet = say("coding", "sheet", "x", "1", *there)[1]
    assert sheet.startswith("\ufeffsource,locator,coded_by")
    headers, *lines = csv.reader(io.StringIO(sheet.removeprefix("\ufeff")))
    # What a spreadsheet makes of 007, of 3-4, and of UTF-8 that it opens as something else.
    made = {"007": "7", "3-4": "03-Apr", places[2]: "p. 5 â€“ â€œplansâ€\x9d, TÅ· Gwyn".replace("\x9d", "")}
    again = io.StringIO()
    written = csv.writer(again)
    written.writerow(headers)
    for line in lines:
        row = dict(zip(headers, line, strict=True))
        row |= {
            "locator": made[row["locator"]],
            "direction": "weakness",
            "significance": "2",
            "domains": "carers",
        }
        written.writerow(row[name] for name in headers)
    (tmp_path / "sheet.csv").write_text(again.getvalue(), encoding="utf-8")
    code, out, error = take("sheet.csv", "--layout", "codings")
    assert code == 0, error
    assert "3 codings with a locator that no item has" in out and "found by its number" in out
    assert len(stored(tmp_path, "select distinct evidence_id from coding where coded_by = 'bob'")) == 3


def test_an_empty_value_is_no_mark_and_is_refused_with_what_to_write(take: Import, tmp_path: Path) -> None:
    """Marks are kept; that nothing is in a cell may be a slip, which nobody would be told of."""
    marks = ["[c]", "[x]", "*", "c", "..", "-", "NA"]
    lines = [
        f"S-1,r{n},Indicator {n},2022/23,{mark},percent,higher,64.8,England,carers"
        for n, mark in enumerate([*marks, ""])
    ]
    path = tmp_path / "indicators.csv"
    path.write_text("\n".join([HEADERS, *lines]), encoding="utf-8")
    code, _, error = take("indicators.csv")
    assert code == 1 and "1 problem found" in error
    assert "row 9, column 'value': found nothing; expected a number." in error
    assert "write its mark, [x] or [c] for example, or leave the row out" in " ".join(error.split())
    path.write_text("\n".join([HEADERS, *lines[:-1]]), encoding="utf-8")
    assert take("indicators.csv")[0] == 0
    kept = "select value, json_extract(marks, '$.value') from evidence order by id"
    assert stored(tmp_path, kept) == [(None, mark) for mark in marks]
