from __future__ import annotations

import warnings
from io import BytesIO

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn

from net_tester import NetTester, lightness
from photochrom.nets.gan import Discriminator, Generator
from photochrom.train.papers.adversarial import adversarial_optimizers, adversarial_step


class TestGenerator(NetTester):
    parameters = 4_166_242

    @classmethod
    def make(cls) -> nn.Module:
        return Generator(width=32)

    def test_the_width_of_the_paper_is_the_default(self) -> None:
        assert Generator().down[0][0].out_channels == 64

    def test_samples_differ_only_when_asked(self, net: Generator) -> None:
        light = lightness(64, 64)
        with torch.no_grad():
            net.eval()
            assert torch.equal(net(light), net(light))
            net.sample()
            assert (net(light) - net(light)).abs().max() > 1e-3
            net.sample(False)
            assert torch.equal(net(light), net(light))

    def test_a_graph_exported_while_sampling_gives_another_sample_each_time(self, net: Generator) -> None:
        net.eval().sample()
        light, file = lightness(32, 32, 1), BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns about itself
            torch.onnx.export(net, (light,), file, input_names=["lightness"], opset_version=17, dynamo=False)
        session = ort.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
        (one,), (other,) = (session.run(None, {"lightness": light.numpy()}) for _ in range(2))
        assert np.abs(one - other).max() > 1e-3


@pytest.fixture
def pair() -> tuple[Generator, Discriminator]:
    torch.manual_seed(0)
    return Generator(width=8), Discriminator(width=8)


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    """Pictures whose colour follows from their lightness, so that there is something to learn."""
    light = torch.nn.functional.interpolate(lightness(8, 8, 4), size=(64, 64), mode="bilinear")
    return light, torch.cat([light - 50, 50 - light], 1)


def state(net: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in net.parameters()]


class TestDiscriminator:
    def test_one_logit_for_each_patch_of_70_pixels(self) -> None:
        net = Discriminator()
        light = torch.zeros(1, 1, 256, 256)
        ab = torch.zeros(1, 2, 256, 256, requires_grad=True)
        logits = net.eval()(light, ab)
        assert logits.shape == (1, 1, 30, 30)
        logits[0, 0, 15, 15].backward()
        seen = ab.grad[0].abs().sum(0) > 0
        assert (seen.any(0).sum(), seen.any(1).sum()) == (70, 70)

    def test_it_sees_lightness_and_both_channels_of_colour(self, pair: tuple[Generator, Discriminator]) -> None:
        net, light, ab = pair[1].eval(), lightness(64, 64), torch.zeros(2, 2, 64, 64)
        with torch.no_grad():
            before = net(light, ab)
            for other in (net(light / 2, ab), net(light, ab + torch.tensor([9.0, 0]).reshape(1, 2, 1, 1))):
                assert not torch.allclose(before, other)


class TestAdversarialStep:
    def test_both_networks_learn(self, pair: tuple[Generator, Discriminator], batch: tuple[Tensor, Tensor]) -> None:
        before = [state(net) for net in pair]
        adversarial_step(*batch, *pair, adversarial_optimizers(*pair))
        for net, old in zip(pair, before, strict=True):
            assert all(not torch.equal(p, q) for p, q in zip(net.parameters(), old, strict=True))
            assert all(p.requires_grad for p in net.parameters())

    def test_each_optimiser_moves_its_own_network_alone(
        self, pair: tuple[Generator, Discriminator], batch: tuple[Tensor, Tensor]
    ) -> None:
        for at in (0, 1):
            still = torch.optim.SGD(pair[at].parameters(), lr=0.0)
            optimizers = list(adversarial_optimizers(*pair))
            optimizers[at] = still
            before = [state(net) for net in pair]
            adversarial_step(*batch, *pair, tuple(optimizers))
            same = [all(map(torch.equal, state(net), old)) for net, old in zip(pair, before, strict=True)]
            assert same[at]
            assert not same[1 - at]

    def test_l1_falls_and_the_discriminator_gets_better_than_chance(
        self, pair: tuple[Generator, Discriminator], batch: tuple[Tensor, Tensor]
    ) -> None:
        optimizers = adversarial_optimizers(*pair, rate=2e-3)
        steps = [adversarial_step(*batch, *pair, optimizers) for _ in range(12)]
        assert steps[-1].l1 < 0.8 * steps[0].l1
        assert min(step.discriminator for step in steps) < np.log(2)
        assert all(value.isfinite() for step in steps for value in step)

    def test_the_caller_may_do_the_backward_pass(
        self, pair: tuple[Generator, Discriminator], batch: tuple[Tensor, Tensor]
    ) -> None:
        losses: list[Tensor] = []

        def backward(loss: Tensor) -> None:
            losses.append(loss.detach())
            loss.backward()

        step = adversarial_step(*batch, *pair, adversarial_optimizers(*pair), backward)
        discriminator, generator = losses
        assert discriminator == step.discriminator
        torch.testing.assert_close(generator, step.adversarial + 100 * step.l1 / 128)


def test_spectral_normalisation_bounds_how_sharply_the_discriminator_judges(batch: tuple[Tensor, Tensor]) -> None:
    light, ab = batch
    plain, bounded = (Discriminator(width=8, spectral=spectral) for spectral in (False, True))
    for _ in range(20):  # of the power iteration that finds the largest singular value
        assert bounded(light, ab).shape == plain(light, ab).shape
    kernels = [layer.weight.detach().flatten(1) for layer in bounded.layers if isinstance(layer, torch.nn.Conv2d)]
    assert all(torch.linalg.matrix_norm(kernel, 2) < 1.05 for kernel in kernels)
