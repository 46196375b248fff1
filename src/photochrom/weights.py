"""Find, fetch and verify weight files. ONNX and safetensors only: neither can run code when it is read."""

from __future__ import annotations

import hashlib
import os
import secrets
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from photochrom.errors import WeightsDigestError, WeightsNotFoundError

__all__ = ["WeightsFile", "cache_folder", "find", "locate"]

#: Weights that ship inside the package.
PACKAGED = Path(__file__).parent / "models"
#: Weights in a checkout of the repository that do not ship inside the package.
REPOSITORY = Path(__file__).parents[2] / "weights"
#: Seconds without a byte after which a download is given up.
TIMEOUT = 30


@dataclass(frozen=True)
class WeightsFile:
    """One file of weights: its name, its sha256, its size in bytes, and a URL where it is not in the package."""

    name: str
    sha256: str
    size: int
    url: str | None = None


def cache_folder() -> Path:
    """Where fetched weights are kept: ``$PHOTOCHROM_CACHE``, else ``photochrom`` in the user's cache folder."""
    if chosen := os.environ.get("PHOTOCHROM_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "photochrom"


def find(file: WeightsFile, folder: Path = PACKAGED) -> Path | None:
    """The path of a verified weights file on this machine, in the package or in the cache; None if it is in neither.

    Raises WeightsDigestError for a file with another sha256 than the catalogue's, WeightsNotFoundError if it may not be read.
    """
    path = folder / file.name
    if not path.is_file():
        path = cache_folder() / file.name
    if not path.is_file():
        return None
    try:
        got = _digest(path)
    except OSError as error:
        raise WeightsNotFoundError(f"cannot be read: {error.strerror}", path) from error
    if got != file.sha256:
        raise WeightsDigestError(path, file.sha256, got)
    return path


def locate(file: WeightsFile, folder: Path = PACKAGED, remedy: str = "install photochrom again") -> Path:
    """The path of a verified weights file: from the package, from the cache, or fetched from its URL into the cache.

    Raises what :func:`find` raises, and WeightsNotFoundError, with the ``remedy``, where the file cannot be found; its path is
    where the file belongs: in the package, or in the cache where the package does not have it.
    """
    if (path := find(file, folder)) is not None:
        return path
    if file.url is None:
        place = folder if folder == PACKAGED else cache_folder()
        raise WeightsNotFoundError(f"this weights file is missing; {remedy}", place / file.name)
    return _fetch(file, file.url)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        found = hashlib.sha256()
        while block := stream.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def _fetch(file: WeightsFile, url: str) -> Path:
    """Download beside the final place, verify, then rename: a file under its own name is always whole and right."""
    target = cache_folder() / file.name
    partial = target.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as out, urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            left = file.size + 1  # one byte too many is enough to know that the file is wrong
            while left and (block := answer.read(min(1 << 20, left))):
                out.write(block)
                left -= len(block)
        if (got := _digest(partial)) != file.sha256:
            raise WeightsDigestError(target, file.sha256, got)
        partial.replace(target)
    except (OSError, HTTPException) as error:  # urllib's errors are OSErrors
        if isinstance(error, HTTPError):
            error.close()  # it is the answer, too, with an open connection
        raise WeightsNotFoundError(
            f"not in the cache, and {url} could not be fetched ({error}); put the file here by hand", target
        ) from error
    finally:
        if partial.parent.is_dir():
            partial.unlink(missing_ok=True)
    return target
