"""From a checkpoint to what ships: two ONNX graphs with float16 weights, or one safetensors file to train on from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from photochrom.color import ab_bins
from photochrom.errors import CheckpointError, OptionError
from photochrom.nets.blocks import Block
from photochrom.nets.kernel import KernelNet
from photochrom.nets.lite import STRIDES
from photochrom.nets.object_head import ObjectHead
from photochrom.nets.photochrom import PhotochromNet
from photochrom.runtime import FEATURES, KERNEL, OVERVIEW, digest_of
from photochrom.steering.prompts import CELL, PLANES
from photochrom.train.checkpoint import read_weights
from photochrom.train.color_module import make_network
from photochrom.train.files import replacing
from photochrom.train.graph import HALF_FROM, write_graph
from photochrom.train.object.object_examples import check_encoder
from photochrom.train.papers.export import load_paper_net, write_paper_graph
from photochrom.train.picture_store import PictureStore
from photochrom.train.prior import bin_shares

__all__ = ["export", "load_network"]


def load_network(path: str | Path) -> tuple[PhotochromNet, dict[str, Any]]:
    """The network of a checkpoint (averaged weights) or ``.safetensors`` file, in evaluation mode, and the file's metadata.

    Raises CheckpointError for a file that is not of a known architecture.
    """
    state, about = read_weights(path)
    try:
        net = make_network(about["recipe"])
        net.load_state_dict(state, strict=True)
    except (KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"holds the weights of another architecture ({error})", path) from error
    return net.eval(), about


def export(
    checkpoint: str | Path, out: str | Path, *, store: str | Path | None = None, sampling: bool = False
) -> tuple[Path, ...]:
    """Write ``NAME.encoder.onnx`` and ``NAME.decoder.onnx`` for ``out`` = ``NAME.onnx``, or ``out`` itself for .safetensors.

    Of a system of the papers (another model in the recipe) it is one graph, ``out`` itself; of a kernel ``NAME.kernel.onnx``, of
    an object head ``NAME.object.onnx``, for the encoder ``NAME.encoder.onnx`` beside it.
    Both graphs take any batch, height and width (multiples of 32 pixels). store: the picture store of the training run; how
    frequent each ab bin is in it goes into the files, for the vividness dial. Returns the paths written.
    Raises CheckpointError, OptionError for another suffix, OutputWriteError.
    """
    out = Path(out)
    if out.suffix not in (".onnx", ".safetensors"):
        raise OptionError("-o", str(out), "a name that ends in .onnx or .safetensors")
    state, about = read_weights(checkpoint)
    model = about.get("recipe", {}).get("model", "photochrom")
    if model == "kernel":
        return (_write_kernel(state, about, out, checkpoint),)
    if model == "object":
        return (_write_object(state, about, out, checkpoint),)
    if model != "photochrom":
        paper_net = load_paper_net(state, about, checkpoint)
        if out.suffix == ".onnx":
            return (write_paper_graph(paper_net, about, out, sampling=sampling),)
        return (_write_safetensors(paper_net, about, out),)
    net, about = load_network(checkpoint)
    if out.suffix == ".safetensors":
        return (_write_safetensors(net, about, out),)
    result = "ab" if net.output == "ab" else "scores"
    about = {**about, "output": net.output, "stride": net.stride}
    if store is not None and result == "scores":
        about["prior"] = [float(f"{share:.3g}") for share in bin_shares(PictureStore(store))]
    _fold(net.decoder)
    light = torch.rand(1, 1, 64, 96) * 100
    features = net.encoder(light)
    hints, histogram = torch.zeros(1, 3, 64 // net.stride, 96 // net.stride), torch.zeros(1, len(ab_bins()) + 1)
    grid = {name: {0: "batch", 2: f"height/{s}", 3: f"width/{s}"} for name, s in (("f8", 8), ("f16", 16), ("f32", 32))}
    image = {"lightness": {0: "batch", 2: "height", 3: "width"}}
    finest = {0: "batch", 2: f"height/{net.stride}", 3: f"width/{net.stride}"}
    paths = []
    inputs: dict[str, Tensor] = {**dict(zip(grid, features, strict=True)), "hints": hints, "histogram": histogram}
    shapes = {**grid, "hints": finest, "histogram": {0: "batch"}, result: finest}
    if net.decoder.overview is not None:
        inputs |= dict(zip(OVERVIEW, (*features, features[2]), strict=True))
        shapes |= dict(zip(OVERVIEW, grid.values(), strict=False))
        shapes[OVERVIEW[-1]] = {0: "batch", 2: "height of the whole", 3: "width of the whole"}
    for part, module, given, names, outputs, axes in (
        ("encoder", net.encoder, (light,), ["lightness"], list(grid), {**image, **grid}),
        ("decoder", net.decoder, tuple(inputs.values()), list(inputs), [result], shapes),
    ):
        path = out.with_suffix(f".{part}.onnx")
        write_graph(module, given, names, outputs, axes, path, {**about, "part": part})
        paths.append(path)
    return tuple(paths)


def _write_kernel(state: dict[str, Tensor], about: dict[str, Any], out: Path, checkpoint: str | Path) -> Path:
    """``NAME.kernel.onnx`` for ``out`` = ``NAME.onnx``; it belongs beside the pair that it was trained for."""
    try:
        net = KernelNet(tuple(about["channels"]), about["recipe"]["width"], about["recipe"]["dims"])
        net.load_state_dict(state, strict=True)
    except (KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"holds the weights of another architecture ({error})", checkpoint) from error
    if out.suffix == ".safetensors":
        return _write_safetensors(net, about, out)
    _fold(net.eval())
    rulers = [[[float(f"{x:.6g}") for x in row] for row in level] for level in net.rulers.exp().tolist()]
    light, expected = torch.rand(1, 1, 64, 96) * 100, torch.rand(1, 4, 8, 12)
    features = tuple(
        torch.rand(1, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(about["channels"], STRIDES, strict=True)
    )
    grid = {name: {0: "batch", 2: f"height/{s}", 3: f"width/{s}"} for name, s in zip(FEATURES, STRIDES, strict=True)}
    axes = {**grid, "lightness": {0: "batch", 2: "height", 3: "width"}}
    axes |= dict.fromkeys(("expected", *KERNEL), grid["f8"])
    path = out.with_suffix(".kernel.onnx")
    about = {**about, "part": "kernel", "rulers": rulers, "surprise": net.surprise.exp().item()}
    write_graph(net, (*features, light, expected), [*grid, "lightness", "expected"], list(KERNEL), axes, path, about)
    return path


def _write_object(state: dict[str, Tensor], about: dict[str, Any], out: Path, checkpoint: str | Path) -> Path:
    """``NAME.object.onnx`` for ``out`` = ``NAME.onnx``, tied to the ``NAME.encoder.onnx`` beside it, which must be the same."""
    try:
        net = ObjectHead(tuple(about["channels"]), about["recipe"]["width"])
        net.load_state_dict(state, strict=True)
    except (KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"holds the weights of another architecture ({error})", checkpoint) from error
    if out.suffix == ".safetensors":
        return _write_safetensors(net, about, out)
    encoder = out.with_suffix(".encoder.onnx")
    check_encoder(encoder, about["encoder"])
    _fold(net.eval())
    features = tuple(
        torch.rand(1, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(about["channels"], STRIDES, strict=True)
    )
    given = (*features, torch.rand(1, 1, 64, 96) * 100, torch.zeros(1, PLANES, 64 // CELL, 96 // CELL))
    axes = {name: {0: "batch", 2: f"height/{s}", 3: f"width/{s}"} for name, s in zip(FEATURES, STRIDES, strict=True)}
    axes["lightness"] = {0: "batch", 2: "height", 3: "width"}
    axes["prompt"] = axes["mask"] = {0: "batch", 2: f"height/{CELL}", 3: f"width/{CELL}"}
    path = out.with_suffix(".object.onnx")
    about = {**about, "part": "object", "base": digest_of([encoder])}
    write_graph(net, given, [*FEATURES, "lightness", "prompt"], ["mask"], axes, path, about)
    return path


def _write_safetensors(net: nn.Module, about: dict[str, Any], out: Path) -> Path:
    state = {name: _halved(value).contiguous() for name, value in net.state_dict().items()}
    with replacing(out) as part_file:
        part_file.write_bytes(save(state, {"photochrom": json.dumps(about)}))
    return out


def _halved(value: Tensor) -> Tensor:
    return value.half() if value.is_floating_point() and value.numel() >= HALF_FROM else value


def _fold(decoder: nn.Module) -> None:
    """Fold the batch norm of every block into the depthwise convolution before it."""
    for block in [m for m in decoder.modules() if isinstance(m, Block)]:
        block.spread = fuse_conv_bn_eval(block.spread, block.norm)
        block.norm = nn.Identity()  # type: ignore[assignment]
