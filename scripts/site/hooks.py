"""Hooks of MkDocs: pages that are files at the top of the repository or new, and links to source files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
#: The repository's files that are pages of the site, too.
PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}

_LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s]+)(\))")


def on_config(config: Any) -> Any:
    """Pages that nobody has put into the navigation stand at its end, under More."""
    docs = Path(config["docs_dir"])
    named = set(_paths(config["nav"]))
    more = [path for file in sorted(docs.rglob("*.md")) if (path := file.relative_to(docs).as_posix()) not in named]
    if more:
        config["nav"].append({"More": more})
    return config


def _paths(nav: Any) -> Iterator[str]:
    """The pages of a navigation, which is a path, a list, or a title with either."""
    if isinstance(nav, str):
        yield nav
    else:
        for part in nav.values() if isinstance(nav, dict) else nav:
            yield from _paths(part)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages, their links made those of the site."""
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_LINK.sub(_link, text)))
    return files


def _link(found: re.Match[str]) -> str:
    before, target, after = found.groups()
    path, hash_, anchor = target.partition("#")
    return f"{before}{PAGES.get(path, path.removeprefix('docs/'))}{hash_}{anchor}{after}"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """A link to a file of the repository outside docs/ is a link to nothing in the site: its name stays, as code."""

    def checked(found: re.Match[str]) -> str:
        target = found[2].partition("#")[0]
        if not target.startswith("../"):
            return found[0]
        file = (ROOT / "docs" / page.file.src_uri).parent / target
        if not file.exists():
            raise FileNotFoundError(f"{page.file.src_uri} links to {target}, which is not there")
        if (ROOT / "docs") in file.resolve().parents:
            return found[0]
        return f"`{file.resolve().relative_to(ROOT).as_posix()}`"

    return _LINK.sub(checked, markdown)
