"""Spreadsheets as people see them: what a cell shows, what is hidden, and what is around a table."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from example_framework import Desk, write
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.formatting.rule import Rule
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from text_files import archive, book_of, changed

from evidence.files.formats.workbook import workbook_sections
from evidence.files.grid import Wanted
from evidence.files.rawtable import UNREADABLE, Tables
from evidence.files.sharedtexts import Strings
from evidence.files.tables import open_tables
from evidence.files.texts import GivenFile, read_texts
from programme.progress import no_progress
from rules.errors import EvidenceInvalid, ImportRefused

A_B = Wanted(frozenset(("a", "b")), frozenset(("a", "b", "c")))


CHAIN = (
    b"</Relationships>",
    b'<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"'
    b' Target="calcChain.xml"/></Relationships>',
)


class Read:
    """A file as it was read: its tables, their rows, what was left out, and what is wrong."""

    def __init__(self, path: Path, sheets: Sequence[str] = (), wanted: Sequence[Wanted] = (A_B,)) -> None:
        self.problems: list[str] = []
        self.tables = Tables()
        self.rows: list[list[list[Any]]] = []
        try:
            with open_tables(path, "utf-8", no_progress, sheets=sheets, wanted=wanted) as tables:
                self.tables = tables
                self.rows = [[values for _, values in table.rows] for table in tables]
        except ImportRefused as error:
            self.problems = [str(problem) for problem in error.problems]
        self.problems += [str(problem) for table in self.tables for problem in table.problems]

    @property
    def notes(self) -> list[str]:
        return [*self.tables.notes, *(note for table in self.tables for note in table.notes)]

    @property
    def only(self) -> list[list[Any]]:
        assert self.problems == []
        [rows] = self.rows
        return rows


# --- files, made --------------------------------------------------------------------------------------------


def xlsx(path: Path, *rows: Sequence[Any], change: Callable[[Any], None] | None = None) -> Path:
    book_of(rows, change).save(path)
    return path


def formatted(**formats: str) -> Callable[[Any], None]:
    def change(sheet: Any) -> None:
        for cell, code in formats.items():
            sheet[cell].number_format = code

    return change


def sharing(data: bytes) -> bytes:
    """The same workbook with its texts in a part of their own, as Excel writes it."""
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        parts = {info.filename: read.read(info) for info in read.infolist()}
    texts: dict[bytes, int] = {}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = re.sub(
        rb't="inlineStr"><is>(.*?)</is>',
        lambda found: b't="s"><v>%d</v>' % texts.setdefault(found[1], len(texts)),
        parts[sheet],
    )
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    items = b"".join(b"<si>" + one + b"</si>" for one in texts)
    parts["xl/sharedStrings.xml"] = b"<?xml version='1.0'?><sst " + space + b">" + items + b"</sst>"
    relations = "xl/_rels/workbook.xml.rels"
    kind = CHAIN[1].replace(b"calcChain.xml", b"sharedStrings.xml").replace(b"calcChain", b"sharedStrings")
    parts[relations] = parts[relations].replace(b"</Relationships>", kind.replace(b"rId99", b"rId98"))
    return archive(parts)


SPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in {
        **{name: name for name in ("office", "table", "text", "style")},
        "number": "datastyle",
    }.items()
)


def ods(path: Path, *tables: str, styles: str = "", parts: Mapping[str, str] | None = None) -> Path:
    """An OpenDocument spreadsheet of these tables, as XML."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {SPACES}>'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
        f"{''.join(tables)}</office:spreadsheet></office:body></office:document-content>"
    )
    kind = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}
    return write(path, archive({**kind, "content.xml": content, **(parts or {})}))


def table(*rows: str, name: str = "T", about: str = "", columns: str = "") -> str:
    return f'<table:table table:name="{name}" {about}>{columns}{"".join(rows)}</table:table>'


def row(*cells: str, about: str = "") -> str:
    return f"<table:table-row {about}>{''.join(cells)}</table:table-row>"


