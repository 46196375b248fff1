"""The page in a real browser, against the real server: everything that is done to a photograph.

Chromium comes from Debian (``scripts/chromium``); without it these tests are skipped, but never in CI.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from page_helpers import Person

from helpers import needs_browser
from photochrom.color import rgb_to_lab

pytestmark = needs_browser
Visit = Callable[..., Person]

#: Places of the astronaut: the suit's arm, the wall behind, the helmet.
SUIT, WALL, HELMET = (120, 400), (300, 60), (420, 430)


def chroma(lab: np.ndarray) -> float:
    return float(np.hypot(*lab[1:]))


def test_several_files_and_the_slider(visit: Visit, pictures: Path) -> None:
    person = visit()
    person.open(pictures / "deep.tif", pictures / "notes.txt", pictures / "astronaut.jpg")
    page = person.page
    assert "400 × 300 · 16 bit · TIFF" in page.locator("#photo-facts").inner_text()
    page.locator("#queue-progress").wait_for(state="hidden")
    assert page.locator("#strip .thumb.ready").count() == 2
    # what is no picture is told, by name, and the others go on
    page.locator("#strip .failed button").first.click()
    assert page.locator("#failed-name").inner_text() == "notes.txt"
    assert "picture" in page.locator("#failed-why").inner_text()
    page.locator("#failed-remove").click()
    page.locator("#strip button[title^=astronaut]").click()
    person.painted()
    # left of the line it is grey, right of it coloured, and the keys move the line
    left, right = (150, 430), (352, 300)
    assert chroma(person.lab(*left)) < 1.5
    assert chroma(person.lab(*right)) > 4
    knob = page.locator("#split-knob")
    assert knob.get_attribute("aria-valuenow") == "50"
    knob.press("End")
    assert chroma(person.lab(*right)) < 1.5
    knob.press("Home")
    assert knob.get_attribute("aria-valuetext") == "all in colour"
    assert chroma(person.lab(*left)) > 4
    # and so does the pointer
    page.locator("#compare").click()
    box = knob.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 20, steps=3)
    page.mouse.up()
    assert int(knob.get_attribute("aria-valuenow")) > 55


def test_a_click_colours_the_object_and_not_its_neighbour(visit: Visit, pictures: Path) -> None:
    person = visit()
    person.open(pictures / "astronaut.jpg")
    page = person.page
    person.hide_before()
    suit, wall = person.lab(*SUIT), person.lab(*WALL)
    person.click(*SUIT)
    choices = page.locator("#picker-list .choice")
    names = choices.locator(".name").all_inner_texts()
    assert len(names) >= 3
    assert len(set(names)) == len(names)
    choices.nth(1).click()
    person.painted()
    assert page.locator("#pins .pin.spot").get_attribute("aria-label") == f"Colour 1: {names[1]}"
    person.name_colour("teal")
    told = person.lab(*SUIT)
    # the marker is as light as the place, and as colourful
    shown = page.locator("#pins .spot .pin-body").evaluate("one => getComputedStyle(one).backgroundColor")
    marker = rgb_to_lab(np.array([[int(part) for part in re.findall(r"\d+", shown)[:3]]]) / 255)[0]
    np.testing.assert_allclose(marker, told, atol=8)
    assert told[1] < -8
    assert abs(told[0] - suit[0]) < 3  # the photograph keeps its light
    # the colour reaches over the suit, and not to the wall
    assert person.lab(SUIT[0] + 20, SUIT[1] + 15)[1] < -4
    np.testing.assert_allclose(person.lab(*WALL), wall, atol=3)
    # undo, redo
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    person.painted()
    assert page.locator("#pins .pin").count() == 0
    np.testing.assert_allclose(person.lab(*SUIT), suit, atol=0.5)
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+y")
    person.painted()
    np.testing.assert_allclose(person.lab(*SUIT), told, atol=0.5)
    # drag to move: the colour goes along; one step of undo brings it back
    person.drag(SUIT, HELMET)
    person.painted()
    assert person.lab(*SUIT)[1] > -4
    page.locator("#undo").click()
    person.painted()
    np.testing.assert_allclose(person.lab(*SUIT), told, atol=0.5)
    # click to remove
    page.locator(".pin.spot").hover()
    page.locator(".pin.spot .pin-off").click()
    person.painted()
    np.testing.assert_allclose(person.lab(*SUIT), suit, atol=0.5)
    assert page.locator("#placed li").count() == 0


def test_suggested_places_and_doubts(visit: Visit, pictures: Path) -> None:
    person = visit()
    person.open(pictures / "astronaut.jpg")
    page = person.page
    person.hide_before()
    before = person.lab(*HELMET)
    page.locator("#confidence").click()
    page.locator("#legend").wait_for()
    page.locator("#suggest").click()
    first = page.locator("#pins .suggested").first
    first.wait_for()
    assert page.locator("#pins .suggested").count() == 5
    offered = first.get_attribute("aria-label").split("maybe ")[1].split(", ")
    first.click()
    page.locator("#picker-list .choice").first.wait_for()
    assert page.locator("#picker-list .name").all_inner_texts()[: len(offered)] == offered
    page.locator("#picker-list .choice").first.click()
    person.painted()
    assert page.locator("#pins .spot").count() == 1
    page.keyboard.press("Escape")
    page.locator("#suggest").click()
    assert page.locator("#pins .suggested").count() == 0
    assert (
        np.abs(person.lab(*HELMET) - before).max() > 3 or np.abs(person.lab(*SUIT)[1:]).max() > 3
    )  # the veil is there
    page.locator("#confidence").click()
    assert page.locator("#legend").is_hidden()


def test_regions_by_box_and_brush(visit: Visit, pictures: Path) -> None:
    person = visit()
    person.open(pictures / "astronaut.jpg")
    page = person.page
    person.hide_before()
    wall = person.lab(*WALL)
    page.locator("[data-tool-button=box]").click()
    person.drag((330, 310), (400, 400), (505, 505))
    page.locator("#picker:visible").wait_for()
    person.name_colour("maroon")
    assert page.locator("#pins .region").count() == 1
    page.locator("[data-tool-button=brush]").click()
    flag = (60, 250)
    before = person.lab(*flag)
    person.drag((60, 200), (60, 300))
    page.locator("#region-choose").click()
    person.name_colour("#2040c0")
    assert page.locator("#placed li").count() == 2
    after = person.lab(*flag)
    assert after[2] < before[2] - 8
    np.testing.assert_allclose(person.lab(*WALL), wall, atol=1.5)
    # a region may take its colours from a picture instead
    page.locator("#placed .row").last.click()
    with page.expect_file_chooser() as chooser:
        page.locator("#picker-picture").click()
    chooser.value.set_files(pictures / "reference.jpg")
    page.locator("#pins .from-picture").wait_for()
    person.painted()
    assert page.locator("#placed .row").last.inner_text().startswith("reference.jpg")
    assert person.lab(*flag)[2] > after[2] + 4


def test_a_reference_dials_palettes_and_alternatives(visit: Visit, pictures: Path) -> None:
    person = visit()
    person.open(pictures / "astronaut.jpg")
    page = person.page
    person.hide_before()
    plain = person.lab(*SUIT)
    page.get_by_role("heading", name="Reference picture").click()
    with page.expect_file_chooser() as chooser:
        page.locator("#reference-add").click()
    chooser.value.set_files(pictures / "reference.jpg")
    page.locator(".reference").wait_for()
    person.painted()
    assert chroma(person.lab(*SUIT)) > chroma(plain) + 8  # the suit is orange there
    page.get_by_role("button", name="Remove reference").click()
    person.painted()
    np.testing.assert_allclose(person.lab(*SUIT), plain, atol=0.5)

    page.locator("#warmth").fill("1")
    person.painted()
    assert person.lab(*SUIT)[2] > plain[2] + 2
    page.locator("#warmth").fill("0")
    page.locator("#vividness").fill("0")
    person.painted()
    assert page.locator("#vividness-value").inner_text() == "0%"
    page.locator("#reset").evaluate("button => button.closest('details').open = true")
    page.locator("#reset").click()
    person.painted()

    page.get_by_role("heading", name="Palette").click()
    page.locator("#palette-list img[src]").nth(1).wait_for()
    page.locator("[data-palette=technicolor]").click()
    person.painted()
    assert not np.allclose(person.lab(*SUIT), plain, atol=2)
    page.locator("#palette-none").click()
    page.get_by_role("heading", name="Palette").click()
    page.get_by_role("heading", name="Alternatives").click()
    page.locator("#alternatives-show").click()
    page.locator("#alternative-list img[src]").nth(1).wait_for()
    ways = page.locator("#alternative-list .card")
    assert 2 <= ways.count() <= 4
    ways.nth(1).click()
    person.painted()
    assert ways.nth(1).get_attribute("aria-pressed") == "true"
    page.keyboard.press("Control+z")
    assert ways.nth(0).get_attribute("aria-pressed") == "true"


def test_zoom_shows_the_full_resolution(visit: Visit, pictures: Path) -> None:
    person = visit()
    person.open(pictures / "large.jpg")
    page = person.page
    with page.expect_request(lambda request: '"view":{' in (request.post_data or "")) as asked:
        page.mouse.move(*person.place(400, 400))
        page.keyboard.press("1")
    person.painted()
    view = json.loads(asked.value.post_data)["view"]
    assert float(page.locator("#stage").get_attribute("data-view").split()[2]) == pytest.approx(1)
    assert view["width"] < 1300
    assert view["height"] < 900
    fitted = page.locator("#stage").get_attribute("data-view")
    person.page.mouse.wheel(0, 300)
    assert page.locator("#stage").get_attribute("data-view") != fitted
    page.keyboard.press("v")
    before = page.locator("#stage").get_attribute("data-view")
    person.drag((1000, 1000), (1100, 1050))
    assert page.locator("#stage").get_attribute("data-view") != before
    page.locator("#zoom-fit").click()
    assert float(page.locator("#stage").get_attribute("data-view").split()[2]) < 0.5
