"""What the files around the code promise: one version, one list of checks, scripts that exist, no machine's own paths."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from photochrom import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def load(name: str) -> Any:
    return yaml.safe_load(read(name))


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/photochrom/version.py"
    assert "version" not in load("CITATION.cff")
    assert re.search(r'^__version__ = "(.*)"$', read("src/photochrom/version.py"), re.M)[1] == __version__  # type: ignore[index]


def test_the_changelog_is_dated_and_its_newest_release_is_not_ahead_of_the_code() -> None:
    heads = re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.M)
    assert heads[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", head) for head in heads[1:])
    dates = [head[-10:] for head in heads[1:]]
    assert dates == sorted(dates, reverse=True)
    assert heads[1].startswith(f"[{__version__.partition('.dev')[0]}]") or ".dev" in __version__
    kinds = set(re.findall(r"^### (.*)$", read("CHANGELOG.md"), re.M))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_citation_has_what_the_format_wants() -> None:
    assert {"cff-version", "message", "title", "authors"} <= load("CITATION.cff").keys()
    assert all(author["name"] for author in load("CITATION.cff")["authors"])


def test_pre_commit_runs_what_the_check_runs() -> None:
    hooks = [hook["entry"].split() for repo in load(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert {path for path, _ in hooks} == {"scripts/check"}
    (default,) = re.findall(r"set -- (.*)", read("scripts/check"))
    assert [name for _, name in hooks] == default.split()


def test_ci_calls_scripts_that_exist() -> None:
    steps = [step for job in load(".github/workflows/ci.yml")["jobs"].values() for step in job["steps"]]
    called = {step["run"] for step in steps if "run" in step}
    called |= {line for line in read(".ci/run").splitlines() if line.startswith("scripts/")}
    assert {"scripts/check", "scripts/docs", "scripts/package", "scripts/test", "scripts/test_older_cpu"} <= called
    assert all((ROOT / command.split()[0]).is_file() for command in called)


def test_the_supported_pythons_are_the_same_everywhere() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    tested = load(".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    named = [name.rpartition(" ")[2] for name in project["classifiers"] if re.search(r":: 3\.\d+$", name)]
    assert tested == named
    assert project["requires-python"] == f">={tested[0]}"


@pytest.mark.parametrize("form", ["bug", "feature"])
def test_issue_forms_ask_something(form: str) -> None:
    fields = load(f".github/ISSUE_TEMPLATE/{form}.yml")
    assert {"name", "description", "body"} <= fields.keys()
    assert all(field["attributes"]["label"] for field in fields["body"])


def test_no_file_names_a_machine_of_its_own() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    pattern = r"/(home|Users|work)/[a-z]+/|[^a-z](pypi|npm)\.[a-z-]+\.(internal|local)"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", ":!tests/test_habits.py"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    assert not found


GOOD = [
    "photochrom/__init__.py",
    "photochrom/py.typed",
    "photochrom/data/color_names.txt",
    "photochrom/data/css_names.txt",
    "photochrom/models/photochrom-encoder.onnx",
    "photochrom/models/encoder.negatives.safetensors",
    "photochrom/images/negatives.safetensors",
    "photochrom/evaluate/mean_colours.json",
    "photochrom/evaluate/html/static/report.css",
    "photochrom/web/static/app.js",
    "photochrom/train/recipes/photochrom.toml",
    "photochrom-1.0.dist-info/licenses/LICENSE",
    "photochrom-1.0.dist-info/entry_points.txt",
]


def test_a_good_wheel_has_no_problems() -> None:
    assert not script("check_wheel").wheel_problems(GOOD, 14_000_000)


@pytest.mark.parametrize(
    ("names", "size", "said"),
    [
        (GOOD[1:], 1, "lacks"),
        ([*GOOD, "tests/test_color.py"], 1, "outside the package"),
        ([*GOOD, "photochrom/models/.photochrom.onnx.12.part"], 1, ".part"),
        (GOOD, 21_000_000, "21.0 MB"),
    ],
)
def test_what_is_wrong_with_a_wheel_is_named(names: list[str], size: int, said: str) -> None:
    (problem,) = script("check_wheel").wheel_problems(names, size)
    assert said in problem
