"""What else a user gives, for one opened photograph: references become hints, a palette a histogram, a question places to click.

The methods of :class:`photochrom.colorizer.Opened` of the same names call these functions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import cv2
import numpy as np

from photochrom import fuse, propagate
from photochrom.color import rgb_to_lab
from photochrom.errors import MaskError, OptionError
from photochrom.guidance import reference, samples
from photochrom.guidance.modes import expected, moments, shares
from photochrom.guidance.palette import Palette, palette_of_picture
from photochrom.guidance.suggest import Likely, likely_colours
from photochrom.guidance.suggest import suggest as suggest_cells
from photochrom.hints import Hint, Hints, Mask
from photochrom.kriging import Kriging, belonging

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.images import SourceImage
    from photochrom.runtime import Features, Session

    Float: TypeAlias = NDArray[np.float32]

__all__ = [
    "Click",
    "Correction",
    "alternatives",
    "fused",
    "krige",
    "likely",
    "picture_palette",
    "refer",
    "spread",
    "suggest",
]


#: Side of the square, in work pixels, whose mean automatic colour a hint corrects.
_HINT_SIDE = 7
#: How far what hints say of the tone, and what belongs to their objects, is evened where L* has no edge: lambda of the smoother.
_EVEN_TONE, _EVEN_SHARE = 8.0, 500.0


class Correction(NamedTuple):
    """What hints ask for everywhere: a change of ab (h, w, 2) at work size; (gh, gw), how much of what was open they settle."""

    ab: Float
    settled: Float


class Analysed(Protocol):
    """A photograph that the encoder has seen (:class:`photochrom.colorizer.Opened`)."""

    @property
    def session(self) -> Session:
        """The model."""

    @property
    def source(self) -> SourceImage:
        """The picture."""

    @property
    def work_lightness(self) -> Float:
        """What the model saw: (h, w) L*."""

    @property
    def features(self) -> Features:
        """What the encoder made of it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""

    @property
    def kriging(self) -> Kriging | None:
        """What belongs together in it."""

    def cells(self, hints: Hints) -> Float:
        """What a model is told of hints."""


@dataclass(frozen=True)
class Click:
    """A place worth a hint: pixel (x, y), the change that an answer brings (rms over the picture, in ab), the likely colours."""

    x: int
    y: int
    change: float
    colours: tuple[Likely, ...]


def refer(
    photo: Analysed,
    picture: Analysed,
    *,
    mask: NDArray[Any] | None = None,
    picture_mask: NDArray[Any] | None = None,
    trust: float = 0.5,
    strength: float = 1.0,
) -> Hint:
    """A hint that gives the photograph the colours of a colour picture, where both show the same kind of thing.

    picture: the reference, opened with the same model. mask: (H, W) of the photograph's size: only inside, and there everywhere,
    fused seamlessly with the colours around (Srivastava's foreground from a reference); None: the whole picture, each place as
    far as the match is believed. picture_mask: (H, W) of the reference's size: only what lies inside gives colours. trust: 0 to
    1, how far matches are believed. Raises GreyReferenceError for a reference without colours, MaskError for a mask of another
    size or an empty one.
    """
    seen, offered = _seen(photo), _seen(picture)
    colours = reference.cell_colours(picture.source.work_copy(min(picture.work_lightness.shape)), offered.shape)
    given = reference.make_reference(offered, colours)
    if picture_mask is not None:
        given = replace(given, mask=_inside(picture_mask, picture.size, offered.shape))
    if mask is None:
        variance = None
        if photo.session.output == "ab-bins":
            variance = moments(shares(photo.session.decode(photo.features)))[1]
        found = reference.transfer(seen, [given], variance=variance, trust=trust)
        # A weight of 0 everywhere is no mask, and yet a valid answer: nothing in the reference fits.
        return Hint(found.ab, Mask(np.maximum(found.weight, np.float32(1e-6))), strength, "suggest")
    place = Mask(mask)
    hint = Hint(np.zeros((*seen.shape, 2), np.float32), place, strength, "inside")
    Hints([hint]).check(photo.size)
    touched: Any = cv2.resize(place.weight.astype(np.float32), seen.shape[::-1], interpolation=cv2.INTER_AREA)
    # Two cells more than the mask touches, so that its border has colours on both sides.
    near: Any = cv2.dilate((touched > 0).astype(np.uint8), np.ones((5, 5), np.uint8))
    found = reference.transfer(seen, [given], mask=near > 0, least=1.0)
    return Hint(found.ab, place, strength, "inside")


