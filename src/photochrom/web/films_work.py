"""What is asked of a film: kept, checked against the film, and put into the queue."""

from __future__ import annotations

import itertools
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.errors import EditsError, FilmError, HintError, JobError, MaskError, OptionError, OutputError
from photochrom.web.films_folder import FilmFolder
from photochrom.web.films_models import ClipWanted, FilmChoices, FilmEdits, JobWanted
from photochrom.web.films_state import clip_key
from photochrom.web.problems import Problem

if TYPE_CHECKING:
    from photochrom.film.film_job import Reading
    from photochrom.web.settings import Settings

__all__ = [
    "ask_clip",
    "begin",
    "choose",
    "drop_reference",
    "how",
    "keep_edits",
    "known_reading",
    "look_again",
    "moment_of",
    "take_reference",
]


def known_reading(folder: FilmFolder) -> Reading:
    """The shots of a film. Raises Problem while they are still looked for."""
    reading = folder.reading()
    if reading is None:
        raise Problem("conflict", "the film's shots are still being looked for; see its reading")
    return reading


def moment_of(reading: Reading, time: float | None, frame: int | None) -> int:
    """The number of the frame of a moment, the first for none. Raises Problem."""
    from photochrom.film.steer import FilmPalette

    if time is None and frame is None:
        return reading.first
    try:
        return FilmPalette(time, frame, "").at(list(reading.times)) + reading.first
    except HintError as error:
        raise Problem("invalid", str(error), field="frame" if time is None else "time") from None


def how(settings: Settings) -> dict[str, Any]:
    """The state of all work on films, as the server answers it."""
    return {"model": settings.model, "threads": settings.threads}


def look_again(folder: FilmFolder, settings: Settings) -> None:
    """Put the first reading of a film into the queue again, unless all of it, pictures of the shots included, is done."""
    done = folder.read("read.json") is not None and folder.read("failed-read.json") is None
    if not done and folder.wanted("read") is None:
        folder.want("read", how=how(settings))


def keep_edits(folder: FilmFolder, given: FilmEdits) -> None:
    """Check hints, references and palettes against the film, and keep them. Raises Problem."""
    from photochrom.edits.palette import parse_palette
    from photochrom.film.steer import load_steering

    about, reading = folder.read("about.json"), folder.reading()
    value = given.model_dump(mode="json", by_alias=True, exclude_none=True)
    for index, hint in enumerate(given.hints):
        if hint.mask is not None:
            if hint.mask.size != (about["height"], about["width"]):
                problem = f"hints.{index}: a mask is {hint.mask.size[1]} x {hint.mask.size[0]} pixels, "
                problem += f"expected the film's {about['width']} x {about['height']}"
                raise Problem("invalid", problem, field="hints")
            continue
        assert hint.x is not None
        assert hint.y is not None
        if not (0 <= hint.x < about["width"] and 0 <= hint.y < about["height"]):
            size = f"{about['width']} x {about['height']}"
            problem = f"hints.{index}: ({hint.x:g}, {hint.y:g}) is outside the film's {size} pixels"
            raise Problem("invalid", problem, field="hints")
    for reference in given.references:
        if not (folder.path / f"{reference.path}.json").exists():
            raise Problem("reference-gone", f"no reference {reference.path!r}; upload it", field="references")
    if reading is not None:
        for one in (*given.hints, *given.references, *given.palettes):
            moment_of(reading, one.time, one.frame)
    draft = f"draft-{secrets.token_hex(8)}.json"  # of this request alone
    try:
        folder.write(draft, value)
        load_steering(folder.path / draft)
        for palette in given.palettes:
            parse_palette(palette.palette)
    except (EditsError, HintError, MaskError, OptionError) as error:
        raise Problem("invalid", str(error).replace(f"{folder.path / draft}: ", ""), field="hints") from None
    finally:
        folder.remove(draft)
    folder.write("edits.json", value)


def choose(folder: FilmFolder, given: FilmChoices) -> None:
    """Keep the choices for the whole film. Raises Problem for a codec that its file cannot hold."""
    from photochrom.edits.palette import parse_palette
    from photochrom.film.film import default_target, open_film

    if given.palette is not None:
        parse_palette(given.palette)
    if given.codec is not None or given.crf is not None:
        try:
            target = folder.path / f"result{default_target(folder.film).suffix}"
            open_film(folder.film).job(target, codec=given.codec, crf=given.crf, force=True)
        except (FilmError, OutputError) as error:
            raise Problem("invalid", str(error).replace(str(folder.path), ""), field="codec") from None
    folder.write("choices.json", given.model_dump(mode="json"))


