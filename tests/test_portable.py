"""Windows, macOS and Linux: what differs stands in one module, and is tried here with Windows played by a few lines."""

from __future__ import annotations

import ast
import errno
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import photochrom
from photochrom import portable
from photochrom.images import write_image
from photochrom.web import folder as private
from photochrom.web.listening import listen
from photochrom.web.settings import Settings
from photochrom.web.store import Store

SOURCES = sorted(Path(photochrom.__file__).parent.rglob("*.py"))
#: Modules of the standard library that Windows does not have, and names of os that it lacks.
ABSENT_MODULES = {"curses", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios"}
ABSENT_NAMES = {
    "chown",
    "fork",
    "forkpty",
    "geteuid",
    "getuid",
    "killpg",
    "mkfifo",
    "nice",
    "pread",
    "pwrite",
    "setsid",
}


class Kernel:
    """kernel32.dll, which knows some processes: "runs", "ended" or "denied"."""

    def __init__(self, **processes: str) -> None:
        self.processes, self.closed = {int(name[1:]): state for name, state in processes.items()}, 0
        self.error = 0

    def OpenProcess(self, access: int, inherit: bool, number: int) -> int:  # noqa: N802
        state = self.processes.get(number)
        self.error = 5 if state == "denied" else 87
        return number if state in ("runs", "ended") else 0

    def GetLastError(self) -> int:  # noqa: N802
        return self.error

    def WaitForSingleObject(self, handle: int, milliseconds: int) -> int:  # noqa: N802
        return 0x102 if self.processes[handle] == "runs" else 0

    def CloseHandle(self, handle: int) -> None:  # noqa: N802
        self.closed += 1


def gone() -> int:
    """The number of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


class TestProcesses:
    def test_this_one_runs_and_one_that_ended_does_not(self) -> None:
        assert portable.process_runs(os.getpid())
        assert not portable.process_runs(gone())

    def test_one_of_another_user_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(number: int, signal: int) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "kill", refuse)
        assert portable.process_runs(1, "posix")

    def test_on_windows_nothing_is_sent_to_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(os, "kill")
        kernel = Kernel(p1="runs", p2="ended", p3="denied")
        assert [portable.process_runs(number, "nt", kernel) for number in (1, 2, 3, 4)] == [True, False, True, False]
        assert kernel.closed == 2  # every handle that was opened

    def test_a_folder_is_abandoned_when_its_process_is_gone(self, tmp_path: Path) -> None:
        for name, number in (("a", gone()), ("b", os.getpid())):
            left = tmp_path / f"photochrom-serve-{name}"
            left.mkdir()
            (left / "owner").write_text(f"{socket.gethostname()} {number}", "utf-8")
        own = private.private_folder(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {own.name, "photochrom-serve-b"}


class TestAddresses:
    def test_an_address_that_is_listened_on_is_taken(self) -> None:
        with listen("127.0.0.1", 0) as first, pytest.raises(photochrom.PhotochromError):
            listen("127.0.0.1", first.getsockname()[1])

    def test_windows_shares_no_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", -5, raising=False)
        asked: list[tuple[int, int, int]] = []

        class Listener:
            def setsockopt(self, *option: int) -> None:
                asked.append(option)  # type: ignore[arg-type]

        portable.keep_address(Listener(), "nt")  # type: ignore[arg-type]
        assert asked == [(socket.SOL_SOCKET, -5, 1)]


class TestText:
    def test_a_table_with_arrows_can_be_written_in_any_encoding(self) -> None:
        out = io.BytesIO()
        stream = io.TextIOWrapper(out, "cp1252", errors="strict")
        portable.write_any_text(stream)
        stream.write("PSNR dB \u2191, 3 \u00d7 4")
        stream.flush()
        assert out.getvalue() == b"PSNR dB \\u2191, 3 \xd7 4"

    def test_utf_8_is_left_as_it_is(self) -> None:
        stream = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict")
        portable.write_any_text(stream)
        assert stream.errors == "strict"

    @pytest.mark.skipif(os.name == "nt", reason="the locale is POSIX's")
    def test_the_command_works_where_the_locale_knows_ascii_alone(self, tmp_path: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "photochrom", "models", "--json"],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
            check=True,
        )
        assert all(json.loads(line) for line in done.stdout.splitlines())


class TestFiles:
    def test_no_file_is_replaced_where_there_are_no_links(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import numpy as np

        from photochrom.images import open_image

        def refuse(source: object, target: object) -> None:
            raise OSError(1, "no links here")

        monkeypatch.setattr(os, "link", refuse)
        picture = open_image(np.zeros((8, 8), np.uint8))
        rgb = np.zeros((8, 8, 3), np.uint8)
        out = tmp_path / "out.png"
        write_image(picture, out, [rgb], software="test", model="test")
        first = out.read_bytes()
        with pytest.raises(photochrom.PhotochromError):
            write_image(picture, out, [rgb + 1], software="test", model="test")
        assert out.read_bytes() == first
        assert [path.name for path in tmp_path.iterdir()] == ["out.png"]

    def test_a_session_whose_file_is_open_is_deleted_where_open_files_stay(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = Store(Settings(), tmp_path)
        folder = store.new("sessions")
        (folder / "picture").write_bytes(b"x")

        def refuse(self: Path, target: object) -> None:
            raise PermissionError

        monkeypatch.setattr(Path, "rename", refuse)
        store.remove(folder)
        assert not folder.exists()


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), node


def opens_text(name: str, call: ast.Call) -> bool:
    if name in ("read_text", "write_text"):
        return True
    modes: list[Any] = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    if getattr(getattr(call.func, "value", None), "id", "") == "av":  # films are no text
        return False
    return name == "open" and any(isinstance(mode, str) and mode.strip("+") in ("r", "w", "a", "x") for mode in modes)


def tries_an_import(node: ast.AST) -> bool:
    """Whether this is ``try: import ... except ImportError: ...``, which knows that a system may lack the module."""
    return isinstance(node, ast.Try) and any(
        isinstance(handler.type, ast.Name) and handler.type.id == "ImportError" for handler in node.handlers
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(SOURCES[0].parent).as_posix())
def test_no_source_relies_on_one_system(path: Path) -> None:
    """No module that Windows lacks, and no text in whatever encoding the system prefers."""
    tree = ast.parse(path.read_text("utf-8"))
    tried = {part for node in ast.walk(tree) if tries_an_import(node) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if node in tried:
            continue
        if isinstance(node, ast.Import):
            assert not {name.name.partition(".")[0] for name in node.names} & ABSENT_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in ABSENT_MODULES
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            assert node.attr not in ABSENT_NAMES
    for name, call in calls(tree):
        if opens_text(name, call):
            assert "utf-8" in ast.unparse(call), f"line {call.lineno}: which encoding?"


def test_a_file_that_somebody_reads_is_replaced_when_he_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, path = tmp_path / "part", tmp_path / "file"
    part.write_text("new")
    usual, asked = Path.replace, []

    def as_windows(self: Path, target: Path) -> Path:
        asked.append(target)
        if len(asked) < 3:
            raise PermissionError(13, "Access is denied")
        return usual(self, target)

    monkeypatch.setattr(Path, "replace", as_windows)
    with pytest.raises(PermissionError):
        portable.put_in_place(part, path, system="posix")
    portable.put_in_place(part, path, system="nt")
    assert (path.read_text(), len(asked)) == ("new", 3)


def test_a_locked_file_is_locked_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "lock").open("ab") as one, (tmp_path / "lock").open("ab") as other:
        assert portable.lock(one)
        assert not portable.lock(other)
        one.close()
        assert portable.lock(other)

    def none_here(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with (tmp_path / "lock").open("ab") as file:
        monkeypatch.setattr("fcntl.flock", none_here)
        assert portable.lock(file)  # better than no work at all on such a disk
        taken: list[int] = []

        class Msvcrt:
            LK_NBLCK = 2

            @staticmethod
            def locking(descriptor: int, mode: int, count: int) -> None:
                if taken:
                    raise PermissionError(13, "Permission denied")
                taken.extend([mode, count])

        monkeypatch.setitem(sys.modules, "fcntl", None)
        monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt)
        assert portable.lock(file)
        assert taken == [2, 1]
        assert not portable.lock(file)
