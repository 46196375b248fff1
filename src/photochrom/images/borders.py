"""Find the photograph on its mount: card, album page, white border or film edge are paper, and stay without colour.

A mount is taken for one only on strong evidence, since a photograph without one must not lose colour at its edges: even
paper along all four sides of the picture, and on it one or several rectangles (at most a little turned) or an oval with
clear, straight outlines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.images.tint import to_lab

__all__ = ["Frame", "find_frame", "network_view", "on_paper"]

#: The picture is looked at with a shorter side of at most this many pixels.
_SIZE = 256
#: The outermost ring that has to be paper, as a part of the shorter side; and how much of it may be something else.
_RING, _STRAY = 0.012, 0.1
#: Paper is even: most of it differs from a slanted plane by no more than this, in L*.
_EVEN = 2.5
#: What differs by more is not paper; times the spread of the paper, and at least so many L*.
_SPREAD, _LEAST_STEP = 4.0, 3.5
#: On paper as even as no scanner makes it, less will do where that finds nothing: a photograph may be about as light at an edge.
_FINE_STEP = 1.5
#: Parts of the picture that paper and photographs must and may take.
_LEAST_PAPER, _LEAST_PHOTO, _LEAST_OF_SEVERAL, _LEAST_PART = 0.03, 0.12, 0.03, 0.004
#: Part of the paper that may be written on; part of a photograph that must not look like paper.
_WRITING, _FILLED = 0.12, 0.6
#: Overlap (intersection over union) with a rectangle or an ellipse.
_SHAPE = 0.94
#: Part of each side of a rectangle, and of a whole outline, where lightness makes a step.
_SIDE, _OUTLINE = 0.5, 0.7
_MOST_TURNED = 4.0  # degrees
#: Paper of a scan in colour keeps its colour, up to this chroma.
_CHROMA = 15.0
#: A box that is filled so far holds one rectangle, and a side of it that is filled so far has no paper.
_RECTANGLE, _NO_PAPER = 0.85, 0.985
_MOST_PHOTOS, _NESTED, _MIXED, _SMALLEST = 12, 3, (1, 3), 48


_MOST_ZOOM = 1.6


@dataclass(frozen=True, eq=False)
class Frame:
    """Where the photographs are on their mount.

    ``inside``: (h, w) float32, 1 in photographs, 0 on paper, in a small copy. ``paper``: (h, w, 2) float32, its ab there.
    ``box``: left, top, right, bottom of all photographs together, as parts of width and height.
    """

    inside: NDArray[np.float32]
    paper: NDArray[np.float32]
    box: tuple[float, float, float, float]

    @property
    def zoom(self) -> float:
        """How many times larger the picture should be looked at, so that the photographs are as large as without a mount."""
        h, w = self.inside.shape
        left, top, right, bottom = self.box
        return float(np.clip(min(h, w) / min((right - left) * w, (bottom - top) * h), 1.0, _MOST_ZOOM))

    def crop(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """x, y, width and height, in pixels of a picture of ``size`` (width, height), of the photographs without paper.

        Where one is turned a little, its corners are given up; an oval, and several photographs, keep the paper between them.
        """
        rows, columns = self._filled_part()
        (h, w), (width, height) = self.inside.shape, size
        # A cell less at each side: the border's edge lies somewhere in it.
        left, right = math.ceil((columns.start + 1) * width / w), math.floor((columns.stop - 1) * width / w)
        top, bottom = math.ceil((rows.start + 1) * height / h), math.floor((rows.stop - 1) * height / h)
        return left, top, max(1, right - left), max(1, bottom - top)

    def _filled_part(self) -> tuple[slice, slice]:
        """Rows and columns of ``inside``: the box, and of one rectangle what has no paper at any side."""
        h, w = self.inside.shape
        left, top, right, bottom = (round(side * n) for side, n in zip(self.box, (w, h, w, h), strict=True))
        if self.inside[top:bottom, left:right].mean() < _RECTANGLE:
            return slice(top, bottom), slice(left, right)
        while bottom - top > 2 and right - left > 2:
            part = self.inside[top:bottom, left:right]
            sides = [part[0].mean(), part[-1].mean(), part[:, 0].mean(), part[:, -1].mean()]
            worst = int(np.argmin(sides))
            if sides[worst] > _NO_PAPER:
                break
            top, bottom = top + (worst == 0), bottom - (worst == 1)
            left, right = left + (worst == 2), right - (worst == 3)
        return slice(top, bottom), slice(left, right)

    def filled(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """The picture (h, w) with its paper covered by mirror images of the photograph, for a network that knows no mounts."""
        h, w = light.shape
        left, right = round(self.box[0] * w), max(round(self.box[2] * w), round(self.box[0] * w) + 1)
        top, bottom = round(self.box[1] * h), max(round(self.box[3] * h), round(self.box[1] * h) + 1)
        mirrored = light[np.ix_(_mirror(top, bottom, h), _mirror(left, right, w))]
        return np.ascontiguousarray(mirrored)

    def neutral(self, ab: NDArray[np.float32]) -> NDArray[np.float32]:
        """ab (h, w, 2) of the whole picture, that of the paper where there is paper."""
        import cv2

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


def network_view(frame: Frame | None, light: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network is shown of L* (h, w): see :meth:`Frame.filled`."""
    return light if frame is None else frame.filled(light)


