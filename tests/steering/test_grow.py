"""A box around an object becomes its mask."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom.errors import MaskError
from photochrom.steering.grow import grow_box


def test_a_box_grows_to_the_object() -> None:
    light = np.full((120, 160), 25.0, np.float32) + np.random.default_rng(0).normal(0, 1, (120, 160)).astype(np.float32)
    rows, columns = np.ogrid[:120, :160]
    disc = (rows - 60) ** 2 + (columns - 80) ** 2 < 30**2
    light[disc] += 50
    mask = grow_box(light, (80, 40, 240, 200), (320, 240))[::2, ::2]
    assert (mask == disc).mean() > 0.97
    np.testing.assert_array_equal(mask, grow_box(light, (80, 40, 240, 200), (320, 240))[::2, ::2])


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (-1, 0, 5, 5), (0, 0, 161, 9), (0, 0, 160, 120), (9, 9, 3, 3)])
def test_impossible_boxes(box: tuple[float, ...]) -> None:
    with pytest.raises(MaskError, match="box"):
        grow_box(np.full((120, 160), 50, np.float32), box, (160, 120))


def test_nothing_in_the_box() -> None:
    with pytest.raises(MaskError):
        grow_box(np.full((120, 160), 50, np.float32), (20, 20, 90, 90), (160, 120))
