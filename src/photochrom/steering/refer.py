"""Pictures that edits name: references become hints, and a picture becomes its palette."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.analysis import Analysis
from photochrom.color import rgb_to_lab
from photochrom.edits.dials import DEFAULT_TRUST
from photochrom.edits.edits import Edits
from photochrom.edits.hints import Blend, Hints, Reference, Region
from photochrom.edits.palette import Palette, palette_of_picture, parse_palette
from photochrom.edits.pictures import Picture
from photochrom.edits.places import ColorMap, Mask
from photochrom.errors import MaskError
from photochrom.resize import resized
from photochrom.steering import reference
from photochrom.steering.ask import cell_variance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: How a picture that edits name is opened.
    Find: TypeAlias = Callable[[Picture], Analysis]

__all__ = ["refer", "resolved"]


def resolved(photo: Analysis, edits: Edits, find: Find) -> Edits:
    """The edits, checked against the photograph, with hints in place of references and a palette in place of a picture or name.

    Raises HintError and MaskError for hints outside the photograph or of another size, what ``find`` raises, and
    GreyReferenceError. What a reference became is kept while it is among the edits.
    """
    edits.check(photo.size)

    def made(one: Reference) -> Blend | Region:
        return refer(photo, find(one.picture), mask=one.mask, trust=one.trust)

    used = photo.reuse("references", [step for step in edits.hints if isinstance(step, Reference)], made)
    palette = edits.palette
    if isinstance(palette, Picture):
        palette = _palette_of(find(palette))
    elif isinstance(palette, str):
        palette = parse_palette(palette)
    if not used and palette is edits.palette:
        return edits
    hints = Hints(used[step] if isinstance(step, Reference) else step for step in edits.hints)
    return replace(edits, hints=hints, palette=palette)


def _palette_of(picture: Analysis) -> Palette:
    """The palette of a colour picture. Raises GreyReferenceError."""
    lab = rgb_to_lab(picture.source.work_copy(128))
    return palette_of_picture(lab[..., 1:], lab[..., 0])


def refer(
    photo: Analysis,
    picture: Analysis,
    *,
    mask: Mask | None = None,
    picture_mask: Mask | None = None,
    trust: float = DEFAULT_TRUST,
    strength: float = 1.0,
) -> Blend | Region:
    """A hint that gives the photograph the colours of a colour picture, where both show the same kind of thing.

    picture: the reference, analysed by the same model. mask: of the photograph's size: only inside, and there everywhere, fused
    seamlessly with the colours around (Srivastava's foreground from a reference); None: the whole picture, each place as far as
    the match is believed. picture_mask: of the reference's size: only what lies inside gives colours. trust: 0 to 1, how far
    matches are believed. Raises GreyReferenceError for a reference without colours, MaskError for a mask of another size.
    """
    seen, offered = photo.once(reference.look_at), picture.once(reference.look_at)
    colours = reference.cell_colours(picture.source.work_copy(min(picture.work_lightness.shape)), offered.shape)
    given = reference.make_reference(offered, colours)
    if picture_mask is not None:
        given = replace(given, mask=_inside(picture_mask, picture.size, offered.shape))
    if mask is None:
        found = reference.transfer(seen, [given], variance=cell_variance(photo), trust=trust)
        # A weight of 0 everywhere is no mask, and yet a valid answer: nothing in the reference fits.
        return Blend(ColorMap(found.ab), Mask(np.maximum(found.weight, np.float32(1e-6))), strength)
    mask.check(photo.size)
    touched = resized(mask.weight, seen.shape, cv2.INTER_AREA)
    # Two cells more than the mask touches, so that its border has colours on both sides.
    near: Any = cv2.dilate((touched > 0).astype(np.uint8), np.ones((5, 5), np.uint8))
    found = reference.transfer(seen, [given], mask=near > 0, least=1.0)
    return Region(ColorMap(found.ab), mask, strength)


def _inside(mask: Mask, size: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The cells, (h * w,), that lie inside a mask of a picture by three quarters; of a small one those that do most."""
    if mask.weight.shape != size[::-1]:
        raise MaskError(f"the mask has shape {mask.weight.shape}, and the picture that it is for {size[::-1]}")
    share = resized(mask.weight, shape, cv2.INTER_AREA)
    return np.asarray(share >= min(0.75, float(share.max())), bool).ravel()
