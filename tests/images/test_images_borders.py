"""Mounts: found where there is one, kept without colour, and never found in a photograph that has none."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from helpers import load, save
from photochrom.color import rgb_to_lab
from photochrom.images import open_image
from photochrom.images.borders import find_frame

NAMES = [
    "astronaut",
    "coffee",
    "chelsea",
    "camera",
    "rocket",
    "brick",
    "gravel",
    "moon",
    "coins",
    "text",
    "page",
    "clock",
]
SHARED = Path(__file__).parents[3] / "shared" / "data"


def grey(name, side=320):
    array = getattr(skimage.data, name)()
    array = array if array.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(array[..., :3]), cv2.COLOR_RGB2GRAY)
    scale = side / min(array.shape)
    return cv2.resize(array, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def mounted(photo, level, *, shape="rectangle", turn=0.0, margins=(40, 90, 60, 50)):
    """A photograph on paper of a grey level, with grain and uneven light; and where it is."""
    top, bottom, left, right = margins
    h, w = photo.shape
    rng = np.random.default_rng(level)
    size = h + top + bottom, w + left + right
    paper = level + rng.normal(0, 4, size) + np.linspace(-4, 4, size[1])[None]
    laid, inside = paper.copy(), np.zeros(size, np.uint8)
    laid[top : top + h, left : left + w] = photo
    if shape == "oval":
        cv2.ellipse(inside, (left + w // 2, top + h // 2), (w // 2 - 1, h // 2 - 1), 0, 0, 360, 1, cv2.FILLED)
    else:
        inside[top : top + h, left : left + w] = 1
    if turn:
        matrix = cv2.getRotationMatrix2D((size[1] / 2, size[0] / 2), turn, 1)
        laid, inside = (
            cv2.warpAffine(laid, matrix, size[::-1], borderMode=cv2.BORDER_REPLICATE),
            cv2.warpAffine(inside, matrix, size[::-1]),
        )
    return np.where(inside > 0, laid, paper).clip(0, 255).round().astype(np.uint8), inside > 0


def frame_of(array):
    return find_frame(open_image(array).work_copy(256))


def overlap(frame, inside):
    small = cv2.resize(inside.astype(np.float32), frame.inside.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
    found = frame.inside > 0.5
    return (small & found).sum() / (small | found).sum()


@pytest.mark.parametrize("level", [20, 110, 150, 225, 245])
@pytest.mark.parametrize("options", [{}, {"turn": 2.0}, {"shape": "oval"}, {"margins": (12, 12, 12, 12)}])
def test_mounts_are_found(level, options):
    array, inside = mounted(grey("astronaut"), level, **options)
    frame = frame_of(array)
    assert frame is not None
    assert overlap(frame, inside) > 0.93


@pytest.mark.parametrize(("name", "level", "margin"), [("camera", 145, 40), ("rocket", 36, 40), ("rocket", 220, 15)])
def test_an_even_mount_that_is_about_as_light_as_an_edge_of_the_photograph(name, level, margin):
    """Without grain: there what is only a little lighter counts; and the blurred edge is no writing."""
    photo = skimage.data.camera()[::2, ::2] if name == "camera" else grey(name, 427)
    array = cv2.copyMakeBorder(photo, *[margin] * 4, cv2.BORDER_CONSTANT, value=level)
    inside = cv2.copyMakeBorder(np.ones_like(photo), *[margin] * 4, cv2.BORDER_CONSTANT)
    frame = frame_of(array)
    assert frame is not None
    assert overlap(frame, inside) > 0.9


def test_an_album_page_with_two_photographs():
    page = np.full((500, 900), 70.0) + np.random.default_rng(0).normal(0, 3, (500, 900))
    for left, name in ((50, "astronaut"), (480, "coffee")):
        photo = grey(name, 330)[:330, :360]
        page[80 : 80 + photo.shape[0], left : left + photo.shape[1]] = photo
    frame = frame_of(page.clip(0, 255).astype(np.uint8))
    assert frame is not None
    assert 0.3 < frame.inside.mean() < 0.6


def test_a_card_on_the_lid_of_the_scanner():
    card, inside = mounted(grey("astronaut"), 120)
    scan = cv2.copyMakeBorder(card, 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=250)
    frame = frame_of(scan)
    assert frame is not None
    assert overlap(frame, cv2.copyMakeBorder(inside.astype(np.uint8), 30, 30, 30, 30, cv2.BORDER_CONSTANT)) > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_photographs_without_a_mount(name):
    for array in (grey(name), grey(name)[20:-20, 30:-30], grey(name)[:, ::-1], 255 - grey(name)):
        assert frame_of(array) is None


@pytest.mark.parametrize("level", [0, 128, 255])
def test_plain_backgrounds_and_odd_shapes(level):
    plain = np.full((300, 400), level, np.uint8)
    assert frame_of(plain) is None
    figure = plain.copy()
    cv2.circle(figure, (200, 100), 50, 255 - level // 2, cv2.FILLED)
    cv2.rectangle(figure, (140, 150), (260, 290), 90, cv2.FILLED)
    assert frame_of(figure) is None
    for shape in ((3, 3), (1, 900), (47, 60), (60, 2000)):
        assert frame_of(np.full(shape, level, np.uint8)) is None


def test_the_mount_stays_grey_and_the_photograph_is_coloured(shipped):
    array, inside = mounted(grey("astronaut"), 110)
    opened = shipped.open(array)
    assert any("mount" in notice for notice in opened.notices)
    assert opened.size == array.shape[::-1]
    lab = rgb_to_lab(opened.paint().rgb)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    far = cv2.erode((~inside).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert chroma[far].max() < 2
    assert chroma[inside].mean() > 4


def test_a_hint_on_the_mount_is_obeyed(here, photochrom):
    save(mounted(grey("astronaut"), 110)[0], here / "a.png")
    assert photochrom("colorize", "a.png", "--hint", "20,20=red", "-o", "b.png").code == 0
    red, green, _ = load(here / "b.png")[20, 20].astype(int)
    assert red > green + 40


def test_tinted_paper_keeps_its_colour(shipped):
    array, inside = mounted(grey("astronaut"), 150)
    sepia = cv2.merge([(array * factor).clip(0, 255).astype(np.uint8) for factor in (1.0, 0.95, 0.82)])
    lab = rgb_to_lab(shipped.open(sepia).paint().rgb)
    far = cv2.erode((~inside).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert 4 < np.median(lab[..., 2][far]) < 15


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is absent")
def test_pictures_of_the_project_keep_their_edges():
    """Of 876 pictures three have a border, and a disc on white looks like one with it; no others are taken for that."""
    import pyarrow.parquet as parquet

    found = []
    for name in ("cid22-256", "places-128", "people-192"):
        table = parquet.read_table(SHARED / "eval" / f"{name}.parquet", columns=["image"])
        for number, row in enumerate(table.column("image").to_pylist()):
            if find_frame(open_image(io.BytesIO(row["bytes"]).getvalue()).work_copy(256)) is not None:
                found.append((name, number))
    assert len(found) <= 4, found
    for path in sorted((SHARED / "historical").iterdir()):
        assert find_frame(open_image(path).work_copy(256)) is None, path
