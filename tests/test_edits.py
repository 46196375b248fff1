"""Hints and choices as files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photochrom import edits as sidecar
from photochrom.edits import Edits, ReferenceEdit, hints_from_json, hints_to_json, load_edits, load_hints, save_edits
from photochrom.errors import EditsError, HintError, MaskError, OutputExistsError, UnknownColorError
from photochrom.hints import Hint, Hints, Mask, Spot, ab_of
from photochrom.masks import to_rle

MASK = np.zeros((10, 20), bool)
MASK[2:4, 5:10] = True


def same(one: Hints, other: Hints) -> bool:
    return hints_to_json(one) == hints_to_json(other)


def test_hints_come_back() -> None:
    hints = Hints(
        [Hint.at(1.5, 2, "olive", radius=3, strength=0.7), Hint.at(3, 4, (0.1, -0.2)), Hint.inside(MASK, "red")]
    )
    back = hints_from_json(json.loads(json.dumps(hints_to_json(hints))))
    assert same(hints, back)
    assert back[0].place == Spot(1.5, 2, 3)
    place = back[2].place
    assert isinstance(place, Mask)
    np.testing.assert_array_equal(place.weight, MASK)


def test_a_file_that_people_write(tmp_path: Path) -> None:
    (tmp_path / "h.json").write_text(
        '{"hints": [{"x": 120, "y": 340, "color": "olive"}, {"x": 1, "y": 2, "ab": [3, 4]}]}'
    )
    first, second = load_hints(tmp_path / "h.json")
    assert first.ab == ab_of("olive")
    assert (second.ab, second.place, second.strength) == ((3, 4), Spot(1, 2), 1)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "list"),
        ({"hint": []}, "list"),
        ([3], "hint 1"),
        ([{"x": 1, "y": 2}], "color, ab"),
        ([{"x": 1, "y": 2, "color": "red", "ab": [1, 2]}], "color, ab"),
        ([{"x": 1, "color": "red"}], "no .'y'"),
        ([{"x": 1, "y": 2, "colour": "red"}], "colour"),
        ([{"x": "a", "y": 2, "color": "red"}], "no number"),
        ([{"x": 1, "y": 2, "ab": [1]}], "no number"),
        ([{"x": 1, "y": 2, "color": "red", "strength": 7}], "strength"),
    ],
)
def test_bad_hints(value: Any, message: str) -> None:
    with pytest.raises(HintError, match=message):
        hints_from_json(value)


def test_other_bad_hints(tmp_path: Path) -> None:
    with pytest.raises(UnknownColorError):
        hints_from_json([{"x": 1, "y": 2, "color": "olve"}])
    with pytest.raises(MaskError):
        hints_from_json([{"mask": {"size": [2, 2], "counts": [4]}, "color": "red"}])
    with pytest.raises(HintError, match="map"):
        hints_to_json([Hint(np.zeros((4, 4, 2)), Mask(MASK))])  # type: ignore[arg-type]
    with pytest.raises(HintError, match="weights"):
        hints_to_json([Hint((1, 2), Mask(MASK * 0.5))])
    (tmp_path / "bad.json").write_text("{")
    for name in ("bad.json", "absent.json"):
        with pytest.raises(EditsError, match=name):
            load_hints(tmp_path / name)


def test_a_sidecar_comes_back(tmp_path: Path) -> None:
    edits = Edits(
        (20, 10),
        "photochrom",
        vividness=0.7,
        hints=Hints([Hint.at(1, 2, "olive"), Hint.inside(MASK, "navy")]),
        references=(ReferenceEdit("a.jpg", "00", to_rle(MASK), 0.3),),
        order=(-1, 0, 1),
        palette="warm",
        smooth="tv",
    )
    path = tmp_path / "p.photochrom.json"
    save_edits(edits, path)
    back = load_edits(path)
    assert same(back.hints, edits.hints)
    assert replace(back, hints=edits.hints) == edits
    with pytest.raises(OutputExistsError):
        save_edits(edits, path)
    save_edits(edits, path, force=True)


def test_another_size_of_the_photograph() -> None:
    edits = Edits((20, 10), "m", hints=Hints([Hint.at(1, 2, "olive")]), order=(0,))
    assert edits.scaled((40, 20)).hints[0].place == Spot(2.5, 4.5)
    assert edits.scaled((20, 10)).hints is edits.hints
    with pytest.raises(EditsError, match="another shape"):
        edits.scaled((20, 20))


@pytest.mark.parametrize(
    "change",
    [
        {"photochrom": 2},
        {"size": [1]},
        {"hints": 3},
        {"order": [5]},
        {"order": [0]},
        {"references": [{"path": "x"}]},
        {"colour": 1},
    ],
)
def test_damaged_sidecars(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "p.json"
    save_edits(Edits((20, 10), "m"), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises((EditsError, HintError)):
        load_edits(path)


def test_digests(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"one")
    sidecar.check_digest(file, sidecar.digest(file))
    with pytest.raises(EditsError, match="another file"):
        sidecar.check_digest(file, "00")
    with pytest.raises(EditsError, match="cannot be read"):
        sidecar.digest(tmp_path / "absent.jpg")
