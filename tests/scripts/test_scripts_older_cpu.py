"""The settings of the second run of the tests that compare pixels, from what NumPy and OpenCV find on a processor."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "older_cpu.py"


@pytest.fixture
def older_cpu() -> Any:
    spec = importlib.util.spec_from_file_location("older_cpu", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("dispatch", "left_out"),
    [
        (["X86_V3", "X86_V4", "AVX512_ICL", "AVX512_SPR"], "X86_V4 AVX512_ICL"),
        (["AVX2", "FMA3", "AVX512F", "AVX512_SKX"], "AVX512F AVX512_SKX"),
    ],
)
def test_what_has_avx512_is_left_out_and_no_more(older_cpu: Any, dispatch: list[str], left_out: str) -> None:
    features = dict.fromkeys(dispatch, True) | {"AVX512_SPR": False}  # a name that the processor lacks is refused
    found = older_cpu.settings(features, dispatch, "SSE *SSE4.1 *AVX2 *AVX512-SKX AVX512-ICL?")
    assert found["NPY_DISABLE_CPU_FEATURES"] == left_out
    assert found["OPENCV_CPU_DISABLE"] == "AVX512-SKX"
    assert "AVX2" in found["ONEDNN_MAX_CPU_ISA"]


def test_a_processor_without_avx512_needs_none(older_cpu: Any) -> None:
    assert older_cpu.settings({"X86_V3": True, "X86_V4": False}, ["X86_V3", "X86_V4"], "SSE *AVX2 AVX512-SKX?") == {}


def test_the_script_asks_the_libraries(older_cpu: Any, capsys: pytest.CaptureFixture[str]) -> None:
    older_cpu.main()
    lines = capsys.readouterr().out.splitlines()
    assert all(line.count("=") == 1 for line in lines)
    assert not lines or "ATEN_CPU_CAPABILITY=avx2" in lines


def test_an_emulated_processor_may_round_differently_and_no_more() -> None:
    spec = importlib.util.spec_from_file_location("emulated_cpu", SCRIPT.with_name("emulated_cpu.py"))
    assert spec
    assert spec.loader
    emulated_cpu = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(emulated_cpu)
    here = np.full((4, 4, 3), 255, np.uint8)
    near, far = here - np.uint8(emulated_cpu.ALLOWED), here.copy()
    far[2, 1, 0] = 250
    assert emulated_cpu.differences({"automatic": here}, {"automatic": near}) == []
    (line,) = emulated_cpu.differences({"automatic": near, "hinted": here}, {"automatic": near, "hinted": far})
    assert "hinted" in line
    assert "5 of 255" in line
