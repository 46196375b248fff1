"""ZIP archives read in place: a piece of the directory at a time, whatever wrote them; what is wrong with one is named."""

from __future__ import annotations

import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import fsspec
import pytest

from photochrom.archive import stores, zips
from photochrom.archive.listing import listing
from photochrom.archive.manifest import Manifest
from photochrom.archive.sources import plan
from photochrom.errors import ImageError, ImageNotFoundError, StoreError

pytestmark = pytest.mark.usefixtures("here")


def listed(address: str) -> dict[str, bytes]:
    """What is in a place, every file read."""
    origin = stores.join(address.partition("::")[0]) + "::" + address.partition("::")[2]
    return {entry.path: stores.read(stores.at(origin, entry.path)) for entry in listing(address)}


def names(address: str) -> list[str]:
    return [entry.path for entry in listing(address)]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_file_is_found_and_read(method: int) -> None:
    files = {f"{number % 3}/{number}.jpg": bytes([number]) * number for number in range(30)}
    with zipfile.ZipFile("a.zip", "w", method) as archive:
        archive.mkdir("0") if hasattr(archive, "mkdir") else archive.writestr("0/", b"")
        for name, content in files.items():
            archive.writestr(name, content)
        archive.comment = b"PK, said the scanner"
    assert listed("zip://::a.zip") == files
    within = {name.removeprefix("2/"): content for name, content in files.items() if name.startswith("2/")}
    assert listed("zip://2::a.zip") == within
    assert [entry.size for entry in listing("zip://::a.zip")] == [len(content) for content in files.values()]


def test_what_comes_before_an_archive_and_files_of_more_than_four_gigabytes() -> None:
    """A program that unpacks itself stands before its archive; sizes stand apart where they are, or may be, large."""
    with Path("a.exe.zip").open("wb") as file:
        file.write(b"MZ" * 5000)
    with zipfile.ZipFile("a.exe.zip", "a") as archive, archive.open("a.jpg", "w", force_zip64=True) as member:
        member.write(b"content")
    assert listed("zip://::a.exe.zip") == {"a.jpg": b"content"}


def test_an_archive_with_the_end_of_large_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 65535 files have an end of another kind."""
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    with zipfile.ZipFile("a.zip", "w") as archive:
        for number in range(9):
            archive.writestr(f"{number}.jpg", str(number))
    assert b"PK\6\6" in Path("a.zip").read_bytes()
    assert listed("zip://::a.zip") == {f"{number}.jpg": str(number).encode() for number in range(9)}


def test_names_of_old_and_new_programs() -> None:
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("süd.jpg", b"utf-8")  # which Python marks as such
        old = zipfile.ZipInfo("nord.jpg")
        plain, better = b"nord.jpg", "nörd.jpg".encode()
        old.extra = struct.pack("<2HBL", 0x7075, 5 + len(better), 1, zlib.crc32(plain)) + better
        archive.writestr(old, b"beside")
        archive.writestr("w_st.jpg", b"dos")
    data = Path("a.zip").read_bytes()
    Path("a.zip").write_bytes(data.replace(b"w_st.jpg", b"w\x81st.jpg"))
    assert listed("zip://::a.zip") == {"süd.jpg": b"utf-8", "nörd.jpg": b"beside", "wüst.jpg": b"dos"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_files_of_one_name_the_later_one_holds() -> None:
    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("a.jpg", b"first")
        archive.writestr("b.jpg", b"")
        archive.writestr("a.jpg", b"later")
    assert stores.read("zip://a.jpg::a.zip") == b"later"
    manifest = Manifest("m.db", create=True)
    (found,) = plan(manifest, ["a.zip"], "out")
    assert (found.new, found.refused) == (2, 0)
    manifest.close()


def test_a_huge_directory_is_never_whole_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 files, of which Python's zipfile makes 10 MB: here a piece of their directory, and 16 bytes for each of them."""
    count = 20_000
    with zipfile.ZipFile("a.zip", "w") as archive:
        for number in range(count):
            archive.writestr(f"{number:060}.jpg", b"x")
    monkeypatch.setattr(zips, "_PIECE", 1 << 16)
    next(listing("zip://::a.zip"))  # loads what it needs
    tracemalloc.start()
    try:
        assert sum(1 for _ in listing("zip://::a.zip")) == count
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        assert stores.read(f"zip://{count - 1:060}.jpg::a.zip") == b"x"
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


def test_an_archive_in_a_store() -> None:
    memory = fsspec.filesystem("memory")
    with memory.open("/box/a.zip", "wb") as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("deep/a.jpg", b"a")
    assert listed("zip://::memory://box/a.zip") == {"deep/a.jpg": b"a"}


def test_what_is_wrong_is_named() -> None:
    with zipfile.ZipFile("good.zip", "w") as archive:
        archive.writestr("a.jpg", b"content" * 100)
        archive.writestr("b.jpg", b"content" * 100)
    data = Path("good.zip").read_bytes()
    Path("short.zip").write_bytes(data[:-200])
    Path("torn.zip").write_bytes(data.replace(b"PK\1\2", b"PK\1\3"))
    Path("other.zip").write_bytes(data.replace(b"contentc", b"discontent"[:8], 1))
    locked = bytearray(data)
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        locked[data.index(mark) + flags] |= 1
    Path("locked.zip").write_bytes(locked)
    for name, sentence in {
        "short.zip": "it is not a zip file, or was cut short",
        "torn.zip": "its directory is damaged; copy the archive again",
        "empty": "no such file|cannot be reached|not there",
    }.items():
        with pytest.raises((StoreError, ImageNotFoundError), match=sentence):
            names(f"zip://::{name}")
    with pytest.raises(ImageError, match=r"zip://a\.jpg::other\.zip: cannot be unpacked \(Bad CRC-32"):
        stores.read("zip://a.jpg::other.zip")
    with pytest.raises(ImageError, match=r"cannot be unpacked .*password"):
        stores.read("zip://a.jpg::locked.zip")
    assert stores.read("zip://b.jpg::locked.zip") == b"content" * 100
    with pytest.raises(ImageNotFoundError, match="not in the archive"):
        stores.read("zip://c.jpg::good.zip")
    with pytest.raises(StoreError, match="there is no such place"):
        names("zip://nowhere::good.zip")
