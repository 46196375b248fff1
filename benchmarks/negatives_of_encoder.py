"""Fit the reading by which a model with a certain encoder recognises negatives: photochrom/models/encoder.negatives.safetensors.

python benchmarks/negatives_of_encoder.py M.onnx STORE -o encoder.negatives.safetensors --cache /tmp/negatives

M.onnx: a model that `photochrom export` wrote; only its encoder counts. STORE: a picture store of `photochrom train`. Each
picture becomes a grey scan of some kind (exposure, contrast, range, vignette, border, grain, blur, scratches), and is shown
to the encoder as it is and inverted; a logistic regression on the difference of the two tells which is the positive. The
score from which on a picture is called a negative is that of one in 50 of these photographs, by cross-validation. See
docs/models/negatives.md. The cache keeps features, 200 pictures a file: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression

from photochrom.negatives import difference, pattern, pooled
from photochrom.runtime import OnnxSession, open_model
from photochrom.train.picture_store import PictureStore
from photochrom.views import copy_lightness

Float = NDArray[np.float32]
Dice = np.random.Generator

SIDES = (192, 224, 256, 256)
FALSE_ALARMS, FOLDS, PENALTY, AT_ONCE = 0.02, 5, 0.003, 200


def differences(session: OnnxSession, store: PictureStore, count: int, cache: Path) -> Float:
    """(count, n): how the features of each picture's inverse differ from its own."""
    cache.mkdir(parents=True, exist_ok=True)
    chosen = pictures(store, count)
    parts = [(cache / f"{at:06}.npy", chosen[at : at + AT_ONCE]) for at in range(0, count, AT_ONCE)]
    for file, indices in parts:
        if not file.exists():
            np.save(file, np.array([inverse_difference(session, shown(store, int(index))) for index in indices]))
            print(file.name, flush=True)
    return np.concatenate([np.load(file) for file, _ in parts])


def inverse_difference(session: OnnxSession, grey: Float) -> Float:
    """Of a grey picture (h, w) in [0, 1]."""
    both = [session.encode(copy_lightness(np.repeat(one[..., None], 3, axis=2))) for one in (1 - grey, grey)]
    return difference(*both)


def pictures(store: PictureStore, count: int) -> NDArray[np.intp]:
    """Numbers of random pictures, from all sources, but of large ones not as many as they have."""
    sources = np.array([entry.source for entry in store.entries])
    _, kind, counts = np.unique(sources, return_inverse=True, return_counts=True)
    share = counts[kind] ** -0.5
    return np.random.default_rng(1).choice(len(sources), count, replace=False, p=share / share.sum())


def shown(store: PictureStore, index: int) -> Float:
    """A picture as a grey scan (h, w) in [0, 1], by luma or by another mixture of the channels, as of other emulsions."""
    dice = np.random.default_rng([2, index])
    weights = np.array([0.299, 0.587, 0.114]) if dice.random() < 0.5 else dice.dirichlet([6, 8, 4])
    grey = (store[index].astype(np.float32) / 255) @ weights.astype(np.float32)
    return scan(toned(resized(grey, int(dice.choice(SIDES)), dice), dice), dice)


def resized(grey: Float, side: int, dice: Dice) -> Float:
    """With this short side, the long one at most half as long again (a part of the picture), in whole cells of 8 pixels."""
    h, w = grey.shape
    most = int(1.5 * min(h, w))
    y, x = (int(dice.integers(0, max(0, length - most) + 1)) for length in (h, w))
    grey = grey[y : y + most, x : x + most]
    scale = side / min(grey.shape)
    rows, columns = (max(1, round(length * scale / 8)) * 8 for length in grey.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, (columns, rows), interpolation=way), np.float32).clip(0, 1)


def toned(grey: Float, dice: Dice) -> Float:
    """Another exposure, contrast and range, as of other films and papers; of three in ten pictures none."""
    if dice.random() < 0.3:
        return grey
    if dice.random() < 0.5:
        low, high = np.percentile(grey, [1, 99])
        grey = (grey - low) / max(high - low, 0.05)
    grey = grey.clip(0, 1) ** np.exp(dice.normal(0, 0.35))
    if dice.random() < 0.4:
        steep, middle = dice.uniform(1, 7), dice.uniform(0.3, 0.7)
        low, high, grey = (1 / (1 + np.exp(-steep * (one - middle))) for one in (0.0, 1.0, grey))
        grey = (grey - low) / (high - low)
    black, white = (dice.uniform(0, 0.3), dice.uniform(0.6, 1)) if dice.random() < 0.6 else (0, 1)
    return np.asarray(black + (white - black) * grey, np.float32)


