"""CPU time and memory of Fréchet distances and their intervals, once the features of a set's pictures are there.

OMP_NUM_THREADS=1 python benchmarks/frechet_cost.py --pictures 1000
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import psutil

from photochrom.evaluate.features import Features


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=7, help="the truth's included")
    parser.add_argument("--width", type=int, default=1280, help="numbers of a picture: 1280 for Lite2, 2048 for FID")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    spread = np.arange(1, arguments.width + 1) ** -0.7
    features = Features(arguments.rows, arguments.width)
    for index in range(arguments.pictures):
        noise = rng.normal(size=(arguments.rows, arguments.width))
        features.add(index, ((noise + noise[0]) * spread).astype(np.float32))
    process = psutil.Process()
    memory, start = process.memory_info().rss, time.process_time()
    features.distances(1000, (0, 0))
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # of Linux
    print(f"{arguments.pictures} pictures: {spent:.1f} s of CPU, {(peak - memory) / 2**20:.0f} MiB more than before")


if __name__ == "__main__":
    main()
