"""Write the pictures of some sources of Parquet shards to a folder; second crops of a picture are left out.

python benchmarks/of_sources.py TRAIN/*.parquet -o imagenet-like --sources imagen imagenette imagenette224 imagewoof320
photochrom evaluate imagenet-like --protocol native
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pyarrow.parquet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shards", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--sources", nargs="+", required=True)
    options = parser.parse_args()
    written = 0
    for shard in options.shards:
        for batch in pyarrow.parquet.ParquetFile(shard).iter_batches(256):
            for row in batch.to_pylist():
                path = row["image"]["path"]
                if row["source"] not in options.sources or "#" in path:
                    continue
                # The shards hold WebP, whatever the path says.
                file = (options.out / row["source"] / path).with_suffix(".webp")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(row["image"]["bytes"])
                written += 1
    print(f"{written} pictures")


if __name__ == "__main__":
    main()
