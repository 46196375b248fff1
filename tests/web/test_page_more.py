"""What people expect beside: steps with switches, an eyedropper, before and after, albums, languages, a first lesson."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from page_helpers import DESK, PHONE, Person, serving

from helpers import load, needs_browser, save

pytestmark = needs_browser
Visit = Callable[..., Person]

SUIT, WALL = (120, 400), (300, 60)


def section(person: Person, summary: str) -> None:
    """Open a part of the panel."""
    person.page.locator(f"details:has({summary})").evaluate("one => one.open = true")


def test_steps_can_be_switched_off(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    person.hide_before()
    person.click(*SUIT)
    person.name_colour("teal")
    teal = person.lab(*SUIT)
    page.locator("#warmth").fill("0.8")
    person.painted()
    warm = person.lab(*WALL)
    section(person, "#history-list")
    steps = page.locator("#history-list .step")
    assert [one.strip() for one in steps.all_inner_texts()] == ["Warmth +80", "Colour: teal"]
    page.locator("#history-list img").nth(1).wait_for()  # each has a picture of what it made
    # the first step off: the suit is as it was, the wall stays warm
    steps.nth(1).locator("input").uncheck()
    person.painted()
    assert page.locator("#pins .spot").count() == 0
    assert person.lab(*SUIT)[1] > teal[1] + 10
    np.testing.assert_allclose(person.lab(*WALL), warm, atol=2)
    page.reload()
    person.painted()
    section(person, "#history-list")
    assert not steps.nth(1).locator("input").is_checked()
    steps.nth(1).locator("input").check()
    steps.nth(0).locator("input").uncheck()
    person.painted()
    person.hide_before()
    np.testing.assert_allclose(person.lab(*SUIT), teal, atol=1.5)
    # switching is a step that can be undone itself
    page.locator("#undo").click()
    assert page.locator("#warmth").input_value() == "0.8"


def test_before_and_after(visit: Visit, pictures: Path, tmp_path: Path) -> None:
    person = visit()
    person.open(pictures / "astronaut.jpg")
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for button, name, begin in (
        ("#save-side", "astronaut_before-after.jpg", b"\xff\xd8"),
        ("#save-slider", "astronaut_before-after.webp", b"RIFF"),
    ):
        (file,) = person.download(button)[-1:]
        assert file.suggested_filename == name
        file.save_as(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)
    side = load(tmp_path / "astronaut_before-after.jpg")
    grey, colour = side[:, :512].astype(int), side[:, -512:].astype(int)
    assert np.ptp(grey, axis=2).mean() < 2
    assert np.ptp(colour, axis=2).mean() > 8
    page = person.page
    page.locator("#save").click()
    page.locator("#copy-picture").click()
    page.locator("#toast", has_text="Copied").wait_for()
    kinds = page.evaluate("navigator.clipboard.read().then(([one]) => one.types)")
    assert kinds == ["image/png"]


def test_before_of_a_sepia_scan_is_the_scan(visit: Visit, tmp_path: Path, pictures: Path) -> None:
    grey = load(pictures / "large.jpg")
    save(np.rint(grey[..., None] * [1.0, 0.86, 0.66]).astype(np.uint8), tmp_path / "scan.jpg", Q=95)
    person = visit()
    person.open(tmp_path / "scan.jpg")
    wall = 4 * WALL[0], 4 * WALL[1]
    person.page.locator("#split-knob").press("End")
    assert person.lab(*wall)[2] > 8  # as yellow as it lies in the drawer
    with person.page.expect_response(re.compile("/scan.*width=")):  # and when one looks closer
        person.page.mouse.move(*person.place(*wall))
        for _ in range(6):
            person.page.mouse.wheel(0, -120)
    person.painted()
    assert person.lab(*wall)[2] > 8


@pytest.mark.parametrize("straight", [False, True])
def test_all_pictures_as_one_zip(visit: Visit, pictures: Path, tmp_path: Path, straight: bool) -> None:
    """As a download, or where browsers can, straight into a file of the user's choice."""
    person = visit()
    page = person.page
    stand_in = """window.pieces = [];
        window.showSaveFilePicker = async () => ({createWritable: async () => ({
            write: async (bytes) => { window.pieces.push(bytes.slice()); },
            close: async () => { window.finished = true; }, abort: async () => {}})});"""
    page.evaluate(stand_in if straight else "delete window.showSaveFilePicker")
    person.open(pictures / "astronaut.jpg", pictures / "deep.tif", pictures / "notes.txt", pictures / "deep.tif")
    page.locator("#queue-progress").wait_for(state="hidden")
    page.locator("#save").click()
    if straight:
        page.locator("#save-all").click()
        page.locator("#toast", has_text="3 photographs saved").wait_for()
        assert page.evaluate("window.finished")
        assert page.evaluate("window.pieces.length") > 20  # as they came, not at once
        content = bytes(page.evaluate("new Blob(pieces).arrayBuffer().then((all) => [...new Uint8Array(all)])"))
    else:
        with page.expect_download() as file:
            page.locator("#save-all").click()
        file.value.save_as(tmp_path / "all.zip")
        assert file.value.suggested_filename == "photochrom.zip"
        content = (tmp_path / "all.zip").read_bytes()
        page.locator("#toast", has_text="3 photographs saved").wait_for()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [
            "astronaut.photochrom.json",
            "astronaut_color.jpg",
            "deep.photochrom (2).json",
            "deep.photochrom.json",
            "deep_color (2).tif",
            "deep_color.tif",
        ]
        (tmp_path / "deep.tif").write_bytes(archive.read("deep_color.tif"))
        assert json.loads(archive.read("astronaut.photochrom.json"))
    assert load(tmp_path / "deep.tif").dtype == np.uint16


