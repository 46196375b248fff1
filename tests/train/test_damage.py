"""What every damage of an old print does, and what each is known by."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from photochrom.train.damage import DAMAGES, blur, contrast, fading, grain, jpeg, scratches, sepia


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def strength(value: float, count: int = 6) -> Tensor:
    return torch.full((count, 1, 1), value)


@pytest.fixture(scope="module")
def grey(photographs: list[np.ndarray]) -> Tensor:
    """Six grey pictures, (6, 64, 96), in [0, 1]."""
    return (
        torch.from_numpy(np.stack([cv2.cvtColor(p[:64, :96], cv2.COLOR_RGB2GRAY) for p in photographs])).float() / 255
    )


@pytest.mark.parametrize("name", DAMAGES)
class TestEvery:
    def test_changes_a_picture_the_more_the_stronger_it_is(self, grey: Tensor, name: str) -> None:
        damage, _ = DAMAGES[name]
        changes = []
        for value in (0.0, 0.5, 1.0):
            many = torch.stack([damage(grey, strength(value), generator(seed)) for seed in range(20)])
            assert many.shape == (20, *grey.shape)
            assert many.dtype == torch.float32
            assert many.isfinite().all()
            changes.append(float((many - grey).abs().mean()))
        assert changes[0] < (0.02 if name == "jpeg" else 1e-4)
        assert changes[0] < changes[1] < changes[2]

    def test_of_one_picture_has_nothing_to_do_with_another(self, grey: Tensor, name: str) -> None:
        damage, _ = DAMAGES[name]
        hit = torch.tensor([0.0, 1.0, 0.0, 0.0, 0.0, 0.0])[:, None, None]
        spared = (damage(grey, hit, generator()) - grey).abs().amax((1, 2))[[0, 2, 3, 4, 5]]
        assert spared.max() < (0.1 if name == "jpeg" else 1e-3)

    def test_follows_from_the_generator_alone(self, grey: Tensor, name: str) -> None:
        damage, _ = DAMAGES[name]
        torch.manual_seed(1)
        once = damage(grey, strength(0.8), generator(5))
        torch.manual_seed(2)
        assert torch.equal(once, damage(grey, strength(0.8), generator(5)))

    @pytest.mark.parametrize("level", [0.0, 1.0])
    def test_takes_black_and_white(self, name: str, level: float) -> None:
        damage, _ = DAMAGES[name]
        flat = damage(torch.full((2, 32, 32), level), strength(1.0, 2), generator())
        assert flat.isfinite().all()
        assert flat.min() > -0.5
        assert flat.max() < 1.5


def test_contrast_keeps_black_white_and_the_order_of_tones(grey: Tensor) -> None:
    ramp = torch.linspace(0, 1, 64).expand(40, 8, 64)
    hard = contrast(ramp, strength(1.0, 40), generator())
    assert torch.equal(hard[..., [0, -1]], ramp[..., [0, -1]])
    assert (hard.diff(dim=2) > 0).all()
    middle = hard[:, 0, 32]
    assert 5 < int((middle > 0.5).sum()) < 35


def test_fading_makes_blacks_lighter_and_whites_darker() -> None:
    ramp = torch.linspace(0, 1, 64).expand(40, 8, 64)
    faded = fading(ramp, strength(1.0, 40), generator())
    assert (faded[..., 0] > 0).all()
    assert (faded[..., -1] < 1).all()
    assert faded[..., 0].mean() == pytest.approx(0.125, abs=0.04)


def test_blur_softens_and_grain_roughens(grey: Tensor) -> None:
    def roughness(picture: Tensor) -> Tensor:
        return picture.diff(dim=2).abs().mean()

    assert roughness(blur(grey, strength(1.0), generator())) < 0.95 * roughness(grey)
    noisy = grain(grey, strength(1.0), generator())
    assert roughness(noisy) > 1.2 * roughness(grey)
    assert float((noisy - grey).std()) == pytest.approx(0.06, abs=0.005)


def test_scratches_are_thin_and_leave_the_rest_alone() -> None:
    flat = torch.full((40, 64, 64), 0.5)
    marked = scratches(flat, strength(1.0, 40), generator())
    untouched = (marked == 0.5).float().mean((1, 2))
    assert untouched.min() > 0.7
    assert untouched.mean() < 0.99
    assert (marked > 0.6).any()
    assert (marked < 0.4).any()
    upright = (marked - 0.5).abs().sum(1).amax(1) > (marked - 0.5).abs().sum(2).amax(1)
    assert upright.float().mean() > 0.6


def test_sepia_is_one_tone_for_each_grey_and_clips_highlights() -> None:
    ramp = torch.linspace(0, 1, 64).expand(40, 8, 64)
    toned = sepia(ramp, strength(1.0, 40), generator())
    assert (toned.diff(dim=2) >= -1e-6).all()
    assert (toned[:, 0, 62:].diff() < 0.005).any()  # some mixtures see only what is blown out
    assert toned[..., 0].abs().max() < 1e-5


@pytest.mark.parametrize("quality", [90, 50, 15])
def test_jpeg_looks_like_a_real_jpeg_of_that_quality(grey: Tensor, quality: int) -> None:
    """As far from the picture as OpenCV makes it (the grids of blocks differ)."""
    ours = jpeg(grey, strength((90 - quality) / 80), generator())
    real = []
    for picture in grey.numpy():
        data = cv2.imencode(".jpg", np.round(picture * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        real.append(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) / 255)
    theirs = torch.from_numpy(np.stack(real)).float()
    error = float((ours - grey).square().mean().sqrt())
    assert error == pytest.approx(float((theirs - grey).square().mean().sqrt()), rel=0.2)


def test_jpeg_blocks_fall_anywhere(grey: Tensor) -> None:
    edges = []
    for seed in range(12):
        steps = jpeg(grey, strength(1.0), generator(seed)).diff(dim=2).abs().mean((0, 1))
        edges.append(int(torch.stack([steps[i::8].mean() for i in range(8)]).argmax()))
    assert len(set(edges)) > 3
