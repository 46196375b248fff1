"""The files of an evaluation: report.json, pictures.csv and report.html, each there whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from photochrom.errors import OutputExistsError, OutputWriteError
from photochrom.evaluate.evaluation import Evaluation
from photochrom.evaluate.figures import Figure
from photochrom.evaluate.summary import plain
from photochrom.evaluate.work import Measured

__all__ = ["FILES", "Output"]

FILES = ("report.json", "pictures.csv", "report.html")


class Output:
    """``with Output(folder) as output``: pictures are written as they come, the report at the end.

    Raises OutputExistsError at once where one of the files is there (without ``force``), OutputWriteError where the folder
    refuses. Without a folder nothing is written.
    """

    def __init__(self, folder: Path | None, *, force: bool = False) -> None:
        self._folder = folder
        self._parts: dict[str, Path] = {}
        self._lines: Any = None
        self._csv: Any = None
        if folder is None:
            return
        for name in FILES:
            if not force and os.path.lexists(folder / name):
                raise OutputExistsError(
                    "exists already; overwrite it with --force, or choose another folder", folder / name
                )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._parts = {name: folder / f".{name}.{secrets.token_hex(4)}.part" for name in FILES}
            self._csv = self._parts["pictures.csv"].open("w", newline="", encoding="utf-8")
        except OSError as error:
            raise _refused(error, folder) from error
        self._lines = csv.writer(self._csv)

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._csv:
            self._csv.close()
        for part in self._parts.values():
            part.unlink(missing_ok=True)

    def picture(self, name: str, rows: Sequence[str], figures: Sequence[Figure], measured: Measured) -> None:
        """Write the lines of one picture: one for each row, the truth's first."""
        if self._folder is None:
            return
        written = [index for index, figure in enumerate(figures) if figure.of != "set"]
        try:
            if not self._csv.tell():
                self._lines.writerow(["set", "picture", "source", "method", *(figures[index].key for index in written)])
            for method, values in zip(rows, measured.values, strict=True):
                cells = ["" if (value := plain(values[index])) is None else value for index in written]
                self._lines.writerow([name, measured.row.name, measured.row.source, method, *cells])
        except OSError as error:
            raise _refused(error, self._folder) from error

    def finish(self, evaluation: Evaluation) -> list[Path]:
        """Write the report, and put all files in their places; returns them."""
        if self._folder is None:
            return []
        from photochrom.evaluate.html import write_html

        try:
            self._csv.close()
            text = json.dumps(evaluation.report, indent=1, allow_nan=False) + "\n"
            self._parts["report.json"].write_text(text, encoding="utf-8")
            write_html(evaluation.report, evaluation.pictures, self._parts["report.html"])
            for name, part in self._parts.items():
                part.replace(self._folder / name)
        except OSError as error:
            raise _refused(error, self._folder) from error
        return [self._folder / name for name in FILES]


def _refused(error: OSError, folder: Path) -> OutputWriteError:
    return OutputWriteError(f"cannot be written ({error.strerror or error})", folder)
