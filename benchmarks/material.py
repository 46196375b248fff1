"""How one material's colour changes from light to shade: candidates for `photochrom.materials`, against photographs.

    python benchmarks/material.py --regions shared/data/regions

Every garment, skin and hair of at least 1,500 pixels (a border of 3 pixels left out) is cut into slices of 4 L*. A candidate is
given the colour of the slice at the region's median L*, and predicts the ab of each other slice of at least 60 pixels; printed is
the mean CIEDE2000 between prediction and the slice's median colour, by how far its L* lies from the given one (far: 20 or more).
Regions whose slices are not even (median distance of their pixels to the slice's median above 6 in ab) hold more than one
material and are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import RGB_TO_XYZ, linear_to_oklab, planes_to_rgb, rgb_to_lab, srgb_to_linear
from photochrom.evaluate.metrics import ciede2000
from photochrom.images import open_image
from photochrom.materials import SHADE, SKIN, in_light

SLICE, LEAST, PIXELS, EVEN = 4.0, 60, 1500, 6.0
KINDS = ("cloth and hair", "skin")
#: By how much L* a slice is lighter than the given one.
BANDS = {"far darker": (-99, -20), "darker": (-20, 0), "lighter": (0, 20), "far lighter": (20, 99)}

Lab = NDArray[np.float64]
#: A material's Lab (3,) and places' L* (n,) -> Lab (n, 3).
Candidate = Callable[[Lab, Lab], Lab]

_XYZ_TO_IZ = np.array(
    [[0.41478972, 0.579999, 0.0146480], [-0.2015100, 1.120649, 0.0531008], [-0.0166008, 0.264800, 0.6684799]]
)
_IZ = np.array([[0.5, 0.5, 0], [3.524000, -4.066708, 0.542708], [0.199076, 1.096799, -1.295875]])


def _linear(lab: Lab) -> Lab:
    planes = planes_to_rgb(*np.moveaxis(np.atleast_2d(lab).astype(np.float64), -1, 0))
    return np.stack([srgb_to_linear(plane) for plane in planes], axis=-1).reshape(np.shape(lab))


def oklab(lab: Lab) -> Lab:
    """Oklab (Ottosson 2020) of CIE Lab."""
    return linear_to_oklab(_linear(lab))


def jzazbz(lab: Lab) -> Lab:
    """JzAzBz (Safdar et al. 2017) of CIE Lab, white at 203 cd/m2."""
    x, y, z = np.moveaxis(_linear(lab) @ (RGB_TO_XYZ * np.array([[0.95047], [1.0], [1.08883]])).T * 203, -1, 0)
    lms = np.stack([1.15 * x - 0.15 * z, 0.66 * y + 0.34 * x, z], axis=-1) @ _XYZ_TO_IZ.T
    power = (lms.clip(0) / 10000) ** (2610 / 2**14)
    coded = ((3424 / 2**12 + 2413 / 2**7 * power) / (1 + 2392 / 2**7 * power)) ** (1.7 * 2523 / 2**5)
    iab = coded @ _IZ.T
    iab[..., 0] = 0.44 * iab[..., 0] / (1 - 0.56 * iab[..., 0]) - 1.6295499532821566e-11
    return iab


def along_hue(space: Callable[[Lab], Lab], shade: float, lit: float | None = None) -> Candidate:
    """Hue as in the space; chroma by L ** ``shade`` of its lightness L, or where it is lighter by (white's L - L) ** ``lit``."""

    def found(material: Lab, light: Lab) -> Lab:
        given = space(material[None])[0]
        chroma, hue = np.hypot(*given[1:]), given[1:] / max(np.hypot(*given[1:]), 1e-9)
        ab = np.tile(material[1:], (len(light), 1)).astype(np.float64)
        for _ in range(30):  # Newton's steps on ab, with a numerical Jacobian
            lab = np.column_stack([light, ab])
            now = space(lab)
            grey = np.column_stack([light, 0 * ab])
            there, own, white = (
                space(np.array(one))[:, :1] for one in (grey, [[material[0], 0.0, 0.0]], [[100.0, 0.0, 0.0]])
            )
            share = (there / own).clip(1e-3) ** shade
            if lit is not None:
                share = np.where(there < own, share, ((white - there) / (white - own)).clip(1e-3) ** lit)
            wanted = chroma * share * hue
            step = 0.01
            da, db = (space(lab + step * np.eye(3)[axis])[:, 1:] - now[:, 1:] for axis in (1, 2))
            jacobian = np.stack([da, db], axis=-1) / step
            change = (np.linalg.pinv(jacobian) @ (wanted - now[:, 1:])[..., None])[..., 0]
            ab += 0.8 * change.clip(-10, 10)
        return np.column_stack([light, ab])

    return found


def scaled(power: float) -> Candidate:
    """ab times ((L* + 16) / (L0 + 16)) ** power: at power 1 chromaticity in linear light is constant."""

    def found(material: Lab, light: Lab) -> Lab:
        share = ((light + 16) / (material[0] + 16)) ** power
        return np.column_stack([light, share[:, None] * material[1:]])

    return found


def both_ways(shade: float, light: float) -> Candidate:
    """ab by (L* + 16) ** ``shade`` where it is darker, and by (100 - L*) ** ``light`` where it is lighter."""

    def found(material: Lab, there: Lab) -> Lab:
        down = ((there + 16) / (material[0] + 16)) ** shade
        up = ((100 - there).clip(0) / (100 - material[0])) ** light
        return np.column_stack([there, np.where(there < material[0], down, up)[:, None] * material[1:]])

    return found


def shipped(power: float) -> Candidate:
    """What Photochrom does."""
    return lambda material, light: np.column_stack([light, in_light(np.tile(material, (len(light), 1)), light, power)])


CANDIDATES: dict[str, Candidate] = {
    "exact ab": scaled(0),
    "constant chromaticity in linear light: ab by L* + 16": scaled(1),
    "ab by (L* + 16)^0.85, in light by (100 - L*)^0.4": both_ways(0.85, 0.4),
    "Oklab hue, constant chroma": along_hue(oklab, 0),
    "Oklab hue, chroma by L": along_hue(oklab, 1),
    "JzAzBz hue, constant chroma": along_hue(jzazbz, 0),
    "JzAzBz hue, chroma by Jz": along_hue(jzazbz, 1),
    "JzAzBz hue, chroma by Jz^0.5, in light by (white - Jz)^0.4": along_hue(jzazbz, 0.5, 0.4),
    **{f"Oklab hue, chroma by L^{p}, in light by (1 - L)^0.4": along_hue(oklab, p, 0.4) for p in (0.2, 0.5, 0.85, 1.0)},
    **{f"Oklab hue, chroma by L^0.85, in light by (1 - L)^{q}": along_hue(oklab, 0.85, q) for q in (0.2, 0.6)},
    f"photochrom.materials, power {SHADE}": shipped(SHADE),
    f"photochrom.materials, power of skin {SKIN}": shipped(SKIN),
}


def slices(lab: Lab) -> list[tuple[Lab, float]]:
    """The median Lab of each slice of L* of a region's pixels (n, 3), and how far its pixels lie from it in ab."""
    found = []
    for low in np.arange(0, 100, SLICE):
        own = lab[(lab[:, 0] >= low) & (lab[:, 0] < low + SLICE)]
        if len(own) >= LEAST:
            middle = np.median(own, axis=0)
            found.append((middle, float(np.median(np.hypot(*(own - middle)[:, 1:].T)))))
    return found


def regions(folder: Path) -> list[tuple[str, list[Lab]]]:
    """The slices of every region that is of one material, the one of the median L* first."""
    names = {int(line.split()[0]): line.split()[1] for line in (folder / "labels.txt").read_text("utf-8").splitlines()}
    found = []
    for path in sorted(folder.glob("*_labels.png")):
        labels: Any = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        rgb = open_image(path.with_name(path.name.replace("_labels.png", ".jpg"))).pixels()
        for label in np.unique(labels[labels > 0]).tolist():
            inside = cv2.erode((labels == label).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
            if inside.sum() < PIXELS:
                continue
            lab = rgb_to_lab(rgb[inside] / 255.0).astype(np.float64)
            parts = slices(lab)
            if len(parts) < 3 or np.median([spread for _, spread in parts]) > EVEN:
                continue
            middle = np.median(lab[:, 0])
            ordered = sorted((part for part, _ in parts), key=lambda part: abs(part[0] - middle))
            found.append((f"{path.stem[:4]} {names[label]}", ordered))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--regions", type=Path, required=True)
    parser.add_argument("--least-chroma", type=float, default=8.0, help="of the given colour; greys say nothing")
    given = parser.parse_args()
    found = [(name, parts) for name, parts in regions(given.regions) if np.hypot(*parts[0][1:]) >= given.least_chroma]
    groups = {kind: [parts for name, parts in found if name.endswith(" skin") == (kind == "skin")] for kind in KINDS}
    print(
        {kind: (len(group), sum(len(parts) - 1 for parts in group)) for kind, group in groups.items()},
        "regions, slices",
    )
    print("| candidate | " + " | ".join(f"{kind}, {band}" for kind in KINDS for band in BANDS) + " |")
    print("|---|" + "---|" * (len(KINDS) * len(BANDS)))
    for name, candidate in CANDIDATES.items():
        cells = []
        for kind in KINDS:
            errors, away = [], []
            for first, *others in groups[kind]:
                truth = np.array(others)
                errors.append(ciede2000(truth, candidate(first, truth[:, 0])))
                away.append(truth[:, 0] - first[0])
            error, distance = np.concatenate(errors), np.concatenate(away)
            cells += [f"{error[(distance >= low) & (distance < high)].mean():.2f}" for low, high in BANDS.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
