"""ZIP archives read in place: their directory a piece at a time, and single files by a small index, however many there are.

A ZIP archive ends with a directory of its files (PKWARE's APPNOTE.TXT, section 4.3). Python's zipfile reads all of it into
objects, which takes about a kilobyte for each file; here it is walked through in pieces, and a worker keeps 16 bytes a file.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import IO, Any, NamedTuple

import numpy as np

from photochrom.archive.patience import patiently
from photochrom.errors import ImageError, ImageNotFoundError, StoreError

__all__ = ["Member", "is_zip", "members", "read"]

#: Bytes of the directory that are read at a time.
_PIECE = 1 << 20
_RECORD = struct.Struct("<4s6H3L5H2L")  # as the directory has it for each file, before its name
_END = struct.Struct("<4s4H2LH")
_END64, _LOCATOR = struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_LONGEST_COMMENT = 65535
_UTF8, _UNICODE_NAME = 0x800, 0x7075
_UNKNOWN = 0xFFFFFFFF


class Member(NamedTuple):
    """A file in an archive: its name with slashes, and its size in bytes unless that is above 4 GB."""

    name: str
    size: int | None


class _Record(NamedTuple):
    """A file's record in the directory: where it is, its bytes, and what they say."""

    at: int
    data: bytes
    name: str
    size: int


class _Directory(NamedTuple):
    """Where the directory begins and ends in the file, and where it begins by its own account."""

    start: int
    end: int
    declared: int


def is_zip(address: str) -> bool:
    """Whether an address is of a place in a ZIP archive: ``zip://path::archive``."""
    return address.startswith("zip://") and "::" in address


def members(address: str) -> Iterator[Member]:
    """The files of an archive below ``zip://folder::archive``, in the archive's order; their names are whole.

    At most a piece of the directory is in memory. Raises ImageNotFoundError, StoreError.
    """
    folder, archive = _parts(address)
    below = f"{folder.strip('/')}/" if folder.strip("/") else ""
    opened = _Archive(archive)
    with opened.file:
        for record in opened.records():
            if record.name.startswith(below) and not record.name.endswith("/"):
                yield Member(record.name, None if record.size == _UNKNOWN else record.size)


def read(address: str) -> bytes:
    """A file's bytes, by ``zip://path::archive``. Raises ImageNotFoundError, ImageError, StoreError."""
    name, archive = _parts(address)
    return _index(archive, _stamp(archive)).read(name, address)


@lru_cache(maxsize=8)
def _index(archive: str, _: object) -> _Index:
    return _Index(_Archive(archive))


def _stamp(archive: str) -> object:
    """What changes when an archive of this machine is another one."""
    with suppress(OSError):  # it is elsewhere
        found = Path(archive.removeprefix("file://")).stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
    return None


def _parts(address: str) -> tuple[str, str]:
    outer, _, archive = address.partition("::")
    return outer.partition("://")[2], archive


class _Archive:
    """An archive that is open. Raises ImageNotFoundError, StoreError, which is also for what is no ZIP archive."""

    def __init__(self, archive: str) -> None:
        self.address = f"zip://::{archive}"
        self.file = self._opened(archive)
        self.directory = self._found()

    def piece(self, at: int, size: int) -> bytes:
        """So many bytes from a place on; fewer only at the end. Raises StoreError."""

        def once() -> bytes | ValueError:
            try:
                self.file.seek(at)
                return self.file.read(size)
            except ValueError as error:  # a server that gives files only from their beginning
                return error

        found = patiently(once, self.address)
        if isinstance(found, ValueError):
            raise self._unplaced(found)
        return found

    def records(self) -> Iterator[_Record]:
        """The records of the directory, one after the other. Raises StoreError."""
        _, end, _ = self.directory
        at = begin = self.directory.start
        piece = b""
        while at < end:
            record = _parsed(piece, at - begin, at)
            if record is None:
                begin, piece = at, self.piece(at, min(_PIECE, end - at))
                record = _parsed(piece, 0, at)
                if record is None:
                    raise StoreError(f"{self.address}: its directory is damaged; copy the archive again")
            yield record
            at += len(record.data)

    def record(self, at: int) -> _Record | None:
        """The record at a place, if there is one."""
        head = self.piece(at, _RECORD.size)
        return None if len(head) < _RECORD.size else _parsed(self.piece(at, _length(_RECORD.unpack(head))), 0, at)

    def _opened(self, archive: str) -> IO[bytes]:
        def once() -> IO[bytes] | Exception:
            import fsspec

            try:
                fs, path = fsspec.core.url_to_fs(archive)
                file: IO[bytes] = fs.open(path, "rb")
            except (ImportError, ValueError, IsADirectoryError) as error:  # which will not change
                return error
            return file

        try:
            found = patiently(once, self.address)
        except FileNotFoundError as error:
            raise ImageNotFoundError("is not there (any more)", self.address) from error
        except PermissionError as error:
            raise StoreError(f"{self.address}: may not be read; are the rights for it set here?") from error
        if isinstance(found, Exception):
            raise StoreError(f"{self.address}: cannot be reached ({found})") from found
        return found

    def _found(self) -> _Directory:
        """Where the directory is: the end of the file says it, and for large archives a second end before that."""
        try:
            length = self.file.seek(0, os.SEEK_END)
        except ValueError as error:
            raise self._unplaced(error) from error
        first = max(0, length - _END.size - _LONGEST_COMMENT)
        tail = self.piece(first, length - first)
        at = tail.rfind(b"PK\5\6", 0, len(tail) - _END.size + 4)
        if at < 0:
            raise StoreError(f"{self.address}: cannot be reached (it is not a zip file, or was cut short)")
        size, declared = _END.unpack_from(tail, at)[5:7]
        end = first + at
        if at >= _LOCATOR.size and tail[at - _LOCATOR.size :][:4] == b"PK\6\7":
            whole = self.piece(end - _LOCATOR.size - _END64.size, _END64.size)
            if len(whole) == _END64.size and whole[:4] == b"PK\6\6":
                size, declared = _END64.unpack(whole)[8:10]
                end -= _LOCATOR.size + _END64.size
        if size > end:
            raise StoreError(f"{self.address}: its directory is damaged; copy the archive again")
        return _Directory(end - size, end, declared)

    def _unplaced(self, error: ValueError) -> StoreError:
        return StoreError(f"{self.address}: cannot be read in places ({error}); copy the archive here first")


