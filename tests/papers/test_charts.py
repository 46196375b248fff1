"""Charts of the reproductions: which values the axis holds."""

from __future__ import annotations

from xml.etree import ElementTree

from photochrom.papers.charts import curves

TOP, BOTTOM = 36.0, 260.0

Line = list[tuple[float, float]]


def _falling(start: float, end: float) -> Line:
    return [(120.0 * step, end + (start - end) / step**1.5) for step in range(1, 16)]


USUAL = {f"row {number}": _falling(15.0, 13.0 + 0.3 * number) for number in range(5)}


def _heights(drawing: str) -> list[list[float]]:
    lines = [element for element in ElementTree.fromstring(drawing).iter() if element.tag.endswith("polyline")]
    return [[float(point.split(",")[1]) for point in line.get("points", "").split()] for line in lines]


def _drawn(drawing: str, kind: str) -> list[ElementTree.Element]:
    return [element for element in ElementTree.fromstring(drawing).iter() if element.get("class") == kind]


def test_one_diverging_line_does_not_flatten_the_others() -> None:
    diverging = [(120.0, 25.6), (240.0, 14.0), (960.0, 22.7), (1800.0, 19.0)]
    drawing = curves("error", {**USUAL, "diverging": diverging}, "CPU s", alike=False)
    *usual, last = _heights(drawing)
    shown = [y for line in usual for y in line]
    assert min(shown) >= TOP, "the others are there as a whole"
    assert max(shown) <= BOTTOM
    assert max(shown) - min(shown) > 0.75 * (BOTTOM - TOP), "and fill the chart"
    assert min(last) < TOP
    assert last[1] > TOP
    root = ElementTree.fromstring(drawing)
    clipped = [line.get("clip-path") for line in root.iter() if line.tag.endswith("polyline")]
    assert clipped == [None] * 5 + ["url(#plot)"]
    (clip,) = [element for element in root.iter() if element.tag.endswith("clipPath")]
    assert clip.get("id") == "plot"
    assert float(clip[0].get("y", "")) == TOP
    assert float(clip[0].get("height", "")) == BOTTOM - TOP


def test_where_a_line_leaves_the_chart_it_says_how_far_it_goes() -> None:
    diverging = [(0.0, 25.6), (240.0, 14.0), (960.0, 22.7), (1200.0, 14.0), (1800.0, 2.0)]
    drawing = curves("error", {**USUAL, "diverging": diverging}, "CPU s", alike=False)
    marks = _drawn(drawing, "beyond")
    assert len(marks) == 3
    assert [float(mark.get("d", "").split()[1].split("h")[0]) < 148 for mark in marks] == [True, True, False]
    texts = {
        element.text: element for element in ElementTree.fromstring(drawing).iter() if element.tag.endswith("text")
    }
    assert {"25.6", "22.7", "2"} <= set(texts)
    assert any("leaves the chart" in (text or "") for text in texts)
    assert float(texts["25.6"].get("x", "")) > 60, "not over the numbers of the axis"
    assert texts["2"].get("text-anchor") == "end", "nor over the edge"


def test_charts_without_outliers_hold_every_value() -> None:
    for lines in (
        USUAL,
        {"one": _falling(15.0, 13.0)},
        {"one": [(0.0, 1.0), (10.0, 2.0)], "two": [(0.0, 1.0), (10.0, 1.0)]},
        {"flat": [(0.0, 1.0), (10.0, 1.0)]},
        {**USUAL, "apart": [(120.0, 17.5), (1800.0, 17.0)]},
    ):
        drawing = curves("error", lines)
        assert "clip" not in drawing
        assert not _drawn(drawing, "beyond")
        shown = [y for line in _heights(drawing) for y in line]
        assert min(shown) >= TOP
        assert max(shown) <= BOTTOM
