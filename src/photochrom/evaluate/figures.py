"""The list of the figures: name, unit, and which direction is better. The formulas are with the functions that compute them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from photochrom.evaluate.artefacts import ARTEFACTS

__all__ = ["FLICKER", "METRICS", "Figure"]


@dataclass(frozen=True)
class Figure:
    """A figure of a set. ``direction`` "truth": the nearer to the truth's own, the better.

    ``of``: what it is computed from: "pair" (the mean over pictures of a result and its truth), "own" (the mean over
    pictures of a result alone; the truth has it, too) or "set" (all pictures together). ``headline``: compared between
    methods with a significance.
    """

    key: str
    title: str
    unit: str
    direction: Literal["higher", "lower", "truth", "none"]
    decimals: int
    what: str
    of: Literal["pair", "own", "set"] = "pair"
    headline: bool = False


#: What needs nothing but the pictures.
METRICS: tuple[Figure, ...] = (
    Figure("psnr", "PSNR", "dB", "higher", 2, "over R, G and B together; an exact copy counts as 100", headline=True),
    Figure("psnr_ab", "PSNR of ab", "dB", "higher", 2, "over a* and b* alone, peak 255"),
    Figure("ssim", "SSIM", "", "higher", 4, "mean of the three channels' (Wang 2004)", headline=True),
    Figure("mse", "MSE", "", "lower", 1, "over R, G and B, of 255^2"),
    Figure("mae_ab", "MAE of ab", "ab", "lower", 2, "mean absolute error of a* and b*", headline=True),
    Figure("ciede2000", "CIEDE2000", "", "lower", 2, "mean over the pixels; about 1 is just noticeable", headline=True),
    Figure("ciede2000_median", "CIEDE2000, median", "", "lower", 2, "median over the pixels of each picture"),
    Figure(
        "auc",
        "AuC raw",
        "%",
        "higher",
        2,
        "area under the share of pixels within 0 to 150 ab (Zhang 2016)",
        headline=True,
    ),
    Figure(
        "auc_rebalanced",
        "AuC rebalanced",
        "%",
        "higher",
        2,
        "the same, every true ab bin that the set has weighing the same (Zhang 2016); "
        "the interval is freed of the resamples' bias",
        "set",
        True,
    ),
    Figure("colourfulness", "colourfulness", "", "truth", 1, "M3 of Hasler and Suesstrunk 2003", "own"),
    Figure(
        "delta_colourfulness",
        "delta CF",
        "",
        "lower",
        1,
        "distance of the mean colourfulness from the truth's",
        "set",
        True,
    ),
    Figure(
        "colourfulness_abs",
        "colourfulness, absolute",
        "",
        "truth",
        1,
        "as CT2 and DDColor print it: without signs",
        "own",
    ),
    Figure(
        "delta_colourfulness_abs", "delta CF, absolute", "", "lower", 1, "likewise, of the variant without signs", "set"
    ),
    Figure(
        "entropy", "entropy", "bits", "none", 3, "of all values; 'before' is the row grey, 'after' the method's", "own"
    ),
    Figure("image_matching_error", "image matching error", "", "lower", 1, "Srivastava's, by saturating subtraction"),
    Figure("accuracy", "Keras accuracy", "", "higher", 3, "share of pixels with the same larger one of a* and b*"),
    *(
        Figure(artefact.key, artefact.title.lower(), artefact.unit, "lower", artefact.decimals, artefact.what)
        for artefact in ARTEFACTS
    ),
)

#: Of clips only.
FLICKER = Figure(
    "flicker",
    "flicker",
    "ab",
    "lower",
    2,
    "change of ab from the frame before, along the motion, beyond the truth's",
    headline=True,
)
