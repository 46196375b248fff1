"""Placeholder until the page is merged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from photochrom.evaluate.render import Shown


def write_html(report: dict[str, Any], pictures: Mapping[str, Mapping[str, Shown]], out: Path) -> None:
    """Write nothing yet."""
    out.write_text("<!doctype html><title>photochrom evaluate</title>")
