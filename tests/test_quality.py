"""The shipped model on photographs that it has never seen: needs ../shared/data beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from photochrom import Colorizer
from photochrom.color import lightness
from photochrom.evaluate import baselines
from photochrom.evaluate.pictures import open_truth
from photochrom.evaluate.scores import Scores

DATA = Path(__file__).parents[2] / "shared" / "data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.train,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here"),
]


@pytest.fixture(scope="module")
def means() -> dict[str, dict[str, float]]:
    pytest.importorskip("pyarrow")
    training = open_truth([DATA / "train"], "centre-64", 400)
    fitted = baselines.fit_baselines(picture.rgb for picture in training)
    colorizer = Colorizer()
    scores: dict[str, Scores] = {}
    for picture in open_truth([DATA / "eval" / "cid22-256.parquet"], "centre-256", 100):
        light = lightness(picture.rgb)
        results = {
            "grey": baselines.colour(light, baselines.grey_ab(light)),
            "mean ab": baselines.colour(light, fitted.mean_ab(light)),
            "mean ab given L": baselines.colour(light, fitted.mean_ab_given_lightness(light)),
        }
        results["ours"] = np.asarray(colorizer.open(results["grey"][..., 0].copy()).paint().rgb, np.uint8)
        for name, result in results.items():
            scores.setdefault(name, Scores()).update(picture.rgb, result)
    return {name: score.compute() for name, score in scores.items()}


@pytest.mark.parametrize("metric", ["psnr", "auc", "auc_rebalanced"])
@pytest.mark.parametrize("baseline", ["grey", "mean ab", "mean ab given L"])
def test_the_model_beats_every_baseline(means: dict[str, dict[str, float]], metric: str, baseline: str) -> None:
    assert means["ours"][metric] > means[baseline][metric]


@pytest.mark.parametrize("baseline", ["grey", "mean ab", "mean ab given L"])
def test_its_colours_look_nearer_to_the_truth(means: dict[str, dict[str, float]], baseline: str) -> None:
    assert means["ours"]["ciede2000"] < means[baseline]["ciede2000"]


def test_its_pictures_are_colourful(means: dict[str, dict[str, float]]) -> None:
    assert means["ours"]["colourfulness"] > 15


@pytest.mark.parametrize("path", sorted((DATA / "historical").glob("*")), ids=lambda path: path.name)
def test_old_photographs_are_not_taken_for_colour_photographs(path: Path) -> None:
    opened = Colorizer().open(path)
    assert not opened.tint.already_colour
    assert opened.paint().rgb.shape == (opened.source.info.height, opened.source.info.width, 3)
