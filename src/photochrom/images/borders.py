"""Find the photograph on its mount: card, album page, white border or film edge are paper, and stay without colour.

A mount is taken for one only on strong evidence, since a photograph without one must not lose colour at its edges: even
paper along all four sides of the picture, and on it one or several rectangles (at most a little turned) or an oval with
clear, straight outlines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.images.tint import to_lab

__all__ = ["Frame", "find_frame"]

#: The picture is looked at with a shorter side of at most this many pixels.
_SIZE = 256
#: The outermost ring that has to be paper, as a part of the shorter side; and how much of it may be something else.
_RING, _STRAY = 0.012, 0.1
#: Paper is even: most of it differs from a slanted plane by no more than this, in L*.
_EVEN = 2.5
#: What differs by more is not paper; times the spread of the paper, and at least so many L*.
_SPREAD, _LEAST_STEP = 4.0, 5.0
#: Parts of the picture that paper and photographs must and may take.
_LEAST_PAPER, _LEAST_PHOTO, _LEAST_OF_SEVERAL = 0.03, 0.12, 0.03
#: Overlap (intersection over union) with a rectangle or an ellipse.
_SHAPE = 0.94
#: Part of each side of a rectangle, and of a whole outline, where lightness makes a step.
_SIDE, _OUTLINE = 0.6, 0.8
_MOST_TURNED = 4.0  # degrees
#: Paper of a scan in colour keeps its colour, up to this chroma.
_CHROMA = 15.0
_MOST_PHOTOS, _NESTED = 12, 3


@dataclass(frozen=True, eq=False)
class Frame:
    """Where the photographs are on their mount.

    ``inside``: (h, w) float32, 1 in photographs, 0 on paper, in a small copy. ``paper``: (h, w, 2) float32, ab of the paper there.
    ``box``: left, top, right, bottom of all photographs together, as parts of width and height.
    """

    inside: NDArray[np.float32]
    paper: NDArray[np.float32]
    box: tuple[float, float, float, float]

    @property
    def short_side(self) -> float:
        """The least of the box's width and height in terms of the picture's shorter side, at most 1."""
        h, w = self.inside.shape
        left, top, right, bottom = self.box
        return min(1.0, min((right - left) * w, (bottom - top) * h) / min(h, w))

    def filled(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """The picture (h, w) with its paper covered by mirror images of the photograph, for a network that knows no mounts."""
        h, w = light.shape
        left, right = round(self.box[0] * w), max(round(self.box[2] * w), round(self.box[0] * w) + 1)
        top, bottom = round(self.box[1] * h), max(round(self.box[3] * h), round(self.box[1] * h) + 1)
        mirrored = light[np.ix_(_mirror(top, bottom, h), _mirror(left, right, w))]
        return np.ascontiguousarray(mirrored)

    def neutral(self, ab: NDArray[np.float32]) -> NDArray[np.float32]:
        """ab (h, w, 2) of the whole picture, that of the paper where there is paper."""
        size = ab.shape[1::-1]
        smaller = size[0] < self.inside.shape[1]
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        inside: Any = cv2.resize(self.inside, size, interpolation=how)
        paper: Any = cv2.resize(self.paper, size, interpolation=cv2.INTER_NEAREST)
        share = inside[..., None]
        return np.asarray(share * ab + (1 - share) * paper, np.float32)


def _mirror(first: int, last: int, count: int) -> NDArray[np.intp]:
    """For each of ``count`` places the one from ``first`` to ``last`` - 1 that a hall of mirrors shows there."""
    length = last - first
    at = (np.arange(count) - first) % (2 * length)
    return np.asarray(first + np.minimum(at, 2 * length - 1 - at), np.intp)


def find_frame(rgb: NDArray[np.float32]) -> Frame | None:
    """The mount around one or more photographs, or None. rgb: (h, w, 3) float32, sRGB in [0, 1], a work-size copy."""
    h, w = rgb.shape[:2]
    scale = min(1.0, _SIZE / min(h, w))
    if min(h, w) < 48 or max(h, w) > 6 * min(h, w):
        return None
    if scale < 1:
        rgb = np.asarray(
            cv2.resize(rgb, (round(w * scale), round(h * scale)), interpolation=cv2.INTER_AREA), np.float32
        )
    lab = to_lab(rgb).astype(np.float32)
    light, ab = np.ascontiguousarray(lab[..., 0]), lab[..., 1:]
    inside = np.ones(light.shape, np.uint8)
    paper = np.zeros((*light.shape, 2), np.float32)
    top, left = 0, 0
    window = light
    found = None
    for _ in range(_NESTED):  # a card on the scanner's lid, a print with a border on the card
        shapes = _photographs(window)
        if shapes is None:
            break
        rows, columns = slice(top, top + window.shape[0]), slice(left, left + window.shape[1])
        outside = shapes == 0
        mean = np.median(ab[rows, columns][outside], axis=0)
        mean *= min(1.0, _CHROMA / max(float(np.hypot(*mean)), 1e-6))
        fresh = outside & (inside[rows, columns] > 0)
        paper[rows, columns][fresh] = mean
        inside[rows, columns] &= shapes
        found = cv2.boundingRect(inside)
        # The next mount would begin at the photograph's own edge, whose pixels are mixed.
        left, top = found[0] + 2, found[1] + 2
        window = np.ascontiguousarray(light[top : top + found[3] - 4, left : left + found[2] - 4])
        if cv2.connectedComponents(inside)[0] > 2 or min(window.shape) < 48 or _turned(inside):
            break
    if found is None:
        return None
    x, y, width, height = found
    box = (x / light.shape[1], y / light.shape[0], (x + width) / light.shape[1], (y + height) / light.shape[0])
    return Frame(inside.astype(np.float32), paper, box)


def _turned(inside: NDArray[np.uint8]) -> bool:
    """Whether the photograph does not fill its box: then its corners are paper."""
    return bool(inside.sum() < 0.985 * np.prod(cv2.boundingRect(inside)[2:]))


def _photographs(light: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """1 in the photographs on the paper that surrounds them, (h, w); None without strong evidence."""
    h, w = light.shape
    plane = _paper(light)
    if plane is None:
        return None
    level, spread = plane
    step = max(_LEAST_STEP, _SPREAD * spread)
    like = (np.abs(light - level) < step).astype(np.uint8)
    like[0], like[-1], like[:, 0], like[:, -1] = 1, 1, 1, 1
    _, labels = cv2.connectedComponents(like, connectivity=4)
    other = (labels != labels[0, 0]).astype(np.uint8)
    other = cv2.morphologyEx(other, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    contours, _ = cv2.findContours(other, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    large = [contour for contour in contours if cv2.contourArea(contour) > _LEAST_OF_SEVERAL * h * w]
    if not 1 <= len(large) <= _MOST_PHOTOS:
        return None
    shapes = np.zeros((h, w), np.uint8)
    for contour in large:
        shape = _shape(contour, light, level, step)
        if shape is None:
            return None
        shapes |= shape
    least = _LEAST_PHOTO if len(large) == 1 else _LEAST_OF_SEVERAL
    outside = shapes == 0
    if not _LEAST_PAPER < outside.mean() < 1 - least:
        return None
    # Writing and stamps are few; a motif that goes on beside the rectangle is not.
    if (np.abs(light - level)[outside] < step).mean() < 0.85:
        return None
    x, y, width, height = cv2.boundingRect(shapes)
    margin = max(2.0, 0.01 * min(h, w))
    if min(x, y, w - x - width, h - y - height) < margin or light[shapes > 0].std() < 4:
        return None
    return shapes


def _paper(light: NDArray[np.float32]) -> tuple[NDArray[np.float32], float] | None:
    """The paper's L* as a slanted plane (h, w), and its spread (a robust standard deviation); None without even paper all around."""
    h, w = light.shape
    ring = max(2, round(_RING * min(h, w)))
    border = np.ones((h, w), np.bool_)
    border[ring:-ring, ring:-ring] = False
    y, x = np.nonzero(border)
    values = light[border].astype(np.float64)
    middle = float(np.median(values))
    if np.median(np.abs(values - middle)) > 3 * _EVEN:
        return None
    terms = np.stack([np.ones(len(x)), x / w - 0.5, y / h - 0.5], axis=1)
    weight = (np.abs(values - middle) < 6 * _EVEN).astype(np.float64)
    for _ in range(3):
        solved = np.linalg.lstsq(terms * weight[:, None], values * weight, rcond=None)[0]
        rest = np.abs(values - terms @ solved)
        spread = 1.4826 * float(np.median(rest[weight > 0])) if weight.any() else np.inf
        weight = (rest < max(3 * spread, 1.0)).astype(np.float64)
    if spread > _EVEN or np.hypot(*solved[1:]) > 15 or (rest > max(_LEAST_STEP, _SPREAD * spread)).mean() > _STRAY:
        return None
    rows, columns = np.arange(h) / h - 0.5, np.arange(w) / w - 0.5
    level = solved[0] + solved[1] * columns[None] + solved[2] * rows[:, None]
    return level.astype(np.float32), spread


