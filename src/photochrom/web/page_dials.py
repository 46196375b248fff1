"""The table of dials as a module of JavaScript, from which the page makes its controls."""

from __future__ import annotations

import json
from dataclasses import asdict

from photochrom.edits.dials import DIALS

__all__ = ["page_dials"]


def page_dials() -> str:
    """``export default [...]``: name, default, help and range or options of each dial, as in :mod:`photochrom.edits.dials`."""
    return f"export default {json.dumps([{'name': name} | asdict(kind) for name, kind in DIALS.items()], indent=1)};\n"
