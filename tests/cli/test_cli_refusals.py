"""Bad input on the command line: a named error for that file, the rest go on, nothing overwritten or half-written."""

from __future__ import annotations

import errno
import os
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import Command, Grey, contents, files, load, save
from photochrom import Colorized

pytestmark = pytest.mark.usefixtures("here")


def bomb(side: int) -> bytes:
    """A picture that claims to be huge, in a hundred bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


def test_bad_pictures_are_named_and_the_rest_go_on(photochrom: Command, photo: Grey) -> None:
    whole = save(photo, Path("whole.jpg")).read_bytes()
    nan = np.ones((8, 8), np.float32)
    nan[3, 3] = np.nan
    save(nan, Path("bad/nan.tif"))
    Path("bad/empty.png").touch()
    Path("bad/broken.jpg").write_bytes(whole[: len(whole) // 2])
    Path("bad/text.jpg").write_text("not a picture")
    Path("bad/bomb.png").write_bytes(bomb(100_000))
    Path("bad/loop.jpg").symlink_to("loop.jpg")
    Path("bad/up").symlink_to(Path("bad").resolve())
    os.mkfifo("bad/pipe.png")
    save(photo[:1, :1], Path("bad/dot.png"))
    save(np.resize(photo, (1, 5000)), Path("bad/line.png"))
    before = {name: Path("bad", name).read_bytes() for name in ("empty.png", "broken.jpg", "dot.png")}
    done = photochrom("colorize", "absent.jpg", "bad", "whole.jpg", "-o", "out", "--json")
    assert done.code == 1
    *lines, last = done.lines
    assert last == {"done": 3, "skipped": {}, "failed": 8}
    assert {line["input"]: line.get("error") for line in lines} == {
        "absent.jpg": "ImageNotFoundError",
        "bad/bomb.png": "ImageTooLargeError",
        "bad/broken.jpg": "TruncatedImageError",
        "bad/dot.png": None,
        "bad/empty.png": "TruncatedImageError",
        "bad/line.png": None,
        "bad/loop.jpg": "ImageNotFoundError",
        "bad/nan.tif": "InvalidPixelsError",
        "bad/pipe.png": "UnsupportedImageError",
        "bad/text.jpg": "UnsupportedImageError",
        "whole.jpg": None,
    }
    errors = done.err.splitlines()
    for line in lines:
        assert sum(f"photochrom: {line['input']}" in error for error in errors) == ("error" in line)
    assert len(errors) == 8
    assert files("out") == {"bad/dot.png", "bad/line.png", "whole.jpg"}
    assert load(Path("out/bad/line.png")).shape == (1, 5000, 3)
    assert {name: Path("bad", name).read_bytes() for name in before} == before


def test_an_unreadable_folder(photochrom: Command, photo: Grey, monkeypatch: pytest.MonkeyPatch) -> None:
    save(photo, Path("in/a.png"))
    save(photo, Path("in/locked/b.png"))
    scan = os.scandir

    def refuse(path: Any = ".") -> Any:
        if Path(os.fsdecode(path)).name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    done = photochrom("colorize", "in", "-o", "out")
    assert done.code == 1
    assert re.fullmatch(r"photochrom: in/locked: .*Permission denied.*\n", done.err)
    assert Path("out/a.png").exists()


def test_an_output_folder_that_cannot_be_made(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    Path("file").write_text("precious")
    for out in ("file/b.png", "file/deep/b.png"):
        done = photochrom("colorize", "a.png", "-o", out, "--json")
        assert done.code == 1
        assert done.lines[0]["error"] == "OutputWriteError"
        assert "a.png" in done.err
    assert files() == {"a.png", "file"}
    assert Path("file").read_text() == "precious"


def test_a_failing_picture_leaves_no_folder(photochrom: Command) -> None:
    assert photochrom("colorize", "absent.jpg", "-o", "out/deep/a.jpg").code == 1
    assert not Path("out").exists()


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk(photochrom: Command, photo: Grey, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    save(photo, Path("a.png"))
    save(photo, Path("b.png"))
    Path("a_color.png").write_text("precious")
    real, refusals = getattr(os, call), iter([True])

    def full(descriptor: int, *rest: Any) -> Any:
        if descriptor > 2 and next(refusals, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, *rest)

    monkeypatch.setattr(os, call, full)
    done = photochrom("colorize", "a.png", "b.png", "--force", "--json")
    assert done.code == 1
    assert [line.get("error") for line in done.lines] == ["OutputWriteError", None]
    assert "No space left on device" in done.err
    assert files() == {"a.png", "b.png", "a_color.png", "b_color.png"}
    assert Path("a_color.png").read_text() == "precious"


def test_two_inputs_with_one_output(photochrom: Command, photo: Grey) -> None:
    for name in ("x/a.png", "y/a.png", "y/b.png"):
        save(photo, Path(name))
    done = photochrom("colorize", "x/a.png", "y/a.png", "y/b.png", "-o", "out", "--json")
    assert done.code == 1
    assert [line.get("error") for line in done.lines] == ["OutputConflictError", "OutputConflictError", None]
    assert files("out") == {"b.png"}


def test_no_output_is_an_input_of_the_same_run(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    save(photo[::-1], Path("a_color.png"))
    before = contents("a_color.png")
    done = photochrom("colorize", "a.png", "a_color.png", "--force")
    assert done.code == 1
    assert "a_color.png: is an input of this run" in done.err
    assert contents("a_color.png") == before
    assert Path("a_color_color.png").exists()


def test_a_folder_without_pictures(photochrom: Command) -> None:
    Path("in").mkdir()
    done = photochrom("colorize", "in", "-o", "out")
    assert (done.code, done.out) == (1, "")
    assert "no pictures" in done.err


def test_an_output_of_unknown_type(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    done = photochrom("colorize", "a.png", "-o", "b.bmp")
    assert done.code == 1
    assert ".bmp" in done.err
    assert files() == {"a.png"}


def test_an_interrupt_leaves_nothing_half_written(
    photochrom: Command, photo: Grey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Colorized, **_: bool) -> Any:
        yield np.zeros((8, photo.shape[1], 3), np.uint8)
        raise KeyboardInterrupt

    save(photo, Path("a.png"))
    monkeypatch.setattr(Colorized, "strips", interrupted)
    assert photochrom("colorize", "a.png").code == 130
    assert files() == {"a.png"}
