"""A recipe: the settings of one training run, as a short TOML file of overrides of the defaults below.

An unknown key or a value of the wrong type is an error, and every checkpoint carries its recipe.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from photochrom.errors import RecipeError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["NEVER", "Recipe", "as_dict", "build_recipe", "check_ranges", "load_recipe", "read_table", "recipe_path"]

Kind = TypeVar("Kind")
#: More steps than any run has.
NEVER = 2**40


@dataclass(frozen=True)
class Recipe:
    """Every setting of a run. Sizes are in pixels, rates per optimiser step, shares in [0, 1]."""

    #: Catalogue name of the architecture.
    model: str = "photochrom"
    #: Variant of the encoder: "lite0" or "lite1".
    encoder: str = "lite0"
    #: One seed for weights, order and augmentation.
    seed: int = 0
    #: Pictures in a step, of all processes together.
    batch: int = 32
    #: Optimiser steps of the whole run; the learning rate follows a cosine down to ``final_rate`` over them.
    steps: int = 2000
    #: Where above 0, the run ends when its process has used so many CPU seconds for training, regardless of ``steps``; the rate
    #: then follows them. For comparisons at equal compute, by one process without workers.
    cpu_seconds: float = 0.0
    #: Steps in which the rates rise from 0.
    warmup: int = 200
    #: Learning rates of AdamW for the decoder and for the encoder; 0 keeps the encoder frozen.
    decoder_rate: float = 1e-3
    encoder_rate: float = 0.0
    #: Where the cosine ends, as a share of the rates; 1 keeps them as they are after the warm-up.
    final_rate: float = 0.02
    weight_decay: float = 0.02
    #: Decay of the averaged (EMA) weights, which are the ones that are kept.
    ema: float = 0.999
    #: Frozen encoder only: compute its features once, at the first of ``sizes``, and train on those.
    cache_features: bool = False
    #: Sides of the square training crops, one drawn for each batch.
    sizes: list[int] = field(default_factory=lambda: [192])
    #: Crops keep at least this share of the picture's area (less of a picture too long to be a square).
    smallest_crop: float = 0.5
    #: Aspect ratio is changed by a factor between this and its inverse.
    stretch: float = 0.8
    #: Share of pictures that are held back from training, by source picture; ``holdout_sources`` overrides it by source.
    holdout: float = 0.02
    holdout_sources: dict[str, float] = field(default_factory=dict)
    #: Sources that are frames of films: so many consecutive numbers of files stay on one side of the split.
    frames: dict[str, int] = field(default_factory=dict)
    #: How often a source is drawn, relative to its size; 1 where absent.
    source_weights: dict[str, float] = field(default_factory=dict)
    #: Pictures whose mean chroma is lower are left out: they teach grey.
    smallest_chroma: float = 3.0
    #: Share of pictures whose grey is a film's (blue-sensitive, orthochromatic ...) or BT.601 luma, instead of L*.
    film: float = 0.3
    #: Share of pictures that are faded, noisy, blurred, scratched, toned or saved as an old print is (train/damage.py).
    old_print: float = 0.3
    #: Share of pictures that get hints, and that get their true ab histogram.
    hints: float = 0.5
    histogram: float = 0.15
    #: "bins": cross-entropy over the ab bins; "regression": the network gives ab itself; "both": bins whose mean must fit, too.
    loss: str = "bins"
    #: How far rare colours weigh more: 1 - lambda of Zhang 2016, eq. 4; 0 off, 0.5 as there.
    rebalance: float = 0.0
    #: Weight of a loss that keeps the encoder's sense of things: its ImageNet answers are those of the colour picture.
    classify: float = 0.0
    #: Weight of a loss that keeps the encoder's features at stride 32 near those of ImageNet's encoder on the colour picture.
    distil_features: float = 0.0
    #: Channels and numbers of blocks of the decoder at strides 8, 16, 32 or, with four of each, 4, 8, 16, 32; empty: its own.
    widths: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    #: Parts of the decoder: attention at stride 16, a glance at the whole picture, a learnt log p(bin | L*) of each cell.
    attention: bool = True
    context: bool = True
    lightness_prior: bool = False
    #: The decoder also sees the 1,280 features that ImageNet's head pools over the picture.
    global_features: bool = False
    #: The decoder also sees the features of an overview of the whole photograph beside those of the view that it colors.
    overview: bool = False
    #: With ``overview``, each picture is seen twice, whole and as a part of it that is enlarged by a factor drawn between these
    #: two; empty: once.
    zoom: list[float] = field(default_factory=list)
    #: Pictures whose short side is smaller, in pixels, are left out: pairs of views need pictures that have details.
    smallest_side: int = 0
    #: Compile the network (torch.compile): minutes at the start for faster steps; needs a C++ compiler.
    compile: bool = False
    #: Checkpoint and validate every so many steps.
    every: int = 500

    @property
    def last_step(self) -> int:
        """The step at which the run ends at the latest."""
        return NEVER if self.cpu_seconds else self.steps

    @property
    def stride(self) -> int:
        """Pixels along a side of one cell of the network's output."""
        return 4 if len(self.widths) == 4 else 8


def recipe_path(name: str) -> Path:
    """A recipe's path: ``name`` itself where such a file exists, else the recipe of that name in this package.

    Raises RecipeError, which lists the recipes there are.
    """
    here = Path(__file__).parent
    shipped = [*(here / "recipes").glob("*.toml"), *(here / "papers/recipes").glob("*.toml")]
    if Path(name).is_file():
        return Path(name)
    for path in shipped:
        if path.stem == name:
            return path
    known = ", ".join(sorted(path.stem for path in shipped))
    raise RecipeError("recipe", f"no such file, and no recipe of that name; known are {known}", name)


