"""Batches on a real Ray: two nodes on this computer, of which one is killed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from archive_helpers import count, done, driver, finished_by_drivers, kill, outputs, rows, until

from photochrom.archive.beginnings import manifest_url
from photochrom.archive.manifest import Manifest
from photochrom.archive.states import State

ray = pytest.importorskip("ray")
_RAY = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_health_check_period_ms": "500"}


class Nodes:
    """A cluster of processes that the test has started itself: a head without processors, and workers beside it."""

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster()
        self._folder = folder
        self._cluster.add_node(num_cpus=0, include_dashboard=False, object_store_memory=80_000_000)
        self.address = self._cluster.address

    def add(self, **more: Any) -> Any:
        return self._cluster.add_node(num_cpus=1, object_store_memory=80_000_000, **more)

    def kill(self, node: Any) -> None:
        """As if its plug were pulled: the node's manager and its workers."""
        raylet = node.all_processes["raylet"][0].process.pid
        for pid in [raylet, *_below(raylet)]:
            with suppress(ProcessLookupError):
                kill(pid)

    def end(self) -> None:
        self._cluster.shutdown()


def _below(pid: int) -> list[int]:
    from archive_helpers import children

    return children(pid)


@contextmanager
def environment(**values: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with environment(**_RAY):
        made = Nodes(tmp_path_factory.mktemp("ray"))
        try:
            yield made
        finally:
            made.end()


def test_a_killed_node_loses_nothing(nodes: Nodes, scans: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = nodes.add()
    with driver(scans, "-o", out, "--ray", nodes.address) as process:
        until(lambda: count(out) >= 2 or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        nodes.kill(first)
        nodes.add()
        code = process.wait(180)
        assert code == 0, process.communicate()
    assert outputs(out) == expected
    assert finished_by_drivers(out) == len(expected)
    assert all(row.kills == 0 for row in rows(out)), "the machine died, and no picture is to blame"


def test_a_killed_driver_and_worker(nodes: Nodes, scans: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with driver(scans, "-o", out, "--ray", nodes.address) as process:
        until(lambda: count(out) >= 2 or process.poll() is not None)
        kill(process.pid)
        process.wait()
    before = count(out)
    with driver(scans, "-o", out, "--ray", nodes.address, "--json") as process:
        until(lambda: count(out) > before or process.poll() is not None)
        for pid in _workers():
            with suppress(ProcessLookupError):
                kill(pid)
        assert process.wait(180) == 0
    assert outputs(out) == expected
    assert count(out, State.DONE) == len(expected)


def test_a_picture_that_hangs_is_given_up(
    nodes: Nodes, scans: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "hangs.png")
    nodes.add()
    out, where = tmp_path / "out", (tmp_path / "hangs.png", scans / "scan-001.png")
    code, events, err = done(*where, "-o", out, "--ray", nodes.address, "--workers", 1, "--timeout", 10)
    assert code == 1
    assert outputs(out) == {"scan-001.png": expected["scan-001.png"]}
    aside = {event["input"]: event["message"] for event in events if event["event"] == "lost" and event["aside"]}
    assert aside == {str(tmp_path / "hangs.png"): "a worker was ended after 10 s over this picture"}, err


def _workers() -> list[int]:
    """The processes of actors that colour pictures."""
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "ray::RemotePainter" in line]


def test_workers_that_wait_for_machines(nodes: Nodes, scans: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    """As with an autoscaler: the cluster is asked for what it does not have yet, and the work begins when it comes."""
    source = scans / "scan-001.png"
    where = "--ray", nodes.address, "--workers", 1, "--resources", "scans=1"
    with driver(source, "-o", tmp_path / "out", *where) as process:
        until(lambda: count(tmp_path / "out", State.WAITING) == 1 or process.poll() is not None)
        nodes.add(resources={"scans": 1})
        assert process.wait(180) == 0, process.communicate()
    assert outputs(tmp_path / "out") == {source.name: expected[source.name]}


def test_an_autoscaler_brings_the_machines(scans: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    """Ray's own, which here starts nodes on this computer: none is there at first that could work."""
    address = f"{ray.util.get_node_ip_address()}:{_free_port()}"
    head = "f" * 51 + "00000"  # the number that Ray's provider of pretended machines gives it
    provider = "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider"
    how = dict.fromkeys(("disable_node_updaters", "disable_launch_config_check", "launch_multiple"), True)
    machine = {"resources": {"CPU": 1, "object_store_memory": 80_000_000}, "node_config": {}, "max_workers": 3}
    config = {
        "cluster_name": "pretended",
        "max_workers": 3,
        "provider": {"type": "external", "module": provider, "gcs_address": address, "head_node_id": head, **how},
        "available_node_types": {
            "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "machine": machine,
        },
        "head_node_type": "ray.head.default",
        "upscaling_speed": 1.0,
        "idle_timeout_minutes": 5,
        **{name: {} for name in ("auth", "docker", "file_mounts")},
        **{f"{when}_commands": [] for when in ("initialization", "setup", "head_setup", "worker_setup")},
        **{f"{kind}_start_ray_commands": [] for kind in ("head", "worker")},
        **{name: [] for name in ("cluster_synced_files", "rsync_exclude", "rsync_filter")},
        "file_mounts_sync_continuously": False,
    }
    (tmp_path / "cluster.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    command += ["--port", address.rpartition(":")[2], "--num-cpus", "0", "--include-dashboard", "false"]
    command += ["--object-store-memory", "80000000", "--autoscaling-config", str(tmp_path / "cluster.json")]
    more = {"RAY_FAKE_CLUSTER": "1", "RAY_enable_autoscaler_v2": "0", "RAY_OVERRIDE_NODE_ID_FOR_TESTING": head}
    with started(command, AUTOSCALER_UPDATE_INTERVAL_S="1", **more):
        until(lambda: _listens(int(address.rpartition(":")[2]), address.rpartition(":")[0]))
        os.mkfifo(
            tmp_path / "late.png"
        )  # it comes when both machines are there, so that the first one does not do it all
        where = "--ray", address, "--workers", 2
        with driver(scans, tmp_path / "late.png", "-o", tmp_path / "out", *where, PHOTOCHROM_LEASE="12", **_RAY) as run:
            until(lambda: "2 workers on 2 nodes" in _workforce(tmp_path / "out") or run.poll() is not None, 240)
            assert run.poll() is None, run.communicate()
            (tmp_path / "late.png").write_bytes((scans / "scan-001.png").read_bytes())
            assert run.wait(180) == 0, run.communicate()
    found = {name.removeprefix("scans/"): data for name, data in outputs(tmp_path / "out").items()}
    assert found == expected | {"late.png": expected["scan-001.png"]}


def _workforce(out: Path) -> str:
    """What the run says that it works with."""
    if not Path(manifest_url(str(out), None)).exists():
        return ""
    manifest = Manifest(manifest_url(str(out), None))
    try:
        return " ".join(one.workers or "" for one in manifest.leases.all())
    finally:
        manifest.close()


def test_through_the_client(scans: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    """``ray://``: the driver is no part of the cluster, and talks to its head alone."""
    port = _free_port()
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--port", "0"]
    command += ["--num-cpus", "1", "--include-dashboard", "false", "--object-store-memory", "80000000"]
    command += ["--ray-client-server-port", str(port)]
    source = scans / "scan-001.png"
    with started(command):
        until(lambda: _listens(port))
        with driver(source, "-o", tmp_path / "out", "--ray", f"ray://127.0.0.1:{port}", **_RAY) as process:
            assert process.wait(180) == 0, process.communicate()
    assert outputs(tmp_path / "out") == {source.name: expected[source.name]}


@contextmanager
def started(command: list[str], **more: str) -> Iterator[None]:
    """A node of Ray as a process of its own, ended with everything that it has started."""
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    node = subprocess.Popen(command, env=os.environ | _RAY | more, **quiet)
    try:
        yield
    finally:
        below = _below(node.pid)
        node.terminate()  # it ends its own processes, but for those that are none of its children any more
        node.wait(60)
        for pid in below:
            with suppress(ProcessLookupError):
                kill(pid)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _listens(port: int, host: str = "127.0.0.1") -> bool:
    with suppress(OSError), socket.create_connection((host, port), 1):
        return True
    return False


def test_a_cluster_that_cannot_be_reached(scans: Path, tmp_path: Path) -> None:
    code, _, err = done(scans, "-o", tmp_path / "out", "--ray", "127.0.0.1:1", **_RAY)
    assert code == 1
    assert "the Ray cluster at 127.0.0.1:1 cannot be used" in err
    assert "ray start --head" in err


def test_a_worker_with_another_version(nodes: Nodes, scans: Path, tmp_path: Path) -> None:
    """A node whose Photochrom is another one: a real process that imports another version."""
    old = tmp_path / "old"
    old.mkdir()
    (old / "sitecustomize.py").write_text("import photochrom.version\nphotochrom.version.__version__ = '0.0.9'\n")
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--address", nodes.address]
    command += ["--num-cpus", "1", "--resources", '{"old": 1}', "--object-store-memory", "80000000"]
    with started(command, PYTHONPATH=str(old)):
        where = "--ray", nodes.address, "--workers", 1, "--resources", "old=1"
        code, _, err = done(scans, "-o", tmp_path / "out", *where)
        assert code == 1
        assert "has Photochrom 0.0.9, and the driver has" in err
        assert "install the same on all machines" in err
