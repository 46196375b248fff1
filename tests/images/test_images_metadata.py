"""Metadata: EXIF and XMP are kept, orientation is reset, and the colours are marked as synthetic."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
import pyvips

from helpers import COLOUR, CREATOR, DST, MARKS, RDF, TOOL, strips
from photochrom.images import open_image, write_image
from photochrom.images.metadata import SYNTHETIC, Tags, mark_xmp


def written(source, path, array):
    write_image(source if hasattr(source, "strips") else open_image(source), path, strips(array), **MARKS)
    return open_image(path)


def pixels(source):
    return np.concatenate([strip for _, strip in source.strips(50)])


def software(source):
    return source.tags().main[0x131][2].rstrip(b"\0").decode()


def tagged_jpeg(path, orientation=1, quality=77, xmp=None):
    image = pyvips.Image.new_from_array(COLOUR).copy(xres=12, yres=6)
    for name, value in {
        "exif-ifd0-Artist": "Jane",
        "exif-ifd0-Copyright": "none (really)",
        "exif-ifd0-ImageDescription": "Harbour",
        "exif-ifd2-DateTimeOriginal": "1921:05:04 10:00:00",
        "exif-ifd3-GPSLatitudeRef": "N",
    }.items():
        image.set_type(pyvips.GValue.gstr_type, name, value)
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    if xmp:
        image.set_type(pyvips.GValue.blob_type, "xmp-data", xmp)
    image.jpegsave(str(path), Q=quality)
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_exif_is_kept_and_orientation_reset(tmp_path, suffix):
    source = open_image(tagged_jpeg(tmp_path / "in.jpg", orientation=6))
    before = source.tags()
    upright = np.rot90(COLOUR, -1)
    result = written(source, tmp_path / f"out{suffix}", upright)
    after = result.tags()
    assert (result.info.width, result.info.height, result.info.orientation) == (96, 128, 1)
    for tag in (0x10E, 0x13B, 0x8298):  # description, artist, copyright
        assert after.main[tag] == before.main[tag]
    assert b"Harbour" in after.main[0x10E][2]
    assert after.exif[0x9003] == before.exif[0x9003]
    assert after.gps[0x01] == before.gps[0x01]
    assert after.layout[0x112][2][:1] == b"\1"
    assert after.exif[0xA001] == (3, 1, b"\1\0")
    assert after.exif[0xA002][2] == (96).to_bytes(4, "little")
    assert result.info.dpi == pytest.approx((6 * 25.4, 12 * 25.4), rel=1e-3)
    again = written(result, tmp_path / f"again{suffix}", upright).tags()  # and once more, out of the new file
    assert {**again.main, **again.exif, **again.gps} == {**after.main, **after.exif, **after.gps}


OLD_XMP = f"""<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF[1:-1]}">
<rdf:Description rdf:about="urn:a" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:own="http://example.org/own/" xmp:CreatorTool="Scanner"
 tiff:Orientation="6" own:Box="17"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">Hafen</rdf:li></rdf:Alt></dc:title>
 <Iptc4xmpExt:DigitalSourceType xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">old</Iptc4xmpExt:DigitalSourceType>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>""".encode()


def properties(packet):
    """All properties of an XMP packet, as attributes or as elements."""
    found = []
    for description in ET.fromstring(packet.strip()).iter(f"{RDF}Description"):
        found += list(description.attrib.items()) + [(element.tag, element.text) for element in description]
    assert len({name for name, _ in found}) >= len([name for name, _ in found if "about" not in name])
    return dict(found)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_xmp_is_merged(tmp_path, suffix):
    result = written(tagged_jpeg(tmp_path / "in.jpg", xmp=OLD_XMP), tmp_path / f"out{suffix}", COLOUR)
    found = properties(result.xmp())
    assert (found[DST], found[TOOL]) == (SYNTHETIC, CREATOR)
    assert found["{http://ns.adobe.com/tiff/1.0/}Orientation"] == "1"
    assert found["{http://example.org/own/}Box"] == "17"
    assert found[f"{RDF}about"] == "urn:a"
    assert "Hafen" in result.xmp().decode()


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><x>&d;&d;&d;&d;</x>"""


@pytest.mark.parametrize(
    "packet",
    [
        None,
        b"",
        b"not xml",
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>",
        b"<a/>",
        LAUGHS,
        b"\xff\xfe" + bytes(100),
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>" * 100_000,
        OLD_XMP.replace(b"Hafen", b"<a>" * 20_000 + b"</a>" * 20_000),
        OLD_XMP.replace(b"Hafen", b"&undefined;"),
    ],
    ids=range(11),
)
def test_hostile_xmp_is_replaced(packet):
    found = properties(mark_xmp(packet, CREATOR))
    assert (found[DST], found[TOOL]) == (SYNTHETIC, CREATOR)


def test_xmp_too_long_for_jpeg(tmp_path):
    image = pyvips.Image.new_from_array(COLOUR).copy()
    image.set_type(pyvips.GValue.blob_type, "xmp-data", OLD_XMP.replace(b"Hafen", b"H" * 70_000))
    image.tiffsave(str(tmp_path / "in.tif"))
    source = open_image(tmp_path / "in.tif")
    notices = write_image(source, tmp_path / "out.jpg", strips(COLOUR), **MARKS)
    assert "XMP" in notices[0]
    assert SYNTHETIC.encode() in open_image(tmp_path / "out.jpg").xmp()
    assert b"H" * 70_000 in written(source, tmp_path / "out.tif", COLOUR).xmp()


def test_exif_too_long_for_jpeg(tmp_path):
    image = pyvips.Image.new_from_array(COLOUR).copy()
    image.set_type(pyvips.GValue.gstr_type, "image-description", "D" * 65_400)
    image.tiffsave(str(tmp_path / "in.tif"))
    source = open_image(tmp_path / "in.tif")
    notices = write_image(source, tmp_path / "out.jpg", strips(COLOUR), **MARKS)
    assert "EXIF" in notices[0]
    assert open_image(tmp_path / "out.jpg").tags() == Tags()
    assert written(source, tmp_path / "out.png", COLOUR).tags().main[0x10E][2] == b"D" * 65_400 + b"\0"


def test_damaged_exif_does_not_hinder(tmp_path):
    path = tagged_jpeg(tmp_path / "in.jpg")
    whole = path.read_bytes()
    start, random = whole.index(b"Exif\0\0") + 6, np.random.default_rng(5)
    for round_ in range(25):
        damaged = bytearray(whole)
        for at in random.integers(start, start + 300, 12):
            damaged[at] = random.integers(256)
        path.write_bytes(damaged)
        result = written(path, tmp_path / f"out{round_}.jpg", pixels(open_image(path))[..., :3])
        assert software(result) == CREATOR


def test_empty_tags_make_a_valid_packet():
    assert Tags().number(259) is None
    assert Tags().resolution() is None
