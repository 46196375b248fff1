"""Make the pictures of docs/web.md, by playing the page in a real browser.

    . scripts/environment web,dev; scripts/chromium; python scripts/page_pictures.py docs/pictures

The photographs are scikit-image's (public domain).
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import sync_playwright

sys.path[:0] = [
    str(Path(__file__).resolve().parents[1] / "tests"),
    str(Path(__file__).resolve().parents[1] / "tests/web"),
]
from page_helpers import DESK, PHONE, Person, serving  # noqa: E402

Visit = Callable[[dict[str, Any]], Person]
LIGHT, DARK = {"color_scheme": "light"}, {"color_scheme": "dark"}
SUIT, SLEEVE, BACKGROUND = (420, 640), (200, 645), (560, 180)


def photographs(folder: Path) -> dict[str, Path]:
    data: Any = skimage.data
    made = {}
    for name in ("astronaut", "coffee", "rocket"):
        grey = cv2.cvtColor(getattr(data, name)(), cv2.COLOR_RGB2GRAY)
        made[name] = folder / f"{name}.jpg"
        width = 1000
        cv2.imwrite(
            str(made[name]),
            cv2.resize(grey, (width, round(width * grey.shape[0] / grey.shape[1])), interpolation=cv2.INTER_CUBIC),
        )
    return made


def shot(person: Person) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(person.page.screenshot())).convert("RGB"))


def open_section(person: Person, inside: str) -> None:
    person.page.locator(f"details:has({inside})").evaluate("one => one.open = true")


def click(visit: Visit, photos: dict[str, Path]) -> NDArray[np.uint8]:
    person = visit(DESK | LIGHT)
    person.open(photos["astronaut"])
    person.hide_before()
    rust(person, SLEEVE)
    return shot(person)


def rust(person: Person, place: tuple[int, int]) -> None:
    """The suit in rust; the choice of colours stays open."""
    person.click(*place)
    person.page.locator("#picker-text").fill("rust")
    person.page.locator("#picker-text").press("Enter")
    person.page.locator("#live", has_text="rust").wait_for()
    person.painted()


def region(visit: Visit, photos: dict[str, Path]) -> NDArray[np.uint8]:
    person = visit(DESK | DARK)
    person.open(photos["coffee"], photos["astronaut"], photos["rocket"])
    person.hide_before()
    open_section(person, "#palette-own")
    person.page.locator("[data-tool-button=box]").click()
    person.drag((60, 40), (800, 640))
    person.page.locator("#picker:visible").wait_for()
    person.page.wait_for_timeout(4000)  # the thumbnails of palettes and photographs
    return shot(person)


def suggest(visit: Visit, photos: dict[str, Path]) -> NDArray[np.uint8]:
    person = visit(DESK | LIGHT)
    person.open(photos["astronaut"])
    person.hide_before()
    open_section(person, "#alternatives-show")
    person.page.locator("#alternatives-show").click()
    person.page.locator("#alternative-list img[src]").nth(1).wait_for()
    person.page.locator("#suggest").click()
    person.page.locator("#confidence").click()
    person.page.wait_for_timeout(3000)
    return shot(person)


def history(visit: Visit, photos: dict[str, Path]) -> NDArray[np.uint8]:
    person = visit(DESK | DARK | {"locale": "de-DE"})
    person.open(photos["astronaut"])
    person.hide_before()
    for name, place in (("rust", SUIT), ("navy", BACKGROUND)):
        person.click(*place)
        person.page.locator("#picker-text").fill(name)
        person.page.locator("#picker-text").press("Enter")
        person.page.locator("#live", has_text=name).wait_for()
        person.painted()
        person.page.keyboard.press("Escape")
    person.page.locator("#warmth").fill("0.4")
    person.painted()
    open_section(person, "#history-list")
    person.page.locator("#history-list input").nth(1).uncheck()
    person.painted()
    person.page.locator("#history-list img").nth(2).wait_for()
    person.page.wait_for_timeout(2000)
    return shot(person)


def phone(visit: Visit, photos: dict[str, Path]) -> NDArray[np.uint8]:
    shots = []
    for scheme in (LIGHT, DARK):
        person = visit(PHONE | scheme)
        if scheme is LIGHT:
            shots.append(shot(person))
        person.open(photos["astronaut"])
        person.hide_before()
        rust(person, SUIT)
        shots.append(shot(person))
        person.page.locator("#picker-close").tap()
        person.page.locator("#sheet-toggle").tap()
        person.page.wait_for_timeout(1000)
        shots.append(shot(person))
    gap = np.full((shots[0].shape[0], 12, 3), 150, np.uint8)
    return np.hstack([part for one in shots for part in (one, gap)][:-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="+", default=["click", "region", "suggest", "history", "phone"])
    options = parser.parse_args()
    makers = {"click": click, "region": region, "suggest": suggest, "history": history, "phone": phone}
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as server, sync_playwright() as playwright:
        photos = photographs(Path(name))
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for one in options.only:
            picture = makers[one](partial(_visit, browser, server.address), photos)
            Image.fromarray(picture).save(options.out / f"web-{one}.jpg", quality=88)
            print(options.out / f"web-{one}.jpg", flush=True)


def _visit(browser: Any, address: str, screen: dict[str, Any]) -> Person:
    return Person(browser, address, screen)


if __name__ == "__main__":
    main()
