"""Which of the pictures that were looked at go into the shards: the larger of near-copies, and none that a test needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom.train.shards.near import copies_between, copies_within
from photochrom.train.shards.survey import EXCLUDED, Survey

__all__ = ["Choice", "Known", "choose"]

#: A picture replaces one that is there already where its short side is larger by this factor.
UPGRADE = 1.15


class Known(NamedTuple):
    """Pictures that are there already: of older shards, or of tests. ``names``: (source, path) of each."""

    names: list[tuple[str, str]]
    short: NDArray[np.int32]
    prints: NDArray[np.uint64]
    tiny: NDArray[np.uint8]


@dataclass
class Choice:
    """What was chosen, by source: indices of its blobs; why the others were not; and what became of older pictures."""

    chosen: list[list[int]]
    reasons: list[list[str]]
    #: Index of an older picture: why it goes (it is a test's, or a larger copy takes its place).
    dropped: dict[int, str] = field(default_factory=dict)


def choose(surveys: list[Survey], old: Known, tests: Known) -> Choice:
    """Choose among fit pictures. Deterministic: it depends on names, sizes and fingerprints only.

    Pictures come in this order: older ones and those for training, the largest first (as large as they will be in the shards),
    then those held back. Each is taken unless it is a copy of one that was taken, of a test's picture or of an excluded one;
    so a held-back source never holds what is trained on. ``most`` of a source counts what is taken.
    """
    choice = Choice([[] for _ in surveys], [list(survey.reasons) for survey in surveys])
    where = np.array([(s, i) for s, survey in enumerate(surveys) for i, why in enumerate(survey.reasons) if not why])
    where = where.reshape(-1, 2).astype(np.int64)
    prints = np.concatenate([old.prints, *(surveys[s].prints[i][None] for s, i in where)])
    tiny = np.concatenate([old.tiny, *(surveys[s].tiny[i][None] for s, i in where)])
    never = _never(surveys, tests)
    tested = copies_between(prints, tiny, never.prints, never.tiny)
    near: dict[int, list[int]] = {}
    for first, second in copies_within(prints[:, 0], tiny).tolist():
        near.setdefault(first, []).append(second)
        near.setdefault(second, []).append(first)

    count = len(old.names)
    taken: set[int] = set()
    for index in _order(surveys, old, where):
        test = ""
        if tested[index] >= 0:
            whose = "a test's" if tested[index] < len(tests.names) else "an excluded"
            test = f"copy of {whose} picture: {' '.join(never.names[tested[index]])}"
        copy = next((other for other in near.get(index, ()) if other in taken), None)
        if index < count:
            larger = copy is not None and copy >= count
            if test or larger:
                choice.dropped[index] = test or f"a larger copy: {_name(surveys, old, where, copy)}"
                continue
            taken.add(index)  # copies among older pictures are left as they are
            continue
        s, i = where[index - count]
        most = surveys[s].source.most
        if test:
            choice.reasons[s][i] = test
        elif copy is not None:
            kind = "copy of an older picture" if copy < count else "copy"
            choice.reasons[s][i] = f"{kind}: {_name(surveys, old, where, copy)}"
        elif most is not None and len(choice.chosen[s]) >= most:
            choice.reasons[s][i] = "more than wanted"
        else:
            choice.chosen[s].append(int(i))
            taken.add(index)
    for indices in choice.chosen:
        indices.sort()
    return choice


def _never(surveys: list[Survey], tests: Known) -> Known:
    """The tests' pictures, then those that a list excludes: their copies must not be taken either."""
    names, parts = list(tests.names), [(tests.short, tests.prints, tests.tiny)]
    for survey, blob, i in ((s, s.blobs[i], i) for s in surveys for i, why in enumerate(s.reasons) if why == EXCLUDED):
        if survey.short[i]:  # it could be looked at
            names.append((survey.source.name, blob.path))
            parts.append((survey.short[i : i + 1], survey.prints[i : i + 1], survey.tiny[i : i + 1]))
    short, prints, tiny = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Known(names, short, prints, tiny)


def _order(surveys: list[Survey], old: Known, where: NDArray[np.int64]) -> list[int]:
    """Indices of all pictures, the older ones first in number, in the order in which they are taken."""
    keys: list[tuple[bool, float, int, bytes]] = [(False, -float(UPGRADE * side), -1, b"") for side in old.short]
    for s, i in where.tolist():
        source = surveys[s].source
        side = min(int(surveys[s].short[i]), source.side)
        name = hashlib.sha256(surveys[s].blobs[i].path.encode("utf-8", "surrogateescape")).digest()
        keys.append((source.role != "train", -float(side), s, name))
    return sorted(range(len(keys)), key=keys.__getitem__)


def _name(surveys: list[Survey], old: Known, where: NDArray[np.int64], index: int | None) -> str:
    if index is None:
        return ""
    if index < len(old.names):
        return " ".join(old.names[index])
    s, i = where[index - len(old.names)]
    return f"{surveys[s].source.name} {surveys[s].blobs[i].path}"
