"""The tables of a file, taken apart in this process: what the process that reads one does with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from evidence.files.encoding import open_text, refuse_file
from evidence.files.grid import Wanted
from evidence.files.rawtable import RawTable, Tables, check_headers, headers_of, titles_of
from programme.progress import Progress
from rules.errors import EvidenceInvalid
from rules.limits import LARGEST_FILE


@contextmanager
def tables_of(
    path: Path,
    encoding: str,
    progress: Progress,
    name: str,
    wanted: Collection[Wanted] = (),
    sheets: Sequence[str] = (),
) -> Iterator[Tables]:
    """The tables of a file, taken apart in this process; raises ImportRefused as `open_tables` does."""
    suffix = path.suffix.lower()
    with ExitStack() as opened:
        try:
            if suffix in (".csv", ".tsv"):
                from evidence.files.delimited import csv_table

                text = opened.enter_context(open_text(path, name, encoding))
                tables = csv_table(path, name, text, wanted, progress)
            elif suffix in (".xlsx", ".xlsm", ".ods"):
                from evidence.files.sheets import open_workbook, sheet_tables

                book = opened.enter_context(open_workbook(path, name, progress))
                tables = sheet_tables(name, book, wanted, sheets, progress)
            elif suffix in (".sav", ".zsav"):
                from evidence.files.spss import spss_table

                tables = Tables([spss_table(path, name, encoding, progress)])
            elif suffix in (".docx", ".docm"):
                tables = _word_tables(path, name)
            else:
                from evidence.files.lists import structured_tables

                tables = Tables(structured_tables(path, name, suffix))
        except OSError as error:
            refuse_file(name, f"the file cannot be read ({error.strerror or error}).")
        for table in tables:
            # A generator left half way would hold its file open.
            closed: Callable[[], None] = getattr(table.rows, "close", lambda: None)
            opened.callback(closed)
        yield tables


def _word_tables(path: Path, name: str) -> Tables:
    """The tables of a Word document; the first row of each has its headers."""
    from evidence.files.formats.word_tables import word_tables

    if (size := path.stat().st_size) > LARGEST_FILE:
        said = f"it has {size / 1e6:,.0f} MB; at most {LARGEST_FILE / 1e6:,.0f} MB are read."
        refuse_file(name, said, "Save it with smaller pictures.")
    try:
        grids, notes = word_tables(path.read_bytes())
    except EvidenceInvalid as error:
        refuse_file(name, error.message, error.hint)
    tables = Tables(notes=notes)
    for number, (header, *rows) in enumerate(filter(None, grids), start=1):
        headers = headers_of(list(header))
        place = f"{name}, table {number}"
        check_headers(place, headers)
        titles = titles_of(list(header), headers)
        cells = _placed(place, rows, len(headers))
        tables.append(RawTable(name, f"table {number}", headers, cells, place=place, titles=titles))
    return tables


def _placed(place: str, rows: Sequence[list[str]], wide: int) -> Iterator[tuple[str, list[str]]]:
    """The rows below the headers, each as wide as these."""
    for number, row in enumerate(rows, start=2):
        yield f"{place}, row {number}", [*row, *[""] * wide][:wide]
