from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import photochrom.train.recipe as module
from photochrom.errors import RecipeError
from photochrom.train.kernel.kernel_recipe import build_kernel_recipe
from photochrom.train.object.object_recipe import build_object_recipe
from photochrom.train.recipe import Recipe, as_dict, load_recipe, read_table, recipe_path

SHIPPED = sorted(path.stem for path in (Path(module.__file__).parent / "recipes").glob("*.toml"))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    return path


def test_an_empty_recipe_has_the_defaults(tmp_path: Path) -> None:
    assert load_recipe(written(tmp_path, "")) == Recipe()


def test_the_file_overrides_the_defaults_and_arguments_override_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "steps = 10\nfilm = 1\nsizes = [64, 96]\n[source_weights]\npeople = 2\n")
    recipe = load_recipe(path, steps=20)
    assert (recipe.steps, recipe.film, recipe.sizes, recipe.source_weights) == (20, 1, [64, 96], {"people": 2})
    assert recipe.batch == Recipe().batch


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_load(name: str) -> None:
    path = recipe_path(name)
    build = {"kernel": build_kernel_recipe, "object": build_object_recipe}.get(read_table(path)["model"])
    recipe = build(read_table(path), path) if build else load_recipe(path)
    assert recipe.steps > 100
    assert type(recipe)(**as_dict(recipe)) == recipe


def test_a_recipe_is_found_by_path_before_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, "")
    assert recipe_path(str(path)) == path
    Path(SHIPPED[0]).write_text("")
    assert recipe_path(SHIPPED[0]) == Path(SHIPPED[0])
    with pytest.raises(RecipeError, match=SHIPPED[0]):
        recipe_path("absent")


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("stepps = 10", "stepps", "unknown; known are .*steps"),
        ("steps = true", "steps", "is True, expected int"),
        ("steps = 1.5", "steps", "is 1.5, expected int"),
        ('decoder_rate = "fast"', "decoder_rate", "expected float"),
        ("film = false", "film", "expected float"),
        ("cache_features = 1", "cache_features", "expected bool"),
        ("encoder = 0", "encoder", "expected str"),
        ("sizes = 64", "sizes", r"expected list\[int\]"),
        ('sizes = [64, "96"]', "sizes", r"expected list\[int\]"),
        ("sizes = [64.0]", "sizes", r"expected list\[int\]"),
        ("source_weights = [1.0]", "source_weights", r"expected dict\[str, float\]"),
        ('[source_weights]\na = "b"', "source_weights", r"expected dict\[str, float\]"),
        ('encoder = "lite9"', "encoder", "expected lite0 or"),
        ('model = "other"', "model", "expected photochrom"),
        ("batch = 0", "batch", "expected 1 to"),
        ("seed = -1", "seed", "expected 0 to"),
        ("warmup = -1", "warmup", "expected 0 to"),
        ("decoder_rate = -0.1", "decoder_rate", "expected 0 to"),
        ("ema = 1.1", "ema", "expected 0 to 1"),
        ("hints = nan", "hints", "is nan"),
        ("every = 0", "every", "expected 1 to"),
        ("[holdout_sources]\na = 2", "holdout_sources.a", "expected 0 to 1"),
        ("[source_weights]\na = -1", "source_weights.a", "expected 0 to"),
        ("sizes = []", "sizes", "multiples of 32"),
        ("sizes = [100]", "sizes", "multiples of 32"),
        ("sizes = [0]", "sizes", "multiples of 32"),
        ("cache_features = true\nencoder_rate = 1e-4", "cache_features", "frozen encoder"),
        ("steps = ", "file", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, key: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says) as caught:
        load_recipe(written(tmp_path, text))
    assert caught.value.key == key
    assert str(tmp_path / "recipe.toml") in str(caught.value)


@pytest.mark.parametrize("overrides", [{"stepps": 1}, {"steps": "1"}, {"steps": 0}])
def test_overrides_are_checked_too(tmp_path: Path, overrides: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        load_recipe(written(tmp_path, ""), **overrides)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="not TOML"):
        load_recipe(tmp_path / "binary.toml")
