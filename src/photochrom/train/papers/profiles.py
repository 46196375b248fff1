"""Robles and Budach: colour profiles. Dominant colours of each picture, K-means over the pictures.

The descriptor is MPEG-7's Dominant Color Descriptor as the paper quotes it from Verdaguer 2009 (its equation 4.1),
F = {(c_i, p_i, v_i), s}. How descriptors are compared is not printed; see :func:`profile_vector`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from photochrom.color import rgb_to_lab
from photochrom.errors import DataError, OptionError

__all__ = ["DominantColors", "Profiles", "dominant_colors", "fit_profiles", "profile_vector"]

#: Dominant colours looked for in a picture (MPEG-7 has at most 8), on a copy of this side in pixels.
COLORS, SIDE = 6, 32
#: Cells of the ab grid that descriptors are compared on: their centres, and the least spread of a colour, in ab units.
GRID = np.arange(-80, 81, 20)
SPREAD = 10.0
#: Weight of the spatial coherency beside the colours, whose vector has length 1.
COHERENCY = 0.25
#: Numbers of profiles among which the silhouette chooses, and the pictures that it is measured on.
CHOICES, SAMPLE = range(2, 11), 2000


@dataclass(frozen=True)
class DominantColors:
    """``colors`` (n, 3) L*a*b* centroids, most frequent first; ``shares`` (n,) sum to 1; ``variances`` (n, 3) in squared
    units of L*a*b*; ``coherency`` in [0, 1]: the share of neighbouring pixels that belong to the same dominant colour.
    """

    colors: NDArray[np.float32]
    shares: NDArray[np.float32]
    variances: NDArray[np.float32]
    coherency: float


def dominant_colors(picture: NDArray[np.uint8], colors: int = COLORS, seed: int = 0) -> DominantColors:
    """The dominant colours of an sRGB picture (h, w, 3) uint8: K-means over the pixels of a small copy, in L*a*b*."""
    small = cv2.resize(np.ascontiguousarray(picture), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    pixels = rgb_to_lab(small.reshape(-1, 3) / 255)
    count = min(colors, len(np.unique(pixels, axis=0)))
    cv2.setRNGSeed(seed)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 30, 0.1)
    # for so few points OpenCV is ten times as fast as scikit-learn
    _, found, _ = cv2.kmeans(pixels, count, np.empty(0, np.int32), stop, 1, cv2.KMEANS_PP_CENTERS)
    labels = found.ravel()
    order = np.argsort(-np.bincount(labels), kind="stable")
    groups = [pixels[labels == number] for number in order if (labels == number).any()]
    plane = labels.reshape(SIDE, SIDE)
    same = [plane[1:] == plane[:-1], plane[:, 1:] == plane[:, :-1]]
    return DominantColors(
        np.array([group.mean(axis=0) for group in groups], np.float32),
        np.array([len(group) / len(pixels) for group in groups], np.float32),
        np.array([group.var(axis=0) for group in groups], np.float32),
        float(np.mean(np.concatenate([part.ravel() for part in same]))),
    )


def profile_vector(found: DominantColors) -> NDArray[np.float32]:
    """What K-means compares: (82,) float32, equal for equal descriptors whatever the order of their colours.

    Each dominant colour is a Gaussian of its share and variance over a grid of 9 x 9 cells of ab (not of L*, which the
    colouriser sees anyway); the vector is the square root of their sum, so that Euclidean distance is Hellinger's, and
    after it the coherency, with a small weight.
    """
    centres = np.stack(np.meshgrid(GRID, GRID, indexing="ij"), axis=-1).reshape(-1, 2)
    squared = ((centres[None] - found.colors[:, None, 1:]) ** 2).sum(axis=-1)
    variance = SPREAD**2 + found.variances[:, 1:].mean(axis=1, keepdims=True)
    bumps = np.exp(-squared / (2 * variance)) + 1e-12  # a colour far outside the grid still has a place
    shares = (found.shares[:, None] * bumps / bumps.sum(axis=1, keepdims=True)).sum(axis=0)
    return np.append(np.sqrt(shares), COHERENCY * found.coherency).astype(np.float32)


@dataclass(frozen=True)
class Profiles:
    """Colour profiles: ``centres`` (k, 82), most pictures first, the ``shares`` of the pictures (k,), and the silhouette.

    The silhouette is in [-1, 1], higher for profiles that lie apart.
    """

    centres: NDArray[np.float32]
    shares: NDArray[np.float32]
    silhouette: float

    def assign(self, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """The number of the nearest profile for each of the vectors (n, 82) of :func:`profile_vector`; (n,)."""
        distance = ((vectors[:, None] - self.centres[None]) ** 2).sum(axis=-1)
        nearest: NDArray[np.int64] = distance.argmin(axis=1).astype(np.int64)
        return nearest

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for a checkpoint or JSON."""
        return {
            "centres": self.centres.tolist(),
            "shares": self.shares.tolist(),
            "silhouette": self.silhouette,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Profiles:
        """What :meth:`as_dict` gave."""
        centres, shares = (np.asarray(values[name], np.float32) for name in ("centres", "shares"))
        return cls(centres, shares, float(values["silhouette"]))


def fit_profiles(vectors: Sequence[NDArray[np.float32]], count: int | None = 4, seed: int = 0) -> Profiles:
    """K-means over the vectors of the training pictures into ``count`` profiles; None: the number of best silhouette.

    Raises OptionError for less than 2 profiles, DataError for fewer different pictures than profiles.
    """
    if count is not None and count < 2:
        raise OptionError("profiles", count, "2 or more, or none given to choose by silhouette")
    points = np.array(vectors, np.float32)
    different = len(np.unique(points, axis=0)) if len(points) else 0
    if different <= (count or 2):  # the silhouette needs one more
        raise DataError(f"{different} different pictures are too few for {count or 2} colour profiles")
    fits = [_fit(points, k, seed) for k in ([count] if count else CHOICES) if k < different]
    return max(fits, key=lambda fit: fit.silhouette)


def _fit(points: NDArray[np.float32], count: int, seed: int) -> Profiles:
    means = KMeans(count, n_init=5, random_state=seed).fit(points)
    sizes = np.bincount(means.labels_, minlength=count)
    order = np.argsort(-sizes, kind="stable")
    sample = SAMPLE if len(points) > SAMPLE else None
    quality = silhouette_score(points, means.labels_, sample_size=sample, random_state=seed)
    centres = means.cluster_centers_[order].astype(np.float32)
    return Profiles(centres, (sizes[order] / len(points)).astype(np.float32), float(quality))
