"""The last instant before the page is left, the swatch of a moved marker, and notices in the page's language."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from page_helpers import DESK, Person

from helpers import data, needs_browser, save
from photochrom import images

pytestmark = needs_browser
Visit = Callable[..., Person]
SUIT = (120, 400)


def swatch(person: Person) -> list[int]:
    style = person.page.locator("#pins .spot .pin-body").evaluate("one => getComputedStyle(one).backgroundColor")
    return [int(number) for number in re.findall(r"\d+", style)[:3]]


def test_a_moved_marker_has_its_colour_in_the_light_of_the_place(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    person.hide_before()
    person.click(*SUIT)
    person.name_colour("teal")
    dark = swatch(person)
    with page.expect_response(re.compile("swatches")):
        person.drag(SUIT, (330, 60))  # on the wall, which is light
    page.wait_for_function(
        "old => getComputedStyle(document.querySelector('#pins .spot .pin-body')).backgroundColor !== old",
        arg=f"rgb({', '.join(map(str, dark))})",
    )
    assert sum(swatch(person)) > sum(dark) + 60
    # and that is no step of its own
    page.locator("#undo").click()
    person.painted()
    assert swatch(person) == dark
    page.locator("#redo").click()
    person.painted()
    assert sum(swatch(person)) > sum(dark) + 60


def test_what_was_done_in_the_last_instant_is_kept(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    page.locator("#warmth").fill("0.8")
    person.painted()
    page.locator("#undo").click()
    person.painted()
    assert page.locator("#warmth").input_value() == "0"
    for _ in range(3):  # a race that is lost now and then
        with page.expect_navigation():
            page.evaluate("document.querySelector('#redo').click(); location.reload()")
        page.locator("body[data-ready=true]").wait_for()
        assert page.locator("#warmth").input_value() == "0.8"
        with page.expect_navigation():
            page.evaluate("document.querySelector('#undo').click(); location.reload()")
        page.locator("body[data-ready=true]").wait_for()
        assert page.locator("#warmth").input_value() == "0"


def test_notices_in_german(visit: Visit, tmp_path: Path) -> None:
    person = visit({**DESK, "locale": "de-DE"})
    save(data.astronaut(), tmp_path / "colour.png")
    person.open(tmp_path / "colour.png")
    assert "schon ein Farbfoto" in person.page.locator("#notices").inner_text()


def test_every_notice_has_words() -> None:
    # The sentences that the server makes, as far as they are written in one piece.
    sources = "".join(path.read_text("utf-8") for path in Path(images.__file__).parent.glob("*.py"))
    page = Path(images.__file__).parents[1] / "web/static/app/notices.js"
    patterns = [re.compile(one) for one in re.findall(r"\[/(.+?)/, \"", page.read_text("utf-8"))]
    made = re.findall(r"(?:found\.append\(|notices \+= \(|notice = |_notice\()\s*f?\"([^\"]+)\"", sources)
    assert len(made) >= 7
    for sentence in made:
        filled = re.sub(r"\{[^}]*\}", "7", sentence)
        assert any(one.search(filled) for one in patterns), sentence
    assert np.size(patterns) > 20
