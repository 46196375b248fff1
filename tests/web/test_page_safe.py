"""Whatever goes wrong, the photograph and what was done to it stay: bad edits, a server in trouble, two windows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_helpers import Person, serving

from helpers import needs_browser

pytestmark = needs_browser
Visit = Callable[..., Person]

SUIT = (120, 400)


def teal(person: Person) -> None:
    """Colour the suit."""
    person.click(*SUIT)
    person.name_colour("teal")


def section(person: Person, summary: str) -> None:
    """Open a part of the panel."""
    person.page.locator(f"details:has({summary})").evaluate("one => one.open = true")


def refuse(person: Person, path: str, status: int, kind: str, about: str = "", **more: Any) -> None:
    """From now on the server refuses what is asked at an address, as far as ``about`` is in what is asked."""
    body = {"type": f"/problems/{kind}", "title": kind, "status": status, "detail": f"it is {kind}", **more}
    answer = {"status": status, "content_type": "application/problem+json", "body": json.dumps(body)}

    def answered(route: Any) -> None:
        if about in str(route.request.post_data or about):
            route.fulfill(**answer)
        else:
            route.continue_()

    person.page.route(path, answered)


def kept(person: Person) -> None:
    """After a reload the photograph and the suit's colour are there."""
    page = person.page
    page.reload()
    person.painted()
    assert page.locator("#photo-name").inner_text() == "astronaut.jpg"
    assert page.locator("#pins .spot").get_attribute("aria-label") == "Colour 1: teal"