def text(*lines: str, about: str = "") -> str:
    said = "".join(f"<text:p>{line}</text:p>" for line in lines)
    return f'<table:table-cell office:value-type="string" {about}>{said}</table:table-cell>'


def number(value: float | str, shown: str | None = None, kind: str = "float", about: str = "") -> str:
    said = "" if shown is None else f"<text:p>{shown}</text:p>"
    about += f' office:value-type="{kind}" office:value="{value}"'
    return f"<table:table-cell {about}>{said}</table:table-cell>"


def day(value: str, shown: str) -> str:
    about = f'office:value-type="date" office:date-value="{value}"'
    return f"<table:table-cell {about}><text:p>{shown}</text:p></table:table-cell>"


HEADERS = row(text("a"), text("b"))


# --- what cells show ----------------------------------------------------------------------------------------


def test_a_figure_that_its_format_suppresses_is_not_read(tmp_path: Path) -> None:
    path = xlsx(
        *(tmp_path / "a.xlsx", ["a", "b", "c"], [3, 0, 4.4], [12, 7, 3]),
        change=formatted(
            A2='[<5]"[c]"', B2='#,##0;-#,##0;"-"', C2='[<5]"[c]";0', A3='[<5]"[c]"', B3="#,##0", C3=";;;"
        ),
    )
    assert Read(path).only == [["[c]", "-", "[c]"], ["12", "7", ""]]


def test_times_dates_and_percentages_are_what_the_cell_shows(tmp_path: Path) -> None:
    path = xlsx(
        *(tmp_path / "a.xlsx", ["a", "b", "c"], [26.5 / 24, 0.624, 78]),
        *([date(2019, 4, 3), date(2019, 4, 3), datetime(2019, 4, 3, 9, 30)], [7, -5, 1234.5]),
        change=formatted(
            **{"A2": "[h]:mm", "B2": "0.0%", "C2": '0"%"', "A3": "mmm yyyy", "B3": "dd/mm/yyyy"},
            **{"C3": "d/m/yy h:mm", "A4": "000", "B4": "0;(0)", "C4": '"£"#,##0.00'},
        ),
    )
    assert Read(path).only == [
        ["26:30", "62.4%", "78%"],
        ["Apr 2019", datetime(2019, 4, 3), datetime(2019, 4, 3, 9, 30)],
        ["007", "-5", "£1,234.50"],
    ]


