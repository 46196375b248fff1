"""From the click to the pixels, in a browser: how long a user waits for the picture with the colour that was just chosen.

    python benchmarks/page.py --megapixels 1 12 --clicks 24

A server in a process of its own, Debian's chromium without a window, a photograph of skimage (the astronaut, in grey, enlarged).
Places all over the picture are clicked one after the other, and for each one of the colours that are offered is chosen. Timed in
the browser, with its own clock: from the click on the colour to the frame in which the repainted preview (1280 pixels at most)
was drawn, and from the click on the picture to the list of colours. Every hint stays, so that the last click repaints with all.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from typing import Any

import cv2
import numpy as np
import pyvips
import skimage.data
from playwright.sync_api import Page, sync_playwright

#: Notes, by the browser's clock, when a colour was chosen and when the picture that follows from it was drawn.
WATCH = """() => {
    window.times = {offered: [], painted: []};
    let asked = 0, chosen = 0;
    const stage = document.querySelector('#stage');
    stage.addEventListener('pointerup', event => asked = event.timeStamp, true);
    new MutationObserver(() => {
        if (asked && document.querySelector('#picker-list .choice')) {
            times.offered.push(performance.now() - asked);
            asked = 0;
        }
    }).observe(document.querySelector('#picker-list'), {childList: true});
    document.querySelector('#picker-list').addEventListener('click', event => chosen = event.timeStamp, true);
    stage.addEventListener('painted', () => {
        if (chosen) times.painted.push(performance.now() - chosen);
        chosen = 0;
    });
}"""


def photograph(megapixels: float) -> bytes:
    """A grey JPEG of about this size."""
    grey = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)
    side = round((megapixels * 1e6) ** 0.5)
    large = cv2.resize(grey, (side, side), interpolation=cv2.INTER_CUBIC)
    data: bytes = pyvips.Image.new_from_array(np.ascontiguousarray(large)).write_to_buffer(".jpg", Q=90)
    return data


def measure(page: Page, address: str, megapixels: float, clicks: int) -> dict[str, Any]:
    """Open a photograph, click, and return the times in seconds."""
    page.goto(address)
    page.locator("body[data-ready=true]").wait_for()
    page.set_input_files(
        "#photo-file", {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photograph(megapixels)}
    )
    settled = page.locator("body[data-stage=ready] #stage[data-busy=false]")
    settled.wait_for()
    page.evaluate(WATCH)
    box = page.locator("#stage").bounding_box()
    left, top, scale = (float(number) for number in str(page.locator("#stage").get_attribute("data-view")).split())
    assert box is not None
    side = round((megapixels * 1e6) ** 0.5) * scale
    rng = np.random.default_rng(0)
    for number in range(clicks):
        # not where an earlier click has left its marker
        across, down = (number * 0.618034 + 0.11) % 0.9 + 0.05, (number + 0.5) / clicks * 0.9 + 0.05
        page.mouse.click(box["x"] + left + across * side, box["y"] + top + down * side)
        choices = page.locator("#picker-list .choice")
        choices.first.wait_for()
        choices.nth(int(rng.integers(choices.count()))).click()
        settled.wait_for()
        page.keyboard.press("Escape")
    times = page.evaluate("window.times")
    page.evaluate("document.querySelector('#remove-photo').click()")
    return {"megapixels": megapixels, "hints": page.locator("#placed li").count(), **times}


def main() -> None:
    """Measure, and print one line for each size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 12])
    parser.add_argument("--clicks", type=int, default=24)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    with tempfile.TemporaryFile("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "photochrom", "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[-1]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=arguments.chromium, args=["--no-sandbox"])
                for megapixels in arguments.megapixels:
                    page = browser.new_page(viewport={"width": 1360, "height": 850})
                    found = measure(page, address, megapixels, arguments.clicks)
                    row: dict[str, Any] = {
                        "megapixels": megapixels,
                        "clicks": len(found["painted"]),
                        "cpus": os.cpu_count(),
                    }
                    for name in ("offered", "painted"):
                        seconds = sorted(value / 1000 for value in found[name])
                        row[f"{name}_median_s"] = round(statistics.median(seconds), 3)
                        row[f"{name}_p95_s"] = round(seconds[int(0.95 * (len(seconds) - 1))], 3)
                        row[f"{name}_max_s"] = round(seconds[-1], 3)
                    print(json.dumps(row), flush=True)
                    page.close()
                browser.close()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
