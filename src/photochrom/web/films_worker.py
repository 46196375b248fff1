"""The process that works on a film: ``python -m photochrom.web.films_worker FOLDER TASK``.

It ends when its standard input does, that is, when the server that started it is gone; what was done is kept. Exit codes: 0 done,
or the reason is noted in the folder; 75 another process of this machine is at work; others: it crashed.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.edits.dials import DIALS
from photochrom.errors import PhotochromError
from photochrom.portable import be_patient, lock
from photochrom.web.films_folder import FilmFolder, Task

if TYPE_CHECKING:
    from photochrom.film.film import Film
    from photochrom.film.shot_colors import Choices

__all__ = ["BUSY", "LANES", "choices_of", "main"]

#: The exit code where another process works.
BUSY = 75
#: The long work is done one film at a time; what somebody waits for does not wait for that, but for its like.
LANES: dict[Task, str] = {"color": "long", "read": "short", "clip": "short"}
#: Thumbnails are so wide, and painted for so many shots; more stay grey.
_WIDTH, _PAINTED = 240, 200


def choices_of(folder: FilmFolder, chosen: dict[str, Any], steering: Path | None) -> Choices:
    """How a film is to be coloured. steering: the file of hints. Raises OptionError, EditsError, HintError."""
    from photochrom.film import load_steering, make_choices

    given = {key: value for key, value in chosen.items() if key in (*DIALS, "palette", "keep_color", "model")}
    if steering is not None:
        given["steering"] = load_steering(steering)
    return make_choices(chosen.get("quality") or "normal", threads=chosen.get("threads"), **given)


def main(arguments: list[str]) -> int:
    """Do a task."""
    folder, task = FilmFolder(Path(arguments[0])), arguments[1]
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    with (folder.path.parent / f"{LANES[task]}.lock").open("ab") as file:  # type: ignore[index]
        if not lock(file):
            return BUSY
        if task == "color":
            be_patient()
        return _work(folder, task)  # type: ignore[arg-type]


def _end_with_the_server() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def _work(folder: FilmFolder, task: Task) -> int:
    wanted = folder.wanted(task)
    if wanted is None:
        return 0
    shown = {"token": wanted["token"]}

    def tell(event: dict[str, Any]) -> None:
        shown.update(event)
        if (folder.path / "about.json").exists():  # it may be removed meanwhile
            _note(folder.path / f"progress-{task}.json", shown)

    try:
        tell({"event": "begin"})
        {"read": _read, "color": _color, "clip": _clip}[task](folder, wanted, tell)
    except (PhotochromError, MemoryError) as error:
        folder.fail(task, type(error).__name__, str(error) or "there is not enough memory")
        return 0
    if (folder.wanted(task) or {}).get("token") == wanted["token"]:
        folder.stop(task)
    return 0


def _note(path: Path, value: Any) -> None:
    """Progress: whole or not at all for who reads it, but not worth waiting for the disk."""
    import json

    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(value), "utf-8")
    part.replace(path)


def _open(folder: FilmFolder) -> Film:
    from photochrom.film.film import open_film

    return open_film(folder.film)


Tell = Callable[[dict[str, Any]], None]


def _read(folder: FilmFolder, wanted: dict[str, Any], tell: Tell) -> None:
    """Find the shots, then make a small picture of each."""
    import cv2

    from photochrom.film.film_job import read_shots
    from photochrom.film.moment import display_size, frame_at, grey_picture, upright
    from photochrom.film.paint import paint_frame
    from photochrom.film.shot_colors import ShotColors
    from photochrom.fuse import fit

    film = _open(folder)
    source = film.source
    if folder.reading() is None:
        folder.write("shots.json", read_shots(source, None, tell).to_json())
    reading = folder.reading()
    assert reading is not None
    folder.write("read.json", {"frames": reading.frames, "shots": len(reading.shots)})
    thumbs = folder.path / "thumbs"
    thumbs.mkdir(exist_ok=True)
    colors = ShotColors(
        source, choices_of(folder, folder.choices() | wanted["how"], None), reading.times, reading.first
    )
    width, height = display_size(source)
    size = min(_WIDTH, width), max(1, round(height * min(_WIDTH, width) / width))
    for index, shot in enumerate(reading.shots):
        path = thumbs / f"{index:06d}.jpg"
        if not path.exists():
            frame = frame_at(source, reading, (shot.start + shot.stop) // 2)
            picture: Any
            if colors.painted(shot) and index < _PAINTED:
                light = colors.lightness(frame)
                look = colors.coloring.look(light)
                field = colors.as_it_lies(fit(colors.coloring.answer(look).ab, light))
                rgb = paint_frame(frame, field, source.layout, source.layout).to_ndarray(format="rgb24")
                picture = upright(rgb, source, size)[..., ::-1]
            else:
                picture = cv2.resize(grey_picture(source, frame), size, interpolation=cv2.INTER_AREA)
            part = thumbs / f".{index:06d}.jpg"
            cv2.imwrite(str(part), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
            part.replace(path)
        tell({"event": "thumbnails", "done": index + 1, "total": len(reading.shots)})


def _color(folder: FilmFolder, wanted: dict[str, Any], tell: Tell) -> None:
    """Colour the whole film, or go on with it."""
    from photochrom.film.film import default_target

    if folder.read("done.json") is not None:
        return
    begun = folder.read("begun.json")
    film = _open(folder)
    chosen = begun["choices"]
    choices = choices_of(folder, chosen, folder.path / "begun-edits.json")
    target = folder.path / f"result{default_target(film.source.path).suffix}"
    how = {key: chosen.get(key) for key in ("codec", "crf", "threads")}
    job = film.job(target, choices, force=True, known=folder.reading(), **how)
    job.run(tell)
    name = Path(folder.read("about.json")["name"]).stem
    folder.write(
        "done.json",
        {
            **{"file": target.name, "name": f"{name}_color{target.suffix}", "bytes": target.stat().st_size},
            **{"digest": begun["digest"], "notices": list(dict.fromkeys(job.notices))},
        },
    )


def _clip(folder: FilmFolder, wanted: dict[str, Any], tell: Tell) -> None:
    """Make a clip of before and after of a shot."""
    from photochrom.film.clip import clip_span, make_clip

    reading = folder.reading()
    assert reading is not None
    film = _open(folder)
    shot, moment = reading.shots[wanted["shot"]], wanted["moment"]
    steering = folder.path / f"clip-{wanted['token']}.json"
    folder.write(steering.name, wanted["edits"])
    path = folder.path / f"clip-{wanted['key']}.{wanted['format']}"
    try:
        choices = choices_of(folder, wanted["choices"], steering)
        say = lambda done, total: tell({"event": "frames", "done": done, "total": total})  # noqa: E731
        make_clip(film.source, reading, choices, shot, moment, path, say)
    finally:
        steering.unlink(missing_ok=True)
    for old in folder.path.glob("clip-*.*"):
        if old.suffix in (".mp4", ".webm") and old != path:
            old.unlink(missing_ok=True)
    start, stop = (
        reading.times[min(one, len(reading.times) + reading.first - 1) - reading.first]
        for one in clip_span(reading, shot, moment)
    )
    folder.write(
        "clip.json", {"key": wanted["key"], "file": path.name, "shot": wanted["shot"], "start": start, "stop": stop}
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
