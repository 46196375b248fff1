"""One picture in a worker: read, coloured, checked, published. Knows nothing of the manifest."""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import json
import platform
import re
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from photochrom.archive import provenance, stores
from photochrom.archive.c2pa import Signer, signed_for
from photochrom.archive.figures import figures, perceptual_hash
from photochrom.archive.options import merged, wanted
from photochrom.archive.states import State
from photochrom.archive.tasks import Hello, Result, Settings, Task
from photochrom.batch.run_jobs import OWN
from photochrom.edits.dials import DEFAULT_TRUST
from photochrom.errors import (
    MissingExtraError,
    OutputExistsError,
    OutputWriteError,
    PhotochromError,
    UnsupportedImageError,
)
from photochrom.images import OUTPUT_SUFFIXES, is_own_output
from photochrom.version import __version__

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer, Opened

__all__ = ["Painter", "lacks_memory", "limit_memory"]

#: M_ARENA_MAX of mallopt(3).
_ARENA_MAX = -8
_NO_MEMORY = re.compile(
    r"insufficient memory|out of memory|bad.?alloc|(cannot|unable to) allocate|can't start new thread|error creating thread",
    re.IGNORECASE,
)
#: Why a picture was not coloured, by state.
_LEFT = {
    State.OWN.label: OWN,
    State.SKIPPED.label: "in colour already",
    State.COPIED.label: "in colour already, and copied as it is",
}
Value = TypeVar("Value")


@dataclass
class _Job:
    """A task under way: figures so far, and the seconds that it waited for its turn."""

    task: Task
    begun: Callable[[], object]
    values: dict[str, Any]
    waited: float = 0.0


def limit_memory(limit: int | None) -> None:
    """Let this process have no more than so many bytes of address space, where the system can do that."""
    if limit is not None and platform.system() == "Linux":
        with suppress(AttributeError):  # a C library other than GNU's, which reserves 64 MB for the heap of each thread
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)
        resource: Any = importlib.import_module("resource")  # which Windows lacks
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def lacks_memory(error: BaseException) -> bool:
    """Whether an error comes from want of memory, which OpenCV, libvips and ONNX Runtime each name in their own way."""
    known: BaseException | None = error
    while known is not None:
        if isinstance(known, MemoryError) or _NO_MEMORY.search(str(known)):
            return True
        known = known.__cause__
    return False


