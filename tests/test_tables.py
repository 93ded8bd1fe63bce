"""Files as tables: every format read as it stands, every broken file refused with its place."""

from __future__ import annotations

import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pytest
from example_framework import write
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.formula import ArrayFormula
from text_files import book_of

from evidence.files.apart import tables_of
from evidence.files.damage import Damaged, damage
from evidence.files.encoded import SPECIAL, as_json, from_json
from evidence.files.rawtable import UNREADABLE, RawTable, header_name
from evidence.files.tables import open_tables
from rules.errors import ImportRefused
from rules.limits import MOST_PROBLEMS

Read = tuple[list[RawTable], list[list[tuple[str, list[Any]]]]]


def no_progress(done: int, total: int, what: str) -> None:
    pass


def read(path: Path, encoding: str = "utf-8") -> Read:
    with open_tables(path, encoding, no_progress) as tables:
        return tables, [list(table.rows) for table in tables]


def rows_of(path: Path, encoding: str = "utf-8") -> list[list[Any]]:
    tables, [rows] = read(path, encoding)
    assert [str(problem) for problem in tables[0].problems] == []
    return [values for _, values in rows]


def problems_of(path: Path, encoding: str = "utf-8") -> list[str]:
    """All problems of a file, whether it could be opened or not."""
    try:
        tables, _ = read(path, encoding)
    except ImportRefused as error:
        return [str(problem) for problem in error.problems]
    return [str(problem) for table in tables for problem in table.problems]


def test_headers_are_matched_without_regard_to_case_blanks_or_hyphens() -> None:
    for header in ("Recorded By", "recorded-by", " RECORDED_BY ", "recorded\u00a0by", "Recorded  by"):
        assert header_name(header) == "recorded_by"


# --- CSV -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_are_separated_by_commas_semicolons_or_tabs(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "a.csv", f"A B{delimiter}c\n1{delimiter}2\n")
    tables, [rows] = read(path)
    assert tables[0].headers == ["a_b", "c"]
    assert rows == [("a.csv, row 2", ["1", "2"])]


def test_commas_quotes_and_line_ends_may_stand_inside_quoted_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'a,b\n"one, two","say ""no""\nand go"\n3,4\n')
    _, [rows] = read(path)
    assert rows[0] == ("a.csv, row 2", ["one, two", 'say "no"\nand go'])
    assert rows[1] == ("a.csv, row 3", ["3", "4"])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_system_end_a_row(tmp_path: Path, end: str) -> None:
    assert rows_of(write(tmp_path / "a.csv", end.join(["a,b", "1,2", "3,4"]))) == [["1", "2"], ["3", "4"]]


def test_row_numbers_are_those_that_a_spreadsheet_shows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\n,\na,b\n\n1,2\n , \n3,4\n")
    assert [place for place, _ in read(path)[1][0]] == ["a.csv, row 5", "a.csv, row 7"]


def test_empty_columns_after_the_last_header_are_no_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "a,b,,\n1,2,,\n3,4, ,\n")
    assert rows_of(path) == [["1", "2"], ["3", "4"]]


def test_a_row_with_too_many_or_too_few_cells_is_named_and_the_next_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "a,b\n1,2,3\n4\n5,6\n")
    tables, [rows] = read(path)
    assert [str(p) for p in tables[0].problems] == [
        "a.csv, row 2: 3 cells under 2 headers. A text with a comma needs quotation marks around it.",
        "a.csv, row 3: 1 cell under 2 headers. An empty cell still needs its comma.",
    ]
    assert rows == [("a.csv, row 4", ["5", "6"])]


def test_a_list_in_a_cell_of_a_semicolon_file_needs_quotation_marks(tmp_path: Path) -> None:
    assert rows_of(write(tmp_path / "a.csv", 'a;b\n1;"carers;assessment"\n')) == [["1", "carers;assessment"]]
    [problem] = problems_of(write(tmp_path / "a.csv", "a;b\n1;carers;assessment\n"))
    assert "A text with a semicolon needs quotation marks" in problem


