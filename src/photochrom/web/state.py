"""What the handlers of one app share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from fastapi import Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from photochrom.colorized import Colorized
from photochrom.images.write import OUTPUT_SUFFIXES
from photochrom.web.engine import Engine, Photo
from photochrom.web.metrics import Metrics
from photochrom.web.pool import Pool
from photochrom.web.settings import Settings
from photochrom.web.store import Store

__all__ = ["MEDIA_TYPES", "State", "attachment", "save"]

Result = TypeVar("Result")

MEDIA_TYPES = {
    **{"jpeg": "image/jpeg", "png": "image/png", "tiff": "image/tiff", "webp": "image/webp", "gif": "image/gif"},
}
_SUFFIXES = {kind: suffix for suffix, kind in reversed(OUTPUT_SUFFIXES.items())}


@dataclass(frozen=True)
class State:
    """Limits, folders, models, threads and figures of an app."""

    settings: Settings
    store: Store
    engine: Engine
    pool: Pool
    metrics: Metrics

    async def work(self, name: str, work: Callable[[Photo], Result]) -> Result:
        """``work`` on the opened photograph of a session, in the pool. Raises Problem."""
        folder = self.store.find("sessions", name)

        def weighed() -> Result:
            photo = self.engine.photo(folder)
            try:
                return work(photo)
            finally:
                self.engine.keep(photo)  # what was worked out for it counts

        return await self.pool.run(weighed)


def save(
    result: Colorized, folder: Path, form: str, quality: int | None, stem: str = "file"
) -> tuple[Path, tuple[str, ...]]:
    """Write a picture into a folder of this server's own; ``form`` is a format or "same". Returns its path and notices."""
    info = result.opened.source.info
    path = folder / f"{stem}{_SUFFIXES[info.format if form == 'same' else form]}"
    return path, result.save(path, jpeg_quality=quality)


def attachment(path: Path, name: str, then: Callable[[], Any] | None = None) -> Response:
    """A file as the answer, to be saved under a name; ``then`` is called when it has been sent."""
    kind = OUTPUT_SUFFIXES[path.suffix]
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[kind],
        filename=f"{Path(name).stem}_color{path.suffix}",
        background=None if then is None else BackgroundTask(then),
    )
