"""What a driver needs of those who do the work, wherever they are."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from photochrom.archive.tasks import Hello, Result, Task

__all__ = ["DEPTH", "AtHand", "Lost", "Pool"]

#: Tasks that a worker has at hand at most: one is read, one is coloured and one is written, all at the same time.
DEPTH = 3


@dataclass(frozen=True)
class Lost:
    """A task whose worker died. ``blame``: whether the picture may be the reason; ``why``: how the worker ended."""

    id: int
    why: str
    blame: bool


@dataclass
class AtHand:
    """The tasks of one worker, the oldest first; ``since``: when that one became the oldest, by the monotonic clock.

    A suspect, over which a worker died before, is at hand alone: if its worker dies again, no other picture can be the reason.
    """

    tasks: dict[int, Task] = field(default_factory=dict)
    since: float = 0.0

    def fits(self, task: Task) -> bool:
        """Whether there is room for it."""
        if not self.tasks:
            return True
        return len(self.tasks) < DEPTH and not task.suspect and not any(one.suspect for one in self.tasks.values())

    def add(self, task: Task) -> None:
        """It was given to the worker."""
        if not self.tasks:
            self.since = time.monotonic()
        self.tasks[task.id] = task

    def remove(self, id_: int) -> None:
        """It came back."""
        if id_ == self.oldest:
            self.since = time.monotonic()
        del self.tasks[id_]

    def restart(self) -> None:
        """The worker begins only now."""
        self.since = time.monotonic()

    @property
    def oldest(self) -> int | None:
        """The task that has been at hand for the longest time."""
        return next(iter(self.tasks), None)

    def overdue(self, seconds: float) -> bool:
        """Whether the worker has been over its oldest task for longer than that."""
        return bool(self.tasks) and time.monotonic() - self.since > seconds


class Pool(Protocol):
    """Workers. Closing one leaves none behind."""

    def hello(self) -> Hello:
        """What the workers are, once the first is ready. Raises BatchError where none gets ready."""

    @property
    def slots(self) -> int:
        """How many tasks all workers together can have at hand."""

    def room(self, task: Task) -> bool:
        """Whether a worker can take it now."""

    def submit(self, task: Task) -> None:
        """Give a task to a worker; there must be room for it."""

    def wait(self, seconds: float) -> list[Result | Lost]:
        """What has come back, within that time at the latest. Raises BatchError where no work is possible any more."""

    def describe(self) -> str:
        """The workers in words."""

    def close(self) -> None:
        """End all workers at once."""
