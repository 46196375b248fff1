"""``/v1/sessions/{id}/...``: what is taken home: the finished picture and the sidecar, and a sidecar brought back."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from photochrom.edits import Edits, edits_from_json, edits_to_text, hints_to_json
from photochrom.errors import EditsError, HintError
from photochrom.web import options
from photochrom.web.applied import check_masks
from photochrom.web.engine import Held
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
    """The choices of a sidecar for this picture; references that are missing are left out of them."""

    edits: dict[str, Any]
    missing_references: list[Missing]
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

        def work(held: Held) -> Response:
            _, colored = held.painted(wanted.edits)
            path, _ = save(colored, folder, wanted.format, wanted.jpeg_quality)
            shown = read_about(held.folder / "about.json")["name"]
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
        text = await state.work(name, lambda held: edits_to_text(held.edits(wanted.edits)))
        headers = {"Content-Disposition": 'attachment; filename="edits.photochrom.json"'}
        return Response(text, media_type="application/json", headers=headers)

    @router.post(
        "/edits",
        responses=responses(400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503, 504),
        openapi_extra=multipart_body({"sidecar": "A file that was saved as a sidecar."}),
    )
    async def edits(name: str, request: Request) -> Loaded:
        """What a sidecar says, for this picture's size."""
        state.store.find("sessions", name)
        async with received(request, state.settings, {"sidecar": 1}) as form:
            upload = form.one("sidecar")
            if (upload.size or 0) > state.settings.max_json:
                raise Problem("too-large", "the sidecar is too long", field="sidecar", limit=state.settings.max_json)
            text = await upload.read()
        return await state.work(name, lambda held: _load(held, text))

    return router


def _load(held: Held, text: bytes) -> Loaded:
    try:
        value = json.loads(text)
        kept = _checked(value, held.opened.source.info.pixels).scaled(held.opened.size)
    except (EditsError, HintError) as error:
        raise Problem("invalid", f"the sidecar {error}", field="sidecar") from None
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Problem("invalid", f"the sidecar is not JSON of the right form ({error})", field="sidecar") from None
    ids = {one.sha256: one.id for one in held.references().values()}
    missing = [Missing(path=one.path, sha256=one.sha256) for one in kept.references if one.sha256 not in ids]
    if kept.palette_sha256 is not None and kept.palette_sha256 not in ids:
        missing.append(Missing(path=str(kept.palette), sha256=kept.palette_sha256))
    present = [index for index, one in enumerate(kept.references) if one.sha256 in ids]
    numbers = {-1 - index: -1 - place for place, index in enumerate(present)}
    references = [
        {"id": ids[one.sha256], "mask": one.mask, "trust": one.trust}
        for one in (kept.references[index] for index in present)
    ]
    palette = kept.palette if kept.palette_sha256 is None else ids.get(kept.palette_sha256)
    found = {
        "vividness": kept.vividness,
        "warmth": kept.warmth,
        "palette": palette,
        "palette_strength": kept.palette_strength,
        "smooth": kept.smooth,
        "hints": hints_to_json(kept.hints),
        "references": references,
        "order": [numbers.get(index, index) for index in kept.order if index >= 0 or index in numbers],
    }
    try:
        options.Edits.model_validate(found)
    except ValueError as error:
        raise Problem("invalid", "the sidecar holds choices outside their ranges", field="sidecar") from error
    return Loaded(edits=found, missing_references=missing, model=kept.model, quality=kept.quality)


def _checked(value: Any, pixels: int) -> Edits:
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
    return edits_from_json(value)
