"""The main path: a photograph in, a colour photograph out.

read -> lightness -> work size -> encode(L) -> decode(features, hints) -> ab -> fuse with the full-resolution L -> write
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import decode, fuse
from photochrom.catalog import ModelSpec
from photochrom.color import lightness
from photochrom.ensemble import EnsembleSession
from photochrom.errors import OptionError
from photochrom.images import ImageInfo, SourceImage, Tint, classify_tint, open_image, write_image
from photochrom.images.read import MAX_PIXELS
from photochrom.runtime import Features, Session, open_model
from photochrom.version import __version__

__all__ = ["Colorized", "Colorizer", "Opened"]

#: Rows of a strip: enough for the encoder's threads, little for the memory.
ROWS = 256
#: Strips of a very wide picture have fewer rows, so that a strip is about this many pixels at the most.
STRIP_PIXELS = 1 << 19
CONFIDENCE_ROWS = 32
#: A panorama is seen at this many times its work size along its longer side, at the most.
LONGEST = 4
SOFTWARE = f"Photochrom {__version__}"


class Colorizer:
    """A model that is ready to colour any number of photographs.

    model: a catalogue name, a catalogue row, the path of an ONNX file, a ready :class:`~photochrom.runtime.Session`, or None
    for the default model. threads: processor threads (None: all). work_size: the short side, in pixels, at which the network
    sees the photograph (None: the model's own). profile: the colour profile, for a model that has several (None: its choice).
    quality: "best" asks the network about six views of the photograph, see :mod:`photochrom.ensemble`.
    """

    def __init__(
        self,
        model: str | Path | ModelSpec | Session | None = None,
        *,
        threads: int | None = None,
        work_size: int | None = None,
        profile: int | None = None,
        quality: Literal["normal", "best"] = "normal",
    ) -> None:
        if quality not in ("normal", "best"):
            raise OptionError("quality", quality, "normal or best")
        if work_size is not None and not 32 <= work_size <= 2048:
            raise OptionError("work_size", work_size, "32 to 2048 pixels")
        if model is None or isinstance(model, (str, Path, ModelSpec)):
            model = open_model(model, threads=threads, profile=profile)
        self.session: Session = EnsembleSession(model) if quality == "best" else model
        self.threads = threads
        self.work_size = work_size or self.session.work_size

    def open(self, image: str | Path | bytes | NDArray[Any] | SourceImage, *, max_pixels: int = MAX_PIXELS) -> Opened:
        """Read a photograph and run the encoder: the slow half, done once.

        image: a path, a file's bytes, or an array as :func:`photochrom.images.open_image` takes it. Raises ImageError.
        """
        source = image if isinstance(image, SourceImage) else open_image(image, max_pixels=max_pixels)
        height, width = source.info.height, source.info.width
        scale = min(self.work_size / min(height, width), LONGEST * self.work_size / max(height, width))
        # Whole cells, so that the network's grid covers exactly the photograph.
        cell = self.session.stride
        work_width, work_height = (max(1, round(side * scale / cell)) * cell for side in (width, height))
        copy = source.work_copy(min(work_width, work_height))
        seen = _resized(lightness((np.clip(copy, 0, 1) * 65535 + 0.5).astype(np.uint16)), work_width, work_height)
        return Opened(self, source, classify_tint(copy[::2, ::2]), _frozen(seen), self.session.encode(seen))


@dataclass(frozen=True, eq=False)
class Opened:
    """An analysed photograph: :meth:`paint` it as often as wanted.

    ``work_lightness`` is what the network saw: (h, w) float32, L* in [0, 100].
    """

    colorizer: Colorizer
    source: SourceImage
    tint: Tint
    work_lightness: NDArray[np.float32]
    features: Features = field(repr=False)

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user about this photograph."""
        notices = self.source.info.notices
        if self.tint.already_colour:
            notices += ("already a colour photograph: its colours were replaced, only its lightness was used",)
        return notices

    def paint(
        self,
        *,
        vividness: float = decode.DEFAULT_VIVIDNESS,
        hints: NDArray[Any] | None = None,
        histogram: NDArray[Any] | None = None,
    ) -> Colorized:
        """Run the decoder and the fusion: cheap and repeatable.

        vividness: 0 (safe) to 1 (vivid). hints: (3, h, w), a cell for every ``session.stride`` work pixels: a* and b* where
        the mask, the third channel, in [0, 1], is above 0. histogram: (261,), the shares of the ab bins that the result should
        have, summing to 1. Raises OptionError for others.
        """
        session = self.colorizer.session
        out = session.decode(self.features, hints, histogram)
        if session.output == "ab-bins":
            cells = cv2.resize(self.work_lightness, out.shape[:0:-1], interpolation=cv2.INTER_AREA)
            scores, middle = decode.agree(out, cells), session.temperature
            ab = decode.decode_bins(scores, session.bins, vividness, session.log_prior, middle)
            sure = decode.confidence(out)
        else:
            ab = decode.decode_ab(out, vividness)
            sure = np.ones(ab.shape[:2], np.float32)
        color = fuse.fit(fuse.sharpen(ab, self.work_lightness), self.work_lightness)
        return Colorized(self, color, _frozen(ab), _frozen(sure), vividness)


@dataclass(frozen=True, eq=False)
class Colorized:
    """A colour photograph. Its pixels are made when they are asked for, from the photograph's own lightness.

    ``ab``: (h, w, 2) float32, what the network said, one cell for every ``session.stride`` work pixels. ``confidence``: (h, w)
    float32 in [0, 1], at the same cells. All arrays are read-only.
    """

    opened: Opened = field(repr=False)
    color: fuse.ColorField = field(repr=False)
    ab: NDArray[np.float32] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)
    vividness: float

    @cached_property
    def rgb(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The whole picture: (H, W, 3) sRGB, uint8 or uint16 as the photograph was."""
        return _frozen(np.concatenate(list(self.strips())))

    def strips(self) -> Iterator[NDArray[Any]]:
        """The picture from top to bottom, (rows, W, 3) sRGB, uint8 or uint16, without ever holding all of it."""
        info = self.opened.source.info
        rows = max(8, min(ROWS, STRIP_PIXELS // info.width))
        for y, pixels in self.opened.source.strips(rows):
            yield fuse.paint_strip(self.color, pixels, y, info.height, threads=self.opened.colorizer.threads)

    def save(self, path: str | Path, *, force: bool = False, jpeg_quality: int | None = None) -> tuple[str, ...]:
        """Write the picture: same size, depth, alpha and metadata, with a mark that its colours are synthetic.

        jpeg_quality: of JPEG and WebP, 1 to 100 (None: at least the input's). Returns sentences for the user about what the
        format could not keep. Raises OutputError.
        """
        model = self.opened.colorizer.session.name
        return write_image(
            self.opened.source, path, self.strips(), software=SOFTWARE, model=model, force=force, quality=jpeg_quality
        )

    def save_confidence(self, path: str | Path, *, force: bool = False) -> None:
        """Write the confidence as a grey picture of the photograph's size: black unsure, white sure. Raises OutputError."""
        size = self.opened.source.info
        plain = SourceImage(ImageInfo(None, size.width, size.height, 8, 1, has_alpha=False, format="array"))
        model = self.opened.colorizer.session.name
        write_image(plain, path, self._confidence_strips(), software=SOFTWARE, model=model, force=force)

    def _confidence_strips(self) -> Iterator[NDArray[np.uint8]]:
        """The confidence at full size, enlarged as colours are: as a field that does not depend on lightness."""
        width, height = self.opened.source.info.width, self.opened.source.info.height
        sure, zero = np.stack([self.confidence] * 2, axis=-1), np.zeros_like(self.confidence)
        flat = fuse.ColorField(np.zeros_like(sure), sure, zero, zero)
        for y in range(0, height, CONFIDENCE_ROWS):
            light = np.zeros((min(CONFIDENCE_ROWS, height - y), width), np.float32)
            grey = np.rint(fuse.ab_strip(flat, light, y, height)[..., 0].clip(0, 1) * 255).astype(np.uint8)
            yield np.repeat(grey[..., None], 3, axis=2)


def _resized(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Averaged along a side that shrinks, and enlarged along one that grows: networks know things by their size."""
    smaller = min(plane.shape[1], width), min(plane.shape[0], height)
    averaged = cv2.resize(plane, smaller, interpolation=cv2.INTER_AREA)
    enlarged: NDArray[Any] = cv2.resize(averaged, (width, height), interpolation=cv2.INTER_CUBIC)
    return enlarged.clip(0, 100)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
