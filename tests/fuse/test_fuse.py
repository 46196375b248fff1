"""Fusion: small colour field + full-size lightness -> colour photograph."""

import cv2
import numpy as np
import pytest

from photochrom import color, fuse
from photochrom.errors import InvalidPixelsError, OptionError

pytestmark = pytest.mark.pixels


def grainy(h: int, w: int, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    """A grey picture with shapes, edges, grain, blacks and whites."""
    rng = np.random.default_rng(seed)
    shapes = cv2.resize(rng.normal(128, 70, (5, 6)), (w, h), interpolation=cv2.INTER_CUBIC).reshape(h, w)
    shapes[:, w // 2 :] += 60
    top = np.iinfo(dtype).max
    return np.rint(np.clip((shapes + rng.normal(0, 4, (h, w))) / 255, 0, 1) * top).astype(dtype)


def some_field(h: int = 24, w: int = 32, strength: float = 60, seed: int = 0) -> fuse.ColorField:
    rng = np.random.default_rng(seed)
    light = rng.uniform(0, 100, (h, w)).astype(np.float32)
    ab = cv2.GaussianBlur(rng.normal(0, strength, (h, w, 2)).astype(np.float32), (0, 0), 1.5).reshape(h, w, 2)
    return fuse.fit(ab, light)


def output_lightness(rgb: np.ndarray) -> np.ndarray:
    return color.rgb_to_lab(rgb / np.iinfo(rgb.dtype).max)[..., 0]


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lightness_is_kept(dtype: type, bands: int) -> None:
    pixels = grainy(150, 200, dtype)
    if bands == 3:
        pixels = np.stack([pixels, pixels - pixels // 8, pixels - pixels // 4], axis=-1)
    rgb = fuse.paint_strip(some_field(strength=150), pixels, 0, 150)
    assert rgb.dtype == dtype
    assert rgb.shape == (150, 200, 3)
    error = np.abs(output_lightness(rgb) - color.lightness(pixels))
    mean, most = (0.5, 2) if dtype == np.uint8 else (0.002, 0.01)
    assert error.mean() < mean
    assert np.percentile(error, 99) < most
    assert np.hypot(*color.rgb_to_lab(rgb / np.iinfo(dtype).max)[..., 1:].reshape(-1, 2).T).mean() > 10


def test_the_painted_colour_is_the_fields_colour_within_srgb() -> None:
    field, pixels = some_field(strength=120), grainy(120, 90)
    light = color.lightness(pixels)
    lab = np.dstack([light, fuse.ab_strip(field, light, 0, 120)])
    limited = color.limit_chroma(lab)
    expected = color.lab_to_rgb(limited) * 255
    painted = fuse.paint_strip(field, pixels, 0, 120)
    error = np.abs(painted - expected)
    # Well within sRGB only rounding is lost; at its border the table of colours rounds a corner off.
    outwards = lab * np.array([1, 1.2, 1.2], np.float32)
    inside = (color.limit_chroma(outwards) == outwards).all(axis=-1)
    assert inside.mean() > 0.2
    assert error[inside].max() < 3
    assert error[inside].mean() < 0.35
    difference = np.linalg.norm(color.rgb_to_lab(painted / 255) - limited, axis=-1)
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) < 2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_without_colour_the_picture_comes_back_to_the_bit(dtype: type) -> None:
    pixels = grainy(60, 70, dtype)
    flat = fuse.fit(np.zeros((8, 8, 2)), np.full((8, 8), 50.0))
    assert np.array_equal(fuse.paint_strip(flat, pixels, 0, 60), pixels[..., None].repeat(3, axis=-1))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_without_colour_coloured_pixels_become_grey_to_the_bit(dtype: type) -> None:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (150, 200, 3), dtype, endpoint=True)
    flat = fuse.fit(np.zeros((8, 8, 2)), np.full((8, 8), 50.0))
    painted = fuse.paint_strip(flat, pixels, 0, 150)
    np.testing.assert_array_equal(painted, painted[..., :1].repeat(3, axis=-1))


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (1, 5000), (5000, 1), (41, 1037), (900, 33), (130, 600)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_strips_are_the_same_to_the_bit_however_the_picture_is_cut(shape: tuple[int, int], dtype: type) -> None:
    h, w = shape
    field = some_field(7 if h == 1 else 24, 32, strength=100)
    grey = grainy(h, w, dtype)
    tinted = np.stack([grey, grey, np.where(grey > 99, grey - 9, grey)], axis=-1)
    for pixels in (grey, tinted):
        whole = fuse.paint_strip(field, pixels, 0, h)
        for rows in (1, 16, 57) if h < 1000 else (700,):
            strips = [fuse.paint_strip(field, pixels[y : y + rows], y, h) for y in range(0, h, rows)]
            assert np.array_equal(np.concatenate(strips), whole)


def test_grey_in_three_bands_is_painted_as_in_one() -> None:
    field, grey = some_field(), grainy(50, 60)
    rgb = grey[..., None].repeat(3, axis=-1)
    assert np.array_equal(fuse.paint_strip(field, rgb, 0, 50), fuse.paint_strip(field, grey, 0, 50))


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (1, 5000), (5000, 1), (50, 60), (700, 33)])
@pytest.mark.parametrize("bands", [1, 3])
def test_packed_pixels_are_the_same_in_the_order_of_the_encoders(bands: int, shape: tuple[int, int]) -> None:
    h, w = shape
    field, grey = some_field(7 if h == 1 else 24, strength=100), grainy(h, w)
    pixels = grey if bands == 1 else np.stack([grey, grey // 2, grey], axis=-1)
    packed = fuse.paint_strip(field, pixels, 0, h, packed=True)
    assert np.array_equal(packed[..., 2::-1], fuse.paint_strip(field, pixels, 0, h))
    deep = pixels.astype(np.uint16) * 257
    assert fuse.paint_strip(field, deep, 0, h, packed=True).shape == (h, w, 3)  # 16 bits come as they always do


def test_packed_pixels_have_the_layers_too() -> None:
    field, pixels, mask = some_field(), grainy(50, 60), np.zeros((50, 60), bool)
    mask[10:20, 5:40] = True
    layers = (fuse.patch(mask, 1.0, (40.0, 20.0)), fuse.Dots(np.array([30]), np.array([7]), np.array([[-30.0, 9.0]])))
    packed = fuse.paint_strip(field, pixels, 0, 50, layers=layers, packed=True)
    assert np.array_equal(packed[..., 2::-1], fuse.paint_strip(field, pixels, 0, 50, layers=layers))


def test_rows_that_share_the_fields_planes_have_its_colours() -> None:
    """A picture much larger than the field, whose rows are painted by groups: nobody could tell it from the exact colours."""
    field, pixels = some_field(16, 16), grainy(400, 300)
    lab = np.dstack([color.lightness(pixels), fuse.ab_strip(field, color.lightness(pixels), 0, 400)])
    painted = fuse.paint_strip(field, pixels, 0, 400)
    difference = np.linalg.norm(color.rgb_to_lab(painted / 255) - color.limit_chroma(lab), axis=-1)
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) < 2


def test_the_field_is_aligned_by_pixel_centres() -> None:
    ramp = np.linspace(-20, 20, 16, dtype=np.float32)
    ab = np.stack(np.meshgrid(ramp, ramp), axis=-1)
    field = fuse.fit(ab, np.full((16, 16), 50.0))
    enlarged = fuse.ab_strip(field, np.full((64, 64), 50, np.float32), 0, 64)
    np.testing.assert_allclose(enlarged[::-1, ::-1], -enlarged, atol=1e-4)
    np.testing.assert_allclose(
        enlarged.reshape(16, 4, 16, 4, 2).mean(axis=(1, 3))[1:-1, 1:-1], ab[1:-1, 1:-1], atol=1e-4
    )


class TwoColours:
    """Two flat colours with a slanted hard edge at full size; what a network knows of them; errors by place."""

    n, cell, zoom = 96, 8, 16

    def __init__(self, dark: float, bright: float, smear: float, grain: float = 0.0) -> None:
        side = self.n * self.zoom
        y, x = np.mgrid[:side, :side].astype(np.float32)
        self.distance = np.abs((x - 0.55 * side + 0.3 * (y - side / 2)) / np.hypot(1, 0.3)) / self.zoom  # work pixels
        left = x - 0.55 * side + 0.3 * (y - side / 2) < 0
        self.light = np.where(left, dark, bright).astype(np.float32)
        self.light += grain * np.random.default_rng(0).normal(size=self.light.shape).astype(np.float32)
        self.colours = np.array([[40, 30], [-20, -30]], np.float32)
        self.ab = np.where(left[..., None], *self.colours)
        self.small_light = cv2.resize(self.light, (self.n, self.n), interpolation=cv2.INTER_AREA)
        small = cv2.resize(self.ab, (self.n, self.n), interpolation=cv2.INTER_AREA)
        if smear:
            small = cv2.GaussianBlur(small, (0, 0), smear, borderType=cv2.BORDER_REFLECT)
        self.cells = cv2.resize(small, (self.n // self.cell,) * 2, interpolation=cv2.INTER_AREA)

    def error(self, blur: float = fuse.NETWORK_BLUR) -> np.ndarray:
        """|d ab| (mean of both) of the fused picture."""
        field = fuse.fit(fuse.sharpen(self.cells, self.small_light, blur=blur), self.small_light)
        self.fused = fuse.ab_strip(field, self.light, 0, len(self.light))
        return np.abs(self.fused - self.ab).mean(axis=-1)

    def plain_error(self) -> np.ndarray:
        plain = cv2.resize(self.cells, self.light.shape[::-1], interpolation=cv2.INTER_CUBIC)
        return np.abs(plain - self.ab).mean(axis=-1)


def test_colours_do_not_bleed_over_a_hard_edge_nor_make_halos() -> None:
    picture = TwoColours(35, 65, smear=0)
    error = picture.error()
    at_edge, beside, away = error[picture.distance <= 1], error[picture.distance > 1], error[picture.distance > 16]
    assert at_edge.mean() < 3  # of a step of 60; plain enlargement makes it 27
    assert beside.mean() < 0.05  # further than one work pixel; plain enlargement: 4.5 up to 16 work pixels away
    assert np.percentile(beside, 99) < 0.5
    assert away.max() < 0.3
    low, high = picture.colours.min(axis=0), picture.colours.max(axis=0)
    assert (picture.fused > low - 1).all()
    assert (picture.fused < high + 1).all()


def test_an_edge_that_the_network_smears_by_a_cell_is_put_back() -> None:
    picture = TwoColours(35, 65, smear=8)
    near = (picture.distance > 1) & (picture.distance < 16)
    plain = picture.plain_error()[near].mean()
    assert picture.error()[near].mean() < 0.7 * plain  # the usual setting, for an unknown network
    assert picture.error(blur=1.0)[near].mean() < 0.35 * plain  # a network known to smear by a whole cell


@pytest.mark.parametrize("grain", [0.0, 6.0])
def test_an_edge_without_a_step_of_lightness_does_not_explode(grain: float) -> None:
    picture = TwoColours(50, 50, smear=0, grain=grain)
    error = picture.error()
    assert error[picture.distance > 16].max() < 1
    low, high = picture.colours.min(axis=0), picture.colours.max(axis=0)
    assert (picture.fused > low - 3).all()
    assert (picture.fused < high + 3).all()
    assert error.mean() < picture.plain_error().mean() + 0.2


def test_grain_in_a_flat_colour_gets_no_colour_of_its_own() -> None:
    picture = TwoColours(35, 65, smear=0, grain=5.0)
    picture.error()
    flat = picture.fused[picture.distance > 16]
    assert np.abs(flat - np.where(flat[:, :1] > 0, *picture.colours)).mean() < 0.5


@pytest.mark.parametrize("work", [(1, 1), (1, 40), (40, 1), (3, 3)])
def test_tiny_work_sizes_work(work: tuple[int, int]) -> None:
    light = np.full(work, 60, np.float32)
    cells = np.full((max(1, work[0] // 8), max(1, work[1] // 8), 2), 12, np.float32)
    ab = fuse.sharpen(cells, light)
    np.testing.assert_allclose(ab, np.full((*work, 2), 12), atol=1e-3)
    pixels = np.full((work[0] * 2, work[1] * 2), 140, np.uint8)
    assert fuse.paint_strip(fuse.fit(ab, light), pixels, 0, work[0] * 2).shape == (*pixels.shape, 3)


def test_bad_arguments_are_refused() -> None:
    field, pixels = some_field(), grainy(20, 20)
    with pytest.raises(InvalidPixelsError, match="expected uint8 or uint16"):
        fuse.paint_strip(field, pixels.astype(np.float32), 0, 20)
    with pytest.raises(OptionError, match="y0"):
        fuse.paint_strip(field, pixels, 1, 20)
    light = np.full((16, 16), 50.0)
    with pytest.raises(InvalidPixelsError, match="NaN"):
        fuse.fit(np.full((16, 16, 2), np.nan), light)
    with pytest.raises(InvalidPixelsError, match="sharpen"):
        fuse.fit(np.zeros((2, 2, 2)), light)
