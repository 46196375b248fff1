"""An object store that fails now and then: moto's server, which speaks S3 over HTTP, behind a proxy that refuses some."""

from __future__ import annotations

import random
import threading
from collections import Counter
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["KEYS", "Flaky"]

#: What moto's server takes from anyone.
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


class Flaky:
    """A proxy on ``url`` before the store on ``port`` that answers a share of the requests with an error.

    Counts ``requests``, those that ``failed``, and how often something was ``put`` in each place.
    """

    def __init__(self, port: int, share: float) -> None:
        self.requests = self.failed = 0
        self.put = Counter[str]()
        dice, flaky = random.Random(0), self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                flaky.requests += 1
                if dice.random() < share:
                    flaky.failed += 1
                    self._answer(500, {}, b"<Error><Code>Broken</Code><Message>now and then</Message></Error>")
                    return
                onward = HTTPConnection("127.0.0.1", port, timeout=30)
                onward.request(self.command, self.path, body, dict(self.headers))
                answer = onward.getresponse()
                flaky.put[self.path] += self.command == "PUT"
                self._answer(answer.status, dict(answer.getheaders()), answer.read())
                onward.close()

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response_only(status)
                length = headers.get("Content-Length") if self.command == "HEAD" else None
                for key, value in headers.items():
                    if key.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(key, value)
                self.send_header("Content-Length", length or str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_one  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
