"""What travels between the driver and its workers: addresses and figures, never pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Hello", "Result", "Settings", "Task"]


@dataclass(frozen=True)
class Settings:
    """What every picture of a run has in common; sent once to each worker.

    ``options`` is JSON text as :mod:`photochrom.archive.options` makes it. ``grey``: None colours all; "skip" or "copy" is what
    happens to a picture that is in colour already. ``scratch``: the folder for half-written outputs, None for a remote
    destination. ``c2pa``: the paths of certificate chain and key. ``memory``: a worker's address space in bytes, or None.
    ``own_results``: also colour what Photochrom has coloured before.
    """

    model: str | None = None
    options: str = "{}"
    quality: str = "normal"
    work_size: int | None = None
    jpeg_quality: int | None = None
    max_pixels: int = 500_000_000
    grey: str | None = None
    force: bool = False
    sidecars: bool = False
    scratch: str | None = None
    c2pa: tuple[str, str] | None = None
    memory: int | None = None
    own_results: bool = False

    def decisive(self) -> dict[str, Any]:
        """What decides the bytes of a result, beside the model and the picture's own options."""
        names = ("options", "quality", "work_size", "jpeg_quality", "grey")
        return {name: getattr(self, name) for name in names} | {"c2pa": self.c2pa is not None}


@dataclass(frozen=True)
class Task:
    """One picture. ``look``: only its perceptual hash is wanted. ``options``: its own, JSON text, or None.

    ``replaces``: the digest of an output that this run may replace. ``leader``: address of the coloured picture of which this
    is another scan, whose colours it takes. ``suspect``: a worker died over it before.
    """

    id: int
    source: str
    target: str
    options: str | None = None
    replaces: str | None = None
    leader: str | None = None
    look: bool = False
    suspect: bool = False


@dataclass(frozen=True)
class Result:
    """What became of a task: figures in ``values``, by the names of the manifest's columns; or ``error`` and ``sentence``.

    ``state``: the label of a state that finishes a picture, or "looked".
    """

    id: int
    state: str
    seconds: float
    values: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    sentence: str | None = None


@dataclass(frozen=True)
class Hello:
    """What a worker is: its machine, its version of Photochrom, its model's name and digest."""

    machine: str
    version: str
    model: str
    model_sha256: str
