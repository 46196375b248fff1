"""Fit the reading by which skin and hair are told from cloth: src/photochrom/models/encoder.skin.safetensors.

    python benchmarks/skin_fit.py MAPS CACHE/object --nobody STORE -o encoder.skin.safetensors

MAPS: the folder of scripts/label_maps; CACHE/object: the examples that `photochrom train object --cache CACHE` made of it, for
the encoder that the reading is for. Cells of the pictures of clothing that are skin or hair by half, ground by four fifths, or
anything else, and cells of streets, are read by a multinomial logistic regression on the features at three strides (AdamW).
STORE: a training store with pictures of animals, whose cells are no skin and no hair: fur is not hair, else a cat is a person.
Printed is how many cells of every eighth picture, which are not learnt from, are told rightly; then all are learnt from.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from photochrom.color import lightness
from photochrom.parallel import ordered
from photochrom.resize import enlarged
from photochrom.runtime import open_model
from photochrom.train.crops import centre_square
from photochrom.train.object.object_examples import SHAPES, ObjectExamples
from photochrom.train.picture_store import PictureStore

#: Labels of clothing, and of streets, those of people and of nothing.
SKIN, HAIR, PEOPLE = 41, 19, (10, 11, 255)
#: Cells of each kind of a picture: ground, skin, hair, anything else.
CELLS = 25, 30, 20, 40
#: Steps, cells in one, rate and decay.
STEPS, BATCH, RATE, DECAY = 2500, 512, 3e-3, 0.3
NAMES = "ground", "skin", "hair", "other"
#: What a cell of an animal is, beside those: ground or other, nobody says which; and which kinds each of all five may be.
NEITHER = 4
ALLOWED = np.vstack([np.eye(len(NAMES)), [1, 0, 0, 1]])
#: Sources of pictures of animals, how many of each, and cells of a picture; their short side in pixels.
ANIMALS, PICTURES, OF_ANIMALS, SIDE = ("animals151", "imagewoof", "pets10k", "birds525v", "pandas"), 400, 40, 256


def kinds(name: str, labels: NDArray[Any], grid: tuple[int, int]) -> NDArray[np.int64]:
    """What each cell is, by its picture's label map; -1 where that is not clear."""
    h, w = labels.shape
    rows, columns = min(SHAPES, key=lambda shape: abs(np.log(shape[0] / shape[1] * w / h)))
    scale = min(h / rows, w / columns)
    down, across = round(rows * scale), round(columns * scale)
    top, left = (h - down) // 2, (w - across) // 2
    window = labels[top : top + down, left : left + across]

    def share(*wanted: int) -> NDArray[Any]:
        mask = np.isin(window, wanted).astype(np.float32)
        return np.asarray(cv2.resize(mask, grid[::-1], interpolation=cv2.INTER_AREA))

    if name.startswith("streets"):
        return np.where(share(*PEOPLE) < 0.05, 0, -1)
    skin, hair, ground = share(SKIN), share(HAIR), share(0)
    clear = [ground > 0.8, skin > 0.5, hair > 0.5, skin + hair + ground < 0.15]
    return np.select(clear, range(4), -1)


def cells(maps: Path, examples: ObjectExamples) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Features (n, C), kinds (n,) and the numbers of the pictures (n,) of cells that are drawn."""
    rng = np.random.default_rng(0)
    features, found, pictures = [], [], []
    for number, name in enumerate(examples.names):
        if not name.startswith(("clothing", "streets")):
            continue
        arrays, _, _ = examples[number]
        grid = arrays[0].shape[1], arrays[0].shape[2]
        labels: Any = cv2.imread(str(maps / f"{name}_labels.png"), cv2.IMREAD_UNCHANGED)
        is_kind = kinds(name, labels, grid).ravel()
        flat = flat_features(arrays)
        for kind, most in enumerate(CELLS):
            at = np.flatnonzero(is_kind == kind)
            drawn = rng.choice(at, min(most, len(at)), replace=False)
            features.append(flat[drawn].astype(np.float32))
            found.append(np.full(len(drawn), kind))
            pictures.append(np.full(len(drawn), number))
    return np.concatenate(features), np.concatenate(found), np.concatenate(pictures)


def animal_cells(folder: Path) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """As :func:`cells`, of pictures of animals in a store; every one of them is NEITHER."""
    store, session, rng = PictureStore(folder), open_model("photochrom"), np.random.default_rng(1)
    chosen = []
    for source in ANIMALS:
        there = [number for number, entry in enumerate(store.entries) if entry.source == source]
        chosen += rng.choice(there, min(PICTURES, len(there)), replace=False).tolist()

    def drawn(number: int) -> NDArray[Any]:
        light = lightness(centre_square(store[number], SIDE))
        arrays = [array[0] for array in session.encode(light).arrays]
        at = np.random.default_rng((1, number)).choice(arrays[0][0].size, OF_ANIMALS, replace=False)
        return flat_features(arrays)[at].astype(np.float32)

    features = list(ordered(drawn, chosen))
    pictures = np.repeat(np.arange(len(chosen)), OF_ANIMALS)
    return np.concatenate(features), np.full(len(pictures), NEITHER), pictures


def flat_features(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Features (C, h, w) at three strides -> of each cell of the finest, (cells, C)."""
    grid = arrays[0].shape[1], arrays[0].shape[2]
    wide = [enlarged(one, (one.shape[1] / grid[0], one.shape[2] / grid[1]), grid) for one in arrays]
    return np.concatenate(wide).reshape(sum(map(len, arrays)), -1).T


def fitted(features: NDArray[Any], found: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Weights (4, C) and bias (4,) of a logistic regression on standardised features (n, C) of these kinds (n,)."""
    torch.manual_seed(0)
    net = torch.nn.Linear(features.shape[1], len(NAMES))
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    inputs, allowed = torch.from_numpy(features), torch.from_numpy(ALLOWED[found]).float()
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        drawn = torch.randint(len(inputs), (BATCH,))
        shares = torch.nn.functional.softmax(net(inputs[drawn]), dim=1)
        loss = -(shares * allowed[drawn]).sum(1).clamp(min=1e-9).log().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.weight.detach().numpy(), net.bias.detach().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maps", type=Path)
    parser.add_argument("examples", type=Path)
    parser.add_argument("--nobody", type=Path, help="a training store with pictures of animals")
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args()
    parts = [cells(given.maps, ObjectExamples(given.examples))]
    if given.nobody:
        parts.append(animal_cells(given.nobody))
    features, found, pictures = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-3
    features = (features - mean) / spread
    test = pictures % 8 == 0
    weights, bias = fitted(features[~test], found[~test])
    answers = (features[test] @ weights.T + bias).argmax(axis=1)
    for kind, name in enumerate((*NAMES, "animals")[: found.max() + 1]):
        there = answers[found[test] == kind]
        told = ", ".join(f"{(there == other).mean():.3f} {word}" for other, word in enumerate(NAMES))
        print(f"{len(there)} cells of {name}: {told}")
    scaled, intercept = fitted(features, found)
    weights = scaled / spread
    bias = intercept - (weights * mean).sum(axis=1)
    save_file({"weights": weights.astype(np.float16), "bias": bias.astype(np.float32)}, given.out)
    print(f"{given.out}: {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
