"""Reading: every kind of file comes out as upright sRGB, and every bad one as a named error."""

import io
import os
import struct

import numpy as np
import pytest
import pyvips
from skimage import data

from photochrom.errors import (
    InvalidPixelsError,
)
from photochrom.images import open_image
from photochrom.images.jpeg_segments import jpeg_quality

pytestmark = pytest.mark.pixels

RGB = data.astronaut()[300:396, 300:428].copy()  # orange cloth and a white helmet
GREY = data.camera()[:96, :128].copy()


def image(array, interpretation=None):
    return pyvips.Image.new_from_array(np.ascontiguousarray(array), interpretation=interpretation)


def pixels(source, rows=40):
    strips = list(source.strips(rows))
    assert [y for y, _ in strips] == list(range(0, source.info.height, rows))
    return np.concatenate([strip for _, strip in strips])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.png", {"interlace": True}),
        ("a.webp", {"lossless": True}),
        ("a.tif", {}),
        ("a.tif", {"compression": "lzw"}),
        ("a.tif", {"compression": "deflate", "predictor": "horizontal"}),
        ("a.tif", {"tile": True, "tile_width": 64, "tile_height": 64, "compression": "deflate"}),
        ("a.tif", {"bigtiff": True}),
    ],
)
@pytest.mark.parametrize("array", [RGB, GREY], ids=["rgb", "grey"])
def test_lossless_formats(tmp_path, memory, name, options, array):
    image(array).write_to_file(str(tmp_path / name), **options)
    source = open_image(tmp_path / name)
    grey = array.ndim == 2
    assert (source.info.width, source.info.height, source.info.bit_depth, source.info.has_alpha) == (128, 96, 8, False)
    got = pixels(source)
    assert got.dtype == np.uint8
    if grey and got.ndim == 3:  # WebP has no grey, and a stream does not look for it
        got = got[..., 0]
    np.testing.assert_array_equal(got, array)
    if grey and memory == "held":
        assert source.info.bands == 1
    work = source.work_copy(24)
    assert work.shape == (24, 32, 3)
    assert work.dtype == np.float32
    blocks = array.reshape(24, 4, 32, 4, -1).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(work, np.broadcast_to(blocks, work.shape), atol=1.1 / 255)


def test_jpeg(tmp_path, memory):
    image(RGB).jpegsave(str(tmp_path / "a.jpg"), Q=95)
    source = open_image(str(tmp_path / "a.jpg"))
    assert source.info.format == "jpeg"
    assert source.info.jpeg_quality == 95
    assert np.abs(pixels(source).astype(int) - RGB).mean() < 3
    work = source.work_copy(12)
    assert np.abs(work - RGB.reshape(12, 8, 16, 8, 3).mean(axis=(1, 3)) / 255).mean() < 0.02


def test_names_do_not_matter_and_bytes_are_read(tmp_path):
    png = image(RGB).pngsave_buffer()
    (tmp_path / "picture.jpg").write_bytes(png)
    assert open_image(tmp_path / "picture.jpg").info.format == "png"
    np.testing.assert_array_equal(pixels(open_image(png)), RGB)


def test_undecodable_file_name(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")
    try:
        open(path, "wb").close()  # noqa: PTH123
    except (OSError, UnicodeError):
        pytest.skip("this file system takes only Unicode names")
    image(RGB).pngsave(str(tmp_path / "a.png"))
    (tmp_path / "a.png").replace(path)
    np.testing.assert_array_equal(pixels(open_image(path)), RGB)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("array", [RGB, GREY], ids=["rgb", "grey"])
def test_sixteen_bit(tmp_path, memory, suffix, array):
    deep = array.astype(np.uint16) * 200 + 77
    image(deep, "grey16" if array.ndim == 2 else "rgb16").write_to_file(str(tmp_path / f"a.{suffix}"))
    source = open_image(tmp_path / f"a.{suffix}")
    assert (source.info.bit_depth, source.info.bands) == (16, 1 if array.ndim == 2 else 3)
    np.testing.assert_array_equal(pixels(source), deep)
    assert abs(source.work_copy(48).mean() - deep.mean() / 65535) < 1e-3


def test_one_bit_and_palette(tmp_path, memory):
    flag = (GREY > 100).astype(np.uint8) * 255
    image(flag).tiffsave(str(tmp_path / "a.tif"), bitdepth=1)
    image(flag).pngsave(str(tmp_path / "a.png"), bitdepth=1)
    for name in ("a.tif", "a.png"):
        source = open_image(tmp_path / name)
        assert source.info.bands == 1
        np.testing.assert_array_equal(pixels(source), flag)
    flat = np.repeat(np.repeat(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8), 8, 0), 8, 1)
    image(flat).pngsave(str(tmp_path / "p.png"), palette=True)
    assert np.abs(pixels(open_image(tmp_path / "p.png")).astype(int) - flat).max() <= 2


