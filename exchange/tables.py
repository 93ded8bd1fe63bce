"""One table that goes out: its columns, and its rows as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Cell = str | int | float | None
"""A cell: a text, a number, or nothing."""


@dataclass(frozen=True)
class OutTable:
    """A table on its way out."""

    name: str
    """What its file or sheet is called: for evidence, the layout."""
    columns: tuple[str, ...]
    rows: Iterable[Mapping[str, Cell]]
    """Its rows, which can be gone through once."""
    long: frozenset[str] = field(default=frozenset())
    """The columns whose texts may be longer than a cell of a workbook can be."""
    folder: str = "evidence"
    """Where its file lies among several: what is in `evidence` can be imported again."""