class _Index:
    """An archive that stays open, with an index of where each file's record is: two numbers a file."""

    def __init__(self, archive: _Archive) -> None:
        self._archive, self._lock = archive, Lock()
        hashes, places = array("Q"), array("Q")
        for record in archive.records():
            hashes.append(_hash(record.name))
            places.append(record.at)
        found, at = (np.array(values, np.uint64) for values in (hashes, places))
        order = np.argsort(found, kind="stable")
        self._hashes, self._places = found[order], at[order]

    def read(self, name: str, address: str) -> bytes:
        """A file's bytes; threads read one after the other."""
        with self._lock:
            wanted = np.uint64(_hash(name))
            first, last = np.searchsorted(self._hashes, wanted, "left"), np.searchsorted(self._hashes, wanted, "right")
            for place in reversed(self._places[first:last].tolist()):  # of two files of one name the later one holds
                record = self._archive.record(place)
                if record is not None and record.name == name:
                    return _unpacked(self._archive, record, address)
        raise ImageNotFoundError("is not in the archive (any more)", address)


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


def _length(fields: tuple[Any, ...]) -> int:
    """Of a record: its name, extra fields and comment follow."""
    return _RECORD.size + int(sum(fields[10:13]))


def _parsed(piece: bytes, offset: int, at: int) -> _Record | None:
    """The record at an offset of a piece; None where it is not whole, or none."""
    if len(piece) - offset < _RECORD.size:
        return None
    fields = _RECORD.unpack_from(piece, offset)
    length = _length(fields)
    if fields[0] != b"PK\1\2" or len(piece) - offset < length:
        return None
    data = piece[offset : offset + length]
    flags, size, name, extra = fields[3], fields[9], fields[10], fields[11]
    raw = data[_RECORD.size :][:name]
    return _Record(at, data, _name(raw, flags, data[_RECORD.size + name :][:extra]), size)


def _name(raw: bytes, flags: int, extra: bytes) -> str:
    """A name in UTF-8 where the record says so, or has one beside; else in the letters of DOS."""
    if flags & _UTF8:
        return raw.decode("utf-8", "replace")
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        content, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_NAME and content[:5] == b"\1" + zlib.crc32(raw).to_bytes(4, "little"):
            return content[5:].decode("utf-8", "replace")
    return raw.decode("cp437")


def _unpacked(archive: _Archive, record: _Record, address: str) -> bytes:
    """One file's bytes, by Python's zipfile, which sees an archive that has this record alone."""

    def once() -> bytes | Exception:
        try:
            with zipfile.ZipFile(_Alone(archive.file, record, archive.directory)) as alone:
                return bytes(alone.read(alone.infolist()[0]))
        except (zipfile.BadZipFile, RuntimeError, ValueError, EOFError, zlib.error) as error:  # of the file
            return error

    found = patiently(once, address)
    if isinstance(found, Exception):
        raise ImageError(f"cannot be unpacked ({found})", address) from found
    return found


class _Alone:
    """A file that reads as the archive with one record in its directory; as much of a file as zipfile needs."""

    def __init__(self, file: IO[bytes], record: _Record, directory: _Directory) -> None:
        alone = record.data
        end64 = _END64.pack(b"PK\6\6", _END64.size - 12, 45, 45, 0, 0, 1, 1, len(alone), directory.declared)
        locator = _LOCATOR.pack(b"PK\6\7", 0, directory.start + len(alone), 1)
        end = _END.pack(b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, _UNKNOWN, _UNKNOWN, 0)
        self._file, self._start, self._tail = file, directory.start, alone + end64 + locator + end
        self._at = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._start + len(self._tail)}[whence]
        if base + offset < 0:
            raise OSError("before the beginning")  # as of a file; zipfile expects it of a short one
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        wanted = self._start + len(self._tail) - self._at if size < 0 else size
        found = b""
        if self._at < self._start:
            self._file.seek(self._at)
            found = self._file.read(min(wanted, self._start - self._at))
            self._at += len(found)
            if self._at < self._start:
                return found
        more = self._tail[self._at - self._start :][: wanted - len(found)]
        self._at += len(more)
        return found + more
