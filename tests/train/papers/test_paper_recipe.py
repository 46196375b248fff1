"""The recipes of the papers: each loads, belongs to a network, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

import photochrom.train.papers.paper_recipe as module
from photochrom.errors import OptionError, RecipeError
from photochrom.nets.registry import NETS, find_net, make_net
from photochrom.papers.rows import ROWS, chosen_rows
from photochrom.train.papers.paper_recipe import PaperRecipe, load_any
from photochrom.train.recipe import Recipe, recipe_path

SHIPPED = sorted(path.stem for path in (Path(module.__file__).parent / "recipes").glob("*.toml"))


def test_every_network_has_a_recipe_and_a_row_and_the_other_way_round() -> None:
    assert sorted(spec.name for spec in NETS) == SHIPPED
    assert {row.recipe or row.name for row in ROWS if not row.of} == {
        *SHIPPED,
        "photochrom-frozen",
    }  # and this project's own


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_load(name: str) -> None:
    recipe = load_any(recipe_path(name))
    assert isinstance(recipe, PaperRecipe)
    assert recipe.model == name
    spec = find_net(recipe.model)
    assert not recipe.pretrained or spec.pretrained
    assert not recipe.embedder or spec.embedder
    split = recipe.for_store()
    assert (split.seed, split.batch, split.steps, split.sizes) == (
        recipe.seed,
        recipe.batch,
        recipe.steps,
        [recipe.size],
    )


def test_the_model_tells_the_kind_of_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("steps = 7\n")
    assert isinstance(load_any(path), Recipe)
    path.write_text('model = "photochrom"\nsteps = 7\n')
    assert isinstance(load_any(path), Recipe)
    path.write_text('model = "unet"\nsteps = 7\n')
    recipe = load_any(path, seed=3)
    assert isinstance(recipe, PaperRecipe)
    assert (recipe.steps, recipe.seed) == (7, 3)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("stepps = 1", "stepps"),
        ("steps = 0", "steps"),
        ("steps = 1.5", "steps"),
        ('loss = "other"', "loss"),
        ('optimizer = "other"', "optimizer"),
        ('schedule = "other"', "schedule"),
        ("rate = nan", "rate"),
        ("zoom = 1.0", "zoom"),
        ("pretrained = 1", "pretrained"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, key: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(f'model = "unet"\n{text}\n')
    with pytest.raises(RecipeError) as caught:
        load_any(path)
    assert caught.value.key == key
    assert str(path) in str(caught.value)


def test_networks_are_made_by_name_and_refuse_what_they_have_not() -> None:
    with pytest.raises(OptionError, match="zhang16"):
        make_net("other")
    with pytest.raises(OptionError, match="starts at random"):
        make_net("cnn-baseline", pretrained="file")
    with pytest.raises(OptionError, match="no embedding"):
        make_net("cnn-baseline", embedder="lite0")
    assert sum(p.numel() for p in make_net("cnn-baseline").parameters()) == 231_682


def test_rows_are_chosen_by_name() -> None:
    assert chosen_rows([]) == ROWS
    assert [row.name for row in chosen_rows(["unet", "gan"])] == ["unet", "gan"]
    with pytest.raises(OptionError, match="unet-rare"):
        chosen_rows(["other"])
