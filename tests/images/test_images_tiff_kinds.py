"""Further kinds of TIFF: odd values of tags that libtiff refuses, YCbCr without subsampling, Lab with opacity, LogL, old JPEG."""

import struct
import zlib

import numpy as np
import pytest
import pyvips
from skimage import data

from photochrom.errors import UnsupportedImageError
from photochrom.images import open_image
from tiff_maker import ASCII, LONG, RATIONAL, SHORT, tiff

RGB = data.astronaut()[300:364, 300:396].copy()
GREY = RGB[..., 1].copy()
SIZE = 96, 64


pytestmark = pytest.mark.usefixtures("memory")


def pixels(path):
    source = open_image(path)
    got = np.concatenate([strip for _, strip in source.strips(40)])
    return source.info, got


def near(path, wanted, tolerance=0.004):
    info, got = pixels(path)
    wanted = wanted[..., None] if wanted.ndim == 2 and got.ndim == 3 else wanted
    assert np.abs(got / np.iinfo(got.dtype).max - wanted).mean() < tolerance
    return info


def luminance():
    scaled = GREY / 255
    return np.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4)


def lightness():
    linear = luminance()
    return np.where(linear > (6 / 29) ** 3, 116 * np.cbrt(linear) - 16, linear * (29 / 3) ** 3)


HARMLESS = {
    "a unit of resolution that there is not": {"extra": ((282, RATIONAL, [300, 1]), (296, SHORT, [77]))},
    "a resolution in words": {"extra": ((282, ASCII, b"300\0"), (283, ASCII, b"300 dpi\0"))},
    "no orientation": {"extra": ((274, SHORT, [0]),)},
    "an orientation that there is not": {"extra": ((274, SHORT, [9]),)},
    "an order of bits that there is not": {"extra": ((266, SHORT, [0]),)},
    "a layout that there is not": {"extra": ((284, SHORT, [0]),)},
    "a kind of numbers that there is not": {"extra": ((339, SHORT, [9]),)},
    "no meaning of the numbers": {"without": (262,)},
    "a part of a colour map": {"extra": ((320, SHORT, list(range(30))),)},
    "a single strip of more rows than it is said to have": {"extra": ((278, LONG, [10]),)},
    "a length beyond the end of the file": {"extra": ((279, LONG, [96 * 64 + 5000]),)},
    "tiles without a size": {"extra": ((322, LONG, [0]), (323, LONG, [0]))},
    "sides with a sign": {"extra": ((256, 9, struct.pack("<i", 96)), (257, 8, struct.pack("<h", 64)))},
}


@pytest.mark.parametrize("odd", HARMLESS)
def test_tags_whose_values_there_are_not(tmp_path, odd):
    kind = dict(HARMLESS[odd])
    if odd.startswith("sides"):
        kind["extra"] = tuple((tag, form, body) for tag, form, body in kind["extra"])
        path = tmp_path / "a.tif"
        raw = bytearray(tiff(path, GREY.tobytes(), SIZE).read_bytes())
        for tag, form in ((256, 9), (257, 9)):
            at = raw.index(struct.pack("<HHI", tag, LONG, 1))
            raw[at : at + 4] = struct.pack("<HH", tag, form)
        path.write_bytes(raw)
    else:
        path = tiff(tmp_path / "a.tif", GREY.tobytes(), SIZE, **kind)
    info, got = pixels(path)
    np.testing.assert_array_equal(got, GREY)
    assert info.notices == ()
    assert info.dpi is None or min(info.dpi) > 0


