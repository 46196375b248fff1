"""Hints hold and spread: a correction of the model's colours at work size, wide inside objects, stopped by their edges.

The model follows a hint roughly, not exactly. What is still missing at the hinted pixels is spread from
coarse to fine by OpenCV's fast global smoother (Min et al. 2014: weighted least squares by lines; section 5 for sparse input),
as normalised convolution: the correction is the smoothed, weighted residual over the smoothed weight. Where little weight
arrives, far away or behind edges of L*, it fades and the model's own colour stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.errors import InvalidPixelsError
from photochrom.parallel import product

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["correction", "influence", "screened_poisson", "smoother"]

# The smoother's lambda from coarse to fine, at a short side of 256: a colour reaches about sqrt(lambda) pixels. Each level
# spreads what the coarser ones left. Edges: a step of EDGE L* counts as one.
_LAMBDAS = (10000.0, 1000.0, 100.0, 10.0)
_EDGE = 2.4
_NARROW = 2  # from this level on
_PASSES, _ATTENUATION = 3, 0.25
#: Weight of the model's own colour: the correction fades where less than this arrives.
_OWN = 0.004
# How far the model's answer to a hint is used: its reach, and the weight that must arrive for half of it.
_REACH, _HALF = 40000.0, 0.001
#: Squared distance of two cells' vectors at which they are as likely one thing as two; and the share of the largest weight
#: from which a cell counts as hinted.
_UNLIKE, _HINTED = 1.8, 0.1
#: What a short side between two cells adds to the root of that distance; and how far the answer is evened, as a lambda.
_FAR, _EVEN = 0.5, 100.0
#: A seam is spread over this many pixels, at a short side of 256, where L* steps by less than this.
_SEAM, _SEAM_EDGE = 12.0, 5.0


def correction(lightness: NDArray[Any], residual: NDArray[Any], weight: NDArray[Any], *, wide: bool = True) -> Float:
    """Spread a residual: L* (h, w), ab residual (h, w, 2) where weight (h, w) > 0 -> ab correction (h, w, 2) float32.

    At the weighted pixels it comes close to the residual: nearer the less neighbours contradict each other. wide: over whole
    objects, or else only as far as makes a hint hold, where something better has spread it already.
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
    for level in _LAMBDAS if wide else _LAMBDAS[_NARROW:]:
        arrived = smoother(light, level)(np.dstack([left * share[..., None], share]))
        total += arrived[..., :2] / (arrived[..., 2:] + np.float32(_OWN))
        left = np.where(known, wanted - total, np.float32(0))
    return total


def influence(lightness: NDArray[Any], weight: NDArray[Any], vectors: NDArray[Any]) -> Float:
    """How far the model's answer to hints is used: L* (h, w), weight (h, w) -> (h, w) float32 in [0, 1].

    A model that gets a hint on a coat also changes the wall behind it, since in its training pictures one hint revealed the tone
    of all. Its answer is used where the hints' weight arrives without crossing edges, and where the encoder sees the same kind of
    thing as at a hint: ``vectors`` (gh, gw, C) describe the cells, and |u - v|^2 goes from 0 (alike) to about 4.
    """
    light, share = np.asarray(lightness, np.float32), np.asarray(weight, np.float32)
    arrived = smoother(light, _REACH)(share)
    near = arrived / (arrived + np.float32(_HALF))
    # Far cells must be more alike: their places, in short sides, are two more numbers of their vectors.
    places = np.moveaxis(np.indices(vectors.shape[:2], np.float32), 0, -1) * np.float32(_FAR / min(vectors.shape[:2]))
    cells = np.concatenate([vectors, places], axis=2).reshape(vectors.shape[0] * vectors.shape[1], -1)
    hinted: Any = cv2.resize(share, vectors.shape[1::-1], interpolation=cv2.INTER_AREA)
    known = cells[hinted.ravel() > _HINTED * hinted.max()]
    squared = (cells**2).sum(1)[:, None] + (known**2).sum(1) - 2 * product(cells, known.T)
    alike = 1 / (1 + (squared.min(axis=1).clip(0, 9) / np.float32(_UNLIKE)) ** 12)
    large: Any = cv2.resize(alike.reshape(hinted.shape), light.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.maximum(near, smoother(light, _EVEN)(large)), np.float32)


def smoother(light: Float, reach: float) -> Callable[[Float], Float]:
    """A function that evens (h, w) or (h, w, n) where L* (h, w) has no edge: weighted least squares along a picture's lines.

    ``reach``: its lambda at a short side of 256; a value reaches about the root of that, in pixels.
    """
    guide = np.rint(light * 2.55).clip(0, 255).astype(np.uint8)
    scaled = max(reach * (min(light.shape) / 256) ** 2, 0.5)
    by_lines = cv2.ximgproc.createFastGlobalSmootherFilter(guide, scaled, _EDGE * 2.55, _ATTENUATION, _PASSES)

    def smooth(plane: Float) -> Float:
        return np.asarray(by_lines.filter(np.ascontiguousarray(plane)), np.float32)

    return smooth


def screened_poisson(inside: NDArray[Any], outside: NDArray[Any], mask: NDArray[Any], lightness: NDArray[Any]) -> Float:
    """Fuse a region's colours with those around it: ab (h, w, 2) twice, mask (h, w) bool, L* (h, w) -> ab (h, w, 2) float32.

    The gradient domain of Perez et al. 2003, screened as in Bhat et al. 2008: the u with the least sum of |grad u - v|^2 +
    |u - c|^2 / r^2, where c is the one field pasted into the other and v its gradient, except at steps of the mask's border where
    L* has no edge: there v is 0, so that the seam is spread over about r pixels. On the whole picture with free borders, which
    the discrete cosine transform solves at once. Raises InvalidPixelsError for other shapes.
    """
    light, where = np.asarray(lightness, np.float32), np.asarray(mask, bool)
    own, around = np.asarray(inside, np.float32), np.asarray(outside, np.float32)
    h, w = light.shape
    if where.shape != (h, w) or own.shape != (h, w, 2) or around.shape != (h, w, 2):
        raise InvalidPixelsError(f"ab {own.shape} and {around.shape}, mask {where.shape} and lightness {light.shape}")
    pasted = np.where(where[..., None], own, around)
    # Steps at the border are taken away where L* is even; what is solved for is the change that this makes.
    change = np.zeros((h + h % 2, w + w % 2, 2), np.float32)  # OpenCV's transform takes even sides
    for axis in (0, 1):
        before, after = (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        even = 1 / (1 + (np.diff(light, axis=axis) / np.float32(_SEAM_EDGE)) ** 2)
        step = np.diff(pasted, axis=axis) * (even * (where[before] != where[after]))[..., None]
        change[:h, :w][before] += step
        change[:h, :w][after] -= step
    reach = np.float32((_SEAM * min(h, w) / 256) ** -2)
    waves = [2 - 2 * np.cos(np.pi * np.arange(side, dtype=np.float32) / side) for side in change.shape[:2]]
    scale = 1 / (waves[0][:, None] + waves[1] + reach)
    for channel in (0, 1):
        waved: Any = cv2.dct(np.ascontiguousarray(change[..., channel]))
        pasted[..., channel] += cv2.idct(waved * scale)[:h, :w]
    return pasted
