"""Photochrom: colour for black-and-white photographs.

    import photochrom
    photochrom.colorize("old.jpg").save("new.jpg")

Names are imported when they are first used: importing this package loads no network library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from photochrom.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from photochrom.catalog import CATALOG, ModelSpec
    from photochrom.colorized import Colorized
    from photochrom.colorizer import Colorizer, Opened
    from photochrom.edits.edits import Edits
    from photochrom.edits.hints import Blend, Hint, Hints, Keep, Reference, Region
    from photochrom.edits.palette import Palette
    from photochrom.edits.pictures import Picture
    from photochrom.edits.places import Mask, Spot
    from photochrom.edits.scribbles import Scribble
    from photochrom.edits.sidecar import Sidecar
    from photochrom.errors import PhotochromError
    from photochrom.images import AnyImage
    from photochrom.steering.suggest import Click
    from photochrom.steering.trials import Likely

__all__ = [
    "CATALOG",
    "Blend",
    "Click",
    "Colorized",
    "Colorizer",
    "Edits",
    "Hint",
    "Hints",
    "Keep",
    "Likely",
    "Mask",
    "ModelSpec",
    "Opened",
    "Palette",
    "PhotochromError",
    "Picture",
    "Reference",
    "Region",
    "Scribble",
    "Sidecar",
    "Spot",
    "__version__",
    "colorize",
]

_HOMES = {
    "CATALOG": "catalog",
    "Blend": "edits.hints",
    "Click": "steering.suggest",
    "Colorized": "colorized",
    "Colorizer": "colorizer",
    "Edits": "edits.edits",
    "Hint": "edits.hints",
    "Hints": "edits.hints",
    "Keep": "edits.hints",
    "Likely": "steering.trials",
    "Mask": "edits.places",
    "ModelSpec": "catalog",
    "Opened": "colorizer",
    "Palette": "edits.palette",
    "PhotochromError": "errors",
    "Picture": "edits.pictures",
    "Reference": "edits.hints",
    "Region": "edits.hints",
    "Scribble": "edits.scribbles",
    "Sidecar": "edits.sidecar",
    "Spot": "edits.places",
}


def colorize(image: AnyImage, *, model: str | Path | None = None, vividness: float | None = None) -> Colorized:
    """Colour one photograph: a path, a file's bytes, a binary file, a PIL image or an array. For many, keep a Colorizer.

    model: a catalogue name or the path of an ONNX file. vividness: 0 (safe) to 1 (vivid), None for the default.
    Raises PhotochromError.
    """
    from photochrom.colorizer import Colorizer

    opened = Colorizer(model).open(image)
    return opened.paint() if vividness is None else opened.paint(vividness=vividness)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'photochrom' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"photochrom.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
