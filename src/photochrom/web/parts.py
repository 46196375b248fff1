"""The part of a photograph that its edits make the picture: opened, with its previews, while it is looked at."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Annotated, NamedTuple

from fastapi import Depends, Query

from photochrom.colorizer import Opened
from photochrom.edits.edits import Edits
from photochrom.edits.geometry import Geometry, View
from photochrom.errors import OptionError
from photochrom.previews import Previews
from photochrom.web import options
from photochrom.web.problems import Problem

__all__ = ["AskedGeometry", "Part", "Parts", "geometry_of"]


class Part(NamedTuple):
    """A part of a photograph: opened, its previews, and how its pixels lie on those of the photograph."""

    opened: Opened
    previews: Previews
    view: View


class Parts:
    """The whole of a photograph and the part that was looked at last; what lies on the disk is in ``folder``."""

    def __init__(self, opened: Opened, folder: Path) -> None:
        self._folder = folder
        self._whole = Part(opened, Previews(opened, folder), View.of(Geometry(), opened.size))
        self._last: tuple[Geometry, Part] | None = None
        self._count = 0
        self._lock = threading.Lock()

    def of(self, geometry: Geometry) -> Part:
        """A part, from memory where it is the last one. Raises Problem for a crop that reaches beyond the photograph."""
        if not geometry:
            return self._whole
        with self._lock:  # two requests for one part open it once
            if self._last is None or self._last[0] != geometry:
                self._last = geometry, self._open(geometry)
            return self._last[1]

    def _open(self, geometry: Geometry) -> Part:
        whole = self._whole.opened
        try:
            view = View.of(geometry, whole.size)
        except OptionError as error:
            raise Problem("invalid", str(error), field="crop") from None
        opened, _ = whole.framed(Edits(geometry=geometry))
        shutil.rmtree(self._folder / f"part{self._count}", ignore_errors=True)
        self._count += 1
        folder = self._folder / f"part{self._count}"
        folder.mkdir(exist_ok=True)
        return Part(opened, Previews(opened, folder), view)


def geometry_of(given: options.Turned) -> Geometry:
    """The turn and the crop in a request. Raises Problem."""
    try:
        return Geometry(rotate=given.rotate, straighten=given.straighten, crop=given.crop)
    except OptionError as error:
        raise Problem("invalid", str(error), field=error.option) from None


def _asked(
    rotate: Annotated[int, Query(description="0, 90, 180 or 270 degrees, clockwise.")] = 0,
    straighten: options.Straighten = 0.0,
    crop: Annotated[str | None, Query(pattern=r"^\d{1,8}(,\d{1,8}){3}$", description="x,y,width,height")] = None,
) -> Geometry:
    box = None if crop is None else tuple(int(side) for side in crop.split(","))
    return geometry_of(options.Turned.model_construct(rotate=rotate, straighten=straighten, crop=box))


#: The part of the photograph that rotate, straighten and crop of the query ask for.
AskedGeometry = Annotated[Geometry, Depends(_asked)]
