"""CSV, XLSX, YAML and JSON files as tables of raw rows, each with its place.

Nothing is interpreted here beyond what the file format itself says (dates and percentages of a
spreadsheet); formulas, merged cells and broken encodings are reported with their place.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from rules.errors import ImportRefused, PolicyFileInvalid, Problem, suggest
from rules.policyfile import parse_policy_text

Progress = Callable[[int, int, str], None]
"""Called with units done, units in all, and what is being done."""

SUFFIXES = (".csv", ".xlsx", ".yml", ".yaml", ".json")
BLANK_HEADER = ""


@dataclass
class RawTable:
    """One table of a file: its headers and its rows as they stand."""

    file: str
    name: str
    """File stem, sheet name or key: may name the layout."""
    headers: list[str]
    rows: Iterator[tuple[str, list[Any]]]
    """(place, values in the order of the headers)."""
    problems: list[Problem] = field(default_factory=list)


def header_name(text: object) -> str:
    """A header as layouts write it: 'Recorded By' and 'recorded-by' are recorded_by."""
    return "_".join(str(text).strip().lower().replace("-", " ").replace("_", " ").split())


@contextmanager
def open_tables(path: Path, encoding: str, progress: Progress) -> Iterator[list[RawTable]]:
    """The tables of a file; raises ImportRefused when it cannot be read at all."""
    if not path.is_file():
        near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = suggest(path.name, near) if near else ""
        _refuse(path.name, f"there is no file {path}.", hint if hint.startswith("Did") else "")
    if path.suffix.lower() not in SUFFIXES:
        _refuse(path.name, f"files of type {path.suffix!r} are not read.", "Give .csv, .xlsx, .yml or .json.")
    if not path.stat().st_size:
        _refuse(path.name, "the file is empty.")
    kind = path.suffix.lower()
    if kind == ".csv":
        with path.open("rb", buffering=0) as raw:
            yield [_csv_table(path, raw, encoding, progress)]
    elif kind == ".xlsx":
        yield _xlsx_tables(path, progress)
    else:
        yield _structured_tables(path, kind)


def _refuse(where: str, message: str, hint: str = "") -> NoReturn:
    raise ImportRefused("Nothing was imported.", [Problem(where, message, hint)])


# --- CSV ---------------------------------------------------------------------------------------------


def _csv_table(path: Path, raw: io.FileIO, encoding: str, progress: Progress) -> RawTable:
    size = path.stat().st_size
    lines = _decoded_lines(path, raw, encoding)
    first = next(lines, "")
    while first and not first.strip():
        first = next(lines, "")
    if not first:
        _refuse(path.name, "the file is empty.")
    delimiter = max(",;\t", key=first.count)

    def all_lines() -> Iterator[str]:
        yield first
        yield from lines

    reader = csv.reader(all_lines(), delimiter=delimiter, strict=True)
    table = RawTable(path.name, path.stem, [], iter(()))
    try:
        table.headers = [header_name(cell) for cell in next(reader)]
    except csv.Error as error:
        _refuse(f"{path.name}, row 1", f"the quotation marks do not match ({error}).")

    def rows() -> Iterator[tuple[str, list[Any]]]:
        number = 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                table.problems.append(
                    Problem(f"{path.name}, row {number + 1}", f"the quotation marks do not match ({error}).")
                )
                break
            number += 1
            if number % 2_000 == 0:
                progress(raw.tell(), size, f"reading {path.name}")
            if not any(cell.strip() for cell in cells):
                continue
            place = f"{path.name}, row {number}"
            if len(cells) != len(table.headers):
                spare = cells[len(table.headers) :]
                if any(cell.strip() for cell in spare):
                    table.problems.append(
                        Problem(
                            place,
                            f"{len(cells)} cells stand under {len(table.headers)} headers.",
                            "A text with a comma needs quotation marks around it.",
                        )
                    )
                    continue
                cells = (cells + [""] * len(table.headers))[: len(table.headers)]
            yield place, cells
        progress(size, size, f"reading {path.name}")

    table.rows = rows()
    return table


def _decoded_lines(path: Path, raw: io.FileIO, encoding: str) -> Iterator[str]:
    start = raw.read(4)
    raw.seek(0)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) and encoding == "utf-8":
        encoding = "utf-16"
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    try:
        text = io.TextIOWrapper(io.BufferedReader(raw), encoding=name, newline="")
    except LookupError:
        _refuse(path.name, f"the encoding {encoding!r} is not known.", "Use utf-8 or cp1252.")
    number = 0
    while True:
        try:
            line = text.readline()
        except UnicodeDecodeError as error:
            _refuse(
                f"{path.name}, near row {number + 1}",
                f"the file is not {encoding} text (byte {error.object[error.start]:#04x}).",
                "Save it as 'CSV UTF-8', or give --encoding cp1252 if it was saved by an older Excel.",
            )
        if not line:
            return
        if "\x00" in line:
            _refuse(f"{path.name}, row {number + 1}", "this is not a text file (it holds zero bytes).")
        number += 1
        yield line


# --- XLSX --------------------------------------------------------------------------------------------


def _xlsx_tables(path: Path, progress: Progress) -> list[RawTable]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    progress(0, 1, f"opening {path.name}")
    try:
        book = load_workbook(path, data_only=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        _refuse(
            path.name, f"this is not an .xlsx workbook ({error}).", "Save it again as .xlsx or as CSV UTF-8."
        )
    tables = []
    for sheet in book.worksheets:
        table = _sheet_table(path, sheet)
        if table is not None:
            tables.append(table)
    if not tables:
        _refuse(path.name, "no sheet of the workbook holds a table.")
    progress(1, 1, f"opening {path.name}")
    return tables


def _sheet_table(path: Path, sheet: Any) -> RawTable | None:
    place = f"{path.name}, sheet {sheet.title!r}"
    table = RawTable(path.name, sheet.title, [], iter(()))
    for merged in sheet.merged_cells.ranges:
        table.problems.append(
            Problem(
                f"{place}, cells {merged.coord}", "these cells are merged.", "Unmerge them; fill every cell."
            )
        )
    rows = sheet.iter_rows()
    header = next((row for row in rows if any(cell.value is not None for cell in row)), None)
    if header is None:
        return None
    last = max(i for i, cell in enumerate(header) if cell.value is not None) + 1
    table.headers = [header_name(c.value) if c.value is not None else BLANK_HEADER for c in header[:last]]

    def values() -> Iterator[tuple[str, list[Any]]]:
        for row in rows:
            if all(cell.value is None for cell in row):
                continue
            found = [_cell_value(table, place, cell) for cell in row[:last]]
            for cell in row[last:]:
                if cell.value is not None:
                    table.problems.append(
                        Problem(f"{place}, cell {cell.coordinate}", "a value stands under no header.")
                    )
            yield f"{place}, row {row[0].row}", found

    table.rows = values()
    return table


def _cell_value(table: RawTable, place: str, cell: Any) -> Any:
    value = cell.value
    if cell.data_type == "f":
        table.problems.append(
            Problem(
                f"{place}, cell {cell.coordinate}",
                f"a formula stands here ({str(value)[:40]}).",
                "Copy the column and paste it as values.",
            )
        )
        return ""
    if cell.data_type == "e":
        table.problems.append(
            Problem(f"{place}, cell {cell.coordinate}", f"the cell holds the error {value}.")
        )
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool) and "%" in (cell.number_format or ""):
        return f"{round(value * 100, 10):g}%"
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


# --- YAML and JSON -----------------------------------------------------------------------------------


def _structured_tables(path: Path, kind: str) -> list[RawTable]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        _refuse(f"{path.name}, line {line}", "this is not UTF-8 text.", "Save the file as UTF-8.")
    if kind == ".json":
        data, line_of = _json(path, text)
    else:
        try:
            found = parse_policy_text(text, path.name)
        except PolicyFileInvalid as error:
            raise ImportRefused(f"Nothing was imported: {error.message}", error.problems) from error
        if found.problems:
            raise ImportRefused("Nothing was imported.", found.problems)
        data = found.data

        def line_of(*steps: str | int) -> str:
            return f", line {found.lines[steps]}" if steps in found.lines else ""

    if isinstance(data, list):
        groups: list[tuple[str, Any, tuple[str, ...]]] = [(path.stem, data, ())]
    elif isinstance(data, dict):
        groups = [(str(key), value, (str(key),)) for key, value in data.items()]
    else:
        _refuse(path.name, "a list of rows, or lists of rows by layout name, is expected.")
    return [_group_table(path, name, rows, steps, line_of) for name, rows, steps in groups]


def _group_table(
    path: Path, name: str, rows: Any, steps: tuple[str, ...], line_of: Callable[..., str]
) -> RawTable:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        _refuse(f"{path.name}{line_of(*steps)}", f"{name!r} is not a list of rows (key: value).")
    headers: list[str] = []
    for row in rows:
        headers += [h for h in (header_name(key) for key in row) if h not in headers]
    table = RawTable(path.name, name, headers, iter(()))

    def values() -> Iterator[tuple[str, list[Any]]]:
        for position, row in enumerate(rows):
            by_header = {header_name(key): value for key, value in row.items()}
            place = f"{path.name}, {name} {position + 1}{line_of(*steps, position)}"
            yield place, [_plain(by_header.get(h, "")) for h in headers]

    table.rows = values()
    return table


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str | int | float | date | list) else str(value)


def _json(path: Path, text: str) -> tuple[Any, Callable[..., str]]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ValueError(f"the key {key!r} stands twice in one row")
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=unique), lambda *steps: ""
    except json.JSONDecodeError as error:
        _refuse(f"{path.name}, line {error.lineno}", f"this is not JSON: {error.msg}.")
    except ValueError as error:
        _refuse(path.name, f"{error}.")
