"""The object tool in a real browser: a click, strokes that add and erase, an area that was placed earlier, and nothing found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from page_helpers import Person

#: Asks for a new visit, with a screen of its own.
Visit = Callable[..., Person]
#: Places on the astronaut's suit and on the wall.
SUIT, WALL = (120, 400), (300, 60)


def masked(person: Person, x: int, y: int) -> Any:
    """A stroke of the object tool, and the area that the server then gives."""
    with person.page.expect_response(lambda answer: answer.url.endswith("/grow")) as answer:
        person.drag((x, y), (x + 12, y + 2))
    assert answer.value.ok
    person.page.locator("#stage:not(.growing)").wait_for()  # it is marked now
    return answer.value.request.post_data_json, answer.value.json()["mask"]


def test_a_click_becomes_an_object_and_strokes_edit_it(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    person.hide_before()
    page.locator("[data-tool-button=box]").click()
    assert page.locator("#object-add").is_disabled()
    with page.expect_response(lambda answer: answer.url.endswith("/grow")) as answer:
        page.mouse.click(*person.place(*SUIT))
    first = answer.value.json()["mask"]
    assert answer.value.request.post_data_json == {"scribbles": [{"points": [list(SUIT)]}]}
    page.locator("#picker:visible").wait_for()
    page.keyboard.press("Escape")
    # what is added goes on from what was found, and is taken back by undo
    page.locator("#object-add").click()
    asked, second = masked(person, 60, 60)
    assert asked["mask"] == first
    assert asked["scribbles"][0]["erase"] is False
    page.locator("#object-erase").click()
    asked, _ = masked(person, *SUIT)
    assert asked["mask"] == second
    assert asked["scribbles"][0]["erase"] is True
    page.locator("#stage").focus()
    page.keyboard.press("Control+z")
    page.locator("#region-choose").click()
    person.name_colour("#2040c0")
    assert page.locator("#pins .region").count() == 1
    assert person.lab(64, 61)[2] < -15
    assert person.lab(*SUIT)[2] < -5


def test_an_area_that_was_placed_is_edited_and_survives(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    person.hide_before()
    page.locator("[data-tool-button=box]").click()
    page.locator("#box-grow").uncheck()
    person.drag((300, 80), (330, 100), (360, 150))
    page.locator("#picker:visible").wait_for()
    person.name_colour("#2040c0")
    beside = person.lab(60, 60)
    page.locator("#pins .region").click()
    page.locator("#picker:visible").wait_for()
    page.locator("#object-add").click()
    with page.expect_response(lambda answer: answer.url.endswith("/paint")):
        masked(person, 60, 60)
    person.painted()
    added = person.lab(64, 61)
    assert added[2] < -15
    assert page.locator("#placed li").count() == 1
    page.keyboard.press("Escape")
    page.locator("#undo").click()
    person.painted()
    np.testing.assert_allclose(person.lab(60, 60), beside, atol=1.5)
    page.locator("#redo").click()
    person.painted()
    np.testing.assert_allclose(person.lab(64, 61), added, atol=1.5)
    page.reload()
    person.painted()
    person.hide_before()
    np.testing.assert_allclose(person.lab(64, 61), added, atol=1.5)


def test_nothing_is_found(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    page.locator("[data-tool-button=box]").click()
    page.route(
        "**/grow",
        lambda route: route.fulfill(
            status=422,
            content_type="application/problem+json",
            body=json.dumps(
                {"type": "/problems/invalid", "title": "invalid", "status": 422, "detail": "nothing stands out"}
            ),
        ),
    )
    page.mouse.click(*person.place(*WALL))
    page.locator("#toast.error", has_text="No object found").wait_for()
    assert page.locator("#region-choose").is_disabled()
    assert page.locator("#picker").is_hidden()
    # what was said is gone as soon as something is found
    page.unroute("**/grow")
    page.mouse.click(*person.place(*SUIT))
    page.locator("#picker:visible").wait_for()
    assert page.locator("#toast").is_hidden()
