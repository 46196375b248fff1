"""The rows of benchmarks/ablations.py: what each changes about the base, and the table of the results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["BASE", "ROWS", "Row", "table"]

#: What the base changes about the recipe "photochrom": small pictures and quick averaging, for a run of minutes.
BASE: dict[str, Any] = {
    "sizes": [128],
    "batch": 16,
    "decoder_rate": 1.5e-3,
    "encoder_rate": 1e-4,
    "ema": 0.98,
    "seed": 0,
}


@dataclass(frozen=True)
class Row:
    """One row: its name, the question it belongs to, what it is, what it changes about the base's recipe.

    ``like`` names the row whose network it decodes in another way; then nothing is trained.
    """

    name: str
    question: str
    what: str
    recipe: dict[str, Any] = field(default_factory=dict)
    like: str | None = None
    vividness: float = 0.5
    prior: bool = False


_LOSS = "Regression, bins or both"
_RARE = "Rebalancing"
_ENCODER = "Encoder"
_DECODER = "Decoder"
_AVERAGE = "Averaged weights (EMA)"
_INPUT = "What the training pictures look like"
_STEER = "Hints and histogram"

_ALL = (
    Row("base", "Base", "as shipped: bins, Lite0 fine-tuned, 128 px"),
    Row("base-1", "Base", "another seed", {"seed": 1}),
    Row("base-2", "Base", "another seed", {"seed": 2}),
    Row("regression", _LOSS, "two channels, Huber error of ab", {"loss": "regression"}),
    Row("both", _LOSS, "bins, and Huber error of their mean", {"loss": "both"}),
    Row("rebalance-0.25", _RARE, "loss rebalanced by 0.25", {"rebalance": 0.25}),
    Row("rebalance-0.5", _RARE, "by 0.5, as Zhang 2016", {"rebalance": 0.5}),
    Row("rebalance-0.9", _RARE, "by 0.9", {"rebalance": 0.9}),
    Row("afterwards-0.5", _RARE, "base, corrected by the prior when decoding", like="base", prior=True),
    Row("afterwards-1", _RARE, "the same, vividness 1", like="base", prior=True, vividness=1.0),
    Row("prior", "Prior given lightness", "scores start from log p(bin given L)", {"lightness_prior": True}),
    Row("frozen", _ENCODER, "frozen", {"encoder_rate": 0.0}),
    Row("fast-encoder", _ENCODER, "four times the encoder's rate", {"encoder_rate": 4e-4}),
    Row("lite1", _ENCODER, "Lite1", {"encoder": "lite1"}),
    Row("160px", _ENCODER, "160 px", {"sizes": [160]}),
    Row("192px", _ENCODER, "192 px", {"sizes": [192]}),
    Row("classify", _ENCODER, "answers on colour distilled, weight 0.3", {"classify": 0.3}),
    Row("no-context", _DECODER, "no glance at the whole", {"context": False}),
    Row("no-attention", _DECODER, "no attention", {"attention": False}),
    Row("narrow", _DECODER, "half as wide", {"widths": [64, 96, 128], "depths": [4, 3, 3]}),
    Row("wide", _DECODER, "1.5 times as wide", {"widths": [192, 288, 384], "depths": [4, 3, 3]}),
    Row("shallow", _DECODER, "half as deep", {"widths": [128, 192, 256], "depths": [2, 1, 2]}),
    Row("stride-4", _DECODER, "a fourth stage, stride 4", {"widths": [64, 128, 192, 256], "depths": [2, 3, 3, 3]}),
    Row("no-ema", _AVERAGE, "none", {"ema": 0.0}),
    Row("ema-0.95", _AVERAGE, "quicker, 0.95", {"ema": 0.95}),
    Row("no-old-print", _INPUT, "no old prints", {"old_print": 0.0}),
    Row("no-film", _INPUT, "no film greys", {"film": 0.0}),
    Row("no-hints", _STEER, "no hints", {"hints": 0.0}),
    Row("no-histogram", _STEER, "no histogram", {"histogram": 0.0}),
    Row("neither", _STEER, "neither", {"hints": 0.0, "histogram": 0.0}),
)
ROWS = {row.name: row for row in _ALL}

# heading, set, figure, decimals, as a difference to grey
_COLUMNS = (
    ("PSNR", "held", "psnr", 2, True),
    ("AuC raw", "held", "auc", 2, True),
    ("AuC reb.", "held", "auc_rebalanced", 2, True),
    ("CIEDE2000", "held", "ciede2000", 2, True),
    ("colourf.", "held", "colourfulness", 1, False),
    ("10 hints", "held", "hinted", 2, True),
    ("histogram", "held", "histogram", 2, True),
    ("plain mean", "gains", "clean", 2, False),
    ("film", "gains", "film", 2, False),
    ("old print", "gains", "print", 2, False),
    ("PSNR, CID22", "truth", "psnr", 2, True),
    ("AuC raw", "truth", "auc", 2, True),
    ("AuC reb.", "truth", "auc_rebalanced", 2, True),
    ("top-1", "", "top1", 1, False),
    ("ms", "", "milliseconds", 0, False),
    ("MB", "", "megabytes", 1, False),
)
#: The figures with hints are PSNRs.
_GREY = {"hinted": "psnr", "histogram": "psnr"}


def _value(result: dict[str, Any], grey: dict[str, Any], place: str, figure: str, difference: bool) -> float:
    here = result[place] if place else result
    if figure not in here:
        return float("nan")
    return float(here[figure]) - (float(grey[place][_GREY.get(figure, figure)]) if difference else 0.0)


def table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown: the base's mean over its seeds and their spread on top, then question by question.

    ``results``: the lines of results.jsonl by row, and the figures of the grey pictures as "grey".
    """
    grey = results["grey"]

    def row(name: str, samples: str, values: list[float], signed: list[bool] | None = None) -> str:
        cells = [
            "" if np.isnan(value) else f"{value:{'+' if (signed or plus)[at] else ''}.{places}f}"
            for at, (value, (_, _, _, places, _)) in enumerate(zip(values, _COLUMNS, strict=True))
        ]
        return f"| {name} | {samples} | " + " | ".join(cells) + " |"

    plus = [difference for *_, difference in _COLUMNS]
    figures = {
        name: [_value(result, grey, place, figure, diff) for _, place, figure, _, diff in _COLUMNS]
        for name, result in results.items()
        if name in ROWS
    }
    seeds = [name for name in figures if ROWS[name].question == "Base"]
    mean = np.mean([figures[name] for name in seeds], axis=0).tolist()
    lines = ["| row | samples | " + " | ".join(heading for heading, *_ in _COLUMNS) + " |"]
    lines.append("|---|---|" + "---|" * len(_COLUMNS))
    lines.append(row(f"**base**, mean of {len(seeds)} seeds", f"{results[seeds[0]]['samples']:,}", mean))
    if len(seeds) > 1:
        spread = np.std([figures[name] for name in seeds], axis=0, ddof=1).tolist()
        lines.append(row("standard deviation of the seeds", "", spread, [False] * len(spread)))
    question = "Base"
    for name, known in ROWS.items():
        if name not in figures or known.question == "Base":
            continue
        if known.question != question:
            question = known.question
            lines.append(f"| *{question}* |" + " |" * (len(_COLUMNS) + 1))
        lines.append(row(f"`{name}`: {known.what}", f"{results[name]['samples']:,}", figures[name]))
    return "\n".join(lines)
