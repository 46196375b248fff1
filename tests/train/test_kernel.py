"""Training of the kernel: killed and resumed, exported and used; and the same numbers in torch and in the product."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from photochrom import Colorizer
from photochrom.edits.hints import Hint
from photochrom.errors import CheckpointError, DataError, InvalidModelError, RecipeError
from photochrom.nets.kernel import KernelNet, sampled
from photochrom.runtime import open_model
from photochrom.steering import kriging
from photochrom.steering.distribution import expected
from photochrom.steering.kriging import Kriging
from photochrom.train.checkpoint import read_weights
from photochrom.train.crops import Crop
from photochrom.train.export import export
from photochrom.train.kernel.examples import PARTS, Examples
from photochrom.train.kernel.fit_kernel import fit
from photochrom.train.kernel.kernel_module import KernelModule, recolour
from photochrom.train.kernel.kernel_recipe import KernelRecipe, build_kernel_recipe
from photochrom.train.kernel.labelled import labelled_squares
from photochrom.train.object.label_maps import WHOLE, find_pairs
from photochrom.weights import PACKAGED

TINY = KernelRecipe(pictures=4, size=64, width=8, dims=2, batch=2, steps=6, every=2, warmup=1, ema=0.5, holdout=0.3)


class KilledError(Exception):
    """Stands in for the end of the process."""


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("kernel")
    fit(TINY, [folder], out)
    return out


@pytest.fixture(scope="module")
def model(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped pair with the kernel of that run."""
    out = tmp_path_factory.mktemp("model")
    for part in ("encoder", "decoder"):
        shutil.copy(PACKAGED / f"photochrom.{part}.onnx", out)
    (written,) = export(run / "last.ckpt", out / "photochrom.onnx")
    assert written == out / "photochrom.kernel.onnx"
    return out / "photochrom.onnx"


