"""Small and cropped copies of a painted photograph, and the ranked colours of a place."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers import Grey, data, save
from photochrom import Colorizer
from photochrom.edits.hints import Hint
from photochrom.errors import OptionError
from photochrom.images import read
from photochrom.previews import Previews, Window

pytestmark = pytest.mark.pixels

MASK = np.zeros((64, 96), bool)
MASK[20:40, 30:60] = True
HINTS = [Hint.inside(MASK, "navy"), Hint.at(10, 10, "olive", radius=4), Hint.at(80, 50, "#a04030")]


def test_at_full_size_they_are_the_picture(shipped: Colorizer, photo: Grey) -> None:
    opened = shipped.open(photo)
    result, previews = opened.paint(hints=HINTS), Previews(opened)
    np.testing.assert_array_equal(previews.paint(result, 96), result.rgb)
    np.testing.assert_array_equal(previews.paint(result, 5000), result.rgb)
    np.testing.assert_array_equal(previews.grey(96), photo)
    for window in (Window(25, 15, 40, 30), Window(0, 0, 12, 64), Window(95, 63, 1, 1)):
        x, y, width, height = window
        part = result.rgb[y : y + height, x : x + width]
        np.testing.assert_array_equal(previews.paint(result, 96, window), part)


def test_a_small_one_looks_like_the_picture_made_small(shipped: Colorizer) -> None:
    grey = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)
    opened = shipped.open(grey)
    mask = np.zeros(grey.shape, bool)
    mask[300:400, 100:300] = True
    result, previews = opened.paint(hints=[Hint.inside(mask, "navy"), Hint.at(220, 100, "tan")]), Previews(opened)
    small = previews.paint(result, 200)
    assert small.shape == (200, 200, 3)
    expected = cv2.resize(result.rgb, (200, 200), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 2
    window = Window(50, 250, 300, 200)
    part = cv2.resize(result.rgb[250:450, 50:350], (150, 100), interpolation=cv2.INTER_AREA)
    assert np.abs(previews.paint(result, 150, window).astype(int) - part).mean() < 2
    assert previews.confidence(result, 100).shape == (100, 100)
    assert previews.nbytes > 0


def test_pictures_too_large_for_the_memory(
    shipped: Colorizer, photo: Grey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "IN_MEMORY", 1000)
    deep = save(photo.astype(np.uint16) * 257, tmp_path / "a.tif")
    opened = shipped.open(deep)
    assert opened.source.pixels() is None
    result, window = opened.paint(), Window(30, 20, 40, 30)
    expected = np.rint(result.rgb[20:50, 30:70] / 257)
    for previews in (Previews(opened), Previews(opened, tmp_path)):
        assert np.abs(previews.paint(result, 64, window) - expected).mean() < 1
        np.testing.assert_array_equal(previews.grey(64, window), photo[20:50, 30:70])
    assert (tmp_path / "preview.raw").stat().st_size == photo.size


@pytest.mark.parametrize("window", [Window(0, 0, 0, 4), Window(-1, 0, 4, 4), Window(90, 0, 7, 4), Window(0, 60, 1, 5)])
def test_windows_outside_the_picture(shipped: Colorizer, photo: Grey, window: Window) -> None:
    opened = shipped.open(photo)
    with pytest.raises(OptionError, match="96 x 64"):
        Previews(opened).paint(opened.paint(), 50, window)


def test_colours_of_a_place(shipped: Colorizer, photo: Grey) -> None:
    opened = shipped.open(photo)
    found = opened.likely(40, 30, 8)
    assert 1 <= len(found) <= 8
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    click = opened.suggest(1)[0]
    assert [one.name for one in opened.likely(click.x, click.y, 5)] == [one.name for one in click.colors]
    told = opened.likely(40, 30, 1, hints=[Hint.at(40, 30, (60, 40), radius=12)])[0]
    assert told.ab[0] > 20
    for x, y in ((96, 0), (0, 64), (float("nan"), 0)):
        with pytest.raises(OptionError, match="inside the picture"):
            opened.likely(x, y)
