"""A box around an object, grown to the object's mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.analysis import Analysis
from photochrom.errors import MaskError
from photochrom.steering.reference import vectors_of
from photochrom.views import copy_lightness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bool: TypeAlias = NDArray[np.bool_]

__all__ = ["grow", "grow_box"]

#: A box is grown at this short side, in pixels, in this many rounds; an object fills at least this share of it.
_SIZE, _ROUNDS, _LEAST = 320, 5, 0.05


def grow(photo: Analysis, box: Sequence[float]) -> Bool:
    """The mask (H, W) of the object in a box (x0, y0, x1, y1) of the photograph; see :func:`grow_box`. Raises MaskError."""
    light = copy_lightness(photo.source.work_copy(_SIZE))
    return grow_box(light, box, photo.size, photo.once(vectors_of))


def grow_box(
    lightness: NDArray[Any], box: Sequence[float], size: tuple[int, int], vectors: NDArray[Any] | None = None
) -> Bool:
    """The object in a box (x0, y0, x1, y1), in pixels of a picture of ``size`` (width, height): mask (H, W).

    By OpenCV's GrabCut (Rother et al. 2004), which separates what is in the box from what is around it. A grey picture has less
    to tell them apart by than a colour one: beside L*, ``lightness`` (h, w) of the whole picture at any size, it is given what
    ``vectors`` (gh, gw, C), descriptions of the picture's cells, say: how much a cell resembles those in the box rather than
    those outside, and their main component. Raises MaskError for a box that is empty, outside the picture or all of it, and
    where no object stands out.
    """
    width, height = size
    x0, y0, x1, y1 = (float(value) for value in box)
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise MaskError(f"the box {x0:g},{y0:g},{x1:g},{y1:g} is not inside the picture, {width} x {height} pixels")
    scale = min(1.0, _SIZE / min(size))
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    left, top = int(x0 * w / width), int(y0 * h / height)
    right, bottom = max(left + 1, round(x1 * w / width)), max(top + 1, round(y1 * h / height))
    if (bottom - top) * (right - left) == h * w:
        raise MaskError("the box is the whole picture; leave some of what is not the object outside")
    light: Any = cv2.resize(np.asarray(lightness, np.float32), (w, h), interpolation=cv2.INTER_AREA)
    picture = np.repeat(np.rint(light.clip(0, 100) * 2.55).astype(np.uint8)[..., None], 3, axis=2)
    if vectors is not None:
        picture[..., 1:] = _likeness(vectors, (left / w, top / h, right / w, bottom / h), (w, h))
    for core in (None, 0.2):  # where it finds nothing: once more, with the middle of the box as surely the object
        found = np.full((h, w), cv2.GC_BGD, np.uint8)
        found[top:bottom, left:right] = cv2.GC_PR_FGD
        if core is not None:
            down, across = round(core * (bottom - top) / 2), round(core * (right - left) / 2)
            middle = (top + bottom) // 2, (left + right) // 2
            found[middle[0] - down : middle[0] + down + 1, middle[1] - across : middle[1] + across + 1] = cv2.GC_FGD
        inside = _grab(picture, found)
        large: Any = cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        mask: Bool = large > 0.5
        if np.count_nonzero(mask) > _LEAST * (x1 - x0) * (y1 - y0):
            return mask
    raise MaskError("nothing stands out in the box; draw a mask instead")


def _likeness(
    vectors: NDArray[Any], box: tuple[float, float, float, float], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Two planes (h, w, 2) of 8 bits: resemblance to what is in the box (in shares of the sides), and the main component."""
    gh, gw, count = vectors.shape
    rows, columns = (np.arange(gh) + 0.5) / gh, (np.arange(gw) + 0.5) / gw
    within = ((rows > box[1]) & (rows < box[3]))[:, None] & ((columns > box[0]) & (columns < box[2]))
    cells = vectors.reshape(-1, count) - vectors.mean(axis=(0, 1))
    inside = within.ravel()
    planes = []
    if inside.any() and not inside.all():
        planes.append(cells @ (cells[inside].mean(axis=0) - cells[~inside].mean(axis=0)))
    planes.append(cells @ np.linalg.svd(cells, full_matrices=False)[2][0])
    while len(planes) < 2:
        planes.append(planes[0])
    stacked = np.stack(planes, axis=-1).reshape(gh, gw, 2).astype(np.float32)
    low, high = stacked.min(axis=(0, 1)), stacked.max(axis=(0, 1))
    large: Any = cv2.resize((stacked - low) / np.maximum(high - low, 1e-6), size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.rint(large.clip(0, 1) * 255), np.uint8)


def _grab(picture: NDArray[np.uint8], found: NDArray[np.uint8]) -> Bool:
    """GrabCut from a first guess; nothing where the picture has too few different pixels for its mixtures."""
    cv2.setRNGSeed(0)  # its first guess is a k-means
    try:
        cv2.grabCut(picture, found, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:
        return np.zeros(found.shape, bool)
    return np.isin(found, (cv2.GC_FGD, cv2.GC_PR_FGD))
