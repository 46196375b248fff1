"""The chunks of a PNG file beside its pixels: gamma and primaries, EXIF in any form, texts. Source: PNG, third edition."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from photochrom.images.profiles import SRGB, gamma_profile

__all__ = ["PngFacts", "png_chunk", "read_png"]

_KEPT = {b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"acTL", b"eXIf", b"tEXt", b"zTXt", b"iTXt"}
_LARGEST, _ALL_TEXTS = 1 << 22, 1 << 23
XMP_KEY = "XML:com.adobe.xmp"
_RAW = "Raw profile type "
#: Gammas this near to that of sRGB are its curve: encoders write 1/2.2 for it.
_SRGB_GAMMA, _NEAR = 0.45455, 0.02
#: Code points of ITU-T H.273: chromaticities (white, red, green, blue); and exponents, None for the curve of sRGB.
_PRIMARIES = {
    1: SRGB,
    4: (0.31, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.329, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (0.3127, 0.329, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
_TRANSFERS = {4: 2.2, 5: 2.8, 8: 1.0, **dict.fromkeys((1, 6, 13, 14, 15))}


@dataclass(frozen=True)
class PngFacts:
    """What was found.

    ``profile``: an ICC profile of the gAMA and cHRM chunks, or of cICP, where the primaries are not those of sRGB; else
    ``exponent``: linear light is the number in [0, 1] to this power, where that is not the curve of sRGB. ``exif`` (without
    ``Exif`` prefix), ``xmp``, ``iptc``: packets. ``texts``: keyword, text and the whole chunk of every other text.
    """

    profile: bytes | None = None
    exponent: float | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    texts: tuple[tuple[str, str, bytes], ...] = ()
    notices: tuple[str, ...] = ()


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A whole chunk."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def read_png(file: BinaryIO) -> PngFacts:
    """Walk over the chunks; pixels are passed over."""
    found: dict[bytes, bytes] = {}
    raw: dict[str, bytes] = {}
    texts: list[tuple[str, str, bytes]] = []
    notices: tuple[str, ...] = ()
    xmp = None
    grey = False
    for name, data in _chunks(file):
        if name == b"IHDR":
            grey = len(data) >= 10 and data[9] in (0, 4)
        elif name not in (b"tEXt", b"zTXt", b"iTXt"):
            found.setdefault(name, data)
        elif (text := _text(name, data)) is not None:
            key, value = text
            if key == XMP_KEY:
                xmp = xmp or value.encode("utf-8")
            elif key.startswith(_RAW):
                raw.setdefault(key[len(_RAW) :].lower(), _unhex(value))
            else:
                texts.append((key, value, png_chunk(name, data)))
        elif data.startswith(XMP_KEY.encode()):
            notices += ("its XMP data is damaged and was left out",)
    count = int.from_bytes(found.get(b"acTL", b"")[:4], "big")
    if count > 1:
        notices += (f"the file is an animation of {count} frames; only the first is used",)
    exif = found.get(b"eXIf") or raw.get("exif") or raw.get("app1")
    if exif is not None and exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    iptc = raw.get("iptc") or raw.get("8bim")
    profile = exponent = None
    if b"cICP" in found and b"iCCP" not in found:
        code = found[b"cICP"].ljust(4, b"\0")
        if code[0] in _PRIMARIES and code[1] in _TRANSFERS and code[2:4] == b"\0\1":
            profile, exponent = _coded(_PRIMARIES[code[0]], _TRANSFERS[code[1]], grey)
        else:
            what = "/".join(map(str, code[:4]))
            notices += (f"its colours are coded in a way that is not read (cICP {what}); sRGB was assumed",)
    elif not {b"sRGB", b"iCCP"} & found.keys():
        profile, exponent = _stated(found, grey)
    return PngFacts(profile, exponent, exif, xmp or raw.get("xmp"), iptc, tuple(texts), notices)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    file.seek(8)
    room = _ALL_TEXTS
    while len(head := file.read(8)) == 8:
        size, name = int.from_bytes(head[:4], "big"), head[4:]
        if name == b"IEND":
            return
        if (name in _KEPT or name == b"IHDR") and size <= min(room, _LARGEST):
            room -= size
            yield name, file.read(size)
            file.seek(4, 1)
        else:
            file.seek(size + 4, 1)


def _stated(found: dict[bytes, bytes], grey: bool) -> tuple[bytes | None, float | None]:
    """What gAMA and cHRM say that sRGB does not: a profile, or an exponent alone."""
    gamma, primaries = _SRGB_GAMMA, None
    if len(found.get(b"gAMA", b"")) == 4:
        gamma = int.from_bytes(found[b"gAMA"], "big") / 100000
    if len(found.get(b"cHRM", b"")) == 32 and not grey:
        primaries = tuple(value / 100000 for value in struct.unpack(">8I", found[b"cHRM"]))
    usual = primaries is None or max(abs(a - b) for a, b in zip(primaries, SRGB, strict=True)) < 0.005
    if not 0.1 <= gamma <= 10:
        return None, None
    if not usual and primaries is not None and (profile := gamma_profile(1 / gamma, primaries)) is not None:
        return profile, None
    return None, None if abs(gamma / _SRGB_GAMMA - 1) <= _NEAR else 1 / gamma


def _coded(primaries: tuple[float, ...], exponent: float | None, grey: bool) -> tuple[bytes | None, float | None]:
    """The same of what cICP says; ``exponent`` None is the curve of sRGB."""
    return (None, exponent) if grey or primaries == SRGB else (gamma_profile(exponent, primaries), None)


def _text(name: bytes, data: bytes) -> tuple[str, str] | None:
    """Keyword and text of a chunk; None for a damaged one."""
    key, _, rest = data.partition(b"\0")
    try:
        if name == b"tEXt":
            return key.decode("latin-1"), rest.decode("latin-1")
        if name == b"zTXt":
            return key.decode("latin-1"), _inflate(rest[1:]).decode("latin-1")
        packed, rest = rest[:1], rest[2:]
        _, _, rest = rest.partition(b"\0")  # language
        _, _, rest = rest.partition(b"\0")  # translated keyword
        return key.decode("latin-1"), (_inflate(rest) if packed == b"\1" else rest).decode("utf-8")
    except (zlib.error, UnicodeDecodeError, ValueError):
        return None


def _inflate(data: bytes) -> bytes:
    text = zlib.decompressobj().decompress(data, _LARGEST)
    if len(text) == _LARGEST:
        raise ValueError("too long")
    return text


def _unhex(text: str) -> bytes:
    """A packet as ImageMagick writes it: a name, its length, and hexadecimal digits."""
    found = re.match(r"\s*\S+\s+\d+\s+([0-9a-fA-F\s]*)$", text)
    try:
        return b"" if found is None else bytes.fromhex(found[1])
    except ValueError:
        return b""
