"""Srivastava's foregrounds from references: what each region is coloured from, and the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

from helpers import data
from photochrom import Colorizer
from photochrom.color import rgb_to_lab
from photochrom.errors import DataError, MaskError
from photochrom.papers import foregrounds
from photochrom.papers.foregrounds import Labelled, colourings, read_labelled, referenced, table_1
from photochrom.papers.instances import instances
from photochrom.papers.measure import grey, sample_pictures
from photochrom.weights import PACKAGED

pytestmark = pytest.mark.train


def scene(colour: tuple[int, int, int], seed: int) -> Labelled:
    """A coat of one colour, whose lightness is textured, in the middle of a grey wall; the wall is brighter."""
    rng = np.random.default_rng(seed)
    rgb = np.full((120, 96, 3), 190.0) + rng.normal(0, 6, (120, 96, 1))
    labels = np.zeros((120, 96), np.uint8)
    labels[30:110, 24:72] = 3
    texture = cv2.GaussianBlur(rng.normal(0, 30, (120, 96)), (0, 0), 3)[..., None] + 1
    rgb = np.where(labels[..., None] == 3, np.array(colour) + texture, rgb)
    return Labelled(np.clip(rgb, 0, 255).astype(np.uint8), labels)


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer(threads=1, work_size=256)


def ab_in(rgb: np.ndarray, where: np.ndarray) -> np.ndarray:
    found: Any = rgb_to_lab(rgb / 255)[where][:, 1:].mean(axis=0)
    return np.asarray(found)


RED, BLUE = (150, 60, 60), (60, 70, 150)


def test_a_picture_with_found_regions_takes_its_colours_from_its_mirror_image() -> None:
    rgb = sample_pictures()[0]
    suit = np.zeros(rgb.shape[:2], bool)
    suit[150:220, 45:110] = True
    found = referenced(PACKAGED / "photochrom.onnx", rgb)
    assert found.shape == rgb.shape
    alone = np.asarray(Colorizer(threads=1).open(grey(rgb)).paint().rgb)
    off = [np.linalg.norm(ab_in(one, suit) - ab_in(rgb, suit)) for one in (found, alone)]
    assert off[0] < off[1] / 2


def test_a_region_takes_its_colour_from_its_other_half_or_from_another_person(colorizer: Colorizer) -> None:
    picture, other = scene(RED, 0), scene(BLUE, 1)
    coat = np.zeros(picture.labels.shape, bool)
    coat[36:104, 30:66] = True
    found = dict(colourings(colorizer, picture, [(other.regions(), colorizer.open(other.rgb))], {1: coat}))
    assert list(found) == ["grey", "alone", "the same person", "another person", "found regions"]
    assert np.linalg.norm(ab_in(found["found regions"], coat) - ab_in(picture.rgb, coat)) < 12  # its border is cruder
    assert np.linalg.norm(ab_in(found["the same person"], coat) - ab_in(picture.rgb, coat)) < 6
    assert np.linalg.norm(ab_in(found["another person"], coat) - ab_in(other.rgb, coat)) < 8
    assert np.ptp(found["grey"].astype(int), axis=2).max() == 0
    wall = np.zeros_like(coat)
    wall[:, :12] = True
    for way in ("the same person", "another person"):  # the background is the network's
        assert np.abs(found[way][wall].astype(int) - found["alone"][wall]).max() <= 3


def test_no_pixel_is_its_own_reference(colorizer: Colorizer) -> None:
    """With halves of two colours the left one gets the right one's colour, and the other way round."""
    picture = scene(RED, 0)
    blue = scene(BLUE, 0)
    halves = picture.rgb.copy()
    halves[:, 48:] = blue.rgb[:, 48:]
    two = Labelled(halves, picture.labels)
    result = dict(colourings(colorizer, two, [], {}))["the same person"]
    left, right = np.zeros(two.labels.shape, bool), np.zeros(two.labels.shape, bool)
    left[40:100, 28:40] = right[40:100, 56:68] = True
    assert np.linalg.norm(ab_in(result, left) - ab_in(halves, right)) < 8
    assert np.linalg.norm(ab_in(result, right) - ab_in(halves, left)) < 8


def test_what_has_no_reference_is_left_to_the_network(colorizer: Colorizer) -> None:
    picture = scene(RED, 0)
    narrow = np.zeros_like(picture.labels)
    narrow[10:110, 46:50] = 3  # shares every cell with its other half
    found = dict(colourings(colorizer, Labelled(picture.rgb, narrow), [({}, colorizer.open(picture.rgb))], {}))
    assert np.array_equal(found["the same person"], found["alone"])
    assert np.array_equal(found["another person"], found["alone"])
    assert np.array_equal(found["found regions"], found["alone"])
    tiny = np.zeros_like(picture.labels)
    tiny[:3, :3] = 5
    assert Labelled(picture.rgb, tiny).regions() == {}


def test_the_table_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colorizer: Colorizer) -> None:
    for number, colour in enumerate((RED, BLUE, RED)):
        picture = scene(colour, number)
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), picture.rgb[..., ::-1])
        if number < 2:
            cv2.imwrite(str(tmp_path / f"{number}_labels.png"), picture.labels)
    monkeypatch.setattr(foregrounds, "SIDE", 96)
    pictures = read_labelled(tmp_path)
    assert [(one.rgb.shape, one.labels.shape) for one in pictures] == [((120, 96, 3), (120, 96))] * 2
    monkeypatch.setattr(foregrounds, "Colorizer", lambda *given, **named: colorizer)
    lines = table_1(Path("model.onnx"), pictures)
    assert [len(found) for found in lines.values()] == [2] * 5
    means = {way: float(np.mean([line["PSNR"] for line in found])) for way, found in lines.items()}
    assert means["the same person"] > means["grey"] + 3
    assert means["the same person"] > means["another person"]
    (tmp_path / "1_labels.png").unlink()
    with pytest.raises(DataError, match=r"NAME_labels\.png"):
        read_labelled(tmp_path)


def test_a_mask_of_the_reference_has_its_size(colorizer: Colorizer) -> None:
    picture = scene(RED, 0)
    opened = colorizer.open(picture.rgb)
    with pytest.raises(MaskError, match=r"\(120, 96\)"):
        opened.refer(picture.rgb, picture_mask=np.ones((10, 10), bool))
    with pytest.raises(MaskError, match="empty"):
        opened.refer(picture.rgb, picture_mask=np.zeros((120, 96), bool))


def test_the_object_tool_finds_regions_that_do_not_overlap() -> None:
    grey = np.ascontiguousarray(data.astronaut()[::4, ::4].mean(axis=2).astype(np.uint8))
    found = instances(Colorizer(threads=1).open(grey))
    assert len(found) >= 3
    masks = np.stack(list(found.values()))
    assert masks.shape[1:] == grey.shape
    assert masks.sum(axis=0).max() == 1
    assert all(0.01 <= mask.mean() <= 0.6 for mask in masks)
    suit = max(found.values(), key=lambda mask: mask[100:, 20:100].sum())
    assert suit[100:, 20:100].mean() > suit[:60].mean() + 0.2  # the orange suit, below, and not what is above it
