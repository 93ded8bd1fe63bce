"""Coefficients of agreement as functions of arrays: weighted kappa, Krippendorff's alpha and its draws.

- Kappa, for two coders: Cohen's, with linear weights (Cohen, J. (1968), Weighted kappa, Psychological
  Bulletin 70, 213-220; as in Fleiss, J. L., Levin, B. and Paik, M. C. (2003), Statistical Methods for Rates
  and Proportions, 3rd edition, 18.1). Linear: one step apart is a sixth of the way from serious weakness to
  serious strength and counts as that. Quadratic weights would count it as a thirty-sixth and hide it; alpha
  squares already.
- Alpha (Hayes, A. F. and Krippendorff, K. (2007), Communication Methods and Measures 1, 77-89; computed as in
  Krippendorff, K. (2011), Computing Krippendorff's Alpha-Reliability): for any number of coders, who need not
  have coded all the same items. Ordinal: values differ by the square of how far apart their mid-ranks are.
- Its draws are a bootstrap over items: items are drawn with replacement, with all their codings (for alpha:
  Zapf, A. et al. (2016), BMC Medical Research Methodology 16, 93).

Alpha is written here in NumPy: `krippendorff` is under the GPL, irrCAC pins one version of scipy, and nltk's
AnnotationTask (Apache-2.0) loops in Python and takes distances of two labels alone, which the ordinal one is
not: it depends on how often all values occur.

Items with the same codings are one kind (at most 28 kinds for two coders on a scale of seven). A draw costs
as much as there are kinds, however many items there are.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evidence.measures.pairs import Codes, Numbers

CELLS = 2_000_000
"""Numbers held in memory at a time while drawing."""
Flags = NDArray[np.bool_]
Rows = TypeVar("Rows", Numbers, Flags)


def count_values(judged: Numbers) -> Numbers:
    """Items x values: how many coders gave the item that value, of judgements (items x coders, NaN: none).

    The values are those that occur, in their order.
    """
    values = np.unique(judged[~np.isnan(judged)])
    counts: Numbers = (judged[:, :, None] == values).sum(axis=1).astype(float)
    return counts


def weighted_kappa(judged: Numbers) -> float | None:
    """Cohen's kappa with linear weights of judgements (items x two coders, no NaN).

    None where both say the same of all items: chance agreement is perfect then, too.
    """
    values, at = np.unique(judged, return_inverse=True)
    if len(values) < 2:
        return None
    table = np.zeros((len(values), len(values)))
    np.add.at(table, tuple(at.reshape(judged.shape).T), 1)
    apart = np.abs(values[:, None] - values)
    by_chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / len(judged)
    return tidy(float(1 - (apart * table).sum() / (apart * by_chance).sum()))


def krippendorff_alpha(counts: Numbers, distance: Numbers | None = None) -> float | None:
    """Krippendorff's alpha of items x values (how many coders gave the item that value).

    `distance` (values x values, symmetric, 0 on the diagonal) says how far two values differ; None takes the
    ordinal one, with the values in their order. Items with fewer than two codings are left out. None where
    alpha is not defined: nothing is compared, or all say the same.
    """
    kinds, times = _kinds(counts)
    alpha = _alphas(times[None, :], kinds, distance)[0] if len(kinds) else np.nan
    return None if np.isnan(alpha) else tidy(float(alpha))


def alpha_draws(
    counts: Numbers, distance: Numbers | None, draws: int, random: np.random.Generator
) -> Numbers:
    """Alpha of items x values, the items drawn again `draws` times, as many as there are; NaN: undefined.

    The order of the items does not change the draws, and memory does not grow with their number.
    """
    kinds, times = _kinds(counts)
    size = int(times.sum())
    width = kinds.shape[1] ** 2 if distance is None else kinds.shape[1]
    step = max(1, CELLS // max(1, width + len(kinds)))
    found = [
        _alphas(
            random.multinomial(size, times / size, min(step, draws - done)).astype(float), kinds, distance
        )
        for done in range(0, draws, step)
    ]
    return np.concatenate(found)


def _kinds(counts: Numbers) -> tuple[Numbers, Numbers]:
    """The kinds of items with two codings or more, sorted, and how many items there are of each."""
    kinds, _, times = distinct_rows(counts[counts.sum(axis=1) > 1])
    return kinds, times.astype(float)


def distinct_rows(rows: Rows) -> tuple[Rows, Codes, Codes]:
    """The rows that occur, sorted; which of them every row is; and how often each occurs.

    As np.unique with axis=0 gives them, but many times faster where the rows are many and short.
    """
    if not len(rows):
        return rows, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    is_new = np.ones(len(rows), dtype=bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    at = np.empty(len(rows), dtype=np.int64)
    at[order] = np.cumsum(is_new) - 1
    return ordered[is_new], at, np.bincount(at)


def _alphas(times: Numbers, kinds: Numbers, distance: Numbers | None) -> Numbers:
    """Alpha for every row of `times`: how often each kind of item (kinds x values) is there."""
    totals = times @ kinds
    others = kinds.sum(axis=1) - 1
    if distance is None:
        # A value's mid-rank among all codings; what the ordinal difference adds up is their distance.
        ranks = np.cumsum(totals, axis=1) - totals / 2
        apart = (ranks[:, :, None] - ranks[:, None, :]) ** 2
        pairs = kinds[:, :, None] * kinds[:, None, :] / others[:, None, None]
        together = (times @ pairs.reshape(len(kinds), -1)).reshape(apart.shape)
        observed = (together * apart).sum(axis=(1, 2))
        expected = (totals[:, :, None] * totals[:, None, :] * apart).sum(axis=(1, 2))
    else:
        observed = times @ (((kinds @ distance) * kinds).sum(axis=1) / others)
        expected = ((totals @ distance) * totals).sum(axis=1)
    defined = expected > 0
    alphas = np.full(len(times), np.nan)
    alphas[defined] = 1 - (totals.sum(axis=1)[defined] - 1) * observed[defined] / expected[defined]
    return alphas


def jaccard(some: Flags, others: Flags) -> Numbers:
    """How far sets (rows of flags) differ: the share of their members not in common; 0 for two empty sets."""
    shared = some.astype(float) @ others.T.astype(float)
    united = some.sum(axis=1)[:, None] + others.sum(axis=1)[None, :] - shared
    return np.where(united > 0, 1 - shared / np.maximum(united, 1), 0.0)


def tidy(number: float) -> float:
    """Without the last digits, in which machines may differ."""
    return round(number, 9) + 0.0
