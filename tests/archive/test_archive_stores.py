"""Places that fsspec reaches: web servers, Google's and Azure's stores (by stand-ins), zip files, and what is refused by name."""

from __future__ import annotations

import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from archive_helpers import outputs
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry as kinds

from photochrom.archive import stores
from photochrom.archive.execute import Request, execute
from photochrom.archive.manifest import Manifest
from photochrom.archive.sources import Plan, plan
from photochrom.archive.states import State
from photochrom.errors import BatchError, ImageNotFoundError, StoreError

pytestmark = pytest.mark.usefixtures("here")


class Quiet(SimpleHTTPRequestHandler):
    """Files and listings of a folder; what is in a folder ``closed`` is forbidden."""

    def do_GET(self) -> None:
        if "/closed/" in self.path:
            self.send_error(403)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(scans: Path) -> Iterator[str]:
    """The address of the scans on a web server of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=scans))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[MemoryFileSystem]]:
    """A store in memory that answers for gs:// and az://, whose packages are not needed for it."""

    class Bucket(MemoryFileSystem):
        protocol = ("gs", "az")
        store: dict[str, object] = {}  # noqa: RUF012  # fsspec's own way

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(MemoryFileSystem._strip_protocol(f"memory://{path.rpartition('://')[2]}"))

    for protocol in ("gs", "az"):
        monkeypatch.setitem(kinds, protocol, Bucket)
    stores._of_protocol.cache_clear()
    yield Bucket
    stores._of_protocol.cache_clear()


def planned(*sources: str) -> tuple[Plan, dict[str, str]]:
    """What planning came to, and name of the output -> address."""
    manifest = Manifest("planned.db", create=True)
    found = list(plan(manifest, sources, "out"))[-1]
    origins = manifest.origins()
    pairs = {row.name: stores.at(origins[row.origin], row.path or row.name) for row in manifest.rows()}
    manifest.close()
    return found, pairs


def test_pictures_of_a_web_server(web: str, expected: dict[str, bytes]) -> None:
    """A folder that the server lists, a single file, and rows of a list with a query behind the name."""
    Path("list.csv").write_text(f"url,output\n{web}/scan-004.png?size=full,four.png\n{web}/scan-005.png?a=b,\n")
    sources = (f"{web}/deep/", f"{web}/scan-001.png?token=1", "list.csv")
    assert execute(Request("out", sources, workers=1), lambda _: None) == {State.DONE: 6}
    host = web.partition("://")[2]
    there = {"scan-001.png": "scan-001.png", "four.png": "scan-004.png", f"{host}/scan-005.png": "scan-005.png"}
    there |= {name: name for name in expected if name.startswith("deep/")}
    assert outputs("out") == {name: expected[source] for name, source in there.items()}


def test_what_a_web_server_refuses_is_named_at_once(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    with pytest.raises(ImageNotFoundError, match="is not there"):
        stores.read(f"{web}/absent.png")
    with pytest.raises(ImageNotFoundError, match="may not be read"):
        stores.read(f"{web}/closed/a.png")
    assert waits == []


@pytest.mark.parametrize("protocol", ["gs", "az"])
def test_from_and_to_other_stores(
    bucket: type[MemoryFileSystem], protocol: str, scans: Path, expected: dict[str, bytes]
) -> None:
    """URLs find their file system; a worker of this process takes the place of those that would see another memory."""
    from photochrom.archive.picture import Painter
    from photochrom.archive.tasks import Settings, Task

    origin = f"{protocol}://archive/{protocol}"
    for name in ("scan-001.png", "deep/scan-003.jpg"):
        bucket().pipe_file(f"/archive/{protocol}/{name}", (scans / name).read_bytes())
    found, pairs = planned(origin)
    assert (found.new, pairs["deep/scan-003.jpg"]) == (2, f"{origin}/deep/scan-003.jpg")
    painter = Painter(Settings())
    for number, (name, source) in enumerate(pairs.items()):
        target = f"{protocol}://colour/{protocol}/{name}"
        assert painter.do(Task(number, source, target)).state == "done"
        assert stores.read(target) == expected[name]
    assert sorted(planned(f"{origin}/**/scan-*.jpg")[1]) == ["deep/scan-003.jpg", "scan-001.png"]


@pytest.mark.parametrize(("protocol", "package"), [("gs", "gcsfs"), ("az", "adlfs")])
def test_a_package_that_is_missing_is_named(protocol: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(kinds, protocol, raising=False)
    stores._of_protocol.cache_clear()
    with pytest.raises(StoreError, match=f"needs `pip install {package}`, on every machine"):
        planned(f"{protocol}://archive/scans")


def test_zip_files(scans: Path, web: str) -> None:
    """Two keep their names, and names that lead out of the destination are left out."""
    for place in ("one.zip", "two.zip"):
        with zipfile.ZipFile(place, "w") as archive:
            archive.write(scans / "scan-001.png", "scan-001.png")
            archive.writestr("../../evil.png", b"x")
    found, pairs = planned("one.zip", "two.zip")
    assert sorted(pairs) == ["one/scan-001.png", "two/scan-001.png"]
    assert len(found.troubles) == 2
    assert "leads out of the destination" in found.troubles[0]
    assert {stores.read(address) for address in pairs.values()} == {(scans / "scan-001.png").read_bytes()}
    with pytest.raises(ImageNotFoundError, match=f"zip://::{web}/absent.zip"):
        planned(f"{web}/absent.zip")
    Path("bad.zip").write_text("no zip")
    with pytest.raises(StoreError, match=r"bad\.zip: cannot be reached .*not a zip"):
        planned("bad.zip")


def test_a_list_in_a_store_is_refused() -> None:
    with pytest.raises(BatchError, match="copy it here first"):
        planned("s3://bucket/list.csv")
