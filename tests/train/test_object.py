"""Training of the object head on made pictures: killed and resumed, exported beside its encoder, and used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from photochrom import Colorizer, Scribble
from photochrom.errors import CheckpointError, DataError, InvalidModelError, RecipeError
from photochrom.nets.object_head import ObjectHead
from photochrom.steering.prompts import prompt_planes
from photochrom.train.checkpoint import read_weights
from photochrom.train.export import export
from photochrom.train.object.fit_object import fit
from photochrom.train.object.label_maps import IGNORED, WHOLE, find_pairs, numbered_objects
from photochrom.train.object.object_module import ObjectModule
from photochrom.train.object.object_recipe import ObjectRecipe, build_object_recipe
from photochrom.train.object.object_tasks import Task, corrected, draw_task, first_prompt
from photochrom.weights import PACKAGED

TINY = ObjectRecipe(size=64, width=8, pictures=2, prompts=2, steps=6, every=2, warmup=1, ema=0.5, holdout=0.3)


class KilledError(Exception):
    """Stands in for the end of the process."""


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Light discs and bars on a dark ground, upright and across."""
    out, rng = tmp_path_factory.mktemp("maps"), np.random.default_rng(0)
    for number in range(6):
        shape = (96, 144) if number % 2 else (144, 96)
        picture = rng.integers(40, 60, (*shape, 3)).astype(np.uint8)
        labels = np.zeros(shape, np.uint8)
        for label, color, draw in ((7, 200, _disc), (9, 130, _bar)):
            draw(picture, (color,) * 3)
            draw(labels, label)
        cv2.imwrite(str(out / f"{number}.png"), picture)
        cv2.imwrite(str(out / f"{number}_labels.png"), labels)
    return out


def _disc(image: Any, color: Any) -> None:
    cv2.circle(image, (45, 45), 24, color, -1)


def _bar(image: Any, color: Any) -> None:
    cv2.rectangle(image, (10, 76), (70, 90), color, -1)


