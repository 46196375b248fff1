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
    from numpy.typing import NDArray

    from photochrom.edits.hints import Step

__all__ = ["Followed"]

#: A place is one while it is as sure as this.
_SURE = 0.5
#: An area moves as a whole where so many of its places are known, and it puts each of them within so many pixels of where it is.
_SEVERAL, _APART = 3, 3.0


@dataclass(frozen=True, eq=False)
class Followed:
    """A hint or an area of frame ``moment``, at work size.

    places: where its place is in each frame, and after it those of an area's anchors. mask: (h, w) of an area.
    """

    one: FilmHint | FilmArea
    moment: int
    places: dict[int, list[Place]]
    radius: float | None = None
    mask: NDArray[np.bool_] | None = None

    def steps(self, index: int, light: NDArray[Any]) -> list[Step]:
        """Hints for a frame (h, w) at work size: an area where it can be told, else what is known of its places."""
        if self.mask is not None:
            mask = self.mask if index == self.moment else self._moved(index)
            if mask is not None and mask.any():
                return [Region(self.one.ab, Mask(mask))]
        known = [place for place in self.places.get(index, ()) if place.confidence >= _SURE and _within(place, light)]
        # One of them: several hints would colour all that is like the thing.
        reach = self.one.reach if isinstance(self.one, FilmHint) else REACH.default
        return [Hint(self.one.ab, Spot(place.x, place.y, self.radius), reach=reach) for place in known[:1]]

    def _moved(self, index: int) -> NDArray[np.bool_] | None:
        """The mask in another frame; None where its places say too little, or not the same."""
        pairs = [
            ((before.x, before.y), (now.x, now.y))
            for before, now in zip(self.places[self.moment], self.places.get(index, ()), strict=False)
            if now.confidence >= _SURE
        ]
        if self.mask is None or len(pairs) < _SEVERAL:
            return None
        before, now = (np.array(side, np.float64) for side in zip(*pairs, strict=True))
        pose, _ = cv2.estimateAffinePartial2D(before, now, ransacReprojThreshold=_APART)
        if pose is None or np.abs(cv2.transform(before[None], pose)[0] - now).max() > _APART:
            return None
        height, width = self.mask.shape
        plane: Any = cv2.warpAffine(self.mask.astype(np.float32), pose, (width, height))
        return np.asarray(plane > 0.5)


def _within(place: Place, light: NDArray[Any]) -> bool:
    return bool(0 <= round(place.x) < light.shape[1] and 0 <= round(place.y) < light.shape[0])
