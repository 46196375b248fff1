"""``/v1/sessions/{id}/...``: what a page asks after every click."""

from __future__ import annotations

from typing import Annotated, Any

import cv2
import numpy as np
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from photochrom.edits import masks
from photochrom.edits.hints_json import hints_to_json
from photochrom.edits.moved import moved
from photochrom.edits.scribbles import Scribble
from photochrom.previews import Window
from photochrom.web import options
from photochrom.web.engine import Photo
from photochrom.web.parts import AskedGeometry
from photochrom.web.problems import Problem, responses
from photochrom.web.state import State

__all__ = ["PartOfPicture", "picture_response", "routes"]

_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]
#: The problems that any of these may answer with.
_PROBLEMS = responses(400, 401, 403, 404, 413, 422, 429, 500, 503, 504)


class LikelyColor(BaseModel):
    """A colour that a place may have; ``share``: of the model's distribution there, 0 to 1. ``color`` is as light as the place.

    ``lab``: the material that has this colour there, for a hint.
    """

    color: str
    name: str
    share: float
    ab: tuple[float, float]
    lab: tuple[float, float, float]


class Click(BaseModel):
    """A place worth a hint; ``gain``: root mean square of the change that is expected over the picture, in ab units."""

    x: int
    y: int
    gain: float
    colors: list[LikelyColor]


class Alternative(BaseModel):
    """Hints that make one of several colourings; put them before one's own."""

    hints: list[dict[str, Any]]


class Grown(BaseModel):
    """The mask of an object."""

    mask: dict[str, Any]


def _window(
    x: Annotated[int | None, Query(ge=0)] = None,
    y: Annotated[int | None, Query(ge=0)] = None,
    width: Annotated[int | None, Query(ge=1)] = None,
    height: Annotated[int | None, Query(ge=1)] = None,
) -> Window | None:
    given = [x, y, width, height]
    if None in given and given != [None] * 4:
        raise Problem("invalid", "give all of x, y, width and height, or none", field="view")
    return None if x is None or y is None or width is None or height is None else Window(x, y, width, height)


#: The part of the picture that x, y, width and height of the query ask for; None: all of it.
PartOfPicture = Annotated[Window | None, Depends(_window)]


def routes(state: State) -> APIRouter:
    """The addresses of this module."""
    router = APIRouter(prefix="/v1/sessions/{name}", tags=["painting"])
    jpeg, png = ({kind: {"schema": {"type": "string", "format": "binary"}}} for kind in ("image/jpeg", "image/png"))

    @router.get(
        "/original",
        response_class=Response,
        responses={200: {"description": "The photograph in grey.", "content": jpeg}, **_PROBLEMS},
    )
    async def original(
        name: str, window: PartOfPicture, geometry: AskedGeometry, size: options.Side = 1280
    ) -> Response:
        """The photograph as it is used, without colour; with x, y, width and height a part of it."""
        return await state.work(
            name, lambda photo: picture_response(photo.parts.of(geometry).previews.grey(size, window), "jpeg")
        )

    @router.post(
        "/paint",
        response_class=Response,
        responses={200: {"description": "The coloured picture.", "content": jpeg | png}, **_PROBLEMS},
    )
    async def paint(name: str, wanted: options.Paint) -> Response:
        """A quick look at the picture with these edits."""
        window = None if wanted.view is None else Window(**wanted.view.model_dump())

        def work(photo: Photo) -> Response:
            part, _, result = photo.painted(wanted.edits)
            photo.remember(wanted.edits)
            return picture_response(part.previews.paint(result, wanted.size, window), wanted.format)

        return await state.work(name, work)

    @router.post(
        "/confidence",
        response_class=Response,
        responses={200: {"description": "Black unsure, white sure.", "content": png}, **_PROBLEMS},
    )
    async def confidence(name: str, wanted: options.Confidence) -> Response:
        """How sure the model is, as a grey picture."""

        def work(photo: Photo) -> Response:
            part, _, result = photo.painted(wanted.edits)
            return picture_response(part.previews.confidence(result, wanted.size), "png")

        return await state.work(name, work)

    @router.post("/colors", responses=_PROBLEMS)
    async def colors(name: str, wanted: options.Colors) -> list[LikelyColor]:
        """The colours that a place may have, likeliest first."""

        def work(photo: Photo) -> list[LikelyColor]:
            part, edits = photo.resolved(wanted.edits)
            (x, y) = part.view.result([(wanted.x, wanted.y)])[0].tolist()
            found = part.opened.likely(x, y, wanted.count, hints=edits.hints)
            return [LikelyColor(**one.to_json()) for one in found]

        return await state.work(name, work)

    def places(photo: Photo, edits: options.Edits, count: int) -> list[Click]:
        part, resolved = photo.resolved(edits)
        clicks = [click.to_json() for click in part.opened.suggest(count, hints=resolved.hints)]
        places = part.view.photograph([(click["x"], click["y"]) for click in clicks] or [(0, 0)])
        return [
            Click(**{**click, "x": round(x), "y": round(y)})
            for click, (x, y) in zip(clicks, places[: len(clicks)].tolist(), strict=True)
        ]

    @router.get("/suggestions", responses=_PROBLEMS)
    async def suggestions(name: str, count: Annotated[int, Query(ge=1, le=12)] = 5) -> list[Click]:
        """Where a hint would change most, given the edits that were painted last."""
        return await state.work(name, lambda photo: places(photo, photo.last(), count))

    @router.post("/suggestions", responses=_PROBLEMS)
    async def suggest(name: str, wanted: options.Suggest) -> list[Click]:
        """Where a hint would change most, given these edits."""
        return await state.work(name, lambda photo: places(photo, wanted.edits, wanted.count))

    @router.post("/alternatives", responses=_PROBLEMS)
    async def alternatives(name: str, wanted: options.Alternatives) -> list[Alternative]:
        """Different plausible colourings that agree with the given hints; fewer where the model is sure.

        The first adds nothing to these hints.
        """

        def work(photo: Photo) -> list[Alternative]:
            part, edits = photo.resolved(wanted.edits)
            found = part.opened.alternatives(wanted.count, seed=wanted.seed, hints=edits.hints)
            # Hints have the coordinates of the photograph, whatever part of it the picture is.
            return [Alternative(hints=hints_to_json(moved(hints, part.view.reversed))) for hints in found]

        return await state.work(name, work)

    @router.post("/grow", responses=_PROBLEMS)
    async def grow(name: str, wanted: options.Grow) -> Grown:
        """The mask of the object in a box or under clicks, or a mask that strokes have edited."""

        def work(photo: Photo) -> Grown:
            scribbles = [Scribble(tuple(one.points), one.radius, one.erase) for one in wanted.scribbles]
            mask = None if wanted.mask is None else masks.from_rle(wanted.mask.model_dump())
            return Grown(mask=masks.to_rle(photo.opened.grow(wanted.box, scribbles=scribbles, mask=mask)))

        return await state.work(name, work)

    return router


def picture_response(pixels: Any, form: str) -> Response:
    """(h, w) or (h, w, 3) uint8 sRGB as a JPEG or PNG file."""
    given = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(f".{form}", np.ascontiguousarray(given), _JPEG if form == "jpeg" else _PNG)
    if not done:
        raise Problem("error", "the picture could not be encoded")
    return Response(encoded.tobytes(), media_type=f"image/{form}")
