"""Colour a picture on an emulated processor without AVX-512, and compare it with the same picture coloured on this one.

    python scripts/emulated_cpu.py qemu-x86_64

ONNX Runtime has no setting that leaves AVX-512 out. QEMU's emulation of a processor for one program offers AVX2 at most, so that
the whole of Photochrom, the networks included, computes as on an older machine. It is slow (40 s at a work size of 64 pixels).
Exits with 1 and one line for each picture that differs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
#: Values of 255 by which pictures of two processors may differ, since sums are taken in another order. Measured: 1, at one
#: value in 28,000. With a second hint it was 4, probably where rounding decides what belongs to which.
ALLOWED = 2


def has_avx512() -> bool:
    """Whether NumPy finds it on the processor that this program sees."""
    core: Any = np._core._multiarray_umath if hasattr(np, "_core") else np.core._multiarray_umath
    return bool(core.__cpu_features__.get("AVX512F"))


def painted() -> dict[str, np.ndarray]:
    """A picture with automatic colours and with hints, (H, W, 3) uint8 sRGB each."""
    from photochrom import Colorizer, Hint, Hints

    opened = Colorizer(work_size=64, threads=1).open(ROOT / "tests/pictures/cat.jpg")
    hints = Hints([Hint.at(40, 40, (40.0, 20.0))])
    return {"automatic": np.asarray(opened.paint()), "hinted": np.asarray(opened.paint(hints=hints))}


def differences(here: dict[str, np.ndarray], emulated: dict[str, np.ndarray]) -> list[str]:
    """One line for each picture that differs by more than ALLOWED."""
    found = []
    for name, picture in here.items():
        most = int(np.abs(picture.astype(int) - emulated[name].astype(int)).max())
        if most > ALLOWED:
            found.append(f"the {name} picture differs by up to {most} of 255 without AVX-512; {ALLOWED} are allowed")
    return found


def main(arguments: list[str]) -> int:
    """The exit code. ``--write FILE``: paint and write the pictures, which is what runs on the emulated processor."""
    if arguments[0] == "--write":
        if has_avx512():
            print("the emulated processor has AVX-512, so there is nothing to compare with")
            return 1
        np.savez(arguments[1], **painted())
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pictures.npz"
        code = subprocess.run(
            [arguments[0], "-cpu", "max", sys.executable, __file__, "--write", str(file)], check=False
        ).returncode
        if code:
            print(f"{arguments[0]} ended with {code}")
            return 1
        with np.load(file) as emulated:
            problems = differences(painted(), dict(emulated))
    print("\n".join(problems) or f"the same pictures as without AVX-512, to within {ALLOWED} of 255")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
