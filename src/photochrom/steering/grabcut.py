"""An object without an object head: GrabCut on lightness and on what the encoder sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.edits.scribbles import Scribble, drawn
from photochrom.resize import resized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bool: TypeAlias = NDArray[np.bool_]

__all__ = ["grab"]

#: GrabCut sees the picture at this short side, in pixels, in so many rounds.
_SIZE, _ROUNDS = 256, 3
#: Without a box the object is looked for within this share of the longer side around what was clicked.
_AROUND = 0.15
#: An object fills at least this share of its box.
LEAST = 0.05


def grab(
    lightness: NDArray[Any],
    size: tuple[int, int],
    box: Sequence[float] | None = None,
    scribbles: Sequence[Scribble] = (),
    mask: Bool | None = None,
    vectors: NDArray[Any] | None = None,
) -> Bool:
    """The object in a box (x0, y0, x1, y1), under scribbles, or near a mask (H, W), in a picture of ``size`` (width, height).

    By OpenCV's GrabCut (Rother et al. 2004), which separates what is probably the object from what is around it. A grey picture
    has less to distinguish them by than a colour one: beside L*, ``lightness`` (h, w) of the whole picture at any size, it is
    given what follows from ``vectors`` (gh, gw, C), descriptions of the picture's cells: how much a cell resembles the probable
    object rather than the rest, and their main component. Returns a mask (h', w') of the whole picture, short side at most 256;
    empty where nothing stands out.
    """
    scale = min(1.0, _SIZE / min(size))
    shape = max(1, round(size[1] * scale)), max(1, round(size[0] * scale))
    light = resized(lightness, shape)
    add, erase = (drawn([one for one in scribbles if one.erase == way], size, shape) for way in (False, True))
    likely = _first_guess(box, size, add, mask)
    picture = np.repeat(np.rint(light.clip(0, 100) * 2.55).astype(np.uint8)[..., None], 3, axis=2)
    if vectors is not None:
        picture[..., 1:] = _likeness(vectors, likely)
    # Where it finds nothing in a box: once more, with the middle of the box as surely the object.
    for core in (None,) if box is None else (None, 0.2):
        outside = cv2.GC_PR_BGD if box is None else cv2.GC_BGD
        found = np.where(likely, cv2.GC_PR_FGD, outside).astype(np.uint8)
        if core is not None:
            rows, columns = (np.flatnonzero(likely.any(axis=axis)) for axis in (1, 0))
            spans = [
                slice(*np.rint(np.quantile(one, (0.5 - core / 2, 0.5 + core / 2)) + np.array([0, 1])).astype(int))
                for one in (rows, columns)
            ]
            found[spans[0], spans[1]] = cv2.GC_FGD
        found[add], found[erase] = cv2.GC_FGD, cv2.GC_BGD
        inside = _grabbed(picture, found)
        if np.count_nonzero(inside) > LEAST * np.count_nonzero(likely):
            break
    else:  # nothing; or what was marked stays
        return np.zeros(shape, bool) if mask is None else likely & ~erase
    if box is None and mask is None:  # what looks like it elsewhere is another object
        _, parts = cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)
        inside &= np.isin(parts, parts[add & inside])
    return inside


def _first_guess(box: Sequence[float] | None, size: tuple[int, int], add: Bool, mask: Bool | None) -> Bool:
    """Where the object may be."""
    shape = add.shape
    if mask is not None:
        return (resized(mask, (shape[0], shape[1])) > 0.5) | add
    likely = np.zeros(shape, bool)
    if box is not None:
        left, right = (round(value * shape[1] / size[0]) for value in (box[0], box[2]))
        top, bottom = (round(value * shape[0] / size[1]) for value in (box[1], box[3]))
        likely[top : max(bottom, top + 1), left : max(right, left + 1)] = True
    else:
        away: Any = cv2.distanceTransform((~add).astype(np.uint8), cv2.DIST_L2, 3)
        likely = away < _AROUND * max(shape)
    return np.asarray(likely | add)


def _likeness(vectors: NDArray[Any], likely: Bool) -> NDArray[np.uint8]:
    """Two planes (h, w, 2) of 8 bits: resemblance to what is likely (h, w) rather than to the rest, and the main component."""
    gh, gw, count = vectors.shape
    cells = vectors.reshape(-1, count) - vectors.mean(axis=(0, 1))
    inside = resized(likely, (gh, gw)).ravel() > 0.5
    planes = []
    if inside.any() and not inside.all():
        planes.append(cells @ (cells[inside].mean(axis=0) - cells[~inside].mean(axis=0)))
    planes.append(cells @ np.linalg.svd(cells, full_matrices=False)[2][0])
    while len(planes) < 2:
        planes.append(planes[0])
    stacked = np.stack(planes, axis=-1).reshape(gh, gw, 2).astype(np.float32)
    low, high = stacked.min(axis=(0, 1)), stacked.max(axis=(0, 1))
    even = (stacked - low) / np.maximum(high - low, 1e-6)
    large: Any = cv2.resize(even, likely.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.rint(large.clip(0, 1) * 255), np.uint8)


def _grabbed(picture: NDArray[np.uint8], found: NDArray[np.uint8]) -> Bool:
    """GrabCut from a first guess; nothing where the picture has too few different pixels for its mixtures."""
    cv2.setRNGSeed(0)  # its first guess is a k-means
    try:
        cv2.grabCut(picture, found, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:
        return np.zeros(found.shape, bool)
    return np.isin(found, (cv2.GC_FGD, cv2.GC_PR_FGD))