def test_killed_and_resumed_ends_with_the_same_weights(
    run: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = KernelModule.training_step

    def training_step(self: KernelModule, batch: Any, batch_idx: int) -> Any:
        if self.trainer.global_step == 3:
            raise KilledError
        return learn(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(KernelModule, "training_step", training_step)
        with pytest.raises(KilledError):
            fit(TINY, [folder], tmp_path, cache=run / "cache")
    last = fit(TINY, [folder], tmp_path, cache=run / "cache")
    ours, theirs = read_weights(last)[0], read_weights(run / "last.ckpt")[0]
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert {"train_loss", "val_gain_1", "val_gain_100"} <= lines[0].keys()


def test_it_learns(folder: Path, run: Path, tmp_path: Path) -> None:
    fit(TINY.__class__(**{**vars(TINY), "steps": 60, "every": 30}), [folder], tmp_path, cache=run / "cache")
    before, after = (json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines())
    assert after["val_gain_30"] > before["val_gain_30"] > 0


def test_a_checkpoint_of_another_recipe(run: Path, folder: Path) -> None:
    with pytest.raises(CheckpointError, match="differs in dims"):
        fit(KernelRecipe(**{**vars(TINY), "dims": 3}), [folder], run)


def test_it_starts_from_other_weights(run: Path, folder: Path, tmp_path: Path) -> None:
    export(run / "last.ckpt", tmp_path / "start.safetensors")
    settings = KernelRecipe(**{**vars(TINY), "steps": 1, "rate": 0.0})
    last = fit(settings, [folder], tmp_path / "run", init=tmp_path / "start.safetensors", cache=run / "cache")
    ours, theirs = read_weights(last)[0], read_weights(run / "last.ckpt")[0]
    assert torch.allclose(ours["head.weight"], theirs["head.weight"], atol=1e-3)
    export(run / "last.ckpt", tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="another architecture"):
        fit(
            KernelRecipe(**{**vars(settings), "dims": 3}), [folder], tmp_path / "x", init=tmp_path / "start.safetensors"
        )


def test_one_object_in_another_colour() -> None:
    """The first hint of a changed picture lies on the object; what is not alike keeps its colour."""
    truth = torch.zeros(8, 2, 24, 24)
    truth[:, 0] = torch.arange(24) // 8 * 40.0  # three stripes, far from each other in colour
    part = {"truth": truth.clone(), "lightness": torch.full((8, 1, 96, 96), 50.0), "objects": torch.zeros(8, 1, 24, 24)}
    hints = torch.full((8, 3, 2), 0.5)
    recolour(part, hints, 1.0, torch.Generator().manual_seed(0))
    change = (part["truth"] - truth).norm(dim=1)
    for row in range(8):
        y, x = (hints[row, 0] * 24).long().tolist()
        inside = slice(x // 8 * 8, x // 8 * 8 + 8)
        assert change[row, y, x] > 10
        assert torch.allclose(change[row, :, inside], change[row, y, x], atol=1e-3)
        assert int((change[row] > 0).sum()) == 24 * 8
        assert (hints[row, 1:] == 0.5).all()
    untouched = {**part, "truth": truth.clone()}
    recolour(untouched, hints, 0.0, torch.Generator().manual_seed(0))
    assert torch.equal(untouched["truth"], truth)


def test_a_labelled_object_in_another_colour() -> None:
    """A garment of two colours is one object where a label map says so, and the rest of the same colour is not."""
    truth = torch.zeros(4, 2, 24, 24)
    truth[:, 0] = torch.arange(24) // 8 * 40.0
    objects = torch.zeros(4, 1, 24, 24)
    objects[:, :, :12, 4:12] = 3.0
    part = {"truth": truth.clone(), "lightness": torch.full((4, 1, 96, 96), 50.0), "objects": objects}
    recolour(part, torch.full((4, 1, 2), 0.5), 1.0, torch.Generator().manual_seed(0))
    change = (part["truth"] - truth).norm(dim=1)
    assert torch.equal(change > 10, objects[:, 0] > 0)
    assert torch.equal(change > 0, objects[:, 0] > 0)


@pytest.fixture
def maps(tmp_path: Path, photographs: list[np.ndarray]) -> Path:
    """Three photographs with label maps: one object at the left, one at the right, and a person whose parts are not labelled."""
    out = tmp_path / "maps"
    out.mkdir()
    for number, label in enumerate((1, 2, WHOLE)):
        picture = cv2.resize(photographs[number % len(photographs)], (120, 90))
        labels = np.zeros((90, 120), np.uint8)
        labels[:, 20:100] = label
        cv2.imwrite(str(out / f"{number}.png"), picture[..., ::-1])
        cv2.imwrite(str(out / f"{number}_labels.png"), labels)
    return out


def test_label_maps_become_squares(maps: Path) -> None:
    pairs = find_pairs([maps])
    alone = list(labelled_squares(pairs, replace(TINY, beside=0.0)))
    assert [sorted(np.unique(square.objects)) for square in alone] == [[0, 1], [0, 2], [0]]
    beside = list(labelled_squares(pairs, replace(TINY, beside=1.0)))
    assert {square.rgb.shape for square in [*alone, *beside]} == {(64, 64, 3)}
    left, right = np.hsplit(beside[0].objects, 2)
    assert sorted(np.unique(left)) in ([1], [0, 1])
    assert right.max() == 102, "the other picture's objects have numbers of their own"


def test_a_picture_of_one_row_becomes_a_square(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "thin.png"), np.zeros((1, 200, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "thin_labels.png"), np.ones((1, 200), np.uint8))
    for beside in (0.0, 1.0):
        (square,) = labelled_squares(find_pairs([tmp_path]), replace(TINY, beside=beside))
        assert square.rgb.shape == (64, 64, 3)


def test_it_learns_from_label_maps(folder: Path, maps: Path, tmp_path: Path) -> None:
    settings = replace(TINY, labelled=1.0, steps=2)
    last = fit(settings, [folder], tmp_path / "run", maps=[maps])
    examples = Examples(tmp_path / "run" / "cache" / "kernel", labelled=1.0)
    assert dict(zip(PARTS, examples[Crop(next(iter(examples.row)), 64, 2)], strict=False))["objects"].shape == (
        1,
        16,
        16,
    )
    assert last.is_file()
    (maps / "0_labels.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="no label map"):
        fit(settings, [folder], tmp_path / "other", maps=[maps])


def test_a_model_that_takes_no_hints(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no model with hints"):
        fit(KernelRecipe(**{**vars(TINY), "base": "unet"}), [folder], tmp_path)


def test_the_picture_and_its_mirror_image(run: Path) -> None:
    examples = Examples(run / "cache" / "kernel")
    index = next(iter(examples.row))
    plain, mirrored = examples[Crop(index, 64, 2)], examples[Crop(index, 64, 3)]
    for name, one, other in zip(PARTS, plain, mirrored, strict=False):
        assert torch.equal(one, other.flip(-1)), name
    truth = dict(zip(PARTS, plain, strict=False))["truth"]
    assert truth.shape == (2, 16, 16)
    assert truth.abs().max() > 5


def test_a_damaged_cache_of_examples(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "cache" / "kernel", tmp_path / "kernel")
    with (tmp_path / "kernel" / "examples.bin").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(DataError, match="not a complete cache"):
        Examples(tmp_path / "kernel")


def test_the_product_computes_what_was_trained(
    run: Path, model: Path, photographs: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph, NumPy and bilinear sampling of the one against torch's of the other; a square, as in training."""
    monkeypatch.setattr(kriging, "TONE_HOLDS", {})  # what the product makes of it was chosen later
    state, about = read_weights(run / "last.ckpt")
    net = KernelNet(tuple(about["channels"]), TINY.width, TINY.dims)
    net.load_state_dict(state)
    net.eval()
    opened = Colorizer(model, work_size=96).open(np.ascontiguousarray(photographs[0][:, :120, 1]))
    light = opened.work_lightness
    asked = expected(opened.session.decode(opened.features))
    rng = np.random.default_rng(0)
    # Nothing surprising: there the product trusts less than training does (Kriging.posterior).
    at, difference = rng.random((1, 20, 2)).astype(np.float32), rng.normal(0, 3, (20, 2)).astype(np.float32)
    grid = (torch.arange(24) + 0.5) / 24
    with torch.no_grad():
        shown = torch.from_numpy(light.copy())[None, None]
        cells = net(*map(torch.from_numpy, opened.features.arrays), shown, torch.from_numpy(asked)[None])
        tone = functional.avg_pool2d(shown, 4)
        hints, wanted = (
            net.points(cells, sampled(tone, places)[:, 0], places)
            for places in (torch.from_numpy(at), torch.cartesian_prod(grid, grid)[None])
        )
        doubt = sampled(torch.from_numpy(asked)[None, 2:].norm(dim=1, keepdim=True), torch.from_numpy(at))[:, 0]
        told = torch.from_numpy(difference)[None]
        truth = net.correction(hints, told, doubt, wanted)[0].reshape(24, 24, 2).numpy()
    found = opened.session.kernel(opened.features, light, asked)
    assert found is not None
    said = Kriging(found, light).posterior(at[0] * 96 - 0.5, difference, np.zeros((96, 96, 2), np.float32))
    mean = said.tone + said.surprise * said.share[..., None]  # with nothing decided
    assert np.abs(truth).max() > 3
    # The graph has float16 weights, and a kernel that has hardly learnt is steep.
    assert np.abs(mean - truth).max() < 0.1 * np.abs(truth).max()


def test_hints_spread_by_it(model: Path, photographs: list[np.ndarray]) -> None:
    opened = Colorizer(model).open(np.ascontiguousarray(photographs[2][..., 1]))
    plain, hinted = opened.paint(), opened.paint(hints=[Hint.at(70, 60, (40, -20), radius=2)])
    assert np.abs(hinted.field_ab - plain.field_ab).max() > 5


def test_a_kernel_of_another_model(model: Path, tmp_path: Path) -> None:
    for path in model.parent.iterdir():
        shutil.copy(path, tmp_path)
    decoder = tmp_path / "photochrom.decoder.onnx"
    decoder.write_bytes(decoder.read_bytes() + b"\x82\x01\x00")  # an unknown, empty field: the same graph
    opened = Colorizer(tmp_path / "photochrom.onnx").open(np.full((40, 40), 100, np.uint8))
    opened.paint()  # nothing is asked of the kernel
    with pytest.raises(InvalidModelError, match="trained for other weights"):
        opened.paint(hints=[Hint.at(5, 5, "red")])


def test_a_graph_that_is_no_kernel(model: Path, tmp_path: Path) -> None:
    for path in model.parent.iterdir():
        shutil.copy(path, tmp_path)
    shutil.copy(tmp_path / "photochrom.encoder.onnx", tmp_path / "photochrom.kernel.onnx")
    session = open_model(tmp_path / "photochrom.onnx")
    features = session.encode(np.full((32, 32), 50, np.float32))
    with pytest.raises(InvalidModelError, match="expected"):
        session.kernel(features, np.full((32, 32), 50, np.float32), np.zeros((4, 4, 4), np.float32))


@pytest.mark.parametrize(
    ("values", "key"), [({"size": 100}, "size"), ({"most_hints": 0}, "most_hints"), ({"stride": 4}, "stride")]
)
def test_impossible_recipes(values: dict[str, Any], key: str) -> None:
    with pytest.raises(RecipeError, match=key):
        build_kernel_recipe({"model": "kernel", **values}, Path("kernel.toml"))