def on_paper(frame: Frame | None, ab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours (h, w, 2) of the whole picture, those of the paper outside the photographs: see :meth:`Frame.neutral`."""
    return ab if frame is None else frame.neutral(ab)


def find_frame(rgb: NDArray[np.float32]) -> Frame | None:
    """The mount around one or more photographs, or None. rgb: (h, w, 3) float32, sRGB in [0, 1], a work-size copy."""
    import cv2

    h, w = rgb.shape[:2]
    scale = min(1.0, _SIZE / min(h, w))
    if min(h, w) < _SMALLEST or max(h, w) > 6 * min(h, w):
        return None
    if scale < 1:
        rgb = np.asarray(
            cv2.resize(rgb, (round(w * scale), round(h * scale)), interpolation=cv2.INTER_AREA), np.float32
        )
    lab = to_lab(rgb).astype(np.float32)
    light, ab = np.ascontiguousarray(lab[..., 0]), lab[..., 1:]
    inside = np.ones(light.shape, np.uint8)
    paper = np.zeros((*light.shape, 2), np.float32)
    found: tuple[int, ...] = (0, 0, light.shape[1], light.shape[0])
    for nested in range(_NESTED):  # a card on the scanner's lid, a print with a border on the card
        # The next mount begins where no pixel is mixed with this one.
        for mixed in _MIXED if nested else (0,):
            rows = slice(found[1] + mixed, found[1] + found[3] - mixed)
            columns = slice(found[0] + mixed, found[0] + found[2] - mixed)
            window = np.ascontiguousarray(light[rows, columns])
            shapes = _photographs(window) if min(window.shape) >= _SMALLEST else None
            if shapes is not None:
                break
        if shapes is None:
            break
        mean = np.median(ab[rows, columns][shapes == 0], axis=0)
        mean *= min(1.0, _CHROMA / max(float(np.hypot(*mean)), 1e-6))
        smaller = np.zeros_like(inside)
        smaller[rows, columns] = shapes
        paper[(inside > 0) & (smaller == 0)] = mean
        inside = smaller
        found = tuple(cv2.boundingRect(inside))
        if cv2.connectedComponents(inside)[0] > 2 or _turned(inside):
            break
    if inside.all():
        return None
    x, y, width, height = found
    box = (x / light.shape[1], y / light.shape[0], (x + width) / light.shape[1], (y + height) / light.shape[0])
    return Frame(inside.astype(np.float32), paper, box)


def _turned(inside: NDArray[np.uint8]) -> bool:
    """Whether the photograph does not fill its box: then its corners are paper."""
    import cv2

    return bool(inside.sum() < 0.985 * np.prod(cv2.boundingRect(inside)[2:]))


def _photographs(light: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """1 in the photographs on the paper that surrounds them, (h, w); None without strong evidence."""
    import cv2

    light = np.asarray(cv2.GaussianBlur(light, (0, 0), 1.0), np.float32)  # the paper's grain is not its tone
    plane = _paper(light)
    if plane is None:
        return None
    level, spread = plane
    away = np.abs(light - level)
    steps = sorted({max(least, _SPREAD * spread) for least in (_LEAST_STEP, _FINE_STEP)}, reverse=True)
    return next((shapes for step in steps if (shapes := _apart(away >= step, light)) is not None), None)


def _apart(stray: NDArray[np.bool_], light: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """1 in the photographs, (h, w), by what is not as light as the paper; None without strong evidence."""
    import cv2

    h, w = stray.shape
    like = (~stray).astype(np.uint8)
    like[0], like[-1], like[:, 0], like[:, -1] = 1, 1, 1, 1
    _, labels = cv2.connectedComponents(like, connectivity=4)
    other: Any = cv2.morphologyEx((labels != labels[0, 0]).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    contours, _ = cv2.findContours(other, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    sizes = [cv2.contourArea(contour) / (h * w) for contour in contours]
    large = [contour for contour, size in zip(contours, sizes, strict=True) if size > _LEAST_OF_SEVERAL]
    parts = [contour for contour, size in zip(contours, sizes, strict=True) if size > _LEAST_PART]
    # Where a photograph is as light as the paper, the paper seems to run into it, or even through.
    for groups in (large, [np.concatenate(parts)] if len(parts) > 1 else []):
        shapes = _all_shapes(groups, other, stray)
        if shapes is not None and _stands_out(shapes, len(groups), stray, light):
            return shapes
    return None


def _all_shapes(
    groups: list[NDArray[Any]], other: NDArray[np.uint8], stray: NDArray[np.bool_]
) -> NDArray[np.uint8] | None:
    """The shapes of all outlines together, (h, w); None if one of them is no photograph's."""
    if not 1 <= len(groups) <= _MOST_PHOTOS:
        return None
    shapes = np.zeros(other.shape, np.uint8)
    for points in groups:
        shape = _shape(points, other, stray)
        if shape is None:
            return None
        shapes |= shape
    return shapes


def _stands_out(shapes: NDArray[np.uint8], count: int, stray: NDArray[np.bool_], light: NDArray[np.float32]) -> bool:
    """Whether there is paper all around, enough of it and of photographs, and little else on it."""
    import cv2

    h, w = light.shape
    least = _LEAST_PHOTO if count == 1 else _LEAST_OF_SEVERAL
    outside = shapes == 0
    if not _LEAST_PAPER < outside.mean() < 1 - least or light[~outside].std() < 4:
        return False
    # Writing and stamps are few; a motif that goes on beside the rectangle is not. The edge itself is blurred.
    beside = cv2.dilate(shapes, np.ones((7, 7), np.uint8)) == 0
    if stray[beside if beside.any() else outside].mean() > _WRITING:
        return False
    x, y, width, height = cv2.boundingRect(shapes)
    return bool(min(x, y, w - x - width, h - y - height) >= max(2.0, 0.01 * min(h, w)))


def _paper(light: NDArray[np.float32]) -> tuple[NDArray[np.float32], float] | None:
    """The paper's L* as a slanted plane (h, w), and its spread (a robust deviation); None without even paper all around."""
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


def _shape(points: NDArray[Any], other: NDArray[np.uint8], stray: NDArray[np.bool_]) -> NDArray[np.uint8] | None:
    """The rectangle or oval around an outline, 1 inside, if its hull is one and it has a clear edge."""
    import cv2

    hull = cv2.convexHull(points)
    region = np.zeros(other.shape, np.uint8)
    cv2.fillConvexPoly(region, hull, 1)
    if other[region > 0].mean() < _FILLED:
        return None
    for outline in (_rectangle(hull), _oval(hull)):
        if outline is None:
            continue
        shape = np.zeros(other.shape, np.uint8)
        cv2.fillPoly(shape, [np.rint(np.concatenate(outline)).astype(np.int32)], 1)
        overlap = (region & shape).sum() / max(1, (region | shape).sum())
        centre = np.concatenate(outline).mean(axis=0)
        clear = [_clear(side, centre, stray) for side in outline]
        if overlap >= _SHAPE and min(clear) >= _SIDE and float(np.mean(clear)) >= _OUTLINE:
            return np.asarray(
                cv2.erode(shape, np.ones((3, 3), np.uint8)), np.uint8
            )  # it was found on a blurred picture
    return None


def _rectangle(hull: NDArray[Any]) -> list[NDArray[np.float64]] | None:
    """Points along the sides of the least rectangle; None if it is turned too far."""
    import cv2

    middle, size, angle = cv2.minAreaRect(hull)
    if abs((angle + 45) % 90 - 45) > _MOST_TURNED:
        return None
    corners = cv2.boxPoints((middle, size, angle)).astype(np.float64)
    share = np.linspace(0, 1, 200, endpoint=False)[:, None]
    return [corners[i] + share * (corners[(i + 1) % 4] - corners[i]) for i in range(4)]


def _oval(hull: NDArray[Any]) -> list[NDArray[np.float64]]:
    """Points along the upright ellipse in the hull's box, in four parts."""
    import cv2

    x, y, width, height = cv2.boundingRect(hull)
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    across, down = (width - 1) / 2, (height - 1) / 2
    return np.array_split(np.stack([x + across + across * np.cos(angles), y + down + down * np.sin(angles)], axis=1), 4)


def _clear(points: NDArray[np.float64], centre: NDArray[np.float64], stray: NDArray[np.bool_]) -> float:
    """The part of the points that have paper outside and, within a few pixels, something else inside."""
    h, w = stray.shape
    inward = centre - points
    inward /= np.maximum(np.linalg.norm(inward, axis=1), 1e-6)[:, None]

    def strays(distance: float) -> NDArray[np.bool_]:
        at = np.rint(points + distance * inward).astype(np.intp)
        return np.asarray(stray[at[:, 1].clip(0, h - 1), at[:, 0].clip(0, w - 1)], np.bool_)

    return float(((strays(2) | strays(3) | strays(4)) & ~(strays(-3) & strays(-4))).mean())
