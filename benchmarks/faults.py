"""What the benchmarks on faults share: pictures of every kind that is read, their mutants, and the whole command as a process."""

from __future__ import annotations

import io
import os
import random
import re
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
import skimage.data
from numpy.typing import NDArray

COMMAND = [sys.executable, "-m", "photochrom", "colorize"]


def seeds() -> dict[str, bytes]:
    """Small pictures of every readable format and many of their variants, by file name."""
    data: Any = skimage.data
    grey: NDArray[np.uint8] = data.camera()[60:252:4, 80:336:4].copy()
    tinted = np.stack([grey, (grey * 0.85).astype(np.uint8), (grey * 0.65).astype(np.uint8)], axis=2)
    deep = grey.astype(np.uint16) * 257
    alpha = np.dstack([tinted, 255 - grey])
    image = pyvips.Image.new_from_array
    exif = image(tinted).copy()
    exif.set_type(pyvips.GValue.gint_type, "orientation", 6)
    exif.set_type(
        pyvips.GValue.gstr_type, "exif-ifd0-ImageDescription", "a village (a village, ASCII, 10 components, 10 bytes)"
    )
    cmyk = image(255 - np.dstack([tinted, grey // 2])).copy(interpretation="cmyk")
    made = {
        "grey.jpg": (image(grey), ".jpg", {}),
        "progressive.jpg": (image(tinted), ".jpg", {"interlace": True, "profile": "srgb"}),
        "exif.jpg": (exif, ".jpg", {}),
        "cmyk.jpg": (cmyk, ".jpg", {}),
        "grey.png": (image(grey), ".png", {}),
        "deep.png": (image(deep), ".png", {"interlace": True}),
        "palette.png": (image(alpha), ".png", {"palette": True}),
        "alpha.webp": (image(alpha), ".webp", {"lossless": True}),
        "lossy.webp": (image(tinted), ".webp", {}),
        "grey.tif": (image(grey), ".tif", {}),
        "deflate.tif": (image(deep), ".tif", {"compression": "deflate", "predictor": "horizontal"}),
        "tiled.tif": (image(tinted), ".tif", {"tile": True, "tile_width": 16, "tile_height": 16, "compression": "lzw"}),
        "jpeg.tif": (image(tinted), ".tif", {"compression": "jpeg"}),
        "float.tif": (image(grey.astype(np.float32) / 255), ".tif", {}),
        "big.tif": (image(tinted), ".tif", {"bigtiff": True}),
        "bilevel.tif": (image(grey), ".tif", {"bitdepth": 1, "compression": "ccittfax4"}),
        "frames.gif": (image(grey), ".gif", {}),
    }
    found = {name: bytes(one.write_to_buffer(suffix, **options)) for name, (one, suffix, options) in made.items()}
    for suffix, options in ((".avif", {}), (".jxl", {}), (".jp2", {})):
        try:  # read where the installed libvips can; else a refusal by name is what is tried
            found[f"picture{suffix}"] = bytes(image(tinted).write_to_buffer(suffix, **options))
        except pyvips.Error:  # noqa: PERF203
            continue
    return found


def mutant(number: int, pictures: dict[str, bytes]) -> tuple[str, bytes]:
    """The picture of this number: its file name and its bytes. The same number gives the same."""
    dice = random.Random(number)
    name = sorted(pictures)[number % len(pictures)]
    data = bytearray(pictures[name])
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        kind = dice.choice(("flip", "flip", "set", "cut", "splice", "length", "repeat", "drop"))
        # The first bytes decide what happens: half of all changes are there.
        room = max(2, min(len(data), 700) if dice.random() < 0.5 else len(data)) - 1
        at = min(dice.randrange(1, room + 1), max(0, len(data) - 1))
        if not data:
            break
        if kind == "flip":
            data[at] ^= 1 << dice.randrange(8)
        elif kind == "set":
            data[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == "cut":
            del data[max(at, 4) :]
        elif kind == "splice":
            other = pictures[dice.choice(sorted(pictures))]
            begin = dice.randrange(len(other))
            data[at : at + 64] = other[begin : begin + dice.randrange(1, 256)]
        elif kind == "length":
            width = dice.choice((2, 4))
            value = dice.choice((0xFFFF, 0x7FFF, 0xFFFFFFFF, 0x7FFFFFFF, 0x10000, 50000)) & (256**width - 1)
            data[at : at + width] = value.to_bytes(width, dice.choice(("big", "little")))
        elif kind == "repeat":
            data[at:at] = bytes(data[at : at + dice.randrange(1, 512)])
        else:
            del data[at : at + dice.randrange(1, 64)]
    return f"{number:05}-{name}", bytes(data)


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code (None: stopped after too long), what it said, seconds, and its peak memory in bytes."""

    code: int | None
    out: str
    err: str
    seconds: float
    memory: int


def command(*arguments: object, folder: Path | None = None, limit: float = 600.0) -> Ended:
    """The whole command as a process of its own."""
    begin = time.perf_counter()
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=limit)
            code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            code = None
    return Ended(code, out.decode(errors="replace"), err.decode(errors="replace"), time.perf_counter() - begin, 0)


def peak() -> int:
    """Peak memory of the largest child so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def parts(folder: Path) -> list[Path]:
    """Unfinished files and folders below a folder."""
    return [
        Path(here) / name
        for here, folders, names in os.walk(folder)
        for name in (*folders, *names)
        if re.search(r"\.part$", name)
    ]


def is_whole(path: Path) -> bool:
    """Whether a written picture decodes to its last row."""
    try:
        pyvips.Image.new_from_file(str(path), access="sequential", fail_on="error").avg()
    except pyvips.Error:
        return False
    return True


def sample(count: int, folder: Path, side: int = 96) -> None:
    """``count`` different grey photographs, JPEG, PNG and TIFF by turns."""
    data: Any = skimage.data
    grey: NDArray[np.uint8] = data.camera()
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        y, x = number * 37 % (512 - side), number * 101 % (512 - side)
        suffix = (".jpg", ".png", ".tif")[number % 3]
        image = pyvips.Image.new_from_array(np.ascontiguousarray(grey[y : y + side, x : x + side]))
        image.write_to_file(str(folder / f"{number:03}{suffix}"))


def table(rows: dict[str, object]) -> str:
    """Lines for people."""
    out = io.StringIO()
    for name, value in rows.items():
        out.write(f"{name:44} {value}\n")
    return out.getvalue()
