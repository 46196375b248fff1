"""Writing: the file is whole, keeps what the source had, and says that its colours are synthetic."""

import errno
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import pyvips
from skimage import data

from helpers import COLOUR, CREATOR, MARKS, strips
from photochrom.errors import (
    InvalidPixelsError,
    OptionError,
    OutputExistsError,
    OutputWriteError,
    TruncatedImageError,
    UnsupportedImageError,
)
from photochrom.images import OUTPUT_SUFFIXES, open_image, read, write_image
from photochrom.images.metadata import SYNTHETIC
from photochrom.images.write import _to_eight_bit

pytestmark = pytest.mark.pixels

DEEP = COLOUR.astype(np.uint16) * 200 + 77
GREY = data.camera()[:96, :128].copy()


def written(source, path, array, **options):
    write_image(source if hasattr(source, "strips") else open_image(source), path, strips(array), **MARKS, **options)
    return open_image(path)


def pixels(source):
    return np.concatenate([strip for _, strip in source.strips(50)])


def software(source):
    return source.tags().main[0x131][2].rstrip(b"\0").decode()


@pytest.mark.parametrize("suffix", OUTPUT_SUFFIXES)
@pytest.mark.parametrize("array", [COLOUR, DEEP], ids=["8 bit", "16 bit"])
def test_every_format(tmp_path, suffix, array):
    path = tmp_path / f"out{suffix.upper()}"
    result = written(array, path, array)
    kind = OUTPUT_SUFFIXES[suffix]
    assert (result.info.format, result.info.width, result.info.height) == (kind, 128, 96)
    deep = array.dtype == np.uint16 and kind in ("png", "tiff")
    assert result.info.bit_depth == (16 if deep else 8)
    got, wanted = pixels(result), array if deep or array.dtype == np.uint8 else np.rint(array / 257)
    if kind in ("png", "tiff"):
        np.testing.assert_array_equal(got, wanted)
    else:
        assert np.abs(got.astype(float) - wanted).mean() < (12 if kind == "gif" else 4)
    content = path.read_bytes()
    assert SYNTHETIC.encode() in content
    assert CREATOR.encode() in content
    if kind != "gif":
        assert SYNTHETIC.encode() in result.xmp()
        assert software(result) == CREATOR
        image = pyvips.Image.new_from_file(str(path))
        assert b"sRGB" in image.get("icc-profile-data") or image.get("icc-profile-data") == pyvips.Image.black(
            4, 4, bands=3
        ).copy(interpretation="srgb").icc_transform("srgb").get("icc-profile-data")
        assert image.get("orientation") == 1
    assert list(tmp_path.iterdir()) == [path]


def test_other_readers_agree(tmp_path):
    """Pillow reads pixels, resolution, software and profile of what was written."""
    pillow = pytest.importorskip("PIL.Image")
    image = pyvips.Image.new_from_array(COLOUR).copy(xres=300 / 25.4, yres=300 / 25.4)
    image.tiffsave(str(tmp_path / "in.tif"))
    for suffix in (".jpg", ".png", ".webp", ".tif"):
        written(tmp_path / "in.tif", tmp_path / f"out{suffix}", COLOUR)
        with pillow.open(tmp_path / f"out{suffix}") as opened:
            assert np.abs(np.asarray(opened).astype(int) - COLOUR).mean() < 4
            assert opened.info["icc_profile"]
            exif = opened.getexif()
            assert exif[0x131] == CREATOR
            assert float(exif[0x11A]) == pytest.approx(300, abs=0.01)
            if suffix != ".webp":
                assert opened.info["dpi"] == pytest.approx((300, 300), abs=0.02)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".jpg"])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("held", [True, False])
def test_alpha(tmp_path, monkeypatch, suffix, depth, held):
    if not held:
        monkeypatch.setattr(read, "IN_MEMORY", 0)
    alpha = np.tile(np.linspace(0, 255, 128).astype(np.uint8), (96, 1))
    both = np.dstack([COLOUR, alpha]).astype(f"uint{depth}") * (257 if depth == 16 else 1)
    image = pyvips.Image.new_from_array(both, interpretation="rgb16" if depth == 16 else "srgb")
    image.pngsave(str(tmp_path / "in.png"))
    array = both[..., :3]
    source = open_image(tmp_path / "in.png")
    notices = write_image(source, tmp_path / f"out{suffix}", strips(array), **MARKS)
    result = open_image(tmp_path / f"out{suffix}")
    if suffix == ".jpg":
        assert not result.info.has_alpha
        assert "white" in notices[0]
        over_white = COLOUR * (alpha / 255)[..., None] + 255 * (1 - alpha / 255)[..., None]
        assert np.abs(pixels(result) - over_white).mean() < 4
        return
    assert notices == ()
    deep = depth == 16 and suffix != ".webp"
    np.testing.assert_array_equal(result.alpha().numpy(), alpha.astype(np.uint16) * 257 if deep else alpha)


