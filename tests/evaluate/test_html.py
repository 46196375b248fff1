"""The page of an evaluation, as a file and in a real browser: it sorts, compares pictures and asks nothing of anyone.

Chromium comes from Debian (``scripts/chromium``); without it the tests in a browser are skipped, but never in CI.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from helpers import data, needs_browser, save
from photochrom.evaluate.evaluation import Evaluation, Options, evaluate
from photochrom.evaluate.html import write_html
from photochrom.evaluate.html.gallery import gallery
from photochrom.evaluate.html.text import best_rows, interval, number
from photochrom.evaluate.methods import parse_methods
from photochrom.evaluate.render import Shown

DESK: dict[str, Any] = {"viewport": {"width": 1200, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 760}, "has_touch": True, "is_mobile": True}
#: A name that would break a page that does not escape it.
NASTY = "</script><b>'q\"&"


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """Two sets, and two methods of which one is nearly right and the other nearly grey; one picture is grey in truth."""
    folder = tmp_path_factory.mktemp("html")
    for name, picture in (("people", data.astronaut()), ("things", data.coffee())):
        for index in range(4):
            truth = np.ascontiguousarray(picture[64 * index : 64 * index + 64, 100:164])
            grey = np.repeat(truth[..., 1:2], 3, axis=2)
            mixed = {"good": 0.9, "dull": 0.2 + 0.1 * index}
            save(grey if index == 3 else truth, folder / name / f"{index}.png")
            for method, share in mixed.items():
                save(
                    np.round(share * truth + (1 - share) * grey).astype(np.uint8),
                    folder / method / name / f"{index}.png",
                )
    methods = parse_methods([f"good={folder / 'good'}", f"dull={folder / 'dull'}"])
    made = evaluate([folder / "people", folder / "things"], methods, Options("native", resamples=100))
    made.report["about"] |= {
        "photochrom": "0.1.0",
        "commit": "0123456789abcdef",
        "command": "photochrom evaluate <here>",
    }
    for shown in made.pictures.values():
        for name, one in shown.items():
            shown[name] = dataclasses.replace(
                one, confidence={"good": np.linspace(0, 1, 64).reshape(8, 8).astype(np.float32)}
            )
    return made


@pytest.fixture(scope="module")
def page(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page") / "report.html"
    write_html(evaluation.report, evaluation.pictures, out)
    return out


class Reader(HTMLParser):
    """What stands in a page: its tags with their attributes, and whether they are well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "input", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def test_numbers_as_they_are_printed() -> None:
    assert [number(value, 2) for value in (1.234, -0.5, -0.001, None)] == ["1.23", "−0.50", "0.00", "–"]
    assert [number(value, 1, sign=True) for value in (1.0, -1.0, 0.001)] == ["+1.0", "−1.0", "±0.0"]
    assert interval(1.0, 2.0, 1) == "1.0 … 2.0"
    assert interval(None, None, 1) == ""


def test_the_best_go_by_the_metrics_direction() -> None:
    def row(name: str, kind: str, value: float) -> dict[str, Any]:
        return {"name": name, "kind": kind, "figures": {"m": {"value": value}}}

    one = {
        "methods": [row("truth", "truth", 5), row("grey", "baseline", 1), row("a", "model", 4), row("b", "folder", 9)]
    }
    assert best_rows(one, {"key": "m", "direction": "higher"}) == ("b", "b")
    assert best_rows(one, {"key": "m", "direction": "lower"}) == ("grey", "a")
    assert best_rows(one, {"key": "m", "direction": "truth"}) == ("a", "a")
    assert best_rows(one, {"key": "m", "direction": "none"}) == (None, None)


