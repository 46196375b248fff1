"""Photographs at work: opened pictures within a budget of memory, and what is asked of them. All of it runs in the pool."""

from __future__ import annotations

import shutil
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from photochrom.catalog import find_model
from photochrom.colorized import Colorized
from photochrom.colorizer import Colorizer, Opened
from photochrom.edits.dials import Setup
from photochrom.edits.edits import Edits
from photochrom.edits.pictures import Picture, digest
from photochrom.edits.sidecar import Sidecar
from photochrom.errors import PhotochromError
from photochrom.runtime import open_model
from photochrom.web import options
from photochrom.web.edits import Uploaded, to_edits
from photochrom.web.memory import give_back, measured
from photochrom.web.parts import Part, Parts
from photochrom.web.problems import Problem, as_problem
from photochrom.web.settings import Settings
from photochrom.web.store import read_about, write_about

__all__ = ["Engine", "Photo", "place_reference"]

#: Painted pictures of a session that are remembered: for another view of the same choices nothing is painted anew.
_PAINTED = 3
#: What libvips and others hold for an opened photograph, beside arrays.
_FIXED = 2_000_000


class References:
    """The reference pictures of a folder, ``r1``, ``r1.json`` ..., opened when edits name them.

    It knows nothing of the photograph, which knows it: so neither keeps the other in memory.
    """

    def __init__(self, folder: Path, colorizer: Colorizer, max_pixels: int) -> None:
        self._folder, self._colorizer, self._max_pixels = folder, colorizer, max_pixels
        self.opened: dict[str, Opened] = {}

    def uploaded(self) -> dict[str, Uploaded]:
        """What was uploaded, by id."""
        return {path.stem: Uploaded(path.stem, **read_about(path)) for path in sorted(self._folder.glob("r*.json"))}

    def find(self, picture: Picture) -> Opened:
        """A picture that edits name, opened. Raises Problem, ImageError."""
        if picture.sha256 not in self.opened:
            known = {one.sha256: one.id for one in self.uploaded().values()}
            if picture.sha256 not in known:
                raise Problem("reference-gone", f"no reference {picture.path!r}; upload it", field="references")
            path = self._folder / known[picture.sha256]
            self.opened[picture.sha256] = self._colorizer.open(path, max_pixels=self._max_pixels)
        return self.opened[picture.sha256]


class Photo:
    """An opened photograph of a folder: ``picture``, ``about.json``, and references ``r1``, ``r1.json`` ..."""

    def __init__(self, folder: Path, quality: str, colorizer: Colorizer, max_pixels: int) -> None:
        self.folder, self.quality = folder, quality
        self._references = References(folder, colorizer, max_pixels)
        self.opened = colorizer.open(folder / "picture", max_pixels=max_pixels, find=self._references.find)
        self.parts = Parts(self.opened, folder)
        self._painted: OrderedDict[Any, tuple[Part, Edits, Colorized]] = OrderedDict()
        self._lock = threading.Lock()
        self.nbytes = 0
        self.used = time.monotonic()

    def references(self) -> dict[str, Uploaded]:
        """The reference pictures by id."""
        return self._references.uploaded()

    def drop(self, name: str) -> None:
        """Delete a reference. Raises Problem."""
        if name not in self.references():
            raise Problem("reference-gone", f"no reference {name[:16]!r} in this session")
        for path in (self.folder / f"{name}.json", self.folder / name):
            path.unlink(missing_ok=True)

    def resolved(self, given: options.Edits) -> tuple[Part, Edits]:
        """The part that the choices make the picture, and the choices for it, ready to be painted. Raises Problem."""
        part, edits, _ = self.painted(given)
        return part, edits

    def painted(self, given: options.Edits) -> tuple[Part, Edits, Colorized]:
        """As :meth:`resolved`, and the picture painted so, from memory where it is one of the last. Raises Problem."""
        uploaded = self.references()
        key = given.model_dump_json(), *uploaded.values()
        with self._lock:
            found = self._painted.get(key)
        if found is None:
            wanted = to_edits(given, uploaded, self.opened.size)
            part = self.parts.of(wanted.geometry)
            edits = self._resolved(part, wanted.framed(self.opened.size))
            found = part, edits, part.opened.paint(edits)
        with self._lock:
            self._painted[key] = found
            self._painted.move_to_end(key)
            while len(self._painted) > _PAINTED:
                self._painted.popitem(last=False)
        return found

    def sidecar(self, given: options.Edits) -> Sidecar:
        """The choices as a sidecar keeps them. Raises Problem."""
        setup = Setup(model=self.opened.session.name, quality=self.quality)
        return Sidecar(self.opened.size, setup, to_edits(given, self.references(), self.opened.size))

    def _resolved(self, part: Part, edits: Edits) -> Edits:
        try:
            return part.opened.resolved(edits)
        except PhotochromError as error:
            problem = as_problem(error)
            if problem.body.get("field") == "picture":
                problem.body["field"] = "references"
            raise problem from None

    def remember(self, given: options.Edits) -> None:
        """Keep the choices that were painted last, for who asks for suggestions without naming any."""
        write_about(self.folder / "last.json", given.model_dump(mode="json", exclude_unset=True))

    def last(self) -> options.Edits:
        """The choices that were painted last."""
        path = self.folder / "last.json"
        return options.Edits.model_validate(read_about(path)) if path.exists() else options.Edits()

    def weigh(self) -> int:
        """Bytes of memory that it takes now, measured."""
        shared = [self.opened.colorizer, *(one.colorizer for one in list(self._references.opened.values()))]
        with self._lock:
            self.nbytes = _FIXED + measured(self, shared=shared)
        return self.nbytes


