"""`photochrom papers`: trains, measures, reports; goes on where it was; and the parts that the report is made of."""

from __future__ import annotations

import doctest
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

from photochrom.color import lab_to_rgb
from photochrom.errors import DataError
from photochrom.papers import charts, statistics
from photochrom.papers.claims import CLAIMS, judge, seed_noise
from photochrom.papers.compare import Settings, _recipe
from photochrom.papers.foregrounds import REFERENCED, TABLE_1
from photochrom.papers.measure import SAMPLES
from photochrom.papers.page import Page
from photochrom.papers.report import write_report
from photochrom.papers.reruns import reruns
from photochrom.papers.results import Result, read_results
from photochrom.papers.rows import ROWS
from photochrom.papers.stretch import MOST, fitted_stretch

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import skimage.data

    folder = tmp_path_factory.mktemp("pictures")
    data: Any = skimage.data
    for number, (picture, y, x) in enumerate(
        [(data.chelsea(), 0, 0), (data.chelsea(), 90, 120), (data.coffee(), 100, 200), (data.astronaut(), 0, 180)] * 2
    ):
        part = picture[y + number : y + number + 100, x : x + 120]
        cv2.imwrite(str(folder / f"{number}.png"), np.ascontiguousarray(part[..., ::-1]))
    return folder


