"""A colour photograph: its pixels are computed on demand, from the photograph's own lightness."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from photochrom import fuse
from photochrom.analysis import Analysis
from photochrom.edits.edits import Edits
from photochrom.errors import MissingExtraError, OptionError
from photochrom.images import OUTPUT_SUFFIXES, ImageInfo, SourceImage, takes_packed, write_image
from photochrom.parallel import ordered
from photochrom.version import __version__
from photochrom.views import frozen

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["SOFTWARE", "Colorized"]

#: Rows of a strip: enough for the encoder's threads, little for the memory.
ROWS = 256
#: Strips of a very wide picture have fewer rows, so that a strip is about this many pixels at the most.
STRIP_PIXELS = 1 << 19
CONFIDENCE_ROWS = 32
SOFTWARE = f"Photochrom {__version__}"


@dataclass(frozen=True, eq=False)
class Colorized:
    """A colour photograph. Its pixels are computed on demand, from the photograph's own lightness.

    edits: what was asked for. color: the colour field, and layers: what lies over it to the pixel. model_ab: (gh, gw, 2)
    float32, what the network gave for its cells, one for every ``session.stride`` work pixels, with the palette and without
    hints, dials and edges. confidence: (gh, gw) float32 in [0, 1], in the network's cells. All arrays are read-only.
    """

    opened: Analysis = field(repr=False)
    threads: int | None
    edits: Edits = field(repr=False)
    color: fuse.ColorField = field(repr=False)
    layers: tuple[fuse.Layer, ...] = field(repr=False)
    model_ab: NDArray[np.float32] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)

    def __post_init__(self) -> None:
        for array in (self.model_ab, self.confidence):
            frozen(array)

    @property
    def field_ab(self) -> NDArray[np.float32]:
        """The final colours at work size, (h, w, 2) float32, before layers and the limits of sRGB."""
        return frozen(self.color.at(self.opened.work_lightness))

    @property
    def vividness(self) -> float:
        """The vividness that it was painted with."""
        return self.edits.vividness

    def summary(self) -> dict[str, Any]:
        """What there is to say of it in JSON: size, bit depth, model, tint and mean confidence."""
        info, tint = self.opened.source.info, self.opened.tint
        return {
            "width": info.width,
            "height": info.height,
            "bit_depth": info.bit_depth,
            "model": self.opened.session.name,
            "tint": tint.kind,
            "already_colour": tint.already_colour,
            "confidence": round(float(self.confidence.mean()), 3),
        }

    @cached_property
    def rgb(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The whole picture: (H, W, 3) sRGB, uint8 or uint16 as the photograph was."""
        return frozen(np.concatenate(list(self.strips())))

    def strips(self, *, packed: bool = False) -> Iterator[NDArray[Any]]:
        """The picture from top to bottom, (rows, W, 3) sRGB, uint8 or uint16, without ever holding all of it.

        packed: 8 bits come as (rows, W, 4): blue, green, red and 255.
        """
        source = self.opened.source
        # Whole blocks of a JPEG, and enough strips for all threads.
        rows = max(8, min(ROWS, STRIP_PIXELS // source.info.width) // 16 * 16)

        def paint(strip: tuple[int, NDArray[Any]]) -> NDArray[Any]:
            return fuse.paint_strip(
                self.color, strip[1], strip[0], source.info.height, layers=self.layers, packed=packed
            )

        yield from ordered(paint, source.strips(rows), self.threads)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """:attr:`rgb`, so that NumPy takes a result for its picture."""
        return np.array(self.rgb, dtype) if copy or dtype is not None else self.rgb

    def to_pil(self) -> Image:
        """The picture as an image of PIL, RGB, 8 bits deep. Raises MissingExtraError where PIL is not installed."""
        try:
            from PIL import Image
        except ImportError as error:
            raise MissingExtraError("pil", "to_pil()") from error
        rgb = self.rgb
        return Image.fromarray(rgb if rgb.dtype == np.uint8 else ((rgb + 128.0) / 257).astype(np.uint8))

    def save(
        self,
        file: str | os.PathLike[str] | BinaryIO,
        *,
        force: bool = False,
        jpeg_quality: int | None = None,
        format: str | None = None,
    ) -> tuple[str, ...]:
        """Write the picture: same size, depth, alpha and metadata, with a mark that its colours are synthetic.

        file: a path, or a binary file that is open for writing. force: replace a file at the path. jpeg_quality: of JPEG and
        WebP, 1 to 100 (None: at least the input's). format: "jpeg", "png", "webp", "tiff" or "gif", for a binary file; None: that
        of its name, else the photograph's own, else PNG. Returns sentences for the user about what the format could not keep.
        Raises OutputError, OptionError.
        """
        if isinstance(file, (str, os.PathLike)):
            return self._write(Path(file), force, jpeg_quality)
        suffix = self._suffix(format, getattr(file, "name", None))
        with tempfile.TemporaryDirectory(prefix="photochrom-") as folder:
            path = Path(folder) / f"picture{suffix}"
            notices = self._write(path, False, jpeg_quality)
            with path.open("rb") as written:
                shutil.copyfileobj(written, file)
        return notices

    def _write(self, path: Path, force: bool, jpeg_quality: int | None) -> tuple[str, ...]:
        return write_image(
            self.opened.source,
            path,
            self.strips(packed=takes_packed(path, self.opened.source.info)),
            software=SOFTWARE,
            model=self.opened.session.name,
            force=force,
            quality=jpeg_quality,
            threads=self.threads,
        )

    def _suffix(self, format: str | None, name: Any) -> str:
        """The suffix that stands for a format, a file's name, or the photograph's own format."""
        suffixes = {kind: suffix for suffix, kind in reversed(OUTPUT_SUFFIXES.items())}
        if format is not None:
            if format not in suffixes:
                raise OptionError("format", format, f"one of {', '.join(suffixes)}")
            return suffixes[format]
        own = Path(name).suffix.lower() if isinstance(name, str) else ""
        return own if own in OUTPUT_SUFFIXES else suffixes.get(self.opened.source.info.format, ".png")

    def save_confidence(self, path: str | Path, *, force: bool = False) -> None:
        """Write the confidence as a grey picture of the photograph's size: black unsure, white sure. Raises OutputError."""
        size = self.opened.source.info
        plain = SourceImage(ImageInfo(None, size.width, size.height, 8, 1, has_alpha=False, format="array"))
        model = self.opened.session.name
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
