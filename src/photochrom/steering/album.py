"""An album keeps its colours: what was hinted in one photograph is proposed in others that show the same kind of thing.

Each cell of the photograph is matched with the most alike cell of all photographs that have hints, by what the encoder saw (as
references are, :mod:`photochrom.steering.reference`). Where a patch of cells matches cells of a hinted object, and nothing else
there is nearer, the hint's colour is proposed in the middle of the patch. Cells that match badly, or match what nobody hinted,
vote for nothing: an unrelated photograph gets no proposal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.analysis import Analysis
from photochrom.edits.hints import Hint, Hints, Region, Step
from photochrom.edits.places import ColorMap, Mask, Spot
from photochrom.resize import resized
from photochrom.steering.ask import kriging_of
from photochrom.steering.kriging import belonging
from photochrom.steering.reference import Seen, described, look_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    Bool: TypeAlias = NDArray[np.bool_]

__all__ = ["Hinted", "Proposal", "propose"]

#: Squared distances of descriptors, from 0 (the same) to about 4: to the best match of a cell that votes, and from a hint's cell
#: to the cells around it that are its object. Chosen with benchmarks/album.py.
NEAR, OBJECT = 1.0, 1.2
#: A patch has at least so many cells, and this share of the cells of the hinted object.
LEAST_CELLS, LEAST_SHARE = 4, 0.08
#: A colour that no model expects, (1, 2): it stays with its object.
_SURPRISE = np.array([[60.0, 0.0]])
#: Rows of the distances that are computed at once.
_ROWS = 512


@dataclass(frozen=True)
class Hinted:
    """A photograph and the hints that were given to it, in its own coordinates."""

    photo: Analysis
    hints: Hints


@dataclass(frozen=True)
class Proposal:
    """A hint that is proposed, and where it comes from: hint ``index`` of photograph ``source``.

    sureness: 0 to 1; the larger, the more alike is what both photographs show.
    """

    hint: Hint
    source: int
    index: int
    sureness: float


def propose(photo: Analysis, hinted: Sequence[Hinted], given: Iterable[Step] = ()) -> list[Proposal]:
    """What the hints of other photographs say about this one, the surest first; for each hint one place at the most.

    All were analysed by the same model. ``given``: hints that the photograph has itself; nothing is proposed on their objects.
    """
    if not hinted:
        return []
    seen = photo.once(look_at)
    own, *others = described([seen, *(one.photo.once(look_at) for one in hinted)], coarse=True)
    owners: list[tuple[int, int]] = []
    parts = []
    for source, (one, cells) in enumerate(zip(hinted, others, strict=True)):
        owner = np.full(len(cells), -1, np.intp)
        for index, mask in _objects(one, cells):
            owner[mask] = len(owners)
            owners.append((source, index))
        parts.append(owner)
    owner = np.concatenate(parts)
    match, distance = _best(own, np.concatenate(others))
    match = owner[match].reshape(seen.shape)
    distance = distance.reshape(seen.shape)
    for _, taken in _objects(Hinted(photo, Hints(given)), own):
        distance[taken.reshape(seen.shape)] = np.inf
    found = []
    for number, (source, index) in enumerate(owners):
        patch = _patch((match == number) & (distance < NEAR), distance)
        if patch is None or patch.sum() < max(LEAST_CELLS, LEAST_SHARE * np.count_nonzero(owner == number)):
            continue
        sureness = 1 - float(np.median(distance[patch])) / NEAR
        hint = _moved(hinted[source].hints[index], photo, seen, *_middle(patch, distance))
        found.append(Proposal(hint, source, index, round(max(0.0, sureness), 3)))
    return sorted(found, key=lambda one: -one.sureness)


def _objects(one: Hinted, cells: Float) -> Iterator[tuple[int, Bool]]:
    """Of each hint with one colour: its index, and the cells (n,) of its object."""
    seen = one.photo.once(look_at)
    for index, step in enumerate(one.hints):
        if not isinstance(step, (Hint, Region)) or isinstance(step.ab, ColorMap):
            continue
        place = step.mask if isinstance(step, Region) else step.place
        if isinstance(place, Mask):
            share = resized(place.weight, seen.shape, cv2.INTER_AREA)
            yield index, np.asarray(share >= min(0.5, float(share.max()))).ravel()
            continue
        row, column = _cell(one.photo, seen, place)
        around = cells.reshape(*seen.shape, -1)
        alike = np.square(around - around[row, column]).sum(axis=-1) < OBJECT
        count, labels = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
        own = np.asarray(labels == labels[row, column]) if count > 1 else alike
        yield index, (own | _of_kernel(one.photo, seen, place)).ravel()


def _of_kernel(photo: Analysis, seen: Seen, spot: Spot) -> Bool:
    """The cells that get the colour of a spot by the learnt kernel; none for a model without one."""
    kriging = photo.once(kriging_of)
    if kriging is None:
        return np.zeros(seen.shape, bool)
    (width, height), light = photo.size, photo.work_lightness
    at = [[(spot.y + 0.5) * light.shape[0] / height - 0.5, (spot.x + 0.5) * light.shape[1] / width - 0.5]]
    found = kriging.posterior(np.array(at), _SURPRISE, np.zeros((*light.shape, 2), np.float32))
    return np.asarray(belonging(resized(found.share, seen.shape, cv2.INTER_AREA)) > 0.5)


def _best(wanted: Float, offered: Float) -> tuple[NDArray[np.intp], Float]:
    """For each cell (n,) the number of the most alike cell offered, and the squared distance to it."""
    length = np.square(offered).sum(axis=1)
    match, distance = np.empty(len(wanted), np.intp), np.empty(len(wanted), np.float32)
    for start in range(0, len(wanted), _ROWS):
        rows = slice(start, start + _ROWS)
        squared = np.square(wanted[rows]).sum(axis=1)[:, None] + length - 2 * wanted[rows] @ offered.T
        match[rows] = squared.argmin(axis=1)
        distance[rows] = np.maximum(squared.min(axis=1), 0)
    return match, distance


def _patch(votes: Bool, distance: Float) -> Bool | None:
    """The connected part of the votes that is most alike in sum; lone cells do not count."""
    count, labels = cv2.connectedComponents(votes.astype(np.uint8), connectivity=4)
    if count < 2:
        return None
    weight = np.bincount(labels.ravel(), np.where(votes, NEAR - distance, 0).ravel(), minlength=count)
    return np.asarray(labels == int(weight.argmax()), np.bool_)


def _middle(patch: Bool, distance: Float) -> tuple[int, int]:
    """A cell (row, column) well inside a patch, and alike."""
    inner: Any = cv2.distanceTransform(np.pad(patch, 1).astype(np.uint8), cv2.DIST_L1, 3)[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.where(patch, inner - distance, -np.inf).argmax()), patch.shape)
    return int(row), int(column)


def _cell(photo: Analysis, seen: Seen, spot: Spot) -> tuple[int, int]:
    (width, height), (rows, columns) = photo.size, seen.shape
    row, column = int((spot.y + 0.5) * rows / height), int((spot.x + 0.5) * columns / width)
    return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)


def _moved(step: Any, photo: Analysis, seen: Seen, row: int, column: int) -> Hint:
    """The step's colour at the middle of a cell; it spreads as the step did, or over the object where that was an area."""
    (width, height), (rows, columns) = photo.size, seen.shape
    x, y = round((column + 0.5) * width / columns - 0.5), round((row + 0.5) * height / rows - 0.5)
    reach = step.reach if isinstance(step, Hint) and step.reach != "here" else "object"
    return Hint(step.ab, Spot(x, y), step.strength, reach)
