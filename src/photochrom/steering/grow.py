"""The object tool: from a click, a box or strokes to an object's mask, and from strokes over a mask to a better one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.analysis import Analysis
from photochrom.edits.scribbles import Scribble, drawn
from photochrom.errors import MaskError
from photochrom.resize import resized
from photochrom.steering.grabcut import LEAST, grab
from photochrom.steering.prompts import CELL, prompt_planes
from photochrom.steering.reference import vectors_of
from photochrom.views import copy_lightness, frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    Bool: TypeAlias = NDArray[np.bool_]

__all__ = ["grow"]

#: Masks get their edges at this short side, in pixels.
_SIZE = 768
#: The guided filter that gives them: its radius, in cells of the head, and the variance of L* that is no edge.
_RADIUS, _EPS = 1.0, 9.0
#: Parts smaller than this share of the largest are left out, and holes smaller than this share of the object are filled.
_PART, _HOLE = 0.05, 0.01
#: Where a click is less likely the object than this, nothing is found.
_UNLIKELY = 0.05


def grow(
    photo: Analysis,
    box: Sequence[float] | None = None,
    scribbles: Sequence[Scribble] = (),
    mask: NDArray[Any] | None = None,
) -> Bool:
    """The mask (H, W) of the object in a box (x0, y0, x1, y1), under clicks and strokes, or both.

    mask: (H, W) bool, what is marked so far. Then scribbles edit it in place: one that adds brings in what belongs to the object
    under it, one that erases takes away what does not, each only where it touches; the rest of the mask stays.
    A model with an object head (:mod:`photochrom.nets.object_head`) is asked; without one GrabCut is. Raises MaskError for a box
    or a scribble outside the picture, a box that is all of it, a mask of another size, and where no object stands out.
    """
    _check(photo.size, box, scribbles, mask)
    light = photo.once(_fine_light)
    shape = light.shape
    likely = _asked_head(photo, box, scribbles, mask)
    if likely is None:
        likely = _asked_grabcut(photo, light, box, scribbles, mask)
    sharp = _sharpened(likely, light)
    add, erase = (drawn([one for one in scribbles if one.erase == way], photo.size, shape) for way in (False, True))
    if mask is not None:
        return _edited(np.asarray(mask, bool), sharp > 0.5, add, erase, photo.size)
    sure = 0.5
    if add.any():
        sure = min(sure, 0.7 * float(sharp[add].max()))
        if sure < _UNLIKELY:
            raise MaskError(
                "nothing stands out at this place; draw a box around the object, or paint it with the brush"
            )
    whole = _whole(((sharp > sure) | add) & ~erase, add)
    area = (
        LEAST * (box[2] - box[0]) * (box[3] - box[1]) * shape[0] * shape[1] / (photo.size[0] * photo.size[1])
        if box is not None
        else 0
    )
    if np.count_nonzero(whole) <= area:
        raise MaskError("nothing stands out in the box; draw a mask instead")
    # Within the object's parts the level line is that of the sharp mask, not that of its pixels.
    level = np.where(
        whole, np.maximum(sharp + (0.5 - sure), 0.5 + 1 / 255), np.minimum(sharp + (0.5 - sure), 0.5 - 1 / 255)
    )
    return _enlarged(level, photo.size)


def _check(
    size: tuple[int, int], box: Sequence[float] | None, scribbles: Sequence[Scribble], mask: NDArray[Any] | None
) -> None:
    width, height = size
    if box is not None:
        x0, y0, x1, y1 = (float(value) for value in box)
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
            raise MaskError(f"the box {x0:g},{y0:g},{x1:g},{y1:g} is not inside the picture, {width} x {height} pixels")
        if (x1 - x0) * (y1 - y0) == width * height:
            raise MaskError("the box is the whole picture; leave some of what is not the object outside")
    for one in scribbles:
        one.check(size)
    if mask is not None:
        if np.shape(mask) != (height, width):
            raise MaskError(f"the mask has shape {np.shape(mask)} and the picture {height} x {width} pixels")
        if not scribbles:
            raise MaskError("a mask is edited by scribbles, and there is none")
    elif box is None and all(one.erase for one in scribbles):
        raise MaskError("an object needs a box, or a click on it")


def _fine_light(photo: Analysis) -> Float:
    return frozen(copy_lightness(photo.source.work_copy(min(_SIZE, *photo.size))))


def _asked_head(
    photo: Analysis, box: Sequence[float] | None, scribbles: Sequence[Scribble], mask: NDArray[Any] | None
) -> Float | None:
    """How likely each cell is the object's, (h, w) in [0, 1], by the model's object head; None: it has none."""
    light = photo.work_lightness
    shape = light.shape[0] // CELL, light.shape[1] // CELL
    add, erase = (drawn([one for one in scribbles if one.erase == way], photo.size, shape) for way in (False, True))
    shares = None
    if box is not None:
        width, height = photo.size
        shares = box[0] / width, box[1] / height, box[2] / width, box[3] / height
    known = None if mask is None else resized(mask, shape)
    logits = photo.session.object_mask(photo.features, light, prompt_planes(add, erase, shares, known))
    return None if logits is None else np.asarray(1 / (1 + np.exp(-logits.clip(-30, 30))), np.float32)


def _asked_grabcut(
    photo: Analysis, light: Float, box: Sequence[float] | None, scribbles: Sequence[Scribble], mask: NDArray[Any] | None
) -> Float:
    known = None if mask is None else np.asarray(mask, bool)
    return grab(light, photo.size, box, scribbles, known, photo.once(vectors_of)).astype(np.float32)


def _sharpened(likely: Float, light: Float) -> Float:
    """Shares of cells at the size of L* (h, w), with edges where it has them (the guided filter of He, Sun and Tang 2013)."""
    large = resized(likely, light.shape, cv2.INTER_LINEAR)
    radius = max(1, round(_RADIUS * light.shape[0] / likely.shape[0]))
    sharp: Any = cv2.ximgproc.guidedFilter(light, large, radius, _EPS)
    return np.asarray(sharp, np.float32)


def _whole(found: Bool, add: Bool) -> Bool:
    """An object without specks and small holes: the parts under the clicks, or the large ones."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=8)
    if count < 2:
        return found
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
    areas[0] = 0
    kept = areas >= _PART * areas.max()
    kept[np.unique(parts[add & found])] = True
    kept[0] = False
    whole: Bool = kept[parts]
    holes, places, about, _ = cv2.connectedComponentsWithStats((~whole).astype(np.uint8), connectivity=4)
    small = about[:, cv2.CC_STAT_AREA] < _HOLE * np.count_nonzero(whole)
    small[0] = False
    return np.asarray(whole | small[places]) if holes > 1 else whole


