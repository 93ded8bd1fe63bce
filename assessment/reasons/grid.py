"""The grid as data: one cell per pair of levels, and where the authority stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rules.framework import Framework, in_language

CELL = "cell"
"""What the position on the grid is called beside the ids of domains and questions."""


@dataclass(frozen=True)
class Cell:
    """One cell: the levels it stands for and whether the authority stands there."""

    levels: tuple[str, ...]
    """Level ids: first question, then second."""
    titles: tuple[str, ...]
    here: bool


@dataclass(frozen=True)
class Grid:
    """The grid of a framework: first question across (worst left), second up (worst at the bottom)."""

    across: str
    up: str | None
    """The second question; None for a framework with one question, whose grid is a single row."""
    columns: tuple[str, ...]
    """Titles of the first question's levels, worst first."""
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    """(title, cells) from top to bottom, i.e. best first."""
    position: tuple[str, ...] | None
    """Titles of the levels where the authority stands; None while a question has no rating."""

    def sentence(self) -> str:
        """The grid said in words, for those who do not see it."""
        if self.position is None:
            return "No position on the grid yet: a question has no rating."
        questions = (self.across,) if self.up is None else (self.across, self.up)
        return "; ".join(f"{q} {p}" for q, p in zip(questions, self.position, strict=True)) + "."


def make_grid(framework: Framework, cell: Sequence[str] | None, language: str = "en") -> Grid:
    """The grid of a framework with the authority at `cell` (level ids), or nowhere."""
    first = framework.questions[0]
    second = framework.questions[1] if len(framework.questions) > 1 else None
    here = tuple(cell) if cell else None
    rows = []
    for upper in reversed(second.scale) if second else (None,):
        cells = []
        for level in first.scale:
            pair = (level,) if upper is None else (level, upper)
            ids = tuple(item.id for item in pair)
            cells.append(Cell(ids, tuple(in_language(item.title, language) for item in pair), ids == here))
        rows.append((in_language(upper.title, language) if upper else "", tuple(cells)))
    position = next((cell.titles for _, cells in rows for cell in cells if cell.here), None)
    return Grid(
        across=in_language(first.title, language),
        up=in_language(second.title, language) if second else None,
        columns=tuple(in_language(level.title, language) for level in first.scale),
        rows=tuple(rows),
        position=position,
    )
