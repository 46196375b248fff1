"""The set-up that every script begins with, with pip played by a few lines of shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for bash")


def _checkout(folder: Path, failures: int) -> Path:
    """A checkout whose environment's Python fails so many times and writes each call's arguments to ``calls``."""
    (folder / "scripts").mkdir()
    shutil.copy(SCRIPTS / "environment", folder / "scripts")
    (folder / "pyproject.toml").write_text("[project]\n")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n[ "$(wc -l < {folder}/calls)" -gt {failures} ]\n')
    python.chmod(0o755)
    (python.parent / "pip").touch(0o755)
    sleep = folder / "bin" / "sleep"  # the waits between the attempts are not what is tested
    sleep.parent.mkdir()
    sleep.write_text("#!/bin/sh\n")
    sleep.chmod(0o755)
    return folder


def _set_up(checkout: Path) -> "subprocess.CompletedProcess[str]":
    command = f". {checkout}/scripts/environment train,dev; echo ready"
    environment = {**os.environ, "PYTHON": sys.executable, "PATH": f"{checkout}/bin:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, timeout=60)


def test_a_download_that_breaks_off_is_tried_again(tmp_path: Path) -> None:
    checkout = _checkout(tmp_path, failures=1)
    first = _set_up(checkout)
    assert (first.returncode, first.stdout) == (0, "ready\n"), first.stderr
    assert "attempt 2 of 3" in first.stderr
    calls = (checkout / "calls").read_text().splitlines()
    assert all("pip install" in call for call in calls)
    assert [call.endswith(f"--editable {checkout}[train,dev]") for call in calls] == [False, False, True]

    assert _set_up(checkout).stdout == "ready\n"
    assert (checkout / "calls").read_text().splitlines() == calls, "what is set up stays set up"


def test_a_set_up_that_never_works_ends_with_an_error(tmp_path: Path) -> None:
    checkout = _checkout(tmp_path, failures=9)
    result = _set_up(checkout)
    assert result.returncode == 1
    assert "failed 3 times" in result.stderr
    assert result.stdout == ""
    assert not list((checkout / ".venv").glob("photochrom-*")), "a failed set-up must not pass for a finished one"
