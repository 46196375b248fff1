"""A photograph whose edits turn, straighten and crop it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers import Command, Grey, data
from photochrom import Colorizer, images
from photochrom.edits.edits import Edits
from photochrom.edits.geometry import Geometry, View
from photochrom.edits.hints import Hint
from photochrom.edits.sidecar import load_sidecar
from photochrom.errors import OptionError

pytestmark = pytest.mark.pixels


def in_border(grey: Grey, level: int) -> Grey:
    """On a mount, an eighth of each side wide."""
    h, w = grey.shape
    grain = np.random.default_rng(0).integers(-1, 2, (h + h // 4, w + w // 4))
    mount = np.asarray(level + grain, np.uint8)
    mount[h // 8 : h // 8 + h, w // 8 : w // 8 + w] = grey
    return mount


@pytest.mark.parametrize(
    "geometry", [Geometry(rotate=90), Geometry(rotate=180), Geometry(rotate=270, crop=(8, 16, 40, 48))]
)
def test_right_angles_and_crops_are_exact(shipped: Colorizer, photo: Grey, geometry: Geometry) -> None:
    x, y, width, height = geometry.box((96, 64))
    by_hand = np.ascontiguousarray(np.rot90(photo, -geometry.rotate // 90)[y : y + height, x : x + width])
    assert np.array_equal(shipped.open(photo).paint(geometry=geometry).rgb, shipped.open(by_hand).paint().rgb)


def test_straightening_is_one_resampling_of_the_lightness(shipped: Colorizer) -> None:
    grey = data.camera()[:200, :300].copy()
    result = shipped.open(grey).paint(geometry=Geometry(straighten=4))
    view = View.of(Geometry(straighten=4), (300, 200))
    expected = cv2.warpAffine(grey, view.matrix, view.size, flags=cv2.INTER_CUBIC)
    pixels = result.opened.source.pixels()
    assert pixels is not None
    assert result.rgb.shape == (*pixels.shape, 3)
    # OpenCV's kernel is a sharper cubic and works with fractions of 1/32.
    assert np.abs(pixels.astype(int) - expected).mean() < 1


def test_a_large_photograph_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Colorizer) -> None:
    rgb = data.astronaut()[:300, :400]
    cv2.imwrite(str(tmp_path / "a.png"), rgb)
    for geometry in (Geometry(rotate=90, crop=(5, 7, 200, 301)), Geometry(straighten=-3)):
        held = shipped.open(tmp_path / "a.png").paint(geometry=geometry).rgb
        monkeypatch.setattr(images.read, "IN_MEMORY", 1000)
        opened = shipped.open(tmp_path / "a.png")
        monkeypatch.undo()
        assert opened.source.pixels() is None
        streamed = opened.paint(geometry=geometry).rgb
        assert streamed.shape == held.shape
        assert np.abs(streamed.astype(int) - held).mean() < 1  # the work copy is shrunk another way


def test_alpha_and_depth_stay(shipped: Colorizer) -> None:
    deep = np.zeros((60, 80, 2), np.uint16)
    deep[..., 0] = np.linspace(0, 65535, 80)
    deep[:, 40:, 1] = 65535
    opened, _ = shipped.open(deep).framed(Edits(geometry=Geometry(rotate=90)))
    assert np.array_equal(opened.source.pixels(), np.rot90(deep[..., 0], -1))
    alpha = opened.source.alpha()
    assert alpha is not None
    assert np.array_equal(alpha.numpy(), np.rot90(deep[..., 1], -1))


def test_a_hint_colours_the_same_thing(shipped: Colorizer) -> None:
    opened = shipped.open(data.camera()[:240, 60:300].copy())
    hint = Hint.at(180, 60, "red", reach="here")
    turned = opened.paint(Edits(hints=[hint], geometry=Geometry(rotate=90, crop=(20, 20, 200, 200))))
    x, y = View.of(turned.edits.geometry, opened.size).result([(180, 60)])[0].round().astype(int)
    plain = opened.paint(geometry=Geometry(rotate=90, crop=(20, 20, 200, 200)))
    changed = np.abs(turned.rgb.astype(int) - plain.rgb).sum(axis=-1)
    assert changed[y, x] > 40
    assert np.hypot(*(np.argwhere(changed > 40) - [y, x]).T).max() < 20


@pytest.mark.parametrize("level", [235, 12])
def test_borders_are_found_and_cropped(shipped: Colorizer, level: int) -> None:
    grey = data.camera()[60:316, 80:464].copy()
    opened = shipped.open(in_border(grey, level))
    assert opened.borders is not None
    x, y, width, height = opened.borders
    assert (x, y, width, height) == pytest.approx((48, 32, 384, 256), abs=6)
    assert x >= 48  # nothing of the border is left
    assert y >= 32
    assert x + width <= 48 + 384
    assert y + height <= 32 + 256
    assert shipped.open(grey).borders is None


def test_the_command_crops_and_keeps_it(photochrom: Command, here: Path) -> None:
    grey = data.camera()[60:316, 80:464].copy()
    cv2.imwrite("scan.png", in_border(grey, 235))
    done = photochrom(
        "colorize", "scan.png", "-o", "out.png", "--rotate", 90, "--crop", "borders", "--hint", "200,150=red",
        "--save-edits", "kept.json",
    )  # fmt: skip
    assert done.code == 0, done.err
    kept = load_sidecar(Path("kept.json"))
    assert kept.edits.geometry.rotate == 90
    assert kept.edits.geometry.crop is not None
    assert kept.edits.hints[0].place.x == 200  # type: ignore[union-attr]
    assert images.open_image("out.png").info.width == kept.edits.geometry.crop[2]
    again = photochrom("colorize", "scan.png", "-o", "again.png", "--edits", "kept.json")
    assert again.code == 0
    assert np.array_equal(cv2.imread("out.png"), cv2.imread("again.png"))


def test_old_sidecars_still_load(photochrom: Command, here: Path, photo: Grey) -> None:
    cv2.imwrite("a.png", photo)
    assert photochrom("colorize", "a.png", "-o", "b.png", "--save-edits", "kept.json").code == 0
    assert not {"rotate", "straighten", "crop"} & set(json.loads(Path("kept.json").read_text("utf-8")))
    assert load_sidecar(Path("kept.json")).edits.geometry == Geometry()


@pytest.mark.parametrize("wrong", [("--rotate", 45), ("--straighten", 60), ("--crop", "1,2,3"), ("--crop", "0,0,97,5")])
def test_wrong_values_are_named(photochrom: Command, here: Path, photo: Grey, wrong: tuple[str, object]) -> None:
    cv2.imwrite("a.png", photo)
    done = photochrom("colorize", "a.png", "-o", "b.png", *wrong)
    assert done.code in (1, 2)
    assert wrong[0].lstrip("-") in done.err
    assert not Path("b.png").exists()


def test_a_crop_belongs_to_one_picture(photochrom: Command, here: Path, photo: Grey) -> None:
    for name in ("a.png", "b.png"):
        cv2.imwrite(name, photo)
    assert photochrom("colorize", "a.png", "b.png", "-o", "out", "--crop", "0,0,5,5").code == 2
    done = photochrom("colorize", "a.png", "b.png", "-o", "out", "--crop", "borders", "--rotate", "90", "--json")
    assert done.code == 0, done.err
    assert "no border" in done.out
    with pytest.raises(OptionError):
        Geometry(rotate=1)
