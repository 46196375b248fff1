"""The number format of training: the shortest that this machine computes with, not merely stores."""

from __future__ import annotations

import platform
from typing import Literal

import torch

__all__ = ["has_bfloat16", "precision"]


def has_bfloat16() -> bool:
    """Whether this processor computes with bfloat16.

    oneDNN takes it on every processor with AVX-512, but imitates it on those without the instructions (Ice Lake, for one):
    training then takes twice the time of float32. Without AVX-512 it would take thirty times as long.
    """
    if platform.machine().lower() in ("x86_64", "amd64") and not _has_instructions():
        return False
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _has_instructions() -> bool:
    """Whether an x86 processor has AVX512_BF16, which those with AMX have, too; False where this torch cannot find out."""
    found = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(found()) if found is not None else False


def precision() -> Literal["16-mixed", "bf16-mixed", "32-true"]:
    """What Lightning's Trainer takes: mixed precision where the GPU, or the processor, has it, else float32."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
    return "bf16-mixed" if has_bfloat16() else "32-true"
