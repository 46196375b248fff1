"""The alternating step of a conditional GAN: the discriminator learns to tell real colours, then the generator to pass.

Adapted from Isola et al. 2017 (pix2pix), section 3.1: the non-saturating adversarial loss and 100 times L1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["AdversarialLosses", "adversarial_optimizers", "adversarial_step"]

#: Weight of the L1 loss beside the adversarial one.
L1_WEIGHT = 100.0
#: Units of a* and b* that count as 1 in the L1 loss.
AB_SCALE = 128.0


class AdversarialLosses(NamedTuple):
    """What one step measured, detached scalars: L1 in units of a* and b*, cross-entropies in nats (log 2 = undecided)."""

    l1: Tensor
    adversarial: Tensor
    discriminator: Tensor


def adversarial_optimizers(
    generator: nn.Module, discriminator: nn.Module, rate: float = 2e-4
) -> tuple[torch.optim.Adam, torch.optim.Adam]:
    """Adam with betas (0.5, 0.999) for the generator and for the discriminator."""
    made = [
        torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=rate, betas=(0.5, 0.999))
        for net in (generator, discriminator)
    ]
    return made[0], made[1]


def adversarial_step(
    lightness: Tensor,
    ab: Tensor,
    generator: Callable[[Tensor], Tensor],
    discriminator: nn.Module,
    optimizers: tuple[Any, Any],
    backward: Callable[[Tensor], Any] = torch.Tensor.backward,
) -> AdversarialLosses:
    """Update both networks once, for lightness (N, 1, H, W) and the true ab (N, 2, H, W) in units of a* and b*.

    optimizers: the generator's and the discriminator's. backward: with Lightning's manual optimisation, the module's
    ``manual_backward`` (and its ``optimizers()``).
    """
    for_generator, for_discriminator = optimizers
    made = generator(lightness)

    real, fake = discriminator(lightness, ab), discriminator(lightness, made.detach())
    judging_loss = (_judged(real, True) + _judged(fake, False)) / 2
    for_discriminator.zero_grad()
    backward(judging_loss)
    for_discriminator.step()

    # The generator's gradient flows through the discriminator, whose own parameters are not asked for theirs.
    asked = [p for p in discriminator.parameters() if p.requires_grad]
    for parameter in asked:
        parameter.requires_grad_(False)
    passed = _judged(discriminator(lightness, made), True)
    l1 = functional.l1_loss(made / AB_SCALE, ab / AB_SCALE)
    for_generator.zero_grad()
    backward(passed + L1_WEIGHT * l1)
    for_generator.step()
    for parameter in asked:
        parameter.requires_grad_(True)
    return AdversarialLosses(l1.detach() * AB_SCALE, passed.detach(), judging_loss.detach())


def _judged(logits: Tensor, real: bool) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits.float(), torch.full_like(logits, float(real)).float())
