"""What the runs left behind, by row: figures averaged over seeds, the pictures' figures beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.papers.compare import REFERENCES
from photochrom.papers.foregrounds import TABLE_1, Line
from photochrom.papers.rows import ROWS, Row

__all__ = ["Result", "pictures_seen", "read_results"]

#: Runs of a row whose numbers of pictures have a smaller ratio than this are not alike: one of them had a slower machine, or
#: other work beside.
ALIKE = 0.5


@dataclass(frozen=True)
class Result:
    """One row, or one of the references (``row`` None), with what each of its seeds left."""

    name: str
    row: Row | None
    seeds: tuple[dict[str, Any], ...]
    folder: Path

    def figure(self, name: str) -> float:
        """A figure, averaged over the seeds."""
        return float(np.mean([seed["means"][name] for seed in self.seeds]))

    def spread(self, name: str) -> float | None:
        """Greatest less least of a figure over the seeds, None for one seed."""
        values = [seed["means"][name] for seed in self.seeds]
        return max(values) - min(values) if len(values) > 1 else None

    @property
    def alike(self) -> bool:
        """Whether its seeds saw about as many pictures: else they differ by compute, and not by chance."""
        seen = [pictures_seen(seed) for seed in self.seeds]
        return min(seen) >= ALIKE * max(seen)

    def pictures(self, name: str) -> NDArray[np.float64]:
        """A figure of every picture, averaged over the seeds."""
        return np.asarray(np.mean([seed["pictures"][name] for seed in self.seeds], axis=0), np.float64)

    def curve(self, name: str) -> list[tuple[float, float]]:
        """(step, figure) of the first seed's training."""
        return [(line["step"], line[name]) for line in self.seeds[0]["curve"] if name in line]

    @property
    def table_1(self) -> dict[str, list[Line]]:
        """Srivastava's table 1 (:func:`photochrom.papers.foregrounds.table_1`); empty where it was not made."""
        path = self.folder / TABLE_1
        lines: dict[str, list[Line]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return lines

    @property
    def first(self) -> dict[str, Any]:
        """What the first seed left."""
        return self.seeds[0]


def pictures_seen(seed: dict[str, Any]) -> int:
    """Pictures that a run was trained on."""
    return int(seed["steps"] * seed["recipe"]["batch"])


def read_results(work: Path) -> dict[str, Result]:
    """All finished rows and references in the folder of the runs, in the order of the table."""
    found: dict[str, Result] = {}
    for name in REFERENCES:
        folder = work / f"reference-{name.replace(' ', '-')}"
        if (folder / "result.json").exists():
            found[name] = Result(name, None, (json.loads((folder / "result.json").read_text("utf-8")),), folder)
    for row in ROWS:
        folders = [work / f"{row.name}-{seed}" for seed in range(row.seeds)]
        done = [folder for folder in folders if (folder / "result.json").exists()]
        if done:
            seeds = tuple(json.loads((folder / "result.json").read_text("utf-8")) for folder in done)
            found[row.name] = Result(row.name, row, seeds, done[0])
    return found
