"""Photographs at work: opened pictures within a budget of memory, and what is asked of them. All of it runs in the pool."""

from __future__ import annotations

import shutil
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from photochrom.catalog import find_model
from photochrom.choices import Plan, make_plan, refer
from photochrom.colorizer import Colorized, Colorizer, Opened
from photochrom.edits import Edits, ReferenceEdit, digest
from photochrom.errors import PhotochromError
from photochrom.guidance.palette import Palette
from photochrom.hints import Hint
from photochrom.proof import Proofs
from photochrom.runtime import open_model
from photochrom.steering import picture_palette
from photochrom.web import options
from photochrom.web.applied import Uploaded, to_edits
from photochrom.web.memory import give_back, measured
from photochrom.web.problems import Problem, as_problem
from photochrom.web.settings import Settings
from photochrom.web.store import read_about, write_about

__all__ = ["Engine", "Held", "place_reference"]

#: Painted pictures of a session that are remembered: for another view of the same choices nothing is painted anew.
_PAINTED = 3
#: What libvips and others hold for an opened photograph, beside arrays.
_FIXED = 2_000_000


class Held:
    """An opened photograph of a folder: ``picture``, ``about.json``, and references ``r1``, ``r1.json`` ..."""

    def __init__(self, folder: Path, quality: str, colorizer: Colorizer, max_pixels: int) -> None:
        self.folder, self.quality = folder, quality
        self._max_pixels = max_pixels
        self.opened = colorizer.open(folder / "picture", max_pixels=max_pixels)
        self.proofs = Proofs(self.opened, folder)
        self._pictures: dict[str, Opened] = {}
        self._hints: dict[Any, Hint] = {}
        self._painted: OrderedDict[Any, tuple[Plan, Colorized]] = OrderedDict()
        self._lock = threading.Lock()
        self.nbytes = 0
        self.used = time.monotonic()

    def references(self) -> dict[str, Uploaded]:
        """The reference pictures by id."""
        return {path.stem: Uploaded(path.stem, **read_about(path)) for path in sorted(self.folder.glob("r*.json"))}

    def drop(self, name: str) -> None:
        """Delete a reference. Raises Problem."""
        if name not in self.references():
            raise Problem("reference-gone", f"no reference {name[:16]!r} in this session")
        for path in (self.folder / f"{name}.json", self.folder / name):
            path.unlink(missing_ok=True)

    def plan(self, given: options.Edits) -> Plan:
        """What the choices mean. Raises Problem."""
        return self.painted(given)[0]

    def painted(self, given: options.Edits) -> tuple[Plan, Colorized]:
        """The choices and the picture painted by them, from memory where they are the last ones'. Raises Problem."""
        uploaded = self.references()
        key = given.model_dump_json(), *uploaded.values()
        with self._lock:
            found = self._painted.get(key)
        if found is None:
            plan = self._plan(given, uploaded)
            found = plan, self.opened.paint(**plan.options())
        with self._lock:
            self._painted[key] = found
            self._painted.move_to_end(key)
            while len(self._painted) > _PAINTED:
                self._painted.popitem(last=False)
        return found

    def edits(self, given: options.Edits) -> Edits:
        """The choices as a sidecar keeps them. Raises Problem."""
        return self._edits(given, self.references())

    def _edits(self, given: options.Edits, uploaded: dict[str, Uploaded]) -> Edits:
        return to_edits(given, uploaded, self.opened.size, self.opened.session.name, self.quality)

    def _plan(self, given: options.Edits, uploaded: dict[str, Uploaded]) -> Plan:
        edits = self._edits(given, uploaded)
        by_digest = {one.sha256: one.id for one in uploaded.values()}
        used: dict[Any, Hint] = {}

        def reference(one: ReferenceEdit) -> Hint:
            # The same hint again, so that the model's answer to it is remembered.
            mask = None if one.mask is None else (tuple(one.mask["size"]), str(one.mask["counts"]))
            key = one.sha256, mask, one.trust
            hint = used.get(key) or self._hints.get(key)
            used[key] = hint or refer(self.opened, self._picture(by_digest[one.sha256], one.sha256), one)
            return used[key]

        def palette(one: Edits) -> Palette:
            return picture_palette(self._picture(by_digest[str(one.palette_sha256)], str(one.palette_sha256)))

        try:
            plan = make_plan(edits, reference, palette)
        except PhotochromError as error:
            problem = as_problem(error)
            if problem.body.get("field") == "picture":
                problem.body["field"] = "references"
            raise problem from None
        self._hints = used
        return plan

    def _picture(self, name: str, sha256: str) -> Opened:
        """A reference, opened."""
        if sha256 not in self._pictures:
            path = self.folder / name
            self._pictures[sha256] = self.opened.colorizer.open(path, max_pixels=self._max_pixels)
        return self._pictures[sha256]

    def remember(self, given: options.Edits) -> None:
        """Keep the choices that were painted last, for who asks for suggestions without naming any."""
        write_about(self.folder / "last.json", given.model_dump(mode="json", exclude_unset=True))

    def last(self) -> options.Edits:
        """The choices that were painted last."""
        path = self.folder / "last.json"
        return options.Edits.model_validate(read_about(path)) if path.exists() else options.Edits()

    def weigh(self) -> int:
        """Bytes of memory that it takes now, measured."""
        shared = [self.opened.colorizer, *(one.colorizer for one in list(self._pictures.values()))]
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
        self._held: OrderedDict[str, Held] = OrderedDict()
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
                    self._models[name] = open_model(spec, threads=self.settings.threads)
            return Colorizer(self._models[name], threads=self.settings.threads, quality=quality)
        except PhotochromError as error:
            raise as_problem(error) from None

    def open(self, folder: Path, model: str | None, quality: str) -> Held:
        """Open the photograph of a folder. Raises Problem, ImageError."""
        return Held(folder, quality, self.colorizer(model, quality), self.settings.max_pixels)

    def held(self, folder: Path) -> Held:
        """The opened photograph of a session. Raises Problem."""
        name = folder.name
        with self._lock:
            lock = self._opening.setdefault(name, threading.Lock())
        try:
            with lock:  # two requests for one photograph open it once
                with self._lock:
                    found = self._held.get(name)
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
            gone = self._held.pop(name, None)
            self.nbytes = sum(one.nbytes for one in self._held.values())
        if gone is not None:
            del gone
            give_back()

    def rest(self) -> None:
        """Close the photographs whose folders are gone, and those that nobody asked for in a while: they are opened again then."""
        oldest = time.monotonic() - self.settings.idle
        with self._lock:
            gone = [name for name, held in self._held.items() if held.used < oldest or not held.folder.exists()]
            for name in gone:
                del self._held[name]
            self.nbytes = sum(one.nbytes for one in self._held.values())
        if gone:
            give_back()

    def keep(self, held: Held) -> None:
        """Keep an opened photograph, and close others where the memory is needed."""
        held.used = time.monotonic()
        held.weigh()
        closed = False
        with self._lock:
            if not held.folder.exists():
                return  # ended meanwhile
            self._held[held.folder.name] = held
            self._held.move_to_end(held.folder.name)
            self.nbytes = sum(one.nbytes for one in self._held.values())
            while self.nbytes > self.settings.max_memory and len(self._held) > 1:
                _, gone = self._held.popitem(last=False)
                self.nbytes -= gone.nbytes
                closed = True
                del gone
        if closed:
            give_back()

    def add_reference(self, folder: Path, name: str, upload: Path) -> dict[str, Any]:
        """Take an uploaded file as the next reference of a session: its id and size. Raises Problem, ImageError."""
        held = self.held(folder)
        opened = held.opened.colorizer.open(upload, max_pixels=self.settings.max_pixels)
        known = [int(one.id[1:]) for one in held.references().values()]
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
