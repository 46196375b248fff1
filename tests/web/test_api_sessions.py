"""Sessions: open once, paint as often as wanted."""

from __future__ import annotations

import numpy as np
from api_helpers import decoded, encoded, open_session, painted
from fastapi.testclient import TestClient

from helpers import Grey, data
from photochrom import Colorizer
from photochrom.color import rgb_to_lab
from photochrom.edits.hints import Hint
from photochrom.edits.hints_json import hints_to_json
from photochrom.edits.masks import from_rle
from photochrom.materials import Material

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
    np.testing.assert_allclose(lab[40, 30, 1:], Material.named("#806a5a").at(lab[40, 30, 0]), atol=2)


def test_swatches_are_as_light_as_their_place(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    asked = ["navy", "#806a5a", [50, 20, 30], "lab:1,30,-10"]
    for x, y in ((30, 40), (5, 5)):
        seen = client.post(f"{session}/swatches", json={"x": x, "y": y, "colors": asked}).json()
        light = float(rgb_to_lab(np.full((1, 3), photo[y, x] / 255))[0, 0])
        for one in seen:
            shown = rgb_to_lab(np.array([list(bytes.fromhex(one["color"][1:]))]) / 255)[0]
            assert abs(shown[0] - light) < 8
            np.testing.assert_allclose(shown, one["lab"], atol=1)
        rgb = painted(client, session, edits={"hints": [{"x": x, "y": y, "color": "navy"}]})
        np.testing.assert_allclose(rgb_to_lab(rgb[y, x][None] / 255)[0, 1:], seen[0]["lab"][1:], atol=2)
    mask = {"size": [64, 96], "counts": [0, 64 * 96]}
    assert len(client.post(f"{session}/swatches", json={"mask": mask, "colors": ["red"]}).json()) == 1
    for wrong in (
        {},
        {"x": 500, "y": 1},
        {"x": 1, "y": 1, "colors": ["olve"]},
        {"mask": {"size": [2, 2], "counts": [4]}},
    ):
        answer = client.post(f"{session}/swatches", json={"colors": ["red"], **wrong})
        assert answer.status_code == 422, wrong


def test_a_loaded_sidecar_says_how_its_colours_look(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    edits = {"hints": [{"x": 30, "y": 40, "color": "navy"}, {"x": 5, "y": 5, "ab": [10, 20]}]}
    kept = client.post(f"{session}/sidecar", json={"edits": edits}).content
    loaded = client.post(f"{session}/edits", files={"sidecar": kept}).json()
    assert [set(row) & {"ab", "color"} for row in loaded["edits"]["hints"]] == [{"color"}, {"ab"}]
    seen = client.post(f"{session}/swatches", json={"x": 30, "y": 40, "colors": ["navy"]}).json()
    assert loaded["swatches"][0] == seen[0]["color"]
    assert len(loaded["swatches"]) == 2


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


def test_what_a_place_may_be(client: TestClient, shipped: Colorizer, photo: Grey) -> None:
    session, opened = open_session(client, encoded(photo)), shipped.open(photo)
    colors = client.post(f"{session}/colors", json={"x": 30, "y": 40, "count": 3}).json()
    assert [one["name"] for one in colors] == [one.name for one in opened.likely(30, 40, 3)]
    assert colors[0]["color"].startswith("#")
    client.post(f"{session}/paint", json={"edits": {"hints": [HINT]}})
    places = client.post(f"{session}/suggestions", json={"count": 2, "edits": {"hints": [HINT]}}).json()
    clicks = opened.suggest(2, hints=[Hint.at(30, 40, "#806a5a", radius=4)])
    assert [(place["x"], place["y"]) for place in places] == [(click.x, click.y) for click in clicks]
    assert places[0]["colors"][0]["share"] > 0
    # Without edits those count that were painted last.
    assert client.get(f"{session}/suggestions", params={"count": 2}).json() == places


def test_alternatives_and_confidence(client: TestClient, shipped: Colorizer, photo: Grey) -> None:
    session, opened = open_session(client, encoded(photo)), shipped.open(photo)
    found = client.post(f"{session}/alternatives", json={"count": 3, "seed": 1}).json()
    expected = opened.alternatives(3, seed=1)
    assert len(found) == len(expected) >= 2
    for one, hints in zip(found, expected, strict=True):
        np.testing.assert_array_equal(painted(client, session, edits=one), opened.paint(hints=hints).rgb)
    sure = client.post(f"{session}/confidence", json={"size": 48})
    assert decoded(sure.content).shape[:2] == (32, 48)


def test_alternatives_agree_with_the_given_hints(client: TestClient, shipped: Colorizer, photo: Grey) -> None:
    session, opened = open_session(client, encoded(photo)), shipped.open(photo)
    edits = {"hints": [{"x": 30, "y": 40, "color": "crimson", "radius": 20}]}
    answer = client.post(f"{session}/alternatives", json={"count": 3, "seed": 1, "edits": edits}).json()
    hints = [Hint.at(30, 40, "crimson", radius=20)]
    assert [one["hints"] for one in answer] == [
        hints_to_json(found) for found in opened.alternatives(3, seed=1, hints=hints)
    ]
    assert answer != client.post(f"{session}/alternatives", json={"count": 3, "seed": 1}).json()


def test_grow_and_paint_a_region(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    mask = client.post(f"{session}/grow", json={"box": [20, 5, 60, 55]}).json()["mask"]
    assert mask["size"] == [64, 96]
    plain = painted(client, session)
    navy = painted(client, session, edits={"hints": [{"mask": mask, "color": "navy"}]})
    changed = (plain != navy).any(axis=2)
    inside = from_rle(mask)
    assert changed[inside].mean() > 0.5
    assert not changed[:, 70:].any()
    assert client.post(f"{session}/grow", json={"box": [0, 0, 96, 64]}).status_code == 422


def test_strokes_edit_a_mask(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    click = {"points": [[40, 30]]}
    mask = client.post(f"{session}/grow", json={"scribbles": [click]}).json()["mask"]
    assert from_rle(mask)[30, 40]
    stroke = {"points": [[80, 10], [90, 10]], "radius": 2}
    more = client.post(f"{session}/grow", json={"mask": mask, "scribbles": [stroke]}).json()["mask"]
    assert from_rle(more)[10, 80:90].all()
    assert (from_rle(more) >= from_rle(mask)).all()
    less = client.post(f"{session}/grow", json={"mask": more, "scribbles": [{**click, "erase": True}]}).json()["mask"]
    assert not from_rle(less)[30, 40]
    assert from_rle(less)[10, 85]
    for wrong in ({}, {"mask": mask}, {"scribbles": [{"points": []}]}, {"scribbles": [{"points": [[900, 5]]}]}):
        assert client.post(f"{session}/grow", json=wrong).status_code == 422


def test_references_come_and_go(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    colour = {"picture": ("../../ref.png", encoded(data.astronaut()[::4, ::4]))}
    assert client.post(f"{session}/references", files=colour).json()["id"] == "r1"
    edits = {"references": [{"id": "r1"}]}
    assert client.post(f"{session}/paint", json={"edits": edits}).status_code == 200
    assert client.post(f"{session}/sidecar", json={"edits": edits}).json()["references"][0]["path"] == "ref.png"
    grey = {"picture": ("grey.png", encoded(photo))}
    assert client.post(f"{session}/references", files=grey).json()["id"] == "r2"
    refused = client.post(f"{session}/paint", json={"edits": {"references": [{"id": "r2"}]}})
    assert (refused.status_code, refused.json()["field"]) == (422, "references")
    assert "grey" in refused.json()["detail"]
    assert client.delete(f"{session}/references/r1").status_code == 204
    gone = client.post(f"{session}/paint", json={"edits": edits})
    assert (gone.status_code, gone.json()["type"]) == (404, "/problems/reference-gone")
    assert client.delete(f"{session}/references/..%2Fpicture").status_code == 404
    for number in range(7):
        assert client.post(f"{session}/references", files=grey).json()["id"] == f"r{number + 3}"
    assert client.post(f"{session}/references", files=grey).json()["limit"] == 8


def test_sidecars_come_back(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    client.post(f"{session}/references", files={"picture": ("ref.png", encoded(data.astronaut()[::4, ::4]))})
    edits = {
        "hints": [HINT],
        "references": [{"id": "r1", "trust": 0.4}],
        "order": [0, -1],
        "palette": "warm",
        "warmth": 0.2,
    }
    sidecar = client.post(f"{session}/sidecar", json={"edits": edits}).content
    loaded = client.post(f"{session}/edits", files={"sidecar": ("e.json", sidecar)}).json()
    assert loaded["missing_references"] == []
    np.testing.assert_array_equal(
        painted(client, session, edits=loaded["edits"]), painted(client, session, edits=edits)
    )
    # Another size of the photograph, without the reference.
    large = open_session(client, encoded(np.kron(photo, np.ones((2, 2), np.uint8))))
    loaded = client.post(f"{large}/edits", files={"sidecar": ("e.json", sidecar)}).json()
    assert [one["path"] for one in loaded["missing_references"]] == ["ref.png"]
    assert (loaded["edits"]["references"], loaded["edits"]["order"]) == ([], [0])
    assert loaded["edits"]["hints"][0]["x"] == 60.5
    assert client.post(f"{large}/paint", json={"edits": loaded["edits"]}).status_code == 200
    other = open_session(client, encoded(photo[:, :50]))
    refused = client.post(f"{other}/edits", files={"sidecar": ("e.json", sidecar)})
    assert (refused.status_code, refused.json()["field"]) == (422, "sidecar")
