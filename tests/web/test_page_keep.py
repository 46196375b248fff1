"""Nothing that a user made gets lost: saved and loaded, reloaded, the server stopped and started, a token asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from page_helpers import Person, serving

from helpers import Command, load, needs_browser

pytestmark = needs_browser
Visit = Callable[..., Person]

SUIT, WALL = (120, 400), (300, 60)


def add_reference(person: Person, path: Path) -> None:
    """Use a picture as the reference for the whole."""
    section = person.page.locator("details", has=person.page.locator("#reference-add"))
    if section.get_attribute("open") is None:
        section.locator("summary").click()
    with person.page.expect_file_chooser() as chooser:
        person.page.locator("#reference-add").click()
    chooser.value.set_files(path)
    person.page.locator(".reference").wait_for()
    person.painted()


def test_what_is_saved_is_what_the_command_line_makes(
    visit: Visit, pictures: Path, here: Path, photochrom: Command
) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "deep.tif")
    person.click(100, 250)
    person.name_colour("teal")
    page.locator("[data-tool-button=box]").click()
    person.drag((240, 20), (300, 200), (390, 280))
    page.locator("#picker:visible").wait_for()
    person.name_colour("maroon")
    add_reference(person, pictures / "reference.jpg")
    page.locator("#vividness").fill("0.8")
    page.locator("#warmth").fill("-0.25")
    person.painted()
    files = person.download("#save-both")
    assert sorted(file.suggested_filename for file in files) == ["deep.photochrom.json", "deep_color.tif"]
    for file in files:
        file.save_as(here / file.suggested_filename)
    for name in ("deep.tif", "reference.jpg"):
        (here / name).write_bytes((pictures / name).read_bytes())
    run = photochrom("colorize", "deep.tif", "--edits", "deep.photochrom.json", "-o", "again.tif")
    assert run.code == 0, run.err
    assert load(here / "again.tif").dtype == np.uint16
    np.testing.assert_array_equal(load(here / "deep_color.tif"), load(here / "again.tif"))
    assert (here / "deep_color.tif").read_bytes() == (here / "again.tif").read_bytes()

    # Another browser goes on from the saved edits; the reference that they name is asked for.
    other = visit()
    other.open(pictures / "deep.tif")
    other.page.set_input_files("#edits-file", here / "deep.photochrom.json")
    missing = other.page.locator("#toast", has_text="reference.jpg")
    missing.wait_for()
    with other.page.expect_file_chooser() as chooser:
        missing.get_by_role("button", name="Choose it").click()
    chooser.value.set_files(pictures / "reference.jpg")
    other.page.locator("#toast", has_text="loaded: 2 colours").wait_for()
    other.painted()
    assert other.page.locator(".reference .name").text_content() == "reference.jpg"
    assert other.page.locator("#vividness").input_value() == "0.8"
    for one in (person, other):
        one.hide_before()
    for place in ((100, 250), (300, 150), (50, 50)):
        np.testing.assert_array_equal(other.lab(*place), person.lab(*place))


def test_a_reload_and_a_new_server_lose_nothing(visit: Visit, pictures: Path, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        person = visit(address=server.address)
        page = person.page
        person.open(pictures / "astronaut.jpg", pictures / "deep.tif")
        add_reference(person, pictures / "reference.jpg")
        person.click(*SUIT)
        person.name_colour("teal")
        person.hide_before()
        page.locator("#queue-progress").wait_for(state="hidden")  # it takes room from the photograph
        told = person.lab(*SUIT)

        page.reload()
        person.painted()
        person.hide_before()
        assert page.locator("#photo-name").inner_text() == "astronaut.jpg"
        assert page.locator("#strip .thumb").count() == 2
        assert page.locator("#pins .spot").get_attribute("aria-label") == "Colour 1: teal"
        assert page.locator(".reference").count() == 1
        np.testing.assert_allclose(person.lab(*SUIT), told, atol=1.5)  # one level of 8 bits is up to 1
        page.locator("#undo").click()  # the steps are kept, too
        person.painted()
        assert page.locator("#pins .spot").count() == 0
        page.locator("#redo").click()
        person.painted()

        server.kill()
        page.locator("#warmth").fill("1")
        page.locator("#away").wait_for()
        assert "photochrom serve" in page.locator("#away").inner_text()
        server.start()
        page.locator("#away-retry").click()
        page.locator("#away").wait_for(state="hidden")
        person.painted()
        warmer = person.lab(*WALL)
        assert page.locator("#warmth").input_value() == "1"
        assert page.locator("#pins .spot").count() == 1
        page.locator("#warmth").fill("0")
        person.painted()
        np.testing.assert_allclose(person.lab(*SUIT), told, atol=1.5)
        assert warmer[2] > person.lab(*WALL)[2] + 2

        # until the user wants it
        page.locator("#clear").evaluate("button => button.closest('details').open = true")
        page.locator("#clear").click()
        page.locator("#clear-dialog").get_by_role("button", name="Remove").click()
        page.locator("body[data-stage=empty]").wait_for()
        page.reload()
        page.locator("body[data-stage=empty]").wait_for()


def test_a_token_is_asked_for_once(visit: Visit, pictures: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "--token", "open sesame") as server:
        person = visit(address=server.address)
        dialog = person.page.locator("#token-dialog")
        dialog.wait_for()
        dialog.locator("input").fill("wrong")
        dialog.get_by_role("button", name="Go on").click()
        dialog.locator(".wrong").wait_for()
        dialog.locator("input").fill("open sesame")
        dialog.get_by_role("button", name="Go on").click()
        person.open(pictures / "astronaut.jpg")
        person.page.reload()
        person.painted()
        assert dialog.is_hidden()


def test_pasted_and_dropped(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    hand_over = """([type, bytes, name]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], name, {type: 'image/jpeg'}));
        const made = type === 'paste' ? new ClipboardEvent(type, {clipboardData: data, bubbles: true})
            : new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true});
        document.body.dispatchEvent(made);
    }"""
    content: Any = list((pictures / "astronaut.jpg").read_bytes())
    page.evaluate(hand_over, ["drop", content, "dropped.jpg"])
    page.get_by_text("dropped.jpg", exact=True).first.wait_for()
    person.painted()
    page.evaluate(hand_over, ["paste", content, "pasted.jpg"])
    page.locator("#photo-name", has_text="pasted.jpg").wait_for()
    person.painted()
    assert page.locator("#strip .thumb").count() == 2
