"""The intervals of Fréchet distances: they hold what they say, and cost neither memory nor files."""

from __future__ import annotations

import gc
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import Command, save
from photochrom.errors import EvaluationError
from photochrom.evaluate.bootstrap import interval, p_value
from photochrom.evaluate.features import LEAST, Features
from photochrom.evaluate.frechet import Distance, Moments, Reference

Rows = np.ndarray[Any, Any]
SPREAD = np.arange(1, 7) ** -0.5
TURN = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]


def drawn(seed: int, count: int, methods: int = 1) -> Rows:
    """Features (1 + methods, count, 6) of a truth, and of methods that are as good as each other."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(count, 6)) * SPREAD
    noise = rng.normal(size=(methods, count, 6)) * SPREAD
    return np.stack([true, *(0.7 * true + 0.3 * true @ TURN + 0.6 * noise + 0.2)]).astype(np.float32)


def kept(features: Rows, indices: Rows | None = None) -> Features:
    made = Features(len(features), features.shape[2])
    for index in np.arange(features.shape[1]) if indices is None else indices:
        made.add(int(index), features[:, index])
    return made


def by_weights(weights: Rows, first: Rows, second: Rows) -> float:
    """The distance by its other formula, with singular values, of pictures that count so many times."""
    shares = (weights / weights.sum())[:, None]
    means = [(shares * rows).sum(axis=0) for rows in (first, second)]
    x, y = (np.sqrt(shares) * (rows - mean) for rows, mean in zip((first, second), means, strict=True))
    common = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    spread = (x**2).sum() + (y**2).sum() - 2 * common
    return float(((means[0] - means[1]) ** 2).sum() + spread * len(first) / (len(first) - 1))


@pytest.mark.parametrize("count", [5, 7, 40], ids=["fewer than features", "as many", "more"])
def test_pseudo_values_are_the_distance_and_its_derivative_by_each_weight(count: int) -> None:
    first, second = drawn(0, count).astype(np.float64)
    second[:, 2] = 0.3  # a feature that says nothing
    moments = [Moments(6), Moments(6)]
    for made, rows in zip(moments, (first, second), strict=True):
        made.update(rows)
    distance = Distance(Reference(moments[0]), moments[1])
    values = distance.pseudo_values(first, second)
    assert values.mean() == pytest.approx(distance.value)
    assert distance.value == pytest.approx(by_weights(np.ones(count), first, second))
    step = 1e-5 * count * np.eye(count)
    slopes = [(by_weights(1 + up, first, second) - by_weights(1 - up, first, second)) / 2e-5 for up in step]
    np.testing.assert_allclose(values - distance.value, slopes, rtol=1e-3, atol=1e-5)


def test_the_interval_holds_the_expected_distance_about_as_often_as_it_says() -> None:
    found = np.stack([kept(drawn(seed, 200)).distances(400, (seed,))[:, 0] for seed in range(150)], axis=1)
    low, high = interval(found)
    expected = found[0].mean()
    assert 0.90 <= ((low <= expected) & (expected <= high)).mean() <= 0.99
    assert found[1:].std(axis=0).mean() == pytest.approx(found[0].std(), rel=0.2)


def test_a_difference_between_methods_is_paired() -> None:
    found = []
    for seed in range(100):
        values = kept(drawn(seed, 80, 2)).distances(300, (seed,))
        found.append(p_value(values[:, 0] - values[:, 1]))
    assert 0.01 <= np.mean(np.array(found) < 0.05) <= 0.10
    alike = np.stack([*(one := drawn(0, 80)), one[1] * np.float32(1.02)])  # far apart only against their common part
    low, high = interval(kept(alike).distances(300, (0,)))
    values = kept(alike).distances(300, (0,))
    ends = interval(values[:, 1] - values[:, 0])
    assert ends[1] - ends[0] < 0.2 * (high - low)[0]


def test_the_order_of_pictures_does_not_matter() -> None:
    features = drawn(0, 50)
    shuffled = kept(features, np.random.default_rng(0).permutation(50)).distances(100, (0,))
    np.testing.assert_allclose(shuffled, kept(features).distances(100, (0,)), rtol=1e-6)


def test_few_pictures_have_a_distance_without_an_interval_and_one_has_none() -> None:
    assert np.isnan(kept(drawn(0, 1)).distances(100, (0,))).all()
    for count in (2, LEAST - 1):
        values = kept(drawn(0, count)).distances(100, (0,))
        assert np.isfinite(values[0]).all()
        assert np.isnan(values[1:]).all()
    assert np.isfinite(kept(drawn(0, LEAST)).distances(100, (0,))).all()


def test_an_exact_copy_is_at_no_distance_and_the_interval_says_so() -> None:
    truth = drawn(0, 40)[0]
    values = kept(np.stack([truth, truth])).distances(100, (0,))
    np.testing.assert_allclose(values, 0, atol=1e-6)
    assert (values >= 0).all()


def test_nothing_is_left_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    features = kept(drawn(0, 300))
    features.distances(100, (0,))
    del features
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **options: full.open("r+b", **options))
    with pytest.raises(EvaluationError, match=r"No space left.*TMPDIR"):
        kept(drawn(0, 3))


@pytest.mark.train
def test_the_report_has_the_interval_whatever_the_number_of_processes(
    photochrom: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    timm = pytest.importorskip("timm")
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    torch.save(timm.create_model("tf_efficientnet_lite2").state_dict(), "lite2.pth")
    rng = np.random.default_rng(0)
    for index in range(LEAST):
        save(rng.integers(0, 256, (8, 8, 3), np.uint8).repeat(4, 0).repeat(4, 1), Path("truth", f"{index}.png"))
    told = []
    for jobs in (1, 2):
        options = ("--protocol", "native", "--lite2", "lite2.pth", "-j", jobs, "-o", f"out{jobs}", "--no-pictures")
        run = photochrom("evaluate", "truth", *options)
        assert run.code == 0, run.err
        assert any("Lite2" in line and "±" in line for line in run.out.splitlines())
        assert "pseudo-values" in run.out
        report = json.loads(Path(f"out{jobs}", "report.json").read_text())
        told.append([row["figures"].get("frechet_lite2") for row in report["sets"][0]["methods"]])
    assert told[0] == told[1]
    truth, *others = told[0]
    assert truth is None
    for figure in others:
        assert 0 <= figure["low"] < figure["value"] < figure["high"]
