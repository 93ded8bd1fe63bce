"""Funnel limits of shares: what chance leaves open at every base, and how much more authorities vary.

A funnel sets every authority's share against its base. Around the pooled share (all positive answers of all
answers) run control limits that about 95 % and 99.8 % of authorities would keep by chance alone, narrower the
more people answered (Spiegelhalter, D. J. (2005), "Funnel plots for comparing institutional performance",
Statistics in Medicine 24, 1185-1202). Authorities differ by more than chance, so that many may pass such
limits: over-dispersion (Spiegelhalter, D. J. (2005), "Handling over-dispersion of performance indicators",
Quality and Safety in Health Care 14, 347-351). Of the ways that paper compares this project takes the
additive one, which it finds the better founded:

- the spread by chance of a share p on base n is s = sqrt(p (1 - p) / n) with the pooled share as p, and every
  authority has z = (share - p) / s. A share is beyond the plain 95 % limit exactly when its Wilson interval
  leaves the pooled share out;
- the lowest and highest tenth of the z are set to the quantiles there (winsorised), so that a few outliers do
  not widen the limits that are to show them; phi is the mean of the squares;
- the variance between authorities is tau^2 = (I phi - (I - 1)) / (sum w - sum w^2 / sum w), with I
  authorities and w = 1 / s^2, or 0 where that is negative. But for the winsorising this is the estimate of
  DerSimonian and Laird ("Meta-analysis in clinical trials", Controlled Clinical Trials, 1986). No test comes
  before it: tau grows from 0 with the spread;
- the limits are p and 1.96 or 3.09 times sqrt(s^2 + tau^2) to both sides, cut off at 0 and 100 %.

The scale is that of the shares themselves. On the arcsine scale, often taken for proportions, a share of
100 % on a base of 10 is beyond the 95 % limit of a pooled 90 %, though one in three such surveys comes out so
by chance; here it is inside.

What that means: large bases do not close the funnel, because authorities that truly differ a little are no
alarm; at small bases the spread by chance outweighs tau, so that limits there are hardly wider than without
it. Inflating all limits by sqrt(phi) instead would widen them most where they are widest already.
Winsorising makes phi a little smaller than the spread is, a handful of reviews make it uncertain, and the
normal limits are rough below a base of about 20: a place beyond a limit is a reason to look, never a
judgement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINSORISED = 0.1
"""Share of the z-scores, at each end, that is set to the quantile there."""
DEVIATIONS = {"95": 1.959964, "99.8": 3.090232}
"""How many standard deviations the control limits are away, by the percent they hold (two-sided)."""
INSIDE, BEYOND_95, BEYOND_998 = "inside", "beyond 95 %", "beyond 99.8 %"

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """What the shares of all authorities say of the funnel they stand in."""

    target: float
    """Pooled share in percent."""
    phi: float
    """Mean squared z-score, winsorised: about 1 where the shares vary no more than by chance."""
    tau: float
    """Standard deviation between authorities in percentage points; 0 where chance explains what there is."""


def fit_funnel(shares: Numbers, bases: Numbers) -> Fit:
    """The pooled share of authorities and how much more they vary than by chance.

    `shares` in percent, `bases` above 0, one of each an authority, two authorities or more; their order is of
    no account.
    """
    order = np.lexsort((shares, bases))
    shares, bases = shares[order], bases[order]
    target = float(np.sum(shares * bases) / np.sum(bases))
    variance = by_chance(target, bases)
    if not np.all(variance > 0):
        # All shares are 0, or all are 100 %.
        return Fit(target, 0.0, 0.0)
    phi = float(np.mean(winsorised((shares - target) / np.sqrt(variance)) ** 2))
    return Fit(target, phi, float(np.sqrt(variance_between(phi, 1 / variance))))


def by_chance(target: float, bases: Numbers) -> Numbers:
    """The variance by chance, in squared percentage points, of shares around a target at these bases."""
    return np.asarray(max(0.0, target * (100 - target)) / bases)


def winsorised(z: Numbers) -> Numbers:
    """The z-scores with the lowest and the highest WINSORISED of them set to the quantiles there."""
    low, high = np.quantile(z, [WINSORISED, 1 - WINSORISED])
    return np.clip(z, low, high)


def variance_between(phi: float, weights: Numbers) -> float:
    """The variance between authorities (tau squared) from the mean squared z-score; `weights` are 1 / s^2.

    0 where phi is no more than (I - 1) / I for I authorities: chance explains all there is.
    """
    count = len(weights)
    total = float(np.sum(weights))
    return max(0.0, (count * phi - (count - 1)) / (total - float(np.sum(weights**2)) / total))


def control_limits(target: float, bases: Numbers, tau: float, deviations: float) -> tuple[Numbers, Numbers]:
    """Lower and upper limit in percent at every base, `deviations` standard deviations from the target."""
    width = deviations * np.sqrt(by_chance(target, bases) + tau**2)
    low, high = np.clip([target - width, target + width], 0, 100)
    return low, high


def positions(shares: Numbers, bases: Numbers, target: float, tau: float) -> NDArray[np.object_]:
    """INSIDE, BEYOND_95 or BEYOND_998 for every share, with this standard deviation between authorities."""
    away, spread = np.abs(shares - target), np.sqrt(by_chance(target, bases) + tau**2)
    beyond = [away > DEVIATIONS["99.8"] * spread, away > DEVIATIONS["95"] * spread]
    return np.select(beyond, [BEYOND_998, BEYOND_95], INSIDE).astype(object)
