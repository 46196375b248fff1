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

    from numpy.typing import NDArray

    from photochrom.catalog import CATALOG, ModelSpec
    from photochrom.colorizer import Colorized, Colorizer, Opened
    from photochrom.errors import PhotochromError

__all__ = [
    "CATALOG",
    "Colorized",
    "Colorizer",
    "ModelSpec",
    "Opened",
    "PhotochromError",
    "__version__",
    "colorize",
]

_HOMES = {
    "CATALOG": "catalog",
    "Colorized": "colorizer",
    "Colorizer": "colorizer",
    "ModelSpec": "catalog",
    "Opened": "colorizer",
    "PhotochromError": "errors",
}


def colorize(
    image: str | Path | bytes | NDArray[Any], *, model: str | Path | None = None, vividness: float | None = None
) -> Colorized:
    """Colour one photograph: a path, a file's bytes or an array. For many, keep a :class:`Colorizer`.

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
