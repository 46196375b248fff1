"""From edits to a colour field, stage by stage.

::

    place -> automatic -> answered -> styled -> spread -> held -> fit
                                                             \\-> layers

place: hints on the grids on which the work is done. automatic: what the model gives, told of palette and blends. answered: it is
asked again with the hints. styled: the dials. spread: kriging, from the hints to everywhere. held: at its own pixels each hint is
met. fit: colour as a function of lightness. layers: what holds to the pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from photochrom import fuse
from photochrom.analysis import Analysis
from photochrom.edits.palette import Palette
from photochrom.steering import grids
from photochrom.steering.ask import Colors, answered, automatic
from photochrom.steering.layers import layers
from photochrom.steering.palette import transport
from photochrom.steering.smooth import smooth
from photochrom.steering.spread import held, spread
from photochrom.steering.warmth import warmed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.edits.edits import Edits

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["Painted", "paint"]


class Painted(NamedTuple):
    """A painted photograph at work size.

    color: the colour field, and layers, what lies over it to the pixel. model_ab: (gh, gw, 2), what the model gave for its cells,
    with the palette and blends and without hints. confidence: (gh, gw), in [0, 1].
    """

    color: fuse.ColorField
    layers: tuple[fuse.Layer, ...]
    model_ab: Float
    confidence: Float


def paint(photo: Analysis, edits: Edits) -> Painted:
    """Run the decoder, the spreading of the hints and the fit.

    Pictures that ``edits`` name must have become hints and palettes, see :func:`photochrom.steering.refer.resolved`.
    Raises HintError and MaskError for hints outside the picture or of another size.
    """
    placed = grids.place(photo, edits.hints)
    first = automatic(photo, edits, placed)
    colors = answered(photo, first, edits, placed)
    colors = _styled(photo, colors, edits)
    colors, everywhere = _spread(photo, colors, placed)
    colors = held(photo, colors, placed.constraints, wide=not everywhere)
    over = layers(photo, edits.hints, colors.sharp)
    return Painted(fuse.fit(colors.sharp, photo.work_lightness), over, first.ab, colors.confidence)


def _styled(photo: Analysis, colors: Colors, edits: Edits) -> Colors:
    """The dials that change all colours at work size; hints come after them and hold."""
    sharp, light = colors.sharp, photo.work_lightness
    if isinstance(edits.palette, Palette) and not photo.session.hints:
        sharp = transport(sharp, light, edits.palette, edits.palette_strength)
    sharp = smooth(sharp, light, edits.smooth)
    sharp = warmed(sharp, light, edits.warmth)
    return colors._replace(sharp=sharp)


def _spread(photo: Analysis, colors: Colors, placed: grids.Placed) -> tuple[Colors, bool]:
    """The colours with what follows from the hints everywhere, and whether anything did."""
    found = spread(photo, placed.points, colors.sharp, colors.ab - colors.expected)
    if found is None:
        return colors, False
    confidence = colors.confidence + (1 - colors.confidence) * found.settled
    return colors._replace(sharp=colors.sharp + found.ab, confidence=confidence), True
