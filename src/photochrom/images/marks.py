"""Which files are Photochrom's own results, by the mark that they carry."""

from __future__ import annotations

import re
from pathlib import Path

from photochrom.images.metadata import SYNTHETIC

__all__ = ["is_own_output"]

#: The mark stands near the beginning (JPEG, PNG) or at the end (TIFF, WebP, GIF).
_WINDOW = 1 << 18
_CREATOR = re.compile(rb"CreatorTool(?:\s*=\s*[\"']|>)\s*Photochrom ")


def is_own_output(source: Path | bytes) -> bool:
    """Whether a file's XMP, or that of its bytes, marks its colours as made by Photochrom.

    Pixels are not read; False for what cannot be read.
    """
    try:
        windows = _ends(source) if isinstance(source, Path) else (source[:_WINDOW], source[_WINDOW:][-_WINDOW:])
    except OSError:
        return False
    return any(SYNTHETIC.encode() in window and _CREATOR.search(window) is not None for window in windows)


def _ends(path: Path) -> tuple[bytes, ...]:
    """A file's beginning and end. Raises OSError."""
    if not path.is_file():
        return ()  # opening a pipe would wait for its other end
    with path.open("rb") as file:
        head = file.read(_WINDOW)
        end = file.seek(0, 2)
        file.seek(max(len(head), end - _WINDOW))
        return head, file.read(_WINDOW)
