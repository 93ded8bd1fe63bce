"""What is said of rows that are refused: place, value, what was expected; in the order of the rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import ValidationError

from evidence.files.rawtable import Unreadable
from evidence.intake.into import GivenRow
from evidence.intake.times import DATES, PERIODS
from programme.calendar import DateOrder, is_two_dates
from rules.errors import Problem
from rules.remedy import Give, Part, Remedy
from rules.words import shown_value


def in_order(problem: Problem) -> list[str | int]:
    """A key that sorts row 9 before row 10, and rows 9-12 between them."""
    parts = re.split(r"([0-9]{1,18})", problem.where.replace(", rows ", ", row "))
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]


ORDER = Give(Part.DATES, (DateOrder.DAY_FIRST.value,))
"""What gives the order of a date that could be two."""


class Wrong(NamedTuple):
    """One thing that is wrong with a row."""

    where: str
    message: str
    hint: object
    """Worded when somebody reads it."""
    remedy: Remedy | None = None


def problems_of(row: GivenRow, error: ValidationError) -> Iterator[Wrong]:
    """What is wrong with a row: column and value, and what was expected."""
    place = row.place
    for detail in error.errors(include_url=False):
        value, context = detail["input"], detail.get("ctx", {})
        if isinstance(value, Unreadable):
            continue
        expected = context.get("expected") or detail["msg"]
        column = str(detail["loc"][0]) if detail["loc"] else ""
        at = (row.cells or {}).get(column) or (f"{place}, column {column!r}" if column else place)
        in_doubt = column in (*DATES, *PERIODS) and isinstance(value, str) and is_two_dates(value.strip())
        found = f"found {shown_value(value)}; expected {expected}."
        yield Wrong(at, found, context.get("hint", ""), ORDER if in_doubt else None)
