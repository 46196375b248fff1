"""Figures for Prometheus, of one process or of all workers of a server."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["SHARED", "Metrics"]

#: The variable that names the folder in which the workers of one server keep their figures.
SHARED = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 120)


class Metrics:
    """The figures of an app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["route", "method"]
        self._requests = Counter(
            "photochrom_requests", "Requests answered.", [*labels, "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "photochrom_request_seconds", "Time to answer.", labels, buckets=_SECONDS, registry=self.registry
        )
        gauges = {
            "queue": "Requests that wait for a thread.",
            "jobs": "Requests that are worked on.",
            "opened_bytes": "Memory of opened pictures, about.",
        }
        self._gauges = {
            name: Gauge(f"photochrom_{name}", text, multiprocess_mode="livesum", registry=self.registry)
            for name, text in gauges.items()
        }
        self._sessions = Gauge(
            "photochrom_sessions", "Sessions on disk.", multiprocess_mode="mostrecent", registry=self.registry
        )

    def seen(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        method = method if method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS") else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route, method).observe(seconds)

    def exposition(self, *, queue: int, jobs: int, opened_bytes: int, sessions: int) -> bytes:
        """The figures as Prometheus' text, after the present ones are noted."""
        for name, value in {"queue": queue, "jobs": jobs, "opened_bytes": opened_bytes}.items():
            self._gauges[name].set(value)
        self._sessions.set(sessions)
        if SHARED not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
