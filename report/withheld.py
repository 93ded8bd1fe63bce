"""What the practice of a review keeps out of the appendices: shown before an edition is frozen with them.

The tables are made twice, as the practice prints them and as they would be if all was printed, and what
differs is listed. Only who may see the evidence may see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assessment.runs.run import Run
from programme.database import Database
from programme.reviews import Review
from report.appendices import appendices
from report.model import Table, Words
from report.practice import Disclosure, followed_practice
from rules.words import many

ALL_PRINTED = Disclosure(fewest_answers=1, fewest_files=1, zeros="shown", place="Ours: nothing is left out")
LETTERS = ("B", "C")
"""The appendices that hold numbers of people and files."""


@dataclass(frozen=True)
class Withheld:
    """Something that is not printed, or differently."""

    table: str
    """The title of its table."""
    row: str
    """What the row is about; empty: the whole table, or its columns."""
    without: str
    """What would be printed if all was."""
    printed: str
    """What is printed instead; empty: nothing."""


def withheld(db: Database, review: Review, run: Run) -> list[Withheld]:
    """What is left out of the appendices, or joined, by the practice of a review; empty for nothing.

    Raises UnknownName where its framework has no practice.
    """
    rules = followed_practice(db, review).practice.disclosure
    whole = _tables(db, review, run, ALL_PRINTED)
    kept = _tables(db, review, run, rules)
    return [one for name, table in whole.items() for one in _differences(table, kept.get(name))]


def _tables(db: Database, review: Review, run: Run, rules: Disclosure) -> dict[str, Table]:
    made = appendices(db, review, run, rules)
    return {block.id: block for letter in LETTERS for block in made[letter] if isinstance(block, Table)}


def _differences(whole: Table, kept: Table | None) -> Iterator[Withheld]:
    title = whole.caption.en
    if kept is None:
        yield Withheld(title, "", many(len(whole.rows), "row"), "")
        return
    columns, others = ([column.title.en for column in table.columns] for table in (whole, kept))
    if columns != others:
        yield Withheld(title, "", ", ".join(columns), ", ".join(others))
    titles = sum(column.align == "start" for column in whole.columns)
    alike = [(here, others.index(name)) for here, name in enumerate(columns) if name in others]
    printed = {row[:titles]: row for row in kept.rows}
    for row in whole.rows:
        there = printed.get(row[:titles])
        name = _said(row[:titles])
        if there is None:
            yield Withheld(title, name, _said(row[titles:]), "")
        elif any(row[here] != there[other] for here, other in alike):
            yield Withheld(title, name, _said(row[titles:]), _said(there[titles:]))


def _said(cells: Iterable[Words]) -> str:
    return ", ".join(cell.en for cell in cells if cell.en)
