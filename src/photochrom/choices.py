"""From kept choices to paint: what :class:`photochrom.edits.Edits` mean for one opened photograph.

The command line and the web API both go this way, and so give the same picture for the same choices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from photochrom import masks
from photochrom.guidance.palette import parse_palette
from photochrom.hints import Hint, Hints

if TYPE_CHECKING:
    from photochrom.colorizer import Opened
    from photochrom.edits import Edits, ReferenceEdit
    from photochrom.guidance.palette import Palette

__all__ = ["Plan", "make_plan", "refer"]


@dataclass(frozen=True)
class Plan:
    """What :meth:`photochrom.colorizer.Opened.paint` gets, the same as a sidecar keeps it, and sentences for the user."""

    hints: Hints
    palette: Palette | None
    edits: Edits
    notices: tuple[str, ...] = ()

    def options(self) -> dict[str, Any]:
        """Arguments of ``paint``."""
        return {
            "vividness": self.edits.vividness,
            "hints": self.hints,
            "palette": self.palette,
            "palette_strength": self.edits.palette_strength,
            "smooth": self.edits.smooth,
            "warmth": self.edits.warmth,
        }


def make_plan(
    edits: Edits,
    reference: Callable[[ReferenceEdit], Hint],
    picture_palette: Callable[[Edits], Palette],
    notices: tuple[str, ...] = (),
) -> Plan:
    """The hints of ``edits`` in their order, and their palette.

    reference: makes the hint of a reference (:func:`refer` does, once its picture is at hand). picture_palette: the palette of a
    picture, asked for where the edits have its digest. Both raise what they like; OptionError for an unknown palette.
    """
    hints = [edits.hints[index] if index >= 0 else reference(edits.references[-1 - index]) for index in edits.order]
    palette = None
    if edits.palette is not None:
        palette = parse_palette(edits.palette) if edits.palette_sha256 is None else picture_palette(edits)
    return Plan(Hints(hints), palette, edits, notices)


def refer(opened: Opened, picture: Any, one: ReferenceEdit) -> Hint:
    """The hint of a reference, whose ``picture`` is anything that :meth:`Opened.refer` takes. Raises MaskError, ImageError."""
    mask = None if one.mask is None else masks.from_rle(one.mask)
    return opened.refer(picture, mask=mask, trust=one.trust)
