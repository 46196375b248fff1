"""Photographs as a model colours them, for a study of models whose results are not there yet."""

from __future__ import annotations

from pathlib import Path

import cv2

from photochrom.catalog import CATALOG
from photochrom.color import lightness
from photochrom.colorizer import Colorizer
from photochrom.errors import OptionError
from photochrom.evaluate.baselines import colour, grey_ab
from photochrom.evaluate.pictures import open_truth

__all__ = ["colour_photographs", "is_model"]


def is_model(name: str) -> bool:
    """Whether a method is a model: one of the catalogue, or an ONNX file."""
    return any(spec.name == name for spec in CATALOG) or name.endswith(".onnx")


def colour_photographs(model: str, truth: Path | None, out: Path) -> Path:
    """Write the photographs of ``truth``, made grey and coloured by ``model``, to the folder ``out`` as PNG; returns it.

    Raises OptionError without photographs, DataError for pictures that cannot be read, and what opening the model raises.
    """
    if truth is None:
        raise OptionError("--truth", None, f"a folder or shard of photographs for the model {model} to colour")
    colorizer = Colorizer(Path(model) if model.endswith(".onnx") else model)
    for picture in open_truth([truth], "native"):
        light = lightness(picture.rgb)
        grey = colour(light, grey_ab(light))[..., 0].copy()
        path = (out / picture.name).with_suffix(".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), colorizer.open(grey).paint().rgb[..., ::-1])
    return out
