"""ImageNet's classes by their WordNet ids."""

from __future__ import annotations

import re

__all__ = ["wordnet_id"]


def wordnet_id(path: str) -> str | None:
    """The WordNet id, such as ``n02102040``, in a picture's path, or None."""
    found = re.search(r"n\d{8}", path)
    return found.group() if found else None
