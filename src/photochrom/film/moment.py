"""One moment of a film without reading all before it, and frames as pictures that stand upright."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.errors import FilmError
from photochrom.film.chroma import luma_levels
from photochrom.film.source import Frame, Source, av_module, converted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.film.film_job import Reading
    from photochrom.film.layout import Layout

__all__ = ["Sought", "display_size", "frame_at", "grey_picture", "sought", "upright"]

#: Seconds within which two presentation times are one.
_SAME = 1e-4


@dataclass(eq=False)
class Sought(Source):
    """A film that is read from the last key picture before frame ``since`` on; frames bear their numbers in the whole film.

    Frames are known by their times, ``times`` of the frames from ``first`` on. They are brought to the size of ``layout``.
    """

    since: int = 0
    first: int = 0
    times: tuple[float, ...] = ()
    smaller: bool = False

    def frames(self, stop: Callable[[], bool] | None = None) -> Iterator[Frame]:
        """The frames from some frame before ``since``, or that one, to the end."""
        for frame in super().frames(stop):
            at = float(frame.pts * self.time_base)
            place = bisect_left(self.times, at - _SAME)
            if place < len(self.times) and abs(self.times[place] - at) < _SAME:
                frame.index = self.first + place
                yield frame

    def _start(self, container: Any, stream: Any) -> None:
        if self.since > self.first:
            container.seek(int(self.times[self.since - self.first] / self.time_base), stream=stream)

    def _frame(self, held: Any, index: int, pts: int, damaged: bool) -> Frame:
        return super()._frame(converted(held, self.layout) if self.smaller else held, index, pts, damaged)


def sought(source: Source, reading: Reading, since: int, layout: Layout | None = None) -> Source:
    """The film, read from frame ``since`` on, at the size of ``layout``; from its beginning where it cannot be sought in."""
    given: dict[str, Any] = {field.name: getattr(source, field.name) for field in fields(Source)}
    given |= {"damaged": [], "layout": layout or source.layout, "smaller": layout is not None}
    found = Sought(**given, since=since, first=reading.first, times=reading.times)
    try:
        begins = next(found.frames(), None)
    except (av_module().error.FFmpegError, FilmError):
        begins = None
    if begins is None or begins.index > since:
        found.since = reading.first
    return found


def frame_at(source: Source, reading: Reading, index: int) -> Frame:
    """Frame ``index`` of a film. Raises FilmError where there is none."""
    for frame in sought(source, reading, index).frames():
        if frame.index >= index:
            return frame
    raise FilmError(f"has no frame {index}", source.path)


def display_size(source: Source) -> tuple[int, int]:
    """Width and height in pixels at which a player shows the film: upright, its pixels square."""
    turned = round(source.rotation / 90) % 2
    width, height = max(1, round(source.layout.width * source.aspect)), source.layout.height
    return (height, width) if turned else (width, height)


def upright(picture: NDArray[np.uint8], source: Source, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A frame (h, w) or (h, w, 3) as it lies in the film -> as a player shows it, at ``size`` (width, height)."""
    turned = np.ascontiguousarray(np.rot90(picture, round(source.rotation / 90) % 4))
    if turned.shape[1::-1] == size:
        return turned
    smaller = size[0] <= turned.shape[1] and size[1] <= turned.shape[0]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(turned, size, interpolation=way), np.uint8)


def grey_picture(source: Source, frame: Frame) -> NDArray[np.uint8]:
    """The light of a frame as a player shows it: (h, w) uint8, sRGB-encoded grey."""
    return upright(luma_levels(frame.luma, source.layout), source, display_size(source))
