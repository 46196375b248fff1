"""What several tests need, and no line of Photochrom's own: pictures in and out, and what a command left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import skimage.data
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
data: Any = skimage.data  # which has no types
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
#: For tests that drive a browser; in CI there must be one, on Linux.
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and not (os.environ.get("CI") and sys.platform == "linux"),
    reason="chromium is not installed; scripts/chromium does it",
)


def save(array: NDArray[Any], path: Path, **options: Any) -> Path:
    """Write an array as a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pyvips.Image.new_from_array(np.ascontiguousarray(array)).write_to_file(str(path), **options)
    return path


def load(path: Path) -> NDArray[Any]:
    """Read a picture."""
    array: NDArray[Any] = pyvips.Image.new_from_file(str(path)).numpy()
    return array


def files(folder: str = ".") -> set[str]:
    """All files below a folder."""
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if not path.is_dir()}


def contents(*names: str) -> list[bytes]:
    """What is in the files."""
    return [Path(name).read_bytes() for name in names]


def on_terminal(command: Sequence[str]) -> tuple[subprocess.CompletedProcess[bytes], str]:
    """A finished command whose stderr was a terminal, and what that showed."""
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=False, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 4096):
            shown += block
    except OSError:  # on Linux: the other end is closed
        pass
    os.close(ours)
    return done, shown.decode()


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Run]


# What the tests of images share: a colour picture, the marks that are written, and where they are found again.
COLOUR = data.astronaut()[300:396, 300:428].copy()
MARKS = {"software": "Photochrom 0.1.0", "model": "test-1"}
CREATOR = "Photochrom 0.1.0 (test-1)"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DST = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
TOOL = "{http://ns.adobe.com/xap/1.0/}CreatorTool"


def strips(array: NDArray[Any], rows: int = 17) -> Iterator[NDArray[Any]]:
    """The array from top to bottom, as a painter gives it."""
    return (array[y : y + rows] for y in range(0, len(array), rows))