def test_a_quotation_mark_that_is_never_closed_is_named_with_its_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'a,b\n1,2\n3,"four\n5,6\n')
    tables, [rows] = read(path)
    [problem] = tables[0].problems
    assert problem.where == "a.csv, row 3"
    assert problem.message == "the quotation marks do not match: one is opened and never closed."
    assert "Close every quotation mark" in problem.hint
    assert rows == [("a.csv, row 2", ["1", "2"])]
    assert tables[0].cut_short


def test_rows_after_a_broken_one_keep_their_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'a,b\n"x" y,2\n3,"4\n5,6\n"7",8\n9,10\n')
    tables, [rows] = read(path)
    assert [p.where for p in tables[0].problems] == ["a.csv, row 2", "a.csv, row 3"]
    assert rows == [("a.csv, row 6", ["9", "10"])]


def test_a_broken_header_is_named(tmp_path: Path) -> None:
    [problem] = problems_of(write(tmp_path / "a.csv", '"a,b\n1,2\n'))
    assert problem.startswith("a.csv, row 1: the quotation marks do not match")


def test_a_long_report_fits_into_one_cell(tmp_path: Path) -> None:
    text = "word " * 100_000
    assert rows_of(write(tmp_path / "a.csv", f"a,b\n1,{text}\n")) == [["1", text]]


WELSH = "Tŷ Gŵyr, dôr"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_files_are_read_whichever_way_they_were_saved(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.csv", f'a,b\n"{WELSH}",2\n'.encode(encoding))
    given = encoding if encoding in ("utf-16-le", "utf-16-be") else "utf-8"
    assert rows_of(path, given) == [[WELSH, "2"]]


def test_a_file_of_an_older_excel_is_refused_with_the_option_that_reads_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "a,b\n1,2\nCaffi dôr,caffè\n".encode("cp1252"))
    [problem] = problems_of(path)
    assert problem.startswith("a.csv, line 3: this is not utf-8 text (byte 0xf4).")
    assert "cp1252" in problem and "Part.ENCODING" in problem and "CSV UTF-8" in problem
    assert rows_of(path, "cp1252") == [["1", "2"], ["Caffi dôr", "caffè"]]


def test_a_file_that_says_its_encoding_is_believed_whatever_was_given_for_others(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path = write(tmp_path / "a.csv", f'a,b\n"{WELSH}",2\n'.encode(encoding))
        assert rows_of(path, "cp1252") == [[WELSH, "2"]]


def test_bytes_that_the_given_encoding_does_not_have_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"a,b\n1,\x81\xff\n")
    [problem] = problems_of(path, "cp1252")
    assert "line 2: this is not cp1252 text (byte 0x81)" in problem


def test_a_broken_byte_far_down_does_not_hide_what_stands_above(tmp_path: Path) -> None:
    lines = [b"a,b"] + [b"1,2"] * 5_000 + [b"1,\xe9"] + [b"1,2"] * 10
    tables, [rows] = read(write(tmp_path / "a.csv", b"\n".join(lines)))
    assert [p.where for p in tables[0].problems] == ["a.csv, line 5002"]
    assert tables[0].cut_short
    assert 1_000 < len(rows) <= 5_000


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "a,b\n1,2\n")
    for encoding in ("latin-99", "hex", "", "a\x00b"):
        [problem] = problems_of(path, encoding)
        assert "is not known" in problem and "cp1252" in problem


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_binary_file_is_refused_as_what_it_is(tmp_path: Path, encoding: str) -> None:
    [problem] = problems_of(write(tmp_path / "a.csv", bytes(range(256)) * 10), encoding)
    assert "this is not a text file" in problem
    [problem] = problems_of(write(tmp_path / "a.csv", b"PK\x03\x04 and so on"), encoding)
    assert "must end with .xlsx" in problem


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    for text in ("", "\n\n", " ,, \n\n", "\ufeff"):
        for name in ("a.csv",) if text else ("a.csv", "a.xlsx", "a.yml", "a.json"):
            assert problems_of(write(tmp_path / name, text)) == [f"{name}: the file is empty."]


