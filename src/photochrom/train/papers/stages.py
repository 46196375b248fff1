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

    ``residuals``: the connections round some of these convolutions that end in a sum among them. ``before``: the stages that
    feed it, as positions in the list; -1 is the lightness. ``answers``: the network's answer comes from it with no convolution
    in between. ``chooses``: a number, that of its highest score, goes on from it.
    """

    side: int
    channels: int
    convolutions: int = 1
    up: bool = False
    before: set[int] = field(default_factory=set)
    residuals: int = 0
    answers: bool = False
    chooses: bool = False


def stages(model: onnx.ModelProto) -> list[Stage]:
    """The stages of a graph of fixed sizes that takes "lightness", in the order of computation."""
    inferred = shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*inferred.value_info, *inferred.output)
    }
    found: list[Stage] = []
    #: The stage of every convolution.
    home = {-1: -1}
    #: The convolutions that a tensor comes from, through whatever is no convolution.
    sources: dict[str, set[int]] = {"lightness": {-1}}
    #: Tensors that have been on another grid since their convolution.
    moved: set[str] = set()
    for node in model.graph.node:
        if node.op_type == "Shape":  # says how large a tensor is, and nothing of what it holds
            continue
        each = [sources.get(name, set()) for name in node.input]
        given: set[int] = set().union(*each)
        before = {home[k] for k in given}
        shape = shapes.get(node.output[0], [])
        if node.op_type not in ("Conv", "ConvTranspose"):
            sources |= dict.fromkeys(node.output, given)
            fed = [found[k] for k in before if k >= 0]
            if not moved.isdisjoint(node.input) or (len(shape) == 4 and any(stage.side != shape[2] for stage in fed)):
                moved |= set(node.output)
            if node.op_type == "Add" and all(each) and each[0] != each[1] and len(before) == len(fed) == 1:
                fed[0].residuals += 1
            if node.op_type == "ArgMax":
                for stage in fed:
                    stage.chooses = True
            continue
        _, channels, side, _ = shape
        last = len(found) - 1
        up = node.op_type == "ConvTranspose"
        if last >= 0 and before == {last} and found[last].side == side and not up and node.input[0] not in moved:
            found[last].convolutions += 1
            found[last].channels = max(found[last].channels, channels)
        else:
            found.append(Stage(side, channels, 1, up, before))
            last += 1
        convolution = len(home) - 1
        home[convolution] = last
        sources[node.output[0]] = {convolution}
    for k in sources[model.graph.output[0].name] - {-1}:
        found[home[k]].answers = True
    return found


def exported(net: nn.Module, side: int = SIDE) -> onnx.ModelProto:
    """The graph of a network of :mod:`photochrom.nets.registry` for a square picture of this side."""
    light = torch.full((1, 1, side, side), 50.0)
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # the exporter warns about itself
        path = Path(folder, "net.onnx")
        torch.onnx.export(net.eval(), (light,), path, input_names=["lightness"], opset_version=17, dynamo=False)
        return onnx.load(path)
