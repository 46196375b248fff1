"""The object tool: from a click, a box or strokes to an object's mask, and from strokes over a mask to a better one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import cv2
import numpy as np

from photochrom.analysis import Analysis
from photochrom.edits.scribbles import Scribble, drawn
from photochrom.errors import MaskError
from photochrom.resize import resized
from photochrom.steering.grabcut import LEAST, grab
from photochrom.steering.kernel_mask import kernel_mask
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


class _Question(NamedTuple):
    """What is asked about a picture of ``size`` (width, height); ``before``: the mask so far, of any size."""

    size: tuple[int, int]
    box: Sequence[float] | None
    scribbles: Sequence[Scribble]
    before: Bool | None

    def drawn(self, shape: tuple[int, int]) -> tuple[Bool, Bool]:
        """What scribbles add and what they erase on a grid of ``shape``."""
        add, erase = ([one for one in self.scribbles if one.erase == way] for way in (False, True))
        return drawn(add, self.size, shape), drawn(erase, self.size, shape)


def grow(
    photo: Analysis,
    box: Sequence[float] | None = None,
    scribbles: Sequence[Scribble] = (),
    mask: NDArray[Any] | None = None,
) -> Bool:
    """The mask (H, W) of the object in a box (x0, y0, x1, y1), under clicks and strokes, or both.

    mask: (H, W) bool, what is marked so far. Then scribbles edit it in place: one that adds brings in what belongs to the object
    under it, one that erases takes away what does not, each only where it touches; the rest of the mask stays.
    A model with an object head (:mod:`photochrom.nets.object_head`) is asked. Without one, clicks and strokes are answered by the
    kernel that spreads hints, boxes, and models without a kernel, by GrabCut. Raises MaskError for a box or a scribble outside
    the picture, a box that is all of it, a mask of another size, and where no object stands out.
    """
    _check(photo.size, box, scribbles, mask)
    light = photo.once(_fine_light)
    whole = None if mask is None else np.ascontiguousarray(mask, bool)
    asked = _Question(photo.size, box, scribbles, None if whole is None else _shrunk(whole, light.shape))
    likely = _asked_head(photo, asked)
    if likely is None and box is None:
        likely = kernel_mask(photo, asked.drawn, asked.before)
    if likely is None:
        likely = grab(light, *asked, photo.once(vectors_of)).astype(np.float32)
    sharp = _sharpened(likely, light)
    return _found(sharp, asked) if whole is None else _edited(whole, sharp > 0.5, asked)


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


def _shrunk(mask: Bool, shape: tuple[int, ...]) -> Bool:
    """A mask (H, W) at a smaller shape (h, w): the cells that it covers by half."""
    small: Any = cv2.resize(mask.view(np.uint8) * np.uint8(255), shape[1::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small > 127)


def _asked_head(photo: Analysis, asked: _Question) -> Float | None:
    """How likely each cell is the object's, (h, w) in [0, 1], by the model's object head; None: it has none."""
    light, (width, height) = photo.work_lightness, asked.size
    shape = light.shape[0] // CELL, light.shape[1] // CELL
    box = None
    if asked.box is not None:
        x0, y0, x1, y1 = asked.box
        box = x0 / width, y0 / height, x1 / width, y1 / height
    known = None if asked.before is None else resized(asked.before, shape)
    logits = photo.session.object_mask(photo.features, light, prompt_planes(*asked.drawn(shape), box, known))
    return None if logits is None else np.asarray(1 / (1 + np.exp(-logits.clip(-30, 30))), np.float32)


def _sharpened(likely: Float, light: Float) -> Float:
    """Shares of cells at the size of L* (h, w), with edges where it has them (the guided filter of He, Sun and Tang 2013)."""
    large = resized(likely, light.shape, cv2.INTER_LINEAR)
    radius = max(1, round(_RADIUS * light.shape[0] / likely.shape[0]))
    sharp: Any = cv2.ximgproc.guidedFilter(light, large, radius, _EPS)
    return np.asarray(sharp, np.float32)


def _found(sharp: Float, asked: _Question) -> Bool:
    """The mask (H, W) of the object that is likely (h, w), or MaskError where none stands out."""
    add, erase = asked.drawn((sharp.shape[0], sharp.shape[1]))
    level, least = 0.5, 0.0
    if add.any():
        level = min(level, 0.7 * float(sharp[add].max()))
        if level < _UNLIKELY:
            raise MaskError(
                "nothing stands out at this place; draw a box around the object, or paint it with the brush"
            )
    whole = _whole(((sharp > level) | add) & ~erase, add)
    if asked.box is not None:
        x0, y0, x1, y1 = asked.box
        least = LEAST * (x1 - x0) * (y1 - y0) / (asked.size[0] * asked.size[1])
    if whole.mean() <= least:
        raise MaskError("nothing stands out in the box; draw a mask instead")
    # Its border is where the shares pass the level, not the border of pixels.
    even, step = sharp + np.float32(0.5 - level), np.float32(1 / 255)
    return _enlarged(np.where(whole, np.maximum(even, 0.5 + step), np.minimum(even, 0.5 - step)), asked.size)


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


def _edited(mask: Bool, wanted: Bool, asked: _Question) -> Bool:
    """The mask (H, W) with what ``wanted`` (h, w) has more under strokes that add, without what it has less under the others."""
    assert asked.before is not None
    add, erase = asked.drawn((wanted.shape[0], wanted.shape[1]))
    result: Bool = mask.copy()
    if add.any():
        result |= _enlarged(_touched((wanted & ~asked.before & ~erase) | add, add), asked.size)
    if erase.any():
        result &= ~_enlarged(_touched((asked.before & ~wanted & ~add) | erase, erase), asked.size)
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
