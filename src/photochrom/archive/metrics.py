"""Figures of a running batch for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from photochrom.archive.states import State
from photochrom.errors import MissingExtraError, OptionError

__all__ = ["Metrics"]

_SECONDS = (0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)


class Metrics:
    """Counts since the start of this run, and how many pictures are in each state.

    ``photochrom_batch_pictures_total{state}``, ``photochrom_batch_failures_total{error}``,
    ``photochrom_batch_workers_lost_total``, the histogram ``photochrom_batch_seconds``, and the gauge
    ``photochrom_batch_state{state}``.
    """

    def __init__(self) -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
        except ImportError as error:
            raise MissingExtraError("batch", "--metrics") from error
        registry = self._registry = CollectorRegistry()
        self._pictures = Counter(
            "photochrom_batch_pictures", "Pictures that are finished.", ["state"], registry=registry
        )
        self._failures = Counter("photochrom_batch_failures", "Pictures that failed.", ["error"], registry=registry)
        self._lost = Counter("photochrom_batch_workers_lost", "Workers that died.", registry=registry)
        self._seconds = Histogram("photochrom_batch_seconds", "Time of a picture.", buckets=_SECONDS, registry=registry)
        self._states = Gauge("photochrom_batch_state", "Pictures in each state.", ["state"], registry=registry)
        self._server: Any = None

    def serve(self, port: int) -> int:
        """Answer on this port of 127.0.0.1, or on any free one for 0; returns it. Raises OptionError."""
        from prometheus_client import start_http_server

        try:
            self._server, _ = start_http_server(port, "127.0.0.1", self._registry)
        except OSError as error:
            raise OptionError("--metrics", port, f"a port that is free ({error.strerror})") from error
        return int(self._server.server_port)

    def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def states(self, counts: Mapping[State, int]) -> None:
        """Set how many pictures are in each state."""
        for state in State:
            self._states.labels(state.label).set(counts.get(state, 0))

    def tell(self, event: Mapping[str, Any]) -> None:
        """Count an event of the driver."""
        if event["event"] == "lost":
            self._lost.inc()
            if event["aside"]:
                self._move(State.ASIDE.label)
        if event["event"] != "picture":
            return
        self._pictures.labels(event["state"]).inc()
        self._seconds.observe(event["seconds"])
        if "error" in event:
            self._failures.labels(event["error"]).inc()
        self._move(event["state"])

    def _move(self, state: str) -> None:
        self._states.labels(State.WAITING.label).dec()
        self._states.labels(state).inc()
