"""Who may ask, and what the server tells of itself."""

from __future__ import annotations

import logging
import re

import pytest
from api_helpers import encoded, open_session
from fastapi.testclient import TestClient

from helpers import Command, Grey
from photochrom.web.app import create_app
from photochrom.web.server import check_host
from photochrom.web.settings import Settings

LOCAL = check_host("127.0.0.1", Settings(threads=1, origins=("https://friend.example",)), no_token=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:9", "[::1]:8080"])
def test_names_of_this_computer(host: str) -> None:
    with TestClient(create_app(LOCAL), base_url="http://127.0.0.1") as client:
        assert client.get("/v1/palettes", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "[", ""])
def test_other_names_are_refused(host: str) -> None:
    """A page elsewhere can let its own name point to this computer."""
    with TestClient(create_app(LOCAL), base_url="http://127.0.0.1") as client:
        assert client.get("/v1/palettes", headers={"Host": host}).status_code == 403


def test_pages_of_other_sites(photo: Grey) -> None:
    files = {"picture": ("a.png", encoded(photo))}
    with TestClient(create_app(LOCAL), base_url="http://127.0.0.1") as client:
        for origin, status in (
            ("http://127.0.0.1", 201),
            ("https://friend.example", 201),
            ("https://evil.example", 403),
            ("null", 403),
        ):
            answer = client.post("/v1/sessions", files=files, headers={"Origin": origin})
            assert answer.status_code == status, origin
            named = answer.headers.get("access-control-allow-origin")
            assert named == ("https://friend.example" if "friend" in origin else None)
        asked = {"Origin": "https://friend.example", "Access-Control-Request-Method": "POST"}
        assert client.options("/v1/sessions", headers=asked).status_code == 200
        asked["Origin"] = "https://evil.example"
        assert "access-control-allow-origin" not in client.options("/v1/sessions", headers=asked).headers


def test_no_origins_unless_named(client: TestClient) -> None:
    answer = client.get("/v1/palettes", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_what_every_answer_says(client: TestClient, photo: Grey) -> None:
    answers = [client.get("/healthz"), client.get("/nowhere"), client.post("/v1/colorize"), client.get("/docs")]
    answers.append(client.post("/v1/colorize", files={"picture": ("a.png", encoded(photo))}))
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_a_failure_tells_nothing(photo: Grey, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(Settings(threads=1))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        session = open_session(client, encoded(photo))

        def broken(_: object) -> None:
            raise ValueError(f"in {app.state.photochrom.store.root}")

        app.state.photochrom.engine.photo = broken
        with caplog.at_level(logging.ERROR):
            answer = client.post(f"{session}/paint", json={})
        assert answer.status_code == 500
        assert answer.json()["type"] == "/problems/error"
        assert "photochrom-serve" not in answer.text
        assert any("failed" in record.message for record in caplog.records)
        assert 'status="500"' in client.get("/metrics").text


def test_models_and_palettes(client: TestClient) -> None:
    models = client.get("/v1/models").json()
    assert models[0]["name"] == "photochrom"
    assert models[0]["default"]
    assert models[0]["available"]
    assert models[0]["hints"]
    assert not next(one for one in models if one["name"] == "zhang16")["available"]
    palettes = client.get("/v1/palettes").json()
    assert {"name", "title", "colors"} == set(palettes[0])
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for one in palettes for color in one["colors"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--token", "short"], "8 characters"),
        (["--model", "no-such"], "unknown model"),
        (["--max-pixels", "nan"], "--max-pixels"),
        (["--port", "99999"], "port"),
        (["--host", "256.1.1.1", "--no-token"], "free address"),
    ],
)
def test_wrong_usage(photochrom: Command, arguments: list[str], message: str) -> None:
    run = photochrom("serve", *arguments)
    assert run.code == 2
    assert message in run.err
