"""A destination as a BagIt bag (RFC 8493): payload in ``data``, sha256 manifests, and the provenance of every picture."""

from __future__ import annotations

import datetime
import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from photochrom.archive import stores
from photochrom.archive.listing import listing
from photochrom.archive.manifest import Manifest
from photochrom.archive.provenance import SIDECAR, sidecar_of
from photochrom.archive.states import State
from photochrom.archive.tables import PICTURES
from photochrom.errors import ImageNotFoundError, MissingExtraError
from photochrom.images.metadata import SYNTHETIC
from photochrom.parallel import ordered
from photochrom.version import __version__

__all__ = ["check_bag", "make_bag", "write_records"]

_C = PICTURES.c
PROVENANCE = "provenance.jsonl"
_MANIFEST, _TAGMANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
_TAGS = ("bag-info.txt", "bagit.txt", _MANIFEST, PROVENANCE)
_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def make_bag(manifest: Manifest, out: str) -> dict[str, Any]:
    """Write the tag files of a finished batch, from the digests that were taken as the pictures were written.

    Sidecars beside pictures are payload, too, and are read. out: a folder, or the URL of a store, to which the files are copied
    when they are whole. Returns the counts of files and bytes. Raises BatchError.
    """
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()) if stores.is_remote(out) else out)
        count = size = 0
        with (root / ".manifest.part").open("w", encoding="utf-8", newline="\n") as file:
            for line, length in _lines(manifest, out):
                file.write(line)
                count, size = count + 1, size + length
        (root / ".manifest.part").replace(root / _MANIFEST)
        with (root / f".{PROVENANCE}.part").open("w", encoding="utf-8") as file:
            write_records(manifest, file)
        (root / f".{PROVENANCE}.part").replace(root / PROVENANCE)
        about = {
            "Bagging-Date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
            "Bag-Software-Agent": f"Photochrom {__version__}",
            "Payload-Oxum": f"{size}.{count}",
            "External-Description": "Colourisations of black-and-white photographs; their colours are synthetic",
        }
        _write(root / "bag-info.txt", "".join(f"{key}: {value}\n" for key, value in about.items()))
        _write(root / "bagit.txt", _DECLARATION)
        _write(root / _TAGMANIFEST, "".join(f"{_digest(root / name)}  {name}\n" for name in _TAGS))
        if stores.is_remote(out):
            for name in (*_TAGS, _TAGMANIFEST):
                stores.put(root / name, stores.join(out) + name)
    return {"files": count, "bytes": size}


def check_bag(manifest: Manifest, out: str) -> Iterator[str]:
    """What is wrong with a bag, a sentence each. Raises MissingExtraError, StoreError.

    In a folder the bagit package reads every file. In a store, to which it has no way, the tag files are read, and the inventory
    is compared with the manifest of the batch, whose digests :func:`photochrom.archive.verify.verify` holds against the files.
    """
    if stores.is_remote(out):
        yield from _check_remote(manifest, stores.join(out))
        return
    try:
        import bagit
    except ImportError as error:
        raise MissingExtraError("batch", "checking a bag") from error
    try:
        bagit.Bag(out).validate(processes=1)
    except bagit.BagValidationError as error:
        for detail in error.details or [error.message]:
            yield f"BagIt: {detail}"
    except bagit.BagError as error:
        yield f"BagIt: {error}"


def _check_remote(manifest: Manifest, out: str) -> Iterator[str]:
    try:
        lines = stores.read(out + _TAGMANIFEST).decode("utf-8", "replace").splitlines()
    except ImageNotFoundError:
        yield f"BagIt: there is no {_TAGMANIFEST}; the bag is made when all pictures are finished"
        return
    digests = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in _TAGS:
        try:
            if hashlib.sha256(stores.read(out + name)).hexdigest() != digests.get(name):
                yield f"BagIt: {name} is not the one that {_TAGMANIFEST} names"
        except ImageNotFoundError:  # noqa: PERF203  # of four files
            yield f"BagIt: {name} is missing"
    inventory = hashlib.sha256()
    for line, _ in _lines(manifest, out):
        inventory.update(line.encode())
    if inventory.hexdigest() != digests.get(_MANIFEST):
        yield f"BagIt: {_MANIFEST} is not the inventory of what is there; the same command as before makes the bag anew"


def write_records(manifest: Manifest, file: IO[str]) -> int:
    """Write the provenance of every result as a line of JSON; returns how many."""
    origins, looks, works = manifest.origins(), manifest.looks(), manifest.works()
    count = 0
    for row in manifest.rows(_C.state.in_((State.DONE, State.COPIED))):
        line: dict[str, Any] = {
            "output": {"name": row.name, "sha256": row.output_sha256, "bytes": row.output_size},
            "input": {
                "uri": stores.at(origins[row.origin], row.path or row.name),
                "sha256": row.input_sha256,
                "width": row.width,
                "height": row.height,
                "tint": row.tint,
            },
            "finished": datetime.datetime.fromtimestamp(row.finished, datetime.timezone.utc).isoformat("T", "seconds"),
            "machine": row.machine,
        }
        if row.state == State.DONE:
            work = works[row.work]
            settings = json.loads(work["settings"])
            own = {} if row.worn is None else json.loads(looks[row.worn])
            line |= {
                "digital_source_type": SYNTHETIC,
                "photochrom": work["version"],
                "model": {"name": work["model"], "sha256": work["model_sha256"]},
                "options": settings | {"options": json.loads(settings["options"]) | own},
                "confidence": row.confidence,
                "notices": json.loads(row.notices or "[]"),
            }
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        count += 1
    return count


def _lines(manifest: Manifest, out: str) -> Iterator[tuple[str, int]]:
    """The lines of the inventory, each with the bytes of its file: results, and the sidecars beside them."""
    data = stores.join(out) + "data/"
    columns = _C.id, _C.name, _C.output_sha256, _C.output_size
    results = _C.state.in_((State.DONE, State.COPIED))
    for row in manifest.rows(results, columns=columns):
        yield _line(row.name, row.output_sha256), row.output_size
    if stores.is_remote(out):
        names = (entry.path for entry in listing(data) if entry.path.endswith(SIDECAR))
        found = ordered(lambda name: (name, stores.read(data + name)), names)
        yield from ((_line(name, hashlib.sha256(content).hexdigest()), len(content)) for name, content in found)
        return
    for row in manifest.rows(results, columns=columns):
        name = sidecar_of(row.name)
        sidecar = Path(data + name)
        if sidecar.is_file():
            yield _line(name, _digest(sidecar)), sidecar.stat().st_size


def _line(name: str, digest: str) -> str:
    return f"{digest}  data/{_escaped(name)}\n"


def _escaped(name: str) -> str:
    """RFC 8493, 2.1.3: line ends and percent signs in names."""
    return name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def _write(path: Path, text: str) -> None:
    stores.write_whole(str(path), text)
