"""``/v1/sessions/{id}/...``: what is taken home: the finished picture and the sidecar, and a sidecar brought back."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from photochrom.edits.dials import DIALS
from photochrom.edits.hints import Hint, Hints, Keep, Reference
from photochrom.edits.pictures import Picture
from photochrom.edits.places import ColorMap
from photochrom.edits.sidecar import (
    Sidecar,
    geometry_to_json,
    reference_to_json,
    sidecar_from_json,
    sidecar_text,
    steps_to_json,
)
from photochrom.errors import EditsError, HintError
from photochrom.web import options
from photochrom.web.edits import check_masks
from photochrom.web.engine import Photo
from photochrom.web.problems import Problem, responses
from photochrom.web.state import MEDIA_TYPES, State, attachment, save
from photochrom.web.store import read_about
from photochrom.web.uploads import multipart_body, received

__all__ = ["routes"]

_FILES: dict[str, Any] = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()}


class Missing(BaseModel):
    """A reference of a sidecar that was not uploaded to this session."""

    path: str
    sha256: str


class Loaded(BaseModel):
    """The choices of a sidecar for this picture; references that are missing are left out of them.

    ``swatches``: ``#rrggbb`` of each hint, in the light of its place; null where a place is kept.
    """

    edits: dict[str, Any]
    missing_references: list[Missing]
    swatches: list[str | None]
    model: str
    quality: str


def routes(state: State) -> APIRouter:
    """The addresses of this module."""
    router = APIRouter(prefix="/v1/sessions/{name}", tags=["results"])

    @router.post(
        "/result",
        response_class=Response,
        responses={
            200: {"description": "The picture at full size.", "content": _FILES},
            **responses(400, 401, 403, 404, 413, 422, 429, 500, 503, 504, 507),
        },
    )
    async def result(name: str, wanted: options.Result) -> Response:
        """The finished picture: the input's size, depth and metadata, as ``photochrom colorize`` writes it, to the bit."""
        folder = state.store.new("incoming")

        def work(photo: Photo) -> Response:
            _, _, colored = photo.painted(wanted.edits)
            path, _ = save(colored, folder, wanted.format, wanted.jpeg_quality)
            shown = read_about(photo.folder / "about.json")["name"]
            return attachment(path, shown, lambda: state.store.remove(folder))

        try:
            return await state.work(name, work)
        except BaseException:
            state.store.remove(folder)
            raise

    @router.post(
        "/sidecar",
        response_class=Response,
        responses={
            200: {"description": "The sidecar.", "content": {"application/json": {"schema": {"type": "object"}}}},
            **responses(400, 401, 403, 404, 413, 422, 429, 500, 503, 504),
        },
    )
    async def sidecar(name: str, wanted: options.Sidecar) -> Response:
        """Every choice as a file, for ``photochrom colorize --edits`` or to go on later."""
        text = await state.work(name, lambda photo: sidecar_text(photo.sidecar(wanted.edits)))
        headers = {"Content-Disposition": 'attachment; filename="edits.photochrom.json"'}
        return Response(text, media_type="application/json", headers=headers)

    @router.post(
        "/edits",
        responses=responses(400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503, 504),
        openapi_extra=multipart_body({"sidecar": "A file that was saved as a sidecar."}),
    )
    async def edits(name: str, request: Request) -> Loaded:
        """The edits of a sidecar, for this picture's size."""
        state.store.find("sessions", name)
        async with received(request, state.settings, {"sidecar": 1}) as form:
            upload = form.one("sidecar")
            if (upload.size or 0) > state.settings.max_json:
                raise Problem("too-large", "the sidecar is too long", field="sidecar", limit=state.settings.max_json)
            text = await upload.read()
        return await state.work(name, lambda photo: _load(photo, text))

    return router


def _load(photo: Photo, text: bytes) -> Loaded:
    try:
        value = json.loads(text)
        kept = _checked(value, photo.opened.source.info.pixels).scaled(photo.opened.size)
    except (EditsError, HintError) as error:
        raise Problem("invalid", f"the sidecar {error}", field="sidecar") from None
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Problem("invalid", f"the sidecar is not JSON of the right form ({error})", field="sidecar") from None
    ids = {one.sha256: one.id for one in photo.references().values()}
    named = [step.picture for step in kept.edits.hints if isinstance(step, Reference)]
    palette = kept.edits.palette
    if isinstance(palette, Picture):
        named.append(palette)
        palette = ids.get(palette.sha256)
    missing = [Missing(path=one.path, sha256=one.sha256) for one in named if one.sha256 not in ids]
    present = Hints(step for step in kept.edits.hints if not isinstance(step, Reference) or step.picture.sha256 in ids)
    hints, references, order = steps_to_json(present)
    found = {
        **{name: getattr(kept.edits, name) for name in DIALS},
        **geometry_to_json(kept.edits.geometry),
        "palette": palette,
        "hints": hints,
        "references": [{"id": ids[one.picture.sha256], **reference_to_json(one)} for one in references],
        "order": order,
    }
    try:
        options.Edits.model_validate(found)
    except ValueError as error:
        raise Problem("invalid", "the sidecar holds choices outside their ranges", field="sidecar") from error
    return Loaded(
        edits=found,
        missing_references=missing,
        swatches=_swatches(photo, present),
        model=kept.setup.model or "",
        quality=kept.setup.quality,
    )


def _swatches(photo: Photo, hints: Hints) -> list[str | None]:
    # Those of files have no maps of colours.
    steps = [step for step in hints if not isinstance(step, (Keep, Reference))]
    given = [(step.place if isinstance(step, Hint) else step.mask, step.ab) for step in steps]
    places, colors = [place for place, _ in given], [color for _, color in given if not isinstance(color, ColorMap)]
    seen = iter(photo.opened.seen_at(places, colors))
    return [None if isinstance(step, Keep) else next(seen).color for step in hints if not isinstance(step, Reference)]


def _checked(value: Any, pixels: int) -> Sidecar:
    """A sidecar whose masks are small enough to be unpacked: of its own size, and that not far above the picture's."""
    if not isinstance(value, dict):
        raise EditsError("is not a JSON object")
    width, height = (int(side) for side in value.get("size", ()))
    if width < 1 or height < 1 or width * height > max(64 * pixels, 10**8):
        raise EditsError(f"was made for a picture of {width} x {height} pixels, too far from this one")
    rows = [*value.get("hints", []), *value.get("references", [])]
    if len(rows) > options.MANY:
        raise EditsError(f"holds {len(rows)} hints and references; {options.MANY} are read at most")
    check_masks([(f"sidecar.{index}", row) for index, row in enumerate(rows)], (width, height))
    return sidecar_from_json(value)
