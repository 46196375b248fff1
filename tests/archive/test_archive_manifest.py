"""The manifest on SQLite and on a real PostgreSQL: claims, leases, results, and what may wait again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_helpers import outputs

from helpers import Command
from photochrom.archive.beginnings import MANIFEST, count_meanwhile
from photochrom.archive.manifest import Manifest, Planned
from photochrom.archive.states import State
from photochrom.archive.tables import _TABLES
from photochrom.archive.tasks import Hello, Result, Settings
from photochrom.errors import ManifestBusyError

HELLO = Hello("here", "1", "model", "0" * 64)


@pytest.fixture(params=["sqlite", "postgresql"])
def manifest(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manifest]:
    """A manifest with 40 waiting rows."""
    url = str(tmp_path / "m.db") if request.param == "sqlite" else request.getfixturevalue("postgres")
    made = Manifest(url, create=True)
    try:
        origin = made.origin("/archive/")
        added = made.add([Planned(origin, f"{n:02}.jpg", f"{n:02}.jpg", n) for n in range(40)])
        assert (added.new, added.known) == (40, 0)
        yield made
    finally:
        _TABLES.drop_all(made._engine)
        made.close()


def test_rows_are_claimed_once_by_drivers_at_the_same_time(manifest: Manifest) -> None:
    drivers = [manifest.leases.join(others=True)[0] for _ in range(4)]
    claimed: dict[int, list[int]] = {driver: [] for driver in drivers}

    def work(driver: int) -> None:
        while tasks := manifest.claim(driver, 3, "/out/"):
            claimed[driver] += [task.id for task in tasks]

    threads = [threading.Thread(target=work, args=(driver,)) for driver in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(id_ for ids in claimed.values() for id_ in ids) == list(range(1, 41))


def test_from_waiting_to_done(manifest: Manifest) -> None:
    driver, alone = manifest.leases.join()
    assert alone
    with pytest.raises(ManifestBusyError, match="another run is at work"):
        manifest.leases.join()
    first, second, third = manifest.claim(driver, 3, "/out/")
    assert (first.source, first.target) == ("/archive/00.jpg", "/out/00.jpg")
    work = manifest.work(HELLO, Settings())
    assert manifest.work(HELLO, Settings()) == work
    results = [
        Result(first.id, "done", 0.5, {"output_sha256": "a" * 64, "tint": "grey", "confidence": 0.5}),
        Result(second.id, "failed", 0.1, {}, "ImageError", "broken"),
    ]
    assert manifest.settle(driver, results, work) == {first.id, second.id}
    assert manifest.lost(driver, third.id, "it died", blame=False) is State.WAITING
    assert manifest.counts() == {State.DONE: 1, State.FAILED: 1, State.WAITING: 38}
    assert count_meanwhile(manifest.url)() == (None if "://" in manifest.url else manifest.counts())
    assert manifest.failures() == {"ImageError": 1}
    manifest.leases.beat(driver, pictures=2, seconds=0.6)
    manifest.leases.leave(driver)
    (run,) = manifest.leases.all()
    assert (run.pictures, round(run.seconds, 2), run.ended) == (2, 0.6, True)
    assert manifest.retry() == 1
    assert manifest.counts() == {State.DONE: 1, State.WAITING: 39}


def test_what_cannot_be_counted_is_left_to_the_manifest(tmp_path: Path, photochrom: Command) -> None:
    """Which names it."""
    for name, content in (("absent", None), ("damaged", b"SQLite format 3\0" + bytes(200)), ("empty", b"")):
        folder = tmp_path / name
        folder.mkdir()
        if content is not None:
            (folder / MANIFEST).write_bytes(content)
        assert count_meanwhile(str(folder / MANIFEST))() is None
        found = photochrom("batch", "status", folder)
        assert (found.code, found.err.count("\n")) == (1, 1)
        assert f"{folder / MANIFEST}: " in found.err


def test_other_options_make_rows_stale(manifest: Manifest) -> None:
    driver, _ = manifest.leases.join()
    (task,) = manifest.claim(driver, 1, "/out/")
    work = manifest.work(HELLO, Settings())
    manifest.settle(driver, [Result(task.id, "done", 0.5, {"output_sha256": "a" * 64})], work)
    assert manifest.stale(work) == 0
    other = manifest.work(HELLO, Settings(jpeg_quality=90))
    assert (other != work, manifest.stale(other), manifest.stale(work)) == (True, 1, 0)
    assert manifest.again(other) == 1
    (task,) = manifest.claim(driver, 1, "/out/")
    assert task.replaces == "a" * 64, "it may replace its own output"


def test_a_driver_that_left_gives_its_rows_back(manifest: Manifest) -> None:
    driver, _ = manifest.leases.join()
    assert len(manifest.claim(driver, 10, "/out/")) == 10
    assert manifest.counts() == {State.RUNNING: 10, State.WAITING: 30}
    manifest.leases.leave(driver)
    assert manifest.counts() == {State.WAITING: 40}
    again, alone = manifest.leases.join()
    assert (again != driver, alone) == (True, True)


def test_a_batch_whose_manifest_is_in_postgresql(
    postgres: str, scans: Path, expected: dict[str, bytes], tmp_path: Path, photochrom: Command
) -> None:
    """By its URL, with every command."""
    out, where = tmp_path / "out", ("--manifest", postgres)
    assert photochrom("batch", scans / "scan-00[12].png", "-o", out, "--workers", 1, *where).code == 0
    names = {"scan-001.png", "scan-002.png"}
    assert outputs(out) == {name: expected[name] for name in names}
    state = photochrom("batch", "status", out, "--json", *where).lines[0]
    assert (state["pictures"], state["done"]) == (2, 2)
    assert photochrom("batch", "verify", out, *where).code == 0
    assert photochrom("batch", "report", out, *where).code == 0
    (out / "scan-001.png").unlink()
    assert photochrom("batch", "retry", out, *where).code == 0, "what is done is done; verify names what is missing"
    assert "missing" in photochrom("batch", "verify", out, *where).out
