"""How fast are films coloured, in which memory, and is their luma kept? Films are made from scikit-image's pictures, or given.

    python benchmarks/film_speed.py [--frames 240] [--sizes 480p 1080p] [--film FILE ...] [--threads 2]
    python benchmarks/film_speed.py --sizes [--luma] [--kills 100] [--long 10000]

Frames a second are those of the whole process: reading twice, colouring, encoding, joining. Beside the wall clock stands the
processor time, which other work on the machine does not change, and what two idle cores would give at the most. --luma compares
luma before and after in every pixel format; --kills kills the work at random moments and compares the frames; --long prints the
memory while a long film of small frames is coloured.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom import film as films
from photochrom.film.layout import plane_of

SIZES = {"240p": (426, 240), "480p": (854, 480), "720p": (1280, 720), "1080p": (1920, 1080)}
FORMATS = [f"yuv{chroma}p{deep}" for deep in ("", "10le", "12le") for chroma in ("420", "422", "444")] + [
    "gray",
    "gray10le",
]
data: Any = skimage.data


def moving(count: int, size: tuple[int, int]) -> Any:
    """Pans and zooms over photographs, a cut every four seconds, with some grain."""
    pictures = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    grain = np.random.default_rng(0).normal(0, 3, (size[1] + 64, size[0] + 64)).astype(np.float32)
    for index in range(count):
        picture = pictures[index // 100 % len(pictures)]
        along = index % 100 / 100
        scale = min(picture.shape[1] / size[0], picture.shape[0] / size[1]) * (0.85 - 0.25 * along)
        x, y = picture.shape[1] * (0.42 + 0.16 * along), picture.shape[0] * 0.5
        place = np.array([[scale, 0, x - scale * size[0] / 2], [0, scale, y - scale * size[1] / 2]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        grey = cv2.cvtColor(
            cv2.warpAffine(picture, place, size, flags=flags, borderMode=cv2.BORDER_REFLECT), cv2.COLOR_RGB2GRAY
        )
        dx, dy = index * 17 % 64, index * 29 % 64
        yield np.clip(grey + grain[dy : dy + size[1], dx : dx + size[0]], 0, 255).astype(np.uint8)


def write(path: Path, frames: Any, size: tuple[int, int], pix_fmt: str = "yuv420p", codec: str = "libx264") -> None:
    with av.open(str(path), "w") as made:
        stream: Any = made.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.options = {"preset": "veryfast", "crf": "18"} if codec == "libx264" else {}
        for grey in frames:
            frame: Any = av.VideoFrame.from_ndarray(grey, "gray").reformat(format=pix_fmt)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))


def lumas(path: Path) -> list[NDArray[Any]]:
    with av.open(str(path)) as film:
        return [plane_of(frame, 0).copy() for frame in film.decode(video=0)]


def speed(path: Path, threads: int) -> None:
    """In a process of its own, so that its memory is its own."""
    target = path.with_name("result.mkv")
    code = (
        "import sys, resource; from photochrom import film as films\n"
        f"films.open({str(path)!r}).save({str(target)!r}, films.make_choices(threads={threads}), threads={threads}, force=True)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    memory = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - wall
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    count = len(films.open(path).reading.times)
    print(
        f"{path.stem}: {count} frames, {count / wall:.1f} frames/s; {1000 * work / count:.0f} ms of processor time a frame, "
        f"so {2 * count / work:.1f} frames/s by two idle cores at most; {memory} MB"
    )
    target.unlink()


def luma(folder: Path) -> None:
    for pix_fmt in FORMATS:
        for size in ((160, 120), (161, 121)):
            path, target = folder / "in.mkv", folder / "out.mkv"
            write(path, moving(6, size), size, pix_fmt, "ffv1")
            films.open(path).save(target, codec="ffv1", force=True)
            same = all(np.array_equal(one, other) for one, other in zip(lumas(path), lumas(target), strict=True))
            print(f"{pix_fmt} {size[0]} x {size[1]}: luma {'equal bit for bit' if same else 'CHANGED'}", flush=True)


def small_choices() -> films.Choices:
    """The default model, looking at a short side of 64 pixels: frames in plenty, where colours are not what is measured."""
    choices = films.make_choices(threads=1)
    choices.plain.colorizer = Colorizer(work_size=64, threads=1)
    return choices


def kills(folder: Path, count: int) -> None:
    """The job is killed (SIGKILL) after random processor time, by forks of a process that holds the model already."""
    cv2.setNumThreads(1)
    path = folder / "killed.mkv"
    write(path, moving(400, (160, 120)), (160, 120), codec="ffv1")
    choices = small_choices()

    def start(target: Path) -> int:
        """A child at work on the film: its process. This process itself must not colour anything, or it could not be forked."""
        child = os.fork()
        if child == 0:
            try:
                films.open(path).save(target, choices, codec="ffv1", threads=1)
                os._exit(0)
            finally:
                os._exit(1)
        return child

    _, code = os.waitpid(start(folder / "whole.mkv"), 0)
    if code:
        sys.exit("the undisturbed work failed")
    truth, after, done, films_done = planes(folder / "whole.mkv"), random.Random(0), 0, 0
    while done < count:
        target = folder / f"out-{films_done}.mkv"
        while not target.exists():
            child = start(target)
            limit = after.uniform(0, 1.5)
            while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
                if processor_time(child) > limit:
                    os.kill(child, signal.SIGKILL)
                    done += os.waitpid(child, 0)[1] == signal.SIGKILL
                    break
                time.sleep(0.005)
            if ended[1]:
                sys.exit(f"the work failed after {done} kills")
        same = all(map(np.array_equal, planes(target), truth)) and len(planes(target)) == len(truth)
        films_done += 1
        print(f"film {films_done}, {done} kills: {'equal' if same else 'DIFFERENT'}", flush=True)


def planes(path: Path) -> list[NDArray[Any]]:
    """All planes of all frames."""
    with av.open(str(path)) as film:
        return [plane_of(frame, index).copy() for frame in film.decode(video=0) for index in range(3)]


def processor_time(process: int) -> float:
    """Seconds, of a process that lives (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def long(folder: Path, count: int) -> None:
    """Memory as a long film goes on."""
    path = folder / "long.mkv"
    write(path, moving(count, (160, 120)), (160, 120), codec="ffv1")
    page = os.sysconf("SC_PAGE_SIZE") / 2**20
    shown = 0

    def memory(event: dict[str, Any]) -> None:
        nonlocal shown
        if event["event"] == "frames" and event["done"] >= shown:
            now = int(Path("/proc/self/statm").read_text().split()[1]) * page
            print(f"{event['done']} frames: {now:.0f} MB", flush=True)
            shown += count // 10

    films.open(path).save(folder / "long_color.mkv", small_choices(), progress=memory, threads=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=["480p", "1080p"])
    parser.add_argument("--film", nargs="*", type=Path, default=[])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--luma", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--long", type=int, default=0, metavar="FRAMES")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in options.sizes:
            path = folder / f"{size}.mp4"
            write(path, moving(options.frames, SIZES[size]), SIZES[size])
            speed(path, options.threads)
        for given in options.film:
            path = folder / given.name
            path.write_bytes(given.read_bytes())
            speed(path, options.threads)
        if options.luma:
            luma(folder)
        if options.kills:
            kills(folder, options.kills)
        if options.long:
            long(folder, options.long)


if __name__ == "__main__":
    main()
