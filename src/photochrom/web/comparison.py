"""Before and after: the photograph as its file shows it, and beside it, or under a moving slider, the coloured one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pyvips
from fastapi import APIRouter, Response
from pydantic import Field

from photochrom.colorized import SOFTWARE
from photochrom.images.metadata import mark_xmp
from photochrom.web import options
from photochrom.web.engine import Photo
from photochrom.web.painting import PartOfPicture, picture_response
from photochrom.web.parts import AskedGeometry
from photochrom.web.problems import responses
from photochrom.web.state import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

__all__ = ["Comparison", "frames", "routes", "side_by_side"]

#: Pixels between the two pictures, and along the longer side of each.
_GAP, _SIDE = 16, 2000
#: The slider goes there and back again: pictures, milliseconds of each, pixels along the longer side.
_FRAMES, _PAUSE, _SLIDER = 40, 60, 640


class Comparison(options.Strict):
    """Before and after in one file: ``side`` by side as a JPEG, or under a moving ``slider`` as a WebP."""

    edits: options.Edits = options.Edits()
    kind: Literal["side", "slider"] = "side"
    size: Annotated[int, Field(ge=16, le=4096, description="The longer side of each picture, in pixels.")] | None = None


def routes(state: State) -> APIRouter:
    """The addresses of this module."""
    router = APIRouter(prefix="/v1/sessions/{name}", tags=["painting"])
    jpeg, webp = ({kind: {"schema": {"type": "string", "format": "binary"}}} for kind in ("image/jpeg", "image/webp"))
    problems = responses(400, 401, 403, 404, 413, 422, 429, 500, 503, 504)

    @router.get(
        "/scan",
        response_class=Response,
        responses={200: {"description": "The photograph.", "content": jpeg}, **problems},
    )
    async def scan(name: str, window: PartOfPicture, geometry: AskedGeometry, size: options.Side = 1280) -> Response:
        """The photograph as its file shows it, its tint included; with x, y, width and height a part of it."""
        return await state.work(
            name, lambda photo: picture_response(photo.parts.of(geometry).previews.scan(size, window), "jpeg")
        )

    @router.post(
        "/comparison",
        response_class=Response,
        responses={200: {"description": "Before and after.", "content": jpeg | webp}, **problems},
    )
    async def compare(name: str, wanted: Comparison) -> Response:
        """The photograph before and after, to show around."""

        def work(photo: Photo) -> Response:
            size = wanted.size or (_SIDE if wanted.kind == "side" else _SLIDER)
            part, _, painted = photo.painted(wanted.edits)
            before = part.previews.scan(size)
            after = part.previews.paint(painted, size)
            if before.ndim == 2:
                before = np.repeat(before[..., None], 3, axis=2)
            creator = f"{SOFTWARE} ({photo.opened.session.name})"
            if wanted.kind == "side":
                return Response(_encoded(side_by_side(before, after), creator, ".jpg", Q=92), media_type="image/jpeg")
            strip = frames(before, after)
            moving = {"page-height": len(after), "delay": [_PAUSE] * _FRAMES, "loop": 0}
            data = _encoded(strip, creator, ".webp", moving, Q=80, effort=1)
            return Response(data, media_type="image/webp")

        return await state.work(name, work)

    return router


def side_by_side(before: Pixels, after: Pixels) -> Pixels:
    """Two pictures (h, w, 3) uint8 sRGB, a white gap between them."""
    gap = np.full((len(before), max(2, _GAP * max(before.shape) // _SIDE), 3), 255, np.uint8)
    return np.concatenate([before, gap, after], axis=1)


def frames(before: Pixels, after: Pixels) -> Pixels:
    """Pictures of a line that uncovers ``after`` and covers it again, one below the other: (frames * h, w, 3) uint8 sRGB.

    The line slows down at both ends, as a hand does.
    """
    width = before.shape[1]
    found = []
    for turn in np.arange(_FRAMES) / _FRAMES:
        line = round(width * (0.5 - 0.5 * np.cos(2 * np.pi * turn)))
        frame = np.concatenate([after[:, :line], before[:, line:]], axis=1)
        if 0 < line < width:
            frame[:, max(0, line - 1) : line + 1] = 255
        found.append(frame)
    return np.concatenate(found)


def _encoded(pixels: Pixels, creator: str, suffix: str, fields: dict[str, Any] | None = None, **options: Any) -> bytes:
    """A file whose metadata say that its colours are synthetic."""
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels), interpretation="srgb").copy()
    image.set_type(pyvips.GValue.blob_type, "xmp-data", mark_xmp(None, creator))
    for name, value in (fields or {}).items():
        kind = pyvips.GValue.array_int_type if isinstance(value, list) else pyvips.GValue.gint_type
        image.set_type(kind, name, value)
    data: bytes = image.write_to_buffer(suffix, **options)
    return data
