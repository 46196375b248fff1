"""A whole run: the manifest opened, the sources noted, workers started, rows done, everything left in order."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.archive import stores
from photochrom.archive.beginnings import MANIFEST, manifest_url
from photochrom.archive.manifest import Manifest
from photochrom.archive.states import State
from photochrom.archive.tasks import Settings
from photochrom.batch.kinds import SCRATCH
from photochrom.errors import BatchError, ManifestError, OptionError, OutputWriteError

if TYPE_CHECKING:
    from photochrom.archive.driver import Driver, Event
    from photochrom.archive.pools import Pool

__all__ = ["MANIFEST", "Request", "bag_place", "execute", "manifest_url", "open_manifest", "stored", "summary", "whole"]

#: Kinds of URLs behind which nothing can be written.
_READ_ONLY = ("http://", "https://", "zip://")


@dataclass(frozen=True)
class Request:
    """What is to be done. ``sources`` may be empty: then what the manifest has is gone on with.

    ``workers`` None: one for each processor. ``ray``: the address of a cluster, "auto" for this machine's, None for processes
    of this computer. ``bag``: make a BagIt bag of the destination at the end.
    """

    out: str
    sources: tuple[str, ...] = ()
    manifest: str | None = None
    settings: Settings = field(default_factory=Settings)
    workers: int | None = None
    threads: int = 1
    ray: str | None = None
    resources: str | None = None
    timeout: float = 3600.0
    again: bool = False
    join: bool = False
    retry: bool = False
    group: bool = False
    case_sensitive: bool = False
    follow_links: bool = False
    bag: bool = False


def open_manifest(out: str, given: str | None) -> Manifest:
    """The manifest of a batch that was begun. Raises ManifestError."""
    return Manifest(manifest_url(out, given))


def bag_place(out: str, bag: bool) -> str:
    """Where pictures go, with a slash at the end: a bag has them in ``data``."""
    return stores.join(out) + ("data/" if bag else "")


def execute(
    request: Request, tell: Callable[[Event], None], *, begun: Callable[[Driver], None] = lambda _: None
) -> dict[State, int]:
    """Do a request; returns how many rows are in each state at the end.

    tell: gets every event. begun: gets the driver before it works, whose ``stopping`` may be set to end early. Raises BatchError.
    """
    from photochrom.archive.driver import Driver  # here: `status` and the like need none of what it loads
    from photochrom.archive.sources import refuse_originals

    out = whole(request.out)
    _refuse_options(request)
    refuse_originals(request.sources, out)
    manifest = Manifest(manifest_url(out, request.manifest), create=True, case_sensitive=request.case_sensitive)
    try:
        _same_destination(manifest, out, request.bag, within=request.manifest is None and not stores.is_remote(out))
        number, alone = manifest.leases.join(others=request.join)
        try:
            with _scratch(out, number, alone) as scratch:
                settings = replace(request.settings, scratch=scratch)
                _plan(manifest, request, out, tell)
                if request.retry:
                    tell({"event": "retry", "pictures": manifest.retry()})
                if settings.own_results:
                    manifest.reopen()
                if manifest.counts().get(State.WAITING) or _maybe_more(manifest, request):
                    pool = _pool(request, settings, number)
                    try:
                        target = bag_place(out, request.bag)
                        driver = Driver(
                            manifest,
                            number,
                            pool,
                            settings,
                            target,
                            tell,
                            again=request.again,
                            group=_grouping(manifest, request),
                        )
                        begun(driver)
                        driver.run()
                    finally:
                        pool.close()
        finally:
            manifest.leases.leave(number)
        counts = manifest.counts()
        if request.bag and not set(counts) & {State.WAITING, State.RUNNING, State.HELD, State.LOOK}:
            from photochrom.archive.bag import make_bag

            tell({"event": "bag", **make_bag(manifest, out)})
        return counts
    finally:
        manifest.close()


def _refuse_options(request: Request) -> None:
    """What cannot be, before anything is written. Raises OptionError, StoreError, MissingExtraError."""
    if not request.out.strip():
        raise OptionError("-o", request.out, "a folder, or the URL of an object store")
    if request.manifest is not None and not request.manifest.strip():
        raise OptionError("--manifest", request.manifest, "a file, or the URL of a database")
    if request.resources is not None and request.ray is None:
        raise OptionError("--resources", request.resources, "--ray with it: only a cluster has resources")
    if request.out.startswith(_READ_ONLY):
        raise OptionError("-o", request.out, "a place that can be written: a folder, or the URL of an object store")
    if stores.is_remote(request.out):
        stores.filesystem(request.out)


def stored(manifest: Manifest) -> Request:
    """The request that a manifest was last run with. Raises ManifestError for one that never was."""
    text = manifest.about("request")
    if text is None:
        raise ManifestError("was never run; give the sources again", manifest.url)
    value = json.loads(text)
    value["settings"] = Settings(**value["settings"] | {"c2pa": tuple(value["settings"]["c2pa"] or ()) or None})
    return Request(**value | {"sources": tuple(value["sources"])})


def _maybe_more(manifest: Manifest, request: Request) -> bool:
    """Whether there may be work although no row waits: other options than last time, or scans that wait for one another."""
    counts = manifest.counts()
    finished = counts.get(State.DONE) or counts.get(State.SKIPPED) or counts.get(State.COPIED)
    return _grouping(manifest, request) or bool(finished and request.sources)


def _grouping(manifest: Manifest, request: Request) -> bool:
    """Whether scans of one photograph are looked for: asked for now, or when the batch was begun."""
    counts = manifest.counts()
    return request.group or bool(counts.get(State.LOOK) or counts.get(State.HELD))


def _plan(manifest: Manifest, request: Request, out: str, tell: Callable[[Event], None]) -> None:
    from photochrom.archive.sources import plan

    last = None
    how = {"look": request.group, "follow_links": request.follow_links, "bag": request.bag}
    for last in plan(manifest, request.sources, out, **how):
        tell({"event": "planning", "new": last.new, "known": last.known, "refused": last.refused})
    manifest.forget_renamed()
    if last is not None and request.sources:
        for trouble in last.troubles:
            tell({"event": "trouble", "message": trouble})
        found = {"new": last.new, "known": last.known, "refused": last.refused, "passed_over": dict(last.passed)}
        tell({"event": "planned", **found})
        kept = asdict(replace(request, out=out, again=False, join=False, retry=False))
        manifest.note("request", json.dumps(kept))


def _pool(request: Request, settings: Settings, number: int) -> Pool:
    if request.ray is not None:
        from photochrom.archive.cluster import RayPool

        return RayPool(
            settings,
            request.ray,
            request.workers,
            threads=request.threads,
            resources=request.resources,
            driver=number,
            timeout=request.timeout,
        )
    from photochrom.archive.local import LocalPool

    workers = request.workers or max(1, _processors() // request.threads)
    return LocalPool(settings, workers, threads=request.threads, timeout=request.timeout)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def whole(out: str) -> str:
    """A destination as it is kept: a folder's absolute path, or a URL."""
    return out if stores.is_remote(out) else os.path.normpath(Path(out.partition("://")[2] or out).absolute())


