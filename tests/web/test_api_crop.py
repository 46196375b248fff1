"""Turned and cropped by the API: what is painted, asked and saved lies on the part, and places stay the photograph's."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from helpers import Grey, data
from photochrom import Colorizer
from photochrom.edits.edits import Edits
from photochrom.edits.geometry import Geometry
from photochrom.edits.hints import Hint

pytestmark = pytest.mark.pixels


def decoded(body: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture(scope="module")
def grey() -> Grey:
    found: Grey = data.camera()[60:316:2, 80:464:2].copy()
    return found


@pytest.fixture(scope="module")
def session(client: TestClient, grey: Grey) -> str:
    png = cv2.imencode(".png", grey)[1].tobytes()
    made = client.post("/v1/sessions", files={"picture": ("a.png", png)}).json()
    assert made["borders"] is None
    return f"/v1/sessions/{made['id']}"


PART = {"rotate": 90, "crop": [8, 10, 100, 150]}
HINT = {"x": 60, "y": 40, "color": "red"}


def test_paint_and_result_are_the_part(client: TestClient, session: str, grey: Grey, shipped: Colorizer) -> None:
    edits = {**PART, "hints": [HINT]}
    wanted = Edits(hints=[Hint.at(60, 40, "red")], geometry=Geometry(rotate=90, crop=(8, 10, 100, 150)))
    expected = shipped.open(grey).paint(wanted).rgb
    painted = client.post(f"{session}/paint", json={"edits": edits, "size": 4096, "format": "png"})
    assert painted.status_code == 200, painted.text
    assert np.array_equal(decoded(painted.content)[..., ::-1], expected)
    result = client.post(f"{session}/result", json={"edits": edits, "format": "png"})
    assert np.array_equal(decoded(result.content)[..., ::-1], expected)
    at_once = client.post(
        "/v1/colorize", files={"picture": cv2.imencode(".png", grey)[1].tobytes()}, data={"options": json.dumps(edits)}
    )
    assert np.array_equal(decoded(at_once.content)[..., ::-1], expected)
    scan = client.get(f"{session}/scan", params={"rotate": 90, "crop": "8,10,100,150", "size": 4096})
    assert decoded(scan.content).shape == (150, 100)
    side = client.post(f"{session}/comparison", json={"edits": edits})
    assert decoded(side.content).shape[0] == 150


def test_places_stay_those_of_the_photograph(client: TestClient, session: str, grey: Grey) -> None:
    clicks = client.post(f"{session}/suggestions", json={"edits": PART, "count": 3}).json()
    assert clicks
    for click in clicks:
        # on the turned sheet x is height - 1 - y, and y is x
        assert 8 <= 127 - click["y"] < 108
        assert 10 <= click["x"] < 160
    colours = client.post(f"{session}/colors", json={"edits": PART, "x": 60, "y": 40})
    assert colours.status_code == 200
    assert client.post(f"{session}/colors", json={"edits": PART, "x": 190, "y": 0}).status_code == 422
    ways = client.post(f"{session}/alternatives", json={"edits": PART, "count": 3}).json()
    assert len(ways) > 1
    plain, other = (
        client.post(f"{session}/paint", json={"edits": {**PART, "hints": way["hints"]}, "format": "png"}).content
        for way in ways[:2]
    )
    difference = np.abs(decoded(plain).astype(int) - decoded(other)).mean()
    assert difference > 1  # a blend that lost its place would change nothing


def test_a_sidecar_comes_back(client: TestClient, session: str) -> None:
    edits = {**PART, "straighten": -2.5, "hints": [HINT]}
    kept = client.post(f"{session}/sidecar", json={"edits": edits}).json()
    assert (kept["rotate"], kept["straighten"], kept["crop"]) == (90, -2.5, [8, 10, 100, 150])
    loaded = client.post(f"{session}/edits", files={"sidecar": json.dumps(kept).encode()}).json()["edits"]
    assert (loaded["rotate"], loaded["straighten"], loaded["crop"]) == (90, -2.5, [8, 10, 100, 150])
    assert loaded["hints"][0]["x"] == 60


@pytest.mark.parametrize(
    "wrong", [{"rotate": 45}, {"straighten": 60}, {"crop": [0, 0, 129, 5], "rotate": 90}, {"crop": [0, 0, 0, 5]}]
)
def test_wrong_values_are_refused(client: TestClient, session: str, wrong: dict[str, Any]) -> None:
    answer = client.post(f"{session}/paint", json={"edits": wrong})
    assert answer.status_code == 422
    assert any(name in answer.json()["field"] for name in wrong)
