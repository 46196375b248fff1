"""What the tests of studies share: folders of results, a server of their own, and a participant without a browser."""

from __future__ import annotations

import http.cookiejar
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from helpers import data, save

#: How much of its colour each method leaves.
METHODS = {"truth": 1.0, "vivid": 0.8, "dull": 0.3, "grey": 0.0}


def make_results(
    folder: Path, count: int, methods: tuple[str, ...] = ("truth", "vivid", "dull"), side: int = 64
) -> None:
    """``count`` pieces of photographs as each method left them: ``folder/method/pieceNN.png``."""
    rng = np.random.default_rng(0)
    photos = [data.astronaut(), data.coffee(), data.chelsea()]
    for i in range(count):
        photo = photos[i % len(photos)]
        y, x = (int(rng.integers(length - side)) for length in photo.shape[:2])
        piece = photo[y : y + side, x : x + side].astype(float)
        grey = piece.mean(axis=2, keepdims=True)
        for method in methods:
            left = grey + METHODS[method] * (piece - grey)
            save(left.round().astype(np.uint8), folder / method / f"piece{i:02}.png")


@dataclass
class Server:
    """``photochrom study run`` in a process of its own."""

    folder: Path
    options: tuple[str, ...] = ()
    port: int = 0
    process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start, on the same port as before; returns the address."""
        command = [sys.executable, "-W", "error", "-m", "photochrom", "study", "run", str(self.folder)]
        command += ["--port", str(self.port), *self.options]
        with (self.folder / "log.txt").open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "http://127.0.0.1:" in line, (line, (self.folder / "log.txt").read_text())
        address = line.split()[-1]
        self.port = int(address.rstrip("/").rpartition(":")[2])
        return address

    def kill(self) -> None:
        """Kill it where it stands, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    @property
    def log(self) -> str:
        """What it wrote on stderr."""
        return (self.folder / "log.txt").read_text()


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """A server, started."""
    server = Server(folder, options)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@dataclass
class Visitor:
    """A participant who speaks to the server without a page."""

    port: int
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def __post_init__(self) -> None:
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar)).open

    def ask(self, path: str, body: Any = None) -> tuple[int, Any, Any]:
        """Status, content (JSON decoded) and headers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            response = self._open(request, timeout=20)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            content = response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            return response.status, json.loads(content) if is_json else content, response.headers

    def start(self) -> dict[str, Any]:
        """Agree and take part."""
        status, state, _ = self.ask("api/start", {"consent": True})
        assert status == 200
        return dict(state)

    def vote(self, position: int, choice: str = "left") -> tuple[int, Any]:
        """Answer a pair."""
        status, state, _ = self.ask("api/vote", {"position": position, "choice": choice, "milliseconds": 700})
        return status, state
