"""Pictures that edits name: a path, and the digest by which the file is known again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from photochrom.errors import EditsError

__all__ = ["Picture", "digest"]


@dataclass(frozen=True)
class Picture:
    """A picture's path, or the name that a client gave it, and its file's sha256."""

    path: str
    sha256: str

    @classmethod
    def of(cls, path: str | Path) -> Picture:
        """A file as it is now. Raises EditsError where it cannot be read."""
        return cls(str(Path(path).resolve()), digest(Path(path)))

    def check(self) -> None:
        """Raise EditsError where the file is absent, or another one than it was."""
        got = digest(Path(self.path))
        if got != self.sha256:
            raise EditsError(
                f"is another file than the edits were made with (sha256 {got}, expected {self.sha256})", self.path
            )


def digest(path: Path) -> str:
    """The sha256 of a file. Raises EditsError where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise EditsError(f"cannot be read ({error.strerror})", path) from error
