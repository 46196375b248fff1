"""sRGB, CIE L*a*b* (D65) and the ab bins: every colour formula of Photochrom stands here, once.

The formulas take numpy arrays and torch tensors alike: they use only operators, and what differs between the two
libraries comes from the array itself, so this module never imports torch.

Units: sRGB and linear RGB in [0, 1]; L* in [0, 100]; a* and b* in about [-110, 110].
Sources: IEC 61966-2-1 (sRGB); CIE 15:2004 (L*a*b*); Ottosson 2020 (Oklab); Zhang, Isola, Efros 2016 (ab bins).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom.errors import InvalidPixelsError, OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray


#: A numpy array or a torch tensor: they share the operators used here, but no type that could be named without torch.
Array: TypeAlias = Any

#: Linear sRGB -> XYZ, divided by the D65 white point, so that white maps to (1, 1, 1).
RGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
RGB_TO_XYZ /= RGB_TO_XYZ.sum(axis=1, keepdims=True)
XYZ_TO_RGB = np.linalg.inv(RGB_TO_XYZ)

#: Linear sRGB -> the cone responses of Oklab, and their cube roots -> Oklab (Ottosson 2020, https://bottosson.github.io/posts/oklab/).
RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LMS_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
LMS_TO_RGB, OKLAB_TO_LMS = np.linalg.inv(RGB_TO_LMS), np.linalg.inv(LMS_TO_OKLAB)

#: Width of one ab bin, in units of a* and b*.
BIN_SIZE = 10

_DELTA = 6 / 29


def _where(condition: Any, yes: Any, no: Any) -> Any:
    """``numpy.where`` for arrays, ``Tensor.where`` for tensors."""
    return np.where(condition, yes, no) if isinstance(yes, np.ndarray) else yes.where(condition, no)


def srgb_to_linear(srgb: Array) -> Array:
    """Undo the sRGB transfer curve; any shape, float, [0, 1] -> [0, 1]."""
    c: Any = srgb
    return _where(c <= 0.04045, c / 12.92, ((c.clip(0.0) + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(linear: Array) -> Array:
    """Apply the sRGB transfer curve; any shape, float; negative values stay linear, so out of range stays visible."""
    c: Any = linear
    return _where(c <= 0.0031308, c * 12.92, 1.055 * c.clip(0.0031308) ** (1 / 2.4) - 0.055)


def _f(t: Any) -> Any:
    return _where(t > _DELTA**3, t.clip(_DELTA**3) ** (1 / 3), t / (3 * _DELTA**2) + 4 / 29)


def _f_inverse(t: Any) -> Any:
    return _where(t > _DELTA, t * t * t, (t - 4 / 29) * (3 * _DELTA**2))


def lightness_from_luminance(y: Array) -> Array:
    """CIE L* in [0, 100] of relative luminance Y in [0, 1]; any shape, float."""
    return 116 * _f(y) - 16


def planes_to_lab(r: Array, g: Array, b: Array) -> tuple[Array, Array, Array]:
    """L*, a*, b* planes of three sRGB planes (any shape, float, [0, 1])."""
    return linear_to_lab(srgb_to_linear(r), srgb_to_linear(g), srgb_to_linear(b))


def linear_to_lab(r: Array, g: Array, b: Array) -> tuple[Array, Array, Array]:
    """L*, a*, b* planes of three planes of linear RGB (any shape, float, [0, 1])."""
    lin: tuple[Any, ...] = (r, g, b)
    fx, fy, fz = (_f(sum(float(w) * plane for w, plane in zip(row, lin, strict=True))) for row in RGB_TO_XYZ)
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def planes_to_rgb(lightness: Array, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """sRGB planes of L*, a*, b* planes, unclipped: values outside [0, 1] mean that the colour is outside sRGB."""
    light: Any = lightness
    fy = (light + 16) / 116
    x, y, z = (_f_inverse(t) for t in (fy + a / 500, fy, fy - b / 200))
    # The matrix's rows sum to one, so each band is the luminance plus what X and Z differ from it by. Where a* and b* are 0
    # that difference is 0, and the bands are equal to the last bit on every processor.
    red, green, blue = (linear_to_srgb(y + float(w[0]) * (x - y) + float(w[2]) * (z - y)) for w in XYZ_TO_RGB)
    return red, green, blue


def rgb_to_lab(rgb: NDArray[Any]) -> NDArray[np.float32]:
    """CIE L*a*b* of sRGB; shape (..., 3), float in [0, 1] -> float32. uint8 is taken as it is, faster and within 1e-4."""
    if rgb.dtype == np.uint8:
        return np.stack(linear_to_lab(*(np.take(linear_table(8), rgb[..., band]) for band in range(3))), axis=-1)
    return np.stack(planes_to_lab(*np.moveaxis(np.asarray(rgb, np.float64), -1, 0)), axis=-1).astype(np.float32)


def lab_to_rgb(lab: NDArray[Any]) -> NDArray[np.float32]:
    """sRGB of CIE L*a*b*; shape (..., 3) -> float32, unclipped (see :func:`planes_to_rgb`). float32 is faster."""
    planes = np.moveaxis(lab if lab.dtype == np.float32 else np.asarray(lab, np.float64), -1, 0)
    return np.stack(planes_to_rgb(*planes), axis=-1).astype(np.float32)


def luminance_from_lightness(lightness: Array) -> Array:
    """Relative luminance Y in [0, 1] of CIE L* in [0, 100]; any shape, float."""
    light: Any = lightness
    return _f_inverse((light + 16) / 116)


def linear_to_oklab(rgb: NDArray[Any]) -> NDArray[np.float64]:
    """Oklab of linear RGB; shape (..., 3), float. Its L is in [0, 1]; its hue stays that of a colour which loses chroma."""
    return np.asarray(np.cbrt(np.asarray(rgb, np.float64) @ RGB_TO_LMS.T) @ LMS_TO_OKLAB.T)


def oklab_to_linear(oklab: NDArray[Any]) -> NDArray[np.float64]:
    """Linear RGB of Oklab, unclipped; shape (..., 3), float."""
    return np.asarray((np.asarray(oklab, np.float64) @ OKLAB_TO_LMS.T) ** 3 @ LMS_TO_RGB.T)


@cache
def linear_table(bit_depth: int) -> NDArray[np.float32]:
    """Linear light in [0, 1] of every sRGB-encoded value of 8 or 16 bits; shape (2**bit_depth,), float32, read-only."""
    if bit_depth not in (8, 16):
        raise OptionError("bit_depth", bit_depth, "8 or 16")
    return _frozen(srgb_to_linear(np.linspace(0.0, 1.0, 2**bit_depth)))


@cache
def lightness_table(bit_depth: int) -> NDArray[np.float32]:
    """L* in [0, 100] of every sRGB-encoded grey value of 8 or 16 bits; shape (2**bit_depth,), float32, read-only."""
    if bit_depth not in (8, 16):
        raise OptionError("bit_depth", bit_depth, "8 or 16")
    return _frozen(lightness_from_luminance(srgb_to_linear(np.linspace(0.0, 1.0, 2**bit_depth))))


def _frozen(values: NDArray[Any]) -> NDArray[np.float32]:
    frozen = values.astype(np.float32)
    frozen.setflags(write=False)
    return frozen


def check_pixels(pixels: NDArray[Any]) -> None:
    """Raise InvalidPixelsError unless the pixels are uint8 or uint16 of shape (h, w) or (h, w, 3)."""
    if pixels.dtype not in (np.uint8, np.uint16) or not (
        pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    ):
        raise InvalidPixelsError(
            f"pixels are {pixels.dtype} of shape {pixels.shape}, expected uint8 or uint16 of shape (h, w) or (h, w, 3)"
        )


def lightness(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """L* in [0, 100], float32 (h, w), of sRGB-encoded pixels (h, w) or (h, w, 3), uint8 or uint16.

    A grey pixel has the same L* to the last bit whether it comes as one band or as three equal ones.
    Raises InvalidPixelsError for another dtype or shape.
    """
    check_pixels(pixels)
    bits = 8 * pixels.dtype.itemsize
    table = lightness_table(bits)
    if pixels.ndim == 2:
        return np.take(table, pixels)
    red, green, blue = (np.ascontiguousarray(pixels[..., band]) for band in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        return np.take(table, red)
    linear, weights = linear_table(bits), RGB_TO_XYZ[1].astype(np.float32)
    # Green first: for a grey picture the sum is then the table's value within one unit in the last place.
    luminance = np.take(linear, green) * weights[1]
    luminance += np.take(linear, red) * weights[0]
    luminance += np.take(linear, blue) * weights[2]
    result: NDArray[np.float32] = np.cbrt(luminance)
    result *= np.float32(116)
    result -= np.float32(16)
    dark = luminance <= np.float32(_DELTA**3)
    np.copyto(result, luminance * np.float32(116 / (3 * _DELTA**2)), where=dark)
    np.copyto(result, np.take(table, red), where=(red == green) & (red == blue))
    return result


def chroma_limit(fy: NDArray[np.float32], dx: NDArray[np.float32], dz: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of their chroma colours may keep inside sRGB: a share s in [0, 1], found by bisection from below.

    The colours are given as CIE writes them: fy = (L* + 16) / 116, dx = a* / 500, dz = b* / 200; shape (n,), float32.
    Scaling dx and dz by s keeps L* and hue. Ten halvings leave at most 1/1024 of the chroma unused.
    """
    matrix = XYZ_TO_RGB.astype(np.float32)
    luminance = _f_inverse(fy)
    kept = np.zeros_like(fy)
    for halving in range(1, 11):
        step = np.float32(0.5**halving)
        share = kept + step
        x, z = _f_inverse(fy + share * dx), _f_inverse(fy - share * dz)
        red, green, blue = (wx * x + wy * luminance + wz * z for wx, wy, wz in matrix)
        least = np.minimum(np.minimum(red, green), blue)
        most = np.maximum(np.maximum(red, green), blue)
        kept += step * ((least >= 0) & (most <= 1))
    return kept


