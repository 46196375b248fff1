"""The API gives what the command line writes, bit for bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from api_helpers import open_session
from fastapi.testclient import TestClient

from helpers import Command, Grey, data, save
from photochrom.edits.masks import to_rle

pytestmark = pytest.mark.pixels

MASK = np.zeros((64, 96), np.uint8)
MASK[10:40, 20:60] = 255
RLE = to_rle(MASK)

#: What is asked: arguments of the command line, the same for the API, and how many reference pictures.
CASES: dict[str, tuple[list[str], dict[str, Any], int]] = {
    "automatic": ([], {}, 0),
    "dials": (
        ["--vividness", "0.8", "--warmth", "-0.4", "--smooth", "tv"],
        {"vividness": 0.8, "warmth": -0.4, "smooth": "tv"},
        0,
    ),
    "hints": (
        ["--hint", "30,40=tan", "--hint", "70,10,3,0.5=#3050a0"],
        {
            "hints": [
                {"x": 30, "y": 40, "color": "tan"},
                {"x": 70, "y": 10, "radius": 3, "strength": 0.5, "color": "#3050a0"},
            ]
        },
        0,
    ),
    "reach": (
        ["--hint", "30,40=tan@alike", "--hint", "70,10,3=teal@here", "--keep", "10,10"],
        {
            "hints": [
                {"x": 30, "y": 40, "color": "tan", "reach": "alike"},
                {"x": 70, "y": 10, "radius": 3, "color": "teal", "reach": "here"},
                {"x": 10, "y": 10, "keep": True},
            ]
        },
        0,
    ),
    "region": (["--region", "m.png=navy"], {"hints": [{"mask": RLE, "color": "navy"}]}, 0),
    "reference": (["--reference", "ref.png", "--trust", "0.7"], {"references": [{"id": "r1", "trust": 0.7}]}, 1),
    "region from a picture": (
        ["--region", "m.png=ref.png", "--hint", "5,5=olive"],
        {"references": [{"id": "r1", "mask": RLE}], "hints": [{"x": 5, "y": 5, "color": "olive"}]},
        1,
    ),
    "palette": (
        ["--palette", "autumn", "--palette-strength", "0.7"],
        {"palette": "autumn", "palette_strength": 0.7},
        0,
    ),
    "palette of a picture": (["--palette", "ref.png"], {"palette": "r1"}, 1),
    "best": (["--quality", "best"], {"quality": "best"}, 0),
}
PLAIN = {name: case for name, case in CASES.items() if name != "best"}


@pytest.fixture(autouse=True)
def pictures(here: Path, photo: Grey) -> None:
    save(photo, here / "a.png")
    save(MASK, here / "m.png")
    save(data.astronaut()[::4, ::4], here / "ref.png")


def by_command(photochrom: Command, source: str, arguments: list[str], target: str = "") -> bytes:
    run = photochrom("colorize", source, *arguments, "--threads", "1", "-o", target or f"out{Path(source).suffix}")
    assert run.code == 0, run.err
    return Path(target or f"out{Path(source).suffix}").read_bytes()


def by_api(client: TestClient, source: str, options: dict[str, Any], references: int = 0) -> bytes:
    files = [("picture", (source, Path(source).read_bytes()))]
    files += [("reference", ("ref.png", Path("ref.png").read_bytes()))] * references
    answer = client.post("/v1/colorize", files=files, data={"options": json.dumps(options)})
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize("case", CASES)
def test_one_request(client: TestClient, photochrom: Command, case: str) -> None:
    arguments, options, references = CASES[case]
    assert by_api(client, "a.png", options, references) == by_command(photochrom, "a.png", arguments)


@pytest.mark.parametrize("case", PLAIN)
def test_a_session(client: TestClient, photochrom: Command, case: str) -> None:
    arguments, edits, references = PLAIN[case]
    session = open_session(client, Path("a.png").read_bytes())
    for _ in range(references):
        answer = client.post(f"{session}/references", files={"picture": ("ref.png", Path("ref.png").read_bytes())})
        assert answer.json() == {"id": "r1", "width": 128, "height": 128}
    answer = client.post(f"{session}/result", json={"edits": edits})
    assert answer.content == by_command(photochrom, "a.png", arguments)
    # And its sidecar is as good as the arguments.
    sidecar = client.post(f"{session}/sidecar", json={"edits": edits})
    Path("e.json").write_bytes(sidecar.content)
    again = photochrom("colorize", "a.png", "--edits", "e.json", "--threads", "1", "-o", "again.png")
    assert again.code == 0, again.err
    assert Path("again.png").read_bytes() == answer.content


@pytest.mark.parametrize(("name", "options"), [("a.jpg", {"Q": 92}), ("a.tif", {}), ("a.webp", {"lossless": True})])
def test_formats(client: TestClient, photochrom: Command, photo: Grey, name: str, options: dict[str, Any]) -> None:
    deep = photo.astype(np.uint16) * 200 + np.arange(96, dtype=np.uint16)
    save(deep if name == "a.tif" else photo, Path(name), **options)
    edits = {"hints": [{"x": 30, "y": 40, "color": "tan"}]}
    assert by_api(client, name, edits) == by_command(photochrom, name, ["--hint", "30,40=tan"])
    as_jpeg = by_api(client, name, edits | {"format": "jpeg", "jpeg_quality": 95})
    assert as_jpeg == by_command(photochrom, name, ["--hint", "30,40=tan", "--jpeg-quality", "95"], "other.jpg")


def test_samples(client: TestClient, photochrom: Command) -> None:
    run = photochrom(
        "colorize", "a.png", "--samples", "3", "--seed", "1", "--hint", "30,40=tan", "--json", "--threads", "1"
    )
    written = [Path(name).read_bytes() for name in run.lines[0]["samples"]]
    options = {"samples": 3, "seed": 1, "hints": [{"x": 30, "y": 40, "color": "tan"}]}
    answer = client.post(
        "/v1/colorize",
        files={"picture": ("a.png", Path("a.png").read_bytes())},
        data={"options": json.dumps(options)},
    ).json()
    assert [client.get(one["href"]).content for one in answer["results"]] == written
    assert answer["expires_in"] == 3600
    for key in ("width", "height", "bit_depth", "model", "tint", "confidence"):
        assert answer[key] == run.lines[0][key]


def test_links_where_json_is_asked_for(client: TestClient) -> None:
    files = {"picture": ("old photo.png", Path("a.png").read_bytes())}
    answer = client.post("/v1/colorize", files=files, headers={"Accept": "application/json"}).json()
    found = client.get(answer["results"][0]["href"])
    assert found.content == by_api(client, "a.png", {})
    assert found.headers["content-type"] == "image/png"
    assert "old%20photo_color.png" in found.headers["content-disposition"]
