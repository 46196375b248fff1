"""Whether a named colour still has its name in another light, by the answers of the xkcd colour survey.

    python benchmarks/names.py --survey c3_data.json

The survey (R. Munroe 2010) showed people colours and asked for their names. c3_data.json is 2.7 million answers as Heer and
Stone 2012 counted them: how often each of 153 names was given in each cell of a grid of 5 units in L*a*b* (data/xkcd/c3_data.json
of github.com/StanfordHCI/c3). The names of a colour are here those of the eight cells nearest to it, by a Gaussian of 4 units.

Asked are the eleven basic terms of English and five more at L* of 15 to 90: which name is the most frequent for the colour that a
place of this lightness gets. Bold: some cell of that lightness has the asked name as its most frequent one. Before: ab of the CSS
colour (or the survey's, where CSS has none) at any lightness, and chroma cut off at sRGB's border in L*a*b*.

--all counts all names of the survey that the package knows, at every lightness of its grid. --fit prints the lines of
src/photochrom/data/names_in_other_light.txt: at every lightness of the grid at which another colour has the name, and the
material's own way has not, the nearest that has, within 21 ab; but not where just
one cell has the name, or the L* is the name's own.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photochrom import color_names
from photochrom.color import lab_to_rgb, limit_chroma, outside_srgb, planes_to_rgb, rgb_to_lab
from photochrom.errors import UnknownColorError
from photochrom.materials import Material, placed

ASKED = [
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
    "grey",
    "black",
    "white",
    "navy",
    "olive",
    "burgundy",
    "teal",
    "maroon",
]
LEVELS = range(15, 91, 15)
GRID = range(5, 96, 5)
#: Names of the survey's table that are spelt otherwise in ours.
SPELT = {"navy": "navyblue"}
#: Cells with fewer answers than this do not say what a colour is called.
ANSWERS = 30
#: --fit: how far from the material's own way, in ab; in how many cells at least a name is the most frequent; and how many times
#: as frequent as the next it should be, and must.
REACH, CELLS, SURE = 21, 2, (1.1, 1.0)
#: This near to a material's own L*, its own colour stays.
OWN = 3.0

Float = NDArray[np.float64]


class Survey:
    """How often a colour is given each of the survey's names."""

    def __init__(self, path: Path) -> None:
        data = json.loads(path.read_text("utf-8"))
        self.terms: list[str] = data["terms"]
        self.cells = np.array(data["color"], np.float64).reshape(-1, 3)
        counts = np.zeros(len(self.cells) * len(self.terms))
        counts[np.array(data["T"][::2])] = data["T"][1::2]
        self.counts = counts.reshape(len(self.cells), -1)

    def shares(self, lab: Float) -> Float:
        """The share of each name, (n, names), for Lab (n, 3)."""
        squared = ((lab[:, None] - self.cells) ** 2).sum(axis=2)
        near = np.argpartition(squared, 8, axis=1)[:, :8]
        weight = np.exp(-np.take_along_axis(squared, near, axis=1) / (2 * 4.0**2))
        found = (weight[..., None] * self.counts[near]).sum(axis=1)
        return found / np.maximum(found.sum(axis=1, keepdims=True), 1e-9)

    def index(self, name: str) -> int:
        return self.terms.index(SPELT.get(name, name))

    def can(self, index: int, light: float) -> int:
        """In how many cells of a lightness the name is the most frequent."""
        cells = (np.abs(self.cells[:, 0] - light) < 0.1) & (self.counts.sum(axis=1) > ANSWERS)
        return int((self.counts[cells].argmax(axis=1) == index).sum())

    def known(self) -> list[str]:
        """The survey's names that the package has, too, as the package spells them."""
        found = []
        for term in self.terms:
            try:
                color_names.parse(term)
            except UnknownColorError:
                continue
            found.append(term)
        return found + [name for name in SPELT if name not in found]

    def nearest(self, index: int, lab: Float) -> Float | None:
        """The nearest Lab of the same lightness that has a name before all others, inside sRGB and where people were asked."""
        light = lab[0]
        cells = self.cells[(np.abs(self.cells[:, 0] - light) < 0.1) & (self.counts.sum(axis=1) > ANSWERS)]
        steps = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1].reshape(2, -1).T
        far = np.hypot(*steps.T)
        steps = steps[np.argsort(far)][: int((far <= REACH).sum())]
        tried = np.column_stack([np.full(len(steps), light), np.round(lab[1:]) + steps])
        tried = tried[~outside_srgb(np.stack(planes_to_rgb(*tried.T), axis=-1))]
        tried = tried[np.abs(tried[:, None, 1:] - cells[:, 1:]).max(axis=2).min(axis=1) <= 2.5]
        shares = self.shares(tried)
        lead = shares[:, index] / np.delete(shares, index, axis=1).max(axis=1)
        for sure in SURE:
            if (lead > sure).any():
                return np.array(tried[(lead > sure).argmax()])
        return None


