"""What a user wants of a film: hints at moments, reference pictures and palettes for shots.

The file (``film.photochrom.json``)::

    {"photochrom-film": 1,
     "hints": [{"time": 12.4, "x": 310, "y": 200, "color": "olive", "reach": "object"},
               {"time": 12.4, "mask": {"size": [480, 640], "counts": "..."}, "color": "navy"}],
     "references": [{"time": 12.4, "path": "still-in-colour.jpg"}],
     "palettes": [{"time": 60, "palette": "warm"}]}

A moment is a ``time`` in seconds or a ``frame``; it stands for its shot. x and y are pixels of the film as a player shows it,
before the width of pixels is evened; a mask has that size, and is an area.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from photochrom.edits.dials import REACH
from photochrom.edits.hints import Ab, Hint
from photochrom.edits.hints_json import color_from_json
from photochrom.edits.masks import from_rle
from photochrom.edits.places import Mask, Spot
from photochrom.edits.sidecar import read_json
from photochrom.errors import EditsError, HintError
from photochrom.materials import Material

__all__ = ["FilmArea", "FilmHint", "FilmPalette", "FilmReference", "Steering", "load_steering"]

FORMAT = 1


@dataclass(frozen=True)
class _Moment:
    """``time`` in seconds, or ``frame`` from 0."""

    time: float | None
    frame: int | None

    def at(self, times: list[float]) -> int:
        """The number of the frame that is shown then. Raises HintError outside the film."""
        from bisect import bisect_right

        if self.frame is not None:
            if not 0 <= self.frame < len(times):
                raise HintError(f"there is no frame {self.frame}; the film has {len(times)}")
            return self.frame
        assert self.time is not None
        if not times[0] - 0.5 <= self.time <= times[-1] + 0.5:
            raise HintError(f"{self.time:g} s is outside the film, which goes from {times[0]:g} to {times[-1]:g} s")
        return max(0, bisect_right(times, self.time + 1e-6) - 1)


@dataclass(frozen=True)
class FilmHint(_Moment):
    """A colour, a material or exact ab, at pixel (x, y) of a frame, which holds through the shot and follows what it lies on.

    reach: how far it spreads, as that of :class:`photochrom.Hint`. Raises HintError.
    """

    x: float
    y: float
    ab: Ab | Material
    radius: float | None = None
    reach: str = REACH.default

    def __post_init__(self) -> None:
        Hint(self.ab, Spot(self.x, self.y, self.radius), reach=self.reach)  # which checks them


@dataclass(frozen=True)
class FilmArea(_Moment):
    """A colour, a material or exact ab, inside a mask of a frame, which holds through the shot and follows what it lies on.

    mask: of the upright film's size.
    """

    mask: Mask
    ab: Ab | Material


@dataclass(frozen=True)
class FilmReference(_Moment):
    """A colour picture that gives its colours to a shot; best a coloured still of the very frame."""

    path: Path


@dataclass(frozen=True)
class FilmPalette(_Moment):
    """The look of a shot: what ``photochrom colorize --palette`` takes."""

    palette: str


@dataclass(frozen=True)
class Steering:
    """All hints, reference pictures, palettes and areas of one film."""

    hints: tuple[FilmHint, ...] = ()
    references: tuple[FilmReference, ...] = ()
    palettes: tuple[FilmPalette, ...] = ()
    areas: tuple[FilmArea, ...] = ()

    def digest(self) -> str:
        """Of everything, pictures included: another one makes another film. Raises EditsError for a picture that is missing."""
        parts = [repr(self.hints), repr(self.palettes)]
        parts += [repr((one.time, one.frame, _digest(one.path))) for one in self.references]
        for area in self.areas:
            mask = hashlib.sha256(np.packbits(area.mask.weight).tobytes()).hexdigest()
            parts.append(repr((area.time, area.frame, area.ab, area.mask.weight.shape, mask)))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise EditsError(f"cannot be read ({error.strerror})", path) from error


def load_steering(path: Path) -> Steering:
    """Read the file. Raises EditsError, HintError, MaskError, UnknownColorError."""
    value = read_json(path)
    if not isinstance(value, dict) or value.get("photochrom-film") != FORMAT:
        raise EditsError(f'is not about a film; it must hold {{"photochrom-film": {FORMAT}, ...}}', path)
    if unknown := set(value) - {"photochrom-film", "hints", "references", "palettes"}:
        raise EditsError(f"holds unknown keys {sorted(unknown)}", path)
    rows = {key: value.get(key, []) for key in ("hints", "references", "palettes")}
    try:
        return Steering(
            tuple(_hint(row) for row in rows["hints"] if "mask" not in row),
            tuple(FilmReference(*_moment(row), path.parent / row["path"]) for row in rows["references"]),
            tuple(FilmPalette(*_moment(row), str(row["palette"])) for row in rows["palettes"]),
            tuple(
                FilmArea(*_moment(row), Mask(from_rle(row["mask"])), color_from_json(row))
                for row in rows["hints"]
                if "mask" in row
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EditsError(f"is incomplete or damaged ({error})", path) from error


def _hint(row: dict[str, Any]) -> FilmHint:
    radius = None if row.get("radius") is None else float(row["radius"])
    reach = row.get("reach", REACH.default)
    return FilmHint(*_moment(row), float(row["x"]), float(row["y"]), color_from_json(row), radius, reach)


def _moment(row: dict[str, Any]) -> tuple[float | None, int | None]:
    if ("time" in row) == ("frame" in row):
        raise ValueError("every row needs a time or a frame")
    return (float(row["time"]), None) if "time" in row else (None, int(row["frame"]))
