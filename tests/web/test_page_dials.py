"""The page's controls are made from the table of dials, which the server gives it as a module of JavaScript."""

from __future__ import annotations

import json
import re
from pathlib import Path

from photochrom.edits.dials import DIALS
from photochrom.web import app
from photochrom.web.page_dials import page_dials


def test_the_page_gets_every_dial_with_its_default_and_range() -> None:
    text = page_dials()
    rows = {row["name"]: row for row in json.loads(text.removeprefix("export default ").rstrip(";\n"))}
    assert list(rows) == list(DIALS)
    assert (rows["warmth"]["low"], rows["warmth"]["high"], rows["warmth"]["default"]) == (-1, 1, 0)
    assert rows["smooth"]["options"] == ["none", "tv", "crf"]


def test_the_page_names_no_dial_where_it_would_have_to_name_a_new_one() -> None:
    """Only where one has a place or a behaviour of its own: the strength of palettes, which is no use without one."""
    folder = Path(app.__file__).parent / "static" / "app"
    named = {
        path.name: {name for name in DIALS if re.search(rf"\b{name}\b", path.read_text("utf-8"))}
        for path in (*folder.glob("*.js"), folder / "index.html")
    }
    assert {path: names for path, names in named.items() if names} == {
        "palettes.js": {"palette_strength"},
        "index.html": {"palette_strength"},
    }
