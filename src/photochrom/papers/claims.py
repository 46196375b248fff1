"""What the five papers claim, and whether it held here: a paired difference and its interval over the measured pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photochrom.papers.results import Result
from photochrom.papers.statistics import difference

__all__ = ["CLAIMS", "Verdict", "judge"]

Results = Mapping[str, Result]
#: Ways of Srivastava's table 1 (see :mod:`photochrom.papers.foregrounds`).
_PERSON, _OTHER = "the same person", "another person"
#: Mean absolute change of entropy in the paper's own table 1, in bits.
PAPER_ENTROPY_CHANGE = 0.35


@dataclass(frozen=True)
class Claim:
    """The claim that ``better`` has more of ``figure`` than ``worse``; ``check``, if given, decides it: -> (held, evidence)."""

    paper: str
    words: str
    better: str
    worse: str = ""
    figure: str = ""
    check: Callable[[Results], tuple[bool | None, str]] | None = None


@dataclass(frozen=True)
class Verdict:
    """``held``: "held", "did not hold", "not decided" or "not measured"."""

    claim: Claim
    held: str
    evidence: str


#: Of each figure: its name, what it is multiplied by, its unit, decimals, and the least difference worth a word.
_FIGURES = {
    "accuracy": ("Keras accuracy", 100, " points", 1, 0.005),
    "psnr": ("PSNR", 1, " dB", 2, 0.05),
    "colourfulness": ("colourfulness", 1, "", 1, 0.5),
}


def _overfitting(results: Results) -> tuple[bool | None, str]:
    """Validation loss less training loss at the end, with and without penalties."""
    gaps = []
    for name in ("vgg16-residual", "vgg16-residual-noreg"):
        last = results[name].first["curve"][-1]
        gaps.append(last["val_loss"] - last["train_loss"])
    evidence = f"validation less training MSE at the end: {gaps[0]:+.5f} with, {gaps[1]:+.5f} without penalties"
    # With so few pictures each is seen at most once: there is nothing to overfit.
    first = results["vgg16-residual"].first
    seen = first["steps"] * first["recipe"]["batch"]
    return None, (
        f"{evidence}; after {seen} pictures, none seen twice, there is no overfitting to cure; a budget in which every picture "
        "is seen several times would decide"
    )


def _table_1(results: Results, way: str, figure: str) -> NDArray[np.float64]:
    """A column of Srivastava's table 1: with references of "the same person", or in another way; (10,)."""
    return np.array([line[figure] for line in results["caffenet-region"].table_1[way]])


def _entropy(results: Results) -> tuple[bool | None, str]:
    before, after = (_table_1(results, _PERSON, f"entropy {when}") for when in ("before", "after"))
    more = int((after > before).sum())
    return more == len(after), f"{more} of {len(after)} pictures here; 7 of 10 in the paper's own table"


def _entropy_kept(results: Results) -> tuple[bool | None, str]:
    before, after = (_table_1(results, _PERSON, f"entropy {when}") for when in ("before", "after"))
    change = float(np.abs(after - before).mean())
    return change <= PAPER_ENTROPY_CHANGE, (
        f"it changes by {change:.2f} bits in the mean of the pictures; by {PAPER_ENTROPY_CHANGE:.2f} in the paper's table"
    )


def _references(results: Results) -> tuple[bool | None, str]:
    alone = _table_1(results, "alone", "PSNR")
    gaps = {way: difference(_table_1(results, way, "PSNR"), alone) for way in (_PERSON, _OTHER)}
    words = [f"{gap:+.2f} dB ({low:+.2f} to {high:+.2f}) with {way}" for way, (gap, low, high) in gaps.items()]
    _, low, high = gaps[_PERSON]
    held = True if low > 0 else False if high < 0 else None
    return held, f"PSNR against the network alone, ten pictures: {' and '.join(words)} as the reference"


def _ssim(results: Results) -> tuple[bool | None, str]:
    found, grey = (float(_table_1(results, way, "SSIM").mean()) for way in (_PERSON, "grey"))
    return found >= 0.986, f"SSIM {found:.3f} over the ten pictures; left grey they have {grey:.3f}"


def _psnr(results: Results) -> tuple[bool | None, str]:
    found, grey = (float(_table_1(results, way, "PSNR").mean()) for way in (_PERSON, "grey"))
    return found >= 29.14, f"{found:.2f} dB over the ten pictures; left grey they have {grey:.2f} dB"


def _predictor(results: Results) -> tuple[bool | None, str]:
    finals = [seed["curve"][-1]["val_profile"] for seed in results["unet-profiled"].seeds]
    return min(finals) >= 0.96, f"{' and '.join(f'{100 * f:.0f} %' for f in finals)} on held-back pictures"


def _seventy(results: Results) -> tuple[bool | None, str]:
    found, grey = results["unet-rare"].figure("accuracy"), results["grey"].figure("accuracy")
    return found >= 0.70, f"{100 * found:.1f} %; a grey picture has {100 * grey:.1f} %"


def _zaman_accuracy(results: Results) -> tuple[bool | None, str]:
    found, grey = results["vgg16-residual"].figure("accuracy"), results["grey"].figure("accuracy")
    return found >= 0.76, f"{100 * found:.1f} %; a grey picture has {100 * grey:.1f} %"


