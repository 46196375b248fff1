"""Sessions and results on disk, in a private folder: any worker can serve any of them, and none outlives its time.

A folder's name is a random number of this server's own making; what clients send as one is only compared, never opened as it is.
The time of a folder is that of its last use.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from photochrom.web.folder import private_folder
from photochrom.web.problems import Problem
from photochrom.web.settings import Settings

__all__ = ["Store", "read_about", "write_about"]

Kind = Literal["incoming", "sessions", "results"]
_ID = re.compile(r"[0-9a-f]{32}")
_GONE: dict[str, tuple[str, str]] = {
    "sessions": ("session-gone", "this session has ended or never was; open the picture again"),
    "results": ("not-found", "this result has been deleted or never was"),
}


class Store:
    """The folders below ``root``; None makes a private one, which :meth:`close` deletes."""

    def __init__(self, settings: Settings, root: Path | None = None) -> None:
        self.settings = settings
        self._own = root is None
        self.root = private_folder() if root is None else root
        for name in ("incoming", "sessions", "results"):
            (self.root / name).mkdir(mode=0o700, exist_ok=True)

    def new(self, kind: Kind) -> Path:
        """A new folder to fill; its name is its id. Nobody finds it before :meth:`publish`."""
        path = self.root / kind / secrets.token_hex(16)
        path.mkdir(mode=0o700)
        return path

    def publish(self, folder: Path, about: dict[str, Any]) -> None:
        """Let a filled folder be found, with what is to be known about it. The least recently used ones give way."""
        self._make_room(_size(folder))
        write_about(folder / "about.json", about)

    def find(self, kind: Kind, name: str) -> Path:
        """The folder of an id, whose time begins anew. Raises Problem (404)."""
        if _ID.fullmatch(name):
            path = self.root / kind / name
            with suppress(OSError):
                if path.stat().st_mtime > time.time() - self.settings.keep and (path / "about.json").exists():
                    os.utime(path)
                    return path
        raise Problem(*_GONE[kind])

    def remove(self, folder: Path) -> None:
        """Delete a folder and what is in it, at once for everybody."""
        gone = self.root / "incoming" / f"gone-{secrets.token_hex(8)}"
        try:
            folder.rename(gone)
        except FileNotFoundError:
            return
        except (
            PermissionError
        ):  # Windows renames no folder in which a file is open; the next sweep deletes what is left
            gone = folder
        shutil.rmtree(gone, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what is older than it may be."""
        oldest = time.time() - self.settings.keep
        for kind in ("incoming", "sessions", "results"):
            for folder, used in self._folders(kind):
                if used < oldest:
                    self.remove(folder)

    def count(self) -> int:
        """Sessions that there are."""
        return len(self._folders("sessions"))

    def close(self) -> None:
        """Delete everything, where the folder is this store's own."""
        if self._own:
            shutil.rmtree(self.root, ignore_errors=True)

    def _make_room(self, wanted: int) -> None:
        everything = sorted(self._folders("sessions") + self._folders("results"), key=lambda one: one[1])
        everything = [one for one in everything if (one[0] / "about.json").exists()]
        sizes = [_size(folder) for folder, _ in everything]
        total, count = sum(sizes) + wanted, len(everything) + 1
        for (folder, _), size in zip(everything, sizes, strict=True):
            if total <= self.settings.max_disk and count <= self.settings.max_sessions:
                break
            self.remove(folder)
            total, count = total - size, count - 1

    def _folders(self, kind: str) -> list[tuple[Path, float]]:
        found = []
        with suppress(OSError):
            for entry in os.scandir(self.root / kind):
                with suppress(OSError):
                    found.append((Path(entry.path), entry.stat().st_mtime))
        return found


def read_about(path: Path) -> Any:
    """What :func:`write_about` wrote. Raises Problem where it is gone."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise Problem(*_GONE["sessions"]) from None


def write_about(path: Path, value: Any) -> None:
    """Write JSON so that others see all of it or nothing."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    part.write_text(json.dumps(value), "utf-8")
    part.replace(path)


def _size(folder: Path) -> int:
    total = 0
    with suppress(OSError):
        for entry in os.scandir(folder):
            with suppress(OSError):
                total += entry.stat().st_size
    return total
