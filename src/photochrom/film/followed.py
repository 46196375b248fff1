"""A user's hint or area on its way through a shot: what of it holds in each key frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.edits.dials import REACH
from photochrom.edits.hints import Hint, Region
from photochrom.edits.places import Mask, Spot
from photochrom.film.follow import Place
from photochrom.film.sight import in_sight
from photochrom.film.steer import FilmArea, FilmHint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.edits.hints import Step
    from photochrom.film.carried import Masks

__all__ = ["Followed", "deepest"]

#: A place is one while it is as sure as this.
_SURE = 0.5
#: An area moves as a whole where so many of its places are known, and it puts this share of them, and as many, within so many
#: pixels of where they are.
_SEVERAL, _MOST, _APART = 3, 0.75, 3.0
#: Where too few are known, it moves on as it did so many frames away at the most, by what it did in so many frames there.
_COAST, _PACE = 12, 4
#: What is carried along the flow and what its places say are one thing where the latter holds so much of the former.
_ONE = 0.8
#: Where less than this share of an area is in sight, nothing is told of it.
_IN_SIGHT = 0.1


@dataclass(frozen=True, eq=False)
class Followed:
    """A hint or an area of frame ``moment``, at work size.

    places: where its place is in each frame, and after it those of anchors. mask: (h, w) of an area, or what a hint reaches in
    its own frame. light: L* of that frame, (h, w). carried: the mask in the other frames, along the optical flow.
    """

    one: FilmHint | FilmArea
    moment: int
    places: dict[int, list[Place]]
    radius: float | None = None
    mask: NDArray[np.bool_] | None = None
    light: NDArray[np.float32] | None = None
    carried: Masks | None = None

    def steps(self, index: int, light: NDArray[Any]) -> list[Step]:
        """Hints for a frame (h, w) at work size: an area where it can be told, else what is known of its places.

        What a hint reaches in its own frame is an area in all of them: seen anew, a thing may look like another one. In the
        middle of that the hint stands again, for what comes into view.
        """
        if self.mask is not None:
            own = index == self.moment
            mask = self.mask if own else self._there(index, light)
            if mask is not None and mask.any():
                area = Region(self.one.ab, Mask(mask))
                place = self.places[index][0][:2] if own else deepest(mask)
                return [area] if isinstance(self.one, FilmArea) else [self._hint(*place), area]
        places = self.places.get(index, [])
        known = [place for place in places if place.confidence >= _SURE and _within(place, light)]
        # One of them: several hints would colour all that is like the thing.
        return [self._hint(place.x, place.y) for place in known[:1]]

    def _hint(self, x: float, y: float) -> Hint:
        reach = self.one.reach if isinstance(self.one, FilmHint) else REACH.default
        return Hint(self.one.ab, Spot(x, y, self.radius), reach=reach)

    def _there(self, index: int, light: NDArray[Any]) -> NDArray[np.bool_] | None:
        """The mask in another frame: as it was carried there, and as its places say, where that is no other thing."""
        carried = None if self.carried is None else self.carried[index]
        moved = self._moved(index, light)
        if carried is None or self.mask is None or carried.sum() < _IN_SIGHT * self.mask.sum():
            return moved
        return carried | moved if moved is not None and (carried & moved).sum() >= _ONE * carried.sum() else carried

    def _moved(self, index: int, light: NDArray[Any]) -> NDArray[np.bool_] | None:
        """The mask in another frame, less what hides it; None where its places say too little, or not the same."""
        if self.mask is None or (pose := self._motion(index, _middle(self.mask))) is None:
            return None
        height, width = self.mask.shape
        plane: Any = cv2.warpAffine(self.mask.astype(np.float32), pose, (width, height))
        return self._in_sight(np.asarray(plane > 0.5), pose, light)

    def _motion(self, index: int, middle: NDArray[np.float64]) -> NDArray[Any] | None:
        """How all of it has moved, (2, 3), as most of its places agree; else as it was about to, soon after or before.

        middle: x, y and 1, of all of it. None where that is not known.
        """
        if (agreed := self._agreed(index)) is not None:
            return agreed
        for away in range(1, _COAST + 1):
            for side in (1, -1):
                near, farther = (self._agreed(index + side * steps) for steps in (away, away + _PACE))
                if near is not None and farther is not None:
                    # Turns and sizes of a few places are not exact enough to go on with.
                    step = (near - farther) @ middle * (away / _PACE)
                    return np.column_stack([near[:, :2], near[:, 2] + step])
        return None

    def _agreed(self, index: int) -> NDArray[Any] | None:
        pairs = [
            ((before.x, before.y), (now.x, now.y))
            for before, now in zip(self.places[self.moment], self.places.get(index, ()), strict=False)
            if now.confidence >= _SURE
        ]
        if len(pairs) < _SEVERAL:
            return None
        before, now = (np.array(side, np.float64) for side in zip(*pairs, strict=True))
        pose, _ = cv2.estimateAffinePartial2D(before, now, ransacReprojThreshold=_APART)
        if pose is None:
            return None
        near = np.abs(cv2.transform(before[None], pose)[0] - now).max(axis=1) <= _APART
        return pose if near.sum() >= max(_SEVERAL, _MOST * len(near)) else None

    def _in_sight(self, mask: NDArray[np.bool_], pose: NDArray[Any], light: NDArray[Any]) -> NDArray[np.bool_] | None:
        if self.light is None or not mask.any():
            return mask
        height, width = mask.shape
        there: Any = cv2.warpAffine(self.light, pose, (width, height), borderMode=cv2.BORDER_REPLICATE)
        seen = in_sight(mask, there, light, float(np.median(light) - np.median(self.light)))
        return seen if seen.sum() >= _IN_SIGHT * mask.sum() else None


def _middle(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean(), rows.mean(), 1.0]) if len(rows) else np.array([0.0, 0.0, 1.0])


def deepest(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """The pixel (x, y) that is farthest from what is outside of the mask."""
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(x), float(y)


def _within(place: Place, light: NDArray[Any]) -> bool:
    return bool(0 <= round(place.x) < light.shape[1] and 0 <= round(place.y) < light.shape[0])
