"""A network drawn from its own graph: boxes of convolutions, as high as their grids and as wide as their channels, and the
connections between them.

Consecutive convolutions on one grid are one box. What passes boxes by (a skip connection) is a line over them, what passes
convolutions inside a box by is a loop on it. Lines turn in the gaps between the columns of boxes only, so that they cross none.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from photochrom.nets.registry import find_net, make_net
from photochrom.train.papers.soft_encoding import BINS
from photochrom.train.papers.stages import Stage, exported, stages

__all__ = ["architecture", "draw"]

#: Between columns, round everything, between lines over boxes, the width of the bar that chooses; in pixels as all below.
_GAP, _MARGIN, _STEP, _BAR = 46, 24, 8, 12
#: From the middle of a lane to its end without lines over it, and down to the next lane.
_ABOVE, _BELOW = 74, 100
#: The least width of a drawing, and the greatest of a letter of size 11.
_WIDTH, _LETTER = 440, 6.2
_BLUE, _GREEN, _GREY, _RED = "#1b6ca8", "#3a8f4d", "#555", "#c4472b"


@dataclass(frozen=True)
class _Link:
    """A connection between columns; in the lane of its target, or elbowed into it, or ``level`` steps above the boxes."""

    source: int
    start: tuple[int, int]
    end: tuple[int, int]
    level: int = -1


def architecture(title: str, found: Sequence[Stage], result: str) -> str:
    """The drawing, as SVG. result: what comes out, written after the stages that answer."""
    return _Drawing(found).svg(title, result)


def draw(name: str) -> str:
    """The architecture ``name`` of :mod:`photochrom.nets.registry`, as SVG."""
    spec = find_net(name)
    net = make_net(name, embedder="lite0" if spec.embedder else None)
    result = "a*, b*" if net.output == "ab" else f"{BINS} scores"
    return architecture(name, stages(exported(net)), result)


class _Drawing:
    """Where everything stands: a column for every depth, a lane for every branch, and what comes out as the last column."""

    def __init__(self, found: Sequence[Stage]) -> None:
        self.found = found
        self.places = list(zip(_columns(found), _lanes(found), strict=True))
        answers = [k for k, stage in enumerate(found) if stage.answers]
        choosers = [k for k in answers if found[k].chooses]
        #: The stage that chooses among the answers of others; None where there is no choice.
        self.chooser = choosers[0] if choosers and len(answers) > 2 else None
        self.answers = [k for k in answers if k != self.chooser]
        last = 1 + max(column for column, _ in self.places)
        links = [
            self._link(source, place)
            for place, stage in zip(self.places, found, strict=True)
            for source in stage.before
        ]
        links += [self._link(k, (last, self.places[k][1])) for k in self.answers]
        self.links = self._levelled(links)
        self.left, self.width = [_MARGIN + 12.0 + _GAP / 2], []
        for column in range(last):
            self.width.append(max(_wide(found[k]) for k, place in enumerate(self.places) if place[0] == column))
            self.left.append(self.left[-1] + self.width[-1] + _GAP)
        above = _ABOVE + _STEP * (1 + max(link.level for link in self.links))
        self.middle = [28 + above + (above + _BELOW) * lane for lane in range(1 + max(lane for _, lane in self.places))]

    def svg(self, title: str, result: str) -> str:
        """All of it."""
        plain = [link for link in self.links if link.level < 0]
        past = [link for link in self.links if link.level >= 0]
        parts = [part for link in (*past, *plain) for part in self._connection(link)]
        for k in range(len(self.found)):
            parts += self._box(k)
        x, y, bar = self._answer()
        right = max(_WIDTH, x + _LETTER * len(result) + _MARGIN)
        parts += [*bar, _words(x, y + 4, result, anchor="start"), _words(_MARGIN, self.middle[0] + 4, "L*")]
        bottom = self.middle[-1] + _BELOW
        lines = textwrap.wrap(self._legend(), int((right - 2 * _MARGIN) / _LETTER))
        parts += [_words(_MARGIN, bottom + 16 * number, line, anchor="start") for number, line in enumerate(lines)]
        parts.append(_words(right / 2, 24, title, 15))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right:.0f} {bottom + 16 * len(lines):.0f}" '
            f'width="{right:.0f}" font-family="sans-serif">\n<rect width="100%" height="100%" fill="#fff"/>\n'
            + "\n".join(parts)
            + "\n</svg>\n"
        )

    def _link(self, source: int, end: tuple[int, int]) -> _Link:
        return _Link(source, self.places[source] if source >= 0 else (-1, 0), end)

    def _free(self, lane: int, link: _Link) -> bool:
        return not any(link.start[0] < column < link.end[0] and lane == other for column, other in self.places)

    def _levelled(self, links: Sequence[_Link]) -> list[_Link]:
        """With levels for those that neither their own lane nor their target's lets through; the shorter lie below."""
        done: list[_Link] = []
        for link in sorted(links, key=lambda link: link.end[0] - link.start[0]):
            if self._free(link.end[1], link) or (link.start[1] != link.end[1] and self._free(link.start[1], link)):
                done.append(link)
                continue
            below = [
                other.level
                for other in done
                if other.end[1] == link.end[1] and other.start[0] < link.end[0] and link.start[0] < other.end[0]
            ]
            done.append(_Link(link.source, link.start, link.end, 1 + max(below, default=-1)))
        return done

    def _connection(self, link: _Link) -> list[str]:
        """The line: out of its source, up or down in the gap behind it, across, up or down in the gap before its target."""
        (column, lane), (target, row) = link.start, link.end
        start = behind = _MARGIN + 12.0
        y = float(self.middle[lane])
        if link.source >= 0:
            start, behind = self.left[column] + _wide(self.found[link.source]), self.left[column] + self.width[column]
        end, z = self.left[target], float(self.middle[row])
        across = z if self._free(row, link) else y
        if link.level >= 0:
            under = [k for k, place in enumerate(self.places) if place[1] == row and column <= place[0] <= target]
            across = (
                z - max(_high(self.found[k]) / 2 + _label(self.found[k]) for k in under) - _STEP * (1.5 + link.level)
            )
        path = f"M{start:.0f} {y:.0f}H{behind + _GAP / 4:.0f}V{across:.0f}H{end - _GAP / 4:.0f}V{z:.0f}H{end:.0f}"
        if link.level < 0:
            return [_line(path, _GREY)]
        return [_line(path, _RED), f'<circle cx="{end - _GAP / 4:.0f}" cy="{z:.0f}" r="2.5" fill="{_RED}"/>']

    def _box(self, k: int) -> list[str]:
        stage, (column, lane) = self.found[k], self.places[k]
        left, wide, high = self.left[column], _wide(stage), _high(stage)
        centre, top, bottom = left + wide / 2, self.middle[lane] - high / 2, self.middle[lane] + high / 2
        colour = _GREEN if stage.up else _BLUE
        parts = [
            f'<rect x="{left:.0f}" y="{top:.0f}" width="{wide:.0f}" height="{high:.0f}" rx="2" fill="{colour}"/>',
            _words(centre, top - _label(stage) + 11, str(stage.channels)),
        ]
        if stage.residuals:
            loop = f"M{left + 5:.0f} {top:.0f}v-4q0 -7 7 -7H{left + wide - 12:.0f}q7 0 7 7v4"
            parts.append(_line(loop, _RED, 'class="loop"'))
        below = [(f"{stage.side}²", "#000")] if stage.side else []
        below += [(f"{stage.convolutions}×", "#000")] if stage.convolutions > 1 else []
        below += [(f"{stage.residuals} residual", _RED)] if stage.residuals else []
        return parts + [
            _words(centre, bottom + 13 * (1 + n), text, colour=colour) for n, (text, colour) in enumerate(below)
        ]

    def _answer(self) -> tuple[float, float, list[str]]:
        """Where to write what comes out, and the bar in which several answers meet."""
        x = self.left[-1]
        rows = [self.middle[self.places[k][1]] for k in self.answers]
        if len(rows) < 2:
            return x + 4, rows[0], []
        top, bottom = min(rows) - 24, max(rows) + 24
        parts = []
        if self.chooser is not None:
            column, lane = self.places[self.chooser]
            start, y = self.left[column] + _wide(self.found[self.chooser]), self.middle[lane]
            path = f"M{start:.0f} {y:.0f}H{x + _BAR / 2:.0f}V{min(max(y, top), bottom):.0f}"
            parts += [_line(path, _GREY, 'class="choice" stroke-dasharray="6 4"'), _words(start + 30, y - 6, "chooses")]
        parts.append(f'<rect x="{x:.0f}" y="{top:.0f}" width="{_BAR}" height="{bottom - top:.0f}" fill="{_GREY}"/>')
        return x + _BAR + 6, (top + bottom) / 2, parts

    def _legend(self) -> str:
        words = [
            "Above a box its channels, below it the side of its grid in pixels and how many convolutions it stands for."
        ]
        if any(stage.up for stage in self.found):
            words.append("Green: the first of them is transposed.")
        if any(link.level >= 0 for link in self.links):
            words.append("Red over boxes: what passes them by and is joined to what comes through them.")
        if any(stage.residuals for stage in self.found):
            words.append(
                "Red loop: residual connections inside the box, each round some of its convolutions, and their number."
            )
        if self.chooser is not None:
            words.append("Dashed: the highest score chooses which of the answers that meet at the grey bar is given.")
        return " ".join(words)


