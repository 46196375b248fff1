"""Listings of Google's and Azure's stores, page by page: by stand-ins of their packages, and by those themselves where installed.

The servers speak as much of the JSON API of Cloud Storage and of Azure's List Blobs as listings and reading need.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit
from xml.sax.saxutils import escape

import fsspec
import pytest
from fsspec.asyn import get_loop
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry as kinds

from photochrom.archive import listing as pages
from photochrom.archive import stores
from photochrom.archive.listing import listing
from photochrom.archive.manifest import Manifest
from photochrom.archive.sources import plan
from photochrom.errors import StoreError

pytestmark = pytest.mark.usefixtures("here")

#: In the order of stores: by bytes. The second stands for a folder; the neighbour only begins alike.
NAMES = ["scans/a b+c.jpg", "scans/deep/", "scans/deep/ä.tif", *(f"scans/{n:02}.jpg" for n in range(20))]
OTHERS = ["scans-of-others/x.jpg", "up.jpg"]
EXPECTED = sorted(name.removeprefix("scans/") for name in NAMES if not name.endswith("/"))


class Store(ThreadingHTTPServer):
    """Both services at once. ``marks``: what each listing request gave as the place to go on from."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.names = sorted([*NAMES, *OTHERS], key=str.encode)
        self.marks: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def page(self, query: dict[str, str], size: str, mark: str) -> tuple[list[str], str]:
        """The names on one page, and the next one's mark, as both services page."""
        self.marks.append(query.get(mark, ""))
        names = [name for name in self.names if name.startswith(query.get("prefix", ""))]
        begin, count = int(query.get(mark) or 0), int(query[size])
        return names[begin : begin + count], str(begin + count) if begin + count < len(names) else ""


class Answer(BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if "/absent" in url.path:
            self.send_error(404)
        elif "/closed" in url.path:
            self.send_error(403)
        elif query.get("comp") == "list":
            names, mark = self.server.page(query, "maxresults", "marker")
            folder = "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>"
            blobs = "".join(
                f"<Blob><Name>{escape(name.rstrip('/'))}</Name><Properties><BlobType>BlockBlob</BlobType>"
                f"<Content-Length>7</Content-Length></Properties>{folder if name.endswith('/') else ''}</Blob>"
                for name in names
            )
            text = f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{mark}</NextMarker></EnumerationResults>"
            self.answer(f'<?xml version="1.0" encoding="utf-8"?>{text}', "application/xml")
        elif url.path == "/storage/v1/b/archive/o":
            names, mark = self.server.page(query, "maxResults", "pageToken")
            found: dict[str, Any] = {"items": [{"name": name, "size": "7"} for name in names]} if names else {}
            self.answer(json.dumps(found | ({"nextPageToken": mark} if mark else {})), "application/json")
        else:
            self.answer(unquote(url.path).rpartition("/")[2], "application/octet-stream")

    def answer(self, text: str, kind: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class Google(MemoryFileSystem):
    """As much of gcsfs as is used."""

    protocol = ("gs", "gcs")
    url = ""

    def call(self, method: str, path: str, *names: str, json_out: bool, **query: Any) -> Any:
        assert (method, json_out) == ("GET", True)
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        where = f"{self.url}/storage/v1/{path.format(*(quote(name) for name in names))}?{asked}"
        with urllib.request.urlopen(where) as answer:
            return json.load(answer)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.partition("://")[2].rstrip("/")


class Azure(MemoryFileSystem):
    """As much of adlfs as is used: its client, with the iterators of azure.storage.blob.aio."""

    protocol = ("abfs", "az", "abfss")
    store: Any = None
    loop = None

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.loop = get_loop()
        self.service_client = SimpleNamespace(get_container_client=lambda container: Container(self.store))

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.partition("://")[2].rstrip("/")


class Container:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def __aenter__(self) -> Container:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def list_blobs(self, *, name_starts_with: str, include: list[str], results_per_page: int) -> Any:
        assert include == ["metadata"]

        class Pages:
            """From a mark on; after each page ``continuation_token`` is the next one's."""

            def __init__(inner, mark: str | None) -> None:  # noqa: N805
                inner.continuation_token: str | None = mark

            async def __aiter__(inner) -> AsyncIterator[AsyncIterator[Any]]:  # noqa: N805
                while True:
                    query = {"prefix": name_starts_with, "size": str(results_per_page)}
                    if inner.continuation_token:
                        query["marker"] = inner.continuation_token
                    names, mark = self._store.page(query, "size", "marker")
                    inner.continuation_token = mark or None
                    yield blobs(names)
                    if not mark:
                        return

        async def blobs(names: list[str]) -> AsyncIterator[Any]:
            for name in names:
                await asyncio.sleep(0)
                metadata = {"hdi_isfolder": "true"} if name.endswith("/") else None
                yield SimpleNamespace(name=name.rstrip("/"), size=7, metadata=metadata)

        return SimpleNamespace(by_page=lambda continuation_token: Pages(continuation_token))


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    server = Store()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(pages, "_PAGE", 5)
    monkeypatch.setattr("time.sleep", lambda _: None)
    yield server
    stores._of_protocol.cache_clear()
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["gs", "az", "gs by gcsfs", "az by adlfs"])
def protocol(request: pytest.FixtureRequest, store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store of Google's or Azure's, by a stand-in of fsspec's package for it, or by the package."""
    protocol, _, package = str(request.param).partition(" by ")
    if package:
        pytest.importorskip(package)
        key = base64.b64encode(b"key").decode()
        azure = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={key};BlobEndpoint={store.url}/a;"
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.url)
        monkeypatch.delitem(kinds, protocol, raising=False)
    else:
        monkeypatch.setitem(kinds, protocol, {"gs": Google, "az": Azure}[protocol])
        monkeypatch.setattr(Google, "url", store.url)
        monkeypatch.setattr(Azure, "store", store)
    fsspec.get_filesystem_class(protocol).clear_instance_cache()
    stores._of_protocol.cache_clear()
    return protocol


def test_pages_as_they_are_needed(protocol: str, store: Store) -> None:
    found = listing(f"{protocol}://archive/scans")
    assert [entry.size for entry in islice(found, 3)] == [7, 7, 7]
    assert len(store.marks) == 1
    assert len(list(found)) == len(EXPECTED) - 3
    assert store.marks == ["", "5", "10", "15", "20"]
    assert sorted(entry.path for entry in listing(f"{protocol}://archive/scans/")) == EXPECTED
    assert len(list(listing(f"{protocol}://archive"))) == len(EXPECTED) + len(OTHERS)
    assert list(listing(f"{protocol}://archive/nothing")) == []


def test_planning_from_them(protocol: str) -> None:
    manifest = Manifest("m.db", create=True)
    (found,) = plan(manifest, [f"{protocol}://archive/scans/*[05].jpg"], "out")
    assert found.new == 4
    assert {row.name for row in manifest.rows()} == {"00.jpg", "05.jpg", "10.jpg", "15.jpg"}
    manifest.close()


@pytest.mark.parametrize("place", ["absent", "closed"])
def test_a_place_that_is_not_there_or_forbidden_is_named(protocol: str, place: str) -> None:
    if kinds.get(protocol) in (Google, Azure):
        pytest.skip("only the packages themselves translate what the store answers")
    with pytest.raises(StoreError, match=f"{protocol}://{place}/scans: "):
        list(listing(f"{protocol}://{place}/scans"))
