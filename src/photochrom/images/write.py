"""Write a finished picture: strips in, one whole file out, or none.

The caller's thread paints, others encode; none holds the picture.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.errors import (
    InvalidPixelsError,
    OptionError,
    OutputExistsError,
    OutputWriteError,
    UnsupportedImageError,
)
from photochrom.images.convert import Pixels
from photochrom.images.feed import Feed
from photochrom.images.jpeg import LONGEST, jpeg_pieces
from photochrom.images.metadata import JPEG_ROOM, Tags, jpeg_lead, mark_tags, mark_xmp, pack_exif, png_lead, seal_file
from photochrom.images.parts import close_part, open_part
from photochrom.images.read import ImageInfo, SourceImage

__all__ = ["OUTPUT_SUFFIXES", "Output", "refusals", "takes_packed", "write_image"]

#: The formats that are written, by file name suffix.
OUTPUT_SUFFIXES = {
    **{".jpg": "jpeg", ".jpeg": "jpeg", ".jpe": "jpeg", ".png": "png", ".webp": "webp"},
    **{".tif": "tiff", ".tiff": "tiff", ".gif": "gif"},
}
_DEEP = ("png", "tiff")
_DPI = 72.0  # for pictures without a resolution
_MINIMUM_JPEG, _DEFAULT_QUALITY = 85, 90


def takes_packed(path: str | Path, info: ImageInfo) -> bool:
    """Whether :func:`write_image` also takes strips (h, w, 4) uint8: blue, green, red and a fourth number that is not used.

    JPEG is encoded from those without a copy in another order.
    """
    return OUTPUT_SUFFIXES.get(Path(path).suffix.lower()) == "jpeg" and not info.has_alpha


def write_image(
    source: SourceImage,
    path: str | Path,
    strips: Iterable[Pixels],
    *,
    software: str,
    model: str,
    force: bool = False,
    quality: int | None = None,
    threads: int | None = None,
) -> tuple[str, ...]:
    """Write the coloured picture of ``source`` to ``path``, in the format of its suffix.

    Size, alpha, resolution, EXIF and XMP are the source's, 16 bit where strips and format have it. The file is sRGB,
    upright, and marked as synthetically coloured. It appears whole under its name, or not at all.

    Args:
        source: the picture that is coloured.
        path: where to write; ``.jpg``, ``.png``, ``.webp``, ``.tif`` or ``.gif`` (and their longer spellings).
        strips: arrays of shape (h, w, 3), uint8 or uint16, sRGB-encoded, from top to bottom, of one type; see also
            :func:`takes_packed`. A strip must not be changed once it is given: the encoder may still be reading it.
        software: name and version of the program, such as ``"Photochrom 0.1.0"``.
        model: name of the model that chose the colours.
        force: replace a file that is there.
        quality: 1..100 for JPEG and WebP; by default that of a JPEG source, at least 85, and 90 for other sources.
        threads: that encode a JPEG; by default one per processor.

    Returns:
        Sentences for the user about what the format could not keep.

    Raises:
        UnsupportedImageError: the suffix names no format that is written.
        OutputExistsError: the file is there and ``force`` is not given.
        OutputWriteError: the file system refused, or the picture does not fit the format.
        InvalidPixelsError: the strips do not add up to the picture.
        Whatever ``strips`` raises passes through.
    """
    path = Path(path)
    kind = OUTPUT_SUFFIXES.get(path.suffix.lower())
    if kind is None:
        known = " ".join(sorted(OUTPUT_SUFFIXES))
        raise UnsupportedImageError(f"cannot write files of type {path.suffix!r}; choose one of {known}", path)
    if quality is not None and not 1 <= quality <= 100:
        raise OptionError("quality", quality, "a whole number from 1 to 100")
    if not force and os.path.lexists(path):
        raise OutputExistsError("the file is there already; give another name or --force", path)
    info = source.info
    creator = f"{software} ({model})"
    dpi = info.dpi or (_DPI, _DPI)
    tags = mark_tags(source.tags(), creator, (info.width, info.height), dpi)
    xmp, exif = mark_xmp(source.xmp(), creator), pack_exif(tags)
    captions = source.captions()
    notices = list(captions.lost_in(kind))
    if kind == "jpeg" and len(xmp) > JPEG_ROOM - 29:
        xmp = mark_xmp(None, creator)  # the mark of synthetic colours must not get lost
        notices.append("the XMP data is too long for JPEG and was left out")
    lead: tuple[int, bytes] = (0, b"")
    if kind == "jpeg":
        lead = 2, jpeg_lead(exif, xmp, dpi) + captions.for_jpeg()  # right behind the first marker
        if len(exif) > JPEG_ROOM - 6:
            notices.append("the EXIF data is too long for JPEG and was left out")
    elif kind == "png":
        lead = 33, png_lead(exif, xmp) + captions.for_png()  # behind the header chunk
    if info.has_alpha and kind == "jpeg":
        notices.append("JPEG has no transparency; the picture was laid on white")
    if kind == "gif":
        notices.append("GIF holds 256 colours and no EXIF; PNG keeps all")
    with Output(path, force, lead) as output:
        bands = (3, 4) if takes_packed(path, info) else (3,)
        options, checked = _options(info, kind, quality), _checked(strips, info, bands, kind in _DEEP)
        if 4 in bands:
            _encode_jpeg(checked, output, info, options, threads)
        else:
            _encode(source, checked, output, kind, options, dpi)
        with refusals(path):
            if kind in ("tiff", "webp", "gif"):
                with os.fdopen(os.dup(output.descriptor), "r+b") as file:
                    sealed = Tags({**tags.main, **captions.for_tiff()}, tags.exif, tags.gps)
                    seal_file(file, kind, sealed, xmp, captions.for_gif())
            output.commit()
    return tuple(notices)


def _options(info: ImageInfo, kind: str, quality: int | None) -> dict[str, Any]:
    """Arguments of libvips' encoder."""
    if kind == "jpeg":
        chosen = quality or max(info.jpeg_quality or _DEFAULT_QUALITY, _MINIMUM_JPEG)
        return {"Q": chosen, "subsample_mode": "off" if chosen >= 90 else "on"}
    if kind == "png":
        return {"compression": 3, "filter": "sub"}  # smaller and faster than libvips' default, on photographs
    if kind == "webp":
        lossless = info.lossless and quality is None
        return {"Q": quality or _DEFAULT_QUALITY, "lossless": lossless, "smart_subsample": True}
    if kind == "tiff":
        compression = info.compression or "deflate"
        raw = info.pixels * (3 + info.has_alpha) * info.bit_depth // 8
        options: dict[str, Any] = {"compression": compression, "bigtiff": raw > 3_900_000_000}
        if compression != "none":
            options["predictor"] = "horizontal"
        if info.tile and all(side % 16 == 0 and 64 <= side <= 1024 for side in info.tile):
            options.update(tile=True, tile_width=info.tile[0], tile_height=info.tile[1])
        return options
    return {}


