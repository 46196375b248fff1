"""Before and after, HEAD, and memory that is given back."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import pyvips
from api_helpers import decoded, encoded, open_session, painted
from fastapi.testclient import TestClient

from helpers import Grey
from photochrom.web.app import create_app
from photochrom.web.memory import measured
from photochrom.web.settings import Settings


def sepia(photo: Grey) -> np.ndarray:
    """The picture as an old print."""
    return np.rint(photo[..., None] * np.array([1.0, 0.88, 0.7])).astype(np.uint8)


def test_before_is_the_scan(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(sepia(photo)))
    scan = decoded(client.get(f"{session}/scan", params={"size": 96}).content)
    assert np.abs(scan.astype(int) - sepia(photo)).mean() < 4
    part = decoded(client.get(f"{session}/scan", params={"x": 10, "y": 5, "width": 20, "height": 30}).content)
    assert np.abs(part.astype(int) - sepia(photo)[5:35, 10:30]).mean() < 4
    assert client.get(f"{session}/scan", params={"x": 10}).status_code == 422


def test_side_by_side(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(sepia(photo)))
    edits = {"hints": [{"x": 30, "y": 40, "color": "#2040c0"}]}
    answer = client.post(f"{session}/comparison", json={"edits": edits})
    assert answer.headers["content-type"] == "image/jpeg"
    assert b"compositeWithTrainedAlgorithmicMedia" in answer.content
    both = decoded(answer.content)
    assert both.shape[0] == 64
    assert np.abs(both[:, :96].astype(int) - sepia(photo)).mean() < 4
    assert np.abs(both[:, -96:].astype(int) - painted(client, session, edits=edits)).mean() < 4


def test_a_moving_slider(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(sepia(photo)))
    answer = client.post(f"{session}/comparison", json={"kind": "slider", "size": 48})
    assert answer.headers["content-type"] == "image/webp"
    moving = pyvips.Image.new_from_buffer(answer.content, "", n=-1)
    count, height = moving.get("n-pages"), moving.get("page-height")
    assert (height, moving.width) == (32, 48)
    assert 30 <= count <= 40  # pictures that look alike are kept once, for longer
    pages = moving.numpy().reshape(count, height, 48, -1)[..., :3].astype(int)
    grey = pages.mean(axis=3, keepdims=True)
    tint = (pages - grey)[..., 2].mean(axis=(1, 2))  # sepia is less blue than its grey
    assert tint[0] < tint[count // 2] - 3  # all before, all after
    assert abs(tint[0] - tint[-1]) < 1.5  # there, and back again


def test_head_answers_as_get_does(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    for path in ("/", "/healthz", "/docs", "/v1/palettes", session, f"{session}/original", "/static/app/main.js"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["content-length"] == get.headers["content-length"], path
    assert client.head("/nowhere").status_code == 404
    assert client.head("/v1/colorize").status_code == 405


def test_what_a_photograph_takes_is_measured() -> None:
    array = np.zeros((100, 1000), np.float32)
    assert measured({"a": array, "b": [array[10:], (array,)], "c": "text"}) == 400_000
    assert measured(array, shared=[array]) == 0


def test_memory_is_bounded_and_given_back(photo: Grey, tmp_path: Path) -> None:
    large = np.kron(photo, np.ones((4, 4), np.uint8))
    app = create_app(Settings(threads=1, max_memory=60_000_000, idle=1), tmp_path)
    engine = app.state.photochrom.engine
    with TestClient(app, base_url="http://127.0.0.1") as client:
        sessions = [open_session(client, encoded(large)) for _ in range(8)]
        for session in sessions:
            for edits in ({}, {"hints": [{"x": 30, "y": 40, "color": "teal"}]}):
                assert client.post(f"{session}/paint", json={"edits": edits}).status_code == 200
        one = next(reversed(engine._photos.values()))
        assert 8_000_000 < one.nbytes < 40_000_000
        assert engine.nbytes <= 60_000_000
        assert len(engine._photos) < 8
        for held in engine._photos.values():
            held.used -= 10
        engine.rest()
        assert engine.nbytes == 0
        # whatever was closed is opened again when it is asked for
        assert client.post(f"{sessions[0]}/paint", json={}).status_code == 200


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_cut_files_are_refused_by_name(client: TestClient, photo: Grey, form: str) -> None:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.kron(photo, np.ones((4, 4), np.uint8))).save(file, form)
    answer = client.post("/v1/sessions", files={"picture": ("a", file.getvalue()[: len(file.getvalue()) // 3])})
    assert (answer.status_code, answer.json()["field"]) == (422, "picture")
