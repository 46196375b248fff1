"""The page of a study: what a participant sees, one pair after the other. Keeps no addresses and sends nothing elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from photochrom.errors import MissingExtraError, StudyError
from photochrom.evaluate.study.plan import Side, Study
from photochrom.evaluate.study.votes import Progress, Store
from photochrom.web.listening import address, listen

try:
    import uvicorn
    from fastapi import Cookie, FastAPI, HTTPException, Request, Response
    from fastapi.responses import FileResponse, JSONResponse
    from fastapi.staticfiles import StaticFiles
    from pydantic import BaseModel, Field
except ImportError as error:
    raise MissingExtraError("web", "a study's page") from error

__all__ = ["create_app", "serve"]

_STATIC = Path(__file__).parent / "static" / "study"
_COOKIE, _COOKIE_SECONDS = "participant", 60 * 24 * 3600
_HEADERS = {
    "Cache-Control": "no-store",
    # Nothing but this server's own files: the browser itself refuses any third party.
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Participant = Annotated[str | None, Cookie(alias=_COOKIE)]


class Consent(BaseModel):
    """The participant has read the text and agrees."""

    consent: Literal[True]


class Answer(BaseModel):
    """The side chosen for the pair at ``position``, and how long that took."""

    position: int = Field(ge=0)
    choice: Side
    milliseconds: int = Field(ge=0, le=2**31 - 1)


def create_app(study: Study, store: Store) -> FastAPI:
    """The page and its interface. A participant is known by a random id in a cookie of this page alone.

    A picture's address holds the trial and the side, and its method nowhere. Only the pair in turn and the next one are
    given out.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)  # their pages load scripts from elsewhere
    app.mount("/static", StaticFiles(directory=_STATIC))

    @app.middleware("http")
    async def guard(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await proceed(request)
        response.headers.update(_HEADERS)
        return response

    @app.exception_handler(StudyError)
    def refuse(_: Request, error: StudyError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=503)

    def known(participant: str | None) -> Progress:
        progress = store.progress(participant) if participant else None
        if progress is None:
            raise HTTPException(403, "not a participant of this study; load the page again")
        return progress

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(_STATIC / "index.html")

    @app.get("/api/state")
    def state(participant: Participant = None) -> dict[str, Any]:
        progress = store.progress(participant) if participant else None
        if progress is None:
            return {"stage": "consent", "title": study.title, "consent": study.consent}
        return _state(study, progress.trials, progress.answered)

    @app.post("/api/start")
    def start(_: Consent, response: Response, participant: Participant = None) -> dict[str, Any]:
        progress = store.progress(participant) if participant else None
        if progress is None:
            participant = store.enrol()
            response.set_cookie(_COOKIE, participant, max_age=_COOKIE_SECONDS, httponly=True, samesite="strict")
            progress = known(participant)
        return _state(study, progress.trials, progress.answered)

    @app.post("/api/vote")
    def vote(answer: Answer, participant: Participant = None) -> dict[str, Any]:
        progress = known(participant)
        if answer.position > progress.answered or answer.position >= len(progress.trials):
            raise HTTPException(409, f"pair {progress.answered} is in turn, not {answer.position}")
        answered = progress.answered
        if answer.position == answered:  # an earlier one was kept already, and its acknowledgement got lost
            store.vote(str(participant), answer.position, answer.choice, answer.milliseconds)
            answered += 1
        after = _state(study, progress.trials, answered)
        trial = progress.trials[answer.position]
        if trial.role == "practice" and study.kind == "turing":
            after["answer"] = trial.answer(study.kind)
        return after

    @app.get("/api/picture/{position}/{side}")
    def picture(position: int, side: Side, participant: Participant = None) -> Response:
        progress = known(participant)
        if not progress.answered <= position < min(progress.answered + 2, len(progress.trials)):
            raise HTTPException(404, "only the pictures of the pair in turn and of the next one are given out")
        trial = progress.trials[position]
        return Response(study.picture(trial.picture, trial.method(side)).read_bytes(), media_type="image/png")

    return app


def _state(study: Study, trials: Any, answered: int) -> dict[str, Any]:
    """What the page needs, and nothing that shows which picture is which: an attention check looks like a test."""
    if answered == len(trials):
        return {"stage": "done", "title": study.title}
    trial = trials[answered]
    practice = sum(each.role == "practice" for each in trials)
    part = (answered + 1, practice) if trial.role == "practice" else (answered + 1 - practice, len(trials) - practice)
    return {
        "stage": "trial",
        "title": study.title,
        "kind": study.kind,
        "seconds": study.seconds,
        "position": answered,
        "first": trial.first,
        "practice": trial.role == "practice",
        "number": part[0],
        "of": part[1],
        "more": answered + 1 < len(trials),
    }


def serve(study: Study, store: Store, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve the page until interrupted; ``ready`` gets its address. Port 0 takes any free one.

    No request is logged, so that no address of a participant is kept. Raises OptionError where the address cannot be used.
    """
    with listen(host, port) as listener:
        config = uvicorn.Config(
            create_app(study, store), access_log=False, log_level="warning", server_header=False, proxy_headers=False
        )
        ready(address(host, listener.getsockname()[1]))
        uvicorn.Server(config).run(sockets=[listener])