def _inside(mask: NDArray[Any], size: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The cells, (h * w,), that lie inside a mask of a picture by three quarters; of a small one those that do most."""
    weight = Mask(mask).weight
    if weight.shape != size[::-1]:
        raise MaskError(f"the mask has shape {weight.shape}, and the picture that it is for {size[::-1]}")
    share: Any = cv2.resize(weight.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(share >= min(0.75, float(share.max())), bool).ravel()


def picture_palette(picture: Analysed) -> Palette:
    """The palette of a colour picture. Raises GreyReferenceError."""
    lab = rgb_to_lab(picture.source.work_copy(128))
    return palette_of_picture(lab[..., 1:], lab[..., 0])


def alternatives(photo: Analysed, count: int, *, seed: int = 0) -> list[Hints]:
    """Hints for up to ``count`` distinct, plausible colourings, the automatic one (no hints) first. Raises OptionError.

    Their places are single cells that the model is told, and what it makes of them for the whole picture is taken as it is. Only
    for models that take hints and tell a distribution.
    """
    scores, light, decode = _asked(photo, "samples")
    found = samples.alternatives(scores, light, decode, count, seed=seed)

    def cell(row: int, column: int) -> Mask:
        mask = np.zeros(light.shape, bool)
        mask[row, column] = True
        return Mask(mask)

    return [
        Hints(
            Hint((float(a), float(b)), cell(*place), spread="suggest")
            for place, (a, b) in zip(one.places, one.ab, strict=True)
        )
        for one in found
    ]


def krige(photo: Analysed) -> Kriging | None:
    """What belongs together in the photograph; None where the model does not tell."""
    session = photo.session
    if not session.hints or session.output != "ab-bins":
        return None
    cells = session.kernel(photo.features, photo.work_lightness, expected(session.decode(photo.features)))
    return None if cells is None else Kriging(cells, photo.work_lightness)


def spread(photo: Analysed, hints: Hints, ab: Float, excess: Float) -> Correction | None:
    """What the hints ask for, of ab (h, w, 2) at work size; None where no kernel or no hint says.

    excess: (gh, gw, 2), by how much the model's ab in its cells differ from the expected ones.
    """
    light = photo.work_lightness
    told = hints.told(photo.size, light.shape)
    if told is None or photo.kriging is None:
        return None
    around: Any = cv2.blur(ab, (_HINT_SIDE, _HINT_SIDE), borderType=cv2.BORDER_REPLICATE)
    y, x = np.rint(told.places).astype(np.intp).T
    found = photo.kriging.posterior(told.places, told.ab - around[y, x], ab, excess, told.strength)
    tone = propagate.smoother(light, _EVEN_TONE)(fuse.sharpen(found.tone, light, blur=0))
    # The model's cells are coarse. What belongs to an object is decided by the pixel, and ends where L* has an edge.
    share: Any = cv2.resize(found.share, light.shape[::-1], interpolation=cv2.INTER_LINEAR)
    belongs = belonging(propagate.smoother(light, _EVEN_SHARE)(share))
    return Correction(tone + fuse.sharpen(found.surprise, light, blur=0) * belongs[..., None], found.settled)


def suggest(photo: Analysed, count: int, *, hints: Hints) -> list[Click]:
    """The places where a hint would change most, best first, given the hints there are. Raises OptionError."""
    given = photo.cells(hints)
    scores, light, decode = _asked(photo, "suggestions", given)
    if photo.kriging is None:
        return [
            Click(*_pixel(photo, found.row, found.column), found.change, found.colours)
            for found in suggest_cells(scores, light, decode, count, hints=given)
        ]
    if count < 1:
        raise OptionError("suggestions", count, "1 or more")
    h, w = photo.work_lightness.shape
    told = hints.told(photo.size, (h, w))
    places = np.empty((0, 2), np.float32) if told is None else told.places
    variance = moments(shares(photo.session.decode(photo.features)))[1]
    return [
        Click(
            *_pixel(photo, row, column),
            settled**0.5,
            likely_colours(shares(scores[:, row, column]), float(light[row, column])),
        )
        for row, column, settled in photo.kriging.next_places(places, variance, count)
    ]


def likely(photo: Analysed, x: float, y: float, count: int, *, hints: Hints) -> tuple[Likely, ...]:
    """Up to ``count`` distinct colours that the pixel (x, y) may have, likeliest first, given the hints there are.

    Raises OptionError for a place outside the picture, and for a model that tells no distribution.
    """
    if count < 1:
        raise OptionError("count", count, "1 or more")
    for name, value, side in (("x", x, photo.size[0]), ("y", y, photo.size[1])):
        if not -0.5 <= value < side - 0.5:
            raise OptionError(name, value, f"0 to {side - 1}, inside the picture")
    scores, light, _ = _asked(photo, "colours", photo.cells(hints))
    row = min(int((y + 0.5) * light.shape[0] / photo.size[1]), light.shape[0] - 1)
    column = min(int((x + 0.5) * light.shape[1] / photo.size[0]), light.shape[1] - 1)
    return likely_colours(shares(scores[:, row, column]), float(light[row, column]), count)


def _asked(photo: Analysed, option: str, given: Float | None = None) -> tuple[Float, Float, Any]:
    """Scores, L* of the cells, and the decoder as a function of hints."""
    session = photo.session
    if not session.hints or session.output != "ab-bins":
        raise OptionError(option, "wanted", f"nothing: the model {session.name} tells neither doubts nor takes hints")
    scores = session.decode(photo.features, given)
    light: Any = cv2.resize(photo.work_lightness, scores.shape[:0:-1], interpolation=cv2.INTER_AREA)
    return scores, light, lambda cells: session.decode(photo.features, cells)


def _pixel(photo: Analysed, row: int, column: int) -> tuple[int, int]:
    """The picture's pixel (x, y) for a cell: its flattest work pixel, so that a hint does not sit on an edge."""
    h, w = photo.work_lightness.shape
    stride = photo.session.stride
    y, x = _flattest(photo.work_lightness, row * stride, column * stride, stride)
    width, height = photo.size
    across, down = round((x + 0.5) * width / w - 0.5), round((y + 0.5) * height / h - 0.5)
    return min(max(across, 0), width - 1), min(max(down, 0), height - 1)


def _flattest(light: Float, top: int, left: int, side: int) -> tuple[int, int]:
    """The pixel (y, x) of a cell with the least L* around it, weighed against its distance to the middle."""
    cell = light[max(top - 1, 0) : top + side + 1, max(left - 1, 0) : left + side + 1]
    slope: Any = np.abs(cv2.Laplacian(cell, cv2.CV_32F)) + np.abs(cell - np.median(cell))
    middle = (np.array(slope.shape) - 1) / 2
    away = np.hypot(*(np.indices(slope.shape).T - middle).T)
    y, x = np.unravel_index(int((slope + away).argmin()), slope.shape)
    return int(y) + max(top - 1, 0), int(x) + max(left - 1, 0)


def _seen(photo: Analysed) -> reference.Seen:
    return reference.look(photo.features.arrays, photo.work_lightness, stride=photo.session.stride)


def fused(photo: Analysed, hint: Hint, around: Float) -> Float:
    """A region's map of colours at work size (h, w, 2), fused with the colours around it."""
    light = photo.work_lightness
    inside = fuse.sharpen(np.asarray(hint.ab, np.float32), light)
    assert isinstance(hint.place, Mask)
    mask: Any = cv2.resize(hint.place.weight.astype(np.float32), light.shape[::-1], interpolation=cv2.INTER_AREA)
    return propagate.screened_poisson(inside, around, mask > 0.5, light)
