"""CSV, XLSX, YAML and JSON files as tables of raw rows, each with its place.

Nothing is interpreted here beyond what the file format itself says (dates and percentages of a
spreadsheet); formulas, merged cells and broken encodings are reported with their place. CSV and XLSX
stream: memory does not grow with their rows.
"""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, NoReturn, cast

import yaml

from evidence.files.encoding import not_in_encoding, open_text, refuse_file
from programme.progress import Progress
from rules.errors import Problem, suggest
from rules.remedy import Remedy
from rules.words import many

SUFFIXES = (".csv", ".xlsx", ".yml", ".yaml", ".json")
BLANK_HEADER = ""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
LONGEST_CELL = 10_000_000
"""Characters; more in one CSV cell means a quotation mark that is never closed."""
# Python's own limit, 131,072 characters, is below the text of a long report, and can only be set for all.
csv.field_size_limit(LONGEST_CELL)


class Unreadable:
    """Stands for a cell that was already reported (a formula, an error): no layout takes it."""

    def __str__(self) -> str:
        return ""


UNREADABLE = Unreadable()


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
    """What was found so far; grows while the rows are read."""
    place: str = ""
    """The file, and where it holds several tables the sheet or key."""
    cut_short: bool = False
    """Whether rows of it could not be read at all."""

    def __post_init__(self) -> None:
        self.place = self.place or self.file

    def problem(self, place: str, message: str, hint: str = "", *remedies: Remedy) -> None:
        """Note a problem of the table."""
        self.problems.append(Problem(place, message, hint, remedies))


def header_name(text: object) -> str:
    """A header as layouts write it: 'Recorded By' and 'recorded-by' are recorded_by."""
    return "_".join(str(text).strip().lower().replace("-", " ").replace("_", " ").split())


def _headers(cells: list[Any]) -> list[str]:
    """The headers of a row of cells; empty cells after the last header are no columns."""
    names = [header_name(cell) if cell is not None else BLANK_HEADER for cell in cells]
    while names and names[-1] == BLANK_HEADER:
        names.pop()
    return names


@contextmanager
def open_tables(path: Path, encoding: str, progress: Progress, name: str = "") -> Iterator[list[RawTable]]:
    """The tables of a file; raises ImportRefused when it cannot be read at all.

    Places begin with `name`, by default the file's own. `encoding` is that of CSV files that are not UTF-8:
    a byte order mark, or text that can only be UTF-8, says more than an option given for many files.
    """
    name = name or path.name or str(path)
    kind = _kind(path, name)
    with ExitStack() as opened:
        try:
            if kind == ".csv":
                text = opened.enter_context(open_text(path, name, encoding))
                tables = [_csv_table(path, name, text, progress)]
            elif kind == ".xlsx":
                book = opened.enter_context(_open_workbook(path, name, progress))
                tables = _sheet_tables(path, name, book, progress)
            else:
                tables = _structured_tables(path, name, kind)
        except OSError as error:
            refuse_file(name, f"the file cannot be read ({error.strerror or error}).")
        for table in tables:
            # A generator left half way would hold its file open.
            opened.callback(getattr(table.rows, "close", lambda: None))
        yield tables


def _kind(path: Path, name: str) -> str:
    """The suffix of a file that is there, in lower case."""
    if path.is_dir():
        refuse_file(name, f"{path} is a folder.", "Give the files in it.")
    if not path.is_file():
        near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = suggest(path.name, near) if near else ""
        refuse_file(name, f"there is no file {path}.", hint if hint.startswith("Did") else "")
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        what = f"files of type {path.suffix!r}" if kind else "files without a type"
        refuse_file(name, f"{what} are not read.", "Give .csv, .xlsx, .yml or .json.")
    if not path.stat().st_size:
        refuse_file(name, "the file is empty.")
    return kind


# --- CSV ---------------------------------------------------------------------------------------------


def _csv_table(path: Path, name: str, text: io.TextIOWrapper, progress: Progress) -> RawTable:
    size = path.stat().st_size
    before = 0
    try:
        while (first := text.readline()) and not first.strip(" ,;\t\r\n"):
            before += 1
        if not first:
            refuse_file(name, "the file is empty.")
        delimiter = max(DELIMITERS, key=first.count)
        reader = csv.reader(chain([first], text), delimiter=delimiter, strict=True)
        headers = _headers(next(reader))
    except UnicodeError as error:
        refuse_file(*not_in_encoding(name, text.encoding, before, error))
    except csv.Error as error:
        refuse_file(f"{name}, row {before + 1}", f"the quotation marks do not match ({error}).")
    table = RawTable(name, path.stem, headers, iter(()))

    def rows() -> Iterator[tuple[str, list[Any]]]:
        for number, cells in _records(table, reader, text.encoding, before):
            if number % 2_000 == 0:
                progress(cast(io.BufferedReader, text.buffer).tell(), size, f"reading {name}")
            if not any(map(str.strip, cells)):
                continue
            have, need = len(cells), len(headers)
            if have < need or any(map(str.strip, cells[need:])):
                between = DELIMITERS[delimiter]
                table.problem(
                    f"{name}, row {number}",
                    f"{many(have, 'cell')} under {many(need, 'header')}.",
                    f"A text with a {between} needs quotation marks around it."
                    if have > need
                    else f"An empty cell still needs its {between}.",
                )
                continue
            yield f"{name}, row {number}", cells[:need]
        progress(size, size, f"reading {name}")

    table.rows = rows()
    return table


def _records(table: RawTable, reader: Any, encoding: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """The records below the headers with their row numbers; those that cannot be read are noted."""
    number = before + 1
    while True:
        start = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            table.cut_short = True
            table.problem(
                f"{table.file}, row {number + 1}",
                f"the quotation marks do not match ({error}).",
                'Close every quotation mark; write one inside a text twice ("").',
            )
            # Every line that was swallowed is a row of its own once the quotation mark is closed.
            number += max(reader.line_num - start, 1)
            continue
        except (UnicodeError, OSError) as error:
            table.cut_short = True
            if isinstance(error, UnicodeError):
                table.problem(*not_in_encoding(table.file, encoding, before + start, error))
            else:
                table.problem(table.file, f"the file cannot be read ({error.strerror or error}).")
            return
        number += 1
        yield number, cells


# --- XLSX --------------------------------------------------------------------------------------------

MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z0-9:]+)"')
ROWS_AT_ONCE = 200
Bounds = tuple[int, int, int, int]
"""First column, first row, last column, last row."""


@contextmanager
def _open_workbook(path: Path, name: str, progress: Progress) -> Iterator[Any]:
    from openpyxl import load_workbook

    progress(0, 1, f"opening {name}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(path, read_only=True)
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


def _sheet_tables(path: Path, name: str, book: Any, progress: Progress) -> list[RawTable]:
    tables = []
    for sheet in book.worksheets:
        table = RawTable(name, sheet.title, [], iter(()), place=f"{name}, sheet {sheet.title!r}")
        rows = _sheet_rows(table, sheet, progress)
        header = next((cells for _, cells in rows if any(cell.value is not None for cell in cells)), None)
        if header is None:
            if table.problems:
                tables.append(table)
            continue
        table.headers = _headers([cell.value for cell in header])
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
        # As above: what a damaged sheet raises is not for openpyxl's documentation to say.
        except Exception as error:
            table.cut_short = True
            table.problem(table.place, f"the sheet is damaged ({error}).", "Save the workbook again.")
            return
        if not some:
            return
        progress(min(some[-1][0], size), size, f"reading {table.file}")
        yield from some


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
                found[area] = cast(Bounds, range_boundaries(area))
    return list(found.items())


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


# --- YAML and JSON -----------------------------------------------------------------------------------

LISTS = "Write a list of rows (key: value), or lists of rows by layout name."


@dataclass
class _Group:
    """The rows of one list: (place, pairs as they stand)."""

    name: str
    rows: list[tuple[str, list[tuple[str, Any]]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def _structured_tables(path: Path, name: str, kind: str) -> list[RawTable]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        refuse_file(f"{name}, line {line}", "this is not UTF-8 text.", "Save the file as UTF-8.")
    read = _json_groups if kind == ".json" else _yaml_groups
    groups = read(text, name, path.stem)
    alone = len(groups) == 1 and groups[0].name == path.stem
    return [_group_table(name, group, name if alone else f"{name}, {group.name}") for group in groups]


def _group_table(file: str, group: _Group, place: str) -> RawTable:
    headers: dict[str, None] = {}
    for _, pairs in group.rows:
        headers.update((header_name(key), None) for key, _ in pairs)
    table = RawTable(file, group.name, list(headers), iter(()), list(group.problems), place)

    def values() -> Iterator[tuple[str, list[Any]]]:
        for where, pairs in group.rows:
            row: dict[str, Any] = {}
            for key, value in pairs:
                if header_name(key) in row:
                    table.problem(where, f"the key {key!r} appears twice.")
                row[header_name(key)] = value
            yield where, [row.get(header, "") for header in headers]

    table.rows = values()
    return table


def _json_groups(text: str, name: str, stem: str) -> list[_Group]:
    try:
        # Objects stay pairs, so that a key that stands twice is seen; numbers too large to read stay text.
        data = json.loads(
            text,
            object_pairs_hook=_Pairs,
            parse_constant=str,
            parse_int=lambda digits: int(digits) if len(digits) < 400 else digits,
        )
    except json.JSONDecodeError as error:
        refuse_file(f"{name}, line {error.lineno}", f"this is not JSON: {error.msg}.")
    except RecursionError:
        refuse_file(name, "this is nested too deeply.", LISTS)
    if isinstance(data, _Pairs):
        keys = [key for key, _ in data]
        for key in keys:
            if keys.count(key) > 1:
                refuse_file(name, f"the key {key!r} appears twice.")
        return [_json_group(name, key, rows) for key, rows in data]
    return [_json_group(name, stem, data)]


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs."""


def _json_group(name: str, key: str, rows: Any) -> _Group:
    group = _Group(key)
    if not isinstance(rows, list) or isinstance(rows, _Pairs):
        refuse_file(name, f"{key!r} is not a list of rows.", LISTS)
    for number, row in enumerate(rows, start=1):
        place = f"{name}, {key} {number}"
        if isinstance(row, _Pairs):
            group.rows.append((place, [(key, _json_value(value)) for key, value in row]))
        else:
            group.problems.append(Problem(place, "this is not a row (key: value).", LISTS))
    return group


def _json_value(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return dict(value) if isinstance(value, _Pairs) else value


DEEPEST = 20
"""Parsing takes ever longer the deeper a YAML file is nested; none of ours is."""
NULLS = ("", "~", "null", "Null", "NULL")
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _yaml_groups(text: str, name: str, stem: str) -> list[_Group]:
    """The rows of a YAML file with their lines; values stay as they are written (0012, 12:30, no)."""
    try:
        return _YamlRows(yaml.parse(text, Loader=Loader), name, stem).groups()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        refuse_file(f"{name}, line {line}", f"this is not YAML: {error.problem or error.context}.")
    except yaml.YAMLError as error:
        refuse_file(name, f"this is not YAML: {error}.")


class _YamlRows:
    """Reads the events of a YAML file: nothing is built that the file does not hold, however it is nested."""

    def __init__(self, events: Iterator[Any], name: str, stem: str) -> None:
        self.events, self.name, self.stem = events, name, stem

    def groups(self) -> list[_Group]:
        found: list[_Group] = []
        event = self.next(yaml.StreamStartEvent, yaml.DocumentStartEvent)
        if isinstance(event, yaml.SequenceStartEvent):
            found.append(self.rows(self.stem))
        elif isinstance(event, yaml.MappingStartEvent):
            while not isinstance(key := self.next(), yaml.MappingEndEvent):
                found.append(self.group(self.text(key), found))
        elif isinstance(event, yaml.StreamEndEvent) or self.text(event) == "":
            refuse_file(self.name, "the file is empty.")
        else:
            self.refuse(event, "this is not a list of rows.")
        event = self.next(yaml.DocumentEndEvent)
        if not isinstance(event, yaml.StreamEndEvent):
            self.refuse(event, "a second document (---) begins here.")
        return found

    def next(self, *skipped: type) -> Any:
        event = next(self.events)
        while isinstance(event, skipped):
            event = next(self.events)
        return event

    def refuse(self, event: Any, message: str) -> NoReturn:
        refuse_file(f"{self.name}, line {event.start_mark.line + 1}", message, LISTS)

    def text(self, event: Any) -> str:
        """The text of a plain value or key; null is empty."""
        if not isinstance(event, yaml.ScalarEvent):
            self.refuse(event, "a plain word is expected here.")
        plain = event.implicit[0] and event.value in NULLS
        return "" if plain else str(event.value)

    def group(self, key: str, found: list[_Group]) -> _Group:
        event = self.next()
        if any(group.name == key for group in found):
            self.refuse(event, f"the key {key!r} appears twice.")
        if isinstance(event, yaml.SequenceStartEvent):
            return self.rows(key)
        if isinstance(event, yaml.ScalarEvent) and self.text(event) == "":
            return _Group(key)
        self.refuse(event, f"{key!r} is not a list of rows.")

    def rows(self, key: str) -> _Group:
        group = _Group(key)
        number = 0
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            number += 1
            place = f"{self.name}, {key} {number}, line {event.start_mark.line + 1}"
            if isinstance(event, yaml.MappingStartEvent):
                group.rows.append((place, self.pairs()))
            else:
                self.skip(event)
                group.problems.append(Problem(place, "this is not a row (key: value).", LISTS))
        return group

    def pairs(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        while not isinstance(key := self.next(), yaml.MappingEndEvent):
            found.append((self.text(key), self.value()))
        return found

    def value(self) -> Any:
        """A text, or a list of texts; what holds more is left for the layout to refuse."""
        event = self.next()
        if isinstance(event, yaml.ScalarEvent):
            return self.text(event)
        if not isinstance(event, yaml.SequenceStartEvent):
            self.skip(event)
            return {"...": "..."}
        found: list[Any] = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            if isinstance(event, yaml.ScalarEvent):
                found.append(self.text(event))
            else:
                self.skip(event)
                found.append({"...": "..."})
        return found

    def skip(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.refuse(event, f"the shorthand *{event.anchor} is not read; write the value out.")
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if not depth:
                return
            if depth > DEEPEST:
                self.refuse(event, "this is nested too deeply.")
            event = self.next()
