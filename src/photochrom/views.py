"""The views of a photograph that a model gets: the whole at work size, and its details, where it has any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import cv2
import numpy as np

from photochrom.color import lightness
from photochrom.images import SourceImage, Tint, classify_tint, network_view
from photochrom.negatives import looks_negative
from photochrom.resize import resized
from photochrom.session import Features, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["Views", "copy_lightness", "frozen", "take_views"]

#: The notice of a photograph that looks like a negative.
LIKE_NEGATIVE = "this looks like a negative; if it is one, --negative yes makes a positive of it"
#: A panorama is seen at this many times its work size along its longer side, at the most.
LONGEST = 4
#: How many times larger than the whole the details are seen: the first that the photograph has something to show at.
ZOOMS = (2.0, 1.5)
#: Details are looked for where the view has at most so many pixels: it takes time and memory.
MOST_PIXELS = 768 * 1536
#: A photograph has details at a size where its L* differs so much, as a root mean square, from half that size, enlarged.
SHARP = 1.0


class Views(NamedTuple):
    """What a model has seen of a photograph.

    tint: what color there was. lightness: L* (h, w) float32 in [0, 100] of the whole at work size, read-only. features: of the
    whole. details: the features of the same photograph at a multiple of that size; None: it was looked at once.
    """

    tint: Tint
    lightness: Float
    features: Features
    details: Features | None


def take_views(session: Session, source: SourceImage, work_size: int, *, details: bool = True) -> Views:
    """Show a photograph to a model. details: look closer, too, where model and photograph allow it. Raises ImageError."""
    height, width = source.info.height, source.info.width
    scale = min(work_size / min(height, width), LONGEST * work_size / max(height, width))
    copy = source.examine(source.work_copy(min(_whole_cells(session, source, scale))))
    if source.frame is not None and source.frame.zoom > 1:
        scale *= source.frame.zoom  # the photograph inside its mount is looked at as large as without
        copy = source.work_copy(min(_whole_cells(session, source, scale)))
    # Networks recognise things at a certain size: a small picture is enlarged.
    shape = _whole_cells(session, source, scale)
    seen = frozen(_enlarged_lightness(copy, shape))
    features = session.encode(network_view(source.frame, seen))

    def view(other: Float) -> Float:
        return network_view(source.frame, _enlarged_lightness(other, shape))

    if source.negative == "auto" and source.has_greys and looks_negative(session, features, copy, view):
        source.findings = (LIKE_NEGATIVE, *source.findings)
    near = _near_view(source, shape, session.stride) if details and session.details else None
    closer = None if near is None else session.encode(network_view(source.frame, near), features)
    return Views(classify_tint(copy[::2, ::2]), seen, features, closer)


def _enlarged_lightness(copy: Float, shape: tuple[int, int]) -> Float:
    """L* of a copy (h, w, 3) at this size."""
    return resized(copy_lightness(copy), shape, cv2.INTER_CUBIC).clip(0, 100)


def _whole_cells(session: Session, source: SourceImage, scale: float) -> tuple[int, int]:
    """Rows and columns of a view: whole cells, so that the network's grid covers exactly the photograph."""
    cell = session.stride
    rows, columns = (max(1, round(side * scale / cell)) * cell for side in (source.info.height, source.info.width))
    return rows, columns


def _near_view(source: SourceImage, shape: tuple[int, int], cell: int) -> Float | None:
    """L* of the photograph at the largest of ``ZOOMS`` times ``shape`` at which it has details; None: at none."""
    for zoom in ZOOMS:
        rows, columns = (round(side * zoom / cell) * cell for side in shape)
        too_small = rows > source.info.height or columns > source.info.width
        if too_small or rows * columns > MOST_PIXELS:
            continue
        light = resized(copy_lightness(source.work_copy(min(rows, columns))), (rows, columns), cv2.INTER_CUBIC)
        if _sharpness(light) >= SHARP:
            return light.clip(0, 100)
    return None


def _sharpness(light: Float) -> float:
    """Root mean square of what L* (h, w) loses at half its size."""
    rows, columns = light.shape
    return float(np.sqrt(np.square(light - resized(resized(light, (rows // 2, columns // 2)), (rows, columns))).mean()))


def copy_lightness(copy: NDArray[np.float32]) -> Float:
    """L* (h, w) of a work copy (h, w, 3), sRGB in [0, 1], by way of 16 bits."""
    return lightness((np.clip(copy, 0, 1) * 65535 + 0.5).astype(np.uint16))


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, read-only."""
    array.setflags(write=False)
    return array
