"""Whether a run repeats: rows that were trained twice, from scratch and with another seed, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from photochrom.papers.page import Page
from photochrom.papers.results import Result, pictures_seen
from photochrom.papers.statistics import difference, interval

__all__ = ["reruns"]


def reruns(page: Page, rows: Mapping[str, Result]) -> None:
    """Add the section; none where no row has two seeds."""
    twice = {name: result for name, result in rows.items() if len(result.seeds) > 1}
    if not twice:
        return
    page.heading("Run again from scratch")
    agree, lines = [], []
    for name, result in twice.items():
        first, again = (seed["pictures"]["psnr"] for seed in result.seeds[:2])
        gap, low, high = difference(again, first)
        spans = [interval(first), interval(again)]
        if max(start for start, _ in spans) <= min(end for _, end in spans):
            agree.append(f"`{name}`")
        lines.append(
            [
                f"`{name}`",
                *(
                    f"{seed['means']['psnr']:.2f} ({span[0]:.2f} to {span[1]:.2f})"
                    for seed, span in zip(result.seeds, spans, strict=False)
                ),
                f"{gap:+.2f} ({low:+.2f} to {high:+.2f})",
                _both(result, "accuracy", 100),
                _both(result, "colourfulness", 1),
                ", ".join(f"{pictures_seen(seed):,}" for seed in result.seeds[:2]),
            ]
        )
    page.text(
        "Another seed sets other random weights and another order of the same pictures; the budget is the same. A processor "
        "second is worth what the machine is and what it does beside: where the second run saw more pictures, it had a faster "
        "one. "
        + _unlike(twice)
        + f"{len(agree)} of {len(twice)} rows agree, the 95 % intervals of their PSNR over the pictures overlap: "
        f"{', '.join(agree) or 'none'}. The difference on the same pictures is known more exactly than that, and is what "
        "claims are held against."
    )
    page.table(
        ["row", "PSNR dB", "again", "again less first", "Keras acc. %", "colourfulness", "pictures seen"],
        lines,
    )


def _unlike(twice: Mapping[str, Result]) -> str:
    names = [f"`{name}`" for name, result in twice.items() if not result.alike]
    if not names:
        return ""
    return (
        f"Of {' and '.join(names)} one run was slower, for its machine or for other work, and saw less than half of the "
        "pictures: how it differs is no measure of chance, and no other row's difference is held against it. "
    )


def _both(result: Result, name: str, scale: float) -> str:
    values: list[Any] = [seed["means"][name] for seed in result.seeds[:2]]
    return ", ".join(f"{scale * value:.1f}" for value in values)
