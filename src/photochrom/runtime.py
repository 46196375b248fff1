"""Networks at work: ONNX Runtime sessions behind one small protocol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from photochrom.catalog import CATALOG, DEFAULT_MODEL, ModelSpec, Stretch, find_model
from photochrom.color import ab_bins
from photochrom.errors import InvalidModelError, OptionError, UnknownModelError, WeightsNotFoundError
from photochrom.onnx_graph import (
    check_names,
    load_graph,
    read_about,
    read_bins,
    read_log_prior,
    read_temperature,
    run_graph,
)
from photochrom.resize import enlarged
from photochrom.session import Features, KernelCells, Session
from photochrom.weights import locate

__all__ = ["Features", "OnnxSession", "Session", "digest_of", "open_model"]

Float = NDArray[np.float32]
Array = NDArray[Any]

#: What the encoder hands to the decoder: at strides of 8, 16 and 32 pixels.
FEATURES = ("f8", "f16", "f32")
#: The inputs of a decoder that takes an overview: the same features, on the grids of the view, and f32 of the whole overview.
OVERVIEW = ("g8", "g16", "g32", "whole")
#: The outputs of the kernel for each 8 x 8 cell (see :class:`photochrom.session.KernelCells`).
KERNEL = ("embedding", "scale", "noise")
#: Parts of a model that it may have beside encoder and decoder.
BESIDE = ("kernel", "object")


class OnnxSession:
    """A :class:`Session` over one ONNX graph (lightness -> colours), or two (encoder, decoder) and what lies beside them.

    That is a kernel, ``NAME.kernel.onnx``, and an object head, ``NAME.object.onnx``: either, both or none.

    profile: for a model that has several colour profiles and chooses one for each picture, the one to take instead.
    arena: whether ONNX Runtime keeps its working memory between runs. It never gives that back, and pictures of other shapes need
    ever more of it; without, opening a photograph takes 8 % longer. stretch: of its colours, None: they stay as they are.
    """

    def __init__(
        self,
        paths: tuple[Path, ...],
        *,
        threads: int | None = None,
        name: str | None = None,
        profile: int | None = None,
        arena: bool = True,
        stretch: Stretch | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise OptionError("threads", threads, "1 or more")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or 0  # 0: ONNX Runtime takes the physical cores
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = arena
        # Threads that wait for the next inference must not keep the processor from painting and writing the picture.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._paths, self._options = paths, options
        self._arguments = paths, threads, name, profile, arena, stretch
        self._stretch = stretch
        self._graphs = [load_graph(path, options) for path in paths[:2]]
        about, *others = [read_about(graph, path) for graph, path in zip(self._graphs, paths[:2], strict=True)]
        if any({**other, "part": None} != {**about, "part": None} for other in others):
            raise InvalidModelError(f"{paths[0].name} was not exported together with it; export both again", paths[-1])
        self._output: Literal["ab-bins", "ab"] = about["output"]
        self._multiple: int = about["multiple"]
        self._stride: int = about["stride"]
        self._work_size: int = about["work_size"]
        self._name = name or paths[0].name.removesuffix(".onnx").removesuffix(".encoder")
        self._bins = read_bins(about.get("bins"), paths[0])
        if stretch is not None:  # of what is a mean of these colours, the mean moves as they do
            self._bins = _stretched(self._bins, stretch)
        self._temperature: float | None = read_temperature(about.get("temperature"), paths[0])
        self._log_prior = read_log_prior(about.get("prior"), len(self._bins), paths[0])
        self._profile = _checked_profile(profile, self._graphs[0], self.name)
        self._result = "ab" if self._output == "ab" else "scores"
        self._check()

    def _check(self) -> None:
        single = [({"lightness"}, {self._result})]
        overview = OVERVIEW if self.details else ()
        pair = [({"lightness"}, set(FEATURES)), ({*FEATURES, *overview, "hints", "histogram"}, {self._result})]
        for graph, path, wanted in zip(self._graphs, self._paths[:2], pair if self.hints else single, strict=True):
            check_names(graph, path, *wanted)

    def __reduce__(self) -> tuple[Any, ...]:
        # By its arguments: another process loads the graphs anew.
        return _made_again, self._arguments

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of its graphs."""
        return self._paths

    @property
    def name(self) -> str:
        """See :class:`Session`."""
        return self._name

    @property
    def output(self) -> Literal["ab-bins", "ab"]:
        """See :class:`Session`."""
        return self._output

    @property
    def stride(self) -> int:
        """See :class:`Session`."""
        return self._stride

    @property
    def work_size(self) -> int:
        """See :class:`Session`."""
        return self._work_size

    @property
    def hints(self) -> bool:
        """See :class:`Session`."""
        return len(self._graphs) == 2

    @property
    def details(self) -> bool:
        """See :class:`Session`."""
        return self.hints and any(value.name == OVERVIEW[0] for value in self._graphs[1].get_inputs())

    @property
    def log_prior(self) -> Float | None:
        """See :class:`Session`."""
        return self._log_prior

    @property
    def bins(self) -> Float:
        """See :class:`Session`."""
        return self._bins

    @property
    def temperature(self) -> float | None:
        """See :class:`Session`."""
        return self._temperature

    def encode(self, lightness: Float, overview: Features | None = None) -> Features:
        """See :class:`Session`. Sizes that are no multiple of the model's are filled up by reflection."""
        if overview is not None and not self.details:
            raise OptionError("overview", "given", f"none: the model {self.name} takes one view of a photograph")
        height, width = lightness.shape
        padded = _padded(np.ascontiguousarray(lightness, np.float32), self._multiple)[None, None]
        outputs = FEATURES if self.hints else (self._result,)
        inputs: dict[str, Array] = {"lightness": padded}
        if self._profile is not None:
            inputs["profile"] = np.array([self._profile], np.int64)
        arrays = tuple(self._run(0, outputs, inputs))
        if overview is None:
            return Features(arrays, height, width)
        scale = overview.height / height, overview.width / width
        wide = (enlarged(grid, scale, like.shape[2:]) for grid, like in zip(overview.arrays, arrays, strict=True))
        return Features(arrays, height, width, (*wide, overview.arrays[2]))

    def decode(self, features: Features, hints: Array | None = None, histogram: Array | None = None) -> Float:
        """See :class:`Session`."""
        h, w = (-(-side // self._stride) for side in (features.height, features.width))
        padded = (-(-side // self._multiple) * self._multiple for side in (features.height, features.width))
        grid = tuple(-(-side // self._stride) for side in padded)
        result = features.arrays[0]
        if self.hints:
            inputs: dict[str, Float] = dict(zip(FEATURES, features.arrays, strict=True))
            inputs["hints"] = np.zeros((1, 3, *grid), np.float32)
            inputs["histogram"] = np.zeros((1, len(ab_bins()) + 1), np.float32)
            if self.details:
                overview = features.overview or (*features.arrays, features.arrays[2])
                inputs |= zip(OVERVIEW, overview, strict=True)
            if hints is not None:
                inputs["hints"][0, :, :h, :w] = _checked_hints(hints, (3, h, w))
            if histogram is not None:
                inputs["histogram"][0] = np.append(_checked_histogram(histogram), 1)  # 1: it is given
            (result,) = self._run(1, (self._result,), inputs)
        elif hints is not None or histogram is not None:
            raise OptionError("hints", "given", f"none: the model {self.name} takes no hints")
        if result.ndim != 4 or result.shape[2:] != grid:
            raise InvalidModelError(
                f"gives an array of shape {result.shape}, expected (1, channels, {grid[0]}, {grid[1]})", self._paths[-1]
            )
        found = result[0, :, :h, :w]
        if self._stretch is None or self._output == "ab-bins":
            return found
        return np.moveaxis(_stretched(np.moveaxis(found, 0, -1), self._stretch), -1, 0)

    @cached_property
    def _kernel(self) -> tuple[Any, Float, float] | None:
        """The graph of the kernel, which is loaded when the first hint comes, its rulers, and what is no surprise."""
        path = self._beside("kernel")
        if path is None:
            return None
        graph = load_graph(path, self._options)
        about = read_about(graph, path)
        check_names(graph, path, {*FEATURES, "lightness", "expected"}, set(KERNEL))
        if about.get("base") != digest_of(self._paths[:2]):
            raise InvalidModelError("was trained for other weights; train and export it again", path)
        try:
            rulers, surprise = np.asarray(about["rulers"], np.float32), float(about["surprise"])
        except (KeyError, TypeError, ValueError):
            rulers, surprise = np.empty(0, np.float32), 0.0
        if rulers.ndim != 3 or rulers.shape[:2] != (2, 2) or not np.isfinite(rulers).all() or not surprise > 0:
            raise InvalidModelError(
                "its rulers must be two by two rows of numbers, its surprise a number above 0", path
            )
        return graph, rulers, surprise

    def kernel(self, features: Features, lightness: Float, expected: Float) -> KernelCells | None:
        """See :class:`Session`."""
        if self._kernel is None:
            return None
        graph, rulers, surprise = self._kernel
        inputs: dict[str, Array] = dict(zip(FEATURES, features.arrays, strict=True))
        inputs["lightness"] = _padded(np.ascontiguousarray(lightness, np.float32), self._multiple)[None, None]
        h, w = expected.shape[1:]
        bottom, right = (have - used for have, used in zip(features.arrays[0].shape[2:], (h, w), strict=True))
        inputs["expected"] = np.pad(expected, ((0, 0), (0, bottom), (0, right)), "edge")[None]
        kernels = rulers.shape[2]
        try:
            embedding, scale, noise = (
                np.ascontiguousarray(np.moveaxis(plane[0, :, :h, :w].reshape(2, -1, h, w), 1, -1))
                for plane in run_graph(graph, self._paths[2], KERNEL, inputs)
            )
            embedding = embedding.reshape(2, h, w, kernels, -1)
            scale, noise = scale.reshape(2, h, w, kernels), noise.reshape(2, h, w)
        except ValueError as error:
            raise InvalidModelError(f"{kernels} kernels do not fit its outputs ({error})", self._paths[2]) from error
        return KernelCells(embedding, scale, noise, rulers, surprise, np.hypot(*expected[2:]))

    @cached_property
    def _object_head(self) -> tuple[Any, Path] | None:
        """The graph of the object head, which is loaded when the first object is wanted."""
        path = self._beside("object")
        if path is None:
            return None
        graph = load_graph(path, self._options)
        check_names(graph, path, {*FEATURES, "lightness", "prompt"}, {"mask"})
        if read_about(graph, path).get("base") != digest_of(self._paths[:1]):
            raise InvalidModelError("was trained for another encoder; export it again beside this one", path)
        return graph, path

    def object_mask(self, features: Features, lightness: Float, prompt: Float) -> Float | None:
        """See :class:`Session`."""
        if self._object_head is None:
            return None
        inputs: dict[str, Array] = dict(zip(FEATURES, features.arrays, strict=True))
        inputs["lightness"] = _padded(np.ascontiguousarray(lightness, np.float32), self._multiple)[None, None]
        h, w = prompt.shape[1:]
        cell = lightness.shape[0] // h
        bottom, right = (have // cell - used for have, used in zip(inputs["lightness"].shape[2:], (h, w), strict=True))
        inputs["prompt"] = np.pad(prompt, ((0, 0), (0, bottom), (0, right)))[None]
        (mask,) = run_graph(*self._object_head, ("mask",), inputs)
        return mask[0, 0, :h, :w]

    def _beside(self, part: str) -> Path | None:
        """The file of a part beyond encoder and decoder, if the model has it."""
        return next((path for path in self._paths[2:] if path.name.endswith(f".{part}.onnx")), None)

    def _run(self, graph: int, outputs: tuple[str, ...], inputs: Mapping[str, Array]) -> list[Float]:
        return run_graph(self._graphs[graph], self._paths[graph], outputs, inputs)


def _stretched(ab: Float, stretch: Stretch) -> Float:
    """Colours (..., 2), further from the centre."""
    centre = np.array(stretch.centre, np.float32)
    return np.asarray(centre + np.float32(stretch.factor) * (ab - centre), np.float32)


def digest_of(paths: Iterable[Path]) -> str:
    """The sha256 of these files, one after the other: which weights a kernel or an object head is for."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _made_again(
    paths: tuple[Path, ...],
    threads: int | None,
    name: str | None,
    profile: int | None,
    arena: bool,
    stretch: Stretch | None,
) -> OnnxSession:
    return OnnxSession(paths, threads=threads, name=name, profile=profile, arena=arena, stretch=stretch)


def open_model(
    model: str | Path | ModelSpec | None = None,
    *,
    threads: int | None = None,
    profile: int | None = None,
    arena: bool = True,
) -> OnnxSession:
    """A session for a catalogue name, a catalogue row, or the path of an ONNX file; None is the default model.

    threads, profile, arena: see :class:`OnnxSession`.
    A path ``M.onnx`` also stands for the pair ``M.encoder.onnx`` and ``M.decoder.onnx`` that ``photochrom export`` writes, and
    for ``M.kernel.onnx`` and ``M.object.onnx`` beside them, if there are any.
    Raises UnknownModelError, WeightsNotFoundError, WeightsDigestError, InvalidModelError, OptionError.
    """
    if model is None:
        model = DEFAULT_MODEL
    if isinstance(model, Path) or (isinstance(model, str) and (model.endswith(".onnx") or "/" in model)):
        return OnnxSession(_paths_of(Path(model)), threads=threads, profile=profile, arena=arena)
    spec = find_model(model) if isinstance(model, str) else model
    if not spec.files:
        raise WeightsNotFoundError(f"no weights of {spec.name} are shipped; {spec.remedy}")
    files = tuple(locate(file, spec.folder, spec.remedy) for file in spec.files)
    return OnnxSession(files, threads=threads, name=spec.name, profile=profile, arena=arena, stretch=spec.stretch)


def _paths_of(path: Path) -> tuple[Path, ...]:
    stem = path.name.removesuffix(".onnx")
    base = stem
    for part in ("encoder", "decoder", *BESIDE):
        base = base.removesuffix(f".{part}")
    if base == stem and path.is_file():
        return (path,)
    pair = (path.with_name(f"{base}.encoder.onnx"), path.with_name(f"{base}.decoder.onnx"))
    missing = [part for part in pair if not part.is_file()]
    if len(missing) == 2:
        raise UnknownModelError(str(path), tuple(spec.name for spec in CATALOG))
    if missing:
        raise WeightsNotFoundError("this half of the model is missing; export it again", missing[0])
    beside = (path.with_name(f"{base}.{part}.onnx") for part in BESIDE)
    return (*pair, *(part for part in beside if part.is_file()))


def _checked_profile(profile: int | None, graph: Any, name: str) -> int | None:
    """Graphs with profiles have a second input with a default: the number of the profile, -1 to choose it themselves."""
    if profile is None:
        return None
    if not any(value.name == "profile" for value in graph.get_overridable_initializers()):
        raise OptionError("--profile", profile, f"nothing: the model {name} has no colour profiles")
    count = int(json.loads(graph.get_modelmeta().custom_metadata_map["photochrom"])["profiles"])
    if not 0 <= profile < count:
        raise OptionError("--profile", profile, f"0 to {count - 1}")
    return profile


def _checked_hints(hints: Array, shape: tuple[int, int, int]) -> Float:
    given = np.array(hints, np.float32)
    if given.shape != shape or not np.isfinite(given).all() or given[2].min() < 0 or given[2].max() > 1:
        raise OptionError("hints", f"array of shape {given.shape}", f"finite numbers of shape {shape}, mask in [0, 1]")
    given[:2] *= given[2] > 0  # as in training: no colour where there is no hint
    return given


def _checked_histogram(histogram: Array) -> Float:
    given, count = np.asarray(histogram, np.float32), len(ab_bins())
    if given.shape != (count,) or not (given >= 0).all() or abs(float(given.sum()) - 1) > 0.01:
        raise OptionError("histogram", f"array of shape {given.shape}", f"{count} shares that sum to 1")
    return given


def _padded(plane: Float, multiple: int) -> Float:
    """Reflect at the right and at the bottom up to the next multiple; a side of one pixel is repeated instead."""
    below, right = (-plane.shape[0] % multiple, -plane.shape[1] % multiple)
    plane = np.pad(plane, ((0, below), (0, 0)), "reflect" if plane.shape[0] > 1 else "edge")
    return np.pad(plane, ((0, 0), (0, right)), "reflect" if plane.shape[1] > 1 else "edge")
