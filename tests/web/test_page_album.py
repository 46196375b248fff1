"""Colours of one photograph proposed in the others: taken, refused, and not asked for again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from page_helpers import DESK, PHONE, Person
from test_page_access import faults

from helpers import data, load, needs_browser, save

Visit = Callable[..., Person]
SUIT, FACE = (120, 420), (220, 130)


@pytest.fixture(scope="module")
def album(pictures: Path) -> list[Path]:
    """Two photographs of one person, and one of a cup."""
    grey = load(pictures / "astronaut.jpg")
    grey = grey if grey.ndim == 2 else grey[..., 0]
    coffee = np.rint(data.coffee() @ [0.2126, 0.7152, 0.0722]).astype(np.uint8)
    save(np.ascontiguousarray(grey[:, :400]), pictures / "first.png")
    save(np.ascontiguousarray(grey[40:, 20:480][:, ::-1]), pictures / "second.png")
    save(coffee, pictures / "cup.png")
    return [pictures / name for name in ("first.png", "second.png", "cup.png")]


@needs_browser
@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_proposed_taken_and_refused(visit: Visit, album: list[Path], tmp_path: Path, screen: dict[str, Any]) -> None:
    person = visit(screen)
    page = person.page
    person.open(*album)
    page.locator("#queue-progress").wait_for(state="hidden")
    for place, name in ((SUIT, "teal"), (FACE, "fair skin")):
        person.click(*place)
        person.name_colour(name)
    if screen is PHONE:
        page.locator("#sheet-toggle").click()
    page.locator("#album-section").evaluate("one => one.open = true")
    assert page.locator("#album-list .album-row").count() == 2
    page.locator("#album-begin").click()
    page.locator("#toast", has_text="2 colours are proposed in 1 photograph").wait_for()
    if screen is PHONE:
        page.locator("#sheet-toggle").click()
    assert page.locator("#strip .badge.proposals").all_inner_texts() == ["2"]
    page.locator("#strip .thumb button", has_text="second.png").first.click()
    person.painted()
    assert page.locator("#pins .proposed").count() == 2
    assert page.locator("#proposal-words").inner_text().startswith("1 of 2:")
    assert faults(person) == []
    page.screenshot(path=tmp_path / "proposals.png")
    if screen is PHONE:
        for button in page.locator("#proposal-bar button").all():
            assert button.bounding_box()["height"] >= 44
    # one by one
    words = page.locator("#proposal-words").inner_text()
    first = "teal" if "teal" in words else "fair skin"
    page.locator("#proposal-take").click()
    person.painted()
    assert page.locator("#pins .spot").get_attribute("aria-label").endswith(first)
    page.locator("#proposal-refuse").click()
    page.locator("#proposal-bar").wait_for(state="hidden")
    assert page.locator("#pins .proposed").count() == 0
    # it is a step, and can be taken back; the cup has none
    page.locator("#undo").click()
    person.painted()
    assert page.locator("#pins .spot").count() == 0
    page.locator("#strip .thumb button", has_text="cup.png").first.click()
    person.painted()
    assert page.locator("#proposal-bar").is_hidden()
    # what was answered is not asked again
    page.locator("#strip .thumb button", has_text="first.png").first.click()
    person.painted()
    page.locator("#album-section").evaluate("one => one.open = true")
    page.locator("#album-begin").evaluate("one => one.click()")
    page.locator("#toast", has_text="nothing is proposed").wait_for()


def test_proposals_by_the_api(client: TestClient, album: list[Path]) -> None:
    first, second, cup = (
        client.post("/v1/sessions", files={"picture": (path.name, path.read_bytes())}).json()["id"] for path in album
    )
    edits = {
        "hints": [{"x": FACE[0], "y": FACE[1], "color": "fair skin"}, {"x": SUIT[0], "y": SUIT[1], "color": "teal"}]
    }
    like = {"like": [{"session": first, "edits": edits}]}
    found = client.post(f"/v1/sessions/{second}/proposals", json=like).json()
    assert {one["index"] for one in found} == {0, 1}
    for one in found:
        assert one["hint"]["color"] == edits["hints"][one["index"]]["color"]
        assert one["swatch"].startswith("#")
        assert one["source"] == 0
    assert client.post(f"/v1/sessions/{cup}/proposals", json=like).json() == []
    gone = client.post(f"/v1/sessions/{cup}/proposals", json={"like": [{"session": "none", "edits": {}}]})
    assert gone.status_code == 404
