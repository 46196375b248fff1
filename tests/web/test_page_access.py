"""The page for everybody: by keyboard alone, on a phone, in both colour schemes, and as axe-core judges it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_helpers import DESK, PHONE, Person

from helpers import needs_browser

pytestmark = needs_browser
Visit = Callable[..., Person]


def faults(person: Person) -> list[str]:
    """What axe-core finds in the page as it is now."""
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
    person.page.evaluate(source)
    found: Any = person.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html']} {node['failureSummary']}" for one in found["violations"] for node in one["nodes"]
    ]


def tab_to(person: Person, name: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(40):
        if person.page.evaluate("document.activeElement.id") == name:
            return
        person.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {name}")


def test_by_keyboard_alone(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    tab_to(person, "choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(pictures / "astronaut.jpg")
    person.painted()
    # the slider, then the cross on the picture
    tab_to(person, "split-knob")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "stage"
    page.locator("#cross:not([hidden])").wait_for(state="attached")
    for _ in range(6):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.locator("#picker-list .choice").first.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    person.painted()
    assert page.locator("#pins .spot").count() == 1
    # the wheel of colours by arrows, a name by letters
    page.locator("#picker .pad").focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    person.painted()
    page.keyboard.press("Tab")
    page.keyboard.type("olive")
    page.keyboard.press("Enter")
    page.locator("#pins .spot[aria-label='Colour 1: olive']").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#picker").is_hidden()
    # a spot is moved by arrows and removed by Delete; undo brings it back
    page.locator("#pins .spot").focus()
    before = page.locator("#pins .spot").get_attribute("style")
    page.keyboard.press("ArrowRight")
    assert page.locator("#pins .spot").get_attribute("style") != before
    page.keyboard.press("Delete")
    person.painted()
    assert page.locator("#pins .spot").count() == 0
    page.keyboard.press("Control+z")
    assert page.locator("#pins .spot").count() == 1
    # an area by box: Enter begins and ends it
    page.locator("#stage").focus()
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    for key in ("ArrowRight", "ArrowDown"):
        for _ in range(12):
            page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.locator("#picker:visible").wait_for()
    page.locator("#picker-text").focus()
    page.keyboard.type("navy")
    page.keyboard.press("Enter")
    page.locator("#pins .region").wait_for()
    page.keyboard.press("Escape")
    # and it is saved
    page.locator("#save").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "save-picture"
    with page.expect_download() as file:
        page.keyboard.press("Enter")
    assert file.value.suggested_filename == "astronaut_color.jpg"
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keyboard").wait_for()
    page.keyboard.press("Escape")


def test_on_a_phone(visit: Visit, pictures: Path) -> None:
    person = visit(PHONE)
    page = person.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    person.open(pictures / "astronaut.jpg")
    page.locator("#split-knob").press("Home")
    person.click(120, 400)
    page.locator("#picker-list .choice").nth(1).tap()
    person.painted()
    # the sheet with the colours leaves the place in sight
    picker, pin = page.locator("#picker").bounding_box(), page.locator("#pins .spot").bounding_box()
    assert pin["y"] + pin["height"] <= picker["y"]
    assert (picker["x"], picker["width"]) == (0, 360)
    page.locator("#picker-close").tap()
    page.locator("#sheet-toggle").tap()
    page.locator("#vividness").fill("1")
    person.painted()
    assert page.locator("#panel").bounding_box()["y"] > 200
    page.locator("#sheet-toggle").tap()
    # two fingers zoom, and place nothing
    scale = float(page.locator("#stage").get_attribute("data-view").split()[2])
    touch = person.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 30), ("touchMove", 60), ("touchMove", 90), ("touchEnd", 0)):
        points = [] if kind == "touchEnd" else [{"x": 180 - apart, "y": 300}, {"x": 180 + apart, "y": 300}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert float(page.locator("#stage").get_attribute("data-view").split()[2]) > 1.5 * scale
    assert page.locator("#pins .pin").count() == 1
    # everything can be hit: no control is smaller than 24 px, and nothing is wider than the screen
    small = page.locator("button:visible, input:visible, select:visible, summary:visible").evaluate_all(
        "all => all.filter(one => Math.min(one.offsetWidth, one.offsetHeight) < 24).map(one => one.outerHTML)"
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


#: Controls in sight of which a thumb has less than 44 x 44 pixels: what lies under each place around their middles is looked up.
SMALL = """() => [...document.querySelectorAll("button, summary, select, input, a[href]")].flatMap((one) => {
    const box = (one.closest("label") ?? one).getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const own = (dx, dy) => {
        const found = document.elementFromPoint(x + dx, y + dy);
        return found && (found === one || one.contains(found) || one.closest("label")?.contains(found));
    };
    const whole = box.left >= 0 && box.top >= 0 && box.right <= innerWidth + 1 && box.bottom <= innerHeight + 1;
    if (!whole || !box.width || !own(0, 0)) return [];
    const far = [...Array(81).keys()].map((k) => k - 40);
    const [width, height] = [far.filter((d) => own(d, 0)).length, far.filter((d) => own(0, d)).length];
    return Math.min(width, height) < 43 ? [`${one.id || one.className || one.outerHTML}: ${width} x ${height}`] : [];
})"""


@pytest.mark.parametrize("size", [(390, 844), (844, 390)], ids=["upright", "on its side"])
def test_a_thumb_hits_everything(visit: Visit, pictures: Path, size: tuple[int, int]) -> None:
    person = visit({**PHONE, "viewport": {"width": size[0], "height": size[1]}})
    page = person.page
    assert page.evaluate(SMALL) == []
    person.open(pictures / "astronaut.jpg", pictures / "deep.tif")
    page.locator("#queue-progress").wait_for(state="hidden")
    assert page.evaluate(SMALL) == []
    person.click(120, 400)
    page.locator("#picker-list .choice").first.tap()
    person.painted()
    page.locator("[data-kind=hair]").tap()
    page.locator("#picker-list:not([aria-busy])").wait_for()
    assert page.evaluate(SMALL) == []
    page.locator("#picker-drop").tap()
    page.locator("#toast").wait_for()
    assert page.evaluate(SMALL) == []
    page.locator("#toast").get_by_role("button", name="Cancel").tap()
    page.locator("#picker-close").tap()
    for tool in ("brush", "box", "crop"):
        page.locator(f"[data-tool-button={tool}]").tap()
        assert page.evaluate(SMALL) == []
    page.locator("#crop-cancel").tap()
    page.locator("#save").tap()
    assert page.evaluate(SMALL) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Visit, pictures: Path, scheme: str) -> None:
    person = visit({**(DESK if scheme == "light" else PHONE), "color_scheme": scheme})
    page = person.page
    assert faults(person) == []
    page.locator("#coach-begin").click()
    person.painted()
    assert faults(person) == []
    page.locator("#coach-skip").click()
    person.open(pictures / "astronaut.jpg", pictures / "notes.txt")
    page.locator("#queue-progress").wait_for(state="hidden")
    person.click(300, 300)
    assert faults(person) == []
    page.locator("[data-kind=skin]").click()
    page.locator("#picker-list:not([aria-busy])").wait_for()
    assert faults(person) == []
    page.locator("#picker-drop").click()
    page.locator("#toast").wait_for()
    assert faults(person) == []
    page.locator("#toast").get_by_role("button", name="Cancel").click()
    page.locator("[data-kind=likely]").click()
    page.locator("#picker-list:not([aria-busy])").wait_for()
    page.locator("#picker-list .choice").first.click()
    person.painted()
    page.keyboard.press("Escape")
    page.locator("#panel details").evaluate_all("all => all.forEach(one => one.open = true)")
    page.locator("#suggest").click()
    page.locator("#pins .suggested").first.wait_for()
    if scheme == "dark":
        page.locator("#sheet-toggle").tap()
    page.locator("#palette-list .card").first.wait_for()
    page.locator("#history-list input").first.uncheck()
    page.locator("#palette-own").fill("no-such-colour")
    page.locator("#palette-own").press("Enter")
    page.locator("#palette-fault:not([hidden])").wait_for()
    person.painted()
    assert faults(person) == []
    page.locator("#save").click()
    assert faults(person) == []
    page.keyboard.press("Escape")
    if scheme == "dark":
        page.locator("#sheet-toggle").tap()
    page.locator("#strip .failed button").first.click()
    assert faults(person) == []
    page.locator("#failed-remove").click()
    page.locator("#photo-name", has_text="astronaut.jpg").wait_for()  # what failed is closed once its edits are kept
    page.locator("#remove-photo").evaluate("button => button.click()")
    page.locator("#photo-name", has_text="example.jpg").wait_for()
    page.locator("#remove-photo").evaluate("button => button.click()")
    page.locator("#welcome .binned").nth(2).wait_for()
    assert faults(person) == []


def test_the_page_keeps_still_where_that_is_wanted(visit: Visit) -> None:
    person = visit()
    lengths = person.page.evaluate(
        "[...document.querySelectorAll('*')].map(one => parseFloat(getComputedStyle(one).transitionDuration))"
    )
    assert np.max(lengths) == 0
