"""A short film of before and after, for a player: both in each picture, one above the other, so that they cannot drift apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from photochrom.errors import OutputWriteError
from photochrom.film.moment import display_size, sought, upright
from photochrom.film.paint import paint_frame
from photochrom.film.shot_colors import ShotColors
from photochrom.film.source import av_module
from photochrom.film.steady import Colored, steady

if TYPE_CHECKING:
    from photochrom.film.film_job import Reading
    from photochrom.film.layout import Layout
    from photochrom.film.shot_colors import Choices
    from photochrom.film.shots import Shot
    from photochrom.film.source import Frame, Source

__all__ = ["CLIP_SUFFIXES", "clip_span", "make_clip"]

Kind = Literal["mp4", "webm"]
#: What players of browsers play: an encoder and its options.
CLIP_SUFFIXES: dict[Kind, tuple[str, dict[str, str]]] = {
    "mp4": ("libx264", {"preset": "veryfast", "crf": "20"}),
    "webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "30", "b": "0"}),
}
#: Seconds of a clip, and pixels along the longer side of each of its two pictures, at the most.
_SECONDS, _SIDE = 8.0, 640
_TICKS = 90_000


def clip_span(reading: Reading, shot: Shot, moment: int) -> tuple[int, int]:
    """The frames of a shot, from and to (not included), that a clip around frame ``moment`` shows: a third of it before that."""
    times, first = reading.times, reading.first
    start = stop = moment
    while start > shot.start and times[moment - first] - times[start - 1 - first] <= _SECONDS / 3:
        start -= 1
    while stop < shot.stop and times[stop - first] - times[start - first] <= _SECONDS:
        stop += 1
    return start, stop


def make_clip(
    source: Source,
    reading: Reading,
    choices: Choices,
    shot: Shot,
    moment: int,
    path: Path,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the clip of a shot around frame ``moment``; the suffix of ``path`` is one of CLIP_SUFFIXES.

    Each picture holds the film as it is above, and in colour below. progress(done, all). Raises OutputWriteError, HintError.
    """
    av = av_module()
    start, stop = clip_span(reading, shot, moment)
    layout, scale = _small(source.layout)
    small = sought(source, reading, shot.start, layout)
    hints = (replace(one, x=one.x * scale[0], y=one.y * scale[1]) for one in choices.steering.hints)
    steering = replace(choices.steering, hints=tuple(hints))
    colors = ShotColors(small, replace(choices, steering=steering), reading.times, reading.first)
    width, height = display_size(small)
    size = max(2, width - width % 2), max(2, height - height % 2)
    encoder, options = CLIP_SUFFIXES[path.suffix[1:]]  # type: ignore[index]
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        with av.open(str(part), "w", options={"movflags": "+faststart"} if path.suffix == ".mp4" else {}) as made:
            stream: Any = made.add_stream(encoder, rate=source.rate or Fraction(25), options=options)
            stream.width, stream.height, stream.pix_fmt = size[0], 2 * size[1], "yuv420p"
            stream.codec_context.time_base = Fraction(1, _TICKS)
            stream.codec_context.color_range, stream.codec_context.colorspace = 1, 1
            for done, (index, pair) in enumerate(_pairs(small, colors, choices, shot, (start, stop), size), 1):
                frame = av.VideoFrame.from_ndarray(pair, "rgb24")
                frame = frame.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)
                seconds = reading.times[index - reading.first] - reading.times[start - reading.first]
                frame.pts, frame.time_base = round(seconds * _TICKS), Fraction(1, _TICKS)
                made.mux(stream.encode(frame))
                if progress is not None:
                    progress(done, stop - start)
            made.mux(stream.encode(None))
        part.replace(path)
    except (av.error.FFmpegError, OSError) as error:
        raise OutputWriteError(f"cannot be written ({error.strerror})", path) from error
    finally:
        part.unlink(missing_ok=True)


def _small(layout: Layout) -> tuple[Layout | None, tuple[float, float]]:
    """The layout at which a clip is made, None for the film's own, and what places are multiplied by. Sides are even."""
    scale = _SIDE / max(layout.width, layout.height)
    if scale >= 1:
        return None, (1.0, 1.0)
    width, height = (max(2, round(side * scale / 2) * 2) for side in (layout.width, layout.height))
    return replace(layout, width=width, height=height), (width / layout.width, height / layout.height)


def _pairs(
    source: Source, colors: ShotColors, choices: Choices, shot: Shot, span: tuple[int, int], size: tuple[int, int]
) -> Iterator[tuple[int, Any]]:
    """Numbers of frames, and before and after, one above the other: (2h, w, 3) uint8 sRGB."""
    layout = source.layout

    def shown(frame: Any) -> Any:
        return upright(frame.to_ndarray(format="rgb24"), source, size)

    def pair(frame: Frame, before: Any, field: Any) -> tuple[int, Any]:
        return frame.index, np.vstack([before, shown(paint_frame(frame, field, layout, layout))])

    def inside() -> Iterator[tuple[Frame, Any]]:
        for frame in source.frames():
            if frame.index >= span[1]:
                return
            if frame.index >= span[0]:
                yield frame, shown(frame.held)  # before colours are painted into it

    if not colors.painted(shot):
        for frame, before in inside():
            yield pair(frame, before, colors.plain(shot))
        return
    colors.enter(shot)
    looked = ((frame.index, (frame, before), colors.lightness(frame)) for frame, before in inside())
    flashes = frozenset(shot.flashes)
    how: dict[str, Any] = {"flashes": flashes, "wanted": colors.wanted, "every": choices.every}
    for one in steady(looked, colors.answer, last=span[1] - 1, **how):
        if isinstance(one, Colored):
            frame, before = one.item
            yield pair(frame, before, colors.as_it_lies(one.color))