def _checked(strips: Iterable[Pixels], info: ImageInfo, bands: tuple[int, ...], deep: bool) -> Iterator[Pixels]:
    """The strips, 8 bits deep unless ``deep``; raises InvalidPixelsError where they do not add up to the picture."""
    rows = 0
    for strip in strips:
        rows += len(strip)
        expected = strip.ndim == 3 and strip.shape[1] == info.width and strip.shape[2] in bands
        if not expected or rows > info.height:
            raise InvalidPixelsError(f"a strip of shape {strip.shape} ends at row {rows} of {info.height}", info.path)
        yield strip if deep or strip.dtype == np.uint8 else _to_eight_bit(strip)
    if rows < info.height:
        raise InvalidPixelsError(f"the strips end at row {rows} of {info.height}", info.path)


def _encode_jpeg(
    strips: Iterator[Pixels], output: Output, info: ImageInfo, options: dict[str, Any], threads: int | None
) -> None:
    """Draw the strips and have them encoded as they come."""
    if max(info.width, info.height) > LONGEST:
        raise OutputWriteError(
            f"cannot be written: {info.width} x {info.height} pixels, JPEG holds {LONGEST} along a side", output.path
        )
    profile = bytes(pyvips.Operation.call("profile_load", "srgb"))
    full_colour = options["subsample_mode"] == "off"
    for piece in jpeg_pieces(strips, info.width, info.height, options["Q"], full_colour, profile, threads):
        with refusals(output.path):
            output.write(piece)


