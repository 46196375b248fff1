"""Two kinds of charts, as SVG: bars and curves. They need no library, and stay small and sharp."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby

__all__ = ["bars", "curves"]

_COLOURS = ("#1b6ca8", "#c4472b", "#3a8f4d", "#8a5fb0", "#b58a1a", "#555555")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 320, 60, 60, 36
#: The range that this share of the lines keeps to, after this share of the x axis, is the usual one; what lies further from it
#: than so many times its length is an outlier. The y axis leaves outliers out if it would be so many times as long with them.
_MOST, _SETTLED, _FAR, _WORTH = 2 / 3, 0.1, 2.0, 2.5


def bars(
    title: str, names: Sequence[str], values: Sequence[float], spans: Sequence[tuple[float, float]], places: int = 1
) -> str:
    """A bar for each value, with its span (least, greatest) as a whisker; the axis starts at 0."""
    top = max([*values, *(high for _, high in spans)]) * 1.12 or 1.0
    step = (_WIDTH - _LEFT - 10) / len(values)
    parts = []
    for at, (name, value, (low, high)) in enumerate(zip(names, values, spans, strict=True)):
        x, y = _LEFT + at * step + step * 0.2, _y(value, 0, top)
        middle = x + step * 0.3
        parts += [
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{step * 0.6:.1f}" height="{_HEIGHT - _BOTTOM - y:.1f}" '
            f'fill="{_COLOURS[at % len(_COLOURS)]}"/>',
            f'<path d="M{middle:.1f} {_y(low, 0, top):.1f}V{_y(high, 0, top):.1f}" stroke="#000"/>',
            _words(middle + 4, _y(high, 0, top) - 4, f"{value:.{places}f}"),
            _words(middle, _HEIGHT - _BOTTOM + 18, name),
        ]
    return _chart(title, 0, top, parts)


def curves(
    title: str, lines: Mapping[str, Sequence[tuple[float, float]]], unit: str = "steps", *, alike: bool = True
) -> str:
    """Lines of (x, y) points by their names; the x axis, in ``unit``, starts at 0.

    The y axis holds every value, unless a few lie so far off that the rest would be flat: those are cut at the border, where
    a triangle tells how far the line goes. alike: of two lines that follow each other the second is the first's dashed companion.
    """
    right = max(x for points in lines.values() for x, _ in points) or 1.0
    low, high = _axis(list(lines.values()), right)
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low or 1)
    parts, marks = [], []
    for at, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[(at // 2 if alike else at) % len(_COLOURS)]
        dash = ' stroke-dasharray="5 4"' if alike and at % 2 else ""
        path = " ".join(f"{_x(x, right):.1f},{_y(y, low, high):.1f}" for x, y in points)
        beyond = _beyond(points, right, low, high, colour)
        marks += beyond
        clip = ' clip-path="url(#plot)"' if beyond else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}{clip}/>')
        x = _LEFT + 10 + (at % 2) * 280
        y = _HEIGHT - 24 + (at // 2) * 16
        parts.append(f'<path d="M{x} {y - 4}h24" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(_words(x + 30, y, name, "start"))
    parts.append(_words(_WIDTH - 20, _HEIGHT - _BOTTOM + 16, f"{right:.0f} {unit}", "end"))
    if marks:
        height = _HEIGHT - _BOTTOM - _TOP
        plot = (
            f'<clipPath id="plot"><rect x="{_LEFT}" y="{_TOP}" width="{_WIDTH - _LEFT}" height="{height}"/></clipPath>'
        )
        note = _words(
            _LEFT, _HEIGHT - _BOTTOM + 16, "triangle: a line leaves the chart and goes as far as the number", "start"
        )
        parts = [plot, *parts, *marks, note]
    return _chart(title, low, high, parts)


def _axis(lines: Sequence[Sequence[tuple[float, float]]], right: float) -> tuple[float, float]:
    """The least and the greatest value, without outliers where these would make the rest flat."""
    every = [y for points in lines for _, y in points]
    settled = [[y for x, y in points if x >= _SETTLED * right] or [y for _, y in points] for points in lines]
    most = math.ceil(_MOST * len(lines)) - 1
    low = sorted((min(values) for values in settled), reverse=True)[most]
    high = sorted(max(values) for values in settled)[most]
    far = _FAR * abs(high - low)
    usual = [y for y in every if low - far <= y <= high + far]
    if not usual or max(every) - min(every) < _WORTH * (max(usual) - min(usual)) or far == 0:
        return min(every), max(every)
    return min(usual), max(usual)


def _beyond(points: Sequence[tuple[float, float]], right: float, low: float, high: float, colour: str) -> list[str]:
    """A triangle at the border, with the value, for the furthest point of each part of a line outside [low, high]."""
    parts = []
    for side, outside in groupby(points, lambda point: (point[1] > high) - (point[1] < low)):
        if side:
            x, value = max(outside, key=lambda point: side * point[1])
            at, y = _x(x, right), _y(high if side > 0 else low, low, high)
            parts.append(
                f'<path class="beyond" d="M{at - 5:.1f} {y + 4 * side:.1f}h10l-5 {-9 * side}z" fill="{colour}"/>'
            )
            left = at < _WIDTH / 2  # a number beside a mark at either end has to stay clear of the axis and the edge
            parts.append(_words(at + 8 if left else at - 8, y - 3, f"{value:.3g}", "start" if left else "end"))
    return parts


def _x(value: float, right: float) -> float:
    return _LEFT + value / right * (_WIDTH - _LEFT - 20)


def _y(value: float, low: float, high: float) -> float:
    return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _BOTTOM - _TOP)


def _words(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _chart(title: str, low: float, high: float, parts: Sequence[str]) -> str:
    ticks = []
    for number in range(5):
        value = low + (high - low) * number / 4
        y = _y(value, low, high)
        ticks.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - 10}" stroke="#ddd"/>')
        ticks.append(_words(_LEFT - 6, y + 4, f"{value:.3g}", "end"))
    body = "\n".join([_words(_WIDTH / 2, 20, title), *ticks, *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT + 30}" width="{_WIDTH}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )
