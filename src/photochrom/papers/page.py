"""A page that is written as Markdown and as HTML from the same words."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path

from photochrom.train.files import replacing

__all__ = ["Page"]

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:78rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
th,td{border:1px solid #ccc;padding:.25rem .6rem;text-align:right}
th.text,td.text{text-align:left}th{background:#f3f3f3}img{max-width:100%;height:auto}code{background:#f3f3f3}
pre{background:#f3f3f3;padding:.6rem;overflow-x:auto}pre code{background:none}"""


class Page:
    """Headings, paragraphs, tables and pictures, in order. Text may hold `code`, **strong** and [links](where)."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._markdown, self._html = [f"# {title}"], [f"<h1>{_inline(title)}</h1>"]

    def heading(self, text: str) -> None:
        """A heading of the second level."""
        self._markdown.append(f"## {text}")
        self._html.append(f"<h2>{_inline(text)}</h2>")

    def text(self, text: str) -> None:
        """A paragraph."""
        self._markdown.append(text)
        self._html.append(f"<p>{_inline(text)}</p>")

    def code(self, text: str) -> None:
        """A command."""
        self._markdown.append(f"```\n{text}\n```")
        self._html.append(f"<pre><code>{html.escape(text)}</code></pre>")

    def table(self, head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
        """A table; columns of numbers are aligned to the right."""
        right = [all(re.match(r"[-+]?[\d.,]|$", line[at]) for line in lines) for at in range(len(head))]
        rule = "|".join(" ---: " if numbers else " --- " for numbers in right)
        rows = [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(line)} |" for line in lines)]
        self._markdown.append("\n".join(rows))
        kinds = ["" if numbers else ' class="text"' for numbers in right]
        cells = "".join(f"<th{kind}>{_inline(cell)}</th>" for kind, cell in zip(kinds, head, strict=True))
        body = "".join(
            "<tr>"
            + "".join(f"<td{kind}>{_inline(cell)}</td>" for kind, cell in zip(kinds, line, strict=True))
            + "</tr>\n"
            for line in lines
        )
        self._html.append(f"<table><thead><tr>{cells}</tr></thead>\n<tbody>{body}</tbody></table>")

    def picture(self, path: str, caption: str) -> None:
        """The picture at ``path``, relative to the page, and its caption."""
        self._markdown.append(f"![{caption}]({path})")
        self._html.append(f'<p><img src="{html.escape(path)}" alt="{html.escape(caption)}"></p>')

    def write(self, folder: Path, stem: str) -> list[Path]:
        """Write ``stem``.md and ``stem``.html. Raises OutputWriteError."""
        whole = (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(self.title)}</title>\n'
            f"<style>{_STYLE}</style></head><body>\n" + "\n".join(self._html) + "\n</body></html>\n"
        )
        paths = []
        for suffix, text in ((".md", "\n\n".join(self._markdown) + "\n"), (".html", whole)):
            path = folder / f"{stem}{suffix}"
            with replacing(path) as part:
                part.write_text(text, "utf-8")
            paths.append(path)
        return paths


def _inline(text: str) -> str:
    escaped = html.escape(text, quote=False)
    escaped = re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)
    # A page that is linked to stands beside its Markdown as HTML: a browser would show the source.
    escaped = re.sub(r"\[([^]]+)\]\(([^):]+)\.md\)", r"[\1](\2.html)", escaped)
    escaped = re.sub(r"\[([^]]+)\]\(([^)]+)\)", r'<a href="\2">\1</a>', escaped)
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", escaped)
