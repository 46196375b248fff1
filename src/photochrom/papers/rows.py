"""The rows of the comparison, as data: which recipe, which start, how many seeds, and what its paper reports of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from photochrom.errors import OptionError

__all__ = ["ROWS", "Row", "chosen_rows"]


@dataclass(frozen=True)
class Row:
    """One system. ``start``: "" (random weights), "vgg" or "lite0", the pretrained file that it starts from.

    ``reported``: the paper's own figures, on its own data: not comparable, but asked for.
    """

    name: str
    paper: str
    title: str
    start: str = ""
    seeds: int = 1
    reported: str = ""
    recipe: str = ""
    overrides: dict[str, Any] = field(default_factory=dict)
    #: Of a row that mends one that does not work as printed: what was mended, and why, in one sentence.
    repair: str = ""
    #: The row whose trained network it is; its colours are stretched (:mod:`photochrom.papers.stretch`).
    of: str = ""

    @property
    def ours(self) -> bool:
        """Whether it is this project's own, which has another kind of recipe."""
        return self.paper == "Photochrom"


_NO_FIGURES = "none printed"


#: What is done to the rows named -vivid, for the page.
STRETCHED = (
    "**Rows named -vivid.** Squared error answers with the mean of all likely colours, which is dull, and after half an hour of "
    "training scores of colours are no better. The smallest repair: the same network's colours are moved away from their common "
    "mean by one factor, the deviation of true colours over that of its own on held-back pictures, at most five. What is "
    "wrong gets "
    "as vivid as what is right, and PSNR falls."
)


def _vivid(name: str, paper: str, of: str = "") -> Row:
    of = of or name
    return Row(
        f"{name}-vivid",
        paper,
        f"{of}, its colours as far apart as a photograph's",
        of=of,
        repair=f"The colours of `{of}` are stretched: see rows named -vivid, above.",
    )


