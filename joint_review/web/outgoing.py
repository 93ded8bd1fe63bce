"""Lists of pages as files: XLSX, CSV, or a ZIP of CSV files where there are several tables.

A page that has a list names what goes out of it (`page.Page.goes_out`): the list itself, as its JSON holds
it, or evidence in the layouts of imports. Always all of it, never a page of it, and never more than the page
shows to who asks.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from exchange.files import write_tables
from exchange.tables import Cell, OutTable
from joint_review.plain import plain
from joint_review.web.request import Asked
from programme.database import Database
from rules.errors import EvidenceInvalid

GoesOut = Callable[[Database, Asked], Iterator[OutTable]]
"""Finds what goes out of a page."""
KINDS = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv; charset=utf-8",
    ".zip": "application/zip",
}
MOST_ROWS = 100_000
"""Rows of one answer; the command line writes as many as there are."""
MOST_PAGES_OF_LIST = 2_000


@dataclass(frozen=True)
class _OfPage:
    """What is asked for, but for the page of the list."""

    values: Any
    page: int

    def get(self, name: str, default: Any = None) -> Any:
        """The first value of a name."""
        return str(self.page) if name == "page" else self.values.get(name, default)

    def getlist(self, name: str) -> list[str]:
        """All values of a name."""
        return [str(self.page)] if name == "page" else list(self.values.getlist(name))


def the_list(find: Callable[[Database, Asked], Mapping[str, object]], path: str, name: str) -> GoesOut:
    """The list of a page: all of its pages, one after the other; `path` leads to it ('listed.series')."""

    def goes_out(db: Database, asked: Asked) -> Iterator[OutTable]:
        rows: list[dict[str, Cell]] = []
        for number in range(1, MOST_PAGES_OF_LIST + 1):
            found = find(db, replace(asked, values=_OfPage(asked.values, number)))
            rows += [_flat(one) for one in _follow(found, path)]
            paging: Any = found.get("paging")
            if not paging or number >= paging["pages"]:
                break
        if rows:
            columns = tuple(dict.fromkeys(column for row in rows for column in row))
            yield OutTable(name, columns, [{**dict.fromkeys(columns), **row} for row in rows])

    return goes_out


def _follow(found: Mapping[str, object], path: str) -> list[Any]:
    value: Any = json.loads(json.dumps(found, default=plain))
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _flat(value: Any, under: str = "") -> dict[str, Cell]:
    """A row of a list as cells: what is in a part of it gets the name of the part before its own."""
    if not isinstance(value, dict):
        return {under or "value": _cell(value)}
    cells: dict[str, Cell] = {}
    for name, one in value.items():
        inner = f"{under}.{name}" if under else name
        cells |= _flat(one, inner) if isinstance(one, dict) else {inner: _cell(one)}
    return cells


def _cell(value: Any) -> Cell:
    if isinstance(value, list):
        return "; ".join(str(_words(one)) for one in value)
    return str(value).lower() if isinstance(value, bool) else value


def _words(value: Any) -> Any:
    """What stands for a part of a list in one cell: its title or name, or all of it."""
    if isinstance(value, dict):
        named = (value[name] for name in ("title", "source", "id", "key", "name") if value.get(name))
        return next(named, None) or json.dumps(value, ensure_ascii=False)
    return "; ".join(map(str, value)) if isinstance(value, list) else value


def make_file(db: Database, asked: Asked, goes_out: GoesOut, suffix: str) -> bytes:
    """The file of what goes out of a page; raises EvidenceInvalid where it has no rows, or too many."""
    out = io.BytesIO()
    write_tables(_counted(goes_out(db, asked)), out, suffix)
    return out.getvalue()


def _counted(tables: Iterator[OutTable]) -> Iterator[OutTable]:
    left = MOST_ROWS

    def counted(rows: Iterator[Mapping[str, Cell]]) -> Iterator[Mapping[str, Cell]]:
        nonlocal left
        for row in rows:
            if not left:
                raise EvidenceInvalid(
                    f"these are more than {MOST_ROWS:,} rows, which is the most that a page gives",
                    hint="Ask for fewer with the filter, or ask whoever runs the server to export them all.",
                )
            left -= 1
            yield row

    for table in tables:
        yield replace(table, rows=counted(iter(table.rows)))
