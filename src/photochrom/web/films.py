"""``/v1/films``: films that are brought, looked at, steered, coloured by a process of their own, and taken home."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse

from photochrom.edits.dials import DIALS
from photochrom.edits.hints import Hint, Hints, Region, Step
from photochrom.edits.places import Spot
from photochrom.errors import PhotochromError
from photochrom.web.films_desk import Desk, file_response
from photochrom.web.films_folder import NO_EDITS, FilmFolder
from photochrom.web.films_models import REFERENCE, ClipWanted, Film, FilmChoices, FilmEdits, Films, JobWanted, ShotShown
from photochrom.web.films_state import film_shown, shots_shown
from photochrom.web.films_upload import look_at, receive
from photochrom.web.films_work import (
    ask_clip,
    begin,
    choose,
    drop_reference,
    how,
    keep_edits,
    known_reading,
    look_again,
    moment_of,
    take_reference,
)
from photochrom.web.painting import picture_response
from photochrom.web.problems import Problem, as_problem, responses
from photochrom.web.sessions import ReferenceMade
from photochrom.web.state import State
from photochrom.web.uploads import file_name, keep, multipart_body, received

__all__ = ["routes"]

_FILES: dict[str, Any] = {
    kind: {"schema": {"type": "string", "format": "binary"}}
    for kind in ("video/mp4", "video/webm", "video/x-matroska", "video/quicktime", "application/octet-stream")
}
_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": _FILES["video/mp4"]}}}
_PROBLEMS = responses(400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 504)
_RANGES: dict[int | str, dict[str, Any]] = {
    206: {"description": "The part that the header Range asks for.", "content": _FILES},
    416: {"description": "There is no such part.", "content": {"text/plain": {"schema": {"type": "string"}}}},
}


def routes(state: State, desk: Desk) -> APIRouter:
    """The addresses of this module."""
    router = APIRouter(prefix="/v1/films", tags=["films"])
    settings, pool = state.settings, state.pool
    pictures = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/png", "image/jpeg")}

    @router.get("", responses=responses(400, 401, 403, 500))
    def every() -> Films:
        """All films, in the order in which they came, and whether this server takes films."""
        found = [] if desk.films is None or desk.why else [film_shown(one) for one in desk.films]
        here = settings.hosts is not None and set(settings.hosts) <= {"localhost", "127.0.0.1", "::1"}
        return Films(
            available=desk.why is None,
            why=desk.why,
            folder=str(settings.films) if here and desk.why is None else None,
            max_bytes=settings.max_film_bytes,
            films=[one for one in found if one is not None],
        )

    @router.post(
        "",
        status_code=201,
        responses=responses(400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503, 504, 507),
        openapi_extra=_BODY,
    )
    async def bring(request: Request, name: Annotated[str, Query(max_length=1000)] = "film") -> Film:
        """Bring a film: its bytes are the body. Its shots are looked for at once; it stays until it is deleted."""
        films = desk.folders
        pool.check_open()
        folder = await receive(request, films, settings, name)

        def work() -> Film:
            look_at(folder, name)
            folder.want("read", how=how(settings))
            if desk.queue is not None:
                desk.queue.wake()
            return desk.shown(folder)

        try:
            # Not by the pool: a film that has taken an hour to come is not sent away because photographs are being painted.
            return await run_in_threadpool(work)
        except BaseException:
            await run_in_threadpool(films.remove, folder)
            raise

    @router.get("/{film}", responses=_PROBLEMS)
    def show(film: str) -> Film:
        """A film, and how far the work on it is. Ask again while something is queued or running."""
        return desk.shown(desk.find(film))

    @router.delete("/{film}", status_code=204, response_class=Response, responses=_PROBLEMS)
    async def remove(film: str) -> None:
        """Delete a film and all that was made of it; work on it ends."""
        folder = desk.find(film)
        await run_in_threadpool(desk.folders.remove, folder)
        if desk.queue is not None:
            desk.queue.wake()

    @router.put("/{film}/reading", responses=_PROBLEMS)
    async def reread(film: str) -> Film:
        """Look for the shots again, after that failed."""
        return await desk.changed(film, lambda folder: look_again(folder, settings))

    @router.get("/{film}/shots", responses=_PROBLEMS)
    def shots(film: str) -> list[ShotShown]:
        """The shots, in their order."""
        folder = desk.find(film)
        known_reading(folder)
        return shots_shown(folder) or []

    @router.get(
        "/{film}/shots/{shot}/thumbnail",
        response_class=Response,
        responses={
            200: {"description": "A small picture.", "content": {"image/jpeg": pictures["image/jpeg"]}},
            **_PROBLEMS,
        },
    )
    def thumbnail(film: str, shot: Annotated[int, Path(le=2**31)]) -> Response:
        """A small picture of the middle of a shot."""
        path = desk.find(film).path / "thumbs" / f"{shot:06d}.jpg"
        if not path.exists():
            raise Problem("not-found", "there is no picture of this shot yet")
        return FileResponse(path, media_type="image/jpeg")

    @router.get(
        "/{film}/frame",
        response_class=Response,
        responses={200: {"description": "The frame.", "content": pictures}, **_PROBLEMS},
    )
    async def frame(
        film: str,
        time: Annotated[float | None, Query(allow_inf_nan=False)] = None,
        frame: Annotated[int | None, Query(ge=0, le=2**31)] = None,
        look: Literal["before", "after"] = "before",
    ) -> Response:
        """A frame as a player shows it: ``before`` its light, a grey PNG; ``after`` a JPEG, painted with its own hints."""
        folder = desk.find(film)

        def work() -> Response:
            from photochrom.film.film import open_film
            from photochrom.film.moment import frame_at, grey_picture

            reading = known_reading(folder)
            index = moment_of(reading, time, frame)
            source = open_film(folder.film).source
            grey = grey_picture(source, frame_at(source, reading, index))
            if look == "before":
                return picture_response(grey, "png")
            return picture_response(_painted(state, folder, grey, index), "jpeg")

        return await pool.run(work)

    @router.get("/{film}/edits", response_model_exclude_none=True, responses=_PROBLEMS)
    def edits(film: str) -> FilmEdits:
        """Hints, references and palettes: what ``photochrom video --hints`` takes."""
        return FilmEdits.model_validate(desk.find(film).edits())

    @router.put("/{film}/edits", responses=_PROBLEMS)
    async def edit(film: str, given: FilmEdits) -> Film:
        """Put others in their place."""
        return await desk.changed(film, lambda folder: keep_edits(folder, given))

    @router.get("/{film}/choices", responses=_PROBLEMS)
    def choices(film: str) -> FilmChoices:
        """How the whole film is coloured."""
        found: FilmChoices = FilmChoices.model_validate(desk.find(film).choices())
        return found

    @router.put("/{film}/choices", responses=_PROBLEMS)
    async def change(film: str, given: FilmChoices) -> Film:
        """Choose otherwise."""
        return await desk.changed(film, lambda folder: choose(folder, given))

    @router.post(
        "/{film}/references",
        status_code=201,
        responses=responses(400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503, 504, 507),
        openapi_extra=multipart_body({"picture": "A colour picture."}),
    )
    async def refer(film: str, request: Request) -> ReferenceMade:
        """Add a colour picture to take colours from; the edits name it by its id, as the path of a reference."""
        folder = desk.find(film)
        pool.admit()
        waiting = state.store.new("incoming")
        try:
            async with received(request, settings, {"picture": 1}) as form:
                upload = form.one("picture")
                await keep(upload, waiting / "picture")

            def work() -> ReferenceMade:
                opened = state.engine.colorizer(None, "normal").open(
                    waiting / "picture", max_pixels=settings.max_pixels
                )
                number = take_reference(folder, file_name(upload), waiting / "picture", settings.max_references)
                return ReferenceMade(id=number, width=opened.size[0], height=opened.size[1])

            return await pool.run(work)
        finally:
            state.store.remove(waiting)

    @router.get(
        "/{film}/references/{reference}",
        response_class=Response,
        responses={
            200: {"description": "The file as it came.", "content": {"application/octet-stream": _FILES["video/mp4"]}},
            **_PROBLEMS,
        },
    )
    def picture(film: str, reference: Annotated[str, Path(pattern=REFERENCE)]) -> Response:
        """A colour picture that was added, under the name that it had."""
        folder = desk.find(film)
        made = folder.read(f"{reference}.json")
        if made is None:
            raise Problem("reference-gone", f"no reference {reference!r}", field="reference")
        return FileResponse(folder.path / reference, media_type="application/octet-stream", filename=made["name"])

    @router.delete("/{film}/references/{reference}", status_code=204, response_class=Response, responses=_PROBLEMS)
    def drop(film: str, reference: Annotated[str, Path(pattern=REFERENCE)]) -> None:
        """Delete a colour picture that neither the edits nor the work on the film use; its id is not given again."""
        drop_reference(desk.find(film), reference)

    @router.put("/{film}/job", responses=_PROBLEMS)
    async def start(film: str, given: JobWanted) -> Film:
        """Colour the whole film, or go on with it. One film is coloured at a time; others wait for their turn."""
        return await desk.changed(film, lambda folder: begin(folder, given, settings))

    @router.delete("/{film}/job", responses=_PROBLEMS)
    async def stop(film: str) -> Film:
        """Stop colouring. What is done is kept, and the next start goes on from there."""
        return await desk.changed(film, lambda folder: folder.stop("color"))

    @router.put("/{film}/clip", responses=_PROBLEMS)
    async def clip(film: str, given: ClipWanted) -> Film:
        """Make a clip of before and after of a shot; it is there when the film's ``clip`` is done and current."""
        return await desk.changed(film, lambda folder: ask_clip(folder, given, settings))

    files: dict[int | str, dict[str, Any]] = {
        200: {"description": "The file.", "content": _FILES},
        **_RANGES,
        **_PROBLEMS,
    }

    @router.get("/{film}/clip", response_class=Response, responses=files)
    def clip_file(film: str) -> Response:
        """The clip that was made last; parts of it by Range."""
        folder = desk.find(film)
        made = folder.read("clip.json")
        return file_response(folder, made and made["file"], None)

    @router.get("/{film}/result", response_class=Response, responses=files)
    def result(film: str) -> Response:
        """The film in colour; parts of it by Range."""
        folder = desk.find(film)
        made = folder.read("done.json")
        return file_response(folder, made and made["file"], made and made["name"])

    return router


