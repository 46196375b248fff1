"""What fails now and then is tried again, with longer and longer waits."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from photochrom.errors import StoreError

__all__ = ["patiently"]

#: Attempts at a request of a store, and the first wait in seconds, which doubles each time.
ATTEMPTS = 6
FIRST_WAIT = 0.2
Value = TypeVar("Value")


def patiently(request: Callable[[], Value], address: str) -> Value:
    """The answer to a request, which is made up to :data:`ATTEMPTS` times.

    What will not change is not tried again: FileNotFoundError and PermissionError pass through. Raises StoreError.
    """
    for attempt in range(ATTEMPTS):
        try:
            return request()
        except (FileNotFoundError, PermissionError, IsADirectoryError, MemoryError):  # noqa: PERF203
            raise
        except Exception as error:  # every library of a store has errors of its own
            # Of HTTP; and what botocore calls the lack of keys.
            if getattr(error, "status", None) in (401, 403) or type(error).__name__.endswith("CredentialsError"):
                raise PermissionError(address) from error
            if attempt == ATTEMPTS - 1:
                reason = " ".join(str(error).split()) or type(error).__name__
                raise StoreError(
                    f"{address}: failed {ATTEMPTS} times, at last: {reason}; when it answers again, the same command goes on"
                ) from error
            time.sleep(FIRST_WAIT * 2**attempt * random.uniform(0.5, 1.5))
    raise AssertionError
