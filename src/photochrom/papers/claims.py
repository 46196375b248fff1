"""What the five papers claim, and whether it held here: a paired difference and its interval over the measured pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photochrom.papers.results import Result, pictures_seen
from photochrom.papers.statistics import difference, interval

__all__ = ["CLAIMS", "Verdict", "judge"]

Results = Mapping[str, Result]
#: Ways of Srivastava's table 1 (see :mod:`photochrom.papers.foregrounds`).
_PERSON, _OTHER = "the same person", "another person"
#: Mean absolute change of entropy in the paper's own table 1, in bits.
PAPER_ENTROPY_CHANGE = 0.35
#: Means of the paper's own table 1: PSNR in dB, and SSIM.
PAPER_PSNR, PAPER_SSIM = 29.14, 0.986


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
    return None, (
        f"{evidence}; after {pictures_seen(first):,} pictures, none seen twice, there is no overfitting to cure; a budget in "
        "which every picture "
        "is seen several times would decide"
    )


def _table_1(results: Results, way: str, figure: str) -> NDArray[np.float64]:
    """A column of Srivastava's table 1: with references of "the same person", or in another way; (pictures,)."""
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
    return held, f"PSNR against the network alone, {len(alone)} pictures: {' and '.join(words)} as the reference"


def _printed(values: NDArray[np.float64], printed: float) -> tuple[bool | None, tuple[float, float]]:
    """Whether the mean of a figure over the pictures reaches the printed one, beyond its 95 % interval, which is given, too."""
    low, high = interval(values)
    return (True if low >= printed else False if high < printed else None), (low, high)


def _ssim(results: Results) -> tuple[bool | None, str]:
    found, grey = (_table_1(results, way, "SSIM") for way in (_PERSON, "grey"))
    held, (low, high) = _printed(found, PAPER_SSIM)
    without = f"left grey they have {grey.mean():.3f}"
    evidence = f"SSIM {found.mean():.3f} ({low:.3f} to {high:.3f}) over {len(found)} pictures; {without}"
    return held, _or_more_pictures(evidence, held, found, PAPER_SSIM)


def _psnr(results: Results) -> tuple[bool | None, str]:
    found, grey = (_table_1(results, way, "PSNR") for way in (_PERSON, "grey"))
    held, (low, high) = _printed(found, PAPER_PSNR)
    without = f"left grey they have {grey.mean():.2f} dB"
    evidence = f"{found.mean():.2f} dB ({low:.2f} to {high:.2f}) over {len(found)} pictures; {without}"
    return held, _or_more_pictures(evidence, held, found, PAPER_PSNR)


def _or_more_pictures(evidence: str, held: bool | None, found: NDArray[np.float64], printed: float) -> str:
    """The evidence, and where it decides nothing, how many pictures would."""
    if held is not None:
        return evidence
    return f"{evidence}; {_enough(len(found), float(found.mean()) - printed, *interval(found - printed))}"


def _predictor(results: Results) -> tuple[bool | None, str]:
    finals = [seed["curve"][-1]["val_profile"] for seed in results["unet-profiled"].seeds]
    return min(finals) >= 0.96, f"{' and '.join(f'{100 * f:.0f} %' for f in finals)} on held-back pictures"


def _accuracy(name: str, printed: float) -> Callable[[Results], tuple[bool | None, str]]:
    """Whether Keras' accuracy of a row reaches the printed one."""

    def check(results: Results) -> tuple[bool | None, str]:
        found = results[name].pictures("accuracy")
        held, (low, high) = _printed(found, printed)
        grey = results["grey"].figure("accuracy")
        evidence = (
            f"{100 * found.mean():.1f} % ({100 * low:.1f} to {100 * high:.1f}); a grey picture has {100 * grey:.1f} %"
        )
        return held, _or_more_pictures(evidence, held, found, printed)

    return check


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
    Claim(
        "Chandalwar",
        "a GAN is better than the CNN (the paper compares them, and prints no figure)",
        "gan",
        "cnn-baseline",
        "psnr",
    ),
    Claim("Zaman", "regularisation raises the accuracy", "vgg16-residual", "vgg16-residual-noreg", "accuracy"),
    Claim("Zaman", "and gives more vibrant colours", "vgg16-residual", "vgg16-residual-noreg", "colourfulness"),
    Claim("Zaman", "it helps against overfitting", "vgg16-residual", "vgg16-residual-noreg", check=_overfitting),
    Claim("Zaman", "validation accuracy 76 %", "vgg16-residual", check=_accuracy("vgg16-residual", 0.76)),
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
    Claim("Robles", "accuracy of about 70 %", "unet-rare", check=_accuracy("unet-rare", 0.70)),
    Claim("Robles", "the profile predictor is right in 96 %", "unet-profiled", check=_predictor),
    Claim("Robles", "a model for each profile colours better (hoped for)", "unet-profiled", "unet-rare", "psnr"),
    Claim("Zhang 2016", "rebalanced classes are more vivid than squared error", "zhang16", "unet", "colourfulness"),
)

#: Beyond these, a difference is not worth deciding.
MOST_PICTURES, MOST_SEEDS = 10_000, 100
#: Mean difference of two draws from a normal distribution, in standard deviations.
RANGE_OF_TWO = 1.128


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
    noise = seed_noise(results, claim.figure)
    if abs(gap) < max(least, noise):
        return Verdict(claim, "not decided", f"{evidence}; {_enough_seeds(abs(gap), least, noise)}")
    if low <= 0 <= high:
        pictures = len(results[claim.better].pictures(claim.figure))
        return Verdict(claim, "not decided", f"{evidence}; {_enough(pictures, gap, low, high)}")
    return Verdict(claim, "held" if low > 0 else "did not hold", evidence)


def _enough(pictures: int, gap: float, low: float, high: float) -> str:
    """How many pictures would decide a difference of this size: an interval shrinks with the root of their number."""
    towards_zero = gap - low if gap > 0 else high - gap
    needed = pictures * (towards_zero / abs(gap)) ** 2 if gap else math.inf
    if needed > MOST_PICTURES:
        return f"more than {MOST_PICTURES:,} pictures would be needed to decide a difference of this size"
    step = 10 if needed < 100 else 100
    return f"about {(math.floor(needed / step) + 1) * step:,} pictures would decide a difference of this size"


def _enough_seeds(gap: float, least: float, noise: float) -> str:
    """How many seeds of both rows would decide a difference: its standard error is s sqrt(2 / n), and s follows from ``noise``,
    the largest difference between two runs of a row."""
    if gap >= noise:
        return "it is too small to be of use"
    deviation = noise / RANGE_OF_TWO
    needed = math.ceil(2 * (1.96 * deviation / gap) ** 2) if gap else MOST_SEEDS + 1
    words = "another seed alone changes as much; "
    if needed > MOST_SEEDS:
        words += f"more than {MOST_SEEDS} seeds of both would be needed to decide a difference of this size"
    else:
        words += f"about {max(2, needed)} seeds of both would decide a difference of this size"
    return f"{words}, and it is too small to be of use" if gap < least else words


def seed_noise(results: Results, figure: str) -> float:
    """The largest difference between two alike runs of a row: below it, one seed decides nothing."""
    twice = [result for result in results.values() if len(result.seeds) > 1 and result.alike]
    return max((result.spread(figure) or 0.0 for result in twice), default=0.0)
