"""The page of `photochrom serve` as it looks on a desk and on a phone, with pictures of skimage, for docs/web.md.

    python examples/web_page.py -o docs/pictures

Starts a server, does in Debian's chromium what a user would do, and writes web-click.jpg, web-region.jpg, web-suggest.jpg,
web-history.jpg, web-film.jpg and web-phone.jpg.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pyvips
import skimage.data
from playwright.sync_api import Page, sync_playwright

SETTLED = "body[data-stage=ready] #stage[data-busy=false]"


def photograph(colour: Any) -> bytes:
    """A grey JPEG of a colour picture, 1000 pixels long."""
    grey = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)
    scale = 1000 / max(grey.shape)
    large = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    data: bytes = pyvips.Image.new_from_array(np.ascontiguousarray(large)).write_to_buffer(".jpg", Q=92)
    return data


def give(page: Page, **pictures: Any) -> None:
    """Hand photographs to the page, and wait until they are coloured."""
    files: Any = [
        {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": photograph(one)} for name, one in pictures.items()
    ]
    page.set_input_files("#photo-file", files)
    page.locator(SETTLED).wait_for()
    page.locator("#queue-progress").wait_for(state="hidden")


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Shares of the picture's sides -> a place in the window."""
    box = page.locator("#frame").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def name(page: Page, colour: str) -> None:
    """Answer with the name of a colour."""
    page.locator("#picker-list .choice").first.wait_for()
    page.locator("#picker-text").fill(colour)
    page.locator("#picker-text").press("Enter")
    page.locator("#live", has_text=f"{colour} set.").wait_for()
    page.locator(SETTLED).wait_for()


def shoot(page: Page, path: Path) -> None:
    """A picture of the page."""
    pyvips.Image.new_from_buffer(page.screenshot(), "").write_to_file(str(path), Q=88)


def clicked(page: Page, folder: Path) -> None:
    """A place is clicked and a colour chosen."""
    give(page, astronaut=skimage.data.astronaut())
    page.mouse.click(*place(page, 0.2, 0.72))
    name(page, "rust")
    shoot(page, folder / "web-click.jpg")


def region(page: Page, folder: Path) -> None:
    """An object in a box, several photographs, a palette."""
    give(page, coffee=skimage.data.coffee(), astronaut=skimage.data.astronaut(), rocket=skimage.data.rocket())
    page.locator("#split-knob").press("Home")
    page.locator("#palette-section summary").click()
    page.locator("#palette-list img[src]").nth(13).wait_for()
    page.locator("[data-tool-button=box]").click()
    page.mouse.move(*place(page, 0.06, 0.06))
    page.mouse.down()
    page.mouse.move(*place(page, 0.86, 0.985), steps=5)
    page.mouse.up()
    page.locator("#picker-list .choice").first.wait_for()
    shoot(page, folder / "web-region.jpg")


def suggested(page: Page, folder: Path) -> None:
    """Where to click next, the doubts, and four ways."""
    give(page, astronaut=skimage.data.astronaut())
    page.locator("#compare").click()
    page.locator("#suggest").click()
    page.locator("#confidence").click()
    page.locator("#pins .suggested").first.wait_for()
    page.locator("#legend").wait_for()
    page.locator("summary", has_text="Alternatives").click()
    page.locator("#alternatives-show").click()
    page.locator("#alternative-list .skeleton").first.wait_for(state="detached")
    for image in page.locator("#alternative-list img").all():
        image.and_(page.locator("[src]")).wait_for()
    page.locator(SETTLED).wait_for()
    shoot(page, folder / "web-suggest.jpg")


