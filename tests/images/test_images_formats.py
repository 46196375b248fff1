"""Further formats are read with what is installed, by content and not by name; all others are refused by their true names."""

import numpy as np
import pytest
import pyvips
import skimage.data

from photochrom.errors import ImageTooLargeError, TruncatedImageError, UnsupportedImageError
from photochrom.images import INPUT_SUFFIXES, open_image
from photochrom.images.kinds import has_loader, sniff

RGB = skimage.data.astronaut()[300:396, 300:428].copy()
GREY = RGB[..., 1].copy()


def pixels(source):
    return np.concatenate([strip for _, strip in source.strips(40)])


def vips(array):
    return pyvips.Image.new_from_array(np.ascontiguousarray(array))


def avif():
    if not has_loader("heif"):
        pytest.skip("this libvips has no AVIF")
    return vips(RGB).heifsave_buffer(compression="av1", Q=90)


def heic():
    pillow_heif = pytest.importorskip("pillow_heif")
    import io

    from PIL import Image

    pillow_heif.register_heif_opener()
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "HEIF", quality=95)
    return stream.getvalue()


def jxl():
    return pytest.importorskip("imagecodecs").jpegxl_encode(RGB, lossless=True)


def jp2():
    import cv2

    return cv2.imencode(".jp2", RGB[..., ::-1], [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000])[1].tobytes()


MAKERS = {"avif": avif, "heic": heic, "jxl": jxl, "jp2": jp2}


@pytest.mark.parametrize("kind", MAKERS)
def test_it_is_read(tmp_path, kind):
    data = MAKERS[kind]()
    assert f".{kind}" in INPUT_SUFFIXES
    (tmp_path / "any name").write_bytes(data)
    for place in (data, tmp_path / "any name"):
        source = open_image(place)
        assert (source.info.format, source.info.width, source.info.height, source.info.bit_depth) == (kind, 128, 96, 8)
        assert np.abs(pixels(source).astype(int) - RGB).mean() < 4
        assert source.work_copy(24).shape == (24, 32, 3)
        assert source.tags() is not None
    with pytest.raises(ImageTooLargeError):
        open_image(data, max_pixels=1000)
    for share in (0.1, 0.5, 0.8):
        with pytest.raises((TruncatedImageError, UnsupportedImageError)):
            pixels(open_image(data[: int(len(data) * share)]))


def boxed(kind, codestream, width=1, height=1):
    """A codestream in the boxes of JP2 or JPEG XL, which may state another size."""

    def box(name, data):
        return (8 + len(data)).to_bytes(4, "big") + name + data

    if kind == "jp2":
        stated = height.to_bytes(4, "big") + width.to_bytes(4, "big") + b"\0\3\7\7\0\0"
        header = box(b"jp2h", box(b"ihdr", stated) + box(b"colr", b"\1\0\0\0\0\0\x10"))
        start = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
        return start + header + (0).to_bytes(4, "big") + b"jp2c" + codestream
    start = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    return start + (16 + len(codestream)).to_bytes(8, "big").join((b"\0\0\0\1jxlc", codestream))


def plain_codestream(kind):
    codecs = pytest.importorskip("imagecodecs")
    return codecs.jpeg2k_encode(RGB, level=0, codecformat="j2k") if kind == "jp2" else jxl()


@pytest.mark.parametrize("form", ["as written", "plain", "in boxes"])
@pytest.mark.parametrize("kind", ["jp2", "jxl", "heic"])
def test_a_picture_that_is_too_large_is_refused_before_it_is_decoded(monkeypatch, kind, form):
    if form == "as written":
        data = MAKERS[kind]()
    elif kind == "heic":
        pytest.skip("always in boxes")
    else:
        data = plain_codestream(kind)
        data = boxed(kind, data) if form == "in boxes" else data

    def never(*_):
        raise AssertionError("decoded")

    for name in ("heic", "jpeg2000", "jpeg_xl"):
        monkeypatch.setattr(f"photochrom.images.decoders.{name}", never)
    monkeypatch.setattr(pyvips.Image, "copy_memory", never)
    with pytest.raises(ImageTooLargeError) as caught:
        open_image(data, max_pixels=128 * 96 - 1)
    assert caught.value.pixels == 128 * 96


