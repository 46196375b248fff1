"""What fits: bars and lines that lie over nothing that should be clicked, names that are not cut, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from page_helpers import DESK, PHONE, Person

from helpers import data, needs_browser, save

pytestmark = needs_browser
Visit = Callable[..., Person]
SUIT, WALL = (120, 400), (300, 60)
LAPTOP = {"viewport": {"width": 1366, "height": 768}}

#: The buttons of the bar that is shown whose middles lie outside of the screen or below something else.
HIDDEN = """() => [...document.querySelectorAll(".bar.at-top:not([hidden]) :is(button, input)")].filter((one) => {
    const box = one.getBoundingClientRect();
    if (!box.width) return false;
    const there = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return box.left < 0 || box.right > innerWidth || !one.contains(there);
}).map((one) => one.id)"""
#: The bottom of the bar that is shown, and the top of the photograph.
BETWEEN = """() => [document.querySelector(".bar.at-top:not([hidden])").getBoundingClientRect().bottom,
    document.querySelector("#frame").getBoundingClientRect().top]"""


def small_screen(width: int, height: int, locale: str) -> dict[str, Any]:
    """A phone."""
    return {**PHONE, "viewport": {"width": width, "height": height}, "locale": locale}


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
@pytest.mark.parametrize("size", [(740, 360), (844, 390), (360, 740)])
def test_every_button_of_a_tool_is_in_reach(visit: Visit, pictures: Path, size: tuple[int, int], locale: str) -> None:
    person = visit(small_screen(*size, locale))
    page = person.page
    person.open(pictures / "astronaut.jpg", pictures / "deep.tif")
    for tool in ("brush", "box", "crop"):
        page.locator(f"[data-tool-button={tool}]").tap()
        page.locator(".bar.at-top:visible").wait_for()
        assert page.evaluate(HIDDEN) == [], tool
        # each says what it wants, and leaves the photograph free
        assert page.locator(".bar.at-top .hint-text:visible").inner_text()
        below, top = page.evaluate(BETWEEN)
        assert below <= top, tool
        # no ring where no pointer hovers
        assert page.locator("#brush-ring").is_hidden()
    page.locator("#crop-cancel").tap()


def test_a_bar_takes_no_clicks_that_are_meant_for_the_photograph(visit: Visit, pictures: Path) -> None:
    person = visit(LAPTOP)
    page = person.page
    person.open(pictures / "astronaut.jpg")
    for tool in ("brush", "box"):
        page.locator(f"[data-tool-button={tool}]").click()
        below, top = page.evaluate(BETWEEN)
        assert below <= top
    page.locator("[data-tool-button=color]").click()
    # all of the photograph can be asked for its colour, also where lines usually stand
    person.click(*WALL)
    page.locator("#picker-drop").click()
    page.locator("#toast").wait_for()
    for x in range(16, 512, 32):
        for y in (2, 256, 509):
            over = page.evaluate("(at) => document.elementFromPoint(...at).closest('#toast')", person.place(x, y))
            assert over is None
    page.mouse.click(*person.place(256, 509))
    page.locator("#live", has_text="set.").wait_for()


@pytest.mark.parametrize(
    ("screen", "locale", "hint"),
    [(DESK, "en-GB", "1 helps most"), (PHONE, "de-DE", "1 hilft am meisten")],
    ids=["desk", "phone"],
)
def test_suggested_places_are_explained(
    visit: Visit, pictures: Path, screen: dict[str, Any], locale: str, hint: str
) -> None:
    person = visit({**screen, "locale": locale})
    page = person.page
    person.open(pictures / "astronaut.jpg")
    page.locator("#suggest").click()
    page.locator("#suggest-hint:visible", has_text=hint).wait_for()
    assert page.locator("#tool-hint").is_hidden()
    page.locator("#suggest").click()
    assert page.locator("#suggest-hint").is_hidden()


def test_the_header_tells_the_size_after_a_crop(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "deep.tif")
    page.locator("[data-tool-button=crop]").click()
    page.locator("#crop-right").click()
    page.locator("#crop-done").click()
    person.painted()
    assert page.locator("#photo-facts").inner_text().startswith("300 × 400 ·")
    page.locator("#undo").click()
    assert page.locator("#photo-facts").inner_text().startswith("400 × 300 ·")


def test_another_reach_is_named_in_the_history(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    person.click(*SUIT)
    page.locator("#picker-text").fill("teal")
    page.locator("#picker-text").press("Enter")
    page.locator("#live", has_text="teal set.").wait_for()
    page.locator("input[name=reach][value=here]").check(force=True)
    person.painted()
    page.locator("details:has(#history-list)").evaluate("one => one.open = true")
    steps = [one.strip() for one in page.locator("#history-list .step").all_inner_texts()]
    assert steps == ["Reach of teal: Only here", "Colour: teal"]


def test_a_broken_file_is_not_below_the_sheet(visit: Visit, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes((pictures / "astronaut.jpg").read_bytes()[:4000])
    person = visit(PHONE)
    page = person.page
    person.open(pictures / "astronaut.jpg")
    page.locator("#sheet-toggle").tap()
    page.set_input_files("#photo-file", [tmp_path / "broken.jpg"])
    page.locator("body[data-stage=failed]").wait_for()
    for button in ("#failed-again", "#failed-remove"):
        page.locator(button).wait_for()
        page.locator("body:not(.sheet-open)").wait_for()
        box = page.locator(button).bounding_box()
        at = [box["x"] + box["width"] / 2, box["y"] + box["height"] - 4]
        assert page.evaluate("(at) => '#' + document.elementFromPoint(...at).closest('button')?.id", at) == button
    page.locator("#failed-remove").tap()
    page.locator("#photo-name", has_text="astronaut.jpg").wait_for()


def test_a_photograph_without_other_ways(visit: Visit, pictures: Path) -> None:
    for locale, words in (("en-GB", "no other way is likely"), ("de-DE", "keine andere Möglichkeit")):
        person = visit({**DESK, "locale": locale})
        page = person.page
        person.open(pictures / "astronaut.jpg")
        page.route("**/alternatives", lambda route: route.fulfill(json=[{"hints": []}]))
        page.locator("#alternatives-show").evaluate("button => button.closest('details').open = true")
        page.locator("#alternatives-show").click()
        page.locator("#alternatives-note", has_text=words).wait_for()
        page.locator("#live", has_text=words).wait_for(state="attached")


#: Words that are broken between two letters, without a hyphen: [name, line, line].
BROKEN = """(all) => all.flatMap((one) => {
    const texts = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    const letters = [];
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        for (let i = 0; i < text.length; i++) {
            const range = new Range();
            range.setStart(text, i);
            range.setEnd(text, i + 1);
            const box = [...range.getClientRects()].at(-1);
            if (box) letters.push([text.data[i], box.top, text.data[i - 1] ?? ""]);
        }
    }
    return letters.some(([letter, top, before], i) => {
        const last = letters[i - 1];
        return last && top > last[1] + 4 && /[\\p{L}\\d]/u.test(letter) && /[\\p{L}\\d]/u.test(before);
    }) ? [one.textContent] : [];
})"""


@pytest.mark.parametrize("screen", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_german_names_are_broken_with_a_hyphen(visit: Visit, pictures: Path, screen: dict[str, Any]) -> None:
    person = visit({**screen, "locale": "de-DE"})
    page = person.page
    person.open(pictures / "astronaut.jpg")
    # the names of all colours that the server may find, in a list that has its shares, too
    names = [line.split(" ", 1)[1] for line in _lines() if re.match("#[0-9a-f]{6} ", line)]
    colours = [{"color": "#888888", "name": name, "share": 0.12, "lab": [50, 0, 0]} for name in names]
    page.route("**/colors", lambda route: route.fulfill(json=colours))
    person.click(*WALL)
    page.locator("#picker-list:not([aria-busy])").wait_for()
    shown = page.locator("#picker-list .name")
    assert shown.count() == len(names)
    broken = shown.evaluate_all(BROKEN)
    assert broken == []


def test_names_of_files_keep_their_endings(visit: Visit, pictures: Path, tmp_path: Path) -> None:
    names = ("WWIIPeeps.jpg", "GalwayIrelandInTheSummer1902.jpeg")
    for name in names:
        save(data.camera()[::4, ::4], tmp_path / name, Q=90)
    for screen in (LAPTOP, PHONE):
        person = visit(screen)
        person.open(*(tmp_path / name for name in names))
        person.page.locator("#queue-progress").wait_for(state="hidden")
        for card, name in zip(person.page.locator("#strip .thumb > button:first-child").all(), names, strict=True):
            ending = card.locator(".ending")
            assert ending.inner_text() == name[name.index(".") :]
            assert ending.evaluate("one => one.getClientRects().length") == 1
            assert name in card.get_attribute("title")
        assert person.page.locator("#photo-name").get_attribute("title") == names[0]


def test_a_name_that_is_typed_can_be_read(visit: Visit, pictures: Path) -> None:
    person = visit({**LAPTOP, "locale": "de-DE"})
    person.open(pictures / "astronaut.jpg")
    person.click(*WALL)
    for name in ("marineblau", "dunkelgrün", "dunkles marineblau"):
        person.page.locator("#picker-text").fill(name)
        assert person.page.locator("#picker-text").evaluate("one => one.scrollWidth <= one.clientWidth"), name


def test_a_tap_presses_nothing_that_opens_below_it(visit: Visit, pictures: Path) -> None:
    person = visit(PHONE)
    page = person.page
    person.open(pictures / "astronaut.jpg")
    page.evaluate("document.querySelector('#picker').addEventListener('click', () => (window.pressed = true))")
    whole = page.locator("#stage").get_attribute("data-view")
    for place in ((400, 330), (400, 400), (400, 500)):
        person.click(*place)
        page.locator("#picker-list:not([aria-busy])").wait_for()
        assert not page.evaluate("Boolean(window.pressed)")
        page.keyboard.press("Escape")
        page.locator(f"#stage[data-view='{whole}']").wait_for()


def _lines() -> list[str]:
    return files("photochrom").joinpath("data/color_names.txt").read_text("utf-8").splitlines()
