"""How often scans are taken for what they are not: mounts, negatives, tints. The figures of docs/formats.md, "Measured".

python benchmarks/scans.py mounts ../shared/data       photographs without a mount that are taken for mounted ones
python benchmarks/scans.py laid ../shared/data         photographs laid on paper here: how many are found, by kind
python benchmarks/scans.py negatives ../shared/data    photographs called negatives, negatives found, by the statistics; with
                                                       --model M.onnx by the model's encoder; --more FOLDER: other Parquet files
python benchmarks/scans.py tints ../shared/data        colour photographs taken for tinted prints

The folder holds ``eval/`` (Parquet files and ``kodak/``), ``regions/``, ``historical/`` and ``train/`` (Parquet files). The
thresholds were tuned while looking at these sets, so the figures are not those of a test on unseen pictures. ``--sheet`` writes
what was wrong, for looking at.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from photochrom.errors import PhotochromError
from photochrom.images import open_image, tint
from photochrom.images.borders import Frame, find_frame
from photochrom.images.negatives import SURE, negative_score
from photochrom.negatives import difference, fits, reading
from photochrom.resize import resized
from photochrom.runtime import OnnxSession, open_model
from photochrom.views import copy_lightness

Float = NDArray[np.float32]

EVAL = ("cid22-256", "places-128", "people-192")
KINDS = ("plain", "oval", "turned", "white edge", "caption", "lid")


def evaluation(data: Path, limit: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each picture of the evaluation sets that are Parquet files; ``limit`` of each."""
    yield from parquet_pictures([data / "eval" / f"{name}.parquet" for name in EVAL], limit)


