"""Motion between neighbouring frames at work size, and how far it is to be believed."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float = NDArray[np.float32]

__all__ = ["Flow", "evened", "grid", "moved", "still", "two_way"]

#: There and back, a pixel that misses its place by so many work pixels is believed by a factor of exp(-1/2).
_RETURN = 1.0
#: Likewise one whose L*, less the change of the whole frame, changes by so much.
_LIGHT = 6.0
_NONE: Any = None  # of the second map, which the first holds already; OpenCV's types do not know of that
#: DIS needs some pixels to begin with; smaller frames are taken for still.
_SMALLEST = 24


@dataclass(frozen=True)
class Flow:
    """From each pixel of one frame to its place in the other: ``at`` (h, w, 2) absolute x and y; ``trust`` (h, w) in [0, 1]."""

    at: Float
    trust: Float


@lru_cache(maxsize=4)
def grid(height: int, width: int) -> Float:
    """Every pixel's own x and y, (h, w, 2) float32, read-only."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    made = np.stack([x, y], axis=-1)
    made.setflags(write=False)
    return made


def moved(values: Float, at: Float) -> Float:
    """Values (h, w) or (h, w, n) of the other frame, brought to this one's pixels; bilinear, edges repeated."""
    return np.asarray(cv2.remap(values, at, _NONE, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def evened(light: Float) -> NDArray[np.uint8]:
    """L* (h, w) as 8 bits of equal mean and spread, so that a flickering lamp or a fade is no motion."""
    mean, spread = float(light.mean()), float(light.std())
    gain = 50 / max(spread, 4.0)
    return np.asarray(cv2.convertScaleAbs(np.maximum((light - mean) * gain + 128, 0)), np.uint8)


_searches = threading.local()  # a search holds its own buffers: one for each thread


def _search() -> Any:
    """The medium preset with fewer patches and rounds, without its refinement, on codes as they are: they are evened already.

    A third of the preset's time, and colours are as steady.
    """
    if not hasattr(_searches, "search"):
        search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        search.setUseMeanNormalization(False)
        search.setPatchStride(4)
        search.setGradientDescentIterations(8)
        search.setVariationalRefinementIterations(0)
        _searches.search = search
    return _searches.search


def still(light: Float, trust: np.float32) -> Flow:
    """No motion, believed so far everywhere, for frames like this one (h, w)."""
    return Flow(grid(*light.shape), np.full(light.shape, trust, np.float32))


def two_way(before: tuple[Float, NDArray[np.uint8]], now: tuple[Float, NDArray[np.uint8]]) -> tuple[Flow, Flow]:
    """Flow from now to before, and from before to now, by DIS (Kroeger et al. 2016), each checked against the other.

    Each frame is its L* (h, w) and :func:`evened` of it.
    """
    height, width = before[0].shape
    own = grid(height, width)
    if min(height, width) < _SMALLEST or np.array_equal(before[0], now[0]):  # repeated frames are common
        unmoved = still(now[0], np.float32(1))
        return unmoved, unmoved
    back, forth = _search().calc(now[1], before[1], None), _search().calc(before[1], now[1], None)
    drift = float(now[0].mean() - before[0].mean())
    return _checked(own, back, forth, now[0], before[0] + drift), _checked(own, forth, back, before[0] + drift, now[0])


def _checked(own: Float, there: Float, home: Float, light: Float, other: Float) -> Flow:
    at: Any = cv2.add(own, there)
    miss: Any = cv2.add(there, moved(home, at))
    unlike: Any = cv2.subtract(moved(other, at), light)
    cv2.multiply(miss, miss, dst=miss, scale=-0.5 / _RETURN**2)
    cv2.multiply(unlike, unlike, dst=unlike, scale=-0.5 / _LIGHT**2)
    unlike += cv2.transform(miss, np.ones((1, 2), np.float32))
    trust: Any = cv2.exp(unlike)
    height, width = light.shape
    inside: Any = cv2.inRange(at, (-1.0, -1.0), (float(width), float(height)))
    trust[inside == 0] = 0
    return Flow(at, np.asarray(trust, np.float32))