@pytest.mark.parametrize(("given", "asked", "least"), [(95, None, 95), (50, None, 85), (97, 60, 60), (40, 92, 92)])
def test_jpeg_quality(tmp_path, given, asked, least):
    pyvips.Image.new_from_array(COLOUR).jpegsave(str(tmp_path / "in.jpg"), Q=given)
    result = written(tmp_path / "in.jpg", tmp_path / "out.jpg", COLOUR, quality=asked)
    assert result.info.jpeg_quality == least
    sampling = pyvips.Image.new_from_file(str(tmp_path / "out.jpg")).get("jpeg-chroma-subsample")
    assert sampling == ("4:4:4" if least >= 90 else "4:2:0")


def test_jpeg_quality_of_other_sources(tmp_path):
    assert written(COLOUR, tmp_path / "out.jpg", COLOUR).info.jpeg_quality >= 90


@pytest.mark.parametrize("quality", [0, 101, -3])
def test_impossible_quality(tmp_path, quality):
    with pytest.raises(OptionError):
        written(COLOUR, tmp_path / "out.jpg", COLOUR, quality=quality)


@pytest.mark.parametrize("compression", ["none", "lzw", "deflate"])
@pytest.mark.parametrize("tile", [None, (128, 64)])
def test_tiff_packing_is_kept(tmp_path, compression, tile):
    options = {"tile": True, "tile_width": tile[0], "tile_height": tile[1]} if tile else {}
    pyvips.Image.new_from_array(GREY).tiffsave(str(tmp_path / "in.tif"), compression=compression, **options)
    info = written(tmp_path / "in.tif", tmp_path / "out.tif", COLOUR).info
    assert (info.compression, info.tile) == (compression, tile)


def test_lossless_webp_stays_lossless(tmp_path):
    pyvips.Image.new_from_array(COLOUR).webpsave(str(tmp_path / "in.webp"), lossless=True)
    np.testing.assert_array_equal(pixels(written(tmp_path / "in.webp", tmp_path / "out.webp", COLOUR)), COLOUR)


def test_eight_bit_is_rounded():
    every = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(_to_eight_bit(every), np.rint(every / 257))


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 90_000)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_extreme_shapes(tmp_path, size, dtype):
    array = np.random.default_rng(0).integers(0, 255, (*size, 3)).astype(dtype)
    for suffix in (".png", ".tif"):
        np.testing.assert_array_equal(
            pixels(written(array, tmp_path / f"out{suffix}", array)).reshape(array.shape), array
        )


@pytest.mark.parametrize("rows", [1, 7, 96, 1000])
def test_strips_of_any_height(tmp_path, rows):
    write_image(open_image(GREY), tmp_path / "out.png", strips(COLOUR, rows), **MARKS)
    np.testing.assert_array_equal(pixels(open_image(tmp_path / "out.png")), COLOUR)


def test_strips_that_are_not_contiguous(tmp_path):
    write_image(open_image(GREY), tmp_path / "out.png", strips(COLOUR[..., ::-1]), **MARKS)
    np.testing.assert_array_equal(pixels(open_image(tmp_path / "out.png")), COLOUR[..., ::-1])


# Nothing is written by halves


class PaintingError(Exception):
    pass


def breaking_off(after, error):
    for count, strip in enumerate(strips(COLOUR)):
        if count == after:
            raise error
        yield strip


def test_a_thread_that_cannot_be_made_is_told_as_it_is(tmp_path, monkeypatch):
    def no_room(thread):
        raise RuntimeError("can't start new thread")  # as Python says for want of memory

    monkeypatch.setattr(threading.Thread, "start", no_room)
    array = np.full((40, 60, 3), 90, np.uint8)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        written(open_image(array), tmp_path / "a.png", array)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("after", [0, 1, 5])
@pytest.mark.parametrize(
    "error", [PaintingError("mine"), OSError(5, "mine"), KeyboardInterrupt(), TruncatedImageError("mine")]
)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_errors_of_the_painter_surface_as_they_are(tmp_path, after, error, suffix):
    (tmp_path / f"out{suffix}").write_bytes(b"precious")
    with pytest.raises(type(error)) as caught:
        write_image(open_image(GREY), tmp_path / f"out{suffix}", breaking_off(after, error), **MARKS, force=True)
    assert caught.value is error
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(f"out{suffix}", b"precious")]
    assert not [thread for thread in threading.enumerate() if thread.name == "encoder"]


