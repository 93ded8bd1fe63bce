"""What makes a source or an item the same one: the fields that are compared, and their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from evidence.extents import COLUMNS, extent_columns
from evidence.marks import marks_text, most_of
from evidence.rows import (
    DISAGREEING,
    CaseScoreRow,
    FindingRow,
    IndicatorRow,
    ItemRow,
    MadeResult,
    SourceRow,
    SurveyResultRow,
)
from programme.periods import Period, stored_period


def source_fields(row: SourceRow) -> tuple[Any, ...]:
    """What is stored of a source, from title to text."""
    dated = row.dated.isoformat() if row.dated else None
    return (row.title, row.kind, dated, row.status, row.strand, row.reference, row.text)


def source_digest(row: SourceRow) -> str:
    """The SHA-256 of what is stored of a source, its text included (pages divided by form feeds)."""
    return hashlib.sha256("\x1f".join(map(str, (row.source, *source_fields(row)))).encode()).hexdigest()


EMPTY: dict[str, Any] = {
    "direction": None,
    "significance": None,
    "value": None,
    "base": None,
    "unit": "",
    "scale_max": None,
    "group_name": "",
    "period": "",
    "better": None,
    "comparator": None,
    "comparator_name": "",
    "best": None,
    "worst": None,
    "answers": None,
    "design_effect": None,
    **extent_columns(None),
    "marks": None,
    "reversed": None,
}
"""What an item says that not every kind does, where it does not say it."""
PLACED = ("begins", "ends", "turn")
"""Where the period of a number is in time; no part of its digest, for the words of the period are."""
ALL_EMPTY = EMPTY | dict.fromkeys(PLACED)
ITEM_COLUMNS = ("kind", "strand", "text", "quote", *EMPTY)
"""What an item says, in the order in which it is digested."""
OF_ANSWERS = ("answers", "design_effect")
LATER = ("marks", "reversed")
FIRST = tuple(name for name in ITEM_COLUMNS if name not in {*OF_ANSWERS, *COLUMNS, *LATER})
"""What every item is digested by; what only later versions know of counts where an item says it."""


def item_fields(row: ItemRow) -> dict[str, Any]:
    """What an item says, by column: all of ITEM_COLUMNS, in their order, and of PLACED."""
    if isinstance(row, FindingRow):
        kind, text = "finding", row.finding
        special = {
            "direction": row.direction,
            "significance": row.significance,
            **(extent_columns(row.extent) if row.extent else {}),
        }
    elif isinstance(row, CaseScoreRow):
        kind, text = "case_score", row.standard
        given = _numbers(value=row.score)
        base = None if given["value"] is None else 1.0
        special = {**given, "base": base, "scale_max": row.scale_max, "better": "higher"}
    elif isinstance(row, SurveyResultRow):
        kind, text = "survey_result", row.question
        given = _numbers(value=row.positive, base=row.base, best=row.best, worst=row.worst)
        special = {
            **given,
            "unit": "percent",
            "group_name": row.group,
            **_when(row.period),
            "better": "higher" if row.better == DISAGREEING else row.better,
            "reversed": 1 if row.better == DISAGREEING else None,
            "answers": most_of(row.base) if isinstance(row.base, str) else row.base,
        }
        if isinstance(row, MadeResult):
            made = (row.answers, row.design_effect, 1 if row.reversed else None)
            special |= dict(zip((*OF_ANSWERS, "reversed"), made, strict=True))
    elif isinstance(row, IndicatorRow):
        kind, text = "indicator", row.indicator
        special = {
            **_numbers(value=row.value, comparator=row.comparator),
            "unit": row.unit,
            **_when(row.period),
            "better": row.better,
            "comparator_name": row.comparator_name,
        }
    else:
        raise TypeError(f"{type(row).__name__} is not an evidence item")
    return {"kind": kind, "strand": row.strand, "text": text, "quote": row.quote, **ALL_EMPTY, **special}


@lru_cache(maxsize=10_000)
def _when(period: Period) -> dict[str, Any]:
    days = [day and day.isoformat() for day in (period.begins, period.ends)]
    return {"period": period.words, **dict(zip(PLACED, (*days, period.turn or None), strict=True))}


@lru_cache(maxsize=10_000)
def _begins_by_its_words(period: str) -> str:
    return str(stored_period(period).begins)


def _numbers(**given: float | str | None) -> dict[str, Any]:
    """The numbers of a row by column, and the marks of those that are not published."""
    marks = {name: value for name, value in given.items() if isinstance(value, str)}
    numbers = {name: None if name in marks else value for name, value in given.items()}
    return {**numbers, "marks": marks_text(marks)}


def item_digest(source: str, locator: str, said: Mapping[str, Any]) -> str:
    """The first 32 hex digits of the SHA-256 of what an item says (`item_fields`) and where it stands.

    Where answers are not weighted, the base is their number and says it all. The words of a period say when
    it was, too, unless the rest of its column did (08/10/2021): then its first day is digested beside them.
    """
    names = FIRST if said["design_effect"] is None else FIRST + OF_ANSWERS
    if said["extent_of"] is not None or said["extent_word"] is not None:
        names += COLUMNS
    later = [f"{name}={said[name]}" for name in LATER if said[name] is not None]
    if said["begins"] and said["begins"] != _begins_by_its_words(said["period"]):
        later.append(f"begins={said['begins']}")
    text = "\x1f".join([source, locator, *(str(said[name]) for name in names), *later])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
