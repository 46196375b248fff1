"""One picture of ``photochrom colorize``: opened, steered, painted and written."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.batch import make_room
from photochrom.colorized import SOFTWARE
from photochrom.edits.sidecar import save_sidecar
from photochrom.errors import OutputExistsError
from photochrom.images import ImageInfo, SourceImage, write_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.batch import Job
    from photochrom.cli.edits import Wanted
    from photochrom.colorized import Colorized
    from photochrom.colorizer import Colorizer, Opened
    from photochrom.edits.edits import Edits

__all__ = ["Output", "paint"]

#: The longer side of a picture on the contact sheet, and the space between two, in pixels.
_THUMB, _GAP = 512, 8


@dataclass(frozen=True)
class Output:
    """How results are written.

    ``samples``: so many alternatives and a contact sheet, or None: one picture. ``skip_existing``: of a picture and its map of
    confidence, only what is not there is written.
    """

    force: bool
    jpeg_quality: int | None
    max_pixels: int
    edits: Path | None = None
    samples: int | None = None
    seed: int = 0
    skip_existing: bool = False

    def wants(self, path: Path) -> bool:
        """Whether this output is to be written."""
        return self.force or not self.skip_existing or not os.path.lexists(path)


def paint(colorizer: Colorizer, job: Job, wanted: Wanted, output: Output) -> dict[str, Any]:
    """Colour one picture; returns what ``--json`` prints about it. Raises PhotochromError."""
    start = time.perf_counter()
    opened = colorizer.open(job.source, max_pixels=output.max_pixels)
    kept, overlapping = wanted.prepare(opened)
    opened, framed = opened.framed(kept.edits)
    edits = opened.resolved(framed)
    result = opened.paint(edits)
    make_room(job.target)
    written: dict[str, Any] = {}
    if output.samples:
        notices = _save_samples(opened, edits, job.target, output, written)
    else:
        if output.edits is not None and not output.force and os.path.lexists(output.edits):
            raise OutputExistsError("exists already; overwrite it with --force", output.edits)
        notices = ()
        if job.confidence is None or output.wants(job.target):
            notices = result.save(job.target, force=output.force, jpeg_quality=output.jpeg_quality)
    if job.confidence is not None and output.wants(job.confidence):
        make_room(job.confidence)
        result.save_confidence(job.confidence, force=output.force)
    if output.edits is not None:
        make_room(output.edits)
        save_sidecar(kept, output.edits, force=output.force)
    return {
        **result.summary(),
        "vividness": edits.vividness,
        "hints": len(edits.hints),
        "notices": list(opened.notices + overlapping + notices),
        **written,
        "seconds": round(time.perf_counter() - start, 3),
    }


def _save_samples(
    opened: Opened, edits: Edits, target: Path, output: Output, written: dict[str, Any]
) -> tuple[str, ...]:
    """Write the alternatives, which agree with the user's hints, as NAME-1.EXT, NAME-2.EXT ... and NAME-sheet.jpg."""
    found = opened.variants(edits, output.samples or 1, seed=output.seed)
    paths = [target.with_name(f"{target.stem}-{number}{target.suffix}") for number in range(1, len(found) + 1)]
    sheet = target.with_name(f"{target.stem}-sheet.jpg")
    for path in [*paths, sheet]:
        if not output.force and os.path.lexists(path):
            raise OutputExistsError("exists already; overwrite it with --force, or choose another with -o", path)
    notices: tuple[str, ...] = ()
    thumbs = []
    for path, variant in zip(paths, found, strict=True):
        result = opened.paint(variant)
        notices = result.save(path, force=output.force, jpeg_quality=output.jpeg_quality)
        thumbs.append(_thumb(result))
    _save_sheet(thumbs, sheet, opened.session.name, output.force)
    written |= {"samples": [str(path) for path in paths], "sheet": str(sheet)}
    if len(found) < (output.samples or 1):
        few = f"{len(found)} different colouring{'s' if len(found) > 1 else ''} found, of {output.samples}"
        notices += (f"{few}: the model is sure of the rest",)
    return notices


def _thumb(result: Colorized) -> NDArray[np.uint8]:
    rgb = np.concatenate(list(result.strips()))
    scale = _THUMB / max(rgb.shape[:2])
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    small: Any = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return np.asarray(small if small.dtype == np.uint8 else np.rint(small / 257), np.uint8)


def _save_sheet(thumbs: list[NDArray[np.uint8]], path: Path, model: str, force: bool) -> None:
    """All pictures in one, row by row, on white."""
    height, width = thumbs[0].shape[:2]
    columns = math.ceil(math.sqrt(len(thumbs)))
    rows = math.ceil(len(thumbs) / columns)
    sheet = np.full((rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, 3), 255, np.uint8)
    for index, thumb in enumerate(thumbs):
        top, left = _GAP + index // columns * (height + _GAP), _GAP + index % columns * (width + _GAP)
        sheet[top : top + height, left : left + width] = thumb
    info = ImageInfo(None, sheet.shape[1], sheet.shape[0], 8, 3, has_alpha=False, format="array")
    write_image(SourceImage(info), path, iter([sheet]), software=SOFTWARE, model=model, force=force)
