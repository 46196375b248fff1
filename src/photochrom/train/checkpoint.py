"""Checkpoints: written whole or not at all, and read with a CheckpointError for what is damaged or something else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from safetensors import SafetensorError, safe_open
from torch import Tensor

from photochrom.errors import CheckpointError, OutputWriteError
from photochrom.train.files import replacing

__all__ = ["WholeCheckpointIO", "read_checkpoint", "read_weights", "same_run"]


class WholeCheckpointIO(TorchCheckpointIO):
    """Lightning's, but the temporary file lies beside the checkpoint, so that the last step is always a rename.

    Lightning's own lies in the system's temporary folder: where that is another disk, the checkpoint is copied over the
    last good one, and a disk that fills up loses both.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write ``checkpoint`` to ``path``. Raises OutputWriteError; what was at ``path`` is then still there."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            try:
                torch.save(checkpoint, part)
            except RuntimeError as error:  # torch's own writer raises no OSError when the disk is full
                raise OutputWriteError(f"cannot be written ({str(error).splitlines()[0]})", path) from error


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """What ``photochrom train`` wrote to ``path``, on the CPU. Raises CheckpointError.

    The pickle is read with ``weights_only=True``, so it cannot run code.
    """
    try:
        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        for key in ("state_dict", "hyper_parameters", "global_step"):
            found[key]
    except Exception as error:  # torch.load has no common base for what a damaged file raises
        raise CheckpointError(f"cannot be read as a checkpoint ({_first_line(error)})", path) from error
    return found


def same_run(
    path: Path, mine: dict[str, Any], *, usual: Mapping[str, Any] | None = None, otherwise: str = "the pictures"
) -> dict[str, Any]:
    """The checkpoint at ``path``, which must belong to a run with the hyper-parameters ``mine``, ``recipe`` and others.

    usual: settings of the recipe that a checkpoint without them had. otherwise: what differs where the recipe does not, for the
    message. Raises CheckpointError.
    """
    found = read_checkpoint(path)
    theirs = {**found["hyper_parameters"]}
    old, new = {**(usual or {}), **theirs.get("recipe", {})}, mine["recipe"]
    if {**theirs, "recipe": old} != mine:
        other = [key for key in new if old.get(key) != new[key]] or [otherwise]
        raise CheckpointError(f"is of another run (differs in {', '.join(other)}); choose another output folder", path)
    return found


def read_weights(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The averaged weights of a network and the file's metadata (``recipe``, ``data``, ``step``).

    ``path`` is a checkpoint, or a ``.safetensors`` file that ``photochrom export`` made. Raises CheckpointError.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        try:
            with safe_open(path, "pt") as file:
                about = json.loads((file.metadata() or {})["photochrom"])
                return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118 (no dictionary)
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise CheckpointError(f"cannot be read as weights of Photochrom ({_first_line(error)})", path) from error
    found = read_checkpoint(path)
    state = {name.removeprefix("net."): value for name, value in found["state_dict"].items()}
    return state, {**found["hyper_parameters"], "step": int(found["global_step"])}


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
