"""Distances between sets of features, and networks whose weights are a local file or a clear error."""

from __future__ import annotations

import doctest
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from scipy.linalg import sqrtm
from timm.models import create_model
from torchmetrics.functional.classification import multiclass_accuracy
from torchmetrics.image import fid as torchmetrics_fid

from helpers import data
from photochrom.errors import CheckpointError, DataError, InvalidPixelsError, OptionError, WeightsNotFoundError
from photochrom.evaluate import distances, frechet, perceptual
from photochrom.evaluate.distances import Inception, Lpips
from photochrom.evaluate.frechet import Moments, frechet_distance
from photochrom.evaluate.judges import JudgeFiles, Judges
from photochrom.evaluate.perceptual import Classifier, top1_accuracy

Features = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def features() -> tuple[Features, Features]:
    """Two sets of 60 and 80 rows of 12 numbers that hang together."""
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(12, 12))
    return rng.normal(size=(60, 12)) @ mix + 3, rng.normal(size=(80, 12)) @ (mix + rng.normal(size=(12, 12)) / 2)


def moments(rows: Features, batch: int = 7) -> Moments:
    made = Moments(rows.shape[1])
    for start in range(0, len(rows), batch):
        made.update(rows[start : start + batch])
    return made


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of torch without a file, and a net that must not be asked."""

    def fetch(*_: Any, **__: Any) -> None:
        raise AssertionError("something was about to be downloaded")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    return tmp_path / "hub/checkpoints"


@pytest.fixture(scope="module")
def squeeze(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest of LPIPS's networks with random weights, as torchvision writes it."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "squeeze.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def inception(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inception with random weights, as torch-fidelity writes it."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    with pytest.MonkeyPatch.context() as patch:  # torch-fidelity makes no network without weights
        base = "torch_fidelity.feature_extractor_inceptionv3"
        patch.setattr(f"{base}.load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(f"{base}.FeatureExtractorInceptionV3.load_state_dict", lambda *_: None)
        net = torchmetrics_fid.NoTrainInceptionV3("inception-v3-compat", ["2048"])
    torch.save(net.state_dict(), path)
    return path


def test_the_examples_in_the_docstrings_hold() -> None:
    assert [doctest.testmod(module).failed for module in (frechet, distances, perceptual)] == [0, 0, 0]


def test_moments_are_numpys_however_they_were_gathered(features: tuple[Features, Features]) -> None:
    rows = features[0] + 1e4  # a large mean costs no digits
    halves = moments(rows[:25])
    halves.merge(moments(rows[25:]))
    halves.merge(Moments(12))
    for made in (moments(rows), moments(rows, 1), halves):
        assert made.count == 60
        np.testing.assert_allclose(made.mean, rows.mean(axis=0))
        np.testing.assert_allclose(made.covariance, np.cov(rows.T), rtol=1e-8)


def test_the_distance_agrees_with_scipy_and_with_torchmetrics(features: tuple[Features, Features]) -> None:
    first, second = (moments(rows) for rows in features)
    root = np.real(sqrtm(first.covariance @ second.covariance))
    by_scipy = np.sum((first.mean - second.mean) ** 2) + np.trace(first.covariance + second.covariance - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(by_scipy)

    metric: Any = torchmetrics_fid.FrechetInceptionDistance(feature=torch.nn.Flatten(), input_img_size=(1, 1, 12))
    for rows, real in zip(features, (True, False), strict=True):
        metric.update(torch.from_numpy(rows)[:, None, None], real=real)
    assert frechet_distance(first, second) == pytest.approx(float(metric.compute()))


def test_a_set_is_at_no_distance_from_itself_even_a_small_one(features: tuple[Features, Features]) -> None:
    few = moments(features[0][:5])  # a singular covariance
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-5)
    assert frechet_distance(*map(moments, features)) == pytest.approx(frechet_distance(*map(moments, features[::-1])))


def test_refusals_of_features(features: tuple[Features, Features]) -> None:
    with pytest.raises(DataError, match="2 or more"):
        frechet_distance(moments(features[0][:1]), moments(features[1]))
    for rows in (np.zeros((3, 11)), np.zeros(12), np.full((3, 12), np.nan)):
        with pytest.raises(InvalidPixelsError, match=r"finite rows \(n, 12\)"):
            Moments(12).update(rows)


def test_lpips_is_torchmetrics_with_the_weights_of_the_file(squeeze: Path, empty_cache: Path) -> None:
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    truth = np.ascontiguousarray(data.astronaut()[:96, 200:300])
    results = (truth[..., ::-1].copy(), np.repeat(truth[..., :1], 3, axis=2))
    lpips = Lpips(squeeze, "squeeze")
    # torchmetrics finds a file in torch's cache, and so do we
    (empty_cache / "squeezenet1_1-b8a52dc0.pth").write_bytes(squeeze.read_bytes())
    theirs: Any = LearnedPerceptualImagePatchSimilarity("squeeze", normalize=True)
    planes = [torch.from_numpy(picture).permute(2, 0, 1)[None] / 255 for picture in (truth, *results)]
    for result, plane in zip(results, planes[1:], strict=True):
        theirs.reset()
        assert lpips(truth, result) == pytest.approx(float(theirs(planes[0], plane)), rel=1e-4)
        assert Lpips(network="squeeze")(truth, result) == lpips(truth, result)
    assert lpips(truth, truth) == 0


def test_inception_is_torchmetrics_with_the_weights_of_the_file(inception: Path) -> None:
    pictures = np.stack([data.astronaut()[:80, :90], data.astronaut()[200:280, 200:290]])
    made = Inception(inception).features(pictures)
    assert made.shape == (2, distances.INCEPTION_WIDTH)
    net = torchmetrics_fid.NoTrainInceptionV3("inception-v3-compat", ["2048"], str(inception))
    (wanted,) = net._torch_fidelity_forward(torch.from_numpy(pictures).permute(0, 3, 1, 2))
    np.testing.assert_allclose(made, wanted.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "file", "option"),
    [
        (Lpips, "alexnet-owt-7be5be79.pth", "--lpips FILE"),
        (Inception, "weights-inception-2015-12-05-6726825d.pth", "--fid FILE"),
    ],
)
def test_absent_weights_are_named_and_nothing_is_fetched(make: Any, file: str, option: str, empty_cache: Path) -> None:
    with pytest.raises(WeightsNotFoundError, match=option) as caught:
        make()
    assert caught.value.path == empty_cache / file
    with pytest.raises(WeightsNotFoundError, match=f"no such file.*{file}"):
        make(empty_cache / "elsewhere.pth")


class Trap:
    def __reduce__(self) -> Any:
        return pytest.fail, ("the file ran code",)


@pytest.mark.parametrize("make", [lambda path: Lpips(path, "squeeze"), Inception], ids=["lpips", "fid"])
def test_what_is_no_weights_file_is_refused(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="not a file of weights"):
        make(path)
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError, match="not a file of weights"):
        make(path)
    torch.save([1, 2], path)
    with pytest.raises(CheckpointError, match="tensors by name"):
        make(path)
    torch.save({"a": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="these are not"):
        make(path)


def test_refusals_of_pictures(squeeze: Path, inception: Path) -> None:
    lpips = Lpips(squeeze, "squeeze")
    picture = np.zeros((64, 64, 3), np.uint8)
    for truth, result in ((picture, picture[:, :32]), (picture[:32], picture[:32]), (picture[..., 0], picture[..., 0])):
        with pytest.raises(InvalidPixelsError, match="64 or more"):
            lpips(truth, result)
    with pytest.raises(InvalidPixelsError, match="expected uint8"):
        lpips(picture / 255.0, picture / 255.0)
    with pytest.raises(InvalidPixelsError, match="expected uint8"):
        Inception(inception).features(picture)
    with pytest.raises(OptionError, match="alex, vgg, squeeze"):
        Lpips(squeeze, "resnet")  # type: ignore[arg-type]


def test_the_semantic_test_counts_right_answers() -> None:
    classes, answers = np.random.default_rng(0).integers(0, 4, (2, 50))
    wanted = multiclass_accuracy(torch.from_numpy(answers), torch.from_numpy(classes), 4, average="micro")
    assert top1_accuracy(classes, answers) == pytest.approx(100 * float(wanted))
    with pytest.raises(InvalidPixelsError, match="N above 0"):
        top1_accuracy(classes[:0], answers[:0])


def test_a_look_gives_the_features_that_the_answer_comes_from(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net: Any = create_model("tf_efficientnet_lite2").eval()
    torch.save(net.state_dict(), tmp_path / "lite2.pth")
    judge = Classifier(tmp_path / "lite2.pth")
    pictures = np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), np.uint8)
    seen = judge.look(pictures)
    assert seen.features.shape == (2, perceptual.FEATURES)
    with torch.inference_mode():
        assert np.array_equal(net.classifier(torch.from_numpy(seen.features)).argmax(1).numpy(), seen.classes)
    assert judge.true_class("train/n01440764/n01440764_1.JPEG") == 0
    assert judge.true_class("holiday/beach.jpg") is None


def test_the_class_that_a_shard_names_is_the_one_that_is_looked_for(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net: Any = create_model("tf_efficientnet_lite2").eval()
    torch.save(net.state_dict(), tmp_path / "lite2.pth")
    judges = Judges(JudgeFiles(lite2=tmp_path / "lite2.pth"))
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    answer = int(Classifier(tmp_path / "lite2.pth").top1(picture[None])[0])

    def right(name: str, imagenet: int | None) -> float:
        return judges.look(name, [picture], imagenet)[0][0]["semantic"]

    assert right("parrot.jpg", answer) == 100
    assert right("parrot.jpg", (answer + 1) % 1000) == 0
    assert np.isnan(right("parrot.jpg", None))
