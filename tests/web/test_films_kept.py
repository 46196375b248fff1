"""What comes to the server for a film stays as long as it is used, however busy the server is, and no longer."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest
from api_helpers import encoded
from films_helpers import bring, desk, three_shots, until

from film_helpers import make_film
from helpers import data

if not os.environ.get("CI"):
    pytest.importorskip("av")


def test_references_that_nothing_uses_are_deleted(tmp_path: Path) -> None:
    colours = data.coffee()[100:200, 100:250]
    with desk(tmp_path / "films", max_references=1) as client:
        film = bring(client, make_film(tmp_path / "still.mkv", [colours] * 3))
        address = f"/v1/films/{film}"

        def add() -> httpx.Response:
            return client.post(f"{address}/references", files={"picture": ("c.png", encoded(colours))})

        def drop(number: str) -> tuple[int, str]:
            answer = client.delete(f"{address}/references/{number}")
            return answer.status_code, "" if answer.status_code == 204 else answer.json()["type"].rpartition("/")[2]

        def refer(*numbers: str) -> None:
            wanted = {"references": [{"frame": 0, "path": number} for number in numbers]}
            assert client.put(f"{address}/edits", json=wanted).status_code == 200

        assert add().json()["id"] == "r1"
        assert add().status_code == 422  # one, at the most
        refer("r1")
        assert drop("r1") == (409, "conflict")
        client.put(f"{address}/job", json={}).raise_for_status()
        refer()
        if client.get(address).json()["result"] is None:
            assert drop("r1") == (409, "conflict")  # the work on the film uses it
        until(client, film, lambda shown: shown["coloring"]["state"] == "done")
        assert drop("r1") == (204, "")
        assert drop("r1") == (404, "reference-gone")
        assert client.delete(f"{address}/references/..%2Fabout").status_code in (404, 422)
        # edits that still name it, as undone ones, never get another picture in its place
        assert add().json()["id"] == "r2"
        assert client.put(f"{address}/edits", json={"references": [{"frame": 0, "path": "r1"}]}).status_code == 404


def test_a_film_that_comes_while_all_are_busy_is_kept(tmp_path: Path) -> None:
    with desk(tmp_path / "films", max_queue=0) as client:
        pool = client.app.state.photochrom.pool  # type: ignore[attr-defined]
        pool.inside = 100
        assert client.post("/v1/sessions", files={"picture": ("c.png", encoded(data.coffee()))}).status_code == 429
        answer = client.post(
            "/v1/films", params={"name": "walk.mkv"}, content=three_shots(tmp_path / "walk.mkv", 2).read_bytes()
        )
        assert (answer.status_code, answer.json()["width"]) == (201, 96)
        pool.inside = 0
        until(client, answer.json()["id"], lambda shown: shown["reading"]["state"] == "done")
