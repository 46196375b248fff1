"""TIFF as scanners of thirty years wrote it: read rightly, or refused by its true name; a notice where pixels are a guess."""

import struct

import cv2
import numpy as np
import pytest
import pyvips
import tifffile
from skimage import data

from photochrom.errors import OptionError, PhotochromError, TruncatedImageError, UnsupportedImageError
from photochrom.images import open_image
from tiff_maker import ASCII, LONG, RATIONAL, SHORT, UNDEFINED, packed, tiff

RGB = data.astronaut()[300:364, 300:396].copy()
GREY = RGB[..., 1].copy()
SIZE = 96, 64


pytestmark = pytest.mark.usefixtures("memory")


def pixels(path, **options):
    source = open_image(path, **options)
    got = np.concatenate([strip for _, strip in source.strips(40)])
    return source.info, got


def fractions(path):
    info, got = pixels(path)
    return info, got / np.iinfo(got.dtype).max


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("bits", [2, 3, 4, 6, 10, 12, 14, 17])
@pytest.mark.parametrize("array", [GREY[:, :95], RGB[:, :95]], ids=["grey", "rgb"])
def test_uncommon_depths(tmp_path, bits, array, order):
    levels = np.round(array / 255 * ((1 << bits) - 1)).astype(np.uint32)
    samples = 1 if array.ndim == 2 else 3
    path = tiff(
        tmp_path / "a.tif",
        packed(levels, bits),
        (95, 64),
        samples=samples,
        bits=bits,
        photometric=2 if samples == 3 else 1,
        order=order,
    )
    info, got = fractions(path)
    assert (info.width, info.height, info.bit_depth, info.notices) == (95, 64, 8 if bits <= 8 else 16, ())
    step = 0.5 / 255 if bits <= 8 else 0.5 / 65535
    np.testing.assert_allclose(got, levels / ((1 << bits) - 1), atol=step + 1e-9)


