"""A mapping beside a table: the names of its columns, their fingerprint, and which of them is which."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from evidence.files.rawtable import RawTable, header_name
from evidence.mapping.spec import CHARACTERISTIC, IN_BRACES, OF_PLACE, WIDE, ColumnUse, TableMapping
from evidence.mapping.words import is_period, is_personal, plain_header
from rules.errors import suggest

OF_PEOPLE = ("survey-responses", "respondents")
"""Layouts whose rows are about persons, so that a column called 'Name' is one of people's names."""


def column_names(table: RawTable) -> list[str]:
    """A name for every column, each another: its header as written; '(column 3)' where there is none."""
    titles = table.titles or table.headers
    names: list[str] = []
    times: Counter[str] = Counter()
    for number, title in enumerate(titles, start=1):
        name = title or f"(column {number})"
        times[header_name(name)] += 1
        names.append(name if times[header_name(name)] == 1 else f"{name} ({times[header_name(name)]})")
    return names


def shape_of(names: Sequence[str]) -> str:
    """The fingerprint of a table: its headers in any order and writing, whatever years are among them."""
    parts = sorted(header_name(name) for name in names if not is_period(name))
    parts.append("periods" if any(map(is_period, names)) else "")
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Placed:
    """A column of a table with its place in the rows and what it is."""

    at: int
    title: str
    use: ColumnUse


@dataclass
class Fitted:
    """A mapping whose columns were found in a table."""

    mapping: TableMapping
    place: str
    """Where the mapping is, for messages."""
    names: list[str]
    holds: list[Placed] = field(default_factory=list)
    wide: list[Placed] = field(default_factory=list)
    characteristics: list[Placed] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Titles of the columns that are not imported."""
    positions: dict[str, int] = field(default_factory=dict)
    """Where each column is, by its plain name."""


def fits(mapping: TableMapping, table: RawTable) -> bool:
    """Whether a table has every column that a mapping imports, and is on its sheet."""
    if mapping.sheet and header_name(mapping.sheet) != header_name(table.name):
        return False
    there = {header_name(name) for name in column_names(table)}
    return all(header_name(title) in there for title, _ in mapping.used())


def fit(mapping: TableMapping, table: RawTable, place: str) -> Fitted | None:
    """The mapping with the places of its columns; None with problems noted where it does not fit."""
    names = column_names(table)
    found = Fitted(mapping, place, names, positions={header_name(n): i for i, n in enumerate(names)})
    before = len(table.problems) + table.more
    said = {header_name(title): (title, use) for title, use in mapping.columns.items()}
    at = f"{table.place}, headers"
    for key, (title, given) in said.items():
        if key not in found.positions and not given.leave_out:
            table.problem(at, f"there is no column {title!r}, which {place} names.", suggest(title, names))
    for number, name in enumerate(names):
        use = said[header_name(name)][1] if header_name(name) in said else None
        if use is None and mapping.period_columns and is_period(name):
            use = ColumnUse.model_validate({"is": "period"})
        if use is None:
            table.problem(
                at,
                f"{place} does not say what the column {name!r} is.",
                "Add it, with 'leave out' if it is not imported.",
            )
        elif use.leave_out:
            found.left_out.append(name)
        else:
            _put(found, Placed(number, name, use), table)
    for title in mapping.leave_out_rows:
        if header_name(title) not in found.positions:
            table.problem(at, f"there is no column {title!r}, which {place} names.", suggest(title, names))
    _check_braces(found, table)
    return None if len(table.problems) + table.more > before else found


def _put(found: Fitted, placed: Placed, table: RawTable) -> None:
    use = placed.use
    personal = is_personal(placed.title) or is_personal(use.named)
    if personal and (found.mapping.layout in OF_PEOPLE or not _may_be_named(placed)):
        table.problem(
            f"{table.place}, column {placed.title!r}",
            "by its header it identifies people, so it is never imported.",
            f"Write 'leave out' for it in {found.place}.",
        )
    elif use.is_ == CHARACTERISTIC:
        found.characteristics.append(placed)
    elif use.is_ in WIDE.get(found.mapping.layout, {}):
        found.wide.append(placed)
    else:
        found.holds.append(placed)


def _may_be_named(placed: Placed) -> bool:
    """Whether a column 'Name' is that of a thing: an indicator, an authority, a standard."""
    of_things = ("indicator", "review", "standard", "title", "source", "locator", "domains", "recorded_by")
    return plain_header(placed.title) in ("name", "enw", "address") and placed.use.holds in of_things


def _check_braces(found: Fitted, table: RawTable) -> None:
    mapping = found.mapping
    fixed = {**mapping.with_, **mapping.source}
    texts = [
        *fixed.values(),
        *(text for _, use in mapping.used() for text in (*use.with_.values(), use.named)),
    ]
    named = {name for text in texts for name in IN_BRACES.findall(text)}
    for name in sorted(named):
        if name not in OF_PLACE and header_name(name) not in found.positions:
            table.problem(
                f"{table.place}, headers",
                f"there is no column {name!r}, which {found.place} names in braces.",
                suggest(name, [*found.names, *OF_PLACE]),
            )
        elif is_personal(name) and mapping.layout in OF_PEOPLE:
            table.problem(
                f"{table.place}, column {name!r}",
                "by its header it identifies people, so it is never imported.",
                f"Take it out of {found.place}.",
            )
