"""Workers on a Ray cluster: actors that hold the model. Addresses travel to them and figures come back, never pixels.

Ray Core's actors are used and not Ray Data with its checkpoints: the manifest is the one truth of what is done, and a second
record of it could only disagree. What Ray gives is placement, new machines (its autoscaler sees actors that wait), and word of
every death, which distinguishes a picture that kills its worker from a machine that went away.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photochrom.archive.pools import DEPTH, AtHand, Lost
from photochrom.archive.tasks import Hello, Result, Settings, Task
from photochrom.errors import BatchError, ClusterError, MissingExtraError
from photochrom.version import __version__

__all__ = ["RayPool", "RemotePainter"]

#: Seconds between two looks at how large the cluster is, and until a cluster without a worker is given up.
_LOOK, _PATIENCE = 5.0, 900.0
#: A death that seems to be the machine's is not held against a picture so many times.
_SPARED = 4


class RemotePainter:
    """What a worker does, in a process of the cluster. Everything that can go wrong at its start comes back as a sentence."""

    def __init__(self, settings: Settings, threads: int, driver: int, version: str) -> None:
        self._settings, self._threads, self._driver, self._version = settings, threads, driver, version
        self._painter: Any = None

    def hello(self) -> tuple[Hello | str, str]:
        """What this worker is, or why it cannot work; and the number of its node."""
        import ray

        return self._begin(), str(ray.get_runtime_context().get_node_id())

    def do(self, task: Task) -> Result:
        """Do one task."""
        result: Result = self._painter.do(task)
        return result

    def _begin(self) -> Hello | str:
        here = socket.gethostname()
        if __version__ != self._version:
            return f"{here} has Photochrom {__version__}, and the driver has {self._version}; install the same on all machines"
        scratch = self._settings.scratch
        if scratch is not None and not (Path(scratch) / f"driver-{self._driver}").exists():
            return f"{here} does not see {scratch}; the destination must be a folder that all machines share, or a URL"
        os.environ["VIPS_CONCURRENCY"] = str(self._threads)
        from photochrom.archive.picture import Painter, limit_memory
        from photochrom.errors import PhotochromError

        try:
            limit_memory(self._settings.memory)
            self._painter = Painter(self._settings, self._threads)
            import cv2

            cv2.setNumThreads(self._threads)
        except PhotochromError as error:
            return f"{here}: {error}"
        hello: Hello = self._painter.hello
        return hello


@dataclass
class _Worker:
    actor: Any
    hello: Any
    hand: AtHand = field(default_factory=AtHand)
    refs: dict[int, Any] = field(default_factory=dict)
    node: str | None = None

    @property
    def ready(self) -> bool:
        return self.node is not None

    def expected(self) -> list[Any]:
        """What is expected of it: results, or first of all its hello."""
        return list(self.refs.values()) if self.ready else [self.hello]


class RayPool:
    """Actors on the cluster at ``address``; ``workers`` of them, or as many as there are processors, now and later.

    resources: what each takes besides its processors, such as ``"scans=1"``. driver: the number under which the driver left its
    mark in the destination. timeout: seconds after which a picture's worker is ended, as if it had died. Raises ClusterError,
    MissingExtraError.
    """

    def __init__(
        self,
        settings: Settings,
        address: str,
        workers: int | None,
        *,
        threads: int,
        resources: str | None,
        driver: int,
        timeout: float = 3600.0,
    ) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError as error:
            raise MissingExtraError("batch", "--ray") from error
        self._ray: Any = ray
        self._wanted, self._threads, self._timeout = workers, threads, timeout
        needs = _amounts(resources)
        try:
            _knock(address)
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # the connection's, the version's and the client's errors have no common kind
            raise ClusterError(
                f"the Ray cluster at {address} cannot be used: {' '.join(str(error).split())[:500]} (`ray start --head` starts "
                "one on this computer; without --ray, its processors are used directly)"
            ) from error
        actors = self._ray.remote(num_cpus=threads, resources=needs, max_restarts=0, max_concurrency=DEPTH)
        self._make: Any = actors(RemotePainter)
        self._arguments = settings, threads, driver, __version__
        self._needs = {"CPU": float(threads), **needs}
        self._workers: list[_Worker] = []
        self._hello: Hello | None = None
        self._spared: dict[int, int] = {}
        self._begun = time.monotonic()
        self._looked = 0.0
        self._grow()

    def hello(self) -> Hello:
        """What the workers are. Raises ClusterError, BatchError."""
        while self._hello is None:
            self.wait(1.0)
        return self._hello

    @property
    def slots(self) -> int:
        """Tasks at hand of all workers that are ready."""
        return DEPTH * sum(worker.ready for worker in self._workers)

    def describe(self) -> str:
        """The workers in words."""
        workers = sum(worker.ready for worker in self._workers)
        nodes = len({worker.node for worker in self._workers if worker.ready})
        return f"Ray: {workers} worker{'s' * (workers != 1)} on {nodes} node{'s' * (nodes != 1)}"

    def room(self, task: Task) -> bool:
        """Whether a worker can take it now."""
        return any(worker.ready and worker.hand.fits(task) for worker in self._workers)

    def submit(self, task: Task) -> None:
        """To the ready worker that has least to do."""
        fit = (worker for worker in self._workers if worker.ready and worker.hand.fits(task))
        worker = min(fit, key=lambda one: len(one.hand.tasks))
        worker.hand.add(task)
        worker.refs[task.id] = worker.actor.do.remote(task)

    def wait(self, seconds: float) -> list[Result | Lost]:
        """Results, and tasks whose worker died. Raises ClusterError, BatchError."""
        self._grow()
        by_ref = {ref: worker for worker in self._workers for ref in worker.expected()}
        if not by_ref:
            time.sleep(seconds)
            return []
        found: list[Result | Lost] = []
        some, _ = self._ray.wait(list(by_ref), num_returns=1, timeout=seconds)
        if some:
            dead: list[tuple[_Worker, Exception]] = []
            for ref in self._ray.wait(list(by_ref), num_returns=len(by_ref), timeout=0)[0]:
                self._hear(by_ref[ref], ref, found, dead)
            for worker, error in dead:  # after what they have brought
                self._bury(worker, error, found)
        for worker in self._workers:
            if worker.ready and worker.hand.overdue(self._timeout):
                self._bury(worker, TimeoutError(), found)
        return found

    def close(self) -> None:
        """End the workers, and leave the cluster."""
        for worker in self._workers:
            self._ray.kill(worker.actor)
        self._ray.shutdown()

    def _grow(self) -> None:
        """As many workers as are wanted, or as the cluster has room for."""
        now = time.monotonic()
        if now - self._looked < _LOOK and self._looked:
            return
        self._looked = now
        if self._hello is None and now - self._begun > _PATIENCE:
            raise ClusterError(
                f"no worker got ready in {_PATIENCE:g} s: each needs {self._needs}, and the cluster has {self._has()}"
            )
        wanted = self._wanted or max(1, int(self._has().get("CPU", 0)) // self._threads)
        while len(self._workers) < wanted:
            actor: Any = self._make.remote(*self._arguments)
            self._workers.append(_Worker(actor, actor.hello.remote()))

    def _has(self) -> dict[str, float]:
        return {name: amount for name, amount in self._ray.cluster_resources().items() if ":" not in name}

    def _hear(
        self, worker: _Worker, ref: Any, found: list[Result | Lost], dead: list[tuple[_Worker, Exception]]
    ) -> None:
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(ref)
        except errors.RayActorError as error:
            dead.append((worker, error))
            return
        except errors.RayTaskError as error:
            cause = error.as_instanceof_cause()
            if isinstance(cause, MemoryError):
                dead.append((worker, cause))
                return
            raise BatchError(f"a worker gave up: {' '.join(str(cause).split())[-500:]}") from error
        except errors.RayError as error:  # what it brought was lost on the way
            dead.append((worker, errors.ActorUnavailableError(str(error), None)))
            return
        if worker.ready:
            worker.hand.remove(answer.id)
            del worker.refs[answer.id]
            found.append(answer)
            return
        hello, worker.node = answer
        if isinstance(hello, str):
            raise ClusterError(hello)
        if self._hello is not None and hello.model_sha256 != self._hello.model_sha256:
            raise ClusterError(
                f"{hello.machine} has another model than {self._hello.machine} under the same name or path"
            )
        self._hello = self._hello or hello

    def _bury(self, worker: _Worker, error: Exception, found: list[Result | Lost]) -> None:
        """A worker died, or is ended: all that it had at hand is suspect, since nobody knows which one it was over."""
        if worker not in self._workers:  # several of its tasks brought the news
            return
        self._workers.remove(worker)
        self._ray.kill(worker.actor)
        self._looked = 0.0  # another one takes its place as soon as there is room
        if (
            not worker.ready
            and not isinstance(error, self._ray.exceptions.ActorUnavailableError)
            and self._node_lives(error)
        ):
            raise ClusterError(f"a worker died before it was ready: {' '.join(str(error).split())[:500]}")
        late = isinstance(error, TimeoutError)
        why = "a worker of the cluster died"
        if isinstance(error, MemoryError):
            why = "a worker ran out of memory"
        elif late:
            why = f"a worker was ended after {self._timeout:g} s over this picture"
        for id_ in worker.hand.tasks:
            blame = id_ == worker.hand.oldest if late else self._guilty(id_, error)
            found.append(Lost(id_, why, blame=blame))

    def _guilty(self, task: int, error: Exception) -> bool:
        """Whether a death may be the picture's fault: its process died and its machine did not."""
        if self._node_lives(error) and not isinstance(error, self._ray.exceptions.ActorUnavailableError):
            return True
        self._spared[task] = self._spared.get(task, 0) + 1
        return self._spared[task] > _SPARED

    def _node_lives(self, error: Exception) -> bool:
        return "node has died" not in str(error).replace("\n", " ")


def _knock(address: str) -> None:
    """Ask whether anyone listens there at all: Ray itself would wait for minutes. Raises OSError."""
    host, mark, port = address.rpartition("://")[2].rpartition(":")
    if mark and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _amounts(resources: str | None) -> dict[str, float]:
    found = {}
    for part in (resources or "").split(","):
        name, _, amount = part.partition("=")
        try:
            if part:
                found[name.strip()] = float(amount)
        except ValueError:
            raise ClusterError(f"--resources is {resources!r}, expected NAME=AMOUNT,...") from None
    return found
