"""What can be asked of a batch: options of the run and of single pictures, mixed collections, scans of one photograph."""

from __future__ import annotations

import json
import os
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archive_helpers import driver, outputs, rows, until

from helpers import COLOUR, Command, data, load, save
from photochrom import Colorizer
from photochrom.archive import options
from photochrom.archive.duplicates import DISTANCE, groups
from photochrom.archive.execute import Request, execute, stored
from photochrom.archive.figures import perceptual_hash
from photochrom.archive.metrics import Metrics
from photochrom.archive.states import State
from photochrom.archive.tasks import Settings
from photochrom.errors import EditsError, OptionError


def batch(out: Path, *sources: object, **more: Any) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    execute(Request(str(out), tuple(map(str, sources)), workers=1, **more), events.append)
    return events


def test_options_of_single_pictures(
    scans: Path, expected: dict[str, bytes], shipped: Colorizer, tmp_path: Path
) -> None:
    listed = tmp_path / "list.csv"
    hints = json.dumps([{"x": 10, "y": 20, "color": "navy"}]).replace('"', '""')
    lines = [
        f"{scans}/scan-001.png,a.png,0.9,",
        f'{scans}/scan-001.png,b.png,,"{hints}"',
        f"{scans}/scan-001.png,c.png,,",
    ]
    listed.write_text("\n".join(["path,output,vividness,hints", *lines]))
    out = tmp_path / "out"
    batch(out, listed)
    assert (out / "c.png").read_bytes() == expected["scan-001.png"]
    opened = shipped.open(scans / "scan-001.png")
    assert (load(out / "a.png") == opened.paint(vividness=0.9).rgb).all()
    assert np.argmax(load(out / "b.png")[20, 10]) == 2, "navy"
    assert {row.name: row.tries for row in rows(out)} == {"a.png": 1, "b.png": 1, "c.png": 1}


def test_changed_options_are_shown_and_redone_only_when_asked(scans: Path, shipped: Colorizer, tmp_path: Path) -> None:
    out, source = tmp_path / "out", scans / "scan-001.png"
    batch(out, source)
    before = outputs(out)
    events = batch(out, source, settings=Settings(options='{"vividness": 1.0}'))
    assert [event for event in events if event["event"] == "stale"] == [{"event": "stale", "pictures": 1, "again": 0}]
    assert outputs(out) == before
    events = batch(out, source, settings=Settings(options='{"vividness": 1.0}'), again=True)
    assert [event["again"] for event in events if event["event"] == "stale"] == [1]
    assert (load(out / source.name) == shipped.open(source).paint(vividness=1.0).rgb).all()
    (out / source.name).write_bytes(b"foreign")
    events = batch(out, source, again=True)
    assert [event.get("error") for event in events if event["event"] == "picture"] == ["OutputExistsError"]
    assert (out / source.name).read_bytes() == b"foreign"
    batch(out, source, settings=Settings(force=True), retry=True)
    assert outputs(out) == before


def test_files_of_options(tmp_path: Path, scans: Path, photochrom: Command) -> None:
    path = tmp_path / "options.json"
    path.write_text('{"vividness": 0.3, "palette": "warm", "quality": "best"}')
    text, whole = options.load(path)
    assert (json.loads(text), whole) == ({"vividness": 0.3, "palette": "warm"}, {"quality": "best"})
    for text, error, match in (
        ('{"vividnes": 0.3}', OptionError, "vividnes.*one of vividness"),
        ('{"vividness": "much"}', OptionError, "0 to 1"),
        ("[1]", EditsError, "holds no options"),
        ("{", EditsError, "not JSON"),
    ):
        path.write_text(text)
        with pytest.raises(error, match=match):
            options.load(path)
    kept = tmp_path / "kept.json"
    made = photochrom(
        "colorize", scans / "scan-001.png", "-o", tmp_path / "a.png", "--hint", "10,20=navy", "--save-edits", kept
    )
    assert made.code == 0, made.err
    batch(tmp_path / "out", scans / "scan-001.png", settings=Settings(options=options.load(kept)[0]))
    assert (load(tmp_path / "out/scan-001.png") == load(tmp_path / "a.png")).all()


