"""The files below a URL, of any store that fsspec reaches; of those that have millions, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from photochrom.archive import zips
from photochrom.archive.indexes import linked
from photochrom.archive.patience import patiently
from photochrom.archive.stores import Entry, filesystem, join
from photochrom.errors import StoreError

__all__ = ["listing"]

_PAGE = 1000
_GOOGLE, _AZURE = {"gs", "gcs"}, {"az", "abfs", "abfss"}
#: A bucket, a prefix, and the mark that the page before gave, None for the first: names with sizes, and the next mark or None.
_Page = Callable[[str, str, str | None], tuple[list[tuple[str, int | None]], str | None]]


def listing(address: str, trouble: Callable[[str], object] | None = None) -> Iterator[Entry]:
    """The files below a place, in an order that stays. Raises StoreError.

    Never whole in memory: S3's, Google's and Azure's stores are asked for pages of 1000 as they are needed, where fsspec itself
    gives folders whole; of a ZIP archive's directory and a web server's page of links a piece is read at a time. Other stores are
    listed by fsspec, one folder at a time. trouble: gets a sentence for each folder below the place that cannot be listed, in
    stores that are listed by folders; without it, they raise.
    """
    if zips.is_zip(address):
        yield from _of_zip(address)
        return
    fs, root = filesystem(address)
    page = _pager(fs)
    if page is None:
        yield from _by_folder(fs, root, address, trouble)
        return
    with _named(address):
        yield from _by_page(page, root, address)


@contextmanager
def _named(address: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"{address}: there is no such place") from error
    except PermissionError as error:
        raise StoreError(f"{address}: may not be listed; are the credentials for it set here?") from error


def _of_zip(address: str) -> Iterator[Entry]:
    inside = address.partition("::")[0].partition("://")[2].strip("/")
    none = True
    for member in zips.members(address):
        none = False
        yield Entry(member.name[len(inside) :].lstrip("/") if inside else member.name, member.size)
    if none and inside:
        raise StoreError(f"{address}: there is no such place")


def _pager(fs: Any) -> _Page | None:
    """How a page is asked for; None for a file system that knows none."""
    kinds = {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)
    if hasattr(fs, "call_s3"):
        return lambda *where: _page_of_s3(fs, *where)
    if kinds & _GOOGLE and hasattr(fs, "call"):
        return lambda *where: _page_of_google(fs, *where)
    if kinds & _AZURE and hasattr(fs, "service_client"):
        return lambda *where: _page_of_azure(fs, *where)
    return None


def _by_page(page: _Page, root: str, address: str) -> Iterator[Entry]:
    bucket, _, prefix = root.partition("/")
    prefix = join(prefix)
    mark: str | None = None
    while True:
        files, mark = patiently(partial(page, bucket, prefix, mark), address)
        for name, size in files:
            if not name.endswith("/"):  # which stands for a folder
                yield Entry(name[len(prefix) :], size)
        if not mark:
            return


def _page_of_s3(fs: Any, bucket: str, prefix: str, mark: str | None) -> tuple[list[tuple[str, int | None]], str | None]:
    more = {} if mark is None else {"ContinuationToken": mark}
    page = fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=_PAGE, **more)
    files = [(one["Key"], one["Size"]) for one in page.get("Contents", ())]
    return files, page["NextContinuationToken"] if page.get("IsTruncated") else None


def _page_of_google(
    fs: Any, bucket: str, prefix: str, mark: str | None
) -> tuple[list[tuple[str, int | None]], str | None]:
    """Objects: list of the JSON API, of which a page may be empty and not the last."""
    wanted = "nextPageToken,items(name,size)"
    page = fs.call(
        "GET", "b/{}/o", bucket, prefix=prefix, maxResults=_PAGE, pageToken=mark, fields=wanted, json_out=True
    )
    return [(one["name"], int(one["size"])) for one in page.get("items", ())], page.get("nextPageToken")


def _page_of_azure(
    fs: Any, bucket: str, prefix: str, mark: str | None
) -> tuple[list[tuple[str, int | None]], str | None]:
    """List Blobs, without the blobs that stand for folders of an account with a hierarchy."""
    from fsspec.asyn import sync

    async def once() -> tuple[list[tuple[str, int | None]], str | None]:
        async with fs.service_client.get_container_client(container=bucket) as container:
            blobs = container.list_blobs(name_starts_with=prefix, include=["metadata"], results_per_page=_PAGE)
            pages = blobs.by_page(continuation_token=mark)
            async for page in pages:
                files = [(one.name, one.size) async for one in page if not (one.metadata or {}).get("hdi_isfolder")]
                return files, pages.continuation_token
        return [], None

    found: tuple[list[tuple[str, int | None]], str | None] = sync(fs.loop, once)
    return found


def _by_folder(fs: Any, root: str, address: str, trouble: Callable[[str], object] | None) -> Iterator[Entry]:
    """Folder by folder; a page of links as it comes, what fsspec gives whole in order."""
    of_web = hasattr(fs, "encode_url")
    base = root.rstrip("/")
    waiting = [""]
    while waiting:
        below = waiting.pop()
        folders: dict[str, None] = {}
        try:
            with _named(f"{join(base)}{below}" if below else address):
                for path, size in _on_web(fs, base, below) if of_web else _by_fsspec(fs, base, below, address):
                    if path.endswith("/"):
                        folders[path] = None
                    else:
                        yield Entry(path, size)
        except StoreError as error:
            if trouble is None or not below:
                raise
            trouble(f"{error}; what is in it is left out")
        waiting.extend(reversed(folders))


def _on_web(fs: Any, base: str, below: str) -> Iterator[tuple[str, int | None]]:
    return ((f"{below}{link}", None) for link in linked(fs, f"{join(base)}{below}"))


def _by_fsspec(fs: Any, base: str, below: str, address: str) -> Iterator[tuple[str, int | None]]:
    """What is right below a folder; names of folders end with a slash."""
    here = f"{base}/{below}".rstrip("/") if below else base
    for one in sorted(patiently(partial(fs.ls, here, detail=True), address), key=lambda one: str(one["name"])):
        name = str(one["name"]).rstrip("/")
        path = name[len(base) :].lstrip("/")
        if one["type"] == "directory":
            if name != here:
                yield f"{path}/", None
        elif name != here or below == "":
            yield path or name.rpartition("/")[2], one.get("size")
