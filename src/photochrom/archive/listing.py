"""The files below a URL, of any store that fsspec reaches; of S3, Google's and Azure's stores a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from photochrom.archive.stores import Entry, filesystem, join, patiently
from photochrom.errors import StoreError

__all__ = ["listing"]

_PAGE = 1000
_GOOGLE, _AZURE = {"gs", "gcs"}, {"az", "abfs", "abfss"}
#: A bucket, a prefix, and the mark that the page before gave, None for the first: names with sizes, and the next mark or None.
_Page = Callable[[str, str, str | None], tuple[list[tuple[str, int | None]], str | None]]


def listing(address: str) -> Iterator[Entry]:
    """The files below a place, in an order that stays. Raises StoreError.

    Of S3, Google's and Azure's stores pages of 1000 are fetched as they are needed, and never more than one is in memory. fsspec
    itself gives folders whole; so it is with other stores, one folder at a time.
    """
    fs, root = filesystem(address)
    page = _pager(fs)
    try:
        yield from _by_folder(fs, root, address) if page is None else _by_page(page, root, address)
    except FileNotFoundError as error:
        raise StoreError(f"{address}: there is no such place") from error
    except PermissionError as error:
        raise StoreError(f"{address}: may not be listed; are the credentials for it set here?") from error


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


def _by_folder(fs: Any, root: str, address: str) -> Iterator[Entry]:
    waiting = [root.rstrip("/")]
    while waiting:
        here = waiting.pop()
        found = patiently(partial(fs.ls, here, detail=True), address)
        folders = []
        for one in sorted(found, key=lambda one: str(one["name"])):
            name = str(one["name"])
            if one["type"] == "directory":
                if name.rstrip("/") != here:
                    folders.append(name.rstrip("/"))
            elif name != here or here != root:
                yield Entry(name[len(root) :].lstrip("/") or name.rpartition("/")[2], one.get("size"))
        waiting.extend(reversed(folders))