def test_twelve_bits_with_white_as_nought_a_profile_and_compression(tmp_path):
    import zlib

    levels = np.round(GREY / 255 * 4095).astype(np.uint32)
    raw = zlib.compress(packed(4095 - levels, 12))
    info, got = fractions(tiff(tmp_path / "a.tif", raw, SIZE, bits=12, photometric=0, compression=8))
    assert info.notices == ()
    np.testing.assert_allclose(got, levels / 4095, atol=1e-5)


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("extra", [None, "unassalpha", "unspecified"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_planes_that_stand_apart(tmp_path, tiled, extra, dtype):
    planes = np.moveaxis(RGB, -1, 0).astype(dtype)
    if extra:
        planes = np.concatenate([planes, 255 - planes[:1]])
    options = {"tile": (32, 32)} if tiled else {}
    tifffile.imwrite(
        tmp_path / "a.tif",
        planes,
        photometric="rgb",
        planarconfig="separate",
        extrasamples=[extra] if extra else [],
        **options,
    )
    info, got = pixels(tmp_path / "a.tif")
    np.testing.assert_array_equal(got, RGB.astype(dtype))
    assert info.has_alpha is (extra == "unassalpha")
    assert [notice for notice in info.notices if "extra channel" in notice] == list(info.notices)
    assert len(info.notices) == (extra == "unspecified")


@pytest.mark.parametrize("kind", ["cielab8", "icclab8", "cielab16", "icclab16"])
def test_lab(tmp_path, kind):
    lab = pyvips.Image.new_from_array(RGB).copy(interpretation="srgb").colourspace("lab").numpy()
    light, a, b = np.moveaxis(lab.astype(np.float64), -1, 0)
    deep = kind.endswith("16")
    unsigned, signed = (np.uint16, np.int16) if deep else (np.uint8, np.int8)
    step = 256 if deep else 1
    if kind.startswith("cie"):
        white = 65535 if deep else 255
        stored = [(plane * step).round().astype(signed).view(unsigned) for plane in (a, b)]
    else:
        white = 65280 if deep else 255
        stored = [((plane + 128) * step).round().astype(unsigned) for plane in (a, b)]
    stored = [(light * (white / 100)).round().astype(unsigned), *stored]
    tifffile.imwrite(tmp_path / "a.tif", np.stack(stored, axis=-1), photometric=kind[:6])
    info, got = fractions(tmp_path / "a.tif")
    assert info.bit_depth == 16
    np.testing.assert_allclose(got, RGB / 255, atol=0.001 if deep else 0.012)


def test_logluv(tmp_path):
    srgb = np.dstack([GREY / 255] * 3)
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)
    assert cv2.imwrite(str(tmp_path / "a.tif"), linear[..., ::-1].copy(), [cv2.IMWRITE_TIFF_COMPRESSION, 34676])
    _, got = fractions(tmp_path / "a.tif")
    luminance = ((got + 0.055) / 1.055) ** 2.4 @ (
        0.2126,
        0.7152,
        0.0722,
    )  # which white a writer took for its colours varies
    assert np.abs(luminance - linear[..., 1]).mean() < 0.02


def test_old_style_jpeg(tmp_path):
    stream = pyvips.Image.new_from_array(RGB).jpegsave_buffer(Q=95)
    path = tiff(
        tmp_path / "a.tif",
        stream,
        SIZE,
        samples=3,
        photometric=6,
        compression=6,
        extra=((513, LONG, [8]), (514, LONG, [len(stream)])),
    )
    _, got = pixels(path)
    assert np.abs(got.astype(int) - RGB).mean() < 3


@pytest.mark.parametrize(
    ("array", "wanted", "guess"),
    [
        ((GREY / 255).astype(np.float32), GREY / 255, False),
        (GREY / 300, GREY / 300, False),
        ((GREY / 255).astype(np.float16), GREY / 255, False),
        (np.where(GREY.max() == GREY, 1.02, GREY / 255), np.where(GREY.max() == GREY, 1.0, GREY / 255), True),
        (GREY.astype(np.float64), GREY / 255, False),
        (GREY * 0.9, GREY * 0.9 / 255, True),
        (GREY / 100, (GREY - float(GREY.min())) / (float(GREY.max()) - GREY.min()), True),
        (GREY.astype(np.int16) * 128, GREY * 128.0 / 32767, False),
        (GREY.astype(np.int16) * 60, GREY * 60.0 / 32767, True),
        (GREY.astype(np.int16), GREY / 255, False),
        (GREY.astype(np.int32) * 257 - 30000, (GREY - float(GREY.min())) / (float(GREY.max()) - GREY.min()), True),
        (GREY.astype(np.uint32) * 16843009, GREY / 255, False),
        (GREY.astype(np.uint64) * 72340172838076673, GREY / 255, False),
        (GREY.astype(np.int64) * 128, GREY * 128.0 / 32767, True),
    ],
)
def test_the_range_of_floats_and_wide_numbers(tmp_path, array, wanted, guess):
    tifffile.imwrite(tmp_path / "a.tif", array)
    info, got = fractions(tmp_path / "a.tif")
    np.testing.assert_allclose(got, wanted, atol=0.0006)
    assert bool(info.notices) is guess, info.notices
    assert all("black" in notice for notice in info.notices)


@pytest.mark.parametrize(
    ("base", "photometric"), [(GREY[..., None], "minisblack"), (RGB, "rgb"), (np.dstack([RGB, GREY]), "separated")]
)
@pytest.mark.parametrize("extras", [["unspecified"], ["unspecified", "unassalpha"], ["unassalpha"]])
def test_only_declared_opacity_is_opacity(tmp_path, base, photometric, extras):
    channels = [np.full(GREY.shape, 40 * (i + 1), np.uint8) for i in range(len(extras))]
    tifffile.imwrite(tmp_path / "a.tif", np.dstack([base, *channels]), photometric=photometric, extrasamples=extras)
    tifffile.imwrite(tmp_path / "plain.tif", np.squeeze(base), photometric=photometric)
    info, got = pixels(tmp_path / "a.tif")
    np.testing.assert_array_equal(got, pixels(tmp_path / "plain.tif")[1])
    assert len(info.notices) == ("unspecified" in extras)
    alpha = open_image(tmp_path / "a.tif").alpha()
    assert info.has_alpha is ("unassalpha" in extras) is (alpha is not None)
    if alpha is not None:
        assert alpha.numpy().mean() == 40 * len(extras)


def test_a_channel_that_is_not_declared_at_all_is_left_out(tmp_path):
    path = tiff(tmp_path / "a.tif", np.dstack([RGB, GREY]).tobytes(), SIZE, samples=4, photometric=2)
    info, got = pixels(path)
    assert not info.has_alpha
    assert "left out" in info.notices[0]
    np.testing.assert_array_equal(got, RGB)


ODD = {
    "unknown tags": {"extra": ((60000, LONG, [7]), (60001, 99, b"\1\2\3\4"), (65535, SHORT, [1, 2, 3, 4, 5]))},
    "a nought inside a text": {"extra": ((270, ASCII, b"before\0after\0\0x"), (305, ASCII, b"not ended"))},
    "the same text twice": {"extra": ((270, ASCII, b"one\0"), (270, ASCII, b"two\0"))},
    "counts of single values": {"extra": ((274, SHORT, [1, 1]), (284, SHORT, [1, 1, 1]), (259, SHORT, [1, 1]))},
    "no counts": {"extra": ((305, ASCII, b""), (700, UNDEFINED, b""), (282, RATIONAL, b""))},
    "resolution of another type": {"extra": ((282, SHORT, [300]), (283, LONG, [300, 1]), (296, LONG, [2]))},
    "resolution of noughts": {"extra": ((282, RATIONAL, [0, 0]), (283, RATIONAL, [300, 0]))},
    "a text where a number should be": {"extra": ((34665, ASCII, b"Exif\0"), (306, LONG, [5]))},
    "metadata out of the file": {"extra": ((34665, LONG, [0x7FFFFFFF]), (34853, LONG, [3]), (330, LONG, [0x7FFFFFF0]))},
    "a profile that is none": {"extra": ((34675, UNDEFINED, b"no profile at all"),)},
    "unsorted": {"ordered": False, "extra": ((254, LONG, [0]),)},
    "lengths that are missing": {"without": (279,)},
    "lengths of noughts": {"extra": ((279, LONG, [0]),)},
    "lengths that are too long": {"extra": ((279, LONG, [10_000_000]),)},
    "rows of a strip that are missing": {"without": (278,)},
    "rows of a strip without end": {"extra": ((278, LONG, [0xFFFFFFFF]),)},
    "sample formats of one": {"extra": ((339, SHORT, [1]),)},
    "too many sample formats": {"extra": ((339, SHORT, [1] * 7),)},
    "an extra sample that is not there": {"extra": ((338, SHORT, [2]),)},
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("array", [GREY, RGB], ids=["grey", "rgb"])
def test_harmless_oddities(tmp_path, odd, order, array, capfd):
    samples = 1 if array.ndim == 2 else 3
    kind = {"samples": samples, "photometric": 1 if samples == 1 else 2, "order": order, **ODD[odd]}
    path = tiff(tmp_path / "a.tif", array.tobytes(), SIZE, **kind)
    info, got = pixels(path)
    np.testing.assert_array_equal(got, array)
    assert [notice for notice in info.notices if "profile" not in notice] == []
    # The same file, cut: its last rows are missing, and the directory, too.
    whole = path.read_bytes()
    path.write_bytes(whole[: len(array.tobytes()) * 3 // 4])
    with pytest.raises(PhotochromError):
        pixels(path)
    assert capfd.readouterr() == ("", "")


def test_bits_of_one_sample_for_three(tmp_path):
    path = tiff(tmp_path / "a.tif", RGB.tobytes(), SIZE, samples=3, photometric=2, extra=((258, SHORT, [8]),))
    np.testing.assert_array_equal(pixels(path)[1], RGB)


@pytest.mark.parametrize("odd", [{}, ODD["the same text twice"]], ids=["plain", "odd"])
def test_cut_pixels_are_refused(tmp_path, odd):
    path = tiff(tmp_path / "a.tif", b"", SIZE, extra=((273, LONG, [0]), (279, LONG, [64 * 96]), *odd.get("extra", ())))
    head = path.read_bytes()
    place = head.index(struct.pack("<HHI", 273, LONG, 1)) + 8
    path.write_bytes(head[:place] + struct.pack("<I", len(head)) + head[place + 4 :] + GREY.tobytes())
    np.testing.assert_array_equal(pixels(path)[1], GREY)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(TruncatedImageError):
        pixels(path)


def pages(path, sizes, **options):
    with tifffile.TiffWriter(path) as writer:
        for number, (size, kind) in enumerate(sizes):
            writer.write(np.full(size, 40 * (number + 1), np.uint8), subfiletype=kind, **options)
    return path


@pytest.mark.parametrize("cut", [1, 2, 5, 10, 20, 60, 150, 400])
@pytest.mark.parametrize("kind", ["none", "tiles", "twelve", "apart", "lzw", "deflate", "packbits"])
def test_pixels_that_end_a_little_early_are_refused(tmp_path, kind, cut):
    """Pixels stand last in these files. Only what follows the last pixel in its compression may be missing."""
    path = tmp_path / "a.tif"
    if kind == "twelve":
        packed_ = packed(GREY.astype(np.uint32) * 16, 12)
        head = len(tiff(path, b"", (GREY.shape[1], GREY.shape[0]), bits=12).read_bytes())
        tiff(
            path, b"", (GREY.shape[1], GREY.shape[0]), bits=12, extra=((273, LONG, [head]), (279, LONG, [len(packed_)]))
        )
        path.write_bytes(path.read_bytes() + packed_)
        wanted = open_image(path)
    else:
        options = {"tiles": {"tile": (32, 32)}, "apart": {"planarconfig": "separate"}}.get(kind, {"compression": kind})
        array = np.moveaxis(RGB, 2, 0) if kind == "apart" else RGB
        tifffile.imwrite(path, array, photometric="rgb", **options)
        wanted = open_image(path)
    whole = np.concatenate([strip for _, strip in wanted.strips(40)])
    path.write_bytes(path.read_bytes()[:-cut])
    try:
        got = np.concatenate([strip for _, strip in open_image(path).strips(40)])
    except TruncatedImageError:
        return
    assert kind in ("lzw", "deflate")
    assert cut <= 5
    np.testing.assert_array_equal(got, whole)


def test_the_largest_full_page_is_taken(tmp_path):
    path = pages(tmp_path / "a.tif", [((20, 30), 1), ((40, 60), 0), ((40, 60), 0), ((90, 90), 1)])
    info, got = pixels(path)
    assert (info.width, info.height, info.pages, got[0, 0]) == (60, 40, 2, 80)
    assert "page 1" in info.notices[0]
    info, got = pixels(path, page=2)
    assert got[0, 0] == 120
    for wrong in (0, 3, -1):
        with pytest.raises(OptionError, match="page"):
            open_image(path, page=wrong)
    info, got = pixels(pages(tmp_path / "b.tif", [((20, 30), 0), ((40, 60), 0)]))
    assert (info.width, got[0, 0]) == (60, 80)
    assert "page 2" in info.notices[0]
    info, got = pixels(pages(tmp_path / "c.tif", [((20, 30), 1), ((40, 60), 0)]))
    assert (info.width, info.notices) == (60, ())


def test_a_full_page_beside_the_chain(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(np.zeros((20, 30), np.uint8), subifds=1, subfiletype=1)
        writer.write(GREY, subfiletype=0)
    np.testing.assert_array_equal(pixels(tmp_path / "a.tif")[1], GREY)


def test_camera_raw_is_named(tmp_path):
    path = tiff(tmp_path / "a.dng", GREY.tobytes(), SIZE, extra=((50706, 1, [1, 4, 0, 0]),))
    with pytest.raises(UnsupportedImageError, match="raw"):
        open_image(path)
    with pytest.raises(UnsupportedImageError, match="raw"):
        open_image(tiff(tmp_path / "b.tif", GREY.tobytes(), SIZE, photometric=32803))


def test_what_no_installed_decoder_knows_is_named(tmp_path, monkeypatch):
    path = tiff(tmp_path / "a.tif", b"\0" * 500, SIZE, compression=34661, bits=1)
    monkeypatch.setattr("photochrom.images.decoders.find_spec", lambda name: None)
    with pytest.raises(UnsupportedImageError, match="JBIG") as caught:
        open_image(path)
    assert "photochrom[scans]" in str(caught.value)


@pytest.mark.parametrize("compression", ["jpegxl", "jpeg2000", "lerc", "lzma"])
def test_compressions_of_the_extra(tmp_path, compression):
    pytest.importorskip("imagecodecs")
    tifffile.imwrite(tmp_path / "a.tif", RGB, photometric="rgb", compression=compression, tile=(32, 32))
    np.testing.assert_array_equal(pixels(tmp_path / "a.tif")[1], RGB)
