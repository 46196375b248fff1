"""The catalogue: a model is a row of data. Add a row here, and every command knows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from photochrom.errors import UnknownModelError
from photochrom.weights import PACKAGED, REPOSITORY, WeightsFile, cache_folder

__all__ = ["CATALOG", "DEFAULT_MODEL", "ModelSpec", "Stretch", "find_model"]

DEFAULT_MODEL = "photochrom"


class Stretch(NamedTuple):
    """What makes a network's colours vary as much as a photograph's: ab -> centre + factor * (ab - centre)."""

    centre: tuple[float, float]
    factor: float


@dataclass(frozen=True)
class ModelSpec:
    """One model.

    ``output``: "ab-bins" (scores over ab bins) or "ab" (colours directly), at ``stride`` pixels a cell. Height and width
    must be multiples of ``multiple``. ``work_size``: the short side, in pixels, at which it colours best. ``hints``: whether it
    takes hints and a histogram; then ``files`` are an encoder, a decoder and perhaps a kernel and an object head, else one graph,
    or nothing where only the recipe is shipped. ``folder``: where the files lie. ``stretch``: of what it answers, if wanted.
    """

    name: str
    title: str
    paper: str
    output: Literal["ab-bins", "ab"]
    stride: int
    multiple: int
    work_size: int
    hints: bool
    parameters: int
    licence: str
    files: tuple[WeightsFile, ...]
    folder: Path = PACKAGED
    stretch: Stretch | None = None

    @property
    def remedy(self) -> str:
        """What to do where the weights are absent."""
        if self.folder == PACKAGED:
            return "install photochrom again"
        if self.files:
            return (
                f"download weights/papers/{self.files[0].name} of the repository into the folder {cache_folder()}, and --model "
                f"{self.name} works (the file's sha256 is checked)"
            )
        variants = ", ".join(spec.name for spec in CATALOG if spec.files and self._is_variant(spec))
        ready = f"take a variant of it whose weights are ({variants}), or " if variants else ""
        return (
            f"{ready}train it: `photochrom train {self.name} --data DIR -o RUN`, `photochrom export RUN/last.ckpt -o "
            f"{self.name}.onnx`, then --model {self.name}.onnx"
        )

    def _is_variant(self, other: ModelSpec) -> bool:
        """Whether it is the same paper's, and one name is the other with something added, as that of a repair is."""
        names = sorted((self.name, other.name), key=len)
        return self.paper == other.paper and names[1].startswith(f"{names[0]}-")

    @property
    def size(self) -> int:
        """Bytes of all weight files together."""
        return sum(file.size for file in self.files)


CATALOG: tuple[ModelSpec, ...] = (
    ModelSpec(
        name="photochrom",
        title="EfficientNet-Lite0 encoder of lightness, decoder with hints, 261 ab bins, kernel that spreads hints, object head",
        paper="this project (docs/models/photochrom.md)",
        output="ab-bins",
        stride=8,
        multiple=32,
        work_size=256,
        hints=True,
        parameters=7_889_415,
        licence="research and personal use (see docs/models/photochrom.md)",
        files=(
            WeightsFile(
                "photochrom.encoder.onnx", "0e183c2d0ab7117c521f7e04ef99e243c79726010e134112eac2a3facd16b586", 5959326
            ),
            WeightsFile(
                "photochrom.decoder.onnx", "6f097048e5e270450adb4637f4394a88d0954b1f2436faf7b197e87dfdda844e", 9153739
            ),
            WeightsFile(
                "photochrom.kernel.onnx", "664cd60340027bd47ae10f4310baee91bf576a81073f923bfe8277941e764a11", 474141
            ),
            WeightsFile(
                "photochrom.object.onnx", "8048ea7eaca05f950eb1dda62563fc00c347b7d579fb38445eb29c40d5670d3e", 389763
            ),
        ),
    ),
)


def _papers() -> Iterator[ModelSpec]:
    """The systems of the five papers: a row for each line of papers.json, which `photochrom papers` writes."""
    for row in json.loads((PACKAGED / "papers.json").read_text("utf-8")):
        files = tuple(WeightsFile(**file) for file in row.pop("files"))
        stretch = row.pop("stretch", None)
        yield ModelSpec(
            **row,
            hints=False,
            files=files,
            folder=REPOSITORY / "papers",
            stretch=stretch and Stretch(tuple(stretch["centre"]), stretch["factor"]),
        )


CATALOG += tuple(_papers())


def find_model(name: str) -> ModelSpec:
    """The catalogue's row of that name. Raises UnknownModelError, which lists the names there are."""
    for spec in CATALOG:
        if spec.name == name:
            return spec
    raise UnknownModelError(name, tuple(spec.name for spec in CATALOG))