def history(page: Page, folder: Path) -> None:
    """Steps, one of them switched off; in German."""
    give(page, astronaut=skimage.data.astronaut())
    page.locator("#split-knob").press("Home")
    for where, words in (((0.2, 0.72), "rust"), ((0.15, 0.35), "navy")):
        page.mouse.click(*place(page, *where))
        page.locator("#picker-list .choice").first.wait_for()
        page.locator("#picker-text").fill(words)
        page.locator("#picker-text").press("Enter")
        page.locator("#pins .spot.selected").wait_for()
        page.locator(SETTLED).wait_for()
        page.keyboard.press("Escape")
    page.locator("#warmth").fill("0.4")
    page.locator(SETTLED).wait_for()
    page.locator("#history-section summary").click()
    page.locator("#history-list img").nth(2).wait_for()
    page.locator("#history-list input").nth(1).uncheck()
    page.locator(SETTLED).wait_for()
    shoot(page, folder / "web-history.jpg")


def film(folder: Path) -> Path:
    """Three pans over pictures of skimage, in grey."""
    path = folder / "reel.mp4"
    with av.open(str(path), "w") as made:
        stream: Any = made.add_stream("libx264", rate=24, options={"crf": "14"})
        stream.width, stream.height, stream.pix_fmt = 640, 400, "yuv420p"
        for colour in (skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea()):
            large = cv2.resize(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), (760, 760 * len(colour) // colour.shape[1]))
            top = (len(large) - 400) // 3
            for step in range(30):
                grey = np.ascontiguousarray(large[top : top + 400, 2 * step : 2 * step + 640])
                made.mux(stream.encode(av.VideoFrame.from_ndarray(np.repeat(grey[..., None], 3, 2), "rgb24")))
        made.mux(stream.encode(None))
    return path


def filmed(page: Page, folder: Path, reel: Path) -> None:
    """A film: its shots, and colours placed in two of them."""
    page.set_input_files("#photo-file", reel)
    page.locator("#film-shots img").nth(2).wait_for()
    page.locator(SETTLED).wait_for()
    page.mouse.click(*place(page, 0.42, 0.86))
    name(page, "rust")
    page.locator("#film-shots button").nth(1).click()
    page.locator(SETTLED).wait_for()
    page.mouse.click(*place(page, 0.3, 0.6))
    name(page, "teal")
    shoot(page, folder / "web-film.jpg")


def phone(page: Page) -> list[Any]:
    """Three moments on a phone."""
    moments = [page.screenshot()]
    give(page, astronaut=skimage.data.astronaut())
    page.locator("#split-knob").press("Home")
    page.touchscreen.tap(*place(page, 0.2, 0.72))
    name(page, "rust")
    moments.append(page.screenshot())
    page.locator("#picker-close").tap()
    page.locator("#sheet-toggle").tap()
    page.locator("#panel").wait_for()
    page.locator(SETTLED).wait_for()
    moments.append(page.screenshot())
    return moments


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    films = tempfile.TemporaryDirectory()
    command = [sys.executable, "-m", "photochrom", "serve", "--port", "0", "--films", films.name]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert isinstance(server.stdout, io.TextIOBase)
    address = server.stdout.readline().split()[-1]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=["--no-sandbox"])

        def window(**screen: Any) -> Page:
            page = browser.new_context(reduced_motion="reduce", **screen).new_page()
            page.set_default_timeout(120_000)
            page.goto(address)
            page.locator("body[data-ready=true]").wait_for()
            return page

        desk: Any = {"width": 1280, "height": 800}
        clicked(window(viewport=desk, color_scheme="light"), arguments.out)
        region(window(viewport=desk, color_scheme="dark"), arguments.out)
        suggested(window(viewport=desk, color_scheme="light"), arguments.out)
        history(window(viewport=desk, color_scheme="dark", locale="de-DE"), arguments.out)
        shots = [
            pyvips.Image.new_from_buffer(shot, "")
            for scheme in ("light", "dark")
            for shot in phone(
                window(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, color_scheme=scheme)
            )
        ]
        sheet = pyvips.Image.arrayjoin([*shots[:3], *shots[4:]], across=5, shim=12, background=[140, 140, 140])
        sheet.write_to_file(str(arguments.out / "web-phone.jpg"), Q=88)
        filmed(
            window(viewport=desk, color_scheme="dark"), arguments.out, film(Path(films.name))
        )  # last: the server keeps the film
        browser.close()
    server.terminate()
    server.wait()
    films.cleanup()


if __name__ == "__main__":
    main()
