"""JPEG without an end, PNG that states its gamma, orientation in every place it is kept."""

import struct
import zlib

import numpy as np
import pytest
import pyvips
import skimage.data

from photochrom.errors import TruncatedImageError, UnsupportedImageError
from photochrom.images import open_image, read
from photochrom.images.metadata import Tags, pack_exif
from photochrom.images.png_chunks import png_chunk

RGB = skimage.data.astronaut()[300:396, 300:428].copy()
GREY = RGB[..., 1].copy()


pytestmark = pytest.mark.usefixtures("memory")


def pixels(source):
    return np.concatenate([strip for _, strip in source.strips(40)])


def vips(array):
    return pyvips.Image.new_from_array(np.ascontiguousarray(array))


@pytest.mark.parametrize("interlace", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("array", [GREY, RGB], ids=["grey", "rgb"])
@pytest.mark.parametrize("tail", [b"", b"\xff", b"\0\0\0"])
def test_a_jpeg_without_its_end_marker(tmp_path, interlace, array, tail):
    whole = vips(array).jpegsave_buffer(Q=90, interlace=interlace)
    assert whole.endswith(b"\xff\xd9")
    wanted = pixels(open_image(whole))
    (tmp_path / "a.jpg").write_bytes(whole[:-2] + tail)
    for source in (tmp_path / "a.jpg", whole[:-2] + tail):
        opened = open_image(source)
        np.testing.assert_array_equal(pixels(opened), wanted)
        assert opened.work_copy(24).shape == (24, 32, 3)
        assert [notice for notice in opened.info.notices if "end marker" in notice] == list(opened.info.notices) != []


@pytest.mark.parametrize("interlace", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.98])
def test_a_jpeg_that_is_cut_is_still_refused(tmp_path, interlace, share):
    whole = vips(RGB).jpegsave_buffer(Q=90, interlace=interlace)
    (tmp_path / "a.jpg").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(TruncatedImageError):
        pixels(open_image(tmp_path / "a.jpg"))


def test_a_progressive_jpeg_that_lacks_a_scan_is_refused():
    whole = vips(RGB).jpegsave_buffer(Q=90, interlace=True)
    last = whole.rindex(b"\xff\xda")
    with pytest.raises(TruncatedImageError):
        pixels(open_image(whole[:last]))


def test_an_end_marker_that_is_there_but_not_last(tmp_path):
    whole = vips(RGB).jpegsave_buffer(Q=90)
    source = open_image(whole + b"\0" * 5000 + b"another picture")
    assert source.info.notices == ()
    np.testing.assert_array_equal(pixels(source), pixels(open_image(whole)))


def png(array, *chunks):
    data = vips(array).pngsave_buffer(keep="none")
    return data[:33] + b"".join(chunks) + data[33:]


def gama(value):
    return png_chunk(b"gAMA", struct.pack(">I", round(value * 100000)))


def chrm(*xy):
    return png_chunk(b"cHRM", struct.pack(">8I", *(round(value * 100000) for value in xy)))


SRGB = 0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06
ADOBE = 0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06


def srgb(linear):
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("exponent", [1.0, 1.8, 2.6])
@pytest.mark.parametrize("array", [GREY, RGB], ids=["grey", "rgb"])
def test_png_gamma(exponent, array):
    got = pixels(open_image(png(array, gama(1 / exponent))))
    wanted = srgb((array / 255) ** exponent) * 255
    assert np.abs(got - wanted).max() < 2.1 if exponent > 1 else np.abs(got - wanted).mean() < 1
    copy = open_image(png(array, gama(1 / exponent))).work_copy(96)
    assert np.abs(copy * 255 - (wanted if array.ndim == 3 else wanted[..., None])).mean() < 1


def test_png_primaries():
    got = pixels(open_image(png(RGB, gama(1 / 2.2), chrm(*ADOBE)))).astype(float)
    # Adobe RGB (1998) to sRGB, both of white D65.
    matrix = np.array([[1.39836, -0.39836, 0], [0, 1, 0], [0, -0.04293, 1.04293]])
    wanted = srgb(((RGB / 255) ** 2.2 @ matrix.T).clip(0, 1)) * 255
    assert np.abs(got - wanted).mean() < 1


