"""Write pictures whose ImageNet class is known, evenly over the classes, into one shard: for the semantic test.

python benchmarks/labelled.py SHARDS/held-out/things/*.parquet -o labelled.parquet --a-class 6
photochrom evaluate --data labelled.parquet --lite2 efficientnet_lite2_*.whl
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shards", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--a-class", type=int, default=6, help="at most so many of each class of each source")
    options = parser.parse_args()
    taken: Counter[tuple[str, int]] = Counter()
    tables = []
    for shard in options.shards:
        with pyarrow.parquet.ParquetFile(shard) as file:
            for batch in file.iter_batches(64, columns=["image", "source", "imagenet"]):
                rows = []
                for row, known in enumerate(batch.column("imagenet").to_pylist()):
                    key = batch.column("source")[row].as_py(), known
                    if known is not None and taken[key] < options.a_class:
                        taken[key] += 1
                        rows.append(row)
                tables.append(pa.Table.from_batches([batch.take(pa.array(rows, pa.int64()))]))
    pyarrow.parquet.write_table(pa.concat_tables(tables), options.out)
    print(f"{sum(taken.values())} pictures of {len({known for _, known in taken})} classes")


if __name__ == "__main__":
    main()
