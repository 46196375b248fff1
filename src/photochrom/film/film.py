"""A film in Python: its shots and frames, colours for single frames, and the whole written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.film.codecs import CONTAINERS, choose_codec, choose_encoding
from photochrom.film.film_job import Job, Progress, Reading, read_shots
from photochrom.film.shot_colors import Choices, ShotColors
from photochrom.film.source import Frame, Source, open_source
from photochrom.film.steady import Colored, steady
from photochrom.film.steer import Steering

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photochrom.film.shots import Shot

__all__ = ["EVERY_BY_QUALITY", "Film", "default_target", "make_choices", "open_film"]

#: Frames between key frames, at most, by quality.
EVERY_BY_QUALITY = {"fast": 24, "normal": 12, "best": 6}


def open_film(path: str | Path, *, span: tuple[float, float] | None = None, deinterlace: bool = False) -> Film:
    """Open a film: header and first frame. span: seconds (from, to), or all. Raises FilmError, MissingExtraError."""
    return Film(open_source(Path(path), deinterlace=deinterlace), span)


def make_choices(quality: str = "normal", **choices: Any) -> Choices:
    """:class:`Choices` for a quality: fast, normal or best. Raises OptionError."""
    from photochrom.errors import OptionError

    if quality not in EVERY_BY_QUALITY:
        raise OptionError("--quality", quality, " or ".join(EVERY_BY_QUALITY))
    every = EVERY_BY_QUALITY[quality]
    return Choices(**choices | {"quality": "best" if quality == "best" else "normal", "every": every})


def default_target(path: Path, folder: Path | None = None, *, mark: bool = True) -> Path:
    """NAME_color.EXT beside the film, or NAME.EXT in a folder; a container that cannot hold the result becomes .mkv."""
    suffix = path.suffix if path.suffix.lower() in CONTAINERS else ".mkv"
    return (folder or path.parent) / f"{path.stem}{'_color' if mark else ''}{suffix}"


class Film:
    """A film, opened by :func:`photochrom.film.open`."""

    def __init__(self, source: Source, span: tuple[float, float] | None = None) -> None:
        self.source, self.span = source, span

    @cached_property
    def reading(self) -> Reading:
        """Shots and times, by reading the film once."""
        return read_shots(self.source, self.span)

    @property
    def shots(self) -> tuple[Shot, ...]:
        """The shots."""
        return self.reading.shots

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user about this film."""
        return tuple(self.source.notices)

    def frames(self) -> Iterator[Frame]:
        """All frames in order, with their times."""
        return self.source.frames()

    def paint(
        self, choices: Choices | None = None, *, quality: str = "normal", **given: Any
    ) -> Iterator[NDArray[np.uint8]]:
        """The coloured frames as sRGB uint8 (h, w, 3), as they lie in the film; choices as :func:`make_choices` takes them."""
        from photochrom.film.paint import paint_frame

        chosen = choices or make_choices(quality, **given)
        layout = self.source.layout
        for frame, field in self.fields(chosen):
            yield paint_frame(frame, field, layout, layout).to_ndarray(format="rgb24")

    def fields(self, choices: Choices) -> Iterator[tuple[Frame, Any]]:
        """Each frame and its colour field (:class:`photochrom.fuse.ColorField`; None: it keeps its own colours)."""
        colors = ShotColors(self.source, choices, self.reading.times, self.reading.first)
        frames = self.source.frames()
        frame = next(frames)
        while frame.index < self.reading.first:
            frame = next(frames)

        def inside(shot: Shot) -> Iterator[Frame]:
            nonlocal frame
            while frame is not None and frame.index < shot.stop:
                yield frame
                frame = next(frames, None)  # type: ignore[assignment]

        for shot in self.shots:
            if not colors.painted(shot):
                yield from ((one, colors.plain(shot)) for one in inside(shot))
                continue
            colors.enter(shot)
            looked = ((one.index, one, colors.lightness(one)) for one in inside(shot))
            flashes, last = frozenset(shot.flashes), shot.stop - 1
            how: dict[str, Any] = {"flashes": flashes, "wanted": colors.wanted, "every": choices.every}
            for colored in steady(looked, colors.answer, last=last, **how):
                if isinstance(colored, Colored):
                    yield colored.item, colors.as_it_lies(colored.color)

    def job(
        self,
        target: str | Path | None = None,
        choices: Choices | None = None,
        *,
        codec: str | None = None,
        crf: int | None = None,
        pix_fmt: str | None = None,
        force: bool = False,
        threads: int | None = None,
        known: Reading | None = None,
    ) -> Job:
        """The work of writing the film in colour, which can be stopped and taken up; target: None is NAME_color beside it.

        known: shots that were found before.
        """
        path = default_target(self.source.path) if target is None else Path(target)
        encoding = choose_encoding(self.source, choose_codec(self.source, path, codec), crf, pix_fmt)
        chosen = choices or make_choices()
        return Job(self.source, path, encoding, chosen, span=self.span, threads=threads, force=force, known=known)

    def save(
        self,
        target: str | Path | None = None,
        choices: Choices | None = None,
        *,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        **how: Any,
    ) -> Path:
        """Write the film in colour -> the file. ``how``: as :meth:`job` takes it. Interrupted, the same call goes on."""
        job = self.job(target, choices, **how)
        job.run(progress, stop)
        return job.target

    def steered(self, choices: Choices, steering: Steering) -> Choices:
        """The same choices with these hints, references and palettes."""
        return replace(choices, steering=steering)
