"""Whole studies in a real browser: two participants each, one with a keyboard and one with a phone, a reload, a server killed.

Chromium comes from Debian (``scripts/chromium``); without it these tests are skipped, but never in CI.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from study_helpers import serving

from helpers import needs_browser
from photochrom.evaluate.study.plan import Study
from photochrom.evaluate.study.votes import Store
from server_process import ServerProcess

pytestmark = needs_browser
DESK: dict[str, Any] = {"viewport": {"width": 1000, "height": 700}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 760}, "has_touch": True, "is_mobile": True}


class Person:
    """A participant in a browser window of their own; remembers what they chose and what the page asked for."""

    def __init__(self, browser: Any, port: int, screen: dict[str, Any]) -> None:
        self.context = browser.new_context(**screen)
        self.page = self.context.new_page()
        self.phone = "has_touch" in screen
        self.chosen: list[str] = []
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.goto(f"http://127.0.0.1:{port}/")

    def press(self, id_: str) -> None:
        button = self.page.locator(f"#{id_}")
        button.tap() if self.phone else button.press("Enter")

    def ready(self) -> None:
        """Wait until an answer is awaited; a break between practice and test is ended."""
        self.page.wait_for_selector("#left:enabled, #go:visible")
        if self.page.locator("#go").is_visible():
            self.press("go")
            self.page.wait_for_selector("#left:enabled")

    def choose(self, side: str) -> None:
        """Answer the pair in turn, and see the page go on."""
        self.ready()
        before = self.page.locator("#progress").inner_text()
        if self.phone:
            self.page.locator(f"#{side}").tap()
        else:
            self.page.keyboard.press("ArrowLeft" if side == "left" else "2")
        self.chosen.append(side)
        self.page.wait_for_function(
            "before => document.querySelector('#trial').hidden || document.querySelector('#progress').innerText !== before",
            arg=before,
        )

    def check_layout(self) -> None:
        """Both pictures are 256 px, and they and the question fit the window."""
        script = "images => images.map(i => [i.naturalWidth, i.naturalHeight, i.offsetWidth, i.offsetHeight])"
        assert self.page.locator("#pair img").evaluate_all(script) == [[256] * 4] * 2
        screen = self.page.viewport_size
        assert self.page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
        boxes = [self.page.locator(f"#{id_}").bounding_box() for id_ in ("question", "left", "right")]
        assert all(box["y"] >= 0 and box["y"] + box["height"] <= screen["height"] for box in boxes)


def take_part(browser: Any, server: ServerProcess, study: Study) -> list[Person]:
    """Two whole participations. The first is reloaded in the middle; then the server is killed while a vote is on its way."""
    people = [Person(browser, server.port, screen) for screen in (DESK, PHONE)]
    for person in people:
        assert study.consent.splitlines()[0] in person.page.locator("#consent-text").inner_text()
        person.press("agree")
        person.ready()
        if study.kind == "preference":
            person.check_layout()
    total = len(study.practice) + len(study.checks) + study.trials
    for step in range(total):
        for person, choices in zip(people, ("left right right", "right left left"), strict=True):
            if step == 3 and person is people[0]:
                person.page.reload()
            if step == 5 and person is people[0]:
                person.ready()
                server.kill()
                person.page.keyboard.press("ArrowRight")
                person.page.wait_for_selector("#status:has-text('does not answer')")
                server.start()
                person.chosen.append("right")
                person.page.wait_for_selector("#status:text-is('')", state="attached")
                continue
            person.choose(choices.split()[step % 3])
    for person in people:
        person.page.wait_for_selector("#done:visible")
        person.page.reload()  # who comes back finds it done
        person.page.wait_for_selector("#done:visible")
        assert person.faults == []
    return people


@pytest.mark.parametrize("kind", ["preference", "turing"])
def test_a_whole_study(browser: Any, kind: str, request: pytest.FixtureRequest) -> None:
    study: Study = request.getfixturevalue(kind)
    with serving(study.folder) as server:
        people = take_part(browser, server, study)
    store = Store(study)
    kept = {number: id_ for id_, number, _ in store.participants()}
    votes = store.votes()
    store.close()
    assert len(kept) == 2
    for number, person in enumerate(people):
        mine = [vote for vote in votes if vote.participant == kept[number]]
        assert [vote.choice for vote in mine] == person.chosen
        assert all(vote.milliseconds > 0 for vote in mine)
        # nothing is asked of anyone else, and no address tells which picture is which
        own = f"http://127.0.0.1:{server.port}/"
        assert {url[: len(own)] for url in person.asked} == {own}
        paths = {re.sub(r"\d+", "N", url[len(own) :]) for url in person.asked}
        assert paths <= {
            *("", "static/study.js", "static/study.css", "static/icon.svg", "favicon.ico"),
            *("api/state", "api/start", "api/vote", "api/picture/N/left", "api/picture/N/right"),
        }
        cookies = person.context.cookies()
        assert [(cookie["name"], cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [
            ("participant", True, "Strict")
        ]
    assert "127.0.0.1" not in server.log.read_text()


def test_a_turing_test_shows_one_picture_at_a_time_and_then_none(browser: Any, turing: Study) -> None:
    watch = """() => {
        window.seen = [];
        new MutationObserver(() => {
            const sides = ['left', 'right'].filter(side => document.querySelector(`#${side} img`));
            if (JSON.stringify(sides) !== JSON.stringify(window.seen.at(-1) ?? null)) window.seen.push(sides);
        }).observe(document.querySelector('#pair'), {childList: true, subtree: true});
    }"""
    with serving(turing.folder) as server:
        person = Person(browser, server.port, DESK)
        person.page.evaluate(watch)
        person.press("agree")
        person.ready()
        store = Store(turing)
        (id_, _, _), *_ = store.participants()
        progress = store.progress(id_)
        store.close()
        assert progress is not None
        first = progress.trials[0].first
        other = "right" if first == "left" else "left"
        assert [sides for sides in person.page.evaluate("window.seen") if sides] == [[first], [other]]
        assert person.page.locator("#pair img").count() == 0
        person.page.keyboard.press("1" if progress.trials[0].answer("turing") == "left" else "2")
        person.page.wait_for_selector("#status:text-is('Right.')")
