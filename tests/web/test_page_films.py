"""A film in the page: dropped, its shots, a key frame coloured by clicking, played, coloured as a whole, stopped, taken home."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films_helpers import three_shots
from page_helpers import DESK, PHONE, Person, serving

from film_helpers import lumas, make_film, pan
from helpers import data, needs_browser, save
from server_process import ServerProcess

if not os.environ.get("CI"):
    pytest.importorskip("av")

pytestmark = needs_browser
Visit = Callable[..., Person]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short shots."""
    return three_shots(tmp_path_factory.mktemp("film") / "walk.mkv", 8, (160, 100))


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of its own, with no films yet."""
    with serving(tmp_path) as found:
        yield found


def drop(person: Person, path: Path, shots: int = 3) -> None:
    """Bring a film, and wait for its first key frame in colour."""
    person.page.set_input_files("#photo-file", [path])
    person.page.locator("#film-shots img").nth(shots - 1).wait_for()
    person.painted()


def leave(person: Person) -> None:
    """Remove the film that is shown."""
    person.page.locator("summary", has_text=re.compile("More|Mehr")).click()
    person.page.locator("#remove-photo").click()
    person.page.locator("#film-dialog .primary").click()
    person.page.locator("#film").wait_for(state="hidden")


def test_from_dropping_it_to_taking_it_home(browser: Any, alone: ServerProcess, film: Path, tmp_path: Path) -> None:
    person = Person(browser, alone.address)
    page = person.page
    drop(person, film)
    assert page.locator("#photo-facts").text_content() == "160 × 100 · 3 shots"
    for hidden in ("[data-tool-button=crop]", "#palette-picture", "#alternatives-show"):
        assert not page.locator(hidden).is_visible()
    person.hide_before()

    # another shot; a place in it is coloured as in a photograph, undone, and done again
    page.locator("#film-shots button").nth(1).click()
    person.painted()
    before = person.lab(60, 50)
    person.click(60, 50)
    person.name_colour("teal")
    coloured = person.lab(60, 50)
    assert np.hypot(*(coloured - before)[1:]) > 10
    assert page.locator("#film-shots .placed-in").all_text_contents() == ["1"]
    page.keyboard.press("Control+z")
    person.painted()
    assert page.locator("#film-shots .placed-in").count() == 0
    page.keyboard.press("Control+y")
    person.painted()
    np.testing.assert_allclose(person.lab(60, 50), coloured, atol=1)

    # played on the stage: the clip has the colour, too, and a click stops it
    page.locator("#film-play").click()
    page.locator("body.playing").wait_for()
    page.wait_for_function("() => document.querySelector('#film-video').currentTime > 0")
    played = person.lab(60, 50)
    assert np.hypot(*(played - before)[1:]) > 8
    page.locator("#split-knob").press("End")
    assert np.hypot(*person.lab(60, 50)[1:]) < 5
    person.hide_before()
    page.mouse.click(*person.place(100, 50))
    page.locator("body:not(.playing)").wait_for()
    assert page.locator("#picker").is_hidden()
    np.testing.assert_allclose(person.lab(60, 50), coloured, atol=1)

    # the whole, and home
    page.locator("#film-start").click()
    page.locator("#film-download:visible").wait_for()
    with page.expect_download() as download:
        page.locator("#film-download").click()
    assert download.value.suggested_filename == "walk_color.mkv"
    download.value.save_as(tmp_path / "home.mkv")
    import av

    with av.open(str(tmp_path / "home.mkv")) as result:
        frames = [frame.to_ndarray(format="rgb24") for frame in result.decode(video=0)]
    assert len(frames) == 24
    assert np.ptp(frames[12][45:55, 55:65].astype(int), axis=2).mean() > 20
    assert np.abs(lumas(tmp_path / "home.mkv")[3].astype(int) - lumas(film)[3]).mean() < 2

    # left and come back to: the film, its colours, the shot, the result
    person.visit()
    page.locator("#film-shots .placed-in").wait_for()
    person.painted()
    assert page.locator("#film-shots [aria-current=true]").get_attribute("data-shot") == "1"
    assert page.locator("#placed .name").all_text_contents() == ["teal"]
    page.locator("#film-download:visible").wait_for()

    # a change makes the result an old one
    page.locator("#warmth").fill("0.5")
    page.locator("#film-start", has_text="Colour anew").wait_for()

    leave(person)
    assert page.locator("body").get_attribute("data-stage") == "empty"
    assert not list((tmp_path / "films").glob("*/film.mkv"))
    person.check()


def test_stopped_and_gone_on_with_over_a_killed_server(browser: Any, alone: ServerProcess, tmp_path: Path) -> None:
    person = Person(browser, alone.address)
    page = person.page
    drop(person, three_shots(tmp_path / "long.mkv", 100, (96, 64)))
    page.locator("#film-start").click()
    page.locator("#film-words", has_text=re.compile("[1-9][0-9]* of 300 frames")).wait_for()
    page.locator("#film-stop").click()
    page.locator("#film-words", has_text="nothing is lost").wait_for()
    page.locator("#film-start", has_text="Go on").click()
    page.locator("#film-words", has_text=re.compile("of 300 frames")).wait_for()
    alone.kill()
    page.locator("#away").wait_for()
    alone.start()
    page.locator("#away").wait_for(state="hidden")
    page.locator("#film-download:visible").wait_for()
    person.check()


def test_a_moment_of_a_shot(visit: Visit, film: Path) -> None:
    person = visit()
    page = person.page
    drop(person, film)
    moment = page.locator("#film-moment")
    assert (moment.get_attribute("min"), moment.get_attribute("max"), moment.input_value()) == ("0", "7", "4")
    person.click(80, 50)
    assert page.locator("#picker-far").is_visible()
    assert page.locator("#picker-keep").is_hidden()  # what a film's hints do not have is not offered
    person.name_colour("maroon")
    moment.focus()
    moment.press("Home")
    person.painted()
    page.locator("#pins .spot").wait_for(state="detached")
    # the dials are the film's, the places those of their moment
    page.locator("#vividness").fill("0.9")
    person.painted()
    page.locator("#film-moment").fill("4")
    page.locator("#pins .spot").wait_for()
    assert page.locator("#vividness").input_value() == "0.9"
    with page.expect_download() as download:
        page.locator("#save").click()
        page.locator("#save-edits").click()
    kept = download.value.path().read_text()
    (hint,) = json.loads(kept)["hints"]
    assert (hint["frame"], hint["x"], hint["y"]) == (4, 80, 50)
    # the file is for the command line, and can be brought back
    page.locator("#toast", has_text="Saved.").wait_for()
    page.locator("#reset").evaluate("one => one.click()")
    page.locator("#film-shots .placed-in").wait_for(state="detached")
    page.set_input_files("#edits-file", [{"name": "e.json", "mimeType": "application/json", "buffer": kept.encode()}])
    page.locator("#film-shots .placed-in").wait_for()
    leave(person)


def test_areas_and_a_reference_picture(visit: Visit, film: Path, tmp_path: Path) -> None:
    person = visit()
    page = person.page
    drop(person, film)
    person.hide_before()
    # an object is found by a click, and is coloured as in a photograph
    page.locator("[data-tool-button=box]").click()
    with page.expect_response(lambda answer: answer.url.endswith("/grow")):
        page.mouse.click(*person.place(60, 50))
    page.locator("#picker:visible").wait_for()
    assert page.locator("#picker-picture").is_hidden()  # films have no pictures for areas
    person.name_colour("#2040c0")
    page.locator("#pins .region").wait_for()
    assert page.locator("#film-shots .placed-in").all_text_contents() == ["1"]
    assert person.lab(60, 50)[2] < -5
    # a picture for the whole shot, and for no other
    colours = np.full((60, 80, 3), (190, 60, 40), np.uint8)
    colours[::2] //= 2
    save(colours, tmp_path / "red.png")
    with page.expect_response(lambda answer: "/v1/films/" in answer.url and answer.url.endswith("/references")) as sent:
        page.locator("#reference-file").evaluate("one => one.value = ''")
        page.locator("#reference-add").evaluate("one => { one.closest('details').open = true; one.click(); }")
        page.set_input_files("#reference-file", [tmp_path / "red.png"])
    assert sent.value.status == 201
    with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.url.endswith("/edits")) as kept:
        pass
    edits = kept.value.request.post_data_json
    assert edits["references"] == [{"frame": 4, "path": "r1"}]
    (area,) = edits["hints"]
    assert (area["frame"], area["mask"]["size"]) == (4, [100, 160])
    page.locator("#film-shots button").nth(1).click()
    person.painted()
    assert page.locator("#reference-list li").count() == 0
    # after the page was left, all is there again
    person.visit()
    page.locator("#film-shots button").nth(0).click()
    person.painted()
    page.locator("#pins .region").wait_for()
    assert page.locator("#reference-list .name").all_text_contents() == ["red.png"]
    page.locator("#film-play").click()
    page.locator("body.playing").wait_for()
    page.locator("#film-play").click()
    leave(person)


def test_what_is_no_film_says_so(visit: Visit, tmp_path: Path, film: Path) -> None:
    person = visit()
    page = person.page
    (tmp_path / "notes.mp4").write_text("no film")
    page.set_input_files("#photo-file", [tmp_path / "notes.mp4"])
    page.locator("#failed-why", has_text="Is not a film that can be read").wait_for()
    page.locator("#failed-remove").click()
    page.locator("body[data-stage=empty]").wait_for()
    # a film beside a photograph; each is shown by its own means
    make_film(tmp_path / "one.mkv", pan(data.coffee(), 3))
    drop(person, tmp_path / "one.mkv", 1)
    person.open(_photo(tmp_path))
    assert not page.locator("#film").is_visible()
    assert page.locator("[data-tool-button=brush]").is_visible()
    page.locator("#strip .thumb button").first.click()
    page.locator("#film").wait_for()
    leave_film = page.locator("#strip .thumb", has_text="one.mkv").locator(".icon-button")
    leave_film.evaluate("one => one.click()")
    page.locator("#film-dialog .primary").click()
    page.locator("#film").wait_for(state="hidden")


def _photo(folder: Path) -> Path:
    return save(data.camera()[::4, ::4], folder / "photo.png")


def test_what_is_left_on_its_way_holds_nothing_up(
    browser: Any, alone: ServerProcess, film: Path, tmp_path: Path
) -> None:
    """A film that is removed while it is sent, and a frame that is left while it is opened."""
    person = Person(browser, alone.address)
    page = person.page
    held: list[Any] = []

    def hold(route: Any) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/v1/films?*", hold)
    first = make_film(tmp_path / "first.mkv", pan(data.coffee(), 3))
    with page.expect_request("**/v1/films?*"):
        page.set_input_files("#photo-file", [first, film])
    leave_film = page.locator("#strip .thumb", has_text="first.mkv").locator(".icon-button")
    leave_film.evaluate("one => one.click()")
    page.locator("#film-dialog .primary").click()
    page.locator("#film-shots img").nth(2).wait_for()
    person.painted()

    held.clear()
    page.route("**/scan?*", hold)
    with page.expect_request("**/scan?*"):
        page.locator("#film-shots button").nth(1).click()
    page.locator("#film-shots button").nth(0).click()
    person.painted()
    page.unroute("**/scan?*")
    with page.expect_response("**/scan?*"):
        held[0].continue_()
    page.locator("#film-shots button").nth(1).click()
    page.locator("body[data-stage=ready]").wait_for()
    person.painted()
    person.check()


def test_a_server_that_takes_no_films(
    browser: Any, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "without" / "av").mkdir(parents=True)
    (tmp_path / "without" / "av" / "__init__.py").write_text("raise ImportError('not here')")
    path = os.pathsep.join([str(tmp_path / "without"), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    with serving(tmp_path) as server:
        person = Person(browser, server.address)
        assert not person.page.locator("#welcome-films").is_visible()
        person.page.set_input_files("#photo-file", [film])
        person.page.locator("#failed-why", has_text="pip install 'photochrom[video]'").wait_for()
        person.check()


@pytest.mark.parametrize(
    "screen",
    [
        DESK | {"color_scheme": "dark"},
        PHONE,
        PHONE | {"viewport": {"width": 740, "height": 360}},
        DESK | {"locale": "de-DE"},
    ],
    ids=["dark", "phone", "phone on its side", "german"],
)
def test_axe_finds_nothing_to_blame(visit: Visit, film: Path, screen: dict[str, Any]) -> None:
    from test_page_access import faults

    person = visit(screen)
    page = person.page
    drop(person, film)
    assert faults(person) == []
    if screen.get("locale") == "de-DE":
        page.locator("#film-start", has_text="Film färben").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    stage = page.locator("#stage").bounding_box()
    assert stage is not None
    assert stage["height"] > 200  # there is room to see the frame
    assert page.locator("#film-start").bounding_box() is not None
    page.locator("#film-start").click()
    page.locator("#film-stop").wait_for()
    assert faults(person) == []
    page.locator("#film-download:visible").wait_for()
    assert faults(person) == []
    if "has_touch" in screen:
        page.locator("#sheet-toggle").tap()
    leave(person)


def test_by_keyboard_alone(visit: Visit, film: Path) -> None:
    person = visit()
    page = person.page
    drop(person, film)
    page.locator("#film-shots button").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("#film-shots [data-shot='1'][aria-current=true]").wait_for()
    person.painted()
    assert page.evaluate("document.activeElement.dataset.shot") == "1"
    leave(person)


def test_both_languages_say_the_same_things() -> None:
    folder = Path(sys.modules["photochrom"].__file__ or "").parent / "web" / "static" / "app" / "lang"
    keys = [
        set(re.findall(r'"?(film(?:[.][\w.-]+)?)"?: ["{]', (folder / f"{code}.js").read_text("utf-8")))
        for code in ("en", "de")
    ]
    assert keys[0] == keys[1]
    assert len(keys[0]) > 40
