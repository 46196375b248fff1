"""Which kind of file it is, by its first bytes; the true names of kinds that are not read; and the endings of those that are."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

import pyvips

__all__ = ["INPUT_SUFFIXES", "foreign", "has_loader", "sniff"]

_HEIF = {
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "heic"),
}
_JP2, _JXL = b"\0\0\0\x0cjP  \r\n\x87\n", b"\0\0\0\x0cJXL \r\n\x87\n"
_JPEG_LS = b"\xff\xd8\xff\xf7"
_RAW = "a camera's raw picture"
#: At the ninth byte of files that begin as TIFF does, and hold small pictures beside the raw one.
_RAW_TIFF = ((b"CR\2\0", "CR2"), (b"IIII", "IIQ"), (b"MMMM", "IIQ"))
#: First bytes of files that are not read, at their place, and what they are.
_FOREIGN = (
    (0, b"8BPS", "a Photoshop document (PSD)"),
    (0, b"FUJIFILMCCD-RAW", f"{_RAW} (RAF)"),
    (0, b"IIRO", f"{_RAW} (ORF)"),
    (0, b"IIRS", f"{_RAW} (ORF)"),
    (0, b"MMOR", f"{_RAW} (ORF)"),
    (0, b"IIU\0", f"{_RAW} (RW2)"),
    (6, b"HEAPCCDR", f"{_RAW} (CRW)"),
    (0, b"FOVb", f"{_RAW} (X3F)"),
    (0, b"\0MRM", f"{_RAW} (MRW)"),
    (4, b"ftypcrx", f"{_RAW} (CR3)"),
    *((8, magic, f"{_RAW} ({name})") for magic, name in _RAW_TIFF),
    (4, b"ftyp", "a video, or a picture in a kind of container that is not read"),
    (0, b"BM", "a Windows bitmap (BMP)"),
    (0, b"%PDF", "a PDF document"),
    (0, b"AT&TFORM", "a DjVu document"),
    (0, b"v/1\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance HDR picture"),
    (0, b"SIMPLE  =", "a FITS picture"),
    (128, b"DICM", "a DICOM picture"),
    (0, b"gimp xcf", "a GIMP document (XCF)"),
    (0, b"II\xbc", "a JPEG XR picture"),
    (0, _JPEG_LS, "a JPEG-LS picture"),
    (0, b"BPG\xfb", "a BPG picture"),
    (0, b"\0\x05\x16\x07", "not a picture but a file's side data (AppleDouble)"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x00\x00\x01\x00", "a Windows icon"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<!DOCTYPE html", "a web page"),
    (0, b"<!doctype html", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"\n\5\1\x08", "a PCX picture"),
    (0, b"\x59\xa6\x6a\x95", "a Sun raster picture"),
    (0, b"\1\xda\0", "an SGI picture"),
    (0, b"\1\xda\1", "an SGI picture"),
    (0, b"qoif", "a QOI picture"),
    (0, b"\x8aMNG", "an MNG animation"),
    (0, b"\xd0\xcf\x11\xe0", "an Office document or a FlashPix picture"),
    (0, b"FORM", "an IFF picture"),
    *((0, b"P%d" % digit + space, "a PNM picture") for digit in range(1, 8) for space in (b"\n", b" ", b"\r", b"\t")),
)


def sniff(head: bytes) -> str | None:
    """``"jpeg"``, ``"png"``, ``"webp"``, ``"tiff"``, ``"gif"``, ``"avif"``, ``"heic"``, ``"jp2"``, ``"jxl"``; None: another."""
    if head.startswith(b"\xff\xd8\xff") and not head.startswith(_JPEG_LS):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return None if head.startswith(tuple(magic for magic, _ in _RAW_TIFF), 8) else "tiff"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head.startswith((_JP2, b"\xff\x4f\xff\x51")):
        return "jp2"
    if head.startswith((_JXL, b"\xff\x0a")):
        return "jxl"
    if head[4:8] == b"ftyp":
        size = min(int.from_bytes(head[:4], "big"), len(head))
        brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
        found = [_HEIF[brand] for brand in brands if brand in _HEIF]
        # mif1 only means HEIF; a further brand names the compression.
        return "avif" if "avif" in found else found[0] if found else None
    return None


def foreign(head: bytes) -> str:
    """What a file of another kind is, in words."""
    for at, magic, name in _FOREIGN:
        if head[at : at + len(magic)] == magic:
            return f"{name}, which is not read"
    if b"<svg" in head:  # behind an XML declaration
        return "an SVG drawing, which is not read"
    return "not a JPEG, PNG, WebP, TIFF, GIF, AVIF, HEIC, JPEG 2000 or JPEG XL picture"


@cache
def has_loader(format: str) -> bool:
    """Whether the installed libvips has a loader of this name (``"jxl"``, ``"jp2k"``, ``"heif"``)."""
    try:
        pyvips.Operation.new_from_name(f"{format}load_source")
    except pyvips.Error:
        return False
    return True


def _readable() -> frozenset[str]:
    endings = ".jpg .jpeg .jpe .jfif .jfi .jif .png .webp .tif .tiff .gif .jp2 .j2k .jpx .jpf .j2c .jpc"
    if has_loader("heif"):
        endings += " .avif"
    if find_spec("pillow_heif") is not None:
        endings += " .heic .heif .hif"
    if has_loader("jxl") or find_spec("imagecodecs") is not None:
        endings += " .jxl"
    return frozenset(endings.split())


#: Endings of the pictures that are read here, with the optional decoders that are installed.
INPUT_SUFFIXES = _readable()
