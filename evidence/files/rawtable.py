"""A table as it stands in a file: headers, rows with their places, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evidence.files.encoding import refuse_file
from rules.errors import Problem
from rules.limits import LONGEST_LINE, MOST_COLUMNS, MOST_PROBLEMS, shortened

if TYPE_CHECKING:
    from rules.remedy import Remedy

BLANK_HEADER = ""
TWO_ROWS = {"respondent_id", "collector_id"}
"""Headers of SurveyMonkey's exports, where empty cells of the last question have headers in a second row."""


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
    """What was found so far; grows while the rows are read, up to MOST_PROBLEMS."""
    more: int = 0
    """How many problems were found beyond."""
    place: str = ""
    """The file, and where it holds several tables the sheet or key."""
    cut_short: bool = False
    """Whether rows of it could not be read at all."""
    notes: list[str] = field(default_factory=list)
    """What was left out of it, and where; complete once its rows were read."""
    titles: list[str] = field(default_factory=list)
    """The headers as they are written in the file, which a question may be; empty where they have no case."""

    def __post_init__(self) -> None:
        self.place = self.place or self.file

    def problem(self, place: str, message: str, hint: str = "", *remedies: Remedy) -> None:
        """Note a problem of the table."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(place, message, hint, remedies))
        else:
            self.more += 1


class Tables(list[RawTable]):
    """The tables of a file, and what was left out of it."""

    def __init__(self, tables: Iterable[RawTable] = (), notes: Iterable[str] = ()) -> None:
        super().__init__(tables)
        self.notes = list(notes)
        """Sheets that were left out, and why."""


def header_name(text: object) -> str:
    """A header as layouts write it: 'Recorded By' and 'recorded-by' are recorded_by."""
    return "_".join(str(text).strip("\ufeff").strip().lower().replace("-", " ").replace("_", " ").split())


def headers_of(cells: list[Any]) -> list[str]:
    """The headers of a row of cells; empty cells after the last header are no columns."""
    names = [header_name(cell) if cell is not None else BLANK_HEADER for cell in cells]
    if set(names) >= TWO_ROWS:
        return names
    while names and names[-1] == BLANK_HEADER:
        names.pop()
    return names


def titles_of(cells: list[Any], headers: list[str]) -> list[str]:
    """The headers as they are written, blanks and line ends in them made one blank."""
    return [" ".join(str(cell).split()) if cell is not None else "" for cell in cells[: len(headers)]]


def check_headers(place: str, names: Collection[str]) -> None:
    """Raise ImportRefused for more or longer headers than any table of evidence has."""
    if len(names) > MOST_COLUMNS:
        said = f"it has {len(names):,} columns; at most {MOST_COLUMNS:,} are read."
        refuse_file(place, said, "Keep the columns that are needed.")
    if long := next((name for name in names if len(name) > LONGEST_LINE), None):
        said = f"the header {shortened(long, 40)!r} is longer than {LONGEST_LINE} characters."
        refuse_file(place, said, "Write the name of a column there.")
