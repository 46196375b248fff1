"""A JPEG that is decoded by another thread while its work-size copy, which costs less, is already looked at."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from photochrom.images.convert import is_grey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.images.container import PictureFile
    from photochrom.images.convert import Pixels

__all__ = ["Ahead"]

Result = TypeVar("Result")


class Ahead:
    """The pixels of a JPEG, under way from the start.

    Many scans are grey pictures in a colour file. Where a smaller copy shows no colour at all, the luma channel is all there is
    to see, and it takes a third of the work. OpenCV can decode it alone, libvips decodes all channels or none.

    file: an 8-bit JPEG. size: (width, height) as it is stored. whole: decodes it without OpenCV. plain: its numbers are those of
    sRGB, or of a grey that needs no conversion; all others are left to ``whole``.
    """

    def __init__(
        self, file: PictureFile, size: tuple[int, int], whole: Callable[[], Pixels], *, plain: bool, bands: int
    ) -> None:
        self._file, self._size, self._decode, self._bands = file, size, whole, bands
        self._grey = False  # until a smaller copy has shown it
        self._luma = _started(lambda: self._opencv(1, colour=False)) if plain else None
        self._whole = None if plain else _started(whole)

    def reduced(self, factor: int) -> NDArray[np.uint8] | None:
        """The stored picture at 1/1, 1/2, 1/4 or 1/8 of its size, (h, w) or (h, w, 3); None where libvips has to do it."""
        copy = None if self._luma is None else self._opencv(factor, colour=self._bands == 3)
        if copy is None:
            self._luma = None
        elif copy.ndim == 2 or is_grey(copy):
            self._grey = True
            copy = copy if copy.ndim == 2 else np.ascontiguousarray(copy[..., 0])
        if not self._grey and self._whole is None:
            self._whole = _started(self._decode)
        return copy

    def luma(self) -> NDArray[np.uint8] | None:
        """Waits for the luma channel (height, width), as it is stored; None where it is not the whole picture."""
        return self._luma.result() if self._grey and self._luma is not None else None

    def whole(self) -> Pixels:
        """Waits for what ``whole`` decodes; raises what it raised."""
        self._whole = self._whole or _started(self._decode)
        return self._whole.result()

    def _opencv(self, factor: int, *, colour: bool) -> NDArray[np.uint8] | None:
        import cv2

        with self._file.open() as stream:
            data = np.frombuffer(stream.read(), np.uint8)
        name = "COLOR" if colour else "GRAYSCALE"
        flag = getattr(cv2, f"IMREAD_REDUCED_{name}_{factor}" if factor > 1 else f"IMREAD_{name}")
        decoded: Any = cv2.imdecode(data, flag | cv2.IMREAD_IGNORE_ORIENTATION)
        if decoded is None or decoded.shape[1::-1] != tuple(-(-side // factor) for side in self._size):
            return None  # truncated, or of a kind that OpenCV does not read
        return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB) if colour else decoded, np.uint8)


def _started(work: Callable[[], Result]) -> Future[Result]:
    pool = ThreadPoolExecutor(1, "decoder")
    try:
        return pool.submit(work)
    finally:
        pool.shutdown(wait=False)
