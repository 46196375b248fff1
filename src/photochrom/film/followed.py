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
from photochrom.film.steer import FilmArea, FilmHint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from photochrom.edits.hints import Step
    from photochrom.film.carried import Masks

__all__ = ["Followed", "deepest"]

#: A place is one while it is as sure as this.
_SURE = 0.5
#: A hint is inside an area only so many pixels from its edge: in a narrower strip the kernel's cells show what hides it.
_DEEP = 9.0
#: Where less than this share of an area is in sight, and so much more or less of it than before, every so many frames are keys.
_PARTLY, _CHANGES, _OFTEN = 0.6, 0.03, 4


@dataclass(frozen=True, eq=False)
class Followed:
    """A hint or an area of frame ``moment``, at work size.

    places: where its place is in each frame. mask: (h, w) of an area, or what a hint reaches in its own frame. carried: the mask
    in the other frames.
    """

    one: FilmHint | FilmArea
    moment: int
    places: Mapping[int, Place]
    radius: float | None = None
    mask: NDArray[np.bool_] | None = None
    carried: Masks | None = None

    def steps(self, index: int, light: NDArray[Any]) -> list[Step]:
        """Hints for a frame (h, w) at work size: an area where there is one, else what is known of its place.

        What a hint reaches in its own frame is an area in all of them: seen anew, a thing may look like another one. In the
        middle of that the hint stands again, for what comes into view.
        """
        if self.mask is not None:
            own = index == self.moment
            mask = self.mask if own or self.carried is None else self.carried[index]
            if not mask.any():
                return []
            area = Region(self.one.ab, Mask(mask))
            *middle, depth = deepest(mask)
            if isinstance(self.one, FilmArea) or (depth < _DEEP and not own):
                return [area]
            return [self._hint(*(self.places[index][:2] if own else middle)), area]
        place = self.places.get(index)
        known = place is not None and place.confidence >= _SURE and _within(place, light)
        return [self._hint(place.x, place.y)] if place is not None and known else []

    def partly(self) -> set[int]:
        """Frames, some apart, in which a part of an area is in sight, and more or less of it than before: what hides it moves."""
        if self.mask is None or self.carried is None:
            return set()
        often = {index // _OFTEN * _OFTEN for index in self.carried}
        shares = {index: self.carried[index].sum() / max(self.mask.sum(), 1) for index in often}
        return {
            index
            for index, share in shares.items()
            if 0 < share < _PARTLY and abs(share - shares.get(index - _OFTEN, 0)) > _CHANGES
        }

    def _hint(self, x: float, y: float) -> Hint:
        reach = self.one.reach if isinstance(self.one, FilmHint) else REACH.default
        return Hint(self.one.ab, Spot(x, y, self.radius), reach=reach)


def deepest(mask: NDArray[np.bool_]) -> tuple[float, float, float]:
    """The pixel (x, y) that is farthest from what is outside of the mask, and how far, in pixels."""
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(x), float(y), float(depth[y, x])


def _within(place: Place, light: NDArray[Any]) -> bool:
    return bool(0 <= round(place.x) < light.shape[1] and 0 <= round(place.y) < light.shape[0])
