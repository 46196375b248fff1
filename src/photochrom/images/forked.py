"""libvips and ``fork``: a forked process has none of its parent's threads, and libvips would wait for them for ever."""

from __future__ import annotations

import os

from photochrom.errors import ForkedError

__all__ = ["libvips_is_used"]


class _State:
    """Whether this process has used libvips, or is a fork of one that had."""

    used = False
    forked = False


def libvips_is_used() -> None:
    """To be called before libvips works. Raises ForkedError in a fork of a process that had used it."""
    if _State.forked:
        raise ForkedError
    _State.used = True


def _in_child() -> None:
    _State.forked = _State.forked or _State.used


if hasattr(os, "register_at_fork"):  # nothing forks on Windows
    os.register_at_fork(after_in_child=_in_child)
