from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch

from photochrom.color import ab_bins, rgb_to_lab
from photochrom.errors import DataError
from photochrom.train.color_module import ColorModule
from photochrom.train.export import export
from photochrom.train.picture_store import PictureStore, build_store
from photochrom.train.prior import UNIFORM, bin_shares
from photochrom.train.recipe import Recipe, as_dict

COLOURS = ((200, 120, 60), (200, 120, 60), (60, 90, 180))


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    """Three flat pictures, two of them of one colour."""
    (tmp_path / "flat").mkdir()
    for number, colour in enumerate(COLOURS):
        cv2.imwrite(str(tmp_path / f"flat/{number}.png"), np.full((40, 50, 3), colour[::-1], np.uint8))
    return build_store([tmp_path / "flat"], tmp_path / "store")


def test_shares_are_those_of_the_colours(store: PictureStore) -> None:
    shares = bin_shares(store)
    assert shares.shape == (261,)
    assert shares.min() > 0
    assert shares.sum() == pytest.approx(1)
    ab = rgb_to_lab(np.array(COLOURS) / 255.0)[:, 1:].mean(0)
    np.testing.assert_allclose((shares - UNIFORM / 261) @ ab_bins(), (1 - UNIFORM) * ab, atol=0.05)


@pytest.mark.usefixtures("small_decoder")
def test_exported_graphs_carry_them(store: PictureStore, tmp_path: Path) -> None:
    module = ColorModule(Recipe())
    about = {"recipe": as_dict(module.recipe), "data": store.digest}
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": module.state_dict(), "hyper_parameters": about, "global_step": 1}, path)
    for graph in export(path, tmp_path / "m.onnx", store=tmp_path / "store"):
        (entry,) = onnx.load(str(graph)).metadata_props
        np.testing.assert_allclose(json.loads(entry.value)["prior"], bin_shares(store), rtol=1e-2)
    with pytest.raises(DataError):
        export(path, tmp_path / "m.onnx", store=tmp_path / "absent")
