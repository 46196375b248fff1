"""``--engine ray``: the same app on a real, local Ray."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from api_helpers import decoded, encoded

from helpers import Grey
from photochrom import Colorizer

pytest.importorskip("ray")


def test_the_same_app_on_ray(shipped: Colorizer, photo: Grey, tmp_path: Path) -> None:
    """One test, since Ray takes long to start: a picture, a session, an error, the end."""
    command = [sys.executable, "-m", "photochrom", "serve", "--engine", "ray", "--port", "0", "--threads", "1"]
    environment = os.environ | {"RAY_AUTH_MODE": "disabled"}
    with (
        (tmp_path / "log.txt").open("w") as log,
        subprocess.Popen(
            [*command, "--folder", str(tmp_path)], stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        ) as process,
    ):
        assert process.stdout is not None
        lines = []
        while not (lines and lines[-1].startswith("Photochrom is at")):
            lines.append(process.stdout.readline())
            assert lines[-1], (tmp_path / "log.txt").read_text()
        expected = shipped.open(photo).paint().rgb
        with httpx.Client(base_url=lines[-1].split()[-1], timeout=120) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            files = {"picture": ("a.png", encoded(photo))}
            answer = client.post("/v1/colorize", files=files)
            assert (decoded(answer.content) == expected).all()
            assert answer.headers["x-content-type-options"] == "nosniff"
            session = f"/v1/sessions/{client.post('/v1/sessions', files=files).json()['id']}"
            assert client.post(f"{session}/paint", json={}).headers["content-type"] == "image/jpeg"
            refused = client.post("/v1/colorize", files={"picture": ("a.png", b"no picture")})
            assert (refused.status_code, refused.headers["content-type"]) == (415, "application/problem+json")
            assert len(list(tmp_path.glob("photochrom-serve-*/sessions/*/picture"))) == 1
        process.terminate()
        assert process.wait(timeout=120) == 0
    assert list(tmp_path.glob("photochrom-serve-*")) == []
