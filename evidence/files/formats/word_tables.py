"""The tables of a Word document as rows of cells: what people fill in and send back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from evidence.files.formats.archive import check_archive
from evidence.files.formats.markup import html_root
from evidence.files.formats.said import Said
from evidence.files.formats.word import word_html
from rules.limits import MOST_COLUMNS, MOST_TABLES

MACROS = "vbaproject"
"""How the part of an Office file is called that holds its macros."""
LINES = ("p", "li", "br", "tr", "h1", "h2", "h3", "h4", "h5", "h6")
"""Elements of a cell that begin a line."""

Grid = list[list[str]]
"""The rows of a table; cells that a merged one covers are empty."""


def word_tables(data: bytes) -> tuple[list[Grid], list[str]]:
    """The tables of a .docx or .docm file in their order, and notes on what was left out of the document.

    Text that tracked changes put in counts, text they took out does not; of pictures and macros there is
    nothing, and a note. A table in a cell is part of that cell's text. Raises EvidenceInvalid for what is no
    such file.
    """
    check_archive(data)
    said = Said()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(MACROS in name.lower() for name in archive.namelist()):
            said.add("macros were left out")
    root = html_root(word_html(data, said))
    found = list[Grid]()
    for table in root.css("table") if root else ():
        if _table_of(table) is None and len(found) < MOST_TABLES:
            found.append(_grid(table))
    return found, said.notes()


def _grid(table: Any) -> Grid:
    rows: Grid = []
    covered: dict[int, int] = {}
    """Columns that cells of rows before cover, each with how many rows more."""
    for row in table.css("tr"):
        if _table_of(row).mem_id != table.mem_id:
            continue
        cells: list[str] = []
        for cell in row.iter():
            if cell.tag not in ("td", "th"):
                continue
            _covered(cells, covered)
            wide, high = (_number(cell, name) for name in ("colspan", "rowspan"))
            cells += [_text(cell), *[""] * (wide - 1)]
            covered.update((column, high - 1) for column in range(len(cells) - wide, len(cells)) if high > 1)
            if len(cells) >= MOST_COLUMNS:
                break
        _covered(cells, covered)
        rows.append(cells[:MOST_COLUMNS])
    return rows


def _covered(cells: list[str], covered: dict[int, int]) -> None:
    """Add the cells that follow and are covered from above."""
    while (left := covered.get(len(cells), 0)) > 0:
        covered[len(cells)] = left - 1
        cells.append("")


def _number(cell: Any, name: str) -> int:
    digits = cell.attributes.get(name) or "1"
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else 1
    return min(max(number, 1), MOST_COLUMNS)


def _text(cell: Any) -> str:
    """The text of a cell, a line for each of its paragraphs."""
    parts = list[str]()
    for node in _walk(cell):
        if node.tag == "-text":
            parts.append(" ".join((node.text_content or "").split("\n")))
        elif node.tag in LINES:
            parts.append("\n")
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(filter(None, lines))


def _walk(node: Any) -> Iterator[Any]:
    """The nodes within one, in order, elements again when they are left; without recursion."""
    waiting = [(child, False) for child in reversed(list(node.iter(include_text=True)))]
    while waiting:
        node, leaving = waiting.pop()
        yield node
        if not leaving and node.tag != "-text":
            waiting.append((node, True))
            waiting += [(child, False) for child in reversed(list(node.iter(include_text=True)))]


def _table_of(node: Any) -> Any:
    """The table that a node is in; None where it is in none."""
    parent = node.parent
    while parent is not None and parent.tag != "table":
        parent = parent.parent
    return parent