@pytest.fixture(scope="module")
def run(maps: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("object")
    fit(TINY, [maps], out)
    return out


@pytest.fixture(scope="module")
def model(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped pair with the object head of that run."""
    out = tmp_path_factory.mktemp("model")
    for part in ("encoder", "decoder"):
        shutil.copy(PACKAGED / f"photochrom.{part}.onnx", out)
    (written,) = export(run / "last.ckpt", out / "photochrom.onnx")
    assert written == out / "photochrom.object.onnx"
    return out / "photochrom.onnx"


def test_killed_and_resumed_ends_with_the_same_weights(
    run: Path, maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = ObjectModule.training_step

    def training_step(self: ObjectModule, batch: Any, batch_idx: int) -> Any:
        if self.trainer.global_step == 3:
            raise KilledError
        return learn(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(ObjectModule, "training_step", training_step)
        with pytest.raises(KilledError):
            fit(TINY, [maps], tmp_path, cache=run / "cache")
    last = fit(TINY, [maps], tmp_path, cache=run / "cache")
    ours, theirs = read_weights(last)[0], read_weights(run / "last.ckpt")[0]
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert {"train_loss", "val_box", "val_click_1", "val_click_3"} <= lines[0].keys()


def test_it_learns(maps: Path, run: Path, tmp_path: Path) -> None:
    recipe = ObjectRecipe(**{**vars(TINY), "steps": 120, "every": 60, "width": 16, "rate": 5e-3})
    fit(recipe, [maps], tmp_path, cache=run / "cache")
    before, after = (
        json.loads((folder / "log.jsonl").read_text().splitlines()[row]) for folder, row in ((run, 0), (tmp_path, -1))
    )
    assert after["val_click_1"] > 1.5 * before["val_click_1"]


def test_a_checkpoint_of_another_recipe(run: Path, maps: Path) -> None:
    with pytest.raises(CheckpointError, match="differs in width"):
        fit(ObjectRecipe(**{**vars(TINY), "width": 9}), [maps], run)


def test_it_starts_from_other_weights(run: Path, maps: Path, tmp_path: Path) -> None:
    export(run / "last.ckpt", tmp_path / "start.safetensors")
    recipe = ObjectRecipe(**{**vars(TINY), "steps": 1, "rate": 0.0})
    last = fit(recipe, [maps], tmp_path / "run", init=tmp_path / "start.safetensors", cache=run / "cache")
    ours, theirs = read_weights(last)[0], read_weights(run / "last.ckpt")[0]
    assert torch.allclose(ours["out.weight"], theirs["out.weight"], atol=1e-3)


def test_the_product_computes_what_was_trained(run: Path, model: Path) -> None:
    state, about = read_weights(run / "last.ckpt")
    net = ObjectHead(tuple(about["channels"]), TINY.width)
    net.load_state_dict(state)
    net.eval()
    opened = Colorizer(model, work_size=96).open(np.random.default_rng(0).integers(0, 256, (96, 120), np.uint8))
    light = opened.work_lightness
    add = np.zeros((24, 30), bool)
    add[5:8, 20:24] = True
    prompt = prompt_planes(add, np.zeros_like(add), (0.1, 0.1, 0.9, 0.8), add.astype(np.float32))
    found = opened.session.object_mask(opened.features, light, prompt)
    assert found is not None
    # torch sees what the encoder saw: the picture filled up to whole cells of 32 pixels
    filled = np.pad(light, ((0, 0), (0, 8)), "reflect")[None, None]
    padded = np.pad(prompt, ((0, 0), (0, 0), (0, 2)))[None]
    with torch.no_grad():
        truth = net(*(torch.from_numpy(part) for part in (*opened.features.arrays, filled, padded)))[0, 0, :24, :30]
    np.testing.assert_allclose(found, truth.numpy(), atol=0.02 * float(truth.abs().max()))
    assert opened.grow(scribbles=[Scribble(((60, 50),))]).shape == (96, 120)


def test_an_encoder_that_is_another(run: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="must lie here"):
        export(run / "last.ckpt", tmp_path / "photochrom.onnx")
    for path in model.parent.iterdir():
        shutil.copy(path, tmp_path)
    encoder = tmp_path / "photochrom.encoder.onnx"
    encoder.write_bytes(encoder.read_bytes() + b"\x82\x01\x00")  # an unknown, empty field: the same graph
    opened = Colorizer(tmp_path / "photochrom.onnx").open(np.full((40, 40), 100, np.uint8))
    with pytest.raises(InvalidModelError, match="trained for another encoder"):
        opened.grow((5, 5, 30, 30))
    export(run / "last.ckpt", tmp_path / "photochrom.onnx")  # it is the same in all but its bytes
    session = Colorizer(tmp_path / "photochrom.onnx").session
    features = session.encode(np.full((32, 32), 50, np.float32))
    nothing = prompt_planes(np.zeros((8, 8), bool), np.zeros((8, 8), bool))
    assert session.object_mask(features, np.full((32, 32), 50, np.float32), nothing) is not None


def test_objects_of_a_label_map(maps: Path, tmp_path: Path) -> None:
    labels = np.zeros((100, 200), np.uint8)
    labels[10:30, 10:40] = labels[10:30, 41:60] = 5  # a strap between two parts
    labels[60:80, 150:190] = 5  # another one of the same kind
    labels[90:] = IGNORED
    labels[:5] = WHOLE
    objects = numbered_objects(labels)
    assert objects[20, 20] == objects[20, 50] != objects[70, 170] > 0
    assert set(np.unique(objects)) == {0, 1, 2, WHOLE, IGNORED}
    assert len(find_pairs([maps])) == 6
    with pytest.raises(DataError, match="_labels"):
        find_pairs([tmp_path])


def test_simulated_users() -> None:
    rng = np.random.default_rng(0)
    target = np.zeros((64, 96), bool)
    target[10:40, 20:60] = True
    for _ in range(20):
        click, box = (first_prompt(target, rng, boxed=boxed) for boxed in (False, True))
        assert (click.add & target).any()
        assert box.box is not None
        assert box.box[0] < 0.35 < 0.5 < box.box[2]
    task = Task(target, np.ones_like(target))
    found = target.copy()
    found[10:40, 20:30], found[50:60, 70:90] = False, True
    assert corrected(task, click._replace(add=~target), found, rng).add[10:40, 20:30].any()
    found[10:40, 20:30] = True
    assert corrected(task, click, found, rng).erase[50:60, 70:90].any()
    assert corrected(task, click, target, rng) is click
    whole = np.full((64, 96), WHOLE, np.uint8)
    whole[:20] = 0
    for _ in range(20):  # a click on a person teaches only what is around
        drawn = draw_task(whole, rng)
        assert drawn is not None
        assert drawn[1].box is not None or not drawn[0].known[20:].any()
    assert draw_task(np.zeros((64, 96), np.uint8), rng) is None


@pytest.mark.parametrize(
    ("values", "key"), [({"size": 100}, "size"), ({"prompts": 0}, "prompts"), ({"dims": 4}, "dims")]
)
def test_impossible_recipes(values: dict[str, Any], key: str) -> None:
    with pytest.raises(RecipeError, match=key):
        build_object_recipe({"model": "object", **values}, Path("object.toml"))
