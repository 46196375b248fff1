"""Segmentation for regions: what is refused. (There are no weights to test with offline.)"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torchvision")

from photochrom.errors import InvalidModelError, WeightsNotFoundError
from photochrom.nets.segment import instances


def test_weights_are_needed_and_checked(tmp_path: Path) -> None:
    grey = np.full((64, 64, 3), 0.5, np.float32)
    with pytest.raises(WeightsNotFoundError, match="maskrcnn_resnet50_fpn"):
        instances(grey, tmp_path / "absent.safetensors", (64, 64))
    (tmp_path / "bad.safetensors").write_bytes(b"none")
    with pytest.raises(InvalidModelError, match="Mask R-CNN"):
        instances(grey, tmp_path / "bad.safetensors", (64, 64))
