"""The colours of one shot after another: which key frames the model sees together, and the user's hints for the shot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.color import rgb_to_lab
from photochrom.edits.dials import DIALS, REACH, Dials
from photochrom.edits.edits import Edits
from photochrom.edits.hints import Hint
from photochrom.edits.places import Spot
from photochrom.film.carried import carry
from photochrom.film.coloring import Answer, Coloring, Look
from photochrom.film.follow import Place, follow
from photochrom.film.followed import Followed, deepest
from photochrom.film.motion import evened
from photochrom.film.paint import work_lightness
from photochrom.film.steady import EVERY
from photochrom.film.steer import FilmArea, Steering
from photochrom.fuse import ColorField

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.edits.hints import Step
    from photochrom.film.shots import Shot
    from photochrom.film.source import Frame, Source
    from photochrom.film.steer import FilmHint, FilmReference

__all__ = ["Choices", "ShotColors"]

#: So many key frames of a shot are asked together.
_TOGETHER = 6
#: Hints are followed over so many frames to each side, at most.
_FARTHEST = 1500
#: A reference is of the very frame where their lightness correlates so well; its colours then count so much.
_SAME, _TRUTH = 0.95, 60.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Choices(Dials):
    """How a film is to be coloured: the dials, as for a photograph, and what only films have.

    every: frames between key frames, at most. keep_color: parts that are in colour already stay as they are.
    """

    model: str | None = None
    quality: str = "normal"
    palette: str | None = None
    threads: int | None = None
    every: int = EVERY
    keep_color: bool = False
    steering: Steering = field(default_factory=Steering)

    def digest(self) -> str:
        """Of all that changes the colours."""
        wanted = (self.model, self.quality, self.palette, *self._dials().values(), self.every, self.keep_color)
        return repr(wanted) + self.steering.digest()

    def _dials(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in DIALS}

    def coloring(self, palette: str | None = None) -> Coloring:
        """The model, loaded; with another palette for a shot."""
        edits = Edits(palette=palette or self.palette, **self._dials())
        return Coloring(self.model, edits, quality=self.quality, threads=self.threads)

    @cached_property
    def plain(self) -> Coloring:
        """The model, loaded once."""
        return self.coloring()

    @property
    def model_name(self) -> str:
        """For the mark in the result."""
        return self.plain.name


class ShotColors:
    """Answers for the key frames of a shot: :meth:`enter` it first. Shots are entered in their order."""

    def __init__(self, source: Source, choices: Choices, times: Sequence[float], first: int) -> None:
        """times: of all frames that are coloured, in seconds, the first of which is frame ``first`` of the source."""
        self.source, self.choices = source, choices
        self._times, self._first = list(times), first
        self._turns = round(source.rotation / 90) % 4
        self.coloring = choices.plain
        width, height = self.coloring.work_size(source.layout, float(source.aspect), bool(self._turns % 2))
        self._size = width, height
        self._ahead: Iterator[Frame] = iter(())
        self._ahead_at = 0
        self._shot: Shot | None = None
        self._looks: dict[int, Look] = {}
        #: Of the frames of hints and references.
        self._own: dict[int, Look] = {}
        self._hints: list[Followed] = []
        #: Frames of the shot that must be key frames: those of hints and references.
        self.wanted: frozenset[int] = frozenset()
        self._references: list[tuple[int, NDArray[np.uint8], bool]] = []

    def lightness(self, frame: Frame) -> NDArray[np.float32]:
        """L* of a frame at work size, upright."""
        light = work_lightness(frame, self.source.layout, self._size)
        return np.ascontiguousarray(np.rot90(light, self._turns)) if self._turns else light

    def as_it_lies(self, upright: ColorField) -> ColorField:
        """A colour field turned as the film's frames lie."""
        if not self._turns:
            return upright
        planes = (upright.slope, upright.offset, upright.low, upright.high)
        return ColorField(*(np.ascontiguousarray(np.rot90(plane, -self._turns)) for plane in planes))

    def check(self) -> None:
        """Raise HintError for hints at moments or places outside the film, before any work is done."""
        steering = self.choices.steering
        for one in (*steering.hints, *steering.areas, *steering.references, *steering.palettes):
            one.at(self._times)
        for hint in steering.hints:
            self._at_work(hint.x, hint.y)
        for area in steering.areas:
            area.mask.check(self._upright_size())

    def painted(self, shot: Shot) -> bool:
        """Whether a shot is coloured at all."""
        return not (shot.kind in ("title", "blank") or (shot.kind == "color" and self.choices.keep_color))

    def plain(self, shot: Shot) -> ColorField | None:
        """What a shot that is not coloured gets: grey, or None, its own colours."""
        if shot.kind == "color" or (shot.kind == "title" and self.choices.keep_color):
            return None
        width, height = self._size
        none, light = np.zeros((height, width, 2), np.float32), np.zeros((height, width), np.float32)
        return ColorField(none, none, light, light + np.float32(100))

    def enter(self, shot: Shot) -> None:
        """Look ahead at a shot: its key frames that are asked together, and where its hints go."""
        if self._shot == shot or not self.painted(shot):
            return
        self._shot = shot
        self._looks.clear()
        times = self._times
        steering = self.choices.steering

        def mine(one: Any) -> bool:
            return bool(shot.start <= one.at(times) + self._first < shot.stop)

        palette = next((one.palette for one in steering.palettes if mine(one)), None)
        self.coloring = self.choices.coloring(palette) if palette else self.choices.plain
        given: tuple[FilmHint | FilmArea, ...] = (*steering.hints, *steering.areas)
        hints = [one for one in given if mine(one)]
        references = [one for one in steering.references if mine(one)]
        keys = list(range(shot.start, shot.stop, self.choices.every))
        wanted = {keys[i] for i in np.linspace(0, len(keys) - 1, min(_TOGETHER, len(keys))).round().astype(int)}
        wanted -= set(shot.flashes)
        moments = {one.at(times) + self._first for one in (*hints, *references)}
        followed = range(0)
        if hints:
            places = [one.at(times) + self._first for one in hints]
            followed = range(max(shot.start, min(places) - _FARTHEST), min(shot.stop, max(places) + _FARTHEST))
        grey: list[NDArray[np.uint8]] = []
        seen: dict[int, NDArray[np.float32]] = {}
        for frame in self._frames(shot, until=max([*wanted, *moments, *followed], default=-1)):
            if frame.index in wanted or frame.index in moments or frame.index in followed:
                light = self.lightness(frame)
                if frame.index in wanted:
                    self._looks[frame.index] = self.coloring.look(light)
                if frame.index in moments:
                    seen[frame.index] = light
                if frame.index in followed:
                    grey.append(evened(light))
        self._own = {at: self._looks.get(at) or self.coloring.look(seen[at]) for at in sorted(moments) if at in seen}
        found = [self._follow(one, grey, followed.start) for one in hints if grey]
        masks = iter(carry(grey, followed.start, [(one.moment, one.mask) for one in found if one.mask is not None]))
        self._hints = [one if one.mask is None else replace(one, carried=next(masks)) for one in found]
        self._references = [self._reference(one, seen) for one in references]
        self.wanted = frozenset(moments.union(*(one.partly() for one in self._hints)))

    def _frames(self, shot: Shot, until: int) -> Iterator[Frame]:
        """Frames from the shot's first to ``until``, by a reading of its own that goes on from shot to shot."""
        if self._ahead_at > shot.start or not self._ahead_at:
            self._ahead, self._ahead_at = self.source.frames(), 0
        while self._ahead_at <= until:
            frame = next(self._ahead, None)
            if frame is None:
                return
            self._ahead_at = frame.index + 1
            if frame.index >= shot.start:
                yield frame

    def _follow(self, one: FilmHint | FilmArea, grey: list[NDArray[np.uint8]], start: int) -> Followed:
        at = one.at(self._times) + self._first
        frame = grey[at - start]
        radius = mask = None
        if isinstance(one, FilmArea):
            mask = one.mask.scaled(one.mask.weight.shape[::-1], frame.shape[::-1]).weight
            x, y, _ = deepest(mask)
        else:
            x, y = self._at_work(one.x, one.y)
            radius = None if one.radius is None else one.radius * min(frame.shape) / min(self._upright_size())
            if one.reach == REACH.default and at in self._own:
                mask = self.coloring.reached(self._own[at], Hint(one.ab, Spot(x, y, radius)))
        if mask is not None:
            return Followed(one, at, {at: Place(x, y, 1.0)}, radius, mask)
        return Followed(one, at, dict(enumerate(follow(grey, at - start, (x, y)), start)), radius)

    def _upright_size(self) -> tuple[int, int]:
        layout = self.source.layout
        size = (layout.width, layout.height)
        return size if self._turns % 2 == 0 else size[::-1]

    def _at_work(self, x: float, y: float) -> tuple[float, float]:
        """A pixel of the upright film at work size. Raises HintError outside the film."""
        from photochrom.errors import HintError

        width, height = self._upright_size()
        if not (0 <= x < width and 0 <= y < height):
            raise HintError(f"({x:g}, {y:g}) is outside the film's {width} x {height} pixels")
        w, h = self._size if self._turns % 2 == 0 else self._size[::-1]
        return (x + 0.5) * w / width - 0.5, (y + 0.5) * h / height - 0.5

    def _reference(self, one: FilmReference, seen: dict[int, Any]) -> tuple[int, NDArray[np.uint8], bool]:
        from photochrom.images import open_image

        index = one.at(self._times) + self._first
        picture = np.asarray(np.clip(open_image(one.path).work_copy(2 * self.coloring.colorizer.work_size), 0, 1))
        pixels = np.rint(picture * 255).astype(np.uint8)
        light = rgb_to_lab(pixels)[..., 0]
        there = seen.get(index)
        same = False
        if there is not None:
            small = [
                cv2.resize(np.asarray(one, np.float32), (64, 48), interpolation=cv2.INTER_AREA)
                for one in (light, there)
            ]
            same = float(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1]) > _SAME
        return index, pixels, same

    def answer(self, index: int, light: NDArray[np.float32]) -> Answer:
        """The colours of a key frame of the entered shot."""
        look = self._looks.get(index) or self._own.get(index) or self.coloring.look(light)
        hints = self.hints_at(index, light)
        references = [self.coloring.refer(look, picture) for _, picture, _ in self._references]
        others = [other for at, other in self._looks.items() if at != index]
        answer = self.coloring.answer(look, others, hints, references)
        for at, picture, same in self._references:
            if same and at == index:
                ab = rgb_to_lab(cv2.resize(picture, light.shape[::-1], interpolation=cv2.INTER_AREA))[..., 1:]
                answer = Answer(np.ascontiguousarray(ab), np.full(light.shape, _TRUTH, np.float32))
        return answer

    def hints_at(self, index: int, light: NDArray[np.float32]) -> list[Step]:
        """The shot's hints and areas as they are in a frame, at work size; those that are lost or hidden there are left out."""
        return [step for one in self._hints for step in one.steps(index, light)]

    def in_film(self, x: float, y: float) -> tuple[int, int]:
        """A work pixel as a pixel of the upright film."""
        width, height = self._upright_size()
        w, h = self._size if self._turns % 2 == 0 else self._size[::-1]
        return min(int((x + 0.5) * width / w), width - 1), min(int((y + 0.5) * height / h), height - 1)
