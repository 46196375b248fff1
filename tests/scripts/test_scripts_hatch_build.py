"""``project.urls`` of the package: the address that the checkout was cloned from, and never a private one."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

HOOK = Path(__file__).parents[2] / "hatch_build.py"


class _Interface:
    def __init__(self, root: str, config: dict[str, Any]) -> None:
        self.root, self.config = root, config


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The hook's module; hatchling, which is there only while a package is built, is played by the one class that it uses."""
    interface = types.ModuleType("hatchling.metadata.plugin.interface")
    interface.MetadataHookInterface = _Interface  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    for name in ("SERVER_URL", "REPOSITORY", "WORKSPACE"):
        monkeypatch.delenv(f"GITHUB_{name}", raising=False)
    spec = importlib.util.spec_from_file_location("hatch_build", HOOK)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/someone/photochrom.git\n",
        "https://github.com/someone/photochrom/",
        "git@github.com:someone/photochrom.git",
        "ssh://git@GitHub.com/someone/photochrom",
    ],
)
def test_a_public_address_is_given_as_https(hook: Any, remote: str) -> None:
    assert hook.public_address(remote) == "https://github.com/someone/photochrom"


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "/srv/photochrom",
        "../photochrom",
        "D:/photochrom",
        "file:///srv/photochrom",
        "http://github.com/someone/photochrom",
        "https://me:secret@github.com/someone/photochrom.git",
        "https://token@github.com/someone/photochrom.git",
        "https://10.0.0.7/someone/photochrom.git",
        "https://localhost/someone/photochrom",
        "git@build.internal:someone/photochrom.git",
        "git@github.com/someone/photochrom",
        "https://github.com/photochrom",
    ],
)
def test_paths_private_servers_and_credentials_are_no_address(hook: Any, remote: str) -> None:
    assert hook.public_address(remote) is None


def _urls(hook: Any, root: Path) -> dict[str, str]:
    metadata: dict[str, Any] = {}
    hook.Urls(str(root), {}).update(metadata)
    return metadata["urls"]  # type: ignore[no-any-return]


def _clone(root: Path, remote: str) -> Path:
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "remote", "add", "origin", remote], check=True)
    return root


def test_a_clone_names_the_address_that_it_came_from(hook: Any, tmp_path: Path) -> None:
    urls = _urls(hook, _clone(tmp_path, "git@codeberg.org:someone/photochrom.git"))
    assert set(urls) == {"Homepage", "Source", "Issues", "Changelog", "Documentation"}
    assert all(url.startswith("https://codeberg.org/someone/photochrom") for url in urls.values())


def test_a_clone_of_a_folder_and_a_folder_in_another_clone_name_none(hook: Any, tmp_path: Path) -> None:
    assert _urls(hook, _clone(tmp_path / "copy", "/srv/photochrom")) == {}
    other = _clone(tmp_path / "other", "https://github.com/someone/other.git")
    (other / "vendored").mkdir()
    assert _urls(hook, other / "vendored") == {}


def test_a_workflow_names_its_own_repository_and_only_for_what_it_checked_out(
    hook: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/photochrom")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "workspace"))
    own = _clone(tmp_path / "workspace", "/srv/photochrom")
    assert _urls(hook, own)["Homepage"] == "https://github.com/someone/photochrom"
    other = _clone(tmp_path / "dependency", "https://github.com/another/photochrom")
    assert _urls(hook, other)["Homepage"] == "https://github.com/another/photochrom"
