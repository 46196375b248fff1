"""Features of a set's pictures, for Fréchet distances and their intervals: on disk, because both need them several times."""

from __future__ import annotations

import math
import tempfile
import weakref
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import EvaluationError
from photochrom.evaluate.bootstrap import Resamples
from photochrom.evaluate.frechet import Distance, Moments, Reference

__all__ = ["LEAST", "Features"]

#: A Fréchet distance of fewer pictures has no interval.
LEAST = 20
#: Pictures that are held at a time.
_BLOCK = 256


class Features:
    """The features of ``rows`` pictures of each photograph, the truth first, ``width`` numbers each.

    They go to a temporary file that has no name, 4 rows width bytes a photograph; the file goes with this object, and with
    the process. Memory: eight (width, width) float64 or so while distances are made, whatever the number of photographs.
    """

    def __init__(self, rows: int, width: int) -> None:
        self._shape = (rows, width)
        self._indices: list[int] = []
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # unbuffered: a full disk raises at once
        weakref.finalize(self, self._file.close)

    def add(self, index: int, features: NDArray[np.float32]) -> None:
        """Keep photograph ``index``: (rows, width). Raises EvaluationError where the disk is full."""
        data = np.ascontiguousarray(features, np.float32).tobytes()
        try:
            written = self._file.write(data)
        except OSError as error:
            raise _no_room(error.strerror or error) from error
        if written < len(data):
            raise _no_room("the disk is full")
        self._indices.append(index)

    def distances(self, count: int, seed: Sequence[int]) -> NDArray[np.float64]:
        """The Fréchet distance of each row behind the first to the first, and ``count`` resamples of it: (count + 1, rows - 1).

        A plain bootstrap would repeat pictures, which raises the distance itself. Resampled are the pseudo-values of the
        infinitesimal jackknife, see :meth:`photochrom.evaluate.frechet.Distance.pseudo_values`, with the weights that
        :class:`photochrom.evaluate.bootstrap.Resamples` draws by the seed and a photograph's index: differences between rows
        are paired. The resamples are those of the distance expected at this number of pictures, not of that between
        endless sets, which is lower. Their percentiles hold it in 90 to 98 % of sets of 20 to 200 photographs, and in 94 to
        99 % of Gaussian ones (``benchmarks/frechet_coverage.py``). Below :data:`LEAST` pictures resamples are NaN, and of a
        single picture the distance is, too.
        """
        found = np.full((count + 1, self._shape[0] - 1), math.nan)
        if len(self._indices) < 2:
            return found
        reference = Reference(self._moments(0))
        for row in range(1, self._shape[0]):
            distance = Distance(reference, self._moments(row))
            found[0, row - 1] = distance.value
            if len(self._indices) >= LEAST:
                found[1:, row - 1] = self._resampled(distance, row, count, seed)
        return found

    def _moments(self, row: int) -> Moments:
        made = Moments(self._shape[1])
        for _, features in self._blocks():
            made.update(features[:, row])
        return made

    def _resampled(self, distance: Distance, row: int, count: int, seed: Sequence[int]) -> NDArray[np.float64]:
        resamples = Resamples(1, 1, 0, count, seed)
        nothing = np.zeros((1, 0))
        for indices, features in self._blocks():
            values = distance.pseudo_values(features[:, 0], features[:, row])
            for index, value in zip(indices, values, strict=True):
                resamples.add(index, np.full((1, 1), value), nothing, nothing[0])
        return np.maximum(0.0, resamples.means()[1:, 0, 0])

    def _blocks(self) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        """Indices and features (n, rows, width), a block at a time."""
        self._file.seek(0)
        size = 4 * math.prod(self._shape)
        for start in range(0, len(self._indices), _BLOCK):
            indices = self._indices[start : start + _BLOCK]
            rows = np.frombuffer(self._file.read(size * len(indices)), np.float32)
            yield indices, rows.reshape(-1, *self._shape)


def _no_room(why: object) -> EvaluationError:
    return EvaluationError(
        f"features cannot be kept in the folder of temporary files {tempfile.gettempdir()} ({why}); "
        "make room there, or name another one in TMPDIR"
    )
