"""Weights of survey respondents, raked to known margins of the population.

Raking (iterative proportional fitting; Deming, W. E. and Stephan, F. F. (1940), Annals of Mathematical
Statistics 11, 427-444) gives the weights nearest to equal ones under which the respondents are made up as the
population is, by every characteristic at once. Nearest means least relative entropy. Newton's method on the
dual problem finds that minimum in a few steps, where iterative fitting takes many to end at the same weights
(Deville, J.-C. and Sarndal, C.-E. (1992), Calibration Estimators in Survey Sampling, Journal of the American
Statistical Association 87, 376-382: the multiplicative method).

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
MOST_HALVINGS = 50
"""So often a step is halved that would lead away from the margins; then no step leads nearer."""


class NoWeights(Exception):
    """No positive weights meet all margins at once."""


def rake(categories: Codes, margins: Sequence[Numbers]) -> Codes:
    """One weight per respondent, in whole millionths of the mean, so that every margin is met.

    `categories` has a row per respondent and a column per characteristic: codes into that characteristic's
    margin, -1 where the respondent did not say. A margin holds the share or the number of the population for
    every code; only codes of nobody may be 0. Raises NoWeights.
    """
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
    raked, missed = _nearest(held, np.array(belongs, dtype=float), np.array(wanted))
    weights = np.rint(MILLION * raked / held)
    if not (missed <= 100 * TOLERANCE and weights.min() >= 1):
        raise NoWeights
    return np.asarray(weights.astype(np.int64)[cell.ravel()])


def _nearest(held: Numbers, belongs: Numbers, wanted: Numbers) -> tuple[Numbers, float]:
    """The shares nearest to `held` whose sums over `belongs` (sums x cells) are `wanted`, and by how much
    they miss them: far, or NaN, where no shares will do.

    They are `held` times a factor for every sum a cell belongs to. Sums that follow from others (every
    characteristic's add up to 1) leave the factors open but not the shares: the shortest step is taken.
    """
    logs = np.zeros(len(wanted))
    raked, gap = held, belongs @ held - wanted
    tolerance = min(TOLERANCE, 0.001 * float(np.abs(wanted[wanted != 0]).min(initial=1)))
    with np.errstate(all="ignore"):
        for _ in range(MOST_STEPS):
            far = float(np.sqrt(gap @ gap))
            if far <= tolerance:
                break
            step = np.linalg.lstsq((belongs * raked) @ belongs.T, gap)[0]
            for halved in range(MOST_HALVINGS):
                tried = logs - step / 2**halved
                raked = held * np.exp(tried @ belongs)
                gap = belongs @ raked - wanted
                if np.sqrt(gap @ gap) < (1 - 1e-4 / 2**halved) * far:
                    break
            else:
                break
            logs = tried
    return raked, float(np.abs(gap).max(initial=0))


def effective_base(total: float, squares: float) -> float:
    """How many unweighted answers would be as precise, from the sum of the weights and of their squares.

    Kish, L. (1965), Survey Sampling; Kish, L. (1992), Weighting for unequal P_i, Journal of Official
    Statistics 8, 183-200. It leaves out that what was asked may hang together with the characteristics, which
    makes a weighted share more precise than it says.
    """
    return total * total / squares
