"""What is known of a film, from the files in its folder."""

from __future__ import annotations

from typing import Any

from photochrom.web.films_folder import FilmFolder, Task
from photochrom.web.films_models import Clip, Film, Progress, Result, ShotShown

__all__ = ["clip_key", "film_shown", "progress_of", "shots_shown"]


def progress_of(folder: FilmFolder, task: Task, done: bool, begun: bool) -> dict[str, Any]:
    """A task's state and figures; done, begun: whether its result is there, or part of it."""
    wanted, failed = folder.wanted(task), folder.read(f"failed-{task}.json")
    last = folder.read(f"progress-{task}.json") or {}
    figures = {key: last[key] for key in ("done", "total", "fps") if last.get(key) is not None}
    if last.get("event") == "reading":
        figures = {"done": last["frames"]}
    elif "frames" in last and "total" not in figures and last.get("event") not in ("part", "done"):
        figures["total"] = last["frames"]
    if wanted is not None:
        if last.get("token") != wanted["token"]:
            return {"state": "queued", **(figures if begun else {})}
        step = {"begin": "reading", "start": "frames", "part": "frames"}.get(last["event"], last["event"])
        return {"state": "running", "step": step, "left": last.get("left"), **figures}
    if failed is not None:
        return {"state": "failed", **failed, **(figures if begun else {})}
    return {"state": "done" if done else "stopped" if begun else "new", **(figures if begun or done else {})}


def clip_key(folder: FilmFolder, shot: int, moment: int) -> str:
    """What a clip of a shot around a frame is called; with other choices it is another one."""
    return f"{shot}-{moment}-{folder.digest()}"


def film_shown(folder: FilmFolder) -> Film | None:
    """Everything; None where the film was removed meanwhile."""
    about = folder.read("about.json")
    if about is None:
        return None
    reading, done, begun = folder.read("read.json"), folder.read("done.json"), folder.read("begun.json")
    digest = folder.digest()
    clip, wanted = folder.read("clip.json") or {}, folder.wanted("clip")
    made = done or begun
    shown = {key: about[key] for key in ("name", "bytes", "width", "height", "display", "rate", "duration", "notices")}
    return Film(
        id=folder.id,
        **shown,
        frames=None if reading is None else reading["frames"],
        shots=None if reading is None else reading["shots"],
        thumbnails=len(list((folder.path / "thumbs").glob("[0-9]*.jpg"))),
        reading=Progress(**progress_of(folder, "read", reading is not None, False)),
        coloring=Progress(**progress_of(folder, "color", done is not None, begun is not None)),
        clip=Clip(
            **progress_of(folder, "clip", bool(clip), False),
            shot=wanted["shot"] if wanted else clip.get("shot"),
            start=clip.get("start"),
            stop=clip.get("stop"),
            format=clip["file"].rpartition(".")[2] if clip else None,
            current=bool(clip) and clip["key"].endswith(digest),
        ),
        result=None
        if done is None
        else Result(
            name=done["name"],
            bytes=done["bytes"],
            href=f"films/{folder.id}/{about['ticket']}/{done['file']}",
            notices=done["notices"],
            current=done["digest"] == digest,
        ),
        stale=made is not None and made["digest"] != digest,
        digest=digest,
    )


def shots_shown(folder: FilmFolder) -> list[ShotShown] | None:
    """The shots, None until they are known."""
    reading = folder.reading()
    if reading is None:
        return None
    times, first = reading.times, reading.first
    step = (times[-1] - times[0]) / max(1, len(times) - 1)

    def time(frame: int) -> float:
        place = frame - first
        return times[place] if place < len(times) else times[-1] + step

    return [
        ShotShown(
            start=shot.start,
            stop=shot.stop,
            key=(shot.start + shot.stop) // 2,
            begins=time(shot.start),
            ends=time(shot.stop),
            kind=shot.kind,
        )
        for shot in reading.shots
    ]
