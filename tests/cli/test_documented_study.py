"""The studies of the papers' systems that docs/study.md shows can be made as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from helpers import Command
from photochrom.weights import REPOSITORY

ROOT = Path(__file__).parents[2]
COMMANDS = [
    shlex.split(line)[1:]
    for line in re.findall(
        r"^    (photochrom study create .*)", (ROOT / "docs/study.md").read_text("utf-8").replace("\\\n", ""), re.M
    )
    if "tests/pictures" in line
]


@pytest.mark.skipif(not (REPOSITORY / "papers").is_dir(), reason="an installed wheel has no weights of the papers")
@pytest.mark.parametrize("command", COMMANDS, ids=["preference", "turing"])
def test_the_documented_study_of_the_papers_systems_is_made(
    command: list[str], photochrom: Command, here: Path
) -> None:
    run = photochrom(*(ROOT / part if part == "tests/pictures" else part for part in command))
    assert run.code == 0, run.err
    assert "sees 3 practice pairs, then 8 of 8 pictures and 1 attention checks" in run.out
