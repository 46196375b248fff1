"""The table of sources: which pictures of which folder or repository are wanted, and under which terms.

A tab-separated file with one row a source and the columns of :class:`Source`. ``-`` stands for none. Lines that start with ``#``
and empty lines are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path

from photochrom.errors import SourceTableError

__all__ = ["TREATMENTS", "Source", "read_exclusions", "read_sources"]

#: What a row's ``treat`` may ask for: swap red and blue back, cut a uniform border off, keep pictures on a flat background.
TREATMENTS = ("swap", "unpad", "flat")
#: What a row's ``use`` may be; see docs/training.md.
USES = ("free", "noncommercial", "research", "unclear")


@dataclass(frozen=True)
class Source:
    """One row. Sizes are short sides in pixels."""

    #: Name of the source, which becomes the name of its shards and the column ``source`` in them.
    name: str
    #: ``owner/name`` of a repository, looked for among the clones, or the path of a folder, relative to the table.
    place: str
    #: Commit whose files are taken, 40 hexadecimal digits; None for a folder.
    commit: str | None
    #: Regular expression that the path of a wanted picture matches somewhere; its group ``class`` is the picture's class.
    rule: re.Pattern[str]
    #: Paths that match this one are not wanted; None: no such.
    unless: re.Pattern[str] | None
    #: Pictures are made smaller to this short side, and left out where theirs is below ``smallest``.
    side: int
    smallest: int
    #: At most so many pictures; None: all.
    most: int | None
    #: What is done to every picture (:data:`TREATMENTS`).
    treat: tuple[str, ...]
    #: ``train``, or the name of the test that this source is held back for, wholly.
    role: str
    #: Terms of use in short (:data:`USES`), and as they are stated.
    use: str
    terms: str
    #: What the pictures show.
    content: str


def read_sources(path: str | Path) -> list[Source]:
    """The rows of a table. Raises SourceTableError, which names the line and what is wrong with it."""
    path = Path(path)
    lines = _lines(path)
    names = [field.name for field in fields(Source)]
    if not lines or lines[0][1] != names:
        raise SourceTableError(f"expected a first line with the columns {' '.join(names)}, separated by tabs", path)
    sources: list[Source] = []
    for number, cells in lines[1:]:
        if len(cells) != len(names):
            raise SourceTableError(f"line {number}: {len(cells)} columns, expected {len(names)}", path)
        try:
            source = _source(dict(zip(names, cells, strict=True)))
        except ValueError as error:
            raise SourceTableError(f"line {number} ({cells[0]}): {error}", path) from error
        if source.name in {other.name for other in sources}:
            raise SourceTableError(f"line {number}: a second source of the name {source.name!r}", path)
        sources.append(source)
    if not sources:
        raise SourceTableError("no source in this table", path)
    return sources


def read_exclusions(path: str | Path) -> dict[str, set[str]]:
    """Paths that must not be taken, by repository or folder; ``*`` in a set stands for all of them.

    A tab-separated file with the columns ``repo`` and ``path``. Raises SourceTableError.
    """
    path = Path(path)
    excluded: dict[str, set[str]] = {}
    for number, cells in _lines(path)[1:]:
        if len(cells) < 2:
            raise SourceTableError(f"line {number}: expected a repository and a path, separated by a tab", path)
        excluded.setdefault(cells[0], set()).add(cells[1])
    return excluded


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise SourceTableError(f"cannot be read ({error.strerror})", path) from error
    except UnicodeDecodeError as error:
        raise SourceTableError("not a text file in UTF-8", path) from error
    numbered = enumerate(text.splitlines(), 1)
    return [(number, line.split("\t")) for number, line in numbered if line.strip() and not line.startswith("#")]


def _source(cells: dict[str, str]) -> Source:
    """A row's values in their types; ValueError names the wrong one."""
    name = cells["name"]
    if not re.fullmatch(r"[\w.-]+", name):
        raise ValueError(f"name is {name!r}, expected letters, digits, '.', '_' and '-'")
    commit = None if cells["commit"] == "-" else cells["commit"]
    if commit and not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise ValueError(f"commit is {commit!r}, expected 40 hexadecimal digits, or - for a folder")
    if not cells["rule"] or cells["rule"] == "-":
        raise ValueError("rule is empty, expected a regular expression; '.' takes every picture")
    treat = () if cells["treat"] == "-" else tuple(cells["treat"].split())
    if unknown := [word for word in treat if word not in TREATMENTS]:
        raise ValueError(f"treat is {unknown[0]!r}, expected words of {', '.join(TREATMENTS)}, or -")
    if cells["use"] not in USES:
        raise ValueError(f"use is {cells['use']!r}, expected one of {', '.join(USES)}")
    if not re.fullmatch(r"[\w-]+", cells["role"]):
        raise ValueError(f"role is {cells['role']!r}, expected train, or the name of a test")
    return Source(
        name=name,
        place=cells["place"],
        commit=commit,
        rule=_pattern("rule", cells["rule"]),
        unless=None if cells["unless"] == "-" else _pattern("unless", cells["unless"]),
        side=_pixels("side", cells["side"]),
        smallest=_pixels("smallest", cells["smallest"]),
        most=None if cells["most"] == "-" else _pixels("most", cells["most"]),
        treat=treat,
        role=cells["role"],
        use=cells["use"],
        terms=cells["terms"],
        content=cells["content"],
    )


def _pattern(column: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"{column} is no regular expression ({error})") from error


def _pixels(column: str, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{column} is {text!r}, expected a whole number above 0")
    return int(text)
