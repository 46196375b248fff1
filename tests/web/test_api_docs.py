"""The examples of docs/api.md run as they stand there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_helpers import listening

from helpers import Command, data, load, save
from photochrom.web.app import create_app
from photochrom.web.settings import Settings

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The examples in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server."""
    with listening(create_app(Settings(threads=1))) as found:
        yield found


@pytest.fixture(autouse=True)
def pictures(here: Path) -> None:
    save(data.camera()[::2, ::2], here / "photo.jpg")
    save(data.astronaut()[::4, ::4], here / "colour.jpg")


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this computer")
def test_curl(address: str) -> None:
    one, steered, samples, wrong = (
        subprocess.run(
            ["sh", "-c", f"set -e\n{block.replace('http://127.0.0.1:8080', address)}"], capture_output=True, check=True
        )
        for block in blocks("sh")
    )
    assert one.stdout == steered.stdout == b""
    assert load(Path("photo_color.jpg")).shape == load(Path("photo_color.png")).shape == (256, 256, 3)
    assert len(json.loads(samples.stdout)["results"]) == 2
    assert json.loads(wrong.stdout)["field"] == "vividness"


def test_python(address: str, photochrom: Command) -> None:
    (block,) = blocks("python")
    code = block.replace("http://127.0.0.1:8080", address)
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert re.match(r"\d+ \d+ \['", done.stdout)
    again = photochrom("colorize", "photo.jpg", "--edits", "photo.photochrom.json", "--threads", "1", "-o", "again.jpg")
    assert again.code == 0, again.err
    assert Path("again.jpg").read_bytes() == Path("photo_color.jpg").read_bytes()


def test_the_words_of_the_tables() -> None:
    """Each option and problem that there is stands in the page."""
    from photochrom.web.options import Colorize
    from photochrom.web.problems import KINDS

    for word in [*Colorize.model_fields, *(set(KINDS) - {"error"})]:
        assert f"`{word}`" in TEXT, word