def _wide(stage: Stage) -> float:
    return 6 + 4 * math.log2(max(2, stage.channels))


def _high(stage: Stage) -> float:
    return 14 + 10 * math.log2(stage.side or 16)


def _label(stage: Stage) -> float:
    """How much is written above a box."""
    return 28 if stage.residuals else 16


def _columns(found: Sequence[Stage]) -> list[int]:
    """How many stages at most lie before each: where it stands from left to right."""
    columns: list[int] = []
    for stage in found:
        columns.append(1 + max((columns[k] for k in stage.before if k >= 0), default=-1))
    return columns


def _lanes(found: Sequence[Stage]) -> list[int]:
    """A lane from top to bottom for every branch; a stage goes on in the lane of a stage that it is the first to follow."""
    lanes: list[int] = []
    followed: set[int] = set()
    for stage in found:
        free = [k for k in sorted(stage.before) if k not in followed]
        if free and free[-1] >= 0:
            lanes.append(min(lanes[k] for k in free if k >= 0))
        else:
            lanes.append(max(lanes, default=-1) + 1 if lanes else 0)
        followed |= stage.before
    return lanes


def _line(path: str, colour: str, more: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-linejoin="round" {more}/>'


def _words(x: float, y: float, text: str, size: int = 11, anchor: str = "middle", colour: str = "#000") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
    )
