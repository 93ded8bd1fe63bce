"""Two versions of a report as lines beside each other, with what became of their words: for tracked changes.

Blocks are found again by their ids, which never change; rows of tables by what their first column says. A
line is one paragraph of the document that results, or one row of a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TypeVar

from report.differences import Change, Piece, compare_words
from report.model import (
    AnyBlock,
    Appendix,
    Bullets,
    Example,
    Figure,
    Grid,
    Heading,
    Language,
    Paragraph,
    Priority,
    Rated,
    Recommendation,
    Report,
    Table,
)
from report.render.phrases import phrase

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Line:
    """A paragraph with what became of its words."""

    style: str
    """Of the paragraph, as Word calls it."""
    change: Change
    """Whether it is in both versions."""
    pieces: tuple[Piece, ...]
    number: int | None = None
    """Of the paragraph, where it is its first line of text."""


@dataclass(frozen=True)
class Row:
    """A row of a table with what became of it and of its cells."""

    change: Change
    cells: tuple[tuple[Piece, ...], ...]
    header: bool = False


@dataclass(frozen=True)
class Rows:
    """A table, as wide as the version that has it last."""

    title: str
    widths: tuple[int, ...]
    rows: tuple[Row, ...]


def compared_blocks(before: Report, after: Report, lang: Language) -> Iterator[Line | Rows]:
    """The lines of both versions, in an order that fits both."""
    last = None
    for old, new in _aligned(before.blocks, after.blocks, lambda block: (block.id, block.kind)):
        there = new or old
        number = there.number if isinstance(there, Paragraph) else None
        for one in _block(old, new, lang):
            shown = number if number != last and isinstance(one, Line) else None
            last = number or last
            yield replace(one, number=shown) if isinstance(one, Line) else one


def _block(old: AnyBlock | None, new: AnyBlock | None, lang: Language) -> Iterator[Line | Rows]:
    there = new or old
    first = _lines(old, lang) if old else []
    second = _lines(new, lang) if new else []
    for line, later in _aligned(first, second, _first):
        style = (later or line or ("", "", ""))[1]
        said = _words(line[2] if line else None, later[2] if later else None)
        yield Line(style, _change(line, later), said)
    if isinstance(there, Table) and there.rows:
        yield _table(old if isinstance(old, Table) else None, new if isinstance(new, Table) else None, lang)


def _table(old: Table | None, new: Table | None, lang: Language) -> Rows:
    there = new or old
    if there is None:
        raise ValueError("a table of neither version")
    if old and new and len(old.columns) != len(new.columns):
        # Cells of unlike tables have no counterparts: all of the one goes, all of the other comes.
        gone, come = _table(old, None, lang), _table(None, new, lang)
        wide = max(len(old.columns), len(new.columns))
        rows = [
            Row(row.change, row.cells + ((),) * (wide - len(row.cells)), header=number == 0)
            for number, row in enumerate((*gone.rows, *come.rows))
        ]
        return Rows(come.title, (1,) * wide, tuple(rows))
    first = _cells(old, lang) if old else []
    second = _cells(new, lang) if new else []
    rows = []
    for one, other in _aligned(first, second, _first):
        words = [
            _words(one[place] if one else None, other[place] if other else None)
            for place in range(len(there.columns))
        ]
        rows.append(Row(_change(one, other), tuple(words), header=not rows))
    return Rows(there.caption.spoken(lang)[0], tuple(column.width for column in there.columns), tuple(rows))


def _first(row: tuple[str, ...]) -> str:
    return row[0]


def _cells(table: Table, lang: Language) -> list[tuple[str, ...]]:
    head = tuple(column.title.spoken(lang)[0] for column in table.columns)
    return [head, *(tuple(cell.spoken(lang)[0] for cell in row) for row in table.rows)]


def _lines(block: AnyBlock, lang: Language) -> list[tuple[str, ...]]:
    """(name within the block, style, words) of the paragraphs of a block."""
    match block:
        case Heading():
            return [("", f"Heading{block.level}", block.text.spoken(lang)[0])]
        case Appendix():
            label = phrase(lang, "appendix", letter=block.letter)
            return [("", "Heading1", f"{label}: {block.text.spoken(lang)[0]}")]
        case Paragraph():
            return [("", "Normal", block.text.words(lang))]
        case Example():
            return [("", "ReportExample", block.text.words(lang))]
        case Bullets():
            return [(str(place), "ReportBullet", item.words(lang)) for place, item in enumerate(block.items)]
        case Priority():
            return [("", "ReportLabelled", f"{block.label}. {block.text.words(lang)}")]
        case Recommendation():
            said = [phrase(lang, block.sort)]
            if block.basis:
                said.append(f"{phrase(lang, 'basis')}: {block.basis.spoken(lang)[0]}")
            return [
                ("", "ReportLabelled", f"{block.label}. {block.text.words(lang)}"),
                ("basis", "ReportUnder", " · ".join(said)),
            ]
        case Rated():
            level = block.scale[block.level - 1].spoken(lang)[0] if block.level else phrase(lang, "not_rated")
            return [("", "ReportRating", f"{phrase(lang, 'rating')}: {level}")]
        case Grid():
            return [
                ("caption", "Caption", block.caption.spoken(lang)[0]),
                ("", "Normal", block.alt.spoken(lang)[0]),
            ]
        case Table() if not block.rows:
            return [("", "ReportQuiet", block.empty.spoken(lang)[0])]
        case Table():
            return [("", "Caption", block.caption.spoken(lang)[0])]
        case Figure():
            return [
                ("", "Caption", block.caption.spoken(lang)[0]),
                ("alt", "Normal", block.alt.spoken(lang)[0]),
            ]


def _aligned(
    before: Sequence[Thing], after: Sequence[Thing], name: Callable[[Thing], object]
) -> Iterator[tuple[Thing | None, Thing | None]]:
    """Things of both versions by their names: together where both have them, else alone."""
    names = [name(one) for one in before], [name(one) for one in after]
    for _, i, j, k, m in SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        if names[0][i:j] == names[1][k:m]:
            yield from zip(before[i:j], after[k:m], strict=True)
        else:
            yield from ((one, None) for one in before[i:j])
            yield from ((None, one) for one in after[k:m])


def _change(one: object, other: object) -> Change:
    if one is None or other is None:
        return Change.ADDED if one is None else Change.REMOVED
    return Change.KEPT if one == other else Change.CHANGED


def _words(before: str | None, after: str | None) -> tuple[Piece, ...]:
    if before is not None and after is not None:
        return compare_words(before, after)
    text, change = (after, Change.ADDED) if before is None else (before, Change.REMOVED)
    return (Piece(change, text),) if text else ()
