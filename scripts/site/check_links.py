"""Check a built site: every link and picture leads to a file and a place in it, and nothing is loaded from elsewhere.

    python scripts/site/check_links.py .site

Needs no network. Exits with 1 and one line for each link that leads nowhere.
"""

from __future__ import annotations

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: What a browser loads by itself, by element: these must come with the site.
LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "video": "src"}


class Page(HTMLParser):
    """A page's links, what it loads, and the places that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = {"", "__top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element links to."""
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") not in ("canonical", "next", "prev", "alternate"):
            self.loaded.append(given.get("href", ""))
        if tag in LOADED and given.get(LOADED[tag]):
            self.loaded.append(given[LOADED[tag]])


@cache
def _page(file: Path) -> Page:
    return Page(file.read_text(encoding="utf-8"))


def problems(site: Path) -> list[str]:
    """What leads nowhere, or is loaded from elsewhere."""
    found = []
    for file in sorted(site.rglob("*.html")):
        page = _page(file)
        name = file.relative_to(site).as_posix()
        found += [f"{name} loads {url}" for url in page.loaded if urlsplit(url).scheme in ("http", "https")]
        for url in page.links + page.loaded:
            parts = urlsplit(url)
            # What begins with a slash belongs to the page for unknown addresses, which is shown anywhere.
            if parts.scheme or parts.netloc or (file.name == "404.html" and parts.path.startswith("/")):
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                found.append(f"{name} links to {url}, which is not there")
            elif target.suffix == ".html" and unquote(parts.fragment) not in _page(target).places:
                found.append(f"{name} links to {url}, and there is no such place")
    return found


def main(site: Path) -> int:
    """The exit code."""
    wrong = problems(site)
    for line in wrong:
        print(line)
    print(f"{site}: {len(list(site.rglob('*.html')))} pages, {len(wrong)} links that lead nowhere")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
