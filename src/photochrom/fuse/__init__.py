"""From a small colour field to a full-size colour photograph that keeps its own lightness.

Three steps, each of which looks only at the photograph's L*:

1. :func:`sharpen` brings the network's coarse cells to work size. A network tells the mean colour of a cell and smears it
   over its neighbours; edges are put back by adding slope * (L* - blurred L*), where the slope is the local regression of
   the cells' ab on their L* and L* is blurred as the network blurs (He, Sun, Tang 2013, eq. 5, fitted at the resolution
   the colours are known at, as in He and Sun 2015).
2. :func:`fit` fits ab = slope * L* + offset around every work pixel (the same equation), passing through its own colour.
3. :func:`paint_strip` enlarges slope and offset, never ab (He and Sun 2015, eq. 8), to the rows of one strip, and applies
   them to the full-resolution L*, which is first clipped to the range that the fit has seen: grain and lines finer than
   a work pixel cannot be given a colour that is not there. What leaves sRGB gives up chroma.

Memory does not grow with the picture's area, and a strip is the same to the last bit however the picture is cut.
"""

from photochrom.fuse.field import NETWORK_BLUR, ColorField, fit, sharpen
from photochrom.fuse.paint import ab_strip, paint_strip

__all__ = ["NETWORK_BLUR", "ColorField", "ab_strip", "fit", "paint_strip", "sharpen"]
