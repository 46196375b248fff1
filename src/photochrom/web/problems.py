"""What goes wrong, as problem+json (RFC 9457): a type, a title, the reason, and where there is one the field and the limit.

No message holds a path: the file that an error names is left out, since clients know nothing of this machine's files.
"""

from __future__ import annotations

import errno
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from photochrom.errors import (
    FilmError,
    ImageError,
    ImageTooLargeError,
    MissingExtraError,
    ModelError,
    OptionError,
    OutputError,
    PhotochromError,
    UnknownModelError,
    UnsupportedImageError,
)

__all__ = ["MEDIA_TYPE", "Problem", "ProblemBody", "as_problem", "handle_problems", "problem_response", "responses"]

MEDIA_TYPE = "application/problem+json"

#: The names of problems, their titles and statuses.
KINDS: dict[str, tuple[int, str]] = {
    "bad-request": (400, "The request is not what HTTP or this API expects"),
    "unauthorized": (401, "A token is needed"),
    "forbidden": (403, "Requests from other sites are refused"),
    "not-found": (404, "There is nothing at this address"),
    "session-gone": (404, "The session has ended"),
    "reference-gone": (404, "The session has no such reference"),
    "film-gone": (404, "The film has been removed"),
    "unavailable": (404, "This server does not do that"),
    "method-not-allowed": (405, "This address takes another method"),
    "conflict": (409, "Not as things are now"),
    "too-slow": (408, "The request did not arrive in time"),
    "too-large": (413, "Too large"),
    "unsupported": (415, "Not a kind of picture or request that is read"),
    "invalid": (422, "Something in the request cannot be used"),
    "busy": (429, "Too many requests are waiting"),
    "error": (500, "The server failed"),
    "shutting-down": (503, "The server is shutting down"),
    "took-too-long": (504, "The work took longer than the server allows"),
    "disk-full": (507, "The server has no room left"),
}


class ProblemBody(BaseModel):
    """A problem as problem+json (RFC 9457)."""

    type: str = Field(examples=["/problems/invalid"])
    title: str
    status: int
    detail: str
    field: str | None = Field(default=None, description="What in the request is meant, where one thing is.")
    limit: float | None = Field(default=None, description="The limit that was passed, where there is one.")
    errors: list[dict[str, str]] | None = Field(
        default=None, description="All fields that are wrong, where several may be."
    )


class Problem(StarletteHTTPException):
    """Raised anywhere in a request; becomes the answer."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        field: str | None = None,
        limit: float | None = None,
        headers: dict[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        status, title = KINDS[kind]
        super().__init__(status, detail, headers)
        body = {"type": f"/problems/{kind}", "title": title, "status": status, "detail": detail}
        more = {"field": field, "limit": limit, "errors": errors}
        self.body: dict[str, Any] = body | {key: value for key, value in more.items() if value is not None}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of the problems that an address may answer with."""
    always = {400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 503, 504, 507}
    titles: dict[int, str] = {}
    for status, title in KINDS.values():
        titles[status] = f"{titles[status]}; or: {title}" if status in titles else title
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": titles[status], "content": content} for status in sorted(statuses or always)}


def problem_response(problem: Problem) -> JSONResponse:
    """The answer for a problem."""
    return JSONResponse(problem.body, problem.status_code, problem.headers, MEDIA_TYPE)


def as_problem(error: PhotochromError) -> Problem:
    """The problem for an error of Photochrom's tree."""
    detail = _without_path(error)
    if isinstance(error, ImageTooLargeError):
        return Problem("too-large", detail, field="picture", limit=error.limit)
    if isinstance(error, UnsupportedImageError):
        return Problem("unsupported", detail, field="picture")
    if isinstance(error, ImageError):
        return Problem("invalid", detail, field="picture")
    if isinstance(error, FilmError):
        return Problem("unsupported", detail, field="film")
    if isinstance(error, MissingExtraError):
        return Problem("unavailable", detail)
    if isinstance(error, UnknownModelError):
        return Problem("invalid", f"unknown model {error.name!r}; see /v1/models", field="model")
    if isinstance(error, ModelError):
        return Problem("invalid", "this model cannot be used on this server; see /v1/models", field="model")
    if isinstance(error, OutputError):
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return Problem("disk-full", "there is no room for the result; try again later")
        return Problem("invalid", detail, field="format")
    if isinstance(error, OptionError):
        return Problem("invalid", detail, field=error.option.removeprefix("--"))
    return Problem("invalid", detail)


def _without_path(error: PhotochromError) -> str:
    text, path = str(error), getattr(error, "path", None)
    return text if path is None else text.replace(f"{path}: ", "").replace(str(path), "the file")


def handle_problems(app: FastAPI) -> None:
    """Answer every error of this app as problem+json."""

    @app.exception_handler(StarletteHTTPException)
    async def http(_: Request, error: StarletteHTTPException) -> JSONResponse:
        if not isinstance(error, Problem):
            kind = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}.get(error.status_code, "bad-request")
            error = Problem(kind, str(error.detail), headers=dict(error.headers or {}))
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(validation_problem(error.errors()))

    @app.exception_handler(PhotochromError)
    async def refused(_: Request, error: PhotochromError) -> JSONResponse:
        return problem_response(as_problem(error))


def validation_problem(found: Any) -> Problem:
    """The problem for what pydantic found: the first field in words, and up to ten."""
    errors = []
    for one in found[:10]:
        place = [str(part) for part in one["loc"] if part not in ("body", "path", "query")]
        errors.append({"field": ".".join(place), "detail": str(one["msg"])})
    first = errors[0]
    detail = f"{first['field']}: {first['detail']}" if first["field"] else first["detail"]
    context = found[0].get("ctx") or {}
    bounds = ("le", "lt", "ge", "gt", "max_length", "min_length")
    limit = next((context[name] for name in bounds if isinstance(context.get(name), (int, float))), None)
    if found[0]["type"] == "json_invalid":
        return Problem("bad-request", f"the JSON cannot be read: {first['detail']}")
    return Problem("invalid", detail, field=first["field"] or None, limit=limit, errors=errors)
