"""Metadata of a picture file: EXIF and XMP are kept, and the synthetic colours are marked as such.

Both packets are read and written here, not by libvips: libvips stores no EXIF in TIFF, and rewrites texts in EXIF that
contain brackets. Sources: TIFF 6.0, BigTIFF, Exif 2.32, XMP part 3, IPTC Photo Metadata 2023.1 (DigitalSourceType).
"""

from __future__ import annotations

import io
import struct
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from photochrom.images.directories import EXIF, GPS, SIZES, Entry, Tiff
from photochrom.images.png_chunks import png_chunk

__all__ = [
    "SYNTHETIC",
    "Tags",
    "jpeg_lead",
    "mark_tags",
    "mark_xmp",
    "pack_exif",
    "png_lead",
    "read_tags",
    "seal_file",
    "xmp_orientation",
]

#: What IPTC calls a picture to which a trained model added something.
SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

_XMP = 700
# Tags of the first directory that describe the picture, not how its pixels are stored.
_DESCRIPTIVE = {269, 270, 271, 272, 285, 305, 306, 315, 316, 18246, 18249, 33432, *range(0x9C9B, 0x9CA0)}
#: Bytes that one JPEG segment holds.
JPEG_ROOM = 65533


@dataclass(frozen=True)
class Tags:
    """Descriptive tags: ``main`` (first directory), ``exif`` and ``gps``; ``layout`` holds a TIFF's storage tags."""

    main: Mapping[int, Entry] = field(default_factory=dict)
    exif: Mapping[int, Entry] = field(default_factory=dict)
    gps: Mapping[int, Entry] = field(default_factory=dict)
    layout: Mapping[int, Entry] = field(default_factory=dict)

    def parts(self) -> dict[int, Mapping[int, Entry]]:
        """The directories beside the first, by the tag that points to each."""
        return {EXIF: self.exif, GPS: self.gps}

    def number(self, tag: int) -> int | None:
        """First value of a storage tag with 16 or 32 bits."""
        kind, _, raw = self.layout.get(tag, (0, 0, b""))
        return int.from_bytes(raw[: SIZES[kind]], "little") if kind in (3, 4) else None

    def resolution(self) -> tuple[float, float] | None:
        """Dots per inch, across and down."""
        found = []
        for tag in (0x11A, 0x11B):
            kind, _, raw = self.layout.get(tag, (0, 0, b""))
            above, below = struct.unpack("<II", raw[:8]) if kind == 5 else (0, 0)
            found.append(above / below * (2.54 if self.number(0x128) == 3 else 1) if below else 0.0)
        return (found[0], found[1]) if min(found) > 0 else None


def read_tags(file: BinaryIO, offset: int | None = None) -> Tags:
    """The tags of a TIFF file or of an EXIF packet (without its ``Exif`` prefix); a damaged structure gives none.

    offset: where the directory begins; None: the first one.
    """
    try:
        tiff = Tiff(file)
        main = tiff.directory(tiff.first if offset is None else offset)
        parts: list[dict[int, Entry]] = []
        for tag in (EXIF, GPS):
            kind, _, raw = main.get(tag, (0, 0, b""))
            known = kind in (4, 13, 16, 18)
            try:
                parts.append(tiff.directory(int.from_bytes(raw, "little")) if known else {})
            except (ValueError, OverflowError):
                parts.append({})
    except (ValueError, OverflowError, struct.error):
        return Tags()
    return Tags({tag: value for tag, value in main.items() if tag in _DESCRIPTIVE}, parts[0], parts[1], main)


def _short(number: int) -> Entry:
    return 3, 1, struct.pack("<H", number)


def _rational(number: float) -> Entry:
    return 5, 1, struct.pack("<II", round(number * 1000), 1000)


def mark_tags(tags: Tags, creator: str, size: tuple[int, int], dpi: tuple[float, float]) -> Tags:
    """The tags of a finished picture: upright, sRGB, of this width and height, made by ``creator``."""
    text = creator.encode("ascii", "replace") + b"\0"
    main = {
        **tags.main,
        0x112: _short(1),
        0x11A: _rational(dpi[0]),
        0x11B: _rational(dpi[1]),
        0x128: _short(2),
        0x131: (2, len(text), text),
    }
    sizes = {tag: (4, 1, struct.pack("<I", value)) for tag, value in zip((0xA002, 0xA003), size, strict=True)}
    exif = {0x9000: (7, 4, b"0232"), **tags.exif, 0xA001: _short(1), **sizes}
    exif.pop(0xA005, None)  # the interoperability directory is not carried along
    return Tags(main, exif, tags.gps)


def pack_exif(tags: Tags) -> bytes:
    """An EXIF packet, without its ``Exif`` prefix."""
    file = io.BytesIO(b"II*\0" + struct.pack("<I", 8) + bytes(6))
    Tiff(file).put(tags.main, tags.parts())
    return file.getvalue()


_SPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
}
for _prefix, _uri in _SPACES.items():
    ET.register_namespace(_prefix, _uri)


def _name(prefix: str, name: str) -> str:
    return f"{{{_SPACES[prefix]}}}{name}"


class _NoDoctype(ET.TreeBuilder):
    """XMP has no DOCTYPE; one that has may define entities that grow without end."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("a DOCTYPE in XMP")


def _parse_xmp(packet: bytes) -> ET.Element | None:
    try:
        root = ET.XML(packet.strip(b"\0 \r\n\t"), ET.XMLParser(target=_NoDoctype()))
    except (ET.ParseError, ValueError, LookupError):
        return None
    return root if next(root.iter(_name("rdf", "RDF")), None) is not None else None


def xmp_orientation(packet: bytes | None) -> int | None:
    """``tiff:Orientation`` of an XMP packet, 1..8; None if it has none."""
    root = _parse_xmp(packet) if packet else None
    name = _name("tiff", "Orientation")
    for description in () if root is None else root.iter(_name("rdf", "Description")):
        value = (description.get(name) or description.findtext(name) or "").strip()
        if value in list("12345678"):
            return int(value)
    return None


def mark_xmp(packet: bytes | None, creator: str) -> bytes:
    """An XMP packet that marks the colours as synthetic, merged into the old packet if that can be read.

    Properties of the old packet stay, except ``DigitalSourceType`` and ``CreatorTool``, which are set, and
    ``tiff:Orientation``, which becomes 1.
    """
    root = _parse_xmp(packet) if packet else None
    if root is None:
        root = ET.Element(_name("x", "xmpmeta"))
        ET.SubElement(root, _name("rdf", "RDF"))
    rdf = next(root.iter(_name("rdf", "RDF")))
    about = _name("rdf", "about")
    stale = (_name("Iptc4xmpExt", "DigitalSourceType"), _name("xmp", "CreatorTool"), _name("tiff", "Orientation"))
    subject = ""
    for description in rdf.findall(_name("rdf", "Description")):
        subject = description.get(about, subject)
        for name in stale:
            description.attrib.pop(name, None)
            for element in description.findall(name):
                description.remove(element)
    marks = dict(zip(stale, (SYNTHETIC, creator, "1"), strict=True))
    ET.SubElement(rdf, _name("rdf", "Description"), {about: subject, **marks})
    try:
        body = ET.tostring(root, encoding="unicode")
    except RecursionError:  # a hostile packet, thousands of elements deep
        return mark_xmp(None, creator)
    start = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return f'{start}\n{body}\n<?xpacket end="w"?>'.encode()


def jpeg_lead(exif: bytes, xmp: bytes, dpi: tuple[float, float]) -> bytes:
    """JFIF (for the resolution), EXIF and XMP as JPEG segments; what is longer than a segment can be is left out."""
    density = [min(65535, max(1, round(value))) for value in dpi]
    jfif = b"JFIF\0" + struct.pack(">BBBHHBB", 1, 2, 1, *density, 0, 0)
    segments = ((0xE0, jfif), (0xE1, b"Exif\0\0" + exif), (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp))
    return b"".join(struct.pack(">BBH", 0xFF, marker, len(p) + 2) + p for marker, p in segments if len(p) <= JPEG_ROOM)


def png_lead(exif: bytes, xmp: bytes) -> bytes:
    """EXIF and XMP as PNG chunks, to stand before the pixels."""
    return png_chunk(b"eXIf", exif) + png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)


def seal_file(file: BinaryIO, format: str, tags: Tags, xmp: bytes, comments: bytes = b"") -> None:
    """Add EXIF and XMP to a finished TIFF, WebP or GIF file, open for reading and writing.

    GIF takes no EXIF, but ``comments``, which are whole extensions.
    """
    if format == "tiff":
        Tiff(file).put({**tags.main, _XMP: (1, len(xmp), xmp)}, tags.parts())
    elif format == "webp":
        end = file.seek(0, io.SEEK_END)
        for name, data in ((b"EXIF", pack_exif(tags)), (b"XMP ", xmp)):
            file.write(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2))
        size = file.tell() - 8
        file.seek(0)
        head = file.read(21)
        if head[12:16] != b"VP8X" or end % 2:
            raise ValueError("a WebP file without the extended header")
        file.seek(4)
        file.write(struct.pack("<I", size))
        file.seek(20)
        file.write(bytes([head[20] | 0x08 | 0x04]))
    elif format == "gif":
        # The packet is followed by 258 bytes that lead a reader of sub-blocks to the end, wherever it enters.
        file.seek(-1, io.SEEK_END)
        trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
        file.write(comments + b"\x21\xff\x0bXMP DataXMP" + xmp + trailer + b";")
