"""The papers' own experiments, repeated: each adds its tables and charts to the page and returns the drawings by file name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from photochrom.papers.charts import bars, curves
from photochrom.papers.foregrounds import SIDE, WORK
from photochrom.papers.page import Page
from photochrom.papers.results import Result
from photochrom.papers.statistics import interval

__all__ = ["EXPERIMENTS"]

Results = Mapping[str, Result]
Drawings = dict[str, str]


def _missing(page: Page, results: Results, *names: str) -> bool:
    absent = [name for name in names if name not in results]
    if absent:
        page.text(f"Not measured: {', '.join(f'`{name}`' for name in absent)} is not finished.")
    return bool(absent)


def _bars(page: Page, results: Results, title: str, names: list[str], figure: str, scale: float, file: str) -> Drawings:
    values = [results[name].figure(figure) * scale for name in names]
    spans = [interval(results[name].pictures(figure) * scale) for name in names]
    page.picture(file, title)
    return {file: bars(title, names, values, spans)}


def _colourify(page: Page, results: Results) -> Drawings:
    """Figure 3: plain VGG-16, BN and dropout, augmentation, all three."""
    names = ["vgg16", "vgg16-bn-dropout", "vgg16-aug", "vgg16-improved"]
    if _missing(page, results, *names, "vgg16-scratch", "grey"):
        return {}
    constant = ""
    if "mean ab" in results:
        constant = f", and one and the same colour everywhere {100 * results['mean ab'].figure('accuracy'):.1f} %"
    page.text(
        "The paper's figure 3 has four bars of accuracy without numbers in the text; they rise from the plain VGG-16 to the "
        f"one with all three. Here, with 95 % intervals; a grey picture has {100 * results['grey'].figure('accuracy'):.1f} "
        f"%{constant}."
    )
    drawings = _bars(page, results, "Keras accuracy, %", names, "accuracy", 100, "colourify-figure-3.svg")
    start, scratch = results["vgg16"], results["vgg16-scratch"]
    page.text(
        "What the pretrained start is worth to `vgg16` at the same compute: "
        f"PSNR {start.figure('psnr'):.2f} dB with it and {scratch.figure('psnr'):.2f} dB from random weights, AuC rebalanced "
        f"{start.figure('auc_rebalanced'):.2f} and {scratch.figure('auc_rebalanced'):.2f}, colourfulness "
        f"{start.figure('colourfulness'):.1f} and {scratch.figure('colourfulness'):.1f}."
    )
    return drawings


def _chandalwar(page: Page, results: Results) -> Drawings:
    """CNN against fusion against GAN: the paper announces the comparison and prints pictures only."""
    names = ["cnn-baseline", "koalarization", "gan"]
    if _missing(page, results, *names):
        return {}
    page.text("The paper announces a quantitative comparison of its three networks and prints pictures only. Here:")
    figures = (
        ("PSNR dB", "psnr", 2),
        ("AuC raw %", "auc", 2),
        ("AuC rebal. %", "auc_rebalanced", 2),
        ("CIEDE2000", "ciede2000", 2),
        ("colourfulness", "colourfulness", 1),
    )
    lines = [
        [f"`{name}`", *(f"{results[name].figure(key):.{places}f}" for _, key, places in figures)] for name in names
    ]
    page.table(["row", *(head for head, *_ in figures)], lines)
    return {}


def _zaman(page: Page, results: Results) -> Drawings:
    """With and without penalties: curves of training and validation."""
    names = {"vgg16-residual": "with", "vgg16-residual-noreg": "without"}
    if _missing(page, results, *names):
        return {}
    page.text(
        "MSE of ab / 128 (the penalties left out) and Keras' accuracy along training. The paper's figure 9 shows overfitting "
        "without penalties, after 1,500 epochs of 24,000 pictures; a run this short sees no picture twice."
    )
    drawings: Drawings = {}
    if not all(results[name].first["curve"] for name in names):
        return drawings
    for figure, title in (("loss", "MSE of ab / 128"), ("accuracy", "Keras accuracy")):
        lines = {
            f"{part}, {words} penalties": results[name].curve(f"{key}_{figure}")
            for name, words in names.items()
            for part, key in (("training", "train"), ("validation", "val"))
        }
        file = f"zaman-{figure}.svg"
        page.picture(file, title)
        drawings[file] = curves(title, lines)
    return drawings


def _srivastava(page: Page, results: Results) -> Drawings:
    """Table 1."""
    if _missing(page, results, "caffenet-region"):
        return {}
    lines = results["caffenet-region"].table_1
    if not lines:
        page.text("Not measured: give `--regions`, a folder of pictures with label maps.")
        return {}
    page.text(
        f"Table 1 for the first {len(lines['alone'])} pictures of the set given with `--regions` (street portraits with maps of "
        f"clothes, skin and hair), their short side {SIDE} pixels. Foregrounds, all regions of at least 0.5 % of the picture, "
        f"take their colours from references and are joined by Poisson fusion; the background is the network's, which sees "
        f"{WORK} pixels here, so that a region has several of its cells. In brackets: the network alone, without references."
    )
    page.text(
        "The reference of each region is **the same person**: the picture itself, mirrored, but of the region only the other "
        "half. The left half of a coat is coloured from its right half and the other way round, with a gap between them, so that "
        "no pixel is its own reference; a region too narrow for that is left to the network. It takes the place of what "
        "the paper's user has, a picture of the thing in the colours it should have. Beside it, in one line, the mean with "
        "**another person** "
        "as the reference, the region of the same name in the next picture that has one: this does not depend on the truth, "
        "and gives a coat the colours of somebody else's coat. **Found regions** need no map: the object tool is asked at the "
        "points of a grid (`photochrom/papers/instances.py`), offline, in place of the paper's Mask R-CNN, whose weights would "
        "have to be downloaded; somebody who has them uses them with `photochrom colorize --segment`. The pictures above have "
        "found "
        "regions and the other half of each as its reference: where a half finds nothing like it in the other, patches stay."
    )
    heads = list(lines["alone"][0])
    pairs = list(zip(lines["the same person"], lines["alone"], strict=True))
    table = [
        [str(number), *(f"{line[head]:.3f} ({alone[head]:.3f})" for head in heads)]
        for number, (line, alone) in enumerate(pairs, 1)
    ]
    means = {way: [float(np.mean([line[head] for line in found])) for head in heads] for way, found in lines.items()}
    ways = list(zip(means["the same person"], means["alone"], strict=True))
    table.append(["mean", *(f"{mean:.3f} ({alone:.3f})" for mean, alone in ways)])
    table.append(["mean, references of another person", *(f"{mean:.3f}" for mean in means["another person"])])
    if "found regions" in means:
        table.append(["mean, found regions", *(f"{mean:.3f}" for mean in means["found regions"])])
    table.append(["mean, left grey", *(f"{mean:.3f}" for mean in means["grey"])])
    table.append(["the paper's mean", "144.348", "80.442", "29.137", "0.986", "6.974", "7.006"])
    page.table(["picture", *heads], table)
    page.text(
        "The paper prints no formula of the image matching error; its words are read as the mean over pixels of the sum over "
        "R, G and B of max(truth - result, 0)^2, a saturating subtraction. Entropy is that of the 8-bit values, before of the "
        "grey picture, after of all three channels. The paper's pictures are not named; how high a figure is depends more on "
        "how colourful the pictures are than on the method, as the line of the grey ones shows."
    )
    return {}


def _robles(page: Page, results: Results) -> Drawings:
    """U-Net against rare-colour U-Net; the profile predictor."""
    names = ["unet", "unet-rare"]
    if _missing(page, results, *names):
        return {}
    drawings = _bars(page, results, "Colourfulness", names, "colourfulness", 1, "robles-colourfulness.svg")
    page.text(
        "As printed, the rare-colour weights are normalised so that the whole 64 x 64 array sums to 1. Nearly all of that 1 goes "
        "to bins that no colour falls into, so the weighted 35 % of the loss nearly vanish, and what is left is 0.65 of the "
        "MSE, at which Adam learns the same."
    )
    if "unet-profiled" in results and results["unet-profiled"].first["curve"]:
        finals: list[dict[str, Any]] = [seed["curve"][-1] for seed in results["unet-profiled"].seeds]
        trained, held = (
            " and ".join(f"{100 * f[f'{part}_profile']:.0f} %" for f in finals) for part in ("train", "val")
        )
        page.text(
            "The profile predictor, from grey pictures to 4 K-means profiles of dominant colours: right in "
            f"{held} of held-back pictures ({trained} in training). The paper reports 96 %, not saying on which pictures."
        )
    return drawings


EXPERIMENTS: Mapping[str, Callable[[Page, Results], Drawings]] = {
    "Colourify": _colourify,
    "Chandalwar": _chandalwar,
    "Zaman": _zaman,
    "Srivastava": _srivastava,
    "Robles": _robles,
}
