"""The documented layouts of evidence files: recognising one from its headers, and writing its template."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from evidence.models import ROWS, Row
from evidence.tables import BLANK_HEADER, RawTable, header_name
from rules.errors import Problem, UnknownName, suggest

LAYOUTS = tuple(ROWS)
"""Names of the layouts: sources, findings, case-scores, survey-results, ..."""


def row_model(layout: str) -> type[Row]:
    """The row model of a layout; raises UnknownName."""
    if layout not in ROWS:
        raise UnknownName("layout", layout, ROWS)
    return ROWS[layout]


def columns(layout: str) -> list[tuple[str, bool, str]]:
    """(column, whether it is needed, what stands in it) for every column of a layout."""
    return [
        (name, info.is_required(), info.description or "") for name, info in _in_file_order(row_model(layout))
    ]


def _in_file_order(model: type[Row]) -> Iterator[tuple[str, FieldInfo]]:
    fields = dict(model.model_fields)
    shown = [name for name in model.example if name in fields]
    for name in [*shown, *(name for name in fields if name not in shown)]:
        yield name, fields[name]


def template(layout: str) -> str:
    """A CSV with all columns of a layout and one example row to write over."""
    model = row_model(layout)
    names = [name for name, _, _ in columns(layout)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerow([model.example.get(name, "") for name in names])
    return text.getvalue()


def recognise(table: RawTable, given: str | None) -> type[Row] | None:
    """The layout of a table, from `given`, its name or its headers; None with problems noted if none fits."""
    headers = {h for h in table.headers if h != BLANK_HEADER}
    place = f"{table.file}, headers" if table.file.startswith(table.name) else f"{table.file}, {table.name!r}"
    named = given or next((name for name in LAYOUTS if header_name(name) == header_name(table.name)), None)
    model = row_model(named) if named else _fitting(headers)
    if model is None:
        nearest = max(LAYOUTS, key=lambda name: len(headers & set(ROWS[name].model_fields)))
        missing = sorted(_required(ROWS[nearest]) - headers)
        table.problems.append(
            Problem(
                place,
                "these headers fit no layout.",
                f"Nearest is {nearest}, which also needs: {', '.join(missing)}."
                f" See: joint-review evidence template {nearest}",
            )
        )
        return None
    for name in sorted(_required(model) - headers):
        table.problems.append(Problem(place, f"the column {name!r} is missing (layout {model.layout})."))
    for name in sorted(headers - set(model.model_fields)):
        table.problems.append(
            Problem(
                place,
                f"the column {name!r} is not known (layout {model.layout}).",
                suggest(name, model.model_fields),
            )
        )
    twice = sorted({h for h in headers if table.headers.count(h) > 1})
    for name in twice:
        table.problems.append(Problem(place, f"the column {name!r} stands twice."))
    if BLANK_HEADER in table.headers:
        number = table.headers.index(BLANK_HEADER) + 1
        table.problems.append(Problem(place, f"column {number} has no header."))
    return None if table.problems else model


def _required(model: type[Row]) -> set[str]:
    return {name for name, info in model.model_fields.items() if info.default is PydanticUndefined}


def _fitting(headers: set[str]) -> type[Row] | None:
    fits = [model for model in ROWS.values() if _required(model) <= headers]
    return min(fits, key=lambda model: len(headers - set(model.model_fields)), default=None)
