"""The report: what it holds, and how it behaves in a browser with the rows of a large batch."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import data, needs_browser, save
from photochrom.archive import report
from photochrom.archive.execute import Request, execute, open_manifest
from photochrom.archive.figures import figures
from photochrom.archive.manifest import Manifest, Planned
from photochrom.archive.report import tables, write_report
from photochrom.archive.report.sheets import sheets
from photochrom.archive.report.tables import FAILURES, ROWS
from photochrom.archive.states import State
from photochrom.archive.tables import PICTURES, writing


@pytest.fixture(scope="module")
def page(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a small batch with a failure."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "bad.jpg").write_text("no picture")
    execute(Request(str(folder / "out"), (str(scans), str(folder / "bad.jpg")), workers=1), lambda _: None)
    manifest = open_manifest(str(folder / "out"), None)
    written = write_report(manifest)
    manifest.close()
    return written


def test_a_page_of_its_own(page: Path) -> None:
    text = page.read_text()
    assert "13 pictures" in text
    assert "UnsupportedImageError" in text
    assert "http" not in text.replace("http-equiv", "").replace("https://", "http://").replace('startsWith("http', "")
    assert "default-src 'none'" in text


def test_what_deserves_a_look_is_on_its_sheet(tmp_path: Path) -> None:
    """One face, coloured three times, once vividly; of one the colours are taken away afterwards, as if none had been found."""
    face = data.astronaut()[0:256, 96:352, 1]
    save(face, tmp_path / "face.png")
    lines = ["face.png,plain.png,", "face.png,grey.png,", "face.png,strong.png,1"]
    (tmp_path / "list.csv").write_text("\n".join(["path,output,vividness", *lines]))
    execute(Request(str(tmp_path / "out"), (str(tmp_path / "list.csv"),), workers=1), lambda _: None)
    save(face, tmp_path / "out/grey.png")
    manifest = open_manifest(str(tmp_path / "out"), None)
    none = figures(np.zeros((*face.shape, 2), np.float32), np.full(face.shape, 50, np.float32))
    with writing(manifest._engine) as connection:
        connection.execute(PICTURES.update().where(PICTURES.c.name == "grey.png").values(**none))
    found = {sheet.title: sheet.pictures for sheet in sheets(manifest, f"{tmp_path / 'out'}/")}
    manifest.close()
    names = {title: [one["name"] for one in pictures] for title, pictures in found.items()}
    assert names["Nearly grey"] == ["grey.png"]
    assert names["Faces without skin colour"] == ["grey.png"]
    assert names["The strongest colours"] == ["strong.png", "plain.png", "grey.png"]
    assert sorted(names["The least sure"]) == ["grey.png", "plain.png", "strong.png"]
    assert all(one["before"] != one["after"] for one in found["The strongest colours"][:2])


@needs_browser
def test_in_a_browser(page: Path, browser: Any) -> None:
    view = browser.new_page()
    complaints: list[str] = []
    view.on("console", lambda message: complaints.append(message.text))
    view.goto(page.as_uri())
    assert view.locator("#rows tr").count() == 13
    assert view.locator("[data-sheet='0'] img").count() == 12
    view.locator("[data-sheet='0'] button").first.click()
    assert view.locator("#pair").is_visible()
    assert view.locator("#before").evaluate("image => image.naturalWidth") > 0
    for which in ("before", "after"):
        address = view.locator(f"#{which}-link").evaluate("anchor => anchor.href")
        assert Path(address.removeprefix("file://")).is_file()
    view.keyboard.press("Escape")
    view.get_by_role("button", name="UnsupportedImageError").click()
    assert view.locator("#rows tr").count() == 1
    assert "bad.jpg" in view.locator("#rows tr").inner_text()
    assert complaints == []
    view.close()


def test_a_large_batch_is_sampled(tmp_path: Path) -> None:
    manifest = Manifest(str(tmp_path / "m.db"), create=True)
    manifest.note("out", str(tmp_path))
    origin = manifest.origin("/archive/")
    total = 2 * ROWS
    manifest.add([Planned(origin, f"{n:07}.jpg", f"{n:07}.jpg", 1) for n in range(total)])
    with writing(manifest._engine) as connection:
        bad = PICTURES.c.id % 3 == 0
        values = {"state": int(State.FAILED), "error": "ImageError", "sentence": "broken", "finished": time.time()}
        connection.execute(PICTURES.update().where(bad).values(**values))
    written = write_report(manifest, tmp_path / "r.html")
    manifest.close()
    text = written.read_text()
    assert f"of {total:,} pictures: a sample, with failures first" in text
    assert FAILURES <= text.count('"failed"') <= FAILURES + 10
    assert len(text) < 2_000_000


def test_a_batch_of_failures_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS", 4)
    manifest = Manifest(str(tmp_path / "m.db"), create=True)
    origin = manifest.origin("/archive/")
    manifest.add([Planned(origin, f"{n}.jpg", f"{n}.jpg", 1) for n in range(4)])
    with writing(manifest._engine) as connection:
        connection.execute(PICTURES.update().values(state=int(State.FAILED)))
    rows, total = tables.sampled(manifest)
    manifest.close()
    assert (len(rows), total) == (4, 4)


def test_originals_on_another_drive_have_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*_: Any) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(report.os.path, "relpath", other)
    assert report._link(f"{tmp_path}/", tmp_path) == f"{tmp_path.as_uri()}/"
