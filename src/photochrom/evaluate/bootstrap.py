"""95 % intervals over pictures, in memory that does not grow with their number.

Poisson bootstrap: in each of B resamples every picture counts w times, w drawn from a Poisson distribution of mean 1, which
is what drawing n of n with replacement comes to. Sums are all that is kept. Weights belong to a picture and are the same for
all methods, so that differences between methods are paired. Source: Chamandy et al. 2012, "Estimating uncertainty for
massive data streams".
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Resamples", "holm", "interval", "p_value"]

Float = NDArray[np.float64]

#: So many pictures are added at a time, as one product of matrices.
_BLOCK = 32


class Resamples:
    """Sums over pictures of M methods and K figures, as they are (row 0) and in ``count`` resamples (rows 1...).

    Memory: about 8 (count + 1) M (261 + 2 K) bytes. Pictures must be added in the same order for the same result to the bit.
    """

    def __init__(self, methods: int, figures: int, bins: int, count: int, seed: Sequence[int]) -> None:
        self.pictures, self._count, self._seed = 0, count, tuple(seed)
        self._sums = np.zeros((count + 1, methods, figures))
        self._weights = np.zeros((count + 1, methods, figures))
        self._areas = np.zeros((count + 1, methods, bins))
        self._pixels = np.zeros((count + 1, bins))
        self._waiting: list[tuple[Float, Float, Float, Float]] = []

    def add(self, index: int, values: NDArray[Any], areas: NDArray[Any], pixels: NDArray[Any]) -> None:
        """Count picture ``index``: its figures (M, K), NaN where there is none, area (M, 261) and pixels (261,) of each bin."""
        drawn = np.random.default_rng((*self._seed, index)).poisson(1.0, self._count)
        self._waiting.append((np.concatenate([[1.0], drawn]), values, areas, pixels))
        self.pictures += 1
        if len(self._waiting) == _BLOCK:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        weights, values, areas, pixels = (np.stack(part) for part in zip(*self._waiting, strict=True))
        self._waiting = []
        there = np.isfinite(values)
        for total, addend in (
            (self._sums, np.where(there, values, 0.0)),
            (self._weights, there.astype(float)),
            (self._areas, areas),
            (self._pixels, pixels),
        ):
            total += np.tensordot(weights.T, addend, 1)

    def means(self) -> Float:
        """The mean figures of the pictures and of each resample: (B + 1, M, K), NaN where nothing was drawn."""
        self._flush()
        return _ratio(self._sums, self._weights)

    def numbers(self) -> NDArray[np.int64]:
        """How many pictures have each figure: (M, K)."""
        self._flush()
        return np.asarray(self._weights[0], np.int64)

    def rebalanced(self) -> Float:
        """The rebalanced AuC in percent, see :func:`photochrom.evaluate.metrics.auc_rebalanced`: (B + 1, M).

        It is a mean over the colours that occur, and rises wherever the one picture of a rare colour is not drawn: the
        resamples lie to one side (on CID22, 57.5 to 59.8 for a value of 57.5). They are moved so that their mean is the value.
        """
        self._flush()
        area = _ratio(self._areas, np.broadcast_to(self._pixels[:, None], self._areas.shape))
        found = _ratio(np.where(np.isnan(area), 0, area).sum(axis=-1), (~np.isnan(area)).sum(axis=-1))
        drawn = found[1:][self._pixels[1:].any(axis=-1)]
        found[1:] += found[0] - (drawn.mean(axis=0) if len(drawn) else 0)
        return found


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> Float:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def interval(values: Float) -> tuple[Float, Float]:
    """The 2.5th and 97.5th percentiles of the resamples: (B + 1, ...), row 0 left out -> (...) twice; NaN where none is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN: no value
        low, high = np.nanpercentile(values[1:], (2.5, 97.5), axis=0)
    return low, high


def p_value(differences: Float) -> float:
    """Two-sided p of "no difference", from a paired difference and its resamples, (B + 1,): normal, with their deviation.

    1 for a difference of 0, NaN where there are none.

    >>> p_value(np.array([1.96, -1.0, 1.0, -1.0, 1.0])) < 0.1
    True
    """
    drawn = differences[1:][np.isfinite(differences[1:])]
    if not len(drawn) or not np.isfinite(differences[0]):
        return math.nan
    if not differences[0]:
        return 1.0
    spread = float(drawn.std())
    return math.erfc(abs(float(differences[0])) / spread / math.sqrt(2)) if spread else 0.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values: tests that stay below 0.05 make one mistake or more with a chance of at most 0.05.

    The i-th smallest of n is multiplied by n - i + 1, and is no less than the one before. NaN is no test. Source: Holm 1979.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    adjusted = [math.nan] * len(p_values)
    least = 0.0
    for rank, (p, index) in enumerate(order):
        least = max(least, min(1.0, p * (len(order) - rank)))
        adjusted[index] = least
    return adjusted
