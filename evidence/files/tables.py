"""CSV, XLSX, ODS, YAML and JSON files as tables of raw rows, each with its place.

Cells are what people see of them; merged cells, formulas that were never computed and broken encodings are
reported with their place. The headers are looked for among the first rows, and what is above, below and
beside the table, or hidden, is left out and said to be. CSV, XLSX and ODS
stream: memory does not grow with their rows. A file is taken apart in a process of its own (`apart`), which
hands over its rows as they are asked for (`open_tables`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evidence.files.encoding import refuse_file
from evidence.files.grid import Wanted
from evidence.files.rawtable import RawTable, Tables
from evidence.files.reading import ReaderEnded, Stopped, TooSlow, being_read
from programme.progress import Progress
from rules.errors import ImportRefused, Problem, suggest
from rules.limits import LARGEST_TABLE, MOST_PROBLEMS, READ_SECONDS
from rules.remedy import read_remedy

SUFFIXES = (".csv", ".tsv", ".xlsx", ".xlsm", ".ods", ".sav", ".zsav", ".yml", ".yaml", ".json")
GIVE = "Give .csv, .tsv, .xlsx, .ods, .yml or .json."
OTHERS = {
    ".xls": ("a workbook of Excel before 2007 (.xls)", "Save it as .xlsx."),
    ".xlsb": ("a binary workbook (.xlsb)", "Save it as .xlsx."),
    ".fods": ("a flat OpenDocument spreadsheet (.fods)", "Save it as .ods."),
    ".numbers": ("a spreadsheet of Apple Numbers (.numbers)", "Export it as .xlsx."),
}
"""Spreadsheets that are not read, and what would do."""


@contextmanager
def open_tables(
    path: Path,
    encoding: str,
    progress: Progress,
    name: str = "",
    *,
    wanted: Collection[Wanted] = (),
    sheets: Sequence[str] = (),
    seconds: float = READ_SECONDS,
    also: Collection[str] = (),
) -> Iterator[Tables]:
    """The tables of a file; raises ImportRefused when it cannot be read at all.

    Places begin with `name`, by default the file's own. `encoding` is that of CSV files that are not UTF-8:
    a byte order mark, or text that can only be UTF-8, says more than an option given for many files. The rows
    of the tables come in the order of the tables; `seconds` limits how long some of them take. The headers
    are the first row that has all those of a table that is `wanted`, else the first row that is no title.
    `sheets` names the sheets of a workbook that are read, hidden ones too; by default all in sight. Other
    files have none, and are read as a whole. `also`: further types of file whose tables are read here, as
    .docx; the first row of a table of theirs has its headers.
    """
    name = name or path.name or str(path)
    suffix = kind_of_table(path, name, also)
    job = {
        "reads": "table",
        "suffix": suffix,
        "path": str(path.resolve()),
        "encoding": encoding,
        "name": name,
        "wanted": [[sorted(one.needed), sorted(one.known)] for one in wanted],
        "sheets": list(sheets),
    }

    with being_read(job, None, seconds) as lines:
        yield _Reading(lines, name, progress).tables()


class _Reading:
    """The tables of a file that is read elsewhere, as they come."""

    def __init__(self, lines: Iterator[Any], name: str, progress: Progress) -> None:
        self.lines, self.name, self.progress = lines, name, progress
        self.coming = 0
        """Number of the table whose rows come next."""
        self.found = Tables()

    def tables(self) -> Tables:
        said = self.next()
        self.found.notes += said["notes"]
        for number, (file, name, headers, titles, place, (problems, more), cut) in enumerate(said["tables"]):
            table = RawTable(file, name, headers, iter(()), place=place, cut_short=cut, titles=titles)
            _take_over(table, problems, more)
            table.rows = self.rows(number, table)
            self.found.append(table)
        return self.found

    def rows(self, number: int, table: RawTable) -> Iterator[tuple[str, list[Any]]]:
        """The rows of a table; those of the tables before it that nobody asked for are passed over."""
        while self.coming <= number:
            said = self.next()
            of = self.found[self.coming]
            _take_over(of, *said["problems"])
            of.cut_short = of.cut_short or said["cut"]
            of.notes += said.get("notes", ())
            self.coming += "end" in said
            if of is table:
                yield from map(tuple, said.get("rows", ()))

    def next(self) -> dict[str, Any]:
        """The next line of the answer that is not about progress; raises ImportRefused for a refusal."""
        try:
            for said in self.lines:
                if "at" in said:
                    self.progress(*said["at"])
                elif "refused" in said:
                    raise ImportRefused("Nothing was imported.", [_problem(*one) for one in said["refused"]])
                else:
                    return dict(said)
        except TooSlow:
            refuse_file(
                self.name, "reading it took too long and was stopped.", "Divide it, or save it as CSV."
            )
        except Stopped:
            refuse_file(self.name, "reading it was stopped.", "Give it again.")
        except ReaderEnded as how:
            refuse_file(self.name, f"it could not be read: the reader {how}.", "Save it again, or as CSV.")
        refuse_file(self.name, "it could not be read to its end.", "Save it again, or as CSV.")


def _problem(where: str, message: str, hint: str, remedies: list[Any]) -> Problem:
    return Problem(where, message, hint, tuple(read_remedy(one) for one in remedies))


def _take_over(table: RawTable, problems: list[Any], more: int) -> None:
    room = max(0, MOST_PROBLEMS - len(table.problems))
    table.problems += [_problem(*one) for one in problems[:room]]
    table.more += more + len(problems[room:])


def kind_of_table(path: Path, name: str, also: Collection[str] = ()) -> str:
    """The suffix of a file that is there, in lower case."""
    if path.is_dir():
        refuse_file(name, f"{path} is a folder.", "Give the files in it.")
    if not path.is_file():
        near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = suggest(path.name, near) if near else ""
        refuse_file(name, f"there is no file {path}.", hint if hint.startswith("Did") else "")
    kind = path.suffix.lower()
    if kind in OTHERS:
        what, hint = OTHERS[kind]
        refuse_file(name, f"this is {what}, which is not read.", hint)
    if kind not in (*SUFFIXES, *also):
        what = f"files of type {path.suffix!r}" if kind else "files without a type"
        refuse_file(name, f"{what} are not read.", GIVE)
    size = path.stat().st_size
    if not size:
        refuse_file(name, "the file is empty.")
    if size > LARGEST_TABLE:
        refuse_file(
            name,
            f"it has {size / 1e6:,.0f} MB; at most {LARGEST_TABLE / 1e6:,.0f} MB are read.",
            "Divide it.",
        )
    return kind
