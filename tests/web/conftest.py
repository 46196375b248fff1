"""An app with the shipped model, and a client of it, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from photochrom.web.app import create_app
from photochrom.web.settings import Settings


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    """A client without a token."""
    with TestClient(create_app(Settings(threads=1)), base_url="http://127.0.0.1") as found:
        yield found
