"""Markers and the eyedropper: a colour is taken from the photograph, given again, and remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from page_helpers import Person

from helpers import needs_browser

pytestmark = needs_browser
Visit = Callable[..., Person]

SUIT, FLAG = (120, 400), (60, 250)


def with_a_teal_suit(visit: Visit, pictures: Path) -> tuple[Person, Any]:
    """Somebody who has coloured the suit, without the picture of before, and the L*a*b* that it got."""
    person = visit()
    person.open(pictures / "astronaut.jpg")
    person.hide_before()
    person.click(*SUIT)
    person.name_colour("teal")
    return person, person.lab(*SUIT)


def test_eyedropper_and_colours_used_lately(visit: Visit, pictures: Path) -> None:
    person, told = with_a_teal_suit(visit, pictures)
    page = person.page
    person.click(*FLAG)
    page.locator("#picker-drop").click()
    page.mouse.click(*person.place(SUIT[0] + 8, SUIT[1] + 14))
    page.locator("#live", has_text="set.").wait_for()
    person.painted()
    assert np.abs(person.lab(*FLAG)[1:] - told[1:]).max() < 9
    assert page.locator("#pins .spot").count() == 2
    page.keyboard.press("Escape")
    # used lately, on any photograph, also after a reload
    page.reload()
    person.painted()
    person.click(300, 300)
    assert page.locator("#picker-recent .recent").last.get_attribute("aria-label") == "teal"
    page.locator("#picker-recent .recent").last.click()
    page.get_by_label("Colour 3: teal").wait_for()


def test_a_marker_that_is_coloured_again_is_another_step(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    person.click(*SUIT)
    person.name_colour("teal")
    page.locator("#pins .spot").click()
    page.locator("#picker-list .choice").first.wait_for()
    person.name_colour("maroon")
    page.locator("details:has(#history-list)").evaluate("one => one.open = true")
    steps = page.locator("#history-list .step")
    assert [one.strip() for one in steps.all_inner_texts()] == ["Colour: maroon", "Colour: teal"]
    page.locator("#undo").click()
    person.painted()
    assert page.locator("#pins .spot").get_attribute("aria-label") == "Colour 1: teal"


def test_the_eyedropper_says_what_it_waits_for_and_sees_below_markers(visit: Visit, pictures: Path) -> None:
    person, told = with_a_teal_suit(visit, pictures)
    page = person.page
    person.click(*FLAG)
    page.locator("#picker-drop").click()
    page.locator("#toast", has_text="Click the photograph where it has the colour").wait_for()
    page.locator("#toast").get_by_role("button", name="Cancel").click()
    page.mouse.move(*person.place(*FLAG))
    assert page.locator("#picker-drop").get_attribute("aria-pressed") == "false"
    assert page.locator("#pins .spot").count() == 1
    # a click on the very marker takes the colour below it
    page.locator("#picker-drop").click()
    page.mouse.click(*person.place(*SUIT))
    page.locator("#pins .spot").nth(1).wait_for()
    person.painted()
    page.locator("#toast").wait_for(state="hidden")
    assert page.locator("#picker").is_visible()
    assert np.abs(person.lab(FLAG[0] + 8, FLAG[1] + 12)[1:] - told[1:]).max() < 12
    # by keyboard: the cross, and Enter
    page.keyboard.press("Escape")
    page.locator("#undo").click()
    person.painted()
    person.click(*FLAG)
    page.locator("#picker-drop").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "stage"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#pins .spot").nth(1).wait_for()
    person.painted()
    assert page.evaluate("document.activeElement.id") == "picker-drop"
