"""What `photochrom serve` takes under load on this machine: requests/s, p50 and p95, peak memory.

    python benchmarks/serve.py -o docs/benchmarks/serve.md

Needs wrk (apt install wrk). Server and wrk share the processors, over loopback. The photograph is a piece of scikit-image's
astronaut, repeated until it has the megapixels. Each row: a fresh server, a few seconds to warm up, then --seconds of load.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import httpx
import numpy as np
import psutil
import skimage.data

#: Tells wrk what to send, in turn, and prints what it measured.
LUA = """
local turn = 0
request = function()
  turn = turn + 1
  local body = bodies[(turn - 1) % #bodies + 1]
  return wrk.format(method, path, {["Content-Type"] = kind}, body)
end
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format('RESULT {"requests": %d, "seconds": %f, "bad": %d, "p50": %f, "p95": %f, "most": %f}\\n',
    summary.requests, summary.duration / 1e6, bad, latency:percentile(50) / 1e6, latency:percentile(95) / 1e6, latency.max / 1e6))
end
"""


@dataclass(frozen=True)
class Row:
    """One load: what is asked, by how many at a time, of how many workers."""

    name: str
    kind: str
    megapixels: float
    connections: int
    workers: int = 1


ROWS = (
    Row("`GET /healthz`", "health", 1, 16),
    Row("`paint`, 1280 px, a hint that moves", "paint", 12, 1),
    Row("`paint`, 1280 px, a hint that moves", "paint", 12, 8),
    Row("`paint`, a view at full resolution", "view", 12, 1),
    Row("`colorize`, JPEG", "colorize", 1, 8),
    Row("`colorize`, JPEG", "colorize", 12, 1),
    Row("`colorize`, JPEG", "colorize", 12, 8),
    Row("`colorize`, JPEG", "colorize", 1, 50),
    Row("`colorize`, JPEG", "colorize", 12, 8, workers=2),
)


def photograph(megapixels: float) -> bytes:
    """A grey JPEG, 4:3."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    piece = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)
    times = -(-height // 512), -(-height * 4 // 3 // 512)
    done, data = cv2.imencode(".jpg", np.tile(piece, times)[:height, : height * 4 // 3], [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert done
    return data.tobytes()


@contextmanager
def serving(workers: int) -> Iterator[tuple[str, psutil.Process]]:
    """A fresh server: its address and its process."""
    command = [sys.executable, "-m", "photochrom", "serve", "--port", "0", "--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1].rstrip("/")
        try:
            httpx.get(f"{address}/healthz", timeout=120)
            yield address, psutil.Process(process.pid)
        finally:
            process.terminate()


class Memory(threading.Thread):
    """The most memory that a process and its children held together, in bytes (resident, looked at ten times a second)."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._process, self._over = process, threading.Event()
        self.most = 0

    def run(self) -> None:
        """Look until :meth:`stop`."""
        while not self._over.wait(0.1):
            total = 0
            for one in [self._process, *self._process.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    total += one.memory_info().rss
            self.most = max(self.most, total)

    def stop(self) -> int:
        """The most there was."""
        self._over.set()
        self.join()
        return self.most


def quoted(data: bytes) -> str:
    """Bytes as a string of Lua."""
    return '"' + "".join(f"\\{byte:03d}" for byte in data) + '"'


def asked(row: Row, address: str) -> tuple[str, str, str, list[bytes]]:
    """Method, path, content type and bodies of the requests."""
    picture = photograph(row.megapixels)
    if row.kind == "health":
        return "GET", "/healthz", "text/plain", [b""]
    if row.kind == "colorize":
        head = b'--cut\r\nContent-Disposition: form-data; name="picture"; filename="a.jpg"\r\n\r\n'
        return "POST", "/v1/colorize", "multipart/form-data; boundary=cut", [head + picture + b"\r\n--cut--\r\n"]
    session = httpx.post(f"{address}/v1/sessions", files={"picture": picture}, timeout=120).json()
    bodies = []
    for step in range(200):
        hint = {"x": 300 + 7 * step, "y": 900 + 3 * step, "color": "olive"}
        wanted = {"edits": {"hints": [hint]}, "size": 1280}
        if row.kind == "view":
            wanted["view"] = {"x": 5 * step, "y": 400, "width": 1280, "height": 960}
        bodies.append(json.dumps(wanted).encode())
    return "POST", f"/v1/sessions/{session['id']}/paint", "application/json", bodies


def measure(row: Row, seconds: int) -> dict[str, float]:
    """wrk's figures of a row, and the peak memory."""
    with tempfile.TemporaryDirectory() as folder, serving(row.workers) as (address, process):
        method, path, kind, bodies = asked(row, address)
        script = Path(folder) / "load.lua"
        names = f"method, path, kind = {method!r}, {path!r}, {kind!r}\n"
        script.write_text(names + "bodies = {" + ", ".join(map(quoted, bodies)) + "}\n" + LUA)
        memory = Memory(process)
        memory.start()
        for duration in (3, seconds):
            command = [
                "wrk",
                "-t1",
                f"-c{row.connections}",
                f"-d{duration}s",
                "--timeout",
                "120s",
                "-s",
                str(script),
                address,
            ]
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            # wrk leaves at the end of its time; what it asked for last is still worked on.
            while not re.search(
                r"^photochrom_jobs 0\.0", httpx.get(f"{address}/metrics", timeout=60).text, re.MULTILINE
            ):
                time.sleep(0.2)
        line = next(line for line in out.splitlines() if line.startswith("RESULT"))
        found: dict[str, float] = json.loads(line.removeprefix("RESULT "))
        return found | {"memory": memory.stop()}


def table(rows: list[tuple[Row, dict[str, float]]]) -> str:
    """The figures as a table of Markdown."""
    lines = [
        "| request | megapixels | at a time | workers | requests/s | p50 s | p95 s | not 200 | peak memory MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row, found in rows:
        rate = found["requests"] / found["seconds"]
        size = "" if row.kind == "health" else f"{row.megapixels:g}"
        lines.append(
            f"| {row.name} | {size} | {row.connections} | {row.workers} | {rate:.1f} | {found['p50']:.3f} | {found['p95']:.3f} "
            f"| {found['bad']:.0f} | {found['memory'] / 1e6:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", type=Path, help="Also write the page.")
    parser.add_argument("--seconds", type=int, default=15, help="of load, for each row")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt install wrk")
    rows = []
    for row in ROWS:
        rows.append((row, measure(row, arguments.seconds)))
        print(rows[-1], file=sys.stderr)
    found = table(rows)
    print(found)
    if arguments.o is None:
        return
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    about = (
        f"`python benchmarks/serve.py --seconds {arguments.seconds} -o {arguments.o}` on {time.strftime('%Y-%m-%d')}: "
        f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}; load average at the end {load}."
    )
    arguments.o.parent.mkdir(parents=True, exist_ok=True)
    arguments.o.write_text(
        f"# The server under load\n\n{about}\n\n{__doc__.split(chr(10) * 2, 2)[2].strip()}\n\n{found}\n"
    )


if __name__ == "__main__":
    main()
