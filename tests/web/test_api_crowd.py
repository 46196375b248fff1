"""Many at once: none lost, none wrong, bounded memory, and the server answers meanwhile; and what happens at the limits."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import psutil
import pytest
from api_helpers import decoded, encoded, listening, open_session, painted
from fastapi.testclient import TestClient

from helpers import Grey, data
from photochrom import Colorizer
from photochrom.web.app import create_app
from photochrom.web.folder import private_folder
from photochrom.web.settings import Settings

UPLOADS = 50


@contextmanager
def serving(*options: str) -> Iterator[tuple[str, psutil.Process]]:
    """``photochrom serve`` in a process of its own: its address, and the process."""
    command = [sys.executable, "-W", "error", "-m", "photochrom", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1].rstrip("/")
        try:
            httpx.get(f"{address}/healthz", timeout=60)
            yield address, psutil.Process(process.pid)
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=60)
    assert not errors, errors


def test_fifty_uploads_at_once(shipped: Colorizer) -> None:
    side = 768
    base = np.tile(data.camera()[::2, ::2], (3, 3))
    pictures = [np.roll(base, 13 * number, axis=1) for number in range(UPLOADS)]
    expected = {number: shipped.open(pictures[number]).paint().rgb for number in (0, 17, 49)}

    async def crowd(address: str) -> tuple[list[httpx.Response], int]:
        async with httpx.AsyncClient(base_url=address, timeout=300, limits=httpx.Limits(max_connections=60)) as client:
            uploads = [
                asyncio.ensure_future(client.post("/v1/colorize", files={"picture": ("a.png", encoded(picture))}))
                for picture in pictures
            ]
            healthy = 0
            while not all(upload.done() for upload in uploads):
                answer = await client.get("/healthz", timeout=20)
                healthy += answer.status_code == 200
                await asyncio.sleep(0.1)
            return await asyncio.gather(*uploads), healthy

    with serving("--threads", "1") as (address, process):
        before = process.memory_info().rss
        answers, healthy = asyncio.run(crowd(address))
        grown = process.memory_info().rss - before
        metrics = httpx.get(f"{address}/metrics").text
    assert [answer.status_code for answer in answers] == [200] * UPLOADS
    assert healthy >= 5
    for number, answer in enumerate(answers):
        assert answer.content[:4] == b"\x89PNG"
        if number in expected:
            np.testing.assert_array_equal(decoded(answer.content), expected[number])
    assert len({answer.content for answer in answers}) == UPLOADS
    # What fifty pictures take when all are opened at a time is ten times as much.
    assert grown < 300e6
    assert f'photochrom_requests_total{{method="POST",route="/v1/colorize",status="200"}} {UPLOADS}.0' in metrics
    assert base.shape == (side, side)


def test_a_full_queue(photo: Grey) -> None:
    """One works, one waits, the third is told to come again; and the server still answers."""
    app = create_app(Settings(jobs=1, max_queue=1, threads=1))
    pool, go = app.state.photochrom.pool, threading.Event()

    async def wait() -> None:
        await pool.run(go.wait)

    with TestClient(app, base_url="http://127.0.0.1") as client:
        session = open_session(client, encoded(photo))
        assert client.portal is not None
        held = [client.portal.start_task_soon(wait) for _ in range(2)]
        while pool.inside < 2:
            time.sleep(0.01)
        requests: list[Any] = [
            client.post(f"{session}/paint", json={}),
            client.post("/v1/colorize", files={"picture": ("a.png", encoded(photo))}),
        ]
        for answer in requests:
            assert (answer.status_code, answer.json()["type"], answer.json()["limit"]) == (429, "/problems/busy", 1)
            assert int(answer.headers["retry-after"]) >= 1
        assert client.get("/healthz").status_code == 200
        assert "photochrom_queue 1.0" in client.get("/metrics").text
        go.set()
        for one in held:
            one.result()
        assert client.post(f"{session}/paint", json={}).status_code == 200


def test_work_that_takes_too_long(photo: Grey) -> None:
    app = create_app(Settings(jobs=1, max_seconds=1.0, threads=1))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        session = open_session(client, encoded(photo))
        engine, stop = app.state.photochrom.engine, threading.Event()
        usual = engine.photo

        def slow(folder: Path) -> Any:
            stop.wait(10)
            return usual(folder)

        engine.photo = slow
        answer = client.post(f"{session}/paint", json={})
        assert (answer.status_code, answer.json()["type"]) == (504, "/problems/took-too-long")
        stop.set()
        assert client.post(f"{session}/paint", json={}).status_code == 200


def test_pictures_are_closed_and_opened_again(shipped: Colorizer, photo: Grey) -> None:
    """No memory to speak of, and two sessions at the most: nothing is wrong, the oldest is gone."""
    app = create_app(Settings(max_memory=1, max_sessions=2, threads=1))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        first = open_session(client, encoded(photo))
        second = open_session(client, encoded(photo[::-1]))
        engine = app.state.photochrom.engine
        assert len(engine._photos) == 1
        np.testing.assert_array_equal(painted(client, first), shipped.open(photo).paint().rgb)
        np.testing.assert_array_equal(painted(client, second), shipped.open(photo[::-1]).paint().rgb)
        third = open_session(client, encoded(photo[:, ::-1]))
        assert [client.get(session).status_code for session in (first, second, third)] == [404, 200, 200]


def test_an_hour_later(photo: Grey) -> None:
    app = create_app(Settings(keep=2.0, threads=1))
    state = app.state.photochrom
    with TestClient(app, base_url="http://127.0.0.1") as client:
        session = open_session(client, encoded(photo))
        folder = state.store.root / "sessions" / session.rpartition("/")[2]
        assert (folder / "picture").is_file()
        assert folder.stat().st_mode & 0o777 == 0o700
        for _ in range(100):
            if not folder.exists():
                break
            time.sleep(0.1)
        assert not folder.exists()
        assert client.get(session).json()["type"] == "/problems/session-gone"
        root = state.store.root
        assert root.exists()
    assert not root.exists()


def test_nothing_is_left_on_disk(photo: Grey) -> None:
    app = create_app(Settings(threads=1))
    root = app.state.photochrom.store.root
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.post("/v1/colorize", files={"picture": ("a.png", encoded(photo))})
        client.post("/v1/colorize", files={"picture": ("a.png", b"no picture")})
        client.post("/v1/sessions", files={"picture": ("a.png", b"no picture")})
        session = open_session(client, encoded(photo))
        client.post(f"{session}/result", json={})
        client.post(f"{session}/references", files={"picture": ("a.png", b"no picture")})
        client.delete(session)
        assert [path.name for path in root.rglob("*") if path.is_file()] == ["owner"]


def test_what_a_killed_server_left_is_deleted(photo: Grey) -> None:
    with listening(create_app(Settings(threads=1))):  # a folder in use stays
        command = [sys.executable, "-m", "photochrom", "serve", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            httpx.post(f"{address}v1/sessions", files={"picture": ("a.png", encoded(photo))}, timeout=60)
            process.kill()
        left = [path for path in Path(tempfile.gettempdir()).glob("photochrom-serve-*") if _of(path) == process.pid]
        assert len(left) == 1
        in_use = private_folder()
        assert in_use.exists()
        assert not left[0].exists()
        again = private_folder()
        assert in_use.exists()
        for path in (in_use, again):
            shutil.rmtree(path)


def _of(folder: Path) -> int | None:
    owner = folder / "owner"
    return int(owner.read_text().split()[1]) if owner.exists() else None


def test_two_workers_share_the_sessions(shipped: Colorizer, photo: Grey) -> None:
    with serving("--workers", "2", "--threads", "1") as (address, _), httpx.Client(base_url=address) as client:
        answer = client.post("/v1/sessions", files={"picture": ("a.png", encoded(photo))}, timeout=60)
        session, expected = f"/v1/sessions/{answer.json()['id']}", shipped.open(photo).paint().rgb
        for _ in range(8):  # a new connection each time, so that both are asked
            painted_one = httpx.post(f"{address}{session}/paint", json={"format": "png"}, timeout=60)
            np.testing.assert_array_equal(decoded(painted_one.content), expected)
        counts = re.findall(r"photochrom_requests_total\{.*paint.*\} (\d+)", client.get("/metrics").text)
        assert counts == ["8"]


def test_a_real_server_in_this_process(photo: Grey) -> None:
    with listening(create_app(Settings(threads=1))) as address:
        answer = httpx.post(f"{address}/v1/colorize", files={"picture": ("a.png", encoded(photo))}, timeout=60)
        assert decoded(answer.content).shape == (64, 96, 3)


@pytest.mark.parametrize("given", [None, "Bearer wrong-token", "Basic secret-token", "secret-token"])
def test_a_token(given: str | None, photo: Grey) -> None:
    with TestClient(create_app(Settings(token="secret-token", threads=1)), base_url="http://127.0.0.1") as client:
        files = {"picture": ("a.png", encoded(photo))}
        headers = {"Authorization": given} if given else {}
        for answer in (
            client.post("/v1/colorize", files=files, headers=headers),
            client.get("/metrics", headers=headers),
        ):
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
        assert client.get("/healthz").status_code == 200
        assert client.get("/docs").status_code == 200
        right = {"Authorization": "Bearer secret-token"}
        assert client.post("/v1/colorize", files=files, headers=right).status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the C library decides")
def test_memory_goes_back_when_photographs_of_many_shapes_are_closed(photo: Grey) -> None:
    shapes = [(900, 600), (600, 900), (800, 800), (900, 450), (700, 640)]
    shapes += [(520, 900), (640, 413), (640, 990), (533, 800), (990, 675)]
    with serving("--threads", "1") as (address, process), httpx.Client(base_url=address, timeout=120) as client:

        def closed(*sizes: tuple[int, int]) -> int:
            """Memory after photographs of these sizes were opened, painted and closed."""
            opened = [open_session(client, encoded(cv2.resize(photo, size))) for size in sizes]
            for session in opened:
                hint = {"x": 30, "y": 40, "color": "teal"}
                assert client.post(f"{session}/paint", json={"edits": {"hints": [hint]}}).status_code == 200
            for session in opened:
                assert client.delete(session).status_code == 204
            return int(process.memory_info().rss)

        first = closed(shapes[0])
        grown = closed(*shapes) - first
    assert grown < 60_000_000, grown
