"""The number format of training: the shortest that this machine computes with, not merely stores."""

from __future__ import annotations

from typing import Literal

import torch

__all__ = ["has_bfloat16", "precision"]


def has_bfloat16() -> bool:
    """Whether this processor computes with bfloat16. Without AVX-512 oneDNN only imitates it, about thirty times slower."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def precision() -> Literal["16-mixed", "bf16-mixed", "32-true"]:
    """What Lightning's Trainer takes: mixed precision where the GPU, or the processor, has it, else float32."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
    return "bf16-mixed" if has_bfloat16() else "32-true"
