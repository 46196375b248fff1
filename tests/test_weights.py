"""Weight files: found in the package or the cache, fetched once, never used unverified."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from photochrom import weights
from photochrom.errors import WeightsDigestError, WeightsNotFoundError
from photochrom.weights import WeightsFile, cache_folder, find, locate

CONTENT = bytes(range(256)) * 64


def described(content: bytes, url: str | None = None) -> WeightsFile:
    return WeightsFile("net.onnx", hashlib.sha256(content).hexdigest(), len(content), url)


class Server(ThreadingHTTPServer):
    """Serves ``content``; ``asked`` counts the requests."""

    content = CONTENT
    status = 200
    promised: int | None = None
    asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/net.onnx"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(self.server.promised or len(self.server.content)))
        self.end_headers()
        with suppress(ConnectionError):  # the client may have had enough
            self.wfile.write(self.server.content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHOTOCHROM_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache"


def test_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("PHOTOCHROM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "photochrom"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert cache_folder() == tmp_path / ".cache" / "photochrom"
    assert not list(tmp_path.iterdir()), "asking makes no folder"


def test_a_packaged_file_is_verified_and_needs_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.onnx").write_bytes(CONTENT)
    monkeypatch.setattr(weights, "cache_folder", lambda: pytest.fail("the cache was looked for"))
    assert locate(described(CONTENT), tmp_path) == tmp_path / "net.onnx"
    with pytest.raises(WeightsDigestError, match="sha256") as caught:
        locate(described(b"another"), tmp_path)
    assert caught.value.path == tmp_path / "net.onnx"
    assert caught.value.got == hashlib.sha256(CONTENT).hexdigest()
    assert caught.value.expected == hashlib.sha256(b"another").hexdigest()


def test_a_missing_file_without_url(tmp_path: Path, cache: Path) -> None:
    assert find(described(CONTENT), tmp_path) is None
    with pytest.raises(WeightsNotFoundError, match="do this") as caught:
        locate(described(CONTENT), tmp_path, "do this")
    assert caught.value.path == cache / "net.onnx", "where to put the file by hand"
    assert not cache.exists()
    absent = WeightsFile("absent.onnx", "0" * 64, 1)
    with pytest.raises(WeightsNotFoundError, match="install") as caught:
        locate(absent)
    assert caught.value.path == weights.PACKAGED / "absent.onnx"


def test_fetched_once(tmp_path: Path, cache: Path, server: Server) -> None:
    file = described(CONTENT, server.url)
    for _ in range(2):
        path = locate(file, tmp_path)
        assert path == cache / "net.onnx"
        assert path.read_bytes() == CONTENT
    assert server.asked == 1
    assert [entry.name for entry in cache.iterdir()] == ["net.onnx"]


@pytest.mark.parametrize(
    "content", [CONTENT[:-1] + b"\0", CONTENT + b"more", CONTENT[:100], b""], ids=["changed", "long", "short", "empty"]
)
def test_a_wrong_file_on_arrival_is_not_kept(tmp_path: Path, cache: Path, server: Server, content: bytes) -> None:
    server.content = content
    with pytest.raises(WeightsDigestError) as caught:
        locate(described(CONTENT, server.url), tmp_path)
    assert caught.value.path == cache / "net.onnx"
    assert not list(cache.iterdir())
    server.content = CONTENT
    assert locate(described(CONTENT, server.url), tmp_path).read_bytes() == CONTENT


def test_an_endless_answer_is_cut_short(tmp_path: Path, cache: Path, server: Server) -> None:
    server.content, server.promised = CONTENT * 1000, 1 << 40
    with pytest.raises(WeightsDigestError):
        locate(described(CONTENT, server.url), tmp_path)
    assert not list(cache.iterdir())


def test_an_answer_that_breaks_off(tmp_path: Path, cache: Path, server: Server) -> None:
    server.content, server.promised = CONTENT[:50], len(CONTENT)
    with pytest.raises((WeightsDigestError, WeightsNotFoundError)):
        locate(described(CONTENT, server.url), tmp_path)
    assert not list(cache.iterdir())


def test_not_found_on_the_server(tmp_path: Path, cache: Path, server: Server) -> None:
    server.status = 404
    with pytest.raises(WeightsNotFoundError, match="404") as caught:
        locate(described(CONTENT, server.url), tmp_path)
    assert server.url in str(caught.value)
    assert caught.value.path == cache / "net.onnx", "where to put the file by hand"
    assert not list(cache.iterdir())


def test_an_unreachable_server(tmp_path: Path, cache: Path) -> None:
    with Server(("127.0.0.1", 0), Handler) as closed:
        url = closed.url
    with pytest.raises(WeightsNotFoundError, match="could not be fetched"):
        locate(described(CONTENT, url), tmp_path)
    assert not list(cache.iterdir())


def test_a_cache_that_cannot_be_written(tmp_path: Path, cache: Path, server: Server) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(WeightsNotFoundError):
        locate(described(CONTENT, server.url), tmp_path)
    assert server.asked == 0


def test_a_damaged_file_in_the_cache_is_named(tmp_path: Path, cache: Path, server: Server) -> None:
    cache.mkdir()
    (cache / "net.onnx").write_bytes(b"damaged")
    with pytest.raises(WeightsDigestError, match="delete the file") as caught:
        locate(described(CONTENT, server.url), tmp_path)
    assert caught.value.path == cache / "net.onnx"
    assert server.asked == 0
