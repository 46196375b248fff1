"""The Fréchet distance between two sets of features, and what each picture adds to it.

Sets are kept as their means and covariances: memory does not grow with the number of pictures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import DataError, InvalidPixelsError

__all__ = ["Distance", "Moments", "Reference", "frechet_distance"]

Float = NDArray[np.float64]


class Moments:
    """Mean and covariance of rows of ``width`` numbers, taken batch by batch; (width, width) float64 is kept.

    ``count`` rows so far, ``mean`` (width,). Parts counted in several processes are put together by :meth:`merge`.
    """

    def __init__(self, width: int) -> None:
        self.count = 0
        self.mean = np.zeros(width)
        self._scatter = np.zeros((width, width))

    def update(self, features: NDArray[Any]) -> None:
        """Count a batch (n, width). Raises InvalidPixelsError for another width, NaN or infinity; then nothing is counted."""
        rows = np.asarray(features, np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.mean) or not np.isfinite(rows).all():
            raise InvalidPixelsError(f"features of shape {rows.shape}; expected finite rows (n, {len(self.mean)})")
        if len(rows):
            batch = Moments(len(self.mean))
            batch.count, batch.mean = len(rows), rows.mean(axis=0)
            centred = rows - batch.mean
            batch._scatter = centred.T @ centred
            self.merge(batch)

    def merge(self, other: Moments) -> None:
        """Count all rows of the other, too: the update of Chan, Golub, LeVeque 1979, which loses no digits."""
        total = self.count + other.count
        if not other.count:
            return
        step = other.mean - self.mean
        self._scatter += other._scatter + np.outer(step, step) * (self.count * other.count / total)
        self.mean = self.mean + step * (other.count / total)
        self.count = total

    @property
    def covariance(self) -> Float:
        """The unbiased covariance (width, width). Raises DataError below two rows."""
        if self.count < 2:
            raise DataError(f"{self.count} picture(s) for a covariance; expected 2 or more, better thousands")
        return self._scatter / (self.count - 1)


class Reference:
    """The set that others are compared with: its ``moments``, and the root of its covariance, which is taken once."""

    def __init__(self, moments: Moments) -> None:
        self.moments = moments
        values, vectors = _spectrum(moments.covariance)
        self.root = vectors * np.sqrt(values)
        self.whitening = vectors / np.sqrt(values)


class Distance:
    """``value`` is the Fréchet distance, see :func:`frechet_distance`; :meth:`pseudo_values` is what pictures add to it."""

    def __init__(self, reference: Reference, second: Moments) -> None:
        first = reference.moments
        self._first, self._second = first.mean, second.mean
        covariance = second.covariance
        values, vectors = _spectrum(reference.root.T @ covariance @ reference.root)
        common = np.sqrt(values)
        spread = np.trace(first.covariance) + np.trace(covariance) - 2 * common.sum()
        self.value = float(max(0.0, np.sum((first.mean - second.mean) ** 2) + spread))
        self._unbias = first.count / max(1, first.count - 1)
        # |d @ forth|^2 = d A d, |d @ back|^2 = d A^-1 d
        self._forth = reference.whitening @ (vectors * np.sqrt(common))
        self._back = reference.root @ (vectors / np.sqrt(common))

    def pseudo_values(self, first: NDArray[Any], second: NDArray[Any]) -> Float:
        """What each picture adds: rows (n, width) of the first set, and of the same pictures in the second -> (n,).

        Over all pictures they have the distance as their mean, and the variance of the distance is that of this mean: the
        infinitesimal jackknife. With a picture's deviations x and y from the means m1 and m2 of N pictures,

            |m1 - m2|^2 + 2 (m1 - m2)(x - y) + N/(N - 1) (|x|^2 + |y|^2 - x A x - y A^-1 y),

        where A = S1^-1/2 (S1^1/2 S2 S1^1/2)^1/2 S1^-1/2 carries the first normal distribution to the second, and is inverted
        where both vary. They are the distance and its derivative by the picture's weight. Sources: Jaeckel 1972, "The
        infinitesimal jackknife"; the derivative from Rippl, Munk, Sturm 2016, "Limit laws of the empirical Wasserstein
        distance: Gaussian distributions".
        """
        step = self._first - self._second
        x, y = np.asarray(first, np.float64) - self._first, np.asarray(second, np.float64) - self._second
        moved = _squares(x) + _squares(y) - _squares(x @ self._forth) - _squares(y @ self._back)
        return np.asarray(step @ step + 2 * (x - y) @ step + self._unbias * moved)


def frechet_distance(first: Moments, second: Moments) -> float:
    """Fréchet distance between the normal distributions of two sets of features, from 0; lower is better, symmetric.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2), with means m and unbiased covariances S; the trace of the root from
    the eigenvalues of the symmetric product. Source: Dowson and Landau 1982; on Inception features it is the FID of Heusel
    et al. 2017, which only that may be called. Small sets raise it: compare only sets of the same number of pictures,
    better more than there are features.

    >>> rows = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    >>> one, other = Moments(2), Moments(2)
    >>> one.update(rows); other.update(rows + [3.0, 4.0])  # the same spread, means 5 apart
    >>> round(frechet_distance(one, other), 6)
    25.0
    """
    return Distance(Reference(first), second).value


def _spectrum(matrix: Float) -> tuple[Float, Float]:
    """Eigenvalues (r,) and vectors (n, r) of a covariance (n, n), without those that are zero up to rounding."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > len(values) * np.finfo(np.float64).eps * values.max(initial=0.0)
    return values[kept], vectors[:, kept]


def _squares(rows: Float) -> Float:
    return np.asarray(np.einsum("ij,ij->i", rows, rows))
