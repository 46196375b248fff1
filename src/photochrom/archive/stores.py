"""Places of pictures: folders of this machine, and whatever fsspec reaches (s3, gs, az, https, zip ...).

An address is a path, or a URL with ``://``.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

from photochrom.archive import zips
from photochrom.archive.patience import patiently
from photochrom.errors import (
    ImageNotFoundError,
    MissingExtraError,
    OutputExistsError,
    OutputWriteError,
    StoreError,
)

__all__ = [
    "Entry",
    "at",
    "below",
    "delete",
    "exists",
    "filesystem",
    "is_remote",
    "join",
    "publish",
    "put",
    "read",
    "same_file",
    "write_whole",
]

#: What the extra [batch] brings, and the packages of other stores.
_IN_EXTRA = ("s3", "s3a", "http", "https", "zip", "memory")
_PACKAGES = {"gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs", "adl": "adlfs"}


class Entry(NamedTuple):
    """A file that was found: its path below the place, with slashes, and its size in bytes where the place gives it."""

    path: str
    size: int | None


def is_remote(address: str) -> bool:
    """Whether it is a URL of another place than this machine's disks."""
    return "://" in address and not address.startswith(("file://", "local://"))


def join(place: str) -> str:
    """The address as what paths are put behind."""
    return place if not place or place.endswith("/") else f"{place}/"


def at(origin: str, path: str) -> str:
    """The address of a path below an origin; of a chained URL such as ``zip://::scans.zip`` the path stands in the first link."""
    outer, mark, rest = origin.partition("::")
    return f"{outer}{path}{mark}{rest}" if mark else f"{origin}{path}"


def below(name: str) -> str | None:
    """A name with slashes as it stands below a destination; None for one that leads out of it, or to nothing."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    return None if not parts or ".." in parts else "/".join(parts)


def filesystem(address: str) -> tuple[Any, str]:
    """fsspec's file system of a URL, and the path in it. Raises StoreError for an unknown kind, MissingExtraError."""
    protocol = address.partition("://")[0]
    try:
        outer, _, rest = address.partition("::")
        if rest:
            return _opened(protocol, rest, address), outer.partition("://")[2]
        fs = _of_protocol(protocol)
        return fs, str(fs._strip_protocol(address))
    except ImportError as error:
        if protocol in _IN_EXTRA:
            raise MissingExtraError("batch", f"{protocol}:// ({error})") from error
        advice = f"`pip install {_PACKAGES[protocol]}`" if protocol in _PACKAGES else f"a package ({error})"
        raise StoreError(f"{address}: {protocol}:// needs {advice}, on every machine that works") from error
    except FileNotFoundError as error:
        raise ImageNotFoundError("is not there (any more)", address) from error
    except (ValueError, PermissionError, BadZipFile) as error:
        raise StoreError(f"{address}: cannot be reached ({error})") from error


@lru_cache(maxsize=16)
def _of_protocol(protocol: str) -> Any:
    import fsspec

    return fsspec.filesystem(protocol, use_listings_cache=False)


def _opened(protocol: str, rest: str, address: str) -> Any:
    def once() -> Any:
        try:
            return _chained(protocol, rest)
        except (ImportError, ValueError, BadZipFile) as error:  # which will not change
            return error

    found = patiently(once, address)
    if isinstance(found, Exception):
        raise found
    return found


@lru_cache(maxsize=16)
def _chained(protocol: str, rest: str) -> Any:
    import fsspec

    return fsspec.core.url_to_fs(f"{protocol}://::{rest}")[0]


