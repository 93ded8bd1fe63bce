"""The documented layouts of evidence files: recognising one from its headers, and writing its template."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from evidence.files.grid import Wanted
from evidence.files.rawtable import BLANK_HEADER, RawTable, header_name
from evidence.intake.codings import CodingRow
from evidence.rows import ROWS_OF_EVIDENCE, Row
from rules.errors import UnknownName, suggest
from rules.remedy import ShowLayout

ROWS: dict[str, type[Row]] = {row.layout: row for row in ROWS_OF_EVIDENCE} | {CodingRow.layout: CodingRow}
"""The row model of every layout, by its name."""
REVIEW = "review"
"""The column, of any layout, that names the review a row is for."""
LAYOUTS = tuple(ROWS)
"""Names of the layouts: sources, findings, case-scores, survey-results, ..."""
TEMPLATES = Path(__file__).parent / "templates"
"""The folder with the template of every layout."""


def row_model(layout: str) -> type[Row]:
    """The row model of a layout; raises UnknownName."""
    if layout not in ROWS:
        raise UnknownName("layout", layout, ROWS)
    return ROWS[layout]


def columns(layout: str) -> list[tuple[str, bool, str]]:
    """(column, whether it is needed, what stands in it) for every column of a layout, as in its template."""
    fields = row_model(layout).model_fields
    names = template(layout).splitlines()[0].split(",")
    return [(name, fields[name].is_required(), fields[name].description or "") for name in names]


def template(layout: str) -> str:
    """A CSV with all columns of a layout and example rows to write over; all templates import together.

    Raises UnknownName.
    """
    return (TEMPLATES / f"{row_model(layout).layout}.csv").read_text(encoding="utf-8")


def wanted(layout: str | None = None) -> list[Wanted]:
    """The headers to look for in a file: those of every layout, or of this one; raises UnknownName."""
    models = [row_model(layout)] if layout else list(ROWS.values())
    return [Wanted(frozenset(_required(model)), frozenset((*model.model_fields, REVIEW))) for model in models]


def is_other(table: RawTable, layout: str | None = None) -> bool:
    """Whether a sheet of a workbook is no table of evidence at all: a cover, a list of words."""
    headers = {h for h in table.headers if h not in (BLANK_HEADER, REVIEW)}
    return not (layout or _named(table, None) or _fitting(headers) or _nearest(headers))


def recognise(table: RawTable, given: str | None) -> type[Row] | None:
    """The layout of a table, from `given`, its name or its headers; None with problems noted if none fits."""
    headers = {h for h in table.headers if h not in (BLANK_HEADER, REVIEW)}
    place = f"{table.place}, headers"
    before = len(table.problems) + table.more
    model = _named(table, given) or _fitting(headers) or _nearest(headers)
    if model is None:
        table.problem(
            place,
            "these headers do not fit any layout.",
            f"Layouts: {', '.join(LAYOUTS)}.",
            ShowLayout("findings"),
        )
        return None
    for name in sorted(_required(model) - headers):
        near = suggest(name, headers - set(model.model_fields))
        table.problem(
            place,
            f"the column {name!r} is missing (layout {model.layout}).",
            near.replace("Did you mean", "Is it") if near.startswith("Did") else "",
        )
    for name in sorted(headers - set(model.model_fields)):
        table.problem(
            place,
            f"the column {name!r} is not known (layout {model.layout}).",
            suggest(name, model.model_fields, most=20),
        )
    times = Counter(table.headers)
    for name in sorted(header for header in (*headers, REVIEW) if times[header] > 1):
        table.problem(place, f"the column {name!r} appears twice.")
    if BLANK_HEADER in table.headers:
        table.problem(place, f"column {table.headers.index(BLANK_HEADER) + 1} has no header.")
    return None if len(table.problems) + table.more > before else model


def fits_layout(table: RawTable) -> bool:
    """Whether a table is named for a layout, or has all the columns that one needs."""
    headers = {header for header in table.headers if header not in (BLANK_HEADER, REVIEW)}
    return (_named(table, None) or _fitting(headers)) is not None


def _named(table: RawTable, given: str | None) -> type[Row] | None:
    """The layout that was asked for (raises UnknownName), or that the table is named for."""
    if given:
        return row_model(given)
    return next((row for name, row in ROWS.items() if header_name(name) == header_name(table.name)), None)


def _required(model: type[Row]) -> set[str]:
    return {name for name, info in model.model_fields.items() if info.is_required()}


def _fitting(headers: set[str]) -> type[Row] | None:
    fits = [model for model in ROWS.values() if _required(model) <= headers]
    return min(fits, key=lambda model: len(headers - set(model.model_fields)), default=None)


def _nearest(headers: set[str]) -> type[Row] | None:
    """The layout that at least half of the headers belong to, if one stands out."""

    def shared(model: type[Row]) -> tuple[int, int]:
        known = headers & set(model.model_fields)
        return len(known), len(known & _required(model))

    best = max(ROWS.values(), key=shared)
    return best if 2 * shared(best)[0] >= len(headers) > 0 and shared(best)[1] >= 2 else None
