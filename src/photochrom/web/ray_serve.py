"""The app as a deployment of Ray Serve."""

from __future__ import annotations

from collections.abc import Callable

from photochrom.errors import MissingExtraError
from photochrom.web.settings import Settings

__all__ = ["serve"]


def serve(settings: Settings, host: str, port: int, *, workers: int = 1, ready: Callable[[str], None]) -> None:
    """Serve on a Ray cluster until interrupted."""
    raise MissingExtraError("batch", "--engine ray")
