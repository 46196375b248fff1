"""What a study consists of, and which pairs each participant sees: balanced, in an order of their own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from photochrom.errors import StudyError

__all__ = ["RANDOM", "TRUTH", "Kind", "Side", "Study", "Trial", "deal", "read_study"]

Kind = Literal["preference", "turing"]
Role = Literal["practice", "check", "test"]
Side = Literal["left", "right"]

#: What the photograph's own colours and those of the random baseline are called beside the methods.
TRUTH, RANDOM = "truth", "random"
_FILE, _FORMAT = "study.json", 1
_SIDES: tuple[Side, Side] = ("left", "right")


@dataclass(frozen=True)
class Study:
    """A study as ``study create`` made it.

    ``practice``, ``checks`` and ``tests`` name pictures, no picture twice; a participant sees all of the first two and
    ``trials`` of the tests. ``files[picture][method]`` is a file in ``folder/pictures``. ``seconds`` is how long each
    picture of a Turing test is seen.
    """

    folder: Path
    id: str
    kind: Kind
    title: str
    consent: str
    methods: tuple[str, ...]
    practice: tuple[str, ...]
    checks: tuple[str, ...]
    tests: tuple[str, ...]
    trials: int
    seconds: float
    seed: int
    files: Mapping[str, Mapping[str, str]]

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What is compared: each method with each other one, or in a Turing test with the truth."""
        if self.kind == "turing":
            return tuple((method, TRUTH) for method in self.methods)
        return tuple(itertools.combinations(self.methods, 2))

    def picture(self, name: str, method: str) -> Path:
        """The PNG of a picture as one method coloured it."""
        return self.folder / "pictures" / self.files[name][method]

    def write(self) -> None:
        """Write ``study.json`` into the folder."""
        content = {"format": _FORMAT} | {key: value for key, value in asdict(self).items() if key != "folder"}
        (self.folder / _FILE).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Trial:
    """One pair as one participant sees it: the method on each side, and which side of a Turing test is shown first."""

    position: int
    role: Role
    picture: str
    left: str
    right: str
    first: Side

    def method(self, side: Side) -> str:
        """The method on that side."""
        return self.left if side == "left" else self.right

    def answer(self, kind: Kind) -> Side | None:
        """The right answer, where there is one.

        In a Turing test the recoloured picture; in a preference test, of an attention check, the one without random colours.
        """
        if kind == "turing":
            return "right" if self.left == TRUTH else "left"
        if RANDOM in (self.left, self.right):
            return "left" if self.right == RANDOM else "right"
        return None


def read_study(folder: str | Path) -> Study:
    """The study in a folder. Raises StudyError where there is none, or one that this version cannot read."""
    path = Path(folder) / _FILE
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT:
            raise StudyError("was made by another version of Photochrom; use that one", path)
        for key in ("methods", "practice", "checks", "tests"):
            content[key] = tuple(content[key])
        return Study(folder=Path(folder), **content)
    except OSError as error:
        raise StudyError(f"no study here ({error.strerror}); make one with `photochrom study create`", path) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StudyError(f"not a study that `photochrom study create` wrote ({error})", path) from error


def deal(study: Study, number: int) -> tuple[Trial, ...]:
    """The trials of participant ``number`` = 0, 1, ...: practice first, then tests and attention checks mixed.

    Per participant: every pair equally often (to within one), each test picture at most once, each pair's two sides
    equally often, left and right likewise over all, and in each of these groups both sides first equally often. Over
    participants: every picture meets every pair equally often. All else is random, and the same for the same number.
    """
    rng = np.random.default_rng([study.seed, number])
    practice = [(name, study.pairs[(i + number) % len(study.pairs)]) for i, name in enumerate(study.practice)]
    checks = [(name, (_reference(study, name, number), RANDOM)) for name in study.checks]
    tests = _tests(study, number)
    later = _roles("test", tests, rng) + _roles("check", checks, rng)
    first = _roles("practice", practice, rng)
    order = [first[i] for i in rng.permutation(len(first))] + [later[i] for i in rng.permutation(len(later))]
    return tuple(Trial(position, *shown) for position, shown in enumerate(order))


def _reference(study: Study, picture: str, number: int) -> str:
    """What random colours are compared with: the truth, or a method that takes its turn."""
    known = [method for method in study.files[picture] if method != RANDOM]
    return TRUTH if TRUTH in known else study.methods[number % len(study.methods)]


def _tests(study: Study, number: int) -> list[tuple[str, tuple[str, str]]]:
    """Picture and pair of each test: the next ``trials`` cells of a walk along the diagonals of the table pictures x pairs.

    A step goes to the next picture and the next pair; where a lap would repeat itself, it moves on by one picture. So
    consecutive steps use pairs and pictures evenly, and every cell is met once before any is met again.
    """
    pictures, pairs = study.tests, study.pairs
    lap = int(np.lcm(len(pictures), len(pairs)))
    steps = range(number * study.trials, (number + 1) * study.trials)
    return [(pictures[(step + step // lap) % len(pictures)], pairs[step % len(pairs)]) for step in steps]


def _roles(
    role: Role, shown: Sequence[tuple[str, tuple[str, str]]], rng: np.random.Generator
) -> list[tuple[Role, str, str, str, Side]]:
    """Give each pair its sides and what is seen first: (role, picture, left, right, first), in the given order."""
    swapped = _halves([pair for _, pair in shown], rng)
    first = _halves(swapped, rng)
    sides = [pair[::-1] if swap else pair for (_, pair), swap in zip(shown, swapped, strict=True)]
    pictures = [picture for picture, _ in shown]
    return [(role, name, *pair, _SIDES[begin]) for name, pair, begin in zip(pictures, sides, first, strict=True)]


def _halves(groups: Sequence[Any], rng: np.random.Generator) -> list[int]:
    """A random 0 or 1 for each member, half of each group and half of all getting each (to within one)."""
    chosen = [0] * len(groups)
    odd = int(rng.integers(2))  # what the next odd member gets: groups take turns
    for group in dict.fromkeys(groups):
        members = rng.permutation([i for i, other in enumerate(groups) if other == group])
        for rank, member in enumerate(members):
            chosen[int(member)] = (odd + rank) % 2
        odd = (odd + len(members)) % 2
    return chosen
