"""What a batch is given that it cannot use: named, with what to do, and the rest is done."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archive_helpers import children, outputs, rows

from helpers import Command, data, save
from photochrom.archive import sources
from photochrom.archive.execute import Request, execute
from photochrom.archive.manifest import Manifest
from photochrom.archive.picture import lacks_memory
from photochrom.archive.states import State

pytestmark = pytest.mark.usefixtures("here")


def test_a_picture_that_vanishes(scans: Path, expected: dict[str, bytes], photochrom: Command) -> None:
    """Noted from a list, and gone when its turn comes."""
    Path("list.txt").write_text(f"{scans}/scan-001.png\ngone.png\n")
    found = photochrom("batch", "list.txt", "-o", "out", "--workers", 1)
    assert found.code == 1
    assert "gone.png: cannot be read (No such file or directory); has it been moved?" in found.err
    (good, bad) = sorted(rows("out"), key=lambda row: row.state)
    assert (good.state, bad.state, bad.error) == (State.DONE, State.FAILED, "ImageNotFoundError")
    assert list(outputs("out").values()) == [expected["scan-001.png"]]
    Path("gone.png").write_bytes((scans / "scan-002.png").read_bytes())
    assert photochrom("batch", "retry", "out").code == 0


def test_a_destination_that_cannot_be_written(scans: Path, photochrom: Command) -> None:
    Path("file").write_text("no folder")
    found = photochrom("batch", scans, "-o", "file/out")
    assert found.code == 1
    assert "the manifest cannot be made (Not a directory)" in found.err


def test_an_original_is_never_replaced(scans: Path, here: Path, photochrom: Command) -> None:
    """Not even with --force, and not by way of a link."""
    master = Path("masters/scan-001.png")
    master.parent.mkdir()
    master.write_bytes((scans / master.name).read_bytes())
    Path("links").mkdir()
    Path("links/scan-001.png").symlink_to(here / master)
    for source in (master, Path("links")):
        found = photochrom("batch", source, "-o", "masters", "--force", "--follow-links", "--workers", 1)
        assert (found.code, "is the original itself" in found.err) == (1, True)
        assert master.read_bytes() == (scans / master.name).read_bytes()
        for path in Path("masters").glob("photochrom-batch.db*"):
            path.unlink()


def test_a_picture_that_was_refused_for_its_name_and_renamed(scans: Path, photochrom: Command) -> None:
    """What the refusal advises leads to a batch in which nothing is left."""
    for name in ("A.png", "a.png"):
        Path("in").mkdir(exist_ok=True)
        Path("in", name).write_bytes((scans / "scan-001.png").read_bytes())
    if len(list(Path("in").iterdir())) < 2:
        pytest.skip("this disk is blind to case")
    assert photochrom("batch", "in", "-o", "out", "--workers", 1).code == 1
    assert photochrom("batch", "verify", "out").code == 1
    Path("in/a.png").rename("in/b.png")
    assert photochrom("batch", "in", "-o", "out", "--workers", 1).code == 0
    assert photochrom("batch", "verify", "out").code == 0
    assert sorted(outputs("out")) == ["A.png", "b.png"]


@pytest.mark.parametrize("source", ["masters", "masters/*.png", "file://masters"])
def test_a_folder_of_originals_is_no_destination(source: str, photochrom: Command) -> None:
    """And nothing is written there, no manifest either."""
    Path("masters").mkdir()
    Path("masters/a.png").touch()
    found = photochrom("batch", source, "-o", "masters")
    assert (found.code, "originals, which are never touched" in found.err) == (2, True)
    assert [path.name for path in Path("masters").iterdir()] == ["a.png"]


def test_a_mistyped_source_decides_nothing(photochrom: Command) -> None:
    """The destination may become a bag, although the first try was none."""
    for source, more in (("scnas", ()), ("empty", ()), ("empty", ("--bag",))):
        Path("empty").mkdir(exist_ok=True)
        found = photochrom("batch", source, "-o", "out", *more)
        assert (found.code, "--bag" in found.err) == (1, False)
    manifest = Manifest("out/photochrom-batch.db")
    assert manifest.about("bag") == "yes"
    manifest.close()


def test_a_huge_list_is_read_a_window_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("list.csv").write_text("path\n" + "".join(f"{n:02}.jpg\n" for n in range(25)))
    monkeypatch.setattr(sources, "WINDOW", 10)
    manifest, noted = Manifest("m.db", create=True), list[int]()
    add = manifest.add

    def counted(found: Any, **more: Any) -> Any:
        noted.append(len(found))
        return add(found, **more)

    monkeypatch.setattr(manifest, "add", counted)
    *_, last = sources.plan(manifest, ["list.csv"], "out")
    assert (noted, last.new) == ([10, 10, 5], 25)
    manifest.close()


def test_an_empty_list(photochrom: Command) -> None:
    Path("list.txt").write_text("\n")
    found = photochrom("batch", "list.txt", "-o", "out")
    assert (found.code, "list.txt: no pictures there" in found.err) == (1, True)


def test_a_worker_that_runs_out_of_memory(scans: Path, expected: dict[str, bytes], here: Path) -> None:
    """A worker gets no more memory from the moment at which it reads the picture: a named pipe, so that the moment is known."""
    resource: Any = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux can limit another process")
    big = save(np.kron(data.camera(), np.ones((12, 12), np.uint8)), here / "big/big.jpg", interlace=True).read_bytes()
    os.mkfifo(here / "hungry.jpg")
    ended = threading.Event()

    def feed() -> None:
        while not ended.is_set():
            with suppress(BrokenPipeError), (here / "hungry.jpg").open("wb") as pipe:  # waits for a worker that reads
                if ended.is_set():
                    return
                for pid in children(os.getpid()):
                    with suppress(OSError):  # it has ended
                        size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
                        resource.prlimit(pid, resource.RLIMIT_AS, (size + 16_000_000, size + 16_000_000))
                pipe.write(big)  # until the worker dies of it

    feeder = threading.Thread(target=feed)
    feeder.start()
    events: list[dict[str, Any]] = []
    where = str(here / "hungry.jpg"), str(scans / "scan-001.png")
    try:
        counts = execute(Request("out", where, workers=1), events.append)
    finally:
        ended.set()
        os.close(os.open(here / "hungry.jpg", os.O_RDONLY | os.O_NONBLOCK))
        feeder.join()
    assert counts == {State.DONE: 1, State.ASIDE: 1}, events
    aside = [event for event in events if event["event"] == "lost" and event["aside"]]
    assert [(Path(event["input"]).name, event["message"]) for event in aside] == [
        ("hungry.jpg", "a worker ran out of memory")
    ]
    assert outputs("out") == {"scan-001.png": expected["scan-001.png"]}


@pytest.mark.parametrize(
    "sentence",
    [
        "OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 6220800 bytes",
        "vips_tracked: out of memory --- size == 32MB",
        "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc",
        "Unable to allocate 1.00 GiB for an array with shape (4096, 4096, 8)",
        "cannot be written: glib: Error creating thread: Resource temporarily unavailable",
    ],
)
def test_want_of_memory_by_any_name(sentence: str) -> None:
    assert lacks_memory(RuntimeError(sentence))
    outer = ValueError("the picture cannot be read")
    outer.__cause__ = RuntimeError(sentence)
    assert lacks_memory(outer)
    assert not lacks_memory(ValueError("the file ends before the picture is complete"))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("-o", ""), "-o is '', expected a folder"),
        (("-o", "out", "--manifest", ""), "--manifest is ''"),
        (("-o", "https://example.org/out"), "a place that can be written"),
        (("-o", "zip://::out.zip"), "a place that can be written"),
        (("-o", "nosuch://out"), "nosuch://out: cannot be reached"),
        (("-o", "out", "--resources", "scans=1"), "--ray with it"),
        (
            ("-o", "out", "--options", "options.json"),
            "reference in options.json is 'absent.jpg'",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    asked: tuple[str, ...], sentence: str, scans: Path, here: Path, photochrom: Command
) -> None:
    Path("options.json").write_text('{"reference": "absent.jpg"}')
    found = photochrom("batch", scans, *asked)
    assert found.code in (1, 2)
    assert sentence in found.err
    assert [path.name for path in here.iterdir()] == ["options.json"]


def test_a_reference_is_beside_its_options(scans: Path, photochrom: Command) -> None:
    Path("set").mkdir()
    save(data.astronaut(), Path("set/aunt.png"))
    Path("set/options.json").write_text('{"reference": "aunt.png"}')
    found = photochrom("batch", scans / "scan-001.png", "-o", "out", "--options", "set/options.json", "--workers", 1)
    assert found.code == 0, found.err


def test_a_name_from_which_no_output_can_be_named(scans: Path, here: Path, photochrom: Command) -> None:
    """That of a URL without an ending: the row fails, and says what to do."""
    (here / "scan").write_bytes(b"no picture")
    Path("list.txt").write_text(f"scan\n{scans}/scan-001.png\n")
    found = photochrom("batch", "list.txt", "-o", "out", "--workers", 1)
    assert found.code == 1
    assert f"{here}/scan: its name has no ending that is written; name its output in the column `output`" in found.err
    assert "1 done, 1 failed" in found.err
