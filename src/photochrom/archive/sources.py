"""From what the user names to pictures: files, folders, globs, lists, and URLs of any store; a window at a time."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from photochrom.archive import lists, stores
from photochrom.archive.listing import listing
from photochrom.archive.manifest import Manifest, Planned
from photochrom.batch.kinds import ending, kind_in_store, result_name, stem, written_name
from photochrom.batch.walk import is_folder, walk
from photochrom.errors import BatchError, ImageNotFoundError, OptionError
from photochrom.images import INPUT_SUFFIXES, OUTPUT_SUFFIXES

__all__ = ["WINDOW", "Found", "Plan", "plan", "refuse_originals"]

#: Pictures that are noted in one transaction, and the most that are in memory at a time.
WINDOW = 10_000
_MAGIC = re.compile(r"[*?\[]")
#: What RFC 8493 (2.1.3) wants escaped in an inventory: tools disagree about it, the bagit package among them, so that no bag
#: with such a name suits all of them.
_ESCAPED = re.compile(r"[%\r\n]")
_SUFFIXES, _TAKEN = tuple(OUTPUT_SUFFIXES), tuple(INPUT_SUFFIXES)


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
    """What planning came to. ``passed``: what was passed over, by kind; ``troubles``: sentences about what could not be read."""

    new: int = 0
    known: int = 0
    refused: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)

    @property
    def pictures(self) -> int:
        """All that were found."""
        return self.new + self.known + self.refused


def plan(
    manifest: Manifest,
    sources: Sequence[str],
    out: str,
    *,
    look: bool = False,
    follow_links: bool = False,
    bag: bool = False,
) -> Iterator[Plan]:
    """Note every picture of the sources in the manifest; yields the state of things after each window.

    out: the destination, which is never a source. look: pictures wait for their perceptual hash first. follow_links: see
    :func:`photochrom.batch.walk`. bag: names are to suit the inventory of a bag. Raises BatchError for a source that is not there
    or an empty one, OptionError for a remote destination that is a source; for one of this machine see :func:`refuse_originals`.
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
        for one in _found(source, len(sources) > 1, out, done, follow_links):
            number = origins.get(one.origin)
            if number is None:
                number = origins[one.origin] = manifest.origin(one.origin)
            name = _ESCAPED.sub("_", one.name) if bag else one.name
            window.append(Planned(number, one.path, name, one.size, one.options))
            if len(window) >= WINDOW:
                flush()
                yield done
        flush()
        if done.pictures == before and not done.troubles:
            raise BatchError(f"{source}: {_nothing(source)}")
    yield done


def _nothing(source: str) -> str:
    """That a source has no pictures, and what is taken."""
    if source.lower().endswith(lists.SUFFIXES):
        return "no pictures there; a list has the path or URL of one on each line, or a table has a row for each"
    return f"no pictures there; files that end in {' '.join(sorted(_TAKEN))} are taken"


def refuse_originals(sources: Sequence[str], out: str) -> None:
    """Raises OptionError for a destination that is itself a folder of originals: before anything is written there."""
    if stores.is_remote(out):
        return
    away = os.path.realpath(out.partition("://")[2] or out)
    for source in sources:
        path = source.partition("://")[2] or source
        if stores.is_remote(source):
            continue
        if _MAGIC.search(path) and not os.path.lexists(path):
            path = _split_glob(path.replace(os.sep, "/"))[0] or "."
        if is_folder(Path(path)) and os.path.realpath(path) == away:
            raise OptionError("-o", out, "another folder than that of the originals, which are never touched")


def _found(source: str, several: bool, out: str, done: Plan, follow_links: bool) -> Iterator[Found]:
    """The pictures of one source; what is passed over, and what cannot be read, is noted in ``done``."""
    if not source.strip():
        raise OptionError("SOURCE", source, "a folder, file, glob, list or URL")
    if stores.is_remote(source):
        yield from _remote(source, several, out, done)
        return
    path = source.partition("://")[2] or source
    if path.lower().endswith(lists.SUFFIXES) and not is_folder(Path(path)):
        yield from (Found(*one) for one in lists.entries(path))
    elif path.lower().endswith(".zip") and not is_folder(Path(path)):
        yield from _remote(f"zip://::{Path(path).absolute()}", several, out, done)
    elif is_folder(Path(path)):
        yield from _folder(path, several, out, done, follow_links)
    elif _MAGIC.search(path) and not os.path.lexists(path):
        base, wanted = _split_glob(path.replace(os.sep, "/"))
        if not is_folder(Path(base or ".")):
            raise ImageNotFoundError(f"there is no folder {base}", path)
        for one in _folder(base or ".", False, out, done, follow_links):
            if wanted.fullmatch(one.path):
                yield one
    elif os.path.lexists(path):
        whole = Path(os.path.normpath(Path(path).absolute()))
        yield Found(stores.join(str(whole.parent)), whole.name, result_name(whole.name, whole), whole.stat().st_size)
    else:
        raise ImageNotFoundError(_absent(path), path)


