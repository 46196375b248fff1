"""The pictures of the page as data URIs, within a budget of bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.evaluate.html.plots import inline
from photochrom.evaluate.html.text import number, own
from photochrom.evaluate.render import Shown

__all__ = ["PICTURE_BUDGET", "gallery", "listing"]

#: The largest size of all pictures in a page, in bytes, as they stand in the file.
PICTURE_BUDGET = 8_000_000
#: Longest side in pixels and JPEG quality, tried in turn until the pictures fit.
STEPS = ((512, 88), (384, 86), (256, 84), (256, 75), (192, 75), (160, 70), (128, 65))


def gallery(one: Mapping[str, Any], pictures: Mapping[str, Shown], budget: int = PICTURE_BUDGET) -> dict[str, Any]:
    """What the script needs to show a set: methods, and each picture with its figures and images.

    Pictures get smaller, by :data:`STEPS`, until all fit the budget; if they never do, the last ones are left out, which
    ``left_out`` counts. Colour is not subsampled: it is what people come to see.
    """
    rows = [row for row in one["shown"] if row["picture"] in pictures]
    images: list[dict[str, Any]] = []
    side = 0
    for side, quality in STEPS:
        images = []
        left = budget
        for made in _encoded((pictures[row["picture"]] for row in rows), side, quality):
            left -= _size(made)
            if left < 0:
                break
            images.append(made)
        if len(images) == len(rows):
            break
    return {
        "name": one["name"],
        "methods": [method["name"] for method in one["methods"]],
        "own": [method["name"] for method in one["methods"] if own(method)],
        "order": one["order"]["metric"],
        "side": side,
        "left_out": len(rows) - len(images),
        "pictures": [
            {"name": row["picture"], "why": row["why"], "figures": row["figures"], **made}
            for row, made in zip(rows, images, strict=False)
        ],
    }


def _size(made: Mapping[str, Any]) -> int:
    return sum(len(uri) for kind in ("images", "confidence") for uri in made[kind].values())


def _encoded(pictures: Iterator[Shown], side: int, quality: int) -> Iterator[dict[str, Any]]:
    for shown in pictures:
        versions = {"truth": shown.truth, "grey": shown.grey, **shown.results}
        height, width = shown.truth.shape[:2]
        yield {
            "size": [width, height],
            "images": {name: _jpeg(pixels, side, quality) for name, pixels in versions.items()},
            "confidence": {name: _heat(values) for name, values in shown.confidence.items()},
        }


def _jpeg(pixels: NDArray[np.uint8], side: int, quality: int) -> str:
    scale = side / max(pixels.shape[:2])
    if scale < 1:
        size = [max(1, round(length * scale)) for length in pixels.shape[1::-1]]
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)[1]
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def _heat(values: NDArray[np.float32]) -> str:
    """Confidence in [0, 1], (h, w), from dark blue (none) over green to yellow (full)."""
    heat = cv2.applyColorMap(np.round(np.clip(values, 0, 1) * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    return inline(np.ascontiguousarray(heat[..., ::-1]))


def listing(one: Mapping[str, Any], metrics: list[dict[str, Any]]) -> str:
    """The worst and the best pictures by name and figure: what is there without pictures."""
    key = one["order"]["metric"]
    metric = next((metric for metric in metrics if metric["key"] == key), None)
    if metric is None or not one["shown"]:
        return ""
    names = [method["name"] for method in one["methods"] if own(method)]
    rows = "".join(
        f'<tr><th scope="row">{escape(row["picture"])}</th><td>{escape(", ".join(row["why"]))}</td>'
        + "".join(
            f'<td class="n">{number(row["figures"].get(name, {}).get(key), metric["decimals"])}</td>' for name in names
        )
        + "</tr>"
        for row in one["shown"]
    )
    head = "".join(f'<th scope="col" class="n">{escape(name)}</th>' for name in names)
    return f"""<details><summary>The pictures by name, with their {escape(metric["title"])}</summary>
<div class="scroll" role="region" aria-label="Pictures by name" tabindex="0"><table class="plain"><thead><tr>
<th scope="col">Picture</th><th scope="col">Chosen as</th>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"""