def test_a_file_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "findings.csv", "a\n1\n")
    [problem] = problems_of(tmp_path / "finding.csv")
    assert "there is no file" in problem and problem.endswith("Did you mean 'findings.csv'?")
    [problem] = problems_of(tmp_path / "nowhere" / "finding.csv")
    assert problem.endswith("there is no file " + str(tmp_path / "nowhere" / "finding.csv") + ".")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evidence.csv").mkdir()
    [problem] = problems_of(tmp_path / "evidence.csv")
    assert "is a folder" in problem and "Give the files in it" in problem
    assert problems_of(Path()) == [".: . is a folder. Give the files in it."]


@pytest.mark.parametrize("name", ["a.pdf", "a.dat", "a"])
def test_other_types_of_file_are_refused_with_those_that_are_read(tmp_path: Path, name: str) -> None:
    [problem] = problems_of(write(tmp_path / name, "a,b\n1,2\n"))
    assert "are not read" in problem and ".csv, .tsv, .xlsx, .ods, .yml or .json" in problem


@pytest.mark.parametrize("name", ["a.xls", "a.xlsb", "a.fods", "a.numbers"])
def test_other_spreadsheets_are_refused_with_what_to_save_them_as(tmp_path: Path, name: str) -> None:
    [problem] = problems_of(write(tmp_path / name, "x"))
    assert f"({name[1:]}), which is not read. " in problem and problem.endswith((" .xlsx.", " .ods."))


def test_a_type_may_be_written_in_capitals(tmp_path: Path) -> None:
    assert rows_of(write(tmp_path / "A.CSV", "a,b\n1,2\n")) == [["1", "2"]]


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.csv", "a,b\n1,2\n")

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    refused = "a.csv: the file cannot be read"
    with pytest.raises(ImportRefused, match=refused), tables_of(path, "utf-8", no_progress, "a.csv"):
        pass


# --- XLSX ----------------------------------------------------------------------------------------------


def workbook(path: Path, *rows: Iterable[Any], change: Callable[[Any], None] | None = None) -> Path:
    book = book_of(rows, change, title="findings")
    book.save(path)
    return path


def test_a_sheet_is_read_as_it_stands(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx", ["A B", "c", "d"], ["one", 2, 2.5], [None, None, None], [WELSH, True]
    )
    tables, [rows] = read(path)
    assert (tables[0].name, tables[0].headers) == ("findings", ["a_b", "c", "d"])
    assert rows == [
        ("a.xlsx, sheet 'findings', row 2", ["one", 2, 2.5]),
        ("a.xlsx, sheet 'findings', row 4", [WELSH, "true", ""]),
    ]


def test_a_cell_formatted_as_a_percentage_is_one(tmp_path: Path) -> None:
    def format_cells(sheet: Any) -> None:
        for cell, shown in {"A2": "0%", "B2": "0.00%", "C2": '0"%"', "D2": "General", "E2": r"0\%"}.items():
            sheet[cell].number_format = shown

    path = workbook(
        tmp_path / "a.xlsx", ["a", "b", "c", "d", "e"], [0.78, 0.123456789, 78, 0.78, 78], change=format_cells
    )
    assert rows_of(path) == [["78%", "12.35%", "78%", 0.78, "78%"]]


def test_date_cells_are_dates(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["a", "b"], [date(2004, 5, 31), time(9, 30)])
    assert rows_of(path) == [[datetime(2004, 5, 31), "9:30:00"]]


def test_formulas_and_errors_are_named_with_their_column(tmp_path: Path) -> None:
    def array(sheet: Any) -> None:
        sheet["A3"] = ArrayFormula("A3:A3", "=SUM(B2:B2*2)")

    path = workbook(tmp_path / "a.xlsx", ["a", "b"], ["=1+1", 2], ["", "#N/A"], change=array)
    tables, [rows] = read(path)
    never = "the formula was never computed. Open the workbook in a spreadsheet program and save it."
    assert [str(p) for p in tables[0].problems] == [
        f"a.xlsx, sheet 'findings', row 2, column 'a': {never}",
        f"a.xlsx, sheet 'findings', row 3, column 'a': {never}",
        "a.xlsx, sheet 'findings', row 3, column 'b': the cell holds the error #N/A. Correct the cell.",
    ]
    assert rows[0][1] == [UNREADABLE, 2]


def test_merged_cells_are_named_and_not_taken_for_empty_ones(tmp_path: Path) -> None:
    path = workbook(
        *(tmp_path / "a.xlsx", ["a", "b", "c"], ["x", 1, 2], [None, 3, 4], [None, 5, None]),
        change=lambda sheet: (sheet.merge_cells("A2:A4"), sheet.merge_cells("B4:C4")),
    )
    tables, [rows] = read(path)
    assert sorted(str(p) for p in tables[0].problems) == [
        "a.xlsx, sheet 'findings', cells A2:A4: they are merged. Unmerge them; fill every cell.",
        "a.xlsx, sheet 'findings', cells B4:C4: they are merged. Unmerge them; fill every cell.",
    ]
    found = [values for _, values in rows]
    assert found == [["x", 1, 2], [UNREADABLE, 3, 4], [UNREADABLE, 5, UNREADABLE]]


def test_a_value_under_no_header_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["a", "b"], [1, 2, 3], [4, 5, ""])
    assert problems_of(path) == ["a.xlsx, sheet 'findings', row 2, cell C2: this value has no header."]


def test_every_sheet_with_something_on_it_is_a_table(tmp_path: Path) -> None:
    book = Workbook()
    for name in ("sources", "findings", "empty"):
        book.create_sheet(name)
    book["sources"].append(["source", "title"])
    book["findings"].append([])
    book["findings"].append(["locator"])
    book["findings"].append(["p. 1"])
    book.save(tmp_path / "a.xlsx")
    tables, rows = read(tmp_path / "a.xlsx")
    assert [table.name for table in tables] == ["sources", "findings"]
    assert rows == [[], [("a.xlsx, sheet 'findings', row 3", ["p. 1"])]]


def test_a_workbook_without_any_table_is_refused(tmp_path: Path) -> None:
    assert problems_of(workbook(tmp_path / "a.xlsx")) == ["a.xlsx: no sheet of the workbook holds a table."]


@pytest.mark.parametrize(
    "where", ["evidence.files.xlsx.Workbook._read_book", "evidence.files.xlsx._Cells.handle"]
)
def test_a_workbook_that_needs_too_much_memory_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path = workbook(tmp_path / "a.xlsx", ["a"], [1])

    def too_much(*args: Any, **kwargs: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(where, too_much)
    with pytest.raises(MemoryError), tables_of(path, "utf-8", no_progress, "a.xlsx") as tables:
        list(tables[0].rows)


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"PK\x03\x04 cut off", b"\xd0\xcf\x11\xe0 an old one"])
def test_what_only_looks_like_a_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    [problem] = problems_of(write(tmp_path / "a.xlsx", content))
    assert "this is not an .xlsx workbook" in problem and "Save it again as .xlsx" in problem
    assert "parts of it are missing, or were changed" in problem or "Excel before 2007" in problem


def test_a_damaged_workbook_is_refused_wherever_the_damage_is(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "a.xlsx", ["a", "b"], *([i, f"text {i}"] for i in range(300))).read_bytes()
    for cut in range(0, len(whole), len(whole) // 15):
        broken = whole[:cut] + bytes(16) + whole[cut + 16 :]
        path = write(tmp_path / "b.xlsx", broken)
        try:
            tables, rows = read(path)
        except ImportRefused as error:
            assert error.problems
            said = " ".join(problem.message for problem in error.problems)
        else:
            assert tables[0].problems or len(rows[0]) == 300
            said = " ".join(problem.message for problem in tables[0].problems)
        assert not re.search("Error|CRC|header|invalid|token|0x|decompress", said), said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (expat.ExpatError("mismatched tag: line 3, column 2"), "the XML in it is broken in line 3"),
        (zipfile.BadZipFile("Bad CRC-32"), "parts of it are missing, or were changed"),
        (zlib.error("Error -3"), "a packed part of it cannot be unpacked"),
        (KeyError("xl/x.xml"), "it names a part that it does not have"),
        (RuntimeError("password required for extraction"), "it has a password"),
        (Damaged("it names no workbook"), "it names no workbook"),
        (ValueError("invalid literal for int()"), "not in the places where such files have it"),
    ],
)
def test_what_a_library_says_of_a_damaged_file_is_said_in_words_of_ours(error: Exception, said: str) -> None:
    if isinstance(error, expat.ExpatError):
        error.lineno = 3
    assert said in damage(error)


