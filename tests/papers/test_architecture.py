"""Networks drawn from their own graphs."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from photochrom.nets.registry import make_net
from photochrom.papers.architecture import architecture, draw
from photochrom.train.papers.stages import exported, stages

pytestmark = pytest.mark.train


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
