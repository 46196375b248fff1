"""Near-copies: the same photograph at another size, squashed, cropped to its centre, or compressed again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["copies_between", "copies_within"]

#: Fingerprints of copies differ in at most so many of 63 bits. Seven parts of nine bits: one of them is then the same.
NEAR = 6
_PARTS = 7
#: And their 8 x 8 pictures by at most so much on average (levels of 255): fingerprints alone mistake one sky for another.
ALIKE = 9.0
#: Against pictures that must not be learnt, whose colours may be gone: the greys of the 8 x 8 pictures, about their means.
ALIKE_GREY = 9.0
NEAR_GREY = 8

_ONES = np.array([bin(value).count("1") for value in range(1 << 16)], np.uint8)


def _distance(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Number of bits that differ, by broadcasting."""
    differ = np.bitwise_xor(first, second)
    total = np.zeros(differ.shape, np.uint8)
    for shift in (0, 16, 32, 48):
        total += _ONES[((differ >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.uint16)]
    return total


def copies_within(prints: NDArray[np.uint64], tiny: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Pairs (m, 2) of indices, the first below the second, of pictures that are copies of each other.

    ``prints`` (n,) are fingerprints of whole pictures, ``tiny`` (n, 192) their 8 x 8 sRGB copies.
    """
    found = [np.zeros((0, 2), np.int64)]
    for part in range(_PARTS):
        values = (prints >> np.uint64(9 * part)) & np.uint64(511)
        order = np.argsort(values, kind="stable")
        ends = np.flatnonzero(np.diff(values[order])) + 1
        found += [pairs for group in np.split(order, ends) for pairs in _near_in(np.sort(group), prints, tiny)]
    return np.unique(np.concatenate(found), axis=0)


def _near_in(
    group: NDArray[np.int64], prints: NDArray[np.uint64], tiny: NDArray[np.uint8]
) -> Iterator[NDArray[np.int64]]:
    """The pairs in a group, some rows at a time, so that memory stays small."""
    some = max(1, 4_000_000 // max(1, len(group)))
    for start in range(0, len(group), some):
        rows = group[start : start + some]
        i, j = np.nonzero(_distance(prints[rows][:, None], prints[group[start:]][None]) <= NEAR)
        pairs = np.stack([rows[i], group[start:][j]], axis=1)
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        apart = np.abs(tiny[pairs[:, 0]].astype(np.int16) - tiny[pairs[:, 1]]).mean(axis=1)
        yield pairs[apart <= ALIKE]


def copies_between(
    prints: NDArray[np.uint64], tiny: NDArray[np.uint8], others: NDArray[np.uint64], other_tiny: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """For each picture the index of one of the ``others`` that it is a copy of, or -1; colours do not count.

    ``prints`` and ``others`` (n, 2), (m, 2): fingerprints of the whole and of the centre square; either may match either.
    """
    result = np.full(len(prints), -1, np.int64)
    grey, other_grey = _grey(tiny), _grey(other_tiny)
    for index in range(len(others)):
        distance = _distance(prints[:, :, None], others[index][None, None]).reshape(len(prints), -1)
        # Both wholes must look alike at 8 x 8; a centre square has no 8 x 8 picture, so it must agree in more bits.
        maybe = np.flatnonzero(distance[:, 0] <= NEAR_GREY)
        alike = np.abs(grey[maybe] - other_grey[index]).mean(axis=1) <= ALIKE_GREY
        result[maybe[alike]] = index
        result[distance.min(axis=1) <= NEAR - 2] = index
    return result


def _grey(tiny: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Rec. 601 luma of the 8 x 8 pictures, about its mean (n, 64)."""
    grey = tiny.reshape(-1, 64, 3) @ np.array([0.299, 0.587, 0.114], np.float32)
    about: NDArray[np.float32] = (grey - grey.mean(axis=1, keepdims=True)).astype(np.float32)
    return about