# --- YAML and JSON -------------------------------------------------------------------------------------


def test_rows_stand_in_a_list_or_in_lists_by_layout(tmp_path: Path) -> None:
    alone = [{"Source": "S1", "title": WELSH}, {"source": "S2", "domains": ["carers", "assessment"]}]
    for name, write_text in (("a.yml", json.dumps), ("a.yaml", json.dumps), ("a.json", json.dumps)):
        tables, [rows] = read(write(tmp_path / name, write_text(alone, ensure_ascii=False)))
        assert (tables[0].name, tables[0].headers) == ("a", ["source", "title", "domains"])
        assert [v for _, v in rows] == [["S1", WELSH, ""], ["S2", "", ["carers", "assessment"]]]
        tables, rows_by_name = read(write(tmp_path / name, write_text({"sources": alone, "tags": []})))
        assert [(table.name, table.file) for table in tables] == [("sources", name), ("tags", name)]
        assert [len(rows) for rows in rows_by_name] == [2, 0]


def test_values_of_yaml_stay_as_they_are_written(tmp_path: Path) -> None:
    text = """
- {a: 0012, b: 12:30, c: no, d: 2004-05-31, e: 1_000, f: ~, g: "", h: "null", i: null, j: '1'}
- a: |
    two
    lines
  b:
"""
    rows = rows_of(write(tmp_path / "a.yml", text))
    assert rows[0] == ["0012", "12:30", "no", "2004-05-31", "1_000", "", "", "null", "", "1"]
    assert rows[1] == ["two\nlines\n", *[""] * 9]


def test_places_in_yaml_have_lines(tmp_path: Path) -> None:
    _, [rows] = read(write(tmp_path / "a.yml", "# two rows\nfindings:\n- a: 1\n\n- a: 2\n"))
    assert [place for place, _ in rows] == ["a.yml, findings 1, line 3", "a.yml, findings 2, line 5"]


def test_values_of_json_are_texts_numbers_and_lists(tmp_path: Path) -> None:
    found = rows_of(write(tmp_path / "a.json", '[{"a": null, "b": true, "c": 1.5, "d": 12, "e": {"f": 1}}]'))
    assert found == [["", "true", 1.5, 12, {"f": 1}]]


