"""Films on disk: a folder for each, in which everything about it lies as files, so that any process can see and change it.

``film.*`` is the film, ``about.json`` what its header holds. ``shots.json``, ``read.json`` (how many) and ``thumbs`` come from
the first reading.
``edits.json`` is what ``photochrom video --hints`` takes, ``choices.json`` the rest. A task that is wanted has a file
``wanted-TASK.json`` until it is done; whoever deletes that file stops it. Its worker writes ``progress-TASK.json``, and
``failed-TASK.json`` where it failed. A colouring that was begun keeps its choices in ``begun.json``.
``done.json`` is about the result.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from photochrom.film.film_job import Reading

__all__ = ["NO_EDITS", "TASKS", "FilmFolder", "Films", "Task"]

#: Reading a film for its shots, colouring the whole of it, and making a clip of a shot.
Task = Literal["read", "color", "clip"]
TASKS: tuple[Task, ...] = ("read", "color", "clip")
NO_EDITS = {"photochrom-film": 1, "hints": [], "references": [], "palettes": []}
_ID = re.compile(r"[0-9a-f]{32}")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")


class FilmFolder:
    """The folder of one film."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        """The folder's name, a random number."""
        return self.path.name

    def read(self, name: str) -> Any:
        """The JSON of a file, None where there is none (any more)."""
        try:
            return json.loads((self.path / name).read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def write(self, name: str, value: Any) -> None:
        """Write JSON so that others see all of it or nothing, also after a power cut."""
        from photochrom.film.packets import write_whole

        write_whole(self.path / name, json.dumps(value).encode())

    def remove(self, *names: str) -> None:
        """Delete files."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    @property
    def film(self) -> Path:
        """The film's file."""
        return self.path / f"film{self.read('about.json')['suffix']}"

    def reading(self) -> Reading | None:
        """Shots and times, once they are known."""
        from photochrom.film.film_job import Reading

        found = self.read("shots.json")
        return None if found is None else Reading.from_json(found)

    def edits(self) -> dict[str, Any]:
        """Hints, references and palettes, as ``photochrom video --hints`` takes them."""
        return self.read("edits.json") or dict(NO_EDITS)

    def choices(self) -> dict[str, Any]:
        """Everything else that was chosen."""
        return self.read("choices.json") or {}

    def digest(self) -> str:
        """Of edits and choices: another one makes another film."""
        return hashlib.sha256(json.dumps([self.edits(), self.choices()], sort_keys=True).encode()).hexdigest()[:16]

    def want(self, task: Task, **how: Any) -> None:
        """Put a task into the queue, or replace it there."""
        self.remove(f"failed-{task}.json")
        self.write(f"wanted-{task}.json", {"at": time.time(), "token": secrets.token_hex(8), **how})

    def wanted(self, task: Task) -> Any:
        """When and how a task is wanted; None: it is not."""
        return self.read(f"wanted-{task}.json")

    def stop(self, task: Task) -> None:
        """Take a task out of the queue; where it runs, its process is ended."""
        self.remove(f"wanted-{task}.json")

    def fail(self, task: Task, error: str, message: str) -> None:
        """Note why a task ended; it is not wanted any more."""
        self.write(f"failed-{task}.json", {"error": error, "message": message.replace(str(self.path), "")})
        self.stop(task)

    def forget_result(self) -> None:
        """Delete what was coloured so far."""
        self.remove("done.json", "begun.json", "failed-color.json", "progress-color.json")
        for path in self.path.glob("result*"):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


class Films:
    """The folders below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __iter__(self) -> Any:
        """All films, in the order in which they came."""
        found = [FilmFolder(path.parent) for path in self.root.glob("*/about.json") if _ID.fullmatch(path.parent.name)]
        return iter(sorted(found, key=lambda one: (one.read("about.json") or {}).get("added", 0)))

    def find(self, name: str) -> FilmFolder | None:
        """The film of an id."""
        folder = FilmFolder(self.root / name)
        return folder if _ID.fullmatch(name) and (folder.path / "about.json").exists() else None

    def new(self) -> FilmFolder:
        """An empty folder; nobody finds it before its ``about.json`` is written."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = FilmFolder(self.root / secrets.token_hex(16))
        folder.path.mkdir(mode=0o700)
        return folder

    def remove(self, folder: FilmFolder) -> None:
        """Delete a film and all that was made of it, at once for everybody; what is still in use goes with the next sweep."""
        folder.remove(*(f"wanted-{task}.json" for task in TASKS), "about.json")
        shutil.rmtree(folder.path, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what uploads that were cut off, and removed films, have left."""
        oldest = time.time() - 24 * 3600
        for path in self.root.glob("*"):
            with suppress(OSError):
                if _ID.fullmatch(path.name) and not (path / "about.json").exists() and path.stat().st_mtime < oldest:
                    shutil.rmtree(path, ignore_errors=True)

    @staticmethod
    def suffix(name: str) -> str:
        """What the file of a film called so ends with."""
        found = Path(name).suffix.lower()
        return found if _SUFFIX.fullmatch(found) else ""
