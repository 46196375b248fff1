"""Who gains by more training: each row's error and colour along its budget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from photochrom.papers.charts import curves
from photochrom.papers.page import Page
from photochrom.papers.results import Result
from photochrom.train.budget import CHECKS

__all__ = ["convergence"]

#: The places along a budget that the table shows, as shares of it.
SHOWN = (CHECKS[0], CHECKS[2], 1.0)
#: Rows in one chart.
LINES = 6


def convergence(page: Page, rows: Mapping[str, Result]) -> dict[str, str]:
    """Add the section; returns the charts by file name. Rows whose curves have not these figures are left out."""
    found = {name: _curve(result) for name, result in rows.items()}
    found = {name: curve for name, curve in found.items() if curve}
    if not found:
        return {}
    absent = [f"`{name}`" for name, result in rows.items() if name not in found and not (result.row and result.row.of)]
    budget = next(iter(rows.values())).first["budget"]
    page.heading("Along the budget: who gains by more")
    page.text(
        "Error is the root mean square of a* and b* over the held-back pictures of the training set, in their units; chroma is "
        "the mean of the answers'. On the way the learning rate is still high, and figures with it are worse than a run "
        "of that length would end with."
        + (f" Not here, since their logs have other figures: {', '.join(absent)}." if absent else "")
    )
    heads = [f"{share * budget:.0f} s: {what}" for share in SHOWN for what in ("error", "chroma")]
    lines = []
    for name, curve in found.items():
        points = [min(curve, key=lambda line: abs(line["cpu_seconds"] - share * budget)) for share in SHOWN]
        cells = [f"{value:.2f}" for point in points for value in (_error(point), point["val_chroma"])]
        lines.append([f"`{name}`", *cells])
    page.table(["row", *heads], lines)
    names, drawings = list(found), {}
    for start in range(0, len(names), LINES):
        file = f"convergence-{start // LINES + 1}.svg"
        shown = names[start : start + LINES]
        drawn = {name: [(float(line["cpu_seconds"]), _error(line)) for line in found[name]] for name in shown}
        page.picture(file, f"Error of a* and b* along the budget: {', '.join(shown)}")
        drawings[file] = curves("Error of a* and b*", drawn, "CPU s", alike=False)
    return drawings


def _curve(result: Result) -> list[dict[str, Any]]:
    return [line for line in result.first["curve"] if "val_ab_mse" in line and "cpu_seconds" in line]


def _error(line: Mapping[str, float]) -> float:
    return math.sqrt(line["val_ab_mse"])
