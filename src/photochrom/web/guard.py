"""What every request passes: who may ask, how much may be sent, the headers of every answer, and the counting."""

from __future__ import annotations

import hmac
import logging
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from photochrom.web.problems import Problem, problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from photochrom.web.metrics import Metrics
    from photochrom.web.settings import Settings

__all__ = ["Guard"]

_log = logging.getLogger("photochrom.web")

#: Sent with every answer. Nothing but this server's own files: the browser itself refuses any third party.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
#: Room beside the pictures of a form: boundaries, headers, names.
_FORM_ROOM = 100_000


class Guard:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self.app, self.settings, self.metrics = app, settings, metrics
        self._token = None if settings.token is None else f"Bearer {settings.token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0
        # Whatever answers GET answers HEAD, too: the same headers, and no body.
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}

        async def say(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            elif head:
                message = {**message, "body": b""}
            await send(message)

        try:
            self._check(scope)
            await self.app(scope, self._counted(scope, receive), say)
        except Problem as problem:
            await problem_response(problem)(scope, receive, say)
        except Exception as error:
            _log.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
            if status == 0:
                sorry = Problem("error", "the server failed at this request; the reason is in its log")
                await problem_response(sorry)(scope, receive, say)
        finally:
            # The route's pattern, not the address: a client cannot make new rows in the metrics.
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.seen(route, scope["method"], status, time.perf_counter() - start)

    def _check(self, scope: Scope) -> None:
        """Raise Problem for who may not ask."""
        headers, settings = Headers(scope=scope), self.settings
        host = headers.get("host", "")
        # A page elsewhere can make its own name point to this computer; the name then shows it.
        if settings.hosts is not None and _name(host) not in settings.hosts:
            raise Problem("forbidden", f"this server answers as {', '.join(settings.hosts)}")
        origin = headers.get("origin")
        if origin is not None and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            own = origin.partition("://")[2] == host
            if not own and origin not in settings.origins:
                raise Problem(
                    "forbidden", "pages of other sites may not use this server; name them with --allow-origin"
                )
        if self._token is not None and (scope["path"].startswith("/v1/") or scope["path"] == "/metrics"):
            given = headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, self._token):
                raise Problem(
                    "unauthorized",
                    "send the header Authorization: Bearer TOKEN, the token that the server was started with",
                    headers={"WWW-Authenticate": "Bearer"},
                )

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        """``receive``, which raises Problem where a body grows too large, at once where its header announces it."""
        headers = Headers(scope=scope)
        form = headers.get("content-type", "").lower().startswith("multipart/")
        film = scope["method"] == "POST" and scope["path"] == "/v1/films"
        limit = self.settings.max_bytes if form else self.settings.max_json
        limit = self.settings.max_film_bytes if film else limit
        room = limit + (_FORM_ROOM if form else 0)
        announced = headers.get("content-length", "")
        problem = Problem(
            "too-large",
            f"the request has more than {limit} bytes",
            field="film" if film else "picture" if form else None,
            limit=limit,
            headers={"Connection": "close"},
        )
        if announced.isdecimal() and int(announced[:20]) > room:
            raise problem
        count = 0

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > room:
                raise problem
            return message

        return counted


def _name(host: str) -> str | None:
    """The name in a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
