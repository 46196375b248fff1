"""What storing the papers' systems in 8 and 6 bits costs: each shipped file on the pictures on which its network was measured.

    python benchmarks/papers_shipped.py --truth D/cid22-256.parquet --truth D/places-128.parquet --truth D/people-192.parquet

The truth sets are those of docs/papers, in the same order. Printed is the mean PSNR of the network as it was trained, in 16 bits
(docs/papers/rows), that of the shipped file, and the mean difference with the standard error over the pictures.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from photochrom import Colorizer
from photochrom.catalog import CATALOG
from photochrom.evaluate.pictures import open_truth
from photochrom.papers.measure import measure, with_model

ROWS = Path(__file__).resolve().parents[1] / "docs/papers/rows"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--truth", type=Path, action="append", required=True)
    parser.add_argument("--limit", type=int, default=100, help="pictures of each set, as in docs/papers")
    given = parser.parse_args()
    truth = [picture for path in given.truth for picture in open_truth([path], "centre-256", given.limit)]
    print("| system | PSNR as trained | as shipped | difference |\n|---|---|---|---|")
    for model in CATALOG:
        kept = ROWS / f"{model.name}-0" / "result.json"
        if model.stretch or len(model.files) != 1 or not kept.exists():  # the default model has several
            continue
        result = json.loads(kept.read_text("utf-8"))
        before = np.array(result["pictures"]["psnr"])
        colorizer = Colorizer(model.name, threads=1, work_size=result["recipe"]["size"])
        after = np.array(measure(with_model(colorizer), truth)["pictures"]["psnr"])
        error = (after - before).std(ddof=1) / len(truth) ** 0.5
        difference = f"{(after - before).mean():+.3f} ± {error:.3f}"
        print(f"| `{model.name}` | {before.mean():.2f} | {after.mean():.2f} | {difference} |", flush=True)


if __name__ == "__main__":
    main()