def ycbcr():
    """Numbers of ITU-R BT.601, at full range."""
    red, green, blue = (RGB[..., i].astype(np.float64) for i in range(3))
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = light, 128 + (blue - light) / 1.772, 128 + (red - light) / 1.402
    return np.clip(np.rint(np.stack(planes, axis=2)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("samples", "wanted"), [(1, "grey"), (3, "RGB"), (4, "RGB")])
@pytest.mark.parametrize("number", [7, 12345, 51177])
def test_numbers_of_unknown_meaning_are_read_with_a_notice(tmp_path, samples, wanted, number):
    pixels_ = GREY if samples == 1 else np.dstack([RGB, GREY])[..., :samples]
    path = tiff(tmp_path / "a.tif", pixels_.tobytes(), SIZE, samples=samples, photometric=number)
    info, got = pixels(path)
    np.testing.assert_array_equal(got, GREY if samples == 1 else RGB)
    assert f"(photometric {number}); {wanted} was assumed" in info.notices[0]


@pytest.mark.parametrize(("bits", "dtype"), [(8, "<u1"), (16, "<u2"), (32, "<u4")])
@pytest.mark.parametrize("stated", [None, 0])
def test_a_depth_that_is_not_stated_follows_from_the_length_of_the_data(tmp_path, bits, dtype, stated):
    scale = {8: 1, 16: 257, 32: 16843009}[bits]
    odd = {"without": (258,)} if stated is None else {"extra": ((258, SHORT, [stated]),)}
    path = tiff(tmp_path / "a.tif", (GREY.astype(np.uint32) * scale).astype(dtype).tobytes(), SIZE, **odd)
    info = near(path, GREY / 255, 1e-4)
    assert info.notices == (f"the file does not say how many bits a number has; {bits} was taken",)


def test_a_depth_that_is_not_stated_is_one_bit_else(tmp_path):
    """As TIFF 6.0 has it; without a notice where the data have the length for it, and where compression leaves no other."""
    bits = np.packbits(GREY > 127, axis=1).tobytes()
    info = near(tiff(tmp_path / "a.tif", bits, SIZE, without=(258,)), (GREY > 127) * 1.0)
    assert info.notices == ()
    info = near(tiff(tmp_path / "b.tif", zlib.compress(bits), SIZE, without=(258,), compression=8), (GREY > 127) * 1.0)
    assert info.notices == ("the file does not say how many bits a number has; 1 was taken",)


def test_a_palette_that_is_not_there(tmp_path):
    info, got = pixels(tiff(tmp_path / "a.tif", GREY.tobytes(), SIZE, photometric=3))
    np.testing.assert_array_equal(got, GREY)
    assert info.notices == ("the file has no colour map for its numbers; they were taken for grey",)


def test_a_fax_that_does_not_say_what_is_white(tmp_path):
    buffer = pyvips.Image.new_from_array(GREY).tiffsave_buffer(bitdepth=1, compression="ccittfax4", miniswhite=True)
    bilevel = open_image(buffer)
    data_ = bytearray(buffer)
    at = data_.index(struct.pack("<HHI", 262, SHORT, 1))
    data_[at : at + 2] = struct.pack("<H", 60000)
    (tmp_path / "a.tif").write_bytes(data_)
    info, got = pixels(tmp_path / "a.tif")
    np.testing.assert_array_equal(got, np.concatenate([strip for _, strip in bilevel.strips(40)]))
    assert info.notices == (
        "the file does not say whether 0 is black or white; white was assumed, as fax machines have it",
    )


def test_channels_of_different_depths_are_named(tmp_path):
    depths = (258, SHORT, [5, 6, 5])
    packed = np.zeros((64, 96, 2), np.uint8).tobytes()
    with pytest.raises(UnsupportedImageError, match=r"different depths \(5, 6, 5 bits\)"):
        open_image(tiff(tmp_path / "a.tif", packed, SIZE, samples=3, photometric=2, extra=(depths,)))
    # It is the statement that is wrong where the data have the length of equal ones.
    near(tiff(tmp_path / "b.tif", RGB.tobytes(), SIZE, samples=3, photometric=2, extra=(depths,)), RGB / 255)


def test_a_count_of_channels_that_is_not_stated(tmp_path):
    near(tiff(tmp_path / "a.tif", RGB.tobytes(), SIZE, samples=3, photometric=2, without=(277,)), RGB / 255)
    near(tiff(tmp_path / "b.tif", RGB.tobytes(), SIZE, photometric=2, without=(277,)), RGB / 255)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["i2", "i4", "f2", "f4", "f8"])
def test_nought_is_white_in_signed_numbers_and_floats_too(tmp_path, kind, order):
    most = 1 if kind[0] == "f" else np.iinfo(kind).max
    numbers = ((1 - GREY / 255) * most).astype(order + kind)
    form, bits = (3 if kind[0] == "f" else 2), 8 * int(kind[1])
    extra = ((339, SHORT, [form]),)
    path = tiff(tmp_path / "a.tif", numbers.tobytes(), SIZE, bits=bits, photometric=0, order=order, extra=extra)
    near(path, GREY / 255, 1e-3)