def _shape(
    contour: NDArray[Any], light: NDArray[np.float32], level: NDArray[np.float32], step: float
) -> NDArray[np.uint8] | None:
    """The rectangle or oval of one outline, 1 inside, if it is one with a clear edge."""
    h, w = light.shape
    region = np.zeros((h, w), np.uint8)
    cv2.drawContours(region, [contour], -1, 1, cv2.FILLED)
    for kind in ("rectangle", "oval"):
        shape = np.zeros((h, w), np.uint8)
        if kind == "rectangle":
            (x, y), (width, height), angle = cv2.minAreaRect(contour)
            turned = (angle + 45) % 90 - 45
            if abs(turned) > _MOST_TURNED:
                continue
            corners = cv2.boxPoints(((x, y), (width, height), angle))
            cv2.fillPoly(shape, [np.rint(corners).astype(np.int32)], 1)
            sides = [_line(corners[i], corners[(i + 1) % 4]) for i in range(4)]
        else:
            if len(contour) < 5:
                continue
            x, y, width, height = cv2.boundingRect(contour)
            centre, axes = (x + (width - 1) / 2, y + (height - 1) / 2), (width / 2, height / 2)
            angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
            outline = np.stack([centre[0] + axes[0] * np.cos(angles), centre[1] + axes[1] * np.sin(angles)], axis=1)
            cv2.fillPoly(shape, [np.rint(outline).astype(np.int32)], 1)
            sides = np.array_split(outline, 4)
        overlap = (region & shape).sum() / max(1, (region | shape).sum())
        if overlap < _SHAPE:
            continue
        kept = [_clear(side, (x, y) if kind == "rectangle" else centre, light, level, step) for side in sides]
        if min(kept) >= _SIDE and float(np.mean(kept)) >= _OUTLINE:
            return shape
    return None


def _line(first: NDArray[Any], last: NDArray[Any]) -> NDArray[np.float64]:
    """Points from one corner to the next, without the corners themselves."""
    count = max(8, int(np.hypot(*(last - first))))
    share = np.linspace(0.04, 0.96, count)[:, None]
    return np.asarray(first + share * (last - first), np.float64)


def _clear(
    points: NDArray[np.float64],
    centre: tuple[float, float],
    light: NDArray[np.float32],
    level: NDArray[np.float32],
    step: float,
) -> float:
    """The part of the points that have paper outside and, within a few pixels, something else inside."""
    h, w = light.shape
    inward = np.array(centre) - points
    inward /= np.maximum(np.linalg.norm(inward, axis=1), 1e-6)[:, None]

    def differs(distance: float) -> NDArray[np.bool_]:
        at = np.rint(points + distance * inward).astype(np.intp)
        x, y = at[:, 0].clip(0, w - 1), at[:, 1].clip(0, h - 1)
        return np.abs(light[y, x] - level[y, x]) > step

    return float((differs(2) | differs(3)).__and__(~differs(-4) | ~differs(-3)).mean())
