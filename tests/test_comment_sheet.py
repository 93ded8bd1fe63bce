"""The comment sheet: a row for every paragraph, read from Excel, Word and CSV; altered rows are refused."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from matplotlib.figure import Figure

from exchange.files import write_xlsx
from exchange.tables import OutTable
from report.model import Bullets, Heading, Paragraph, Report, Text, Words
from report.sheet import (
    LAYOUT,
    CommentRow,
    SheetRead,
    meanings,
    read_sheet,
    said_by_number,
    sheet_columns,
    sheet_document,
    sheet_rows,
)
from rules.errors import ImportRefused

REPORT = Report(
    title=Words(en="Report", cy="Adroddiad"),
    subject=Words(en="Sir Enghraifft"),
    authors=Words(en="The team"),
    dated=Words(en="1 June 2009"),
    languages=("en", "cy"),
    blocks=(
        Heading(id="carers", level=1, text=Words(en="Carers", cy="Gofalwyr")),
        Paragraph(id="p1", number=1, text=Text.plain("Carers wait too long.", "Mae gofalwyr yn aros.")),
        Paragraph(id="p2", number=2, text=Text.plain("Staff are able.", "Mae staff yn fedrus.")),
        Bullets(id="p2-list", number=2, items=(Text.plain("They listen."), Text.plain("They act."))),
        Paragraph(id="p7", number=7, text=Text.plain("We thank all.")),
    ),
)
EARLIER = REPORT.model_copy(
    update={
        "blocks": (
            Paragraph(id="p1", number=1, text=Text.plain("Carers wait.")),
            Paragraph(id="p5", number=5, text=Text.plain("Gone since.")),
        )
    }
)
SAID = said_by_number(REPORT)
Row = Sequence[str]


def as_xlsx(path: Path, *rows: Row, lang: Any = "en") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (sheet_columns(lang), *rows):
        sheet.append(list(row))
    book.save(path / "back.xlsx")
    return path / "back.xlsx"


def as_docx(path: Path, *rows: Row, lang: Any = "en") -> Path:
    document = docx.Document()
    table = document.add_table(0, 7)
    for row in (sheet_columns(lang), *rows):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.save(str(path / "back.docx"))
    return path / "back.docx"


def as_csv(path: Path, *rows: Row, lang: Any = "en") -> Path:
    with (path / "back.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([sheet_columns(lang), *rows])
    return path / "back.csv"


def read(path: Path) -> SheetRead:
    return read_sheet(path, REPORT, before={"edition 1": EARLIER})


def problems(path: Path) -> list[str]:
    with pytest.raises(ImportRefused, match="No comment was recorded") as refused:
        read(path)
    return [f"{one.where.rpartition(', ')[2]}: {one.message} {one.hint}" for one in refused.value.problems]


def test_the_sheet_has_a_row_for_every_paragraph_and_one_for_the_whole_report() -> None:
    rows = [[*row.values()][:3] for row in sheet_rows(REPORT)]
    assert rows == [
        ["p1", "Carers wait too long.", ""],
        ["p2", "Staff are able.\nThey listen.\nThey act.", ""],
        ["p7", "We thank all.", ""],
        ["whole report", "", ""],
    ]
    assert [*sheet_rows(REPORT, "cy")[0].values()][:2] == ["p1", "Mae gofalwyr yn aros."]
    assert [row["Class"] for row in meanings("en")] == ["A", "B", "C", "D", ""]
    *_, table = sheet_document(REPORT).blocks
    assert len(table.rows) == 4  # type: ignore[union-attr]


@pytest.mark.parametrize("lang", ["en", "cy"])
@pytest.mark.parametrize("made", [as_xlsx, as_docx, as_csv])
def test_what_was_filled_in_comes_back_the_same_from_every_form(tmp_path: Path, made: Any, lang: Any) -> None:
    sheet = [list(row.values()) for row in sheet_rows(REPORT, lang)]
    yes, long = {"en": "Yes", "cy": "Oedd"}[lang], "It is not so. " * 1_500
    sheet[0][2:] = ["b", long, "Some carers wait.", "Return of 2007, p. 3", yes]
    sheet[3][2:4] = ["D", "You are too strict."]
    sheet.insert(1, ["p1", "", "A", "", "carers", "", ""])
    found = read(made(tmp_path, *sheet, lang=lang))
    assert [(row.paragraph, row.kind, row.text) for row in found.rows] == [
        (1, "B", long.strip()),
        (1, "A", ""),
        (None, "D", "You are too strict."),
    ]
    assert found.rows[0].position_at_review == "yes"
    assert found.rows[0].evidence_offered == "Return of 2007, p. 3"
    assert "row 2" in found.rows[0].place
    assert found.notes == ()


def test_the_sheet_as_it_went_out_is_read_and_holds_no_comment(tmp_path: Path) -> None:
    path = tmp_path / "sheet.xlsx"
    with path.open("wb") as file:
        tables = [
            OutTable(LAYOUT, sheet_columns("en"), sheet_rows(REPORT)),
            OutTable("Classes", tuple(meanings("en")[0]), meanings("en")),
        ]
        write_xlsx(tables, file)
    assert read(path) == SheetRead((), ())


def test_a_row_whose_number_and_words_do_not_belong_together_is_refused_with_its_place(
    tmp_path: Path,
) -> None:
    path = as_xlsx(
        tmp_path,
        ["p7", SAID[1], "A", "A slip.", "", "", ""],
        ["p1", "Carers wait.", "A", "A slip.", "", "", ""],
        ["p1", "Other words.", "A", "A slip.", "", "", ""],
        ["", SAID[1], "A", "A slip.", "", "", ""],
        ["p5", "Gone since.", "A", "A slip.", "", "", ""],
        ["p11", "", "A", "A slip.", "", "", ""],
        ["p1", SAID[1], "A", "This one is right.", "", "", ""],
    )
    assert problems(path) == [
        "row 2: the words beside p7 are those of p1. Put back the number that was there.",
        "row 3: the words beside p1 are those that it had in edition 1. Ask for the sheet of this edition.",
        "row 4: the words beside p1 are not what p1 says. Put back the number and the words that were there.",
        "row 5: the number of the paragraph was taken out. Put back what was there, or take the words beside"
        " it out, too, for a comment on the whole report.",
        "row 6: p5 was a paragraph of edition 1, and is not in this edition. Leave it out.",
        "row 7: there is no paragraph 'p11'. Did you mean 'p1'?",
    ]


def test_every_slip_of_a_row_is_named_at_once(tmp_path: Path) -> None:
    path = as_csv(tmp_path, ["p1", "", "E", "", "", "Return", "perhaps"])
    assert problems(path) == [
        "row 2: found 'E' as the class. Write A, B, C or D.",
        "row 2: found 'perhaps' for whether it was so at the time of the review. Write yes or no,"
        " or leave the cell empty.",
        "row 2: it does not say what is wrong. Say it, or propose other words.",
    ]


def test_a_file_without_the_sheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.docx"
    document = docx.Document()
    document.add_paragraph("We disagree with all of it.")
    document.save(str(path))
    with pytest.raises(ImportRefused, match="no table with the columns “Paragraph” and “Class” and"):
        read(path)


def test_pictures_macros_and_tracked_changes_are_read_as_text_with_a_note(tmp_path: Path) -> None:
    plain = as_docx(tmp_path, ["p1", SAID[1], "A", "A slip.", "OLD", "", ""])
    document = docx.Document(str(plain))
    picture = io.BytesIO()
    Figure(figsize=(1, 1), dpi=10).savefig(picture)
    document.tables[0].cell(1, 5).paragraphs[0].add_run().add_picture(picture)
    document.save(str(plain))
    path = tmp_path / "changed.docm"
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(path, "w") as after:
        for name in before.namelist():
            data = before.read(name)
            if name == "word/document.xml":
                data = data.replace(
                    b"<w:r><w:t>OLD</w:t></w:r>",
                    b"<w:del w:id='1' w:author='a'><w:r><w:delText>old words</w:delText></w:r></w:del>"
                    b"<w:ins w:id='2' w:author='a'><w:r><w:t>new words</w:t></w:r></w:ins>",
                )
            after.writestr(name, data)
        after.writestr("word/vbaProject.bin", b"no macro")
    found = read(path)
    assert found.rows == (CommentRow(1, "A", "A slip.", "new words", place="changed.docm, table 1, row 2"),)
    assert any("picture" in note for note in found.notes)
    assert "macros were left out" in found.notes
    assert any("tracked changes are read as accepted" in note for note in found.notes)


def test_a_damaged_file_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "back.docx"
    path.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(ImportRefused, match=r"back\.docx"):
        read(path)