def parquet_pictures(files: list[Path], limit: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each picture of Parquet files, ``limit`` of each."""
    for file in files:
        column = parquet.read_table(file, columns=["image"]).column("image")
        for index in range(min(len(column), limit or len(column))):
            yield f"{file.stem}:{index}", column[index].as_py()["bytes"]


def corpus(data: Path, each: int) -> Iterator[tuple[str, bytes]]:
    """All evaluation pictures, those with regions, and ``each`` random ones of every Parquet file for training."""
    yield from evaluation(data)
    for path in sorted([*(data / "eval/kodak").iterdir(), *(data / "regions").glob("*.jpg")]):
        yield path.name, path.read_bytes()
    for file in sorted((data / "train").glob("*.parquet")):
        column = parquet.read_table(file, columns=["image"]).column("image")
        for index in np.random.default_rng(0).choice(len(column), each, replace=False):
            yield f"{file.stem}:{index}", column[int(index)].as_py()["bytes"]


def copies(pictures: Iterator[tuple[str, bytes]], side: int = 256) -> Iterator[tuple[str, Float]]:
    """Name and work-size copy (h, w, 3), sRGB in [0, 1], of each picture that can be read."""
    for name, picture in pictures:
        try:
            yield name, open_image(picture).work_copy(side)
        except PhotochromError:  # noqa: PERF203
            print(f"not read: {name}")


def mounts(data: Path, each: int, wrong: list[Float]) -> None:
    count = Counter[str]()
    for name, picture in copies(corpus(data, each)):
        frame = find_frame(picture)
        count["pictures"] += 1
        if frame is not None:
            count["taken for mounted"] += 1
            print(name, np.round(frame.box, 3))
            wrong.append(veiled(picture, frame))
    print(dict(count))
    for path in sorted((data / "historical").iterdir()):
        if (frame := find_frame(open_image(path).work_copy(256))) is not None:
            print(path.name, np.round(frame.box, 3))


def laid(data: Path, each: int, wrong: list[Float]) -> None:
    dice = np.random.default_rng(5)
    found, count = Counter[str](), Counter[str]()
    chosen = [one for one in corpus(data, each) if "places" not in one[0]][:420:2]
    for number, (_, photo) in enumerate(copies(iter(chosen), 320)):
        kind = KINDS[number % len(KINDS)]
        picture, inside = lay(photo, kind, dice)
        frame = find_frame(picture)
        count[kind] += 1
        right = frame is not None and overlap(frame, inside) > 0.9
        found[kind] += right
        if not right:
            wrong.append(picture if frame is None else veiled(picture, frame))
    for kind in KINDS:
        print(f"{kind:12} {found[kind]} of {count[kind]}")


def lay(photo: Float, kind: str, dice: np.random.Generator) -> tuple[Float, Float]:
    """A grey photograph on paper with grain and slanting light, through JPEG; and where it is, (h, w), 1 inside."""
    h, w = photo.shape[:2]
    top, bottom, left, right = (int(dice.uniform(0.04, 0.3) * min(h, w)) for _ in range(4))
    size = h + top + bottom, w + left + right
    level = dice.uniform(0.05, 0.97)
    y, x = np.mgrid[: size[0], : size[1]]
    paper: Any = np.full(size, level, np.float32)
    paper += dice.uniform(-0.06, 0.06) * (x / size[1] - 0.5) + dice.uniform(-0.06, 0.06) * (y / size[0] - 0.5)
    paper += cv2.GaussianBlur(dice.normal(0, 0.03, size).astype(np.float32), (0, 0), 1.2)
    paper += dice.normal(0, 0.015, size).astype(np.float32)
    inside: Any = np.zeros(size, np.float32)
    page: Any = paper.copy()
    page[top : top + h, left : left + w] = photo.mean(axis=-1)
    if kind == "oval":
        cv2.ellipse(inside, (left + w // 2, top + h // 2), (w // 2 - 1, h // 2 - 1), 0, 0, 360, 1, -1)
    else:
        inside[top : top + h, left : left + w] = 1
    if kind == "turned":
        matrix = cv2.getRotationMatrix2D((left + w / 2, top + h / 2), dice.uniform(-3, 3), 0.97)
        page = cv2.warpAffine(page, matrix, size[::-1], borderMode=cv2.BORDER_REPLICATE)
        inside = cv2.warpAffine(inside, matrix, size[::-1])
    if kind == "white edge":
        edge = max(2, int(0.03 * min(h, w)))
        paper[max(0, top - edge) : top + h + edge, max(0, left - edge) : left + w + edge] = 0.95
    out: Any = paper * (1 - inside) + page * inside
    if kind == "caption":
        text = np.zeros(size, np.uint8)
        place = (size[1] // 3, size[0] - max(3, bottom // 3))
        cv2.putText(text, "Prague 1931", place, 0, 0.5 * max(0.6, bottom / 40), 255, 1, cv2.LINE_AA)
        out = out * (1 - text / 255) + text / 255 * (1.0 - round(level))
    if kind == "lid":
        width = [int(0.04 * min(size))] * 4
        out = cv2.copyMakeBorder(out, *width, cv2.BORDER_CONSTANT, value=float(dice.choice([0.02, 0.98])))
        inside = cv2.copyMakeBorder(inside, *width, cv2.BORDER_CONSTANT, value=0)
    coded = cv2.imencode(".jpg", (out.clip(0, 1) * 255).astype(np.uint8), [1, int(dice.integers(70, 95))])[1]
    grey: Any = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.float32) / 255, inside


def overlap(frame: Frame, inside: Float) -> float:
    """Intersection over union of what was found and what is there."""
    small = cv2.resize(inside, frame.inside.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
    found = frame.inside > 0.5
    return float((small & found).sum() / (small | found).sum())


def veiled(picture: Float, frame: Frame) -> Float:
    """The picture with a violet veil over what was taken for paper."""
    inside: Any = cv2.resize(frame.inside, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return np.where(inside[..., None] < 0.5, picture[..., :3] / 2 + np.float32((0.5, 0, 0.5)), picture[..., :3])


def negatives(data: Path, each: int, wrong: list[Float], model: Path | None = None, more: Path | None = None) -> None:
    old = ((path.name, path.read_bytes()) for path in sorted((data / "historical").iterdir()))
    sets = {"eval": evaluation(data, each or None), "historical": old}
    if more is not None:
        sets["more"] = parquet_pictures(sorted(more.rglob("*.parquet")), each or None)
    score: Callable[[Float], float] = statistics_score
    sure = SURE
    if model is not None:
        session = open_model(model, threads=1)
        if not fits(session, reading()):
            raise SystemExit("the reading was fitted to another encoder: python benchmarks/negatives_of_encoder.py -h")
        score, sure = partial(encoder_score, session), reading().sure
    for title, pictures in sets.items():
        scores = []
        for _, picture in copies(pictures):
            scores.append(score(picture))
            if -scores[-1] > sure:
                wrong.append(picture)
        negative = np.array(scores)
        print(
            f"{title}: {len(scores)} photographs, {(-negative > sure).sum()} called negatives ({(-negative > sure).mean():.1%}); "
            f"{(negative > sure).sum()} of their negatives found ({(negative > sure).mean():.1%}); "
            f"told apart without a threshold {(negative > 0).mean():.1%}",
            flush=True,
        )


def statistics_score(picture: Float) -> float:
    """The score of a photograph's negative, by statistics; that of the photograph is the same below nought."""
    grey: Any = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA) @ np.array(
        [0.299, 0.587, 0.114], np.float32
    )
    return negative_score(255 - 255 * grey)


