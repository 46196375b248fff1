"""Regions as users name them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import save
from photochrom.edits.masks import to_rle
from photochrom.edits.regions import Region, overlaps, parse_region, read_mask
from photochrom.errors import ImageNotFoundError, MaskError, OptionError, UnknownColorError

pytestmark = pytest.mark.pixels

SIZE = (20, 10)
MASK = np.zeros((10, 20), bool)
MASK[2:4, 5:10] = True


def grown(box: Any) -> Any:
    mask = np.zeros((10, 20), bool)
    mask[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])] = True
    return mask


def read(place: object, **more: Any) -> Any:
    return read_mask(str(place), SIZE, grown, **more)


def test_what_is_written(here: Path) -> None:
    assert parse_region("m.png=navy") == Region("m.png", color="navy")
    assert parse_region("a=b.png:17=#aabbcc") == Region("a=b.png:17", color="#aabbcc")
    assert parse_region("1,2,3,4=ref.jpg") == Region("1,2,3,4", picture=Path("ref.jpg"))
    for text in ("m.png", "=red", "m.png="):
        with pytest.raises(OptionError, match="PLACE=COLOR"):
            parse_region(text)
    with pytest.raises(UnknownColorError):
        parse_region("m.png=olve")


def test_masks_label_maps_and_boxes(here: Path) -> None:
    save(MASK.astype(np.uint8) * 3, here / "m.png")
    np.testing.assert_array_equal(read("m.png"), MASK)
    labels = np.where(MASK, 17, 4).astype(np.uint8)
    save(labels, here / "labels.png")
    np.testing.assert_array_equal(read("labels.png:17"), MASK)
    save(np.dstack([MASK * np.uint8(255), MASK * np.uint8(0), MASK * np.uint8(0)]), here / "rgb.png")
    np.testing.assert_array_equal(read("rgb.png"), MASK)
    save(np.dstack([MASK * np.uint8(255), np.full(MASK.shape, 255, np.uint8)]), here / "alpha.png")
    np.testing.assert_array_equal(read("alpha.png"), MASK)
    np.testing.assert_array_equal(read("5,2,10,4"), MASK)
    np.testing.assert_array_equal(read("person:2", named={"person:2": MASK}), MASK)


@pytest.mark.parametrize(
    "value",
    [
        to_rle(MASK),
        {"segmentation": to_rle(MASK), "category_id": 3},
        {"annotations": [{"segmentation": to_rle(MASK)}, {"segmentation": to_rle(MASK)}]},
        [to_rle(MASK)],
        {"segmentation": [[5, 2, 9, 2, 9, 3, 5, 3]]},
        [[5, 2, 9, 2, 9, 3, 5, 3]],
        [5, 2, 9, 2, 9, 3, 5, 3],
    ],
)
def test_json(here: Path, value: Any) -> None:
    Path("m.json").write_text(json.dumps(value))
    np.testing.assert_array_equal(read("m.json"), MASK)


def test_refusals(here: Path) -> None:
    save(np.ones((20, 10), np.uint8), here / "turned.png")
    with pytest.raises(MaskError, match="10 x 20 pixels and the picture 20 x 10"):
        read("turned.png")
    save(np.zeros((10, 20), np.uint8), here / "empty.png")
    with pytest.raises(MaskError, match="empty"):
        read("empty.png")
    with pytest.raises(MaskError, match="label 3"):
        read("empty.png:3")
    with pytest.raises(ImageNotFoundError):
        read("absent.png")
    with pytest.raises(MaskError, match=r"no such instance.*person"):
        read("cat", named={"person": MASK})
    for text in ("{", "3", "[]", '{"a": 1}', '[{"size": [10, 20], "counts": [200]}, {"size": [1, 1], "counts": [1]}]'):
        Path("bad.json").write_text(text)
        with pytest.raises(MaskError):
            read("bad.json")
    with pytest.raises(MaskError, match="cannot be read"):
        read("absent.json")


def test_overlaps_are_told() -> None:
    assert overlaps([("a", MASK), ("b", ~MASK)]) == []
    (told,) = overlaps([("a", MASK), ("b", MASK)])
    assert "a and b overlap in 10 pixels" in told
    assert "b, holds" in told
