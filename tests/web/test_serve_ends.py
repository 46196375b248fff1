"""Signals end the server as Ctrl-C does: no picture of a user stays in the temporary folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from api_helpers import encoded

from helpers import Grey


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_leave_no_uploads(photo: Grey, tmp_path: Path, number: signal.Signals, workers: int) -> None:
    def as_usual() -> None:  # what runs in the background may ignore some
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, signal.default_int_handler if one == signal.SIGINT else signal.SIG_DFL)

    command = [sys.executable, "-m", "photochrom", "serve", "--port", "0", "--workers", str(workers), "--threads", "1"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        preexec_fn=as_usual,
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            client = httpx.Client(transport=httpx.HTTPTransport(retries=60), timeout=60)
            answer = client.post(f"{address.rstrip('/')}/v1/sessions", files={"picture": ("a.png", encoded(photo))})
            assert answer.status_code == 201
            client.close()
            assert list(tmp_path.rglob("about.json"))
        except BaseException:
            process.kill()
            raise
        process.send_signal(number)
        _, said = process.communicate(timeout=90)
    assert list(tmp_path.glob("photochrom-*")) == []
    assert "Traceback" not in said
    assert process.returncode in (0, 128 + number, 128 + signal.SIGTERM)
