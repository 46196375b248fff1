"""``--rotate``, ``--straighten`` and ``--crop``: which part of a photograph the picture is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from photochrom.edits.geometry import Geometry
from photochrom.errors import OptionError

if TYPE_CHECKING:
    from photochrom.colorizer import Opened

__all__ = ["Turned"]

BORDERS = "borders"


@dataclass(frozen=True)
class Turned:
    """What was given of a geometry, and whether the crop is what lies inside the border of a photograph."""

    given: dict[str, Any]
    borders: bool = False

    @classmethod
    def parse(cls, rotate: int | None, straighten: float | None, crop: str | None) -> Turned:
        """Read and check the options; None: not given. Raises OptionError."""
        given: dict[str, Any] = {"rotate": rotate, "straighten": straighten}
        if crop is not None and crop != BORDERS:
            given["crop"] = _crop(crop)
        given = {name: value for name, value in given.items() if value is not None}
        Geometry(**given)
        return cls(given, crop == BORDERS)

    def of(self, opened: Opened, kept: Geometry) -> tuple[Geometry, tuple[str, ...]]:
        """The geometry for a photograph whose sidecar has ``kept``, and notices for the user. Raises OptionError."""
        # A crop lies on the turned sheet: one of another turn is no longer the same part.
        turned = "crop" not in self.given and any(getattr(kept, name) != value for name, value in self.given.items())
        given: dict[str, Any] = {"crop": None} if turned else {}
        geometry = replace(kept, **{**given, **self.given})
        notices: tuple[str, ...] = ()
        if self.borders and opened.borders is not None:
            geometry = geometry.cropped_to(opened.borders, opened.size)
        elif self.borders:
            notices = ("no border or mount was found, so nothing was cropped",)
        geometry.box(opened.size)
        return geometry, notices


def _crop(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError as error:
        raise OptionError("--crop", text, "X,Y,WIDTH,HEIGHT in pixels, or borders") from error