@pytest.mark.parametrize(
    "chunks",
    [
        (gama(0.45455),),
        (gama(0.45),),
        (gama(0.45455), chrm(*SRGB)),
        (gama(1.0), png_chunk(b"sRGB", b"\0")),
        (gama(0),),
        (gama(900),),
        (chrm(*[0.0] * 8),),
        (chrm(*[0.3] * 8),),
        (png_chunk(b"gAMA", b"\0"),),
    ],
)
def test_png_that_states_srgb_or_nonsense(chunks):
    np.testing.assert_array_equal(pixels(open_image(png(RGB, *chunks))), RGB)


def test_png_that_codes_its_colours():
    """cICP: primaries and curve by their numbers in ITU-T H.273."""
    linear = np.where(RGB <= 10, RGB / 255 / 12.92, ((RGB / 255 + 0.055) / 1.055) ** 2.4)
    # Display P3 to sRGB, both of white D65.
    matrix = np.array([[1.22494, -0.22494, 0], [-0.04206, 1.04206, 0], [-0.01964, -0.07864, 1.09828]])
    wanted = srgb((linear @ matrix.T).clip(0, 1)) * 255
    assert np.abs(pixels(open_image(png(RGB, png_chunk(b"cICP", b"\x0c\x0d\0\1")))) - wanted).mean() < 0.5
    got = pixels(open_image(png(RGB, gama(0.3), png_chunk(b"cICP", b"\1\x08\0\1"))))
    assert np.abs(got - srgb(RGB / 255) * 255).mean() < 1
    np.testing.assert_array_equal(pixels(open_image(png(RGB, gama(1.0), png_chunk(b"cICP", b"\1\x0d\0\1")))), RGB)
    for code in (b"\x09\x10\0\1", b"\1\x0d\0\0", b""):
        assert "cICP" in open_image(png(RGB, png_chunk(b"cICP", code))).info.notices[0]


def test_an_animated_png_says_so():
    moving = png_chunk(b"acTL", struct.pack(">II", 5, 0))
    assert open_image(png(RGB, moving)).info.notices == (
        "the file is an animation of 5 frames; only the first is used",
    )


def test_an_icc_profile_goes_before_gamma():
    data = vips(RGB).copy(interpretation="srgb").pngsave_buffer(profile="srgb")
    np.testing.assert_array_equal(pixels(open_image(data[:33] + gama(1.0) + data[33:])), RGB)


EXIF = pack_exif(Tags({0x112: (3, 1, struct.pack("<H", 6))}))


def xmp(orientation):
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d"/>'
        b"</rdf:RDF></x:xmpmeta>" % orientation
    )


def raw_profile(name, packet):
    return b"Raw profile type " + name + b"\0", b"\n%s\n%8d\n%s\n" % (name, len(packet), packet.hex().encode())


def itxt(packet):
    return png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)


def ztxt(name, packet):
    key, text = raw_profile(name, packet)
    return png_chunk(b"zTXt", key + b"\0" + zlib.compress(text))


TURNED = {
    "exif": (png_chunk(b"eXIf", EXIF),),
    "raw exif": (png_chunk(b"tEXt", b"".join(raw_profile(b"exif", b"Exif\0\0" + EXIF))),),
    "compressed raw exif": (ztxt(b"exif", b"Exif\0\0" + EXIF),),
    "raw app1": (ztxt(b"APP1", b"Exif\0\0" + EXIF),),
    "raw app1 in small letters": (ztxt(b"app1", b"Exif\0\0" + EXIF),),
    "xmp": (itxt(xmp(6)),),
    "exif before xmp": (png_chunk(b"eXIf", EXIF), itxt(xmp(3))),
}


