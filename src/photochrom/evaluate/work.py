"""One picture at a time: read it, colour it by every method, measure. What each process of an evaluation does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import lightness
from photochrom.errors import DataError, PhotochromError
from photochrom.evaluate import baselines
from photochrom.evaluate.artefacts import ARTEFACTS, TruthPlaces
from photochrom.evaluate.figures import FLICKER, Figure
from photochrom.evaluate.flicker import flicker_pair, motion
from photochrom.evaluate.judges import JudgeFiles, Judges
from photochrom.evaluate.methods import BASELINES, GREY, TRUTH, Folder, Method, Model
from photochrom.evaluate.metrics import AUC_AREA
from photochrom.evaluate.pictures import decode
from photochrom.evaluate.protocols import Protocol
from photochrom.evaluate.render import Shown
from photochrom.evaluate.scores import View, compare, describe
from photochrom.evaluate.shards import Row

__all__ = ["Bench", "Excluded", "Measured", "Settings", "Task"]

#: Longer sides of the pictures that a page shows are reduced to this, in pixels.
SHOWN_SIDE = 512

Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Settings:
    """What all processes and pictures share. ``min_chroma``: a truth of a lower mean chroma is near-grey."""

    protocol: Protocol
    methods: tuple[Method, ...]
    figures: tuple[Figure, ...]
    means: baselines.Baselines
    min_chroma: float
    judges: JudgeFiles = JudgeFiles()  # noqa: RUF009  # it is frozen
    threads: int | None = 1


@dataclass(frozen=True)
class Task:
    """One picture, the others that may lend it their colours (the first that can be read does), and its results' files.

    ``before``: of a clip, the frame before.
    """

    index: int
    row: Row
    donors: tuple[Row, ...]
    files: dict[str, Path]
    before: Task | None = None


@dataclass(frozen=True)
class Excluded:
    """A picture that is not measured: by which rule, because of which method (None: the truth itself), and why."""

    index: int
    picture: str
    method: str | None
    rule: str
    reason: str


@dataclass(frozen=True)
class Measured:
    """The figures of one picture. Rows: the truth, then the methods as :attr:`Bench.names` has them.

    ``values`` (M, K), NaN where there is none; ``areas`` (M, 261), the area under each true bin's curve, and ``histograms``
    (M, 261), pixels in each ab bin; ``features`` (M, D) by the Fréchet distance they are for; ``seconds`` of CPU of the models.
    """

    index: int
    row: Row
    values: NDArray[np.float64]
    areas: NDArray[np.float64]
    histograms: NDArray[np.int64]
    features: dict[str, NDArray[np.float32]]
    seconds: dict[str, float]


@dataclass
class _Results:
    """What became of one picture."""

    truth: View
    grey: Rgb
    pictures: dict[str, Rgb]
    fields: dict[str, NDArray[np.float32]]
    confidence: dict[str, NDArray[np.float32]]
    seconds: dict[str, float]


class _Unusable(Exception):  # noqa: N818  # it stops one picture and becomes an Excluded
    def __init__(self, method: str | None, rule: str, reason: object) -> None:
        self.method, self.rule, self.reason = method, rule, str(reason)


class Bench:
    """Measures pictures one by one; models are loaded when the first picture asks for them, and kept."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._judges = Judges(settings.judges)
        self._colorizers: dict[tuple[Any, ...], Any] = {}

    def measure(self, task: Task) -> Measured | Excluded:
        """All figures of all methods, or why there are none. A fault of one method excludes the picture for all."""
        try:
            return self._measure(task)
        except _Unusable as stop:
            return Excluded(task.index, task.row.name, stop.method, stop.rule, stop.reason)

    def show(self, task: Task) -> Shown:
        """The pictures themselves, reduced for a page."""
        results = self._results(task)
        shown = {name: _reduced(rgb) for name, rgb in results.pictures.items()}
        return Shown(_reduced(results.truth.rgb), _reduced(results.grey), shown, results.confidence)

    def _measure(self, task: Task) -> Measured:
        results = self._results(task)
        truth = results.truth
        places = TruthPlaces(truth.lab)
        rows: list[dict[str, float]] = [truth.own]
        histograms = [describe(truth)]
        areas = [np.zeros(len(histograms[0]))]
        for name, rgb in results.pictures.items():
            result = View(rgb, results.fields.get(name))
            try:
                figures, counts = compare(truth, result)
            except PhotochromError as error:
                raise _Unusable(name, "failed", error) from error
            rows.append(figures | {artefact.key: artefact.measure(places, result.lab) for artefact in ARTEFACTS})
            areas.append(counts @ AUC_AREA)
            histograms.append(describe(result))
        try:
            seen, features = self._judges.look(
                task.row.name, [truth.rgb, *results.pictures.values()], task.row.imagenet
            )
        except PhotochromError as error:
            raise _Unusable(None, "failed", error) from error
        rows = [row | others for row, others in zip(rows, seen, strict=True)]
        if task.before is not None:
            for row, flicker in zip(rows[1:], self._flicker(task.before, results), strict=True):
                row[FLICKER.key] = flicker
        keys = [figure.key for figure in self.settings.figures]
        values = np.array([[row.get(key, np.nan) for key in keys] for row in rows])
        return Measured(task.index, task.row, values, np.stack(areas), np.stack(histograms), features, results.seconds)

    def _flicker(self, task: Task, now: _Results) -> list[float]:
        """Of each method, from the frame before to this one; NaN where that one cannot be used."""
        try:
            before = self._results(task)
            moved = motion(lightness(before.truth.rgb), lightness(now.truth.rgb))
        except (_Unusable, PhotochromError):
            return [float("nan")] * len(now.pictures)
        truth = before.truth.ab, now.truth.ab
        return [
            flicker_pair(moved, truth, (View(before.pictures[name]).ab, View(rgb).ab))
            for name, rgb in now.pictures.items()
        ]

    def _results(self, task: Task) -> _Results:
        settings = self.settings
        try:
            original = decode(task.row)
        except DataError as error:
            raise _Unusable(None, "unreadable", error) from error
        truth = View(np.ascontiguousarray(settings.protocol.cut(original)))
        chroma = float(np.hypot(*np.moveaxis(truth.ab, -1, 0)).mean())
        if chroma < settings.min_chroma:
            raise _Unusable(None, "near-grey", f"mean chroma {chroma:.2f}, below {settings.min_chroma:g}")
        light = lightness(truth.rgb)
        results = _Results(truth, baselines.colour(light, baselines.grey_ab(light)), {}, {}, {}, {})
        self._baselines(task, light, results)
        opened: dict[tuple[Any, ...], tuple[Any, float]] = {}
        for method in settings.methods:
            if isinstance(method, Folder):
                results.pictures[method.name] = self._read(method, task, original.shape, truth.rgb.shape)
            else:
                self._colour(method, results, opened)
        return results

    def _baselines(self, task: Task, light: NDArray[np.float32], results: _Results) -> None:
        means, pictures = self.settings.means, results.pictures
        _, mean, by_lightness, random = BASELINES
        pictures[GREY] = results.grey
        pictures[mean] = baselines.colour(light, means.mean_ab(light))
        pictures[by_lightness] = baselines.colour(light, means.mean_ab_given_lightness(light))
        for donor in task.donors:
            try:
                lender = self.settings.protocol.cut(decode(donor))
            except DataError:
                continue  # it is named where it is a picture itself; the next one lends its colours
            # half of these colours do not exist at their new lightness; what is published are figures of the ab themselves
            results.fields[random] = baselines.random_ab(light, lender)
            pictures[random] = baselines.colour(light, results.fields[random])
            return
        if task.donors:
            raise _Unusable(random, "failed", "no other picture could be read to lend its colours")

    def _colour(self, method: Model, results: _Results, opened: dict[tuple[Any, ...], tuple[Any, float]]) -> None:
        key = method.model, method.work_size, method.quality
        try:
            if key not in self._colorizers:
                from photochrom.colorizer import Colorizer

                self._colorizers[key] = Colorizer(
                    method.model, threads=self.settings.threads, work_size=method.work_size, quality=method.quality
                )
            if key not in opened:  # two methods that differ in their vividness share it
                start = time.process_time()
                grey = np.ascontiguousarray(results.grey[..., 0])
                opened[key] = self._colorizers[key].open(grey), time.process_time() - start
            start = time.process_time()
            photograph, seconds = opened[key]
            given = {} if method.vividness is None else {"vividness": method.vividness}
            result = photograph.paint(**given)
            results.pictures[method.name] = np.asarray(result.rgb, np.uint8)
        except PhotochromError as error:
            raise _Unusable(method.name, "failed", error) from error
        results.confidence[method.name] = result.confidence
        results.seconds[method.name] = seconds + time.process_time() - start

    def _read(self, method: Folder, task: Task, original: tuple[int, ...], cut: tuple[int, ...]) -> Rgb:
        """A result as it lies in the folder: of the truth's size before it was cut, or after."""
        file = task.files[method.name]
        try:
            rgb = decode(Row(file.relative_to(method.folder).as_posix(), method.name, file))
        except DataError as error:
            raise _Unusable(method.name, "unreadable", error) from error
        if rgb.shape == cut:
            return rgb
        if rgb.shape == original:
            return np.ascontiguousarray(self.settings.protocol.cut(rgb))
        sizes = " or ".join(sorted({f"{width} x {height}" for height, width, _ in (original, cut)}))
        raise _Unusable(method.name, "size", f"{rgb.shape[1]} x {rgb.shape[0]} pixels, expected {sizes}: {file}")


def _reduced(rgb: Rgb) -> Rgb:
    height, width = rgb.shape[:2]
    scale = SHOWN_SIDE / max(height, width)
    if scale >= 1:
        return rgb
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def names_of(settings: Settings, random: bool = True) -> list[str]:
    """The rows of a set: the truth, the baselines (random colours only where another picture can lend them), the methods."""
    *known, last = BASELINES
    return [TRUTH, *known, *([last] if random else []), *(method.name for method in settings.methods)]
