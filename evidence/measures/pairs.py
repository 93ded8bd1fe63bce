"""The (domain, item) pairs that count, as NumPy arrays: for what-ifs and resampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evidence.at_event import COUNTED_PAIRS, sorted_at
from evidence.extents import EXTENT_WEIGHT, WHOLE
from programme.database import Database, rows
from programme.reviews import Review
from rules.rulebook import Filter, Measure

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]
Truth = NDArray[np.bool_]

PAIRS = f"""
select d.key as domain, e.id, e.kind, s.ref as source, s.kind as source_kind, e.strand, e.text, e.group_name,
  {sorted_at(":event")} as period, e.direction, e.significance,
  e.value, e.base, e.unit, e.better, e.comparator, e.answers, e.design_effect,
  {EXTENT_WEIGHT} as extent, e.extent_found, e.extent_of, e.extent_word
{COUNTED_PAIRS}order by d.position, e.id
"""


@dataclass(frozen=True)
class Column:
    """A column of names as codes into `names`; -1 where it is empty."""

    names: tuple[str, ...]
    codes: Codes

    def where(self, allowed: Sequence[str]) -> NDArray[np.bool_]:
        """Which pairs have one of the allowed names."""
        wanted = [code for code, name in enumerate(self.names) if name in set(allowed)]
        return np.isin(self.codes, wanted)


@dataclass(frozen=True)
class Counted:
    """All pairs of a domain and an item tagged to it; every array has one entry per pair."""

    domain: Column
    item: Codes
    """Numbers of the items; an item tagged to two domains stands in two pairs."""
    kind: Column
    source: Column
    source_kind: Column
    strand: Column
    direction: Column
    better: Column
    period: Column
    """Codes in the order of the periods, so that a later period has a higher code."""
    series: Column
    """Indicators: name, strand, unit and which way is better."""
    result: Column
    """Survey results: question, group and strand."""
    significance: Numbers
    value: Numbers
    base: Numbers
    comparator: Numbers
    answers: Numbers
    """Survey results: how many answered; NaN where that is not known."""
    design_effect: Numbers
    """Survey results: NaN where the answers are not weighted."""
    extent: Codes
    """Findings: what the extent lets each count for, of `evidence.extents.WHOLE`."""
    extent_found: Numbers
    extent_of: Numbers
    """Findings: in how many of how many; NaN where that is not known."""
    extent_word: Column

    def __len__(self) -> int:
        return len(self.item)


def load_counted(db: Database, review: Review, event: int) -> Counted:
    """The pairs that counted at an event, domains in the order of the framework."""
    found = rows(db, PAIRS, {"review": review.id, "event": event})

    def names(key: str) -> Column:
        return _column([row[key] for row in found])

    def joined(*keys: str) -> Column:
        return _column(["\x1f".join(str(row[key]) for key in keys) for row in found])

    def numbers(key: str) -> Numbers:
        return np.array([np.nan if row[key] is None else row[key] for row in found], dtype=float)

    order = {name: code for code, name in enumerate(review.framework.domains)}
    return Counted(
        domain=Column(tuple(order), np.array([order[row["domain"]] for row in found], dtype=np.int64)),
        item=np.array([row["id"] for row in found], dtype=np.int64),
        kind=names("kind"),
        source=names("source"),
        source_kind=names("source_kind"),
        strand=names("strand"),
        direction=names("direction"),
        better=names("better"),
        period=names("period"),
        series=joined("text", "strand", "unit", "better"),
        result=joined("text", "group_name", "strand"),
        significance=numbers("significance"),
        value=numbers("value"),
        base=numbers("base"),
        comparator=numbers("comparator"),
        answers=numbers("answers"),
        design_effect=numbers("design_effect"),
        extent=np.array([row["extent"] for row in found], dtype=np.int64),
        extent_found=numbers("extent_found"),
        extent_of=numbers("extent_of"),
        extent_word=names("extent_word"),
    )


def passing_filter(counted: Counted, where: Filter) -> Truth:
    """Which pairs a filter lets through."""
    through = np.ones(len(counted), dtype=bool)
    if where.direction is not None:
        through &= counted.direction.where(where.direction)
    if where.significance_at_least is not None:
        through &= counted.significance >= where.significance_at_least
    if where.score_at_least is not None:
        through &= counted.value >= where.score_at_least
    if where.strand is not None:
        through &= counted.strand.where(where.strand)
    if where.source_kind is not None:
        through &= counted.source_kind.where(where.source_kind)
    return through


def weights(counted: Counted, measure: Measure) -> Codes:
    """How much every pair counts in a share: whole numbers, all of one unit."""
    weight = np.ones(len(counted), dtype=np.int64)
    if measure.weighted:
        weight = np.nan_to_num(counted.significance).astype(np.int64)
    return weight * counted.extent if measure.counts_by_extent else weight


def weight_of(measure: Measure, significance: int) -> int:
    """How much one more finding counts in a share that applies everywhere, in the unit of `weights`."""
    return (significance if measure.weighted else 1) * (WHOLE if measure.counts_by_extent else 1)


def _column(values: list[Any]) -> Column:
    known = sorted({value for value in values if value is not None})
    code = {name: position for position, name in enumerate(known)}
    codes = np.array([-1 if value is None else code[value] for value in values], dtype=np.int64)
    return Column(tuple(known), codes)
