"""A batch as one page to look at: counts, speed, failures, and contact sheets of what deserves a look.

The page is one file, asks nothing of the net, and holds small copies of the pictures that it shows. Of many rows it lists a
sample: all kinds of failures, and results spread evenly over the batch.
"""

from __future__ import annotations

import os
import time
from html import escape
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from photochrom.archive import stores
from photochrom.archive.execute import bag_place
from photochrom.archive.manifest import Manifest
from photochrom.archive.report.sheets import Sheet, sheets
from photochrom.archive.report.tables import finished_over_time, sampled
from photochrom.archive.status import Status, status
from photochrom.html_page import html_page
from photochrom.version import __version__

__all__ = ["write_report"]


def write_report(manifest: Manifest, page: Path | None = None, *, out: str | None = None) -> Path:
    """Write the page, by default ``report.html`` in the destination, or here for a remote one; returns its path.

    out: the destination, or a copy of it; None: where the batch wrote. Raises ManifestError, OSError where the folder refuses.
    """
    found = status(manifest, out=out)
    out, bag = found.out, manifest.about("bag") == "yes"
    if page is None:
        page = Path("report.html" if stores.is_remote(out) else f"{out}/report.html")
    place, folder = bag_place(out, bag), page.resolve().parent
    rows, total = sampled(manifest)
    shown = sheets(manifest, place)
    payload = {
        "rows": rows,
        "before": {number: _link(uri, folder) for number, uri in manifest.origins().items()},
        "after": _link(place, folder),
        "sheets": [{"title": sheet.title, "pictures": sheet.pictures} for sheet in shown],
    }
    body = "".join(
        [
            _head(found),
            "<main>",
            _counts(found),
            _speed(found, finished_over_time(manifest)),
            _failures(found),
            *(_sheet(number, sheet) for number, sheet in enumerate(shown)),
            _table(len(rows), total),
            "</main>",
        ]
    )
    static = files("photochrom.archive.report") / "static"
    text = html_page(
        f"Batch: {found.out}",
        f"{body}\n{_PAIR}",
        style=(static / "batch.css").read_text(encoding="utf-8"),
        script=(static / "batch.js").read_text(encoding="utf-8"),
        data=payload,
    )
    page.write_text(text, encoding="utf-8")
    return page


#: The window that shows a picture before and after.
_PAIR = """<dialog id="pair" aria-labelledby="pair-name">
<form method="dialog"><h2 id="pair-name"></h2><button aria-label="Close">Close</button></form>
<div class="pair"><figure><img id="before" alt="Before"><figcaption><a id="before-link">Before</a></figcaption></figure>
<figure><img id="after" alt="After"><figcaption><a id="after-link">After</a></figcaption></figure></div>
<p id="pair-note"></p>
</dialog>"""


def _head(found: Status) -> str:
    models = sorted(
        {f"{one['model']} ({one['model_sha256'][:12]}), Photochrom {one['version']}" for one in found.works}
    )
    made = f"<p>Made with {escape('; '.join(models))}.</p>" if models else ""
    written = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    return (
        f'<header><p class="soft">Photochrom {__version__} batch, {written}</p><h1>{escape(found.out)}</h1>{made}'
        "<p>Colours are plausible, not historical. What stands below is picked by the machine so that people look where it is "
        "most likely to be wrong.</p></header>"
    )


def _counts(found: Status) -> str:
    total = sum(found.counts.values()) or 1
    rows = "".join(
        f'<tr><th scope="row">{state.label}</th><td class="n">{count:,}</td><td class="n">{100 * count / total:.1f} %</td>'
        f'<td class="bar"><span style="width:{100 * count / total:.2f}%"></span></td></tr>'
        for state, count in sorted(found.counts.items())
    )
    return f"<section><h2>{total if found.counts else 0:,} pictures</h2><table>{rows}</table></section>"


def _speed(found: Status, bins: list[tuple[float, int]]) -> str:
    runs = [one for one in found.drivers if one.pictures]
    if not runs or not bins:
        return ""
    most = max(count for _, count in bins) or 1
    width = 100 / len(bins)
    bars = "".join(
        f'<rect x="{index * width:.3f}" width="{width * 0.85:.3f}" y="{30 - 30 * count / most:.2f}" '
        f'height="{30 * count / most:.2f}">'
        f"<title>{time.strftime('%Y-%m-%d %H:%M', time.gmtime(start))}: {count:,}</title></rect>"
        for index, (start, count) in enumerate(bins)
    )
    first, last = (time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(bins[index][0])) for index in (0, -1))
    lines = "".join(
        f"<tr><td>{time.strftime('%Y-%m-%d %H:%M', time.gmtime(one.started))}</td><td>{escape(one.name)}</td>"
        f'<td>{escape(one.workers or "")}</td><td class="n">{one.pictures:,}</td>'
        f'<td class="n">{one.seconds / one.pictures:.2f} s</td></tr>'
        for one in runs[-20:]
    )
    numbers = "".join(f'<th class="n">{name}</th>' for name in ("Pictures", "Worker's time for each"))
    head = f"<tr><th>Begun</th><th>Driver</th><th>Workers</th>{numbers}</tr>"
    return (
        f'<section><h2>Speed</h2><figure><svg viewBox="0 0 100 30" preserveAspectRatio="none" role="img" '
        f'aria-label="Pictures finished over time">{bars}</svg><figcaption>Pictures finished, from {first} to {last}'
        f'</figcaption></figure><div class="scroll"><table><thead>{head}</thead>{lines}</table></div></section>'
    )


def _failures(found: Status) -> str:
    if not found.failures:
        return ""
    rows = "".join(
        f'<tr><th scope="row"><button class="link" data-search="{escape(kind)}">{escape(kind)}</button></th>'
        f'<td class="n">{count:,}</td></tr>'
        for kind, count in found.failures.items()
    )
    return (
        f"<section><h2>Failures by kind</h2><table>{rows}</table><p>A kind's pictures are listed below when it is clicked. "
        f"<code>photochrom batch retry {escape(found.out)}</code> tries them again.</p></section>"
    )


def _sheet(number: int, sheet: Sheet) -> str:
    frame = f'<div class="sheet" data-sheet="{number}"></div>' if sheet.pictures else "<p>None.</p>"
    return f"<section><h2>{escape(sheet.title)}</h2><p class=soft>{escape(sheet.rule)}</p>{frame}</section>"


def _table(shown: int, total: int) -> str:
    what = (
        f"All {total:,} pictures"
        if shown == total
        else f"{shown:,} of {total:,} pictures: a sample, with failures first"
    )
    head = "".join(f"<th>{name}</th>" for name in ("Picture", "State", "Confidence", "Chroma", "Seconds", "Message"))
    return (
        f'<section id="list"><h2>{what}</h2><form><label>Search <input id="search" type="search" autocomplete="off"></label> '
        f'<button type="button" id="earlier">Earlier</button> <span id="where" aria-live="polite"></span> '
        f'<button type="button" id="later">Later</button></form>'
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody id="rows"></tbody></table></div></section>'
    )


def _link(address: str, folder: Path) -> str | None:
    """What names are put behind to reach a file from the page; None for what no browser opens, such as s3://."""
    if address.startswith(("https://", "http://")):
        return address
    if stores.is_remote(address):
        return None
    try:
        below = os.path.relpath(address or "/", folder).replace(os.sep, "/")
    except ValueError:  # on another drive of Windows
        return stores.join(Path(address).as_uri())
    return stores.join(quote(below))
