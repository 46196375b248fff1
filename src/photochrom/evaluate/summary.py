"""From the figures of every picture to those of the set: means, intervals, differences, and which pictures to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.color import ab_bins
from photochrom.evaluate.bootstrap import Resamples, holm, interval, p_value
from photochrom.evaluate.features import Features
from photochrom.evaluate.figures import Figure
from photochrom.evaluate.methods import BASELINES, GREY, TRUTH
from photochrom.evaluate.work import Measured

__all__ = ["ORDER", "Choice", "Summary", "plain"]

#: What the worst and the best pictures go by.
ORDER = "ciede2000"
#: Below this, after Holm's correction, a difference is called significant.
LEVEL = 0.05
SAMPLE = 8


def plain(value: float) -> float | None:
    """A number for JSON: six significant digits, None where there is none."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


class Summary:
    """The figures of a set, a picture at a time; memory does not grow. ``names``: the rows, the truth first."""

    def __init__(self, names: Sequence[str], figures: Sequence[Figure], resamples: int, seed: Sequence[int]) -> None:
        self.names, self.figures = list(names), list(figures)
        bins = len(ab_bins())
        self._seed = tuple(seed)
        self._resamples = Resamples(len(names), len(figures), bins, resamples, seed)
        self._histograms = np.zeros((len(names), bins), np.int64)
        self._seconds: dict[str, float] = {}
        self._features: dict[str, Features] = {}

    @property
    def pictures(self) -> int:
        """How many were added."""
        return self._resamples.pictures

    def add(self, measured: Measured) -> None:
        """Count a picture."""
        self._resamples.add(measured.index, measured.values, measured.areas, measured.histograms[0])
        self._histograms += measured.histograms
        for name, seconds in measured.seconds.items():
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds
        for key, features in measured.features.items():
            if key not in self._features:
                self._features[key] = Features(len(self.names), features.shape[1])
            self._features[key].add(measured.index, features)

    def _column(self, key: str) -> int:
        return next(index for index, figure in enumerate(self.figures) if figure.key == key)

    def _values(self) -> NDArray[np.float64]:
        """Every figure of the set, and of its resamples: (B + 1, M, K)."""
        values = self._resamples.means()
        values[:, 1:, self._column("auc_rebalanced")] = self._resamples.rebalanced()[:, 1:]
        for key in ("colourfulness", "colourfulness_abs"):
            mean = values[:, :, self._column(key)]
            values[:, 1:, self._column(f"delta_{key}")] = np.abs(mean[:, 1:] - mean[:, :1])
        if any(figure.key == "semantic_recovered" for figure in self.figures):
            right = values[:, :, self._column("semantic")]
            grey = right[:, [self.names.index(GREY)]]
            lost = np.where(right[:, :1] > grey, right[:, :1] - grey, np.nan)
            values[:, 1:, self._column("semantic_recovered")] = 100 * (right[:, 1:] - grey) / lost
        for key, features in self._features.items():
            values[:, 0, self._column(key)] = np.nan
            values[:, 1:, self._column(key)] = features.distances(len(values) - 1, self._seed)
        return values

    def report(self) -> dict[str, Any]:
        """``figures`` of each row with intervals, ``seconds``, ``comparisons`` and ``histograms``, in plain types."""
        values = self._values()
        low, high = interval(values)
        single = self.pictures < 2  # an interval over one picture would have no width
        numbers = self._resamples.numbers()
        rows: dict[str, dict[str, Any]] = {name: {} for name in self.names}
        for m, name in enumerate(self.names):
            for k, figure in enumerate(self.figures):
                value = plain(values[0, m, k])
                if value is not None:
                    ends = (None, None) if single else (plain(low[m, k]), plain(high[m, k]))
                    number = int(numbers[m, k]) if figure.of != "set" else self.pictures
                    rows[name][figure.key] = {"value": value, "low": ends[0], "high": ends[1], "n": number}
        total = self._histograms.sum(axis=1, keepdims=True)
        shares = self._histograms / np.maximum(total, 1)
        return {
            "figures": rows,
            "seconds": {name: plain(seconds / self.pictures) for name, seconds in self._seconds.items()},
            "comparisons": self._comparisons(values),
            "histograms": {
                "bins": shares.shape[1],
                "shares": {name: [plain(x) for x in row] for name, row in zip(self.names, shares, strict=True)},
            },
        }

    def _comparisons(self, values: NDArray[np.float64]) -> dict[str, Any]:
        """Every method against each baseline and each method behind it, by the headline figures."""
        own = [name for name in self.names if name not in (TRUTH, *BASELINES)]
        known = [name for name in self.names if name in BASELINES]
        pairs = [(first, second) for i, first in enumerate(own) for second in [*known, *own[i + 1 :]]]
        tested = [figure for figure in self.figures if figure.headline and figure.direction in ("higher", "lower")]
        found: list[dict[str, Any]] = []
        for first, second in pairs:
            a, b = self.names.index(first), self.names.index(second)
            for figure in tested:
                differences = values[:, a, self._column(figure.key)] - values[:, b, self._column(figure.key)]
                p = p_value(differences)
                if math.isnan(p):
                    continue
                low, high = (plain(float(end)) for end in interval(differences))
                gain = float(differences[0])
                winner = first if (gain > 0) == (figure.direction == "higher") else second
                row: dict[str, Any] = {
                    "first": first,
                    "second": second,
                    "metric": figure.key,
                    "difference": plain(gain),
                }
                found.append({**row, "low": low, "high": high, "p": p, "better": winner})
        for row, adjusted in zip(found, holm([row["p"] for row in found]), strict=True):
            row |= {"p": plain(row["p"]), "p_holm": plain(adjusted)}
            if adjusted >= LEVEL:
                row["better"] = None
        return {
            "count": len(found),
            "tested": f"{len(pairs)} pairs of methods by {len(tested)} figures, {len(found)} tests: differences on the same "
            "pictures, p from the bootstrap's standard deviation (normal), corrected for all tests of the set by Holm",
            "pairs": found,
        }


