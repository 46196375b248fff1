"""Runs of the model: its colours without hints, its own answer to hints, and its scores, for questions about its uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from photochrom import decode, fuse
from photochrom.analysis import Analysis
from photochrom.edits.palette import Histogram, Palette, ab_histogram
from photochrom.errors import OptionError
from photochrom.images import on_paper
from photochrom.resize import resized
from photochrom.steering import propagate
from photochrom.steering.distribution import expected, moments, shares
from photochrom.steering.grids import Placed
from photochrom.steering.kinds import alike, kinds_of
from photochrom.steering.kriging import Kriging
from photochrom.steering.palette import blended
from photochrom.steering.process import share_of
from photochrom.steering.reference import vectors_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.edits.edits import Edits

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["Colors", "Scores", "answered", "automatic", "cell_variance", "kriging_of", "scores"]

#: How far the decoder's own answer to hints is followed where kriging takes care of the rest.
ANSWER = np.float32(0.5)


class Colors(NamedTuple):
    """Colours on their way from the model to the picture.

    sharp: ab at work size, (h, w, 2). ab: the model's, in its cells, (gh, gw, 2). expected: the mean of its distribution
    there. confidence: (gh, gw), in [0, 1]. details: what a closer look at the photograph has added to ``sharp``.
    """

    sharp: Float
    ab: Float
    expected: Float
    confidence: Float
    details: Float | None = None


def automatic(photo: Analysis, placed: Placed) -> Colors:
    """The model's colours without hints, but with palette and blends. Kept, since clicks do not change them."""
    palette = _palette_shares(photo, placed.edits)
    key = placed.blends, None if palette is None else palette.tobytes(), placed.edits.vividness

    def decoded(_: object) -> Colors:
        return _with_details(photo, _decoded(photo, placed, placed.blend_cells, palette), placed, palette)

    return photo.reuse("automatic", [key], decoded)[key]


def answered(photo: Analysis, colors: Colors, placed: Placed) -> Colors:
    """Run the model again, with the hints, and take its answer as far as they reach."""
    if placed.constraints is None or not photo.session.hints:
        return colors
    answer = _decoded(photo, placed, placed.cells, _palette_shares(photo, placed.edits))
    believed = propagate.influence(photo.work_lightness, placed.constraints.weight, photo.once(vectors_of))
    kinds = photo.once(kinds_of)
    if kinds is not None and placed.points is not None:
        shape = photo.work_lightness.shape[0], photo.work_lightness.shape[1]
        believed = believed * resized(alike(kinds, share_of(placed.points.places, shape)), shape)
    ab, confidence = answer.ab, answer.confidence
    if photo.once(kriging_of) is not None:
        believed = believed * ANSWER
        share = resized(believed, photo.grid)
        ab, confidence = colors.ab + share[..., None] * (answer.ab - colors.ab), colors.confidence
    answered_sharp = answer.sharp if colors.details is None else answer.sharp + colors.details
    sharp = colors.sharp + believed[..., None] * (answered_sharp - colors.sharp)
    return colors._replace(sharp=sharp, ab=ab, confidence=confidence)


def _decoded(photo: Analysis, placed: Placed, cells: Float | None, palette: Float | None) -> Colors:
    found = photo.decode(cells if photo.session.hints else None, palette, placed.edits.vividness)
    ab, likely = placed.mixed(found.ab), placed.mixed(found.expected)
    frame = photo.source.frame
    sharp = on_paper(frame, fuse.sharpen(ab, photo.work_lightness))
    return Colors(sharp, on_paper(frame, ab), on_paper(frame, likely), found.confidence)


def _with_details(photo: Analysis, colors: Colors, placed: Placed, palette: Float | None) -> Colors:
    """The colours with those of the details, where the model has looked at them.

    What the closer look changes is added: blends are known to the model's larger cells only.
    """
    vividness = placed.edits.vividness
    fine = photo.decode_details(palette, vividness)
    if fine is None:
        return colors

    def seen(ab: Float) -> Float:
        return on_paper(photo.source.frame, fuse.sharpen(ab, photo.work_lightness))

    far = seen(photo.decode(None, palette, vividness).ab) if placed.washes else colors.sharp
    details = seen(fine) - far
    for wash in placed.washes:  # where another picture's colours hold, the model's own details do not
        details = details * (1 - resized(wash.weight, (details.shape[0], details.shape[1])))[..., None]
    return colors._replace(sharp=colors.sharp + details, details=details)


def _palette_shares(photo: Analysis, edits: Edits) -> Float | None:
    """The shares of the ab bins, (261,), that the model is given for a palette; None: none. Raises OptionError."""
    match edits.palette:
        case Histogram(shares=given):
            return given
        case Palette() as palette if photo.session.hints:
            return blended(palette, photo.once(_own_histogram), edits.palette_strength)
    return None


def _own_histogram(photo: Analysis) -> Float:
    """The shares of the ab bins in the automatic picture, (261,)."""
    return ab_histogram(photo.decode(None, None, decode.DEFAULT_VIVIDNESS).ab)


def kriging_of(photo: Analysis) -> Kriging | None:
    """The kriging over the photograph; None for a model without a kernel."""
    session = photo.session
    if not session.hints or session.output != "ab-bins":
        return None
    cells = session.kernel(photo.features, photo.work_lightness, expected(session.decode(photo.features)))
    return None if cells is None else Kriging(cells, photo.work_lightness, photo.once(kinds_of))


class Scores(NamedTuple):
    """Scores over the ab bins, (261, gh, gw), L* of the cells, (gh, gw), and the decoder: hints (3, gh, gw) -> scores."""

    scores: Float
    light: Float
    decode: Callable[[Float], Float]


def scores(photo: Analysis, option: str, given: Float | None = None) -> Scores:
    """The model's scores with the hints ``given``, (3, gh, gw). Raises OptionError for a model that has no distribution."""
    session = photo.session
    if not session.hints or session.output != "ab-bins":
        raise OptionError(
            option, "wanted", f"nothing: the model {session.name} takes no hints and has no distribution over colours"
        )
    found = session.decode(photo.features, given)
    light = resized(photo.work_lightness, photo.grid)
    return Scores(found, light, lambda cells: session.decode(photo.features, cells))


def cell_variance(photo: Analysis) -> Float | None:
    """The variance of the automatic colours in each cell, (gh, gw), in ab^2; None for a model that has no distribution."""
    if photo.session.output != "ab-bins":
        return None
    return moments(shares(photo.session.decode(photo.features)))[1]
