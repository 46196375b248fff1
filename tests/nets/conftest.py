"""Networks need torch."""

from __future__ import annotations

from pathlib import Path

import pytest

from torch_setup import mark_train, one_thread

for needed in ("torch", "timm", "onnx"):
    pytest.importorskip(needed)

__all__ = ["one_thread"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_train(items, Path(__file__).parent)