def _same_destination(manifest: Manifest, out: str, bag: bool, *, within: bool) -> None:
    """within: whether the manifest lies in the destination, and goes where that is moved or copied to."""
    before, bagged = manifest.about("out"), manifest.about("bag") == "yes"
    if before not in (None, out) and within:
        manifest.note("out", out)
        before = out
    if before is not None and before.rstrip("/") == out.rstrip("/") and bagged == bag:
        return
    if before is None or not manifest.counts():  # nothing was found yet
        manifest.note("out", out)
        manifest.note("bag", "yes" if bag else "no")
    elif before.rstrip("/") != out.rstrip("/"):
        raise BatchError(
            f"the manifest {manifest.url} belongs to the destination {before}; give each one a manifest of its own"
        )
    else:
        raise BatchError(
            f"{out} was begun {'without' if bag else 'with'} --bag, and goes on so; or choose another destination"
        )


@contextmanager
def _scratch(out: str, number: int, alone: bool) -> Iterator[str | None]:
    """The folder for unfinished outputs, rid of what earlier runs left, with a mark that workers elsewhere must see."""
    if stores.is_remote(out):
        yield None
        return
    folder = Path(out) / SCRATCH
    try:
        if alone and folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        beacon = folder / f"driver-{number}"
        beacon.touch()
    except OSError as error:
        raise OutputWriteError(f"the destination cannot be written ({error.strerror})", out) from error
    try:
        yield str(folder)
    finally:
        beacon.unlink(missing_ok=True)
        if not any(folder.glob("driver-*")):  # else another one, which joined, still writes there
            shutil.rmtree(folder, ignore_errors=True)


def summary(counts: dict[State, int]) -> dict[str, Any]:
    """Counts by the words that people and JSON get."""
    return {state.label: counts[state] for state in sorted(counts)}
