"""Make a study's folder: match the pictures of all methods, cut them to 256 px under neutral names, plan."""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import lightness, rgb_to_lab
from photochrom.errors import DataError, OptionError, OutputExistsError, OutputWriteError, StudyError
from photochrom.evaluate.baselines import colour, random_ab
from photochrom.evaluate.metrics import ciede2000
from photochrom.evaluate.pictures import TruthSet, open_truth, picture_key
from photochrom.evaluate.protocols import centre_square
from photochrom.evaluate.study.plan import RANDOM, TRUTH, Kind, Study

__all__ = ["CONSENT", "SIDE", "create_study"]

#: Side of the pictures in pixels, as in Zhang 2016.
SIDE = 256
#: Random colours make an attention check only if they differ from the picture's own by this much: mean CIEDE2000.
VISIBLE = 8.0
#: At most so many bad pictures are listed; the rest are counted.
LISTED = 20

CONSENT = """This study asks how natural the colours of photographs look. Some or all of them were coloured by a computer.

Your answers are stored with the time each took, the date, and a random number that a cookie of this page remembers, so that \
you can go on later. No name, no address and no other data about you or your device are stored, and nothing is sent elsewhere.

Taking part is voluntary. You may stop at any time by closing the page."""


def create_study(
    folder: str | Path,
    kind: Kind,
    methods: Mapping[str, Path],
    truth: Path | None = None,
    *,
    title: str = "Colours of photographs",
    consent: str = CONSENT,
    practice: int | None = None,
    trials: int = 40,
    checks: int | None = None,
    seconds: float = 1.0,
    seed: int = 0,
) -> Study:
    """Make a study in ``folder``, which appears whole or not at all.

    Args:
        folder: a new or empty folder.
        kind: ``"preference"`` (two or more methods) or ``"turing"`` (one or more, against ``truth``).
        methods: a name and a folder of results for each; pictures belong together by their path without its ending.
        truth: folder or shard of the photographs; of a preference test only the attention checks use it.
        title, consent: what a participant reads first; paragraphs are separated by an empty line.
        practice: practice pairs; by default 10 in a Turing test, 3 otherwise.
        trials: pairs after practice, attention checks included.
        checks: attention checks; by default a tenth of the trials.
        seconds: how long each picture of a Turing test is seen.
        seed: chooses which pictures are for practice, checks and tests, and every participant's order.

    Raises:
        OptionError: a number or name that makes no study.
        DataError: no such folder, or no picture in it.
        StudyError: pictures that are missing, of different sizes or unreadable, each named; or too few of them.
        OutputExistsError, OutputWriteError: the folder holds something, or cannot be written.
    """
    practice = (10 if kind == "turing" else 3) if practice is None else practice
    checks = round(trials / 10) if checks is None else checks
    _check_options(kind, methods, truth, practice, trials, checks, seconds)
    sources = {**({} if truth is None else {TRUTH: truth}), **methods}  # the first is what random colours replace
    sets = {name: open_truth([path], "native") for name, path in sources.items()}
    names = _common(sets)
    if len(names) < practice + trials:
        raise StudyError(
            f"{len(names)} pictures, expected {practice + trials} or more: no participant sees one twice in "
            f"{practice} practice pairs and {trials} trials; give more pictures, or less --practice and --trials"
        )
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputExistsError("is there already; choose a new or empty folder", folder)
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        (part / "pictures").mkdir(parents=True)
        files = _cut(sets, names, part / "pictures")
        order = [sorted(names)[i] for i in np.random.default_rng(seed).permutation(len(names))]
        checked = _checks(order, files, part / "pictures", checks)
        rest = [name for name in order if name not in checked]
        study = Study(
            folder=part,
            id=secrets.token_hex(8),
            kind=kind,
            title=title,
            consent=consent,
            methods=tuple(methods),
            practice=tuple(rest[:practice]),
            checks=tuple(checked),
            tests=tuple(rest[practice:]),
            trials=trials - checks,
            seconds=seconds,
            seed=seed,
            files=files,
        )
        study.write()
        part.replace(folder)
    except OSError as error:
        raise OutputWriteError(f"cannot be written: {error.strerror}", folder) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return replace(study, folder=folder)


