"""``/v1/sessions``: open a photograph once, then paint it as often as wanted."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from photochrom.web import options
from photochrom.web.engine import Photo
from photochrom.web.problems import responses
from photochrom.web.state import State
from photochrom.web.store import read_about
from photochrom.web.uploads import file_name, keep, multipart_body, received

__all__ = ["routes"]


class Session(BaseModel):
    """An opened photograph."""

    id: str
    name: str
    width: int
    height: int
    bit_depth: int
    format: str
    tint: str
    already_colour: bool
    notices: list[str]
    model: str
    quality: str
    hints: bool
    borders: list[int] | None = Field(
        min_length=4,
        max_length=4,
        description="x, y, width and height of what lies inside a film border, a print's white border or a mount.",
    )
    expires_in: int


class ReferenceMade(BaseModel):
    """A reference picture that was taken."""

    id: str
    width: int
    height: int


def routes(state: State) -> APIRouter:
    """The addresses of this module."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"])
    picture = {"picture": "A JPEG, PNG, TIFF, WebP or GIF."}

    def about(photo: Photo, name: str) -> Session:
        opened, info = photo.opened, photo.opened.source.info
        return Session(
            id=photo.folder.name,
            name=name,
            width=info.width,
            height=info.height,
            bit_depth=info.bit_depth,
            format=info.format,
            tint=opened.tint.kind,
            already_colour=opened.tint.already_colour,
            notices=list(opened.notices),
            model=opened.session.name,
            quality=photo.quality,
            hints=opened.session.hints,
            borders=None if opened.borders is None else list(opened.borders),
            expires_in=round(state.settings.keep),
        )

    @router.post(
        "",
        status_code=201,
        responses=responses(400, 401, 403, 408, 413, 415, 422, 429, 500, 503, 504, 507),
        openapi_extra=multipart_body(picture, options.Open),
    )
    async def create(request: Request) -> Session:
        """Open a photograph."""
        state.pool.admit()
        folder = state.store.new("sessions")
        try:
            async with received(request, state.settings, {"picture": 1}) as form:
                wanted, upload = form.options(options.Open), form.one("picture")
                name = file_name(upload)
                await keep(upload, folder / "picture")

            def work() -> Session:
                photo = state.engine.open(folder, wanted.model, wanted.quality)
                state.store.publish(
                    folder, {"name": name, "model": photo.opened.session.name, "quality": wanted.quality}
                )
                state.engine.keep(photo)
                return about(photo, name)

            return await state.pool.run(work)
        except BaseException:
            state.store.remove(folder)
            raise

    @router.get("/{name}", responses=responses(400, 401, 403, 404, 422, 429, 500, 503, 504))
    async def show(name: str) -> Session:
        """What is known of the photograph; its time begins anew."""
        return await state.work(name, lambda photo: about(photo, read_about(photo.folder / "about.json")["name"]))

    @router.delete("/{name}", status_code=204, response_class=Response, responses=responses(400, 401, 403, 404, 500))
    async def end(name: str) -> None:
        """End the session: the photograph and all that belongs to it are deleted."""
        folder = state.store.find("sessions", name)
        state.engine.forget(name)
        state.store.remove(folder)

    @router.post(
        "/{name}/references",
        status_code=201,
        responses=responses(400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503, 504, 507),
        openapi_extra=multipart_body(picture),
    )
    async def refer(name: str, request: Request) -> ReferenceMade:
        """Add a colour picture to take colours from."""
        folder = state.store.find("sessions", name)
        state.pool.admit()
        waiting = state.store.new("incoming")
        try:
            async with received(request, state.settings, {"picture": 1}) as form:
                upload = form.one("picture")
                shown = file_name(upload)
                await keep(upload, waiting / "picture")
            work: Any = state.engine.add_reference
            return ReferenceMade(**await state.pool.run(work, folder, shown, waiting / "picture"))
        finally:
            state.store.remove(waiting)

    @router.delete(
        "/{name}/references/{reference}",
        status_code=204,
        response_class=Response,
        responses=responses(400, 401, 403, 404, 422, 429, 500, 503, 504),
    )
    async def drop(name: str, reference: str) -> None:
        """Delete a reference picture."""
        await state.work(name, lambda photo: photo.drop(reference))

    return router
