"""What stands beside the pixels in the boxes of a JPEG 2000 or JPEG XL file: EXIF, XMP, IPTC and a colour profile.

Sources: ISO/IEC 15444-1 (boxes, colour specification), ISO/IEC 18181-2, XMP part 3, "JpgTiffExif->JP2" of ExifTool and Exiv2.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import BinaryIO

__all__ = ["Packets", "read_boxes"]

_UUIDS = {
    bytes.fromhex("be7acfcb97a942e89c71999491e3afac"): "xmp",
    b"JpgTiffExif->JP2": "exif",
    bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38"): "iptc",
}
_LARGEST = 1 << 24
_MOST = 1000  # boxes
#: Methods of a colour specification that hold an ICC profile.
_ICC_METHODS = (2, 3)


@dataclass(frozen=True)
class Packets:
    """``exif``: without a prefix. ``frames``: pictures in the file. ``notices``: for the user."""

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    profile: bytes | None = None
    frames: int = 1
    notices: tuple[str, ...] = ()


def read_boxes(file: BinaryIO) -> Packets:
    """Those of a file that is open for reading; none of a bare codestream. Damaged boxes end the walk."""
    found: dict[str, bytes] = {}
    notices: tuple[str, ...] = ()
    for name, data in _boxes(file):
        if name == b"brob" and data[:4] in (b"Exif", b"xml "):
            name, unpacked = data[:4], _inflate(data[4:])
            if unpacked is None:
                notices += (f"its {'EXIF' if name == b'Exif' else 'XMP'} data could not be unpacked and was left out",)
                continue
            data = unpacked
        if name == b"uuid" and (kind := _UUIDS.get(data[:16])) is not None:
            found.setdefault(kind, data[16:])
        elif name == b"Exif":
            found.setdefault("exif", data[4 + int.from_bytes(data[:4], "big") :])
        elif name == b"xml " and b"http://www.w3.org/1999/02/22-rdf-syntax-ns#" in data:
            found.setdefault("xmp", data)
        elif name == b"colr" and data[:1] and data[0] in _ICC_METHODS:
            found.setdefault("profile", data[3:])
    if found.get("exif", b"").startswith(b"Exif\0\0"):
        found["exif"] = found["exif"][6:]
    return Packets(found.get("exif"), found.get("xmp"), found.get("iptc"), found.get("profile"), notices=notices)


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of the boxes that are of use, also inside the header of JPEG 2000; their codestreams are passed over."""
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    for _ in range(_MOST):
        head = file.read(8)
        size, used, name = int.from_bytes(head[:4], "big"), 8, head[4:]
        if size == 1:
            size, used = int.from_bytes(file.read(8), "big"), 16
        at = file.tell()
        size = end - at if size == 0 and len(head) == 8 else size - used
        if len(head) < 8 or not 0 <= size <= end - at:
            return
        if name == b"jp2h":
            continue  # what it holds comes next
        if name in (b"uuid", b"Exif", b"xml ", b"brob", b"colr") and size <= _LARGEST:
            yield name, file.read(size)
        file.seek(at + size)


def _inflate(data: bytes) -> bytes | None:
    if find_spec("imagecodecs") is None:
        return None
    import imagecodecs

    try:
        return bytes(imagecodecs.brotli_decode(data))
    except Exception:
        return None
