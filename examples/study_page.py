"""The picture of a study's page in docs/study.md: two vividnesses of the default model on scikit-image's photographs.

    python examples/study_page.py docs/pictures/study.jpg

Needs the extras web, eval and dev, and Debian's chromium (scripts/chromium).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pyvips
import skimage.data
from playwright.sync_api import sync_playwright

from photochrom import Colorizer
from photochrom.evaluate.study.create import create_study

PHOTOGRAPHS = ("coffee", "astronaut", "chelsea")
VIVIDNESS = {"calm": 0.3, "vivid": 1.0}


def make_study(folder: Path) -> Path:
    colorizer = Colorizer(threads=1)
    for name in PHOTOGRAPHS:
        grey = pyvips.Image.new_from_array(getattr(skimage.data, name)()).colourspace("b-w").numpy()
        opened = colorizer.open(grey)
        for method, vividness in VIVIDNESS.items():
            (folder / method).mkdir(exist_ok=True)
            opened.paint(vividness=vividness).save(folder / method / f"{name}.png")
    methods = {method: folder / method for method in VIVIDNESS}
    study = create_study(folder / "study", "preference", methods, practice=0, trials=len(PHOTOGRAPHS), checks=0)
    return study.folder


def photograph_page(address: str, picture: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 640, "height": 420})
        page.goto(address)
        page.click("#agree")
        page.click("#go")
        page.wait_for_selector("#left:enabled")
        page.mouse.move(0, 0)
        page.screenshot(path=picture, type="jpeg", quality=88)
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        study = make_study(Path(folder))
        command = [sys.executable, "-m", "photochrom", "study", "run", str(study), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                photograph_page(server.stdout.readline().split()[-1], Path(sys.argv[1]))
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