@pytest.mark.parametrize("way", ["skip", "copy"])
def test_only_grey(way: str, tmp_path: Path, photochrom: Command) -> None:
    save(COLOUR, tmp_path / "in/color.png")
    sepia = (data.camera()[:64, :64, None] * np.array([1, 0.85, 0.65])).astype(np.uint8)
    save(sepia, tmp_path / "in/sepia.png")
    asked = ["--only-grey", *(["--copy-color"] if way == "copy" else [])]
    assert photochrom("batch", tmp_path / "in", "-o", tmp_path / "out", "--workers", 1, *asked).code == 0
    states = {row.name: State(row.state).label for row in rows(tmp_path / "out")}
    assert states == {"sepia.png": "done", "color.png": "copied" if way == "copy" else "skipped"}
    found = outputs(tmp_path / "out")
    if way == "copy":
        assert found["color.png"] == (tmp_path / "in/color.png").read_bytes()
    else:
        assert set(found) == {"sepia.png"}


def test_scans_of_one_photograph_share_their_colours(tmp_path: Path, photochrom: Command) -> None:
    grey = data.astronaut()[..., 1]
    second = np.clip(grey[3:, 5:].astype(int) * 0.85 + 20, 0, 255).astype(np.uint8)  # darker, and a little cut
    save(grey, tmp_path / "in/a.png")
    save(second, tmp_path / "in/b.png")
    save(data.camera(), tmp_path / "in/c.png")
    batch(tmp_path / "alone", tmp_path / "in")
    asked = "--workers", 1, "--group-duplicates"
    assert photochrom("batch", tmp_path / "in", "-o", tmp_path / "out", *asked).code == 0
    found = {row.name: row for row in rows(tmp_path / "out")}
    assert (found["a.png"].leader, found["b.png"].leader, found["c.png"].leader) == (None, found["a.png"].id, None)
    assert all(row.state == State.DONE for row in found.values())
    assert (tmp_path / "out/a.png").read_bytes() == (tmp_path / "alone/a.png").read_bytes()

    def apart(folder: str) -> float:
        first, other = (load(tmp_path / folder / name).astype(float) for name in ("a.png", "b.png"))
        chroma = [picture - picture.mean(axis=2, keepdims=True) for picture in (first[3:, 5:], other)]
        return float(np.abs(chroma[0] - chroma[1]).mean())

    assert apart("out") < apart("alone")


def test_groups_of_hashes() -> None:
    assert groups({1: 0, 2: 0b111111, 3: 0b1111111, 4: -1, 5: (-1) ^ 1}) == {2: 1, 5: 4}
    rng = np.random.default_rng(0)
    hashes = {int(n): int(value) for n, value in enumerate(rng.integers(-(2**63), 2**63 - 1, 500))}
    twins = {1000 + n: value ^ (1 << n % 60) ^ (1 << (n * 7) % 60) for n, value in hashes.items()}
    assert groups(hashes | twins) == {1000 + n: n for n in hashes}
    camera, face = (picture.astype(np.float32) / 2.55 for picture in (data.camera(), data.astronaut()[..., 1]))
    assert _apart(camera, camera * 0.8 + 5) == 0
    assert _apart(face, face[3:, 5:] * 0.85 + 8) <= DISTANCE, "darker, and a little cut"
    assert _apart(face, camera) > 20


def _apart(first: Any, second: Any) -> int:
    return ((perceptual_hash(first) ^ perceptual_hash(second)) & (1 << 64) - 1).bit_count()


def test_figures_for_prometheus() -> None:
    metrics = Metrics()
    port = metrics.serve(0)
    metrics.states({State.WAITING: 3})
    metrics.tell({"event": "picture", "state": "done", "seconds": 0.2})
    metrics.tell({"event": "picture", "state": "failed", "seconds": 0.1, "error": "TruncatedImageError"})
    metrics.tell({"event": "lost", "aside": True})
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    metrics.close()
    for line in (
        'photochrom_batch_pictures_total{state="done"} 1.0',
        'photochrom_batch_failures_total{error="TruncatedImageError"} 1.0',
        "photochrom_batch_workers_lost_total 1.0",
        'photochrom_batch_state{state="waiting"} 0.0',
        'photochrom_batch_state{state="set aside"} 1.0',
        "photochrom_batch_seconds_count 2.0",
    ):
        assert line in text


def test_figures_of_a_running_command(scans: Path, tmp_path: Path) -> None:
    """Asked while a picture is in work that does not end: a named pipe into which nobody writes."""
    os.mkfifo(tmp_path / "hangs.png")
    good = scans / "scan-001.png"
    with driver(good, tmp_path / "hangs.png", "-o", tmp_path / "out", "--workers", 1, "--metrics", 0) as process:
        assert process.stderr is not None
        address = process.stderr.readline().split()[-1]
        assert address.startswith("http://127.0.0.1:")

        def shows(line: str) -> bool:
            return line in urllib.request.urlopen(address).read().decode().splitlines()

        until(lambda: shows('photochrom_batch_pictures_total{state="done"} 1.0'))
        assert shows('photochrom_batch_state{state="waiting"} 1.0')


