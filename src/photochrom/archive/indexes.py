"""Folders of web servers, which list them as pages of links: read a piece at a time, links given as they come."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin

from photochrom.archive.patience import patiently
from photochrom.errors import StoreError

__all__ = ["linked"]

#: Bytes that are asked for at a time, and the most that may make no sense yet: no tag is as long as that.
_PIECE, _LONGEST = 1 << 16, 1 << 20
_WEB = ("http://", "https://")


def linked(fs: Any, folder: str) -> Iterator[str]:
    """The places below a folder's URL to which its page links, relative to it; those of folders end with a slash.

    fs: fsspec's file system of the web. At most a piece of the page and its links are in memory; a page that breaks off is asked
    for again. A link that stands there twice may come twice. Raises FileNotFoundError, PermissionError, StoreError.
    """
    page = _Page(fs, folder)
    last = None
    try:
        while (piece := patiently(page.read, folder)) is not None:
            for link in page.links(piece):
                found = _below(folder, link)
                if found is not None and found != last:
                    yield found
                last = found
    finally:
        page.close()


class _Page(HTMLParser):
    """A page that is being read, and the links of each piece."""

    def __init__(self, fs: Any, url: str) -> None:
        super().__init__()
        self._fs, self._url, self._at = fs, url, 0
        self._file: Any = None
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._links: list[str] = []

    def read(self) -> bytes | None:
        """The next piece; None at the end, and for what is no page. Where the connection broke, a new one skips what is known."""
        try:
            if self._file is None:
                self._file = self._fs.open(self._url, "rb", block_size=0, size=1)  # sizes of pages are not known before
                if _kind(self._file) not in ("", "text/html", "application/xhtml+xml"):
                    return None
                left = self._at
                while left and (skipped := self._file.read(min(left, _PIECE))):
                    left -= len(skipped)
            piece: bytes = self._file.read(_PIECE)
        except BaseException:
            self.close()
            raise
        self._at += len(piece)
        return piece or None

    def links(self, piece: bytes) -> list[str]:
        """Raises StoreError for what is no page of links."""
        self._links.clear()
        self.feed(self._text.decode(piece))
        if len(self.rawdata) > _LONGEST:
            raise StoreError(f"{self._url}: is no listing of files; name the pictures in a list")
        return self._links

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._links += [value for name, value in attrs if name == "href" and value]

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(Exception):  # it is broken already
                file.close()


def _kind(file: Any) -> str:
    """What the server says that it sends, without parameters."""
    return str(file.r.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _below(folder: str, link: str) -> str | None:
    """A link's place below the folder; None for another place. http and https may point at each other."""
    link = link.strip()
    if link.startswith(("?", "#")):  # orders of the same page
        return None
    try:
        whole = urldefrag(urljoin(folder, link)).url
    except ValueError:
        return None
    if not whole.startswith(_WEB):
        return None
    base, place = (url.partition("://")[2] for url in (folder, whole))
    return place[len(base) :] or None if place.startswith(base) else None
