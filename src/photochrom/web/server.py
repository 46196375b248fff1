"""Serve the app on this machine: one process, or several workers that share a port and a folder."""

from __future__ import annotations

import inspect
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.errors import MissingExtraError
from photochrom.web.folder import folder_while_serving
from photochrom.web.lan import announcement, invented_token, is_local
from photochrom.web.listening import listen
from photochrom.web.settings import Settings

try:
    import uvicorn
    from uvicorn.supervisors import Multiprocess
except ImportError as error:
    raise MissingExtraError("web", "the web app") from error

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["check_host", "serve"]

#: What a browser on this computer calls it.
_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class _App:
    """Makes the app in a worker's own process."""

    settings: Settings
    folder: Path

    def __call__(self) -> FastAPI:
        from photochrom.web.app import create_app

        return create_app(self.settings, self.folder)


def check_host(host: str, settings: Settings, *, no_token: bool) -> Settings:
    """The settings for an address; one that others can reach gets a token of its own, unless it has one or ``no_token``."""
    if is_local(host):
        return replace(settings, hosts=_LOCAL if host in _LOCAL else (*_LOCAL, host))
    if settings.token is None and not no_token:
        return replace(settings, token=invented_token())
    return settings


def serve(
    settings: Settings,
    host: str,
    port: int,
    *,
    workers: int = 1,
    folder: Path | None = None,
    ready: Callable[[str], None],
) -> None:
    """Serve until interrupted; ``ready`` gets the address, as text for people.

    Uploads, in a folder of ``folder``, are deleted at the end. Raises OptionError.

    No request is logged: an address may hold the number of a session.
    """
    with folder_while_serving(folder) as shared, listen(host, port) as listener:
        config = uvicorn.Config(
            _App(settings, shared),
            factory=True,
            workers=workers,
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
        )
        ready(announcement(host, listener.getsockname()[1], settings.token))
        if workers == 1:
            _hang_up_as_terminate()
            uvicorn.Server(config).run(sockets=[listener])
            return
        figures = shared / "metrics"
        figures.mkdir()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(figures)  # workers read it when they start
        try:
            more: dict[str, Any] = {}
            if "target" in inspect.signature(Multiprocess).parameters:  # uvicorn before 0.50 or so
                more["target"] = uvicorn.Server(config).run
            supervisor = Multiprocess(config, sockets=[listener], **more)
            _hang_up_as_terminate()  # Uvicorn would start its workers anew
            supervisor.run()
        finally:
            os.environ.pop("PROMETHEUS_MULTIPROC_DIR")


def _hang_up_as_terminate() -> None:
    """SIGHUP, where it is not ignored (``nohup``), ends the server as SIGTERM does: Uvicorn finishes what is begun, then ends."""
    number = getattr(signal, "SIGHUP", None)
    main = threading.current_thread() is threading.main_thread()
    if number is not None and main and signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGTERM))
