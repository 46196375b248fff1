"""From edits to a colour field, stage by stage.

::

    place -> automatic -> answered -> styled -> spread -> held -> fit
                                                             \\-> layers

place: the hints are brought onto the grids of the photograph. automatic: the model's colours, with palette and blends. answered:
the model runs again, with the hints. styled: the dials. spread: kriging carries the hints' colours over their objects. held: each
hint's colour is met at its own pixels. fit: colour as a function of lightness. layers: what is exact to the pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from photochrom import fuse
from photochrom.analysis import Analysis
from photochrom.edits.palette import Palette
from photochrom.steering.ask import Colors, answered, automatic
from photochrom.steering.grids import Placed, place
from photochrom.steering.layers import layers
from photochrom.steering.palette import AFTER_HISTOGRAM, transport
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

    ``edits`` must fit the photograph, and the pictures that they name have become hints and palettes: see
    :func:`photochrom.steering.refer.resolved`.
    """
    placed = place(photo, edits)
    first = automatic(photo, placed)
    colors = _styled(photo, answered(photo, first, placed), placed)
    if placed.keeps:
        placed = placed.keeping(_styled(photo, first, placed).sharp, photo.work_lightness)
    colors, everywhere = _spread(photo, colors, placed)
    colors = held(photo, colors, placed.constraints, wide=not everywhere)
    over = layers(photo, placed.edits.hints, colors.sharp)
    return Painted(fuse.fit(colors.sharp, photo.work_lightness), over, first.ab, colors.confidence)


def _styled(photo: Analysis, colors: Colors, placed: Placed) -> Colors:
    """The dials that change all colours at work size; hints come after them and hold."""
    edits, sharp, light = placed.edits, colors.sharp, photo.work_lightness
    if isinstance(edits.palette, Palette):
        share = AFTER_HISTOGRAM if photo.session.hints else 1.0
        sharp = transport(sharp, light, edits.palette, share * edits.palette_strength)
    sharp = smooth(sharp, light, edits.smooth)
    sharp = warmed(sharp, light, edits.warmth)
    return colors._replace(sharp=sharp)


def _spread(photo: Analysis, colors: Colors, placed: Placed) -> tuple[Colors, bool]:
    """The colours with what follows from the hints everywhere, and whether anything did."""
    found = spread(photo, placed.points, colors.sharp, colors.ab - colors.expected, placed.kept)
    if found is None:
        return colors, False
    confidence = colors.confidence + (1 - colors.confidence) * found.settled
    return colors._replace(sharp=colors.sharp + found.ab, confidence=confidence), True
