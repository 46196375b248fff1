"""``photochrom evaluate --protocol film``: how good and how steady are the colours of films?

The truth is a colour film; its luma alone is what the methods see. Methods are Photochrom's own (``film``; ``frames``: every
frame by itself; ``exemplar``: the first true frame is given), and results of any program, as films or as folders of frames.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import rgb_to_lab
from photochrom.errors import EvaluationError, OptionError
from photochrom.evaluate.consistency import cdc, dense_flow, visible, warp_error_pair
from photochrom.evaluate.flicker import flicker_pair, motion
from photochrom.evaluate.metrics import colourfulness, decibels
from photochrom.film import FilmReference, Steering, make_choices
from photochrom.film import open as open_film
from photochrom.film.film import Film
from photochrom.film.paint import paint_frame

__all__ = ["FIGURES", "measure", "measure_films", "methods_of", "rendered", "true_frames"]

Rgb = NDArray[np.uint8]
#: What is measured: key, title, decimals, factor when printed.
FIGURES = (
    ("psnr", "PSNR dB, higher is better", 2, 1),
    ("flicker", "flicker ab, lower is better", 3, 1),
    ("cdc", "CDC x 1000, lower is better", 3, 1000),
    ("warp_error", "warp error x 1000, lower is better", 3, 1000),
    ("colourfulness", "colourfulness, as the truth's", 2, 1),
)
_OWN = ("film", "frames", "exemplar")
_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"}


def methods_of(given: Iterable[str]) -> dict[str, str]:
    """``[NAME=]WHAT`` by name: of ours ``film``, ``frames`` or ``exemplar``; else the path of a film or of a folder of frames."""
    found: dict[str, str] = {}
    for text in given:
        name, _, what = text.rpartition("=")
        if what not in _OWN and not Path(what).exists():
            raise OptionError("--method", text, f"{', '.join(_OWN)}, a film, or a folder of frames")
        found[name or (what if what in _OWN else Path(what).name)] = what
    return found


def measure(truth: Iterable[Rgb], result: Iterable[Rgb]) -> dict[str, float]:
    """All FIGURES of a clip: sRGB uint8 (h, w, 3) frames. Raises EvaluationError for other lengths or sizes."""
    errors: list[float] = []
    flickers: list[float] = []
    warps: list[float] = []
    colors: list[float] = []
    kept: tuple[Rgb, Rgb, NDArray[np.float32], NDArray[np.float32]] | None = None

    def checked() -> Iterator[Rgb]:
        nonlocal kept
        others = iter(result)
        count = 0
        for count, true in enumerate(truth, 1):
            made = next(others, None)
            if made is None or made.shape != true.shape:
                got = "nothing" if made is None else made.shape
                raise EvaluationError(f"frame {count - 1} of the result is {got}, expected one of {true.shape}")
            errors.append(float(np.square(true.astype(np.float32) - made).mean()))
            colors.append(colourfulness(made))
            labs = rgb_to_lab(true), rgb_to_lab(made)
            if kept is not None:
                moved = motion(kept[2][..., 0], labs[0][..., 0])
                pair = (kept[2][..., 1:], labs[0][..., 1:]), (kept[3][..., 1:], labs[1][..., 1:])
                flickers.append(flicker_pair(moved, *pair))
                back, forth = dense_flow(kept[0], true)
                warps.append(warp_error_pair(kept[1], made, back, visible(back, forth)))
            kept = true, made, *labs
            yield made
        if next(others, None) is not None:
            raise EvaluationError(f"the result has more frames than the truth, which has {count}")

    consistency = cdc(checked())
    psnr = float(np.mean([decibels(error) for error in errors]))
    means = [float(np.nanmean(values)) if values else float("nan") for values in (flickers, warps, colors)]
    return {"psnr": psnr, "flicker": means[0], "cdc": consistency, "warp_error": means[1], "colourfulness": means[2]}


def measure_films(
    truths: Iterable[Path],
    methods: dict[str, str],
    limit: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """A report: for each truth and method, all FIGURES. Raises FilmError, EvaluationError."""
    rows = []
    for path in truths:
        film = open_film(path)
        for name, what in {"truth": "truth", **methods}.items():
            progress(f"{path.name}: {name}")
            frames = islice(rendered(film, what), limit)
            rows.append({"film": path.name, "method": name, **measure(islice(true_frames(film), limit), frames)})
    return {"protocol": "film", "figures": [figure[0] for figure in FIGURES], "rows": rows}


def true_frames(film: Film) -> Iterator[Rgb]:
    """The film's own frames, converted as players do."""
    for frame in film.frames():
        yield paint_frame(frame, None, film.source.layout, film.source.layout).to_ndarray(format="rgb24")


def rendered(film: Film, what: str) -> Iterator[Rgb]:
    """Frames of a method: of ours "film", "frames" or "exemplar"; "truth"; or those of a film or folder."""
    if what == "truth":
        yield from true_frames(film)
    elif what == "frames":
        yield from _by_frame(film)
    elif what in _OWN:
        with tempfile.TemporaryDirectory() as folder:
            # A true film looks coloured, which is what is to be found out.
            choices = make_choices()
            if what == "exemplar":
                first = Path(folder) / "first.png"
                cv2.imwrite(str(first), next(true_frames(film))[..., ::-1])
                choices = film.steered(choices, Steering(references=(FilmReference(None, 0, first),)))
            yield from film.paint(choices)
    elif Path(what).is_dir():
        for path in sorted(one for one in Path(what).iterdir() if one.suffix.lower() in _PICTURES):
            read = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if read is None:
                raise EvaluationError("is not a picture that can be read", path)
            yield np.ascontiguousarray(read[..., ::-1], np.uint8)
    else:
        yield from true_frames(open_film(Path(what)))


def _by_frame(film: Film) -> Iterator[Rgb]:
    """Every frame coloured like a photograph of its own."""
    from photochrom.film.shot_colors import ShotColors
    from photochrom.fuse import fit

    colors = ShotColors(film.source, make_choices(), [0.0], 0)
    layout = film.source.layout
    for frame in film.frames():
        light = colors.lightness(frame)
        answer = colors.coloring.answer(colors.coloring.look(light))
        field = colors.as_it_lies(fit(answer.ab, light))
        yield paint_frame(frame, field, layout, layout).to_ndarray(format="rgb24")


def print_report(report: dict[str, Any], console: Any) -> None:
    """A table for each film."""
    from rich.table import Table

    for name in dict.fromkeys(row["film"] for row in report["rows"]):
        table = Table(title=name, title_justify="left")
        table.add_column("method")
        for _, title, _, _ in FIGURES:
            table.add_column(title, justify="right")
        for row in report["rows"]:
            if row["film"] == name:
                table.add_row(row["method"], *(f"{row[key] * by:.{places}f}" for key, _, places, by in FIGURES))
        console.print(table)


def write_report(report: dict[str, Any], folder: Path, *, force: bool = False) -> Path:
    """report.json in a folder. Raises OutputExistsError."""
    from photochrom.errors import OutputExistsError

    path = folder / "report.json"
    if path.exists() and not force:
        raise OutputExistsError("exists already; overwrite it with --force", path)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return path
