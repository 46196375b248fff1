"""The statistics of an evaluation against plain ones, and what its parts promise."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from photochrom.errors import EvaluationError, OptionError
from photochrom.evaluate import bootstrap, metrics, pictures
from photochrom.evaluate.baselines import read_baselines
from photochrom.evaluate.bootstrap import Resamples, holm, interval, p_value
from photochrom.evaluate.figures import METRICS
from photochrom.evaluate.judges import JudgeFiles
from photochrom.evaluate.methods import Folder, Model, parse_methods
from photochrom.evaluate.metrics import AUC_AREA
from photochrom.evaluate.pictures import open_truth
from photochrom.evaluate.processes import Workers
from photochrom.evaluate.protocols import PROTOCOLS
from photochrom.evaluate.shards import Row, Span
from photochrom.evaluate.summary import Summary
from photochrom.evaluate.work import Measured, Settings, Task

pytestmark = pytest.mark.pixels

RNG = np.random.default_rng(0)


def resampled(values: np.ndarray, seed: int = 0, count: int = 1000) -> Resamples:
    """Of pictures with the figures (n, M, K)."""
    kept = Resamples(values.shape[1], values.shape[2], 2, count, (seed,))
    for index, one in enumerate(values):
        kept.add(index, one, np.ones((values.shape[1], 2)), np.ones(2))
    return kept


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(bootstrap).failed == doctest.testmod(pictures).failed == 0


def test_the_interval_is_that_of_drawing_pictures_with_replacement() -> None:
    values = RNG.gamma(2, 3, (200, 1, 1))
    kept = resampled(values, count=4000)
    low, high = interval(kept.means())
    assert kept.means()[0, 0, 0] == pytest.approx(values.mean())
    drawn = values[RNG.integers(0, 200, (4000, 200)), 0, 0].mean(axis=1)
    np.testing.assert_allclose((low[0, 0], high[0, 0]), np.percentile(drawn, (2.5, 97.5)), rtol=0.02)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says() -> None:
    held = 0
    for seed in range(200):
        low, high = interval(resampled(np.random.default_rng(seed).normal(5, 2, (60, 1, 1)), seed, 400).means())
        held += low[0, 0] <= 5 <= high[0, 0]
    assert 0.90 <= held / 200 <= 0.99


def test_pictures_without_a_figure_do_not_count() -> None:
    values = np.array([1.0, np.nan, 3.0]).reshape(3, 1, 1)
    kept = resampled(values)
    assert kept.means()[0, 0, 0] == 2
    assert kept.numbers()[0, 0] == 2


def test_the_rebalanced_auc_is_that_of_all_pixels_together() -> None:
    kept = Resamples(1, 1, 261, 100, (0,))
    total = np.zeros((261, 152), np.int64)
    for index in range(5):
        true, told = RNG.normal(0, 30, (2, 20, 20, 2))
        counts = metrics.distance_counts(true, told)
        kept.add(index, np.zeros((1, 1)), (counts @ AUC_AREA)[None], counts.sum(axis=1))
        total += counts
    assert kept.rebalanced()[0, 0] == pytest.approx(metrics.auc_rebalanced(total))
    low, high = interval(kept.rebalanced())
    assert low[0] < kept.rebalanced()[0, 0] < high[0]


def test_p_values_are_small_where_there_is_a_difference_and_uniform_where_there_is_none() -> None:
    found = []
    for seed in range(200):
        values = np.random.default_rng(seed).normal(0, 1, (80, 2, 1))
        means = resampled(values, seed, 300).means()
        found.append(p_value(means[:, 0, 0] - means[:, 1, 0]))
    assert 0.02 <= np.mean(np.array(found) < 0.05) <= 0.10
    shifted = resampled(RNG.normal([[1.0], [0.0]], 1, (80, 2, 1))).means()
    assert p_value(shifted[:, 0, 0] - shifted[:, 1, 0]) < 1e-4


def test_holm_never_makes_a_p_value_smaller_and_passes_over_nan() -> None:
    adjusted = holm([0.2, float("nan"), 0.001])
    assert adjusted[0] == 0.2
    assert np.isnan(adjusted[1])
    assert adjusted[2] == 0.002


class TestProtocols:
    WIDE = np.zeros((40, 120, 3), np.uint8)
    WIDE[:, 40:80] = 200

    def test_crops_and_sizes(self) -> None:
        for name in ("centre-256", "val5k"):
            assert (PROTOCOLS[name].cut(self.WIDE) == 200).all()
        for name in ("ctest10k", "coco"):
            whole = PROTOCOLS[name].cut(self.WIDE)
            assert whole.shape == (256, 256, 3)
            assert (whole[:, 128] == 200).all()
            assert (whole[:, :64] == 0).all()
        assert PROTOCOLS["native"].cut(self.WIDE) is self.WIDE

    def test_val5k_takes_the_first_by_name(self, truth: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert PROTOCOLS["val5k"].first == 5000
        object.__setattr__(PROTOCOLS["val5k"], "first", 3)
        try:
            listed = truth / "list.txt"
            listed.write_text("things/1.png\npeople/2.png\nthings/0.png\npeople/0.png\n")
            assert open_truth([listed], "val5k").names == ("people/0.png", "people/2.png", "things/0.png")
        finally:
            object.__setattr__(PROTOCOLS["val5k"], "first", 5000)

    def test_a_list_may_name_classes_behind_the_paths(self, truth: Path) -> None:
        (truth / "list.txt").write_text("people/1.png 65\n\nthings/3.png 970\n")
        found = open_truth([truth / "list.txt"], "native")
        assert found.names == ("people/1.png", "things/3.png")
        assert found[1].source == "list"


def test_pictures_of_shards_are_kept_in_a_file_that_goes_with_them(truth: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    rows = [{"bytes": file.read_bytes(), "path": None} for file in sorted(truth.rglob("*.png"))]
    parquet.write_table(arrow.table({"image": rows}), tmp_path / "made.parquet")
    found = open_truth([tmp_path / "made.parquet"], "native")
    assert found.names[:2] == ("000000", "000001")
    assert found[0].source == "made"
    place = found.rows[3].place
    assert isinstance(place, Span)
    np.testing.assert_array_equal(found[3].rgb, open_truth([truth], "native")[3].rgb)
    spool = place.file
    assert spool.exists()
    part = found[2:4]
    del found
    assert part[0].rgb.shape == (64, 80, 3)  # a part of the set keeps it
    del part
    assert not spool.exists()


def test_methods_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a=b").mkdir()
    monkeypatch.chdir(tmp_path)
    found = parse_methods(["photochrom", "photochrom:vividness=1,work-size=384", "best=photochrom:quality=best", "a=b"])
    assert [method.name for method in found] == ["photochrom", "photochrom vividness=1,work-size=384", "best", "a=b"]
    second, third = found[1:3]
    assert isinstance(second, Model)
    assert (second.vividness, second.work_size, second.quality) == (1.0, 384, "normal")
    assert isinstance(third, Model)
    assert third.quality == "best"
    assert isinstance(found[3], Folder)
    with pytest.raises(OptionError, match="work-size"):
        parse_methods(["photochrom:work-size=big"])


def test_the_shipped_mean_colours_are_there() -> None:
    means = read_baselines()
    assert means.pictures > 60_000
    assert means.by_lightness.shape == (101, 2)
    assert 0 < means.mean[1] < 15  # photographs are yellowish on the whole


def test_a_process_that_dies_is_told(truth: Path) -> None:
    settings = Settings(PROTOCOLS["native"], (), (), read_baselines(), 0.0, JudgeFiles(lite2=truth / "absent.whl"))
    task = Task(0, Row("a", "a", truth / "people" / "0.png"), (), {})
    with Workers(settings, 2) as workers, pytest.raises(EvaluationError, match="--jobs"):
        list(workers.measure([task]))


def test_folders_are_measured_without_torch_and_onnxruntime(truth: Path, theirs: Path) -> None:
    code = f"""