def test_the_command_trains_measures_and_goes_on(
    photochrom: Any, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [
        *("papers", "--data", pictures, "--truth", pictures, "--out", tmp_path / "out", "--work", tmp_path / "work"),
        *("--cpu-seconds", "1", "--size", "32", "--batch", "2", "--pictures", "4", "--rows", "cnn-baseline"),
    ]
    run = photochrom(*arguments)
    assert run.code == 0, run.err
    page = (tmp_path / "out/README.md").read_text()
    assert "`cnn-baseline`" in page
    assert "Not measured" in page
    assert str(tmp_path) not in page
    for name in re.findall(r"!\[.*?\]\((.*?)\)", page):
        assert (tmp_path / "out" / name).exists()
    result = json.loads((tmp_path / "work/cnn-baseline-1/result.json").read_text())
    assert result["parameters"] == 231_682
    assert len(result["pictures"]["psnr"]) == 4
    assert result["steps"] > 1
    assert 0.5 < result["cpu_seconds"] < 2

    def trained(*given: Any, **named: Any) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("photochrom.papers.compare.fit", trained)
    assert photochrom(*arguments).code == 0
    other = [*arguments[:10], "2", *arguments[11:]]
    assert photochrom(*other).code == 2


def test_a_stretched_row_has_the_network_of_another(
    photochrom: Any, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = next(row for row in ROWS if row.name == "cnn-baseline")
    row = replace(plain, name="cnn-baseline-vivid", of="cnn-baseline", seeds=1, repair="dull")
    monkeypatch.setattr("photochrom.papers.rows.ROWS", (plain, row))
    monkeypatch.setattr("photochrom.papers.results.ROWS", (plain, row))
    run = photochrom(
        *("papers", "--data", pictures, "--truth", pictures, "--out", tmp_path / "out", "--work", tmp_path / "work"),
        *("--cpu-seconds", "1", "--size", "32", "--batch", "2", "--pictures", "4", "--rows", "cnn-baseline-vivid"),
    )
    assert run.code == 0, run.err
    before, after = (
        json.loads((tmp_path / f"work/{name}-0/result.json").read_text())
        for name in ("cnn-baseline", "cnn-baseline-vivid")
    )
    assert after["steps"] == before["steps"]
    assert 1 <= after["stretch"]["factor"] <= MOST
    assert after["means"]["colourfulness"] > before["means"]["colourfulness"]
    assert "the network of `cnn-baseline`" in (tmp_path / "out/README.md").read_text()


def test_a_stretch_makes_answers_vary_as_truths_do() -> None:
    class Half:
        """Answers with half of each difference from (4, 2)."""

        output = "ab"

        def encode(self, light: Any) -> Any:
            return light

        def decode(self, light: Any) -> Any:
            return np.stack([4 + (light - 50) / 8, 2 + (50 - light) / 8])

    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(4):
        lab = np.full((32, 32, 3), 50.0)
        lab[..., 0] = rng.uniform(20, 80, (32, 32))
        lab[..., 1] = 4 + (lab[..., 0] - 50) / 4
        lab[..., 2] = 2 + (50 - lab[..., 0]) / 4
        pictures.append(np.rint(lab_to_rgb(lab) * 255).astype(np.uint8))
    found = fitted_stretch(Half(), pictures)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.centre, (4, 2), atol=0.1)
    assert found.factor == pytest.approx(2, abs=0.1)
    assert fitted_stretch(Half(), [np.full((8, 8, 3), 90, np.uint8)]).factor == 1  # never less


def test_a_row_with_a_pretrained_start_asks_for_its_file(photochrom: Any, pictures: Path, tmp_path: Path) -> None:
    run = photochrom(
        *("papers", "--data", pictures, "--truth", pictures, "--out", tmp_path / "out", "--work", tmp_path / "work"),
        *("--size", "32", "--rows", "vgg16"),
    )
    assert run.code == 2
    assert "--vgg" in run.err


def test_too_few_pictures_and_too_short_a_budget_are_named(
    photochrom: Any, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [
        *("papers", "--data", pictures, "--truth", pictures, "--out", tmp_path / "out", "--work", tmp_path / "work"),
        *("--size", "32", "--pictures", "4", "--rows", "unet"),
    ]
    run = photochrom(*arguments, "--batch", "64")
    assert run.code == 1
    assert "fewer than a batch of 64; give a smaller --batch" in run.err
    monkeypatch.setattr("photochrom.papers.compare.spent", lambda checkpoint: (1, 9.0))
    run = photochrom(*arguments, "--batch", "2", "--cpu-seconds", "1")
    assert run.code == 2
    assert "one step of the row unet" in run.err
    monkeypatch.undo()
    assert photochrom(*arguments, "--batch", "2", "--cpu-seconds", "2", "--seeds", "1").code == 0
    assert not (tmp_path / "work/unet-1").exists()


def test_every_row_has_a_recipe_of_the_same_budget_size_and_seed(tmp_path: Path) -> None:
    starts = {"vgg": tmp_path / "vgg.whl", "lite0": tmp_path / "lite0.whl"}
    for path in starts.values():
        path.touch()
    settings = Settings([tmp_path], tmp_path, 12.0, 64, 8, starts)
    trained = [row for row in ROWS if not row.of]
    for row in trained:
        recipe, pretrained = _recipe(row, 1, settings)
        assert (recipe.cpu_seconds, recipe.batch, recipe.seed) == (12.0, 8, 1)
        assert getattr(recipe, "size", None) == 64 or getattr(recipe, "sizes", None) == [64]
        assert (pretrained is not None) == bool(row.start)
        assert recipe.last_step > 10**9  # nothing but the seconds ends it
    # the same pictures, in the same order
    stored = [
        recipe if row.ours else recipe.for_store() for row in trained for recipe, _ in [_recipe(row, 0, settings)]
    ]
    order = [(one.seed, one.batch, one.holdout, one.holdout_sources, one.smallest_chroma) for one in stored]
    assert all(one == order[0] for one in order)
    assert all(one.source_weights == {} for one in stored)


def test_there_is_no_report_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no finished row"):
        write_report(tmp_path, tmp_path / "out")


def made_up(name: str, rng: np.random.Generator, better: float = 0.0) -> Result:
    """A result with figures of 12 pictures."""
    row = next((row for row in ROWS if row.name == name), None)
    keys = ("psnr", "ssim", "mse", "accuracy", "auc", "ciede2000", "colourfulness", "colourfulness_truth")
    values = {key: (rng.uniform(0.4, 0.6, 12) + better).tolist() for key in keys}
    line = {"train_loss": 0.1, "val_loss": 0.2, "train_accuracy": 0.5, "val_accuracy": 0.5}
    line |= {"train_profile": 0.6, "val_profile": 0.5}
    one = {
        "name": name,
        "seed": 0,
        "budget": 1.0,
        "recipe": {"size": 32, "batch": 2},
        "steps": 4,
        "start": "random",
        "parameters": 1000,
        "bytes": 2000,
        "cpu_seconds": 1.0,
        "training_pictures_per_s": 2.0,
        "seconds_256": 0.1,
        "curve": [{"step": 2, **line}, {"step": 4, **line}],
        "means": {key: float(np.mean(found)) for key, found in values.items()} | {"auc_rebalanced": 0.5},
        "pictures": values,
    }
    return Result(name, row, (one,), Path("none"))


def made_up_table() -> dict[str, list[dict[str, float]]]:
    """Srivastava's table 1, in which references raise every figure from 1 to 2."""
    keys = ("image matching error", "mean square error", "PSNR", "SSIM", "entropy before", "entropy after")
    ways = {"grey": 0.5, "alone": 1.0, "the same person": 2.0, "another person": 0.9}
    return {way: [dict.fromkeys(keys, value)] * 10 for way, value in ways.items()}


def test_the_whole_report_from_results(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    column = np.zeros((256 * 5, 256, 3), np.uint8)
    for name in ["grey", "photochrom as shipped", *(row.name for row in ROWS)]:
        result = made_up(name, rng)
        folder = tmp_path / "work" / (f"{name}-0" if result.row else f"reference-{name.replace(' ', '-')}")
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps(result.first))
        cv2.imwrite(str(folder / SAMPLES), column)
    assert "give `--regions`" in write_report(tmp_path / "work", tmp_path / "out")[0].read_text()
    (tmp_path / "work/caffenet-region-0" / TABLE_1).write_text(json.dumps(made_up_table()))
    cv2.imwrite(str(tmp_path / "work/caffenet-region-0" / REFERENCED), column)
    pages = write_report(tmp_path / "work", tmp_path / "out", "photochrom papers --cpu-seconds 1")
    assert [page.name for page in pages] == ["README.md", "README.html"]
    markdown, html = (page.read_text() for page in pages)
    assert "not measured" not in markdown.lower()
    assert "`caffenet-region` with foregrounds from references, truth" in markdown
    assert cv2.imread(str(tmp_path / "out/srivastava.jpg")).shape == (5 * 256, 7 * 256, 3)
    assert "2.000 (1.000)" in markdown  # with references, and the network alone
    assert "largest miss of a row and seed is 0.0 %" in markdown
    said = re.search(r"Of (\d+) claims (.*?)\.\*\*", markdown)
    assert said is not None
    assert int(said[1]) == len(CLAIMS) == sum(map(int, re.findall(r"\d+", said[2])))
    twice = next(row for row in ROWS if row.seeds > 1)
    assert f"the second seed of `{twice.name}`" in markdown
    for row in ROWS:
        assert f"`{row.name}`" in markdown
        assert f"<code>{row.name}</code>" in html
    names = re.findall(r"!\[.*?\]\((.*?)\)", markdown)
    assert {"colourify-figure-3.svg", "zaman-loss.svg", "robles-colourfulness.svg", "zhang.jpg"} <= set(names)
    for name in names:
        assert (tmp_path / "out" / name).stat().st_size > 500
        assert f'src="{name}"' in html
    assert list(read_results(tmp_path / "work"))[:2] == ["grey", "photochrom as shipped"]


def test_verdicts() -> None:
    rng = np.random.default_rng(0)
    claim = next(claim for claim in CLAIMS if claim.worse == "unet" and claim.better == "unet-rare")
    unet = made_up("unet", rng)
    for better, verdict in ((0.9, "held"), (-0.9, "did not hold")):
        found = judge(claim, {"unet": unet, "unet-rare": made_up("unet-rare", rng, better)})
        assert found.held == verdict
        assert "`unet-rare` less `unet`" in found.evidence
    assert (
        judge(claim, {"unet": unet, "unet-rare": Result("unet-rare", None, unet.seeds, Path())}).held == "not decided"
    )
    for known in ("unet", "unet-rare", "vgg16-residual", "caffenet-region", "unet-profiled"):
        alone = {"grey": made_up("grey", rng), known: made_up(known, rng)}
        assert all(
            judge(each, alone).held == "not measured" for each in CLAIMS if {each.better, each.worse} - {known, ""}
        )


def test_runs_from_scratch_are_set_beside_each_other(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = {}
    for name, better in (("unet", 0.0), ("vgg16", 0.5), ("gan", None)):
        seeds = (made_up(name, rng).first, *(() if better is None else (made_up(name, rng, better).first,)))
        rows[name] = Result(name, None, seeds, Path())
    page = Page("Rows")
    reruns(page, rows)
    markdown = page.write(tmp_path, "page")[0].read_text()
    assert "1 of 2 rows agree" in markdown
    assert "overlap: `unet`." in markdown
    assert "`gan`" not in markdown
    alone = Page("Rows")
    reruns(alone, {"gan": rows["gan"]})
    assert "Run again" not in alone.write(tmp_path, "alone")[0].read_text()


def test_what_is_not_decided_says_what_would_decide_it() -> None:
    claim = next(claim for claim in CLAIMS if claim.better == "unet-profiled" and claim.figure == "psnr")
    worse = made_up(claim.worse, np.random.default_rng(0))
    values = np.array(worse.first["pictures"]["psnr"])
    close = values + 0.1 + np.resize([1.0, -1.0], len(values))
    one = {**worse.first, "pictures": {**worse.first["pictures"], "psnr": close.tolist()}}
    found = judge(claim, {claim.worse: worse, claim.better: Result(claim.better, None, (one,), Path())})
    assert found.held == "not decided"
    (number,) = re.findall(r"about ([\d,]+) pictures would decide", found.evidence)
    # 1.96 standard deviations of 1 in the mean of n are 0.1
    assert 250 <= int(number.replace(",", "")) <= 500


def test_so_small_a_difference_says_how_many_seeds_would_decide_it() -> None:
    rng = np.random.default_rng(0)
    claim = next(claim for claim in CLAIMS if claim.better == "unet-profiled" and claim.figure == "psnr")
    worse = made_up(claim.worse, rng)
    seeds = [made_up("vgg16", rng).first, made_up("vgg16", rng, 0.5).first]
    others = {claim.worse: worse, "vgg16": Result("vgg16", None, tuple(seeds), Path())}
    values = np.array(worse.first["pictures"]["psnr"])
    for gap, said in ((0.25, r"about (\d+) seeds"), (0.001, r"more than (\d+) seeds.*too small to be of use")):
        one = {**worse.first, "pictures": {**worse.first["pictures"], "psnr": (values + gap).tolist()}}
        found = judge(claim, others | {claim.better: Result(claim.better, None, (one,), Path())})
        assert found.held == "not decided"
        assert re.search(said, found.evidence)


def test_a_run_that_was_slowed_is_no_measure_of_chance(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    first, again = made_up("vgg16", rng).first, made_up("vgg16", rng, 0.5).first
    slowed = {**again, "steps": first["steps"] // 3}
    alike, unlike = (Result("vgg16", None, (first, second), Path()) for second in (again, slowed))
    assert seed_noise({"vgg16": alike}, "psnr") > 0
    assert seed_noise({"vgg16": unlike}, "psnr") == 0
    for result, said in ((alike, False), (unlike, True)):
        page = Page("Rows")
        reruns(page, {"vgg16": result})
        assert ("`vgg16` one run was slower" in page.write(tmp_path, "page")[0].read_text()) == said


def test_a_printed_figure_is_reached_beyond_chance_or_not(tmp_path: Path) -> None:
    result = replace(made_up("caffenet-region", np.random.default_rng(0)), folder=tmp_path)
    claim = next(claim for claim in CLAIMS if "29.14" in claim.words)
    for psnr, held in (([33.0, 35.0], "held"), ([20.0, 24.0], "did not hold"), ([27.0, 33.0], "not decided")):
        table = made_up_table()
        table["the same person"] = [{**line, "PSNR": psnr[at % 2]} for at, line in enumerate(table["the same person"])]
        (tmp_path / TABLE_1).write_text(json.dumps(table))
        found = judge(claim, {"caffenet-region": result})
        assert found.held == held
        assert ("pictures would decide" in found.evidence) == (held == "not decided")


def test_the_verdicts_on_references_need_table_1(tmp_path: Path) -> None:
    result = replace(made_up("caffenet-region", np.random.default_rng(0)), folder=tmp_path)
    claims = [claim for claim in CLAIMS if claim.paper == "Srivastava"]
    results = {"caffenet-region": result}
    assert {judge(claim, results).held for claim in claims} == {"not measured"}
    (tmp_path / TABLE_1).write_text(json.dumps(made_up_table()))
    found = {claim.words: judge(claim, results) for claim in claims}
    (effective,) = (found[says] for says in found if "effective" in says)
    assert effective.held == "held"
    assert "+1.00 dB (+1.00 to +1.00) with the same person" in effective.evidence
    assert "-0.10 dB (-0.10 to -0.10) with another person" in effective.evidence
    assert found["average PSNR 29.14 dB"].held == "did not hold"
    assert "left grey they have 0.50 dB" in found["average PSNR 29.14 dB"].evidence
    assert found["entropy improves across all the images"].held == "did not hold"
    assert found["entropy does not change much (figure 5)"].held == "held"


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(statistics).failed == 0


def test_intervals_hold_the_mean_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(100):
        low, high = statistics.interval(rng.normal(3.0, 1.0, 60))
        inside += low <= 3.0 <= high
    assert 85 <= inside <= 100
    gap, low, high = statistics.difference([1.0, 2.0, 3.0], [0.0, 1.0, 2.0])
    assert (gap, low, high) == (1.0, 1.0, 1.0)


def test_charts_are_svg() -> None:
    for drawing in (
        charts.bars("a & b", ["one", "two"], [1.0, 2.0], [(0.5, 1.5), (1.5, 2.5)]),
        charts.curves("c", {"one": [(0.0, 1.0), (10.0, 2.0)], "two": [(0.0, 1.0), (10.0, 1.0)]}),
    ):
        root = ElementTree.fromstring(drawing)
        assert root.tag.endswith("svg")


def test_a_page_escapes_what_html_would_read(tmp_path: Path) -> None:
    page = Page("a < b")
    page.text("`x < y` and **strong**")
    page.table(["one", "two"], [["<b>", "2"]])
    page.text("see [the other](short/README.md) and [the paper](https://example.org/README.md)")
    markdown, html = (path.read_text() for path in page.write(tmp_path, "page"))
    assert "| <b> | 2 |" in markdown
    assert "<code>x &lt; y</code> and <strong>strong</strong>" in html
    assert '<td class="text">&lt;b&gt;</td><td>2</td>' in html
    assert "(short/README.md)" in markdown, "Markdown links to Markdown"
    assert 'href="short/README.html"' in html, "and HTML to the HTML beside it"
    assert 'href="https://example.org/README.md"' in html


def test_unknown_rows_are_named(photochrom: Any, tmp_path: Path) -> None:
    run = photochrom("papers", "--data", tmp_path, "--truth", tmp_path, "--rows", "other")
    assert run.code == 2
    assert "unet-rare" in run.err
