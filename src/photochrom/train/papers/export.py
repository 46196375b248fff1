"""From a paper's checkpoint to the one ONNX graph, lightness -> ab or scores, that the runtime takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from photochrom.color import nearest_ab_bins
from photochrom.errors import CheckpointError, OptionError
from photochrom.nets.gan import Generator
from photochrom.nets.profiled import PREDICT, ProfiledUNet
from photochrom.nets.registry import make_net
from photochrom.train.files import replacing
from photochrom.train.graph import write_graph
from photochrom.train.papers.soft_encoding import BINS, TEMPERATURE

__all__ = ["load_paper_net", "write_paper_graph"]


def load_paper_net(state: dict[str, Tensor], about: dict[str, Any], path: str | Path) -> nn.Module:
    """The network of a checkpoint's weights, in evaluation mode. Raises CheckpointError where they do not fit."""
    recipe = about["recipe"]
    try:
        net = make_net(recipe["model"], embedder=recipe["embedder"] or None, profiles=recipe["profiles"])
        net.load_state_dict({k: v for k, v in state.items() if not k.startswith("discriminator.")}, strict=True)
    except (KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"holds the weights of another architecture ({error})", path) from error
    return net.eval()


def write_paper_graph(net: nn.Module, about: dict[str, Any], out: Path, *, sampling: bool = False) -> Path:
    """Write ``net`` to ``out``; any batch, height and width (multiples of the network's).

    sampling: the graph of a GAN draws another sample in every run (by dropout), instead of the one mean answer.
    Raises OutputWriteError, and OptionError for ``sampling`` of a network that has no noise.
    """
    if sampling:
        if not isinstance(net, Generator):
            raise OptionError("--sampling", sampling, "given with a gan only")
        net.sample()
    metadata = describe(net, about)
    multiple, stride = metadata["multiple"], metadata["stride"]
    side = max(multiple, -(-64 // multiple) * multiple)
    name = "ab" if metadata["output"] == "ab" else "scores"
    axes = {
        "lightness": {0: "batch", 2: "height", 3: "width"},
        name: {0: "batch", 2: f"height/{stride}", 3: f"width/{stride}"},
    }
    inputs: tuple[Tensor, ...] = (torch.rand(1, 1, side, side + multiple) * 100,)
    if isinstance(net, ProfiledUNet):
        write_graph(net, (*inputs, torch.tensor([PREDICT])), ["lightness", "profile"], [name], axes, out, metadata)
        _give_default(out, "profile", PREDICT)
    else:
        write_graph(net, inputs, ["lightness"], [name], axes, out, metadata)
    return out


def _give_default(path: Path, name: str, value: int) -> None:
    """Let the graph's int64 input ``name``, (1,), be left out: it is then ``value``."""
    model = onnx.load(str(path))
    model.graph.initializer.append(numpy_helper.from_array(np.array([value], np.int64), name))
    with replacing(path) as part:
        onnx.save(model, str(part))


def describe(net: Any, about: dict[str, Any]) -> dict[str, Any]:
    """The file's metadata: the network's sizes and, where it scores bins, their centres and temperature."""
    size = about["recipe"]["size"]
    metadata = {**about, "output": net.output, "stride": net.stride, "multiple": net.multiple, "work_size": size}
    if net.output == "ab-bins":
        metadata |= {"bins": nearest_ab_bins(BINS).astype(int).tolist(), "temperature": TEMPERATURE}
    if isinstance(net, ProfiledUNet):
        metadata |= {"profiles": net.profiles}
    return metadata