class Engine:
    """Models, each loaded once, and opened photographs, the least recently used of which are closed.

    A photograph that was closed is opened again from its folder when it is asked for.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._models: dict[str, Any] = {}
        self._photos: OrderedDict[str, Photo] = OrderedDict()
        self._opening: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self.nbytes = 0

    def colorizer(self, model: str | None, quality: Any) -> Colorizer:
        """A model of the catalogue, ready. Raises Problem."""
        name = model or self.settings.model
        try:
            spec = find_model(name)
            with self._lock:
                if name not in self._models:
                    # A server sees pictures of all shapes, and is up for long: what a run took goes back to the system.
                    self._models[name] = open_model(spec, threads=self.settings.threads, arena=False)
            return Colorizer(self._models[name], threads=self.settings.threads, quality=quality)
        except PhotochromError as error:
            raise as_problem(error) from None

    def open(self, folder: Path, model: str | None, quality: str) -> Photo:
        """Open the photograph of a folder. Raises Problem, ImageError."""
        return Photo(folder, quality, self.colorizer(model, quality), self.settings.max_pixels)

    def photo(self, folder: Path) -> Photo:
        """The opened photograph of a session. Raises Problem."""
        name = folder.name
        with self._lock:
            lock = self._opening.setdefault(name, threading.Lock())
        try:
            with lock:  # two requests for one photograph open it once
                with self._lock:
                    found = self._photos.get(name)
                if found is None:
                    about = read_about(folder / "about.json")
                    found = self.open(folder, about["model"], about["quality"])
                self.keep(found)
                return found
        finally:
            with self._lock:
                if not lock.locked():
                    self._opening.pop(name, None)

    def forget(self, name: str) -> None:
        """Close a photograph."""
        with self._lock:
            gone = self._photos.pop(name, None)
            self.nbytes = sum(one.nbytes for one in self._photos.values())
        if gone is not None:
            del gone
            give_back()

    def rest(self) -> None:
        """Close the photographs whose folders are gone, and those that nobody asked for in a while; they can be opened again."""
        oldest = time.monotonic() - self.settings.idle
        with self._lock:
            gone = [name for name, photo in self._photos.items() if photo.used < oldest or not photo.folder.exists()]
            for name in gone:
                del self._photos[name]
            self.nbytes = sum(one.nbytes for one in self._photos.values())
        if gone:
            give_back()

    def keep(self, photo: Photo) -> None:
        """Keep an opened photograph, and close others where the memory is needed."""
        photo.used = time.monotonic()
        photo.weigh()
        closed = False
        with self._lock:
            if not photo.folder.exists():
                return  # ended meanwhile
            self._photos[photo.folder.name] = photo
            self._photos.move_to_end(photo.folder.name)
            self.nbytes = sum(one.nbytes for one in self._photos.values())
            while self.nbytes > self.settings.max_memory and len(self._photos) > 1:
                _, gone = self._photos.popitem(last=False)
                self.nbytes -= gone.nbytes
                closed = True
                del gone
        if closed:
            give_back()

    def add_reference(self, folder: Path, name: str, upload: Path) -> dict[str, Any]:
        """Take an uploaded file as the next reference of a session: its id and size. Raises Problem, ImageError."""
        photo = self.photo(folder)
        opened = photo.opened.colorizer.open(upload, max_pixels=self.settings.max_pixels)
        known = [int(one.id[1:]) for one in photo.references().values()]
        if len(known) >= self.settings.max_references:
            most = self.settings.max_references
            raise Problem("invalid", f"a session has {most} references at most", field="picture", limit=most)
        number = f"r{max(known, default=0) + 1}"
        place_reference(folder, number, name, upload)
        return {"id": number, "width": opened.size[0], "height": opened.size[1]}


def place_reference(folder: Path, number: str, name: str, upload: Path) -> None:
    """Put a reference picture into a session's folder."""
    sha256 = digest(upload)
    shutil.move(upload, folder / number)
    write_about(folder / f"{number}.json", {"name": name, "sha256": sha256})