def _painted(state: State, folder: FilmFolder, grey: Any, index: int) -> Any:
    """A frame with the hints that were placed in it, as a photograph is painted: (h, w, 3) uint8 sRGB."""
    from photochrom.film.steer import FilmArea, FilmHint, Steering, load_steering

    reading = known_reading(folder)
    chosen, about = folder.choices(), folder.read("about.json")
    edits = folder.read("edits.json")
    given = load_steering(folder.path / "edits.json") if edits and edits != NO_EDITS else Steering()
    stretch = about["display"][0] / about["width"], about["display"][1] / about["height"]

    def here(one: FilmHint | FilmArea) -> bool:
        return one.at(list(reading.times)) + reading.first == index

    hints: list[Step] = [
        Hint(one.ab, Spot(one.x * stretch[0], one.y * stretch[1], one.radius), reach=one.reach)
        for one in given.hints
        if here(one)
    ]
    size = about["width"], about["height"]
    areas = [Region(one.ab, one.mask.scaled(size, tuple(about["display"]))) for one in given.areas if here(one)]
    try:
        opened = state.engine.colorizer(None, "normal").open(np.ascontiguousarray(grey))
        dials = {key: chosen[key] for key in (*DIALS, "palette") if key in chosen}
        return opened.paint(hints=Hints([*areas, *hints]), **dials).rgb
    except PhotochromError as error:
        raise as_problem(error) from None
