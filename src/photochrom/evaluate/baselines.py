"""Baselines that ignore the content of a picture. A model is of use where it beats all of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import lab_to_rgb, limit_chroma, outside_srgb, planes_to_rgb, rgb_to_lab
from photochrom.errors import DataError, OptionError

__all__ = [
    "SHIPPED",
    "Baselines",
    "colour",
    "donors",
    "fit_baselines",
    "grey_ab",
    "random_ab",
    "read_baselines",
    "write_baselines",
]

#: The mean colours of the training photographs in the model card, written by benchmarks/mean_colours.py.
SHIPPED = Path(__file__).with_name("mean_colours.json")

#: L* = 0, 1, ... 100.
LIGHTNESS_STEPS = 101


def grey_ab(lightness: NDArray[Any]) -> NDArray[np.float32]:
    """No colour: lightness (h, w) -> ab (h, w, 2), all 0."""
    return np.zeros((*lightness.shape, 2), np.float32)


@dataclass(frozen=True)
class Baselines:
    """Mean colours of a training set; made by :func:`fit_baselines`.

    ``mean`` (2,) is the mean ab over all pixels, ``by_lightness`` (101, 2) that of the pixels whose L* rounds to 0, 1,
    ... 100. ``pictures`` and ``pixels``: how many were averaged.
    """

    mean: NDArray[np.float32]
    by_lightness: NDArray[np.float32]
    pictures: int
    pixels: int

    def mean_ab(self, lightness: NDArray[Any]) -> NDArray[np.float32]:
        """The training set's mean ab everywhere: lightness (h, w) -> ab (h, w, 2) float32."""
        return np.tile(self.mean, (*lightness.shape, 1))

    def mean_ab_given_lightness(self, lightness: NDArray[Any]) -> NDArray[np.float32]:
        """The mean ab of training pixels that are as light: lightness (h, w) in [0, 100] -> ab (h, w, 2) float32."""
        step = np.clip(np.round(lightness), 0, LIGHTNESS_STEPS - 1).astype(np.intp)
        return self.by_lightness[step]


def fit_baselines(pictures: Iterable[NDArray[np.uint8]]) -> Baselines:
    """The mean colours of sRGB pictures, each uint8 (h, w, 3); every pixel weighs the same. Memory does not grow.

    A lightness that no pixel has gets the mean between its neighbours. Raises DataError without pictures.
    """
    sums, counts = np.zeros((LIGHTNESS_STEPS, 2)), np.zeros(LIGHTNESS_STEPS)
    number = 0
    for rgb in pictures:
        lab = rgb_to_lab(rgb.reshape(-1, 3))
        step = np.clip(np.round(lab[:, 0]), 0, LIGHTNESS_STEPS - 1).astype(np.intp)
        counts += np.bincount(step, minlength=LIGHTNESS_STEPS)
        for channel in (0, 1):
            sums[:, channel] += np.bincount(step, lab[:, 1 + channel], minlength=LIGHTNESS_STEPS)
        number += 1
    if not number:
        raise DataError("no pictures to fit the baselines on")
    seen = np.flatnonzero(counts)
    table = [np.interp(np.arange(LIGHTNESS_STEPS), seen, channel[seen] / counts[seen]) for channel in sums.T]
    mean = sums.sum(axis=0) / counts.sum()
    return Baselines(mean.astype(np.float32), np.stack(table, axis=-1).astype(np.float32), number, int(counts.sum()))


def write_baselines(fitted: Baselines, path: Path) -> None:
    """Keep mean colours as JSON, rounded to 0.001."""
    table = [[round(float(value), 3) for value in row] for row in (fitted.mean, *fitted.by_lightness)]
    about = {"pictures": fitted.pictures, "pixels": fitted.pixels, "mean": table[0], "by_lightness": table[1:]}
    path.write_text(json.dumps(about) + "\n", "utf-8")


def read_baselines(path: Path = SHIPPED) -> Baselines:
    """Mean colours that :func:`write_baselines` kept; by default those of this project's training photographs."""
    kept = json.loads(path.read_text("utf-8"))
    mean, by_lightness = (np.array(kept[name], np.float32) for name in ("mean", "by_lightness"))
    return Baselines(mean, by_lightness, kept["pictures"], kept["pixels"])


def donors(count: int, seed: int = 0) -> NDArray[np.intp]:
    """For each of ``count`` pictures another one whose colours it gets, each used once: (count,), the same for a seed.

    Raises OptionError below two pictures: there is no other one.
    """
    if count < 2:
        raise OptionError("count", count, "2 or more pictures, for one to lend its colours to another")
    order = np.random.default_rng(seed).permutation(count)
    lender = np.empty(count, np.intp)
    lender[order] = np.roll(order, 1)
    return lender


def random_ab(lightness: NDArray[Any], donor_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The ab field of another picture, as in Zhang 2016's "random": lightness (h, w), donor sRGB uint8 -> ab (h, w, 2).

    A donor of another size is stretched. Many of these colours do not exist at the picture's lightness: as a finished sRGB
    picture they are duller and score better than the published figures, which are of the ab field itself.
    """
    height, width = lightness.shape
    ab = rgb_to_lab(donor_rgb)[..., 1:]
    if ab.shape[:2] == (height, width):
        return ab
    return np.asarray(cv2.resize(ab, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def colour(lightness: NDArray[Any], ab: NDArray[Any]) -> NDArray[np.uint8]:
    """A picture of its lightness (h, w) in [0, 100] and an ab field (h, w, 2): sRGB uint8 (h, w, 3), rounded.

    Colours outside sRGB give up chroma, as they do in the main path.
    """
    lab = np.stack([lightness, *np.moveaxis(ab, -1, 0)])  # plane by plane, which is faster
    rgb = np.stack(planes_to_rgb(*lab))
    outside = np.flatnonzero(outside_srgb(np.moveaxis(rgb, 0, -1)))  # only these are worked out twice
    limited = lab_to_rgb(limit_chroma(np.take(lab.reshape(3, -1), outside, axis=1).T))
    rgb.reshape(3, -1)[:, outside] = limited.T
    return np.ascontiguousarray(np.moveaxis(np.round(np.clip(rgb, 0, 1) * 255).astype(np.uint8), 0, -1))
