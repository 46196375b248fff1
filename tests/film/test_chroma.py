"""Chroma tables: the colour that is asked for comes out, at the luma that is there."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.color

from photochrom.film.chroma import REACH, SIDE, STEP, chroma_levels, chroma_planes, chroma_table, luma_levels
from photochrom.film.layout import FULL, LIMITED, MATRICES, Layout


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020nc"])
@pytest.mark.parametrize(("level", "ab"), [(60, (15, 10)), (128, (-20, 30)), (200, (10, -10)), (128, (0, 0))])
def test_table_gives_the_wanted_colour_at_the_luma_that_is_there(matrix: str, level: int, ab: tuple[int, int]) -> None:
    _, red, blue = MATRICES[matrix]
    cb, cr = chroma_table(matrix)[level * SIDE + (ab[1] + REACH) // STEP, (ab[0] + REACH) // STEP]
    luma = level / 255
    r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
    g = (luma - red * r - blue * b) / (1 - red - blue)
    lab = skimage.color.rgb2lab(np.array([[[r, g, b]]]))[0, 0]
    assert lab[1:] == pytest.approx(ab, abs=0.1)
    assert red * r + (1 - red - blue) * g + blue * b == pytest.approx(luma, abs=1e-6)


def test_colours_outside_rgb_give_up_chroma_and_nothing_else() -> None:
    _, red, blue = MATRICES["bt709"]
    table = chroma_table("bt709").reshape(256, SIDE, SIDE, 2).astype(np.float64)
    luma = np.linspace(0, 1, 256)[:, None, None]
    r, b = luma + 2 * (1 - red) * table[..., 1], luma + 2 * (1 - blue) * table[..., 0]
    g = (luma - red * r - blue * b) / (1 - red - blue)
    rgb = np.stack([r, g, b])
    assert rgb.min() > -0.02
    assert rgb.max() < 1.02
    assert not table[0].any()
    assert np.abs(table[255]).max() < 1e-6


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("span", [LIMITED, FULL])
def test_grey_is_the_middle_code_in_every_depth_and_range(bits: int, span: int) -> None:
    layout = Layout(16, 8, bits, 1, 1, span, "bt709")
    luma = np.linspace(0, (1 << bits) - 1, 128).reshape(8, 16).astype(layout.dtype)
    levels = chroma_levels(luma, layout)
    nothing = np.zeros(levels.shape, np.float32)
    for plane in chroma_planes(levels, nothing, nothing.copy(), layout):
        assert plane.dtype == layout.dtype
        assert (plane == 1 << (bits - 1)).all()


def test_levels_follow_the_range() -> None:
    limited, full = (Layout(3, 1, 8, 0, 0, span, "bt709") for span in (LIMITED, FULL))
    codes = np.array([[16, 126, 235]], np.uint8)
    assert luma_levels(codes, limited).tolist() == [[0, 128, 255]]
    assert luma_levels(codes, full).tolist() == codes.tolist()
    deep = Layout(3, 1, 10, 0, 0, LIMITED, "bt709")
    assert luma_levels(np.array([[64, 502, 940]], np.uint16), deep).tolist() == [[0, 128, 255]]


@pytest.mark.parametrize(("across", "down"), [(0, 0), (1, 0), (1, 1), (2, 0)])
def test_odd_sizes_have_chroma_for_the_last_row_and_column(across: int, down: int) -> None:
    layout = Layout(17, 9, 8, across, down, FULL, "bt709")
    levels = chroma_levels(np.full((9, 17), 77, np.uint8), layout)
    assert levels.shape == layout.chroma_size[::-1]
    assert (levels == 77).all()
