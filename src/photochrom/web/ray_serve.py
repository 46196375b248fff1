"""The app as a deployment of Ray Serve: on the cluster that this machine belongs to, or on a local one."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from photochrom.errors import MissingExtraError
from photochrom.web.folder import folder_while_serving
from photochrom.web.lan import announcement
from photochrom.web.listening import listen
from photochrom.web.settings import Settings

__all__ = ["serve"]

#: Requests in one replica: more than its own queue holds, so that the app refuses those that are too many, and answers /healthz.
_ONGOING = 1000
#: Ray's own settings, where the user has not set them: no usage statistics are sent, and slow machines get more time.
_RAY = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    "RAY_raylet_start_wait_time_s": "180",
}


def serve(
    settings: Settings,
    host: str,
    port: int,
    *,
    workers: int = 1,
    folder: Path | None = None,
    ready: Callable[[str], None],
) -> None:
    """Serve until interrupted; ``workers`` are replicas, ``ready`` gets the address of this machine's proxy.

    folder: where uploads are kept; on several machines, one that all of them share. Uploads are deleted at the end. Where the
    variable RAY_ADDRESS names a cluster the app runs there, else a local one is started. Raises MissingExtraError, OptionError.
    """
    for name, value in _RAY.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        from ray import serve as ray_serve
    except ImportError as error:
        raise MissingExtraError("batch", "--engine ray") from error
    with listen(host, port) as free:  # whether the address can be used, and a port where any will do
        port = free.getsockname()[1]
    with folder_while_serving(folder) as shared:

        def build() -> Any:
            from photochrom.web.app import create_app

            return create_app(settings, shared)

        # Both signals end it as Ctrl-C does, at any time: what Ray started is stopped, and the uploads are deleted.
        usual = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            ray.init(address=os.environ.get("RAY_ADDRESS"), include_dashboard=False, log_to_driver=False)
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # Ray has put its own there, which aborts
            with contextlib.suppress(
                TimeoutError
            ):  # it gives its proxies a minute; a slow machine needs more, and goes on
                ray_serve.start(http_options={"host": host, "port": port})
            cpus = settings.threads or 1
            deployment = ray_serve.deployment(
                name="photochrom",
                num_replicas=workers,
                max_ongoing_requests=_ONGOING,
                ray_actor_options={"num_cpus": cpus},
            )(ray_serve.ingress(build)())
            ray_serve.run(deployment.bind(), name="photochrom", route_prefix="/")
            while not _answers(host, port):
                time.sleep(0.5)
            ready(announcement(host, port, settings.token))
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
        finally:
            if ray.is_initialized():
                ray_serve.shutdown()  # type: ignore[no-untyped-call]
            ray.shutdown()
            signal.signal(signal.SIGTERM, usual)


def _answers(host: str, port: int) -> bool:
    """Whether the app answers there, if only that this name is not its own; Ray's proxy answers 404 while it knows no app."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status in (200, 403)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
