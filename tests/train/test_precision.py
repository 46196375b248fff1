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
