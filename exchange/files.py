"""Tables as files: CSV with a byte order mark, XLSX (the door to openpyxl's writer), CSV files in a ZIP.

No cell of them is one that a spreadsheet would take for a formula (see `evidence.files.spreadsheets`): in CSV
such a text gets apostrophes before it, which imports take away; in a workbook every text is stored as a text.
What a workbook cannot hold is left out, and its last sheet says what and where.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from evidence.files.spreadsheets import BYTE_ORDER_MARK, MARK, as_exported, as_given
from exchange.tables import Cell, OutTable
from rules.errors import EvidenceInvalid

LONGEST_CELL = 32_767
"""Characters of a cell of a workbook."""
MOST_IN_SHEET = 1_048_575
"""Rows of a sheet below its headers."""
LEFT_OUT = "Left out"
"""The sheet that names what a workbook cannot hold."""
SUFFIXES = (".xlsx", ".csv", ".zip")
MADE_AT = (1980, 1, 1, 0, 0, 0)
"""The date in a ZIP file: the same tables make the same bytes."""


def as_csv_cell(value: Cell) -> str:
    """A value as a cell of CSV; numbers in full."""
    if value is None:
        return ""
    if isinstance(value, str):
        return as_exported(value)
    return repr(int(value)) if float(value).is_integer() else repr(value)


def write_csv(table: OutTable, file: IO[bytes]) -> int:
    """Write a table as CSV in UTF-8, for spreadsheets and for imports; gives how many rows it has."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(table.columns)
    count = 0
    for row in table.rows:
        writer.writerow([as_csv_cell(row[name]) for name in table.columns])
        count += 1
    text.flush()
    text.detach()
    return count


def write_zip(tables: Iterable[OutTable], file: IO[bytes]) -> dict[str, int]:
    """Write tables as CSV files in one ZIP file; gives how many rows each has."""
    counts = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in tables:
            entry = zipfile.ZipInfo(f"{table.folder}/{table.name}.csv", MADE_AT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as part:
                counts[table.name] = write_csv(table, part)
    return counts


def write_xlsx(tables: Iterable[OutTable], file: IO[bytes]) -> tuple[dict[str, int], list[dict[str, str]]]:
    """Write tables as sheets of one workbook; how many rows each has, and what was left out, as it says.

    Raises EvidenceInvalid for more rows than a sheet can have.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    counts: dict[str, int] = {}
    left: list[dict[str, str]] = []
    try:
        for table in tables:
            counts[table.name] = _write_sheet(book, table, left)
        if left:
            sheet = book.create_sheet(LEFT_OUT)
            for line in [list(left[0]), *(list(one.values()) for one in left)]:
                sheet.append([_cell(sheet, text) for text in line])
        book.save(file)
    except BaseException:
        # Else openpyxl ends its sheets when nothing can be written to them any more, and complains.
        for sheet in book.worksheets:
            with suppress(Exception):
                sheet.close()
        raise
    return counts, left


def _write_sheet(book: Any, table: OutTable, left: list[dict[str, str]]) -> int:
    sheet = book.create_sheet(table.name)
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, name) for name in table.columns])
    number = 1
    for number, row in enumerate(table.rows, start=2):
        if number > MOST_IN_SHEET:
            raise EvidenceInvalid(
                f"{table.name} has more rows than a sheet of a workbook can have", hint="Export it as CSV."
            )
        sheet.append([_cell(sheet, value) for value in _fitting(table, row, number, left)])
    return number - 1


def _fitting(
    table: OutTable, row: Mapping[str, Cell], number: int, left: list[dict[str, str]]
) -> Iterator[Cell]:
    """The cells of a row that a workbook can hold."""
    for name in table.columns:
        value = row[name]
        if isinstance(value, str) and (len(value) > LONGEST_CELL or "\f" in value):
            if name not in table.long:
                raise EvidenceInvalid(
                    f"{table.name}, row {number}: {name!r} is longer than a cell of a workbook can be",
                    hint="Export it as CSV.",
                )
            pages = f"{value.count(chr(12)) + 1:,} pages" if "\f" in value else "one page"
            why = f"{pages}, {len(value):,} characters: more than a cell holds. An export as CSV has it."
            left.append({"table": table.name, "row": str(row[table.columns[0]]), "column": name, "why": why})
            value = None
        yield value


def _cell(sheet: Any, value: Cell) -> Any:
    """A value as a cell; a text stays a text, however it begins."""
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str) or (value[:1] not in "=#" and not value.startswith(MARK)):
        return value
    # Only what an import would take for a mark of CSV needs one here.
    cell = WriteOnlyCell(sheet, value if as_given(value) == value else as_exported(value))
    cell.data_type = "s"
    return cell


def write_tables(
    tables: Iterable[OutTable], file: IO[bytes], suffix: str
) -> tuple[dict[str, int], list[dict[str, str]]]:
    """Write tables as the file that a suffix says; how many rows each has, and what was left out.

    Raises EvidenceInvalid for a suffix that is none of SUFFIXES, for tables without rows, and where several
    tables are to be one CSV file.
    """
    found = iter(tables)
    first = next(found, None)
    if first is None:
        raise EvidenceInvalid("there is nothing to export", hint="No row passes what was asked for.")
    if suffix == ".csv":
        count = write_csv(first, file)
        if (second := next(found, None)) is not None:
            raise EvidenceInvalid(
                f"one CSV file holds one table, not {first.name} and {second.name}",
                hint=f"Choose one of them, or a file that ends with {SUFFIXES[0]} or {SUFFIXES[2]}.",
            )
        return {first.name: count}, []
    every = _all(first, found)
    if suffix == ".zip":
        return write_zip(every, file), []
    if suffix == ".xlsx":
        return write_xlsx(every, file)
    raise EvidenceInvalid(
        f"no export is written as {suffix or 'a file without a suffix'!r}", hint=KINDS_OF_FILE
    )


KINDS_OF_FILE = "End its name with .xlsx, .csv (one table) or .zip (a CSV file for every table)."


def _all(first: OutTable, more: Iterator[OutTable]) -> Iterator[OutTable]:
    yield first
    yield from more


def suffix_of(path: Path) -> str:
    """The kind of file that a name asks for; raises EvidenceInvalid."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise EvidenceInvalid(f"no export is written as {path.name!r}", hint=KINDS_OF_FILE)
    return suffix
