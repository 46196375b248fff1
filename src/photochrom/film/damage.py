"""Damage that a decoder repairs by itself, and mentions only in FFmpeg's log.

FFV1 carries a checksum for every slice; its decoder fills a wrong slice from the frame before and goes on. Reading the log while
threads of a decoder run can lock the interpreter, so such a decoder works on the slices of one frame, not on several frames.
"""

from __future__ import annotations

from typing import Any

__all__ = ["LOGGED", "decoded"]

#: Decoders, by FFmpeg's name, whose log is read.
LOGGED = frozenset({"ffv1"})


def decoded(packet: Any, av: Any) -> tuple[list[Any], str | None]:
    """Frames of a packet (av.Packet) of such a decoder, and what is wrong with them. Raises av's FFmpegError."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture(local=False) as log:
            frames = packet.decode()
    finally:
        av.logging.set_level(level)
    return frames, str(log[0][2]).strip().rstrip("!") if log else None
