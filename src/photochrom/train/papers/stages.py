"""What a network is made of, read from its exported graph: its convolutions by the grid they work on, and what feeds them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from onnx import shape_inference
from torch import nn

__all__ = ["Stage", "exported", "stages"]

#: Side of the square picture that the grids are told for, in pixels.
SIDE = 256


@dataclass
class Stage:
    """Convolutions on one grid, in sequence: their number, most output channels, and the side of the grid in pixels, 0 where
    the graph finds it out as it runs.

    ``before``: the stages that feed it, as positions in the list; -1 is the lightness.
    """

    side: int
    channels: int
    convolutions: int = 1
    up: bool = False
    before: set[int] = field(default_factory=set)


def stages(model: onnx.ModelProto) -> list[Stage]:
    """The stages of a graph of fixed sizes that takes "lightness", in the order of computation."""
    inferred = shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*inferred.value_info, *inferred.output)
    }
    found: list[Stage] = []
    #: The stages that a tensor comes from, through whatever is no convolution.
    sources: dict[str, set[int]] = {"lightness": {-1}}
    for node in model.graph.node:
        given = set().union(*(sources.get(name, set()) for name in node.input))
        if node.op_type not in ("Conv", "ConvTranspose"):
            sources |= dict.fromkeys(node.output, given)
            continue
        _, channels, side, _ = shapes[node.output[0]]
        last = len(found) - 1
        up = node.op_type == "ConvTranspose"
        if last >= 0 and given == {last} and found[last].side == side and not up:
            found[last].convolutions += 1
            found[last].channels = max(found[last].channels, channels)
        else:
            found.append(Stage(side, channels, 1, up, given))
            last += 1
        sources[node.output[0]] = {last}
    return found


def exported(net: nn.Module, side: int = SIDE) -> onnx.ModelProto:
    """The graph of a network of :mod:`photochrom.nets.registry` for a square picture of this side."""
    light = torch.full((1, 1, side, side), 50.0)
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # the exporter warns about itself
        path = Path(folder, "net.onnx")
        torch.onnx.export(net.eval(), (light,), path, input_names=["lightness"], opset_version=17, dynamo=False)
        return onnx.load(path)
