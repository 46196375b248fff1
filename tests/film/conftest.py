"""Films are only tested where PyAV is installed; CI has it."""

from __future__ import annotations

import os

import pytest

if not os.environ.get("CI"):
    pytest.importorskip("av")
