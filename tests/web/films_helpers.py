"""What the tests of films in the server and in the page share: small films, and waiting for the work on them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from film_helpers import make_film, shots
from photochrom.web.app import create_app
from photochrom.web.settings import Settings

PATIENCE = 300.0


@contextmanager
def desk(folder: Path, **settings: Any) -> Iterator[TestClient]:
    """A client of an app whose films lie in a folder."""
    app = create_app(Settings(threads=1, films=folder, **settings))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def three_shots(path: Path, count: int = 12, size: tuple[int, int] = (96, 64)) -> Path:
    """A grey film of three shots, H.264."""
    frames = [frame for shot in shots(count, size) for frame in shot]
    return make_film(path, frames, codec="libx264", options={"g": "10", "crf": "6", "preset": "ultrafast"})


def until(
    client: Any, film: str, ready: Callable[[dict[str, Any]], bool], patience: float = PATIENCE
) -> dict[str, Any]:
    """Ask for a film until it is as wanted; no task may have failed meanwhile."""
    ends = time.monotonic() + patience
    while True:
        shown: dict[str, Any] = client.get(f"/v1/films/{film}").json()
        if ready(shown):
            return shown
        assert all(shown[task]["state"] != "failed" for task in ("reading", "coloring", "clip")), shown
        assert time.monotonic() < ends, shown
        time.sleep(0.05)


def bring(client: Any, path: Path, name: str | None = None) -> str:
    """Bring a film, and wait until its shots and their pictures are there; returns its id."""
    answer = client.post("/v1/films", params={"name": name or path.name}, content=path.read_bytes())
    assert answer.status_code == 201, answer.text
    film: str = answer.json()["id"]
    until(client, film, lambda shown: shown["reading"]["state"] == "done")
    return film


def colour(client: Any, film: str, **how: Any) -> dict[str, Any]:
    """Colour a film, and wait for it."""
    answer = client.put(f"/v1/films/{film}/job", json=how)
    assert answer.status_code == 200, answer.text
    return until(client, film, lambda shown: shown["coloring"]["state"] == "done")