def test_gif_gives_its_first_frame(tmp_path, memory):
    frames = np.concatenate([np.full((8, 8, 3), 40, np.uint8), np.full((8, 8, 3), 200, np.uint8)])
    animation = image(frames).copy()
    animation.set_type(pyvips.GValue.gint_type, "page-height", 8)
    animation.gifsave(str(tmp_path / "a.gif"))
    source = open_image(tmp_path / "a.gif")
    assert (source.info.height, source.info.pages, source.info.format) == (8, 2, "gif")
    assert "first" in source.info.notices[0]
    assert np.abs(pixels(source).astype(int) - 40).max() <= 3


def test_multi_page_tiff(tmp_path, memory):
    pages = image(np.concatenate([GREY, GREY[::-1]])).copy()
    pages.set_type(pyvips.GValue.gint_type, "page-height", 96)
    pages.tiffsave(str(tmp_path / "a.tif"))
    source = open_image(tmp_path / "a.tif")
    assert source.info.pages == 2
    assert any("2 pages" in notice for notice in source.info.notices)
    np.testing.assert_array_equal(pixels(source), GREY)


@pytest.mark.parametrize("array", [RGB, GREY], ids=["rgb", "grey"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha(tmp_path, memory, array, dtype):
    alpha = np.tile(np.arange(128, dtype=dtype), (96, 1))[..., None]
    both = np.concatenate([array.reshape(96, 128, -1).astype(dtype), alpha], axis=2)
    image(both, {8: None, 16: "grey16" if array.ndim == 2 else "rgb16"}[8 * dtype().itemsize]).pngsave(
        str(tmp_path / "a.png")
    )
    source = open_image(tmp_path / "a.png")
    assert source.info.has_alpha
    np.testing.assert_array_equal(pixels(source), array)
    np.testing.assert_array_equal(source.alpha().numpy(), alpha[..., 0])


EXPECTED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path, memory, orientation):
    stored = image(RGB).copy(xres=10, yres=20)
    stored.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    stored.tiffsave(str(tmp_path / "a.tif"))
    upright = EXPECTED[orientation](RGB)
    source = open_image(tmp_path / "a.tif")
    assert (source.info.height, source.info.width) == upright.shape[:2]
    assert source.info.dpi == pytest.approx((508, 254) if orientation >= 5 else (254, 508))
    np.testing.assert_array_equal(pixels(source), upright)
    np.testing.assert_array_equal(pixels(source), upright)  # a second pass
    height, width = upright.shape[0] // 4, upright.shape[1] // 4
    blocks = upright.reshape(height, 4, width, 4, 3).mean(axis=(1, 3)) / 255
    np.testing.assert_allclose(source.work_copy(24), blocks, atol=1.1 / 255)


def test_jpeg_orientation_comes_from_exif(tmp_path, memory):
    stored = image(RGB).copy()
    stored.set_type(pyvips.GValue.gint_type, "orientation", 6)
    stored.jpegsave(str(tmp_path / "a.jpg"), Q=98)
    source = open_image(tmp_path / "a.jpg")
    assert (source.info.width, source.info.height) == (96, 128)
    assert np.abs(pixels(source).astype(int) - np.rot90(RGB, -1)).mean() < 2


@pytest.mark.parametrize("profile", ["cmyk", None])
@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_cmyk_becomes_srgb(tmp_path, memory, profile, suffix):
    inks = image(RGB).icc_transform("cmyk")
    path = str(tmp_path / f"a.{suffix}")
    inks.write_to_file(path, keep="icc" if profile else "none", **({"Q": 97} if suffix == "jpg" else {}))
    source = open_image(path)
    assert source.info.bands == 3
    assert np.abs(pixels(source).astype(int) - RGB).mean() < 12
    assert np.abs(source.work_copy(24) - RGB.reshape(24, 4, 32, 4, 3).mean(axis=(1, 3)) / 255).mean() < 0.06


@pytest.mark.parametrize("depth", [8, 16])
def test_embedded_rgb_profile_is_converted(tmp_path, memory, depth):
    image(RGB).icc_transform("p3", depth=depth).pngsave(str(tmp_path / "a.png"))
    raw = pyvips.Image.new_from_file(str(tmp_path / "a.png")).numpy() / (257 if depth == 16 else 1)
    assert np.abs(raw - RGB).max() > 10
    source = open_image(tmp_path / "a.png")
    assert source.info.notices == ()
    got = pixels(source) / (257 if depth == 16 else 1)
    assert np.abs(got - RGB).max() <= 4
    assert np.abs(source.work_copy(24) - RGB.reshape(24, 4, 32, 4, 3).mean(axis=(1, 3)) / 255).max() < 0.03


def grey_profile(gamma):
    """An ICC profile of a grey picture with a plain power curve."""
    tags = {
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0),
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(79),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
    }
    offset, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += name + struct.pack(">II", offset + len(body), len(value))
        body += value
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"lcms", 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return head + table + body


