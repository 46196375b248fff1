"""The record of how a picture was made: what went in, with which model and options, and that its colours are synthetic."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePosixPath
from typing import Any

from photochrom.archive.options import merged
from photochrom.archive.tasks import Hello, Settings, Task
from photochrom.images.metadata import SYNTHETIC
from photochrom.images.parts import file_name

__all__ = ["LABEL", "SIDECAR", "record", "sidecar_of"]

#: The name of the record among the assertions of a signed picture.
LABEL = "org.photochrom.provenance"
#: What the name of a record beside a result ends with.
SIDECAR = ".provenance.json"
_LONGEST_NAME = 255


def record(task: Task, settings: Settings, hello: Hello, values: dict[str, Any]) -> dict[str, Any]:
    """The record as JSON values; the same picture, model and options give the same record."""
    options = json.loads(merged(settings.options, task.options))
    return {
        "photochrom": hello.version,
        "digital_source_type": SYNTHETIC,
        "input": {
            "name": PurePosixPath(task.source).name,
            "sha256": values["input_sha256"],
            "width": values["width"],
            "height": values["height"],
            "tint": values["tint"],
        },
        "model": {"name": hello.model, "sha256": hello.model_sha256},
        "options": options | {"quality": settings.quality, "work_size": settings.work_size},
        "same_photograph_as": None if task.leader is None else PurePosixPath(task.leader).name,
        "confidence": values["confidence"],
    }


def sidecar_of(output: str) -> str:
    """The record's address beside a result's; a name too long for a disk ends in a digest instead."""
    folder, slash, name = output.rpartition("/")
    if len(f"{name}{SIDECAR}".encode()) > _LONGEST_NAME:
        return f"{folder}{slash}{file_name(name, f'~{hashlib.sha256(name.encode()).hexdigest()[:12]}{SIDECAR}')}"
    return f"{output}{SIDECAR}"