def _edited(mask: Bool, wanted: Bool, add: Bool, erase: Bool, size: tuple[int, int]) -> Bool:
    """The mask (H, W) with what ``wanted`` (h, w) has more under ``add``, and without what it has less under ``erase``."""
    before = resized(mask, (wanted.shape[0], wanted.shape[1])) > 0.5
    result = mask.copy()
    if add.any():
        gained = _touched((wanted & ~before & ~erase) | add, add)
        result |= _enlarged(gained, size)
    if erase.any():
        lost = _touched((before & ~wanted & ~add) | erase, erase)
        result &= ~_enlarged(lost, size)
    return result


def _touched(parts: Bool, strokes: Bool) -> Bool:
    """The parts that a stroke lies on."""
    _, numbers = cv2.connectedComponents(parts.astype(np.uint8), connectivity=8)
    kept = np.zeros(int(numbers.max()) + 1, bool)
    kept[np.unique(numbers[strokes])] = True
    kept[0] = False
    return np.asarray(kept[numbers])


def _enlarged(level: NDArray[Any], size: tuple[int, int]) -> Bool:
    """Where shares (h, w) in [0, 1], enlarged to ``size`` (width, height), are above a half."""
    small = np.rint(np.asarray(level, np.float32).clip(0, 1) * 255).astype(np.uint8)
    large: Any = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(large > 127)