@pytest.mark.parametrize(
    ("width", "height"),
    [(1, 1), (120, 100), (133, 100), (511, 513), (8, 8), (2000, 3), (9000, 2), (100, 50), (160, 90)],
)
def test_sizes_in_headers(width, height):
    codecs = pytest.importorskip("imagecodecs")
    array = np.zeros((height, width, 3), np.uint8)
    for data in (codecs.jpegxl_encode(array), codecs.jpeg2k_encode(array, level=0)):
        with pytest.raises(ImageTooLargeError) as caught:
            open_image(data, max_pixels=0)
        assert caught.value.pixels == width * height


@pytest.mark.parametrize("kind", ["jp2", "jxl"])
def test_damaged_boxes_are_refused_by_name(kind):
    whole = boxed(kind, plain_codestream(kind))
    start = whole.index(b"ftyp") - 4
    for data in (
        whole[: start + 3],
        whole[:start] + bytes(4) + whole[start + 4 :],  # a box that goes to the end
        whole[:start] + b"\0\0\0\3" + whole[start + 4 :],  # one that is shorter than its head
        whole[:start] + b"\0\0\0\1ftyp" + b"\xff" * 8 + whole[start + 8 :],
        whole[: whole.index({"jp2": b"jp2c", "jxl": b"jxlc"}[kind]) + 9],
    ):
        with pytest.raises((TruncatedImageError, UnsupportedImageError)):
            pixels(open_image(data))


@pytest.mark.parametrize("array", [GREY, RGB, (RGB.astype(np.uint16) * 257)], ids=["grey", "rgb", "deep"])
def test_jpeg_2000_without_loss(array):
    codecs = pytest.importorskip("imagecodecs")
    source = open_image(codecs.jpeg2k_encode(array, level=0))
    np.testing.assert_array_equal(pixels(source), array)
    assert source.info.bit_depth == array.dtype.itemsize * 8


@pytest.mark.parametrize("bits", [9, 10, 12])
@pytest.mark.parametrize("format", ["jp2", "j2k"])
@pytest.mark.parametrize("array", [GREY, RGB], ids=["grey", "rgb"])
def test_jpeg_2000_of_uncommon_depths(bits, format, array):
    codecs = pytest.importorskip("imagecodecs")
    top = (1 << bits) - 1
    numbers = np.rint(array / 255 * top).astype(np.uint16)
    source = open_image(codecs.jpeg2k_encode(numbers, level=0, bitspersample=bits, codecformat=format))
    got = pixels(source)
    assert source.info.bit_depth == 16
    np.testing.assert_allclose(got / np.iinfo(got.dtype).max, numbers / top, atol=0.003)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("array", [GREY, RGB], ids=["grey", "rgb"])
def test_jpeg_xl_of_uncommon_depths(bits, array):
    codecs = pytest.importorskip("imagecodecs")
    numbers = np.rint(array / 255 * ((1 << bits) - 1)).astype(np.uint16)
    got = pixels(open_image(codecs.jpegxl_encode(numbers, lossless=True, bitspersample=bits)))
    np.testing.assert_allclose(got / 65535, array / 255, atol=0.001)


def test_jpeg_xl_of_half_floats_and_of_frames():
    codecs = pytest.importorskip("imagecodecs")
    got = pixels(open_image(codecs.jpegxl_encode((GREY / 255).astype(np.float16), lossless=True)))
    np.testing.assert_allclose(got / 65535, GREY / 255, atol=0.001)
    source = open_image(codecs.jpegxl_encode(np.stack([RGB, RGB[::-1], RGB]), lossless=True))
    np.testing.assert_array_equal(pixels(source), RGB)
    assert source.info.notices == ("the file is an animation; only its first frame is used",)


def test_jpeg_2000_of_a_kind_that_opencv_does_not_know():
    codecs = pytest.importorskip("imagecodecs")
    source = open_image(codecs.jpeg2k_encode(np.dstack([GREY, 255 - GREY]), level=0))
    np.testing.assert_array_equal(pixels(source), GREY)
    assert source.info.has_alpha


