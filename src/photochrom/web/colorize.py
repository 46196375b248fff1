"""``POST /v1/colorize``: one picture in, one coloured picture out, or several, as links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from photochrom.web import options
from photochrom.web.engine import Photo, place_reference
from photochrom.web.problems import responses
from photochrom.web.state import MEDIA_TYPES, State, attachment, save
from photochrom.web.store import read_about
from photochrom.web.uploads import file_name, keep, multipart_body, received

__all__ = ["routes"]

_PICTURES: dict[str, Any] = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()}


class Link(BaseModel):
    """A finished picture, to be fetched within the time that results are kept."""

    href: str = Field(examples=["/v1/results/0f..."])
    name: str


class Colored(BaseModel):
    """What became of a picture."""

    results: list[Link]
    width: int
    height: int
    bit_depth: int
    model: str
    tint: str
    already_colour: bool
    confidence: float
    notices: list[str]
    expires_in: int


def routes(state: State) -> APIRouter:
    """The addresses of this module."""
    router = APIRouter(prefix="/v1", tags=["pictures"])
    files = {
        "picture": "A JPEG, PNG, TIFF, WebP or GIF.",
        "reference[]": "Colour pictures, r1, r2, ... in the options.",
    }

    @router.post(
        "/colorize",
        response_class=Response,
        responses={
            200: {
                "description": "The picture; or JSON with links, where Accept asks for it or samples are wanted.",
                "content": _PICTURES | {"application/json": {"schema": Colored.model_json_schema()}},
            },
            **responses(400, 401, 403, 408, 413, 415, 422, 429, 500, 503, 504, 507),
        },
        openapi_extra=multipart_body(files, options.Colorize),
    )
    async def colorize(request: Request) -> Response:
        """Colour one picture, as ``photochrom colorize`` does, to the bit."""
        state.pool.admit()
        folder = state.store.new("results")
        try:
            async with received(
                request, state.settings, {"picture": 1, "reference": state.settings.max_references}
            ) as form:
                wanted, picture = form.options(options.Colorize), form.one("picture")
                name = file_name(picture)
                await keep(picture, folder / "picture")
                for number, upload in enumerate(form.files.get("reference", []), 1):
                    await keep(upload, folder / f"upload{number}")
                    shown = file_name(upload)
                    await run_in_threadpool(place_reference, folder, f"r{number}", shown, folder / f"upload{number}")
            colored, paths = await state.pool.run(_paint, state, folder, wanted)
        except BaseException:
            state.store.remove(folder)
            raise
        if len(paths) == 1 and not wanted.samples and "application/json" not in request.headers.get("accept", ""):
            return attachment(paths[0], name, lambda: state.store.remove(folder))
        links: list[Link] = []
        for path in paths:
            single = state.store.new("results")
            path.rename(single / path.name)
            label = name if len(paths) == 1 else f"{Path(name).stem}-{len(links) + 1}"
            state.store.publish(single, {"file": path.name, "name": label})
            links.append(Link(href=f"/v1/results/{single.name}", name=label))
        state.store.remove(folder)
        body = Colored(results=links, expires_in=round(state.settings.keep), **colored)
        return Response(body.model_dump_json(), media_type="application/json")

    @router.get(
        "/results/{name}",
        response_class=Response,
        responses={200: {"description": "The picture.", "content": _PICTURES}, **responses(400, 401, 403, 404, 500)},
    )
    async def result(name: str) -> Response:
        """A finished picture."""
        folder = state.store.find("results", name)
        about = read_about(folder / "about.json")
        return attachment(folder / about["file"], about["name"])

    return router


def _paint(state: State, folder: Path, wanted: options.Colorize) -> tuple[dict[str, Any], list[Path]]:
    """Open, paint and write: the fields of the answer, and the files."""
    photo: Photo = state.engine.open(folder, wanted.model, wanted.quality)
    given = options.Edits.model_validate({name: getattr(wanted, name) for name in options.Edits.model_fields})
    part, edits = photo.resolved(given)
    opened = part.opened
    variants = opened.variants(edits, wanted.samples, seed=wanted.seed) if wanted.samples else [edits]
    results = [opened.paint(one) for one in variants]
    paths: list[Path] = []
    notices: tuple[str, ...] = ()
    for number, result in enumerate(results, 1):
        path, notices = save(result, folder, wanted.format, wanted.jpeg_quality, f"file{number}")
        paths.append(path)
    return {**results[0].summary(), "notices": list(opened.notices + notices)}, paths
