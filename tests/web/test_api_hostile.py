"""What nobody should send: refused with a reason, and the server lives on."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from api_helpers import encoded, open_session
from fastapi.testclient import TestClient

from helpers import Grey, data
from photochrom.web.app import create_app
from photochrom.web.settings import Settings

PICTURE = encoded(data.camera()[::8, ::8])


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is large."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


UPLOADS: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 422, "empty"),
    "a bomb": (bomb(60_000, 60_000), 413, "megapixels"),
    "less than it says": (bomb(3000, 3000), 422, "damaged"),
    "truncated": (PICTURE[: len(PICTURE) // 2], 422, "damaged"),
    "a truncated JPEG": (encoded(data.camera(), ".jpg")[:9000], 422, "damaged"),
    "text": (b"no picture at all", 415, "not a JPEG"),
    "a page": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "SVG"),
    "a TIFF of nonsense": (b"II*\0" + bytes(range(256)) * 4, 422, ""),
    "NaN": (encoded(np.full((8, 8), np.nan, np.float32), ".tif"), 422, "NaN"),
}


@pytest.mark.parametrize("kind", UPLOADS)
def test_pictures(client: TestClient, kind: str) -> None:
    content, status, reason = UPLOADS[kind]
    for address in ("/v1/colorize", "/v1/sessions"):
        answer = client.post(address, files={"picture": ("../../etc/passwd", content)})
        assert answer.status_code == status, answer.text
        problem = answer.json()
        assert problem["status"] == status
        assert problem["field"] == "picture"
        assert reason in problem["detail"]
        assert "/tmp" not in answer.text
        assert "photochrom-serve" not in answer.text
    assert client.get("/healthz").json() == {"status": "ok"}


def forms() -> dict[str, tuple[dict[str, Any], int, str]]:
    """Arguments of a request, its status, and a word of the reason."""
    picture = ("picture", ("a.png", PICTURE))
    return {
        "300 fields": ({"files": [picture], "data": {f"field{i}": "x" for i in range(300)}}, 400, "fields"),
        "300 files": ({"files": [picture, *[(f"file{i}", ("a", b"x")) for i in range(300)]]}, 400, "files"),
        "no picture": ({"files": {"reference": ("a.png", PICTURE)}}, 422, "expected one"),
        "two pictures": ({"files": [picture, picture]}, 422, "more than 1"),
        "text for a picture": ({"files": {"options": (None, "{}")}, "data": {"picture": "a.png"}}, 400, "fields"),
        "an unknown file": ({"files": [picture, ("mask", ("m.png", PICTURE))]}, 422, "unknown file"),
        "an unknown field": ({"files": [picture], "data": {"url": "http://localhost/"}}, 422, "unknown field"),
        "JSON in place of a form": ({"json": {"picture": "http://localhost/"}}, 415, "multipart"),
        "no boundary": ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "boundary"),
        "a broken form": (
            {"content": b"--x\r\nnonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
            422,
            "expected one",
        ),
    }


@pytest.mark.parametrize("kind", forms())
def test_forms(client: TestClient, kind: str) -> None:
    request, status, reason = forms()[kind]
    answer = client.post("/v1/colorize", **request)
    assert answer.status_code == status, answer.text
    assert reason in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


OPTIONS: dict[str, tuple[str, str]] = {
    "no JSON": ("{", "options"),
    "a list": ("[]", ""),
    "NaN": ('{"hints": [{"x": NaN, "y": 1, "color": "red"}]}', "hints.0"),
    "infinity": ('{"vividness": Infinity}', "vividness"),
    "a huge number": ('{"hints": [{"x": 1e999, "y": 1, "color": "red"}]}', "hints.0"),
    "a number of 5000 digits": ('{"seed": ' + "9" * 5000 + "}", "options"),
    "a deep list": ("[" * 100_000, "options"),
    "an unknown key": ('{"colour": 1}', "colour"),
    "outside the picture": ('{"hints": [{"x": 64, "y": 1, "color": "red"}]}', "hints"),
    "no such colour": ('{"hints": [{"x": 1, "y": 1, "color": "olve"}]}', "hints"),
    "no colour": ('{"hints": [{"x": 1, "y": 1}]}', "hints"),
    "a colour without end": (json.dumps({"hints": [{"x": 1, "y": 1, "color": "r" * 10_000}]}), "hints.0"),
    "10,001 hints": (json.dumps({"hints": [{"x": 1, "y": 1, "color": "red"}] * 10_001}), "hints"),
    "negative sizes": ('{"hints": [{"mask": {"size": [-64, 64], "counts": [0, 4096]}, "color": "red"}]}', "hints.0"),
    "a mask of another size": (
        '{"hints": [{"mask": {"size": [32, 64], "counts": [0, 2048]}, "color": "red"}]}',
        "hints.0.mask",
    ),
    "a mask of a terabyte": (
        '{"hints": [{"mask": {"size": [1000000, 1000000], "counts": [0, 1000000000000]}, "color": "red"}]}',
        "hints.0.mask",
    ),
    "a mask with more than it has": (
        '{"hints": [{"mask": {"size": [64, 64], "counts": [0, 9999]}, "color": "red"}]}',
        "hints",
    ),
    "an empty mask": ('{"hints": [{"mask": {"size": [64, 64], "counts": [4096]}, "color": "red"}]}', "hints"),
    "run lengths of nonsense": (
        '{"hints": [{"mask": {"size": [64, 64], "counts": "\\u00e9~"}, "color": "red"}]}',
        "hints",
    ),
    "an order that repeats": ('{"hints": [{"x": 1, "y": 1, "color": "red"}], "order": [0, 0]}', "order"),
    "no such reference": ('{"references": [{"id": "../r1"}]}', "references"),
    "no such palette": ('{"palette": "../../etc/passwd"}', "palette"),
    "no such model": ('{"model": "/etc/passwd.onnx"}', "model"),
    "a model that is not there": ('{"model": "zhang16"}', "model"),
    "a negative quality": ('{"jpeg_quality": -1}', "jpeg_quality"),
    "a format that is not written": ('{"format": "exe"}', "format"),
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_options(client: TestClient, kind: str) -> None:
    options, field = OPTIONS[kind]
    answer = client.post("/v1/colorize", files={"picture": ("a.png", PICTURE)}, data={"options": options})
    assert answer.status_code in (400, 404, 413, 422), answer.text
    problem = answer.json()
    assert problem["detail"]
    assert str(problem.get("field", "")).startswith(field)


def test_json_bodies(client: TestClient, photo: Grey) -> None:
    session = open_session(client, encoded(photo))
    for body in (b"{", b"[" * 100_000, b'{"size": ' + b"9" * 5000 + b"}", b'{"size": NaN}', b"\xff\xfe", b"null", b""):
        answer = client.post(f"{session}/paint", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    for wanted in ({"size": 0}, {"size": -5}, {"size": 100_000}, {"view": {"x": -1, "y": 0, "width": 5, "height": 5}}):
        assert client.post(f"{session}/paint", json=wanted).status_code == 422
    outside = client.post(f"{session}/paint", json={"view": {"x": 90, "y": 0, "width": 50, "height": 5}})
    assert (outside.status_code, outside.json()["field"]) == (422, "view")
    for box in ([5, 5, 1, 1], [0, 0, 1e6, 1e6]):
        assert client.post(f"{session}/grow", json={"box": box}).status_code == 422
    for sidecar in (b"{", b"[]", b'{"photochrom": 1}', b'{"photochrom": 1, "size": [1e9, 1e9]}', b"[" * 100_000):
        answer = client.post(f"{session}/edits", files={"sidecar": ("s.json", sidecar)})
        assert (answer.status_code, answer.json()["field"]) == (422, "sidecar"), answer.text


def test_limits_of_size(here: Path) -> None:
    settings = Settings(max_bytes=20_000, max_json=2000, max_pixels=5000, threads=1)
    with TestClient(create_app(settings)) as client:
        too_long = client.post("/v1/colorize", files={"picture": ("a.png", bytes(300_000))})
        assert (too_long.status_code, too_long.json()["limit"]) == (413, 20_000)

        def unannounced() -> Iterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n'
            for _ in range(30):
                yield bytes(10_000)

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        unsaid = client.post("/v1/colorize", content=unannounced(), headers=headers)
        assert (unsaid.status_code, unsaid.json()["limit"]) == (413, 20_000)
        huge = client.post("/v1/sessions/x/paint", json={"edits": {"palette": "x" * 5000}})
        assert (huge.status_code, huge.json()["limit"]) == (413, 2000)
        many = client.post("/v1/colorize", files={"picture": ("a.png", PICTURE)}, data={"options": " " * 3000})
        assert many.status_code in (400, 413)
        pixels = client.post("/v1/colorize", files={"picture": ("a.png", encoded(np.zeros((80, 80), np.uint8)))})
        assert (pixels.status_code, pixels.json()["limit"]) == (413, 5000)
        assert client.post("/v1/colorize", files={"picture": ("a.png", PICTURE)}).status_code == 200


def test_addresses(client: TestClient) -> None:
    for name in ("../../etc", "..%2F..%2Fetc%2Fpasswd", "0" * 32, "%00", "incoming", "a" * 5000):
        for address in (f"/v1/sessions/{name}", f"/v1/results/{name}", f"/static/docs/{name}", f"/static/app/{name}"):
            assert client.get(address).status_code == 404, address
    assert client.put("/v1/colorize").status_code == 405
    assert client.get("/v1/sessions").json()["type"] == "/problems/method-not-allowed"
