"""Colours in words: what nobody named, palettes of one's own, and what is said of a name that nobody knows, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from page_helpers import DESK, Person

from helpers import needs_browser
from photochrom import color_names

pytestmark = needs_browser
Visit = Callable[..., Person]
GERMAN = {**DESK, "locale": "de-DE"}


def test_colours_that_nobody_named_are_called_by_how_they_look(visit: Visit) -> None:
    ask = """async (colours) => {
        const {describe, hexToLab, swatchOf} = await import("./static/app/color.js");
        const labs = colours.map(hexToLab);
        return labs.map((lab) => [describe(lab), swatchOf({material: lab}).name]);
    }"""
    colours = ["#5c3e2d", "#4f423f", "#464632", "#808080", "#f4f2ee", "#0b1d45", "#a03030", "#e8c9a0"]
    for locale, expected in (
        ("en-GB", ["dark brown", "dark grey", "dark olive", "grey", "white", "navy", "dark red", "beige"]),
        ("de-DE", ["Dunkelbraun", "Dunkelgrau", "Dunkles Oliv", "Grau", "Weiß", "Marineblau", "Dunkelrot", "Beige"]),
    ):
        found = visit({**DESK, "locale": locale}).page.evaluate(ask, colours)
        assert [one for one, _ in found] == expected
        assert [one for _, one in found] == expected


def test_the_page_measures_colours_as_others_do(visit: Visit) -> None:
    from skimage.color import deltaE_ciede2000

    pairs = np.random.default_rng(0).uniform([0, -80, -80], [100, 80, 80], (200, 2, 3))
    pairs[:40, :, 1:] *= 0.05  # near grey
    pairs[40, 0, 1:] = 0
    ask = """async (pairs) => {
        const {difference} = await import("./static/app/color.js");
        return pairs.map((two) => difference(...two));
    }"""
    found = visit().page.evaluate(ask, pairs.tolist())
    np.testing.assert_allclose(found, deltaE_ciede2000(pairs[:, 0], pairs[:, 1]), atol=1e-9)


def test_the_page_and_the_server_mean_the_same_by_plain_words(visit: Visit) -> None:
    plain = visit().page.evaluate("import('./static/app/plain_colors.js').then((found) => found.PLAIN)")
    assert len(plain) > 50
    assert {name: color_names.to_hex(color_names.parse(name)) for name in plain} == plain


@pytest.mark.parametrize(
    ("locale", "typed", "sent", "shown"),
    [
        ("en-GB", "dark green, light blue", "dark green,light blue", "dark green, light blue"),
        ("en-GB", "fair skin; navy;8fb3cc", "fair skin,navy,#8fb3cc", "fair skin, navy, #8fb3cc"),
        ("en-GB", "light blue", "light blue", "light blue"),
        ("de-DE", "marineblau, oliv", "navy,olive", "Marineblau, Oliv"),
        ("de-DE", "helle Haut, dark green", "light skin,dark green", "Helle Haut, Dunkelgrün"),
    ],
)
def test_a_palette_of_ones_own(visit: Visit, pictures: Path, locale: str, typed: str, sent: str, shown: str) -> None:
    person = visit({**DESK, "locale": locale})
    page = person.page
    person.open(pictures / "astronaut.jpg")
    own = page.locator("#palette-own")
    own.evaluate("one => one.closest('details').open = true")
    own.fill(typed)
    with page.expect_request(lambda one: one.url.endswith("/paint") and "palette" in (one.post_data or "")) as asked:
        own.press("Enter")
    assert asked.value.post_data_json["edits"]["palette"] == sent
    page.locator("#palette-none[aria-pressed=false]").wait_for()
    person.painted()
    page.locator("details:has(#history-list)").evaluate("one => one.open = true")
    assert page.locator("#history-list .step").first.inner_text().strip() == f"Palette: {shown}"
    page.locator("#stage").focus()
    page.reload()
    person.painted()
    assert own.input_value() == shown


def test_lines_that_are_pasted_are_colours(visit: Visit, pictures: Path) -> None:
    person = visit()
    person.open(pictures / "astronaut.jpg")
    own = person.page.locator("#palette-own")
    own.evaluate(
        """one => {
            const data = new DataTransfer();
            data.setData("text/plain", "dark green\\nlight blue\\r\\n");
            one.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    assert own.input_value() == "dark green, light blue"


def test_a_wrong_colour_of_a_palette_is_named(visit: Visit, pictures: Path) -> None:
    for locale, words in (
        ("en-GB", "No colour is called “olve”. Did you mean olive"),
        ("de-DE", "Keine Farbe heißt „olve“. Meinten Sie Oliv"),
    ):
        person = visit({**DESK, "locale": locale})
        person.open(pictures / "astronaut.jpg")
        own = person.page.locator("#palette-own")
        own.evaluate("one => one.closest('details').open = true")
        own.fill("dark green, olve")
        own.press("Enter")
        person.page.locator("#palette-fault", has_text=words).wait_for()


def test_every_fault_of_the_server_has_words(visit: Visit) -> None:
    """German ones in German; English ones are the server's."""
    from photochrom.edits.dials import DIALS
    from photochrom.web.problems import KINDS

    folder = files("photochrom.web")
    sources = "".join(one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".py"))
    fields = {*re.findall(r'field="(\w+)"', sources), *(dial for dial in DIALS), "colour", "view", "size"}
    asked = [["invalid", field] for field in sorted({*fields, "edits.hints.0.x", "hints.3.mask", "edits.palette"})]
    asked += [
        ["invalid", None],
        *([kind, None] for kind in KINDS if kind not in ("unauthorized", "method-not-allowed")),
    ]
    ask = """async (asked) => {
        const {Problem} = await import("./static/app/api.js");
        const {sentence} = await import("./static/app/faults.js");
        return asked.map(([kind, field]) => sentence(new Problem(422, {type: `/problems/${kind}`, detail: "the reason", field})));
    }"""
    for field, said in zip(asked, visit(GERMAN).page.evaluate(ask, asked), strict=True):
        assert said[0].isupper(), field
        assert said != "The reason", field
    for field, said in zip(asked, visit().page.evaluate(ask, asked), strict=True):
        assert said == "The reason" or field[0] != "invalid", field
