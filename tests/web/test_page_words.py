"""Colours by people's words: in groups beside the likely ones, as light as the place, in the page's language, and mistyped."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from page_helpers import DESK, PHONE, Person

from helpers import needs_browser
from photochrom import color_names
from photochrom.color import rgb_to_lab

pytestmark = needs_browser
Visit = Callable[..., Person]

#: Places of the astronaut: in the dark of the helmet, on the light wall.
DARK, LIGHT = (440, 380), (300, 60)


def looks(person: Person) -> dict[str, np.ndarray]:
    """The colours that are offered, by their names: L*, a*, b* of their swatches."""
    rows = person.page.locator("#picker-list .choice").evaluate_all(
        "all => all.map(one => [one.dataset.name, getComputedStyle(one.querySelector('.swatch')).backgroundColor])"
    )
    return {name: rgb_to_lab(np.array([[int(n) for n in re.findall(r"\d+", rgb)[:3]]]) / 255)[0] for name, rgb in rows}


def group(person: Person, kind: str) -> dict[str, np.ndarray]:
    """The words of a group, once they are there."""
    person.page.locator(f"[data-kind={kind}]").click()
    person.page.locator("#picker-list:not([aria-busy])").wait_for()
    return looks(person)


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_skin_hair_and_cloth_as_light_as_the_place(visit: Visit, pictures: Path, screen: dict[str, object]) -> None:
    person = visit(screen)
    page = person.page
    person.open(pictures / "astronaut.jpg")
    person.hide_before()
    found = {}
    for place in (DARK, LIGHT):
        person.click(*place)
        here = person.lab(place[0] + 12, place[1] + 12)[0]
        for kind, word in (("skin", "fair skin"), ("hair", "blonde"), ("cloth", "field grey"), ("things", "brick")):
            words = group(person, kind)
            assert len(words) >= 8
            assert max(abs(one[0] - here) for one in words.values()) < 12, kind
            found[place, word] = words[word]
        assert len(group(person, "skin")) >= 11  # ten tones, and olive skin
        assert page.locator("#picker-list").get_attribute("aria-label") == "Skin"
        page.locator("#picker-close").click()
    assert found[LIGHT, "brick"][0] > found[DARK, "brick"][0] + 20
    # what is chosen is placed, with its name, and its look is what was shown
    person.click(*LIGHT)
    shown = group(person, "cloth")["field grey"]
    page.locator("#picker-list .choice[data-name='field grey']").click()
    person.painted()
    assert page.locator("#pins .spot").get_attribute("aria-label") == "Colour 1: field grey"
    assert page.locator("#picker-list .choice[data-name='field grey']").get_attribute("aria-pressed") == "true"
    page.locator("#picker-close").click()
    np.testing.assert_allclose(person.lab(LIGHT[0] + 12, LIGHT[1] + 12)[1:], shown[1:], atol=6)


def test_a_mistyped_name_is_told_and_costs_nothing(visit: Visit, pictures: Path) -> None:
    for locale, words in (("en-GB", "Did you mean olive"), ("de-DE", "Meinten Sie Oliv")):
        person = visit({**DESK, "locale": locale})
        person.open(pictures / "astronaut.jpg")
        person.click(*LIGHT)
        for typed, answer in (("olve", words), ("qqqqqqqq", "#rrggbb")):
            person.page.locator("#picker-text").fill(typed)
            person.page.locator("#picker-text").press("Enter")
            fault = person.page.locator("#picker-fault", has_text=answer)
            fault.wait_for()
            assert typed in fault.inner_text()
            assert "CSS" not in fault.inner_text()
        assert person.page.locator("#undo").is_disabled()


def test_every_colour_has_a_german_name(visit: Visit) -> None:
    person = visit({**DESK, "locale": "de-DE"})
    names = [
        line.split(" ", 1)[1]
        for file in ("color_names", "thing_names")
        for line in files("photochrom").joinpath(f"data/{file}.txt").read_text("utf-8").splitlines()
        if re.match("#[0-9a-f]{6} ", line)
    ]
    ask = """async (names) => {
        const {colorName, colorWord} = await import("./static/app/i18n.js");
        return names.map((name) => [name, colorName(name), colorWord(colorName(name).toUpperCase())]);
    }"""
    rows = person.page.evaluate(ask, names)
    alike = {"blond": "blonde"}
    missing = [name for name, german, _ in rows if german == name and name not in alike]
    assert missing == []
    # and what is shown may be typed
    for name, german, back in rows:
        if name not in alike:
            color_names.parse(back)
            assert back == name, german


def test_the_words_that_are_offered_are_known(visit: Visit) -> None:
    person = visit()
    offered = person.page.evaluate("import('./static/app/words.js').then((found) => found.OFFERED)")
    assert len(offered) > 40
    for name in offered:
        color_names.parse(name)
