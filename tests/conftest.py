"""A small picture, an empty folder, the shipped model, a browser, and the command line run in this process."""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
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


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server of this test's own, without a network port."""
    initdb, server = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or server is None:
        pytest.skip("PostgreSQL's server is not installed")
    import psycopg

    user = "nobody" if os.getuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # short: the name of a socket has little room
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        data = f"{folder}/data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "user": user, "cwd": folder}
        subprocess.run([initdb, "-D", data, "-U", "me", "-A", "trust", "--no-sync"], check=True, **quiet)
        options = ["-c", "listen_addresses=", "-k", folder]
        process = subprocess.Popen([server, "-D", data, *options], **quiet)
        try:
            url = f"postgresql://me@/postgres?host={folder}"
            for _ in range(300):
                with (
                    suppress(psycopg.OperationalError),
                    psycopg.connect(url),
                ):  # the socket is there before the server is ready
                    break
                threading.Event().wait(0.1)
            yield url
        finally:
            process.terminate()
            process.wait()
