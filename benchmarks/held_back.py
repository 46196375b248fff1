"""Write the pictures that a recipe held back from training to a folder, to measure on them.

python benchmarks/held_back.py cache/store held --limit 300
photochrom evaluate held --method photochrom

python benchmarks/held_back.py cache/store labelled --labelled --limit 400
photochrom evaluate labelled --method photochrom --lite2 efficientnet_lite2_*.whl

python benchmarks/held_back.py cache/store others --unlabelled
python benchmarks/hints.py --data others
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from photochrom.nets.imagenet import wordnet_id
from photochrom.train.crops import split
from photochrom.train.picture_store import PictureStore
from photochrom.train.recipe import load_recipe, recipe_path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--recipe", default="photochrom")
    parser.add_argument("--limit", type=int, default=300)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--labelled", action="store_true", help="only those with a WordNet id, which the names keep")
    which.add_argument("--unlabelled", action="store_true", help="only those without")
    options = parser.parse_args()
    store = PictureStore(options.store)
    _, held = split(store, load_recipe(recipe_path(options.recipe)))
    known = {index: wordnet_id(store.entries[index].path) for index in held}
    wanted = held
    if options.labelled or options.unlabelled:
        wanted = [index for index in held if bool(known[index]) == options.labelled]
    chosen = np.random.default_rng(0).permutation(wanted)[: options.limit]
    for index in chosen:
        folder = options.out / store.entries[index].source / (known[index] or "")
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{index}.png"), cv2.cvtColor(store[index], cv2.COLOR_RGB2BGR))
    print(f"{len(chosen)} of {len(wanted)} held-back pictures")


if __name__ == "__main__":
    main()
