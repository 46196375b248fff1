"""One picture in a worker: read, coloured, checked, published. Knows nothing of the manifest."""

from __future__ import annotations

import hashlib
import importlib
import json
import platform
import secrets
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from photochrom.archive import provenance, stores
from photochrom.archive.c2pa import Signer, signed_for
from photochrom.archive.figures import figures, perceptual_hash
from photochrom.archive.options import merged, wanted
from photochrom.archive.tasks import Hello, Result, Settings, Task
from photochrom.edits.dials import DEFAULT_TRUST
from photochrom.errors import MissingExtraError, OutputWriteError, PhotochromError
from photochrom.version import __version__

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer, Opened

__all__ = ["Painter", "limit_memory"]


def limit_memory(limit: int | None) -> None:
    """Let this process have no more than so many bytes of address space, where the system can do that."""
    if limit is not None and platform.system() == "Linux":
        resource: Any = importlib.import_module("resource")  # which Windows lacks
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


class Painter:
    """A model and a run's settings, ready for pictures. Raises ModelError, OptionError, MissingExtraError."""

    def __init__(self, settings: Settings, threads: int = 1) -> None:
        from photochrom.colorizer import Colorizer
        from photochrom.runtime import digest_of, open_model

        model = open_model(settings.model, threads=threads)
        self.hello = Hello(socket.gethostname(), __version__, model.name, digest_of(model.paths))
        self._settings = settings
        self._colorizer: Colorizer = Colorizer(
            model,
            threads=threads,
            work_size=settings.work_size,
            quality=settings.quality,  # type: ignore[arg-type]  # Colorizer checks it
        )
        self._sign: Callable[..., None] | None = None
        if settings.c2pa is not None:
            self._sign = Signer(*settings.c2pa)

    def do(self, task: Task) -> Result:
        """Do one task; a picture that cannot be coloured is a result with an error. MemoryError passes through."""
        start = time.perf_counter()
        values: dict[str, Any] = {"machine": self.hello.machine}
        try:
            state = self._look(task, values) if task.look else self._paint(task, values)
            return Result(task.id, state, time.perf_counter() - start, values)
        except MissingExtraError:
            raise
        except PhotochromError as error:
            kind, sentence = type(error).__name__, str(error)
        except MemoryError:
            raise
        except OSError as error:
            kind, sentence = "OSError", error.strerror or str(error)
        except Exception as error:  # a fault of the program: this picture is named, and millions of others go on
            kind, sentence = type(error).__name__, f"{' '.join(str(error).split())} (please report this)"
        sentence = sentence.removeprefix(f"{task.source}: ")
        return Result(task.id, "failed", time.perf_counter() - start, values, kind, sentence)

    def _read(self, task: Task, values: dict[str, Any]) -> tuple[bytes, Opened]:
        data = stores.read(task.source)
        values["input_sha256"] = hashlib.sha256(data).hexdigest()
        opened = self._colorizer.open(data, max_pixels=self._settings.max_pixels)
        width, height = opened.size
        values |= {"width": width, "height": height, "tint": opened.tint.kind}
        return data, opened

    def _look(self, task: Task, values: dict[str, Any]) -> str:
        _, opened = self._read(task, values)
        values["phash"] = perceptual_hash(opened.work_lightness)
        return "looked"

    def _paint(self, task: Task, values: dict[str, Any]) -> str:
        settings = self._settings
        data, opened = self._read(task, values)
        if settings.grey is not None and opened.tint.already_colour:
            if settings.grey == "copy":
                self._publish(task, values, lambda file: file.write_bytes(data))
                return "copied"
            return "skipped"
        edits = wanted(opened, merged(settings.options, task.options))
        if task.leader is not None:
            hint = opened.refer(stores.read(task.leader), trust=DEFAULT_TRUST)
            edits = edits.changed({"hints": [hint, *edits.hints]})
        result = opened.paint(edits)
        values |= figures(result.field_ab, opened.work_lightness)
        values["confidence"] = round(float(result.confidence.mean()), 4)
        record = provenance.record(task, settings, self.hello, values)

        def write(file: Path) -> tuple[str, ...]:
            kept = result.save(file, jpeg_quality=settings.jpeg_quality)
            if self._sign is not None:
                self._sign(file, record)
            self._check(file, opened)
            return kept

        kept = self._publish(task, values, write)
        notices = [*opened.notices, *kept]
        values["notices"] = json.dumps(notices) if notices else None
        if settings.sidecars:
            done = record | {"output": {"name": PurePosixPath(task.target).name, "sha256": values["output_sha256"]}}
            stores.write_whole(f"{task.target}.provenance.json", json.dumps(done, indent=1) + "\n")
        return "done"

    def _check(self, file: Path, opened: Opened) -> None:
        """What was written can be opened, and is a picture of that size."""
        from photochrom.images.container import PictureFile, decoding

        with decoding(file):
            found = PictureFile(file).load()
        if (found.width, found.height) != opened.size:
            raise OutputWriteError(f"came out as {found.width} x {found.height} pixels, not {opened.size}", file)

    def _publish(self, task: Task, values: dict[str, Any], write: Callable[[Path], Any]) -> Any:
        """Write a file aside, digest it, and give it its place."""
        suffix = PurePosixPath(task.target).suffix
        folder = Path(self._settings.scratch or tempfile.gettempdir())
        file = folder / f"{task.id}-{secrets.token_hex(6)}{suffix}"
        try:
            returned = write(file)
            data = file.read_bytes()
            values |= {"output_sha256": hashlib.sha256(data).hexdigest(), "output_size": len(data)}
            del data

            def ours(there: bytes) -> bool:
                if hashlib.sha256(there).hexdigest() == task.replaces:
                    return True
                return self._sign is not None and signed_for(there, suffix, values["input_sha256"])

            stores.publish(file, task.target, same=ours, force=self._settings.force)
            return returned
        finally:
            file.unlink(missing_ok=True)