def _check_options(
    kind: str,
    methods: Mapping[str, Path],
    truth: Path | None,
    practice: int,
    trials: int,
    checks: int,
    seconds: float,
) -> None:
    least = 1 if kind == "turing" else 2
    if len(methods) < least:
        raise OptionError(
            "methods", ", ".join(methods) or None, f"{least} or more for a {kind} test: --a, --b, --method"
        )
    for name in methods:
        if name in (TRUTH, RANDOM, ""):
            raise OptionError("method", name, f"another name than {TRUTH!r} and {RANDOM!r}: --method NAME=FOLDER")
    if kind == "turing" and truth is None:
        raise OptionError("--truth", None, "the folder of the real photographs, for a Turing test")
    if practice < 0:
        raise OptionError("--practice", practice, "0 or more")
    if not 0 <= checks < trials:
        raise OptionError("--checks", checks, f"0 or more, and fewer than the {trials} trials")
    if not 0 < seconds < float("inf"):
        raise OptionError("--seconds", seconds, "a time above 0")


def _refuse(problems: Sequence[str], what: str) -> None:
    if problems:
        listed = "; ".join(problems[:LISTED]) + ("; ..." if len(problems) > LISTED else "")
        raise StudyError(f"{len(problems)} {what}: {listed}")


def _common(sets: Mapping[str, TruthSet]) -> set[str]:
    """The keys that all sets share. Raises StudyError for any that one lacks or has twice."""
    keys = {label: Counter(map(picture_key, pictures.names)) for label, pictures in sets.items()}
    every = sorted(set().union(*keys.values()))
    counts = ", ".join(f"{label} has {found.total()}" for label, found in keys.items())
    _refuse(
        [
            f"{key} is {'more than once in' if found[key] else 'missing in'} {label}"
            for key in every
            for label, found in keys.items()
            if found[key] != 1
        ],
        f"pictures do not match ({counts})",
    )
    return set(every)


def _cut(sets: Mapping[str, TruthSet], names: set[str], folder: Path) -> dict[str, dict[str, str]]:
    """Write every picture's centre square; returns the file of each picture and method."""
    index = {label: {picture_key(name): i for i, name in enumerate(pictures.names)} for label, pictures in sets.items()}
    files: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    for name in sorted(names):
        pixels: dict[str, NDArray[np.uint8]] = {}
        for label, pictures in sets.items():
            found = _read(pictures, index[label][name])
            if isinstance(found, DataError):
                problems.append(f"in {label}: {found}")
            else:
                pixels[label] = found
        sizes = {label: f"{rgb.shape[1]} x {rgb.shape[0]}" for label, rgb in pixels.items()}
        if len(set(sizes.values())) > 1:
            problems.append(f"{name} is {', '.join(f'{size} in {label}' for label, size in sizes.items())}")
        elif not problems:
            files[name] = {label: _save(centre_square(rgb, SIDE), folder) for label, rgb in pixels.items()}
    _refuse(problems, "pictures cannot be used")
    return files


def _read(pictures: TruthSet, index: int) -> NDArray[np.uint8] | DataError:
    try:
        rgb: NDArray[np.uint8] = pictures[index].rgb
    except DataError as error:
        return error  # to be listed with the others
    return rgb


def _save(rgb: NDArray[np.uint8], folder: Path) -> str:
    """Write a PNG without any metadata, under a random name."""
    name = f"{secrets.token_hex(8)}.png"
    done, data = cv2.imencode(".png", rgb[..., ::-1])
    if not done:
        raise OutputWriteError("the picture cannot be encoded as PNG", folder / name)
    (folder / name).write_bytes(data.tobytes())
    return name


def _checks(order: Sequence[str], files: dict[str, dict[str, str]], folder: Path, count: int) -> list[str]:
    """Choose the attention checks and make their random colours: those of the next picture in the order.

    Raises StudyError where too few pictures look different in random colours: nobody could see a difference.
    """

    def read(name: str) -> NDArray[np.uint8]:
        return np.asarray(cv2.imread(str(folder / next(iter(files[name].values())))), np.uint8)[..., ::-1]

    chosen: list[str] = []
    for name, donor in zip(order, [*order[1:], *order[:1]], strict=True):
        if len(chosen) == count:
            break
        own = read(name)
        light = lightness(np.ascontiguousarray(own))
        other = colour(light, random_ab(light, read(donor)))
        if ciede2000(rgb_to_lab(own / 255.0), rgb_to_lab(other / 255.0)).mean() >= VISIBLE:
            files[name][RANDOM] = _save(other, folder)
            chosen.append(name)
    if len(chosen) < count:
        raise StudyError(
            f"only {len(chosen)} of the pictures look different in random colours, expected {count} for attention "
            "checks; give more colourful pictures, or less --checks"
        )
    return chosen
