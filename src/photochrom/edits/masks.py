"""Masks in the forms that people have them: COCO run lengths and polygons."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.errors import MaskError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bool: TypeAlias = NDArray[np.bool_]

__all__ = ["from_polygons", "from_rle", "to_rle"]


def to_rle(mask: NDArray[Any]) -> dict[str, Any]:
    """COCO's compressed run lengths of a mask (H, W): column by column, first the length of the first run of zeros."""
    flat = np.asarray(mask, bool).ravel(order="F")
    ends = np.flatnonzero(np.diff(flat)) + 1
    edges = [*([0] if flat[0] else []), 0, *ends.tolist(), flat.size]
    return {"size": list(mask.shape), "counts": _compressed([b - a for a, b in itertools.pairwise(edges)])}


def from_rle(rle: dict[str, Any]) -> Bool:
    """The mask (H, W) of COCO run lengths; ``counts`` is a list, or COCO's compressed text. Raises MaskError."""
    try:
        height, width = (int(side) for side in rle["size"])
        counts = rle["counts"]
        runs = _decompressed(counts) if isinstance(counts, str) else [int(count) for count in counts]
    except (KeyError, TypeError, ValueError) as error:
        raise MaskError('run lengths must be {"size": [height, width], "counts": [...]} as COCO has them') from error
    if height < 1 or width < 1 or any(run < 0 for run in runs) or sum(runs) != height * width:
        raise MaskError(f"run lengths sum to {sum(runs)}, expected {height} x {width} = {height * width}")
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape((height, width), order="F")


def _compressed(runs: list[int]) -> str:
    """The inverse of :func:`_decompressed`."""
    text = []
    for index, run in enumerate(runs):
        value, more = run - (runs[index - 2] if index > 2 else 0), True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text.append(48 + bits + 32 * more)
    return bytes(text).decode("ascii")


def _decompressed(text: str) -> list[int]:
    """Numbers of 5 bits a character from 48 on, the sixth bit for more; from the third on, differences to the last but one."""
    runs: list[int] = []
    value = shift = 0
    for character in text.encode("ascii"):
        bits = character - 48
        if not 0 <= bits < 64:
            raise ValueError(text)
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return runs


def from_polygons(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> Bool:
    """The mask (H, W) inside any of the polygons [x0, y0, x1, y1, ...], in pixels; ``size`` is (width, height).

    Raises MaskError for fewer than three corners, or no corner inside the picture.
    """
    mask = np.zeros(size[::-1], np.uint8)
    for polygon in polygons:
        try:
            corners = np.asarray(polygon, np.float64).reshape(-1, 2)
        except (TypeError, ValueError) as error:
            raise MaskError("a polygon must be a list of numbers x0, y0, x1, y1, ...") from error
        if len(corners) < 3 or not np.isfinite(corners).all() or np.abs(corners).max() > 1e6:
            raise MaskError(f"a polygon has {len(corners)} corners, expected three or more finite ones")
        cv2.fillPoly(mask, [np.rint(corners * 16).astype(np.int32)], 1, shift=4)
    if not mask.any():
        raise MaskError("the polygons cover no pixel of the picture")
    return mask.astype(bool)
