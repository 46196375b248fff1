"""A film on its way to the server: streamed to the disk as it comes, and looked at before it is taken."""

from __future__ import annotations

import asyncio
import errno
import secrets
import shutil
import time
from pathlib import Path

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from photochrom.web.films_folder import FilmFolder, Films
from photochrom.web.problems import Problem
from photochrom.web.settings import Settings
from photochrom.web.uploads import shown_name

__all__ = ["look_at", "receive"]

#: Bytes that a film leaves free on the disk, and that are gathered before they are written.
_SPARE, _CHUNK = 200_000_000, 1 << 22


async def receive(request: Request, films: Films, settings: Settings, name: str) -> FilmFolder:
    """The body of a request as the file of a new film that nobody finds yet. Raises Problem."""
    folder = await run_in_threadpool(films.new)
    path = folder.path / f"film{films.suffix(name)}"
    announced = request.headers.get("content-length", "")
    wanted = int(announced[:20]) if announced.isdecimal() else 0
    stream = request.stream()
    held = bytearray()
    try:
        _check_room(folder.path, wanted)
        with path.open("wb") as file:
            while True:
                try:
                    chunk = await asyncio.wait_for(anext(stream, None), settings.max_seconds)
                except asyncio.TimeoutError:
                    why = f"nothing more arrived for {settings.max_seconds:g} seconds"
                    raise Problem("too-slow", why, limit=settings.max_seconds) from None
                held += chunk or b""
                if chunk is None or len(held) >= _CHUNK:
                    await run_in_threadpool(file.write, bytes(held))
                    held.clear()
                    _check_room(folder.path, 0)
                if chunk is None:
                    return folder
    except OSError as error:
        films.remove(folder)
        raise _full(error) from None
    except BaseException:
        films.remove(folder)
        raise


def _full(error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem("disk-full", "there is no room for the film; remove other films, or make room", field="film")
    return error


def _check_room(folder: Path, wanted: int) -> None:
    if shutil.disk_usage(folder).free < wanted + _SPARE:
        raise OSError(errno.ENOSPC, "no room")


def look_at(folder: FilmFolder, name: str) -> None:
    """Look at a film that was received, and let it be found. Raises FilmError, NoVideoError, Problem."""
    from photochrom.film.film import open_film
    from photochrom.film.moment import display_size

    path = next(folder.path.glob("film*"))
    if not path.stat().st_size:
        raise Problem("unsupported", "the file is empty", field="film")
    source = open_film(path).source
    display = display_size(source)
    turned = round(source.rotation / 90) % 2
    width, height = source.layout.width, source.layout.height
    folder.write(
        "about.json",
        {
            "name": shown_name(name, "film"),
            "suffix": path.suffix,
            "bytes": path.stat().st_size,
            "added": time.time(),
            "width": height if turned else width,
            "height": width if turned else height,
            "display": display,
            "rate": None if source.rate is None else float(source.rate),
            "duration": source.duration,
            "notices": source.notices,
            "ticket": secrets.token_hex(16),
        },
    )
