"""Check what `scripts/package` has built: names, contents and size of the wheel and of the source distribution.

    python scripts/check_wheel.py dist

Exits with 1 and one line for each thing that is wrong.
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path

#: In bytes. The wheel has 13.3 MB, nearly all of it the model; one beyond the limit has something in it by mistake.
LARGEST = 20_000_000
#: What a wheel must have: without one of these an installed Photochrom does not work or is not allowed.
WANTED = (
    r"photochrom/__init__\.py",
    r"photochrom/py\.typed",
    r"photochrom/data/color_names\.txt",
    r"photochrom/data/css_names\.txt",
    r"photochrom/models/.*\.onnx",
    r"photochrom/models/encoder\.negatives\.safetensors",
    r"photochrom/images/negatives\.safetensors",
    r"photochrom/evaluate/mean_colours\.json",
    r"photochrom/evaluate/html/static/report\.css",
    r"photochrom/web/static/.*\.js",
    r"photochrom/train/recipes/.*\.toml",
    r"photochrom-.*\.dist-info/licenses/LICENSE",
    r"photochrom-.*\.dist-info/entry_points\.txt",
)
#: What neither may have: what a run leaves behind, pictures of tests in the wheel, other people's keys.
UNWANTED = r"(\.part$|\.pyc$|\.ckpt$|\.parquet$|(^|/)\.venv/|(^|/)(runs|cache)/|\.env$)"


def wheel_problems(names: list[str], size: int) -> list[str]:
    """What is wrong with a wheel of these files and this size in bytes."""
    problems = [f"the wheel lacks {want}" for want in WANTED if not any(re.fullmatch(want, name) for name in names)]
    for name in names:
        if not re.match(r"photochrom(/|-[^/]*\.dist-info/)", name):
            problems.append(f"the wheel has {name}, which is outside the package")
        if re.search(UNWANTED, name):
            problems.append(f"the wheel has {name}")
    if size > LARGEST:
        problems.append(f"the wheel has {size / 1e6:.1f} MB, more than {LARGEST / 1e6:.0f}")
    return problems


def sdist_problems(names: list[str]) -> list[str]:
    """What is wrong with a source distribution of these files, each below its first folder."""
    wanted = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "tests/pictures/TERMS.md", "PKG-INFO")
    problems = [f"the source distribution lacks {name}" for name in wanted if name not in names]
    return problems + [f"the source distribution has {name}" for name in names if re.search(UNWANTED, name)]


def main(folder: Path) -> int:
    """The exit code."""
    wheels, sdists = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sdists) != 1:
        print(f"{folder} has {len(wheels)} wheels and {len(sdists)} source distributions, expected one of each")
        return 1
    with zipfile.ZipFile(wheels[0]) as wheel:
        problems = wheel_problems(wheel.namelist(), wheels[0].stat().st_size)
        count = len(wheel.namelist())
    with tarfile.open(sdists[0]) as sdist:
        problems += sdist_problems([name.partition("/")[2] for name in sdist.getnames()])
    if not wheels[0].name.endswith("-py3-none-any.whl"):
        problems.append(f"{wheels[0].name} is for one platform only")
    for problem in problems:
        print(problem)
    print(f"{wheels[0].name}: {count} files, {wheels[0].stat().st_size / 1e6:.1f} MB: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