def test_jpeg_2000_says_nothing_on_standard_error(capfd):
    codecs = pytest.importorskip("imagecodecs")
    pixels(open_image(codecs.jpeg2k_encode(RGB, level=0, codecformat="j2k")))
    with pytest.raises(TruncatedImageError):
        open_image(codecs.jpeg2k_encode(RGB, level=0, codecformat="j2k")[:-4000])
    assert capfd.readouterr().err == ""


def test_uncommon_jpegs_are_named():
    codecs = pytest.importorskip("imagecodecs")
    for data, name in (
        (codecs.jpegls_encode(GREY), "JPEG-LS"),
        (codecs.jpeg8_encode(GREY.astype(np.uint16) * 16, bitspersample=12), "JPEG of 12-bit numbers"),
        (codecs.jpeg8_encode(GREY.astype(np.uint16) * 257, bitspersample=16, lossless=True), "JPEG of 16-bit numbers"),
    ):
        with pytest.raises(UnsupportedImageError, match=name):
            open_image(data)


def test_jpeg_2000_of_four_bits_is_named():
    codecs = pytest.importorskip("imagecodecs")
    if has_loader("jp2k"):
        pytest.skip("this libvips reads it")
    with pytest.raises(UnsupportedImageError, match="4-bit"):
        open_image(codecs.jpeg2k_encode(GREY >> 4, level=0, bitspersample=4))


@pytest.mark.parametrize(("kind", "extra", "name"), [("heic", "heic", "HEIC"), ("jxl", "scans", "JPEG XL")])
def test_what_would_read_it_is_named(monkeypatch, kind, extra, name):
    data = MAKERS[kind]()
    if has_loader({"heic": "none", "jxl": "jxl"}[kind]):
        pytest.skip("this libvips reads it")
    monkeypatch.setattr("photochrom.images.decoders.find_spec", lambda module: None)
    with pytest.raises(UnsupportedImageError, match=name) as caught:
        open_image(data)
    assert f"photochrom[{extra}]" in str(caught.value)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"8BPS\0\1", "Photoshop"),
        (b"FUJIFILMCCD-RAW 0201", "raw"),
        (b"IIRO\x08\0\0\0", "raw"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "raw"),
        (b"\0\0\0\x18ftypisom\0\0\0\1isommp42", "video"),
        (b"BM\x36\0", "BMP"),
        (b"%PDF-1.7", "PDF"),
        (b"P5\n64 64\n255\n", "PNM"),
        (b"\0\5\x16\7\0\2\0\0", "AppleDouble"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "CR2"),
        (b"MM\0*\0\0\0\x10MMMM" + bytes(40), "IIQ"),
        (b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg">', "SVG"),
        (b"<!DOCTYPE html>", "web page"),
        (b"\n\5\1\x08" + bytes(60), "PCX"),
        (b"a letter", "not a JPEG"),
    ],
)
def test_the_true_name_of_what_is_not_read(tmp_path, head, name):
    (tmp_path / "photo.jpg").write_bytes(head.ljust(600, b"\0"))
    with pytest.raises(UnsupportedImageError, match=name):
        open_image(tmp_path / "photo.jpg")


def test_the_name_does_not_matter(tmp_path):
    for name in ("photo", "photo.tif", "photo.jfif", "photo.txt"):
        (tmp_path / name).write_bytes(vips(RGB).pngsave_buffer())
        source = open_image(tmp_path / name)
        assert source.info.format == "png"
        np.testing.assert_array_equal(pixels(source), RGB)


def test_brands_of_heif():
    def head(major, *more):
        brands = b"".join(more)
        return (16 + len(brands)).to_bytes(4, "big") + b"ftyp" + major + bytes(4) + brands

    assert sniff(head(b"mif1", b"mif1", b"avif")) == "avif"
    assert sniff(head(b"mif1", b"mif1", b"heic")) == "heic"
    assert sniff(head(b"heic", b"mif1")) == "heic"
    assert sniff(head(b"isom", b"mp42")) is None
