"""The forms in which a picture may be given: a path, bytes, a binary file, a PIL image, an array."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import ImageError

if TYPE_CHECKING:
    from typing import Protocol

    class _PilImage(Protocol):
        """What is used of PIL.Image.Image, which is not needed to be installed."""

        mode: str
        info: dict[Any, Any]

        def save(self, fp: Any, format: str | None = None, **params: Any) -> None: ...
        def convert(self, mode: str) -> Any: ...

    AnyInput: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any] | _PilImage
else:
    AnyInput = Any

__all__ = ["AnyInput", "plain_input"]

#: Modes of PIL that a PNG holds as they are; others become RGB.
_PNG_MODES = ("1", "L", "LA", "I;16", "P", "RGB", "RGBA")


def plain_input(given: AnyInput) -> Path | bytes | NDArray[Any]:
    """A picture in any form as a path, a file's bytes or an array. Raises ImageError for what is none of them."""
    if isinstance(given, np.ndarray):
        return given
    if isinstance(given, (str, os.PathLike)):
        return Path(given)
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(given)
    pil: Any = sys.modules.get("PIL.Image")  # who has an image of PIL has imported it
    if pil is not None and isinstance(given, pil.Image):
        return _png(given)
    if hasattr(given, "read"):
        return _read(given)
    if hasattr(given, "__array__"):
        return np.asarray(given)
    raise ImageError(
        f"a picture was given as {type(given).__name__}; expected a path, bytes, a binary file, a PIL image or an array"
    )


def _read(file: Any) -> bytes:
    try:
        found = file.read()
    except (OSError, ValueError) as error:
        raise ImageError(f"the file given cannot be read ({error})") from error
    if not isinstance(found, (bytes, bytearray, memoryview)):
        raise ImageError("the file given is not open in binary mode; open it with 'rb'")
    return bytes(found)


def _png(image: Any) -> bytes:
    """The image as a PNG file, so that profile, orientation and transparency are read as those of any file."""
    plain = image if image.mode in _PNG_MODES else image.convert("RGB")
    more = {name: plain.info[name] for name in ("icc_profile", "dpi", "transparency") if plain.info.get(name)}
    exif = image.getexif()
    if exif:
        more["exif"] = exif
    file = io.BytesIO()
    try:
        plain.save(file, "PNG", compress_level=1, **more)
    except (OSError, ValueError, SyntaxError) as error:
        raise ImageError(f"the PIL image cannot be used ({error})") from error
    return file.getvalue()
