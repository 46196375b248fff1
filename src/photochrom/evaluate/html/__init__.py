"""An evaluation as one page to look at: tables, intervals, differences, colours and pictures, in a single file.

Tables and plots are there without JavaScript, which adds sorting, the choice of set, and the pictures. It writes down what
``evaluate`` has measured, and must import neither the colorizer nor a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from photochrom.evaluate.html.gallery import PICTURE_BUDGET, gallery, listing
from photochrom.evaluate.html.head import head, making
from photochrom.evaluate.html.plots import histograms, intervals
from photochrom.evaluate.html.tables import comparisons, excluded, figures, glossary
from photochrom.evaluate.render import Shown
from photochrom.html_page import html_page

__all__ = ["PICTURE_BUDGET", "write_html"]


def write_html(
    report: Mapping[str, Any],
    pictures: Mapping[str, Mapping[str, Shown]],
    out: Path,
    *,
    budget: int = PICTURE_BUDGET,
) -> None:
    """Write the page ``out``.

    Args:
        report: the content of report.json; docs/evaluation/README.md describes its keys.
        pictures: those to show, by set and name; an empty mapping leaves pictures out.
        out: the file.
        budget: the largest size in bytes of all pictures in the page. They get smaller, then fewer, to keep to it.

    Raises OSError where the folder refuses.
    """
    static = files("photochrom.evaluate.html") / "static"
    shared = budget // max(1, len(report["sets"]))
    sections, data = [], []
    for number, one in enumerate(report["sets"]):
        shown = gallery(one, pictures.get(one["name"], {}), shared)
        data.append(shown)
        sections.append(_section(number, one, report["metrics"], bool(shown["pictures"])))
    title = f"Photochrom evaluation: {', '.join(one['name'] for one in report['sets'])}"
    body = f"""<a class="skip" href="#results">Skip to the figures</a>
{head(report)}
<main id="results">
{"".join(sections)}
{glossary(report["metrics"])}
{making(report)}
</main>"""
    page = html_page(
        title,
        body,
        style=(static / "report.css").read_text(encoding="utf-8"),
        script=(static / "report.js").read_text(encoding="utf-8"),
        data={"metrics": report["metrics"], "sets": data},
    )
    out.write_text(page, encoding="utf-8")


def _section(number: int, one: Mapping[str, Any], metrics: list[dict[str, Any]], has_pictures: bool) -> str:
    """Everything about one set."""
    parts = [
        ("figures", "Figures", figures(one, metrics, f"figures-{number}")),
        ("intervals", "Intervals", intervals(one, metrics)),
        ("comparisons", "Differences between methods", comparisons(one, metrics, f"differences-{number}")),
        ("colours", "Colours used", histograms(one)),
        ("pictures", "Pictures", (_viewer(number) if has_pictures else "") + listing(one, metrics)),
        ("excluded", "Left out", excluded(one)),
    ]
    body = "".join(
        f'<section class="part {kind}" aria-labelledby="{kind}-head-{number}">'
        f'<h3 id="{kind}-head-{number}">{title}</h3>{content}</section>\n'
        for kind, title, content in parts
        if content
    )
    count = f"{one['measured']} of {one['pictures']} pictures measured"
    return (
        f'<section class="set" id="set-{number}" data-name="{escape(one["name"])}" aria-labelledby="set-head-{number}">'
        f'<header class="set-head"><h2 id="set-head-{number}">{escape(one["name"])}</h2><p>{count}</p></header>\n'
        f"{body}</section>\n"
    )


def _viewer(number: int) -> str:
    """The frame that the script fills with pictures."""
    return f'<div class="gallery" data-set="{number}"><noscript><p>The pictures need JavaScript.</p></noscript></div>'
