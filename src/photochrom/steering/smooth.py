"""Smoothing of the ab field at work size: total variation, or a dense conditional random field (Zaman's future work).

Both take the network's colours as they stand on the work grid and return a field of the same size; the photograph's lightness is
not touched. :data:`METHODS` names them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.edits.dials import DIALS
from photochrom.errors import InvalidPixelsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["METHODS", "crf", "smooth", "tv"]


def tv(ab: NDArray[Any], lightness: NDArray[Any], *, weight: float = 8.0, edge: float = 8.0, steps: int = 40) -> Float:
    """Total-variation smoothing: ab (h, w, 2) and L* (h, w) -> ab (h, w, 2) float32.

    The minimiser u of sum |u - ab|^2 / 2 + weight * sum g |grad u|, |grad u| of both channels together, so that they have their
    edges at one place, and g = 1 / (1 + (|grad L*| / edge)^2): across edges of lightness colour may jump freely. By projected
    gradient on the dual (Chambolle 2005) with the step 1/8, ``steps`` times; for vectors and weights as in Bresson and Chan
    2008. weight: in ab units.
    """
    colours, light = _checked(ab, lightness)
    down, right = (np.diff(light, axis=axis, append=np.take(light, [-1], axis=axis)) for axis in (0, 1))
    limit = np.float32(weight) / (1 + (down**2 + right**2) / np.float32(edge**2))
    dual = np.zeros((2, *colours.shape), np.float32)
    for _ in range(steps):
        field = colours + _divergence(dual)
        dual[0, :-1] += np.diff(field, axis=0) / 8
        dual[1, :, :-1] += np.diff(field, axis=1) / 8
        # Projected to |dual| <= limit, which is the constraint that the weight stands for.
        length = np.sqrt((dual**2).sum(axis=(0, -1)))
        dual *= (limit / np.maximum(length, limit))[..., None]
    return colours + _divergence(dual)


def crf(
    ab: NDArray[Any],
    lightness: NDArray[Any],
    *,
    labels: int = 24,
    unary: float = 12.0,
    pairwise: float = 2.0,
    reach: float = 12.0,
    alike: float = 6.0,
    steps: int = 5,
) -> Float:
    """Dense conditional random field by mean field (Kraehenbuehl and Koltun 2011): ab (h, w, 2), L* (h, w) -> ab float32.

    Labels are ``labels`` colours that stand for the picture's (k-means); a pixel's unary energy is the squared distance of its ab
    to the label in units of ``unary`` ab. Pixels within ``reach`` pixels (sigma; at a short side of 256, scaled with it) and of
    like lightness (sigma ``alike`` in L*) pay for unlike labels, in units of ``pairwise``; the messages are one joint
    bilateral filter a label. The result is each pixel's expected label, and what labels left over is filtered alike, so that no
    colour is quantised.
    """
    colours, light = _checked(ab, lightness)
    h, w = light.shape
    centres = _kmeans(colours.reshape(-1, 2), labels)
    squared = ((colours[..., None, :] - centres) ** 2).sum(axis=-1)
    energy = squared / np.float32(2 * unary**2)
    before = belief = _softmax(-energy)
    guide = np.ascontiguousarray(light)
    sigma = reach * min(h, w) / 256
    # Labels pay by how unlike they are, from 0 (the same) to 1.
    unlike = 1 - np.exp(-((centres[:, None] - centres) ** 2).sum(axis=-1) / np.float32(2 * unary**2))
    for _ in range(steps):
        around = _bilateral(guide, belief, sigma, alike)
        belief = _softmax(-energy - np.float32(pairwise) * around @ unlike)
    rest = np.asarray(colours - before @ centres, np.float32)
    return np.asarray(belief @ centres + _bilateral(guide, rest, sigma, alike), np.float32)


def _unchanged(ab: NDArray[Any], lightness: NDArray[Any]) -> Float:
    return _checked(ab, lightness)[0]


#: The methods that the dial ``smooth`` names.
METHODS: dict[str, Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float32]]] = {
    "none": _unchanged,
    "tv": tv,
    "crf": crf,
}


def smooth(ab: NDArray[Any], lightness: NDArray[Any], method: str) -> Float:
    """ab (h, w, 2) smoothed by a method of :data:`METHODS`; L* (h, w) of the same size.

    Raises OptionError for another method, InvalidPixelsError for other shapes.
    """
    return METHODS[str(DIALS["smooth"].checked("smooth", method))](ab, lightness)


def _divergence(dual: Float) -> Float:
    """The negative adjoint of the forward differences: (2, h, w, 2) -> (h, w, 2)."""
    total = np.asarray(dual[0] + dual[1], np.float32)
    total[1:] -= dual[0, :-1]
    total[:, 1:] -= dual[1, :, :-1]
    return total


def _bilateral(guide: Float, values: Float, sigma: float, alike: float) -> Float:
    """Joint edge-aware means of planes (h, w, k) by the domain transform (Gastal and Oliveira 2011), in linear time."""
    planes = [np.ascontiguousarray(values[..., first : first + 4]) for first in range(0, values.shape[2], 4)]
    filtered = [
        cv2.ximgproc.dtFilter(guide, plane, sigma, alike, mode=cv2.ximgproc.DTF_NC, numIters=2) for plane in planes
    ]
    return np.concatenate([np.reshape(plane, (*guide.shape, -1)) for plane in filtered], axis=-1)


def _softmax(values: Float) -> Float:
    weights = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), np.float32)


def _kmeans(colours: Float, count: int) -> Float:
    """Up to ``count`` colours (k, 2) that stand for all; the same for the same picture."""
    few = np.ascontiguousarray(colours[:: max(1, len(colours) // 4096)])
    distinct = len(np.unique(few.round(3), axis=0))
    if distinct <= count:
        return np.unique(few.round(3), axis=0)
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_COUNT, 10, 0.0)
    start: Any = None
    _, _, centres = cv2.kmeans(few, count, start, stop, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(centres, np.float32)


def _checked(ab: NDArray[Any], lightness: NDArray[Any]) -> tuple[Float, Float]:
    colours, light = np.array(ab, np.float32), np.asarray(lightness, np.float32)
    if light.ndim != 2 or not light.size or colours.shape != (*light.shape, 2):
        raise InvalidPixelsError(f"ab is {colours.shape} and lightness {light.shape}, expected (h, w, 2) and (h, w)")
    if not (np.isfinite(colours).all() and np.isfinite(light).all()):
        raise InvalidPixelsError("ab or lightness holds NaN or infinity")
    return colours, light