CLAIMS: tuple[Claim, ...] = (
    Claim("Colourify", "batch normalisation and dropout raise the accuracy", "vgg16-bn-dropout", "vgg16", "accuracy"),
    Claim("Colourify", "augmentation raises the accuracy", "vgg16-aug", "vgg16", "accuracy"),
    Claim("Colourify", "all three raise the accuracy most", "vgg16-improved", "vgg16", "accuracy"),
    Claim("Colourify", "the improved model predicts colour better", "vgg16-improved", "vgg16", "psnr"),
    Claim("Colourify", "transfer learning: a pretrained VGG-16 is the better start", "vgg16", "vgg16-scratch", "psnr"),
    Claim("Colourify", "classes instead of regression (its section 3)", "vgg16-improved-313", "vgg16-improved", "psnr"),
    Claim(
        "Chandalwar", "a pretrained embedding improves the performance greatly", "koalarization", "cnn-baseline", "psnr"
    ),
    Claim("Chandalwar", "the same, at a rate for small batches", "koalarization-gentle", "cnn-baseline", "psnr"),
    Claim("Chandalwar", "a GAN beside the CNN (compared, nothing printed)", "gan", "cnn-baseline", "psnr"),
    Claim("Zaman", "regularisation raises the accuracy", "vgg16-residual", "vgg16-residual-noreg", "accuracy"),
    Claim("Zaman", "and gives more vibrant colours", "vgg16-residual", "vgg16-residual-noreg", "colourfulness"),
    Claim("Zaman", "it helps against overfitting", "vgg16-residual", "vgg16-residual-noreg", check=_overfitting),
    Claim("Zaman", "validation accuracy 76 %", "vgg16-residual", check=_zaman_accuracy),
    Claim(
        "Srivastava",
        "splitting into foregrounds from references and a background from the network is effective",
        "caffenet-region",
        check=_references,
    ),
    Claim("Srivastava", "entropy improves across all the images", "caffenet-region", check=_entropy),
    Claim("Srivastava", "entropy does not change much (figure 5)", "caffenet-region", check=_entropy_kept),
    Claim("Srivastava", "SSIM very close to 1 (0.986): good reconstruction", "caffenet-region", check=_ssim),
    Claim("Srivastava", "average PSNR 29.14 dB", "caffenet-region", check=_psnr),
    Claim("Robles", "the rare-colour loss gives more vibrant colours", "unet-rare", "unet", "colourfulness"),
    Claim("Robles", "accuracy of about 70 %", "unet-rare", check=_seventy),
    Claim("Robles", "the profile predictor is right in 96 %", "unet-profiled", check=_predictor),
    Claim("Robles", "a model for each profile colours better (hoped for)", "unet-profiled", "unet-rare", "psnr"),
    Claim("Zhang 2016", "rebalanced classes are more vivid than squared error", "zhang16", "unet", "colourfulness"),
)


def judge(claim: Claim, results: Results) -> Verdict:
    """Whether a claim held: decided where the 95 % interval over pictures leaves out 0 and seeds differ by less."""
    if any(name and name not in results for name in (claim.better, claim.worse)):
        return Verdict(claim, "not measured", "")
    if claim.paper == "Srivastava" and not results[claim.better].table_1:
        return Verdict(claim, "not measured", "table 1 was not made; give `--regions`")
    if claim.check is not None and not all(
        results[name].first["curve"] for name in (claim.better, claim.worse) if name
    ):
        return Verdict(claim, "not measured", "no picture was held back")
    if claim.check is not None:
        held, evidence = claim.check(results)
        return Verdict(claim, "not decided" if held is None else "held" if held else "did not hold", evidence)
    gap, low, high = difference(*(results[name].pictures(claim.figure) for name in (claim.better, claim.worse)))
    name, scale, unit, places, least = _FIGURES[claim.figure]
    values = [f"{scale * value:+.{places}f}" for value in (gap, low, high)]
    evidence = f"{name} of `{claim.better}` less `{claim.worse}`: {values[0]}{unit} ({values[1]} to {values[2]})"
    if abs(gap) < max(least, seed_noise(results, claim.figure)):
        return Verdict(
            claim,
            "not decided",
            f"{evidence}; so small a difference is chance or of no use, and only more seeds tell which",
        )
    if low <= 0 <= high:
        pictures = len(results[claim.better].pictures(claim.figure))
        return Verdict(claim, "not decided", f"{evidence}; {_enough(pictures, gap, low, high)}")
    return Verdict(claim, "held" if low > 0 else "did not hold", evidence)


def _enough(pictures: int, gap: float, low: float, high: float) -> str:
    """How many pictures would decide a difference of this size: an interval shrinks with the root of their number."""
    needed = pictures * ((high - low) / 2 / abs(gap)) ** 2
    return f"about {math.ceil(needed / 100) * 100:,} pictures would decide a difference of this size"


def seed_noise(results: Results, figure: str) -> float:
    """The largest difference between two seeds of a row: below it, one seed decides nothing."""
    spreads = [spread for result in results.values() if (spread := result.spread(figure)) is not None]
    return max(spreads, default=0.0)
