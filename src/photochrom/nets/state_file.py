"""Weights of a PyTorch network from a file: strict, and never by running what a pickle holds."""

from __future__ import annotations

import zipfile
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from photochrom.errors import CheckpointError

__all__ = ["read_state"]


def read_state(path: Path) -> dict[str, Tensor]:
    """Tensors by name; a pickle is read with ``weights_only=True``, so it cannot run code. Raises CheckpointError."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(found, dict):
            raise ValueError("it does not hold tensors by name")
    except (OSError, EOFError, ValueError, RuntimeError, UnpicklingError, SafetensorError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"no weights to be read here ({error}); expected .safetensors or .pth", path) from error
    return found
