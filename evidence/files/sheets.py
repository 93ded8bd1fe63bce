"""Workbooks (XLSX) as tables: every sheet, its cells as they stand, and what no import takes."""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, cast

from evidence.files.encoding import refuse_file
from evidence.files.rawtable import UNREADABLE, RawTable, check_headers, headers_of, titles_of
from programme.progress import Progress
from rules.limits import MOST_PROBLEMS, MOST_TABLES

MERGED = re.compile(rb'<(?:\w{1,50}:)?mergeCell\s[^<>]{0,400}?ref="([A-Z0-9:]{1,40})"')
ROWS_AT_ONCE = 200
MOST_IN_SHEET = 1_048_576
"""Rows that a sheet of a spreadsheet program can have."""
MOST_WIDE = 1_000
"""Cells of a row, the empty ones before the last counted; a value far out makes all of them."""
Bounds = tuple[int, int, int, int]
"""First column, first row, last column, last row."""


@contextmanager
def open_workbook(path: Path, name: str, progress: Progress) -> Iterator[Any]:
    """The workbook, to be read row by row; raises ImportRefused for what is none."""
    from openpyxl import load_workbook

    progress(0, 1, f"opening {name}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(path, read_only=True)
    except MemoryError:
        raise
    # A damaged workbook makes zipfile, the XML parser or openpyxl raise whatever they like.
    except Exception as error:
        refuse_file(
            name,
            f"this is not an .xlsx workbook ({error}).",
            "Save it again as .xlsx, without a password, or as 'CSV UTF-8'.",
        )
    try:
        yield book
    finally:
        book.close()


def sheet_tables(path: Path, name: str, book: Any, progress: Progress) -> list[RawTable]:
    """Every sheet with something on it as a table; raises ImportRefused where there is none."""
    tables = []
    if len(book.worksheets) > MOST_TABLES:
        said = f"it has {len(book.worksheets):,} sheets; at most {MOST_TABLES} are read."
        refuse_file(name, said, "Keep the sheets that hold evidence.")
    for sheet in book.worksheets:
        table = RawTable(name, sheet.title, [], iter(()), place=f"{name}, sheet {sheet.title!r}")
        rows = _sheet_rows(table, sheet, progress)
        header = next((cells for _, cells in rows if any(cell.value is not None for cell in cells)), None)
        if header is None:
            if table.problems:
                tables.append(table)
            continue
        written = [cell.value for cell in header]
        table.headers = headers_of(written)
        table.titles = titles_of(written, table.headers)
        check_headers(f"{table.place}, headers", table.headers)
        try:
            merged = _merged(path, sheet)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            refuse_file(table.place, f"the sheet is damaged ({error}).", "Save the workbook again.")
        for area, _ in merged:
            table.problem(
                f"{table.place}, cells {area}", "they are merged.", "Unmerge them; fill every cell."
            )
        table.rows = _sheet_values(table, rows, [bounds for _, bounds in merged])
        tables.append(table)
    if not tables:
        refuse_file(name, "no sheet of the workbook holds a table.")
    return tables


def _sheet_rows(table: RawTable, sheet: Any, progress: Progress) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The rows of a sheet with their numbers; the size that the file itself claims is not relied on."""
    size = sheet.max_row or 1
    sheet.reset_dimensions()
    rows = enumerate(sheet.iter_rows(), start=1)
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                some = list(islice(rows, ROWS_AT_ONCE))
        except MemoryError:
            raise
        # As above: what a damaged sheet raises is not for openpyxl's documentation to say.
        except Exception as error:
            table.cut_short = True
            table.problem(table.place, f"the sheet is damaged ({error}).", "Save the workbook again.")
            return
        if not some:
            return
        last = some[-1][0]
        if (wide := max(far_out(cells) for _, cells in some)) or last > MOST_IN_SHEET:
            reach = f"{wide:,} columns" if wide else f"more than {MOST_IN_SHEET:,} rows"
            table.cut_short = True
            table.problem(
                table.place,
                f"a cell is so far out that the sheet has {reach}.",
                "Delete that cell.",
            )
            return
        progress(min(last, size), size, f"reading {table.file}")
        yield from some


def far_out(cells: Sequence[Any]) -> int:
    """How many columns a row has because of a value that is far out; 0 where there is none."""
    if len(cells) <= MOST_WIDE or all(cell.value is None for cell in cells[MOST_WIDE:]):
        return 0
    return len(cells)


def _merged(path: Path, sheet: Any) -> list[tuple[str, Bounds]]:
    """The merged areas of a sheet, as (A2:A5, bounds): the streaming reader of openpyxl leaves them out."""
    from openpyxl.utils import range_boundaries

    found: dict[str, Bounds] = {}
    with zipfile.ZipFile(path) as archive, archive.open(sheet._worksheet_path) as xml:
        kept = b""
        while some := xml.read(1_000_000):
            kept = kept[-500:] + some
            for match in MERGED.finditer(kept):
                area = match[1].decode()
                with suppress(ValueError, TypeError):
                    found[area] = cast(Bounds, range_boundaries(area))
            # So many are not listed, and nothing is imported once there is one.
            if len(found) > MOST_PROBLEMS:
                break
    return list(found.items())[: MOST_PROBLEMS + 1]


def _sheet_values(
    table: RawTable, rows: Iterator[tuple[int, tuple[Any, ...]]], merged: list[Bounds]
) -> Iterator[tuple[str, list[Any]]]:
    width = len(table.headers)
    for number, cells in rows:
        if all(cell.value is None for cell in cells):
            continue
        place = f"{table.place}, row {number}"
        found = [
            _cell_value(table, place, header, cell)
            for header, cell in zip(table.headers, cells, strict=False)
        ]
        found += [""] * (width - len(found))
        for left, top, right, bottom in merged:
            if top <= number <= bottom:
                covered = range(left - 1 if number > top else left, min(right, width))
                found[covered.start : covered.stop] = [UNREADABLE] * len(covered)
        for cell in cells[width:]:
            if cell.value not in (None, ""):
                table.problem(f"{place}, cell {cell.coordinate}", "this value has no header.")
        yield place, found


def _cell_value(table: RawTable, place: str, header: str, cell: Any) -> Any:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if cell.data_type == "f":
        shown = str(getattr(value, "text", value))[:40]
        table.problem(
            f"{place}, column {header!r}",
            f"found a formula ({shown}).",
            "Copy the column and paste it as values.",
        )
        return UNREADABLE
    if cell.data_type == "e":
        table.problem(
            f"{place}, column {header!r}", f"the cell holds the error {value}.", "Correct the cell."
        )
        return UNREADABLE
    if isinstance(value, int | float) and shown_as_percent(cell.number_format or ""):
        return f"{round(value * 100, 10):.15g}%"
    return value


@lru_cache(maxsize=256)
def shown_as_percent(number_format: str) -> bool:
    """Whether a format multiplies by a hundred: a % that is quoted or escaped is only a character."""
    return "%" in re.sub(r'"[^"]*"|\\.', "", number_format)
