"""Networks drawn from their own graphs."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from photochrom.nets.registry import make_net
from photochrom.papers.architecture import architecture, draw
from photochrom.train.papers.stages import Stage, exported, stages

pytestmark = pytest.mark.train

#: Left, top, right and bottom.
Box = tuple[float, float, float, float]


def _number(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name, ""))


def _rectangles(drawing: str) -> list[Box]:
    """The boxes of convolutions first, then the bar in which answers meet, if there is one."""
    found = [e for e in ElementTree.fromstring(drawing).iter() if e.tag.endswith("rect") and e.get("x")]
    found.sort(key=lambda element: element.get("rx") is None)
    places = [tuple(_number(element, name) for name in ("x", "y", "width", "height")) for element in found]
    return [(x, y, x + width, y + height) for x, y, width, height in places]


def _corners(path: str) -> list[tuple[float, float]]:
    """Of a line of M, H and V."""
    points: list[tuple[float, float]] = []
    for letter, numbers in re.findall(r"([MHV])([-\d. ]+)", path):
        values = [float(number) for number in numbers.split()]
        x, y = points[-1] if points else (0.0, 0.0)
        points.append({"M": (values[0], values[-1]), "H": (values[0], y), "V": (x, values[0])}[letter])
    return points


def _lines(drawing: str) -> list[list[tuple[float, float]]]:
    """The connections, but for the loops on boxes."""
    paths = [element for element in ElementTree.fromstring(drawing).iter() if element.tag.endswith("path")]
    return [_corners(path.get("d", "")) for path in paths if path.get("class") != "loop"]


def _assert_readable(drawing: str) -> None:
    """Every word is inside the drawing, and no line crosses a box or what is written above and below it."""
    root = ElementTree.fromstring(drawing)
    _, _, wide, high = map(float, root.get("viewBox", "").split())
    words = []
    for text in (element for element in root.iter() if element.tag.endswith("text")):
        length = len(text.text or "") * 6 * _number(text, "font-size") / 11
        x, y = _number(text, "x") - (length / 2 if text.get("text-anchor") == "middle" else 0), _number(text, "y")
        assert x >= 0, text.text
        assert x + length <= wide, text.text
        assert 10 <= y <= high, text.text
        words.append((x, y - 8, x + length, y))
    for line in _lines(drawing):
        for (x, y), (z, w) in pairwise(line):
            for left, top, right, bottom in _rectangles(drawing) + words:
                apart = max(x, z) <= left or min(x, z) >= right or max(y, w) <= top or min(y, w) >= bottom
                assert apart, (line, left, top, right, bottom)


def test_the_stages_of_a_u_net_and_its_skip_connections() -> None:
    found = stages(exported(make_net("unet"), 64))
    sides = [stage.side for stage in found]
    assert sides == [64, 32, 16, 8, 4, 8, 8, 16, 16, 32, 32, 64, 64]
    assert [stage.up for stage in found] == [False] * 5 + [True, False] * 4
    skips = [(source, k) for k, stage in enumerate(found) for source in stage.before if 0 <= source < k - 1]
    assert skips == [(3, 6), (2, 8), (1, 10), (0, 12)]
    assert found[0].before == {-1}
    assert found[4].channels == 256


def test_branches_have_lanes_of_their_own_and_everything_is_drawn() -> None:
    drawing = draw("koalarization")
    root = ElementTree.fromstring(drawing)
    boxes = [element for element in root.iter() if element.tag.endswith("rect") and element.get("rx")]
    assert len({box.get("y") for box in boxes if box.get("x") == boxes[0].get("x")}) == 2  # encoder and embedding
    assert "a*, b*" in drawing
    assert "1280" in drawing
    assert architecture("one", stages(exported(make_net("cnn-baseline"), 32)), "a*, b*").count("rx=") >= 4
    _assert_readable(drawing)


def test_each_of_four_u_nets_can_answer_and_the_predictor_chooses_which() -> None:
    found = stages(exported(make_net("unet-profiled"), 64))
    ends = [k for k in range(len(found)) if not any(k in stage.before for stage in found)]
    assert len(ends) == 5
    assert [k for k, stage in enumerate(found) if stage.answers] == ends, "nothing leads nowhere"
    assert [k for k, stage in enumerate(found) if stage.chooses] == ends[:1]
    drawing = architecture("unet-profiled", found, "a*, b*")
    _assert_readable(drawing)
    *boxes, (left, top, right, bottom) = _rectangles(drawing)
    assert len(boxes) == len(found)
    meeting = [line for line in _lines(drawing) if line[-1][0] == left and top < line[-1][1] < bottom]
    assert {line[0] for line in meeting} == {
        (boxes[k][2], line[-1][1]) for k, line in zip(ends[1:], meeting, strict=True)
    }
    (choice,) = [path for path in ElementTree.fromstring(drawing).iter() if path.get("class") == "choice"]
    corners = _corners(choice.get("d", ""))
    assert corners[0][0] == boxes[ends[0]][2]
    assert left < corners[-1][0] < right
    assert corners[-1][1] == top
    assert "Dashed" in drawing


def test_residual_connections_inside_a_box_are_a_loop_on_it() -> None:
    found = stages(exported(make_net("caffenet-region"), 64))
    assert [(stage.side, stage.convolutions, stage.residuals) for stage in found] == [(32, 3, 1), (16, 3, 1), (8, 7, 2)]
    drawing = architecture("caffenet-region", found, "313 scores")
    _assert_readable(drawing)
    assert drawing.count('class="loop"') == 3
    assert "2 residual" in drawing
    words = " ".join(
        element.text or "" for element in ElementTree.fromstring(drawing).iter() if element.tag.endswith("text")
    )
    assert "Red loop: residual connections inside the box" in words
    assert "Green" not in words, "only what is there"
    assert "Dashed" not in words


def test_a_box_ends_where_another_grid_lies_between() -> None:
    found = stages(exported(make_net("vgg16-residual"), 64))
    assert [stage.side for stage in found] == [64, 32, 16, 8, 4, 4, 8, 16, 32, 64, 64]
    assert [(source, k) for k, stage in enumerate(found) for source in stage.before if 0 <= source < k - 1] == [
        (4, 6), (3, 7), (2, 8), (1, 9), (0, 10),
    ]  # fmt: skip
    assert not any(stage.residuals for stage in found)
    drawing = architecture("vgg16-residual", found, "a*, b*")
    _assert_readable(drawing)
    assert drawing.count("<circle") == 5


@pytest.mark.parametrize(
    "before",
    [
        [{-1}, {0}, {1}, {2, 0}, {3, 0, 1}],
        [{-1}, {-1}, {0}, {2}, {3, 1}, {4, -1}],
        [{-1}, {0}, {0}, {1, 2}, {3, 2}],
        [{-1}, {0}, {1}, {-1}, {3}, {4, 0}, {2, 5, 0}],
    ],
)
def test_no_line_crosses_a_box(before: list[set[int]]) -> None:
    found = [Stage(256 >> k % 4, 64 << k % 4, 2, before=sources, residuals=k % 2) for k, sources in enumerate(before)]
    found[-1].answers = found[0].answers = True
    _assert_readable(architecture("network", found, "a*, b*"))
