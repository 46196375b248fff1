"""How sure a difference is: bootstrap over the measured pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["difference", "interval", "rank_intervals"]

#: Draws of the bootstrap, and the share of them that an interval leaves out on either side.
DRAWS, TAIL = 4000, 2.5


def _means(values: NDArray[Any]) -> NDArray[np.float64]:
    """Means of DRAWS resamples of pictures: values (..., pictures) -> (..., DRAWS). The same pictures for all rows."""
    draws = np.random.default_rng(0).integers(0, values.shape[-1], (DRAWS, values.shape[-1]))
    weights = np.stack([np.bincount(draw, minlength=values.shape[-1]) for draw in draws]) / values.shape[-1]
    return np.asarray(values @ weights.T, np.float64)


def interval(values: Any) -> tuple[float, float]:
    """95 % interval of the mean of values (pictures,).

    >>> interval([1.0, 1.0, 1.0])
    (1.0, 1.0)
    """
    low, high = np.percentile(_means(np.asarray(values, np.float64)).round(12), [TAIL, 100 - TAIL])
    return float(low), float(high)


def difference(first: Any, second: Any) -> tuple[float, float, float]:
    """Mean of ``first - second``, (pictures,) each and of the same pictures, and its 95 % interval."""
    gap = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    return float(gap.mean()), *interval(gap)


def rank_intervals(values: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """For rows of figures of the same pictures, higher better: the ranks (1 best) that each row takes in 95 % of the draws.

    >>> rank_intervals({"good": [2.0, 2.1], "bad": [1.0, 1.1]})
    {'good': (1, 1), 'bad': (2, 2)}
    """
    means = _means(np.array([values[name] for name in values], np.float64))
    ranks = (-means).argsort(axis=0).argsort(axis=0) + 1
    ends = np.percentile(ranks, [TAIL, 100 - TAIL], axis=1).round().astype(int)
    return {name: (int(low), int(high)) for name, low, high in zip(values, *ends, strict=True)}