def here(material: Material, light: float) -> Float:
    """A material's Lab at a lightness."""
    return np.array(placed([material], np.array([light]))[0].lab, np.float64)


def now(name: str, light: float) -> Float:
    return here(Material.named(name), light)


def before(name: str, light: float) -> Float:
    from matplotlib.colors import CSS4_COLORS

    text = CSS4_COLORS.get(name, name)
    ab = rgb_to_lab(color_names.parse(text)[None])[0, 1:]
    return limit_chroma(np.array([[light, *ab]]))[0].astype(np.float64)


def table(survey: Survey) -> None:
    print("| name | " + " | ".join(f"L* {light}" for light in LEVELS) + " |")
    print("|---|" + "---|" * len(LEVELS))
    right = dict.fromkeys(("possible", "before", "now"), 0)
    for name in ASKED:
        index, cells = survey.index(name), []
        for light in LEVELS:
            can = survey.can(index, light)
            said = []
            for kind, give in (("before", before), ("now", now)):
                lab = give(name, light)
                top = int(survey.shares(lab[None])[0].argmax())
                said.append(f"{survey.terms[top]} {lab[1]:.0f},{lab[2]:.0f}")
                right[kind] += can > 0 and top == index
            right["possible"] += can > 0
            cells.append(f"{'**' if can else ''}{said[0]} → {said[1]}{'**' if can else ''}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\nOf {right['possible']} that can have the name: before {right['before']}, now {right['now']}")


def everything(survey: Survey) -> None:
    possible = right = 0
    for name in survey.known():
        index = survey.index(name)
        for light in GRID:
            if survey.can(index, light):
                possible += 1
                right += int(survey.shares(now(name, light)[None])[0].argmax()) == index
    print(f"Of {possible} pairs of name and lightness that can have the name, {right} have it")


def fit(survey: Survey) -> None:
    for name in survey.known():
        index, material = survey.index(name), replace(Material.named(name), elsewhere=())
        asked = [light for light in GRID if survey.can(index, light) >= CELLS and abs(light - material.lab[0]) > OWN]
        for light in asked * 3:  # again, since a colour moves those beside it
            lab = here(material, light)
            if int(survey.shares(lab[None])[0].argmax()) == index:
                continue
            found = survey.nearest(index, lab)
            if found is not None:
                others = [one for one in material.elsewhere if abs(one[0] - light) > 1]
                light_there, a, b = rgb_to_lab(lab_to_rgb(found[None].astype(np.float32)))[0].astype(float).tolist()
                material = replace(material, elsewhere=(*others, (light_there, a, b)))
        for one in sorted(material.elsewhere):
            print(color_names.to_hex(lab_to_rgb(np.array(one, np.float32)[None])[0]), name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--survey", type=Path, required=True)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--all", dest="show", action="store_const", const=everything, default=table)
    what.add_argument("--fit", dest="show", action="store_const", const=fit)
    given = parser.parse_args()
    given.show(Survey(given.survey))


if __name__ == "__main__":
    main()
