"""benchmarks/ablations.py: every row is a recipe that can be trained, and the table says what changed against grey."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from photochrom.train.color_module import make_network
from photochrom.train.recipe import as_dict, load_recipe, recipe_path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module", autouse=True)
def _benchmarks() -> None:
    sys.path.insert(0, str(BENCHMARKS))


def test_every_row_is_a_recipe_that_makes_a_network() -> None:
    from ablation_rows import BASE, ROWS

    base = load_recipe(recipe_path("photochrom"), **BASE)
    shapes = set()
    for row in ROWS.values():
        assert (row.like in ROWS) == (not row.recipe and row.name != "base")
        recipe = load_recipe(recipe_path("photochrom"), **{**BASE, **row.recipe})
        assert row.like or row.name == "base" or recipe != base
        shapes.add(
            (recipe.encoder, *recipe.widths, *recipe.depths, recipe.loss == "regression", recipe.lightness_prior)
        )
        if recipe.widths:
            make_network(as_dict(recipe))
    assert len(shapes) > 6


def test_the_table_is_of_differences_to_grey_and_shows_the_noise() -> None:
    from ablation_rows import table

    figures = {"psnr": 22.0, "auc": 90.0, "auc_rebalanced": 60.0, "ciede2000": 10.0, "colourfulness": 15.0}
    grey = {"held": {**figures, "psnr": 21.0}, "truth": figures}

    def result(gain: float) -> dict[str, object]:
        held = {**figures, "psnr": 21.0 + gain, "hinted": 23.0, "histogram": 23.5}
        gains = {"clean": 1.0, "film": 0.9, "print": 0.8}
        rest = {"truth": figures, "gains": gains, "samples": 1000, "top1": 40.0, "milliseconds": 20.0, "megabytes": 13}
        return {"held": held, **rest}

    lines = table({"grey": grey, "base": result(1.0), "base-1": result(2.0), "wide": result(1.25)}).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[2] for row in cells[2:]] == ["+1.50", "0.71", "", "+1.25"]
    hints = cells[0].index("10 hints")
    assert cells[2][hints : hints + 2] == ["+2.00", "+2.50"]
