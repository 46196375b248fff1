"""What a driver needs of those who do the work, wherever they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from photochrom.archive.tasks import Hello, Result, Task

__all__ = ["DEPTH", "Lost", "Pool"]

#: Tasks that a worker has at hand: the one in work and the next.
DEPTH = 2


@dataclass(frozen=True)
class Lost:
    """A task whose worker died. ``blame``: whether the picture may be the reason; ``why``: how the worker ended."""

    id: int
    why: str
    blame: bool


class Pool(Protocol):
    """Workers. Closing one leaves none behind."""

    def hello(self) -> Hello:
        """What the workers are, once the first is ready. Raises BatchError where none gets ready."""

    @property
    def slots(self) -> int:
        """How many tasks all workers together can have at hand."""

    def submit(self, task: Task) -> None:
        """Give a task to a worker; never more than ``slots`` at a time."""

    def wait(self, seconds: float) -> list[Result | Lost]:
        """What has come back, within that time at the latest. Raises BatchError where no work is possible any more."""

    def describe(self) -> str:
        """The workers in words."""

    def close(self) -> None:
        """End all workers at once."""
