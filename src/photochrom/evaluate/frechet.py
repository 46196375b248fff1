"""The Fréchet distance between two sets of features, each kept as its mean and covariance: memory does not grow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import DataError, InvalidPixelsError

__all__ = ["Moments", "frechet_distance"]


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
    def covariance(self) -> NDArray[np.float64]:
        """The unbiased covariance (width, width). Raises DataError below two rows."""
        if self.count < 2:
            raise DataError(f"{self.count} picture(s) for a covariance; expected 2 or more, better thousands")
        return self._scatter / (self.count - 1)


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
    values, vectors = np.linalg.eigh(first.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    covariance = second.covariance
    common = np.sqrt(np.maximum(np.linalg.eigvalsh(root.T @ covariance @ root), 0)).sum()
    spread = np.trace(first.covariance) + np.trace(covariance) - 2 * common
    return float(max(0.0, np.sum((first.mean - second.mean) ** 2) + spread))
