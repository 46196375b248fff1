"""Poisson fusion of colour: a region's own colours joined to the background's without a seam.

Perez, Gangnet, Blake 2003, eq. 2 with the region's gradient as guidance, for a* and b*: what Srivastava et al. do with the
foreground regions that each have their own reference picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.errors import InvalidPixelsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["blend_regions", "poisson"]

#: The solver ends where the residual is this share of its start, or after so many steps.
_TOLERANCE, _STEPS = 1e-5, 600
#: Below this side a grid is solved from 0, above it from the solution of half the grid.
_COARSEST = 32


def blend_regions(
    background: NDArray[Any], regions: Iterable[tuple[NDArray[np.bool_], NDArray[Any]]]
) -> NDArray[np.float32]:
    """Fuse regions (mask (h, w), ab (h, w, 2)) into the background (h, w, 2), one after another; see :func:`poisson`."""
    blended = np.asarray(background, np.float32)
    for mask, ab in regions:
        blended = poisson(blended, ab, mask)
    return blended


def poisson(background: NDArray[Any], region: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Colours whose gradient inside ``mask`` is that of ``region`` and which meet ``background`` at its border.

    background, region: ab (h, w, 2); mask: (h, w) bool. Outside the mask the background comes back unchanged. At the
    picture's own edge nothing is to be met (natural border), so a mask that covers all of it gives the region itself.
    Raises InvalidPixelsError for other shapes or non-finite colours.
    """
    below, above, inside = np.asarray(background, np.float32), np.asarray(region, np.float32), np.asarray(mask, bool)
    if below.ndim != 3 or below.shape[2] != 2 or above.shape != below.shape or inside.shape != below.shape[:2]:
        raise InvalidPixelsError(
            f"background {below.shape}, region {above.shape} and mask {inside.shape}; expected (h, w, 2) twice and (h, w)"
        )
    if not (np.isfinite(below).all() and np.isfinite(above).all()):
        raise InvalidPixelsError("background or region holds NaN or infinity")
    if not inside.any() or inside.all():
        return np.array(above if inside.all() else below)
    # The solution is the region plus a membrane: harmonic inside, and at the border what the background lacks.
    lacks = below - above
    membrane = _membrane(np.where(inside[..., None], 0, lacks).astype(np.float32), inside)
    return np.asarray(np.where(inside[..., None], above + membrane, below), np.float32)


def _membrane(border: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Harmonic values (h, w, 2) inside the mask, equal to ``border`` outside: conjugate gradients, coarse to fine."""
    height, width = inside.shape
    start: NDArray[np.float32] = border.copy()
    if min(height, width) > _COARSEST:
        size = (width // 2, height // 2)
        known = cv2.resize((~inside).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        coarse_inside = known < 0.5
        if coarse_inside.any() and not coarse_inside.all():
            mean = cv2.resize(border, size, interpolation=cv2.INTER_AREA) / np.maximum(known, 0.5)[..., None]
            coarse = _membrane(np.where(coarse_inside[..., None], 0, mean).astype(np.float32), coarse_inside)
            enlarged = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
            start[inside] = enlarged[inside]
    weight = inside[..., None].astype(np.float32)
    residual = -_laplacian(start) * weight
    step = residual.copy()
    norm = (residual * residual).sum(axis=(0, 1))
    goal = _TOLERANCE**2 * np.maximum((_laplacian(border) ** 2 * weight).sum(axis=(0, 1)), 1e-12)
    for _ in range(_STEPS):
        if (norm <= goal).all():
            break
        applied = _laplacian(step) * weight
        length = norm / np.maximum((step * applied).sum(axis=(0, 1)), 1e-20)
        start += length * step
        residual -= length * applied
        now = (residual * residual).sum(axis=(0, 1))
        step = residual + now / np.maximum(norm, 1e-20) * step
        norm = now
    return start


def _laplacian(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum over the four neighbours of (own value - neighbour's); nothing is beyond the picture's edge."""
    out = np.zeros_like(field)
    down, right = field[1:] - field[:-1], field[:, 1:] - field[:, :-1]
    out[1:] += down
    out[:-1] -= down
    out[:, 1:] += right
    out[:, :-1] -= right
    return out
