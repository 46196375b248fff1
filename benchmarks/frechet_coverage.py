"""How often the intervals of Fréchet distances hold what they say, on features whose population is known.

Of Gaussian features, in the widths and numbers of pictures below, or of photographs, whose Lite2 features are taken once and
then drawn from, without replacement (errors and intervals as if from an endless population):

    python benchmarks/frechet_coverage.py
    python benchmarks/frechet_coverage.py --truth TRAIN/general-192-000.parquet --lite2 WHEEL --limit 2000

Prints the mean distance; its standard deviation over the simulated sets, and the resamples' as a multiple of that; the share of
intervals that hold the distance expected at this number of pictures, and of those that it lies below and above; and of
Gaussian features the distance between endless sets, and the share of intervals that hold that.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from photochrom.evaluate.bootstrap import interval
from photochrom.evaluate.features import Features
from photochrom.evaluate.frechet import Moments, frechet_distance

Draw = Callable[[np.random.Generator, int], np.ndarray]
HEAD = "features                 pictures      mean        sd  its estimate   holds  below  above   endless  holds"


def gaussian(width: int, gain: float, noise: float, shift: float) -> tuple[Draw, float]:
    """Features of the truth whose variances fall as 1/i, and of a method: weaker, noisy and moved; and their distance."""
    spread = np.arange(1, width + 1) ** -0.5

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        true, other = rng.normal(size=(2, count, width)) * spread
        return np.stack([true, gain * true + noise * other + shift * spread])

    # both covariances are diagonal
    return draw, float((spread**2).sum() * (shift**2 + (1 - np.hypot(gain, noise)) ** 2))


def simulate(draw: Draw, count: int, runs: int, known: float | None, rest: float = 1.0) -> str:
    """A line of the table. ``rest``: what drawing from few leaves of the standard deviation."""
    found = []
    for run in range(runs):
        first, second = draw(np.random.default_rng(run), count)
        features = Features(2, first.shape[1])
        for index, pair in enumerate(zip(first, second, strict=True)):
            features.add(index, np.stack(pair).astype(np.float32))
        found.append(features.distances(1000, (run,))[:, 0])
    values = np.array(found).T
    mean, errors = values[0].mean(), (values[0] - values[0].mean()) / rest
    low, high = (end - values[0] + errors for end in interval(values))
    below, above = (low > 0).mean(), (high < 0).mean()
    ratio = np.sqrt((values[1:].std(axis=0) ** 2).mean()) / errors.std(ddof=1)
    end = ""
    if known is not None:
        held = (low + mean <= known) & (known <= high + mean)
        end = f"{known:>10.4g} {held.mean():>6.1%}"
    return (
        f"{count:>8} {mean:>9.4g} {errors.std(ddof=1):>9.3g} {ratio:>13.2f} "
        f"{1 - below - above:>7.1%} {below:>6.1%} {above:>6.1%}{end}"
    )


def lite2(truth: list[Path], weights: Path, limit: int) -> np.ndarray:
    """Features (4, n, 1280) of photographs, grey, with half their colour, and with that of another one."""
    import torch

    from photochrom.color import lab_to_rgb, rgb_to_lab
    from photochrom.evaluate.perceptual import Classifier
    from photochrom.evaluate.pictures import open_truth

    torch.set_num_threads(1)
    judge, made = Classifier(weights), []
    pictures = open_truth(truth, limit=limit)
    order = np.random.default_rng(0).permutation(len(pictures))
    lender = rgb_to_lab(pictures[int(order[-1])].rgb / np.float32(255))
    for index in order:
        lab = rgb_to_lab(pictures[int(index)].rgb / np.float32(255))
        lit = [np.concatenate([lab[..., :1], ab], axis=-1) for ab in (lab[..., 1:], 0 * lab[..., 1:], lab[..., 1:] / 2)]
        lit.append(np.concatenate([lab[..., :1], lender[..., 1:]], axis=-1))
        rgb = [np.round(np.clip(lab_to_rgb(one), 0, 1) * 255).astype(np.uint8) for one in lit]
        made.append(judge.look(np.stack(rgb)).features)
        lender = lab
    return np.stack(made, axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--truth", type=Path, nargs="+")
    parser.add_argument("--lite2", type=Path)
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--pictures", type=int, nargs="+", default=[20, 50, 200])
    arguments = parser.parse_args()
    if not arguments.truth:
        print(HEAD)
        for width, gain, noise, shift in ((4, 1, 0.5, 0.3), (8, 0.8, 0.5, 1), (64, 0.8, 0.5, 0.2), (64, 1, 0.2, 0)):
            draw, known = gaussian(width, gain, noise, shift)
            for count in arguments.pictures:
                name = f"{width}, x{gain} ±{noise} +{shift}"
                print(f"{name:<25}{simulate(draw, count, arguments.runs, known)}", flush=True)
        return
    population = lite2(arguments.truth, arguments.lite2, arguments.limit)
    total = population.shape[1]
    print(HEAD)
    for row, name in enumerate(("grey", "half the colour", "another's colour"), 1):
        ends = [Moments(population.shape[2]) for _ in range(2)]
        for moments, features in zip(ends, population[[0, row]], strict=True):
            moments.update(features)
        print(f"{name}: {frechet_distance(*ends):.4g} of all {total}")
        for count in arguments.pictures:

            def draw(rng: np.random.Generator, count: int, row: int = row) -> np.ndarray:
                found = population[[0, row]][:, rng.choice(total, count, replace=False)]
                # turned into the space that they fill, which changes no distance and is quicker
                return found @ np.linalg.qr(found.reshape(2 * count, -1).T)[0]

            line = simulate(draw, count, arguments.runs, None, np.sqrt(1 - count / total))
            print(f"{name:<25}{line}", flush=True)


if __name__ == "__main__":
    main()
