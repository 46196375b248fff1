"""Fit the numbers by which negatives are recognised: src/photochrom/images/negatives.safetensors.

python benchmarks/negatives_fit.py ../shared/data/train -o negatives.safetensors

Typical patches (k-means of whitened patches and of their inverses), then a perceptron on features that change their sign when the
picture is inverted: each picture is shown as it is or inverted, by chance. See docs/models/negatives.md.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray
from safetensors.numpy import save_file
from sklearn.cluster import MiniBatchKMeans
from sklearn.neural_network import MLPClassifier

from photochrom.images import negatives

SIDE, WORDS, CELLS, EPOCHS = 64, 64, 32, 24


def pictures(folder: Path, each: int) -> NDArray[np.uint8]:
    """(n, 64, 64): ``each`` random grey pictures of every Parquet file."""
    dice, found = np.random.default_rng(1), []
    for file in sorted(folder.glob("*.parquet")):
        column = parquet.read_table(file, columns=["image"]).column("image")
        for index in dice.choice(len(column), min(each, len(column)), replace=False):
            data = np.frombuffer(column[int(index)].as_py()["bytes"], np.uint8)
            grey: Any = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
            if grey is not None:
                found.append(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    return np.array(found)


def even_patches(grey: NDArray[Any]) -> NDArray[np.float64]:
    """(n, 36): the patches of a picture, each of mean 0 and spread 1."""
    plane = grey.astype(np.float32)
    plane = (plane - plane.mean()) / (plane.std() + 4)
    size = negatives._PATCH
    windows = np.lib.stride_tricks.sliding_window_view(plane, (size, size))[:: negatives._STEP, :: negatives._STEP]
    flat = windows.reshape(-1, size * size).astype(np.float64)
    return (flat - flat.mean(axis=1, keepdims=True)) / np.sqrt(flat.var(axis=1, keepdims=True) + 0.01)


def words(shown: NDArray[np.uint8], dice: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """The whitening and the typical patches."""
    sample = np.concatenate([dice.choice(even_patches(grey), 30, replace=False) for grey in shown[:1200]])
    sample = np.concatenate([sample, -sample])
    values, vectors = np.linalg.eigh(np.cov(sample.T))
    whitening = (vectors / np.sqrt(values + 0.1)) @ vectors.T
    means = MiniBatchKMeans(WORDS, batch_size=4096, n_init=1, max_iter=15, random_state=0).fit(sample @ whitening)
    return {"whitening": whitening, "centres": means.cluster_centers_}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="Parquet files with the pictures to fit to.")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=3500, help="Pictures of every file.")
    parser.add_argument("--count", type=int, default=9000, help="Of these, how many are taken.")
    options = parser.parse_args()
    dice = np.random.default_rng(0)
    shown = dice.permutation(pictures(options.folder, options.each))[: options.count]
    model = words(shown, dice)
    negatives._weights = lambda: model  # type: ignore[assignment]  # the features are those of the package
    features = np.stack([negatives._features(grey.astype(np.float32)) for grey in shown])
    scale = features.std(axis=0) + 1e-6
    inputs = (features / scale).astype(np.float32)
    net = MLPClassifier(
        (CELLS,), alpha=3.0, learning_rate_init=5e-4, max_iter=1, warm_start=True, batch_size=128, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one epoch at a time does not converge
        for _ in range(EPOCHS):
            sign = dice.choice([-1, 1], len(inputs))
            net.fit(inputs * sign[:, None], sign > 0)
    found = {**model, "scale": scale, "bias": net.intercepts_[0], "out": net.coefs_[1][:, 0]}
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in found.items()}
    save_file({**arrays, "hidden": np.ascontiguousarray(net.coefs_[0], np.float16)}, options.out)


if __name__ == "__main__":
    main()
