"""What makes a source or an item the same one: the fields that are compared, and their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from evidence.rows import (
    CaseScoreRow,
    FindingRow,
    IndicatorRow,
    ItemRow,
    MadeResult,
    SourceRow,
    SurveyResultRow,
)


def source_fields(row: SourceRow) -> tuple[Any, ...]:
    """What is stored of a source, from title to text."""
    dated = row.dated.isoformat() if row.dated else None
    return (row.title, row.kind, dated, row.status, row.strand, row.reference, row.text)


def source_digest(row: SourceRow) -> str:
    """The SHA-256 of what is stored of a source, its text included (pages divided by form feeds)."""
    return hashlib.sha256("\x1f".join(map(str, (row.source, *source_fields(row)))).encode()).hexdigest()


def item_fields(row: ItemRow) -> tuple[Any, ...]:
    """What an item says, in the order of `staging.ITEM_COLUMNS`."""
    special: tuple[Any, ...]
    answers: tuple[Any, Any] = (None, None)
    if isinstance(row, FindingRow):
        kind, text = "finding", row.finding
        special = (row.direction, row.significance, *[None] * 2, "", None, "", "", None, None, "", None, None)
    elif isinstance(row, CaseScoreRow):
        kind, text = "case_score", row.standard
        special = (None, None, row.score, 1.0, "", row.scale_max, "", "", "higher", None, "", None, None)
    elif isinstance(row, SurveyResultRow):
        kind, text = "survey_result", row.question
        special = (
            *(None, None, row.positive, row.base, "percent", None, row.group, row.period, row.better),
            *(None, "", row.best, row.worst),
        )
        answers = (row.answers, row.design_effect) if isinstance(row, MadeResult) else (row.base, None)
    elif isinstance(row, IndicatorRow):
        kind, text = "indicator", row.indicator
        special = (
            *(None, None, row.value, None, row.unit, None, "", row.period, row.better),
            *(row.comparator, row.comparator_name, None, None),
        )
    else:
        raise TypeError(f"{type(row).__name__} is no evidence item")
    return (kind, row.strand, text, row.quote, *special, *answers)


def item_digest(source: str, locator: str, said: Iterable[Any]) -> str:
    """The first 32 hex digits of the SHA-256 of what an item says and where it stands.

    Where answers are not weighted, the base is their number and says it all.
    """
    *says, answers, design_effect = said
    weighted = () if design_effect is None else (answers, design_effect)
    text = "\x1f".join(map(str, (source, locator, *says, *weighted)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


ITEM_COLUMNS = (
    *("kind", "strand", "text", "quote", "direction", "significance", "value", "base", "unit", "scale_max"),
    *("group_name", "period", "better", "comparator", "comparator_name", "best", "worst"),
    *("answers", "design_effect"),
)
"""What an item says, in the order of `item_fields`."""
