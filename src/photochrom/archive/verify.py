"""Everything read again: outputs and originals against the manifest's digests, and files that nobody knows of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from photochrom.archive import stores
from photochrom.archive.execute import MANIFEST, bag_place
from photochrom.archive.listing import listing
from photochrom.archive.manifest import Manifest
from photochrom.archive.states import State
from photochrom.archive.tables import PICTURES
from photochrom.batch.kinds import SCRATCH
from photochrom.errors import ImageNotFoundError, PhotochromError
from photochrom.images import OUTPUT_SUFFIXES
from photochrom.parallel import ordered

__all__ = ["Checked", "verify"]

_C = PICTURES.c
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Checked:
    """A file that was read. ``problem``: "missing", "changed", "unreadable", "foreign" or "unfinished"; None: all is well."""

    address: str
    problem: str | None = None
    sentence: str = ""


def verify(manifest: Manifest, out: str | None = None, *, sources: bool = True, threads: int = 4) -> Iterator[Checked]:
    """Read every output, and every original if ``sources``, and look through the destination. Raises ManifestError.

    out: the destination, or a copy of it; None: where the batch wrote.
    """
    out, bag = out or manifest.about("out") or "", manifest.about("bag") == "yes"
    place = bag_place(out, bag)
    origins = manifest.origins()
    columns = _C.id, _C.origin, _C.path, _C.name, _C.state, _C.input_sha256, _C.output_sha256

    def files() -> Iterator[tuple[str, str, str]]:
        for row in manifest.rows(_C.state.in_((State.DONE, State.COPIED, State.SKIPPED, State.OWN)), columns=columns):
            if row.state in (State.DONE, State.COPIED):
                yield place + row.name, row.output_sha256, "result"
            if sources:
                yield stores.at(origins[row.origin], row.path or row.name), row.input_sha256, "original"

    yield from ordered(_check, files(), threads)
    left = (State.WAITING, State.RUNNING, State.FAILED, State.ASIDE, State.HELD, State.LOOK)
    for row in manifest.rows(_C.state.in_(left), columns=(*columns, _C.sentence)):
        address = stores.at(origins[row.origin], row.path or row.name)
        yield Checked(address, "unfinished", row.sentence or State(row.state).label)
    yield from _foreign(manifest, place, out)
    if bag:
        from photochrom.archive.bag import check_bag

        yield from (Checked(out, "changed", sentence) for sentence in check_bag(manifest, out))


def _check(file: tuple[str, str, str]) -> Checked:
    address, expected, what = file
    try:
        got = _digest(address)
    except ImageNotFoundError:
        return Checked(address, "missing", f"the {what} is not there, or may not be read")
    except (PhotochromError, OSError) as error:
        return Checked(address, "unreadable", str(error))
    if got != expected:
        return Checked(address, "changed", f"the {what} has sha256 {got}, and the manifest has {expected}")
    return Checked(address)


def _digest(address: str) -> str:
    if stores.is_remote(address):
        return hashlib.sha256(stores.read(address)).hexdigest()
    found = hashlib.sha256()
    try:
        with Path(address).open("rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
    except (FileNotFoundError, PermissionError) as error:
        raise ImageNotFoundError("cannot be read", address) from error
    return found.hexdigest()


def _foreign(manifest: Manifest, place: str, out: str) -> Iterator[Checked]:
    """Pictures in the destination that the manifest does not have as results."""
    window: list[str] = []
    for name in _names(place):
        window.append(name)
        if len(window) == 500:
            yield from _strangers(manifest, place, window)
            window.clear()
    yield from _strangers(manifest, place, window)


def _strangers(manifest: Manifest, place: str, names: list[str]) -> Iterator[Checked]:
    finished = _C.state.in_((State.DONE, State.COPIED))
    known = {row.name for row in manifest.named(names, finished)}
    for name in names:
        if name not in known:
            yield Checked(place + name, "foreign", "this batch has not written it")


def _names(place: str) -> Iterator[str]:
    suffixes = tuple(OUTPUT_SUFFIXES)
    if stores.is_remote(place):
        yield from (entry.path for entry in listing(place) if entry.path.lower().endswith(suffixes))
        return
    for folder, folders, files in os.walk(place):
        folders[:] = sorted(one for one in folders if one != SCRATCH)
        for name in sorted(files):
            if name.lower().endswith(suffixes) and not name.startswith(MANIFEST):
                yield os.path.relpath(f"{folder}/{name}", place).replace(os.sep, "/")