def test_the_command_line(scans: Path, tmp_path: Path, photochrom: Command) -> None:
    assert "SOURCE" in photochrom("batch", "run", "--help").out
    assert "status" in photochrom("batch", "--help").out
    refused = photochrom("batch", scans, "-o", tmp_path / "out", "--copy-color")
    assert (refused.code, "--only-grey" in refused.err) == (2, True)
    assert photochrom("batch", tmp_path / "nowhere", "-o", tmp_path / "out").code == 1
    made = photochrom(
        "batch", scans / "scan-001.png", scans / "scan-002.png", "-o", tmp_path / "out", "--json", "--workers", 1
    )
    assert made.code == 0
    assert [line["event"] for line in made.lines][-3:] == ["picture", "picture", "end"]
    state = photochrom("batch", "status", tmp_path / "out", "--json").lines[0]
    assert (state["pictures"], state["done"], state["failures"], state["active"]) == (2, 2, {}, [])
    assert "2  done" in photochrom("batch", "status", tmp_path / "out").out
    other = photochrom("batch", scans, "-o", tmp_path / "else", "--manifest", tmp_path / "out/photochrom-batch.db")
    assert (other.code, "belongs to the destination" in other.err) == (1, True)
    from photochrom.archive.execute import open_manifest

    manifest = open_manifest(str(tmp_path / "out"), None)
    assert stored(manifest).sources == (str(scans / "scan-001.png"), str(scans / "scan-002.png"))
    manifest.close()


def test_results_of_photochrom_are_left_alone(scans: Path, tmp_path: Path, photochrom: Command) -> None:
    """Results among scans, in a folder, in an archive or named in a list, are not coloured once more unless it is asked for."""
    mixed = tmp_path / "mixed"
    assert photochrom("colorize", scans / "scan-001.png", "-o", mixed / "result.png").code == 0
    assert photochrom("colorize", scans / "scan-000.jpg", "-o", mixed / "below/result.jpg").code == 0
    (mixed / "scan.png").write_bytes((scans / "scan-002.png").read_bytes())
    with zipfile.ZipFile(tmp_path / "mixed.zip", "w") as archive:
        for path in sorted(mixed.rglob("*.*")):
            archive.write(path, path.relative_to(mixed))
    (tmp_path / "list.txt").write_text(f"{mixed}/result.png\n{mixed}/scan.png\n{mixed}/below/result.jpg\n")
    before = outputs(mixed)
    asked = {
        mixed: (),
        tmp_path / "mixed.zip": ("--group-duplicates",),
        tmp_path / "list.txt": ("--only-grey", "--copy-color"),
    }
    for number, (source, more) in enumerate(asked.items()):
        found = photochrom("batch", source, "-o", tmp_path / f"out-{number}", "--workers", 1, *more)
        assert found.code == 0
        assert "2 of the sources were coloured by Photochrom already" in found.err
        assert [Path(name).name for name in outputs(tmp_path / f"out-{number}")] == ["scan.png"]
    out = tmp_path / "out-0"
    assert outputs(mixed) == before
    left = next(row for row in rows(out) if row.name == "result.png")
    assert (State(left.state), left.tries, left.sentence) == (State.OWN, 1, "coloured by Photochrom already")
    assert photochrom("batch", "status", out, "--json").lines[0]["coloured before"] == 2
    assert "2  coloured before" in photochrom("batch", "status", out).out
    assert photochrom("batch", "verify", out).code == 0
    assert photochrom("batch", "report", out).code == 0
    assert "coloured before" in (out / "report.html").read_text()
    found = photochrom("batch", mixed, "-o", out, "--workers", 1, "--own-results")
    assert (found.code, found.err.splitlines()[-1]) == (0, "photochrom: 3 done")
    assert len(outputs(out)) == 3


def test_a_batch_beside_the_results_of_another(scans: Path, tmp_path: Path, photochrom: Command) -> None:
    """A second destination within the sources: the first one's results there are no sources, in a bag neither."""
    box = tmp_path / "box"
    box.mkdir()
    (box / "a.png").write_bytes((scans / "scan-001.png").read_bytes())
    assert photochrom("batch", box, "-o", box / "first", "--bag", "--workers", 1).code == 0
    assert photochrom("batch", box, "-o", box / "second", "--workers", 1).code == 0
    assert [Path(name).name for name in outputs(box / "second")] == ["a.png"]
    assert {row.name: State(row.state).label for row in rows(box / "second")} == {
        "a.png": "done",
        "first/data/a.png": "coloured before",
    }
