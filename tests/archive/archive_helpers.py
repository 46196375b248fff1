"""What the tests of batches share: small scans, the bytes that they must become, and drivers that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from helpers import data, save
from photochrom.archive.execute import manifest_url
from photochrom.archive.manifest import Manifest
from photochrom.archive.states import State
from photochrom.errors import ManifestError


def make_scans(folder: Path, count: int) -> list[str]:
    """Grey photographs, (64, 96) each, some in a folder below; their names."""
    camera, rng = data.camera(), np.random.default_rng(0)
    names = []
    for number in range(count):
        y, x = rng.integers(0, 400, 2)
        name = f"{'deep/' if number % 4 == 3 else ''}scan-{number:03}.{'png' if number % 3 else 'jpg'}"
        save(np.ascontiguousarray(camera[y : y + 64, x : x + 96]), folder / name)
        names.append(name)
    return names


def outputs(folder: Path | str) -> dict[str, bytes]:
    """Every picture below a folder."""
    found = (path for path in Path(folder).rglob("*") if path.suffix in (".png", ".jpg", ".tif"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def rows(out: Path | str) -> list[Any]:
    """The manifest's rows."""
    manifest = Manifest(manifest_url(str(out), None))
    try:
        return list(manifest.rows())
    finally:
        manifest.close()


def count(out: Path | str, state: State = State.DONE) -> int:
    """How many rows are in a state; 0 before there is a manifest."""
    if not Path(manifest_url(str(out), None)).exists():
        return 0
    try:
        return sum(row.state == state for row in rows(out))
    except ManifestError:  # the driver is just making it
        return 0


def finished_by_drivers(out: Path | str) -> int:
    """How many pictures all runs together have committed."""
    manifest = Manifest(manifest_url(str(out), None))
    try:
        return sum(driver.pictures for driver in manifest.leases.all())
    finally:
        manifest.close()


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "photochrom", "batch", *map(str, arguments)]


@contextmanager
def driver(*arguments: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """``photochrom batch`` as a process of its own, killed at the end if it still runs."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def done(*arguments: object, **environment: str) -> tuple[int, list[dict[str, Any]], str]:
    """``photochrom batch --json``, run to its end: exit code, events, stderr."""
    ended = subprocess.run(
        command(*arguments, "--json"), capture_output=True, text=True, env=os.environ | environment, check=False
    )
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def children(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    direct = [int(number) for number in listed.stdout.split()]
    return direct + [one for child in direct for one in children(child)]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
