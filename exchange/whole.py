"""All of a review as tables: what it is, its evidence, what was concluded of it."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.intake.layouts import LAYOUTS
from exchange.evidence import evidence_tables
from exchange.results import RESULTS, result_tables, review_table
from exchange.tables import OutTable
from programme.database import Database
from programme.reviews import Review
from rules.errors import UnknownName

TABLES = (*LAYOUTS, "review", *RESULTS)
"""What the tables of a review are called."""


def review_tables(
    db: Database, review: Review, *, only: str | None = None, run: int | None = None, answers: bool = True
) -> Iterator[OutTable]:
    """Every table of a review that has rows, or one of them; evidence first, which can be imported again.

    `run`: whose ratings and measures; the latest if none is given. `answers`: as for `evidence_tables`.
    Raises UnknownName.
    """
    if only is not None and only not in TABLES:
        raise UnknownName("table", only, TABLES)
    if only is None or only in LAYOUTS:
        yield from evidence_tables(db, review, only=only, answers=answers)
    if only in (None, "review"):
        yield review_table(review)
    if only is None or only in RESULTS:
        yield from result_tables(db, review, only=only, run=run)
