"""Scans of one photograph among many pictures: perceptual hashes that differ in a few bits."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from photochrom.archive.states import State
from photochrom.archive.tables import PICTURES

if TYPE_CHECKING:
    from photochrom.archive.manifest import Manifest

__all__ = ["DISTANCE", "grouped", "groups"]

#: Hashes that differ in so many of their 64 bits, or fewer, are of one photograph.
DISTANCE = 6
_BANDS = DISTANCE + 1  # of that many pieces of two such hashes at least one is equal


def grouped(manifest: Manifest) -> dict[int, int | None]:
    """For every hashed picture that waits for it, the first picture of the same photograph, or None where it is the first."""
    held = PICTURES.c.state == State.HELD, PICTURES.c.leader.is_(None)
    rows = manifest.rows(PICTURES.c.phash.is_not(None), columns=(PICTURES.c.id, PICTURES.c.phash, PICTURES.c.leader))
    hashes = {row.id: row.phash for row in rows if row.leader is None}
    fresh = {row.id for row in manifest.rows(*held, columns=(PICTURES.c.id,))}
    leaders = groups(hashes)
    return {id_: leaders.get(id_) for id_ in sorted(fresh)}


def groups(hashes: Mapping[int, int]) -> dict[int, int]:
    """For each picture that is another scan of an earlier one, that one; by id and 64-bit hash.

    A picture follows the first leader, in the order of ids, within :data:`DISTANCE`; followers have no followers. Two such
    hashes have one of seven pieces in common (the pigeonhole principle), so that only pictures with a common piece are compared.
    """
    pieces: list[dict[int, list[int]]] = [{} for _ in range(_BANDS)]
    values = {id_: value & (1 << 64) - 1 for id_, value in hashes.items()}
    leaders: dict[int, int] = {}
    for id_ in sorted(values):
        value = values[id_]
        parts = _parts(value)
        near = {other for band, part in zip(pieces, parts, strict=True) for other in band.get(part, ())}
        first = min((other for other in near if (values[other] ^ value).bit_count() <= DISTANCE), default=None)
        if first is not None:
            leaders[id_] = first
            continue
        for band, part in zip(pieces, parts, strict=True):
            band.setdefault(part, []).append(id_)
    return leaders


def _parts(value: int) -> list[int]:
    edges = np.linspace(0, 64, _BANDS + 1).round().astype(int).tolist()
    return [value >> low & (1 << high - low) - 1 for low, high in pairwise(edges)]
