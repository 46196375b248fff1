"""Folders as archives and families keep them: what is found in them, what is passed over, and what names become."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from helpers import Grey, save
from photochrom.batch import Job, Settle, plan, run, walk
from photochrom.batch.places import EXISTS
from photochrom.errors import OutputConflictError, OutputExistsError
from photochrom.images.parts import (
    PAGE,
    file_name,
    open_part,
)

pytestmark = pytest.mark.usefixtures("here")


def targets(jobs: list[Job]) -> dict[str, str]:
    assert not [job.error for job in jobs if job.error]
    return {job.source.as_posix(): job.target.as_posix() for job in jobs}


#: A page that a killed run has left.
LEFT = f".c.tif.photochrom-00000000-12345678.part/{PAGE}"


def test_what_systems_keep_beside_pictures_is_passed_over(photo: Grey) -> None:
    for name in ("a.jpg", "@eaDir/a.jpg/thumb.jpg", ".thumbnails/a.png", "deep/__MACOSX/b.jpg", LEFT):
        save(photo, Path("in") / name)
    Path("in/._a.jpg").write_bytes(b"\0\5\x16\7\0\2\0\0" + bytes(100))
    Path("in/._empty.jpg").touch()
    save(photo, Path("in/real.jpg")).rename("in/._real.jpg")
    for name in ("Thumbs.db", ".DS_Store", "b.PSD", "c.psd", "d.dng", "notes.txt", "README"):
        Path("in", name).touch()
    counts = Counter[str]()
    jobs = plan([Path("in")], Path("out"), skipped=counts)
    assert targets(jobs) == {"in/a.jpg": "out/a.jpg", "in/._real.jpg": "out/._real.jpg"}
    assert counts == {"system file": 4, "PSD": 2, "raw": 1, "other file": 2}


def test_a_picture_with_the_ending_of_another_kind_is_taken_by_its_content(here: Path, photo: Grey) -> None:
    save(photo, Path("in/x.png")).rename("in/a.bmp")
    save(photo, Path("in/x.jpg")).rename("in/b.heic")
    save(photo, Path("in/x.tif")).rename("in/c.dng")  # as real ones begin
    Path("in/d.bmp").write_bytes(b"BM" + bytes(60))
    counts = Counter[str]()
    assert targets(plan([Path("in")], Path("out"), skipped=counts)) == {
        "in/a.bmp": "out/a.png",
        "in/b.heic": "out/b.jpg",
    }
    assert counts == {"raw": 1, "BMP": 1}


def test_pictures_without_a_telling_name_are_found_by_content(photo: Grey) -> None:
    save(photo, Path("x.jpg")).rename("photo")
    save(photo, Path("x.jpg")).rename("b.jfif")
    save(photo, Path("x.tif")).rename("roll.0012")
    assert targets(plan([Path("photo")], None)) == {"photo": "photo_color.jpg"}
    assert targets(plan([Path("b.jfif")], None)) == {"b.jfif": "b_color.jpg"}
    assert targets(plan([Path("roll.0012")], None)) == {"roll.0012": "roll.0012_color.tif"}
    assert targets(plan([Path()], Path("out"))) == {"b.jfif": "out/b.jpg", "photo": "out/photo.jpg"}
    assert targets(plan([Path("photo")], None, format="png")) == {"photo": "photo_color.png"}


def test_the_ending_of_a_result_follows_the_content(photo: Grey) -> None:
    save(photo, Path("in/x.tif")).rename("in/a.jpg")
    save(photo, Path("in/b.png"))
    save(photo, Path("in/x.png")).rename("in/b.jpg")
    jobs = plan([Path("in")], Path("out"))
    done = {one.job.source.name: one for one in run(jobs, lambda job: job.target.name, Settle(jobs))}
    assert done["a.jpg"].value == "a.tif"
    assert isinstance(done["b.jpg"].error, OutputConflictError), "b.png is the result of another"
    assert done["b.png"].value == "b.png"
    Path("out").mkdir()
    Path("out/a.tif").touch()
    for skip_existing in (False, True):
        jobs = plan([Path("in/a.jpg")], Path("out"), skip_existing=skip_existing)
        (one,) = run(jobs, lambda job: "done", Settle(jobs, skip_existing=skip_existing))
        assert one.job.skip == EXISTS if skip_existing else isinstance(one.error, OutputExistsError)


def test_links_that_lead_out_of_the_folder(photo: Grey) -> None:
    for name in ("in/a.jpg", "in/deep/b.jpg", "elsewhere/c.jpg", "elsewhere/d.jpg"):
        save(photo, Path(name))
    Path("in/out").symlink_to(Path("elsewhere").resolve())
    Path("in/d.jpg").symlink_to("../elsewhere/d.jpg")
    Path("in/inside.jpg").symlink_to("deep/b.jpg")
    Path("in-link").symlink_to("in")
    counts = Counter[str]()
    inside = {"a.jpg", "inside.jpg", "deep/b.jpg"}
    assert {job.target.relative_to("o").as_posix() for job in plan([Path("in")], Path("o"), skipped=counts)} == inside
    assert counts == {"link out of the folder": 2}
    assert {job.target.relative_to("o").as_posix() for job in plan([Path("in-link")], Path("o"))} == inside
    followed = plan([Path("in")], Path("o"), follow_links=True)
    assert {job.target.relative_to("o").as_posix() for job in followed} == inside | {"out/c.jpg", "out/d.jpg", "d.jpg"}


def test_planning_is_linear() -> None:
    """Work is counted, not time: what each file costs does not depend on how many there are."""
    import sys

    def calls(count: int) -> int:
        folder = Path(f"in{count}")
        folder.mkdir()
        for number in range(count):
            (folder / f"{number}.jpg").touch()
        found = 0

        def note(*_: object) -> None:
            nonlocal found
            found += 1

        sys.setprofile(note)
        try:
            assert len(plan([folder], Path("out"))) == count
        finally:
            sys.setprofile(None)
        return found

    assert calls(800) < 9 * calls(100)


def test_walk_yields_as_it_goes() -> None:
    for name in ("a/1.jpg", "b/2.jpg"):
        Path("in", name).parent.mkdir(parents=True)
        Path("in", name).touch()
    found = walk(Path("in"))
    assert next(found).below == Path("a")
    Path("in/b/2.jpg").unlink()
    assert next(found, None) is None


def test_long_names(photo: Grey) -> None:
    assert file_name("ä" * 200, ".jpg") == "ä" * 125 + ".jpg"
    name = "é" * 124 + "abc.jpg"
    assert len(os.fsencode(name)) == 255
    save(photo, Path("x.jpg")).rename(name)
    (job,) = plan([Path(name)], None)
    assert 250 < len(os.fsencode(job.target.name)) <= 255
    assert job.target.name.endswith("_color.jpg")
    descriptor, part = open_part(Path(name))
    os.close(descriptor)
    assert part.exists()
