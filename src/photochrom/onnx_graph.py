"""One ONNX graph: loaded, run, and its metadata read; every fault is an InvalidModelError that names the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from photochrom.color import ab_bins
from photochrom.errors import InvalidModelError

__all__ = ["check_names", "load_graph", "read_about", "read_bins", "read_log_prior", "read_temperature", "run_graph"]

Float = NDArray[np.float32]
Array = NDArray[Any]

#: The graphs' format that this version reads (see photochrom.train.export).
FORMAT = 1


def load_graph(path: Path, options: Any) -> Any:
    """A session over the file. Raises InvalidModelError where ONNX Runtime cannot load it."""
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own, unexported exception types
        raise InvalidModelError(f"ONNX Runtime cannot load it ({_first_line(error)})", path) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def read_about(graph: Any, path: Path) -> dict[str, Any]:
    """What the exporter wrote into the file about the model, with the defaults filled in."""
    try:
        about = {"stride": 8, "multiple": 32, "work_size": 256, "output": "ab-bins"}
        about |= json.loads(graph.get_modelmeta().custom_metadata_map["photochrom"])
        found = about["format"]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidModelError(
            "not made by `photochrom export`: it does not say what its output means", path
        ) from error
    if found != FORMAT:
        raise InvalidModelError(f"is of format {found!r}, this version reads {FORMAT}; export it again", path)
    numbers = [about[key] for key in ("stride", "multiple", "work_size")]
    if about["output"] not in ("ab", "ab-bins") or not all(type(n) is int and n > 0 for n in numbers):
        raise InvalidModelError(f"has the metadata {about}: output must be ab or ab-bins, and sizes above 0", path)
    return about


def read_bins(centres: Any, path: Path) -> Float:
    """Centres of the ab bins, (Q, 2); None: the usual ones. Raises InvalidModelError."""
    if centres is None:
        return ab_bins()
    try:
        bins = np.asarray(centres, np.float32)
    except (TypeError, ValueError):
        bins = np.empty(0, np.float32)
    if bins.ndim != 2 or bins.shape[1:] != (2,) or not np.isfinite(bins).all():
        raise InvalidModelError("its bins must be pairs of a* and b*", path)
    return bins


def read_temperature(value: Any, path: Path) -> float | None:
    """The temperature at the middle of the dial. Raises InvalidModelError."""
    if value is None or (isinstance(value, float) and 0 < value <= 1):
        return value
    raise InvalidModelError(f"its temperature is {value!r}, expected a number in (0, 1]", path)


def read_log_prior(shares: Any, count: int, path: Path) -> Float | None:
    """Logarithms of the shares of ``count`` ab bins. Raises InvalidModelError."""
    if shares is None:
        return None
    try:
        prior = np.asarray(shares, np.float32)
    except (TypeError, ValueError):
        prior = np.empty(0, np.float32)
    if prior.shape != (count,) or not np.isfinite(prior).all() or not (prior > 0).all():
        raise InvalidModelError(f"its prior must be {count} shares above 0", path)
    return np.log(prior)


def run_graph(graph: Any, path: Path, outputs: tuple[str, ...], inputs: Mapping[str, Array]) -> list[Float]:
    """The graph's outputs for these inputs. Raises InvalidModelError where it fails."""
    try:
        return graph.run(outputs, inputs)  # type: ignore[no-any-return]  # ONNX Runtime has no types
    except Exception as error:  # ONNX Runtime raises its own, unexported exception types
        raise InvalidModelError(f"fails when it runs ({_first_line(error)})", path) from error


def check_names(graph: Any, path: Path, ins: set[str], outs: set[str]) -> None:
    """Raise InvalidModelError unless inputs and outputs have these names."""
    has = {i.name for i in graph.get_inputs()}, {o.name for o in graph.get_outputs()}
    if has != (ins, outs):
        raise InvalidModelError(
            f"has inputs {sorted(has[0])} and outputs {sorted(has[1])}, expected {sorted(ins)} and {sorted(outs)}; "
            "make the file with `photochrom export`",
            path,
        )
