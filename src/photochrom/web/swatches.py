"""``/v1/sessions/{id}/swatches``: what colours look like at a place of the photograph."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from photochrom.edits import masks
from photochrom.edits.hints import color_of
from photochrom.edits.places import Mask, Spot
from photochrom.errors import HintError, OptionError
from photochrom.materials import Material
from photochrom.web import options
from photochrom.web.edits import check_masks
from photochrom.web.engine import Photo
from photochrom.web.problems import Problem, responses
from photochrom.web.state import State

__all__ = ["Swatch", "routes"]


class Swatch(BaseModel):
    """A colour as a place has it: as the screen shows it, and its L* (the photograph's), a* and b*."""

    color: str
    lab: tuple[float, float, float]


def routes(state: State) -> APIRouter:
    """The addresses of this module."""
    router = APIRouter(prefix="/v1/sessions/{name}", tags=["painting"])

    @router.post("/swatches", responses=responses(400, 401, 403, 404, 413, 422, 429, 500, 503, 504))
    async def swatches(name: str, wanted: options.Swatches) -> list[Swatch]:
        """What colours look like at a place, in their order: a material has another colour in another light."""
        return await state.work(name, lambda photo: _seen(photo, wanted))

    return router


def _seen(photo: Photo, wanted: options.Swatches) -> list[Swatch]:
    place = _place(photo, wanted)
    try:
        given = [color_of(one) if isinstance(one, str) else Material(one) for one in wanted.colors]
    except (HintError, OptionError) as error:
        raise Problem("invalid", str(error), field="hints") from None
    return [Swatch(color=one.color, lab=one.lab) for one in photo.opened.seen_at([place] * len(given), given)]


def _place(photo: Photo, wanted: options.Swatches) -> Spot | Mask:
    try:
        if wanted.mask is not None:
            row = wanted.mask.model_dump()
            check_masks([("swatches", {"mask": row})], photo.opened.size)
            return Mask(masks.from_rle(row))
        if wanted.x is None or wanted.y is None:
            raise Problem("invalid", "give x and y, or a mask", field="x")
        spot = Spot(wanted.x, wanted.y)
        spot.check(photo.opened.size)
    except HintError as error:
        raise Problem("invalid", str(error), field="mask" if wanted.mask else "x") from None
    return spot
