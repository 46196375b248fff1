"""How numbers and methods are written in the page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

__all__ = ["ARROWS", "best_rows", "hidden", "interval", "number", "own"]

#: Direction of a metric -> its sign, and the words for it.
ARROWS = {
    "higher": ("↑", "higher is better"),
    "lower": ("↓", "lower is better"),
    "truth": ("≈", "the nearer to the truth's the better"),
    "none": ("", "neither high nor low is better"),
}


def number(value: float | None, decimals: int, *, sign: bool = False) -> str:
    """A number with a true minus, or a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:{'+' if sign else ''}.{decimals}f}"
    return text.replace("-", "−") if float(text) else text.replace("-", "").replace("+", "±")


def interval(low: float | None, high: float | None, decimals: int, *, sign: bool = False) -> str:
    """Both ends, or nothing."""
    if low is None or high is None:
        return ""
    return f"{number(low, decimals, sign=sign)} … {number(high, decimals, sign=sign)}"


def hidden(text: str) -> str:
    """Words for those who listen to the page."""
    return f'<span class="hidden">{escape(text)}</span>'


def own(method: Mapping[str, Any]) -> bool:
    """Whether it is one of the user's methods: neither the truth nor a baseline."""
    return method["kind"] not in ("truth", "baseline")


def best_rows(one: Mapping[str, Any], metric: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Name of the best of all rows, and of the best of the user's methods, by a metric; None where there is none."""
    key, direction = metric["key"], metric["direction"]
    values = {method["name"]: method["figures"][key]["value"] for method in one["methods"] if key in method["figures"]}
    true = {method["name"] for method in one["methods"] if method["kind"] == "truth"}
    target = next((values[name] for name in true if name in values), None)
    rows = [method for method in one["methods"] if method["name"] in values and method["name"] not in true]
    if direction == "none" or len(rows) < 2 or (direction == "truth" and target is None):
        return None, None

    def badness(method: Mapping[str, Any]) -> float:
        value = float(values[method["name"]])
        return abs(value - float(target or 0)) if direction == "truth" else -value if direction == "higher" else value

    def winner(some: list[Any]) -> str | None:
        return str(min(some, key=badness)["name"]) if some else None

    return winner(rows), winner([method for method in rows if own(method)])
