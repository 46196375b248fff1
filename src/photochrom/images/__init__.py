"""Pictures in and out: read anything into sRGB strips, recognise tinted scans, write a finished picture.

Reading and writing stream with libvips, so memory does not grow with the area of a large picture. The room knows files, not
colorization: nothing of ``color``, ``fuse``, ``edits`` or the networks may be imported.
"""

from photochrom.images.borders import network_view, on_paper
from photochrom.images.framed import framed, warped
from photochrom.images.kinds import INPUT_SUFFIXES
from photochrom.images.marks import is_own_output
from photochrom.images.negatives import statistics_say_negative
from photochrom.images.read import MAX_PIXELS, AnyImage, ImageInfo, SourceImage, open_image
from photochrom.images.tiff_join import write_pages
from photochrom.images.tint import Tint, classify_tint
from photochrom.images.write import OUTPUT_SUFFIXES, takes_packed, write_image

__all__ = [
    "INPUT_SUFFIXES",
    "MAX_PIXELS",
    "OUTPUT_SUFFIXES",
    "AnyImage",
    "ImageInfo",
    "SourceImage",
    "Tint",
    "classify_tint",
    "framed",
    "is_own_output",
    "network_view",
    "on_paper",
    "open_image",
    "statistics_say_negative",
    "takes_packed",
    "warped",
    "write_image",
    "write_pages",
]
