"""One ONNX graph: traced, its large weights stored as float16, and what it is written into it.

The graph computes in float32: each stored float16 weight is followed by a cast, which ONNX Runtime folds away when it loads
the file. So the file is half the size, and nothing is slower.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from photochrom.train.files import replacing

__all__ = ["HALF_FROM", "write_graph"]

#: Weights smaller than this stay float32: biases and norms cost nothing and matter most.
HALF_FROM = 1024
#: Version of the graphs' inputs and outputs, which :mod:`photochrom.runtime` understands.
FORMAT = 1


def write_graph(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    names: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
    path: Path,
    about: dict[str, Any],
) -> None:
    """Write ``module`` as a graph with the metadata ``about``: ``about`` wins over multiple 32 and ab-bins."""
    with replacing(path) as part:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns about itself
            torch.onnx.export(
                module,
                inputs,
                str(part),
                input_names=names,
                output_names=outputs,
                dynamic_axes=axes,
                opset_version=17,
                dynamo=False,
            )
        model = onnx.load(str(part))
        _halve(model)
        model.producer_name, model.producer_version = "photochrom", str(FORMAT)
        entry = model.metadata_props.add()
        entry.key = "photochrom"
        entry.value = json.dumps({"format": FORMAT, "multiple": 32, "output": "ab-bins", **about})
        onnx.checker.check_model(model)
        onnx.save(model, str(part))


def _halve(model: onnx.ModelProto) -> None:
    """Store the large weights as float16, each with a cast back to float32 in front of its users."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < HALF_FROM:
            continue
        half = numpy_helper.to_array(tensor).astype(np.float16)
        casts.append(helper.make_node("Cast", [f"{tensor.name}_half"], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(numpy_helper.from_array(half, f"{tensor.name}_half"))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
