"""Where many hints stand close together: what the kernel knows of the photograph at twice the work size, beside the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom.analysis import Analysis
from photochrom.images import network_view
from photochrom.resize import resized
from photochrom.session import KernelCells
from photochrom.steering.distribution import expected
from photochrom.views import MOST_PIXELS, ZOOMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["mean_of", "seen_closer"]


def seen_closer(photo: Analysis, cells: KernelCells) -> KernelCells:
    """A kernel that is the mean of the whole photograph's, which is given, and of its details', or of the whole enlarged.

    That of the whole alone where more would be too much.
    """
    session, features = photo.session, photo.details
    if features is None:
        rows, columns = (round(side * ZOOMS[0]) for side in photo.work_lightness.shape)
        if rows * columns > MOST_PIXELS:
            return cells
        enlarged = network_view(photo.source.frame, _resized(photo.work_lightness, (rows, columns)).clip(0, 100))
        features = session.encode(enlarged, photo.features if session.details else None)
    light = _resized(photo.work_lightness, (features.height, features.width)).clip(0, 100)
    closer = session.kernel(features, light, expected(session.decode(features)))
    return cells if closer is None else mean_of(cells, closer)


def mean_of(cells: KernelCells, closer: KernelCells) -> KernelCells:
    """A kernel whose covariance is the mean of two: the kernels of both, each of half the variance, in the second's cells."""
    grid = closer.embedding.shape[1:3]
    embedding, scale, noise = (
        np.stack([_resized(plane, grid) for plane in planes])
        for planes in (cells.embedding, cells.scale, cells.noise[..., None])
    )
    scales = np.concatenate([scale, closer.scale], axis=3) - np.log(2) / 2
    return KernelCells(
        np.concatenate([embedding, closer.embedding], axis=3),
        np.asarray(scales, np.float32),
        np.asarray((noise[..., 0] + closer.noise) / 2, np.float32),
        np.concatenate([cells.rulers, closer.rulers], axis=2),
        cells.surprise,
        cells.deviation,
    )


def _resized(planes: NDArray[Any], grid: tuple[int, ...]) -> Float:
    """Planes (h, w, ...) on another grid."""
    flat = planes.reshape(*planes.shape[:2], -1)
    each = [resized(np.ascontiguousarray(flat[..., number]), (grid[0], grid[1])) for number in range(flat.shape[2])]
    return np.stack(each, axis=-1).reshape(*grid, *planes.shape[2:])
