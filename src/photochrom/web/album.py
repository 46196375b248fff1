"""``POST /v1/sessions/{id}/proposals``: what was hinted in other photographs, where this one shows the same kind of thing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from photochrom.edits.hints_json import hints_to_json
from photochrom.web import options
from photochrom.web.edits import to_edits
from photochrom.web.engine import Photo
from photochrom.web.problems import responses
from photochrom.web.state import State

__all__ = ["routes"]


class Like(options.Strict):
    """A photograph that has hints: its session and its edits."""

    session: Annotated[str, Field(max_length=64)]
    edits: options.Edits


class Propose(options.Strict):
    """The photographs to learn from; nothing is proposed on what the edits of this one have hinted."""

    like: Annotated[list[Like], Field(min_length=1, max_length=16)]
    edits: options.Edits = options.Edits()


class Proposal(BaseModel):
    """A hint for this photograph, as hint ``index`` of ``like[source]`` is.

    swatch: the colour in the light of its place. sureness: 0 to 1, how alike both are.
    """

    hint: dict[str, Any]
    source: int
    index: int
    swatch: str
    sureness: float


def routes(state: State) -> APIRouter:
    """The addresses of this module."""
    router = APIRouter(prefix="/v1/sessions/{name}", tags=["painting"])

    @router.post("/proposals", responses=responses(400, 401, 403, 404, 413, 422, 429, 500, 503, 504))
    async def proposals(name: str, wanted: Propose) -> list[Proposal]:
        """What other photographs' hints say about this one, the surest first; none where it shows nothing of the kind."""
        others = [state.store.find("sessions", one.session) for one in wanted.like]

        def work(photo: Photo) -> list[Proposal]:
            like = []
            for folder, one in zip(others, wanted.like, strict=True):
                other = state.engine.photo(folder)
                like.append((other.opened, to_edits(one.edits, other.references(), other.opened.size)))
            edits = to_edits(wanted.edits, photo.references(), photo.opened.size)
            found = photo.opened.propose(like, edits)
            swatches = photo.opened.seen_at([one.hint.place for one in found], [one.hint.ab for one in found])
            rows = hints_to_json(one.hint for one in found)
            return [
                Proposal(hint=row, source=one.source, index=one.index, swatch=swatch.color, sureness=one.sureness)
                for row, one, swatch in zip(rows, found, swatches, strict=True)
            ]

        return await state.work(name, work)

    return router
