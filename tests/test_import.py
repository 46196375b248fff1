"""Importing is cheap, and the public names are what they say."""

from __future__ import annotations

import subprocess
import sys

import pytest

import photochrom

HEAVY = ["av", "cv2", "fastapi", "lightning", "onnxruntime", "pyvips", "ray", "sqlalchemy", "torch"]


def loaded_after(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after ``code``."""
    tail = "\nimport sys; print('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + tail], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_importing_loads_no_heavy_library() -> None:
    assert not loaded_after("import photochrom").intersection(HEAVY)


def test_the_main_path_needs_neither_torch_nor_a_web_server() -> None:
    loaded = loaded_after("from photochrom import Colorizer")
    assert "onnxruntime" in loaded
    assert not loaded.intersection({"av", "fastapi", "lightning", "ray", "torch"})


@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        "--version",
        "colorize --help",
        "models --json",
        "study report --help",
        "evaluate --help",
        "serve --help",
    ],
)
def test_help_loads_no_heavy_library(arguments: str) -> None:
    code = f"""
from photochrom.cli.main import main
try:
    main({arguments.split()!r})
except SystemExit as end:
    assert not end.code, end.code
"""
    assert not loaded_after(code).intersection(HEAVY)


def test_public_names() -> None:
    assert len(photochrom.__all__) == len(set(photochrom.__all__))
    assert dir(photochrom) == sorted(photochrom.__all__)
    for name in photochrom.__all__:
        assert getattr(photochrom, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        photochrom.no_such_name  # noqa: B018


def test_from_photochrom_import_star() -> None:
    names: dict[str, object] = {}
    exec("from photochrom import *", names)
    assert set(photochrom.__all__) <= set(names)
