"""Fit the reading by which skin and hair are told from cloth: src/photochrom/models/encoder.skin.safetensors.

    python scripts/label_maps CLONES -o MAPS --side 640 --never shared/data/regions
    python benchmarks/skin_fit.py MAPS --nobody STORE -o encoder.skin.safetensors

MAPS: label maps of clothing and of streets, large enough that a hand can be looked at closely: people of all sizes are learnt,
from windows down to a quarter of a picture's width and from four and nine pictures side by side, most of them in the greys of old
films and prints. STORE: a training store, of which animals and places teach what is no skin and no hair: fur is not hair, else a
cat is a person.

Cells that are skin or hair by half, ground by four fifths, or anything else are read by a network with one hidden layer on the
features at three strides (cross-entropy, AdamW). Printed is how many cells of every eighth picture, which are not learnt from,
are told rightly, by the width of the window; then all are learnt from.

--mean READING: the scores are the mean with those of another reading. The one that ships has that of its predecessor, which was
linear and fitted on whole pictures (this file and encoder.skin.safetensors at 08733f6 in this repository's history): it sees
more skin in crowds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import nn

from photochrom.parallel import ordered
from photochrom.resize import enlarged
from photochrom.runtime import open_model
from photochrom.session import Session
from photochrom.train.augment import prepare
from photochrom.train.picture_store import PictureStore
from photochrom.train.recipe import Recipe

#: Labels of clothing, and of streets, those of people and of nothing.
SKIN, HAIR, PEOPLE = 41, 19, (10, 11, 255)
#: Side of what the encoder sees, in pixels, and widths of the windows in shorter sides of a picture: 2 are 2 x 2 pictures.
SIDE, WINDOWS, OF_STREETS = 256, (1.0, 0.7, 0.5, 0.36, 0.25, 2.0, 3.0), (1.0, 0.5)
#: Cells of each kind of a window: ground, skin, hair, anything else.
CELLS = 20, 30, 20, 30
#: Shares of windows in the grey of an old film, and of an old print; the first window of a picture is as it is.
OLD = Recipe(film=0.25, old_print=0.5)
AS_IT_IS = Recipe(film=0.0, old_print=0.0)
#: Pictures without skin and hair, by source, and cells of each.
NOBODY = {
    **dict.fromkeys(("animals151", "imagewoof", "pets10k"), 300),
    **dict.fromkeys(("houses", "intel150"), 250),
    "birds525v": 200,
    **dict.fromkeys(("pandas", "ikea-rooms", "flowers5", "grocery348", "scenes5"), 150),
    "food_cooking": 80,
}
OF_NOBODY = 40
NAMES = "ground", "skin", "hair", "other"
#: What a cell of a picture of nobody is, beside those: ground or other; and which kinds each of all five may be.
NEITHER = 4
ALLOWED = np.vstack([np.eye(len(NAMES)), [1, 0, 0, 1]])
#: Numbers of the hidden layer, share of them that is dropped, steps, cells in one, rate and decay.
HIDDEN, DROPPED, STEPS, BATCH, RATE, DECAY = 48, 0.2, 6000, 1024, 2e-3, 0.05


class Cells(NamedTuple):
    """Features (n, C), kinds (n,), the number of the picture (n,) and the width of the window (n,)."""

    features: NDArray[Any]
    kinds: NDArray[Any]
    pictures: NDArray[Any]
    widths: NDArray[Any]


def window(labels: NDArray[Any], width: float, rng: np.random.Generator) -> tuple[slice, slice]:
    """A square of this width; narrow ones lie where people are, most on their skin or hair."""
    side = max(48, int(min(labels.shape) * width))
    room = np.array(labels.shape) - side
    if width == 1:
        corner = rng.integers(0, room + 1)
    else:
        wanted = np.isin(labels, (SKIN, HAIR)) if rng.random() < 0.7 else labels > 0
        there = np.argwhere(wanted if wanted.any() else labels >= 0)
        corner = np.clip(there[rng.integers(len(there))] - rng.uniform(0.2, 0.8, 2) * side, 0, room).astype(int)
    return slice(corner[0], corner[0] + side), slice(corner[1], corner[1] + side)


def square(path: Path, width: float, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A window of a picture (SIDE, SIDE, 3), mirrored or not, and its labels (SIDE, SIDE)."""
    rgb: Any = cv2.cvtColor(np.asarray(cv2.imread(str(path))), cv2.COLOR_BGR2RGB)
    labels: Any = cv2.imread(str(path.with_name(f"{path.stem}_labels.png")), cv2.IMREAD_UNCHANGED)
    at, way = window(labels, width, rng), slice(None, None, rng.choice((1, -1)))
    there, known = np.ascontiguousarray(rgb[at][:, way]), np.ascontiguousarray(labels[at][:, way])
    how = cv2.INTER_AREA if len(there) > SIDE else cv2.INTER_CUBIC
    seen: Any = cv2.resize(there, (SIDE, SIDE), interpolation=how)
    return seen, np.asarray(cv2.resize(known, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST), np.uint8)


