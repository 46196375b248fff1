"""Walk through a folder of pictures, in time that grows with its files, one at a time."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from photochrom.batch.kinds import PASSED_FOLDERS, kind_of_name
from photochrom.errors import ImageNotFoundError, PhotochromError
from photochrom.images.parts import is_part

__all__ = ["Found", "is_folder", "is_link", "walk"]


@dataclass(frozen=True)
class Found:
    """A picture that was found; or what was passed over (``skipped`` is its kind); or a folder that cannot be read (``error``).

    ``below``: the picture's folder, from the folder that was walked on. ``link``: whether the picture is a symbolic link.
    """

    path: Path
    below: Path
    skipped: str | None = None
    error: PhotochromError | None = None
    link: bool = False


def walk(
    folder: Path, *, leave_out: Collection[str] = (), follow_links: bool = False, window: int | None = None
) -> Iterator[Found]:
    """The pictures below ``folder``, and what is passed over, always in the same order.

    A picture is recognised by its name's ending, or by its content where that is no help. Passed over are files of other kinds,
    what systems keep beside pictures (thumbnails, AppleDouble), and links that lead out of ``folder`` unless ``follow_links``.
    Links that form a loop end there.

    Args:
        folder: where to look; may itself be a link.
        leave_out: real paths of folders that hold the results of earlier runs, and are not entered unless ``folder`` is one.
        follow_links: whether to follow links to places outside of ``folder``.
        window: of a folder with more entries than that, each window is sorted for itself; None sorts any number.
    """
    root = os.path.realpath(folder)
    inside = root.rstrip(os.sep) + os.sep
    seen: set[str] = set()
    waiting = [(folder, Path(), root)]
    while waiting:
        here, below, real = waiting.pop()
        if real in seen or (real in leave_out and here is not folder):
            continue
        seen.add(real)
        folders: list[tuple[Path, Path, str]] = []
        try:
            with os.scandir(here) as scan:
                while entries := sorted(islice(scan, window), key=lambda entry: entry.name):
                    for entry in entries:
                        link = entry.is_symlink()
                        target = os.path.realpath(entry.path) if link else ""
                        path = here / entry.name
                        if link and not follow_links and not (target == root or target.startswith(inside)):
                            yield Found(path, below, skipped="link out of the folder", link=True)
                        elif not is_folder(entry):
                            yield Found(path, below, kind_of_name(path, entry.name), link=link)
                        elif entry.name not in PASSED_FOLDERS and not is_part(entry.name):
                            real_path = target or f"{real.rstrip(os.sep)}{os.sep}{entry.name}"
                            folders.append((path, below / entry.name, real_path))
        except OSError as error:
            yield Found(here, below, error=ImageNotFoundError(f"the folder cannot be read ({error.strerror})", here))
        waiting.extend(reversed(folders))


def is_folder(path: Path | os.DirEntry[str]) -> bool:
    """Whether it is one; not for a link to itself, or what may not be looked at: opening that as a picture names the reason."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_link(path: Path) -> bool:
    """Whether it is a symbolic link; not for a name that the system refuses."""
    try:
        return path.is_symlink()
    except OSError:
        return False
