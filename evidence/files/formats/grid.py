"""Where the cells of a table are: what a merged cell covers stays empty, and figures under their headings."""

from __future__ import annotations

MOST_COLUMNS, MOST_ROWS = 1_000, 65_534
"""How far a cell can reach, by the HTML standard; what it covers in columns beyond that does not count."""
GROUPS = ("thead", "tbody", "tfoot")


class _Table:
    def __init__(self) -> None:
        self.covered: dict[int, int] = {}
        """Columns that cells of rows before cover, each with the first row in which it no longer does."""
        self.row = 0
        self.column = 0
        """The first that is free in this row."""
        self.shown = 0
        """The one at which the text of the row is."""


class Grid:
    """The tables that are open, one in another, with the place of the next cell of each."""

    def __init__(self) -> None:
        self.tables: list[_Table] = []
        self.rows: list[_Table] = []

    @property
    def in_row(self) -> bool:
        """Whether a row is open."""
        return bool(self.rows)

    def enter(self, tag: str) -> None:
        """A table or a row begins; other elements change nothing."""
        if tag == "table":
            self.tables.append(_Table())
        elif tag == "tr":
            table = self.tables[-1] if self.tables else _Table()
            table.column = table.shown = 0
            self.rows.append(table)

    def leave(self, tag: str) -> None:
        """A table, a group of rows or a row ends."""
        if tag == "table" and self.tables:
            self.tables.pop()
        elif tag in GROUPS and self.tables:
            self.tables[-1].covered.clear()
        elif tag == "tr" and self.rows:
            self.rows.pop().row += 1

    def cell_begins(self, columns: int, rows: int) -> int:
        """The tabs before the text of a cell that covers so many columns and rows (0: all that follow)."""
        table = self.rows[-1]
        while table.covered.get(table.column, 0) > table.row:
            table.column += 1
        tabs = table.column - table.shown
        table.shown = table.column
        ends = table.column + min(max(columns, 1), MOST_COLUMNS)
        rows = min(rows, MOST_ROWS) if rows > 0 else MOST_ROWS
        if rows > 1:
            for column in range(table.column, min(ends, MOST_COLUMNS)):
                table.covered[column] = table.row + rows
        table.column = ends
        return tabs