def encoder_score(session: OnnxSession, picture: Float) -> float:
    """The same by an encoder."""
    height, width = picture.shape[:2]
    scale = 256 / min(height, width)
    shape = tuple(round(side * scale / 8) * 8 for side in (height, width))
    grey = np.repeat((picture @ np.array([0.299, 0.587, 0.114], np.float32))[..., None], 3, axis=2)
    shown = [resized(copy_lightness(one), shape, cv2.INTER_CUBIC).clip(0, 100) for one in (1 - grey, grey)]
    return float(difference(*map(session.encode, shown)) @ reading().weights)


def tints(data: Path, each: int, wrong: list[Float]) -> None:
    count = Counter[str]()
    for name, picture in copies(evaluation(data, each), 128):
        count["pictures"] += 1
        if not tint._tint_of(tint.to_lab(picture)).already_colour:  # before charts and second prints are looked for
            continue
        count["in colour"] += 1
        found = tint.classify_tint(picture)
        if not found.already_colour:
            count[f"taken for {found.kind}"] += 1
            print(name, found.kind)
            wrong.append(picture[..., :3])
    print(dict(count))


def sheet(pictures: list[Float], path: Path, side: int = 200, columns: int = 8) -> None:
    """Write the first sixty pictures beside each other."""
    tiles = [cv2.resize((one * 255).clip(0, 255).astype(np.uint8), (side, side)) for one in pictures[:60]]
    tiles += [np.zeros((side, side, 3), np.uint8)] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[at : at + columns], axis=1) for at in range(0, len(tiles), columns)]
    if rows:
        cv2.imwrite(str(path), np.concatenate(rows)[..., ::-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["mounts", "laid", "negatives", "tints"])
    parser.add_argument("data", type=Path, help="The folder of the project's sets.")
    parser.add_argument("--each", type=int, help="Pictures of every set (mounts: 400, laid: 3, tints: 150).")
    parser.add_argument("--model", type=Path, help="Of negatives: a model whose encoder is to tell them.")
    parser.add_argument("--more", type=Path, help="Of negatives: a folder of further Parquet files.")
    parser.add_argument("--sheet", type=Path, help="Write what was wrong.")
    options = parser.parse_args()
    of_negatives = partial(negatives, model=options.model, more=options.more)
    work: dict[str, tuple[Callable[[Path, int, list[Float]], None], int]] = {
        **{"mounts": (mounts, 400), "laid": (laid, 3), "negatives": (of_negatives, 0), "tints": (tints, 150)}
    }
    wrong: list[Float] = []
    act, each = work[options.what]
    act(options.data, options.each or each, wrong)
    if options.sheet is not None:
        sheet(wrong, options.sheet)


if __name__ == "__main__":
    main()
