"""Small films for tests, made with PyAV from the pictures of scikit-image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from helpers import data
from photochrom.film.layout import plane_of

Rgb = NDArray[np.uint8]


def pan(picture: Rgb, count: int, size: tuple[int, int] = (96, 64), by: float = 1.0, zoom: float = 0.0) -> list[Rgb]:
    """A window of ``size`` (width, height) over the picture that moves by so many pixels a frame, and maybe grows."""
    frames = []
    for index in range(count):
        scale = 2.2 * (1 + zoom * index)
        centre = picture.shape[1] * 0.4 + 2.2 * by * index, picture.shape[0] * 0.5
        moves = np.array(
            [[scale, 0, centre[0] - scale * size[0] / 2], [0, scale, centre[1] - scale * size[1] / 2]], np.float64
        )
        flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
        frames.append(np.asarray(cv2.warpAffine(picture, moves, size, flags=flags, borderMode=cv2.BORDER_REFLECT)))
    return frames


def shots(count: int = 12, size: tuple[int, int] = (96, 64)) -> list[list[Rgb]]:
    """Three shots of different pictures."""
    return [pan(picture, count, size) for picture in (data.astronaut(), data.coffee(), data.chelsea())]


def make_film(
    path: Path,
    frames: Sequence[Rgb],
    *,
    codec: str = "ffv1",
    pix_fmt: str = "yuv420p",
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 1000),
    rate: int = 25,
    options: dict[str, str] | None = None,
    grey: bool = True,
    span: int = 1,
    setup: Callable[[Any, Any], Callable[[Any], None] | None] | None = None,
) -> Path:
    """Write a film: grey unless ``grey`` is False; ``times`` in ticks of ``time_base``; span: 1 limited, 2 full range.

    setup(container, stream) may add to it before the first frame; what it returns is called with the container at the end.
    """
    with av.open(str(path), "w") as made:
        stream: Any = made.add_stream(codec, rate=rate, time_base=time_base)
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], pix_fmt
        stream.codec_context.color_range, stream.codec_context.colorspace = span, 1
        stream.options = options or ({"crf": "12", "preset": "ultrafast"} if "264" in codec else {})
        finish = setup(made, stream) if setup else None
        for index, rgb in enumerate(frames):
            frame: Any = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
            frame = frame.reformat(format=pix_fmt, dst_colorspace=1, dst_color_range=span)
            if grey and not pix_fmt.startswith("gray"):
                for plane in (1, 2):
                    plane_of(frame, plane)[...] = 1 << (max(part.bits for part in frame.format.components) - 1)
            step = round(1 / (rate * time_base))
            frame.pts, frame.time_base = (times[index] if times else index * step), time_base
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
        if finish:
            finish(made)
    return path


def lumas(path: Path) -> list[NDArray[Any]]:
    """The luma planes of all frames of a film."""
    with av.open(str(path)) as film:
        return [plane_of(frame, 0).copy() for frame in film.decode(video=0)]


def planes(path: Path) -> list[list[NDArray[Any]]]:
    """All planes of all frames."""
    with av.open(str(path)) as film:
        return [[plane_of(frame, index).copy() for index in range(len(frame.planes))] for frame in film.decode(video=0)]


def times(path: Path) -> list[Fraction]:
    """When each frame is shown, in seconds."""
    with av.open(str(path)) as film:
        return [frame.pts * frame.time_base for frame in film.decode(video=0)]