@pytest.mark.parametrize(
    "wrong",
    [COLOUR[:95], COLOUR[:0], np.concatenate([COLOUR, COLOUR[:1]]), COLOUR[:, :127], COLOUR[..., :2], GREY],
    ids=["short", "none", "long", "narrow", "two bands", "grey"],
)
def test_strips_that_do_not_fit(tmp_path, wrong):
    with pytest.raises(InvalidPixelsError):
        write_image(open_image(GREY), tmp_path / "out.png", strips(wrong), **MARKS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", OUTPUT_SUFFIXES)
@pytest.mark.parametrize("room", [0, 600, 3000])
def test_full_disk(tmp_path, monkeypatch, suffix, room):
    write, used = os.write, [0]

    def small_disk(descriptor, data):
        if used[0] + len(data) > room and descriptor > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        used[0] += len(data)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", small_disk)
    (tmp_path / f"out{suffix}").write_bytes(b"precious")
    noise = np.random.default_rng(0).integers(0, 255, COLOUR.shape, dtype=np.uint8)
    with pytest.raises(OutputWriteError, match="No space left on device") as caught:
        write_image(open_image(GREY), tmp_path / f"out{suffix}", strips(noise), **MARKS, force=True)
    assert caught.value.path == tmp_path / f"out{suffix}"
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(f"out{suffix}", b"precious")]


def test_a_disk_that_fails_at_the_end(tmp_path, monkeypatch):
    def fail(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputWriteError, match="Input/output error"):
        written(COLOUR, tmp_path / "out.tif", COLOUR)
    assert not list(tmp_path.iterdir())


def test_existing_files_are_not_touched(tmp_path):
    (tmp_path / "out.png").write_bytes(b"precious")
    asked = []
    with pytest.raises(OutputExistsError, match="--force"):
        write_image(open_image(GREY), tmp_path / "out.png", (asked.append(1) for _ in range(3)), **MARKS)
    assert not asked  # it was seen before any work was done
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputExistsError):
        written(COLOUR, tmp_path / "dangling.png", COLOUR)
    assert written(COLOUR, tmp_path / "out.png", COLOUR, force=True).info.format == "png"


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no links")))

    def race():
        yield from strips(COLOUR)
        (tmp_path / "out.png").write_bytes(b"precious")

    with pytest.raises(OutputExistsError):
        write_image(open_image(GREY), tmp_path / "out.png", race(), **MARKS)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("out.png", b"precious")]
    assert written(COLOUR, tmp_path / "other.png", COLOUR).info.width == 128


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    cases = {tmp_path / "none" / "out.png": "No such file", tmp_path / "file" / "out.png": "Not a directory"}
    for path, reason in cases.items():
        with pytest.raises(OutputWriteError, match=reason):
            written(COLOUR, path, COLOUR)
    with pytest.raises(OutputWriteError, match="directory"):
        written(COLOUR, tmp_path / "folder.png", COLOUR, force=True)
    with pytest.raises(UnsupportedImageError, match="cannot write"):
        written(COLOUR, tmp_path / "out.xyz", COLOUR)
    with pytest.raises(UnsupportedImageError):
        written(COLOUR, tmp_path / "out", COLOUR)


def test_read_only_folder(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OutputWriteError, match="Permission denied"):
        write_image(open_image(GREY), tmp_path / "out.png", strips(COLOUR), **MARKS)


def test_a_picture_too_wide_for_the_format(tmp_path):
    wide = np.zeros((1, 70_000, 3), np.uint8)
    for suffix in (".jpg", ".webp"):
        with pytest.raises(OutputWriteError, match="cannot be written"):
            written(wide, tmp_path / f"out{suffix}", wide)
    assert not list(tmp_path.iterdir())


def test_the_source_itself_can_be_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "IN_MEMORY", 0)
    path = tmp_path / "a.tif"
    pyvips.Image.new_from_array(DEEP, interpretation="rgb16").tiffsave(str(path))
    source = open_image(path)
    write_image(source, path, (strip[..., ::-1] for _, strip in source.strips(16)), **MARKS, force=True)
    np.testing.assert_array_equal(pixels(open_image(path)), DEEP[..., ::-1])


def test_file_mode_follows_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        written(COLOUR, tmp_path / "out.png", COLOUR)
    finally:
        os.umask(old)
    assert (tmp_path / "out.png").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from Linux")
def test_memory_does_not_grow_with_the_picture(tmp_path):
    """A picture of 144 MB passes through in far less."""
    tall = pyvips.Image.xyz(3000, 8000)
    image = tall[0].bandjoin([tall[1], tall[0] + tall[1]]).cast("ushort").copy(interpretation="rgb16")
    image.tiffsave(str(tmp_path / "in.tif"), compression="deflate")
    script = """
import resource, sys
from photochrom.images import open_image, write_image
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
import cv2
before = peak()
source = open_image(sys.argv[1])
source.work_copy(128)
write_image(source, sys.argv[2], (s for _, s in source.strips(64)), software="P", model="m")
print(peak() - before)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "in.tif"), str(tmp_path / "out.tif")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100
