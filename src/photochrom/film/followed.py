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
#: An area moves as a whole where so many of its places are known, and it puts this share of them, and as many, within so many
#: pixels of where they are.
_SEVERAL, _MOST, _APART = 3, 0.75, 3.0
#: What differs by more than this from what was there, in L*, the mean over so many pixels, lies before it; and where less than
#: this share of an area is in sight, nothing is told of it.
_UNLIKE, _OVER, _IN_SIGHT = 10.0, 7, 0.1


@dataclass(frozen=True, eq=False)
class Followed:
    """A hint or an area of frame ``moment``, at work size.

    places: where its place is in each frame, and after it those of anchors. mask: (h, w) of an area, or what a hint reaches in
    its own frame. light: L* of that frame, (h, w).
    """

    one: FilmHint | FilmArea
    moment: int
    places: dict[int, list[Place]]
    radius: float | None = None
    mask: NDArray[np.bool_] | None = None
    light: NDArray[np.float32] | None = None

    def steps(self, index: int, light: NDArray[Any]) -> list[Step]:
        """Hints for a frame (h, w) at work size: an area where it can be told, else what is known of its places.

        What a hint reaches in its own frame is an area in the others: seen anew, a thing may look like another one.
        """
        if self.mask is not None and not (isinstance(self.one, FilmHint) and index == self.moment):
            mask = self.mask if index == self.moment else self._moved(index, light)
            if mask is not None and mask.any():
                area = Region(self.one.ab, Mask(mask))
                return [area] if isinstance(self.one, FilmArea) else [*self._clicks(index, light, 1), area]
        return self._clicks(index, light)

    def _clicks(self, index: int, light: NDArray[Any], most: int | None = None) -> list[Step]:
        """A hint at the first of the places that is known, of ``most`` places."""
        places = self.places.get(index, [])[:most]
        known = [place for place in places if place.confidence >= _SURE and _within(place, light)]
        # One of them: several hints would colour all that is like the thing.
        reach = self.one.reach if isinstance(self.one, FilmHint) else REACH.default
        return [Hint(self.one.ab, Spot(place.x, place.y, self.radius), reach=reach) for place in known[:1]]

    def _moved(self, index: int, light: NDArray[Any]) -> NDArray[np.bool_] | None:
        """The mask in another frame, less what hides it; None where its places say too little, or not the same."""
        pairs = [
            ((before.x, before.y), (now.x, now.y))
            for before, now in zip(self.places[self.moment], self.places.get(index, ()), strict=False)
            if now.confidence >= _SURE
        ]
        if self.mask is None or len(pairs) < _SEVERAL:
            return None
        before, now = (np.array(side, np.float64) for side in zip(*pairs, strict=True))
        pose, _ = cv2.estimateAffinePartial2D(before, now, ransacReprojThreshold=_APART)
        if pose is None:
            return None
        near = np.abs(cv2.transform(before[None], pose)[0] - now).max(axis=1) <= _APART
        if near.sum() < max(_SEVERAL, _MOST * len(near)):
            return None
        height, width = self.mask.shape
        plane: Any = cv2.warpAffine(self.mask.astype(np.float32), pose, (width, height))
        return self._in_sight(np.asarray(plane > 0.5), pose, light)

    def _in_sight(self, mask: NDArray[np.bool_], pose: NDArray[Any], light: NDArray[Any]) -> NDArray[np.bool_] | None:
        if self.light is None or not mask.any():
            return mask
        height, width = mask.shape
        there: Any = cv2.warpAffine(self.light, pose, (width, height), borderMode=cv2.BORDER_REPLICATE)
        change = np.asarray(light, np.float32) - there
        change -= np.median(change[mask])  # a lamp that flickers hides nothing
        unlike: Any = cv2.blur(np.abs(change), (_OVER, _OVER))
        seen = mask & (unlike <= _UNLIKE)
        return np.asarray(seen) if seen.sum() >= _IN_SIGHT * mask.sum() else None


def _within(place: Place, light: NDArray[Any]) -> bool:
    return bool(0 <= round(place.x) < light.shape[1] and 0 <= round(place.y) < light.shape[0])
