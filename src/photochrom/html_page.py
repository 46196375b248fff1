"""A report as one HTML file: it asks nothing of the net, which its Content-Security-Policy forbids, and opens from a disk."""

from __future__ import annotations

import json
from html import escape
from typing import Any

__all__ = ["html_page"]

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def html_page(title: str, body: str, *, style: str, script: str, data: Any) -> str:
    """The file's text. title: plain text. body: HTML. data: what the script finds as JSON in the element with the id ``data``."""
    # A "</script>" in a text would end the element.
    payload = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
{body}
<script type="application/json" id="data">{payload}</script>
<script>
{script}</script>
</body>
</html>
"""
