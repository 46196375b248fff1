"""From a small colour field to a full-size colour photograph that keeps its own lightness.

:func:`sharpen` brings the network's cells to work size, :func:`fit` makes colour a function of lightness around every work pixel
(both in ``field.py``), and :func:`paint_strip` applies the enlarged functions to the full-resolution L* (``paint.py``). Each
looks only at the photograph's L*. Regions and hinted pixels are laid over it to the pixel (``layers.py``). Memory does not
grow with the picture's area, and a strip is the same to the last bit however the picture is cut.
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