def _encode(
    source: SourceImage,
    strips: Iterator[Pixels],
    output: Output,
    kind: str,
    options: dict[str, Any],
    dpi: tuple[float, float],
) -> None:
    """Draw the strips in this thread and encode them in another."""
    info = source.info
    feed: Feed | None = None
    encoder: threading.Thread | None = None
    failure: list[Exception] = []

    def run(feed: Feed, depth: int) -> None:
        try:
            image = pyvips.Image.tiffload_source(feed.source, access="sequential", fail_on="warning")
            image = _with_alpha(image, source.alpha(), kind, depth)
            image = image.copy(xres=dpi[0] / 25.4, yres=dpi[1] / 25.4)
            getattr(image, f"{kind}save_target")(output.target, keep="icc", profile="srgb", **options)
        except Exception as error:  # it is raised again below, in the caller's thread
            failure.append(error.with_traceback(None))  # whose frames would keep libvips' images
        finally:
            feed.close()

    try:
        for strip in strips:
            if feed is None:
                feed = Feed(info.width, info.height, strip.dtype)
                thread = threading.Thread(target=run, args=(feed, strip.dtype.itemsize * 8), name="encoder")
                thread.start()
                encoder = thread  # only now is there something to wait for
            feed.put(strip)
            if failure:
                break
    except BaseException:
        if feed is not None:
            feed.close()
        raise
    finally:
        if encoder is not None:
            encoder.join()
    cause = output.refused or next(iter(failure), None)  # not every encoder of libvips notices a failed write
    if cause is not None:
        reason = getattr(cause, "strerror", None) or getattr(cause, "detail", None) or str(cause)
        raise OutputWriteError(f"cannot be written: {' '.join(reason.split())}", output.path) from cause


def _to_eight_bit(strip: NDArray[Any]) -> NDArray[np.uint8]:
    """round(x / 257), in whole numbers."""
    return ((strip.astype(np.uint32) * 255 + 32895) >> 16).astype(np.uint8)


def _with_alpha(image: pyvips.Image, alpha: pyvips.Image | None, kind: str, depth: int) -> pyvips.Image:
    if alpha is None:
        return image
    if alpha.format == "ushort" and depth == 8:
        alpha = (alpha / 257).rint().cast("uchar")
    elif alpha.format == "uchar" and depth == 16:
        alpha = (alpha * 257).cast("ushort")
    joined = image.bandjoin(alpha).copy(interpretation=image.interpretation)
    white = 255 if depth == 8 else 65535
    return joined.flatten(background=[white] * 3, max_alpha=white) if kind == "jpeg" else joined


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Name what the file system answers."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputWriteError(f"cannot be written: {reason}", path) from error


class Output:
    """A temporary file beside the output, which takes its name at the end; left early, nothing remains.

    ``lead`` is (offset, bytes): the bytes are put in when the encoder has written that far.
    """

    def __init__(self, path: Path, force: bool, lead: tuple[int, bytes]) -> None:
        self.path, self._force = path, force
        self._offset, self._lead = lead
        self._head = b""
        self.refused: OSError | None = None
        self.descriptor = -1
        self.target = pyvips.TargetCustom()
        self.target.on_write(self._write)
        self.target.on_read(self._read)
        self.target.on_seek(lambda offset, whence: os.lseek(self.descriptor, offset, whence))

    def __enter__(self) -> Output:
        with refusals(self.path):
            self.descriptor, self._temporary = open_part(self.path)
        return self

    def __exit__(self, *_: object) -> None:
        close_part(self.descriptor, self._temporary)

    def commit(self) -> None:
        """Make the file safe on the disk and give it its name. It stays locked until then: see :mod:`.parts`."""
        os.fsync(self.descriptor)
        if os.name == "nt":  # which renames no open file
            os.close(self.descriptor)
            self.descriptor = -1
        if not self._force:
            try:
                os.link(self._temporary, self.path)  # unlike a rename, this never replaces a file
                return
            except FileExistsError:
                raise OutputExistsError(
                    "the file appeared while it was being coloured; --force replaces", self.path
                ) from None
            except OSError:  # a file system without links
                if os.path.lexists(self.path):
                    raise OutputExistsError("the file is there already", self.path) from None
        self._temporary.replace(self.path)

    def _write(self, data: Any) -> int:
        try:
            self.write(data)
        except OSError as error:
            self.refused = error
            return -1
        return len(data)

    def write(self, data: Any) -> None:
        """Append to the file. Raises OSError."""
        if self._lead:
            self._head += bytes(data)
            if len(self._head) >= self._offset:
                head, lead, self._lead = self._head, self._lead, b""
                self._write_all(head[: self._offset] + lead + head[self._offset :])
        else:
            self._write_all(data)

    def _write_all(self, data: Any) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.descriptor, view) :]

    def _read(self, count: int) -> bytes | None:
        return os.read(self.descriptor, count) or None
