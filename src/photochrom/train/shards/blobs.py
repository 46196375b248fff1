"""Files of a folder, or of one commit of a git repository that need not be checked out.

git reads only what is on this disk: a snapshot that lacks an object is not completed over the network.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from photochrom.errors import DataError
from photochrom.train.inputs import PICTURES
from photochrom.train.shards.table import Source

__all__ = ["Blob", "find_place", "list_blobs", "read_blobs"]

_ENVIRONMENT = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


class Blob(NamedTuple):
    """A file: its path in its source, and the name of its content (a git object, or the path again)."""

    path: str
    object: str


def find_place(source: Source, clones: Path | None, beside: Path) -> Path:
    """The folder, or the git directory, of a source; folders are relative to ``beside``, clones lie below ``clones``.

    A clone of ``owner/name`` is ``owner/name``, ``owner+name`` or ``name`` there, bare or not, itself or its folder ``repo``.
    Raises DataError where there is none.
    """
    if source.commit is None:
        folder = beside / source.place
        if not folder.is_dir():
            raise DataError("no such folder", folder)
        return folder
    owner, _, name = source.place.partition("/")
    if clones is not None:
        for stem in (source.place, f"{owner}+{name}", name):
            for place in (clones / stem, clones / f"{stem}.git", clones / stem / "repo"):
                for git in (place / ".git", place):
                    if (git / "objects").is_dir():
                        return git
    raise DataError(f"no clone of {source.place} (looked below {clones})")


def list_blobs(source: Source, place: Path) -> list[Blob]:
    """The pictures of a source that its rule names, by path. Raises DataError, also where there are none."""
    if source.commit is None:
        paths = (path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
        blobs = [Blob(path, path) for path in paths]
    else:
        blobs = list(_tree(place, source.commit))
    pictures = [blob for blob in blobs if blob.path.lower().endswith(PICTURES)]
    wanted = [
        blob
        for blob in pictures
        if source.rule.search(blob.path) and not (source.unless and source.unless.search(blob.path))
    ]
    if not wanted:
        raise DataError(f"the rule {source.rule.pattern!r} matches none of {len(pictures)} pictures", place)
    return sorted(wanted)


def _tree(git: Path, commit: str) -> Iterator[Blob]:
    found = _git(git, "ls-tree", "-r", "-z", commit)
    if found.returncode:
        why = (found.stderr.decode("utf-8", "replace").strip().splitlines() or ["git failed"])[0]
        raise DataError(f"commit {commit} cannot be listed ({why})", git)
    for line in found.stdout.split(b"\0"):
        about, _, path = line.partition(b"\t")
        if about.split(b" ")[1:2] == [b"blob"]:
            yield Blob(os.fsdecode(path), about.split(b" ")[2].decode())


def _git(git: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "--git-dir", str(git), *arguments], capture_output=True, env={**os.environ, **_ENVIRONMENT}
        )
    except FileNotFoundError as error:
        raise DataError("git is not installed, and a source is a git clone", git) from error


def read_blobs(source: Source, place: Path, blobs: Iterable[Blob]) -> Iterator[tuple[Blob, bytes | None]]:
    """Every blob with its content, None where it is missing or damaged."""
    if source.commit is None:
        for blob in blobs:
            yield blob, _content(place / blob.path)
        return
    reader: subprocess.Popen[bytes] | None = None
    try:
        for blob in blobs:
            reader = reader or _start(place)
            data = _read(reader, blob.object)
            if data is None:  # a damaged object ends git, or leaves it in an unknown state: begin again behind it
                _stop(reader)
                reader = None
            yield blob, data
    finally:
        if reader is not None:
            _stop(reader)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _start(git: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["git", "--git-dir", str(git), "cat-file", "--batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ENVIRONMENT},
    )


def _read(reader: subprocess.Popen[bytes], name: str) -> bytes | None:
    """The content of one object. git answers ``name type size``, the content and a line feed, or ``name missing``."""
    assert reader.stdin is not None
    assert reader.stdout is not None
    try:
        reader.stdin.write(name.encode() + b"\n")
        reader.stdin.flush()
    except BrokenPipeError:
        return None
    head = reader.stdout.readline().split()
    if len(head) != 3 or head[1] != b"blob":
        return None
    size = int(head[2])
    data = reader.stdout.read(size + 1)
    return data[:size] if len(data) == size + 1 else None


def _stop(reader: subprocess.Popen[bytes]) -> None:
    for pipe in (reader.stdin, reader.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
    reader.kill()
    reader.wait()
