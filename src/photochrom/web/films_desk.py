"""The films of one app, the queue of work on them, and their files as answers."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from photochrom.errors import PhotochromError
from photochrom.web.films_folder import FilmFolder, Films
from photochrom.web.films_models import Film
from photochrom.web.films_queue import Queue
from photochrom.web.films_state import film_shown
from photochrom.web.problems import Problem
from photochrom.web.state import State

__all__ = ["Desk", "downloads", "file_response"]

_GONE = "film-gone", "this film has been removed or never was"
_KINDS = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
}


class Desk:
    """The films of one app, and the queue of work on them; ``why``: why it takes none."""

    def __init__(self, state: State) -> None:
        self.state, self.settings = state, state.settings
        self.why = _why_not(state)
        self.films = Films(self.settings.films) if self.settings.films is not None else None
        self.queue = Queue(self.films) if self.films is not None and self.why is None else None

    def start(self) -> None:
        """Go on with what was wanted when the server ended."""
        if self.queue is not None:
            self.queue.start()

    def close(self) -> None:
        """End all work; it goes on at the next start."""
        if self.queue is not None:
            self.queue.close()

    def find(self, name: str) -> FilmFolder:
        """The folder of a film. Raises Problem."""
        folder = self.folders.find(name)
        if folder is None:
            raise Problem(*_GONE)
        return folder

    @property
    def folders(self) -> Films:
        """All films. Raises Problem where this server takes none."""
        if self.films is None or self.why is not None:
            raise Problem("unavailable", self.why or "this server takes no films")
        return self.films

    def shown(self, folder: FilmFolder) -> Film:
        """What is known of a film. Raises Problem."""
        found = film_shown(folder)
        if found is None:
            raise Problem(*_GONE)
        return found

    async def changed(self, name: str, work: Callable[[FilmFolder], Any]) -> Film:
        """Do something with a film that may want the queue's attention -> what is known of it then. Raises Problem."""
        folder = self.find(name)

        def change() -> Film:
            work(folder)
            if self.queue is not None:
                self.queue.wake()
            return self.shown(folder)

        return await self.state.pool.run(change)


def _why_not(state: State) -> str | None:
    if state.settings.films is None:
        return "this server takes no films; start it with --films FOLDER"
    try:
        from photochrom.film.source import av_module

        av_module()
    except PhotochromError as error:
        return str(error)
    return None


def downloads(desk: Desk) -> APIRouter:
    """Results under addresses that hold a secret in place of the token, for browsers to save them piece by piece."""
    router = APIRouter(include_in_schema=False)

    @router.get("/films/{film}/{ticket}/{name}")
    async def download(film: str, ticket: str, name: str) -> Response:
        folder = desk.find(film)
        about, made = folder.read("about.json"), folder.read("done.json")
        if about is None or made is None or name != made["file"]:
            raise Problem(*_GONE)
        if not hmac.compare_digest(ticket.encode(), about["ticket"].encode()):
            raise Problem(*_GONE)
        return file_response(folder, made["file"], made["name"])

    return router


def file_response(folder: FilmFolder, file: str | None, name: str | None) -> Response:
    """A file of a film's folder, or the part of it that Range asks for; name: to be saved under. Raises Problem."""
    path = folder.path / (file or "none")
    if file is None or not path.is_file():
        raise Problem("not-found", "there is none yet")
    return FileResponse(path, media_type=_KINDS.get(path.suffix, "application/octet-stream"), filename=name)
