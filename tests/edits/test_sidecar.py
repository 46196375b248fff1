"""Hints and choices as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photochrom.edits.dials import Setup
from photochrom.edits.edits import Edits
from photochrom.edits.hints import Blend, Hint, Hints, Keep, Reference
from photochrom.edits.hints_json import hints_from_json, hints_to_json
from photochrom.edits.masks import to_rle
from photochrom.edits.pictures import Picture, digest
from photochrom.edits.places import Mask, Spot
from photochrom.edits.sidecar import Sidecar, load_hints, load_sidecar, save_sidecar
from photochrom.errors import EditsError, HintError, MaskError, OutputExistsError, UnknownColorError
from photochrom.materials import Material

MASK = np.zeros((10, 20), bool)
MASK[2:4, 5:10] = True


def test_hints_come_back() -> None:
    hints = Hints(
        [
            Hint.at(1.5, 2, "olive", radius=3, strength=0.7),
            Hint.at(3, 4, (0.1, -0.2)),
            Hint.inside(MASK, "red"),
            Hint.at(1, 1, "#7a8450"),
            Hint.at(1, 1, Material((50, 10, 20))),
            Hint((1.0, 2.0), Mask(MASK), reach="alike"),
            Hint.at(1, 1, "navy", reach="here"),
            Keep.at(5, 6, radius=2),
            Keep(Mask(MASK)),
        ]
    )
    assert [sorted({"ab", "color", "material", "keep"} & set(row)) for row in hints_to_json(hints)] == [
        *(["color"], ["ab"], ["color"], ["color"], ["material"], ["ab"], ["color"], ["keep"], ["keep"])
    ]
    back = hints_from_json(json.loads(json.dumps(hints_to_json(hints))))
    assert back == hints


def test_a_file_that_people_write(tmp_path: Path) -> None:
    (tmp_path / "h.json").write_text(
        '{"hints": [{"x": 120, "y": 340, "color": "olive"}, {"x": 1, "y": 2, "ab": [3, 4]}]}'
    )
    first, second = load_hints(tmp_path / "h.json")
    assert first == Hint(Material.named("olive"), Spot(120, 340))
    assert second == Hint((3, 4), Spot(1, 2))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "list"),
        ({"hint": []}, "list"),
        ([3], "hint 1"),
        ([{"x": 1, "y": 2}], "color, ab"),
        ([{"x": 1, "y": 2, "color": "red", "ab": [1, 2]}], "color, ab"),
        ([{"x": 1, "y": 2, "material": [50, 1]}], "no number"),
        ([{"x": 1, "y": 2, "material": [120, 1, 2]}], "from 0 to 100"),
        ([{"x": 1, "color": "red"}], "no .'y'"),
        ([{"x": 1, "y": 2, "colour": "red"}], "colour"),
        ([{"x": "a", "y": 2, "color": "red"}], "no number"),
        ([{"x": 1, "y": 2, "ab": [1]}], "no number"),
        ([{"x": 1, "y": 2, "color": "red", "strength": 7}], "strength"),
        ([{"x": 1, "y": 2, "color": "red", "reach": "far"}], "here, object, alike"),
        ([{"x": 1, "y": 2, "color": "red", "reach": None}], "here, object, alike"),
        ([{"x": 1, "y": 2, "color": "red", "keep": True}], "color, ab"),
        ([{"x": 1, "y": 2, "keep": False}], "expected true"),
        ([{"x": 1, "y": 2, "keep": True, "strength": 0.5}], "strength"),
        ([{"mask": to_rle(MASK), "color": "red", "reach": "here"}], "spread"),
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
        hints_to_json([Blend(np.zeros((4, 4, 2)), Mask(MASK))])  # type: ignore[arg-type]
    with pytest.raises(HintError, match="weights"):
        hints_to_json([Hint((1, 2), Mask(MASK * 0.5))])
    (tmp_path / "bad.json").write_text("{")
    for name in ("bad.json", "absent.json"):
        with pytest.raises(EditsError, match=name):
            load_hints(tmp_path / name)


def kept() -> Sidecar:
    reference = Reference(Picture(str(Path("pictures/a.jpg").resolve()), "00"), Mask(MASK), 0.3)
    hints = Hints([reference, Hint.at(1, 2, "olive"), Hint.inside(MASK, "navy")])
    edits = Edits(vividness=0.7, hints=hints, palette="warm", smooth="tv")
    return Sidecar((20, 10), Setup(model="photochrom", quality="best"), edits)


def test_a_sidecar_comes_back(here: Path) -> None:
    path = here / "deep" / "p.photochrom.json"
    path.parent.mkdir()
    save_sidecar(kept(), path)
    assert json.loads(path.read_text())["references"][0]["path"] == "../pictures/a.jpg"
    assert load_sidecar(path) == kept()
    with pytest.raises(OutputExistsError):
        save_sidecar(kept(), path)
    save_sidecar(kept(), path, force=True)


def test_a_palette_may_be_a_picture(here: Path) -> None:
    edits = Edits(palette=Picture(str((here / "a.jpg").resolve()), "00"))
    save_sidecar(Sidecar((20, 10), Setup(model="m"), edits), here / "p.json")
    assert load_sidecar(here / "p.json").edits == edits


def test_sidecars_of_the_first_version_load(tmp_path: Path) -> None:
    """As the command line wrote them before there was a value: every key, and an order with signs."""
    value = {
        "photochrom": 1,
        "size": [20, 10],
        "model": "photochrom",
        "vividness": 0.8,
        "work_size": 320,
        "quality": "best",
        "profile": None,
        "hints": [
            {"ab": [3.0, 4.0], "strength": 1.0, "mask": to_rle(MASK), "spread": "inside"},
            {"ab": [1.0, 2.0], "strength": 0.5, "reach": "object", "x": 30.0, "y": 40.0},
        ],
        "references": [
            {"path": "ref.png", "sha256": "aa", "mask": None, "trust": 0.7},
            {"path": "ref.png", "sha256": "aa", "mask": to_rle(MASK), "trust": 0.5},
        ],
        "order": [-1, 0, -2, 1],
        "palette": "ref.png",
        "palette_sha256": "aa",
        "palette_strength": 0.4,
        "smooth": "tv",
        "warmth": -0.5,
    }
    (tmp_path / "p.json").write_text(json.dumps(value))
    found = load_sidecar(tmp_path / "p.json")
    picture = Picture(str(tmp_path.resolve() / "ref.png"), "aa")
    assert found.setup == Setup(model="photochrom", work_size=320, quality="best")
    assert found.edits == Edits(
        vividness=0.8,
        palette=picture,
        palette_strength=0.4,
        smooth="tv",
        warmth=-0.5,
        hints=Hints(
            [
                Reference(picture, trust=0.7),
                Hint.inside(MASK, (3, 4)),
                Reference(picture, Mask(MASK)),
                Hint((1, 2), Spot(30, 40), 0.5),
            ]
        ),
    )


def test_another_size_of_the_photograph() -> None:
    edits = Sidecar((20, 10), Setup(), Edits(hints=Hints([Hint.at(1, 2, "olive")])))
    assert edits.scaled((40, 20)).edits.hints[0] == Hint.at(2.5, 4.5, "olive")
    assert edits.scaled((20, 10)).edits.hints is edits.edits.hints
    with pytest.raises(EditsError, match="another shape"):
        edits.scaled((20, 20))


@pytest.mark.parametrize(
    "change",
    [
        {"photochrom": 2},
        {"size": [1]},
        {"size": [1, "a"]},
        {"size": None},
        {"size": [0, 5]},
        {"hints": 3},
        {"hints": [{"mask": 3, "color": "red"}]},
        {"hints": [{"mask": to_rle(MASK), "color": "red", "spread": ["inside"]}]},
        {"hints": [{"x": 1, "y": 2, "color": 7}]},
        {"order": [5]},
        {"order": [0]},
        {"order": ["a"]},
        {"order": 5},
        {"references": [{"path": "x"}]},
        {"references": [{"path": "x", "sha256": 3}], "order": [-1]},
        {"references": [{"path": "x", "sha256": "00", "trust": "much"}], "order": [-1]},
        {"references": [{"path": "x", "sha256": "00", "mask": 3}], "order": [-1]},
        {"references": 7},
        {"colour": 1},
        {"vividness": "high"},
        {"vividness": None},
        {"vividness": 2},
        {"vividness": float("nan")},
        {"vividness": True},
        {"warmth": "x"},
        {"warmth": []},
        {"palette": 7},
        {"palette": "no such palette"},
        {"palette": "x.png", "palette_sha256": 7},
        {"palette_strength": -1},
        {"smooth": None},
        {"smooth": "butter"},
        {"model": 5},
        {"work_size": "large"},
        {"work_size": 1},
        {"quality": "good"},
        {"profile": "first"},
    ],
    ids=str,
)
def test_damaged_sidecars(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "p.json"
    save_sidecar(Sidecar((20, 10), Setup(model="m")), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises((EditsError, HintError)):
        load_sidecar(path)


def test_digests(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"one")
    picture = Picture.of(file)
    picture.check()
    file.write_bytes(b"two")
    with pytest.raises(EditsError, match="another file"):
        picture.check()
    with pytest.raises(EditsError, match="cannot be read"):
        digest(tmp_path / "absent.jpg")