def outside_srgb(rgb: NDArray[Any]) -> NDArray[np.bool_]:
    """Which colours (..., 3), float, leave [0, 1] in red, green or blue -> (...)."""
    red, green, blue = np.moveaxis(
        rgb, -1, 0
    )  # plane by plane: a minimum over so short an axis takes ten times as long
    least, most = np.minimum(np.minimum(red, green), blue), np.maximum(np.maximum(red, green), blue)
    return np.asarray((least < 0) | (most > 1))


def limit_chroma(lab: NDArray[Any]) -> NDArray[np.float32]:
    """Give up chroma, never lightness or hue, where L*a*b* colours leave sRGB; shape (..., 3) -> float32.

    L* is clipped to [0, 100]. Colours inside sRGB come back unchanged, and those outside lie within 1e-3 of [0, 1] afterwards.
    """
    limited = np.array(lab, np.float32)
    np.clip(limited[..., 0], 0, 100, out=limited[..., 0])
    outside = outside_srgb(lab_to_rgb(limited))
    light, a, b = limited[outside].T
    scale = chroma_limit((light + np.float32(16)) / np.float32(116), a / np.float32(500), b / np.float32(200))
    limited[outside, 1:] *= scale[:, None]
    return limited


# The cells of the 10-unit grid that the colours of a 65-step RGB cube fall into when their ab is rounded: for each a* from
# -90 to 100 the lowest and the highest b*, in bins. tests/test_color.py computes them again from that rule.
_FIRST_ROW = -9
_ROWS = (
    *((8, 8), (4, 8), (2, 9), (0, 9), (-2, 9), (-3, 9), (-4, 9), (-4, 9), (-5, 9), (-6, 9)),
    *((-7, 8), (-7, 8), (-8, 8), (-9, 8), (-9, 7), (-10, 7), (-11, 7), (-11, 7), (-9, 0), (-7, -5)),
)