def test_what_a_conditional_format_shows_is_not_guessed(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        style = DifferentialStyle(numFmt=NumberFormat(numFmtId=170, formatCode=";;;"))
        rule = Rule(type="cellIs", operator="lessThan", formula=["5"], dxf=style)
        sheet.conditional_formatting.add("B2:B9", rule)

    found = Read(xlsx(tmp_path / "a.xlsx", ["a", "b"], [3, 3], [7, "x"], change=change))
    assert found.rows == [[[3, UNREADABLE], [7, "x"]]]
    assert found.problems == [
        "a.xlsx, sheet 'T', row 2, column 'b': what the cell shows depends on a conditional format."
        " Type into the cell what it shows."
    ]


def test_line_ends_that_xml_cannot_hold_are_line_ends(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", ["a", "b"], ["one_x000D_\ntwo", "_x005F_x000D_ as typed"])
    assert Read(path).only == [["one\ntwo", "_x000D_ as typed"]]


def test_line_ends_of_exports_are_line_ends_in_every_file(desk: Desk) -> None:
    desk.load_sources()
    said = {"locator": "p. 1", "finding": "One._x000D_Two._x000D_\nThree.", "direction": "neutral"}
    desk.load_rows("findings", {"source": "I1", "significance": 1, **said})
    assert desk.rows("select text from evidence") == [{"text": "One.\nTwo.\nThree."}]


# --- formulas -----------------------------------------------------------------------------------------------

ZERO = (b"<v />", b"<v>0</v>")
ASKED = b' fullCalcOnLoad="1"'


def formula(path: Path, value: bytes, *, asked: bool, chain: bool, by: bytes = b"") -> Path:
    """A workbook with 1+1 in B2: what it came to, whether it asks to be computed, who computed it."""
    data = xlsx(path, ["a", "b"], ["x", "=1+1"]).read_bytes()
    data = changed(data, "xl/worksheets/sheet1.xml", b"<v />", b"<v>" + value + b"</v>" if value else b"")
    if not asked:
        data = changed(data, "xl/workbook.xml", ASKED, b"")
    if chain:
        data = changed(data, "xl/_rels/workbook.xml.rels", *CHAIN)
    if by:
        data = changed(data, "docProps/app.xml", b"<Application>Microsoft Excel", b"<Application>" + by)
    return write(path, data)


@pytest.mark.parametrize(
    ("value", "asked", "chain", "by"),
    [(b"", True, False, b""), (b"0", True, False, b""), (b"2", True, True, b""), (b"0", False, False, b"")],
)
def test_a_formula_that_was_never_computed_is_refused(
    tmp_path: Path, value: bytes, asked: bool, chain: bool, by: bytes
) -> None:
    path = formula(tmp_path / "a.xlsx", value, asked=asked, chain=chain, by=by)
    found = Read(path)
    never = "the formula was never computed. Open the workbook in a spreadsheet program and save it."
    assert found.problems == [f"a.xlsx, sheet 'T', row 2, column 'b': {never}"]
    with pytest.raises(EvidenceInvalid, match="sheet 'T', cell B2: the formula was never computed"):
        workbook_sections(path.read_bytes())


@pytest.mark.parametrize(
    ("value", "chain", "by"),
    [(b"2", True, b""), (b"0", True, b""), (b"2", False, b""), (b"0", False, b"LibreOffice/7.4")],
)
def test_a_formula_shows_what_it_came_to(tmp_path: Path, value: bytes, chain: bool, by: bytes) -> None:
    path = formula(tmp_path / "a.xlsx", value, asked=False, chain=chain, by=by)
    assert Read(path).only == [["x", int(value)]]
    assert workbook_sections(path.read_bytes())[0] == [f"T\n\na\tb\nx\t{value.decode()}"]


# --- what is hidden -----------------------------------------------------------------------------------------


def hide(sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = sheet.row_dimensions[4].hidden = True
    sheet.column_dimensions["C"].hidden = True


def test_hidden_rows_and_columns_are_left_out_and_named(tmp_path: Path) -> None:
    path = xlsx(
        *(tmp_path / "a.xlsx", ["a", "b", "c", "d"], [1, 2, "secret", 4], [5, 6, 7, 8], [9, 10, 11, 12]),
        *([13, 14, 15, 16],),
        change=hide,
    )
    found = Read(path)
    assert found.tables[0].headers == ["a", "b", "d"]
    assert found.only == [[1, 2, 4], [13, 14, 16]]
    assert found.notes == ["a.xlsx, sheet 'T': left out: hidden rows 3 to 4; hidden column C."]
    [section], notes = workbook_sections(path.read_bytes())
    assert section == "T\n\na\tb\t\td\n1\t2\t\t4\n13\t14\t\t16"
    assert notes == ["hidden rows 3 to 4 of the sheet T left out", "hidden column C of the sheet T left out"]


def test_hidden_sheets_are_left_out_and_named_or_picked(tmp_path: Path) -> None:
    book = book_of([["a", "b"], [1, 2]])
    for name, state in {"Old": "hidden", "Older": "veryHidden"}.items():
        sheet = book.create_sheet(name)
        sheet.append(["a", "b"])
        sheet.append([name, 0])
        sheet.sheet_state = state
    book.save(tmp_path / "a.xlsx")
    found = Read(tmp_path / "a.xlsx")
    assert found.only == [[1, 2]]
    assert found.notes == ["a.xlsx: the sheets 'Old' and 'Older' are hidden: left out."]
    assert Read(tmp_path / "a.xlsx", sheets=["old"]).only == [["Old", 0]]
    [problem] = Read(tmp_path / "a.xlsx", sheets=["Odl"]).problems
    assert problem == "a.xlsx: it has no sheet 'Odl'. Did you mean 'Old'?"


def test_a_workbook_whose_tables_are_all_hidden_says_so(tmp_path: Path) -> None:
    book = book_of([["a", "b"], [1, 2]])
    book.create_sheet("Cover")
    book["T"].sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    [problem] = Read(tmp_path / "a.xlsx").problems
    assert problem.startswith("a.xlsx: no sheet in sight holds a table; the sheet 'T' is hidden. Show it")


def test_a_chart_on_a_sheet_of_its_own_is_left_out_and_named(tmp_path: Path) -> None:
    book = book_of([["a", "b"], [1, 2]])
    book.create_chartsheet("Chart")
    book.save(tmp_path / "a.xlsx")
    found = Read(tmp_path / "a.xlsx")
    assert found.only == [[1, 2]]
    assert found.notes == ["a.xlsx: the sheet 'Chart' holds no cells, e.g. a chart: left out."]
    sections, notes = workbook_sections((tmp_path / "a.xlsx").read_bytes())
    assert sections == ["T\n\na\tb\n1\t2"]
    assert notes == ["the sheet Chart holds no cells, e.g. a chart: it is left out"]


def test_a_strict_workbook_is_read_like_any_other(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "a.xlsx", ["a", "b"], ["x", 0.5], change=formatted(B2="0%"))
    data = sharing(made.read_bytes())
    main = "spreadsheetml/2006/main", "spreadsheetml/main"
    for part in ("xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
        data = changed(data, part, *(f"http://{a}".encode() for a in _strict(*main)))
    relations = _strict("officeDocument/2006/relationships", "officeDocument/relationships")
    for part in ("_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/workbook.xml"):
        data = changed(data, part, *(f"http://{a}".encode() for a in relations))
    assert Read(write(tmp_path / "b.xlsx", data)).only == [["x", "50%"]]


def _strict(transitional: str, strict: str) -> tuple[str, str]:
    return f"schemas.openxmlformats.org/{transitional}", f"purl.oclc.org/ooxml/{strict}"


# --- what is around a table ---------------------------------------------------------------------------------


def test_titles_above_notes_below_and_beside_a_table_are_left_out_and_named(tmp_path: Path) -> None:
    rows = [
        ["Table 1"],
        ["Published in May"],
        [],
        ["a", "b", "c", None, "Notes"],
        [1, 2, 3, None, "rounded"],
        [4, 5, "", None, None],
        [],
        ["Notes:"],
        ["1. Rounded."],
    ]
    found = Read(xlsx(tmp_path / "a.xlsx", *rows))
    assert found.only == [[1, 2, 3], [4, 5, ""]]
    said = "rows 1 to 2 above the headers; rows 8 to 9 below the table; column E beside the table (row 5)"
    assert found.notes == [f"a.xlsx, sheet 'T': left out: {said}."]


def test_the_same_is_left_out_of_csv(tmp_path: Path) -> None:
    rows = "Table 1,,,,\n,,,,\na,b,c,,Notes\n1,2,3,,rounded\n4,5,,,\n,,,,\nNotes:,,,,\n1. Rounded.,,,,\n"
    found = Read(write(tmp_path / "a.csv", rows))
    assert found.only == [["1", "2", "3"], ["4", "5", ""]]
    said = "row 1 above the headers; rows 7 to 8 below the table; column E beside the table (row 4)"
    assert found.notes == [f"a.csv: left out: {said}."]
    assert Read(write(tmp_path / "a.csv", "Table 1\na,b\n1,2\nNote: rounded.\n")).only == [["1", "2"]]


@pytest.mark.parametrize(
    "rows",
    [
        [["a", "b"], [1, 2], ["x", None], [3, 4]],
        [["a", "b"], [1, 2], [], ["x", None], [3, 4]],
        [["a", "b"], [1, 2], ["x", None]],
    ],
)
def test_a_row_that_may_be_one_of_the_table_is_never_taken_for_a_note(tmp_path: Path, rows: Any) -> None:
    found = Read(xlsx(tmp_path / "a.xlsx", *rows))
    assert ["x", ""] in found.only and found.notes == []


def test_a_value_right_beside_a_table_is_no_note(tmp_path: Path) -> None:
    found = Read(xlsx(tmp_path / "a.xlsx", ["a", "b", None], [1, 2, 3]))
    assert found.problems == ["a.xlsx, sheet 'T', row 2, cell C2: this value has no header."]
    found = Read(xlsx(tmp_path / "b.xlsx", [None, "a", "b"], [0, 1, 2]))
    assert found.problems == ["b.xlsx, sheet 'T', row 2, cell A2: this value has no header."]


def test_a_merged_title_is_no_problem_and_a_merged_cell_of_the_table_is(tmp_path: Path) -> None:
    def merge(sheet: Any) -> None:
        sheet.merge_cells("A1:C1")
        sheet.merge_cells("A3:A4")

    found = Read(xlsx(tmp_path / "a.xlsx", ["Title"], ["a", "b"], [1, 2], [None, 3], change=merge))
    assert found.problems == [
        "a.xlsx, sheet 'T', cells A3:A4: they are merged. Unmerge them; fill every cell."
    ]
    assert found.rows == [[[1, 2], [UNREADABLE, 3]]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "sep=;\na;b\n1;2,5\n"),
        ("a.csv", "SEP=|\r\na|b\r\n1|2,5\r\n"),
        ("a.tsv", "a\tb\n1\t2,5\n"),
        ("a.csv", "Title, in words; and more\na;b\n1;2,5\n"),
        ("a.csv", "a;b\n1;2,5\n".encode("utf-16")),
        ("a.csv", "a;b\n1;2,5\n".encode("utf-16-le")),
        ("a.csv", "\ufeffa;b\n1;2,5\n".encode("utf-16-be")),
    ],
)
def test_separators_and_encodings_are_found(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert Read(write(tmp_path / name, content)).only == [["1", "2,5"]]


def test_sheets_that_fit_no_layout_are_left_out_and_named(desk: Desk) -> None:
    desk.load_sources()
    book = book_of([["Read me"], ["This workbook holds findings."]])
    sheet = book.create_sheet("Round 2")
    sheet.append(["Findings of round 2"])
    sheet.append(["source", "locator", "finding", "direction", "significance"])
    sheet.append(["I1", "p. 1", "Plans are late.", "weakness", 2])
    lists = book.create_sheet("Lists")
    for words in (["Direction", "Weight"], ["strength", 1], ["weakness", 2]):
        lists.append(words)
    book.save(desk.folder / "all.xlsx")
    report = desk.load(desk.folder / "all.xlsx")
    assert report.added["items"] == 1
    assert report.notes == [
        "all.xlsx, sheet 'Round 2': left out: row 1 above the headers.",
        "all.xlsx, sheet 'T': its headers fit no layout: left out.",
        "all.xlsx, sheet 'Lists': its headers fit no layout: left out.",
    ]
    [problem] = desk.problems(desk.folder / "all.xlsx", sheets=["Lists"])
    assert problem.startswith("all.xlsx, sheet 'Lists', headers: these headers do not fit any layout.")


def test_a_sheet_that_nearly_fits_a_layout_is_never_left_out(desk: Desk) -> None:
    book = book_of([["source", "title", "kind"], ["X1", "One", "survey"]])
    sheet = book.create_sheet("Found")
    sheet.append(["source", "locator", "findings", "direction", "significance"])
    sheet.append(["X1", "p. 1", "Plans are late.", "weakness", 2])
    book.save(desk.folder / "all.xlsx")
    assert [said.partition(" (")[0] for said in desk.problems(desk.folder / "all.xlsx")] == [
        "all.xlsx, sheet 'Found', headers: the column 'finding' is missing",
        "all.xlsx, sheet 'Found', headers: the column 'findings' is not known",
    ]


# --- OpenDocument -------------------------------------------------------------------------------------------


def test_a_cell_of_an_ods_is_what_it_shows(tmp_path: Path) -> None:
    rows = [
        row(number(3, "[c]"), number(0.624, "62.4%", "percentage")),
        row(number(62.437, "62"), number(1234.5, "£1,234.50", "currency")),
        row(day("2019-04-03", "03/04/19"), day("2019-04-01", "Apr 2019")),
        row(text("one", "two"), text("a<text:s text:c='2'/>b<text:tab/>c")),
        row(number(5), number(0.5, kind="percentage")),
        row(number("1234", "1.234"), number("12.5", "12,5")),
        row(text("x<text:span>y</text:span><text:note><text:p>hidden</text:p></text:note>z"), text("")),
    ]
    annotated = text("said").replace(
        "<text:p>", "<office:annotation><text:p>A comment</text:p></office:annotation><text:p>", 1
    )
    found = Read(ods(tmp_path / "a.ods", table(HEADERS, *rows, row(annotated, text("b")))))
    assert found.only == [
        ["[c]", "62.4%"],
        ["62", "£1,234.50"],
        [datetime(2019, 4, 3), "Apr 2019"],
        ["one\ntwo", "a  b\tc"],
        [5, "50%"],
        ["1234", "12.5"],
        ["xyz", ""],
        ["said", "b"],
    ]


def test_repeated_cells_and_rows_of_an_ods_are_all_read_and_empty_ones_are_none(tmp_path: Path) -> None:
    again = 'table:number-columns-repeated="2"'
    rows = [
        row(text("x", about=again), '<table:table-cell table:number-columns-repeated="16382"/>'),
        row(text("y"), text("z"), about='table:number-rows-repeated="3"'),
        row("<table:table-cell/>", about='table:number-rows-repeated="1048000"'),
    ]
    found = Read(ods(tmp_path / "a.ods", table(HEADERS, *rows)))
    assert found.only == [["x", "x"], *[["y", "z"]] * 3]


def test_hidden_rows_columns_and_sheets_of_an_ods_are_left_out_and_named(tmp_path: Path) -> None:
    style = (
        '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/>'
        "</style:style>"
    )
    columns = (
        '<table:table-column/><table:table-column table:number-columns-repeated="1"/>'
        '<table:table-column table:visibility="collapse"/>'
    )
    rows = [
        row(text("a"), text("b"), text("c")),
        row(text("1"), text("2"), text("3")),
        row(text("4"), text("5"), text("6"), about='table:visibility="filter"'),
        row(text("7"), text("8"), about='table:visibility="collapse"'),
    ]
    path = ods(
        tmp_path / "a.ods",
        table(*rows, columns=columns),
        table(HEADERS, row(text("x"), text("y")), name="Old", about='table:style-name="ta2"'),
        styles=style,
    )
    found = Read(path)
    assert found.only == [["1", "2"]]
    assert found.notes == [
        "a.ods: the sheet 'Old' is hidden: left out.",
        "a.ods, sheet 'T': left out: hidden rows 3 to 4; hidden column C.",
    ]
    assert Read(path, sheets=["Old"]).only == [["x", "y"]]


def test_what_an_ods_shows_nothing_of_is_refused_not_read(tmp_path: Path) -> None:
    styles = (
        '<number:number-style style:name="N1"><number:text></number:text></number:number-style>'
        '<style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/>'
        '<number:number-style style:name="N2"><number:number number:min-integer-digits="1"/>'
        "</number:number-style>"
        '<style:style style:name="ce2" style:family="table-cell" style:data-style-name="N2"/>'
    )
    cells = row(number(3, about='table:style-name="ce1"'), number(4, about='table:style-name="ce2"'))
    found = Read(ods(tmp_path / "a.ods", table(HEADERS, cells), styles=styles))
    assert found.rows == [[[UNREADABLE, 4]]]
    assert found.problems[0].startswith(
        "a.ods, sheet 'T', row 2, column 'a': the cell shows nothing, but holds a value."
    )


def test_formulas_and_merged_cells_of_an_ods(tmp_path: Path) -> None:
    rows = [
        row(number(2, "2", about='table:formula="of:=1+1"'), '<table:table-cell table:formula="of:=1+1"/>'),
        row(text("x", about='table:number-rows-spanned="2" table:number-columns-spanned="1"'), text("y")),
        row("<table:covered-table-cell/>", text("z")),
    ]
    found = Read(ods(tmp_path / "a.ods", table(HEADERS, *rows)))
    assert found.rows == [[[2, UNREADABLE], ["x", "y"], [UNREADABLE, "z"]]]
    assert [problem.partition(". ")[0] for problem in found.problems] == [
        "a.ods, sheet 'T', row 2, column 'b': the formula was never computed",
        "a.ods, sheet 'T', cells A3:A4: they are merged",
    ]


def test_every_sheet_of_an_ods_is_read_from_where_it_begins(tmp_path: Path) -> None:
    """Wherever the pieces end in which the content is gone through."""
    sheets = [
        table(HEADERS, *(row(text(f"{name} {n}"), text("ŵ" * 40)) for n in range(6_000)), name=name)
        for name in ("one", "two", "three")
    ]
    found = Read(ods(tmp_path / "a.ods", *sheets))
    assert found.problems == [] and [one.name for one in found.tables] == ["one", "two", "three"]
    for name, rows in zip(("one", "two", "three"), found.rows, strict=True):
        assert [first for first, _ in rows] == [f"{name} {n}" for n in range(6_000)]


def test_an_ods_with_a_password_and_one_that_declares_entities_are_refused(tmp_path: Path) -> None:
    entry = {"META-INF/manifest.xml": "<manifest><encryption-data/></manifest>"}
    [problem] = Read(ods(tmp_path / "a.ods", table(HEADERS), parts=entry)).problems
    assert "it is protected by a password" in problem
    plain = ods(tmp_path / "a.ods", table(HEADERS)).read_bytes()
    begin = b"?><office"
    declared = changed(plain, "content.xml", begin, b'?><!DOCTYPE x [<!ENTITY a "b">]><office')
    [problem] = Read(write(tmp_path / "a.ods", declared)).problems
    assert "it declares XML entities" in problem or "damaged" in problem


# --- the texts of a workbook --------------------------------------------------------------------------------


def test_texts_are_found_in_whatever_order_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Strings, "BLOCK", 5_000)
    count = 3_000
    path = xlsx(tmp_path / "a.xlsx", *([f"text {n}", f"ŵ&<{n * 7919}>"] for n in range(count)))
    write(path, sharing(path.read_bytes()))
    from evidence.files.xlsx import Workbook as Book

    with path.open("rb") as file:
        book = Book(file)
        strings = book.strings
        for n in (0, 17, 2 * count - 1, 4, 1_999, 2_000, 5_000, *range(0, 2 * count, 97), 1, 0):
            expected = f"text {n // 2}" if n % 2 == 0 else f"ŵ&<{n // 2 * 7919}>"
            assert strings.get(n) == expected
        with pytest.raises(IndexError):
            strings.get(2 * count)


def test_rich_texts_are_whole_and_how_they_sound_is_no_part_of_them(tmp_path: Path) -> None:
    data = sharing(xlsx(tmp_path / "a.xlsx", ["a", "b"], ["x", "MARK"]).read_bytes())
    part = "xl/sharedStrings.xml"
    rich = b"<si><r><t>Ca</t></r><r><t>rers</t></r><rPh sb='0' eb='1'><t>sound</t></rPh></si>"
    data = changed(data, part, b"<si><t>MARK</t></si>", rich)
    assert Read(write(tmp_path / "b.xlsx", data)).only == [["x", "Carers"]]


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    made = Desk(tmp_path)
    yield made
    made.close()


# --- parts of a text that look otherwise than the rest ------------------------------------------------------

UP, DOWN, STRUCK = "superscript", "subscript", "struck"
LOOKS = [
    ([("12", ""), ("1", UP)], "12[1]"),
    ([("In 2007", ""), ("2", UP), (" all", "")], "In 2007[2] all"),
    ([("20 km", ""), ("2", UP)], "20 km²"),
    ([("CO", ""), ("2", DOWN)], "CO2"),
    ([("12", STRUCK), ("15", "")], "12 15"),
    ([("12", ""), ("15", "bold")], "1215"),
]


def runs_of_xlsx(runs: Sequence[tuple[str, str]]) -> Any:
    said = {
        UP: InlineFont(vertAlign=UP),
        DOWN: InlineFont(vertAlign=DOWN),
        STRUCK: InlineFont(strike=True),
        "bold": InlineFont(b=True),
    }
    return CellRichText(*(TextBlock(said.get(look, InlineFont()), words) for words, look in runs))


@pytest.mark.parametrize("shared", [False, True], ids=["in the cell", "shared"])
@pytest.mark.parametrize(("runs", "is_read"), LOOKS)
def test_a_raised_digit_in_a_cell_never_runs_into_the_figure_before_it(
    tmp_path: Path, runs: Sequence[tuple[str, str]], is_read: str, shared: bool
) -> None:
    path = xlsx(tmp_path / "t.xlsx", ["a", "b"], ["x", runs_of_xlsx(runs)], ["y", "plain"])
    if shared:
        path.write_bytes(sharing(path.read_bytes()))
    assert Read(path).only == [["x", is_read], ["y", "plain"]]


@pytest.mark.parametrize(("runs", "is_read"), LOOKS)
def test_raised_digits_are_kept_apart_in_opendocument_cells_too(
    tmp_path: Path, runs: Sequence[tuple[str, str]], is_read: str
) -> None:
    said = {
        UP: 'style:text-position="super 58%"',
        DOWN: 'style:text-position="-33% 58%"',
        STRUCK: 'style:text-line-through-style="solid"',
        "bold": 'style:text-line-through-style="none"',
    }
    styles = "".join(
        f'<style:style style:name="{name}" style:family="text"><style:text-properties {look}/></style:style>'
        for name, look in said.items()
    )
    words = "".join(f'<text:span text:style-name="{look}">{words}</text:span>' for words, look in runs)
    path = ods(
        tmp_path / "t.ods",
        table(row(text("a"), text("b")), row(text("x"), text(words)), row(text("y"), text("plain"))),
        styles=styles,
    )
    assert Read(path).only == [["x", is_read], ["y", "plain"]]


# --- as sources ---------------------------------------------------------------------------------------------


def test_a_spreadsheet_is_taken_as_a_source_in_either_format(tmp_path: Path) -> None:
    shows = [["Team", "Late"], ["East", "[c]"], ["West", "62.4%"]]
    as_ods = ods(
        tmp_path / "a.ods",
        table(
            *(row(*map(text, shows[0])), row(text("East"), number(3, "[c]"))),
            row(text("West"), number(0.624, "62.4%", "percentage")),
            row(text("North"), text("9"), about='table:visibility="collapse"'),
            name="Teams",
        ),
        table(row(text("secret"), text("list")), name="Lists", about='table:display="false"'),
    )

    def change(sheet: Any) -> None:
        sheet.title = "Teams"
        formatted(B2='[<5]"[c]"', B3="0.0%")(sheet)
        sheet.row_dimensions[4].hidden = True

    as_xlsx = xlsx(
        tmp_path / "a.xlsx", ["Team", "Late"], ["East", 3], ["West", 0.624], ["North", 9], change=change
    )
    for path in (as_ods, as_xlsx):
        [found] = read_texts([GivenFile(path.name, path)], no_progress)
        assert found.pages == ("Teams\n\n" + "\n".join("\t".join(line) for line in shows),)
        assert "hidden row 4 of the sheet Teams left out" in found.notes
        assert ("hidden sheets are left out: Lists" in found.notes) == (path is as_ods)


def test_a_spreadsheet_with_a_password_is_said_to_have_one(tmp_path: Path) -> None:
    manifest = {"META-INF/manifest.xml": "<manifest><encryption-data/></manifest>"}
    path = ods(tmp_path / "a.ods", table(HEADERS), parts=manifest)
    with pytest.raises(ImportRefused, match="it is protected by a password"):
        read_texts([GivenFile("a.ods", path)], no_progress)
