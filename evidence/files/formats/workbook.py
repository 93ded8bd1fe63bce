"""Workbooks (.xlsx, .ods): every sheet in sight as a section, rows as lines, a tab between cells."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, time
from typing import Any

from evidence.files.formats.archive import check_archive
from evidence.files.formats.plain import row_text
from evidence.files.grid import FarOut, Fault, Sheet, column_name
from evidence.files.numberformats import general
from evidence.files.ods import Protected, Spreadsheet
from evidence.files.xlsx import Workbook
from rules.errors import EvidenceInvalid
from rules.limits import LONGEST_TEXT


def workbook_sections(data: bytes) -> tuple[list[str], list[str]]:
    """The text of an .xlsx file by sheet, the sheet's name first, and what a reader should know.

    Cells are what people see of them; a formula shows what it came to when the file was saved. Raises
    EvidenceInvalid, also where that was never computed. Hidden sheets, rows and columns are left out; a note
    says so.
    """
    check_archive(data)
    with closing(Workbook(io.BytesIO(data))) as book:
        return _sections(book)


def spreadsheet_sections(data: bytes) -> tuple[list[str], list[str]]:
    """The same of an .ods file."""
    check_archive(data)
    try:
        book = Spreadsheet(io.BytesIO(data))
    except Protected:
        raise EvidenceInvalid("it is protected by a password.", hint="Save a copy without it.") from None
    with closing(book):
        return _sections(book)


def _sections(book: Any) -> tuple[list[str], list[str]]:
    sections: list[str] = []
    hidden: list[str] = []
    notes: list[str] = []
    length = 0
    for entry in book.entries:
        if not entry.is_cells:
            notes.append(f"the sheet {entry.name} holds no cells, e.g. a chart: it is left out")
            continue
        if entry.hidden:
            hidden.append(entry.name)
            continue
        sheet = book.sheet(entry)
        lines = []
        for line in _lines(sheet):
            lines.append(line)
            length += len(line) + 1
            if length > LONGEST_TEXT:
                raise EvidenceInvalid(
                    f"its text has more than {LONGEST_TEXT:,} characters.",
                    hint="Divide it into several sources.",
                )
        notes += [f"{part} of the sheet {entry.name} left out" for part in sheet.left_out()]
        if lines:
            sections.append("\n".join([entry.name, "", *lines]))
    if hidden:
        notes.insert(0, f"hidden sheets are left out: {', '.join(hidden)}")
    return sections, notes


def _lines(sheet: Sheet) -> Iterator[str]:
    try:
        for number, cells in sheet.lines:
            for column, cell in enumerate(cells, start=1):
                if isinstance(cell, Fault) and not cell.shows:
                    where = f"sheet {sheet.name!r}, cell {column_name(column)}{number}"
                    raise EvidenceInvalid(f"{where}: {cell.said}", hint=cell.hint)
            if line := row_text([_shown(cell) for cell in cells]):
                yield line
    except FarOut as error:
        raise EvidenceInvalid(
            f"sheet {sheet.name!r}: a cell is so far out that the sheet has {error}.",
            hint="Delete that cell.",
        ) from None


def _shown(cell: Any) -> str:
    """A cell as people read it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes") if cell.time() != time() else cell.date().isoformat()
    return cell.shows if isinstance(cell, Fault) else general(cell)
