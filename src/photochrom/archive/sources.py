"""From what the user names to pictures: files, folders, globs, lists, and URLs of any store; a window at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from photochrom.archive import lists, stores
from photochrom.archive.manifest import Manifest, Planned
from photochrom.errors import BatchError, ImageNotFoundError, OptionError
from photochrom.images import OUTPUT_SUFFIXES

__all__ = ["WINDOW", "Found", "Plan", "plan"]

#: Pictures that are noted in one transaction, and the most that are in memory at a time.
WINDOW = 10_000
_MAGIC = re.compile(r"[*?\[]")
_SUFFIXES = tuple(OUTPUT_SUFFIXES)


@dataclass(frozen=True)
class Found:
    """A picture: the address that ``path`` is put behind, the path, the output's name, bytes, and options of its own."""

    origin: str
    path: str
    name: str
    size: int | None = None
    options: str | None = None


@dataclass
class Plan:
    """What planning came to; ``troubles`` are sentences about places that could not be read."""

    new: int = 0
    known: int = 0
    refused: int = 0
    troubles: list[str] = field(default_factory=list)

    @property
    def pictures(self) -> int:
        """All that were found."""
        return self.new + self.known + self.refused


def plan(manifest: Manifest, sources: Sequence[str], out: str, *, look: bool = False) -> Iterator[Plan]:
    """Note every picture of the sources in the manifest; yields the state of things after each window.

    out: the destination, which is never a source. look: pictures wait for their perceptual hash first. Raises BatchError for
    a source that is not there or an empty one, OptionError for a destination among the sources.
    """
    done = Plan()
    window: list[Planned] = []
    origins: dict[str, int] = {}

    def flush() -> None:
        added = manifest.add(window, look=look)
        done.new, done.known, done.refused = (
            done.new + added.new,
            done.known + added.known,
            done.refused + added.refused,
        )
        window.clear()

    for source in sources:
        before = done.pictures
        for one in _found(source, len(sources) > 1, out, done.troubles):
            number = origins.get(one.origin)
            if number is None:
                number = origins[one.origin] = manifest.origin(one.origin)
            window.append(Planned(number, one.path, one.name, one.size, one.options))
            if len(window) >= WINDOW:
                flush()
                yield done
        flush()
        if done.pictures == before and not done.troubles:
            raise BatchError(f"{source}: no pictures there; files that end in {' '.join(_SUFFIXES)} are taken")
    yield done


def _found(source: str, several: bool, out: str, troubles: list[str]) -> Iterator[Found]:
    """The pictures of one source."""
    if stores.is_remote(source):
        yield from _remote(source, several, out, troubles)
        return
    path = source.partition("://")[2] or source
    if path.lower().endswith(lists.SUFFIXES) and not Path(path).is_dir():
        yield from (Found(*one) for one in lists.entries(path))
    elif path.lower().endswith(".zip") and not Path(path).is_dir():
        yield from _remote(f"zip://::{Path(path).absolute()}", several, out, troubles)
    elif Path(path).is_dir():
        yield from _folder(path, several, out, troubles)
    elif _MAGIC.search(path) and not os.path.lexists(path):
        base, wanted = _split_glob(path.replace(os.sep, "/"))
        for one in _folder(base or ".", False, out, troubles):
            if wanted.fullmatch(one.path):
                yield one
    elif os.path.lexists(path):
        whole = Path(os.path.normpath(Path(path).absolute()))
        yield Found(stores.join(str(whole.parent)), whole.name, whole.name, whole.stat().st_size)
    else:
        raise ImageNotFoundError("there is no such file or folder", path)


def _folder(folder: str, several: bool, out: str, troubles: list[str]) -> Iterator[Found]:
    """A folder of this machine; of several sources, each keeps its own name in the destination."""
    root = os.path.realpath(folder)
    if not _speakable(root):
        raise BatchError("the folder's name is no text, which the manifest cannot keep; rename it", _shown(root))
    away = None if stores.is_remote(out) else os.path.realpath(out)
    if root == away:
        raise OptionError("-o", out, "another folder than that of the originals, which are never touched")
    origin, prefix = stores.join(root), stores.join(Path(root).name) if several else ""
    for below, size in _walk(root, away, troubles):
        yield Found(origin, below, f"{prefix}{below}", size)


