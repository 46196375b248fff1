"""Plots of the page: intervals as inline SVG, and the ab colours of each method as small inline PNGs."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import BIN_SIZE, GRID_REACH, ab_bins, lab_to_rgb
from photochrom.evaluate.html.text import ARROWS, number, own

__all__ = ["histograms", "inline", "intervals"]

#: Plot of a metric, in units of its own: width, label column, right margin, height of a row.
WIDTH, LABELS, MARGIN, ROW = 330, 118, 14, 20
#: Letters of a method's name that the label column holds.
LETTERS = 17
#: Lightness of the drawn colours, and the share of pixels in a bin that is drawn solid; a thousandth of it is not drawn.
DRAWN_LIGHT, SOLID = 62.0, 0.1


def inline(pixels: NDArray[np.uint8]) -> str:
    """PNG as a data URI: uint8 (h, w, 3) or (h, w, 4), red first."""
    swapped = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR)
    return "data:image/png;base64," + base64.b64encode(cv2.imencode(".png", swapped)[1].tobytes()).decode()


def intervals(one: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]]) -> str:
    """A plot for each metric: the headline ones, and the others to be opened."""
    plots: dict[bool, list[str]] = {True: [], False: []}
    for metric in metrics:
        rows = [method for method in one["methods"] if metric["key"] in method["figures"]]
        if len(rows) > 1:
            plots[bool(metric["headline"])].append(_plot(rows, metric))
    shown, others = (f'<div class="plots">{"".join(plots[kind])}</div>' for kind in (True, False))
    count = len(plots[False])
    return shown + (f"<details><summary>The other {count} figures</summary>{others}</details>" if count else "")


def _ticks(low: float, high: float) -> list[float]:
    """Two to five round numbers within the range."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    first = math.ceil(low / step)
    return [first * step + index * step for index in range(int((high - first * step) / step + 1e-9) + 1)]


def _plot(methods: Sequence[Mapping[str, Any]], metric: Mapping[str, Any]) -> str:
    figures = [method["figures"][metric["key"]] for method in methods]
    known = [
        value for figure in figures for value in (figure["value"], figure["low"], figure["high"]) if value is not None
    ]
    low, high = min(known), max(known)
    room = (high - low) * 0.04 or max(abs(high) * 0.05, 0.5)
    low, high = low - room, high + room

    def x(value: float) -> str:
        return f"{LABELS + (value - low) / (high - low) * (WIDTH - LABELS - MARGIN):.1f}"

    height = ROW * len(methods) + 24
    bottom = ROW * len(methods) + 4
    parts = []
    for tick in _ticks(low, high):
        digits = max(0, -math.floor(math.log10(max(abs(high - low) / 4, 1e-9)) + 1e-9))
        parts.append(
            f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="2" y2="{bottom}"/>'
            f'<text class="tick" x="{x(tick)}" y="{bottom + 14}">{number(tick, digits)}</text>'
        )
    descriptions = []
    for index, (method, figure) in enumerate(zip(methods, figures, strict=True)):
        y = ROW * index + ROW / 2 + 2
        name = method["name"]
        short = name if len(name) <= LETTERS else name[: LETTERS - 1] + "…"
        kind = "own" if own(method) else "truth" if method["kind"] == "truth" else "baseline"
        bar = ""
        words = number(figure["value"], metric["decimals"])
        if figure["low"] is not None and figure["high"] is not None:
            bar = f'<line class="bar" x1="{x(figure["low"])}" x2="{x(figure["high"])}" y1="{y}" y2="{y}"/>'
            words += f" ({number(figure['low'], metric['decimals'])} to {number(figure['high'], metric['decimals'])})"
        descriptions.append(f"{name} {words}")
        parts.append(
            f'<g class="{kind}"><title>{escape(name)}: {words}</title><text x="{LABELS - 8}" y="{y + 4}">{escape(short)}</text>'
            f'{bar}<circle cx="{x(figure["value"])}" cy="{y}" r="4"/></g>'
        )
    sign, direction = ARROWS[metric["direction"]]
    unit = f" ({metric['unit']})" if metric["unit"] else ""
    label = escape(f"{metric['title']}{unit}, {direction}: {'; '.join(descriptions)}")
    return (
        f'<figure class="plot"><figcaption>{escape(metric["title"])}<small>{escape(unit)}</small> '
        f'<span class="arrow" title="{direction}">{sign}</span></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg></figure>'
    )


def _grid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of the ab bins -> (2 reach + 1, 2 reach + 1), b* upwards, a* to the right, NaN outside the gamut."""
    grid = np.full((2 * GRID_REACH + 1,) * 2, np.nan)
    a, b = (np.round(ab_bins() / BIN_SIZE).astype(int) + GRID_REACH).T
    grid[2 * GRID_REACH - b, a] = values
    return grid


def _colours() -> NDArray[np.float32]:
    """The colour of each cell of :func:`_grid` at one lightness: sRGB (n, n, 3) in [0, 1]."""
    steps = np.arange(-GRID_REACH, GRID_REACH + 1, dtype=np.float64) * BIN_SIZE
    a, b = np.meshgrid(steps, -steps)
    return np.clip(lab_to_rgb(np.stack([np.full_like(a, DRAWN_LIGHT), a, b], axis=-1)), 0, 1)


def _map(shares: NDArray[np.float64]) -> str:
    """Each bin in its own colour, the more solid the more pixels have it, by the logarithm."""
    grid = _grid(shares)
    inside = np.isfinite(grid)
    solid = np.clip(1 + np.log10(np.maximum(np.nan_to_num(grid), 1e-12) / SOLID) / 3, 0, 1)
    rgba = np.concatenate([_colours(), (solid * inside)[..., None]], axis=-1)
    return inline(np.round(rgba * 255).astype(np.uint8))


def histograms(one: Mapping[str, Any]) -> str:
    """Which ab colours the truth has and each method gives, as maps of the ab plane."""
    shares = {name: np.asarray(values, np.float64) for name, values in one["histograms"]["shares"].items()}
    if not shares:
        return ""
    truth = next(iter(shares))
    cards = []
    for name, values in shares.items():
        common = 100 * float(np.minimum(values, shares[truth]).sum())
        caption = "the reference" if name == truth else f"{number(common, 1)} % in common with the {truth}"
        cards.append(
            f'<figure class="ab"><div class="plane"><img src="{_map(values)}" alt="Map of the ab colours of {escape(name)}: '
            f'{escape(caption)}" width="{2 * GRID_REACH + 1}" height="{2 * GRID_REACH + 1}"></div>'
            f"<figcaption><strong>{escape(name)}</strong><br>{escape(caption)}</figcaption></figure>"
        )
    reach = GRID_REACH * BIN_SIZE
    return (
        f'<p class="note">Shares of pixels over the ab plane, a* from −{reach} to {reach} rightwards, b* upwards, '
        "grey at the cross, in bins of 10 units. A solid bin holds a tenth of all pixels or more, and each "
        f'tenfold step down is a third paler.</p><div class="planes">{"".join(cards)}</div>'
    )