def test_it_is_one_well_formed_file_that_needs_nothing_else(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    tags = Reader(text).tags
    for tag, attributes in tags:
        for name in ("src", "href", "srcset", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, name, value)
        if tag == "img":
            assert attributes["alt"]
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|<script src", text)
    assert "default-src 'none'" in text


def test_the_head_tells_what_was_measured_and_how(page: Path, evaluation: Evaluation) -> None:
    text = page.read_text(encoding="utf-8")
    for words in ("native", "photochrom evaluate &lt;here&gt;", "0123456789", "1 near-grey", "Photochrom 0.1.0"):
        assert words in text
    assert all(rule.split(";")[0] in text for rule in evaluation.report["rules"] if "'" not in rule)


def test_every_figure_with_its_interval_is_in_the_table(page: Path, evaluation: Evaluation) -> None:
    text = page.read_text(encoding="utf-8")
    decimals = {metric["key"]: metric["decimals"] for metric in evaluation.report["metrics"]}
    for method in evaluation.report["sets"][0]["methods"]:
        for key, figure in method["figures"].items():
            value = number(figure["value"], decimals[key])
            ends = interval(figure["low"], figure["high"], decimals[key])
            assert f'{value}</span><span class="ends">{ends}</span>' in text


def test_without_pictures_there_are_their_figures(evaluation: Evaluation, tmp_path: Path) -> None:
    write_html(evaluation.report, {}, tmp_path / "plain.html")
    text = (tmp_path / "plain.html").read_text(encoding="utf-8")
    assert "image/jpeg" not in text
    assert "The pictures by name, with their CIEDE2000" in text
    assert 'class="gallery"' not in text


def test_names_are_escaped(evaluation: Evaluation, tmp_path: Path) -> None:
    hostile = json.dumps(evaluation.report).replace('"good"', json.dumps(NASTY)).replace('"0.png"', json.dumps(NASTY))
    pictures = {
        name: {
            (NASTY if picture == "0.png" else picture): dataclasses.replace(
                shown,
                results={NASTY if method == "good" else method: pixels for method, pixels in shown.results.items()},
                confidence={NASTY: shown.confidence["good"]},
            )
            for picture, shown in some.items()
        }
        for name, some in evaluation.pictures.items()
    }
    write_html(json.loads(hostile), pictures, tmp_path / "hostile.html")
    text = (tmp_path / "hostile.html").read_text(encoding="utf-8")
    Reader(text)
    assert "<b>" not in text
    found = re.search(r'id="data">(.*?)</script>', text, re.S)
    assert found
    assert json.loads(found[1])["sets"][0]["own"][0] == NASTY


def test_pictures_keep_to_their_budget(evaluation: Evaluation) -> None:
    one = evaluation.report["sets"][0]
    rng = np.random.default_rng(0)
    noisy = {
        name: Shown(*(rng.integers(0, 256, (600, 400, 3), np.uint8) for _ in range(2)), results={}, confidence={})
        for name in evaluation.pictures[one["name"]]
    }
    for budget, side in ((10_000_000, 512), (500_000, 256)):
        made = gallery(one, noisy, budget)
        assert sum(len(uri) for picture in made["pictures"] for uri in picture["images"].values()) <= budget
        assert made["left_out"] == 0
        assert made["side"] <= side
    pixels = cv2.imdecode(
        np.frombuffer(base64.b64decode(made["pictures"][0]["images"]["truth"].split(",")[1]), np.uint8), 1
    )
    assert max(pixels.shape) == made["side"]
    assert made["pictures"][0]["size"] == [400, 600]
    few = gallery(one, noisy, 20_000)
    assert few["left_out"] == len(noisy) - len(few["pictures"]) > 0


class Visit:
    """The page in a window; remembers what it asked for and complained of."""

    def __init__(self, browser: Any, page: Path, **screen: Any) -> None:
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.context = browser.new_context(**screen)
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url.split(":")[0]))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.goto(page.as_uri())

    def column(self, title: str) -> list[str]:
        """The names of the rows of the first table once it is sorted by a heading."""
        self.page.locator("#figures-0 thead button", has_text=title).first.press("Enter")
        rows = self.page.locator("#figures-0 tbody th").all()
        return [row.get_attribute("data-value") for row in rows]

    def leave(self) -> None:
        assert self.faults == []
        assert set(self.asked) <= {"file", "data"}
        assert self.asked.count("file") == 1
        self.context.close()


@needs_browser
def test_a_table_sorts_by_keyboard_and_click(browser: Any, page: Path, evaluation: Evaluation) -> None:
    visit = Visit(browser, page, **DESK)
    methods = {method["name"]: method["figures"] for method in evaluation.report["sets"][0]["methods"]}
    psnr = sorted((name for name in methods if name != "truth"), key=lambda name: -methods[name]["psnr"]["value"])
    assert visit.column("PSNR") == ["truth", *psnr]  # best first, the truth on top
    assert visit.column("PSNR") == ["truth", *psnr[::-1]]
    head = visit.page.locator("#figures-0 thead th[aria-sort]")
    assert head.count() == 1
    assert head.get_attribute("aria-sort") == "ascending"
    errors = sorted(psnr, key=lambda name: methods[name]["ciede2000"]["value"])
    visit.page.locator("#figures-0 thead button", has_text="CIEDE2000").first.click()
    assert [row.get_attribute("data-value") for row in visit.page.locator("#figures-0 tbody th").all()] == [
        "truth",
        *errors,
    ]
    # the figures beside the headline ones can be shown
    hidden = visit.page.locator("#figures-0 thead th.extra").first
    assert not hidden.is_visible()
    visit.page.locator(".all-figures").first.check()
    assert hidden.is_visible()
    visit.leave()


@needs_browser
def test_sets_are_shown_one_at_a_time(browser: Any, page: Path) -> None:
    visit = Visit(browser, page, **DESK)
    assert [visit.page.locator(f"#set-{number}").is_visible() for number in (0, 1)] == [True, False]
    visit.page.get_by_role("button", name="things", exact=True).click()
    assert [visit.page.locator(f"#set-{number}").is_visible() for number in (0, 1)] == [False, True]
    visit.leave()