def begin(folder: FilmFolder, given: JobWanted, settings: Settings) -> None:
    """Put the colouring of a film into the queue, or let it go on. Raises Problem."""
    known_reading(folder)
    digest = folder.digest()
    made = folder.read("done.json") or folder.read("begun.json")
    if made is not None and made["digest"] != digest:
        if not given.restart:
            what = "what is coloured so far was made with other choices; ask with restart to begin anew"
            raise Problem("conflict", what, field="restart")
        folder.stop("color")
        folder.forget_result()
        made = None
    elif (folder.read("failed-color.json") or {}).get("error") == JobError.__name__:
        folder.forget_result()  # nothing can go on with it: it is damaged, or another version's
        made = None
    if made is None:
        folder.write("begun-edits.json", folder.edits())
        folder.write("begun.json", {"digest": digest, "choices": folder.choices() | how(settings)})
    if folder.read("done.json") is None and folder.wanted("color") is None:
        folder.want("color")


def ask_clip(folder: FilmFolder, given: ClipWanted, settings: Settings) -> None:
    """Put a clip into the queue, in the place of another of this film. Raises Problem."""
    reading = known_reading(folder)
    if given.shot >= len(reading.shots):
        raise Problem("invalid", f"there is no shot {given.shot}; the film has {len(reading.shots)}", field="shot")
    shot = reading.shots[given.shot]
    moment = (shot.start + shot.stop) // 2 if given.moment is None else given.moment
    if not shot.start <= moment < shot.stop:
        raise Problem("invalid", f"frame {moment} is not in shot {given.shot}", field="moment")
    key = clip_key(folder, given.shot, moment)
    made = folder.read("clip.json") or {}
    if made.get("key") == key and made["file"].endswith(given.format) and (folder.path / made["file"]).exists():
        folder.stop("clip")
        return
    wanted = folder.wanted("clip") or {}
    if wanted.get("key") == key and wanted["format"] == given.format:
        return
    choices = folder.choices() | how(settings)
    what = {"shot": given.shot, "moment": moment, "key": key, "format": given.format}
    folder.want("clip", **what, edits=folder.edits(), choices=choices)


def take_reference(folder: FilmFolder, name: str, upload: Path, most: int) -> str:
    """Keep a colour picture that was checked; returns its id. Raises Problem."""
    from photochrom.web.engine import place_reference

    known = [int(path.stem[1:]) for path in folder.path.glob("r*.json") if path.stem[1:].isdecimal()]
    if len(known) >= most:
        raise Problem("invalid", f"a film has {most} references at most", field="picture", limit=most)
    copy = folder.path / f".{secrets.token_hex(8)}.part"
    try:
        shutil.copyfile(upload, copy)
        for number in (f"r{count}" for count in itertools.count(max(known, default=0) + 1)):
            with suppress(FileExistsError):
                (folder.path / number).touch(exist_ok=False)  # two that come at the same time get two numbers
                break
        place_reference(folder.path, number, name, copy)
    finally:
        copy.unlink(missing_ok=True)
    return number


def drop_reference(folder: FilmFolder, number: str) -> None:
    """Delete a colour picture. Raises Problem where there is none, or where it is used.

    An empty file keeps its number: edits that name it, as those that are undone, never get another picture.
    """
    if not (folder.path / f"{number}.json").exists():
        raise Problem("reference-gone", f"no reference {number!r}", field="reference")
    clip = folder.wanted("clip") or {}
    at_work = folder.read("begun-edits.json") if folder.read("begun.json") and not folder.read("done.json") else None
    for edits, what in (
        (folder.edits(), "the edits use it; take it out of them first"),
        (at_work, "what is coloured so far uses it; let that be finished, or begin anew without it"),
        (clip.get("edits"), "a clip that is being made uses it; wait for it"),
    ):
        if any(row["path"] == number for row in (edits or {}).get("references", [])):
            raise Problem("conflict", what, field="reference")
    folder.remove(f"{number}.json")
    (folder.path / number).write_bytes(b"")
