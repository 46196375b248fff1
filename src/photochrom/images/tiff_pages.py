"""The pages of a TIFF file: which there are, which one is the picture, and what its tags say of the pixels."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from photochrom.errors import OptionError, UnsupportedImageError
from photochrom.images.directories import SIZES, Entry, Tiff

__all__ = ["CIE_LAB", "COMPRESSIONS", "ICC_LAB", "ITU_LAB", "LOG_L", "YCBCR", "Page", "choose", "read_pages"]

#: Photometric interpretations.
YCBCR, CIE_LAB, ICC_LAB, ITU_LAB, LOG_L = 6, 8, 9, 10, 32844
_UNSIGNED, _SIGNED = (1, 3, 4, 13, 16, 18), (6, 8, 9, 17)
#: Photometric interpretation -> (name, number of colours).
_COLORS = {
    **{
        0: ("grey", 1),
        1: ("grey", 1),
        2: ("RGB", 3),
        3: ("palette", 1),
        4: ("mask", 1),
        5: ("CMYK", 4),
        6: ("YCbCr", 3),
    },
    **{8: ("CIE L*a*b*", 3), 9: ("ICC L*a*b*", 3), 10: ("ITU L*a*b*", 3), 32844: ("LogL", 1), 32845: ("LogLuv", 3)},
}
COMPRESSIONS = {
    **{1: "no", 2: "CCITT RLE", 3: "CCITT G3", 4: "CCITT G4", 5: "LZW", 6: "old-style JPEG", 7: "JPEG", 8: "deflate"},
    **{
        9: "JBIG",
        10: "JBIG",
        32766: "NeXT",
        32771: "CCITT RLE/W",
        32773: "PackBits",
        32809: "ThunderScan",
        32946: "deflate",
        22610: "JPEG XR",
        32767: "Sony raw",
        34713: "Nikon raw",
        34933: "PNG",
        34934: "JPEG XR",
        50013: "Pixtiff",
    },
    **{
        33003: "JPEG 2000",
        33005: "JPEG 2000",
        34661: "JBIG",
        34676: "SGI Log",
        34677: "SGI Log 24",
        34712: "JPEG 2000",
    },
    **{
        34887: "LERC",
        34892: "lossy JPEG",
        34925: "LZMA",
        50000: "Zstandard",
        50001: "WebP",
        50002: "JPEG XL",
        52546: "JPEG XL",
    },
}
_CCITT = (2, 3, 4, 32771)
#: Depths that are looked for where a file does not state its own; TIFF's default first.
_USUAL_BITS = (1, 8, 16, 32)
_FORMATS = {1: "", 2: "signed ", 3: "float ", 4: "", 5: "complex ", 6: "complex float "}
_CFA, _LINEAR_RAW, _DNG_VERSION = 32803, 34892, 50706


@dataclass(frozen=True)
class Page:
    """One directory. ``index``: its number in the file's chain, None for one that stands beside it (SubIFD)."""

    offset: int
    index: int | None
    entries: Mapping[int, Entry]

    def numbers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """All values of a tag of whole numbers."""
        kind, count, raw = self.entries.get(tag, (0, 0, b""))
        if kind not in _UNSIGNED and kind not in _SIGNED:
            return default
        size, signed = SIZES[kind], kind in _SIGNED
        values = (int.from_bytes(raw[i * size : (i + 1) * size], "little", signed=signed) for i in range(count))
        return tuple(max(0, value) for value in values) or default

    def number(self, tag: int, default: int = 0) -> int:
        """The first value of a tag."""
        return self.numbers(tag, (default,))[0]

    @cached_property
    def width(self) -> int:
        """Columns."""
        return self.number(256)

    @cached_property
    def height(self) -> int:
        """Rows."""
        return self.number(257)

    @cached_property
    def samples(self) -> int:
        """Numbers of a pixel; where that is not stated, as many as there are depths, or as its colours need."""
        if 277 in self.entries:
            return self.number(277, 1)
        return max(len(self.numbers(258)), _COLORS.get(self.number(262, -1), ("", 1))[1])

    @cached_property
    def bits(self) -> int:
        """Of one number; where that is not stated, what the data have the length for, or TIFF's default, 1."""
        stated = self.number(258)
        return stated if stated and not self.mixed else self.bits_of_data or stated or 1

    @property
    def mixed(self) -> bool:
        """Whether it states different depths for its channels."""
        return len(set(self.numbers(258)[: self.samples])) > 1

    @cached_property
    def bits_of_data(self) -> int | None:
        """The depth for which the data, in strips and not compressed, have just the right length; None if none does."""
        length, planes = sum(self.numbers(279)), self.samples if self.planar else 1
        if self.compression != 1 or self.tiled or not length:
            return None
        row = self.width * self.samples // planes
        return next((bits for bits in _USUAL_BITS if planes * self.height * -(-row * bits // 8) == length), None)

    @cached_property
    def photometric(self) -> int:
        """What the numbers mean; where that is not stated, or nothing that is known, grey, or red, green and blue."""
        stated = self.number(262, -1)
        if stated in _COLORS or stated in (_CFA, _LINEAR_RAW):
            return stated
        return 2 if self.samples >= 3 else 0 if self.compression in _CCITT else 1

    @property
    def is_stated(self) -> bool:
        """Whether the page itself states what a decoder has to know of its numbers."""
        counted = 277 in self.entries or self.samples == 1
        return counted and self.number(262, -1) == self.photometric and self.number(258) == self.bits

    @cached_property
    def guesses(self) -> tuple[str, ...]:
        """Sentences for the user about what had to be guessed of the numbers."""
        found = []
        depths, stated = self.numbers(258), self.number(262, -1)
        if not self.number(258):
            if self.bits > 1 or (self.bits_of_data is None and self.compression not in _CCITT):
                found.append(f"the file does not say how many bits a number has; {self.bits} was taken")
        elif self.mixed and self.bits_of_data is None:
            found.append(
                f"the file says that its channels have {', '.join(map(str, depths))} bits; {self.bits} was taken"
            )
        if stated not in (-1, self.photometric):  # without the tag all readers take what is taken here
            name = _COLORS[self.photometric][0]
            found.append(f"the meaning of its numbers is not known (photometric {stated}); {name} was assumed")
        elif stated == -1 and self.photometric == 0:
            found.append(
                "the file does not say whether 0 is black or white; white was assumed, as fax machines have it"
            )
        if self.photometric == 3 and 320 not in self.entries and self.bits <= 8:
            found.append("the file has no colour map for its numbers; they were taken for grey")
        if self.photometric == 5 and self.number(332, 1) != 1:
            found.append("the file does not call its inks cyan, magenta, yellow and black, for which they were taken")
        return tuple(found)

    @cached_property
    def sample_format(self) -> int:
        """1 unsigned, 2 signed, 3 float."""
        form = self.number(339, 1)
        return form if form in _FORMATS and form != 4 else 1

    @cached_property
    def compression(self) -> int:
        """As TIFF numbers it."""
        return self.number(259, 1)

    @property
    def reduced(self) -> bool:
        """A smaller copy, or a mask, of another page."""
        return bool(self.number(254) & 5) or self.number(255) == 2 or self.photometric == 4

    @property
    def planar(self) -> bool:
        """Each colour stands by itself."""
        return self.number(284, 1) == 2 and self.samples > 1

    @property
    def tiled(self) -> bool:
        """Whether it is cut into tiles, not into strips."""
        return self.number(322) > 0 and self.number(323) > 0

    @cached_property
    def colors(self) -> int:
        """How many of the samples are colour."""
        if self.photometric in (0, 1) and self.samples >= 3 and 338 not in self.entries:
            return 3  # red, green and blue of a writer who left the photometric interpretation at grey
        return min(_COLORS.get(self.photometric, ("", self.samples))[1], self.samples)

    @cached_property
    def alpha(self) -> int | None:
        """The number of the sample that is declared to be opacity."""
        extra = self.numbers(338)[: self.samples - self.colors]
        return next((self.colors + i for i, kind in enumerate(extra) if kind in (1, 2)), None)

    @property
    def name(self) -> str:
        """What its pixels are, in words."""
        color = _COLORS.get(self.photometric, (f"photometric {self.photometric}", 0))[0]
        compression = COMPRESSIONS.get(self.compression, f"unknown ({self.compression})")
        kind = _FORMATS.get(self.sample_format, "")
        return f"a TIFF of {self.bits}-bit {kind}{color} pixels with {compression} compression"


def read_pages(tiff: Tiff) -> list[Page]:
    """All pages, those of the chain first in their order, each with its SubIFDs behind it. Damaged ones are left out."""
    pages: list[Page] = []
    known = set()
    for index, offset in enumerate(tiff.chain()):
        found = _page(tiff, offset, index)
        if found is None:
            continue
        known.add(offset)
        pages.append(found)
        for below in found.numbers(330)[:64]:
            page = None if below in known else _page(tiff, below, None)
            known.add(below)
            if page is not None:
                pages.append(page)
    return pages


def _page(tiff: Tiff, offset: int, index: int | None) -> Page | None:
    try:
        page = Page(offset, index, tiff.directory(offset))
    except (ValueError, OverflowError, struct.error):
        return None
    return page if page.width and page.height else None


def choose(pages: list[Page], wanted: int | None, path: Path | None) -> tuple[Page, list[Page]]:
    """The page to read and all full ones.

    ``wanted``: its number among the full ones, from 1; None: the largest, of equal ones the first.
    Raises OptionError for a number that there is not, UnsupportedImageError for a camera's raw file.
    """
    if any(page.photometric in (_CFA, _LINEAR_RAW) or _DNG_VERSION in page.entries for page in pages):
        raise UnsupportedImageError(
            "a camera's raw picture (DNG or the like), which is not read; develop it to TIFF or JPEG first", path
        )
    full = [page for page in pages if not page.reduced] or pages
    if wanted is None:
        return max(full, key=lambda page: page.width * page.height), full  # max gives the first of equals
    if not 1 <= wanted <= len(full):
        raise OptionError("page", wanted, f"1 to {len(full)}, as many as the file has")
    return full[wanted - 1], full
