"""Training computes in a format that the machine has."""

from __future__ import annotations

import pytest
import torch

from photochrom.train import precision

pytestmark = pytest.mark.train


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU decides by itself")
@pytest.mark.parametrize(("has", "expected"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_processor_without_bfloat16_trains_in_float32(
    monkeypatch: pytest.MonkeyPatch, has: bool, expected: str
) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: has)
    assert precision.precision() == expected


def test_imitated_bfloat16_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(precision, "_is_faster", lambda: True)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    assert not precision.has_bfloat16()
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    assert precision.has_bfloat16() == torch.ops.mkldnn._is_mkldnn_bf16_supported()


@pytest.mark.parametrize(("seconds", "faster"), [((2.0, 1.0), True), ((1.0, 2.0), False)])
def test_bfloat16_is_used_where_it_is_faster(
    monkeypatch: pytest.MonkeyPatch, seconds: tuple[float, float], faster: bool
) -> None:
    """An Intel processor whose AMX a virtual machine hides has the instructions, and takes twice the time with them."""
    clock = iter([0.0, seconds[0], 0.0, seconds[1]] * 5)
    monkeypatch.setattr(precision.time, "perf_counter", lambda: next(clock))
    precision._is_faster.cache_clear()
    before = torch.random.get_rng_state()
    assert precision._is_faster() == faster
    assert torch.equal(torch.random.get_rng_state(), before), "a recipe's seed gives the same weights on every machine"
    precision._is_faster.cache_clear()
