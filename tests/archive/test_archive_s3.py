"""Batches from and to a real object store: moto's server, which speaks S3 over HTTP, behind a proxy that fails now and then."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bagit
import boto3
import pytest
from archive_helpers import done, driver, kill, until
from moto.server import ThreadedMotoServer

from helpers import Command
from photochrom.archive import listing as pages
from photochrom.archive import patience, stores
from photochrom.archive.beginnings import MANIFEST
from photochrom.archive.manifest import Manifest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from flaky_store import KEYS, Flaky


@pytest.fixture(scope="module")
def store(scans: Path) -> Iterator[Any]:
    """A client of the store, with the scans in the bucket ``scans``, and the store's port."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    port = server._server.server_port  # type: ignore[union-attr]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", **keys)
    client.create_bucket(Bucket="archive")
    for path in sorted(scans.rglob("*.*")):
        client.upload_file(str(path), "archive", f"scans/{path.relative_to(scans).as_posix()}")
    client.put_object(Bucket="archive", Key="scans/notes.txt", Body=b"no picture")
    yield client, port
    client.close()
    server.stop()


def results(client: Any, prefix: str) -> dict[str, bytes]:
    found = client.list_objects_v2(Bucket="archive", Prefix=prefix).get("Contents", ())
    keys = [one["Key"] for one in found]
    return {key[len(prefix) :]: client.get_object(Bucket="archive", Key=key)["Body"].read() for key in keys}


def test_a_store_that_fails_and_a_driver_that_dies(store: Any, expected: dict[str, bytes], tmp_path: Path) -> None:
    client, port = store
    flaky = Flaky(port, 0.05)
    manifest = tmp_path / MANIFEST
    arguments = ("s3://archive/scans", "-o", "s3://archive/color", "--manifest", manifest, "--workers", 1)
    environment = {**KEYS, "AWS_ENDPOINT_URL": flaky.url}
    try:
        with driver(*arguments, **environment) as process:
            until(lambda: len(results(client, "color/")) >= 2 or process.poll() is not None)
            kill(process.pid)
            process.wait()
        code, events, err = done(*arguments, **environment)
        assert code == 0, err
        assert events[-1]["done"] == len(expected)
        assert results(client, "color/") == expected
        assert flaky.failed > 0
    finally:
        flaky.close()


def test_what_is_in_the_way_stays(store: Any, expected: dict[str, bytes], tmp_path: Path) -> None:
    client, port = store
    client.put_object(Bucket="archive", Key="other/scan-001.png", Body=b"foreign")
    environment = {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    manifest = tmp_path / MANIFEST
    where = "s3://archive/scans/scan-00[12].png", "-o", "s3://archive/other", "--manifest", manifest, "--workers", 1
    code, _, err = done(*where, **environment)
    assert (code, "this batch did not write" in err) == (1, True)
    name = "scan-002.png"
    assert results(client, "other/") == {"scan-001.png": b"foreign", name: expected[name]}
    client.put_object(Bucket="archive", Key=f"other/{name}", Body=b"changed")
    with driver("verify", "s3://archive/other", "--manifest", manifest, **environment) as process:
        out, _ = process.communicate(timeout=120)
    problems = [line.split(": ")[:2] for line in out.splitlines()]
    assert ["changed", f"s3://archive/other/{name}"] in problems
    assert ["foreign", "s3://archive/other/scan-001.png"] in problems


def test_a_bag_in_a_store(
    store: Any, expected: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photochrom: Command
) -> None:
    """A copy of it satisfies the bagit package, and what is changed in the store is found there."""
    client, port = store
    for key, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}.items():
        monkeypatch.setenv(key, value)
    stores._of_protocol.cache_clear()
    manifest = tmp_path / MANIFEST
    where = (
        "s3://archive/scans/scan-00[12].png",
        "-o",
        "s3://archive/bag",
        "--manifest",
        manifest,
        "--bag",
        "--sidecars",
    )
    verify = "batch", "verify", "s3://archive/bag", "--manifest", manifest
    try:
        code, events, err = done(*where, "--workers", 1)
        assert code == 0, err
        assert [event["files"] for event in events if event["event"] == "bag"] == [4]
        copy = results(client, "bag/")
        for name, content in copy.items():
            (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "copy" / name).write_bytes(content)
        bagit.Bag(str(tmp_path / "copy")).validate()
        assert copy["data/scan-001.png"] == expected["scan-001.png"]
        assert photochrom(*verify).code == 0
        client.put_object(Bucket="archive", Key="bag/bag-info.txt", Body=b"changed")
        client.delete_object(Bucket="archive", Key="bag/data/scan-001.png.provenance.json")
        client.put_object(Bucket="archive", Key="bag/data/scan-002.png", Body=b"changed")
        found = photochrom(*verify)
        assert found.code == 1
        for problem in (
            "bag-info.txt is not the one",
            "is not the inventory",
            "changed: s3://archive/bag/data/scan-002.png",
        ):
            assert problem in found.out
        client.delete_object(Bucket="archive", Key="bag/tagmanifest-sha256.txt")
        assert "the bag is made when all pictures are finished" in photochrom(*verify).out
    finally:
        stores._of_protocol.cache_clear()


def test_listings_come_in_pages(store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, port = store
    for number in range(25):
        client.put_object(Bucket="archive", Key=f"many/{number:02}.jpg", Body=b"")
    for key, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(pages, "_PAGE", 10)
    stores._of_protocol.cache_clear()
    try:
        assert [entry.path for entry in pages.listing("s3://archive/many")] == [f"{n:02}.jpg" for n in range(25)]
        from photochrom.archive.sources import plan

        manifest = Manifest(str(tmp_path / "m.db"), create=True)
        (found,) = plan(manifest, ["s3://archive/many/*[05].jpg"], "out")
        assert found.new == 5
        manifest.close()
    finally:
        stores._of_protocol.cache_clear()


def test_requests_are_made_again_with_longer_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    answers = iter([OSError("broken"), OSError("broken"), None])

    def request() -> str:
        failure = next(answers)
        if failure:
            raise failure
        return "answer"

    assert patience.patiently(request, "s3://x/y") == "answer"
    assert len(waits) == 2

    def hopeless() -> None:
        raise OSError("no such host")

    with pytest.raises(Exception, match="s3://x/y: failed 6 times, at last: no such host"):
        patience.patiently(hopeless, "s3://x/y")
    assert len(waits) == 2 + patience.ATTEMPTS - 1
    assert waits[-1] > waits[2]

    class NoCredentialsError(Exception):
        """As botocore names it."""

    def locked() -> None:
        raise NoCredentialsError("Unable to locate credentials")

    waits.clear()
    with pytest.raises(PermissionError):
        patience.patiently(locked, "s3://x/y")
    assert waits == [], "keys do not come by waiting"
