"""The shipped model on photographs that it has never seen: a dozen that ship with the tests, and more in ../shared/data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.color import lightness, rgb_to_lab
from photochrom.evaluate import baselines
from photochrom.evaluate.pictures import TruthPicture, open_truth
from photochrom.evaluate.scores import Scores

pytestmark = pytest.mark.pixels

PICTURES = Path(__file__).with_name("pictures")  # their terms are in TERMS.md
DATA = Path(__file__).parents[2] / "shared" / "data"
BASELINES = ("grey", "mean ab", "mean ab given L")
HIGHER_IS_BETTER = ("psnr", "auc", "auc_rebalanced")

Means = dict[str, dict[str, float]]
Grey = NDArray[np.uint8]
Rgb = NDArray[np.uint8]

shared = [
    pytest.mark.shared,
    pytest.mark.train,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here"),
]


def measure(pictures: Iterable[TruthPicture], fitted: baselines.Baselines, ours: Callable[[Grey], Rgb]) -> Means:
    """The mean figures of the baselines and of ``ours``, a function of the grey picture."""
    scores: dict[str, Scores] = {}
    for picture in pictures:
        light = lightness(picture.rgb)
        results = {
            "grey": baselines.colour(light, baselines.grey_ab(light)),
            "mean ab": baselines.colour(light, fitted.mean_ab(light)),
            "mean ab given L": baselines.colour(light, fitted.mean_ab_given_lightness(light)),
        }
        results["ours"] = ours(results["grey"][..., 0].copy())
        for name, result in results.items():
            scores.setdefault(name, Scores()).update(picture.rgb, result)
    return {name: score.compute() for name, score in scores.items()}


def lost(means: Means) -> list[tuple[str, str]]:
    """Where a baseline is as good as ours or better: metric and baseline."""
    ours = means["ours"]
    return [
        (metric, name)
        for name in BASELINES
        for metric in (*HIGHER_IS_BETTER, "ciede2000")
        if not (ours[metric] - means[name][metric]) * (-1 if metric == "ciede2000" else 1) > 0
    ]


def shipped_pictures() -> Iterable[TruthPicture]:
    return open_truth([PICTURES], "centre-256")


@pytest.fixture(scope="module")
def colorize() -> Callable[[Grey], Rgb]:
    colorizer = Colorizer()
    return lambda grey: np.asarray(colorizer.open(grey).paint().rgb, np.uint8)


@pytest.fixture(scope="module")
def means(colorize: Callable[[Grey], Rgb]) -> Means:
    return measure(shipped_pictures(), baselines.read_baselines(), colorize)


class TestThePicturesThatShip:
    def test_each_has_its_terms(self) -> None:
        files = {file.name for file in PICTURES.glob("*.jpg")}
        terms = (PICTURES / "TERMS.md").read_text(encoding="utf-8")
        assert len(files) == 12
        assert all(f"| `{name}` |" in terms for name in files)

    def test_the_model_beats_every_baseline(self, means: Means) -> None:
        assert not lost(means)
        # 3.3 dB more than the best of them when this was written
        assert means["ours"]["psnr"] > max(means[name]["psnr"] for name in BASELINES) + 2

    def test_its_pictures_are_colourful(self, means: Means) -> None:
        assert means["ours"]["colourfulness"] > 15

    def test_wrong_colours_lose(self, colorize: Callable[[Grey], Rgb]) -> None:
        """The sentence can fail: the model's colours turned round to their opposites beat no baseline."""

        def opposite(grey: Grey) -> Rgb:
            return baselines.colour(lightness(grey), -rgb_to_lab(colorize(grey))[..., 1:])

        means = measure(shipped_pictures(), baselines.read_baselines(), opposite)
        assert {("psnr", name) for name in BASELINES} <= set(lost(means))


@pytest.fixture(scope="module")
def more_means(colorize: Callable[[Grey], Rgb]) -> Means:
    pytest.importorskip("pyarrow")
    fitted = baselines.fit_baselines(picture.rgb for picture in open_truth([DATA / "train"], "centre-64", 400))
    return measure(open_truth([DATA / "eval" / "cid22-256.parquet"], "centre-256", 100), fitted, colorize)


class TestTheProjectsPictures:
    pytestmark = shared

    def test_the_model_beats_every_baseline(self, more_means: Means) -> None:
        assert not lost(more_means)

    def test_its_pictures_are_colourful(self, more_means: Means) -> None:
        assert more_means["ours"]["colourfulness"] > 15

    @pytest.mark.parametrize("path", sorted((DATA / "historical").glob("*")), ids=lambda path: path.name)
    def test_old_photographs_are_not_taken_for_colour_photographs(self, path: Path) -> None:
        opened = Colorizer().open(path)
        assert not opened.tint.already_colour
        assert opened.paint().rgb.shape == (opened.source.info.height, opened.source.info.width, 3)
