"""Statistics of a distribution over the ab bins: mean, variance, and the distinct colours that are likely."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom.color import ab_bins
from photochrom.errors import InvalidModelError
from photochrom.parallel import product

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["expected", "modes", "moments", "shares"]

#: Colours nearer than this, in ab units, are one mode.
SEPARATION = 18.0
#: A mode with less than this share of the likeliest one's is not offered.
LEAST_SHARE = 0.03


def shares(scores: NDArray[Any], temperature: float = 1.0) -> Float:
    """softmax(scores / T) over the first axis: (261, ...) -> (261, ...) float32. Raises InvalidModelError for other bins."""
    given = np.asarray(scores, np.float32)
    if given.ndim < 1 or len(given) != len(ab_bins()) or not np.isfinite(given).all():
        raise InvalidModelError(f"scores of shape {given.shape}, expected finite numbers for {len(ab_bins())} ab bins")
    weights = np.exp((given - given.max(axis=0)) / np.float32(temperature))
    return np.asarray(weights / weights.sum(axis=0), np.float32)


def moments(share: NDArray[Any]) -> tuple[Float, Float]:
    """Mean ab and total variance of shares of the ab bins: (261, ...) -> (..., 2) and (...), in ab and ab^2."""
    flat = np.asarray(share, np.float32).reshape(len(ab_bins()), -1)
    mean = flat.T @ ab_bins()
    variance = flat.T @ (ab_bins() ** 2).sum(axis=1) - (mean**2).sum(axis=1)
    shape = np.shape(share)[1:]
    return mean.reshape(*shape, 2), np.maximum(variance, 0).reshape(shape)


def expected(scores: NDArray[Any]) -> Float:
    """Mean and standard deviation of a* and b* under the scores: (261, h, w) -> (4, h, w), a*, b* and theirs, in ab."""
    share = shares(scores)
    flat = share.reshape(len(share), -1)
    mean = product(ab_bins().T, flat)
    deviation = np.sqrt(np.maximum(product((ab_bins() ** 2).T, flat) - mean**2, 0))
    return np.concatenate([mean, deviation]).reshape(4, *share.shape[1:])


def modes(share: NDArray[Any], count: int, *, separation: float = SEPARATION) -> tuple[Float, Float]:
    """The distinct likely colours of one distribution: shares (261,) -> ab (k, 2) and their shares (k,), likeliest first.

    k is at most ``count``. Each mode is the likeliest bin that is left, taken together with what lies within ``separation`` of
    it (a greedy mean shift of one step): its colour is their mean and its share their sum, so a broad hill counts as one.
    """
    left = np.array(share, np.float32)
    near = _near(separation)
    colours: list[Float] = []
    sizes: list[float] = []
    for _ in range(count):
        hill = near[int((near @ left).argmax())] * left
        size = float(hill.sum())
        if size <= 0 or (sizes and size < LEAST_SHARE * sizes[0]):
            break
        centre = hill @ ab_bins() / size
        if all(np.hypot(*(centre - other)) >= separation for other in colours):
            colours.append(centre)
            sizes.append(size)
        left = left - hill
    return np.reshape(np.array(colours, np.float32), (-1, 2)), np.array(sizes, np.float32)


@cache
def _near(radius: float) -> Float:
    """(261, 261): 1 where two bins lie within ``radius`` ab units."""
    bins = ab_bins()
    return np.asarray(((bins[:, None] - bins) ** 2).sum(axis=-1) <= radius**2, np.float32)
