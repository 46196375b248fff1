"""Sessions: open once, paint as often as wanted."""

from __future__ import annotations

import numpy as np
from api_helpers import decoded, encoded, open_session, painted
from fastapi.testclient import TestClient

from helpers import Grey
from photochrom import Colorizer
from photochrom.color import rgb_to_lab
from photochrom.hints import Hint, ab_of

HINT = {"x": 30, "y": 40, "color": "#806a5a", "radius": 4}


def test_paint_is_the_picture(client: TestClient, shipped: Colorizer, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    opened = shipped.open(photo)
    np.testing.assert_array_equal(painted(client, session), opened.paint().rgb)
    expected = opened.paint(hints=[Hint.at(30, 40, "#806a5a", radius=4)], warmth=0.5).rgb
    edits = {"hints": [HINT], "warmth": 0.5}
    np.testing.assert_array_equal(painted(client, session, edits=edits), expected)
    view = {"x": 20, "y": 30, "width": 25, "height": 20}
    np.testing.assert_array_equal(painted(client, session, edits=edits, view=view), expected[30:50, 20:45])
    assert painted(client, session, edits=edits, size=48).shape == (32, 48, 3)
    lab = rgb_to_lab(expected / 255)
    np.testing.assert_allclose(lab[40, 30, 1:], ab_of("#806a5a"), atol=2)


def test_the_original(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    answer = client.get(f"{session}/original", params={"size": 48})
    assert answer.headers["content-type"] == "image/jpeg"
    assert decoded(answer.content).shape[:2] == (32, 48)
    part = client.get(f"{session}/original", params={"x": 10, "y": 5, "width": 20, "height": 30})
    assert np.abs(decoded(part.content).reshape(30, 20, -1)[..., 0] - photo[5:35, 10:30].astype(int)).mean() < 3
    assert client.get(f"{session}/original", params={"x": 10}).status_code == 422


def test_the_end_of_a_session(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    shown = client.get(session).json()
    assert (shown["width"], shown["height"], shown["bit_depth"], shown["format"]) == (96, 64, 8, "png")
    assert client.delete(session).status_code == 204
    for answer in (client.get(session), client.delete(session), client.post(f"{session}/paint", json={})):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].endswith("/session-gone")
