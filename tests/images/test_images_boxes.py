"""What stands beside the pixels of JPEG 2000, JPEG XL and HEIC: metadata and profiles are read, whatever decodes the pixels."""

import io
import struct

import numpy as np
import pytest
import skimage.data

from photochrom.images import open_image
from photochrom.images.kinds import has_loader
from photochrom.images.metadata import Tags, pack_exif
from photochrom.images.png_chunks import SRGB
from photochrom.images.profiles import gamma_profile

imagecodecs = pytest.importorskip("imagecodecs")
RGB = skimage.data.astronaut()[300:396, 300:428].copy()


def pixels(source):
    return np.concatenate([strip for _, strip in source.strips(40)])


ORIENTED = pack_exif(Tags({0x112: (3, 1, struct.pack("<H", 6)), 270: (2, 5, b"barn\0")}))
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/any"/></rdf:RDF></x:xmpmeta>'
)
LINEAR = gamma_profile(1.0, SRGB)
IPTC = b"\x1c\x02\x78\0\4barn"


def box(name, data):
    return struct.pack(">I", 8 + len(data)) + name + data


def in_boxes(codestream):
    start = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    return start + box(b"jxlc", codestream)


def brob(name, data):
    return box(b"brob", name + imagecodecs.brotli_encode(data))


@pytest.mark.parametrize("place", ["before", "after"])
def test_what_stands_in_the_boxes_of_jpeg_2000(place):
    data = imagecodecs.jpeg2k_encode(RGB, level=0, codecformat="jp2")
    at = data.index(b"jp2c") - 4
    more = box(b"uuid", b"JpgTiffExif->JP2" + ORIENTED)
    more += box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + XMP)
    more += box(b"uuid", bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38") + IPTC)
    size, end = struct.unpack(">I", data[at : at + 4])[0] or len(data) - at, at
    start, tail = (data[:end] + more, data[end:]) if place == "before" else (data[: at + size], more)
    source = open_image(start + tail)
    assert (source.info.width, source.info.height, source.info.orientation) == (96, 128, 6)
    np.testing.assert_array_equal(pixels(source), np.rot90(RGB, -1))
    assert source.tags().main[270][2] == b"barn\0"
    assert source.xmp() == XMP
    assert source.captions().iptc == IPTC


def test_the_profile_of_jpeg_2000():
    data = imagecodecs.jpeg2k_encode(RGB, level=0, codecformat="jp2")
    at = data.index(b"colr") - 4
    old = data[at : at + 15]
    new = box(b"colr", b"\2\0\0" + LINEAR)
    head = data.index(b"jp2h") - 4
    size = struct.unpack(">I", data[head : head + 4])[0] + len(new) - len(old)
    got = pixels(open_image(data[:head] + struct.pack(">I", size) + data[head + 4 : at] + new + data[at + 15 :]))
    light = RGB / 255
    wanted = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(got / 255 - wanted).mean() < 0.004


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_what_stands_in_the_boxes_of_jpeg_xl(packed):
    codestream = imagecodecs.jpegxl_encode(RGB, lossless=True)
    make = brob if packed else box
    data = in_boxes(codestream) + make(b"Exif", bytes(4) + ORIENTED) + make(b"xml ", XMP)
    source = open_image(data)
    assert (source.info.width, source.info.height) == (128, 96), "its own header says how it lies"
    assert source.tags().main[270][2] == b"barn\0"
    assert source.xmp() == XMP
    damaged = in_boxes(codestream) + box(b"brob", b"Exif" + b"nonsense")
    assert "EXIF data could not be unpacked" in open_image(damaged).info.notices[0]


def test_heic_keeps_what_stands_beside_its_pixels():
    pillow_heif = pytest.importorskip("pillow_heif")
    if not has_loader("heif"):
        pytest.skip("this libvips reads no HEIF at all")
    stream = io.BytesIO()
    made = pillow_heif.from_bytes(mode="RGB", size=(128, 96), data=RGB.tobytes())
    made.add_frombytes(mode="RGB", size=(128, 96), data=RGB[::-1].tobytes())
    exif = pack_exif(Tags({270: (2, 5, b"barn\0")}))
    made[0].info.update(icc_profile=LINEAR, icc_profile_type="prof")
    made.save(stream, quality=-1, chroma=444, matrix_coefficients=0, exif=b"Exif\0\0" + exif, xmp=XMP, primary_index=0)
    source = open_image(stream.getvalue())
    assert source.tags().main[270][2] == b"barn\0"
    assert source.xmp() == XMP
    assert source.info.notices == ("the file has 2 pages or frames; only the first is used",)
    light = RGB / 255
    wanted = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(pixels(source) / 255 - wanted).mean() < 0.02