def tiled(squares: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """n x n squares side by side."""
    across = round(len(squares) ** 0.5)
    rows = [np.concatenate(squares[at : at + across], axis=1) for at in range(0, len(squares), across)]
    return np.concatenate(rows)


def features(
    session: Session, rgb: NDArray[np.uint8], recipe: Recipe, seed: int
) -> tuple[NDArray[Any], tuple[int, int]]:
    """Of each cell of a square picture, in the grey that the recipe draws: (cells, C), and the grid of the cells."""
    how = cv2.INTER_AREA if len(rgb) > SIDE else cv2.INTER_CUBIC
    picture = torch.from_numpy(cv2.resize(rgb, (SIDE, SIDE), interpolation=how)).permute(2, 0, 1)[None]
    light = prepare(picture, recipe, torch.Generator().manual_seed(seed)).lightness[0, 0].numpy()
    arrays = [array[0] for array in session.encode(light).arrays]
    grid = arrays[0].shape[1], arrays[0].shape[2]
    wide = [enlarged(one, (one.shape[1] / grid[0], one.shape[2] / grid[1]), grid) for one in arrays]
    return np.concatenate(wide).reshape(sum(map(len, arrays)), -1).T, grid


def kinds(labels: NDArray[Any], grid: tuple[int, int], streets: bool) -> NDArray[np.int64]:
    """What each cell (cells,) is, by the label map; -1 where that is not clear."""

    def share(*wanted: int) -> NDArray[Any]:
        mask = np.isin(labels, wanted).astype(np.float32)
        return np.asarray(cv2.resize(mask, grid[::-1], interpolation=cv2.INTER_AREA))

    if streets:
        return np.where(share(*PEOPLE) < 0.05, 0, -1).ravel()
    skin, hair, ground = share(SKIN), share(HAIR), share(0)
    clear = [ground > 0.8, skin > 0.5, hair > 0.5, skin + hair + ground < 0.15]
    return np.select(clear, range(4), -1).ravel()


def of_maps(maps: Path) -> Iterator[Cells]:
    """Cells of the pictures with label maps."""
    session = open_model("photochrom")

    paths = [path for path in sorted(maps.glob("*.jpg")) if path.stem.startswith(("clothing", "streets"))]
    clothing = sum(path.stem.startswith("clothing") for path in paths)  # they are the first

    def drawn(number: int) -> list[Cells]:
        streets = number >= clothing
        found = []
        for turn, width in enumerate(OF_STREETS if streets else WINDOWS):
            rng = np.random.default_rng((number, turn))
            # The others of eighths that are not learnt from are not learnt from either.
            alike = [other for other in range(clothing) if (other % 8 == 0) == (number % 8 == 0)]
            others = rng.choice(alike, int(width) ** 2 - 1).tolist() if width > 1 else []
            squares = [square(paths[each], min(width, 1), rng) for each in (number, *others)]
            rgb, labels = (tiled([one[part] for one in squares]) for part in (0, 1))
            flat, grid = features(session, rgb, OLD if turn else AS_IT_IS, int(rng.integers(2**31)))
            is_kind = kinds(labels, grid, streets)
            chosen = [np.flatnonzero(is_kind == kind) for kind in range(len(CELLS))]
            taken = np.concatenate(
                [rng.choice(one, min(most, len(one)), replace=False) for one, most in zip(chosen, CELLS, strict=True)]
            )
            found.append(_cells(flat[taken], is_kind[taken], number, width))
        return found

    for cells in ordered(drawn, range(len(paths))):
        yield from cells


def of_nobody(folder: Path) -> Iterator[Cells]:
    """Cells of pictures of animals and places in a store."""
    store, session, rng = PictureStore(folder), open_model("photochrom"), np.random.default_rng(1)
    chosen: list[int] = []
    for source, count in NOBODY.items():
        there = [number for number, entry in enumerate(store.entries) if entry.source == source]
        chosen += rng.choice(there, min(count, len(there)), replace=False).tolist()

    def drawn(number: int) -> Cells:
        rng = np.random.default_rng((1, number))
        width = float(rng.choice((1.0, 0.5)))
        rgb = store[number]
        seen = rgb[window(np.zeros(rgb.shape[:2], np.uint8), width, rng)]
        flat, _ = features(session, np.ascontiguousarray(seen), OLD, number)
        taken = rng.choice(len(flat), OF_NOBODY, replace=False)
        return _cells(flat[taken], np.full(OF_NOBODY, NEITHER), number, width)

    yield from ordered(drawn, chosen)


def _cells(flat: NDArray[Any], kind: NDArray[Any], number: int, width: float) -> Cells:
    return Cells(flat.astype(np.float16), kind, np.full(len(kind), number), np.full(len(kind), width))


def fitted(inputs: NDArray[Any], found: NDArray[Any]) -> nn.Sequential:
    """A network from standardised features (n, C) to scores of the four kinds."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(inputs.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(DROPPED), nn.Linear(HIDDEN, len(NAMES))
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    given, allowed = torch.from_numpy(inputs), torch.from_numpy(ALLOWED[found]).float()
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        drawn = torch.randint(len(given), (BATCH,))
        shares = torch.softmax(net(given[drawn]), dim=1)
        loss = -(shares * allowed[drawn]).sum(1).clamp(min=1e-9).log().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval()


def tell(net: nn.Sequential, inputs: NDArray[Any], cells: Cells) -> None:
    """Print how cells are read, by the width of the window and by what they are."""
    with torch.no_grad():
        answers = net(torch.from_numpy(inputs)).argmax(1).numpy()
    for width in sorted(set(cells.widths.tolist()), reverse=True):
        for kind, name in enumerate((*NAMES, "nobody")):
            there = answers[(cells.kinds == kind) & (cells.widths == width)]
            if len(there):
                told = ", ".join(f"{(there == other).mean():.3f} {word}" for other, word in enumerate(NAMES))
                print(f"windows of {width:g}: {len(there)} cells of {name}: {told}")


def mean_of(one: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The reading whose scores are the mean of two. Of a linear one each score and its negative are a hidden number."""
    if "hidden" not in other:
        scores, bias, unit = other["weights"], other["bias"], np.eye(len(NAMES), dtype=np.float16)
        other = {
            "hidden": np.vstack([scores, -scores]),
            "hidden_bias": np.concatenate([bias, -bias]),
            "weights": np.hstack([unit, -unit]),
            "bias": np.zeros_like(bias),
        }
    return {
        "hidden": np.vstack([one["hidden"], other["hidden"]]),
        "hidden_bias": np.concatenate([one["hidden_bias"], other["hidden_bias"]]),
        "weights": np.hstack([one["weights"], other["weights"]]) / np.float16(2),
        "bias": (one["bias"] + other["bias"]) / np.float32(2),
    }


def together(parts: Sequence[Cells]) -> Cells:
    return Cells(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maps", type=Path)
    parser.add_argument("--nobody", type=Path, help="a training store with pictures of animals and places")
    parser.add_argument("--mean", type=Path, help="a reading with whose scores the mean is taken")
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args()
    cells = together([*of_maps(given.maps), *(of_nobody(given.nobody) if given.nobody else ())])
    plain = cells.features.astype(np.float32)
    mean, spread = plain.mean(axis=0), plain.std(axis=0) + 1e-3
    inputs = (plain - mean) / spread
    test = cells.pictures % 8 == 0
    tell(fitted(inputs[~test], cells.kinds[~test]), inputs[test], Cells(*(array[test] for array in cells)))
    first, *_, last = (layer for layer in fitted(inputs, cells.kinds) if isinstance(layer, nn.Linear))
    hidden = first.weight.detach().numpy() / spread
    arrays = {
        "hidden": hidden.astype(np.float16),
        "hidden_bias": first.bias.detach().numpy() - (hidden * mean).sum(axis=1),
        "weights": last.weight.detach().numpy().astype(np.float16),
        "bias": last.bias.detach().numpy(),
    }
    save_file(mean_of(arrays, load_file(given.mean)) if given.mean else arrays, given.out)
    print(f"{given.out}: {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