def test_alternatives_are_there_after_a_reload(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    section(person, "#alternatives-show")
    page.locator("#alternatives-show").click()
    page.locator("#alternatives-progress progress").wait_for()  # something moves while one waits
    page.locator("#alternatives-progress").wait_for(state="hidden")
    ways = page.locator("#alternative-list .card")
    ways.nth(1).click()
    person.painted()
    page.reload()
    person.painted()
    section(person, "#alternatives-show")
    assert page.locator("#alternative-list img[src]").count() == ways.count() >= 2
    assert [one.get_attribute("aria-pressed") for one in ways.all()].index("true") == 1


def test_files_that_are_no_photographs(visit: Visit, pictures: Path, tmp_path: Path) -> None:
    whole = (pictures / "astronaut.jpg").read_bytes()
    files = {
        "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400), "HEIC photograph"),
        "cut.jpg": (whole[:9000], "breaks off"),
        "empty.png": (b"", "empty"),
        "letter.pdf": (b"%PDF-1.4", "PDF files"),
        "page.txt": (b"hello", "JPEG, PNG, TIFF"),
    }
    for name, (content, _) in files.items():
        (tmp_path / name).write_bytes(content)
    person = visit()
    page = person.page
    page.set_input_files("#photo-file", [tmp_path / name for name in files])
    for name, (_, words) in files.items():
        page.locator(f"#strip .failed button[title^='{name}']").click()
        assert words in page.locator("#failed-why").inner_text()
        # the name is there in full
        label = page.locator(f"#strip .thumb:has(button[title^='{name}']) .name")
        assert label.inner_text() == name
        assert label.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_in_german(visit: Visit, pictures: Path) -> None:
    person = visit({**DESK, "locale": "de-AT"})
    page = person.page
    assert page.evaluate("document.documentElement.lang") == "de"
    assert page.locator("#welcome-title").inner_text() == "Ein Schwarzweißfoto kolorieren"
    person.open(pictures / "astronaut.jpg")
    assert "8 Bit" in page.locator("#photo-facts").inner_text()
    person.click(*SUIT)
    page.locator("#picker-text").fill("teal")
    page.locator("#picker-text").press("Enter")
    page.locator("#live", has_text="teal gesetzt.").wait_for()
    page.locator("#picker-text").fill("marineblau")
    page.locator("#picker-text").press("Enter")
    page.locator("#live", has_text="marineblau gesetzt.").wait_for()
    page.locator("#undo").click()
    page.keyboard.press("Escape")
    section(person, "#history-list")
    assert page.locator("#history-list .name").inner_text() == "Farbe: teal"
    section(person, "#palette-own")
    page.locator("#palette-own").fill("nosuch")
    page.locator("#palette-own").press("Enter")
    page.locator("#palette-fault", has_text="keine Palette").wait_for()


@pytest.mark.parametrize("language", ["fr", "en-US"])
def test_other_languages_see_english(visit: Visit, language: str) -> None:
    person = visit({**DESK, "locale": language})
    assert person.page.locator("#choose").inner_text() == "Choose photographs"


def test_right_to_left_does_not_break(visit: Visit, pictures: Path) -> None:
    person = visit()
    person.open(pictures / "astronaut.jpg")
    person.page.evaluate("document.documentElement.dir = 'rtl'")
    rail, panel = (person.page.locator(one).bounding_box() for one in (".rail", "#panel"))
    assert panel["x"] == 0
    assert rail["x"] > 1000
    person.click(*SUIT)
    assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # width before height, as everywhere
    lefts = person.page.locator("#photo-facts").evaluate(
        """one => ["512 ×", "8 bit"].map(words => {
            const range = document.createRange();
            const start = one.firstChild.data.indexOf(words);
            range.setStart(one.firstChild, start);
            range.setEnd(one.firstChild, start + 1);
            return range.getBoundingClientRect().left;
        })"""
    )
    assert lefts[0] < lefts[1]


def test_the_first_lesson(visit: Visit) -> None:
    person = visit()
    page = person.page
    page.locator("#coach-begin").click()
    person.painted()
    page.locator("#coach-text", has_text="click the ring").wait_for()
    box = page.locator("#coach-ring").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator("#coach-text", has_text="choose a colour").wait_for()
    page.locator("#picker-list .choice").nth(1).click()
    page.locator("#coach-text", has_text="spreads").wait_for()
    with page.expect_file_chooser():
        page.locator("#coach-own").click()
    assert page.locator("#coach").is_hidden()
    # and it can be left at once
    other = visit(PHONE)
    other.page.locator("#coach-begin").tap()
    other.painted()
    other.page.locator("#coach-skip").tap()
    assert other.page.locator("#coach").is_hidden()


def test_a_phone_comes_with_the_token_in_its_link(visit: Visit, pictures: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "--token", "open sesame") as server:
        person = visit(PHONE, address=f"{server.address}#token=open%20sesame")
        person.address = server.address
        page = person.page
        assert page.url == server.address  # the token does not stay in sight
        assert page.locator("#token-dialog").is_hidden()
        person.open(pictures / "astronaut.jpg")
        assert page.locator("#camera-file").get_attribute("capture") == "environment"


@pytest.mark.parametrize("size", [(360, 740), (740, 360)])
def test_a_phone_upright_and_on_its_side(visit: Visit, pictures: Path, size: tuple[int, int]) -> None:
    person = visit({**PHONE, "viewport": {"width": size[0], "height": size[1]}})
    page = person.page
    person.open(pictures / "astronaut.jpg", pictures / "deep.tif")
    page.locator("#queue-progress").wait_for(state="hidden")
    # what each tool wants is said as long as it is used
    for tool, words in (("hand", "Drag"), ("color", "Tap"), ("brush", "Paint"), ("box", "box")):
        page.locator(f"[data-tool-button={tool}]").tap()
        said = page.locator("#tool-hint:visible, #region-bar .hint-text:visible")
        assert words in said.first.inner_text()
    # every tool is in sight, and can be hit
    for button in page.locator(".rail button:visible").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 44
        assert 0 <= box["x"] <= size[0] - box["width"] + 1
        assert 0 <= box["y"] <= size[1] - box["height"] + 1
    # and so are the other photographs
    assert page.locator("#strip .thumb").count() == 2
    page.locator("#strip .thumb button[title^=deep]").tap()
    page.locator("#photo-name", has_text="deep.tif").wait_for()
    page.locator("#strip .thumb button[title^=astronaut]").tap()
    person.painted()
    # before and after at one tap
    page.locator("#compare-here").tap()
    assert page.locator("#split-knob").get_attribute("aria-valuenow") == "0"
    page.locator("#compare-here").tap()
    assert page.locator("#split-knob").get_attribute("aria-valuenow") == "50"
    # no cross lies under the thumb, and the photograph keeps most of the screen
    assert page.locator("#strip .thumb .icon-button:visible").count() == 0
    assert page.locator("#stage").bounding_box()["height"] > 0.6 * size[1]
    page.locator("[data-tool-button=color]").tap()
    person.click(*SUIT)
    page.locator("#picker-list .choice").first.tap()
    person.painted()
    page.locator("#picker-close").tap()
    page.locator("#sheet-toggle").tap()
    page.locator("#panel details").evaluate_all("all => all.forEach(one => one.open = true)")
    small = page.locator("button:visible, label:has(input:visible), select:visible, summary:visible").evaluate_all(
        "all => all.filter(one => Math.max(one.offsetHeight, one.classList.contains('card') * 44) < 44)"
        ".map(one => one.outerHTML.slice(0, 120))"
    )
    assert [one for one in small if "Trust" not in one and "for=" not in one and "field" not in one] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_every_language_has_all_words() -> None:
    from photochrom.web import app

    folder = Path(app.__file__).parent / "static" / "app"
    words = {}
    for path in {*(folder / "lang").glob("*.js")} - set((folder / "lang").glob("colors.*.js")):
        text = path.read_text("utf-8")
        words[path.stem] = {
            key.strip('"'): set(re.findall(r"\{(\w+)\}", value))
            for key, value in re.findall(
                r'("[\w.-]+"|\w+): ((?:"(?:[^"\\]|\\.)*")|\{ one[^}]*(?:\{\w+\}[^}]*)*\})', text
            )
        }
    assert set(words) == {"en", "de"}
    for key, blanks in words["en"].items():
        assert words["de"].get(key) == blanks, key
    assert all(key.startswith(("fault.", "palette.")) for key in set(words["de"]) - set(words["en"]))
    page = (folder / "index.html").read_text("utf-8")
    assert set(re.findall(r'data-t(?:-\w+)?="([^"]+)"', page)) <= set(words["en"])


def test_how_far_a_colour_goes_and_places_that_are_kept(visit: Visit, pictures: Path) -> None:
    person = visit()
    page = person.page
    person.open(pictures / "astronaut.jpg")
    person.hide_before()
    beside = (SUIT[0] + 30, SUIT[1] + 30)
    before = person.lab(*beside)
    person.click(*SUIT)
    page.get_by_label("Only here").check()
    person.name_colour("teal")
    np.testing.assert_allclose(person.lab(*beside), before, atol=1.5)
    # the reach of a colour that is there can be changed, also by keyboard, and it is kept over a reload
    page.locator("#pins .spot").click()
    page.locator("#picker-list .choice").first.wait_for()
    assert page.get_by_label("Only here").is_checked()
    page.get_by_label("Only here").press("ArrowRight")
    person.painted()
    assert page.get_by_label("This object").is_checked()
    assert abs(person.lab(*beside) - before)[1:].max() > 8
    page.keyboard.press("Escape")
    page.reload()
    person.painted()
    person.hide_before()
    assert abs(person.lab(*beside) - before)[1:].max() > 8
    # a place that is kept
    person.click(*beside)
    page.get_by_role("button", name="Keep as it is").click()
    person.painted()
    assert page.locator("#live").inner_text() == "This place stays as it is."
    assert page.get_by_label("All alike").is_disabled()
    page.keyboard.press("Escape")
    np.testing.assert_allclose(person.lab(*beside), before, atol=3)
    assert page.locator("#pins .kept").get_attribute("aria-label") == "Colour 2: kept as it is"
    # a colour in its place
    page.locator("#pins .kept").click()
    page.locator("#picker-list .choice").first.wait_for()
    assert page.get_by_role("button", name="Keep as it is").get_attribute("aria-pressed") == "true"
    person.name_colour("teal")
    assert page.locator("#pins .kept").count() == 0
