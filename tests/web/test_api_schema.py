"""The OpenAPI document says what the server does, and no request that keeps or breaks its rules makes the server fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from api_helpers import encoded, listening
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from helpers import data
from photochrom.web.app import create_app
from photochrom.web.settings import Settings


def no_failure(context: Any, response: Any, case: Any) -> bool | None:
    """501 is an answer, too: this server was not started with a folder for films."""
    return None if response.status_code == 501 else not_a_server_error(context, response, case)


CHECKS = [no_failure, status_code_conformance, content_type_conformance, response_schema_conformance]
PICTURE = encoded(data.camera()[::16, ::16])


@pytest.fixture(scope="module")
def document(client: TestClient) -> Any:
    """The schema that the server shows."""
    return schemathesis.openapi.from_dict(client.get("/openapi.json").json())


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server, of photographs and films."""
    with listening(create_app(Settings(threads=1, films=tmp_path_factory.mktemp("films")))) as found:
        yield found


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_makes_it_fail(document: Any, address: str, mode: GenerationMode) -> None:
    session = httpx.post(f"{address}/v1/sessions", files={"picture": PICTURE}, timeout=60).json()["id"]
    for found in document.get_all_operations():
        operation = found.ok()
        if mode == GenerationMode.NEGATIVE and not operation.body:
            continue  # there is little in its request that could be wrong

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=4,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            if "name" in (case.path_parameters or {}) and case.method != "DELETE":
                case.path_parameters["name"] = session  # a real one: what else is in the request matters
            if isinstance(case.body, dict) and "picture" in case.body and len(str(case.body.get("options"))) % 2:
                case.body["picture"] = PICTURE
            case.call_and_validate(base_url=address, checks=CHECKS, timeout=60)

        try:
            ask()
        except Unsatisfiable:
            assert mode == GenerationMode.NEGATIVE  # nothing about /healthz can be wrong


def test_every_address_is_described(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method, about in methods.items():
            assert about.get("description"), (method, path)
            assert "500" in about["responses"], (method, path)
            if method == "post":
                assert "requestBody" in about, (method, path)
    assert "/v1/sessions/{name}/paint" in paths


def test_the_documentation_needs_nobody_else(client: TestClient) -> None:
    for address in ("/docs", "/static/docs/docs.js", "/static/docs/docs.css"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "http://" not in answer.text
        assert "https://" not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert answer.headers["x-content-type-options"] == "nosniff"
