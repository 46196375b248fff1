from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from photochrom.errors import CheckpointError, OutputWriteError
from photochrom.train.checkpoint import WholeCheckpointIO, read_checkpoint, read_weights
from photochrom.train.files import replacing, writing_cache

GOOD: dict[str, Any] = {
    "state_dict": {"net.a": torch.arange(4.0)},
    "hyper_parameters": {"recipe": {"steps": 2}, "data": "d"},
    "global_step": 7,
}


def test_a_checkpoint_comes_back(tmp_path: Path) -> None:
    WholeCheckpointIO().save_checkpoint(GOOD, tmp_path / "new/last.ckpt")
    assert read_checkpoint(tmp_path / "new/last.ckpt")["global_step"] == 7
    state, about = read_weights(tmp_path / "new/last.ckpt")
    assert torch.equal(state["a"], torch.arange(4.0))
    assert about == {"recipe": {"steps": 2}, "data": "d", "step": 7}
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["last.ckpt"]


def test_damaged_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save(GOOD, path)
    data = path.read_bytes()
    contents = [b"", b"text", data[: len(data) // 2], data[:-100]]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(CheckpointError) as caught:
            read_checkpoint(path)
        assert caught.value.path == path
    for other in ([1], {"state_dict": {}}, torch.zeros(2)):
        torch.save(other, path)
        with pytest.raises(CheckpointError):
            read_checkpoint(path)
    for absent in (tmp_path / "absent.ckpt", tmp_path):
        with pytest.raises(CheckpointError):
            read_checkpoint(absent)


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    torch.save({**GOOD, "state_dict": Trap()}, tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError):
        read_checkpoint(tmp_path / "last.ckpt")
    assert not (tmp_path / "sprung").exists()


def test_safetensors_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    for metadata in (None, {"other": "x"}, {"photochrom": "no json"}):
        save_file({"a": torch.zeros(2)}, path, metadata)
        with pytest.raises(CheckpointError):
            read_weights(path)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(CheckpointError):
        read_weights(path)
    with pytest.raises(CheckpointError):
        read_weights(tmp_path / "absent.safetensors")


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class TestDiskFull:
    """What was there before is still there, nothing half-written is left, and the error says which file."""

    @pytest.mark.parametrize("broken", ["torch.save", "os.fsync", "pathlib.Path.replace"])
    def test_the_last_checkpoint_survives(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
        path = tmp_path / "last.ckpt"
        WholeCheckpointIO().save_checkpoint(GOOD, path)
        with monkeypatch.context() as patch:
            patch.setattr(broken, full)
            with pytest.raises(OutputWriteError, match="No space left") as caught:
                WholeCheckpointIO().save_checkpoint({**GOOD, "global_step": 8}, path)
        assert caught.value.path == path
        assert read_checkpoint(path)["global_step"] == 7
        assert list(tmp_path.iterdir()) == [path]

    def test_a_real_refusal_of_the_system(self, tmp_path: Path) -> None:
        """A limit on the size of files stands in for the full disk: here torch's own writer meets it."""
        resource = pytest.importorskip("resource")  # POSIX only; Python ignores the signal that comes with it
        path = tmp_path / "last.ckpt"
        WholeCheckpointIO().save_checkpoint(GOOD, path)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(OutputWriteError, match="cannot be written") as caught:
                WholeCheckpointIO().save_checkpoint({"state_dict": {"a": torch.zeros(100_000)}}, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert caught.value.path == path
        assert read_checkpoint(path)["global_step"] == 7
        assert list(tmp_path.iterdir()) == [path]

    def test_a_cache_that_breaks_off_is_not_complete(self, tmp_path: Path) -> None:
        (tmp_path / "index.json").write_text("{}")
        with pytest.raises(OutputWriteError, match="No space left"), writing_cache(tmp_path, "index.json", "data.bin"):
            full()
        assert not (tmp_path / "index.json").exists()


def test_replacing_leaves_the_old_file_when_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write() -> None:
        with replacing(path) as part:
            part.write_text("new")
            raise KeyError

    with pytest.raises(KeyError):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputWriteError, match="No such file"), replacing(tmp_path / "absent/a.txt") as part:
        part.write_text("new")
