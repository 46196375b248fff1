"""Options of ``photochrom colorize`` for how a scan is read: which pages of it, and whether it is a negative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from photochrom.batch import make_room
from photochrom.colorizer import Colorizer
from photochrom.errors import OptionError
from photochrom.images import open_image, write_pages

if TYPE_CHECKING:
    from photochrom.batch import Job
    from photochrom.colorizer import Opened

__all__ = ["Scans"]

_TIFF = (".tif", ".tiff")


class Scans:
    """How scans are read. pages: "largest", "all" or a page's number, from 1. negative: "auto", "yes" or "no".

    Raises OptionError.
    """

    def __init__(self, pages: str, negative: Literal["auto", "yes", "no"], max_pixels: int, *, force: bool) -> None:
        if pages not in ("largest", "all") and not (pages.isdecimal() and int(pages) > 0):
            raise OptionError("--pages", pages, "largest, all or the number of a page")
        self.all = pages == "all"
        self.page = int(pages) if pages.isdecimal() else None
        self.negative = negative
        self.max_pixels, self.force = max_pixels, force

    def paint(
        self, colorizer: Colorizer, job: Job, paint: Callable[[Colorizer, Job], dict[str, Any]]
    ) -> dict[str, Any]:
        """Have ``paint`` colour one job, or every page of it; returns what ``--json`` prints about it. Raises PhotochromError."""
        if not self.all:
            return paint(_Reader(colorizer, self, self.page), job)
        first = open_image(job.source, max_pixels=self.max_pixels, page=1)
        count = first.info.pages
        if count == 1 or job.target.suffix.lower() not in _TIFF:
            if count > 1:
                raise OptionError(
                    "--pages", "all", f"an output that ends with .tif, since {job.source} has {count} pages"
                )
            return paint(_Reader(colorizer, self, None), job)
        if job.confidence is not None:
            raise OptionError("--confidence", str(job.confidence), "one page, not --pages all")
        reports: list[dict[str, Any]] = []

        def write(page: int, part: Path) -> None:
            reports.append(paint(_Reader(colorizer, self, page), replace(job, target=part)))

        pages = [partial(write, number) for number in range(1, count + 1)]
        make_room(job.target)
        write_pages(job.target, pages, first.pixels_of_all_pages, force=self.force)
        return _together(reports)


class _Reader(Colorizer):
    """A colorizer that opens pictures by their names, with the options of ``scans``."""

    def __init__(self, plain: Colorizer, scans: Scans, page: int | None) -> None:
        self.__dict__.update(plain.__dict__)
        self._plain, self._scans, self._page = plain, scans, page

    def open(self, image: Any, *, max_pixels: int | None = None, **options: Any) -> Opened:
        if isinstance(image, (str, Path)):
            limit = self._scans.max_pixels if max_pixels is None else max_pixels
            image = open_image(image, max_pixels=limit, page=self._page, negative=self._scans.negative)
        # What is opened belongs to the plain one: references and the like are pictures of their own.
        return self._plain.open(image, **options)


def _together(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """What ``--json`` prints about all pages: of the first, with the notices of all and the time that all took."""
    notices = [notice for page in reports for notice in page["notices"]]
    seconds = round(sum(page["seconds"] for page in reports), 3)
    return reports[0] | {"pages": len(reports), "notices": list(dict.fromkeys(notices)), "seconds": seconds}