@cache
def ab_bins() -> NDArray[np.float32]:
    """Centres of the ab bins: the cells of a 10-unit grid that sRGB colours fall into; shape (261, 2), float32.

    The colours are those of a 65-step RGB cube. The order is by a*, then by b*.
    """
    cells = [(row, b) for row, (low, high) in enumerate(_ROWS, _FIRST_ROW) for b in range(low, high + 1)]
    return _frozen(np.array(cells) * BIN_SIZE)


#: The cells of the ab grid that :func:`bin_of_cell` knows reach this far from 0, in bins.
GRID_REACH = 12


@cache
def bin_of_cell() -> NDArray[np.int64]:
    """The index of the ab bin nearest to each cell of the 10-unit grid; shape (25, 25) by a* and b* from -120 to 120.

    A colour's cell is round(ab / BIN_SIZE) + GRID_REACH; cells outside sRGB go to its border.
    """
    axis = np.arange(-GRID_REACH, GRID_REACH + 1) * BIN_SIZE
    cells = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)[:, :, None]
    nearest: NDArray[np.int64] = ((cells - ab_bins()) ** 2).sum(axis=-1).argmin(axis=-1)
    nearest.setflags(write=False)
    return nearest


@cache
def nearest_ab_bins(count: int = 313) -> NDArray[np.float32]:
    """The ``count`` points of the 10-unit ab grid nearest to the sRGB gamut; shape (count, 2), float32.

    Zhang 2016 prints 313 classes without a rule that gives them. The rule here: the 261 :func:`ab_bins` first, then grid
    points by their distance in ab to the nearest colour on the surface of a 65-step RGB cube, measured in steps of 0.001;
    of equally distant ones the lower a* first, then the lower b*. The order of the result is by a*, then by b*.
    Raises OptionError unless 261 <= count <= 400.
    """
    inside = ab_bins()
    if not len(inside) <= count <= 400:
        raise OptionError("count", count, f"{len(inside)} to 400")
    axis = np.arange(-14, 15) * BIN_SIZE  # room for three more cells on every side of the gamut
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    known = {(int(a), int(b)) for a, b in inside}
    others = np.array([point for point in grid.tolist() if tuple(point) not in known])
    squared = np.full(len(others), np.inf)
    for face in _cube_faces():  # every extreme colour of the cube lies on its surface
        ab = rgb_to_lab(face)[:, 1:].astype(np.float64)
        # |p - q|^2 = |p|^2 - 2 p.q + |q|^2: one matrix product for all pairs
        pairs = (ab**2).sum(axis=1) - 2 * others @ ab.T
        squared = np.minimum(squared, pairs.min(axis=1) + (others**2).sum(axis=1))
    order = np.lexsort((others[:, 1], others[:, 0], np.round(np.sqrt(squared.clip(0.0)), 3)))
    chosen = np.concatenate([inside, others[order[: count - len(inside)]]])
    return _frozen(chosen[np.lexsort((chosen[:, 1], chosen[:, 0]))])


def _cube_faces() -> list[NDArray[np.float64]]:
    """The six faces of a 65-step RGB cube, each (4225, 3)."""
    u, v = (plane.ravel() for plane in np.meshgrid(*[np.linspace(0.0, 1.0, 65)] * 2))
    return [
        np.stack([planes[(band + shift) % 3] for band in range(3)], axis=-1)
        for level in (0.0, 1.0)
        for planes in [(np.full_like(u, level), u, v)]
        for shift in range(3)
    ]
