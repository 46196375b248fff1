"""What the tests of studies share: folders of results, a server of their own, and a participant without a browser."""

from __future__ import annotations

import http.cookiejar
import json
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from helpers import data, save
from server_process import ServerProcess, running

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


def study_server(folder: Path, *options: str) -> ServerProcess:
    """``photochrom study run`` in a process of its own, not yet started."""
    return ServerProcess(("study", "run", str(folder), *options), folder / "log.txt")


def serving(folder: Path, *options: str) -> AbstractContextManager[ServerProcess]:
    """A server, started."""
    return running(study_server(folder, *options))


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
