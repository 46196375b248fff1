"""Bad input: each picture that cannot be read is a named error, and nothing hangs, leaks or is printed."""

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import pyvips
from skimage import data

from photochrom.errors import (
    ImageNotFoundError,
    ImageTooLargeError,
    PhotochromError,
    TruncatedImageError,
    UnsupportedImageError,
)
from photochrom.images import open_image, read

RGB = data.astronaut()[300:396, 300:428].copy()


def image(array):
    return pyvips.Image.new_from_array(np.ascontiguousarray(array))


def pixels(source):
    return np.concatenate([strip for _, strip in source.strips(40)])


def test_absent_folder_empty_and_foreign(tmp_path):
    with pytest.raises(ImageNotFoundError, match="no such file"):
        open_image(tmp_path / "none.png")
    with pytest.raises(ImageNotFoundError):
        open_image("a\0b.png")
    with pytest.raises(UnsupportedImageError, match="a folder"):
        open_image(tmp_path)
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(TruncatedImageError, match="empty"):
        open_image(tmp_path / "empty.jpg")
    for name, content in {
        "a.txt": b"hello",
        "a.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "a.pdf": b"%PDF-1.4",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnsupportedImageError, match=r"not a JPEG|not read"):
            open_image(tmp_path / name)
    with pytest.raises(TruncatedImageError):
        open_image(b"")


def test_a_pipe_does_not_hang(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnsupportedImageError, match="regular"):
        open_image(tmp_path / "pipe.jpg")


def test_symlink_loop_and_permission(tmp_path, monkeypatch):
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    with pytest.raises(ImageNotFoundError, match="cannot be read"):
        open_image(tmp_path / "loop.jpg")
    image(RGB).pngsave(str(tmp_path / "a.png"))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(ImageNotFoundError, match="Permission denied"):
        open_image(tmp_path / "a.png")


def png_claiming(width, height):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_bomb_is_refused_by_its_header(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png_claiming(100_000, 100_000))
    with pytest.raises(ImageTooLargeError) as caught:
        open_image(tmp_path / "bomb.png")
    assert (caught.value.pixels, caught.value.limit) == (10**10, 500_000_000)
    with pytest.raises(PhotochromError):
        open_image(png_claiming(2**31 - 1, 2**31 - 1))
    with pytest.raises(ImageTooLargeError):
        open_image(image(RGB).pngsave_buffer(), max_pixels=128 * 96 - 1)
    open_image(image(RGB).pngsave_buffer(), max_pixels=128 * 96)


NOISE = np.random.default_rng(7).integers(0, 256, (160, 200, 3), dtype=np.uint8)
FILES = {
    "jpeg": image(NOISE).jpegsave_buffer(),
    "progressive": image(NOISE).jpegsave_buffer(interlace=True),
    "png": image(NOISE).pngsave_buffer(),
    "webp": image(NOISE).webpsave_buffer(),
    "tiff": image(NOISE).tiffsave_buffer(),
    "tiff-deflate": image(NOISE).tiffsave_buffer(compression="deflate"),
    "tiff-tiled": image(NOISE).tiffsave_buffer(tile=True, tile_width=64, tile_height=64),
    "gif": image(NOISE).gifsave_buffer(),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9, 0.98])
def test_truncated(memory, kind, share):
    whole = FILES[kind]
    with pytest.raises((TruncatedImageError, UnsupportedImageError)) as caught:
        pixels(open_image(whole[: int(len(whole) * share)]))
    assert share < 0.3 or isinstance(caught.value, TruncatedImageError)


def tiff_with_its_directory_first(array, tile=None):
    """Pixels at the end of the file, as many scanners write it, so that the header survives truncation."""
    tifffile = pytest.importorskip("tifffile")
    file = io.BytesIO()
    tifffile.imwrite(file, array, photometric="rgb", **({"tile": tile} if tile else {"rowsperstrip": 16}))
    return file.getvalue()


@pytest.mark.parametrize("tile", [None, (64, 64)])
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_truncated_tiff_late_in_the_file(memory, tile, share):
    whole = tiff_with_its_directory_first(NOISE, tile)
    np.testing.assert_array_equal(pixels(open_image(whole)), NOISE)
    with pytest.raises(TruncatedImageError):
        pixels(open_image(whole[: int(len(whole) * share)]))


def test_a_late_break_in_a_stream_comes_after_the_good_strips(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "IN_MEMORY", 0)
    tall = np.random.default_rng(3).integers(0, 256, (3000, 64), dtype=np.uint8)
    whole = image(tall).pngsave_buffer()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) * 9 // 10])
    source = open_image(tmp_path / "a.png")
    seen = []
    with pytest.raises(TruncatedImageError, match=r"a\.png") as caught:
        seen.extend(len(strip) for _, strip in source.strips(64))
    assert sum(seen) > 1000
    assert caught.value.path == tmp_path / "a.png"
    with pytest.raises(TruncatedImageError):
        source.work_copy(32)


def test_damaged_bytes_never_escape_as_other_errors():
    random = np.random.default_rng(0)
    for whole in FILES.values():
        for _ in range(6):
            damaged = bytearray(whole)
            for at in random.integers(12, len(whole), 40):
                damaged[at] = random.integers(256)
            try:
                source = open_image(bytes(damaged), max_pixels=1_000_000)
                pixels(source)
                source.work_copy(16)
            except PhotochromError:
                pass


def test_libvips_prints_nothing(tmp_path):
    whole = FILES["jpeg"]
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "a.tif").write_bytes(FILES["tiff-deflate"][:-300])
    script = (
        "import sys\nfrom photochrom.errors import PhotochromError\nfrom photochrom.images import open_image\n"
        "for path in sys.argv[1:]:\n    try:\n        next(open_image(path).strips())\n"
        "    except PhotochromError:\n        print('refused')"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.jpg"), str(tmp_path / "a.tif")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused", "refused"]
    assert done.stderr == ""


def test_importing_stays_light():
    script = "import sys, photochrom.images\nprint([n for n in ('torch', 'onnxruntime', 'cv2') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
