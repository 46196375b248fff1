"""TIFF directories: read, added to, and replaced. An EXIF packet is a TIFF file without pixels, so it is one, too.

Sources: TIFF 6.0, BigTIFF.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = ["EXIF", "GPS", "SIZES", "Entry", "Tiff", "swap"]

Entry = tuple[int, int, bytes]  # TIFF type, count, values in little-endian order

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE = (1, 3, 4, 13, 16, 18)
_WORDS = {5: 4, 10: 4}  # rationals are swapped as two words
EXIF, GPS = 0x8769, 0x8825
# Entries of a hostile file may all point to the same bytes, and its directories may go in a circle.
_LARGEST_VALUE, _LARGEST_DIRECTORY, _MOST_DIRECTORIES = 1 << 16, 1 << 20, 10_000


def swap(raw: bytes, kind: int) -> bytes:
    """Turn the byte order of each value of a TIFF type."""
    unit = _WORDS.get(kind, SIZES.get(kind, 1))
    return b"".join(raw[i : i + unit][::-1] for i in range(0, len(raw), unit))


class Tiff:
    """The directories of a TIFF file, or of an EXIF packet, which is a TIFF file without pixels."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        head = self._at(0, 16)
        magic = {b"II": "<", b"MM": ">"}.get(head[:2])
        if magic is None or len(head) < 8:
            raise ValueError("not a TIFF structure")
        self.order = magic
        version = struct.unpack(magic + "H", head[2:4])[0]
        self.big = version == 43
        if version not in (42, 43):
            raise ValueError("not a TIFF structure")
        # pointer to the first directory: where it stands, and its form; entry: tag, type, count, value or offset
        self.pointer, self.word, self.count = (8, "Q", "Q") if self.big else (4, "I", "H")
        self.value_room = 8 if self.big else 4
        self.record = 12 + (8 if self.big else 0)
        self.first = self._unpack(self.word, self._at(self.pointer, self.value_room))

    def _at(self, offset: int, size: int) -> bytes:
        try:
            self.file.seek(offset)
        except (OSError, OverflowError):  # BigTIFF has offsets that no file has
            raise ValueError("an offset beyond all files") from None
        return self.file.read(size)

    def _unpack(self, form: str, raw: bytes) -> int:
        if len(raw) < struct.calcsize("=" + form):
            raise ValueError("the structure ends early")
        return int(struct.unpack(self.order + form, raw)[0])

    def records(self, offset: int) -> tuple[list[bytes], bytes]:
        """The raw entries of one directory, and the raw offset of the next directory."""
        size = struct.calcsize("=" + self.count)
        count = self._unpack(self.count, self._at(offset, size))
        body = self._at(offset + size, min(count, 4096) * self.record + self.value_room)
        entries = [body[i * self.record : (i + 1) * self.record] for i in range(min(count, 4096))]
        if entries and len(entries[-1]) < self.record:
            raise ValueError("the structure ends early")
        return entries, body[len(entries) * self.record :].ljust(self.value_room, b"\0")

    def directory(self, offset: int) -> dict[int, Entry]:
        """The entries of one directory; values that are too long or out of the file are left out."""
        found: dict[int, Entry] = {}
        room = _LARGEST_DIRECTORY
        for entry in self.records(offset)[0]:
            tag, kind = struct.unpack(self.order + "HH", entry[:4])
            count = self._unpack(self.word, entry[4 : 4 + self.value_room])
            size = count * SIZES.get(kind, 0)
            raw = entry[4 + self.value_room :]
            if self.value_room < size <= min(room, _LARGEST_VALUE):
                room -= size
                raw = self._at(self._unpack(self.word, raw), size)
            if 0 < size <= len(raw) and tag not in found:
                raw = raw[:size]
                found[tag] = (kind, count, raw if self.order == "<" else swap(raw, kind))
        return found

    def chain(self) -> list[int]:
        """Where the directories of all pages begin; a circle ends."""
        found: list[int] = []
        seen = set()
        at = self.first
        while at and at not in seen and len(found) < _MOST_DIRECTORIES:
            seen.add(at)
            try:
                following = self.records(at)[1]
            except (ValueError, OverflowError):
                break
            found.append(at)
            at = self._unpack(self.word, following)
        return found

    def raw_records(self, offset: int) -> dict[int, bytes]:
        """The entries of one directory by tag, as they stand in the file: long values are offsets. Of equal tags the first."""
        found: dict[int, bytes] = {}
        for record in self.records(offset)[0]:
            found.setdefault(struct.unpack(self.order + "H", record[:2])[0], record)
        return found

    def slice_record(self, record: bytes, first: int, count: int) -> bytes:
        """The record of a part of its values, ``count`` from the one numbered ``first`` on."""
        tag, kind = struct.unpack(self.order + "HH", record[:4])
        total = self._unpack(self.word, record[4 : 4 + self.value_room])
        size, raw = SIZES.get(kind, 1), record[4 + self.value_room :]
        if not 0 <= first <= first + count <= total:
            raise ValueError(f"{total} values, not {first + count}")
        if size * total <= self.value_room:
            raw = raw[first * size : (first + count) * size]
        elif size * count <= self.value_room:
            raw = self._at(self._unpack(self.word, raw) + first * size, count * size)
        else:
            raw = struct.pack(self.order + self.word, self._unpack(self.word, raw) + first * size)
        return struct.pack(self.order + "HH" + self.word, tag, kind, count) + raw.ljust(self.value_room, b"\0")

    def blob(self, record: bytes, limit: int = 1 << 24) -> bytes:
        """The bytes of a record's values as they stand in the file, up to ``limit``."""
        kind = struct.unpack(self.order + "HH", record[:4])[1]
        size, raw = self.count_of(record) * SIZES.get(kind, 1), record[4 + self.value_room :]
        return raw[:size] if size <= self.value_room else self._at(self._unpack(self.word, raw), min(size, limit))

    def numbers(self, record: bytes) -> NDArray[np.uint64] | None:
        """All values of a record of whole numbers without sign; None for another type, or where they are not in the file."""
        kind = struct.unpack(self.order + "HH", record[:4])[1]
        raw = self.blob(record)
        if kind not in _WHOLE or len(raw) < self.count_of(record) * SIZES[kind]:
            return None
        return np.frombuffer(raw, f"{self.order}u{SIZES[kind]}").astype(np.uint64)

    def count_of(self, record: bytes) -> int:
        """How many values a record has."""
        return self._unpack(self.word, record[4 : 4 + self.value_room])

    def replace(self, records: Iterable[bytes]) -> None:
        """Write a new first directory, and none behind it."""
        self._point_to(self.write_directory(list(records), b"\0" * self.value_room))

    def _point_to(self, offset: int) -> None:
        self.file.seek(self.pointer)
        self.file.write(struct.pack(self.order + self.word, offset))

    def _append(self, data: bytes) -> int:
        """Write at the end of the file, on an even offset as TIFF wants it."""
        end = self.file.seek(0, io.SEEK_END)
        self.file.write(b"\0" * (end % 2) + data)
        return end + end % 2

    def encode(self, tag: int, entry: Entry) -> bytes:
        """The record of an entry; a long value is appended to the file."""
        kind, count, raw = entry
        if self.order == ">":
            raw = swap(raw, kind)
        if len(raw) > self.value_room:
            raw = struct.pack(self.order + self.word, self._append(raw))
        return struct.pack(self.order + "HH" + self.word, tag, kind, count) + raw.ljust(self.value_room, b"\0")

    def write_directory(self, records: list[bytes], following: bytes) -> int:
        """Append a directory, its records in order, and the raw offset of the next one; returns where it stands."""
        ordered = sorted(records, key=lambda entry: int(struct.unpack(self.order + "H", entry[:2])[0]))
        return self._append(struct.pack(self.order + self.count, len(ordered)) + b"".join(ordered) + following)

    def put(self, tags: Mapping[int, Entry], parts: Mapping[int, Mapping[int, Entry]]) -> None:
        """Add tags to the first directory. Nothing that was written is moved: a new directory goes to the end.

        parts: the entries of further directories, by the tag that points to each (:data:`EXIF`, :data:`GPS`).
        """
        main = dict(tags)
        for tag, part in parts.items():
            if part:
                entries = [self.encode(*item) for item in part.items()]
                offset = self.write_directory(entries, b"\0" * self.value_room)
                kind, form = (13, "<I") if offset < 1 << 32 else (18, "<Q")
                main[tag] = kind, 1, struct.pack(form, offset)
        old, following = self.records(self.first)
        kept = [entry for entry in old if struct.unpack(self.order + "H", entry[:2])[0] not in main]
        self._point_to(self.write_directory(kept + [self.encode(*item) for item in main.items()], following))
