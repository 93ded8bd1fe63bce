"""Excel workbooks: every sheet in sight as a section, rows as lines, a tab between cells."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook

from evidence.files.formats.archive import check_archive
from evidence.files.formats.plain import row_text
from evidence.files.sheets import MOST_IN_SHEET, far_out, shown_as_percent
from rules.errors import EvidenceInvalid
from rules.limits import LONGEST_TEXT

FORMULA = re.compile(rb"<(\w{1,50}:)?f[\s>/]")


def workbook_sections(data: bytes) -> tuple[list[str], list[str]]:
    """The text of an .xlsx file by sheet, the sheet's name first, and what a reader should know.

    A formula shows what it came to when the file was saved. Raises EvidenceInvalid, also where that was never
    computed. Hidden sheets are left out, and said to be.
    """
    check_archive(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        written = load_workbook(io.BytesIO(data), read_only=True) if _has_formulas(data) else None
        sections, hidden, length = [], [], 0
        for sheet in values.worksheets:
            if sheet.sheet_state != "visible":
                hidden.append(sheet.title)
                continue
            lines = []
            for line in _lines(sheet, written[sheet.title] if written else None):
                lines.append(line)
                length += len(line) + 1
                if length > LONGEST_TEXT:
                    raise EvidenceInvalid(
                        f"its text has more than {LONGEST_TEXT:,} characters.",
                        hint="Divide it into several sources.",
                    )
            if lines:
                sections.append("\n".join([sheet.title, "", *lines]))
    notes = [f"hidden sheets are left out: {', '.join(hidden)}"] if hidden else []
    return sections, notes


def _has_formulas(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with archive.open(name) as sheet:
                    kept = b""
                    while some := sheet.read(1_000_000):
                        if FORMULA.search(kept + some):
                            return True
                        kept = some[-60:]
    return False


def _lines(sheet: Any, written: Any) -> Iterator[str]:
    # The size that a sheet claims is not relied on: it can be far too large or too small.
    sheet.reset_dimensions()
    if written is None:
        for cells in _rows(sheet):
            if line := row_text([_shown(cell) for cell in cells]):
                yield line
        return
    written.reset_dimensions()
    for cells, formulas in zip(_rows(sheet), written.iter_rows(), strict=True):
        for cell, formula in zip(cells, formulas, strict=True):
            if cell.value is None and formula.data_type == "f":
                raise EvidenceInvalid(
                    f"sheet {sheet.title!r}, cell {formula.coordinate}: the formula was never computed.",
                    hint="Open the workbook in a spreadsheet program and save it.",
                )
        if line := row_text([_shown(cell) for cell in cells]):
            yield line


def _rows(sheet: Any) -> Iterator[Any]:
    """The rows; raises EvidenceInvalid where a cell is further out than in any text."""
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if (wide := far_out(cells)) or number > MOST_IN_SHEET:
            reach = f"{wide:,} columns" if wide else f"more than {MOST_IN_SHEET:,} rows"
            raise EvidenceInvalid(
                f"sheet {sheet.title!r}: a cell is so far out that the sheet has {reach}.",
                hint="Delete that cell.",
            )
        yield cells


def _shown(cell: Any) -> str:
    """A cell as people read it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        if shown_as_percent(cell.number_format or ""):
            return f"{round(value * 100, 10):.15g}%"
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes") if value.time() != time() else value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)
