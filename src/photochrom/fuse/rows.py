"""Enlargement of the field's planes to the rows of a strip, the same to the last bit however a picture is cut into strips."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Unit = Callable[[NDArray[np.float32]], NDArray[np.float32]]

__all__ = ["Room", "Rows"]


class Room:
    """Memory that one thread uses for strip after strip: fresh memory is new pages each time, for which threads wait."""

    def __init__(self) -> None:
        self._kept: dict[str, NDArray[np.float32]] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """An array of this shape with what happens to be in it; the next of the same name takes its place."""
        size = math.prod(shape)
        kept = self._kept.get(name)
        if kept is None or kept.size < size:
            kept = self._kept[name] = np.empty(size, np.float32)
        return kept[:size].reshape(shape)


class Rows:
    """Bilinear enlargement of (rows, planes, columns) to the rows of one strip, aligned by pixel centres."""

    def __init__(
        self,
        planes: NDArray[np.float32],
        y0: int,
        full_height: float,
        h: int,
        w: int,
        unit: Unit | None = None,
        *,
        x0: int = 0,
        full_width: int | None = None,
        room: Room | None = None,
    ) -> None:
        """``unit`` changes the planes that are needed, before they are enlarged; the columns are those from ``x0`` on.

        room: where to work; what else uses it must wait until these rows are no longer wanted.
        """
        count, channels, columns = planes.shape
        centre = np.clip((np.arange(y0, y0 + h) + 0.5) * (count / full_height) - 0.5, 0, count - 1)
        first = np.floor(centre).astype(np.intp)
        base = int(first[0])
        needed = planes[base : int(first[-1]) + 2]
        needed = needed if unit is None else unit(needed)
        room, shape = room or Room(), (len(needed), channels, full_width or w)
        wide = room.array("wide", shape)
        cv2.resize(needed.reshape(-1, columns), (shape[2], shape[0] * channels), dst=wide.reshape(-1, shape[2]))
        self._wide = wide[..., x0 : x0 + w]
        self._steps = room.array("steps", self._wide.shape)
        np.subtract(self._wide[1:], self._wide[:-1], out=self._steps[:-1])
        self._steps[-1] = 0
        self._above, self._weight = (first - base).tolist(), (centre - first).tolist()

    def enlarge(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Write rows start to stop of the strip into ``out`` (stop - start, planes, w)."""
        for row, above, weight in zip(out, self._above[start:stop], self._weight[start:stop], strict=True):
            cv2.scaleAdd(self._steps[above], weight, self._wide[above], dst=row)  # NumPy takes three times as long
