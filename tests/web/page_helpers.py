"""What the tests of the page share: a server in a process of its own, and a person in a browser window."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.color import rgb_to_lab
from server_process import ServerProcess, running

#: What every browser is told: an English one, that holds still.
PLAIN: dict[str, Any] = {"locale": "en-GB", "reduced_motion": "reduce", "accept_downloads": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def serving(folder: Path, *options: str) -> AbstractContextManager[ServerProcess]:
    """``photochrom serve`` in a process of its own, started."""
    films = () if "--films" in options else ("--films", str(folder / "films"))
    return running(ServerProcess(("serve", "--threads", "1", *options, *films), folder / "log.txt"))


@dataclass
class Person:
    """Somebody at the page; remembers what the page asked for, and what went wrong in it."""

    browser: Any
    address: str
    screen: dict[str, Any] = field(default_factory=lambda: DESK)
    context: Any = None

    def __post_init__(self) -> None:
        if self.context is None:
            self.context = self.browser.new_context(**{**PLAIN, **self.screen})
        self.context.set_default_timeout(
            120_000
        )  # for a machine that has much else to do; nothing waits that long for nothing
        self.page = self.context.new_page()
        self.asked: list[Any] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)
        # From now on choosers of files are caught; asked for only when one is expected, that may come too late.
        self.page.on("filechooser", lambda chooser: None)
        self.visit()

    def window(self) -> Person:
        """Another window of the same browser; it is closed with this one."""
        return Person(self.browser, self.address, self.screen, self.context)

    def _heard(self, message: Any) -> None:
        # That a request failed is told to the user, too; anything else on the console is a fault of the page.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def visit(self) -> None:
        """Open the page, or open it anew."""
        self.page.goto(self.address)
        self.page.locator("body[data-ready=true]").wait_for()

    def open(self, *paths: Path) -> None:
        """Choose photographs, and wait for the first to be coloured."""
        self.page.set_input_files("#photo-file", list(paths))
        self.page.locator("#photo-name").get_by_text(paths[0].name, exact=True).wait_for()
        self.painted("ready")

    def painted(self, stage: str = "ready") -> None:
        """Wait until what is on the screen is what was asked for."""
        self.page.locator(f"body[data-stage={stage}] #stage[data-busy=false]").wait_for()

    def hide_before(self) -> None:
        """The whole picture in colour."""
        self.page.locator("#split-knob").press("Home")

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A pixel of the picture -> its place in the window."""
        box = self.page.locator("#stage").bounding_box()
        left, top, scale = (float(number) for number in self.page.locator("#stage").get_attribute("data-view").split())
        return box["x"] + left + (x + 0.5) * scale, box["y"] + top + (y + 0.5) * scale

    def click(self, x: float, y: float) -> None:
        """Click a pixel of the picture, and wait for the colours that are offered."""
        (self.page.touchscreen.tap if "has_touch" in self.screen else self.page.mouse.click)(*self.place(x, y))
        self.page.locator("#picker-list .choice").first.wait_for()

    def drag(self, *places: tuple[float, float]) -> None:
        """Drag over pixels of the picture."""
        self.page.mouse.move(*self.place(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.place(*place), steps=4)
        self.page.mouse.up()

    def name_colour(self, text: str) -> None:
        """Give a colour by its name, in the window that asks for one, and close that."""
        self.page.locator("#picker-text").fill(text)
        self.page.locator("#picker-text").press("Enter")
        self.page.locator("#live", has_text=f"{text} set.").wait_for()
        self.painted()
        self.page.keyboard.press("Escape")

    def lab(self, x: float, y: float) -> NDArray[Any]:
        """L*, a*, b* on the screen around a pixel of the picture, markers left out: the median of 5 x 5 screen pixels."""
        # What was asked for is drawn with the next frame, and a changed layout with the one after that; then everything
        # is read in one go, for the layout may change between two questions.
        pixels = self.page.locator("#canvas").evaluate(
            """async (canvas, place) => {
                for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
                const [left, top, scale] = document.querySelector("#stage").dataset.view.split(" ").map(Number);
                const [x, y] = [left + (place[0] + 0.5) * scale, top + (place[1] + 0.5) * scale].map(Math.round);
                return [...canvas.getContext("2d").getImageData(x - 2, y - 2, 5, 5).data];
            }""",
            [x, y],
        )
        rgb = np.median(np.reshape(pixels, (25, 4))[:, :3], axis=0)
        return rgb_to_lab(rgb[None] / 255)[0]

    def download(self, button: str) -> list[Any]:
        """Use a button of the Save menu; the files that come."""
        files: list[Any] = []
        self.page.on("download", lambda file: files.append(file))
        self.page.locator("#save").click()
        self.page.locator(button).click()
        self.page.locator("#toast", has_text="Saved.").wait_for()
        return files

    def check(self) -> None:
        """Nothing went wrong, and nobody but the server was asked."""
        assert self.faults == []
        urls = [request.url for request in self.asked]
        assert all(url.startswith((self.address, f"blob:{self.address}")) for url in urls), urls
        self.context.close()
