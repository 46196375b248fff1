"""The named palettes: a few colours each and how often they occur. Add a row here, and every command knows it."""

from __future__ import annotations

__all__ = ["NAMED"]

#: name -> (colour, share); each was looked at on photographs (docs/steering-figures.md).
NAMED: dict[str, tuple[tuple[str, float], ...]] = {
    "warm": (("#c98a4b", 3), ("#e3b778", 3), ("#a8583a", 2), ("#f0d9a8", 2), ("#7a5a3a", 2), ("#8a8f5a", 1)),
    "cool": (("#5b7fa6", 3), ("#8fb3cc", 3), ("#3f6f78", 2), ("#b9cfd6", 2), ("#6f7f9a", 2), ("#c9a892", 1)),
    "autumn": (("#b5541f", 3), ("#d9962e", 3), ("#7d3b1e", 2), ("#8a7a2e", 2), ("#5c4a2a", 2), ("#9ab0bd", 1)),
    "spring": (("#8fbf5a", 3), ("#f2b8c6", 2), ("#a9d3e8", 2), ("#f4e08a", 2), ("#5f9a4a", 2), ("#d9b39a", 1)),
    "forest": (("#3f6b35", 3), ("#6f8f4a", 3), ("#5a4a32", 2), ("#9ab07a", 2), ("#c2a882", 1), ("#9fb7bf", 1)),
    "sea": (("#2f7f95", 3), ("#7fc2c9", 3), ("#e0cfa5", 2), ("#2f5b8f", 2), ("#cfe3e6", 1), ("#c79a7a", 1)),
    "desert": (("#d2a26a", 3), ("#b8683f", 3), ("#e9d3a9", 2), ("#8a5a44", 2), ("#7fa9c9", 2), ("#7d7a4a", 1)),
    "kodachrome": (("#b3261e", 2), ("#1f4f9c", 2), ("#d9a441", 2), ("#c98f6a", 3), ("#3f7a3a", 2), ("#6fa3d0", 2)),
    "technicolor": (("#c8202f", 3), ("#1f9aa0", 3), ("#e8b23a", 2), ("#d69a72", 2), ("#3f8f3f", 2), ("#3a4fa8", 1)),
    "autochrome": (("#a9826a", 3), ("#7f8a6a", 2), ("#7a8599", 2), ("#c7a98a", 2), ("#9a5f55", 1), ("#5f7a70", 1)),
    "polaroid": (("#d8c49a", 3), ("#8fa6a0", 2), ("#c98f6f", 2), ("#6f8f9a", 2), ("#b0a878", 2)),
    "pastel": (("#e8b9c0", 2), ("#b9d6e8", 2), ("#c9e3c0", 2), ("#f0e2b0", 2), ("#d3c3e6", 1), ("#e3c3a8", 2)),
    "teal-orange": (("#2f7f8a", 3), ("#6fb0b5", 2), ("#e0965a", 3), ("#c77a4a", 2), ("#1f4f5c", 2)),
    "clear": (("#4f8fd0", 3), ("#5aa04a", 3), ("#d9483f", 1), ("#e3b592", 2), ("#f0d24a", 1), ("#a9c9e3", 2)),
}
