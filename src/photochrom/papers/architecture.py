"""A network drawn from its own graph: boxes of convolutions, as high as their grids and as wide as their channels, and the
connections between them.

Consecutive convolutions on one grid are one box. What passes a box by (a skip connection, a second branch) is an arc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from photochrom.nets.registry import find_net, make_net
from photochrom.train.papers.soft_encoding import BINS
from photochrom.train.papers.stages import Stage, exported, stages

__all__ = ["architecture", "draw"]

_GAP, _LANE, _MARGIN, _TOP = 46, 176, 24, 64
_COLOURS = {False: "#1b6ca8", True: "#3a8f4d"}
LEGEND = (
    "Above a box its channels, below it the side of its grid in pixels and how many convolutions it stands for; "
    "green: transposed."
)


def architecture(title: str, found: Sequence[Stage], result: str) -> str:
    """The drawing, as SVG. result: what comes out, written after the last stage."""
    lanes = _lanes(found)
    columns = _columns(found)
    width = {column: max(_wide(found[k]) for k in range(len(found)) if columns[k] == column) for column in columns}
    left, x = {}, float(_MARGIN + 30)
    for column in sorted(width):
        left[column] = x
        x += width[column] + _GAP
    right, bottom = x, _TOP + _LANE * (max(lanes) + 1)
    middle = [_TOP + _LANE * lane + _LANE / 2 for lane in lanes]
    parts = [_words(right / 2, 22, title, 15), _words(_MARGIN, middle[0] + 4, "L*")]
    places = [(left[columns[k]], left[columns[k]] + _wide(stage)) for k, stage in enumerate(found)]
    for k, stage in enumerate(found):
        parts += [_connection(found, places, middle, lanes, source, k) for source in sorted(stage.before)]
    for k, stage in enumerate(found):
        start, end = places[k]
        high = _high(stage)
        centre = (start + end) / 2
        parts.append(
            f'<rect x="{start:.0f}" y="{middle[k] - high / 2:.0f}" width="{end - start:.0f}" height="{high:.0f}" rx="2" '
            f'fill="{_COLOURS[stage.up]}"/>'
        )
        parts.append(_words(centre, middle[k] - high / 2 - 5, str(stage.channels)))
        if stage.side:
            parts.append(_words(centre, middle[k] + high / 2 + 13, f"{stage.side}²"))
        if stage.convolutions > 1:
            parts.append(_words(centre, middle[k] + high / 2 + 26, f"{stage.convolutions}×"))
    parts.append(_words(places[-1][1] + 6, middle[-1] + 4, result, anchor="start"))
    parts.append(_words(_MARGIN, bottom + 14, LEGEND, 11, "start"))
    right = max(right, 640)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right:.0f} {bottom + 24}" width="{right:.0f}" '
        f'font-family="sans-serif">\n<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def draw(name: str) -> str:
    """The architecture ``name`` of :mod:`photochrom.nets.registry`, as SVG."""
    spec = find_net(name)
    net = make_net(name, embedder="lite0" if spec.embedder else None)
    result = "a*, b*" if net.output == "ab" else f"{BINS} scores"
    return architecture(name, stages(exported(net)), result)


def _wide(stage: Stage) -> float:
    return 6 + 4 * math.log2(max(2, stage.channels))


def _high(stage: Stage) -> float:
    return 14 + 10 * math.log2(stage.side or 16)


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


def _connection(
    found: Sequence[Stage],
    places: list[tuple[float, float]],
    middle: list[float],
    lanes: list[int],
    source: int,
    target: int,
) -> str:
    end = places[target][0]
    start, y = (places[source][1], middle[source]) if source >= 0 else (_MARGIN + 12.0, middle[0])
    between = [k for k in range(max(source, -1) + 1, target) if lanes[k] == lanes[target]]
    if source >= 0 and lanes[source] == lanes[target] and between:  # past the boxes in between
        top = min(middle[k] - _high(found[k]) / 2 for k in (*between, source, target)) - 20
        first, last = sum(places[source]) / 2, sum(places[target]) / 2
        y, z = middle[source] - _high(found[source]) / 2, middle[target] - _high(found[target]) / 2
        path = f"M{first:.0f} {y:.0f}C{first:.0f} {top:.0f} {last:.0f} {top:.0f} {last:.0f} {z:.0f}"
        return f'<path d="{path}" fill="none" stroke="#c4472b" stroke-width="1.5"/>'
    half = (start + end) / 2
    z = middle[target]
    path = f"M{start:.0f} {y:.0f}C{half:.0f} {y:.0f} {half:.0f} {z:.0f} {end:.0f} {z:.0f}"
    return f'<path d="{path}" fill="none" stroke="#555" stroke-width="1.5"/>'


def _words(x: float, y: float, text: str, size: int = 11, anchor: str = "middle") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
