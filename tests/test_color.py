"""Colour: sRGB, L*a*b*, the ab bins, gamut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import color as reference

from photochrom import color
from photochrom.errors import InvalidPixelsError, OptionError

pytestmark = pytest.mark.pixels

# skimage rounds the sRGB matrix and the D65 white differently in the fourth place.
CLOSE = 0.03


@pytest.fixture(scope="module")
def some_rgb() -> np.ndarray:
    corners = np.stack(np.meshgrid([0.0, 1.0], [0.0, 1.0], [0.0, 1.0]), axis=-1).reshape(-1, 3)
    return np.concatenate([np.random.default_rng(0).random((2000, 3)), corners])


def test_rgb_to_lab_agrees_with_skimage(some_rgb: np.ndarray) -> None:
    np.testing.assert_allclose(color.rgb_to_lab(some_rgb), reference.rgb2lab(some_rgb), atol=CLOSE)


def test_lab_to_rgb_agrees_with_skimage_and_undoes_rgb_to_lab(some_rgb: np.ndarray) -> None:
    lab = color.rgb_to_lab(some_rgb)
    np.testing.assert_allclose(color.lab_to_rgb(lab), reference.lab2rgb(lab).clip(0, 1), atol=2e-3)
    np.testing.assert_allclose(color.lab_to_rgb(lab), some_rgb, atol=1e-4)


def test_the_formulas_take_tensors_too(some_rgb: np.ndarray) -> None:
    torch = pytest.importorskip("torch")
    planes = color.planes_to_lab(*torch.from_numpy(some_rgb).T)
    np.testing.assert_allclose(torch.stack(planes, dim=-1).numpy(), color.rgb_to_lab(some_rgb), atol=1e-4)
    back = color.planes_to_rgb(*planes)
    np.testing.assert_allclose(torch.stack(back, dim=-1).numpy(), some_rgb, atol=1e-4)


def test_grey_has_no_colour() -> None:
    grey = np.linspace(0, 1, 256)[:, None].repeat(3, axis=1)
    assert np.abs(color.rgb_to_lab(grey)[:, 1:]).max() < 1e-5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_colour_is_grey_to_the_last_bit(dtype: type) -> None:
    """At every lightness, so that rounding cannot part the bands: processors differ in the last bit."""
    light = np.linspace(0, 100, 20001).astype(dtype)
    red, green, blue = color.planes_to_rgb(light, np.zeros_like(light), np.zeros_like(light))
    np.testing.assert_array_equal(red, green)
    np.testing.assert_array_equal(blue, green)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lightness_of_pixels(dtype: type) -> None:
    top = np.iinfo(dtype).max
    pixels = np.random.default_rng(0).integers(0, top, (40, 50, 3), dtype=dtype, endpoint=True)
    pixels[:2] //= 64  # dark ones, where the curve is a line
    expected = color.rgb_to_lab(pixels / top)[..., 0]
    np.testing.assert_allclose(color.lightness(pixels), expected, atol=1e-3)
    assert color.lightness(pixels).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lightness_of_grey_is_the_table_in_one_band_and_in_three(dtype: type) -> None:
    grey = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (30, 20), dtype=dtype, endpoint=True)
    rgb = grey[..., None].repeat(3, axis=-1)
    table = color.lightness_table(8 * grey.dtype.itemsize)
    assert np.array_equal(color.lightness(grey), table[grey])
    assert np.array_equal(color.lightness(rgb), table[grey])
    rgb[0, 0, 0] ^= 1  # one coloured pixel does not change the others
    assert np.array_equal(color.lightness(rgb)[1:], table[grey][1:])


@pytest.mark.parametrize("bad", [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros(4, np.uint8)])
def test_lightness_refuses_other_arrays(bad: np.ndarray) -> None:
    with pytest.raises(InvalidPixelsError, match="expected uint8 or uint16"):
        color.lightness(bad)


def test_tables_are_of_8_or_16_bits() -> None:
    assert color.lightness_table(8).shape == (256,)
    assert color.lightness_table(16)[-1] == pytest.approx(100)
    with pytest.raises(OptionError):
        color.lightness_table(12)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 100), st.floats(-150, 150), st.floats(-150, 150))
def test_limit_chroma_keeps_lightness_and_hue_and_lands_in_srgb(light: float, a: float, b: float) -> None:
    lab = np.array([[light, a, b]], np.float32)
    limited = color.limit_chroma(lab)
    assert limited[0, 0] == lab[0, 0]
    rgb = color.lab_to_rgb(limited)
    assert rgb.min() > -1e-3
    assert rgb.max() < 1 + 1e-3
    # the same direction, not longer
    assert limited[0, 1] * lab[0, 2] == pytest.approx(limited[0, 2] * lab[0, 1], rel=1e-4, abs=1e-3)
    assert np.hypot(*limited[0, 1:]) <= np.hypot(a, b) + 1e-3


def test_limit_chroma_leaves_srgb_colours_alone_and_gives_up_no_more_than_it_must(some_rgb: np.ndarray) -> None:
    lab = color.rgb_to_lab(some_rgb * 0.98 + 0.01)
    np.testing.assert_array_equal(color.limit_chroma(lab), lab)
    red = color.rgb_to_lab(np.array([[1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(color.limit_chroma(red * [1, 1.5, 1.5]), red, atol=0.2)


def test_the_bins_are_the_cells_that_a_65_step_rgb_cube_falls_into() -> None:
    steps = np.linspace(0, 1, 65)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    cells = np.unique(np.round(color.rgb_to_lab(cube)[:, 1:] / color.BIN_SIZE), axis=0) * color.BIN_SIZE
    assert cells.shape == (261, 2)
    np.testing.assert_array_equal(color.ab_bins(), cells)


def test_nearest_bins_hold_the_261_and_the_next_ones() -> None:
    bins = color.nearest_ab_bins(313)
    known, all_bins = ({(float(a), float(b)) for a, b in each} for each in (color.ab_bins(), bins))
    assert bins.shape == (313, 2)
    assert bins.dtype == np.float32
    assert len(all_bins) == 313
    assert known < all_bins
    assert sorted(map(tuple, bins.tolist())) == list(map(tuple, bins.tolist()))
    # each added one touches a cell of the gamut: nothing far away was taken
    added = np.array(sorted(all_bins - known))
    assert np.abs(added[:, None] - color.ab_bins()[None]).max(axis=-1).min(axis=1).max() == color.BIN_SIZE
    np.testing.assert_array_equal(color.nearest_ab_bins(261), color.ab_bins())
    with pytest.raises(OptionError):
        color.nearest_ab_bins(260)
