"""From what the user names to jobs: which pictures, which outputs, and which of them would do harm."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from photochrom.batch.job import Job
from photochrom.batch.kinds import ending, stem
from photochrom.batch.places import Places
from photochrom.batch.walk import Found, is_folder, is_link, walk
from photochrom.errors import OptionError
from photochrom.images.parts import file_name

__all__ = ["plan"]


def plan(
    inputs: Sequence[Path],
    out: Path | None,
    *,
    confidence: Path | None = None,
    force: bool = False,
    format: str | None = None,
    skip_existing: bool = False,
    follow_links: bool = False,
    skipped: Counter[str] | None = None,
) -> list[Job]:
    """Pair every input picture with its output, in time that grows with their number.

    One file: ``<stem>_color.<ext>`` beside it, or ``out``, which gets the ending of the format if it has none. A folder or
    several inputs: ``out`` is a folder that mirrors the input tree; of several inputs, folders keep their own name in it.
    ``confidence`` likewise is a file, or a folder that gets a PNG named as the output. Outputs that exist (without
    ``force``), that two inputs share or that are inputs themselves become jobs with an error.

    Args:
        inputs: pictures and folders.
        out: a file or folder, as above.
        confidence: a file or folder, as above.
        force: allow outputs that exist.
        format: ``"jpeg"``, ``"png"``, ``"webp"``, ``"tiff"`` or ``"gif"``: sets the ending of all outputs without a given name.
        skip_existing: jobs whose outputs exist get ``skip`` instead of an error.
        follow_links: see :func:`walk`.
        skipped: counts what was passed over in folders, by kind.

    Raises:
        OptionError: a wrong combination.
    """
    single = len(inputs) == 1 and not is_folder(inputs[0])
    if out is None and any(is_folder(path) for path in inputs):
        raise OptionError("-o", None, "an output folder, since a folder is among the inputs")
    for option, place in (("-o", out), ("--confidence", confidence)):
        if place is not None and not single and os.path.lexists(place) and not is_folder(place):
            raise OptionError(option, str(place), "a folder, since there are several pictures")
    places = Places()
    jobs: list[Job] = []
    results = {os.path.realpath(place) for place in (out, confidence) if place is not None}
    counts = Counter[str]() if skipped is None else skipped
    for path in inputs:
        if out is not None and is_folder(path):
            name = "" if len(inputs) == 1 else path.resolve().name
            found = walk(path, leave_out=results, follow_links=follow_links)
            jobs += _in_folder(found, out / name, confidence and confidence / name, format, counts, places)
            continue
        places.add_source(path, link=is_link(path))
        named = out is not None and single and not is_folder(out)
        suffix = path.suffix if named else ending(path, format)
        if out is None:
            target = path.with_name(file_name(stem(path), f"_color{suffix}")) if path.name else path
        else:
            target = _with_ending(out, path, format) if named else out / file_name(stem(path), suffix)
        sure = confidence
        if confidence is not None and (not single or is_folder(confidence)):
            sure = confidence / file_name(target.stem, ".png")
        jobs.append(Job(path, target, sure, free=format is None and not named))
    return places.checked(jobs, force=force, skip_existing=skip_existing)


def _with_ending(out: Path, source: Path, format: str | None) -> Path:
    """The name that the user gave; where it has no ending, with that of the format."""
    return out if out.suffix or not out.name else out.with_name(file_name(out.name, ending(source, format)))


def _in_folder(
    found: Iterable[Found],
    out: Path,
    confidence: Path | None,
    format: str | None,
    skipped: Counter[str],
    places: Places,
) -> Iterator[Job]:
    """Jobs for what was found in a folder; ``out`` and ``confidence`` mirror it."""
    below, mirror, maps = None, out, confidence
    for one in found:
        if one.skipped is not None:
            skipped[one.skipped] += 1
            continue
        if one.error is not None:
            yield Job(one.path, out / one.below, error=one.error, found=True)
            continue
        if one.below is not below:
            below, mirror, maps = one.below, out / one.below, confidence and confidence / one.below
        places.add_source(one.path, link=one.link)
        suffix = ending(one.path, format)
        plain = one.path.name.endswith(suffix)  # which spares most of the work, of 50,000 files
        target = mirror / (one.path.name if plain and suffix else file_name(stem(one.path), suffix))
        sure = maps and maps / file_name(target.stem, ".png")
        yield Job(one.path, target, sure, found=True, free=format is None)