def test_grey_profile_is_converted_and_stays_grey(tmp_path, memory):
    tagged = image(GREY).copy()
    tagged.set_type(pyvips.GValue.blob_type, "icc-profile-data", grey_profile(1.0))
    tagged.tiffsave(str(tmp_path / "a.tif"))
    source = open_image(tmp_path / "a.tif")
    assert source.info.notices == ()
    assert source.info.bands == 1
    linear = GREY / 255
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    assert np.abs(pixels(source) - 255 * srgb).max() < 2.5


@pytest.mark.parametrize("profile", [b"nonsense", b"\0" * 300, grey_profile(2.2), grey_profile(2.2)[:140]])
def test_unusable_profile_is_a_notice(memory, profile):
    plain = image(RGB).jpegsave_buffer(Q=95)
    segment = b"ICC_PROFILE\0\1\1" + profile
    tagged = plain[:2] + struct.pack(">HH", 0xFFE2, len(segment) + 2) + segment + plain[2:]
    source = open_image(tagged)
    assert any("profile" in notice for notice in source.info.notices)
    np.testing.assert_array_equal(pixels(source), pixels(open_image(plain)))


@pytest.mark.parametrize("scale", [1.0, 255.0, 65535.0])
def test_float_tiff_on_a_known_scale(tmp_path, memory, scale):
    image((RGB / 255 * scale).astype(np.float32)).tiffsave(str(tmp_path / "a.tif"))
    source = open_image(tmp_path / "a.tif")
    assert (source.info.bit_depth, source.info.notices) == (16, ())
    np.testing.assert_allclose(pixels(source) / 257, RGB, atol=0.01)


def test_float_tiff_on_another_scale_is_stretched(tmp_path, memory):
    image(GREY.astype(np.float32) * 30 - 10_000).tiffsave(str(tmp_path / "a.tif"))
    source = open_image(tmp_path / "a.tif")
    assert any("stretched" in notice for notice in source.info.notices)
    got = pixels(source).astype(float)
    assert (got.min(), got.max()) == (0, 65535)
    assert np.corrcoef(got.ravel(), GREY.ravel())[0, 1] > 0.9999


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_in_float_tiff(tmp_path, memory, bad):
    floats = GREY.astype(np.float32)
    floats[90, 120] = bad
    image(floats).tiffsave(str(tmp_path / "a.tif"))
    with pytest.raises(InvalidPixelsError, match=r"a\.tif: .*NaN") as caught:
        open_image(tmp_path / "a.tif")
    assert caught.value.path == tmp_path / "a.tif"


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 40000)])
@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
def test_extreme_shapes(tmp_path, memory, size, suffix):
    array = np.full((*size, 3), (10, 120, 230), np.uint8)
    image(array).write_to_file(str(tmp_path / f"a.{suffix}"))
    source = open_image(tmp_path / f"a.{suffix}")
    assert pixels(source, 777).shape[:2] == size
    work = source.work_copy(256)
    assert work.shape == (*size, 3)  # never enlarged
    assert np.abs(source.work_copy(1).mean(axis=(0, 1)) - array[0, 0] / 255).max() < 0.03


# Arrays


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("bands", [0, 1, 2, 3, 4])
def test_arrays(dtype, bands):
    random = np.random.default_rng(1).random((20, 30, bands or 1))
    top = 1 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max
    array = (random * top).astype(dtype)
    source = open_image(array[..., 0] if bands == 0 else array)
    deep = dtype != np.uint8
    assert (source.info.bit_depth, source.info.has_alpha) == (16 if deep else 8, bands in (2, 4))
    assert source.info.format == "array"
    expected = array[..., 0] if bands < 3 else array[..., :3]
    wanted = np.round(expected.astype(float) * 65535).astype(np.uint16) if top == 1 else expected.copy()
    np.testing.assert_array_equal(pixels(source), wanted)
    array[:] = 0
    np.testing.assert_array_equal(pixels(source), wanted)  # it was copied


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(5, np.uint8),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((4, 4), np.int64),
        np.zeros((4, 4), bool),
        np.full((4, 4), np.nan),
        np.full((4, 4), np.inf, np.float32),
        np.full((4, 4), 1.5),
        np.full((4, 4), -0.1),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_impossible_arrays(array):
    with pytest.raises(InvalidPixelsError, match=r"got|NaN|floats"):
        open_image(array)


def test_rgb_without_colour_is_read_as_grey():
    assert open_image(np.repeat(GREY[..., None], 3, axis=2)).info.bands == 1


# Quality of JPEG files


@pytest.mark.parametrize("quality", [5, 30, 50, 75, 85, 92, 100])
def test_jpeg_quality_estimate(quality):
    assert jpeg_quality(io.BytesIO(image(RGB).jpegsave_buffer(Q=quality))) == quality


def test_jpeg_quality_of_a_broken_file():
    assert jpeg_quality(io.BytesIO(b"\xff\xd8\xff\xdb\x00")) is None
    assert jpeg_quality(io.BytesIO(b"\xff\xd8" + b"\xff\xe0\x00\x02" * 50)) is None