class Painter:
    """A model and a run's settings, ready for pictures. Raises ModelError, OptionError, MissingExtraError."""

    def __init__(self, settings: Settings, threads: int = 1) -> None:
        from photochrom.colorizer import Colorizer
        from photochrom.runtime import digest_of, open_model

        model = open_model(settings.model, threads=threads)
        self.hello = Hello(socket.gethostname(), __version__, model.name, digest_of(model.paths))
        self._settings = settings
        # One thread colours, and memory for pixels is needed but once, while others wait for disks and stores.
        self._coloring = ThreadPoolExecutor(1, "coloring")
        self._colorizer: Colorizer = Colorizer(
            model,
            threads=threads,
            work_size=settings.work_size,
            quality=settings.quality,  # type: ignore[arg-type]  # Colorizer checks it
        )
        self._sign: Callable[..., None] | None = None
        if settings.c2pa is not None:
            self._sign = Signer(*settings.c2pa)

    def do(self, task: Task, begun: Callable[[], object] = lambda: None) -> Result:
        """Do one task; a picture that cannot be coloured is a result with an error. Want of memory is a MemoryError.

        Several threads may do tasks at the same time: all of them read and write, and one after the other colours, in a thread of
        the painter's own. begun: called there, before the picture is decoded.
        """
        job = _Job(task, begun, {"machine": self.hello.machine})
        start = time.perf_counter()

        def result(state: str, kind: str | None = None, sentence: str | None = None) -> Result:
            return Result(task.id, state, time.perf_counter() - start - job.waited, job.values, kind, sentence)

        try:
            state = self._look(job) if task.look else self._paint(job)
            return result(state, sentence=_LEFT.get(state))
        except MissingExtraError:
            raise
        except Exception as error:
            if lacks_memory(error):
                raise MemoryError(str(error)) from error
            kind, sentence = type(error).__name__, str(error)
            if isinstance(error, OSError):
                kind, sentence = "OSError", error.strerror or str(error)
            elif not isinstance(error, PhotochromError):  # the program's fault; millions of others go on
                sentence = f"{' '.join(sentence.split())} (please report this)"
        return result("failed", kind, sentence.removeprefix(f"{task.source}: "))

    def _in_turn(self, job: _Job, work: Callable[[], Value]) -> Value:
        """Do this in the thread that colours, after the pictures that came before."""
        asked = time.perf_counter()

        def turn() -> Value:
            job.waited = time.perf_counter() - asked
            job.begun()
            return work()

        return self._coloring.submit(turn).result()

    def _look(self, job: _Job) -> str:
        data = _read(job)
        if self._is_own(data):
            return State.OWN.label
        job.values["phash"] = self._in_turn(job, lambda: perceptual_hash(self._open(data, job).work_lightness))
        return "looked"

    def _paint(self, job: _Job) -> str:
        task, values = job.task, job.values
        if stores.same_file(task.source, task.target):
            raise OutputExistsError(
                "is the original itself, which is never replaced; choose another destination", task.target
            )
        data = _read(job)
        if self._is_own(data):
            return State.OWN.label
        if PurePosixPath(task.target).suffix.lower() not in OUTPUT_SUFFIXES:
            raise UnsupportedImageError(
                "its name has no ending that is written; name its output in the column `output` of a list", task.source
            )
        leader = None if task.leader is None else stores.read(task.leader)
        with self._aside(task) as file:
            state, record = self._in_turn(job, lambda: self._color(job, data, leader, file))
            if state == State.SKIPPED.label:
                return state
            self._publish(job, file)
        if record is not None and self._settings.sidecars:
            done = record | {"output": {"name": PurePosixPath(task.target).name, "sha256": values["output_sha256"]}}
            stores.write_whole(provenance.sidecar_of(task.target), json.dumps(done, indent=1) + "\n")
        return state

    def _is_own(self, data: bytes) -> bool:
        return not self._settings.own_results and is_own_output(data)

    def _open(self, data: bytes, job: _Job) -> Opened:
        opened = self._colorizer.open(data, max_pixels=self._settings.max_pixels)
        width, height = opened.size
        job.values |= {"width": width, "height": height, "tint": opened.tint.kind}
        return opened

    def _color(self, job: _Job, data: bytes, leader: bytes | None, file: Path) -> tuple[str, dict[str, Any] | None]:
        """Write the result to ``file``; returns the state and the record of a coloured picture."""
        task, settings, values = job.task, self._settings, job.values
        opened = self._open(data, job)
        if settings.grey is not None and opened.tint.already_colour:
            if settings.grey == "copy":
                file.write_bytes(data)
                return State.COPIED.label, None
            return State.SKIPPED.label, None
        edits = wanted(opened, merged(settings.options, task.options))
        if leader is not None:
            edits = edits.changed({"hints": [opened.refer(leader, trust=DEFAULT_TRUST), *edits.hints]})
        result = opened.paint(edits)
        values |= figures(result.field_ab, opened.work_lightness)
        values["confidence"] = round(float(result.confidence.mean()), 4)
        record = provenance.record(task, settings, self.hello, values)
        notices = [*opened.notices, *result.save(file, jpeg_quality=settings.jpeg_quality)]
        values["notices"] = json.dumps(notices) if notices else None
        if self._sign is not None:
            self._sign(file, record)
        self._check(file, opened)
        return State.DONE.label, record

    def _check(self, file: Path, opened: Opened) -> None:
        """What was written can be opened, and is a picture of that size."""
        from photochrom.images.container import PictureFile, decoding

        with decoding(file):
            found = PictureFile(file).load()
        if (found.width, found.height) != opened.size:
            raise OutputWriteError(f"came out as {found.width} x {found.height} pixels, not {opened.size}", file)

    @contextmanager
    def _aside(self, task: Task) -> Iterator[Path]:
        """A name for the unfinished result, where nothing stays in the end."""
        folder = Path(self._settings.scratch or tempfile.gettempdir())
        file = folder / f"{task.id}-{secrets.token_hex(6)}{PurePosixPath(task.target).suffix}"
        try:
            yield file
        finally:
            file.unlink(missing_ok=True)

    def _publish(self, job: _Job, file: Path) -> None:
        """Digest a finished file, and give it its place."""
        task, values = job.task, job.values
        data = file.read_bytes()
        values |= {"output_sha256": hashlib.sha256(data).hexdigest(), "output_size": len(data)}
        del data

        def ours(there: bytes) -> bool:
            if hashlib.sha256(there).hexdigest() == task.replaces:
                return True
            return self._sign is not None and signed_for(there, file.suffix, values["input_sha256"])

        stores.publish(file, task.target, same=ours, force=self._settings.force)


def _read(job: _Job) -> bytes:
    data = stores.read(job.task.source)
    job.values["input_sha256"] = hashlib.sha256(data).hexdigest()
    return data
