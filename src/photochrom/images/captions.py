"""Captions in forms older than XMP: IPTC-IIM, comments of JPEG and GIF, PNG texts. Kept where the format has a place, else named.

Sources: IPTC-IIM 4.2, Photoshop file formats (image resources), ITU-T T.81 (COM), TIFF tags 33723 and 34377, GIF89a.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from photochrom.images.jpeg_segments import segments
from photochrom.images.png_chunks import png_chunk

if TYPE_CHECKING:
    from photochrom.images.directories import Entry

__all__ = ["Captions", "from_gif", "from_iptc", "from_jpeg"]

_APP13, _COM = 0xED, 0xFE
_PHOTOSHOP = b"Photoshop 3.0\0"
_IPTC = 0x0404
_ROOM = 65533
#: TIFF's tag for IPTC-IIM.
TIFF_IPTC = 33723
#: Names of the fields of IPTC-IIM that a user may know (record 2).
_FIELDS = {
    **{5: "title", 15: "category", 25: "keywords", 40: "instructions", 55: "date", 80: "author", 85: "author's title"},
    **{90: "city", 92: "place", 95: "state", 101: "country", 103: "reference", 105: "headline", 110: "credit"},
    **{115: "source", 116: "copyright", 118: "contact", 120: "caption", 122: "caption writer"},
}
#: Keywords of texts that programs write of themselves, and nobody misses.
_CLERICAL = ("Software", "date:", "png:", "exif:", "signature")


@dataclass(frozen=True)
class Captions:
    """``iptc``: IPTC-IIM records. ``comments``: of a JPEG or GIF. ``texts``: keyword, text and whole chunk, of a PNG."""

    iptc: bytes = b""
    comments: tuple[bytes, ...] = ()
    texts: tuple[tuple[str, str, bytes], ...] = ()

    def for_jpeg(self) -> bytes:
        """As segments, to stand behind the first marker."""
        parts = [_segment(_COM, comment) for comment in self._as_comments() if len(comment) <= _ROOM]
        if self._iptc_fits():
            parts.append(_segment(_APP13, _PHOTOSHOP + _resource(self.iptc)))
        return b"".join(parts)

    def for_png(self) -> bytes:
        """As chunks: the source's own texts, and JPEG comments as texts named Comment."""
        chunks = [chunk for _, _, chunk in self.texts]
        chunks += [png_chunk(b"iTXt", b"Comment\0\0\0\0\0" + _utf8(comment)) for comment in self.comments]
        if self.iptc:
            packet = _resource(self.iptc)
            digits = packet.hex()
            lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
            chunks.append(
                png_chunk(b"tEXt", f"Raw profile type iptc\0\niptc\n{len(packet):8d}\n{lines}\n".encode("ascii"))
            )
        return b"".join(chunks)

    def for_gif(self) -> bytes:
        """As comment extensions, to stand before the trailer."""
        return b"".join(b"\x21\xfe" + _blocks(comment) for comment in self._as_comments())

    def for_tiff(self) -> dict[int, Entry]:
        """As tags; there is none for comments but the description, which is EXIF's."""
        return {TIFF_IPTC: (7, len(self.iptc), self.iptc)} if self.iptc else {}

    def lost_in(self, format: str) -> tuple[str, ...]:
        """A sentence for the user about what a format cannot keep; none if it keeps all."""
        lost = []
        if self.iptc and (format not in ("jpeg", "png", "tiff") or (format == "jpeg" and not self._iptc_fits())):
            lost.append(f"IPTC data ({_names(self.iptc)})")
        comments = self._as_comments() if format == "jpeg" else self.comments
        if comments and (
            format not in ("jpeg", "png", "gif") or (format == "jpeg" and max(map(len, comments)) > _ROOM)
        ):
            lost.append("the comment")
        others = [key for key, _, _ in self.texts if not key.startswith(_CLERICAL)]
        if format in ("jpeg", "gif"):
            others = [key for key in others if key != "Comment"]
        if others and format != "png":
            lost.append(f"PNG texts ({', '.join(dict.fromkeys(others))})")
        return (f"{' and '.join(lost)} could not be kept in this format",) if lost else ()

    def _as_comments(self) -> tuple[bytes, ...]:
        return (*self.comments, *(text.encode("utf-8") for key, text, _ in self.texts if key == "Comment"))

    def _iptc_fits(self) -> bool:
        return 0 < len(self.iptc) <= _ROOM - len(_PHOTOSHOP) - 16


