"""Smaller files of weights: kernels as 8-bit numbers, the largest as 6-bit ones, which ONNX Runtime unfolds when it loads them.

The graph computes in float32 as before: each stored kernel is followed by the nodes that turn it back, and these have constant
inputs, so that nothing is slower once the file is loaded. One scale for each output channel, as is usual for convolutions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from photochrom.train.files import replacing
from photochrom.train.graph import HALF_FROM

__all__ = ["SIX_BITS_FROM", "quantise"]

#: Kernels of at least so many numbers take 6 bits a number, with a scale for every ``BLOCK`` of them; smaller ones take 8.
SIX_BITS_FROM = 1_000_000
BLOCK = 32
#: Largest stored values: of 8 bits with a sign, and of 6 bits, stored without one.
EIGHT, SIX = 127, 31


def quantise(path: Path, out: Path) -> Path:
    """Write the ONNX graph at ``path``, whose weights are float32 or float16, to ``out`` with quantised kernels.

    Only initialisers of at least 1,024 numbers and more than one dimension change. Raises OutputWriteError.
    """
    model = onnx.load(str(path))
    graph = model.graph
    channel_axes = _channel_axes(graph)
    casts = {node.input[0]: node for node in graph.node if node.op_type == "Cast"}
    kept, unfolded = [], []
    for tensor in graph.initializer:
        name = tensor.name
        if name in casts:  # float16 with a cast behind it
            name = casts[name].output[0]
        if name not in channel_axes or np.prod(tensor.dims) < HALF_FROM:
            kept.append(tensor)
            continue
        if name != tensor.name:
            graph.node.remove(casts[tensor.name])
        kernel = numpy_helper.to_array(tensor).astype(np.float32)
        how = _six_bits if kernel.size >= SIX_BITS_FROM and kernel.size % (4 * BLOCK) == 0 else _eight_bits
        tensors, nodes = how(name, kernel, channel_axes[name])
        kept += tensors
        unfolded += nodes
    nodes = [*unfolded, *graph.node]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    with replacing(out) as part:
        onnx.save(model, str(part))
    return out


def _channel_axes(graph: onnx.GraphProto) -> dict[str, int]:
    """The axis of the output channels of every convolution's kernel and every matrix, by the name of the tensor."""
    axes = {}
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm"):
            axes[node.input[1]] = 0
        elif node.op_type in ("ConvTranspose", "MatMul"):
            axes[node.input[1]] = 1
    return axes


def _eight_bits(name: str, kernel: NDArray[np.float32], axis: int) -> tuple[list[TensorProto], list[NodeProto]]:
    """``name`` = float(stored) * scale."""
    others = tuple(k for k in range(kernel.ndim) if k != axis)
    scale = np.maximum(np.abs(kernel).max(axis=others, keepdims=True) / EIGHT, np.finfo(np.float32).tiny)
    stored = np.rint(kernel / scale).astype(np.int8)
    tensors = [_tensor(stored, f"{name}_int8"), _tensor(scale.astype(np.float32), f"{name}_scale")]
    return tensors, [
        helper.make_node("Cast", [f"{name}_int8"], [f"{name}_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], [name]),
    ]


def _six_bits(name: str, kernel: NDArray[np.float32], axis: int) -> tuple[list[TensorProto], list[NodeProto]]:
    """``name`` = (stored - 31) * scale, in blocks of consecutive numbers; four numbers are stored in three bytes.

    ONNX has no numbers of 6 bits. Three bytes are a number below 2^24, which float32 holds exactly; its four digits to the
    base 64 are taken off from below.
    """
    blocks = kernel.reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / SIX
    scale = np.maximum(scale, np.finfo(np.float16).tiny).astype(np.float16).astype(np.float32)  # as it is stored
    digits = (np.rint(blocks / scale).clip(-SIX, SIX) + SIX).astype(np.uint32).reshape(4, -1)
    whole = (digits * np.uint32(64) ** np.arange(4, dtype=np.uint32)[:, None]).sum(axis=0, dtype=np.uint32)
    planes = np.stack([whole >> shift & 255 for shift in (0, 8, 16)]).astype(np.uint8)
    tensors = [
        _tensor(planes, f"{name}_packed"),
        _tensor(np.array([[1], [256], [65536]], np.float32), f"{name}_place"),
        _tensor(np.array([0], np.int64), f"{name}_first"),
        _tensor(np.array([64], np.float32), f"{name}_base"),
        _tensor(np.array([SIX], np.float32), f"{name}_zero"),
        _tensor(scale.astype(np.float16), f"{name}_half"),
        _tensor(np.array(blocks.shape, np.int64), f"{name}_blocks"),
        _tensor(np.array(kernel.shape, np.int64), f"{name}_shape"),
    ]
    return tensors, list(_unpack(name))


def _unpack(name: str) -> Iterator[NodeProto]:
    def node(kind: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
        return helper.make_node(kind, [f"{name}_{i}" for i in inputs.split()], [f"{name}_{output}"], **attributes)

    yield node("Cast", "packed", "bytes", to=TensorProto.FLOAT)
    yield node("Mul", "bytes place", "placed")
    yield node("ReduceSum", "placed first", "left0", keepdims=0)
    for number in range(4):
        yield node("Div", f"left{number} base", f"part{number}")
        yield node("Floor", f"part{number}", f"left{number + 1}")
        yield node("Mul", f"left{number + 1} base", f"without{number}")
        yield node("Sub", f"left{number} without{number}", f"digit{number}")
    yield node("Concat", "digit0 digit1 digit2 digit3", "digits", axis=0)
    yield node("Sub", "digits zero", "values")
    yield node("Reshape", "values blocks", "rows")
    yield node("Cast", "half", "scale", to=TensorProto.FLOAT)
    yield node("Mul", "rows scale", "scaled")
    yield helper.make_node("Reshape", [f"{name}_scaled", f"{name}_shape"], [name])


def _tensor(array: NDArray[np.generic], name: str) -> TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(array), name)