def test_planes_of_half_floats(tmp_path):
    planes = np.moveaxis(RGB / 255, 2, 0).astype("<f2")
    extra = (
        (284, SHORT, [2]),
        (339, SHORT, [3] * 3),
        (273, LONG, [8 + 12288 * i for i in range(3)]),
        (279, LONG, [12288] * 3),
    )
    near(
        tiff(tmp_path / "a.tif", planes.tobytes(), SIZE, samples=3, bits=16, photometric=2, extra=extra),
        RGB / 255,
        1e-3,
    )


def test_inks_that_are_not_those_of_cmyk(tmp_path):
    data_ = np.dstack([255 - RGB, 255 - RGB]).tobytes()
    info, _ = pixels(tiff(tmp_path / "a.tif", data_, SIZE, samples=6, photometric=5, extra=((332, SHORT, [2]),)))
    assert "does not call its inks cyan, magenta, yellow and black" in info.notices[0]


@pytest.mark.parametrize("bits", [8, 16])
def test_lossless_jpeg_in_tiff(tmp_path, bits):
    tifffile = pytest.importorskip("tifffile")
    pytest.importorskip("imagecodecs")
    numbers = RGB if bits == 8 else RGB.astype(np.uint16) * 257
    options = {"lossless": True, "bitspersample": bits}
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, numbers, photometric="rgb", compression="jpeg", compressionargs=options)
    near(path, RGB / 255)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
def test_ycbcr_with_chroma_at_every_pixel(tmp_path, bits, apart):
    numbers = ycbcr().astype(np.uint16) * 257 if bits == 16 else ycbcr()
    stored = np.moveaxis(numbers, 2, 0).copy() if apart else numbers
    size = stored[0].nbytes
    planes = ((284, SHORT, [2]), (273, LONG, [8, 8 + size, 8 + 2 * size]), (279, LONG, [size] * 3)) if apart else ()
    extra = ((530, SHORT, [1, 1]), *planes)
    path = tiff(tmp_path / "a.tif", stored.tobytes(), SIZE, samples=3, bits=bits, photometric=6, extra=extra)
    info = near(path, RGB / 255)
    assert (info.bit_depth, info.has_alpha) == (bits, False)


def test_ycbcr_with_coefficients_and_headroom_of_its_own(tmp_path):
    flat = np.full((64, 96, 3), (81, 90, 240), np.uint8)  # the red of ITU-R BT.601 in studio range
    reference = (532, RATIONAL, [15, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1])
    weights = (529, RATIONAL, [299, 1000, 587, 1000, 114, 1000])
    extra = ((530, SHORT, [1, 1]), weights, reference)
    path = tiff(tmp_path / "a.tif", flat.tobytes(), SIZE, samples=3, photometric=6, extra=extra)
    near(path, np.array([1.0, 0.0, 0.0]), 0.02)


def test_ycbcr_with_less_chroma_has_no_opacity(tmp_path):
    four = GREY.reshape(32, 2, 48, 2).transpose(0, 2, 1, 3).reshape(32, 48, 4)
    units = np.dstack([four, np.full((32, 48, 2), 128, np.uint8)])
    path = tiff(tmp_path / "a.tif", units.tobytes(), SIZE, samples=3, photometric=6, extra=((530, SHORT, [2, 2]),))
    assert not near(path, GREY / 255).has_alpha


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", [8, 9], ids=["CIE", "ICC"])
@pytest.mark.parametrize("opacity", [False, True])
def test_lab_with_and_without_more_than_colour(tmp_path, bits, kind, opacity):
    top = (255, 65535)[bits == 16] if kind == 8 or bits == 8 else 65280
    middle = 0 if kind == 8 else 1 << bits - 1
    light = np.rint(lightness() / 100 * top)
    last = np.full_like(light, (1 << bits) - 1)
    last[:32] //= 2
    stored = np.dstack([light, np.full_like(light, middle), np.full_like(light, middle), last])
    stored = stored.astype(np.uint8 if bits == 8 else np.uint16)
    extra = ((338, SHORT, [2 if opacity else 0]),)
    path = tiff(tmp_path / "a.tif", stored.tobytes(), SIZE, samples=4, bits=bits, photometric=kind, extra=extra)
    source = open_image(path)
    got = np.concatenate([strip for _, strip in source.strips(40)])
    grey = got if got.ndim == 2 else got[..., 1]
    assert np.abs(grey / 65535 - GREY / 255).mean() < 0.004
    assert source.info.has_alpha == opacity
    assert bool(source.info.notices) != opacity
    if opacity:
        held = source.alpha().numpy()
        assert (held.dtype, held[40, 0]) == (np.uint16, 65535)
        assert abs(int(held[0, 0]) - 32767) < 300


