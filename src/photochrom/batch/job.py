"""One picture to colour, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photochrom.errors import OutputWriteError, PhotochromError

__all__ = ["Job", "Outcome", "make_room"]


@dataclass(frozen=True)
class Job:
    """One picture to colour, or one that cannot be.

    Attributes:
        source: the picture.
        target: the file that is written.
        confidence: where its confidence map goes, if wanted.
        error: why it cannot be coloured.
        skip: why it is passed over, though it could be coloured.
        found: whether it was found in a folder, not named by the user.
        free: whether the ending of ``target`` may follow the format that the source turns out to have.
    """

    source: Path
    target: Path
    confidence: Path | None = None
    error: PhotochromError | None = None
    skip: str | None = None
    found: bool = field(default=False, compare=False)
    free: bool = field(default=False, compare=False)

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The files that it writes."""
        return (self.target,) if self.confidence is None else (self.target, self.confidence)

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.error is None and self.skip is None


@dataclass(frozen=True)
class Outcome:
    """What became of a job: what ``work`` returned, the error that stopped it, or neither where ``job.skip`` has the reason."""

    job: Job
    value: Any = None
    error: PhotochromError | None = None


def make_room(path: Path) -> None:
    """Make the folder of a file that is to be written. Raises OutputWriteError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputWriteError(f"the folder {path.parent} cannot be made ({error.strerror})", path) from error
