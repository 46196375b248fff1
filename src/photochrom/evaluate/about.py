"""Where figures come from: versions, the checkout's commit, the command and the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from photochrom.version import __version__

__all__ = ["provenance"]

_PACKAGES = ("numpy", "opencv-contrib-python-headless", "pyvips", "onnxruntime")
_TORCH = ("torch", "torchvision", "torchmetrics", "timm")


def provenance(arguments: Sequence[str], *, torch: bool = False) -> dict[str, Any]:
    """How a report was made. ``arguments``: what follows ``photochrom``; ``torch``: whether it took part."""
    commit, changed = _commit(Path(__file__).parent)
    return {
        "photochrom": __version__,
        "commit": commit,
        "changed": changed,
        "command": shlex.join(["photochrom", *arguments]),
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in (*_PACKAGES, *(_TORCH if torch else ())) if _version(name)},
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": _processor(),
            "cores": _cores(),
        },
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit(folder: Path) -> tuple[str | None, bool | None]:
    """The commit of the checkout that the package lies in, and whether files differ from it; None outside of a checkout."""
    root = next((parent for parent in folder.parents if (parent / ".git").exists()), None)
    if root is None or not (root / "src" / "photochrom").is_dir():  # installed inside somebody else's checkout
        return None, None
    try:
        answers = [
            subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True, timeout=10).stdout
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        ]
    except (OSError, subprocess.SubprocessError):
        return None, None
    return answers[0].strip(), bool(answers[1].strip())


def _processor() -> str:
    if sys.platform == "linux":
        try:
            lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        except OSError:
            lines = []
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