def from_jpeg(file: object) -> Captions:
    """Those of a JPEG file, open for reading."""
    photoshop = b""
    comments = []
    for marker, body in segments(file):  # type: ignore[arg-type]
        if marker == _COM and body.strip(b"\0 "):
            comments.append(body)
        elif marker == _APP13 and body.startswith(_PHOTOSHOP):
            photoshop += body[len(_PHOTOSHOP) :]
    return Captions(from_iptc(photoshop), tuple(comments))


def from_gif(file: BinaryIO) -> Captions:
    """The comments of a GIF file, open for reading; the walk ends where its structure does."""
    comments = []
    head = file.read(13)
    file.seek(_colors(head[10:11]), 1)
    while kind := file.read(1):
        if kind == b"\x21":
            label, data = file.read(1), _sub_blocks(file)
            if label == b"\xfe" and data.strip(b"\0 "):
                comments.append(data)
        elif kind == b"\x2c":
            file.seek(_colors(file.read(9)[8:9]) + 1, 1)
            _sub_blocks(file, kept=False)
        else:
            break
    return Captions(comments=tuple(comments))


def _colors(flags: bytes) -> int:
    """Bytes of the colour table that follows, by the byte of flags."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _sub_blocks(file: BinaryIO, *, kept: bool = True) -> bytes:
    data = bytearray()
    while size := file.read(1):
        if not size[0]:
            break
        block = file.read(size[0])
        if kept:
            data += block[: max(0, _ROOM - len(data))]
    return bytes(data)


def _blocks(data: bytes) -> bytes:
    parts = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def from_iptc(packet: bytes) -> bytes:
    """The IPTC-IIM records in Photoshop's image resources, in the words of a wrongly ordered TIFF tag, or as they are."""
    if packet.startswith(b"8BIM"):
        return _resources(packet).get(_IPTC, b"")
    if packet[:1] != b"\x1c" and packet[3:4] == b"\x1c":  # long words of the other byte order
        packet = b"".join(packet[at : at + 4][::-1] for at in range(0, len(packet), 4))
    return packet if packet[:1] == b"\x1c" else b""


def _resources(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        number = int.from_bytes(data[at + 4 : at + 6], "big")
        start = at + 6 + (data[at + 6] + 2) // 2 * 2  # a name with its length, padded to be even
        size = int.from_bytes(data[start : start + 4], "big")
        found.setdefault(number, data[start + 4 : start + 4 + size])
        at = start + 4 + size + size % 2
    return found


def _resource(iptc: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", _IPTC, 0, len(iptc)) + iptc + b"\0" * (len(iptc) % 2)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _utf8(comment: bytes) -> bytes:
    try:
        return comment.rstrip(b"\0").decode("utf-8").encode("utf-8")
    except UnicodeDecodeError:
        return comment.rstrip(b"\0").decode("latin-1").encode("utf-8")


def _names(iptc: bytes) -> str:
    """The fields that are there, in words."""
    names: dict[str, None] = {}
    at = 0
    while iptc[at : at + 1] == b"\x1c" and at + 5 <= len(iptc):
        record, field, size = iptc[at + 1], iptc[at + 2], int.from_bytes(iptc[at + 3 : at + 5], "big")
        if record == 2 and field in _FIELDS:
            names[_FIELDS[field]] = None
        if size & 0x8000:
            break
        at += 5 + size
    return ", ".join(names) or "unnamed fields"
