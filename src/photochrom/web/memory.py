"""What opened photographs really take of the memory, and giving it back to the system when they are closed."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["give_back", "measured"]

#: What is shared by all photographs, or small, is not walked into.
_LEAVES = (str, bytes, int, float, complex, bool, type(None), type)


def measured(*roots: Any, shared: Iterable[Any] = ()) -> int:
    """Bytes of all numpy arrays that can be reached from some objects, each counted once; not through ``shared`` ones."""
    seen = {id(one) for one in shared}
    waiting, total = list(roots), 0
    while waiting:
        one = waiting.pop()
        if isinstance(one, _LEAVES) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            # A view keeps all of what it is a view of.
            if isinstance(one.base, np.ndarray):
                waiting.append(one.base)
            elif not isinstance(one, np.memmap):
                total += one.nbytes
        elif isinstance(one, dict):
            waiting += tuple(one.values())  # at once: other threads may work on it
        elif isinstance(one, (list, tuple, set, frozenset)):
            waiting += one
        elif type(one).__module__.startswith("photochrom"):
            slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
            waiting += [getattr(one, name, None) for name in slots]
            waiting += tuple(getattr(one, "__dict__", {}).values())
    return total


@functools.cache
def _trim() -> Any:
    """glibc's malloc_trim, or None where there is another C library."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


def give_back() -> None:
    """Return what was freed to the system: the C library keeps it for itself, and a server's memory would only ever grow."""
    trim = _trim()
    if trim is not None:
        trim(0)
