"""Encoded pictures on their way to the result: files of packets, and the journal of those that are complete.

A file of packets is written whole, brought to the disk (fsync), renamed, and only then named in the journal, with its digest;
a line of the journal that is cut off by a crash does not count.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from photochrom.errors import JobError, OutputWriteError
from photochrom.portable import put_in_place

__all__ = ["Journal", "Packet", "PacketFile", "read_packets", "sync", "write_whole"]

_RECORD = struct.Struct("<qqBII")  # pts, duration, key frame?, bytes, crc32


class Packet(NamedTuple):
    """An encoded picture, in order of coding; ``pts`` and ``duration`` in ticks of the film's time base."""

    pts: int
    duration: int
    key: bool
    data: bytes

    def record(self) -> bytes:
        """As it stands in a file."""
        return _RECORD.pack(self.pts, self.duration, self.key, len(self.data), zlib.crc32(self.data)) + self.data


def read_packets(path: Path) -> Iterator[Packet]:
    """The packets of a file. Raises JobError where it is damaged."""
    try:
        with path.open("rb") as file:
            while head := file.read(_RECORD.size):
                pts, duration, key, size, crc = _RECORD.unpack(head)
                data = file.read(size)
                if len(data) != size or zlib.crc32(data) != crc:
                    raise JobError("is damaged; remove the job folder and start again", path)
                yield Packet(pts, duration, bool(key), data)
    except (OSError, struct.error) as error:
        raise JobError(f"cannot be read ({error}); remove the job folder and start again", path) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that after a crash it is there whole or not at all. Raises OutputWriteError."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(part, path)
        sync(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputWriteError(f"cannot be written ({error.strerror}); what is done is kept", path) from error


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class PacketFile:
    """A file of packets that grows, and has its name only once it is whole and on the disk; ``digest`` is its sha256."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(f".{path.name}.part")
        self._sum = hashlib.sha256()
        self._file = self._guarded(lambda: self._part.open("wb"))
        self.bytes = 0

    def write(self, packet: Packet) -> None:
        """Append a packet. Raises OutputWriteError."""
        record = packet.record()
        self._guarded(lambda: self._file.write(record))
        self._sum.update(record)
        self.bytes += len(record)

    def finish(self) -> str:
        """Bring it to the disk under its name -> its digest. Raises OutputWriteError."""

        def bring() -> None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self.path)
            sync(self.path.parent)

        self._guarded(bring)
        return self._sum.hexdigest()

    def abandon(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _guarded(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except OSError as error:
            raise OutputWriteError(f"cannot be written ({error.strerror}); what is done is kept", self.path) from error


class Journal:
    """Which parts of a film are done: one JSON line each, in a file that only grows.

    A part is ``{"part": i, "frames": n, "files": {name: sha256}}``; the files lie beside the journal. Parts count only from the
    first on without a gap and with whole files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts: list[dict[str, Any]] = []
        *lines, cut = path.read_bytes().split(b"\n") if path.exists() else [b""]
        for line in lines:
            try:
                row = json.loads(line)
                whole = row["part"] == len(self.parts) and all(
                    hashlib.sha256((path.parent / name).read_bytes()).hexdigest() == digest
                    for name, digest in row["files"].items()
                )
            except (ValueError, KeyError, TypeError, OSError):
                break
            if not whole:
                break
            self.parts.append(row)
        if len(self.parts) != len(lines) or cut:
            write_whole(path, b"".join(json.dumps(row).encode() + b"\n" for row in self.parts))

    def add(self, frames: int, files: dict[str, str]) -> None:
        """Note a part whose files are on the disk, by their digests. Raises OutputWriteError."""
        row = {"part": len(self.parts), "frames": frames, "files": files}
        try:
            with self.path.open("ab") as file:
                file.write(json.dumps(row).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputWriteError(f"cannot be written ({error.strerror}); what is done is kept", self.path) from error
        self.parts.append(row)

    @property
    def frames(self) -> int:
        """Frames that are done."""
        return sum(int(row["frames"]) for row in self.parts)
