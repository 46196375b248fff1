"""Folders that a web server lists: links as they come, what breaks off goes on, and what is refused is named."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any

import pytest

from photochrom.archive.listing import listing
from photochrom.archive.manifest import Manifest
from photochrom.archive.sources import plan
from photochrom.errors import StoreError

pytestmark = pytest.mark.usefixtures("here")

Answer = Callable[[BaseHTTPRequestHandler], object]


class Web(ThreadingHTTPServer):
    """Answers each path by a function of the request; others are not there."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.answers.get(self.path, lambda handler: handler.send_error(404))(self)

    def log_message(self, *_: object) -> None:
        pass


def page(text: str, kind: str = "text/html; charset=utf-8", length: int | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        data = text.encode()
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    server = Web()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("photochrom.archive.patience.FIRST_WAIT", 0.0)
    yield server
    server.shutdown()
    server.server_close()


def names(address: str, trouble: Callable[[str], object] | None = None) -> list[str]:
    return [entry.path for entry in listing(address, trouble)]


def test_links_of_every_form(web: Web) -> None:
    """As Apache, nginx and others write them; what leads elsewhere is left alone."""
    web.answers["/scans/"] = page(
        "<!doctype html><title>Index</title><a href='?C=N;O=D'>Name</a> <a href=../>up</a> <a href='/'>home</a>"
        f"<a href='a.jpg'><img src=icon.png></a><A HREF=\"a.jpg\">a</A> <a href='./b.jpg'>b</a> <a href='/scans/c.jpg'>c</a>"
        f"<a href='{web.url}/scans/d%20e.jpg'>d</a> <a href='x&amp;y.jpg'>x</a> <a href='http://elsewhere/z.jpg'>z</a>"
        "<a href='/scans-of-others/o.jpg'>o</a> <a href='mailto:me@here'>me</a> <a href='a.jpg#top'>a</a> <a>none</a>"
        "<a href='deep/'>deep</a> <a href='deep/'>deep</a> <a href='/scans/'>here</a>"
    )
    web.answers["/scans/deep/"] = page("<a href='/scans/'>up</a><a href='f.jpg'>f</a>")
    found = names(f"{web.url}/scans")
    assert sorted(set(found)) == ["a.jpg", "b.jpg", "c.jpg", "d%20e.jpg", "deep/f.jpg", "x&y.jpg"]
    assert web.asked == ["/scans/", "/scans/deep/"]
    manifest = Manifest("m.db", create=True)
    (planned,) = plan(manifest, [f"{web.url}/scans/"], "out")
    assert (planned.new, planned.refused, planned.troubles) == (6, 0, [])
    manifest.close()


def test_links_are_given_before_the_page_has_ended(web: Web) -> None:
    taken = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        for number in range(4000):
            handler.wfile.write(f"<a href='{number:05}.jpg'>{number}</a>\n".encode())
        assert taken.wait(20), "the listing waits for the whole page"
        handler.wfile.write(b"<a href='last.jpg'>last</a>")

    web.answers["/scans/"] = slow
    found = listing(f"{web.url}/scans/")
    assert [entry.path for entry in islice(found, 2)] == ["00000.jpg", "00001.jpg"]
    taken.set()
    assert [entry.path for entry in found][-1] == "last.jpg"


def test_a_huge_page_is_never_whole_in_memory(web: Web) -> None:
    """40,000 links on a page of 4 MB, of which a list of all made 20 MB."""
    count = 40_000

    def long(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        for number in range(count):
            handler.wfile.write(f"<a href='{number:040}.jpg'>{number:040}.jpg</a>\n".encode())

    web.answers["/scans/"] = long
    web.answers["/few/"] = page("<a href='a.jpg'>a</a>")
    assert names(f"{web.url}/few/") == ["a.jpg"]  # loads what it needs
    tracemalloc.start()
    try:
        assert sum(1 for _ in listing(f"{web.url}/scans/")) == count
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_page_that_breaks_off_is_gone_on_with(web: Web) -> None:
    whole = "".join(f"<a href='{number:05}.jpg'>{number}</a>\n" for number in range(9000))
    broken = [whole[:150_000], whole[:220_003]]

    def now_and_then(handler: BaseHTTPRequestHandler) -> None:
        page(broken.pop(0) if broken else whole, length=len(whole))(handler)

    web.answers["/scans/"] = now_and_then
    assert names(f"{web.url}/scans/") == [f"{number:05}.jpg" for number in range(9000)]
    assert len(web.asked) == 3


def test_what_is_refused_is_named(web: Web) -> None:
    def closed(handler: BaseHTTPRequestHandler) -> None:
        handler.send_error(403)

    web.answers |= {"/scans/": page("<a href='closed/'>c</a><a href='gone/'>g</a><a href='z.jpg'>z</a>")}
    web.answers |= {"/scans/closed/": closed, "/closed/": closed}
    troubles: list[Any] = []
    assert names(f"{web.url}/scans/", troubles.append) == ["z.jpg"]
    assert [f"{web.url}/scans/{name}/" in trouble for name, trouble in zip(("closed", "gone"), troubles, strict=True)]
    assert "may not be listed" in troubles[0]
    assert "no such place; what is in it is left out" in troubles[1]
    for place, sentence in (("absent", "no such place"), ("closed", "may not be listed")):
        with pytest.raises(StoreError, match=f"{web.url}/{place}: .*{sentence}"):
            names(f"{web.url}/{place}")


def test_what_is_no_listing(web: Web) -> None:
    """A film has no links, and a page that never ends its first tag is refused before memory is full of it."""
    web.answers |= {"/film/": page("<a href='a.jpg'>", "video/mp4"), "/scans/": page("<a href='" + "x" * 3_000_000)}
    assert names(f"{web.url}/film/") == []
    with pytest.raises(StoreError, match=r"/scans/: is no listing of files; name the pictures in a list"):
        names(f"{web.url}/scans/")
