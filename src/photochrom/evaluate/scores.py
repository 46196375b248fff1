"""Every figure of one picture, and the means over a set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from photochrom.color import ab_bins, rgb_to_lab
from photochrom.errors import DataError, InvalidPixelsError
from photochrom.evaluate import metrics

__all__ = ["Scores", "View", "compare", "describe"]


@dataclass(frozen=True)
class View:
    """A picture, sRGB uint8 (h, w, 3), and what several metrics ask of it. Raises InvalidPixelsError for other pixels.

    ``field``: the ab that it was made from, float32 (h, w, 2), for figures of ab that are to be of these and not of what
    8 bits and sRGB leave of them.
    """

    rgb: NDArray[np.uint8]
    field: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.rgb.dtype != np.uint8 or self.rgb.ndim != 3 or self.rgb.shape[2] != 3:
            raise InvalidPixelsError(f"a picture is {self.rgb.dtype} {self.rgb.shape}, expected uint8 (h, w, 3)")

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        """L*a*b*, (h, w, 3) float32."""
        return rgb_to_lab(self.rgb)

    @cached_property
    def ab(self) -> NDArray[np.float32]:
        """a* and b*, (h, w, 2) float32: the field, where it was given."""
        return self.field if self.field is not None else np.ascontiguousarray(self.lab[..., 1:])

    @cached_property
    def bins(self) -> NDArray[np.int64]:
        """The ab bin that each pixel falls into, (h, w)."""
        return metrics.nearest_bin(self.ab)

    @cached_property
    def own(self) -> dict[str, float]:
        """The figures of a picture that need no truth."""
        return {
            "colourfulness": metrics.colourfulness(self.rgb),
            "colourfulness_abs": metrics.colourfulness_abs(self.rgb),
            "entropy": metrics.entropy(self.rgb),
        }


def describe(view: View) -> NDArray[np.int64]:
    """How many pixels of a picture fall into each ab bin: (261,)."""
    return np.bincount(view.bins.ravel(), minlength=len(ab_bins()))


def compare(truth: View, result: View) -> tuple[dict[str, float], NDArray[np.int64]]:
    """The figures of a result, those of :attr:`View.own` included, and its :func:`~photochrom.evaluate.metrics.distance_counts`.

    An exact copy's PSNR is :data:`~photochrom.evaluate.metrics.PSNR_CEILING`. Raises InvalidPixelsError for another shape.
    """
    difference = metrics.ciede2000(truth.lab, result.lab)
    counts = metrics.distance_counts(truth.ab, result.ab, truth.bins)
    squared = metrics.mse(truth.rgb, result.rgb)
    figures = {
        "psnr": min(metrics.decibels(squared), metrics.PSNR_CEILING),
        "psnr_ab": min(metrics.psnr_ab(truth.ab, result.ab), metrics.PSNR_CEILING),
        "ssim": metrics.ssim(truth.rgb, result.rgb),
        "mse": squared,
        "mae_ab": metrics.mae_ab(truth.ab, result.ab),
        "ciede2000": float(difference.mean(dtype=np.float64)),
        "ciede2000_median": float(np.median(difference)),
        "auc": metrics.auc(counts),
        "image_matching_error": metrics.image_matching_error(truth.rgb, result.rgb),
        "accuracy": metrics.keras_accuracy(truth.ab, result.ab),
        **result.own,
    }
    return figures, counts


class Scores:
    """The means over a set of pictures, one picture at a time.

    Memory: one (261, 152) table and a dozen numbers a picture. ``per_picture`` maps a metric to its values so far.
    """

    def __init__(self) -> None:
        self.counts = np.zeros((len(ab_bins()), metrics.AUC_LIMIT + 2), np.int64)
        self.per_picture: dict[str, list[float]] = {}

    def update(self, truth_rgb: NDArray[np.uint8], result_rgb: NDArray[np.uint8]) -> dict[str, float]:
        """Measure one picture, sRGB uint8 (h, w, 3) twice, and return its own figures; ``_truth`` marks the truth's.

        Raises InvalidPixelsError for another dtype or shape; nothing is counted then.
        """
        truth, result = View(truth_rgb), View(result_rgb)
        figures, counts = compare(truth, result)
        figures |= {f"{name}_truth": value for name, value in truth.own.items()}
        self.counts += counts
        for name, value in figures.items():
            self.per_picture.setdefault(name, []).append(value)
        return figures

    def compute(self) -> dict[str, float]:
        """Means over the pictures, each picture weighing the same, with their number as ``pictures``.

        ``auc_rebalanced`` is over all pixels of the set, since a single picture has few bins. Raises DataError when no
        picture was measured.
        """
        if not self.per_picture:
            raise DataError("no picture was measured")
        means = {name: float(np.mean(values)) for name, values in self.per_picture.items()}
        rebalanced = metrics.auc_rebalanced(self.counts)
        return {"pictures": len(self.per_picture["psnr"]), **means, "auc_rebalanced": rebalanced}
