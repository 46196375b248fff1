"""One TIFF file of several pages, each of which was written as a file by itself."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from photochrom.images.directories import EXIF, GPS, Entry, Tiff, swap
from photochrom.images.parts import PAGE, close_part, open_part_folder
from photochrom.images.write import Output, refusals

__all__ = ["write_pages"]

_PLACES = {273: 279, 324: 325}  # offsets of strips or tiles: their lengths
_MOST_CLASSIC = 3_900_000_000
_CHUNK = 1 << 20


def write_pages(
    path: str | Path, pages: Iterable[Callable[[Path], object]], pixels: int, *, force: bool = False
) -> None:
    """Write a TIFF of several pages; it appears whole under its name, or not at all.

    Each of ``pages`` writes one TIFF file of one page when called; only one of these files is there at a time. pixels: of
    all pages together. force: replace a file that is there. Raises OutputExistsError, OutputWriteError; what pages raise passes.
    """
    path = Path(path)
    with Output(path, force, (0, b"")) as output:
        with refusals(path):
            held, folder = open_part_folder(path)
        try:
            with os.fdopen(os.dup(output.descriptor), "r+b") as file:
                joined = _Joined(file, big=pixels * 8 > _MOST_CLASSIC)
                for write in pages:
                    part = folder / PAGE
                    write(part)
                    with refusals(path), part.open("rb") as page:
                        joined.append(page)
                    part.unlink()
        finally:
            close_part(held, folder)
        with refusals(path):
            output.commit()


class _Joined:
    """The file to which pages are added."""

    def __init__(self, file: BinaryIO, *, big: bool) -> None:
        self._file = file
        order = "<" if sys.byteorder == "little" else ">"
        head = b"II" if order == "<" else b"MM"
        file.write(head + (struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0)))
        file.flush()
        self._out = Tiff(file)
        self._link = self._out.pointer  # where the offset of the next page belongs

    def append(self, page: BinaryIO) -> None:
        """Add the first page of a TIFF file."""
        source, out = Tiff(page), self._out
        entries = self._entries(source, source.first)
        for places, lengths in _PLACES.items():
            if places in entries and lengths in entries:
                moved = [
                    self._moved(page, at, size)
                    for at, size in zip(_numbers(entries[places]), _numbers(entries[lengths]), strict=True)
                ]
                kind, form = (16, "Q") if out.big else (4, "I")
                entries[places] = kind, len(moved), struct.pack(f"<{len(moved)}{form}", *moved)
        for tag in (EXIF, GPS):
            if tag in entries:
                below = self._entries(source, _numbers(entries[tag])[0])
                at = out.write_directory([out.encode(*item) for item in below.items()], bytes(out.value_room))
                entries[tag] = (16, 1, struct.pack("<Q", at)) if out.big else (4, 1, struct.pack("<I", at))
        records = [out.encode(*item) for item in entries.items()]
        at = out.write_directory(records, bytes(out.value_room))
        self._file.seek(self._link)
        self._file.write(struct.pack(out.order + out.word, at))
        self._link = at + struct.calcsize("=" + out.count) + len(records) * out.record

    def _entries(self, source: Tiff, offset: int) -> dict[int, Entry]:
        found = {}
        for tag, record in source.raw_records(offset).items():
            kind = struct.unpack(source.order + "HH", record[:4])[1]
            raw = source.blob(record, limit=1 << 32)
            found[tag] = kind, source.count_of(record), raw if source.order == "<" else swap(raw, kind)
        return found

    def _moved(self, page: BinaryIO, at: int, size: int) -> int:
        """Copy the data of a strip to the end; returns where they are now."""
        page.seek(at)
        end = self._file.seek(0, os.SEEK_END)
        if end % 2:
            self._file.write(b"\0")
            end += 1
        while size > 0:
            data = page.read(min(size, _CHUNK))
            if not data:
                raise ValueError("a page that was written ends early")
            self._file.write(data)
            size -= len(data)
        return end


def _numbers(entry: Entry) -> tuple[int, ...]:
    kind, count, raw = entry
    return struct.unpack(f"<{count}{ {3: 'H', 4: 'I', 13: 'I', 16: 'Q', 18: 'Q'}[kind] }", raw)
