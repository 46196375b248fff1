"""The default model: a heavy encoder of lightness, run once, and a light decoder of features and hints, run at will.

Encoder: EfficientNet-Lite (see :mod:`photochrom.nets.lite`). Decoder: top-down from stride 32 to stride 8, blocks in the
manner of ConvNeXt (Liu et al. 2022) with batch normalisation, attention at stride 16 so that far parts of one object agree
on its colour, and at the end scores over the ab bins (Zhang et al. 2016) for each 8x8 cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.color import BIN_SIZE, ab_bins
from photochrom.nets.blocks import Attention, Block, doubled, pooled_hints
from photochrom.nets.lite import HEAD_FEATURES, LiteEncoder, image_head

__all__ = ["LEVELS", "Decoder", "PhotochromNet", "grown", "lightness_levels"]

#: Scale of ab values where they enter the network.
AB_SCALE = 100.0
#: Levels of lightness in the table of the lightness prior, 5 units of L* apart.
LEVELS = 21


class Decoder(nn.Module):
    """Features, hints and an optional ab histogram -> scores over the ab bins at stride 8, or 4.

    ``features`` are the channels of the encoder's features, ``widths`` those in here and ``depths`` the numbers of blocks: at
    strides 8, 16 and 32, or with four of each at 4, 8, 16 and 32 (an encoder of stride 4 packs its finest features into f8).
    ``attention``: at stride 16. ``context``: one glance at the whole picture, added to every place; without it only the
    histogram comes in there. ``lightness_prior``: the scores get a learnt log p(bin | L*) of each cell's lightness, which
    comes last in f8. ``overview``: places also get the features of a smaller view of the whole photograph, so that a close
    view of its details knows what they belong to. ``head``: ImageNet's last convolution
    (:func:`photochrom.nets.lite.image_head`), whose pooled features join the context (the fusion of Iizuka et al. 2016); it does
    not learn. ``output``: scores of the "ab-bins", or two channels, "ab" itself.
    """

    def __init__(
        self,
        features: tuple[int, ...],
        widths: Sequence[int] = (128, 192, 256),
        depths: Sequence[int] = (4, 3, 3),
        *,
        attention: bool = True,
        context: bool = True,
        lightness_prior: bool = False,
        overview: bool = False,
        head: nn.Module | None = None,
        output: Literal["ab-bins", "ab"] = "ab-bins",
    ) -> None:
        super().__init__()
        bins, stages = len(ab_bins()), len(widths)
        self.lateral = nn.ModuleList(nn.Conv2d(c, w, 1) for c, w in zip(features, widths, strict=True))
        self.hint = nn.ModuleList(nn.Conv2d(3, w, 3, padding=1) for w in widths)
        self.down = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Block(w, 5 if stage >= stages - 2 else 3, 4) for _ in range(d)))
            for stage, (w, d) in enumerate(zip(widths, depths, strict=True))
        )
        # Pooled for the views of details, whose grids are large.
        self.attention = Attention(widths[-2], 4, 2 if overview else 1) if attention else None
        # Zero at first: a network that grows them colors as before.
        self.overview = (
            nn.ModuleList(nn.Conv2d(c, w, 1, bias=False) for c, w in zip(features[-3:], widths[-3:], strict=True))
            if overview
            else None
        )
        for weight in self.overview.parameters() if self.overview is not None else ():
            nn.init.zeros_(weight)
        self.head = head
        # The pooled features come last, so that a network without them can grow (:func:`grown`).
        seen = (widths[-1] if context else 0) + bins + 1 + (HEAD_FEATURES if head is not None else 0)
        self.context = nn.Sequential(nn.Linear(seen, 256), nn.ReLU(), nn.Linear(256, sum(widths)))
        self.widths, self.glances, self.output = list(widths), context, output
        self.norm = nn.BatchNorm2d(widths[0])
        self.scores = nn.Conv2d(widths[0], bins if output == "ab-bins" else 2, 1)
        self.prior = nn.Conv2d(LEVELS, bins, 1, bias=False) if lightness_prior else None
        if self.prior is not None:
            nn.init.zeros_(self.prior.weight)
        #: Channels of the parts of f8: features at stride 8, those at stride 4, lightness.
        self.parts = [features[-3]] + [4 * features[0]] * (stages == 4) + [4 ** (stages - 3)] * lightness_prior

    def forward(
        self,
        f8: Tensor,
        f16: Tensor,
        f32: Tensor,
        hints: Tensor,
        histogram: Tensor,
        g8: Tensor | None = None,
        g16: Tensor | None = None,
        g32: Tensor | None = None,
        whole: Tensor | None = None,
    ) -> Tensor:
        """Scores (N, 261, h, w), unnormalised log-probabilities, or a* and b* (N, 2, h, w); h = H / stride.

        f8, f16, f32: the encoder's features. hints: (N, 3, h, w): a* and b* where the mask, the third channel
        in [0, 1], is above 0, else 0. histogram: (N, 262): shares of the ab bins that sum to 1, then 1; or all 0: not given.
        g8, g16, g32: the features of the overview, of the same part of the photograph, on any grid; None: f8, f16, f32 are the
        overview. whole: g32 of the whole photograph where g32 shows a part of it.
        """
        parts = torch.split(f8, self.parts, dim=1) if len(self.parts) > 1 else (f8,)
        stages = len(self.widths)
        features = [*([functional.pixel_shuffle(parts[1], 2)] if stages == 4 else []), parts[0], f16, f32]
        hints = hints * hints.new_tensor([1 / AB_SCALE, 1 / AB_SCALE, 1.0]).reshape(1, 3, 1, 1)
        levels = [
            lateral(seen) + hint(pooled_hints(hints, 2**stage))
            for stage, (lateral, hint, seen) in enumerate(zip(self.lateral, self.hint, features, strict=True))
        ]
        glance = [levels[-1].mean((2, 3))] if self.glances else []
        wide = f32 if g32 is None else g32
        if self.overview is not None:
            seen = (g8 if g8 is not None else parts[0], g16 if g16 is not None else f16, wide)
            for stage, (conv, grid) in enumerate(zip(self.overview, seen, strict=True), stages - 3):
                levels[stage] = levels[stage] + (conv(grid) if g8 is None else _on_grid(conv(grid), levels[stage]))
            wide = wide if whole is None else whole
            if self.glances:
                hinted = self.hint[-1](pooled_hints(hints, 2 ** (stages - 1)))
                glance = [(self.lateral[-1](wide) + self.overview[-1](wide)).mean((2, 3)) + hinted.mean((2, 3))]
        pooled = [self.head(wide).mean((2, 3))] if self.head is not None else []
        context = self.context(torch.cat([*glance, histogram * 10.0, *pooled], dim=1))[:, :, None, None].split(
            self.widths, dim=1
        )
        x = self.blocks[-1](levels[-1] + context[-1])
        for stage in reversed(range(stages - 1)):
            x = doubled(self.down[stage](x)) + levels[stage] + context[stage]
            if stage == stages - 2 and self.attention is not None:
                x = self.attention(x)
            x = self.blocks[stage](x)
        out: Tensor = self.scores(functional.relu(self.norm(x)))
        if self.output == "ab":
            return out * BIN_SIZE
        if self.prior is None:
            return out
        light = functional.pixel_shuffle(parts[-1], 2) if stages == 4 else parts[-1]
        scores: Tensor = out + self.prior(lightness_levels(light))
        return scores


def _on_grid(x: Tensor, like: Tensor) -> Tensor:
    """``x`` (N, C, h, w) on the grid of ``like``, bilinearly."""
    return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)


def lightness_levels(light: Tensor) -> Tensor:
    """L* in [0, 100], (N, 1, h, w) -> weights (N, 21, h, w) of the levels 0, 5, ... 100 that interpolate it; they sum to 1."""
    level = torch.arange(LEVELS, device=light.device).reshape(1, LEVELS, 1, 1)
    return functional.relu(1 - (light * ((LEVELS - 1) / 100) - level).abs())


class PhotochromNet(nn.Module):
    """Encoder and decoder together, for training. The keywords are the decoder's (empty widths and depths: its own)."""

    def __init__(
        self,
        variant: str = "lite0",
        state: dict[str, Tensor] | None = None,
        *,
        widths: Sequence[int] = (),
        depths: Sequence[int] = (),
        attention: bool = True,
        context: bool = True,
        lightness_prior: bool = False,
        overview: bool = False,
        global_features: bool = False,
        output: Literal["ab-bins", "ab"] = "ab-bins",
    ) -> None:
        super().__init__()
        #: Pixels along a side of one cell of the result.
        self.stride = 4 if len(widths) == 4 else 8
        self.output = output
        self.encoder = LiteEncoder(variant, state, stride=self.stride, cells=lightness_prior)
        make = partial(Decoder, widths=widths, depths=depths) if widths else Decoder
        self.decoder = make(
            self.encoder.widths,
            attention=attention,
            context=context,
            lightness_prior=lightness_prior,
            overview=overview,
            head=image_head(variant, state) if global_features else None,
            output=output,
        )

    def forward(self, lightness: Tensor, hints: Tensor, histogram: Tensor) -> Tensor:
        """Lightness (N, 1, H, W) in [0, 100], hints and histogram as in :class:`Decoder` -> its result at the stride's grid."""
        out: Tensor = self.decoder(*self.encoder(lightness), hints, histogram)
        return out


def grown(state: dict[str, Tensor], net: PhotochromNet) -> dict[str, Tensor]:
    """``state`` of a network without global features or overview, as one of ``net``, which has them: it colors as before.

    The head's weights are ``net``'s own; the contributions of the context's features and of the overview start at 0.
    A state that lacks nothing is returned as it is.
    """
    weight, wanted = "decoder.context.0.weight", net.state_dict()
    new = {name: torch.zeros_like(value) for name, value in wanted.items() if name.startswith("decoder.overview.")}
    if not new.keys() & state.keys():
        state = {**state, **new}
    new = {name: value for name, value in wanted.items() if name.startswith("decoder.head.")}
    if not new or new.keys() & state.keys() or weight not in state:
        return state
    old = state[weight].float()
    if old.shape[1] + HEAD_FEATURES != wanted[weight].shape[1]:
        return state
    return {**state, **new, weight: functional.pad(old, (0, HEAD_FEATURES))}
