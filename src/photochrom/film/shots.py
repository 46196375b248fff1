"""Where one shot ends and the next begins: cuts, dissolves, flashes, fades and title cards, from small copies of the frames.

Cuts are steps that motion does not explain: each frame is compared with the one before, brought to its place by optical flow.
A flash is a step that is undone within a few frames. Dissolves and fades are found afterwards, on thumbnails of all frames: in
a dissolve, the frames in the middle are mixtures of those at its ends.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from photochrom.film.chroma import luma_levels
from photochrom.film.motion import evened, grid, moved
from photochrom.film.paint import is_colored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.film.layout import Layout
    from photochrom.film.source import Frame

__all__ = ["Shot", "ShotFinder"]

Kind = Literal["film", "title", "color", "blank"]
_SIZE = (96, 72)
_THUMB = (24, 18)
#: Share of the contrast that motion leaves unexplained, beyond which a step may be a cut; and how many times its surroundings'.
_STEP, _TIMES = 0.42, 2.2
#: A step that is undone within so many frames is a flash.
_FLASH = 5
#: Half-lengths, in frames, at which dissolves are looked for.
_HALVES = (4, 6, 9, 13, 18, 26)
#: Thumbnails are blurred for that (sigma in their pixels): things go on moving while one shot turns into the other.
_BLUR = 0.7
_SHORTEST = 3
_STILL = 1.5
_BLANK = 2.5


@dataclass(frozen=True)
class Shot:
    """Frames ``start`` to ``stop`` (not included). ``opens``: how it begins. ``flashes``: frames much brighter for once."""

    start: int
    stop: int
    kind: Kind = "film"
    opens: Literal["start", "cut", "dissolve", "fade"] = "cut"
    flashes: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For the job folder."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Shot:
        """The inverse of :meth:`to_json`."""
        return cls(**value | {"flashes": tuple(value["flashes"])})


@dataclass
class ShotFinder:
    """Give it every frame by :meth:`add`; then :meth:`shots`."""

    layout: Layout
    _before: NDArray[np.float32] | None = None
    _thumbs: list[NDArray[np.uint8]] = field(default_factory=list)
    _steps: list[float] = field(default_factory=list)
    _colored: list[bool] = field(default_factory=list)
    _cards: list[bool] = field(default_factory=list)
    _search: Any = field(default_factory=lambda: cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST))

    def add(self, frame: Frame) -> None:
        """The next frame, in order."""
        area = cv2.INTER_AREA if min(frame.luma.shape) >= _SIZE[0] else cv2.INTER_LINEAR
        small = luma_levels(cv2.resize(frame.luma, _SIZE, interpolation=area), self.layout)
        light = small.astype(np.float32) * np.float32(100 / 255)
        self._thumbs.append(np.asarray(cv2.resize(small, _THUMB, interpolation=cv2.INTER_AREA)))
        self._steps.append(0.0 if self._before is None else self._step(self._before, light))
        # Colour and cards change slowly; now and then is enough.
        look = not len(self._colored) % 6
        self._colored.append(is_colored(frame, self.layout) if look else self._colored[-1])
        self._cards.append(_is_card(small) if look else self._cards[-1])
        self._before = light

    def _step(self, before: NDArray[np.float32], now: NDArray[np.float32]) -> float:
        """Mean difference that motion does not explain, as a share of the frames' contrast; 0 to about 2."""
        one, two = evened(before), evened(now)
        flow = self._search.calc(two, one, None)
        length = np.hypot(flow[..., 0], flow[..., 1])
        flow = flow * np.minimum(1, 24 / np.maximum(length, 1e-3))[..., None]
        brought = moved(before, grid(*now.shape) + flow)
        gone = np.abs(now - now.mean() - (brought - brought.mean())).mean()
        contrast = (np.abs(before - before.mean()).mean() + np.abs(now - now.mean()).mean()) / 2
        apart = abs(float(now.mean() - before.mean()))
        return float((gone + 0.3 * apart) / max(float(contrast), 3.0))

    def shots(self) -> list[Shot]:
        """The shots, without gaps, once all frames are there (one at the least)."""
        count = len(self._thumbs)
        thumbs = np.stack(self._thumbs).reshape(count, -1).astype(np.float32) * np.float32(100 / 255)
        steps = np.array(self._steps)
        cuts, flashes = self._cuts(steps, thumbs)
        opens: dict[int, Literal["start", "cut", "dissolve", "fade"]] = dict.fromkeys(cuts, "cut")
        blank = thumbs.std(axis=1) < _BLANK
        for place in self._dissolves(thumbs, cuts, flashes):
            if all(abs(place - cut) > _HALVES[0] for cut in opens):
                opens[place] = "dissolve"
        for start, stop in _runs(blank):  # a fade to black and up again: the next shot begins where the dark is deepest
            if start > 0 and stop < count and all(not start - 2 <= cut <= stop + 2 for cut in opens):
                opens[(start + stop) // 2] = "fade"
        opens |= dict.fromkeys(_changes(np.array(self._colored), opens), "cut")
        starts = sorted({0, *opens})
        starts = [place for place in starts if place == 0 or count - place >= 1]
        made = []
        for start, stop in zip(starts, [*starts[1:], count], strict=True):
            inside = tuple(frame for frame in flashes if start <= frame < stop)
            made.append(Shot(start, stop, self._kind(start, stop, thumbs, blank), opens.get(start, "start"), inside))
        return made

    def _kind(self, start: int, stop: int, thumbs: NDArray[Any], blank: NDArray[Any]) -> Kind:
        if blank[start:stop].mean() > 0.9:
            return "blank"
        if np.mean(self._colored[start:stop]) > 0.5:
            return "color"
        still = np.abs(np.diff(thumbs[start:stop], axis=0)).mean() < _STILL if stop - start > 1 else True
        return "title" if still and np.mean(self._cards[start:stop]) > 0.8 else "film"

    def _cuts(self, steps: NDArray[Any], thumbs: NDArray[Any]) -> tuple[list[int], list[int]]:
        cuts: list[int] = []
        flashes: list[int] = []
        count = len(steps)
        for place in np.flatnonzero(steps > _STEP).tolist():
            if place in flashes or (flashes and place == flashes[-1] + 1):
                continue
            around = np.concatenate([steps[max(0, place - 6) : place], steps[place + 1 : place + 7]])
            usual = np.sort(around)[-3] if len(around) >= 3 else 0.0  # a cut beside another, and a flash, may stand out
            if steps[place] < _TIMES * usual:
                continue
            back = self._undone(place, thumbs)
            if back:
                flashes += range(place, back)
            elif not cuts or place - cuts[-1] >= 1:
                cuts.append(place)
        return [cut for cut in cuts if 0 < cut < count], flashes

    @staticmethod
    def _undone(place: int, thumbs: NDArray[Any]) -> int:
        """The frame at which a step at ``place`` is undone: it looks like the one before the step; 0 for a cut."""
        before = thumbs[place - 1]
        jump = np.abs(thumbs[place] - before).mean()
        for after in range(place + 1, min(place + 1 + _FLASH, len(thumbs))):
            if np.abs(thumbs[after] - before).mean() < 0.3 * jump:
                return after
        return 0

    @staticmethod
    def _dissolves(thumbs: NDArray[Any], cuts: list[int], flashes: list[int]) -> list[int]:
        count = len(thumbs)
        small = thumbs.reshape(count, _THUMB[1], _THUMB[0])
        blurred = [cv2.GaussianBlur(one, (0, 0), _BLUR, borderType=cv2.BORDER_REFLECT) for one in small]
        thumbs = np.stack(blurred).reshape(count, -1).astype(np.float32)
        score = np.zeros(count)
        barred = np.zeros(count + 1)
        for cut in cuts:
            barred[cut] = 1
        within = np.cumsum(barred)
        for half in _HALVES:
            if count <= 2 * half:
                break
            first, middle, last = thumbs[: -2 * half], thumbs[half : count - half], thumbs[2 * half :]
            change = last - first
            power = np.maximum((change**2).mean(axis=1), 1e-6)
            contrast = np.minimum(first.std(axis=1), last.std(axis=1))
            share = ((middle - first) * change).mean(axis=1) / power
            left = ((middle - first - share[:, None] * change) ** 2).mean(axis=1) / power
            quarter = thumbs[half // 2 : half // 2 + len(first)]
            early = ((quarter - first) * change).mean(axis=1) / power
            centred = [frames - frames.mean(axis=1, keepdims=True) for frames in (first, last)]
            alike = (centred[0] * centred[1]).mean(axis=1) / np.maximum(first.std(axis=1) * last.std(axis=1), 1e-3)
            span = within[2 * half : count] - within[: count - 2 * half]
            found = (
                (np.sqrt(power) > np.maximum(8, 0.6 * contrast))
                & (contrast > 4)
                & (left < np.interp(alike, (0.3, 0.6), (0.08, 0.03)))
                & (np.abs(share - 0.5) < 0.12)
                & (early > 0.05)
                & (early < 0.45)
                & (alike < 0.6)
                & (span == 0)
            )
            score[half : count - half] = np.maximum(score[half : count - half], found * power)
        places = []
        for start, stop in _runs(score > 0, gap=4):
            if not any(start - 2 <= flash <= stop + 2 for flash in flashes):
                places.append(round(float(np.average(np.arange(start, stop), weights=score[start:stop] + 1e-6))))
        return places


def _is_card(level: NDArray[np.uint8]) -> bool:
    """Bright letters on dark, or dark ones on bright: hardly anything between the ground and the letters."""
    ground = float(np.median(level))
    near = np.abs(level.astype(np.float32) - ground) < 14
    far = np.abs(level.astype(np.float32) - ground) > 60
    return bool(
        (ground < 70 or ground > 185) and near.mean() > 0.6 and far.mean() > 0.01 and (near | far).mean() > 0.86
    )


def _runs(values: NDArray[Any], gap: int = 0) -> list[tuple[int, int]]:
    """Start and stop of the runs of true values; runs with at most ``gap`` between them are one."""
    runs: list[tuple[int, int]] = []
    for place in np.flatnonzero(values).tolist():
        if runs and place - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


def _changes(colored: NDArray[Any], known: dict[int, Any]) -> list[int]:
    """Where grey turns into colour or back without a cut near, which only matters for what is kept."""
    places = np.flatnonzero(np.diff(colored.astype(int))) + 1
    return [int(place) for place in places if all(abs(int(place) - cut) > 8 for cut in known)]