def _absent(path: str) -> str:
    """Why there is nothing at a path."""
    try:
        os.lstat(path)
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            return f"cannot be looked at ({error.strerror})"
    return "there is no such file or folder"


def _folder(folder: str, several: bool, out: str, done: Plan, follow_links: bool) -> Iterator[Found]:
    """A folder of this machine, walked as ``photochrom colorize`` does; of several sources, each keeps its own name."""
    root = os.path.realpath(folder)
    if not _speakable(root):
        raise BatchError("the folder's name is no text, which the manifest cannot keep; rename it", _shown(root))
    away = None if stores.is_remote(out) else os.path.realpath(out)
    origin, prefix = stores.join(root), stores.join(Path(root).name) if several else ""
    last: Path | None = None
    below, speakable = "", True
    for one in walk(Path(root), leave_out={away} if away else (), follow_links=follow_links, window=WINDOW):
        if one.below is not last:  # once for each folder
            last, below = one.below, "" if one.below == Path() else f"{one.below.as_posix()}/"
            speakable = _speakable(below)
            if not speakable:
                done.troubles.append(
                    f"{_shown(below)}: the folder's name is no text; rename it, what is in it is left out"
                )
        if not speakable:
            continue
        if one.error is not None:
            done.troubles.append(f"{one.error}; what is in it is left out")
        elif one.skipped is not None:
            done.passed[one.skipped] += 1
        elif not _speakable(one.path.name):
            done.troubles.append(f"{_shown(str(one.path))}: its name is no text; rename it, it is left out")
        else:
            try:
                size = one.path.stat().st_size
            except OSError as error:
                done.troubles.append(f"{one.path}: cannot be looked at ({error.strerror}); it is left out")
                continue
            name = one.path.name
            if not name.lower().endswith(_SUFFIXES):
                name = stem(one.path) + ending(one.path)
            yield Found(origin, below + one.path.name, f"{prefix}{below}{name}", size)


def _speakable(name: str) -> bool:
    """Whether a name can be kept in a database: some disks have names that are no text."""
    return name.isprintable() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _shown(name: str) -> str:
    """A name as it can be printed, whatever bytes it has."""
    return name.encode("utf-8", "backslashreplace").decode()


def _remote(source: str, several: bool, out: str, done: Plan) -> Iterator[Found]:
    """A URL: a single picture, a zip file, a glob, or everything below it."""
    outer = source.partition("::")[0]
    web = outer.startswith(("http://", "https://"))
    path = outer.partition("?")[0] if web else outer  # elsewhere a question mark belongs to a glob
    if _MAGIC.search(path):
        base, wanted = _split_glob(path)
        for one in _remote(base + source[len(outer) :], False, out, done):
            if wanted.fullmatch(one.path):
                yield one
        return
    if path.lower().endswith(lists.SUFFIXES):
        raise BatchError(f"{source}: a list is read from this machine's disks; copy it here first")
    if path.lower().endswith(".zip") and "::" not in source:
        yield from _remote(f"zip://::{source}", several, out, done)
        return
    if path.lower().endswith(_TAKEN):
        folder, _, name = path.rpartition("/")
        target = written_name(unquote(name) if web else name)
        yield Found(f"{folder}/{source[len(outer) :]}", name + outer[len(path) :], target)
        return
    origin = source if outer.endswith("/") else f"{outer}/{source[len(outer) :]}"
    if stores.join(out) == origin:
        raise OptionError("-o", out, "another place than that of the originals, which are never touched")
    label = PurePosixPath(outer.partition("://")[2] or source.partition("::")[2]).name.removesuffix(".zip")
    prefix = stores.join(label) if several else ""
    skip = stores.join(out)[len(origin) :] if stores.join(out).startswith(origin) else None
    for entry in listing(origin, done.troubles.append):
        if skip and entry.path.startswith(skip):
            continue
        kind = kind_in_store(entry.path)
        if kind is not None:
            done.passed[kind] += 1
            continue
        safe = stores.below(unquote(entry.path) if web else entry.path)
        if safe is None:
            done.troubles.append(
                f"{stores.at(origin, entry.path)}: its name leads out of the destination; it is left out"
            )
        else:
            yield Found(origin, entry.path, f"{prefix}{written_name(safe)}", entry.size)


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
