"""What a server allows: all its limits in one place."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from photochrom.errors import OptionError

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """Limits of a server; the options of ``photochrom serve`` have the same names.

    model: the model where a request names none. max_bytes: of a request with pictures; max_json: of one without, and of the
    options beside a picture. max_pixels: of a picture, asked of its header. max_references: pictures beside the photograph.
    jobs: requests that are worked on at a time; threads: processor threads for each (None: all). max_queue: requests that may
    wait for them; one more is refused. max_seconds: a request may take. keep: seconds that a session or a result
    is kept after its last use. max_sessions, max_disk: sessions kept on disk, and the bytes that they may take; max_memory: bytes
    of opened pictures. The oldest give way. idle: seconds after which an opened picture that nobody asked for is closed, and its
    memory given back; it is opened again when it is asked for. token: what clients must show, None: nothing. origins: of other
    pages that may use the server. hosts: the names under which it answers, None: any. films: the folder in which films lie until
    they are removed, None: this server takes none. max_film_bytes: of a film.
    """

    model: str = "photochrom"
    max_bytes: int = 200_000_000
    max_json: int = 16_000_000
    max_pixels: int = 200_000_000
    max_references: int = 8
    jobs: int = 2
    threads: int | None = None
    max_queue: int = 64
    max_seconds: float = 120.0
    keep: float = 3600.0
    max_sessions: int = 100
    max_disk: int = 8_000_000_000
    max_memory: int = 400_000_000
    idle: float = 300.0
    token: str | None = None
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] | None = None
    films: Path | None = None
    max_film_bytes: int = 50_000_000_000

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name in ("max_queue", "max_references") else 1
            if isinstance(value, (int, float)) and not least <= value < float("inf"):
                raise OptionError(f"--{field.name.replace('_', '-')}", value, f"{least} or more")
        if self.token is not None and len(self.token) < 8:
            raise OptionError("--token", "shorter than that", "8 characters or more")
