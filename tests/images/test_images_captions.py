"""Captions in older forms are kept where the format has a place for them, and named where it has none."""

import io
import itertools
import struct

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from helpers import COLOUR, MARKS, strips
from photochrom.images import open_image, write_image
from photochrom.images.captions import Captions, from_gif, from_iptc
from photochrom.images.png_chunks import png_chunk


def field(number, text):
    return struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text


IPTC = field(120, "Grandmother in the garden, Žižkov".encode()) + field(80, b"K. Novak") + field(25, b"family")
RESOURCE = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(IPTC)) + IPTC + b"\0" * (len(IPTC) % 2)
OTHER = b"8BIM" + struct.pack(">H", 0x03ED) + b"\4name\0" + struct.pack(">I", 3) + b"abc\0"
COMMENT = "found in the attic, 1934"


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg(path):
    data = pyvips.Image.new_from_array(COLOUR).jpegsave_buffer()
    lead = segment(0xED, b"Photoshop 3.0\0" + OTHER + RESOURCE) + segment(0xFE, COMMENT.encode())
    path.write_bytes(data[:2] + lead + data[2:])


def tiff(path):
    tifffile.imwrite(path, COLOUR, photometric="rgb", extratags=[(33723, 7, len(IPTC), IPTC, True)])


def png(path):
    data = pyvips.Image.new_from_array(COLOUR).pngsave_buffer()
    chunks = (
        png_chunk(b"tEXt", b"Comment\0" + COMMENT.encode()),
        png_chunk(b"iTXt", b"Title\0\0\0\0\0" + "Žižkov".encode()),
    )
    path.write_bytes(data[:33] + b"".join(chunks) + data[33:])


SOURCES = {"jpg": jpeg, "tif": tiff, "png": png}


def written(tmp_path, kind, suffix):
    SOURCES[kind](tmp_path / f"in.{kind}")
    source = open_image(tmp_path / f"in.{kind}")
    notices = write_image(source, tmp_path / f"out.{suffix}", strips(COLOUR), **MARKS, force=True)
    again = open_image(tmp_path / f"out.{suffix}")
    assert (again.info.width, again.info.height) == (128, 96)
    return again.captions(), " ".join(notices)


@pytest.mark.parametrize(("kind", "suffix"), list(itertools.product(["jpg", "tif"], ["jpg", "tif", "png"])))
def test_iptc_is_kept(tmp_path, kind, suffix):
    captions, notices = written(tmp_path, kind, suffix)
    assert captions.iptc == IPTC
    assert "IPTC" not in notices
    if suffix == "jpg":
        assert pyvips.Image.new_from_file(str(tmp_path / "out.jpg")).get("iptc-data")
    if suffix == "tif":
        with tifffile.TiffFile(tmp_path / "out.tif") as file:
            assert bytes(file.pages[0].tags[33723].value) == IPTC


@pytest.mark.parametrize("kind", ["jpg", "tif"])
@pytest.mark.parametrize("suffix", ["webp", "gif"])
def test_iptc_that_is_lost_is_named(tmp_path, kind, suffix):
    _, notices = written(tmp_path, kind, suffix)
    assert "IPTC data (caption, author, keywords)" in notices


def test_comments_and_texts(tmp_path):
    captions, notices = written(tmp_path, "jpg", "jpg")
    assert captions.comments == (COMMENT.encode(),)
    assert notices == ""
    captions, notices = written(tmp_path, "jpg", "png")
    assert [(key, text) for key, text, _ in captions.texts] == [("Comment", COMMENT)]
    assert notices == ""
    captions, notices = written(tmp_path, "png", "png")
    assert {key: text for key, text, _ in captions.texts} == {"Comment": COMMENT, "Title": "Žižkov"}
    assert notices == ""
    captions, notices = written(tmp_path, "png", "jpg")
    assert captions.comments == (COMMENT.encode(),)
    assert "PNG texts (Title)" in notices
    for suffix in ("tif", "webp"):
        assert "comment" in written(tmp_path, "jpg", suffix)[1]
        assert "PNG texts (Comment, Title)" in written(tmp_path, "png", suffix)[1]


def test_comments_of_gif(tmp_path):
    comments = [b"in the attic " * 40, "Žižkov".encode()]
    options = {"append_images": [Image.fromarray(COLOUR[::-1].copy())], "save_all": True}
    Image.fromarray(COLOUR).save(tmp_path / "in.gif", **options)
    data = (tmp_path / "in.gif").read_bytes()
    (tmp_path / "in.gif").write_bytes(data[:-1] + Captions(comments=tuple(comments)).for_gif() + data[-1:])
    source = open_image(tmp_path / "in.gif")
    assert source.captions().comments == tuple(comments)
    for suffix in ("jpg", "gif", "png", "tif", "webp"):
        notices = write_image(source, tmp_path / f"out.{suffix}", strips(COLOUR), **MARKS)
        kept = open_image(tmp_path / f"out.{suffix}").captions()
        texts = kept.comments or tuple(text.encode() for _, text, _ in kept.texts)
        assert texts == (tuple(comments) if suffix in ("jpg", "gif", "png") else ())
        assert any("comment could not be kept" in notice for notice in notices) == (not texts)


def test_iptc_of_photoshop_where_the_tag_for_it_holds_nothing(tmp_path):
    tags = [(33723, 7, 4, bytes(4), True), (34377, 7, len(RESOURCE), RESOURCE, True)]
    tifffile.imwrite(tmp_path / "in.tif", COLOUR, photometric="rgb", extratags=tags)
    assert open_image(tmp_path / "in.tif").captions().iptc == IPTC


def test_a_picture_without_captions_has_no_notice(tmp_path):
    source = open_image(COLOUR)
    for suffix in ("jpg", "png", "tif", "webp"):
        assert write_image(source, tmp_path / f"a.{suffix}", strips(COLOUR), **MARKS) == ()


def test_damaged_captions_are_no_reason_to_refuse(tmp_path):
    rng = np.random.default_rng(3)
    jpeg(tmp_path / "in.jpg")
    whole = (tmp_path / "in.jpg").read_bytes()
    end = whole.index(COMMENT.encode())
    for _ in range(200):
        data = bytearray(whole)
        data[24 : 24 + 1] = b"\0"
        for place in rng.integers(30, end, 6):
            if data[place - 4 : place + 4].find(b"\xff") < 0:
                data[place] = rng.integers(0, 255)
        captions = open_image(bytes(data)).captions()
        captions.for_jpeg(), captions.for_png(), captions.lost_in("webp")
    gif = bytearray(pyvips.Image.new_from_array(COLOUR).gifsave_buffer())
    for _ in range(500):
        gif[rng.integers(10, 900)] = rng.integers(0, 255)
        from_gif(io.BytesIO(gif[: rng.integers(0, len(gif))]))
        from_iptc(b"8BIM" + rng.bytes(40))
        Captions(from_iptc(b"\x1c" + rng.bytes(40))).lost_in("gif")


def test_iptc_in_words_of_the_other_byte_order():
    padded = IPTC + bytes(-len(IPTC) % 4)
    swapped = b"".join(padded[at : at + 4][::-1] for at in range(0, len(padded), 4))
    assert from_iptc(swapped) == padded
    assert from_iptc(b"") == from_iptc(b"anything") == b""
