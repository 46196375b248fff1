"""A server for the network: real addresses, a token that a phone takes with the link, a QR code."""

from __future__ import annotations

import re
from typing import Any

import pytest

from photochrom.web import lan
from photochrom.web.server import check_host
from photochrom.web.settings import Settings


def test_a_server_for_others_has_a_token() -> None:
    one, two = (check_host("0.0.0.0", Settings(), no_token=False).token for _ in range(2))
    assert one is not None
    assert one != two
    assert re.fullmatch(r"[a-z0-9-]{19}", one)
    assert check_host("0.0.0.0", Settings(token="given given"), no_token=False).token == "given given"
    assert check_host("0.0.0.0", Settings(), no_token=True).token is None
    assert check_host("127.0.0.1", Settings(), no_token=False).token is None


def test_what_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lan.announcement("127.0.0.1", 8080, "secret one") == "http://127.0.0.1:8080/"
    monkeypatch.setattr(lan, "own_addresses", lambda host: ["192.168.1.5", "10.0.0.7"])
    text = lan.announcement("0.0.0.0", 8080, "secret/one")
    assert text.startswith("http://192.168.1.5:8080/#token=secret%2Fone\n  or http://10.0.0.7:8080/#token=")
    assert "unencrypted" in text
    assert "secret/one" in text
    assert "everybody" in lan.announcement("0.0.0.0", 8080, None)
    assert "0.0.0.0" not in text


def test_own_addresses_are_real() -> None:
    assert lan.own_addresses("192.168.7.7") == ["192.168.7.7"]
    for one in lan.own_addresses("0.0.0.0"):
        assert re.fullmatch(r"\d+(\.\d+){3}", one)
        assert not one.startswith(("127.", "0."))


def test_the_code_holds_the_address() -> None:
    cv2: Any = pytest.importorskip("cv2")
    np: Any = pytest.importorskip("numpy")
    link = "http://192.168.1.5:8080/#token=abcd-efgh-jkmn-pqrs"
    signs = {" ": (255, 255), "█": (0, 0), "▀": (0, 255), "▄": (255, 0)}
    rows = []
    for line in re.sub(r"\x1b\[[0-9;]*m", "", lan.qr_code(link)).splitlines():
        rows += [[signs[sign][half] for sign in line] for half in (0, 1)]
    picture = cv2.resize(np.pad(np.uint8(rows), 4, constant_values=255), None, fx=6, fy=6, interpolation=0)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == link
