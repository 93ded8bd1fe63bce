"""Rows of evidence for tests, as dicts: one of every kind, and enough of them for a domain or a whole review.

`finding`, `score`, `survey` and `indicator` make one row each, with a locator of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rules.loader import load_policy

DOMAINS = list(load_policy("wales-round-2").framework.domains)
Row = dict[str, Any]
_numbers = itertools.count(1)

SOURCES: tuple[Row, ...] = tuple(
    {"source": ref, "title": f"Source {ref}", "kind": kind, "dated": dated, "status": status}
    for ref, kind, dated, status in (
        ("C1", "case_file", "2007-05-31", "authorised"),
        ("C2", "case_file", "2007-06-30", "authorised"),
        ("I1", "interview", "2007-06-14", "authorised"),
        ("G1", "group_meeting", "2007-06-15", "authorised"),
        ("S1", "survey", "2007-03-01", "authorised"),
        ("S0", "survey", "2001-03-01", "authorised"),
        ("N1", "indicator_return", "2008-03-31", "authorised"),
        ("D1", "document", "2007-01-31", "draft"),
        ("O1", "observation", "2007-06-20", "authorised"),
    )
)
"""One source of every kind, two case files, an older survey, and a draft document."""


@contextmanager
def numbered_from_one() -> Iterator[None]:
    """Rows made in it have the same locators in every run, whatever other tests made before."""
    global _numbers
    others, _numbers = _numbers, itertools.count(1)
    try:
        yield
    finally:
        _numbers = others


def _row(source: str, more: Row, **row: Any) -> Row:
    return {"source": source, "locator": f"place {next(_numbers)}", "domains": "carers", **row, **more}


def finding(source: str, direction: str = "strength", significance: int = 2, **more: Any) -> Row:
    """A finding about carers, unless other domains are given."""
    row = _row(source, more, direction=direction, significance=significance)
    return {"finding": f"Finding {row['locator']}.", **row}


def score(source: str, value: float, **more: Any) -> Row:
    """A score of a case file, of 4 at best."""
    return _row(source, more, standard="The carer was offered an assessment", score=value)


def survey(source: str, question: str, positive: float, base: float | str = "", **more: Any) -> Row:
    """A survey result in percent; without a base unless one is given."""
    return _row(source, more, question=question, group="Carers", positive=f"{positive:.10f}%", base=base)


def indicator(
    name: str, period: str, value: float, better: str = "higher", comparator: float | str = "", **more: Any
) -> Row:
    """The value of an indicator in one period."""
    return _row("N1", more, indicator=name, period=period, value=value, better=better, comparator=comparator)


LAYOUT_OF = {
    "title": "sources",
    "percent": "population-margins",
    "category": "respondents",
    "finding": "findings",
    "standard": "case-scores",
    "positive": "survey-results",
    "indicator": "indicators",
    "answer": "survey-responses",
    "domain": "tags",
}
"""The layout of a row by a column that no other layout has."""


def good_domain(domain: str, strengths: int = 4, weaknesses: int = 1) -> list[Row]:
    """Findings that are enough for a rating: at least five items from two kinds of source."""
    kinds = itertools.cycle(["I1", "G1"])
    directions = ["strength"] * strengths + ["weakness"] * weaknesses
    return [finding(next(kinds), direction, domains=domain) for direction in directions]


def whole_review(strengths: int = 4, weaknesses: int = 1, domains: Iterable[str] = ()) -> list[Row]:
    """Enough findings in every domain of the second Welsh round."""
    names = list(domains) or DOMAINS
    return [row for name in names for row in good_domain(name, strengths, weaknesses)]