def read(address: str) -> bytes:
    """All bytes of a file. Raises ImageNotFoundError, StoreError."""
    if not is_remote(address):
        path = Path(address.partition("://")[2] or address)
        try:
            return path.read_bytes()
        except OSError as error:
            raise ImageNotFoundError(f"cannot be read ({error.strerror}); has it been moved?", address) from error
    if zips.is_zip(address):
        return zips.read(address)
    fs, path_ = filesystem(address)

    def once() -> bytes:
        return bytes(fs.cat_file(path_))

    try:
        return patiently(once, address)
    except FileNotFoundError as error:
        raise ImageNotFoundError("is not there (any more)", address) from error
    except PermissionError as error:
        raise ImageNotFoundError("may not be read", address) from error


def exists(address: str) -> bool:
    """Whether there is such a file. Raises StoreError."""
    if not is_remote(address):
        return os.path.lexists(address)
    fs, path = filesystem(address)

    def once() -> bool:
        try:
            fs.info(path)
        except FileNotFoundError:
            return False
        return True

    try:
        return patiently(once, address)
    except PermissionError as error:
        raise StoreError(f"{address}: may not be read") from error


def same_file(one: str, other: str) -> bool:
    """Whether two addresses are of the same file, also by way of links."""
    if is_remote(one) or is_remote(other):
        return one == other
    with suppress(OSError):  # one of them is not there
        return Path(one.partition("://")[2] or one).samefile(other.partition("://")[2] or other)
    return False


def put(file: Path, address: str) -> None:
    """Copy a file of this machine to a URL, over what is there; a large one in parts. Raises StoreError."""
    fs, path = filesystem(address)
    patiently(lambda: fs.put_file(str(file), path), address)


def delete(address: str) -> None:
    """Remove a file, if it is there."""
    if not is_remote(address):
        Path(address).unlink(missing_ok=True)
        return
    fs, path = filesystem(address)
    with suppress(FileNotFoundError):
        patiently(lambda: fs.rm_file(path), address)


def write_whole(address: str, text: str) -> None:
    """Write a small file, whole or not at all, over one that is there. Raises OutputWriteError, StoreError."""
    if is_remote(address):
        fs, path = filesystem(address)
        patiently(lambda: fs.pipe_file(path, text.encode()), address)
        return
    target = Path(address)
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        with suppress(OSError):  # a full disk may not take all of it
            part.unlink(missing_ok=True)
        raise OutputWriteError(f"cannot be written ({error.strerror})", target) from error


def publish(file: Path, address: str, *, same: Callable[[bytes], bool], force: bool = False) -> bool:
    """Give a finished file its place: whole, and never over a file that is not ``same``, unless ``force``.

    file: on the same file system as a local address; it is gone afterwards. same: whether the bytes that are there already are
    what this batch wrote or may replace. Returns whether it was put there (False: the file there has these very bytes). Raises
    OutputExistsError, OutputWriteError, StoreError.
    """
    try:
        return _put(file, address, same, force) if is_remote(address) else _link(file, Path(address), same, force)
    except OSError as error:
        raise OutputWriteError(f"cannot be written ({error.strerror or error})", address) from error
    finally:
        file.unlink(missing_ok=True)


def _link(file: Path, target: Path, same: Callable[[bytes], bool], force: bool) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(target) and not force:
        there = target.read_bytes()
        if there == file.read_bytes():
            return False
        if not same(there):
            raise OutputExistsError(_FOREIGN, target)
        file.replace(target)
    elif force:
        file.replace(target)
    else:
        try:
            os.link(file, target)  # unlike a rename, this never replaces a file
        except FileExistsError:
            return _link(file, target, same, force)
        except OSError:  # a file system without links
            file.replace(target)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return True


_FOREIGN = (
    "a file is there that this batch did not write; move it away, choose another destination, or replace such files with "
    "--force"
)


def _put(file: Path, address: str, same: Callable[[bytes], bool], force: bool) -> bool:
    fs, path = filesystem(address)
    data = file.read_bytes()
    if not force and exists(address):
        there = read(address)
        if there == data:
            return False
        if not same(there):
            raise OutputExistsError(_FOREIGN, address)
    patiently(lambda: fs.pipe_file(path, data), address)
    return True
