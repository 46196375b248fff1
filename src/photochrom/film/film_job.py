"""A film's work from beginning to end, in a job folder that survives whatever ends the process.

The folder lies beside the result (``NAME.job``): ``job.json`` names the film and the choices, ``shots.json`` what
the first reading found, ``journal.jsonl`` which parts are done. A part is a shot, or at most 240 frames of one. The same command
takes up the work where it was; the frames of the result are those of an undisturbed run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from photochrom.errors import FilmError, JobError, OutputExistsError, OutputWriteError
from photochrom.film.codecs import Encoding, open_encoder
from photochrom.film.job_folder import at_work, clear
from photochrom.film.join import join
from photochrom.film.packets import Journal, Packet, PacketFile, write_whole
from photochrom.film.paint import paint_frame
from photochrom.film.shot_colors import Choices, ShotColors
from photochrom.film.shots import Shot, ShotFinder
from photochrom.film.steady import Colored, State, steady
from photochrom.parallel import ordered
from photochrom.version import __version__

if TYPE_CHECKING:
    from photochrom.film.source import Frame, Source

__all__ = ["PART", "Job", "Progress", "Reading", "read_shots"]

#: Frames of a part, at most.
PART = 240
#: An event for whoever watches: its name under "event", the rest by event. See docs/film.md.
Progress = Callable[[dict[str, Any]], None]
_EVERY = 25


@dataclass(frozen=True)
class Reading:
    """What the first reading found: shots, and the time of every frame in seconds. Shots count from ``first`` on."""

    first: int
    times: tuple[float, ...]
    shots: tuple[Shot, ...]
    damaged: tuple[tuple[float, str], ...]
    notices: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For the job folder."""
        return {
            "first": self.first,
            "times": self.times,
            "shots": [shot.to_json() for shot in self.shots],
            "damaged": self.damaged,
            "notices": self.notices,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Reading:
        """The inverse of :meth:`to_json`."""
        damaged = tuple((float(at), str(why)) for at, why in value["damaged"])
        shots = tuple(Shot.from_json(row) for row in value["shots"])
        return cls(value["first"], tuple(value["times"]), shots, damaged, tuple(value["notices"]))

    @property
    def frames(self) -> int:
        """Frames that are to be coloured."""
        return len(self.times)


def read_shots(source: Source, span: tuple[float, float] | None = None, progress: Progress | None = None) -> Reading:
    """Read a film once, to find its shots: those of the seconds ``span``, or all. Raises FilmError where nothing is there."""
    finder, times, first = ShotFinder(source.layout), [], None
    for frame in source.frames():
        at = float(frame.pts * source.time_base)
        if span is not None and at < span[0] - 1e-9:
            continue
        if span is not None and at >= span[1]:
            break
        first = frame.index if first is None else first
        finder.add(frame)
        times.append(at)
        if progress is not None and not len(times) % _EVERY:
            progress({"event": "reading", "frames": len(times), "seconds": round(at, 3)})
    if first is None:
        raise FilmError("has no frames between --from and --to", source.path)
    shots = tuple(replace(shot, start=shot.start + first, stop=shot.stop + first) for shot in _shifted(finder, first))
    return Reading(first, tuple(times), shots, tuple(source.damaged), tuple(source.notices))


def _shifted(finder: ShotFinder, first: int) -> Iterator[Shot]:
    for shot in finder.shots():
        yield replace(shot, flashes=tuple(frame + first for frame in shot.flashes))


class Job:
    """The colouring of one film into one file.

    Raises JobError where the folder is of another film or of other choices, OutputExistsError where the result is there.
    """

    def __init__(
        self,
        source: Source,
        target: Path,
        encoding: Encoding,
        choices: Choices,
        *,
        span: tuple[float, float] | None = None,
        threads: int | None = None,
        force: bool = False,
        known: Reading | None = None,
    ) -> None:
        """known: what an earlier reading of the same frames found, so that the film is not read for its shots again."""
        self.known = known
        self.source, self.target, self.encoding, self.choices = source, target, encoding, choices
        self.span, self.threads = span, threads
        self.notices: list[str] = [*source.notices, *encoding.notices]
        self.folder = target.with_name(target.name + ".job")
        self._force = force
        self._check_target()
        self._identity = self._tell()

    def _check_target(self) -> None:
        if os.path.lexists(self.target) and not self._force:
            raise OutputExistsError("exists already; overwrite it with --force", self.target)

    def _tell(self) -> dict[str, Any]:
        """What makes this job this one."""
        seen = self.source.path.stat()
        with self.source.path.open("rb") as file:
            head = hashlib.sha256(file.read(1 << 20)).hexdigest()
        settings = [repr(self.encoding), repr(self.span), self.choices.digest(), self.threads, self.source.deinterlace]
        return {
            "photochrom": __version__,
            "film": {"name": self.source.path.name, "bytes": seen.st_size, "sha256_of_first_mb": head},
            "choices": hashlib.sha256(repr(settings).encode()).hexdigest(),
        }

    def _enter(self) -> None:
        about = self.folder / "job.json"
        known = None
        if about.exists():
            try:
                known = json.loads(about.read_text("utf-8"))
            except (OSError, ValueError) as error:
                raise JobError(f"cannot be read ({error}); remove the folder", self.folder) from error
        if known == self._identity:
            return
        if known is not None and Journal(self.folder / "journal.jsonl").parts:
            raise JobError(
                "is of another film, or of other choices; remove it, or give another output by -o", self.folder
            )
        # Nothing is coloured yet, or, where the job is half deleted, nobody knows of which film and choices.
        (self.folder / "shots.json").unlink(missing_ok=True)
        (self.folder / "journal.jsonl").unlink(missing_ok=True)
        write_whole(about, json.dumps(self._identity).encode())

    def _reading(self, progress: Progress | None) -> Reading:
        """The shots: from the folder, or by reading the film."""
        self._enter()
        kept = self.folder / "shots.json"
        if kept.exists():
            return Reading.from_json(json.loads(kept.read_text("utf-8")))
        reading = self.known or read_shots(self.source, self.span, progress)
        write_whole(kept, json.dumps(reading.to_json()).encode())
        return reading

    def run(self, progress: Progress | None = None, stop: Callable[[], bool] | None = None) -> bool:
        """Do the work, or what is left of it. True: the result is written, and the folder gone; False: ``stop`` returned True.

        Raises FilmError, JobError, OutputWriteError; what is done is kept then, too. JobBusyError: another process is at it.
        """
        with at_work(self.folder):
            return self._run(progress, stop)

    def _run(self, progress: Progress | None, stop: Callable[[], bool] | None) -> bool:
        self._check_target()  # another process may just have written it
        tell: Progress = progress or (lambda event: None)
        reading = self._reading(progress)
        self.notices = list(dict.fromkeys([*self.notices, *reading.notices, *_damage(reading)]))
        journal = Journal(self.folder / "journal.jsonl")
        need, free = self._need(reading, journal.frames), shutil.disk_usage(self.folder).free
        tell(
            {"event": "start", "frames": reading.frames, "shots": len(reading.shots), "done": journal.frames}
            | {"disk_need": need, "disk_free": free}
        )
        if free < need / 2:
            raise OutputWriteError(f"needs about {need >> 20} MB of disk, and {free >> 20} MB are free", self.folder)
        if not self._parts(reading, journal, tell, stop):
            return False
        files = [self.folder / _name(index) for index in range(len(journal.parts))]
        tell({"event": "joining"})
        marks = {"software": f"Photochrom {__version__}", "model": self.choices.model_name}
        join(
            self.source,
            self.encoding,
            files,
            self.target,
            marks=marks,
            span=self.span,
            threads=self.threads,
            notices=self.notices,
        )
        clear(self.folder)
        tell({"event": "done", "output": str(self.target), "frames": journal.frames})
        return True

    def _need(self, reading: Reading, done: int) -> int:
        """Bytes that are still to be written, roughly: the parts, and the result beside them."""
        layout = self.encoding.layout
        samples = layout.width * layout.height * (1 + 2 / (1 << (layout.across + layout.down)))
        per_frame = {"ffv1": 0.55, "prores": 0.25}.get(self.encoding.codec, 0.03) * samples * layout.bits / 8
        return int(per_frame * (2 * reading.frames - done))

    def _parts(self, reading: Reading, journal: Journal, tell: Progress, stop: Callable[[], bool] | None) -> bool:
        parts = [part for shot in reading.shots for part in _split(shot)]
        left = parts[len(journal.parts) :]
        frames = self.source.frames(stop)
        colors = ShotColors(self.source, self.choices, reading.times, reading.first)
        begun, before = time.monotonic(), journal.frames
        colors.check()
        state = self._state(journal, left)
        held: Frame | None = None

        def count(done: int, shot: int) -> None:
            fps = (done - before) / max(time.monotonic() - begun, 1e-6)
            left_s = (reading.frames - done) / fps if fps else None
            tell({"event": "frames", "done": done, "total": reading.frames, "shot": shot, "fps": fps, "left": left_s})

        for index, (shot, start, end) in enumerate(left, len(journal.parts)):
            if start == shot.start:
                state = None
            colors.enter(shot)

            def inside(start: int = start, end: int = end) -> Iterator[Frame]:
                nonlocal held
                while held is None or held.index < end:
                    if held is not None and held.index >= start:
                        yield held
                    held = next(frames, None)
                    if held is None:
                        return

            made = PacketFile(self.folder / _name(index))
            try:
                state, written = self._part(inside(), colors, shot, (start, end), state, made, count, journal.frames)
                if stop is not None and stop():
                    made.abandon()
                    return False
                if not written:
                    raise FilmError("has fewer frames than when it was read first; was it changed?", self.source.path)
                files = {_name(index): made.finish()}
            except BaseException:
                made.abandon()
                raise
            if state is not None and end < shot.stop:
                data = BytesIO()
                arrays: dict[str, Any] = state.arrays()
                np.savez(data, **arrays)
                write_whole(self.folder / _state(index), data.getvalue())
                files[_state(index)] = hashlib.sha256(data.getvalue()).hexdigest()
            journal.add(written, files)
            tell({"event": "part", "part": index, "of": len(parts), "frames": written})
            count(journal.frames, shot.start)
        return True

    def _part(
        self,
        frames: Iterator[Frame],
        colors: ShotColors,
        shot: Shot,
        span: tuple[int, int],
        state: State | None,
        made: PacketFile,
        count: Callable[[int, int], None],
        done: int,
    ) -> tuple[State | None, int]:
        """Colour and encode one part -> what the next one carries on from, and the frames written."""
        layout, encoding = self.source.layout, self.encoding
        encoder = open_encoder(encoding, self.source, self.threads)
        carried: State | None = None

        def fields() -> Iterator[tuple[Frame, Colored | None]]:
            nonlocal carried
            if not colors.painted(shot):
                for frame in frames:
                    yield frame, None
                return
            looked = ordered(lambda frame: (frame.index, frame, colors.lightness(frame)), frames, self.threads)
            for one in steady(
                looked,
                colors.answer,
                last=span[1] - 1,
                state=state,
                flashes=frozenset(shot.flashes),
                wanted=colors.wanted,
                every=self.choices.every,
                threads=self.threads,
            ):
                if isinstance(one, Colored):
                    yield one.item, one
                else:
                    carried = one

        def paint(pair: tuple[Frame, Colored | None]) -> Any:
            frame, colored = pair
            field = colors.plain(shot) if colored is None else colors.as_it_lies(colored.color)
            return paint_frame(frame, field, layout, encoding.layout)

        written = 0
        for painted in ordered(paint, fields(), self.threads):
            _put(encoder.encode(painted), made)
            written += 1
            if not written % _EVERY:
                count(done + written, shot.start)
        _put(encoder.encode(None), made)
        return carried, written

    def _state(self, journal: Journal, left: list[tuple[Shot, int, int]]) -> State | None:
        if not left or left[0][1] == left[0][0].start:
            return None
        with np.load(self.folder / _state(len(journal.parts) - 1)) as kept:
            return State(*(kept[name] for name in ("ab", "weight", "light", "smooth")))


def _split(shot: Shot) -> Iterator[tuple[Shot, int, int]]:
    for start in range(shot.start, shot.stop, PART):
        yield shot, start, min(start + PART, shot.stop)


def _put(packets: list[Any], made: PacketFile) -> None:
    for packet in packets:
        made.write(Packet(packet.pts, packet.duration or 0, bool(packet.is_keyframe), bytes(packet)))


def _name(index: int) -> str:
    return f"part-{index:06d}.packets"


def _state(index: int) -> str:
    return f"part-{index:06d}.npz"


def _damage(reading: Reading) -> list[str]:
    if not reading.damaged:
        return []
    named = ", ".join(f"{at:.2f} s ({why})" for at, why in reading.damaged[:5])
    more = f" and {len(reading.damaged) - 5} more" if len(reading.damaged) > 5 else ""
    return [f"damaged frames at {named}{more}; the rest is coloured"]
