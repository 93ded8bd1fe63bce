"""CSV files as tables: the separator, the headers, the records; what cannot be read is named with its row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, cast

from evidence.files.encoding import not_in_encoding, refuse_file
from evidence.files.rawtable import RawTable, check_headers, headers_of, titles_of
from programme.progress import Progress
from rules.limits import LONGEST_TEXT, MOST_ROWS
from rules.words import many

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
LONGEST_HEADERS = 100_000
"""Characters of the line with the headers."""
# More in one cell means a quotation mark that is never closed. Python's own limit, 131,072 characters, is
# below the text of a long report, and can only be set for all.
csv.field_size_limit(LONGEST_TEXT)


def csv_table(path: Path, name: str, text: io.TextIOWrapper, progress: Progress) -> RawTable:
    """The table of an opened file; raises ImportRefused where its headers cannot be read."""
    size = path.stat().st_size
    before = 0
    try:
        while (first := text.readline(LONGEST_HEADERS)) and not first.strip(" ,;\t\r\n"):
            before += 1
        if not first:
            refuse_file(name, "the file is empty.")
        if len(first) == LONGEST_HEADERS:
            said = f"the line has {LONGEST_HEADERS:,} characters or more, which no line of headers has."
            refuse_file(f"{name}, row {before + 1}", said, "Give a table with its headers in the first line.")
        delimiter = max(DELIMITERS, key=first.count)
        reader = csv.reader(chain([first], text), delimiter=delimiter, strict=True)
        cells = next(reader)
        headers = headers_of(cells)
    except UnicodeError as error:
        refuse_file(*not_in_encoding(name, text.encoding, before, error))
    except csv.Error as error:
        refuse_file(f"{name}, row {before + 1}", f"the quotation marks do not match ({error}).")
    check_headers(f"{name}, headers", headers)
    table = RawTable(name, path.stem, headers, iter(()), titles=titles_of(cells, headers))

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
        if number > MOST_ROWS:
            table.cut_short = True
            table.problem(table.file, f"it has more than {MOST_ROWS:,} rows.", "Divide it.")
            return
        yield number, cells
