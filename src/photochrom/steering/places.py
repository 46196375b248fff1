"""Which cells belong together, and which few of them stand for the most uncertain part of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.errors import InvalidPixelsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["as_hints", "stand_for", "uncertain_places"]

# Cells belong together as far as their colour distributions overlap (Bhattacharyya coefficient, to this power), they are of
# like lightness (sigma in L*) and near each other (sigma as a share of the longer side).
_OVERLAP, _ALIKE, _NEAR = 4, 15.0, 0.3
#: A cell on an edge stands for nothing: the spread of L* among its neighbours at which it counts half.
_EVEN = 10.0
#: No more cells than this are weighed as places; of a larger grid every second or third row and column.
_MOST = 800


def as_hints(places: list[tuple[int, int]], colours: list[Any], shape: tuple[int, int]) -> Float:
    """Colours at cells as hints for the model: [(row, column)] and [(a*, b*)] -> (3, h, w), the last channel the mask."""
    cells = np.zeros((3, *shape), np.float32)
    for (row, column), ab in zip(places, colours, strict=True):
        cells[:, row, column] = *ab, 1
    return cells


def stand_for(share: NDArray[Any], lightness: NDArray[Any], step: int = 1) -> Float:
    """How far each cell stands for each other: shares (261, h, w) and L* (h, w) -> (m, h * w) in [0, 1].

    m rows: every ``step``-th row and column of cells. Raises InvalidPixelsError for a lightness of another shape.
    """
    if np.shape(lightness) != np.shape(share)[1:]:
        raise InvalidPixelsError(f"lightness is {np.shape(lightness)} and the cells are {np.shape(share)[1:]}")
    h, w = np.shape(lightness)
    rows, columns = np.mgrid[0:h, 0:w].reshape(2, -1).astype(np.float32) / np.float32(max(h, w))
    root = np.sqrt(np.reshape(share, (len(share), -1))).T
    light = np.reshape(np.asarray(lightness, np.float32), -1)
    few = np.arange(h * w).reshape(h, w)[step // 2 :: step, step // 2 :: step].ravel()

    def squared(values: Float) -> Float:
        return np.asarray((values[few, None] - values) ** 2, np.float32)

    away = squared(light) / _ALIKE**2 + (squared(rows) + squared(columns)) / _NEAR**2
    return np.asarray((root[few] @ root.T) ** _OVERLAP * np.exp(-away / 2), np.float32)


def uncertain_places(
    share: NDArray[Any], lightness: NDArray[Any], uncertainty: NDArray[Any], count: int
) -> list[tuple[int, int]]:
    """Cells (row, column) that stand for the most uncertainty, most first: shares (261, h, w), L* and uncertainty (h, w).

    Greedy: each next one is the cell with the most uncertainty left among those it stands for, and what it stands for is then
    taken away (non-maximum suppression by meaning instead of distance). At most ``count``; none where nothing is left.
    """
    h, w = np.shape(lightness)
    step = int(np.ceil(np.sqrt(h * w / _MOST)))
    belongs = stand_for(share, lightness, step)
    cells = np.arange(h * w).reshape(h, w)[step // 2 :: step, step // 2 :: step].ravel()
    even = _evenness(lightness).ravel()[cells]
    left = np.array(uncertainty, np.float32).ravel()
    enough = 1e-3 * float(left.sum())
    places: list[tuple[int, int]] = []
    for _ in range(min(count, len(cells))):
        worth = (belongs @ left) * even
        best = int(worth.argmax())
        if worth[best] <= enough:
            break
        places.append((int(cells[best]) // w, int(cells[best]) % w))
        left *= 1 - belongs[best]
    return places


def _evenness(lightness: NDArray[Any]) -> Float:
    """How even each cell's surroundings are: L* (h, w) -> (h, w) in (0, 1]."""
    light = np.asarray(lightness, np.float32)
    mean: Any = cv2.blur(light, (3, 3), borderType=cv2.BORDER_REPLICATE)
    square: Any = cv2.blur(light * light, (3, 3), borderType=cv2.BORDER_REPLICATE)
    variance = np.maximum(square - mean * mean, 0)
    return np.asarray(1 / (1 + variance / np.float32(_EVEN**2)), np.float32)
