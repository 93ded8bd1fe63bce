"""One pool of evidence drawn again many times: clusters with replacement, published shares by their base.

The methods and their sources stand in `evidence.measures.resample`, which says what is drawn how.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evidence.extents import RANGES, WHOLE
from evidence.measures.pairs import Codes, Numbers, Truth

CELLS = 1_000_000
"""Weights held in memory at a time: draws times units."""
DEAR = 10
"""Drawing how often a category comes takes about as long as drawing so many units."""
EXACT = 1_000_000
"""Up to this base a binomial is drawn exactly, above by its normal approximation."""


def stream(seed: int, *names: str) -> np.random.Generator:
    """The random numbers of one thing that is drawn, by the seed and its names."""
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    words = [int.from_bytes(digest[at : at + 4], "big") for at in range(0, 16, 4)]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


@dataclass(frozen=True)
class Extents:
    """How widespread findings are: one for every unit or, in a pool, for every category.

    `found` of `of`, or a word (a position in `WORDS`); -1 where that is not said.
    """

    found: Codes
    of: Codes
    word: Codes

    @property
    def nowhere(self) -> Truth:
        """Which of them were found nowhere."""
        return np.asarray(self.found == 0)

    def draw(self, numbers: np.random.Generator, words: np.random.Generator, times: Numbers) -> Numbers:
        """What units count for that are drawn so many times (draws by categories), in whole `WHOLE`ths.

        A number is another one every time its unit is drawn; a word means the same all through a draw.
        """
        counts = WHOLE * times
        known = np.flatnonzero(self.of > 0)
        found, of = self.found[known], self.of[known]
        sure = (found == 0) | (found == of)
        shares = np.where(sure, (found + 0.5) / (of + 1), found / of)
        drawn = numbers.binomial(times[:, known].astype(np.int64) * of, shares)
        counts[:, known] = np.rint(WHOLE * drawn / of)
        low, high = np.array(list(RANGES.values())).T
        means = low + words.random((len(times), len(WORDS))) * (high - low)
        worded = np.flatnonzero(self.word >= 0)
        counts[:, worded] = np.rint(counts[:, worded] * means[:, self.word[worded]])
        return counts


WORDS = tuple(RANGES)


@dataclass(frozen=True)
class Pool:
    """Units drawn together, in categories that count alike; a column is the ratio part / whole."""

    names: tuple[str, ...]
    """Names of its random stream."""
    counts: Codes
    """How many units every category has."""
    part: Numbers
    """Category by column; whole numbers, so that no order of summing matters."""
    whole: Numbers
    factor: Numbers
    """Per column: 100 for shares in percent."""
    by_extent: Truth
    """Per column, whether units count by their extents in it."""
    extents: Extents | None = None
    """None where no unit has one; else `part` and `whole` hold units as if they had none."""

    @property
    def size(self) -> int:
        """How many units there are."""
        return int(self.counts.sum())

    def draw(self, seed: int, more: int) -> Drawing:
        """A drawing of `size + more` units at a time."""
        return Drawing(
            self,
            stream(seed, *self.names),
            stream(seed, *self.names, "one"),
            self.size + more,
            stream(seed, *self.names, "numbers"),
            stream(seed, *self.names, "words"),
        )


@dataclass
class Drawing:
    """A pool being drawn from."""

    pool: Pool
    units: np.random.Generator
    one: np.random.Generator
    size: int
    numbers: np.random.Generator
    words: np.random.Generator

    def next(self, count: int) -> Numbers:
        """The values of the columns in the next `count` draws (draws by columns)."""
        pool = self.pool
        values = np.empty((count, len(pool.factor)))
        both = np.hstack([pool.part, pool.whole])
        step = max(1, CELLS // max(self.size, len(pool.counts)))
        for start in range(0, count, step):
            weights = self._weights(min(step, count - start))
            sums = weights @ both
            if pool.extents is not None:
                widely = pool.extents.draw(self.numbers, self.words, weights) @ both
                sums = np.where(np.tile(pool.by_extent, 2), widely, sums)
            part, whole = np.hsplit(sums, 2)
            with np.errstate(invalid="ignore"):
                values[start : start + step] = pool.factor * part / whole
        self._fill(values)
        return values

    def _weights(self, count: int) -> Numbers:
        """How often each category is drawn (draws by categories)."""
        counts, total = self.pool.counts, self.pool.size
        if self.size > DEAR * len(counts):
            return self.units.multinomial(self.size, counts / total, size=count).astype(float)
        category = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        drawn = category[self.units.integers(0, total, size=(count, self.size), dtype=np.int32)]
        drawn += len(counts) * np.arange(count, dtype=np.int32)[:, None]
        flat = np.bincount(drawn.ravel(), minlength=count * len(counts))
        return flat.reshape(count, len(counts)).astype(float)

    def _fill(self, values: Numbers) -> None:
        """Where a draw holds nothing of a column: the value of one unit that bears on it."""
        row, column = np.nonzero(np.isnan(values))
        if not len(row):
            return
        chance = self.one.random(len(row))
        pool = self.pool
        for number in np.unique(column):
            at = column == number
            bears = pool.whole[:, number] > 0
            if pool.extents is not None and pool.by_extent[number]:
                bears &= ~pool.extents.nowhere
            bearing = np.cumsum(pool.counts * bears)
            unit = np.searchsorted(bearing, chance[at] * bearing[-1], side="right")
            value = pool.factor[number] * pool.part[unit, number] / pool.whole[unit, number]
            values[row[at], number] = value


def make_pool(
    names: Sequence[str],
    part: Numbers,
    whole: Numbers,
    factor: Sequence[float],
    extents: Extents | None = None,
    by_extent: Sequence[bool] = (),
) -> Pool:
    """A pool of units (rows of `part` and `whole`), those alike put into one category."""
    columns = part.shape[1]
    units = [part, whole]
    if extents is not None:
        units.append(np.stack([extents.found, extents.of, extents.word], axis=1).astype(float))
    alike, counts = np.unique(np.hstack(units), axis=0, return_counts=True)
    if extents is not None:
        extents = Extents(*alike[:, 2 * columns :].T.astype(np.int64))
    return Pool(
        tuple(names),
        counts,
        alike[:, :columns],
        alike[:, columns : 2 * columns],
        np.array(factor, dtype=float),
        np.array(by_extent or [False] * columns),
        extents,
    )


def binomial_quantiles(chance: Numbers, base: float, share: float) -> Numbers:
    """The percentages at these quantiles (0 to 1) of a binomial share (0 to 1) of `base` answers."""
    from scipy.special import bdtr, ndtri

    size = max(1, round(base))
    if share in (0.0, 1.0):
        share = (share * size + 0.5) / (size + 1)
    spread = np.sqrt(size * share * (1 - share))
    if size > EXACT:
        return np.asarray(100 * np.clip(share + ndtri(chance) * spread / size, 0, 1))
    first = max(0, int(size * share - 10 * spread - 10))
    last = min(size, int(size * share + 10 * spread + 10))
    positive = np.arange(first, last + 1)
    return np.asarray(100.0 * (first + np.searchsorted(bdtr(positive[:-1], size, share), chance)) / size)


@dataclass(frozen=True)
class Published:
    """The published results of one survey and group, which share their respondents."""

    names: tuple[str, ...]
    items: tuple[int, ...]
    """Positions among the survey results."""
    shares: tuple[float, ...]
    """Positive shares, 0 to 1."""
    bases: tuple[float, ...]
