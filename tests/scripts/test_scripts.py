"""The set-up that every script begins with, with pip played by a few lines of shell."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for bash")


def _checkout(folder: Path, failures: int, seconds: int = 0) -> Path:
    """A checkout whose pip takes so long, fails so many times, and writes each call's arguments to ``calls``."""
    (folder / "scripts").mkdir()
    shutil.copy(SCRIPTS / "environment", folder / "scripts")
    (folder / "pyproject.toml").write_text("[project]\n")
    calls = shlex.quote(str(folder / "calls"))
    pip = f"""
        [ "$3" = --version ] && exit
        echo "$@" >> {calls}
        trap "exit 1" INT
        /bin/sleep {seconds}
        [ "$(wc -l < {calls})" -gt {failures} ]
    """
    # The waits between the attempts are not what is tested.
    for path, text in ((folder / ".venv" / "bin" / "python", pip), (folder / "bin" / "sleep", "")):
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)
    return folder


def _start(checkout: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["bash", "-c", f". {shlex.quote(str(checkout))}/scripts/environment train,dev; echo ready"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHON": sys.executable, "PATH": f"{checkout}/bin:{os.environ['PATH']}"},
        start_new_session=True,
        # Whoever is started in the background, as by CI, inherits that interrupts are ignored; shells cannot trap those.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # one thread
    )


def _set_up(checkout: Path) -> "subprocess.CompletedProcess[str]":
    with _start(checkout) as process:
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_a_download_that_breaks_off_is_tried_again(tmp_path: Path) -> None:
    checkout = _checkout(tmp_path, failures=2)
    first = _set_up(checkout)
    assert (first.returncode, first.stdout) == (0, "ready\n"), first.stderr
    assert "attempt 2 of 3" in first.stderr
    calls = (checkout / "calls").read_text().splitlines()
    assert all("pip install" in call for call in calls)
    assert [call.endswith(f"--editable {checkout}[train,dev]") for call in calls] == [False, True, False, True]

    assert _set_up(checkout).stdout == "ready\n"
    assert (checkout / "calls").read_text().splitlines() == calls, "what is set up stays set up"


def test_a_pip_that_cannot_be_renewed_will_do(tmp_path: Path) -> None:
    """Without a network, from a folder of wheels that holds no pip."""
    result = _set_up(_checkout(tmp_path, failures=1))
    assert (result.returncode, result.stdout) == (0, "ready\n")
    assert "attempt" not in result.stderr


def test_a_set_up_that_never_works_ends_with_an_error(tmp_path: Path) -> None:
    checkout = _checkout(tmp_path, failures=9)
    result = _set_up(checkout)
    assert result.returncode == 1
    assert "failed 3 times" in result.stderr
    assert result.stdout == ""
    assert not list((checkout / ".venv").glob("photochrom-*")), "a failed set-up must not pass for a finished one"


def test_an_interrupted_set_up_ends(tmp_path: Path) -> None:
    checkout = _checkout(tmp_path, failures=0, seconds=30)
    with _start(checkout) as process:
        while not (checkout / "calls").exists():
            time.sleep(0.05)
        time.sleep(0.2)  # until its trap is set
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""
    assert len((checkout / "calls").read_text().splitlines()) == 1
