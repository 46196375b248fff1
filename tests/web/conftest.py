"""An app with the shipped model and a client of it; a server, a browser and pictures for the tests of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from page_helpers import DESK, Person, serving

from helpers import data, save
from photochrom.web.app import create_app
from photochrom.web.settings import Settings
from server_process import ServerProcess


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    """A client without a token."""
    with TestClient(create_app(Settings(threads=1)), base_url="http://127.0.0.1") as found:
        yield found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A running server."""
    with serving(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def visit(browser: Any, server: ServerProcess) -> Iterator[Callable[..., Person]]:
    """Opens the page for a person of a screen; at the end nothing may have gone wrong."""
    people: list[Person] = []

    def open_page(screen: dict[str, Any] = DESK, address: str = "") -> Person:
        people.append(Person(browser, address or server.address, screen))
        return people[-1]

    yield open_page
    for person in people:
        person.check()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures: a JPEG, a TIFF of 16 bits, a colour picture, a text."""
    folder = tmp_path_factory.mktemp("pictures")
    colour = data.astronaut()
    grey = np.rint(colour @ [0.2126, 0.7152, 0.0722]).astype(np.uint8)
    save(grey, folder / "astronaut.jpg", Q=92)
    save(grey[100:400, 60:460].astype(np.uint16) * 257, folder / "deep.tif")
    save(np.repeat(np.repeat(grey, 4, axis=0), 4, axis=1), folder / "large.jpg", Q=85)
    save(colour[:, ::-1], folder / "reference.jpg", Q=92)
    (folder / "notes.txt").write_text("not a picture")
    return folder
