"""One finished model on the truth pictures, its speed, and its view of the sample pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import lightness
from photochrom.colorizer import Colorizer
from photochrom.errors import MissingExtraError
from photochrom.evaluate import baselines, metrics
from photochrom.evaluate.pictures import TruthPicture
from photochrom.evaluate.protocols import centre_square
from photochrom.evaluate.scores import Scores
from photochrom.train.files import replacing

__all__ = [
    "KEPT",
    "SAMPLES",
    "grey",
    "line_of_table_1",
    "measure",
    "sample_pictures",
    "seconds_at",
    "with_model",
    "write_column",
    "write_samples",
]

#: Figures that are kept for every picture.
KEPT = ("psnr", "ssim", "mse", "accuracy", "auc", "ciede2000", "colourfulness", "colourfulness_truth")
#: Side of the sample pictures, in pixels.
SAMPLE_SIDE = 256
#: The file of the sample pictures in the folder of a run.
SAMPLES = "samples.jpg"

Rgb = NDArray[np.uint8]
#: From the truth's lightness (h, w), L* in [0, 100], to a colour picture (h, w, 3).
Method = Callable[[NDArray[np.float32]], Rgb]


def grey(rgb: Rgb) -> NDArray[np.uint8]:
    """The truth's L* as a grey 8-bit picture (h, w)."""
    light = lightness(rgb)
    return np.ascontiguousarray(baselines.colour(light, baselines.grey_ab(light))[..., 0])


def with_model(colorizer: Colorizer) -> Method:
    """The main path, which sees the truth's L* as a grey 8-bit picture."""

    def colour(light: NDArray[np.float32]) -> Rgb:
        grey = baselines.colour(light, baselines.grey_ab(light))[..., 0].copy()
        return np.asarray(colorizer.open(grey).paint().rgb, np.uint8)

    return colour


def measure(method: Method, truth: Sequence[TruthPicture]) -> dict[str, Any]:
    """Means over the pictures, and the figures of every picture in their order."""
    scores = Scores()
    for picture in truth:
        scores.update(picture.rgb, method(lightness(picture.rgb)))
    each = {name: [round(value, 4) for value in scores.per_picture[name]] for name in KEPT}
    return {"means": {name: round(value, 4) for name, value in scores.compute().items()}, "pictures": each}


def line_of_table_1(rgb: Rgb, result: Rgb) -> dict[str, float]:
    """A line of Srivastava's table 1: the figures of a picture (h, w, 3) against the truth ``rgb``, and its entropies."""
    return {
        "image matching error": metrics.image_matching_error(rgb, result),
        "mean square error": metrics.mse(rgb, result),
        "PSNR": metrics.psnr(rgb, result),
        "SSIM": metrics.ssim(rgb, result),
        "entropy before": metrics.entropy(grey(rgb)),
        "entropy after": metrics.entropy(result),
    }


def seconds_at(colorizer: Colorizer, side: int, rounds: int = 3) -> float:
    """CPU seconds of the network alone for a square of ``side`` pixels: the least of a few rounds."""
    light = np.random.default_rng(0).uniform(0, 100, (side, side)).astype(np.float32)
    best = float("inf")
    for _ in range(rounds + 1):
        start = time.process_time()
        colorizer.session.decode(colorizer.session.encode(light))
        best = min(best, time.process_time() - start)
    return best


def sample_pictures() -> list[Rgb]:
    """Colour pictures that come with scikit-image and scikit-learn, as squares (side, side, 3)."""
    try:
        import skimage.data
        from sklearn.datasets import load_sample_image
    except ImportError as error:
        raise MissingExtraError("dev", "the sample pictures of the report") from error
    data: Any = skimage.data  # which has no types
    pictures = (
        data.astronaut(),
        data.chelsea(),
        data.coffee(),
        load_sample_image("china.jpg"),
        load_sample_image("flower.jpg"),
    )
    return [centre_square(np.asarray(picture, np.uint8), SAMPLE_SIDE) for picture in pictures]


def write_samples(method: Method, path: Path) -> None:
    """The sample pictures as this method colours them, one below another, as a JPEG."""
    write_column([method(lightness(rgb)) for rgb in sample_pictures()], path)


def write_column(pictures: Sequence[Rgb], path: Path) -> None:
    """Pictures of one width, one below another, as a JPEG."""
    column = np.concatenate(pictures)
    with replacing(path) as part:
        part.write_bytes(cv2.imencode(".jpg", column[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])[1].tobytes())