def test_lightness_alone(tmp_path):
    stored = np.rint(lightness() * 2.55).astype(np.uint8)
    near(tiff(tmp_path / "a.tif", stored.tobytes(), SIZE, photometric=8), GREY / 255)


def test_itu_lab_is_named(tmp_path):
    path = tiff(tmp_path / "a.tif", RGB.tobytes(), SIZE, samples=3, photometric=10)
    with pytest.raises(UnsupportedImageError, match="ITU L"):
        pixels(path)


def test_a_compression_that_there_is_not_is_named(tmp_path):
    path = tiff(tmp_path / "a.tif", GREY.tobytes(), SIZE, compression=12345)
    with pytest.raises(UnsupportedImageError, match="12345"):
        pixels(path)


def test_log_l(tmp_path):
    number = np.clip(256 * (np.log2(np.maximum(luminance(), 1e-6)) + 64), 0, 32767).astype(np.uint16)
    runs = b""
    for row in number:
        for half in ((row >> 8).astype(np.uint8), (row & 255).astype(np.uint8)):
            runs += bytes([len(half)]) + half.tobytes()
    extra = ((339, SHORT, [2]),)
    path = tiff(tmp_path / "a.tif", runs, SIZE, bits=16, photometric=32844, compression=34676, extra=extra)
    assert near(path, GREY / 255).notices == ()


@pytest.mark.parametrize("depth", [4095, 32767])
def test_twelve_bits_in_sixteen_with_a_sign(tmp_path, depth):
    stored = np.rint(GREY / GREY.max() * 0.9 * depth).astype(np.int16)
    path = tiff(tmp_path / "a.tif", stored.tobytes(), SIZE, bits=16, extra=((339, SHORT, [2]),))
    info = near(path, stored / depth)
    assert (info.notices != ()) == (depth == 4095)


def jpeg_parts(stream):
    """Quantization, DC and AC tables of a JPEG file with one of each, and its entropy-coded data."""
    tables, at = {}, 2
    while True:
        marker, size = stream[at + 1], int.from_bytes(stream[at + 2 : at + 4], "big")
        body = stream[at + 4 : at + 2 + size]
        at += 2 + size
        if marker == 0xDB:
            tables["q"] = body[1:65]
        while marker == 0xC4 and body:
            count = 17 + sum(body[1:17])
            tables["ac" if body[0] >> 4 else "dc"] = body[1:count]
            body = body[count:]
        if marker == 0xDA:
            return tables["q"], tables["dc"], tables["ac"], stream[at:-2]


@pytest.mark.parametrize("strips", [1, 2])
def test_old_style_jpeg_with_its_tables_apart(tmp_path, strips):
    rows = 64 // strips
    parts = [
        jpeg_parts(pyvips.Image.new_from_array(GREY[y : y + rows]).jpegsave_buffer(Q=95, optimize_coding=False))
        for y in range(0, 64, rows)
    ]
    pieces = [*parts[0][:3], *(part[3] for part in parts)]
    places = [8 + sum(len(piece) for piece in pieces[:i]) for i in range(len(pieces))]
    extra = (
        (273, LONG, places[3:]),
        (279, LONG, [len(piece) for piece in pieces[3:]]),
        (278, LONG, [rows]),
        *((tag, LONG, [place]) for tag, place in zip((519, 520, 521), places, strict=False)),
        (512, SHORT, [1]),
    )
    path = tiff(tmp_path / "a.tif", b"".join(pieces), SIZE, compression=6, extra=extra)
    near(path, GREY / 255, 0.01)


def test_old_style_jpeg_whose_tables_and_scans_are_apart(tmp_path):
    stream = pyvips.Image.new_from_array(GREY).jpegsave_buffer(Q=95)
    head = len(stream) - len(jpeg_parts(stream)[3]) - 2
    extra = (
        (513, LONG, [8]),
        (514, LONG, [head]),
        (273, LONG, [8 + head]),
        (279, LONG, [len(stream) - head]),
    )
    near(tiff(tmp_path / "a.tif", stream, SIZE, compression=6, extra=extra), GREY / 255, 0.01)


def test_jpeg_ls_is_named(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xf7\0\x0b\x08\0\x60\0\x80\1\1\x11\0" + bytes(99))
    with pytest.raises(UnsupportedImageError, match="JPEG-LS"):
        open_image(tmp_path / "a.jpg")
