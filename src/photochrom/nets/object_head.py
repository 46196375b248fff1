"""The object head: from clicks, a box or a mask to the object's mask, by what the encoder sees.

As in segment-anything (Kirillov et al. 2023) the picture is encoded once and each prompt is a small decoder's work; clicks and
the mask so far are planes beside the features (Sofiiuk et al. 2021). What is asked is also compared with the whole picture: for
each kind of prompt every cell learns how much its embedding resembles the mean of those that are marked.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.nets.blocks import Block, doubled

__all__ = ["ObjectHead", "Seen"]

#: Planes of a prompt, see :mod:`photochrom.steering.prompts`.
_PLANES = 7
#: Heads and numbers of the embedding that is compared, and the means that it is compared with.
_HEADS, _DIMS, _MEANS = 4, 8, 5
#: Channels of lightness and features at stride 4.
_FINE = 12
#: What a picture is to the head: embeddings at strides 8, 16, 32, and lightness at stride 4.
Seen = tuple[Tensor, Tensor, Tensor, Tensor]


class ObjectHead(nn.Module):
    """Features, lightness and a prompt -> a mask in cells of 4 x 4 pixels.

    ``features``: the channels of the encoder's features. ``width``: channels in here.
    """

    def __init__(self, features: tuple[int, ...] = (40, 112, 320), width: int = 64) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in features)
        self.before = nn.ModuleList(Block(width, 5, 2) for _ in range(2))
        self.light = nn.Conv2d(64, width, 1)
        self.fine = nn.Conv2d(16, _FINE, 3, padding=1)
        self.compared = nn.Conv2d(width, _HEADS * _DIMS, 1)
        self.prompt = nn.Conv2d(4 * _PLANES + _HEADS * _MEANS, width, 1)
        self.down = nn.ModuleList(nn.Conv2d(width, width, 2, stride=2) for _ in range(2))
        self.deep = Block(width, 5, 2)
        self.middle = nn.Sequential(Block(width, 5, 2), Block(width, 5, 2))
        self.top = Block(width, 5, 1)
        self.out = nn.Conv2d(width, 4 * _FINE, 1)
        self.mixed = nn.Conv2d(2 * _FINE + _PLANES, 16, 1)
        self.mask = nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, f8: Tensor, f16: Tensor, f32: Tensor, lightness: Tensor, prompt: Tensor) -> Tensor:
        """-> logits (N, 1, 2 h, 2 w) of f8's (N, C, h, w): above 0 is the object.

        f8, f16, f32: the encoder's features of lightness (N, 1, 8 h, 8 w), L* in [0, 100]. prompt: (N, 7, 2 h, 2 w) in [0, 1].
        """
        return self.decode(self.embed(f8, f16, f32, lightness), prompt)

    def embed(self, f8: Tensor, f16: Tensor, f32: Tensor, lightness: Tensor) -> Seen:
        """The part that knows no prompt."""
        light = lightness / 50 - 1
        x32 = self.before[0](self.lateral[2](f32))
        x16 = self.before[1](doubled(x32) + self.lateral[1](f16))
        x8 = doubled(x16) + self.lateral[0](f8) + self.light(functional.pixel_unshuffle(light, 8))
        return x8, x16, x32, self.fine(functional.pixel_unshuffle(light, 4))

    def decode(self, seen: Seen, prompt: Tensor) -> Tensor:
        """Logits for a prompt, from what :meth:`embed` made of its picture."""
        x8, x16, x32, fine = seen
        asked = torch.cat([functional.pixel_unshuffle(prompt, 2), self._likeness(x8, prompt)], 1)
        top = functional.relu(x8 + self.prompt(asked))
        middle = functional.relu(x16 + self.down[0](top))
        deep = self.deep(x32 + self.down[1](middle))
        middle = self.middle(middle + doubled(deep))
        top = self.top(top + doubled(middle))
        large = functional.pixel_shuffle(self.out(top), 2)
        logits: Tensor = self.mask(functional.relu(self.mixed(torch.cat([large, fine, prompt], 1))))
        return logits

    def _likeness(self, x8: Tensor, prompt: Tensor) -> Tensor:
        """(N, heads * means, h, w): cosine of each cell with the mean of what is marked; 0 where nothing is."""
        n, _, h, w = x8.shape
        cells = functional.normalize(self.compared(x8).reshape(n, _HEADS, _DIMS, h * w), dim=2)
        add, erase, _, _, box, mask, _ = functional.avg_pool2d(prompt, 2).flatten(2).chunk(_PLANES, dim=1)
        boxed = box.amax(2, keepdim=True)
        weights = torch.cat([add, erase, box, boxed - box, mask], 1)
        means = cells @ (weights / (weights.sum(2, keepdim=True) + 1e-6)).transpose(1, 2)[:, None]
        alike: Tensor = functional.normalize(means, dim=2, eps=1e-4).transpose(2, 3) @ cells
        return alike.reshape(n, _HEADS * _MEANS, h, w)
