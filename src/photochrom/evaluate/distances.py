"""LPIPS and FID through torchmetrics (extra ``eval``). Nothing is downloaded: weights are a file that is there, or an error.

torchmetrics would fetch ImageNet weights from the net on its own. Here they are looked for at the path that was given, then in
torch's cache, where earlier downloads lie; if they are in neither place the error names the file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom.errors import CheckpointError, InvalidPixelsError, MissingExtraError, OptionError, WeightsNotFoundError

try:
    import torchvision
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3
    from torchmetrics.functional.image.lpips import _NoTrainLpips
    from torchmetrics.image.fid import NoTrainInceptionV3
except ImportError as error:
    raise MissingExtraError("eval", "LPIPS and FID") from error

__all__ = ["INCEPTION_WIDTH", "Inception", "Lpips", "find_weights"]

#: Numbers per picture that the FID is taken of: Inception's last pooling layer.
INCEPTION_WIDTH = 2048
#: torchvision's networks that LPIPS has linear weights for, by the names that torchmetrics gives them.
NETWORKS = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}
#: AlexNet's last features need a side of so many pixels.
LPIPS_SIDE = 64


def find_weights(given: Path | None, name: str, what: str, option: str) -> Path:
    """The weights file: ``given`` if it is, else ``name`` in torch's cache. Raises WeightsNotFoundError: nothing is fetched."""
    if given is not None:
        if given.is_file():
            return given
        raise WeightsNotFoundError(f"there is no such file; {what} needs the weights {name}", given)
    cached = Path(torch.hub.get_dir()) / "checkpoints" / name
    if cached.is_file():
        return cached
    raise WeightsNotFoundError(
        f"{what} needs these weights, and nothing is downloaded here; put the file there, or give its path: {option} FILE",
        cached,
    )


def _tensors(path: Path, what: str) -> dict[str, Tensor]:
    """The tensors by name of a file, read so that it cannot run code. Raises CheckpointError."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load has no common base for what a damaged file raises
        raise CheckpointError(f"not a file of weights ({error}); expected those of {what}", path) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise CheckpointError(f"it does not hold tensors by name; expected the weights of {what}", path)
    return state


def _check(pictures: NDArray[np.uint8]) -> Tensor:
    if pictures.ndim != 4 or pictures.shape[3] != 3 or pictures.dtype != np.uint8:
        raise InvalidPixelsError(
            f"pictures are {pictures.dtype} {pictures.shape}, expected uint8 (count, height, width, 3)"
        )
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))


class Lpips:
    """Learned perceptual image patch similarity of Zhang, Isola, Efros, Shechtman, Wang 2018: 0 upwards, lower is better.

    Sum over the layers l of a network of mean over places of w_l (y_l - y'_l)^2, with features y of unit length and the
    published weights w_l (version 0.1), which torchmetrics brings along. ``network``: "alex" (the paper's default), "vgg" or
    "squeeze"; ``weights``: torchvision's file of that network, or None: the one in torch's cache.

    Raises WeightsNotFoundError, CheckpointError, OptionError.
    """

    def __init__(self, weights: Path | None = None, network: Literal["alex", "vgg", "squeeze"] = "alex") -> None:
        if network not in NETWORKS:
            raise OptionError("network", network, f"one of {', '.join(NETWORKS)}")
        name = NETWORKS[network]
        url: str = torchvision.models.get_model_weights(name).DEFAULT.url
        path = find_weights(weights, url.rsplit("/")[-1], "LPIPS", "--lpips")
        state = _tensors(path, name)
        self._net: Any = _NoTrainLpips(net=network, pnet_rand=True)
        # A slice of torchmetrics' network keeps the numbers that its layers have among torchvision's features.
        keys = {key: re.sub(r"^slice(s\.\d+|\d+)\.", "features.", key) for key in self._net.net.state_dict()}
        try:
            self._net.net.load_state_dict({key: state[theirs] for key, theirs in keys.items()}, strict=True)
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(f"these are not torchvision's weights of {name} ({error})", path) from error

    def __call__(self, truth: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
        """The distance of two pictures, sRGB uint8 (h, w, 3), sides of 64 or more. Raises InvalidPixelsError."""
        if truth.shape != result.shape or truth.ndim != 3 or min(truth.shape[:2]) < LPIPS_SIDE:
            raise InvalidPixelsError(
                f"truth has shape {truth.shape} and result {result.shape}; expected two equal shapes (h, w, 3) of 64 or more"
            )
        with torch.inference_mode():
            pair = (_check(picture[None]).float() / 127.5 - 1 for picture in (truth, result))
            return float(self._net(*pair).item())


class Inception:
    """The features that the FID is taken of: Inception v3 as Heusel et al. 2017 used it, by torchmetrics.

    The FID is :func:`photochrom.evaluate.frechet.frechet_distance` of the truth's and a method's features. ``weights``:
    torch-fidelity's file, or None: the one in torch's cache. Raises WeightsNotFoundError, CheckpointError.
    """

    def __init__(self, weights: Path | None = None) -> None:
        path = find_weights(weights, URL_INCEPTION_V3.rsplit("/")[-1], "FID", "--fid")
        _tensors(path, "Inception v3")  # torch-fidelity reads any pickle: this lets only tensors through
        try:
            self._net: Any = NoTrainInceptionV3(
                name="inception-v3-compat",
                features_list=[str(INCEPTION_WIDTH)],
                feature_extractor_weights_path=str(path),
            )
        except (KeyError, RuntimeError) as error:
            raise CheckpointError("these are not torch-fidelity's weights of Inception v3", path) from error

    def features(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of sRGB uint8 (N, h, w, 3) -> float32 (N, 2048); resized to 299 x 299. Raises InvalidPixelsError."""
        with torch.inference_mode():
            found: NDArray[np.float32] = self._net(_check(pictures)).numpy()
        return found
