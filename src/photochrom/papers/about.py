"""What each paper's system is, in words, for the page."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ABOUT", "About"]


@dataclass(frozen=True)
class About:
    """``final``: the row that is the paper's whole system."""

    heading: str
    final: str
    text: str


ABOUT = {
    "Colourify": About(
        "Colourify (Deepta et al.)",
        "vgg16-improved",
        "A VGG-16 that has learnt ImageNet reads the lightness down to its fifth pooling; a decoder of convolutions and "
        "up-samplings turns what it saw into a* and b* at every pixel, by squared error. Nothing leads round the narrow middle, "
        "so colours are soft and their edges come from the lightness. The paper improves the plain network in three steps, and "
        "shows with a chart that each helps: batch normalisation after every pooling, dropout before the last layer, "
        "augmented pictures. Its section 3 describes a classification into 313 colours instead, which is a row of its own.",
    ),
    "Chandalwar": About(
        "Chandalwar et al.",
        "koalarization",
        "Three networks are compared: a plain one of eight convolutions, printed layer by layer; one that joins an encoder with "
        "the class scores of a frozen ImageNet network, repeated at every place (Baldassarre et al. 2017), here with "
        "EfficientNet-Lite0 in place of the ten times larger Inception-ResNet-v2; and a conditional GAN, of which the paper "
        "prints no details, here after Isola et al. 2017.",
    ),
    "Zaman": About(
        "Zaman",
        "vgg16-residual",
        "The first 18 layers of VGG-16, and a decoder into which the encoder's block of every size is added. So fine structure "
        "reaches the answer without the detour through the narrow middle. L1 and L2 penalties on the decoder's kernels are to "
        "keep it from learning its pictures by heart.",
    ),
    "Srivastava": About(
        "Srivastava et al.",
        "caffenet-region",
        "A CaffeNet of 3 x 3 kernels with residual connections and average pooling scores 313 colours for every 8 x 8 pixels; it "
        "colours the background. Foregrounds are cut out by instance segmentation, each takes its colours from a reference "
        "picture, and Poisson fusion joins them.",
    ),
    "Robles": About(
        "Robles and Budach",
        "unet-profiled",
        "A U-Net with a loss that weighs rare colours more. Pictures are sorted by their dominant colours into four profiles, "
        "one U-Net learns each of them, and a small classifier of the grey picture chooses which one paints.",
    ),
    "Zhang 2016": About(
        "Zhang et al. 2016, for comparison",
        "zhang16",
        "Not one of the five, but what four of them build on: scores over 313 colours, rare colours rebalanced, and the "
        "annealed mean as the answer.",
    ),
    "Photochrom": About(
        "This project, for comparison",
        "",
        "Our decoder over a frozen ImageNet encoder, trained from its beginning under the same budget and without hints; beside "
        "it the model that ships, which was trained for hours.",
    ),
}
