"""``/v1/films/{film}/events``: what is known of a film, sent whenever it changes, as server-sent events (WHATWG HTML, 9.2)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from photochrom.web.films_desk import Desk
from photochrom.web.films_folder import FilmFolder
from photochrom.web.films_models import Film
from photochrom.web.films_state import film_shown
from photochrom.web.problems import responses

__all__ = ["routes"]

#: Seconds between two looks at the folder, between two signs of life where nothing changes, and until a client must ask again.
_LOOK, _BEAT, _LONGEST = 0.25, 15.0, 600.0
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


def routes(desk: Desk) -> APIRouter:
    """The address of this module."""
    router = APIRouter(prefix="/v1/films", tags=["films"])

    @router.get(
        "/{film}/events",
        response_class=StreamingResponse,
        responses={**_STREAM, **responses(400, 401, 403, 404, 422, 500, 503)},
    )
    def events(film: str) -> StreamingResponse:
        """What ``GET /v1/films/{film}`` answers, at once and then whenever it changes: events named ``film``.

        The stream ends when nothing is queued or running any more; an event ``gone`` ends it where the film was deleted.
        """
        folder = desk.find(film)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_changes(folder), media_type="text/event-stream", headers=headers)

    return router


async def _changes(folder: FilmFolder) -> AsyncIterator[str]:
    begun = sent = time.monotonic()
    last = ""
    while True:
        shown = await run_in_threadpool(film_shown, folder)
        if shown is None:
            yield "event: gone\ndata: {}\n\n"
            return
        now = shown.model_dump_json()
        if now != last:
            yield f"event: film\ndata: {now}\n\n"
            last, sent = now, time.monotonic()
        elif time.monotonic() - sent > _BEAT:
            yield ": still here\n\n"
            sent = time.monotonic()
        if not _busy(shown) or time.monotonic() - begun > _LONGEST:
            return
        await anyio.sleep(_LOOK)


def _busy(film: Film) -> bool:
    return any(task.state in ("queued", "running") for task in (film.reading, film.coloring, film.clip))
