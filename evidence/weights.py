"""Weights of survey respondents, raked to known margins of the population; the one door to `raking`.

Raking (iterative proportional fitting; Deming, W. E. and Stephan, F. F. (1940), Annals of Mathematical
Statistics 11, 427-444) gives the weights nearest to equal ones under which the respondents are made up as the
population is, by every characteristic at once. Nearest means least relative entropy; the library `raking`
finds that minimum by Newton's method, which ends where iterative fitting does.

- Respondents with the same categories get the same weight, so that no order of them matters. Weights have a
  mean of 1 and are kept in whole millionths: sums of them are exact, on every machine.
- Whoever did not say a category keeps, as a group, its share of the respondents; the others share the rest.
- Weights are not trimmed. Trimmed weights no longer meet the margins; a large weight costs precision instead,
  which the effective base shows, and `evidence.check` names every survey in which one is larger than
  `LARGE` times the mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]

MILLION = 1_000_000
LARGE = 5
"""A weight of more than so many times the mean is named. R's anesrake, made after DeBell, M. and Krosnick,
J. A. (2009), Computing Weights for American National Election Study Survey Data, cuts weights there."""
TOLERANCE = 1e-10
"""So near to the margins (shares of 1) raking has to come."""
MOST_STEPS = 100
"""Newton steps at most; a few are usual."""


class NoWeights(Exception):
    """No positive weights meet all margins at once."""


def rake(categories: Codes, margins: Sequence[Numbers]) -> Codes:
    """One weight per respondent, in whole millionths of the mean, so that every margin is met.

    `categories` has a row per respondent and a column per characteristic: codes into that characteristic's
    margin, -1 where the respondent did not say. A margin holds the share or the number of the population for
    every code; only codes of nobody may be 0. Raises NoWeights.
    """
    from raking.raking_methods import raking_entropic

    cells, cell, counts = np.unique(categories, axis=0, return_inverse=True, return_counts=True)
    held = counts / len(categories)
    belongs, wanted = [], []
    for column, margin in enumerate(margins):
        silent = cells[:, column] == -1
        unsaid = float(held[silent].sum())
        shares = (1 - unsaid) * margin / margin.sum()
        codes = np.flatnonzero(margin)
        belongs += [cells[:, column] == code for code in codes] + [silent] * bool(unsaid)
        wanted += [*shares[codes], *[unsaid] * bool(unsaid)]
    with np.errstate(all="ignore"):
        # Where no weights will do the steps end in numbers that are none, or far from the margins.
        raked, _, _ = raking_entropic(
            held, np.array(belongs, dtype=float), np.array(wanted), tol=TOLERANCE, max_iter=MOST_STEPS
        )
        missed = np.abs(np.array(belongs) @ raked - np.array(wanted)).max(initial=0)
        weights = np.rint(MILLION * raked / held)
    if not (missed <= 100 * TOLERANCE and weights.min() >= 1):
        raise NoWeights
    return np.asarray(weights.astype(np.int64)[cell.ravel()])


def effective_base(total: float, squares: float) -> float:
    """How many unweighted answers would be as precise, from the sum of the weights and of their squares.

    Kish, L. (1965), Survey Sampling; Kish, L. (1992), Weighting for unequal P_i, Journal of Official
    Statistics 8, 183-200. It leaves out that what was asked may hang together with the characteristics, which
    makes a weighted share more precise than it says.
    """
    return total * total / squares
