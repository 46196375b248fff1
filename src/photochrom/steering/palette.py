"""Palettes at work: a model with a histogram input is given the palette's shares and finds the fitting places itself.

Then, or alone for any other model, :func:`transport` moves the colours that it gave, in each band of lightness, by the
closed-form optimal transport between two Gaussians (Monge-Kantorovich; adapted from Pitie and Kokaram 2007, eq. 12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom.color import ab_bins
from photochrom.edits.dials import DIALS
from photochrom.edits.palette import Palette, membership

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["AFTER_HISTOGRAM", "blended", "transport"]

#: Strength of the transport, as a share of the palette's, where the model has been given a histogram before: at the whole
#: strength what it left as it was, such as a sky that no colour of the palette fits, is driven into patches.
AFTER_HISTOGRAM = 0.5
#: Transport stretches chroma by this much at most: what is almost grey is noise, not colour.
_LARGEST_GAIN = 2.5
#: Added to both covariances, in ab^2.
_LEAST_VARIANCE = 4.0


def blended(palette: Palette, own: NDArray[Any], strength: float) -> Float | None:
    """The histogram input for a model that has one: shares (261,) between its ``own`` (261,) and the palette's.

    strength: 0 (None: no histogram) to 1 (the palette's shares). Raises OptionError outside [0, 1].
    """
    DIALS["palette_strength"].checked("palette_strength", strength)
    if strength == 0:
        return None
    mixed = (1 - strength) * np.asarray(own, np.float32) + strength * palette.histogram
    return np.asarray(mixed / mixed.sum(), np.float32)


def transport(ab: NDArray[Any], lightness: NDArray[Any], palette: Palette, strength: float) -> Float:
    """Move colours ab (h, w, 2) at L* (h, w) towards a palette: in each band the map between Gaussians that moves them least.

    strength: 0 (unchanged) to 1 (the palette's mean and covariance in every band). Raises OptionError outside [0, 1].
    """
    DIALS["palette_strength"].checked("palette_strength", strength)
    colours = np.asarray(ab, np.float32)
    if strength == 0:
        return colours
    moved = np.zeros_like(colours)
    for member, shares in zip(membership(lightness), palette.bands, strict=True):
        if member.sum() > 0:
            here, here_spread = _gaussian(colours.reshape(-1, 2), member.ravel() / member.sum())
            there, there_spread = _gaussian(ab_bins(), shares)
            moved += member[..., None] * ((colours - here) @ _stretch(here_spread, there_spread) + there)
    return np.asarray(colours + np.float32(strength) * (moved - colours), np.float32)


def _gaussian(colours: NDArray[Any], shares: NDArray[Any]) -> tuple[Float, Float]:
    """Mean (2,) and covariance (2, 2) of colours (n, 2) that have these shares (n,), which sum to 1."""
    mean = shares @ colours
    away = colours - mean
    return mean, (away * shares[:, None]).T @ away + np.float32(_LEAST_VARIANCE) * np.eye(2, dtype=np.float32)


def _stretch(source: NDArray[Any], target: NDArray[Any]) -> Float:
    """The symmetric T with T source T = target, T = S^-1/2 (S^1/2 target S^1/2)^1/2 S^-1/2, its gains limited."""
    root: NDArray[Any] = _power(source, 0.5)
    inverse: NDArray[Any] = _power(source, -0.5)
    gains, axes = np.linalg.eigh(inverse @ _power(root @ target @ root, 0.5) @ inverse)
    return np.asarray((axes * np.clip(gains, 0, _LARGEST_GAIN)) @ axes.T, np.float32)


def _power(matrix: NDArray[Any], exponent: float) -> Float:
    values, axes = np.linalg.eigh(matrix)
    return np.asarray((axes * np.maximum(values, 1e-6) ** exponent) @ axes.T, np.float32)
