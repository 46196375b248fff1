"""A look before the work: a contact sheet of the shots in colour, and where hints would settle most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.errors import OutputExistsError, OutputWriteError
from photochrom.film.moment import display_size, upright
from photochrom.film.paint import paint_frame
from photochrom.film.shot_colors import Choices, ShotColors
from photochrom.fuse import fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.film.film_job import Reading
    from photochrom.film.shots import Shot
    from photochrom.film.source import Frame, Source

__all__ = ["FilmClick", "contact_sheet", "middles", "suggestions"]

_WIDTH, _COLUMNS, _GAP, _LINE = 240, 5, 6, 18


@dataclass(frozen=True)
class FilmClick:
    """A place of a film worth a hint: pixel (x, y) of the frame with this number, at ``time`` seconds.

    gain: that of a :class:`photochrom.steering.suggest.Click`, times the share of the film that the shot has. colors: likely
    ones, as #rrggbb, likeliest first.
    """

    time: float
    frame: int
    x: int
    y: int
    gain: float
    colors: tuple[str, ...]


def middles(source: Source, reading: Reading) -> Iterator[tuple[Shot, Frame]]:
    """Each shot and its middle frame."""
    shots = {(shot.start + shot.stop) // 2: shot for shot in reading.shots}
    last = max(shots)
    for frame in source.frames():
        if frame.index in shots:
            yield shots[frame.index], frame
        if frame.index >= last:
            return


def contact_sheet(source: Source, reading: Reading, choices: Choices, path: Path, *, force: bool = False) -> None:
    """Write a picture of the middle frame of every shot, in colour, with its time. Raises OutputExistsError, OutputWriteError."""
    if path.exists() and not force:
        raise OutputExistsError("exists already; overwrite it with --force", path)
    colors = ShotColors(source, choices, reading.times, reading.first)
    tiles = [_tile(colors, shot, frame, reading, source) for shot, frame in middles(source, reading)]
    rows = [tiles[i : i + _COLUMNS] for i in range(0, len(tiles), _COLUMNS)]
    blank = np.full_like(tiles[0], 255)
    sheet = np.vstack([np.hstack(row + [blank] * (min(_COLUMNS, len(tiles)) - len(row))) for row in rows])
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        if not cv2.imwrite(str(part), sheet[..., ::-1]):
            raise OutputWriteError("cannot be written; name a .jpg or .png", path)
        part.replace(path)
    except (cv2.error, OSError) as error:
        part.unlink(missing_ok=True)
        raise OutputWriteError("cannot be written; name a .jpg or .png in a folder that exists", path) from error


def _tile(colors: ShotColors, shot: Shot, frame: Frame, reading: Reading, source: Source) -> NDArray[np.uint8]:
    field = colors.plain(shot)
    if colors.painted(shot):
        colors.enter(shot)
        light = colors.lightness(frame)
        field = colors.as_it_lies(fit(colors.answer(frame.index, light).ab, light))
    shown = display_size(source)
    height = max(1, round(_WIDTH * shown[1] / shown[0]))
    rgb = paint_frame(frame, field, source.layout, source.layout).to_ndarray(format="rgb24")
    small = upright(rgb, source, (_WIDTH, height))
    tile = np.full((height + _LINE + _GAP, _WIDTH + _GAP, 3), 255, np.uint8)
    tile[:height, :_WIDTH] = small
    seconds = reading.times[shot.start - reading.first]
    caption = f"{int(seconds // 60):02d}:{seconds % 60:05.2f}  {shot.stop - shot.start} frames"
    caption += "" if shot.kind == "film" else f", {shot.kind}"
    cv2.putText(tile, caption, (2, height + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


def suggestions(source: Source, reading: Reading, choices: Choices, count: int) -> list[FilmClick]:
    """The ``count`` places of all shots where a hint would change most, best first. Hints that are given already count."""
    from photochrom.color import lab_to_rgb

    colors = ShotColors(source, choices, reading.times, reading.first)
    found: list[FilmClick] = []
    for shot, frame in middles(source, reading):
        if not colors.painted(shot):
            continue
        colors.enter(shot)
        light = colors.lightness(frame)
        look = colors.coloring.look(light)
        share = (shot.stop - shot.start) / reading.frames
        for click in look.opened.suggest(min(count, 3), hints=colors.hints_at(frame.index, light)):
            lab = np.array([[*_at(light, click.x, click.y), *one.ab] for one in click.colors], np.float32)
            codes = np.rint(lab_to_rgb(lab).clip(0, 1) * 255).astype(int) if len(lab) else np.empty((0, 3), int)
            x, y = colors.in_film(click.x, click.y)
            time = reading.times[frame.index - reading.first]
            named = tuple("#{:02x}{:02x}{:02x}".format(*code) for code in codes.tolist())
            found.append(FilmClick(round(time, 3), frame.index, x, y, float(click.gain) * share, named))
    return sorted(found, key=lambda one: -one.gain)[:count]


def _at(light: NDArray[Any], x: int, y: int) -> Sequence[float]:
    return [float(light[min(y, light.shape[0] - 1), min(x, light.shape[1] - 1)])]
