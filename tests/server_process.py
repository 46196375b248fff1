"""A server of Photochrom in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class ServerProcess:
    """``photochrom`` with these arguments; what it writes on stderr goes to ``log``. A port of 0: any that is free."""

    arguments: tuple[str, ...]
    log: Path
    port: int = 0
    process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start, on the same port as before; returns the address."""
        command = [sys.executable, "-W", "error", "-m", "photochrom", *self.arguments, "--port", str(self.port)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "http://127.0.0.1:" in line, (line, self.log.read_text())
        self.port = int(line.split("http://127.0.0.1:")[1].split("/")[0])
        return self.address

    def kill(self) -> None:
        """Kill it where it stands, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    @property
    def address(self) -> str:
        """Of its first page."""
        return f"http://127.0.0.1:{self.port}/"


@contextmanager
def running(server: ServerProcess) -> Iterator[ServerProcess]:
    """The server, started, and killed at the end."""
    try:
        server.start()
        yield server
    finally:
        server.kill()
