"""The mean colours that `photochrom evaluate` ships as baselines, fitted on training photographs.

python benchmarks/mean_colours.py TRAIN/*.parquet
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.progress import track

from photochrom.evaluate.baselines import SHIPPED, fit_baselines, write_baselines
from photochrom.evaluate.pictures import open_truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path, help="shards or folders")
    parser.add_argument("-o", "--out", type=Path, default=SHIPPED)
    options = parser.parse_args()
    training = open_truth(options.data, "centre-64")
    pictures = (training[i].rgb for i in track(range(len(training)), console=Console(stderr=True), transient=True))
    fitted = fit_baselines(pictures)
    write_baselines(fitted, options.out)
    print(f"{fitted.pictures} pictures, mean ab {fitted.mean.round(2).tolist()}")


if __name__ == "__main__":
    main()