def _walk(root: str, away: str | None, troubles: list[str]) -> Iterator[tuple[str, int]]:
    """Pictures below ``root``, by their names' endings, sorted folder by folder; links that form a loop end there.

    Of a folder with more than :data:`WINDOW` entries, each window is sorted for itself.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [""]
    while waiting:
        below = waiting.pop()
        here = f"{root}/{below}"
        folders: list[str] = []
        try:
            about = os.stat(here)  # noqa: PTH116  # a million folders, of which no Path is needed
            if (about.st_dev, about.st_ino) in seen or (away is not None and os.path.realpath(here) == away):
                continue
            seen.add((about.st_dev, about.st_ino))
            with os.scandir(here) as scan:
                while entries := sorted(islice(scan, WINDOW), key=lambda entry: entry.name):
                    yield from _sorted_out(entries, below, folders, troubles)
        except OSError as error:
            troubles.append(f"{here}: the folder cannot be read ({error.strerror}); what is in it is left out")
        waiting.extend(sorted(folders, reverse=True))


def _sorted_out(
    entries: list[os.DirEntry[str]], below: str, folders: list[str], troubles: list[str]
) -> Iterator[tuple[str, int]]:
    """The pictures among entries of a folder; folders go to ``folders``."""
    for entry in entries:
        try:
            folder = entry.is_dir()
            if not folder and not entry.name.lower().endswith(_SUFFIXES):
                continue
            if not _speakable(entry.name):
                troubles.append(f"{_shown(entry.path)}: its name is no text; rename it, it is left out")
            elif folder:
                folders.append(f"{below}{entry.name}/")
            else:
                yield f"{below}{entry.name}", entry.stat().st_size
        except OSError as error:  # one that cannot be looked at must not keep the others back
            troubles.append(f"{_shown(entry.path)}: cannot be looked at ({error.strerror}); it is left out")


def _speakable(name: str) -> bool:
    """Whether a name can be kept in a database: some disks have names that are no text."""
    return name.isprintable() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _shown(name: str) -> str:
    """A name as it can be printed, whatever bytes it has."""
    return name.encode("utf-8", "backslashreplace").decode()


def _remote(source: str, several: bool, out: str, troubles: list[str]) -> Iterator[Found]:
    """A URL: a single picture, a zip file, a glob, or everything below it."""
    outer = source.partition("::")[0]
    web = outer.startswith(("http://", "https://"))
    path = outer.partition("?")[0] if web else outer  # elsewhere a question mark belongs to a glob
    if _MAGIC.search(path):
        base, wanted = _split_glob(path)
        for one in _remote(base + source[len(outer) :], False, out, troubles):
            if wanted.fullmatch(one.path):
                yield one
        return
    if path.lower().endswith(lists.SUFFIXES):
        raise BatchError(f"{source}: a list is read from this machine's disks; copy it here first")
    if path.lower().endswith(".zip") and "::" not in source:
        yield from _remote(f"zip://::{source}", several, out, troubles)
        return
    if path.lower().endswith(_SUFFIXES):
        folder, _, name = path.rpartition("/")
        yield Found(f"{folder}/{source[len(outer) :]}", name + outer[len(path) :], unquote(name) if web else name)
        return
    origin = source if outer.endswith("/") else f"{outer}/{source[len(outer) :]}"
    if stores.join(out) == origin:
        raise OptionError("-o", out, "another place than that of the originals, which are never touched")
    label = PurePosixPath(outer.partition("://")[2] or source.partition("::")[2]).name.removesuffix(".zip")
    prefix = stores.join(label) if several else ""
    skip = stores.join(out)[len(origin) :] if stores.join(out).startswith(origin) else None
    for entry in stores.listing(origin):
        if not entry.path.lower().endswith(_SUFFIXES) or (skip and entry.path.startswith(skip)):
            continue
        safe = stores.below(unquote(entry.path) if web else entry.path)
        if safe is None:
            troubles.append(f"{stores.at(origin, entry.path)}: its name leads out of the destination; it is left out")
        else:
            yield Found(origin, entry.path, f"{prefix}{safe}", entry.size)


def _split_glob(pattern: str) -> tuple[str, re.Pattern[str]]:
    """The folder before the first wildcard, and the rest as an expression: * and ? stay within a folder, ** does not."""
    first = _MAGIC.search(pattern)
    assert first is not None
    cut = pattern.rfind("/", 0, first.start()) + 1
    rest, expression, at = pattern[cut:], "", 0
    while at < len(rest):
        if rest.startswith("**/", at):
            expression, at = f"{expression}(?:.*/)?", at + 3
        elif rest.startswith("**", at):
            expression, at = f"{expression}.*", at + 2
        elif rest[at] in "*?":
            expression, at = expression + {"*": "[^/]*", "?": "[^/]"}[rest[at]], at + 1
        elif rest[at] == "[" and "]" in rest[at + 2 :]:
            end = rest.index("]", at + 2)
            inside = re.sub(r"([\\\[&~|^])", r"\\\1", rest[at + 1 : end])
            expression, at = f"{expression}[{'^' + inside[1:] if inside[0] == '!' else inside}]", end + 1
        else:
            expression, at = expression + re.escape(rest[at]), at + 1
    try:
        return pattern[:cut], re.compile(expression, re.DOTALL)
    except re.error as error:
        raise BatchError(f"{pattern}: the pattern cannot be understood ({error})") from error