def load_recipe(path: str | Path, **overrides: Any) -> Recipe:
    """Read a TOML recipe; ``overrides`` (already typed) win over the file. Raises RecipeError."""
    path = Path(path)
    recipe = build_recipe(Recipe, {**read_table(path), **overrides}, path)
    _check_ranges(recipe, path)
    return recipe


def read_table(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises RecipeError for a file that is absent or not TOML."""
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        return table
    except OSError as error:
        raise RecipeError("file", f"cannot be read ({error.strerror})", path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError("file", f"not TOML ({error})", path) from error


def build_recipe(kind: type[Kind], values: dict[str, Any], path: Path) -> Kind:
    """A recipe of the dataclass ``kind``. Raises RecipeError for an unknown key or a value of another type."""
    kinds = typing.get_type_hints(kind)
    for key, value in values.items():
        if key not in kinds:
            raise RecipeError(key, f"unknown; known are {', '.join(sorted(kinds))}", path)
        if not _fits(value, kinds[key]):
            raise RecipeError(key, f"is {value!r}, expected {_name(kinds[key])}", path)
    return kind(**values)


def _name(kind: Any) -> str:
    return str(kind) if typing.get_origin(kind) else str(kind.__name__)


def _fits(value: Any, kind: Any) -> bool:
    origin = typing.get_origin(kind)
    if origin is list:
        return isinstance(value, list) and all(_fits(item, typing.get_args(kind)[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(item, typing.get_args(kind)[1]) for item in value.values())
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


#: Least and greatest allowed value of every number; the values of a table each lie in its range.
_RANGES = {
    "batch": (1, math.inf),
    "steps": (1, math.inf),
    "cpu_seconds": (0, math.inf),
    "every": (1, math.inf),
    "seed": (0, 2**32 - 1),
    "warmup": (0, math.inf),
    "decoder_rate": (0, 1),
    "encoder_rate": (0, 1),
    "final_rate": (0, 1),
    "weight_decay": (0, 1),
    "ema": (0, 1),
    "smallest_crop": (0, 1),
    "stretch": (0, 1),
    "holdout": (0, 1),
    "holdout_sources": (0, 1),
    "frames": (1, math.inf),
    "source_weights": (0, 100),
    "smallest_chroma": (0, 200),
    "smallest_side": (0, math.inf),
    "film": (0, 1),
    "old_print": (0, 1),
    "hints": (0, 1),
    "histogram": (0, 1),
    "rebalance": (0, 1),
    "classify": (0, 100),
    "distil_features": (0, 100),
}


def check_ranges(recipe: Any, ranges: Mapping[str, tuple[float, float]], path: Path) -> None:
    """Raise RecipeError for a number of the recipe, or of one of its tables, outside its range (least, greatest)."""
    for key, (least, greatest) in ranges.items():
        value = getattr(recipe, key)
        for name, number in value.items() if isinstance(value, dict) else [("", value)]:
            if not least <= number <= greatest:  # true of NaN, too
                which = f"{key}.{name}" if name else key
                raise RecipeError(which, f"is {number}, expected {least} to {greatest}", path)


def _check_ranges(recipe: Recipe, path: Path) -> None:
    for key, names in (("model", ("photochrom",)), ("encoder", ("lite0", "lite1", "lite2"))):
        if getattr(recipe, key) not in names:
            raise RecipeError(key, f"is {getattr(recipe, key)!r}, expected {' or '.join(names)}", path)
    check_ranges(recipe, _RANGES, path)
    if not recipe.sizes or any(size % 32 or size < 32 for size in recipe.sizes):
        raise RecipeError("sizes", f"is {recipe.sizes}, expected multiples of 32", path)
    if recipe.cache_features and recipe.encoder_rate > 0:
        raise RecipeError("cache_features", "needs a frozen encoder (encoder_rate = 0)", path)
    if recipe.zoom and not (len(recipe.zoom) == 2 and 1 <= recipe.zoom[0] <= recipe.zoom[1]):
        raise RecipeError("zoom", f"is {recipe.zoom}, expected two factors from 1, the smaller first, or none", path)
    if recipe.zoom and not recipe.overview:
        raise RecipeError("zoom", "needs a decoder that sees an overview (overview = true)", path)
    for key in ("classify", "distil_features"):
        if getattr(recipe, key) > 0 and recipe.encoder_rate == 0:
            raise RecipeError(key, "needs an encoder that learns (encoder_rate above 0)", path)
    _check_decoder(recipe, path)


def _check_decoder(recipe: Recipe, path: Path) -> None:
    losses = ("bins", "regression", "both")
    if recipe.loss not in losses:
        raise RecipeError("loss", f"is {recipe.loss!r}, expected {' or '.join(losses)}", path)
    if recipe.loss == "regression" and (recipe.rebalance > 0 or recipe.lightness_prior):
        key = "lightness_prior" if recipe.lightness_prior else "rebalance"
        raise RecipeError(key, "is about bins, but loss is 'regression'", path)
    if len(recipe.widths) not in (0, 3, 4) or any(width < 1 for width in recipe.widths):
        raise RecipeError("widths", f"is {recipe.widths}, expected three or four numbers above 0, or none", path)
    if recipe.attention and recipe.widths and recipe.widths[-2] % 4:
        raise RecipeError(
            "widths", f"is {recipe.widths}, but attention's {recipe.widths[-2]} is no multiple of 4", path
        )
    if len(recipe.depths) != len(recipe.widths) or any(depth < 0 for depth in recipe.depths):
        raise RecipeError("depths", f"is {recipe.depths}, expected as many numbers from 0 as widths has", path)


def as_dict(recipe: Any) -> dict[str, Any]:
    """A recipe of any kind as plain values, for a checkpoint."""
    return dataclasses.asdict(recipe)