ROWS: tuple[Row, ...] = (
    Row("cnn-baseline", "Chandalwar", "baseline CNN, 8 convolutions, MSE", seeds=2, reported=_NO_FIGURES),
    _vivid("cnn-baseline", "Chandalwar"),
    Row(
        "koalarization",
        "Chandalwar",
        "encoder fused with a frozen embedding (EfficientNet-Lite0), MSE",
        "lite0",
        reported=_NO_FIGURES,
        overrides={"embedder": "lite0"},
    ),
    Row(
        "koalarization-gentle",
        "Chandalwar",
        "koalarization at a rate for batches of 8",
        "lite0",
        seeds=2,
        overrides={"embedder": "lite0"},
        repair="Adam at 1e-3 is meant for batches of 100; in batches of 8 it kills the ReLUs, up to the last layer's, and the "
        "answer is one colour for all pictures. Here the rate is a fifth of that.",
    ),
    _vivid("koalarization", "Chandalwar", "koalarization-gentle"),
    Row("gan", "Chandalwar", "U-Net generator, PatchGAN discriminator", reported=_NO_FIGURES),
    Row(
        "gan-spectral",
        "Chandalwar",
        "gan, its discriminator with spectral normalisation",
        repair="With batch normalisation the discriminator soon tells all colours apart and drives the generator to noise; "
        "spectral normalisation bounds how sharply it can judge.",
    ),
    Row(
        "vgg16",
        "Colourify",
        "VGG-16 to pool5, up-sampling decoder, MSE",
        "vgg",
        seeds=2,
        reported="a bar without a number",
    ),
    Row(
        "vgg16-scratch",
        "Colourify",
        "vgg16 from random weights",
        seeds=2,
        recipe="vgg16",
        overrides={"pretrained": False},
    ),
    Row(
        "vgg16-bn-dropout",
        "Colourify",
        "vgg16 + batch normalisation and dropout",
        "vgg",
        reported="a bar without a number",
    ),
    Row("vgg16-aug", "Colourify", "vgg16 + flips, zoom, brightness", "vgg", seeds=2, reported="a bar without a number"),
    Row("vgg16-improved", "Colourify", "vgg16 + all three", "vgg", seeds=2, reported="a bar without a number"),
    _vivid("vgg16-improved", "Colourify"),
    Row("vgg16-improved-313", "Colourify", "vgg16-improved, 313 classes", "vgg", reported=_NO_FIGURES),
    Row(
        "vgg16-residual",
        "Zaman",
        "VGG-16 with residual connections, MSE + L1 and L2 penalties",
        "vgg",
        seeds=2,
        reported='"accuracy" 83 % testing, 76 % validation',
    ),
    _vivid("vgg16-residual", "Zaman"),
    Row("vgg16-residual-noreg", "Zaman", "the same without penalties", "vgg", seeds=2, reported=_NO_FIGURES),
    Row(
        "caffenet-region",
        "Srivastava",
        "CaffeNet of 3x3 kernels, residual, 313 classes, SGD",
        reported="PSNR 29.14, SSIM 0.986, MSE 80.4, IME 144.3 (10 pictures)",
    ),
    _vivid("caffenet-region", "Srivastava"),
    Row(
        "caffenet-region-vgg",
        "Srivastava",
        "caffenet-region, its conv1 to conv4 from VGG-16, Adam",
        "vgg",
        repair="From random weights half an hour teaches it skies and little else; the first four blocks of VGG-16, small "
        "kernels one after the other as in the paper, bring what they have seen, and Adam needs no schedule made for 10,000 "
        "iterations.",
    ),
    _vivid("caffenet-region-vgg", "Srivastava"),
    Row("unet", "Robles", "U-Net, MSE", reported=_NO_FIGURES),
    Row("unet-rare", "Robles", "U-Net, rare-colour loss", seeds=2, reported='"accuracy" about 70 %'),
    _vivid("unet-rare", "Robles"),
    Row(
        "unet-rare-scaled",
        "Robles",
        "unet-rare with weights of mean 1 over the training pixels",
        repair="Normalised over all 64 x 64 bins, the weights of the colours that occur vanish; of mean 1 over the training "
        "pixels they count as the 35 % that the paper gives them. After half an hour that is no gain: colours lean to violet and "
        "green, the rare ones, everywhere. The row that colours is `unet-rare-vivid`.",
    ),
    Row(
        "unet-profiled",
        "Robles",
        "profile predictor and one U-Net for each of 4 profiles",
        seeds=2,
        reported="predictor 96 %",
    ),
    _vivid("unet-profiled", "Robles"),
    Row(
        "zhang16",
        "Zhang 2016",
        "313 classes, rebalanced, annealed mean at T = 0.38",
        reported="AuC 89.5 raw, 67.3 rebalanced (ImageNet); fools 32 %",
    ),
    Row(
        "zhang16-vgg",
        "Zhang 2016",
        "zhang16, its conv1 to conv5 from VGG-16",
        "vgg",
        repair="From random weights the rebalanced loss needs millions of pictures; VGG-16, which has the same channels up to "
        "conv5, brings what it has seen. Half an hour is too little for this one, too: what it colours is often wrong (a "
        "green cat).",
    ),
    Row(
        "photochrom",
        "Photochrom",
        "ours: frozen encoder, decoder that takes hints (none here), 261 classes",
        "lite0",
        recipe="photochrom-frozen",
        # the same pictures in the same order as all; its warm-up and averaging of weights are for thousands of steps
        overrides={"holdout_sources": {}, "source_weights": {}, "cache_features": False, "warmup": 10, "ema": 0.9},
    ),
)


def chosen_rows(names: list[str]) -> tuple[Row, ...]:
    """The rows of these names, all for none. Raises OptionError for an unknown name."""
    known = {row.name: row for row in ROWS}
    for name in names:
        if name not in known:
            raise OptionError("--rows", name, "one of " + ", ".join(known))
    return tuple(known[name] for name in names) or ROWS
