"""Documents of several pages: ``--pages all`` colours each of them into one TIFF."""

import struct
import subprocess
import sys
import time

import numpy as np
import pytest
import pyvips
import tifffile

from helpers import data, files
from photochrom.images import open_image

GREY = data.camera()[100:260:2, 60:300:2].copy()
RGB = data.astronaut()[0:180:2, 100:280:2].copy()


def document(path, **options):
    with tifffile.TiffWriter(path, **options) as writer:
        writer.write(GREY[::4, ::4], subfiletype=1)
        writer.write(GREY, resolution=(300, 300), description="first")
        writer.write(GREY[:, ::-1].astype(np.uint16) * 257, compression="zlib", tile=(32, 32))
        writer.write(RGB, photometric="rgb", description="third")
    return path


@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}], ids=["classic", "big", "big endian"])
def test_all_pages(here, photochrom, options):
    document(here / "a.tif", **options)
    run = photochrom("colorize", "a.tif", "-o", "b.tif", "--pages", "all", "--json")
    assert (run.code, run.lines[0]["pages"]) == (0, 3)
    assert files() == {"a.tif", "b.tif"}
    with tifffile.TiffFile(here / "b.tif") as written:
        assert [page.shape for page in written.pages] == [(80, 120, 3), (80, 120, 3), (90, 90, 3)]
        assert [page.dtype for page in written.pages] == [np.uint8, np.uint16, np.uint8]
        pages = [page.asarray() for page in written.pages]
        assert written.pages[2].tags["ImageDescription"].value == "third"
        assert written.pages[0].tags["ExifTag"].value
    for number, page in enumerate(pages, 1):
        single = photochrom("colorize", "a.tif", "-o", f"{number}.tif", "--pages", number)
        assert single.code == 0
        np.testing.assert_array_equal(pyvips.Image.new_from_file(f"{number}.tif").numpy(), page)
        source = open_image(here / "b.tif", page=number)
        assert b"compositeWithTrainedAlgorithmicMedia" in source.xmp()
    assert pyvips.Image.new_from_file("b.tif", page=2).width == 90


def test_a_page_that_fails_leaves_nothing(here, photochrom):
    path = document(here / "a.tif")
    whole = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        place, size = file.pages[2].dataoffsets[0], file.pages[2].databytecounts[0]
    whole[place : place + size] = bytes(size)
    path.write_bytes(whole)
    run = photochrom("colorize", "a.tif", "-o", "b.tif", "--pages", "all")
    assert run.code == 1
    assert "a.tif" in run.err
    assert files() == {"a.tif"}


def test_a_killed_run_is_taken_up(here):
    with tifffile.TiffWriter(here / "a.tif") as writer:
        for _ in range(8):
            writer.write(RGB, photometric="rgb")
    command = [sys.executable, "-m", "photochrom", "colorize", "a.tif", "--pages", "all"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(here.glob(".*.part/*")):
            time.sleep(0.002)
        process.kill()
    assert any(part.is_dir() for part in here.glob(".*.part"))
    subprocess.run(command, check=True)
    assert files() == {"a.tif", "a_color.tif"}
    assert not list(here.glob(".*.part"))


def test_wrong_usage(here, photochrom):
    document(here / "a.tif")
    for wrong in (["--pages", "some"], ["--pages", "0"], ["--pages", "all", "--samples", "2"]):
        assert photochrom("colorize", "a.tif", "-o", "b.tif", *wrong).code == 2
    assert photochrom("colorize", "a.tif", "-o", "b.png", "--pages", "all").code != 0
    assert photochrom("colorize", "a.tif", "-o", "b.tif", "--pages", "4").code != 0
    assert files() == {"a.tif"}
    assert photochrom("colorize", "a.tif", "-o", "b.tif").code == 0
    run = photochrom("colorize", "a.tif", "-o", "b.tif", "--pages", "all")
    assert run.code == 1
    assert "--force" in run.err
    assert photochrom("colorize", "a.tif", "-o", "b.tif", "--pages", "all", "--force").code == 0


def test_one_page_and_other_formats(here, photochrom):
    pyvips.Image.new_from_array(RGB).write_to_file("a.png")
    assert photochrom("colorize", "a.png", "-o", "b.png", "--pages", "all").code == 0
    tifffile.imwrite("a.tif", GREY)
    assert photochrom("colorize", "a.tif", "-o", "c.jpg", "--pages", "all").code == 0


def test_a_circle_of_pages_ends(tmp_path):
    path = document(tmp_path / "a.tif")
    with tifffile.TiffFile(path) as file:
        first, last = file.pages[0].offset, file.pages[3].offset
    whole = bytearray(path.read_bytes())
    count = struct.unpack_from("<H", whole, last)[0]
    struct.pack_into("<I", whole, last + 2 + 12 * count, first)
    path.write_bytes(whole)
    assert open_image(path).info.pages == 3
