"""A JPEG file encoded by several threads: strips each by itself, joined by restart markers.

An encoder starts afresh at a restart marker (ITU-T T.81, E.1.4). So the entropy-coded data of strips that were encoded as
pictures of their own, with the same tables, are those of the whole picture once such markers stand between them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from photochrom.images.convert import Pixels
from photochrom.parallel import ordered

__all__ = ["LONGEST", "jpeg_pieces"]

#: Pixels along a side of a JPEG.
LONGEST = 65535
_MOST_UNITS = 65535  # between two restart markers
_SOF, _SOS, _APP0, _APP2 = 0xC0, 0xDA, 0xE0, 0xE2
_PROFILE_ROOM = 65519


def jpeg_pieces(
    strips: Iterable[Pixels],
    width: int,
    height: int,
    quality: int,
    full_colour: bool,
    profile: bytes,
    threads: int | None = None,
) -> Iterator[bytes]:
    """The bytes of a JPEG file, one piece after the other.

    strips: (h, width, 3) uint8 sRGB, or (h, width, 4): blue, green, red and what is not used; ``height`` rows in all.
    full_colour: chroma at full resolution, otherwise at half of it in both directions. profile: an ICC profile. There is no
    JFIF segment, EXIF or the like: they are to be put behind the first two bytes. No side may be longer than LONGEST.
    """
    import cv2

    unit = 8 if full_colour else 16
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if full_colour else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]

    def encode(strip: Pixels) -> tuple[int, bytes]:
        bgr = strip if strip.shape[2] == 4 else cv2.cvtColor(strip, cv2.COLOR_RGB2BGR)
        done, encoded = cv2.imencode(".jpg", bgr, options)
        if not done:
            raise ValueError(f"a strip of shape {strip.shape} could not be encoded")
        return len(strip), encoded.tobytes()

    for index, (rows, encoded) in enumerate(ordered(encode, _even(strips, width, unit), threads)):
        segments, scan = _parse(encoded)
        if index:
            yield bytes((0xFF, 0xD0 + (index - 1) % 8)) + scan
            continue
        yield b"\xff\xd8" + _profile_segments(profile)
        for marker, body in segments:
            if marker == _SOF:
                body = body[:1] + struct.pack(">H", height) + body[3:]
            elif marker == _SOS and rows < height:
                yield _segment(0xDD, struct.pack(">H", rows // unit * -(-width // unit)))
            if marker != _APP0:
                yield _segment(marker, body)
        yield scan
    yield b"\xff\xd9"


def _even(strips: Iterable[Pixels], width: int, unit: int) -> Iterator[Pixels]:
    """The same rows in strips of equal height, a multiple of ``unit``; only the last may be lower."""
    rest: list[Any] = []
    count = rows = 0
    for strip in strips:
        # The first strip sets their height, unless too much would stand between two markers.
        rows = rows or max(unit, min(len(strip), _MOST_UNITS // -(-width // unit) * unit) // unit * unit)
        rest.append(strip)
        count += len(strip)
        if count >= rows:
            whole: Any = rest[0] if len(rest) == 1 else np.concatenate(rest)
            for y in range(0, count - rows + 1, rows):
                yield whole[y : y + rows]
            count %= rows
            rest = [whole[len(whole) - count :]] if count else []
    if count:
        last: Any = np.concatenate(rest)
        yield last


def _parse(encoded: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Marker and body of each segment of a JPEG file with one scan, and the data of this."""
    segments = []
    at, marker = 2, 0
    while marker != _SOS:
        _, marker, size = struct.unpack_from(">BBH", encoded, at)
        segments.append((marker, encoded[at + 4 : at + 2 + size]))
        at += 2 + size
    return segments, encoded[at:-2]


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _profile_segments(profile: bytes) -> bytes:
    parts = [profile[at : at + _PROFILE_ROOM] for at in range(0, len(profile), _PROFILE_ROOM)]
    return b"".join(
        _segment(_APP2, b"ICC_PROFILE\0" + bytes((number, len(parts))) + part) for number, part in enumerate(parts, 1)
    )
