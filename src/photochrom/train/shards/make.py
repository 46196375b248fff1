"""The whole of ``photochrom shards``: look, choose, write, report."""

from __future__ import annotations

import hashlib
import logging
import posixpath
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from photochrom.errors import DataError, SourceTableError
from photochrom.train.inputs import Input, in_order, list_inputs, read_pictures
from photochrom.train.shards.blobs import find_place
from photochrom.train.shards.choose import Choice, Known, choose
from photochrom.train.shards.look import Look, look
from photochrom.train.shards.report import write_report
from photochrom.train.shards.survey import MEASURE, Survey, load_columns, look_columns, save_columns, survey_source
from photochrom.train.shards.table import Source, read_exclusions, read_sources
from photochrom.train.shards.write import copy_shard, write_shards

__all__ = ["make_shards", "read_labels"]

log = logging.getLogger(__name__)


def make_shards(
    table: str | Path,
    out: str | Path,
    *,
    clones: str | Path | None = None,
    old: Iterable[str | Path] = (),
    tests: Iterable[str | Path] = (),
    exclude: Iterable[str | Path] = (),
    labels: str | Path | None = None,
    threads: int = 2,
) -> dict[str, str]:
    """Make shards by a table (:func:`~photochrom.train.shards.table.read_sources`), and reports beside them.

    Below ``out`` lie ``train/`` and, for each test that sources are held back for, ``held-out/NAME/``; ``report.json`` and
    ``report.md`` tell what was taken and what was left out and why, ``sources.md`` names sources and terms for a model card.

    ``clones``: folder of git clones. ``old``: shards or folders of pictures that are there already; what stays of them is copied
    to ``out/train/old-*.parquet``. ``tests``: pictures that must not be learnt; copies of them are left out, of old shards too.
    ``exclude``: lists of paths that must not be taken. ``labels``: ImageNet classes (:func:`read_labels`).

    If it is killed, the same call resumes where it was. Sources that cannot be used are passed over: the result names them,
    with the reason. Raises SourceTableError for a table that cannot be read, DataError where no source can be used,
    OutputWriteError where the file system refuses: what was written before stays.
    """
    table, out = Path(table), Path(out)
    sources = read_sources(table)
    excluded: dict[str, set[str]] = {}
    for file in exclude:
        for place, paths in read_exclusions(file).items():
            excluded.setdefault(place, set()).update(paths)
    numbers = read_labels(labels) if labels else {}
    surveys, failed = _survey(sources, table.parent, out, Path(clones) if clones else None, excluded, threads)
    if not surveys:
        raise DataError("no source of this table can be used: " + "; ".join(failed.values()), table)
    older, never = list_inputs(old), list_inputs(tests)
    known = _known(older, out / "survey" / "old pictures.npz", threads)
    choice = choose(surveys, known, _known(never, out / "survey" / "tests.npz", threads))
    shards = _write_all(surveys, choice, out, numbers, threads)
    shards += _copy_old(older, known, choice, out)
    _remove_others(out, shards)
    write_report(out, surveys, choice, known, failed, shards)
    return failed


def read_labels(path: str | Path) -> dict[tuple[str, str], int]:
    """ImageNet class (0 to 999) by source and class: a tab-separated file with the columns source, class, imagenet.

    Raises SourceTableError.
    """
    path, labels = Path(path), {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceTableError(f"cannot be read ({error})", path) from error
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) < 3 or not cells[2].isdecimal() or int(cells[2]) > 999:
            raise SourceTableError(f"line {number}: expected a source, a class and a number from 0 to 999", path)
        labels[cells[0], cells[1]] = int(cells[2])
    return labels


def _survey(
    sources: list[Source], beside: Path, out: Path, clones: Path | None, excluded: dict[str, set[str]], threads: int
) -> tuple[list[Survey], dict[str, str]]:
    surveys, failed = [], {}
    for source in sources:
        unwanted = excluded.get(source.place, set()) | excluded.get(source.name, set())
        try:
            place = find_place(source, clones, beside)
            surveys.append(survey_source(source, place, out / "survey", unwanted, threads=threads))
        except DataError as error:  # one bad source of many
            failed[source.name] = str(error)
            log.warning("%s is passed over: %s", source.name, error)
    return surveys, failed


def _known(inputs: list[Input], cache: Path, threads: int) -> Known:
    """What is there already, looked at; broken pictures match nothing."""
    key = hashlib.sha256(repr([MEASURE, [(file.where, file.size) for file in inputs]]).encode()).hexdigest()
    columns = load_columns(cache, key)
    if columns is None:
        log.info("looking at what is there already: %d files", len(inputs))
        names: list[tuple[str, str]] = []

        def seen() -> Iterator[Look | str]:
            with ThreadPoolExecutor(threads) as pool:
                for item, about in in_order(
                    pool, lambda item: (item, look(item.data)), read_pictures(inputs), ahead=64
                ):
                    names.append((item.source, item.path))
                    yield about

        columns = look_columns(seen()) | {"names": np.array(names, str).reshape(-1, 2)}
        save_columns(cache, key, columns)
    pairs = [(str(source), str(path)) for source, path in columns["names"]]
    return Known(pairs, columns["sizes"].min(axis=1), columns["prints"], columns["tiny"])


def _write_all(
    surveys: list[Survey], choice: Choice, out: Path, labels: dict[tuple[str, str], int], threads: int
) -> list[Path]:
    shards: list[Path] = []
    for survey, chosen in zip(surveys, choice.chosen, strict=True):
        shards += write_shards(survey, chosen, out, labels, threads=threads)
        log.info("%s: %d pictures", survey.source.name, len(chosen))
    return shards


def _copy_old(older: list[Input], known: Known, choice: Choice, out: Path) -> list[Path]:
    """What stays of the older pictures, a shard for each of theirs."""
    shards, at = [], 0
    for file in older:
        rows = list(read_pictures([file]))
        stay = [row for number, row in enumerate(rows, at) if number not in choice.dropped]
        at += len(rows)
        name = posixpath.splitext(file.below.replace("/", "-"))[0]
        key = hashlib.sha256(repr([(row.source, row.path, len(row.data)) for row in stay]).encode()).hexdigest()
        if stay:
            shards.append(out / "train" / f"old-{name}.parquet")
            copy_shard(shards[-1], stay, key)
    return shards


def _remove_others(out: Path, shards: list[Path]) -> None:
    """Shards that an earlier run made by another table go: the folder holds exactly what the report lists."""
    for path in out.rglob("*.parquet"):
        if path not in shards:
            log.info("removed: %s", path)
            path.unlink()
