"""What does each choice bring? Rows of one change each, trained with equal compute and measured alike.

    python benchmarks/ablations.py --data STORE --pretrained efficientnet_lite0_*.whl efficientnet_lite1_*.whl \\
        --truth EVAL/cid22-256.parquet --cpu-seconds 60 [--rows base wide narrow]
    python benchmarks/ablations.py --table

Compute is counted in processor seconds of one thread, so other work on the machine does not matter: before each row a few
steps of it and of the base are taken by turns, and the row gets as many steps as fit into the time of the base's. Every row
is trained from the ImageNet weights with its whole schedule (warm-up, cosine). A row whose line is in OUT/results.jsonl is
left out, so a run that was stopped goes on with the same command; rows may run side by side.

held: so many pictures that were held back from training; truth: so many of --truth. Both are measured as finished
pictures, at the size that the row was trained at, without the prior's correction. hinted, histogram: PSNR with ten true
cells, and with the true histogram. film, print: PSNR gain of the plain mean colours where the network sees a film's grey, or
an old print. top1: what ImageNet's own head still knows from the encoder's features of grey pictures.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from ablation_rows import BASE, ROWS, Row, table
from timm.data import ImageNetInfo
from training import KINDS, stepper

from photochrom import Colorizer
from photochrom.color import lightness, rgb_to_lab
from photochrom.evaluate import baselines
from photochrom.evaluate.metrics import psnr
from photochrom.evaluate.pictures import open_truth
from photochrom.evaluate.protocols import centre_square
from photochrom.evaluate.scores import Scores
from photochrom.nets.lite import load_pretrained
from photochrom.train.augment import prepare
from photochrom.train.color_module import ColorModule, psnr_of_ab
from photochrom.train.crops import split
from photochrom.train.distil import ImageNetTeacher
from photochrom.train.export import export, load_network
from photochrom.train.fit import fit
from photochrom.train.losses import expected_ab, soft_bins
from photochrom.train.picture_store import PictureStore
from photochrom.train.recipe import Recipe, load_recipe, recipe_path

HELD, TRUTH, LABELLED, HINTS = 75, 57, 200, 10
FIGURES = ("psnr", "auc", "auc_rebalanced", "ciede2000", "colourfulness")


def recipe_of(row: Row, steps: int = 100) -> Recipe:
    known = {**BASE, **row.recipe, "steps": steps, "warmup": max(1, steps // 12), "every": steps}
    return load_recipe(recipe_path("photochrom"), **known)


def weights_of(recipe: Recipe, files: list[Path]) -> Path:
    for path in files:
        if recipe.encoder in path.name:
            return path
    raise SystemExit(f"--pretrained: name the ImageNet weights of {recipe.encoder}, too")


def seconds_per_step(rows: list[Row], files: list[Path], rounds: int = 5) -> list[float]:
    """Least processor seconds of a training step of each row; the steps are taken by turns."""
    steps = []
    for row in rows:
        recipe = recipe_of(row)
        module = ColorModule(recipe, weights_of(recipe, files))
        steps.append(stepper(module, KINDS[2] if recipe.encoder_rate else KINDS[1], True, "cpu"))
    taken: list[list[float]] = [[] for _ in steps]
    for _ in range(rounds):
        for times, step in zip(taken, steps, strict=True):
            start = time.process_time()
            step()
            times.append(time.process_time() - start)
    return [min(times) for times in taken]


def train(row: Row, options: argparse.Namespace) -> dict[str, Any]:
    """Train the row with as much compute as the base has, and say how that went."""
    pace = options.out / "pace.json"
    base, own = seconds_per_step([ROWS["base"], row], options.pretrained)
    if not pace.exists():  # the first row settles how many steps the base has
        pace.write_text(json.dumps({"cpu_seconds": options.cpu_seconds, "steps": round(options.cpu_seconds / base)}))
    recipe = recipe_of(row, round(json.loads(pace.read_text())["steps"] * base / own))
    start = time.process_time()
    folder = options.out / row.name
    fit(recipe, [options.data], folder, pretrained=weights_of(recipe, options.pretrained), workers=0)
    line = json.loads((folder / "log.jsonl").read_text().splitlines()[-1])
    return {
        "samples": recipe.steps * recipe.batch,
        "cost": round(own / base, 3),
        "cpu_seconds": round(time.process_time() - start, 1),
        "validation": {"gain": line["val_gain"], "hinted_gain": line["val_hinted_gain"]},
    }


def told(rgb: Any, shape: tuple[int, ...], stride: int, seed: int) -> dict[str, dict[str, Any]]:
    """Ten random true cells of 8 pixels as hints, and the true histogram, for the network's grid of ``shape``."""
    h, w = shape
    ab = cv2.resize(rgb_to_lab(rgb / 255.0)[..., 1:], (w, h), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)
    coarse = np.zeros(h * w * stride**2 // 64, np.float32)
    coarse[np.random.default_rng(seed).permutation(len(coarse))[:HINTS]] = 1
    mask = np.kron(coarse.reshape(h * stride // 8, w * stride // 8), np.ones((8 // stride, 8 // stride), np.float32))
    index, weight = soft_bins(torch.from_numpy(ab[None].copy()))
    counts = torch.zeros(261).scatter_add_(0, index.flatten(), weight.flatten()).numpy()
    return {
        "hinted": {"hints": np.concatenate([ab * mask, mask[None]])},
        "histogram": {"histogram": counts / counts.sum()},
    }


def measure(colorizer: Colorizer, pictures: list[Any], vividness: float, *, helped: bool) -> dict[str, float]:
    """Means over the pictures, sRGB uint8 squares of 256 pixels; helped: also with hints, and with the histogram."""
    scores = Scores()
    with_help = {"hinted": 0.0, "histogram": 0.0} if helped else {}
    for number, rgb in enumerate(pictures):
        opened = colorizer.open(grey_of(rgb)[..., 0].copy())
        result = opened.paint(vividness=vividness)
        scores.update(rgb, result.rgb)
        given = told(rgb, result.model_ab.shape[:2], colorizer.session.stride, number)
        for name in with_help:
            with_help[name] += psnr(rgb, opened.paint(vividness=vividness, **given[name]).rgb) / len(pictures)
    return rounded({name: scores.compute()[name] for name in FIGURES} | with_help)


def grey_of(rgb: Any) -> Any:
    light = lightness(rgb)
    return baselines.colour(light, baselines.grey_ab(light))


def rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


def measure_grey(pictures: list[Any]) -> dict[str, float]:
    scores = Scores()
    for rgb in pictures:
        scores.update(rgb, grey_of(rgb))
    return rounded({name: scores.compute()[name] for name in FIGURES})


def held_back(store: PictureStore) -> tuple[list[Any], list[tuple[Any, int]]]:
    """Held-back pictures to measure on, and others with the number of their ImageNet class."""
    _, held = split(store, recipe_of(ROWS["base"]))
    held = np.random.default_rng(0).permutation(held)
    order = {synset: number for number, synset in enumerate(ImageNetInfo().label_names())}
    named = [(i, re.search(r"n\d{8}", store.entries[i].path)) for i in held]
    labels = [(i, order[found.group()]) for i, found in named if found and found.group() in order]
    plain = [i for i, found in named if not found]
    return (
        [centre_square(store[i], 256) for i in plain[:HELD]],
        [(centre_square(store[i], 256), label) for i, label in labels[:LABELLED]],
    )


def top1(checkpoint: Path, labelled: list[tuple[Any, int]], files: list[Path]) -> float:
    """Share in % of grey pictures whose class ImageNet's own head finds in the encoder's features, at the row's size."""
    net, about = load_network(checkpoint)
    recipe = Recipe(**about["recipe"])
    head = ImageNetTeacher(recipe.encoder, load_pretrained(weights_of(recipe, files), recipe.encoder))
    side, right = recipe.sizes[0], 0
    for rgb, label in labelled:
        light = cv2.resize(lightness(rgb), (side, side), interpolation=cv2.INTER_AREA)
        with torch.inference_mode():
            features = net.encoder(torch.from_numpy(light)[None, None])
            right += int(head.answers(features[2]).argmax()) == label
    return round(100 * right / len(labelled), 1)


def gains(checkpoint: Path, pictures: list[Any]) -> dict[str, float]:
    """PSNR over grey, in dB, of the network's plain mean colours: lightness as it is, a film's grey, an old print."""
    net, about = load_network(checkpoint)
    recipe = Recipe(**about["recipe"])
    side = recipe.sizes[0]
    squares = np.stack([cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA) for rgb in pictures])
    rng, found = torch.Generator().manual_seed(0), {"clean": 0.0, "film": 0.0, "print": 0.0}
    for crops in torch.from_numpy(squares).permute(0, 3, 1, 2).split(20):
        for name in found:
            seen = replace(recipe, film=float(name == "film"), old_print=float(name == "print"))
            light, ab = prepare(crops, seen, rng, augment=name != "clean")
            nothing = ab.new_zeros(len(ab), 3, *ab.shape[2:]), ab.new_zeros(len(ab), 262)
            with torch.inference_mode():
                out = net(light, *nothing)
                colours = out if net.output == "ab" else expected_ab(out)
                gain = psnr_of_ab(crops, colours) - psnr_of_ab(crops, torch.zeros_like(ab))
            found[name] += float(gain.sum()) / len(squares)
    return rounded(found)


def milliseconds(colorizer: Colorizer) -> float:
    """Least processor time of encoding and decoding 256x256 pixels, one thread."""
    light = np.tile(np.linspace(10, 90, 256, dtype=np.float32), (256, 1))
    taken = []
    for _ in range(8):
        start = time.process_time()
        colorizer.session.decode(colorizer.session.encode(light))
        taken.append(time.process_time() - start)
    return round(1000 * min(taken), 1)


def run(row: Row, options: argparse.Namespace) -> dict[str, Any]:
    checkpoint = options.out / (row.like or row.name) / "last.ckpt"
    result: dict[str, Any] = {"row": row.name, "recipe": row.recipe, "seed": BASE["seed"]}
    if row.like is None:
        result |= train(row, options)
    else:
        result["samples"] = results_of(options.out).get(row.like, {}).get("samples", 0)
    store = PictureStore(options.data)
    held, labelled = held_back(store)
    truth = [picture.rgb for picture in open_truth([options.truth], "centre-256", TRUTH)]
    model = checkpoint.with_name(f"{row.name}.onnx")
    files = export(checkpoint, model, store=options.data if row.prior else None)
    _, about = load_network(checkpoint)
    colorizer = Colorizer(model, threads=1, work_size=about["recipe"]["sizes"][0])
    if "grey" not in results_of(options.out):
        keep(options.out, {"row": "grey", "held": measure_grey(held), "truth": measure_grey(truth)})
    return {
        **result,
        "held": measure(colorizer, held, row.vividness, helped=True),
        "truth": measure(colorizer, truth, row.vividness, helped=False),
        "gains": gains(checkpoint, held),
        "top1": top1(checkpoint, labelled, options.pretrained),
        "milliseconds": milliseconds(colorizer),
        "megabytes": round(sum(file.stat().st_size for file in files) / 1e6, 2),
    }


def results_of(out: Path) -> dict[str, dict[str, Any]]:
    file = out / "results.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return {line["row"]: line for line in lines}


def keep(out: Path, line: dict[str, Any]) -> None:
    with (out / "results.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="picture store, as `photochrom train` makes it in its cache")
    parser.add_argument("--pretrained", type=Path, nargs="+", default=[], help="ImageNet weights, one file an encoder")
    parser.add_argument("--truth", type=Path, help="a second set to measure on")
    parser.add_argument("--cpu-seconds", type=float, default=60, help="processor seconds of the base's training")
    parser.add_argument("--rows", nargs="+", choices=ROWS, metavar="ROW", default=list(ROWS), help=", ".join(ROWS))
    parser.add_argument("--out", type=Path, default=Path("runs/ablations"))
    parser.add_argument("--table", action="store_true", help="print the results so far as Markdown, and train nothing")
    options = parser.parse_args()
    if not options.table and not (options.data and options.truth and options.pretrained):
        parser.error("--data, --truth and --pretrained are needed (or --table)")
    return options


def main() -> int:
    options = parse()
    if options.table:
        print(table(results_of(options.out)))
        return 0
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.rows:
        if name in results_of(options.out):
            print(f"{name}: done before")
            continue
        result = run(ROWS[name], options)
        keep(options.out, result)
        print(json.dumps(result), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
