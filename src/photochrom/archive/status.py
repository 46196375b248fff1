"""How far a batch is, in counts: asked of the manifest at any time, also while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from photochrom.archive.leases import LEASE, Driver
from photochrom.archive.manifest import Manifest
from photochrom.archive.states import State
from photochrom.archive.stores import at
from photochrom.archive.tables import PICTURES

__all__ = ["Status", "status"]

#: So many pictures that were set aside are named.
_NAMED = 20


@dataclass(frozen=True)
class Status:
    """The figures. ``aside``: addresses of pictures that killed workers, the first ones. ``works``: models and options used."""

    out: str
    counts: dict[State, int]
    failures: dict[str, int]
    aside: tuple[str, ...]
    drivers: tuple[Driver, ...]
    works: tuple[dict[str, Any], ...]

    @property
    def active(self) -> tuple[Driver, ...]:
        """The runs that are at work."""
        return tuple(one for one in self.drivers if not one.ended and one.quiet < LEASE)

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "destination": self.out,
            "pictures": sum(self.counts.values()),
            **{state.label: self.counts.get(state, 0) for state in State},
            "failures": self.failures,
            "aside": list(self.aside),
            "active": [one.name for one in self.active],
            "seconds": round(sum(one.seconds for one in self.drivers), 1),
            "made_with": [{"model": one["model"], "version": one["version"]} for one in self.works],
        }

    def as_text(self) -> str:
        """Lines for people."""
        total = sum(self.counts.values())
        lines = [f"{self.out}: {total} pictures"]
        lines += [f"  {self.counts[state]:>10}  {state.label}" for state in State if self.counts.get(state)]
        if self.failures:
            lines.append("failures:")
            lines += [f"  {count:>10}  {kind}" for kind, count in self.failures.items()]
        lines += [f"set aside: {address}" for address in self.aside]
        done = sum(one.pictures for one in self.drivers)
        if done:
            each = sum(one.seconds for one in self.drivers) / done
            lines.append(f"{each:.2f} s of a worker for each picture, {len(self.drivers)} runs")
        lines += [f"at work: {one.name}, {one.workers or 'starting'}" for one in self.active]
        if len(self.works) > 1:
            lines.append(f"made with {len(self.works)} different models or options; --again redoes the older ones")
        return "\n".join(lines)


def status(manifest: Manifest, counts: dict[State, int] | None = None, out: str | None = None) -> Status:
    """Ask the manifest. Raises ManifestError.

    counts: how many rows are in each state, where it is known already. out: the destination, or a copy of it; None: where the
    batch wrote.
    """
    origins = manifest.origins()
    if counts is None:
        counts = manifest.counts()
    aside: list[str] = []
    if counts.get(State.ASIDE):
        columns = PICTURES.c.id, PICTURES.c.origin, PICTURES.c.path, PICTURES.c.name
        for row in manifest.rows(PICTURES.c.state == State.ASIDE, columns=columns, window=_NAMED):
            aside.append(at(origins[row.origin], row.path or row.name))
            if len(aside) == _NAMED:
                break
    failures = manifest.failures() if counts.get(State.FAILED) or counts.get(State.ASIDE) else {}
    works = tuple(manifest.works().values())
    return Status(
        out or manifest.about("out") or "", counts, failures, tuple(aside), tuple(manifest.leases.all()), works
    )
