"""Two views of a photograph: its details are colored with the features of the whole beside their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from photochrom.errors import OptionError
from photochrom.resize import enlarged
from photochrom.runtime import open_model
from photochrom.train.color_module import ColorModule, region
from photochrom.train.crops import random_pair
from photochrom.train.export import export, load_network
from photochrom.train.fit import fit
from photochrom.train.recipe import Recipe

Make = Callable[..., Recipe]
SMALL: dict[str, Any] = {"widths": [16, 16, 16], "depths": [1, 1, 1]}


def test_a_network_that_grows_an_overview_colors_as_before(recipe: Make, tmp_path: Path) -> None:
    plain = ColorModule(recipe(**SMALL))
    about = {"hyper_parameters": dict(plain.hparams), "global_step": 1}
    torch.save({"state_dict": plain.state_dict(), **about}, tmp_path / "a.ckpt")
    grown = ColorModule(recipe(overview=True, global_features=True, **SMALL))
    grown.net.decoder.attention.pool = 1  # the one thing that changes
    grown.load_weights(tmp_path / "a.ckpt")
    light = torch.rand(1, 1, 64, 64) * 100
    with torch.no_grad():
        assert torch.allclose(plain.eval().predict_ab(light), grown.eval().predict_ab(light), atol=1e-4)


def test_a_part_of_a_grid_is_where_the_part_of_the_picture_is() -> None:
    ramp = torch.linspace(0, 1, 65)[:-1] + 1 / 128  # each cell holds the place of its middle
    grid = torch.stack([ramp.expand(64, 64), ramp[:, None].expand(64, 64)])[None]
    share, x, y = 0.4, 0.3, 0.1
    found = region(grid, torch.tensor([[share, x, y]]))[0, :, 1:-1, 1:-1]
    assert torch.allclose(found[0], (x + share * ramp[1:-1]).expand(62, 62), atol=1e-5)
    assert torch.allclose(found[1], (y + share * ramp[1:-1, None]).expand(62, 62), atol=1e-5)


def test_the_second_view_is_the_named_part_of_the_first(recipe: Make) -> None:
    rows, columns = np.mgrid[:400, :400].astype(np.float32) / 399 * 255
    picture = np.stack([columns, rows, rows], -1).astype(np.uint8)
    settings = recipe(overview=True, zoom=[2.0, 3.0], **SMALL)
    for seed in range(5):
        whole, part, (share, x, y) = random_pair(picture, 96, settings, np.random.default_rng(seed))
        start, end = round(96 * float(x)), round(96 * float(x + share)) - 1
        assert 1 / 3 <= share <= 0.51
        assert abs(int(whole[48, start, 0]) - int(part[48, 0, 0])) < 8
        assert abs(int(whole[48, end, 0]) - int(part[48, 95, 0])) < 8
        assert abs(int(whole[round(96 * float(y)), 48, 1]) - int(part[0, 48, 1])) < 8


def test_a_run_of_pairs_and_its_graphs(recipe: Make, folder: Path, tmp_path: Path) -> None:
    settings = recipe(steps=2, every=2, overview=True, zoom=[1.5, 2.0], hints=1.0, **SMALL)
    last = fit(settings, [folder], tmp_path / "run", cache=tmp_path / "cache", workers=0)
    rows = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert all(np.isfinite(rows[-1][f"train_loss_{view}"]) for view in ("whole", "part"))
    export(last, tmp_path / "model.onnx")
    model = open_model(tmp_path / "model.onnx", threads=1)
    assert model.details
    light = torch.rand(1, 1, 128, 192) * 100
    small = functional.interpolate(light, (64, 96), mode="area")
    nothing = torch.zeros(1, 3, 16, 24), torch.zeros(1, 262)
    with torch.no_grad():
        saved, _ = load_network(last)
        wide = saved.encoder(small)
        near = saved.encoder(light)
        grids = [functional.interpolate(g, f.shape[2:], mode="bilinear") for g, f in zip(wide, near, strict=True)]
        wanted = saved.decoder(*near, *nothing, *grids, wide[2])[0].softmax(0)
    seen = model.encode(light[0, 0].numpy(), model.encode(small[0, 0].numpy()))
    found = torch.from_numpy(model.decode(seen)).softmax(0)
    assert (found - wanted).abs().max() < 1e-3


def test_a_model_of_one_view_refuses_an_overview(recipe: Make, tmp_path: Path) -> None:
    plain = ColorModule(recipe(**SMALL))
    torch.save(
        {"state_dict": plain.state_dict(), "hyper_parameters": dict(plain.hparams), "global_step": 1},
        tmp_path / "a.ckpt",
    )
    export(tmp_path / "a.ckpt", tmp_path / "a.onnx")
    light, model = np.full((64, 64), 50, np.float32), open_model(tmp_path / "a.onnx", threads=1)
    assert not model.details
    with pytest.raises(OptionError, match="one view"):
        model.encode(light, model.encode(light))


def test_grids_are_enlarged_linearly() -> None:
    grids = torch.rand(1, 3, 5, 7)
    wanted = functional.interpolate(grids, (10, 21), mode="bilinear", align_corners=False)
    assert np.allclose(enlarged(grids.numpy(), (1 / 2, 1 / 3), (10, 21)), wanted.numpy(), atol=1e-6)
