"""How steady are a film's colours, and do hints, references and cuts hold? On clips that are given, or made here.

    python benchmarks/film_steady.py --film CLIP.mp4 ... [--frames 50] [--hints] [--cuts [PICTURES]] [--strip strip.jpg]

For each film: Photochrom's colours, frame-by-frame ones, and those with the first true frame given, by the figures of
`photochrom evaluate --protocol film`; and the grey film, whose CDC and warp error are those of its light alone: what a method
adds to them is its own. --hints: one hint on a patch that moves, turns, grows and is hidden for a while, over 75 frames (3 s):
the share of the patch within 10 ab of the hint, and of all else, where it does not belong, within 25. It is hidden on ten ways,
the last five of which were not looked at when the method was made. --cuts: a film of 40 shots
with seven dissolves, of four pictures of scikit-image; or one of every four pictures of a folder. --strip: frames as a picture.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from photochrom import film as films
from photochrom.color import rgb_to_lab
from photochrom.evaluate.film import FIGURES, measure, rendered, true_frames
from photochrom.film.codecs import repeatable_x264

data: Any = skimage.data
Rgb = NDArray[np.uint8]


def write(path: Path, frames: list[Rgb]) -> None:
    with av.open(str(path), "w") as made:
        stream: Any = made.add_stream("libx264", rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv444p", {"crf": "12", "preset": "veryfast", **repeatable_x264()}
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        for rgb in frames:
            frame: Any = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
            made.mux(stream.encode(frame.reformat(format="yuv444p", dst_colorspace=1, dst_color_range=1)))
        made.mux(stream.encode(None))


def window(picture: Rgb, size: tuple[int, int], at: float, zoom: float, turn: float = 0.0) -> Rgb:
    scale = zoom * min(picture.shape[1] / size[0], picture.shape[0] / size[1])
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    centre = np.array([picture.shape[1] * at, picture.shape[0] * 0.5])
    turned = np.array([[cos, -sin], [sin, cos]])
    place = np.column_stack([turned, centre - turned @ (np.array(size) / 2)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, place, size, flags=flags, borderMode=cv2.BORDER_REFLECT))


def steadiness(path: Path, count: int) -> None:
    film = films.open(path)
    grey = (np.repeat(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2) for f in true_frames(film))
    ways = {"grey": grey, **{what: rendered(film, what) for what in ("film", "frames", "exemplar")}}
    print(path.name, f"({count} frames)")
    for name, frames in ways.items():
        found = measure(islice(true_frames(film), count), islice(frames, count))
        print(
            f"  {name:9}",
            "  ".join(f"{key} {found[key] * by:.{places}f}" for key, _, places, by in FIGURES),
            flush=True,
        )


#: Of a patch that passes behind a post: where it starts, how far it goes, and the post's first and last column.
PASSES = ((55, 210, 115, 215), (40, 240, 115, 215), (65, 190, 110, 210), (55, 210, 130, 195), (50, 220, 120, 225))
MORE_PASSES = ((30, 260, 100, 230), (70, 180, 120, 200), (60, 200, 140, 190), (45, 225, 105, 195), (55, 205, 125, 235))


def hint_holds(folder: Path, kind: str, passes: tuple[int, int, int, int] = PASSES[0]) -> float:
    """A patch of the cat's face over the coffee; the hint is purple, which neither the cat nor the coffee is.

    Returns the mean share of the patch, in percent, that has the hint's colour.
    """
    begins, goes, *post = passes
    size, count, side = (320, 240), 75, 90
    patch = cv2.resize(data.chelsea()[60:260, 120:320], (side, side), interpolation=cv2.INTER_AREA)
    frames, masks, places = [], [], []
    for index in range(count):
        u = index / (count - 1)
        x, y = (70 + 170 * u, 110 + 20 * np.sin(6 * u)) if kind != "scaled" else (160.0, 120.0)
        x = begins + goes * u if kind == "occluded" else x
        angle = 40 * u if kind == "turning" else 0.0
        scale = 0.8 + 0.6 * u if kind == "scaled" else 1.0
        pose = cv2.getRotationMatrix2D((side / 2, side / 2), angle, scale) + np.array(
            [[0, 0, x - side / 2], [0, 0, y - side / 2]]
        )
        mask = cv2.warpAffine(np.full((side, side), 255, np.uint8), pose, size) > 127
        frame = window(data.coffee(), size, 0.5, 0.8)
        frame[mask] = cv2.warpAffine(patch, pose, size)[mask]
        if kind == "occluded":  # a post, behind which all of the patch is hidden for a while
            frame[:, slice(*post)] = 90
            mask[:, slice(*post)] = False
        frames.append(frame)
        masks.append(mask)
        places.append((x, y))
    path = folder / f"{kind}.mkv"
    write(path, frames)
    wanted = (45.0, -45.0)
    hint = films.FilmHint(None, 0, *places[0], wanted)
    film = films.open(path)
    shares, spilt = [], []
    for made, mask in zip(film.paint(films.make_choices(steering=films.Steering(hints=(hint,)))), masks, strict=True):
        inside = cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        if inside.any():
            ab = rgb_to_lab(made)[..., 1:][inside]
            shares.append(float((np.hypot(*(ab - wanted).T) < 10).mean()))
            outside = rgb_to_lab(made)[..., 1:][
                ~cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
            ]
            spilt.append(float((np.hypot(*(outside - wanted).T) < 25).mean()))
    print(
        f"hint on a patch, {kind}: {100 * np.mean(shares):.0f} % within 10 ab (first frame {100 * shares[0]:.0f} %); "
        f"{100 * np.mean(spilt):.1f} % of the rest within 25 ab",
        flush=True,
    )
    return 100 * float(np.mean(shares))


def cuts(folder: Path, pictures: list[Rgb], seed: int) -> None:
    """A made film of 40 shots of four pictures: 32 cuts and 7 dissolves."""
    rng = np.random.default_rng(seed)

    def shot(index: int, count: int) -> list[Rgb]:
        zoom, slope, start = rng.uniform(0.5, 0.9), rng.uniform(-0.2, 0.2), rng.uniform(0.4, 0.6)
        picture = pictures[index % 4]
        return [
            window(picture, (320, 240), start + slope * i / count, zoom * (1 - 0.2 * i / count)) for i in range(count)
        ]

    frames, hard, soft = shot(0, 40), [], []
    for index in range(1, 40):
        following = shot(index, int(rng.integers(30, 70)))
        if index % 5 == 0:
            length = int(rng.choice([6, 10, 16, 24]))
            tail = frames[-length:]
            frames[-length:] = [
                np.rint(a * (1 - u) + b * u).astype(np.uint8)
                for a, b, u in zip(tail, following, np.arange(1, length + 1) / (length + 1), strict=False)
            ]
            soft.append(len(frames) - length // 2)
            following = following[length:]
        else:
            hard.append(len(frames))
        frames += following
    path = folder / "cuts.mkv"
    write(path, frames)
    shots = films.open(path).shots[1:]
    found = {one.start for one in shots if one.opens == "cut"}
    mixed = [one.start for one in shots if one.opens == "dissolve"]
    near = sum(any(abs(place - other) <= 3 for other in mixed) for place in soft)
    print(f"cuts: {len(found & set(hard))} of {len(hard)} found, {len(found - set(hard))} false")
    print(
        f"dissolves: {near} of {len(soft)} found within 3 frames, {len(mixed)} named in {len(frames)} frames",
        flush=True,
    )


def strip(path: Path, target: Path, count: int) -> None:
    """Three rows: grey, frame by frame, the film."""
    film = films.open(path)
    chosen = np.linspace(0, count - 1, 6).astype(int).tolist()
    grey = (np.repeat(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2) for f in true_frames(film))
    ways = (grey, rendered(film, "frames"), rendered(film, "film"))
    rows = [
        np.hstack([cv2.resize(f, (240, 180)) for i, f in enumerate(islice(frames, count)) if i in chosen])
        for frames in ways
    ]
    cv2.imwrite(str(target), np.vstack(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", nargs="*", type=Path, default=[])
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--hints", action="store_true")
    parser.add_argument("--cuts", type=Path, nargs="?", const=Path(), help="also: a folder of pictures")
    parser.add_argument("--strip", type=Path, help="of a clip made from scikit-image's astronaut")
    options = parser.parse_args()
    for path in options.film:
        steadiness(path, options.frames)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.hints:
            for kind in ("moving", "turning", "scaled"):
                hint_holds(folder, kind)
            held = [hint_holds(folder, "occluded", passes) for passes in (*PASSES, *MORE_PASSES)]
            print(
                f"occluded, in the mean: {np.mean(held):.1f} %; ways not looked at: {np.mean(held[len(PASSES) :]):.1f} %"
            )
        if options.cuts:
            shown = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
            if options.cuts.name:
                shown = [cv2.imread(str(path), cv2.IMREAD_COLOR_RGB) for path in sorted(options.cuts.glob("*.[jp]*g"))]
            if len(shown) < 4:
                parser.error(f"{options.cuts} has fewer than four pictures (.jpg, .jpeg, .png)")
            for seed in range(len(shown) // 4):
                cuts(folder, shown[4 * seed : 4 * seed + 4], seed)
        if options.strip:
            frames = [window(data.astronaut(), (480, 360), 0.36 + 0.2 * i / 36, 0.9 - 0.3 * i / 36) for i in range(36)]
            write(folder / "made.mkv", frames)
            strip(folder / "made.mkv", options.strip, 36)


if __name__ == "__main__":
    main()
