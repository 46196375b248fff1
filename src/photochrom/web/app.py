"""The web app: the REST API, its documentation, and the page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from photochrom.errors import MissingExtraError

try:
    import prometheus_client  # noqa: F401
    import python_multipart  # noqa: F401
    from fastapi import FastAPI, Response
    from fastapi.concurrency import run_in_threadpool
    from fastapi.responses import FileResponse
    from fastapi.staticfiles import StaticFiles
    from starlette.middleware.cors import CORSMiddleware
except ImportError as error:
    raise MissingExtraError("web", "the web app") from error

import numpy as np

from photochrom.version import __version__
from photochrom.web import (
    about,
    album,
    colorize,
    comparison,
    films,
    films_desk,
    films_events,
    painting,
    results,
    sessions,
    swatches,
)
from photochrom.web.engine import Engine
from photochrom.web.guard import Guard
from photochrom.web.metrics import Metrics
from photochrom.web.openapi import describe
from photochrom.web.page_dials import page_dials
from photochrom.web.pool import Pool
from photochrom.web.problems import Problem, handle_problems
from photochrom.web.settings import Settings
from photochrom.web.state import State
from photochrom.web.store import Store

__all__ = ["create_app"]

_STATIC = Path(__file__).parent / "static"
#: Seconds between two looks for what has expired, at the most.
_SWEEP = 60.0


def create_app(settings: Settings | None = None, folder: Path | None = None) -> FastAPI:
    """The app as ASGI servers run it.

    folder: where uploads are kept, shared by all workers; None: a private one of this app, deleted at its end. Raises ModelError
    where the default model cannot be used.
    """
    settings = settings or Settings()
    store, engine, metrics = Store(settings, folder), Engine(settings), Metrics()
    pool = Pool(settings.jobs, settings.max_queue, settings.max_seconds)
    state = State(settings, store, engine, pool, metrics)
    desk = films_desk.Desk(state)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(state))
        try:
            await pool.run(_warm_up, engine)
            desk.start()
            yield
        finally:
            await run_in_threadpool(desk.close)
            sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeping
            await run_in_threadpool(pool.close)
            await run_in_threadpool(store.close)

    app = FastAPI(
        title="Photochrom",
        version=__version__,
        description=describe.__doc__ or "",
        docs_url=None,  # FastAPI's own pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.photochrom = state
    for module in (about, colorize, sessions, painting, swatches, album, comparison, results):
        app.include_router(module.routes(state))
    app.include_router(films.routes(state, desk))
    app.include_router(films_events.routes(desk))
    app.include_router(films_desk.downloads(desk))
    handle_problems(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(_STATIC / "docs" / "index.html")

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        index = _STATIC / "app" / "index.html"
        if not index.is_file():
            raise Problem("not-found", "this server has no page; its API is described at /docs")
        return FileResponse(index)

    @app.get("/static/app/table.js", include_in_schema=False)
    async def table() -> Response:
        return Response(page_dials(), media_type="text/javascript")

    for part in ("app", "docs"):
        if (_STATIC / part).is_dir():
            app.mount(f"/static/{part}", StaticFiles(directory=_STATIC / part))
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Content-Disposition", "Retry-After"],
        )
    return app


def _warm_up(engine: Engine) -> None:
    """Load the model and make the tables of colours before the first picture comes."""
    opened = engine.colorizer(None, "normal").open(np.zeros((64, 64), np.uint8))
    _: Any = opened.paint().rgb


async def _sweep(state: State) -> None:
    """Delete what has expired, again and again."""
    while True:
        await asyncio.sleep(min(_SWEEP, state.settings.keep / 4, state.settings.idle / 4))
        await run_in_threadpool(state.store.sweep)
        await run_in_threadpool(state.engine.rest)
