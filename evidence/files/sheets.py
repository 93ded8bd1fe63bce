"""Workbooks (XLSX, ODS) as tables: every sheet in sight, cells as people see them, what is left out."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from evidence.files.damage import damage
from evidence.files.encoding import refuse_file
from evidence.files.grid import (
    Bounds,
    FarOut,
    Fault,
    Found,
    Line,
    Sheet,
    Surroundings,
    Wanted,
    column_name,
    filled,
    find_headers,
    reach,
)
from evidence.files.rawtable import (
    BLANK_HEADER,
    UNREADABLE,
    RawTable,
    Tables,
    check_headers,
    header_name,
    titles_of,
)
from programme.progress import Progress
from rules.errors import ImportRefused, suggest
from rules.limits import MOST_PROBLEMS, MOST_TABLES
from rules.remedy import Give, Part
from rules.words import listed

OLD = b"\xd0\xcf\x11\xe0"
"""How workbooks of Excel before 2007 begin, and newer ones with a password."""

SPECIAL = frozenset((Fault, bool))
"""Types of cells that are not handed over as they are."""


@contextmanager
def open_workbook(path: Path, name: str, progress: Progress) -> Iterator[Any]:
    """The workbook, to be read row by row; raises ImportRefused for what is none."""
    suffix = path.suffix.lower()
    progress(0, 1, f"opening {name}")
    try:
        book = _opened(path, suffix)
    except MemoryError:
        raise
    # A damaged workbook makes zipfile, zlib and the XML parser raise whatever they like.
    except Exception as error:
        what = "an .ods spreadsheet" if suffix == ".ods" else "an .xlsx workbook"
        with path.open("rb") as file:
            old = file.read(4) == OLD
        why = "it is of Excel before 2007, or has a password" if old else damage(error)
        refuse_file(
            name,
            f"this is not {what} ({why}).",
            f"Save it again as {suffix}, without a password, or as 'CSV UTF-8'.",
        )
    try:
        yield book
    finally:
        book.close()


def _opened(path: Path, suffix: str) -> Any:
    if suffix == ".ods":
        from evidence.files.ods import Spreadsheet

        return Spreadsheet(path)
    from evidence.files.xlsx import Workbook

    return Workbook(path)


def sheet_tables(
    name: str, book: Any, wanted: Collection[Wanted], chosen: Sequence[str], progress: Progress
) -> Tables:
    """Every sheet in sight with something on it, or those chosen by name, as tables; raises ImportRefused."""
    if len(book.entries) > MOST_TABLES:
        said = f"it has {len(book.entries):,} sheets; at most {MOST_TABLES} are read."
        refuse_file(name, said, "Keep the sheets that hold evidence.")
    tables = Tables()
    hidden = []
    for entry in _chosen(name, book.entries, chosen):
        if not entry.is_cells:
            tables.notes.append(f"{name}: the sheet {entry.name!r} holds no cells, e.g. a chart: left out.")
            continue
        if entry.hidden and not chosen:
            hidden.append(entry.name)
            continue
        table = RawTable(name, entry.name, [], iter(()), place=f"{name}, sheet {entry.name!r}")

        def told(done: int, size: int) -> None:
            progress(min(done, size), size, f"reading {name}")

        try:
            sheet = book.sheet(entry, told)
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
            refuse_file(
                table.place, f"the sheet cannot be read ({damage(error)}).", "Save the workbook again."
            )
        if _fill(table, sheet, wanted):
            tables.append(table)
    if hidden:
        sheets = "the sheet" if len(hidden) == 1 else "the sheets"
        said = (
            f"{sheets} {listed([repr(one) for one in hidden])} {'is' if len(hidden) == 1 else 'are'} hidden"
        )
        if not tables:
            refuse_file(
                name,
                f"no sheet in sight holds a table; {said}.",
                "Show it in a spreadsheet program, or name it.",
                Give(Part.SHEET, (hidden[0],)),
            )
        tables.notes.append(f"{name}: {said}: left out.")
    if not tables:
        refuse_file(name, "no sheet of the workbook holds a table.")
    return tables


def _chosen(name: str, entries: Sequence[Any], chosen: Sequence[str]) -> list[Any]:
    if not chosen:
        return list(entries)
    names = {entry.name.casefold(): entry for entry in entries}
    for one in chosen:
        if one.casefold() not in names:
            refuse_file(name, f"it has no sheet {one!r}.", suggest(one, [entry.name for entry in entries]))
    asked = {one.casefold() for one in chosen}
    return [entry for entry in entries if entry.name.casefold() in asked]


def _fill(table: RawTable, sheet: Sheet, wanted: Collection[Wanted]) -> bool:
    """Give a table its headers and rows; False where nothing is on the sheet."""
    lines = _whole(table, sheet)
    found = find_headers(lines, wanted)
    if found.header is None:
        return bool(table.problems)
    written = [cell.said if isinstance(cell, Fault) else cell for cell in found.header[1]]
    names = [header_name(cell) for cell in written]
    begin, end = reach(names, found.wanted, len(found.after[0][1]) if found.after else 0)
    names += [BLANK_HEADER] * (end - len(names))
    table.headers = names[begin:end]
    table.titles = titles_of(written[begin:end], table.headers)
    table.titles += [""] * (len(table.headers) - len(table.titles))
    try:
        check_headers(f"{table.place}, headers", table.headers)
    except ImportRefused as error:
        if found.wanted:
            raise
        table.headers = table.titles = []
        table.problems += error.problems
    table.rows = _rows(table, sheet, found, lines, begin, end)
    return True


def _whole(table: RawTable, sheet: Sheet) -> Iterator[Line]:
    """The rows of a sheet without its hidden columns; what is wrong with it as a whole is noted."""
    try:
        for number, cells in sheet.lines:
            if sheet.hidden_columns:
                hidden = set(sheet.hidden_columns)
                yield number, [cell for at, cell in enumerate(cells, start=1) if at not in hidden]
            else:
                yield number, cells
    except MemoryError:
        raise
    except FarOut as error:
        table.cut_short = True
        said = f"a cell is so far out that the sheet has {error}."
        table.problem(table.place, said, "Delete that cell.")
    # As above: what a damaged sheet raises is not for anybody's documentation to say.
    except Exception as error:
        table.cut_short = True
        said = f"the sheet is damaged ({damage(error)})."
        table.problem(table.place, said, "Save the workbook again.")


def _rows(
    table: RawTable, sheet: Sheet, found: Found, lines: Iterator[Line], begin: int, end: int
) -> Iterator[tuple[str, list[Any]]]:
    around = Surroundings(table, found, sheet.in_sight)
    width, above = end - begin, f"{table.place}, row "
    merged = _Merged(table, sheet, found.header[0] if found.header else 1, begin, end)
    apart = _apart(table, around, found, begin, end)
    for number, cells in around.rows(chain(found.after, lines), begin, end):
        row = cells[begin:end]
        if len(cells) > end or begin:
            apart(number, cells)
            if not filled(row):
                continue
        if len(row) < width:
            row += [""] * (width - len(row))
        if not SPECIAL.isdisjoint(map(type, row)):
            for at, cell in enumerate(row):
                if isinstance(cell, bool):
                    row[at] = str(cell).lower()
                elif isinstance(cell, Fault):
                    where = f"{above}{number}, column {table.headers[at]!r}"
                    table.problem(where, cell.said, cell.hint)
                    row[at] = UNREADABLE
        if sheet.merged:
            merged.cover(number, row)
        yield f"{above}{number}", row
    table.notes += around.notes(sheet.left_out())


def _apart(
    table: RawTable, around: Surroundings, found: Found, begin: int, end: int
) -> Callable[[int, list[Any]], None]:
    """What notes the cells of a row that are in no column of the table."""

    def look(number: int, cells: list[Any]) -> None:
        for column, cell in enumerate(cells):
            if begin <= column < end or cell == "" or (isinstance(cell, str) and not cell.strip()):
                continue
            if found.wanted is None or column in (begin - 1, end):
                where = f"{table.place}, row {number}, cell {column_name(around.column(column))}{number}"
                table.problem(where, "this value has no header.")
            else:
                around.beside.setdefault(column, []).append(number)

    return look


class _Merged:
    """The merged areas that reach into the rows of a table."""

    def __init__(self, table: RawTable, sheet: Sheet, header: int, begin: int, end: int) -> None:
        self.table, self.sheet, self.begin, self.end, self.header = table, sheet, begin, end, header
        sheet.merged.sort(key=lambda found: found[1][1])
        self.next = 0
        self.active: list[Bounds] = []

    def cover(self, number: int, row: list[Any]) -> None:
        """Note the areas that begin up to this row, and make what they cover in it unreadable."""
        merged = self.sheet.merged
        while self.next < len(merged) and merged[self.next][1][1] <= number:
            _, bounds = merged[self.next]
            self.next += 1
            left, top, right, bottom = bounds
            # Columns are counted without the hidden ones from here on.
            before = [sum(one < side for one in self.sheet.hidden_columns) for side in (left, right + 1)]
            seen = (left - before[0], right - before[1])
            if seen[1] < seen[0]:
                continue
            if bottom < self.header or seen[0] > self.end or seen[1] <= self.begin:
                continue
            area = f"{column_name(left)}{top}:{column_name(right)}{bottom}"
            where = f"{self.table.place}, cells {area}"
            self.table.problem(where, "they are merged.", "Unmerge them; fill every cell.")
            # Nothing is imported once there is one: so many are not followed.
            if len(self.active) < MOST_PROBLEMS:
                self.active.append((seen[0], top, seen[1], bottom))
        self.active = [each for each in self.active if each[3] >= number]
        for left, top, right, _ in self.active:
            first = (left - 1 if number > top else left) - self.begin
            for at in range(max(first, 0), min(right - self.begin, len(row))):
                row[at] = UNREADABLE
