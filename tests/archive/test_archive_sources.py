"""From what the user names to rows: nothing twice, nothing left out in silence, and one output for each picture."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from helpers import Command, save
from photochrom.archive import stores
from photochrom.archive.manifest import Manifest, Planned
from photochrom.archive.sources import Plan, plan, refuse_originals
from photochrom.archive.states import State
from photochrom.errors import BatchError, ImageNotFoundError, ManifestError, OptionError

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def manifest() -> Iterator[Manifest]:
    made = Manifest("m.db", create=True)
    yield made
    made.close()


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"x")


def planned(manifest: Manifest, *sources: str, out: str = "out") -> Plan:
    return list(plan(manifest, sources, out))[-1]


def pairs(manifest: Manifest) -> dict[str, str]:
    """Name of the output -> address of the picture."""
    origins = manifest.origins()
    return {row.name: stores.at(origins[row.origin], row.path or row.name) for row in manifest.rows()}


def test_a_folder_is_mirrored(manifest: Manifest, here: Path) -> None:
    touch("in/b.jpg", "in/a.TIFF", "in/notes.txt", "in/deep/er/c.webp", "in/out/d.jpg")
    assert planned(manifest, "in", out="in/out").new == 3
    assert pairs(manifest) == {name: f"{here}/in/{name}" for name in ("a.TIFF", "b.jpg", "deep/er/c.webp")}
    found = planned(manifest, "in", out="in/out")
    assert (found.new, found.known) == (0, 3), "the same command goes on"
    touch("in/new.jpg")
    assert planned(manifest, "in", out="in/out").new == 1


def test_folders_are_walked_as_colorize_does(manifest: Manifest, here: Path) -> None:
    """What systems keep beside pictures is passed over, and links out of the folder; what is only read gets another ending."""
    touch("in/a.jpg", "in/@eaDir/a.jpg", "in/Thumbs.db", "in/notes.txt", "elsewhere/c.jpg")
    Path("in/b.jp2").write_bytes(b"\0\0\0\x0cjP  \r\n\x87\n")
    Path("in/._a.jpg").write_bytes(b"\0\5\x16\7")
    Path("in/away").symlink_to(here / "elsewhere")
    found = planned(manifest, "in")
    assert pairs(manifest) == {"a.jpg": f"{here}/in/a.jpg", "b.tif": f"{here}/in/b.jp2"}
    assert found.passed == {"system file": 2, "other file": 1, "link out of the folder": 1}
    (followed,) = plan(manifest, ["in"], "out", follow_links=True)
    assert (followed.new, followed.known) == (1, 2)
    assert pairs(manifest)["away/c.jpg"] == f"{here}/in/away/c.jpg"
    with zipfile.ZipFile("scans.zip", "w") as archive:
        for name in ("z.jpg", "__MACOSX/z.jpg", "._z.jpg", "y.jp2"):
            archive.writestr(name, name)
    assert planned(manifest, "scans.zip").passed == {"system file": 2}
    assert {"z.jpg", "y.tif"} <= set(pairs(manifest))


def test_several_sources_keep_their_names(manifest: Manifest, here: Path) -> None:
    touch("one/a.jpg", "two/a.jpg", "b.jpg")
    planned(manifest, "one", "two/", "b.jpg")
    expected = {"one/a.jpg": "one/a.jpg", "two/a.jpg": "two/a.jpg", "b.jpg": "b.jpg"}
    assert pairs(manifest) == {name: f"{here}/{path}" for name, path in expected.items()}


def test_globs(manifest: Manifest) -> None:
    touch("in/x1.jpg", "in/x2.png", "in/deep/x3.jpg", "in/deep/y[1].jpg", "in/é.jpg")
    planned(manifest, "in/x*")
    assert sorted(pairs(manifest)) == ["x1.jpg", "x2.png"]
    planned(manifest, "in/**/x?.jpg")
    assert sorted(pairs(manifest)) == ["deep/x3.jpg", "x1.jpg", "x2.png"]
    planned(manifest, "in/deep/y[[]1].jpg")
    assert "y[1].jpg" in pairs(manifest)


def test_lists(manifest: Manifest, here: Path) -> None:
    touch("in/a.jpg", "in/b.jpg")
    Path("in/list.txt").write_text("a.jpg\n\n  b.jpg \n/elsewhere/c.jpg\nfile:///elsewhere/e.jpg\ns3://bucket/d.jpg\n")
    planned(manifest, "in/list.txt")
    assert pairs(manifest) == {
        "a.jpg": f"{here}/in/a.jpg",
        "b.jpg": f"{here}/in/b.jpg",
        "elsewhere/c.jpg": "/elsewhere/c.jpg",
        "elsewhere/e.jpg": "/elsewhere/e.jpg",
        "bucket/d.jpg": "s3://bucket/d.jpg",
    }


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_lists_with_options_of_single_pictures(manifest: Manifest, here: Path, kind: str) -> None:
    rows = [
        ("a.jpg", "2024/x.jpg", 0.2, None, "n"),
        ("b.jpg", None, None, "warm", "n"),
        ("c.jpg", None, None, None, "n"),
    ]
    names = ["File", "output", "vividness", "palette", "shelf"]
    if kind == "csv":
        lines = [",".join(names), *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]
        Path("list.csv").write_text("\n".join(lines), "utf-8-sig")
    else:
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        pyarrow.parquet.write_table(pyarrow.table({key: list(value) for key, value in columns.items()}), "list.parquet")
    planned(manifest, f"list.{kind}")
    assert pairs(manifest) == {"2024/x.jpg": f"{here}/a.jpg", "b.jpg": f"{here}/b.jpg", "c.jpg": f"{here}/c.jpg"}
    looks = manifest.looks()
    found = {row.name: looks.get(row.look) for row in manifest.rows()}
    assert found == {"2024/x.jpg": '{"vividness": 0.2}', "b.jpg": '{"palette": "warm"}', "c.jpg": None}


def test_tables_of_other_programs(manifest: Manifest) -> None:
    """With semicolons, tabs, quotes and line ends of Windows; a column of titles does not name outputs."""
    rows = 'Path{0}Name{0}Vividness\r\n"a, b.jpg"{0}"Aunt\r\nMary"{0}0.5\r\nc.jpg{0}Jack{0}\r\n'
    for name, delimiter in (("a.csv", ";"), ("b.csv", ","), ("c.tsv", "\t")):
        Path(name).write_bytes(b"\xef\xbb\xbf" + rows.format(delimiter).encode())
        planned(manifest, name)
        found = {row.name: manifest.looks().get(row.look) for row in manifest.rows()}
        assert found == {"a, b.jpg": '{"vividness": 0.5}', "c.jpg": None}


def test_changed_options_of_a_picture_are_noted(manifest: Manifest) -> None:
    Path("list.csv").write_text("path,vividness\na.jpg,0.2\n")
    planned(manifest, "list.csv")
    Path("list.csv").write_text("path,vividness\na.jpg,0.8\n")
    assert planned(manifest, "list.csv").known == 1
    (row,) = manifest.rows()
    assert manifest.looks()[row.look] == '{"vividness": 0.8}'


@pytest.mark.parametrize(
    ("name", "text", "error", "match"),
    [
        ("l.csv", "picture\na.jpg\n", BatchError, "no column with the pictures.*it has picture"),
        ("l.csv", "", BatchError, "no column"),
        ("l.txt", "\n\n", BatchError, "no pictures there; a list has the path or URL of one on each line"),
        ("l.csv", "path,vividness\na.jpg,2\n", OptionError, "vividness in l.csv, row 1.*0 to 1"),
        ("l.csv", "path,output\na.jpg,../x.jpg\n", BatchError, "leads out of the destination"),
        (
            "l.csv",
            "path,output\na.jpg,x\n",
            BatchError,
            r"row 1: .*'x' has no ending that is written; choose one of .*\.png",
        ),
        ("l.csv", "path,output\na.jpg,.Photochrom-batch/x.png\n", BatchError, "in the folder of unfinished outputs"),
        ("l.csv", "path,hints\na.jpg,nonsense\n", OptionError, "hints in l.csv, row 1"),
        ("l.csv", "path,hints\n,\n", BatchError, "row 1: names no picture"),
        ("l.parquet", "nonsense", BatchError, "no Parquet file"),
    ],
)
def test_bad_lists(manifest: Manifest, name: str, text: str, error: type[Exception], match: str) -> None:
    Path(name).write_text(text)
    with pytest.raises(error, match=match):
        planned(manifest, name)


def test_a_list_in_another_encoding(manifest: Manifest) -> None:
    Path("list.csv").write_bytes("path\nfö.jpg\n".encode("utf-16"))
    with pytest.raises(BatchError, match=r"is no list in UTF-8 .*save it as UTF-8"):
        planned(manifest, "list.csv")


def test_files_of_a_list_without_an_ending_have_that_of_their_content(manifest: Manifest) -> None:
    grey = np.zeros((2, 2), np.uint8)
    save(grey, Path("a.tif")).rename("scan.0012")
    save(grey, Path("a.png")).rename("scan")
    Path("list.txt").write_text("scan\nscan.0012\nabsent\n")
    planned(manifest, "list.txt")
    planned(manifest, "scan.0012")
    assert sorted(pairs(manifest)) == ["absent", "scan.0012.tif", "scan.png"]


def test_unfinished_outputs_are_no_pictures(manifest: Manifest) -> None:
    """A killed batch leaves some in its destination, which may be among the sources of another one."""
    touch("in/a.jpg", "in/old/.photochrom-batch/17-ab.jpg", "in/old/b.jpg")
    planned(manifest, "in")
    assert sorted(pairs(manifest)) == ["a.jpg", "old/b.jpg"]


def test_a_zip_file(manifest: Manifest, here: Path) -> None:
    with zipfile.ZipFile("scans.zip", "w") as archive:
        for name in ("a.jpg", "deep/b.jpg", "notes.txt"):
            archive.writestr(name, name)
    planned(manifest, "scans.zip")
    found = pairs(manifest)
    assert found == {name: f"zip://{name}::{here}/scans.zip" for name in ("a.jpg", "deep/b.jpg")}
    assert stores.read(found["deep/b.jpg"]) == b"deep/b.jpg"


def test_names_that_collide(manifest: Manifest, here: Path) -> None:
    touch("in/A.jpg", "in/a.jpg", "in/\u00e9.jpg", "in/e\u0301.jpg")
    found = planned(manifest, "in")
    assert (found.new, found.refused) == (2, 2)
    failed = [row for row in manifest.rows() if row.state == State.FAILED]
    assert {row.error for row in failed} == {"OutputConflictError"}
    assert f"that of {here}/in/A.jpg, too" in failed[0].sentence
    found = planned(manifest, "in")
    assert (found.new, found.known, found.refused) == (0, 2, 0), "named once"
    apart = Manifest("n.db", create=True, case_sensitive=True)
    assert planned(apart, "in").new == 4
    apart.close()


def test_two_pictures_for_one_output(manifest: Manifest) -> None:
    Path("list.csv").write_text("path,output\na.jpg,x.jpg\nb.jpg,x.jpg\na.jpg,x.jpg\n")
    found = planned(manifest, "list.csv")
    assert (found.new, found.refused) == (1, 1)


def test_what_is_not_there(manifest: Manifest) -> None:
    Path("empty").mkdir()
    with pytest.raises(BatchError, match="empty: no pictures there"):
        planned(manifest, "empty")
    with pytest.raises(ImageNotFoundError, match="no such file"):
        planned(manifest, "nowhere")
    with pytest.raises(ImageNotFoundError, match="there is no folder nowhere/"):
        planned(manifest, "nowhere/*.jpg")
    for source in ("", " "):  # of a variable that is not set, say: not all that is here
        with pytest.raises(OptionError, match="SOURCE is"):
            planned(manifest, source)
    touch("in/a.jpg")
    with pytest.raises(OptionError, match="never touched"):
        refuse_originals(["in"], "in/")
    with pytest.raises(BatchError, match="nosuch://x/"):
        planned(manifest, "nosuch://x/y")


def test_a_folder_without_rights_is_named_and_the_rest_goes_on(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch("in/a.jpg", "in/closed/b.jpg")
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).rstrip("/").endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = planned(manifest, "in")
    assert found.new == 1
    assert [("closed" in trouble, "Permission denied" in trouble) for trouble in found.troubles] == [(True, True)]


def test_what_lies_in_a_folder_without_rights(manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system refuses to look at it at all."""
    touch("closed/a.jpg")

    def refusing(usual: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def look(path: object, *arguments: object, **more: object) -> os.stat_result:
            if "closed/" in str(path):
                raise PermissionError(13, "Permission denied")
            return usual(path, *arguments, **more)

        return look

    monkeypatch.setattr(os, "stat", refusing(os.stat))
    monkeypatch.setattr(os, "lstat", refusing(os.lstat))
    refuse_originals(["closed/a.jpg"], "out")
    with pytest.raises(ImageNotFoundError, match=r"cannot be looked at \(Permission denied"):
        planned(manifest, "closed/a.jpg")
    refuse_originals(["closed/*.jpg"], "out")
    (trouble,) = planned(manifest, "closed/*.jpg").troubles
    assert "a.jpg: cannot be looked at (Permission denied)" in trouble


def test_a_huge_folder_is_read_a_window_at_a_time(manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(*(f"in/{n:02}.jpg" for n in range(25)), "in/below/z.jpg")
    held: list[int] = []

    def kept(entries: Iterator[os.DirEntry[str]], count: int) -> list[os.DirEntry[str]]:
        found = list(islice(entries, count))
        held.append(len(found))
        return found

    monkeypatch.setattr("photochrom.archive.sources.WINDOW", 10)
    monkeypatch.setattr(sys.modules["photochrom.batch.walk"], "islice", kept)  # the package has a function of that name
    assert planned(manifest, "in").new == 26
    assert max(held) == 10


def test_links_that_form_a_loop_end(manifest: Manifest) -> None:
    touch("in/a.jpg")
    Path("in/again").symlink_to("..")
    Path("in/self.jpg").symlink_to("self.jpg")
    found = planned(manifest, "in")
    assert found.new == 1
    assert "self.jpg" in found.troubles[0]


def test_manifests_that_cannot_be_used(photochrom: Command) -> None:
    made = Manifest("old.db", create=True)
    made.note("format", "99")
    made.close()
    with pytest.raises(ManifestError, match="version 99, and this Photochrom knows 1"):
        Manifest("old.db")
    Path("torn.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(ManifestError, match=r"torn\.db.*damaged"):
        Manifest("torn.db")
    Path("folder").mkdir()
    with pytest.raises(ManifestError, match="is a folder; name a file"):
        Manifest("folder", create=True)
    with pytest.raises(ManifestError, match="there is no manifest"):
        Manifest("absent.db")
    with pytest.raises(ManifestError) as refused:
        Manifest("postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(refused.value)
    assert photochrom("batch", "status", "nowhere").code == 1


def test_many_rows_are_added_a_window_at_a_time(manifest: Manifest) -> None:
    origin = manifest.origin("/archive/")
    for start in range(0, 5000, 1000):
        added = manifest.add([Planned(origin, f"{n:06}.jpg", f"{n:06}.jpg", n) for n in range(start, start + 1000)])
        assert added.new == 1000
    mixed = [Planned(origin, f"{n:06}.jpg", f"{n:06}.jpg", n) for n in range(4990, 5010)]
    added = manifest.add(mixed)
    assert (added.new, added.known, added.refused) == (10, 10, 0)
    assert manifest.counts() == {State.WAITING: 5010}


def test_a_list_is_the_same_one_by_whatever_way_it_is_named(manifest: Manifest, here: Path) -> None:
    touch("in/a.jpg", "in/b/c.jpg")
    Path("in/list.txt").write_text("a.jpg\nb/c.jpg\n")
    Path("beside").mkdir()
    assert planned(manifest, "beside/../in/list.txt").new == 2
    assert sorted(pairs(manifest)) == ["a.jpg", "b/c.jpg"]
    assert planned(manifest, str(here / "in/list.txt")).known == 2


@pytest.mark.skipif(os.name != "posix", reason="names are text on Windows")
def test_names_that_are_no_text_are_told_and_the_rest_goes_on(manifest: Manifest) -> None:
    touch("in/a.jpg")
    try:
        Path(os.fsdecode(b"in/caf\xe9")).mkdir()
    except OSError:
        pytest.skip("names are text on this disk, too")
    Path(os.fsdecode(b"in/caf\xe9/b.jpg")).write_bytes(b"x")
    Path(os.fsdecode(b"in/\xe9.jpg")).write_bytes(b"x")
    Path(os.fsdecode(b"in/\xe9.txt")).write_bytes(b"x")
    found = planned(manifest, "in")
    assert list(pairs(manifest)) == ["a.jpg"]
    assert len(found.troubles) == 2
    assert all("no text" in trouble and trouble.isprintable() for trouble in found.troubles)
    with pytest.raises(BatchError, match="no text"):
        planned(manifest, os.fsdecode(b"in/caf\xe9"))


def test_a_pattern_that_means_nothing_is_named(manifest: Manifest) -> None:
    touch("in/a.jpg")
    with pytest.raises(BatchError, match="cannot be understood"):
        planned(manifest, "in/[z-a]*.jpg")


def test_a_destination_may_have_a_question_mark(here: Path) -> None:
    Manifest("what?/m.db", create=True).close()
    assert (here / "what?" / "m.db").is_file()
    assert [path.name for path in here.iterdir()] == ["what?"]
