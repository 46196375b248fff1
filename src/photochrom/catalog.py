"""The catalogue: a model is a row of data. Add a row here, and every command knows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from photochrom.errors import UnknownModelError
from photochrom.weights import PACKAGED, REPOSITORY, WeightsFile

__all__ = ["CATALOG", "DEFAULT_MODEL", "ModelSpec", "find_model"]

DEFAULT_MODEL = "photochrom"


@dataclass(frozen=True)
class ModelSpec:
    """One model.

    ``output``: "ab-bins" (scores over ab bins) or "ab" (colours directly), at ``stride`` pixels a cell. Height and width
    must be multiples of ``multiple``. ``work_size``: the short side, in pixels, at which it colours best. ``hints``: whether it
    takes hints and a histogram; then ``files`` are an encoder, a decoder and perhaps a kernel, else one graph, or nothing where
    only the recipe is shipped. ``folder``: where the files lie.
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

    @property
    def remedy(self) -> str:
        """What to do where the weights are absent."""
        if self.folder == PACKAGED:
            return "install photochrom again"
        where = f"take {self.files[0].name} from weights/papers of the repository, or " if self.files else ""
        return (
            f"{where}train it: `photochrom train {self.name} --data DIR -o RUN`, `photochrom export RUN/last.ckpt -o "
            f"{self.name}.onnx`, then --model {self.name}.onnx"
        )

    @property
    def size(self) -> int:
        """Bytes of all weight files together."""
        return sum(file.size for file in self.files)


CATALOG: tuple[ModelSpec, ...] = (
    ModelSpec(
        name="photochrom",
        title="EfficientNet-Lite0 encoder of lightness, decoder with hints, 261 ab bins, kernel that spreads hints",
        paper="this project (docs/models/photochrom.md)",
        output="ab-bins",
        stride=8,
        multiple=32,
        work_size=256,
        hints=True,
        parameters=6_863_326,
        licence="research and personal use (see docs/models/photochrom.md)",
        files=(
            WeightsFile(
                "photochrom.encoder.onnx", "e792b94f625e117565414c9f6b9e2d5119e1a2ebc4bfc208554b5918be169a2c", 5958774
            ),
            WeightsFile(
                "photochrom.decoder.onnx", "cf65a9220869dd5d16e28cdf8761be6a34fb00fb95471df9cfeeb8a19a1fa804", 7450628
            ),
            WeightsFile(
                "photochrom.kernel.onnx", "841d2ab359d0af749044c7091ab74e678ed372b0e37d595bb1252eabf248901a", 473904
            ),
        ),
    ),
)


def _papers() -> Iterator[ModelSpec]:
    """The systems of the five papers: a row for each line of papers.json, which `photochrom papers` writes."""
    for row in json.loads((PACKAGED / "papers.json").read_text("utf-8")):
        files = tuple(WeightsFile(**file) for file in row.pop("files"))
        yield ModelSpec(**row, hints=False, files=files, folder=REPOSITORY / "papers")


CATALOG += tuple(_papers())


def find_model(name: str) -> ModelSpec:
    """The catalogue's row of that name. Raises UnknownModelError, which lists the names there are."""
    for spec in CATALOG:
        if spec.name == name:
            return spec
    raise UnknownModelError(name, tuple(spec.name for spec in CATALOG))