class Choice:
    """Pictures to look at: of each method the worst and the best, and some drawn by the seed."""

    def __init__(self, names: Sequence[str], figures: Sequence[Figure], seed: Sequence[int]) -> None:
        self._names, self._keys, self._seed = list(names), [figure.key for figure in figures], tuple(seed)
        own = [name for name in names if name not in (TRUTH, *BASELINES)]
        self._count = max(2, SAMPLE // max(1, len(own)))
        self._own = own
        self._kept: dict[str, list[tuple[float, int, Measured]]] = {}

    def offer(self, measured: Measured) -> None:
        """Keep the picture if it belongs to those to look at so far."""
        column = self._keys.index(ORDER)
        for name in self._own:
            value = float(measured.values[self._names.index(name), column])
            self._keep(f"worst of {name}", -value, self._count, measured)
            self._keep(f"best of {name}", value, self._count, measured)
        drawn = np.random.default_rng((*self._seed, measured.index)).random()
        self._keep("sample", float(drawn), SAMPLE, measured)

    def _keep(self, why: str, value: float, count: int, measured: Measured) -> None:
        kept = self._kept.setdefault(why, [])
        kept.append((value, measured.index, measured))
        kept.sort(key=lambda one: one[:2])
        del kept[count:]

    def chosen(self) -> list[dict[str, Any]]:
        """The pictures, each once, with ``index``, ``picture``, ``why`` and the ``figures`` of every row."""
        found: dict[int, dict[str, Any]] = {}
        for why, kept in self._kept.items():
            for _, index, measured in kept:
                if index not in found:
                    figures = {
                        name: {
                            key: plain(value) for key, value in zip(self._keys, row, strict=True) if np.isfinite(value)
                        }
                        for name, row in zip(self._names, measured.values, strict=True)
                    }
                    found[index] = {"index": index, "picture": measured.row.name, "why": [], "figures": figures}
                found[index]["why"].append(why)
        return list(found.values())
