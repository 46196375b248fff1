"""Two kinds of charts, as SVG: bars and curves. They need no library, and stay small and sharp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["bars", "curves"]

_COLOURS = ("#1b6ca8", "#c4472b", "#3a8f4d", "#8a5fb0", "#b58a1a", "#555555")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 320, 60, 60, 36


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

    alike: of two lines that follow each other the second is the first's dashed companion.
    """
    right = max(x for points in lines.values() for x, _ in points) or 1.0
    every = [y for points in lines.values() for _, y in points]
    low, high = min(every), max(every)
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low or 1)
    parts = []
    for at, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[(at // 2 if alike else at) % len(_COLOURS)]
        dash = ' stroke-dasharray="5 4"' if alike and at % 2 else ""
        path = " ".join(f"{_LEFT + x / right * (_WIDTH - _LEFT - 20):.1f},{_y(y, low, high):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        x = _LEFT + 10 + (at % 2) * 280
        y = _HEIGHT - 24 + (at // 2) * 16
        parts.append(f'<path d="M{x} {y - 4}h24" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(_words(x + 30, y, name, "start"))
    parts.append(_words(_WIDTH - 20, _HEIGHT - _BOTTOM + 16, f"{right:.0f} {unit}", "end"))
    return _chart(title, low, high, parts)


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
