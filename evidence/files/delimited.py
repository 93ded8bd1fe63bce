"""CSV files as tables: the separator, the headers, the records; what cannot be read is named with its row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, cast

from evidence.files.encoding import not_in_encoding, refuse_file
from evidence.files.grid import Found, Surroundings, Wanted, find_headers, reach
from evidence.files.rawtable import RawTable, Tables, check_headers, header_name, titles_of
from programme.progress import Progress
from rules.errors import ImportRefused
from rules.limits import LONGEST_TEXT, MOST_ROWS
from rules.words import many

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LONGEST_HEADERS = 100_000
"""Characters of the line with the headers."""
LOOKED_AT = 200
"""Lines by which the separator is found."""
SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""A first line by which some programs tell Excel the separator."""
# More in one cell means a quotation mark that is never closed. Python's own limit, 131,072 characters, is
# below the text of a long report, and can only be set for all.
csv.field_size_limit(LONGEST_TEXT)


def csv_table(
    path: Path, name: str, text: io.TextIOWrapper, wanted: Collection[Wanted], progress: Progress
) -> Tables:
    """The table of an opened file; raises ImportRefused where its headers cannot be read."""
    size = path.stat().st_size
    head, late = _head(name, text)
    delimiter, before = _delimiter(path, head, wanted)
    given = chain(head[before:], _raising(late) if late else text)
    reader = csv.reader(given, delimiter=delimiter, strict=True)
    table = RawTable(name, path.stem, [], iter(()))
    records = _records(table, reader, text.encoding, before)
    found = find_headers(records, wanted)
    if found.header is None:
        if table.problems:
            raise ImportRefused("Nothing was imported.", table.problems)
        refuse_file(name, "the file is empty.")
    names = [header_name(cell) for cell in found.header[1]]
    begin, end = reach(names, found.wanted)
    table.headers = names[begin:end]
    table.titles = titles_of(found.header[1][begin:end], table.headers)
    check_headers(f"{name}, headers", table.headers)
    around = Surroundings(table, found)

    def rows() -> Iterator[tuple[str, list[Any]]]:
        wide = end if found.wanted is None else max(end, len(names))
        whole = wide == end and not begin
        for number, cells in around.rows(chain(found.after, records), begin, end):
            if number % 2_000 == 0:
                progress(cast(io.BufferedReader, text.buffer).tell(), size, f"reading {name}")
            if not any(map(str.strip, cells)):
                continue
            have = len(cells)
            if have < end or any(map(str.strip, cells[wide:])):
                between = DELIMITERS.get(delimiter, repr(delimiter))
                table.problem(
                    f"{name}, row {number}",
                    f"{many(have, 'cell')} under {many(end, 'header')}.",
                    f"A text with a {between} needs quotation marks around it."
                    if have > end
                    else f"An empty cell still needs its {between}.",
                )
                continue
            if not (whole or _only_beside(table, around, found, number, cells, begin, end)):
                continue
            yield f"{name}, row {number}", cells[begin:end]
        table.notes += around.notes()
        progress(size, size, f"reading {name}")

    table.rows = rows()
    return Tables([table])


def _only_beside(
    table: RawTable, around: Surroundings, found: Found, number: int, cells: list[str], begin: int, end: int
) -> bool:
    """Note the cells of a row beside the table; whether it has others."""
    for column, cell in enumerate(cells):
        if begin <= column < end or not cell.strip():
            continue
        if column in (begin - 1, end):
            table.problem(f"{table.place}, row {number}", f"the value in column {column + 1} has no header.")
        else:
            around.beside.setdefault(column, []).append(number)
    return any(map(str.strip, cells[begin:end]))


def _head(name: str, text: io.TextIOWrapper) -> tuple[list[str], UnicodeError | None]:
    """The first lines, and the error that ends them; raises ImportRefused for one that is no text at all."""
    head: list[str] = []
    begun = False
    while len(head) < LOOKED_AT:
        try:
            line = text.readline() if begun else text.readline(LONGEST_HEADERS)
        except UnicodeError as error:
            if not begun:
                refuse_file(*not_in_encoding(name, text.encoding, len(head), error))
            return head, error
        if not line:
            break
        if not begun and len(line) == LONGEST_HEADERS:
            said = f"the line has {LONGEST_HEADERS:,} characters or more, which no line of headers has."
            hint = "Give a table with its headers in the first line."
            refuse_file(f"{name}, row {len(head) + 1}", said, hint)
        begun = begun or bool(line.strip(" ,;|\t\r\n"))
        head.append(line)
    return head, None


def _raising(error: UnicodeError) -> Iterator[str]:
    raise error
    yield ""


def _delimiter(path: Path, head: list[str], wanted: Collection[Wanted]) -> tuple[str, int]:
    """What stands between two cells, and how many lines say that alone."""
    if head and (said := SEPARATOR.fullmatch(head[0].strip("\ufeff\r\n "))):
        return said[1], 1
    if path.suffix.lower() == ".tsv":
        return "\t", 0
    for line in head:
        for delimiter in DELIMITERS:
            if delimiter in line and any(one.needed <= _names(line, delimiter) for one in wanted):
                return delimiter, 0
    lines = [line for line in head if line.strip(" ,;|\t\r\n")]
    first = next((line for line in lines[:20] if any(map(line.count, ",;\t"))), "")
    return max(",;\t", key=first.count), 0


def _names(line: str, delimiter: str) -> set[str]:
    return {header_name(cell.strip().strip('"')) for cell in line[:LONGEST_HEADERS].split(delimiter)}


def _records(table: RawTable, reader: Any, encoding: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """The records with their row numbers; those that cannot be read are noted."""
    number = before
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
                f"the quotation marks do not match: {loose_quotes(error)}.",
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
        if number > MOST_ROWS:
            table.cut_short = True
            table.problem(table.file, f"it has more than {MOST_ROWS:,} rows.", "Divide it.")
            return
        yield number, cells


def loose_quotes(error: Exception) -> str:
    """How the quotation marks of a CSV file do not match, after what the reader of CSV says."""
    said = str(error)
    if "end of data" in said:
        return "one is opened and never closed"
    if "field limit" in said:
        return "a cell goes on for longer than any text that is stored"
    return "behind a closing one, the cell goes on"
