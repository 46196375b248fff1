"""Hints hold and spread: a correction of the model's colours at work size, wide inside objects, stopped by their edges.

The model knows what a hint means for the picture, but not to the letter. What is missing at the hinted pixels is spread from
coarse to fine by OpenCV's fast global smoother (Min et al. 2014: weighted least squares by lines; section 5 for sparse input),
as normalised convolution: the correction is the smoothed, weighted residual over the smoothed weight. Where little weight
arrives, far away or behind edges of L*, it fades and the model's own colour stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.errors import InvalidPixelsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["correction", "influence"]

# The smoother's lambda from coarse to fine, at a short side of 256: a colour reaches about sqrt(lambda) pixels. Each level
# spreads what the coarser ones left. Edges: a step of EDGE L* counts as one.
_LAMBDAS = (10000.0, 1000.0, 100.0, 10.0)
_EDGE = 2.4
_PASSES, _ATTENUATION = 3, 0.25
#: Weight of the model's own colour: the correction fades where less than this arrives.
_OWN = 0.004
# How far the model's answer to a hint is believed: its reach, and the weight that must arrive for half of it.
_REACH, _HALF = 40000.0, 0.001


def correction(lightness: NDArray[Any], residual: NDArray[Any], weight: NDArray[Any]) -> Float:
    """Spread a residual: L* (h, w), ab residual (h, w, 2) where weight (h, w) > 0 -> ab correction (h, w, 2) float32.

    At the weighted pixels it comes close to the residual: nearer the less neighbours contradict each other.
    Raises InvalidPixelsError for other shapes.
    """
    light, share = np.asarray(lightness, np.float32), np.asarray(weight, np.float32)
    left = np.array(residual, np.float32)
    if light.ndim != 2 or share.shape != light.shape or left.shape != (*light.shape, 2):
        raise InvalidPixelsError(
            f"lightness {light.shape}, residual {left.shape} and weight {share.shape} do not match"
        )
    wanted, total = left.copy(), np.zeros_like(left)
    known = (share > 0)[..., None]
    for level in _LAMBDAS:
        smooth = _smoother(light, level)
        arrived = smooth(share) + np.float32(_OWN)
        for channel in (0, 1):
            total[..., channel] += smooth(left[..., channel] * share) / arrived
        left = np.where(known, wanted - total, np.float32(0))
    return total


def influence(lightness: NDArray[Any], weight: NDArray[Any]) -> Float:
    """How much the model's answer to hints is believed at each pixel: L* (h, w), weight (h, w) -> (h, w) in [0, 1].

    A model that is told the colour of a coat also changes the wall behind: in its training pictures, a hint told the tone of all.
    Where hardly any weight arrives, behind many edges of L*, its answer without the hints stays.
    """
    arrived = _smoother(np.asarray(lightness, np.float32), _REACH)(np.asarray(weight, np.float32))
    return np.asarray(arrived / (arrived + np.float32(_HALF)), np.float32)


def _smoother(light: Float, reach: float) -> Callable[[Float], Float]:
    """Weighted least squares along the lines of a picture, for planes (h, w); ``reach``: lambda at a short side of 256."""
    guide = np.rint(light * 2.55).clip(0, 255).astype(np.uint8)
    scaled = max(reach * (min(light.shape) / 256) ** 2, 0.5)
    smoother = cv2.ximgproc.createFastGlobalSmootherFilter(guide, scaled, _EDGE * 2.55, _ATTENUATION, _PASSES)

    def smooth(plane: Float) -> Float:
        return np.asarray(smoother.filter(np.ascontiguousarray(plane)), np.float32)

    return smooth
