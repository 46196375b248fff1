import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data
from skimage.color import rgb2lab

from photochrom.color import lab_to_rgb, lightness
from photochrom.errors import DataError, MissingExtraError, OptionError
from photochrom.evaluate import baselines
from photochrom.evaluate.pictures import open_truth
from photochrom.evaluate.protocols import centre_square
from photochrom.evaluate.scores import Scores

pytestmark = pytest.mark.pixels


def to_png(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [np.ascontiguousarray(picture[::16, ::16]) for picture in (data.astronaut(), data.coffee(), data.chelsea())]


@pytest.fixture
def folder(pictures, tmp_path: Path) -> Path:
    """A folder of nine pictures, in subfolders; each names its number in its first pixel."""
    for number in range(9):
        rgb = pictures[number % 3].copy()
        rgb[0, 0] = number
        file = tmp_path / "set" / f"class{number // 3}" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(to_png(rgb))
    (tmp_path / "set" / "notes.txt").write_text("not a picture")
    return tmp_path / "set"


def test_the_tables_are_the_means_of_all_pixels(pictures):
    fitted = baselines.fit_baselines(iter(pictures))
    lab = np.concatenate([rgb2lab(rgb).reshape(-1, 3) for rgb in pictures])
    assert (fitted.pictures, fitted.pixels) == (3, len(lab))
    np.testing.assert_allclose(fitted.mean, lab[:, 1:].mean(axis=0), atol=0.02)
    step = np.round(lab[:, 0]) == 40
    np.testing.assert_allclose(fitted.by_lightness[40], lab[step, 1:].mean(axis=0), atol=0.3)


def test_the_tables_give_ab_for_a_lightness():
    dark, light = ((30.0, 20.0, -10.0), (70.0, -20.0, 30.0))
    rgb = np.round(lab_to_rgb(np.array([[dark] * 4, [light] * 4])) * 255).astype(np.uint8)
    fitted = baselines.fit_baselines([rgb])
    wanted = np.array([[30.2, 69.8, 50.0], [0.0, 100.0, 30.0]])
    given = fitted.mean_ab_given_lightness(wanted)
    np.testing.assert_allclose(given[0], [dark[1:], light[1:], (0, 10)], atol=1.0)  # L* 50 lies between the two
    np.testing.assert_allclose(given[1], [dark[1:], light[1:], dark[1:]], atol=1.0)  # beyond them the nearest
    np.testing.assert_allclose(fitted.mean_ab(wanted), np.broadcast_to((0, 10), (2, 3, 2)), atol=1.0)
    assert not baselines.grey_ab(wanted).any()


def test_colouring_keeps_the_lightness_and_stays_in_srgb(pictures):
    light = lightness(pictures[0])
    vivid = baselines.colour(light, np.full((*light.shape, 2), (90.0, 60.0)))
    assert vivid.dtype == np.uint8
    assert np.abs(lightness(vivid) - light).mean() < 0.5
    grey = baselines.colour(light, baselines.grey_ab(light))
    assert (grey == grey[..., :1]).all()


def test_random_colours_come_from_another_picture(pictures):
    lender = baselines.donors(50)
    assert sorted(lender) == list(range(50))
    assert (lender != np.arange(50)).all()
    np.testing.assert_array_equal(lender, baselines.donors(50))
    light = lightness(pictures[0])
    assert baselines.random_ab(light, pictures[1]).shape == (*light.shape, 2)  # a donor of another size is stretched
    same = baselines.random_ab(light, pictures[0])
    np.testing.assert_allclose(same, rgb2lab(pictures[0])[..., 1:], atol=0.05)
    with pytest.raises(OptionError):
        baselines.donors(1)


def test_knowing_more_is_better_on_the_pictures_that_were_fitted(pictures):
    fitted = baselines.fit_baselines(pictures)
    error = {}
    for name, method in (
        ("grey", baselines.grey_ab),
        ("mean", fitted.mean_ab),
        ("given L", fitted.mean_ab_given_lightness),
    ):
        scores = Scores()
        for rgb in pictures:
            light = lightness(rgb)
            scores.update(rgb, baselines.colour(light, method(light)))
        error[name] = scores.compute()["psnr_ab"]
    assert error["given L"] > error["mean"] > error["grey"]


def test_no_pictures_no_tables():
    with pytest.raises(DataError, match="no pictures"):
        baselines.fit_baselines([])


def test_a_folder_is_read_in_order_and_a_limit_is_spread(folder):
    truth = open_truth([folder], "native")
    assert [picture.name for picture in truth][:2] == ["class0/0.png", "class0/1.png"]
    assert [picture.rgb[0, 0, 0] for picture in truth] == list(range(9))
    assert [picture.rgb[0, 0, 0] for picture in open_truth([folder], "native", limit=3)] == [0, 3, 6]
    assert len(truth[2:4]) == 2


@pytest.mark.parametrize(
    ("column", "known"), [([7, None, 1000, -1], [7, None, None, None]), (list("abcd"), [None] * 4)]
)
def test_a_shard_names_imagenet_classes_by_number(folder, tmp_path, column, known):
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    rows = [{"bytes": file.read_bytes(), "path": file.name} for file in sorted(folder.rglob("*.png"))[:4]]
    parquet.write_table(arrow.table({"image": rows, "imagenet": column}), tmp_path / "made.parquet")
    assert [row.imagenet for row in open_truth([tmp_path / "made.parquet"], "native").rows] == known


def test_a_shard_gives_the_same_pictures_as_its_folder(folder, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    files = sorted(folder.rglob("*.png"))
    rows = [{"bytes": file.read_bytes(), "path": file.name} for file in files]
    table = arrow.table({"image": rows, "source": ["made"] * len(rows)})
    parquet.write_table(table, tmp_path / "made.parquet")
    for limit in (None, 4):
        shard, plain = open_truth([tmp_path / "made.parquet"], limit=limit), open_truth([folder], limit=limit)
        assert [picture.source for picture in shard] == ["made"] * len(plain)
        for left, right in zip(shard, plain, strict=True):
            np.testing.assert_array_equal(left.rgb, right.rgb)
            assert left.rgb.shape == (256, 256, 3)
    both = open_truth([tmp_path / "made.parquet", folder], "native", limit=6)  # a limit is spread over all of them
    assert [picture.rgb[0, 0, 0] for picture in both] == [0, 3, 6, 0, 3, 6]


def test_the_centre_square_is_cut_before_it_is_resized():
    rgb = np.zeros((20, 60, 3), np.uint8)
    rgb[:, 20:40] = 200
    assert (centre_square(rgb, 10) == 200).all()
    assert (centre_square(rgb, 40) == 200).all()
    assert centre_square(rgb.transpose(1, 0, 2), 20).shape == (20, 20, 3)


def test_grey_and_deep_pictures_become_rgb_of_8_bits(tmp_path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    (tmp_path / "deep.png").write_bytes(cv2.imencode(".png", ramp)[1].tobytes())
    (picture,) = open_truth([tmp_path / "deep.png"], "native")
    np.testing.assert_array_equal(picture.rgb, np.repeat(np.round(ramp[..., None] / 257), 3, axis=2))


def test_what_cannot_be_read_is_named(folder, tmp_path, monkeypatch):
    (folder / "class1" / "3.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"class1/3\.png"):
        list(open_truth([folder]))
    with pytest.raises(DataError, match="no such"):
        open_truth([tmp_path / "absent"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no pictures"):
        open_truth([tmp_path / "empty"])
    with pytest.raises(OptionError, match="protocol"):
        open_truth([folder], "ctest")
    with pytest.raises(OptionError, match="limit"):
        open_truth([folder], limit=0)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and nothing more")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"photochrom\[eval\]"):
        open_truth([tmp_path / "broken.parquet"])
    monkeypatch.undo()
    pytest.importorskip("pyarrow")
    with pytest.raises(DataError, match="not a Parquet shard"):
        open_truth([tmp_path / "broken.parquet"])
