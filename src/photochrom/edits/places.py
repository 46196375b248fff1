"""Where a hint holds: spots and masks, and maps of colours over the whole picture. Values: they compare by what they hold."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import HintError, MaskError
from photochrom.resize import resized

__all__ = ["ColorMap", "Mask", "Plane", "Size", "Spot"]

#: Width and height, in pixels.
Size: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Spot:
    """A place: the pixel (x, y) of the input picture and what is within ``radius`` pixels (None: 1.4 % of the short side)."""

    x: float
    y: float
    radius: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.x) and math.isfinite(self.y)):
            raise HintError(f"a hint's place is ({self.x}, {self.y}), expected two numbers")
        if self.radius is not None and not 0 <= self.radius < math.inf:
            raise HintError(f"a hint's radius is {self.radius}, expected 0 pixels or more")

    def check(self, size: Size) -> None:
        """Raise HintError for a place outside a picture of (width, height)."""
        width, height = size
        if not (-0.5 <= self.x < width - 0.5 and -0.5 <= self.y < height - 0.5):
            raise HintError(
                f"the hint at ({self.x:g}, {self.y:g}) is outside the picture, which has x from 0 to {width - 1} and y from 0 to "
                f"{height - 1}"
            )

    def scaled(self, old: Size, new: Size) -> Spot:
        """The same place in another size of the photograph; both are (width, height)."""
        sx, sy = new[0] / old[0], new[1] / old[1]
        radius = None if self.radius is None else self.radius * math.sqrt(sx * sy)
        # Pixel centres lie at halves: the first pixel of a picture twice as large is half a pixel further to the left.
        return Spot((self.x + 0.5) * sx - 0.5, (self.y + 0.5) * sy - 0.5, radius)


class Plane:
    """An array as a value: read-only, equal to another one that holds the same."""

    @property
    def _values(self) -> NDArray[Any]:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = self._values, other._values
        return mine is theirs or (mine.dtype == theirs.dtype and np.array_equal(mine, theirs))

    def __hash__(self) -> int:
        return self._hash

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self._values, dtype) if copy or dtype is not None else self._values

    @cached_property
    def _hash(self) -> int:
        # The same in every process, unlike that of bytes: values are pickled with it.
        return hash((self._values.shape, zlib.crc32(self._values.tobytes())))


@dataclass(frozen=True, eq=False)
class Mask(Plane):
    """A place: weights in [0, 1], (H, W), over the whole picture. Held as read-only float32, or bool where it was bool."""

    weight: NDArray[Any]

    def __post_init__(self) -> None:
        weight = np.array(self.weight, bool if np.asarray(self.weight).dtype == bool else np.float32)
        if weight.ndim != 2 or not weight.size:
            raise MaskError(f"a mask has shape {weight.shape}, expected (H, W)")
        if not np.isfinite(weight).all() or weight.min() < 0 or weight.max() > 1:
            raise MaskError("a mask holds numbers outside [0, 1]; divide a picture of 8 bits by 255")
        if not weight.any():
            raise MaskError("a mask is empty: it marks no pixel")
        weight.setflags(write=False)
        object.__setattr__(self, "weight", weight)

    @property
    def _values(self) -> NDArray[Any]:
        return self.weight

    def check(self, size: Size) -> None:
        """Raise MaskError for another size than (width, height)."""
        if self.weight.shape != size[::-1]:
            height, width = self.weight.shape
            raise MaskError(
                f"a mask is {width} x {height} pixels and the picture {size[0]} x {size[1]}; make the mask of the picture's size"
            )

    def scaled(self, old: Size, new: Size) -> Mask:
        """The same for another size of the photograph; both are (width, height). What is too thin for that stays all the same."""
        if self.weight.dtype == bool:
            plane: Any = cv2.resize(self.weight.astype(np.uint8), new, interpolation=cv2.INTER_NEAREST_EXACT)
            if not plane.any():
                shares = resized(self.weight, new[::-1])
                plane = shares > shares.max() / 2
            return Mask(plane.astype(bool))
        return Mask(resized(self.weight, new[::-1]))


@dataclass(frozen=True, eq=False)
class ColorMap(Plane):
    """Colours over the whole picture: (h, w, 2), a* and b*, of any size. Held as read-only float32."""

    ab: NDArray[Any]

    def __post_init__(self) -> None:
        ab = np.array(self.ab, np.float32)
        if ab.ndim != 3 or ab.shape[2] != 2 or not ab.size:
            raise HintError(f"a map of colours has shape {ab.shape}, expected (h, w, 2)")
        if not (np.abs(ab) <= 200).all():
            raise HintError("a map of colours holds numbers outside [-200, 200]")
        ab.setflags(write=False)
        object.__setattr__(self, "ab", ab)

    @property
    def _values(self) -> NDArray[Any]:
        return self.ab
