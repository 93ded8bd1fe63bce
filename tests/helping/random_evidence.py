"""Random evidence: rows of every kind, in which series, ties and shared sources come about."""

from __future__ import annotations

from random import Random
from typing import Any

from evidence_rows import Row, finding, indicator, score, survey

DOMAINS = ["carers", "assessment", "carers;leadership", "carers;assessment", ""]
SOURCES = ["C1", "C2", "I1", "G1", "S1", "S0", "D1", "O1"]
EXTENTS = [
    "",
    "",
    "",
    "7 of 30 files",
    "3 of 7 teams",
    "10 of 10 councils",
    "0 of 4",
    "isolated",
    "most teams",
]
PERIODS = ["", "2004/05", "2005/06", "2006/07"]


def random_rows(random: Random, count: int, *, extents: bool = True) -> list[Row]:
    """Rows of every kind with few names and numbers, so that series, ties and shared sources come about."""
    return [_random_row(random, extents) for _ in range(count)]


def _random_row(random: Random, extents: bool) -> Row:
    def some(*values: Any) -> Any:
        return random.choice(values)

    more = {"domains": some(*DOMAINS), "strand": some("all", "all", "older-people")}
    kind = random.randrange(5)
    if kind == 0:
        more |= {"extent": some(*EXTENTS)} if extents else {}
        return finding(some(*SOURCES), some("strength", "weakness", "neutral"), some(1, 2, 3), **more)
    if kind == 1:
        return score(some("C1", "C2", "D1"), some(1, 2, 2.5, 3, 4, 3.333333), **more)
    if kind == 2:
        text, share = some("Respect", "Waited"), some(20, 35.5, 50, 66.6667, 80)
        base, better = some("", 5, 9, 10, 200), some("higher", "lower", "neither")
        return survey(some("S1", "S0", "D1"), text, share, base, period=some(*PERIODS), better=better, **more)
    return indicator(
        some("Breaks", "Waits"),
        some(*PERIODS[1:]),
        some(10, 20, 20, 30),
        some("higher", "lower", "lower", "neither"),
        some("", 20, 25),
        comparator_name=some("Wales", "England"),
        **more,
    )
