"""Enlargement of the field's planes to the rows of a strip, the same to the last bit however a picture is cut into strips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Unit = Callable[[NDArray[np.float32]], NDArray[np.float32]]

__all__ = ["Rows"]


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
    ) -> None:
        """``unit`` converts the planes that are needed before they are enlarged; the columns start at ``x0``."""
        count, channels, columns = planes.shape
        centre = np.clip((np.arange(y0, y0 + h) + 0.5) * (count / full_height) - 0.5, 0, count - 1)
        first = np.floor(centre).astype(np.intp)
        base = int(first[0])
        needed = planes[base : int(first[-1]) + 2]
        needed = needed if unit is None else unit(needed)
        flat: Any = cv2.resize(needed.reshape(-1, columns), (full_width or w, len(needed) * channels))
        wide = flat.reshape(len(needed), channels, -1)[..., x0 : x0 + w]
        self._wide: NDArray[np.float32] = np.ascontiguousarray(wide)
        self._steps = np.diff(self._wide, axis=0, append=self._wide[-1:])
        self._above, self._weight = (first - base).tolist(), (centre - first).tolist()

    def enlarge(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Write rows start to stop of the strip into ``out`` (stop - start, planes, w)."""
        for row, above, weight in zip(out, self._above[start:stop], self._weight[start:stop], strict=True):
            cv2.scaleAdd(self._steps[above], weight, self._wide[above], dst=row)
