"""What the tests of the API share: pictures as files, and short ways to ask."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyvips
import uvicorn
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from photochrom.web.listening import listen


def encoded(array: NDArray[Any], suffix: str = ".png", **options: Any) -> bytes:
    """An array as a picture file."""
    data: bytes = pyvips.Image.new_from_array(np.ascontiguousarray(array)).write_to_buffer(suffix, **options)
    return data


def decoded(data: bytes) -> NDArray[Any]:
    """A picture file as an array."""
    array: NDArray[Any] = pyvips.Image.new_from_buffer(data, "").numpy()
    return array


def open_session(client: TestClient, picture: bytes, **options: Any) -> str:
    """Open a picture; returns the address of its session."""
    answer = client.post(
        "/v1/sessions", files={"picture": ("photo.png", picture)}, data={"options": json.dumps(options)}
    )
    assert answer.status_code == 201, answer.text
    return f"/v1/sessions/{answer.json()['id']}"


def painted(client: TestClient, session: str, **wanted: Any) -> NDArray[Any]:
    """The pixels of a paint request, lossless."""
    answer = client.post(f"{session}/paint", json={"format": "png", **wanted})
    assert answer.status_code == 200, answer.text
    return decoded(answer.content)


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """An app behind a real server, in a thread of this process: its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    with listen("127.0.0.1", 0) as socket:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{socket.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
