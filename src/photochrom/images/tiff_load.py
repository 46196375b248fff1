"""Reading TIFF: libvips decodes; what it does not take is brought into a form that it does.

libvips reports little of what is wrong with a file, passes over damaged pixels unless it fails on warnings, and then fails on odd
texts as well. So where the first attempt fails, it is given the same file with a directory of nothing but the tags that
pixels need, mended. The same way a plane is read by itself, numbers of uncommon depth are read as bytes, and Lab numbers
as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyvips

from photochrom.errors import TruncatedImageError, UnsupportedImageError
from photochrom.images import decoders
from photochrom.images.depths import unpack
from photochrom.images.directories import Entry, Tiff
from photochrom.images.old_jpeg import old_jpeg
from photochrom.images.overlay import Overlay, source_of
from photochrom.images.tiff_numbers import from_lab, from_log_l, from_ycbcr
from photochrom.images.tiff_pages import CIE_LAB, ICC_LAB, ITU_LAB, LOG_L, YCBCR, choose, read_pages

__all__ = ["TiffReader"]

_ICC = 34675
# What libtiff needs to decode, and the profile.
_STORAGE = {
    256,
    257,
    258,
    259,
    262,
    266,
    273,
    274,
    277,
    278,
    279,
    282,
    283,
    284,
    292,
    293,
    296,
    317,
    320,
    322,
    323,
    324,
}
_STORAGE |= {325, 332, 338, 339, 347, *range(512, 522), 529, 530, 531, 532, _ICC, 50674}
_SINGLE = {256, 257, 259, 262, 266, 274, 277, 278, 282, 283, 284, 292, 293, 296, 317, 322, 323, 332}
_SPARE = {282, 283, 296, _ICC}  # do without where their values are not in the file, or far too long
_LISTS = {273: 279, 324: 325}  # offsets of strips or tiles: their lengths
_PLAIN = (1, 5, 8, 32946, 32773, 50000)  # compressions that pass bytes through
#: Compressions that libvips' wheels decode; of some, damage to pixels is no more than a warning.
_NATIVE = {*_PLAIN, 2, 3, 4, 6, 7, 32771, 34676, 34677}
_WARN_OF_PIXELS = {2, 3, 4, 6, 7, 32771}
_UNSURE = (
    *("not supported", "unsupported", "not configured", "not implemented"),
    *("whole number of bytes", "bad lab", "unknown", "out of range", "improper jpeg"),
)
#: Tags of which libtiff takes no other values than these; a page with another one is read as without the tag.
_KNOWN = {266: (1, 2), 274: range(1, 9), 284: (1, 2), 296: (1, 2, 3), 332: (1, 2)}
#: Types that a resolution has.
_RESOLUTIONS = (3, 4, 5, 11, 12)


class TiffReader:
    """One page of a TIFF file.

    opener: opens the file. page: its number, from 1, among the full pages; None: the largest. ``notices``: for the user.
    Raises UnsupportedImageError, TruncatedImageError, OptionError.
    """

    def __init__(self, opener: Callable[[], BinaryIO], path: Path | None, page: int | None = None) -> None:
        self._open, self.path, self.wanted = opener, path, page
        with opener() as file:
            try:
                tiff = Tiff(file)
                pages = read_pages(tiff)
            except (ValueError, OverflowError, struct.error) as error:
                raise TruncatedImageError(f"the TIFF structure is damaged ({error})", path) from None
        if not pages:
            raise TruncatedImageError("the file ends, or is damaged, before its first page", path)
        self.page, full = choose(pages, page, path)
        self.pages = len(full)
        self.pixels_of_all_pages = sum(page.width * page.height for page in full)
        self.number = full.index(self.page) + 1
        self.first = pages[0]
        self._image: Callable[[str], pyvips.Image] | None = None
        self.notices: tuple[str, ...] = ()

    @property
    def white_is_zero(self) -> bool:
        """Whether 0 is white in numbers that no loader has inverted: floats, and those with a sign."""
        return self.page.photometric == 0 and self.page.sample_format != 1

    @property
    def _half(self) -> bool:
        """Whether it is of floats of 16 bits, whose planes libvips mixes up."""
        return self.page.sample_format == 3 and self.page.bits == 16

    def load(self, access: str = "sequential") -> pyvips.Image:
        """The page: colours, then its declared opacity if it has one; only the header is decoded yet, if libvips can."""
        if self._image is None:
            self._image = self._plan()
        return self._image(access)

    def blob(self, tag: int) -> bytes | None:
        """A long value as it stands in the file, of this page or, where it has none, of the first."""
        with self._open() as file:
            tiff = Tiff(file)
            for page in (self.page, self.first):
                record = tiff.raw_records(page.offset).get(tag)
                if record is not None:
                    return tiff.blob(record)
        return None

    def _plan(self) -> Callable[[str], pyvips.Image]:
        """How this page is read, found by trying."""
        page = self.page
        if not page.samples or page.samples > 64 or page.bits > 64:
            raise UnsupportedImageError(f"{page.name}, {page.samples} numbers for a pixel", self.path)
        self._note()
        plain = page.compression in _PLAIN and page.number(317, 1) == 1
        double = page.bits == 64 and page.sample_format == 3
        plain = plain and (page.sample_format == 1 or double)
        if page.mixed and page.compression == 1 and not page.tiled and page.bits_of_data is None:
            depths = ", ".join(map(str, page.numbers(258)))
            raise UnsupportedImageError(f"a TIFF whose channels have different depths ({depths} bits)", self.path)
        if page.photometric == ITU_LAB:
            raise UnsupportedImageError(f"{page.name}, which is not read", self.path)
        if page.compression == 6:
            return self._attempt(self._old_jpeg, self._native)
        if page.photometric in (CIE_LAB, ICC_LAB) and page.bits in (8, 16):
            if (page.photometric, page.bits, page.samples) != (CIE_LAB, 16, 3) or page.planar:
                kind = 2 if page.colors == 3 else 1
                return self._attempt(lambda access: from_lab(self._planes(access, {262: kind}), page))
        elif page.photometric == LOG_L and page.compression == 34676:
            return self._attempt(lambda access: from_log_l(self._native(access)))
        elif page.photometric == YCBCR and page.compression != 7 and (page.planar or page.numbers(530) == (1, 1)):
            if page.numbers(530, (2, 2)) != (1, 1) or page.bits not in (8, 16) or page.samples < 3:
                raise UnsupportedImageError(f"{page.name} in an uncommon layout, which is not read", self.path)
            own: dict[int, int | tuple[int, ...]] = {262: 2, 529: (), 530: (), 531: (), 532: ()}
            return self._attempt(lambda access: self._colored(from_ycbcr(self._planes(access, own), page)))
        elif plain and (page.bits not in (1, 2, 4, 8, 16, 32) or (page.bits < 8 and page.samples > 1)):
            if (page.bits <= 32 or double) and page.photometric in (0, 1, 2, 5):
                return self._attempt(self._bits)
        elif page.planar and page.photometric in (0, 1, 2, 5) and (page.tiled or self._half):
            return self._attempt(lambda access: self._colored(self._planes(access, {})))
        native = page.index is not None and page.is_stated
        # Without failing on warnings, libvips passes over broken tiles, and over what some decoders complain of.
        strict = page.tiled or page.compression in _WARN_OF_PIXELS or page.compression not in _NATIVE
        lenient = () if strict else (self._lenient,)
        return self._attempt(*((self._native,) if native else ()), self._mended, *lenient)

    def _attempt(self, *ways: Callable[[str], pyvips.Image]) -> Callable[[str], pyvips.Image]:
        """The first way by which the first pixel can be read; then other decoders. Raises what stands in the way of the last."""
        failure: pyvips.Error | None = None
        for way in ways:
            try:
                image = way("sequential")
                if (image.width, image.height) != (self.page.width, self.page.height):
                    raise pyvips.Error(f"{image.width} x {image.height} pixels found")
                pyvips.Region.new(image).fetch(0, 0, 1, 1)
            except pyvips.Error as error:
                failure = error
                continue
            if way == self._lenient:
                self.notices += ("the TIFF structure is damaged, so pixels may be, too",)
            return way
        detail = " ".join(failure.detail.split()) if failure is not None and failure.detail else ""
        if self.page.compression in _NATIVE and not any(word in detail.lower() for word in _UNSURE):
            why = f" ({detail})" if detail else ""
            raise TruncatedImageError(f"the file ends, or is damaged, before the picture is complete{why}", self.path)
        array = decoders.tiff_page(self._open, self.page, self.path)
        decoded = self._with_profile(self._colored(pyvips.Image.new_from_array(array)))
        return lambda access: decoded

    def _native(self, access: str) -> pyvips.Image:
        with self._open() as file:
            source = pyvips.Source.new_from_descriptor(file.fileno()) if hasattr(file, "raw") else None
            source = source or pyvips.Source.new_from_memory(file.read())
        page = {} if not self.page.index else {"page": self.page.index}
        return self._colored(pyvips.Image.tiffload_source(source, access=access, fail_on="warning", **page))

    def _mended(self, access: str) -> pyvips.Image:
        return self._colored(self._rewritten(access, {}))

    def _lenient(self, access: str) -> pyvips.Image:
        return self._colored(self._rewritten(access, {}, fail_on="error"))

    def _rewritten(
        self, access: str, changes: dict[int, int | tuple[int, ...]], plane: int | None = None, fail_on: str = "warning"
    ) -> pyvips.Image:
        """Load with a directory of storage tags only, some of them changed; or one plane of the page by itself."""
        overlay = Overlay(self._open())
        tiff = Tiff(overlay)  # type: ignore[arg-type]
        records = {
            tag: raw
            for tag, raw in tiff.raw_records(self.page.offset).items()
            if tag in _STORAGE and tiff.count_of(raw) and (tag not in _SPARE or tag in self.page.entries)
        }
        records = {tag: raw for tag, raw in records.items() if self._is_sound(tag)}
        mended = self._mending(tiff, records, 1 if plane is not None else self.page.samples)
        for tag, values in {**mended, **changes}.items():
            values = (values,) if isinstance(values, int) else values
            records.pop(tag, None)
            if values:
                records[tag] = tiff.encode(tag, _entry(values))
        for places, lengths in _LISTS.items():
            for tag in (places, lengths):
                if plane is not None and tag in records:
                    count = tiff.count_of(records[tag]) // self.page.samples
                    records[tag] = tiff.slice_record(records[tag], plane * count, count)
        for tag in _SINGLE & records.keys():
            if tiff.count_of(records[tag]) > 1:
                records[tag] = tiff.slice_record(records[tag], 0, 1)
        self._keep_within(tiff, records, overlay.size)
        tiff.replace(records.values())
        # Unlike tiffload_source, this keeps the source alive as long as the image, and it can only be a TIFF.
        return pyvips.Image.new_from_source(source_of(overlay), "", access=access, fail_on=fail_on)

    @staticmethod
    def _keep_within(tiff: Tiff, records: dict[int, bytes], size: int) -> None:
        """Strips and tiles end where the file does: else what is added to it would be taken for the rest of their pixels."""
        for places, lengths in _LISTS.items():
            if places not in records or lengths not in records:
                continue
            begin, count = tiff.numbers(records[places]), tiff.numbers(records[lengths])
            if begin is None or count is None or len(begin) != len(count):
                continue
            room = np.uint64(size) - np.minimum(begin, np.uint64(size))
            if (count > room).any():
                values = np.minimum(count, room).tolist()
                records[lengths] = tiff.encode(lengths, _entry(tuple(values)))

    def _is_sound(self, tag: int) -> bool:
        """Whether libtiff takes the value of this tag, and needs it."""
        page = self.page
        if tag in (282, 283):
            return page.entries[tag][0] in _RESOLUTIONS
        if tag in (322, 323, 324, 325):
            return page.tiled
        if tag == 320:
            return page.photometric == 3
        return tag not in _KNOWN or page.number(tag) in _KNOWN[tag]

    def _mending(self, tiff: Tiff, records: dict[int, bytes], samples: int) -> dict[int, int | tuple[int, ...]]:
        """Values of tags whose counts are often wrong, and lengths of strips that follow from their rows."""
        page = self.page
        mended: dict[int, int | tuple[int, ...]] = {258: (page.bits,) * samples, 277: samples}
        mended[262] = 2 if page.photometric == 1 and page.colors == 3 and samples > 1 else page.photometric
        if page.sample_format != 1:
            mended[339] = (page.sample_format,) * samples
        else:
            mended[339] = ()
        extra = page.numbers(338)
        missing = samples - page.colors if samples == page.samples else 0
        mended[338] = (*extra[:missing], *[0] * (missing - len(extra)))
        if samples != page.samples:
            mended |= {284: 1, 262: 1, 338: ()}
        elif page.planar:
            mended[284] = 2
        rows = min(page.number(278, page.height) or page.height, page.height)
        if (
            not (page.tiled or page.planar)
            and 273 in records
            and tiff.count_of(records[273]) == 1
            and rows < page.height
        ):
            mended[278] = rows = page.height  # a single strip is all of them
        if page.compression == 1 and not page.tiled and 273 in records and page.photometric != 6:
            line = -(-page.width * page.bits * (1 if page.planar else page.samples) // 8)
            strips = -(-page.height // rows) * (page.samples if page.planar else 1)
            if tiff.count_of(records[273]) == strips <= 1 << 20:
                each = [min(rows, page.height - y) * line for y in range(0, page.height, rows)]
                mended[279] = tuple(each * (page.samples if page.planar else 1))
                mended[278] = rows
        return mended

    def _planes(self, access: str, changes: dict[int, int | tuple[int, ...]]) -> pyvips.Image:
        """The samples as they are, whether they stand together or each by itself."""
        if not self.page.planar:
            return self._rewritten(access, changes)
        planes = [
            self._rewritten(access, {**changes, 262: 1}, plane=plane).copy(interpretation="multiband")
            for plane in range(self.page.samples)
        ]
        return planes[0].bandjoin(planes[1:])

    def _bits(self, access: str) -> pyvips.Image:
        """Numbers of 2 to 32 bits that libvips does not unpack, as 8 or 16 bits."""
        page = self.page
        count = 1 if page.planar else page.samples
        line = -(-page.width * count * page.bits // 8)
        changes: dict[int, int | tuple[int, ...]] = {
            256: line,
            258: 8,
            339: (),
            277: 1,
            262: 1,
            338: (),
            284: 1,
            _ICC: (),
        }
        if page.tiled:
            changes[322] = page.number(322) * count * page.bits // 8
        with self._open() as file:
            little = Tiff(file).order == "<"
        planes = [
            unpack(
                self._rewritten(access, changes, plane=plane),
                page.width,
                count,
                page.bits,
                little=little,
                floats=page.sample_format == 3,
            )
            for plane in (range(page.samples) if page.planar else (None,))
        ]
        image = planes[0] if len(planes) == 1 else planes[0].bandjoin(planes[1:])
        return self._with_profile(
            self._colored(image.invert() if page.photometric == 0 and page.sample_format == 1 else image)
        )

    def _with_profile(self, image: pyvips.Image) -> pyvips.Image:
        """With the page's colour profile, which pixels that were decoded elsewhere do not carry."""
        profile = self.blob(_ICC)
        if not profile:
            return image
        image = image.copy()
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
        return image

    def _old_jpeg(self, access: str) -> pyvips.Image:
        with self._open() as file:
            return old_jpeg(file, self.page, access)

    def _colored(self, image: pyvips.Image) -> pyvips.Image:
        """Without the channels that are neither colour nor a declared opacity."""
        page = self.page
        kinds = {1: "b-w", 3: "srgb", 4: "cmyk"}
        if image.interpretation == "multiband" or (page.photometric == 5 and image.bands >= 4):
            image = image.copy(interpretation="cmyk" if page.photometric == 5 else kinds.get(page.colors, "srgb"))
        colors = 3 if page.photometric == 3 and image.bands >= 3 else page.colors
        extra = page.samples - page.colors
        if page.photometric == YCBCR and not extra and image.bands == 4:  # opacity that libtiff makes up
            return image.extract_band(0, n=3).copy(interpretation=image.interpretation)
        if not extra or image.bands != colors + extra:
            return image
        kept = list(range(colors)) + ([page.alpha - page.colors + colors] if page.alpha is not None else [])
        if len(kept) == image.bands:
            return image
        first = image.extract_band(0, n=colors)
        picked = first if len(kept) == colors else first.bandjoin(image.extract_band(kept[-1]))
        return picked.copy(interpretation=image.interpretation)

    def _note(self) -> None:
        page = self.page
        self.notices += page.guesses
        extra = page.samples - page.colors - (page.alpha is not None)
        if extra == 1:
            self.notices += ("an extra channel, which is not declared to be transparency (infrared?), was left out",)
        elif extra > 1:
            self.notices += (f"{extra} extra channels, which are not declared to be transparency, were left out",)
        if self.pages > 1 and self.wanted is None:
            which = "the largest" if self.number > 1 else "the first of the largest"
            self.notices += (
                f"the file has {self.pages} pages; only page {self.number}, {which}, is used (--pages all takes all)",
            )


def _entry(values: tuple[int, ...]) -> Entry:
    kind, form = (3, "H") if max(values) < 1 << 16 else (4, "I") if max(values) < 1 << 32 else (16, "Q")
    return kind, len(values), struct.pack(f"<{len(values)}{form}", *values)