import sys
from photochrom.cli.main import main
try:
    main(["evaluate", {str(truth)!r}, "--method", {str(theirs)!r}, "--limit", "2", "-j", "1", "--json"])
except SystemExit as end:
    assert not end.code
assert not {{"torch", "onnxruntime", "fastapi"}} & set(sys.modules), "loaded"
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True)


@pytest.mark.train
def test_absent_weights_are_named_with_their_option(truth: Path, tmp_path: Path) -> None:
    pytest.importorskip("torchmetrics")
    from photochrom.errors import WeightsNotFoundError
    from photochrom.evaluate.judges import Judges

    with pytest.raises(WeightsNotFoundError, match="alexnet"):
        Judges(JudgeFiles(lpips=tmp_path / "absent.pth"))


def test_the_judges_figures_of_a_set() -> None:
    names = ["truth", "grey", "half"]
    figures = METRICS + JudgeFiles(lite2=Path("wheel")).figures
    summary = Summary(names, figures, 100, (0,))
    semantic = [figure.key for figure in figures].index("semantic")
    for index in range(8):
        values = np.zeros((3, len(figures)))
        values[:, semantic] = (
            100.0,
            0.0,
            100.0 * (index % 2),
        )  # the truth is always known, grey never, half of the others
        if index == 7:
            values[:, semantic] = np.nan  # a picture without a known class
        seen = RNG.normal(0, 1, (1, 4)).astype(np.float32) + np.array([[0.0], [3.0], [0.0]], np.float32)
        shares = np.ones((3, 261), np.int64)
        row = Row(str(index), "made", Path("absent"))
        summary.add(Measured(index, row, values, shares, shares, {"frechet_lite2": seen}, {}))
    told = summary.report()["figures"]
    assert told["half"]["semantic"]["n"] == 7
    assert told["half"]["semantic_recovered"]["value"] == pytest.approx(100 * 3 / 7, abs=0.01)
    assert told["grey"]["semantic_recovered"]["value"] == 0
    assert told["grey"]["frechet_lite2"]["value"] == pytest.approx(4 * 9, rel=1e-3)  # four numbers, each 3 off
    assert told["half"]["frechet_lite2"]["value"] == pytest.approx(0, abs=1e-4)
    assert told["grey"]["frechet_lite2"]["low"] is None  # of 8 pictures
