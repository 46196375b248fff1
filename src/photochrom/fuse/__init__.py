"""Fusion of a small colour field with the full-resolution lightness: the field goes in, sRGB pixels come out.

The room needs NumPy and OpenCV only: it must import neither a network runtime nor file formats, nor anything above ``color``.

:func:`sharpen` enlarges the network's cells to work size, :func:`fit` makes colour a function of lightness around every work
pixel (both in ``field.py``), and :func:`paint_strip` applies the enlarged functions to the full-resolution L* (``paint.py``).
Regions and hinted pixels are then laid over the result, exact to the pixel (``layers.py``). Memory does not grow with the
picture's area, and a strip is the same to the last bit however the picture is cut.
"""

from photochrom.fuse.field import NETWORK_BLUR, ColorField, fit, sharpen
from photochrom.fuse.layers import Dots, Layer, Patch, patch
from photochrom.fuse.paint import ab_strip, paint_strip

__all__ = [
    "NETWORK_BLUR",
    "ColorField",
    "Dots",
    "Layer",
    "Patch",
    "ab_strip",
    "fit",
    "paint_strip",
    "patch",
    "sharpen",
]
