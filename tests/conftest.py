"""A small picture, an empty folder, the shipped model, a browser, and the command line run in this process."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import CHROMIUM, Command, Grey, Run, data
from photochrom import Colorizer, colorizer, runtime
from photochrom.cli.main import main

pytest.register_assert_rewrite("net_tester")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, so that names are relative."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def photo() -> Grey:
    """A grey photograph, (64, 96) uint8."""
    grey: Grey = data.camera()[60:316:4, 80:464:4].copy()
    return grey


@pytest.fixture(scope="session")
def shipped() -> Colorizer:
    """The model inside the package."""
    return Colorizer(threads=1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "CI must have chromium: .ci/run calls scripts/chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def kept_models() -> Any:
    """Models are loaded once for all the commands that run in this process."""
    return functools.cache(runtime.open_model)


@pytest.fixture
def photochrom(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kept_models: Any) -> Command:
    """The ``photochrom`` command: its arguments -> exit code, stdout, stderr."""
    monkeypatch.setattr(colorizer, "open_model", kept_models)

    def command(*arguments: object) -> Run:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Run(int(left.value.code or 0), out, err)

    return command
