"""What there is to know of a server: whether it lives, its figures, its models and palettes."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from photochrom.catalog import CATALOG
from photochrom.edits.palettes import NAMED
from photochrom.errors import ModelError
from photochrom.web.problems import responses
from photochrom.web.state import State
from photochrom.weights import find

__all__ = ["Model", "models", "routes"]


class Health(BaseModel):
    """The server answers."""

    status: Literal["ok"] = "ok"


class Model(BaseModel):
    """A row of the catalogue. ``default``: taken where a request names none. ``available``: its weights are on this server."""

    name: str
    title: str
    paper: str
    parameters: int
    bytes: int
    output: Literal["ab-bins", "ab"]
    hints: bool
    licence: str
    default: bool
    available: bool


class Palette(BaseModel):
    """A named palette."""

    name: str
    title: str
    colors: list[str]


def models(default: str) -> list[Model]:
    """The catalogue, as far as this server has it."""
    found = []
    for spec in CATALOG:
        try:
            paths: list[Any] = [find(file, spec.folder) for file in spec.files]
        except ModelError:
            paths = []
        row = {
            name: getattr(spec, name) for name in ("name", "title", "paper", "parameters", "output", "hints", "licence")
        }
        available = bool(paths) and None not in paths
        found.append(Model(**row, bytes=spec.size, default=spec.name == default, available=available))
    return found


def routes(state: State) -> APIRouter:
    """The addresses of this module."""
    router = APIRouter(tags=["about"])
    known: list[Model] = []

    @router.get("/healthz", responses=responses(400, 403, 500))
    async def health() -> Health:
        """Whether the server answers. Asks for no token."""
        return Health()

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **responses(400, 401, 403, 500)},
    )
    async def metrics() -> Response:
        """Figures for Prometheus."""
        text = state.metrics.exposition(
            queue=state.pool.waiting,
            jobs=state.pool.inside - state.pool.waiting,
            opened_bytes=state.engine.nbytes,
            sessions=state.store.count(),
        )
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    @router.get("/v1/models", responses=responses(400, 401, 403, 429, 500, 503, 504))
    async def list_models() -> list[Model]:
        """The models."""
        if not known:
            known.extend(await state.pool.run(models, state.settings.model))
        return known

    @router.get("/v1/palettes", responses=responses(400, 401, 403, 500))
    async def palettes() -> list[Palette]:
        """The named palettes."""
        return [
            Palette(name=name, title=name.replace("-", " ").capitalize(), colors=[color for color, _ in rows])
            for name, rows in NAMED.items()
        ]

    return router
