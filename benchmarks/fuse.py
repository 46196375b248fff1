"""How fast colour is fused with a photograph, and how well.

Speed (made picture, 12 megapixels unless told otherwise; the least of several runs, and the processor time beside it):

    python benchmarks/fuse.py

Quality: what the fusion makes of colours known only as means of 8 x 8 cells of a small copy of each true picture, exact or
smeared further, against plain enlargement (RGB PSNR at the picture's own size, mean over the folder):

    python benchmarks/fuse.py --pictures FOLDER
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pyvips

from photochrom import color, fuse
from photochrom.parallel import ordered


def best(work: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Least wall and processor seconds of ``repeat`` runs."""
    wall, cpu = [], []
    for _ in range(repeat):
        start, start_cpu = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    return min(wall), min(cpu)


def made_picture(width: int, height: int) -> np.ndarray:
    """Grey uint8: smooth shapes, edges and grain."""
    rng = np.random.default_rng(0)
    shapes = cv2.resize(rng.normal(128, 50, (height // 60 + 2, width // 60 + 2)), (width, height))
    shapes += 40 * (np.sin(np.arange(width) / 90) > 0)
    return np.clip(np.rint(shapes + rng.normal(0, 4, shapes.shape)), 0, 255).astype(np.uint8)


def speed(megapixels: float, rows: int, threads: int | None, repeat: int) -> None:
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    grey = made_picture(width, height)
    colour = np.stack([grey, np.rint(grey * 0.9).astype(np.uint8), np.rint(grey * 0.7).astype(np.uint8)], axis=-1)
    light = cv2.resize(color.lightness(grey), (344, 256), interpolation=cv2.INTER_AREA)
    cells = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 60, (32, 43, 2)).astype(np.float32), (0, 0), 2)
    wall, _ = best(lambda: fuse.fit(fuse.sharpen(cells, light), light), repeat)
    print(f"sharpen and fit at work size: {wall * 1e3:.1f} ms")
    field = fuse.fit(fuse.sharpen(cells, light), light)

    jpeg = pyvips.Image.new_from_array(np.repeat(grey[..., None], 3, axis=-1)).jpegsave_buffer(Q=90)
    vips, _ = best(lambda: pyvips.Image.new_from_buffer(jpeg, "").jpegsave_buffer(Q=90), repeat)
    pixels = width * height
    print(f"libvips decodes and encodes the same picture as JPEG: {vips:.3f} s ({width} x {height})")
    print(f"{'input':10} {'seconds':>8} {'ns/px':>7} {'cpu ns/px':>10} {'of libvips':>11}")
    for name, picture in (
        ("grey8", grey),
        ("grey as rgb8", np.repeat(grey[..., None], 3, axis=-1)),
        ("rgb8", colour),
        ("grey16", grey.astype(np.uint16) * 257),
        ("rgb16", colour.astype(np.uint16) * 257),
    ):

        def paint(picture: np.ndarray = picture) -> None:
            def strip(y0: int) -> np.ndarray:
                return fuse.paint_strip(field, picture[y0 : y0 + rows], y0, height)

            for _ in ordered(strip, range(0, height, rows), threads):
                pass

        wall, cpu = best(paint, repeat)
        print(f"{name:12} {wall:6.3f} {wall / pixels * 1e9:7.1f} {cpu / pixels * 1e9:10.1f} {wall / vips:10.2f}x")


def quality(folder: Path, short_side: int) -> None:
    ways: dict[str, Callable[..., np.ndarray]] = {
        "grey": lambda cells, small, light: np.zeros((*light.shape, 2), np.float32),
        "bilinear": lambda cells, small, light: cv2.resize(cells, light.shape[::-1]),
        "bicubic": lambda cells, small, light: cv2.resize(cells, light.shape[::-1], interpolation=cv2.INTER_CUBIC),
        "guided filter, r 8": guided,
    }
    for blur in (0.0, 0.3, 0.6, 1.0):
        ways[f"fuse, blur {blur}"] = lambda cells, small, light, blur=blur: fuse.ab_strip(
            fuse.fit(fuse.sharpen(cells, small, blur=blur), small), light, 0, len(light)
        )
    sigmas = (0, 8, 16)
    scores: dict[tuple[str, int], list[float]] = {}
    for path in sorted(folder.iterdir()):
        true = np.asarray(pyvips.Image.new_from_file(str(path)).colourspace("srgb")[:3].numpy())
        lab = color.rgb_to_lab(true / 255.0)
        light, ab = np.ascontiguousarray(lab[..., 0]), np.ascontiguousarray(lab[..., 1:])
        scale = short_side / min(light.shape)
        w, h = (8 * round(side * scale / 8) for side in light.shape[::-1])
        small, small_ab = (cv2.resize(values, (w, h), interpolation=cv2.INTER_AREA) for values in (light, ab))
        for sigma in sigmas:
            smeared = cv2.GaussianBlur(small_ab, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) if sigma else small_ab
            cells = cv2.resize(smeared, (w // 8, h // 8), interpolation=cv2.INTER_AREA)
            for name, way in ways.items():
                rgb = color.lab_to_rgb(np.dstack([light, way(cells, small, light)])).clip(0, 1)
                error = np.mean((np.rint(rgb * 255) - true) ** 2)
                scores.setdefault((name, sigma), []).append(10 * np.log10(255**2 / error))
    print(
        f"PSNR in dB, colour known as means of 8 x 8 cells at {short_side} px, smeared by a Gaussian of sigma (px there)"
    )
    print(f"{'':20}" + "".join(f"{f'sigma {sigma}':>10}" for sigma in sigmas))
    for name in ways:
        print(f"{name:20}" + "".join(f"{np.mean(scores[name, sigma]):10.2f}" for sigma in sigmas))


def guided(cells: np.ndarray, small: np.ndarray, light: np.ndarray) -> np.ndarray:
    """The plain guided filter at work size (r 8, eps 1e-3 for lightness in [0, 1]), then bilinear enlargement."""
    ab = cv2.resize(cells, small.shape[::-1])
    filtered = [cv2.ximgproc.guidedFilter(small / 100, np.ascontiguousarray(ab[..., i]), 8, 1e-3) for i in (0, 1)]
    return cv2.resize(np.dstack(filtered), light.shape[::-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--rows", type=int, default=128, help="rows of a strip (default: 128)")
    parser.add_argument("--threads", type=int, help="default: one per processor")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument(
        "--pictures", type=Path, help="folder of true colour pictures: measure quality instead of speed"
    )
    parser.add_argument("--short-side", type=int, default=256, help="of the work-size copy, for --pictures")
    options = parser.parse_args()
    if options.pictures:
        quality(options.pictures, options.short_side)
    else:
        speed(options.megapixels, options.rows, options.threads, options.repeat)


if __name__ == "__main__":
    main()
