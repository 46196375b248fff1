"""Tables of sources, and small photographs for them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
from skimage import data

COLUMNS = [
    "name",
    "place",
    "commit",
    "rule",
    "unless",
    "side",
    "smallest",
    "most",
    "treat",
    "role",
    "use",
    "terms",
    "content",
]
ROW = {
    "commit": "-", "rule": ".", "unless": "-", "side": "160", "smallest": "64", "most": "-", "treat": "-", "role": "train",
    "use": "free", "terms": "CC0", "content": "anything",
}  # fmt: skip


def write_table(path: Path, *rows: dict[str, str]) -> Path:
    lines = ["\t".join(COLUMNS), *("\t".join((ROW | row)[column] for column in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def jpg(rgb: np.ndarray, quality: int = 95) -> bytes:
    return cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def photographs() -> dict[str, np.ndarray]:
    """Parts of photographs of different things, (200, 260, 3)."""
    parts = {
        "astronaut": (0, 120),
        "coffee": (100, 150),
        "cat": (40, 100),
        "rocket": (150, 200),
        "immunohistochemistry": (0, 0),
    }
    return {name: getattr(data, name)()[y : y + 200, x : x + 260] for name, (y, x) in parts.items()}


def rows(out: Path, pattern: str = "train/*.parquet") -> list[dict[str, Any]]:
    return [row for path in sorted(out.glob(pattern)) for row in pq.read_table(path).to_pylist()]


def left_out(out: Path, source: str = "mine") -> dict[str, str]:
    return dict(json.loads((out / "report.json").read_text())["left_out"][source])


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), *arguments]
    found = subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    )
    return found.stdout.decode().strip()


def from_clone(tmp_path: Path, commit: str, **more: str) -> Path:
    return write_table(tmp_path / "git.tsv", {"name": "mine", "place": "some/one", "commit": commit, **more})
