"""kill -9 at random moments of a folder run, each followed by the same command.

python benchmarks/faults_kill.py --count 100

After the second run every picture is done exactly once, no unfinished file is left, and all bytes are
those of an undisturbed run.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from faults import COMMAND, command, parts, sample, table


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="Start no further kill after so long.")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice, total, begin = random.Random(options.seed), Counter[str](), time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        source, out, reference = (Path(place) / name for name in ("in", "out", "reference"))
        sample(options.pictures, source)
        plain = command(source, "-o", reference)
        expected = contents(reference)
        assert plain.code == 0, plain.err
        assert len(expected) == options.pictures
        arguments = [*COMMAND, str(source), "-o", str(out), "--skip-existing", "--json"]
        while total["kills"] < options.count and time.perf_counter() - begin < options.seconds:
            shutil.rmtree(out, ignore_errors=True)
            process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # Most of the time goes by before the first picture is begun: most kills come after it.
            if dice.random() < 0.8:
                while not out.exists() and process.poll() is None:
                    time.sleep(0.002)
                time.sleep(dice.random() * plain.seconds / 2)
            else:
                time.sleep(dice.random() * plain.seconds)
            process.send_signal(signal.SIGKILL)
            process.wait()
            total["kills"] += 1
            total["kills in the middle of a picture"] += bool(parts(out)) if out.exists() else 0
            done = set(contents(out)) if out.exists() else set()
            done = {name for name in done if not name.endswith(".part")}
            total["kills in the middle of the run"] += 0 < len(done) < options.pictures
            torn = [name for name in done if (out / name).read_bytes() != expected[name]]
            second = command(source, "-o", out, "--skip-existing", "--json")
            lines = [json.loads(line) for line in second.out.splitlines()]
            again = {Path(line["output"]).name for line in lines[:-1] if "skipped" not in line}
            checks = {
                "torn files after a kill": len(torn),
                "second runs that failed": second.code != 0 or "Traceback" in second.err,
                "pictures done twice": len(again & done),
                "pictures missing": len(expected) - len(again | done),
                ".part files left": len(parts(out)),
                "folders with other bytes": contents(out) != expected,
            }
            for name, count in checks.items():
                total[name] += int(count)
                if count:
                    print(f"kill {total['kills']}: {name} ({second.err[-300:]})", file=sys.stderr)
    names = ("kills", "kills in the middle of the run", "kills in the middle of a picture", *checks)
    print(table({name: total[name] for name in names}), end="")


if __name__ == "__main__":
    main()