def test_a_bad_palette_changes_nothing(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    teal(person)
    section(person, "#palette-own")
    page.locator("#palette-own").fill("no-such-colour")
    page.locator("#palette-own").press("Enter")
    page.locator("#palette-fault:not([hidden])").wait_for()
    assert page.locator("#palette-own").input_value() == "no-such-colour"  # to be mended
    assert page.locator("#palette-none").get_attribute("aria-pressed") == "true"
    kept(person)


def test_a_grey_reference_changes_nothing(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    teal(person)
    section(person, "#reference-add")
    for name in ("large.jpg", "notes.txt"):
        with page.expect_file_chooser() as chooser:
            page.locator("#reference-add").click()
        chooser.value.set_files(pictures / name)
        page.locator("#toast.error", has_text=name).wait_for()
        assert page.locator(".reference").count() == 0
    # nothing stays at the server either: eight more have room
    assert page.locator("#undo").is_enabled()
    kept(person)


def test_an_edit_that_cannot_be_painted_is_marked_and_undone(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    teal(person)
    refuse(person, "**/paint", 422, "invalid", about='"x":300', field="hints.1")
    person.click(300, 60)
    page.locator("#picker-list .choice").first.click()
    page.locator("#toast.error", has_text="undone").wait_for()
    assert page.locator("#toast").get_by_role("button", name="Undo").count() == 0
    page.unroute("**/paint")
    person.painted()
    page.keyboard.press("Escape")
    section(person, "#history-list")
    steps = page.locator("#history-list .step")
    assert steps.count() == 2
    assert "It is invalid" in steps.first.inner_text()
    assert not steps.first.locator("input").is_checked()
    assert page.locator("#pins .spot").count() == 1
    page.keyboard.press("Control+z")  # undoes the valid step before, once
    person.painted()
    assert page.locator("#pins .spot").count() == 0
    page.keyboard.press("Control+y")
    page.locator("#pins .spot").wait_for()
    person.painted()  # what is done in the last instant before a reload need not be written yet
    kept(person)


def test_a_bad_edit_of_an_earlier_visit(visit: Visit, pictures: Path) -> None:
    """What an older version of the page kept: the palette is switched off, the rest stays."""
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    teal(person)
    page.evaluate(
        """() => new Promise((done) => {
            indexedDB.open("photochrom").onsuccess = ({target: {result: base}}) => {
                const table = base.transaction("work", "readwrite").objectStore("work");
                table.getAll().onsuccess = ({target: {result: [row]}}) => {
                    const {edits} = row.history;
                    const bad = {...edits, palette: "no-such-colour"};
                    const history = {past: [edits, bad], edits: {...bad, warmth: 0.5}, future: [], key: null};
                    table.put({id: row.id, history}).onsuccess = done;
                };
            };
        })"""
    )
    kept(person)
    assert page.locator("#warmth").input_value() == "0.5"
    section(person, "#history-list")
    assert "no-such-colour" in page.locator("#history-list .step.off").inner_text()


@pytest.mark.parametrize(("status", "kind"), [(504, "took-too-long"), (507, "disk-full"), (500, "error")])
def test_a_server_in_trouble_on_reload(visit: Visit, pictures: Path, status: int, kind: str) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    teal(person)
    refuse(person, "**/v1/sessions", status, kind)
    page.reload()
    page.locator("body[data-stage=failed]").wait_for()
    assert page.locator("#failed-kept").is_visible()
    page.reload()
    page.locator("body[data-stage=failed]").wait_for()
    page.unroute("**/v1/sessions")
    page.locator("#failed-again").click()
    person.painted()
    kept(person)


def test_a_painting_that_fails_is_no_edits_fault(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    teal(person)
    refuse(person, "**/paint", 504, "took-too-long")
    page.locator("#warmth").fill("1")
    page.locator("#toast.error").get_by_role("button", name="Try again").wait_for()
    assert page.locator("#warmth").input_value() == "1"
    page.unroute("**/paint")
    page.locator("#toast").get_by_role("button", name="Try again").click()
    person.painted()
    page.locator("#toast").wait_for(state="hidden")
    assert page.locator("#pins .spot").count() == 1


def test_closing_is_undone(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg", pictures / "deep.tif")
    teal(person)
    page.locator("#queue-progress").wait_for(state="hidden")
    page.locator("#strip .thumb").first.hover()
    page.get_by_role("button", name="Close astronaut.jpg").click()
    page.locator("#photo-name", has_text="deep.tif").wait_for()
    page.locator("#toast").get_by_role("button", name="Undo").click()
    page.locator("#photo-name", has_text="astronaut.jpg").wait_for()
    person.painted()
    assert page.locator("#pins .spot").count() == 1
    # and after a reload, from the list of what was closed
    section(person, "#remove-photo")
    page.locator("#remove-photo").click()
    page.locator("#photo-name", has_text="deep.tif").wait_for()
    page.locator("#remove-photo").click()
    page.locator("body[data-stage=empty]").wait_for()
    page.reload()
    page.get_by_role("button", name="Open astronaut.jpg again").click()
    person.painted()
    kept(person)
    section(person, "#remove-photo")
    page.get_by_role("button", name="Delete deep.tif for good").click()
    page.locator("#toast", has_text="deep.tif was deleted").get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Open deep.tif again").last.click()
    page.locator("#photo-name", has_text="deep.tif").wait_for()
    person.painted()
    page.locator("#remove-photo").click()
    page.locator("#photo-name", has_text="astronaut.jpg").wait_for()
    page.get_by_role("button", name="Delete deep.tif for good").click()
    page.locator("#toast", has_text="deep.tif was deleted").wait_for()
    page.reload()
    person.painted()
    assert page.locator(".binned").count() == 0


def test_two_windows_on_one_photograph(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    other = person.window()
    teal(person)
    other.page.locator("#pins .spot").wait_for(state="attached")  # it comes along by itself
    other.page.locator("#toast", has_text="another window").wait_for()
    # at the same moment: neither hears of the other, and neither is lost
    for one in (person, other):
        one.page.evaluate("BroadcastChannel.prototype.postMessage = () => {}")
    page.locator("#warmth").fill("0.5")
    person.painted()
    other.page.locator("#vividness").fill("0.9")
    other.page.locator("#toast", has_text="joined").wait_for()
    other.painted()
    assert other.page.locator("#warmth").input_value() == "0.5"
    page.reload()
    person.painted()
    assert (page.locator("#warmth").input_value(), page.locator("#vividness").input_value()) == ("0.5", "0.9")
    assert page.locator("#pins .spot").count() == 1


def test_a_fault_goes_when_it_is_mended(visit: Visit, pictures: Path, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        person = visit(address=server.address)
        page = person.page
        person.open(pictures / "astronaut.jpg")
        server.kill()
        page.locator("#save").click()
        page.locator("#save-picture").click()
        page.locator("#toast.error", has_text="Not saved").wait_for()
        server.start()
        page.locator("#away-retry").click()
        page.locator("#toast", has_text="The server is back").wait_for()
        with page.expect_download() as file:
            page.locator("#toast").get_by_role("button", name="Save now").click()
        assert file.value.suggested_filename == "astronaut_color.jpg"


def test_no_fault_stays_for_ever(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    page.clock.install()
    person.open(pictures / "astronaut.jpg")
    page.set_input_files("#edits-file", {"name": "e.json", "mimeType": "application/json", "buffer": b"nonsense"})
    page.locator("#toast.error", has_text="e.json").wait_for()
    page.mouse.move(5, 5)
    page.clock.fast_forward(40_000)
    page.locator("#toast").wait_for(state="hidden")


def test_the_brush_mends_what_the_box_found(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    person.hide_before()
    page.locator("[data-tool-button=box]").click()
    page.locator("#box-grow").uncheck()
    person.drag((300, 80), (330, 100), (360, 150))
    page.locator("#picker:visible").wait_for()
    page.keyboard.press("Escape")
    page.locator("[data-tool-button=brush]").click()
    assert page.locator("#region-choose").is_enabled()  # what was marked is still there
    person.drag((380, 100), (420, 110))
    page.locator("#region-choose").click()
    person.name_colour("#2040c0")
    boxed, brushed, beside = person.lab(330, 110), person.lab(400, 105), person.lab(330, 200)
    assert boxed[2] < -15
    assert brushed[2] < -15
    assert beside[2] > -10
    # and an area that has its colour gets another shape
    page.locator("#placed .row").click()
    page.locator("#picker-reshape").click()
    page.locator("#brush-erase").click()
    page.locator("#brush-size").fill("120")
    person.drag((380, 100), (420, 110))
    page.locator("#region-choose").click()
    person.painted()
    assert person.lab(400, 105)[2] > -10
    assert person.lab(330, 110)[2] < -15
    assert page.locator("#placed li").count() == 1
    page.keyboard.press("Control+z")
    person.painted()
    np.testing.assert_allclose(person.lab(400, 105), brushed, atol=1)


def test_a_server_that_paints_nothing_costs_no_edit(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    teal(person)
    refuse(person, "**/paint", 422, "invalid", field="hints")
    page.locator("#warmth").fill("1")
    page.locator("#toast.error", has_text="nothing lost").wait_for()
    page.unroute("**/paint")
    kept(person)
    assert page.locator("#warmth").input_value() == "1"


def test_what_was_removed_is_gone_when_the_page_is_empty(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg", pictures / "deep.tif")
    page.locator("#queue-progress").wait_for(state="hidden")
    page.evaluate(
        """() => new MutationObserver(() => {
            if (document.body.dataset.stage === "empty") location.reload();
        }).observe(document.body, {attributes: true})"""
    )
    page.locator("#clear").evaluate("button => button.closest('details').open = true")
    page.locator("#clear").click()
    with page.expect_navigation():
        page.locator("#clear-dialog").get_by_role("button", name="Remove").click()
    page.locator("body[data-ready=true]").wait_for()
    assert page.locator("body").get_attribute("data-stage") == "empty"
