"""The tables of Word documents as rows of cells: merged cells, cells in cells, what is no table."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from assessment_example import AT, new_review

from evidence.files.tables import open_tables
from evidence.intake.importing import import_files
from programme.database import Database
from programme.progress import no_progress
from rules.errors import ImportRefused


def tables_in(path: Path) -> list[tuple[list[str], list[tuple[str, list[str]]]]]:
    with open_tables(path, "utf-8", no_progress, also=(".docx",)) as found:
        return [(table.headers, [(place, list(cells)) for place, cells in table.rows]) for table in found]


def test_rows_have_their_places_and_a_cell_its_paragraphs_as_lines(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Above it.")
    for number in (1, 2):
        table = document.add_table(2, 2)
        for place, text in enumerate(("Paragraph", "What is wrong", f"p{number}", "It is")):
            table.cell(place // 2, place % 2).text = text
        table.cell(1, 1).add_paragraph("three   weeks.")
    document.save(str(tmp_path / "sheet.docx"))
    assert tables_in(tmp_path / "sheet.docx") == [
        (
            ["paragraph", "what_is_wrong"],
            [(f"sheet.docx, table {number}, row 2", [f"p{number}", "It is\nthree weeks."])],
        )
        for number in (1, 2)
    ]


def test_what_a_merged_cell_covers_is_empty_and_a_table_in_a_cell_is_its_text(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(4, 3)
    for row in range(4):
        for column in range(3):
            table.cell(row, column).text = f"{row}.{column}"
    for row, column in ((2, 0), (1, 2)):
        table.cell(row, column).text = ""
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(1, 1).merge(table.cell(1, 2))
    inner = table.cell(3, 2).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "a", "b"
    document.save(str(tmp_path / "sheet.docx"))
    [(headers, rows)] = tables_in(tmp_path / "sheet.docx")
    assert headers == ["0.0", "0.1", "0.2"]
    assert [cells for _, cells in rows] == [
        ["1.0", "1.1", ""],
        ["", "2.1", "2.2"],
        ["3.0", "3.1", "3.2\na\nb"],
    ]


def test_a_document_without_tables_has_none_and_evidence_is_not_imported_from_one(
    db: Database, tmp_path: Path
) -> None:
    document = docx.Document()
    document.add_paragraph("No table.")
    document.save(str(tmp_path / "letter.docx"))
    assert tables_in(tmp_path / "letter.docx") == []
    review = new_review(db)
    with pytest.raises(ImportRefused, match=r"files of type '\.docx' are not read"):
        import_files(db, review, [tmp_path / "letter.docx"], by="lead", at=AT)
