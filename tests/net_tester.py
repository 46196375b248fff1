"""What every network that is trained must do. The test class of an architecture derives from this one and says how to make it."""

from __future__ import annotations

import warnings
from copy import deepcopy
from io import BytesIO

import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.color import ab_bins, nearest_ab_bins

BINS = len(ab_bins())


def lightness(height: int, width: int, batch: int = 2) -> Tensor:
    """Random L* in [0, 100], (batch, 1, height, width)."""
    rng = torch.Generator().manual_seed(height * 1000 + width)
    return torch.rand(batch, 1, height, width, generator=rng) * 100


def inputs(height: int, width: int, batch: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """What the default model takes: lightness, hints in a third of the cells, and a histogram for the first picture only."""
    rng = torch.Generator().manual_seed(height * 1000 + width)
    mask = (torch.rand(batch, 1, height // 8, width // 8, generator=rng) < 0.3).float()
    ab = torch.randn(batch, 2, height // 8, width // 8, generator=rng) * 30 * mask
    histogram = torch.zeros(batch, BINS + 1)
    histogram[0, :BINS] = torch.rand(BINS, generator=rng).softmax(0)
    histogram[0, BINS] = 1
    return lightness(height, width, batch), torch.cat([ab, mask], 1), histogram


class NetTester:
    """Derive, and override :meth:`make` and ``parameters``; the other hooks fit every net that takes lightness alone.

    Such a net says ``output`` ("ab" or "ab-bins"), ``stride``, ``multiple`` and ``work_size``.
    """

    #: Number of parameters, those that are frozen included.
    parameters: int
    #: Sizes in pixels; each side is rounded up to the net's multiple.
    sizes = ((64, 64), (33, 71), (96, 65))
    #: Adam's rate of the one step.
    rate = 3e-4

    @classmethod
    def make(cls) -> nn.Module:
        raise NotImplementedError

    @staticmethod
    def given(height: int, width: int, batch: int = 2) -> tuple[Tensor, ...]:
        """The net's inputs for a picture of this size."""
        return (lightness(height, width, batch),)

    @staticmethod
    def multiple(net: nn.Module) -> int:
        return int(net.multiple)  # type: ignore[arg-type]

    @staticmethod
    def stride(net: nn.Module) -> int:
        return int(net.stride)  # type: ignore[arg-type]

    @staticmethod
    def channels(net: nn.Module) -> int:
        return {"ab": 2, "ab-bins": len(nearest_ab_bins())}[net.output]  # type: ignore[index]

    @staticmethod
    def loss(out: Tensor) -> Tensor:
        """How far the output is from one orange everywhere."""
        orange = torch.tensor([25.0, 40.0])
        if out.shape[1] == 2:
            return functional.mse_loss(out / 128, orange.reshape(1, 2, 1, 1).expand_as(out) / 128)
        bins = torch.from_numpy((nearest_ab_bins() if out.shape[1] != BINS else ab_bins()).copy())
        nearest = (bins - orange).square().sum(1).argmin()
        return functional.cross_entropy(out, nearest.expand(len(out), *out.shape[2:]))

    def padded(self, net: nn.Module, size: tuple[int, int]) -> tuple[int, int]:
        multiple = self.multiple(net)
        height, width = (-(-side // multiple) * multiple for side in size)
        return height, width

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> nn.Module:
        torch.manual_seed(0)
        return cls.make()

    @pytest.fixture
    def net(self, made: nn.Module) -> nn.Module:
        return deepcopy(made)

    def test_output_has_the_shape_of_the_grid_at_any_multiple(self, made: nn.Module) -> None:
        stride = self.stride(made)
        assert self.multiple(made) % stride == 0
        for size in self.sizes:
            height, width = self.padded(made, size)
            with torch.no_grad():
                out = made.eval()(*self.given(height, width))
            assert out.shape == (2, self.channels(made), height // stride, width // stride)
            assert out.isfinite().all()

    def test_gradients_reach_every_parameter(self, net: nn.Module) -> None:
        self.loss(net.train()(*self.given(*self.padded(net, (64, 96))))).backward()
        learnt = [(name, p) for name, p in net.named_parameters() if p.requires_grad]
        silent = [name for name, p in learnt if p.grad is None or not p.grad.abs().sum() > 0]
        assert learnt
        assert silent == []

    def test_one_optimiser_step_lowers_the_loss(self, net: nn.Module) -> None:
        net.train()
        given = self.given(*self.padded(net, (64, 64)))
        optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=self.rate)
        torch.manual_seed(1)
        before = self.loss(net(*given))
        before.backward()
        optimizer.step()
        torch.manual_seed(1)  # the same units drop out
        with torch.no_grad():
            after = self.loss(net(*given))
        assert after < before

    def test_number_of_parameters(self, made: nn.Module) -> None:
        assert sum(p.numel() for p in made.parameters()) == self.parameters

    def test_one_picture_of_a_batch_does_not_change_another(self, made: nn.Module) -> None:
        given = self.given(*self.padded(made, (64, 64)))
        with torch.no_grad():
            both = made.eval()(*given)
            alone = made(*(one[1:] for one in given))
        torch.testing.assert_close(both[1:], alone, rtol=1e-3, atol=1e-3)

    def test_onnx_graph_gives_what_torch_gives_at_another_size_and_batch(self, made: nn.Module) -> None:
        traced = self.given(*self.padded(made, (64, 64)), batch=1)
        names = [f"input{number}" for number in range(len(traced))]
        axes = {
            name: {0: "batch", **({2: f"height{name}", 3: f"width{name}"} if one.ndim == 4 else {})}
            for name, one in zip(names, traced, strict=True)
        }
        file = BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns about itself
            torch.onnx.export(
                made.eval(), traced, file, input_names=names, dynamic_axes=axes, opset_version=17, dynamo=False
            )
        session = ort.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
        given = self.given(*self.padded(made, (96, 65)), batch=3)
        with torch.no_grad():
            expected = made(*given)
        (got,) = session.run(None, {name: one.numpy() for name, one in zip(names, given, strict=True)})
        assert expected.std() > 0  # there is something to compare
        torch.testing.assert_close(torch.from_numpy(got), expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