@needs_browser
def test_pictures_are_compared_with_borders_that_move(browser: Any, page: Path) -> None:
    visit = Visit(browser, page, **DESK)
    viewer = visit.page.locator("#set-0 .viewer")
    assert viewer.locator(".stage .tag").all_inner_texts() == ["truth", "good", "dull"]
    handles = viewer.get_by_role("slider")
    second = handles.nth(1)
    assert second.get_attribute("aria-label") == "Border between good and dull"
    assert second.get_attribute("aria-valuenow") == "67"
    second.press("ArrowRight")
    assert second.get_attribute("aria-valuenow") == "69"
    second.press("Home")  # not beyond its neighbour
    assert second.get_attribute("aria-valuenow") == handles.nth(0).get_attribute("aria-valuenow") == "33"
    second.press("End")
    stage = viewer.locator(".stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    visit.page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + box["height"] / 2)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2, steps=4)
    visit.page.mouse.up()
    assert handles.nth(0).get_attribute("aria-valuenow") == "20"
    middle = viewer.locator(".stage img").nth(1)
    assert "inset(0px 0% 0px 20%)" in middle.evaluate("image => image.style.clipPath")
    assert middle.evaluate("image => image.naturalWidth") == 64

    viewer.get_by_label("Middle").select_option("")
    assert handles.count() == 1
    assert handles.get_attribute("aria-label") == "Border between truth and dull"
    viewer.get_by_label("Left").select_option("confidence: good")
    assert viewer.locator(".stage img").first.evaluate("image => image.naturalWidth") == 8
    visit.leave()


@needs_browser
def test_the_gallery_goes_by_the_metric_of_choice(browser: Any, page: Path, evaluation: Evaluation) -> None:
    visit = Visit(browser, page, **DESK)
    rows = {row["picture"]: row["figures"]["dull"] for row in evaluation.report["sets"][0]["shown"]}
    part = visit.page.locator("#set-0 .pictures")
    part.get_by_label("Colours of").select_option("dull")
    for metric, sign in (("ciede2000", -1), ("psnr", 1)):
        part.get_by_label("Ordered by").select_option(metric)
        worst = sorted(rows, key=lambda name, metric=metric, sign=sign: sign * rows[name][metric])
        alts = "images => images.map(image => image.alt)"
        assert part.locator(".thumbs img").evaluate_all(alts) == worst
        part.get_by_label("Order", exact=True).select_option("best")
        assert part.locator(".thumbs img").evaluate_all(alts) == worst[::-1]
        part.get_by_label("Order", exact=True).select_option("worst")
    part.locator(".thumbs button").last.click()
    assert part.locator(".viewer .title strong").inner_text() == worst[-1]
    assert part.locator(".thumbs button[aria-pressed=true] img").get_attribute("alt") == worst[-1]
    shown = part.locator(".strip figure", has_text="dull").first.inner_text()
    assert number(rows[worst[-1]]["psnr"], 2) in shown
    visit.leave()


@needs_browser
@pytest.mark.parametrize("screen", [PHONE, {**DESK, "color_scheme": "dark"}], ids=["phone", "dark"])
def test_it_fits_the_screen_and_can_be_heard(browser: Any, page: Path, screen: dict[str, Any]) -> None:
    visit = Visit(browser, page, **screen)
    assert visit.page.evaluate("document.documentElement.scrollWidth") == screen["viewport"]["width"]
    nameless = """elements => elements.filter(one => !(one.innerText || one.ariaLabel || one.labels?.length || one.alt
        || one.closest('figure')?.innerText)).map(one => one.outerHTML.slice(0, 200))"""
    controls = "button, select, input, [role=slider], [role=region], [role=img], .thumbs img, .strip img"
    assert visit.page.locator(controls).evaluate_all(nameless) == []
    levels = visit.page.locator("h1, h2, h3").evaluate_all("heads => heads.map(head => Number(head.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ratio = """element => {
        const light = text => {
            const [red, green, blue] = text.match(/[\\d.]+/g).map(value => (value / 255) ** 2.2);
            return .2126 * red + .7152 * green + .0722 * blue;
        };
        const own = light(getComputedStyle(element).color);
        let behind = element;
        while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
        const back = light(getComputedStyle(behind).backgroundColor);
        return (Math.max(own, back) + .05) / (Math.min(own, back) + .05);
    }"""
    for words in (".kicker", ".note", "td .ends", ".better .value", ".worse .value", "summary", ".rules"):
        for one in visit.page.locator(words).all()[:3]:
            assert one.evaluate(ratio) >= 4.5, words
    visit.leave()
