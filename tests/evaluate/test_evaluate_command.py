"""``photochrom evaluate`` as a user meets it: their folders, their mistakes."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import Command, data, files, load, save
from photochrom.evaluate import metrics

pytestmark = pytest.mark.pixels

BASELINES = ["truth", "grey", "mean ab", "mean ab given L", "random colours"]


def report_of(folder: str = "out") -> dict[str, Any]:
    report: dict[str, Any] = json.loads(Path(folder, "report.json").read_text())
    return report


def figures(one: dict[str, Any], name: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {row["name"]: row for row in one["methods"]}[name]["figures"]
    return found


def csv_rows(folder: str = "out") -> list[dict[str, str]]:
    with Path(folder, "pictures.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("here")
class TestAFolderOfAnotherProgram:
    def test_its_figures_are_those_of_the_pictures_of_the_same_names(
        self, photochrom: Command, truth: Path, theirs: Path
    ) -> None:
        run = photochrom("evaluate", "truth", "--method", "theirs", "--protocol", "native", "-o", "out", "-j", 1)
        assert run.code == 0, run.err
        (one,) = report_of()["sets"]
        assert (one["name"], one["pictures"], one["measured"], one["excluded"]) == ("truth", 8, 8, [])
        assert [row["name"] for row in one["methods"]] == [*BASELINES, "theirs"]
        pairs = [
            (load(file), load(theirs / file.relative_to(truth).with_suffix(".webp"))) for file in truth.rglob("*.png")
        ]
        found = figures(one, "theirs")
        for key, metric in (
            ("psnr", metrics.psnr),
            ("ssim", metrics.ssim),
            ("image_matching_error", metrics.image_matching_error),
        ):
            assert found[key]["value"] == pytest.approx(np.mean([metric(*pair) for pair in pairs]), rel=1e-5)
            assert found[key]["low"] < found[key]["value"] < found[key]["high"]
            assert found[key]["n"] == 8
        assert found["colourfulness"]["value"] < figures(one, "truth")["colourfulness"]["value"]
        assert "psnr" not in figures(one, "truth")
        assert figures(one, "grey")["colourfulness"]["value"] == 0

    def test_every_figure_is_described_and_every_picture_has_its_lines(
        self, photochrom: Command, truth: Path, theirs: Path
    ) -> None:
        photochrom("evaluate", "truth", "--protocol", "native", "--method", "half=theirs", "-o", "out", "-j", 1)
        report = report_of()
        assert files("out") == {"report.json", "pictures.csv", "report.html"}
        described = {metric["key"] for metric in report["metrics"]}
        told = {key for row in report["sets"][0]["methods"] for key in row["figures"]}
        assert told <= described
        assert {"psnr", "auc_rebalanced", "delta_colourfulness", "entropy", "accuracy", "bleed"} <= told
        rows = csv_rows()
        assert len(rows) == 8 * len([*BASELINES, "half"])
        mean = np.mean([float(row["ciede2000"]) for row in rows if row["method"] == "half"])
        assert figures(report["sets"][0], "half")["ciede2000"]["value"] == pytest.approx(mean, rel=1e-5)
        about = report["about"]
        assert about["command"].startswith("photochrom evaluate truth --protocol native --method half=theirs")
        assert {"commit", "packages", "machine", "seed", "seconds", "python"} <= about.keys()
        assert {"picture", "why", "figures"} <= report["sets"][0]["shown"][0].keys()
        shares = report["sets"][0]["histograms"]["shares"]
        assert all(sum(row) == pytest.approx(1, abs=1e-4) for row in shares.values())

    def test_files_in_one_flat_folder_are_found_by_their_own_names(
        self, photochrom: Command, here: Path, truth: Path
    ) -> None:
        (here / "flat").mkdir()
        for number, file in enumerate(sorted(truth.rglob("*.png"))):
            shutil.move(file, file.with_name(f"photo{number}.png"))
            shutil.copy(file.with_name(f"photo{number}.png"), here / "flat")
        run = photochrom("evaluate", "truth", "--protocol", "native", "--method", "flat", "--json", "-j", 1)
        assert run.code == 0, run.err
        assert figures(run.lines[0]["sets"][0], "flat")["mse"]["value"] == 0

    def test_two_jobs_give_what_one_gives_to_the_last_digit(
        self, photochrom: Command, truth: Path, theirs: Path
    ) -> None:
        for jobs in (1, 2):
            run = photochrom(
                "evaluate", "truth", "--protocol", "native", "--method", "theirs", "-o", f"out{jobs}", "-j", jobs
            )
            assert run.code == 0, run.err
        one, two = (report_of(f"out{jobs}") for jobs in (1, 2))
        for report in (one, two):
            del report["about"]
        assert one == two
        assert Path("out1/pictures.csv").read_bytes() == Path("out2/pictures.csv").read_bytes()

    def test_a_seed_gives_the_same_and_another_one_other_intervals(
        self, photochrom: Command, truth: Path, theirs: Path
    ) -> None:
        ends = []
        for seed in (0, 0, 1):
            run = photochrom(
                "evaluate", "truth", "--protocol", "native", "--method", "theirs", "--json", "-j", 1, "--seed", seed
            )
            ends.append(figures(run.lines[0]["sets"][0], "theirs")["psnr"])
        assert ends[0] == ends[1]
        assert ends[0]["low"] != ends[2]["low"]
        assert ends[0]["value"] == ends[2]["value"]


@pytest.mark.usefixtures("here")
class TestWhatIsBetter:
    def test_a_clear_winner_is_called_one_and_a_copy_is_not(
        self, photochrom: Command, here: Path, truth: Path, theirs: Path
    ) -> None:
        shutil.copytree(theirs, here / "copy")
        run = photochrom(
            "evaluate", "truth", "--protocol", "native", "--method", "theirs", "--method", "copy", "--json", "-j", 1
        )
        compared = run.lines[0]["sets"][0]["comparisons"]
        rows = {(row["first"], row["second"], row["metric"]): row for row in compared["pairs"]}
        assert compared["count"] == len(rows)
        assert f"{len(rows)} tests" in compared["tested"]
        assert rows["theirs", "random colours", "psnr"]["better"] == "theirs"
        same = rows["theirs", "copy", "psnr"]
        assert (same["difference"], same["p"], same["better"]) == (0, 1, None)
        nearer = rows["theirs", "grey", "ciede2000"]  # lower is better
        assert nearer["difference"] < 0
        assert nearer["better"] == "theirs"
        assert nearer["p_holm"] >= nearer["p"]

    def test_the_table_names_figures_methods_and_rules(self, photochrom: Command, truth: Path, theirs: Path) -> None:
        run = photochrom("evaluate", "truth", "--protocol", "native", "--method", "theirs", "-j", 1)
        for text in (
            "PSNR dB ↑",
            "AuC rebalanced",
            "random colours",
            "8 of 8 pictures",
            "theirs against grey: better by",
        ):
            assert text in run.out
        assert "near-grey: the truth's mean chroma is below 2" in run.out
        assert "\x1b" not in run.err  # no progress bar where nobody watches


@pytest.mark.usefixtures("here")
class TestBadInput:
    def test_each_bad_picture_is_named_counted_and_left_out_for_all_methods(
        self, photochrom: Command, truth: Path, theirs: Path
    ) -> None:
        damaged = truth / "people" / "0.png"
        damaged.write_bytes(damaged.read_bytes()[:200])
        (theirs / "people" / "1.webp").unlink()
        shutil.copy(theirs / "people" / "2.webp", theirs / "people" / "2.jpg")
        save(load(theirs / "people" / "3.webp")[:50], theirs / "people" / "3.webp")
        (theirs / "things" / "0.webp").unlink()
        save(np.full((64, 80, 3), np.nan, np.float32), theirs / "things" / "0.tif")
        save(np.repeat(load(truth / "things" / "1.png")[..., :1], 3, axis=2), truth / "things" / "1.png")
        save(np.zeros((9, 9, 3), np.uint8), theirs / "extra" / "more.png")
        run = photochrom("evaluate", "truth", "--protocol", "native", "--method", "theirs", "-o", "out", "-j", 1)
        assert run.code == 1
        (one,) = report_of()["sets"]
        assert {row["picture"]: (row["rule"], row["method"]) for row in one["excluded"]} == {
            "people/0.png": ("unreadable", None),
            "people/1.png": ("missing", "theirs"),
            "people/2.png": ("ambiguous", "theirs"),
            "people/3.png": ("size", "theirs"),
            "things/0.png": ("unreadable", "theirs"),
            "things/1.png": ("near-grey", None),
        }
        assert (one["pictures"], one["measured"]) == (8, 2)
        assert {row["picture"] for row in csv_rows()} == {"things/2.png", "things/3.png"}
        for row in one["excluded"]:
            assert row["picture"] in run.err
            assert f"{row['rule']}: " in run.out  # the rule itself
        assert "NaN" in run.err
        assert "80 x 50 pixels, expected" in run.err
        assert "extra/more" in one["notes"][0]

    def test_a_grey_truth_alone_is_no_failure(self, photochrom: Command, truth: Path) -> None:
        save(np.full((64, 80, 3), 90, np.uint8), truth / "grey.png")
        run = photochrom("evaluate", "truth", "--protocol", "native", "--json", "-j", 1)
        assert run.code == 0
        assert [row["rule"] for row in run.lines[0]["sets"][0]["excluded"]] == ["near-grey"]
        assert "mean chroma 0.00, below 2" in run.err
        kept = photochrom("evaluate", "truth", "--protocol", "native", "--json", "-j", 1, "--min-chroma", 0)
        assert kept.lines[0]["sets"][0]["measured"] == 9

    def test_nothing_left_is_an_error(self, photochrom: Command, here: Path) -> None:
        (here / "truth").mkdir()
        (here / "truth" / "a.png").write_bytes(b"no picture")
        run = photochrom("evaluate", "truth", "--protocol", "native", "-o", "out", "-j", 1)
        assert run.code == 1
        assert "all 1 pictures are left out" in run.err
        assert "a.png" in run.err
        assert not files("out")

    def test_a_folder_of_other_pictures_is_refused_at_once(self, photochrom: Command, here: Path, truth: Path) -> None:
        save(np.zeros((9, 9, 3), np.uint8), here / "other" / "holiday.png")
        run = photochrom("evaluate", "truth", "--protocol", "native", "--method", "other")
        assert run.code == 1
        assert "none of its 1 pictures" in run.err
        assert "people/0.png" in run.err or "0.png" in run.err

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--method", "no-such-model"], "no-such-model"),
            (["--method", "absent.onnx"], "absent.onnx"),
            (["--method", "photochrom:vividness=2"], "vividness=2"),
            (["--method", "photochrom:colour=red"], "colour=red"),
            (["--method", "grey=theirs"], "taken"),
            (["--method", "theirs", "--method", "theirs"], "taken"),
            (["--protocol", "ctest"], "ctest10k"),
        ],
    )
    def test_wrong_usage(self, photochrom: Command, truth: Path, theirs: Path, arguments: list[str], said: str) -> None:
        run = photochrom("evaluate", "truth", "--protocol", "native", "-o", "out", *arguments)
        assert run.code == 2
        assert said in run.err
        assert not Path("out").exists() or not files("out")

    def test_nothing_is_overwritten_without_force(self, photochrom: Command, truth: Path, theirs: Path) -> None:
        Path("out").mkdir()
        Path("out/report.html").write_text("mine")
        arguments = ("evaluate", "truth", "--protocol", "native", "--method", "theirs", "-o", "out", "-j", 1)
        run = photochrom(*arguments)
        assert run.code == 1
        assert "--force" in run.err
        assert files("out") == {"report.html"}
        assert Path("out/report.html").read_text() == "mine"
        assert photochrom(*arguments, "--force").code == 0
        assert Path("out/report.html").read_text() != "mine"


@pytest.mark.usefixtures("here")
class TestModelsAndSets:
    def test_a_model_with_options_beside_itself(self, photochrom: Command, truth: Path) -> None:
        run = photochrom(
            "evaluate",
            "truth",
            "--json",
            "-j",
            1,
            "--limit",
            3,
            "--method",
            "photochrom",
            "--method",
            "vivid=photochrom:vividness=1",
        )
        assert run.code == 0, run.err
        rows = {row["name"]: row for row in run.lines[0]["sets"][0]["methods"]}
        assert rows["vivid"]["what"] == "photochrom:vividness=1"
        colour = {name: row["figures"]["colourfulness"]["value"] for name, row in rows.items()}
        assert colour["vivid"] > colour["photochrom"] > colour["grey"] == 0
        assert rows["photochrom"]["seconds"] > 0

    def test_two_sets_and_results_in_a_subfolder_for_each(
        self, photochrom: Command, here: Path, truth: Path, theirs: Path
    ) -> None:
        shutil.copytree(truth, here / "second")
        for name in ("truth", "second"):
            shutil.copytree(theirs, here / "results" / name)
        run = photochrom(
            "evaluate", "truth", "second", "--protocol", "native", "--method", "results", "--json", "-j", 1
        )
        first, second = run.lines[0]["sets"]
        assert (first["name"], second["name"]) == ("truth", "second")
        assert figures(first, "results")["psnr"]["value"] == figures(second, "results")["psnr"]["value"]
        assert figures(first, "results")["psnr"]["low"] != figures(second, "results")["psnr"]["low"]  # drawn on its own

    def test_a_single_picture_has_no_interval_and_no_random_colours(self, photochrom: Command, truth: Path) -> None:
        run = photochrom("evaluate", truth / "people" / "0.png", "--json", "-j", 1)
        (one,) = run.lines[0]["sets"]
        assert [row["name"] for row in one["methods"]] == BASELINES[:-1]
        assert figures(one, "grey")["psnr"]["low"] is None

    def test_mean_colours_of_ones_own(self, photochrom: Command, truth: Path) -> None:
        found = [
            figures(
                photochrom("evaluate", "truth", "--protocol", "native", "--json", "-j", 1, *more).lines[0]["sets"][0],
                "mean ab given L",
            )["mse"]["value"]
            for more in ((), ("--train", "truth"))
        ]
        assert found[1] < found[0]  # fitted on the very pictures

    def test_frames_of_a_clip_flicker_where_colours_come_and_go(self, photochrom: Command, here: Path) -> None:
        wide = data.coffee()[100:196, 100:260]
        for number in range(4):
            frame = np.ascontiguousarray(wide[:, 4 * number : 4 * number + 128])
            save(frame, here / "clip" / f"{number}.png")
            for name, pale in (("steady", 0.5), ("blinking", 0.5 * (number % 2))):
                grey = frame.mean(axis=2, keepdims=True)
                save(np.round(grey + pale * (frame - grey)).astype(np.uint8), here / name / f"{number}.png")
        run = photochrom(
            "evaluate",
            "clip",
            "--protocol",
            "native",
            "--clip",
            "--method",
            "steady",
            "--method",
            "blinking",
            "--json",
            "-j",
            1,
        )
        assert run.code == 0, run.err
        (one,) = run.lines[0]["sets"]
        steady, blinking = (figures(one, name)["flicker"] for name in ("steady", "blinking"))
        assert steady["value"] < 1 < 3 < blinking["value"]
        assert steady["n"] == 3
        assert photochrom("evaluate", "clip", "--clip", "--limit", 2).code == 2