@pytest.mark.parametrize("place", TURNED)
def test_orientation_of_png(tmp_path, place):
    source = open_image(png(RGB, *TURNED[place]))
    assert (source.info.width, source.info.height, source.info.orientation) == (96, 128, 6)
    np.testing.assert_array_equal(pixels(source), np.rot90(RGB, -1))


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tif"])
def test_orientation_in_xmp(tmp_path, suffix):
    image = vips(RGB).copy()
    image.set_type(pyvips.GValue.blob_type, "xmp-data", xmp(6))
    # EXIF that says "upright" would be believed.
    options = {".jpg": {"Q": 100, "keep": "xmp"}, ".webp": {"lossless": True, "keep": "xmp"}, ".tif": {}}[suffix]
    image.write_to_file(str(tmp_path / f"a{suffix}"), **options)
    if suffix == ".tif":  # libvips writes the tag by itself
        data = (tmp_path / "a.tif").read_bytes()
        (tmp_path / "a.tif").write_bytes(data.replace(struct.pack("<HHI", 274, 3, 1), struct.pack("<HHI", 60000, 3, 1)))
    source = open_image(tmp_path / f"a{suffix}")
    assert (source.info.width, source.info.orientation) == (96, 6)
    assert np.abs(pixels(source).astype(int) - np.rot90(RGB, -1)).mean() < 2


@pytest.mark.parametrize("kind", ["png", "tif", "g4"])
def test_a_picture_without_greys_says_why_it_stays(tmp_path, kind):
    bits = np.where(GREY > 128, 255, 0).astype(np.uint8)
    path = tmp_path / f"a.{'png' if kind == 'png' else 'tif'}"
    options = {"compression": "ccittfax4", "bitdepth": 1} if kind == "g4" else {"bitdepth": 1}
    vips(bits).write_to_file(str(path), **options)
    source = open_image(path)
    copy = source.examine(source.work_copy(48))
    assert copy.shape == (48, 64, 3)
    if kind != "png" or source.pixels() is not None:
        assert "without greys" in " ".join(source.findings)
    np.testing.assert_array_equal(pixels(source).reshape(96, 128, -1)[..., 0], bits)
    for other in (GREY, np.zeros_like(GREY), RGB):
        source = open_image(other)
        source.examine(source.work_copy(48))
        assert source.findings == ()


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
@pytest.mark.parametrize("memory", ["held", "streamed"])
def test_so_does_one_with_a_trace_of_grey_however_it_is_read(tmp_path, monkeypatch, memory, suffix):
    if memory == "streamed":
        monkeypatch.setattr(read, "IN_MEMORY", 0)
    drawing = np.full((96, 128), 250, np.uint8)
    drawing[20:60, 30:34] = drawing[70:75, 8:120] = 3
    drawing[10, :90] = 130
    for array, expected in ((drawing, True), (np.dstack([drawing] * 3), True), (GREY, False)):
        path = tmp_path / f"{array.ndim}{expected}.{suffix}"
        vips(array).write_to_file(str(path), **({"Q": 98} if suffix == "jpg" else {}))
        source = open_image(path)
        source.examine(source.work_copy(48))
        assert ("without greys" in " ".join(source.findings)) == expected
        assert "negative" not in " ".join(source.findings)


def test_two_strong_colors_are_not_black_and_white():
    red = np.zeros((96, 128, 3), np.uint8)
    red[30:60, 20:90, 0] = red[70:, :, 1] = 255
    source = open_image(red)
    source.examine(source.work_copy(48))
    assert "without greys" not in " ".join(source.findings)


@pytest.mark.parametrize("at", range(5))
def test_a_jpeg_without_end_and_with_broken_tables_is_refused(tmp_path, at):
    whole = bytearray(vips(RGB).jpegsave_buffer(Q=90)[:-2])
    table = whole.index(b"\xff\xc4") + 4
    whole[table + at : table + at + 8] = b"\xff" * 8
    (tmp_path / "a.jpg").write_bytes(whole)
    with pytest.raises((TruncatedImageError, UnsupportedImageError)):
        pixels(open_image(tmp_path / "a.jpg"))


@pytest.mark.parametrize("offset", [1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_a_bigtiff_with_an_offset_that_no_file_has_is_refused(tmp_path, offset):
    data = b"II\x2b\0\x08\0\0\0" + offset.to_bytes(8, "little") + bytes(20)
    (tmp_path / "a.tif").write_bytes(data)
    for source in (data, tmp_path / "a.tif"):
        with pytest.raises(TruncatedImageError):
            open_image(source)
