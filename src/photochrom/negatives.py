"""Whether a photograph looks like a negative: by what an encoder makes of it and of its inverse, else by its statistics.

The features of an encoder that knows things (ImageNet's classes) differ between a picture and its inverse, and one linear reading
of the difference tells which of the two is the positive (docs/models/negatives.md). The reading belongs to one encoder. Whether a
model has that encoder is seen from its answer to a fixed pattern: files of the same weights differ in their metadata and in the
last bits. With other models the statistics of :mod:`photochrom.images.negatives` decide.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from photochrom.ensemble import EnsembleSession
from photochrom.images import statistics_say_negative
from photochrom.weights import WeightsFile, locate

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from photochrom.session import Features, Session

    Float = NDArray[np.float32]

__all__ = ["WEIGHTS", "Reading", "difference", "fits", "looks_negative", "pattern", "pooled", "reading"]

#: The reading, inside the package.
WEIGHTS = WeightsFile(
    "encoder.negatives.safetensors", "b693eaf1206d7a6856edb83aee0a675e475c8e971253b8f2c5216da87b109918", 19092
)
#: A model has the encoder of the reading where its answer to the pattern differs by at most so much, relative to its size.
SAME = 0.02
#: Copies with a shorter side than this, in pixels, or a smaller deviation, are not judged.
SMALLEST, FLAT = 64, 0.03

_known: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


class Reading(NamedTuple):
    """A reading of one encoder's features.

    answer: (3, n) rows of what it makes of the pattern, flat. weights: of each number of :func:`difference`. sure: the score
    from which on a picture is called a negative.
    """

    answer: Float
    weights: Float
    sure: float


def looks_negative(session: Session, features: Features, copy: Float, view: Callable[[Float], Float]) -> bool:
    """Whether a photograph looks like a negative.

    features: of the photograph. copy: a work copy of it, (h, w, 3), sRGB in [0, 1]. view: makes of a copy what the session is
    shown, lightness (H, W). Raises WeightsNotFoundError, WeightsDigestError.
    """
    single = session.session if isinstance(session, EnsembleSession) else session
    if not fits(single, reading()):
        return statistics_say_negative(copy)
    if min(copy.shape[:2]) < SMALLEST or copy.std() < FLAT:
        return False
    score = difference(features, single.encode(view(1 - copy))) @ reading().weights
    return float(score) > reading().sure


@cache
def reading() -> Reading:
    """The packaged reading. Raises WeightsNotFoundError, WeightsDigestError."""
    from safetensors.numpy import load_file

    arrays = load_file(locate(WEIGHTS))
    return Reading(arrays["answer"], arrays["weights"], float(arrays["sure"][0]))


def fits(session: Session, wanted: Reading) -> bool:
    """Whether the session's encoder is the one of a reading; found out once for each session."""
    if session not in _known:
        _known[session] = session.hints and _answers(session, wanted.answer)
    return _known[session]


def _answers(session: Session, wanted: Float) -> bool:
    got = pooled(session.encode(pattern()))
    return got.shape == wanted.shape and bool(np.linalg.norm(got - wanted) <= SAME * np.linalg.norm(wanted))


def pattern() -> Float:
    """The lightness (64, 64) that every encoder answers in its own way: rings that become finer, on a slope."""
    y, x = np.mgrid[:64, :64] / 64.0
    rings = np.sin(90 * ((x - 0.4) ** 2 + (y - 0.6) ** 2))
    return np.asarray(50 + 25 * rings * x + 20 * (y - 0.5), np.float32)


def pooled(features: Features) -> Float:
    """Of each channel at each stride the mean, that of the upper and of the lower half, the deviation and the greatest; flat."""
    parts = []
    for grid in features.arrays:
        half = grid.shape[2] // 2
        halves = (grid[0, :, :half], grid[0, :, half:]) if half else (grid[0], grid[0])
        parts += [grid[0].mean(axis=(1, 2)), *(part.mean(axis=(1, 2)) for part in halves)]
        parts += [grid[0].std(axis=(1, 2)), grid[0].max(axis=(1, 2))]
    return np.concatenate(parts)


def difference(features: Features, inverse: Features) -> Float:
    """How the pooled features of a picture differ from those of its inverse: the other way round it has the other sign."""
    return pooled(features) - pooled(inverse)