def scan(grey: Float, dice: Dice) -> Float:
    """What befalls positives and negatives alike: light that falls off, borders, blur, grain, scratches."""
    h, w = grey.shape
    if dice.random() < 0.3:
        y, x = np.mgrid[:h, :w]
        middle = dice.uniform(0.3, 0.7, 2)
        fall = 1 - dice.uniform(0, 0.6) * ((y / h - middle[0]) ** 2 + (x / w - middle[1]) ** 2)
        grey = grey * fall if dice.random() < 0.5 else 1 - (1 - grey) * fall
    if dice.random() < 0.25:
        grey = bordered(grey.astype(np.float32), dice)
    if dice.random() < 0.3:
        grey = cv2.GaussianBlur(grey, (0, 0), dice.uniform(0.4, 1.5))
    if dice.random() < 0.4:
        grain: Any = dice.normal(0, dice.uniform(0.01, 0.12), grey.shape).astype(np.float32)
        grey = grey + cv2.GaussianBlur(grain, (0, 0), dice.uniform(0.3, 1.2))
    if dice.random() < 0.15:
        grey = np.ascontiguousarray(grey, np.float32)
        for _ in range(dice.integers(1, 8)):
            x, y = dice.uniform(0, w), dice.uniform(0, h)
            end = int(x + dice.normal(0, 60)), int(y + dice.normal(0, 60))
            cv2.line(grey, (int(x), int(y)), end, float(dice.choice([0, 1])), 1, cv2.LINE_AA)
    return np.asarray(grey, np.float32).clip(0, 1)


def bordered(grey: Float, dice: Dice) -> Float:
    """An even border, which may have another one around it."""
    h, w = grey.shape
    level = float(dice.choice([0, 1, dice.random()]))
    widths = [int(dice.uniform(0, 0.09) * min(h, w)) for _ in range(4)]
    out = framed(grey, widths, level)
    return framed(out, [max(1, min(widths) // 2)] * 4, 1 - level) if dice.random() < 0.3 else out


def framed(grey: Float, widths: list[int], level: float) -> Float:
    """With edges of one lightness at the top, the bottom, the left and the right."""
    top, bottom, left, right = widths
    out = np.full_like(grey, level)
    inside = slice(top, grey.shape[0] - bottom), slice(left, grey.shape[1] - right)
    out[inside] = grey[inside]
    return out


def fitted(found: Float, seed: int = 0) -> NDArray[np.float64]:
    """Weights of the numbers of a difference: above 0 is a negative."""
    scale = found.std(axis=0) + 1e-3
    sign = np.random.default_rng(seed).choice([-1, 1], len(found))
    model = LogisticRegression(C=PENALTY, max_iter=300, fit_intercept=False)
    model.fit(found / scale * sign[:, None], sign > 0)
    return np.asarray(model.coef_[0] / scale)


def unseen_scores(found: Float) -> NDArray[np.float64]:
    """The score of each negative, by weights that were fitted without it."""
    fold = np.arange(len(found)) % FOLDS
    scores = np.empty(len(found))
    for number in range(FOLDS):
        scores[fold == number] = found[fold == number] @ fitted(found[fold != number])
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=5000, help="Pictures.")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    session = open_model(options.model, threads=options.threads)
    found = differences(session, PictureStore(options.store), options.count, options.cache)
    scores = unseen_scores(found)
    sure = float(np.quantile(-scores, 1 - FALSE_ALARMS))
    print(
        f"{len(found)} pictures, cross-validated: told apart {(scores > 0).mean():.1%}, found {(scores > sure).mean():.1%}"
    )
    arrays = {
        "answer": pooled(session.encode(pattern())),
        "weights": fitted(found),
        "sure": np.array([sure]),
    }
    save_file({name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}, options.out)


if __name__ == "__main__":
    main()