def test_numbers_of_json_beyond_all_measure_do_no_harm(tmp_path: Path) -> None:
    [row] = rows_of(write(tmp_path / "a.json", f'[{{"a": {"9" * 5000}, "b": NaN, "c": -Infinity}}]'))
    assert row == ["9" * 5000, "NaN", "-Infinity"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", '[{"a": 1},\n{"a" 2}]', "a.json, line 2: this is not JSON"),
        ("a.json", "[1, 2]", "a.json, a 1: this is not a row (key: value)."),
        ("a.json", '"text"', "is not a list of rows"),
        ("a.json", '{"findings": {"a": 1}}', "'findings' is not a list of rows"),
        ("a.json", '{"tags": [], "tags": []}', "the key 'tags' appears twice"),
        ("a.json", '[{"a": 1, "A": 2}]', "a.json, a 1: the key 'A' appears twice"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", b"\xff\xfe[", "a.json, line 1: this is not UTF-8 text."),
        ("a.yml", "- a: 1\n  b: [1\n- c", "a.yml, line 4: this is not YAML"),
        ("a.yml", "- a: 1\n  a: 2\n", "a.yml, a 1, line 1: the key 'a' appears twice"),
        (
            "a.yml",
            "findings:\n- a: 1\nfindings:\n- a: 1\n",
            "a.yml, line 4: the key 'findings' appears twice",
        ),
        ("a.yml", "- one\n- a: 1\n", "a.yml, a 1, line 1: this is not a row"),
        ("a.yml", "just a text", "a.yml, line 1: this is not a list of rows."),
        ("a.yml", "findings: 3", "a.yml, line 1: 'findings' is not a list of rows."),
        ("a.yml", "# nothing\n", "a.yml: the file is empty."),
        ("a.yml", "~\n", "a.yml: the file is empty."),
        ("a.yml", "- a: 1\n---\n- a: 2\n", "a.yml, line 2: a second document (---) begins here."),
        ("a.yml", "- &x\n  a: 1\n- *x\n", "a.yml, line 3: the shorthand *x is not read"),
        ("a.yml", "- a: &x 1\n  b: *x\n", "a.yml, line 2: the shorthand *x is not read"),
        ("a.yml", "*x\n", "a.yml"),
        ("a.yml", "- ? [a, b]\n  : 1\n", "a.yml, line 1: a plain word is expected here."),
        ("a.yml", b"- a: \x00\n", "a.yml"),
        ("a.yml", b"- a: \xe9\n", "a.yml, line 1: this is not UTF-8 text."),
        ("a.yml", "[" * 100_000, "a.yml"),
        ("a.yml", "- a:\n" + "".join(" " * i + "- \n" for i in range(2, 2000)), ""),
    ],
)
def test_broken_lists_are_refused_with_their_place(
    tmp_path: Path, name: str, text: str | bytes, words: str
) -> None:
    found = problems_of(write(tmp_path / name, text))
    if words:
        assert len(found) >= 1
        assert words in found[0]


@pytest.mark.parametrize(("name", "text"), [("a.yml", "- x\n" * 500), ("a.json", f"[{'1,' * 499}1]")])
def test_entries_that_are_no_rows_are_all_counted(tmp_path: Path, name: str, text: str) -> None:
    [table], [rows] = read(write(tmp_path / name, text))
    assert not rows and len(table.problems) == MOST_PROBLEMS
    assert len(table.problems) + table.more == 500


def test_letters_of_every_kind_are_handed_over_in_as_many_bytes_as_they_have() -> None:
    said = {"pages": ["ŵ中😀" * 1_000, "\ud800"]}
    assert len(as_json(said)) < 9_100
    assert from_json(as_json(said)) == said


def test_keys_within_keys_are_left_for_the_layout_to_refuse(tmp_path: Path) -> None:
    for name, text in (("a.yml", "- a: {b: {c: 1}}\n  d: [[1], 2]\n"), ("a.json", '[{"a": {"b": 1}}]')):
        [row] = rows_of(write(tmp_path / name, text))
        assert isinstance(row[0], dict)


def test_an_object_of_a_file_is_never_taken_for_a_value_that_was_handed_over(tmp_path: Path) -> None:
    """Nor for a cell that was reported already, whose row would be left out without a word."""
    for said in ({SPECIAL: ""}, {SPECIAL: "date", "is": "2020-01-01"}, {SPECIAL: ["a"]}, {SPECIAL: "none"}):
        path = write(tmp_path / "a.json", json.dumps([{"a": said}, {"a": [said]}]))
        [[one], [[other]]] = rows_of(path)
        assert one == said and other == [[name, value] for name, value in said.items()]


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=200))
@example(b"- a: 'x\n")
@example(b"%YAML 2.0\n---\n- a: 1")
@example(b'{"a": [{"b": "\\ud800"}]}')
def test_no_bytes_end_in_anything_but_rows_or_problems(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "bytes"
    folder.mkdir(exist_ok=True)
    for name in ("a.csv", "a.yml", "a.json"):
        for encoding in ("utf-8", "cp1252", "utf-16") if name == "a.csv" else ("utf-8",):
            problems_of(write(folder / name, content), encoding)


def test_files_are_closed_when_reading_stops_half_way(tmp_path: Path) -> None:
    csv = write(tmp_path / "a.csv", "a,b\n" + "1,2\n" * 100_000)
    xlsx = workbook(tmp_path / "a.xlsx", ["a"], *([i] for i in range(500)))
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for path in (csv, xlsx):
        with open_tables(path, "utf-8", no_progress) as tables:
            next(tables[0].rows)
        del tables
    after = len(os.listdir("/proc/self/fd")) if before else 0
    assert after == before


def test_progress_tells_how_far_reading_has_got(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    path = write(tmp_path / "a.csv", "a,b\n" + "1,2\n" * 10_000)
    with open_tables(path, "utf-8", lambda *found: told.append(found)) as tables:
        assert len(list(tables[0].rows)) == 10_000
    done, total, what = told[-1]
    assert done == total == path.stat().st_size
    assert what == "reading a.csv"
    assert [step for step, _, _ in told] == sorted(step for step, _, _ in told)
