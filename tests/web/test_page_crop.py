"""Turning, straightening and cropping in the page: the picture, its hints, its file, and a way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from page_helpers import DESK, PHONE, Person
from test_page_access import faults

from helpers import load, needs_browser, save

pytestmark = needs_browser
Visit = Callable[..., Person]
SUIT = (120, 400)


@pytest.fixture(scope="module")
def scan(pictures: Path) -> Path:
    """A photograph with a white border."""
    grey = load(pictures / "astronaut.jpg")
    grey = grey if grey.ndim == 2 else grey[..., 0]
    bordered = np.full((600, 612), 236, np.uint8) + np.random.default_rng(0).integers(0, 3, (600, 612)).astype(np.uint8)
    bordered[44:556, 50:562] = grey
    save(bordered, pictures / "scan.png")
    return pictures / "scan.png"


def on_result(person: Person, x: float, y: float, rotate: int, crop: tuple[int, ...] = (0, 0)) -> tuple[float, float]:
    """A pixel of astronaut.jpg as one of the result."""
    x, y = {0: (x, y), 90: (511 - y, x), 180: (511 - x, 511 - y), 270: (y, 511 - x)}[rotate]
    return x - crop[0], y - crop[1]


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_turned_and_cropped_with_its_hints(
    visit: Visit, pictures: Path, tmp_path: Path, screen: dict[str, Any]
) -> None:
    person = visit(screen)
    page = person.page
    person.open(pictures / "astronaut.jpg")
    person.hide_before()
    person.click(*SUIT)
    person.name_colour("teal")
    teal = person.lab(*SUIT)
    page.locator("[data-tool-button=crop]").click()
    page.locator("#crop-right").click()
    page.locator("#crop-frame").wait_for()
    assert "512 × 512" in page.locator("#crop-size").text_content()
    if screen is PHONE:
        for button in page.locator("#crop-bar button, .crop-handle").all():
            box = button.bounding_box()
            assert min(box["width"], box["height"]) >= 44, button.get_attribute("id")
    # nothing lies over the handles, and they do not reach beyond the screen
    for handle in page.locator(".crop-handle:not(.move)").all():
        box = handle.bounding_box()
        middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        there = page.evaluate("at => document.elementFromPoint(...at).dataset.handle", middle)
        assert there == handle.get_attribute("data-handle")
        assert 0 <= box["x"] <= screen["viewport"]["width"] - box["width"]
    # a corner by the pointer, a side by the keyboard
    corner = page.locator("[data-handle=nw]").bounding_box()
    scale = float(page.locator("#stage").get_attribute("data-view").split()[2])
    page.mouse.move(corner["x"] + 22, corner["y"] + 22)
    page.mouse.down()
    page.mouse.move(corner["x"] + 22 + 40 * scale, corner["y"] + 22 + 60 * scale, steps=3)
    page.mouse.up()
    page.locator("[data-handle=s]").focus()
    page.keyboard.press("Shift+ArrowUp")
    size = page.locator("#crop-size").text_content()
    assert "472 × 512" not in size
    page.screenshot(path=tmp_path / "crop.png")
    page.locator("#crop-done").click()
    person.painted()
    files = person.download("#save-both")
    kept = json.loads(Path(files[1].path()).read_text("utf-8"))
    assert (kept["rotate"], kept["straighten"]) == (90, 0)
    assert kept["crop"][:2] == pytest.approx([40, 60], abs=2)
    assert (kept["hints"][0]["x"], kept["hints"][0]["y"]) == pytest.approx(SUIT, abs=1)
    made = cv2.imread(files[0].path())
    assert made.shape[:2] == (kept["crop"][3], kept["crop"][2])
    grey = load(pictures / "astronaut.jpg")
    x, y, width, height = kept["crop"]
    expected = np.rot90(grey if grey.ndim == 2 else grey[..., 0], -1)[y : y + height, x : x + width].astype(int)
    lightness = cv2.cvtColor(made, cv2.COLOR_BGR2GRAY).astype(int)
    assert np.abs(lightness - expected).mean() < 12
    # the hint stayed on the suit, its marker too
    at = on_result(person, *SUIT, 90, kept["crop"])
    np.testing.assert_allclose(person.lab(*at), teal, atol=12)
    pin = page.locator("#pins .spot").bounding_box()
    middle = person.place(*at)
    assert (pin["x"] + pin["width"] / 2, pin["y"] + pin["height"] / 2) == pytest.approx(middle, abs=2)
    # it is there after a reload, and can be taken back
    page.reload()
    person.painted()
    assert page.locator("#frame").bounding_box()["height"] / page.locator("#frame").bounding_box()[
        "width"
    ] == pytest.approx(kept["crop"][3] / kept["crop"][2], abs=0.02)
    page.locator("#undo").click()
    person.painted()
    box = page.locator("#frame").bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=1)
    person.hide_before()
    np.testing.assert_allclose(person.lab(*SUIT), teal, atol=1.5)


def test_a_click_on_a_turned_picture_is_a_hint_there(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    page.keyboard.press("k")
    page.locator("#crop-left").click()
    page.keyboard.press("Tab")
    page.locator("#crop-done").click()
    person.painted()
    person.hide_before()
    person.click(*on_result(person, *SUIT, 270))
    person.name_colour("teal")
    files = person.download("#save-edits")
    hint = json.loads(Path(files[0].path()).read_text("utf-8"))["hints"][0]
    assert (hint["x"], hint["y"]) == pytest.approx(SUIT, abs=2)
    # a dragged marker goes where it is dropped
    person.drag(on_result(person, *SUIT, 270), on_result(person, 140, 430, 270))
    person.painted()
    hint = json.loads(Path(person.download("#save-edits")[0].path()).read_text("utf-8"))["hints"][0]
    assert (hint["x"], hint["y"]) == pytest.approx((140, 430), abs=3)


def test_straightened_borders_off_and_thought_better_of(visit: Visit, scan: Path, tmp_path: Path) -> None:
    person = visit()
    page = person.page
    person.open(scan)
    page.locator("[data-tool-button=crop]").click()
    page.locator("#crop-borders").click()
    assert "512 × 512" in page.locator("#crop-size").text_content() or "5" in page.locator("#crop-size").text_content()
    page.locator("#crop-straighten").fill("3.5")
    assert page.locator("#crop-angle").text_content() == "3.5°"
    page.screenshot(path=tmp_path / "straighten.png")
    assert faults(person) == []
    page.keyboard.press("Escape")
    page.locator("#crop-bar").wait_for(state="hidden")
    assert page.locator("#undo").is_disabled()
    box = page.locator("#frame").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(612 / 600, abs=0.01)
    # and done, it is a step with a name and a switch
    page.locator("[data-tool-button=crop]").click()
    page.locator("#crop-borders").click()
    page.locator("#crop-done").click()
    person.painted()
    page.locator("details:has(#history-list)").evaluate("one => one.open = true")
    assert page.locator("#history-list .step").all_inner_texts()[0].strip() == "Turned or cropped"
    made = cv2.imread(person.download("#save-picture")[0].path())
    assert 500 <= made.shape[0] <= 512
    assert 500 <= made.shape[1] <= 512
    assert made[0].mean() < 235  # no white border
    page.locator("#history-list input").uncheck()
    person.painted()
    box = page.locator("#frame").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(612 / 600, abs=0.01)


def test_no_border_no_button(visit: Visit, pictures: Path) -> None:
    person = visit()
    person.open(pictures / "astronaut.jpg")
    person.page.locator("[data-tool-button=crop]").click()
    assert person.page.locator("#crop-borders").is_disabled()
