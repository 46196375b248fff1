"""A destination as a BagIt bag (RFC 8493): payload in ``data``, sha256 manifests, and the provenance of every picture."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from photochrom.archive import stores
from photochrom.archive.manifest import Manifest
from photochrom.archive.states import State
from photochrom.archive.tables import PICTURES
from photochrom.errors import BatchError, MissingExtraError
from photochrom.images.metadata import SYNTHETIC
from photochrom.version import __version__

__all__ = ["check_bag", "make_bag", "write_records"]

_C = PICTURES.c
PROVENANCE = "provenance.jsonl"
_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def make_bag(manifest: Manifest, out: str) -> dict[str, Any]:
    """Write the tag files of a finished batch, from the digests that were taken as the pictures were written.

    Sidecars beside pictures are payload, too, and are read. Returns the counts of files and bytes. Raises BatchError for a
    destination that is no folder.
    """
    if stores.is_remote(out):
        raise BatchError(f"{out}: a bag is made in a folder; colour into one, and copy the bag")
    root = Path(out)
    _write(root / "bagit.txt", _DECLARATION)
    count = size = 0
    with (root / ".manifest.part").open("w", encoding="utf-8", newline="\n") as file:
        for name, digest, length in _payload(manifest, root / "data"):
            file.write(f"{digest}  data/{_escaped(name)}\n")
            count, size = count + 1, size + length
    (root / ".manifest.part").replace(root / "manifest-sha256.txt")
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
    tags = ("bag-info.txt", "bagit.txt", "manifest-sha256.txt", PROVENANCE)
    _write(root / "tagmanifest-sha256.txt", "".join(f"{_digest(root / name)}  {name}\n" for name in tags))
    return {"files": count, "bytes": size}


def check_bag(out: str, place: str) -> Iterator[str]:
    """What the bagit package finds wrong with a bag, a sentence each; every file is read. Raises MissingExtraError."""
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


def _payload(manifest: Manifest, data: Path) -> Iterator[tuple[str, str, int]]:
    """Name, digest and bytes of the results, and of the sidecars beside them."""
    columns = _C.id, _C.name, _C.output_sha256, _C.output_size
    for row in manifest.rows(_C.state.in_((State.DONE, State.COPIED)), columns=columns):
        yield row.name, row.output_sha256, row.output_size
        sidecar = data / f"{row.name}.provenance.json"
        if sidecar.is_file():
            yield f"{row.name}.provenance.json", _digest(sidecar), sidecar.stat().st_size


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
