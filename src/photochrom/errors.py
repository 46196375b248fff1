"""The tree of failures. A message names what was given, what was expected and what to do next; values are attributes.

::

    PhotochromError
    ├── ImageError                 a picture that cannot be used (.path)
    │   ├── ImageNotFoundError     there is no such file, or it may not be read
    │   ├── UnsupportedImageError  not a picture, or of a kind that is not read
    │   ├── TruncatedImageError    the file ends, or breaks, before the picture does
    │   ├── ImageTooLargeError     more pixels than allowed (.pixels, .limit)
    │   ├── InvalidPixelsError     NaN, infinity or an impossible shape
    │   ├── GreyReferenceError     a reference picture without colour (.chroma)
    │   └── UnexpectedError        a defect of Photochrom that this picture shows (its cause: __cause__)
    ├── FilmError                  a film that cannot be used (.path)
    │   └── NoVideoError           the file has no pictures: sound alone, or text
    ├── JobError                   a job folder of another film or of other choices (.path)
    │   └── JobBusyError           another process is at work in the job folder
    ├── OutputError                a result that cannot be written (.path)
    │   ├── OutputExistsError      the file is there already and --force was not given
    │   ├── OutputConflictError    two inputs would write the same file (.inputs)
    │   └── OutputWriteError       disk full, read-only folder, no such folder
    ├── ModelError
    │   ├── UnknownModelError      no catalogue row and no file of that name (.name, .known)
    │   ├── WeightsNotFoundError   a weights file is absent (.path)
    │   ├── WeightsDigestError     a weights file is not the one expected (.path, .expected, .got)
    │   └── InvalidModelError      an ONNX file that is not a colourisation model (.path)
    ├── OptionError                a value outside its range (.option, .value)
    │   └── UnknownColorError      no colour has this name (.name, .near)
    ├── HintError                  a hint that cannot be obeyed: outside the picture, not a colour
    │   └── MaskError              a mask that is empty, of another size, or no mask
    ├── EditsError                 a sidecar or a file of hints that cannot be used (.path)
    ├── MissingExtraError          an optional dependency is not installed (.extra)
    ├── ForkedError                this process was forked from one that had used Photochrom
    ├── EvaluationError            an evaluation that cannot be made (.path)
    ├── StudyError                 a study with people that cannot be made, run or read (.path)
    ├── BatchError                 a batch that cannot be planned, run, checked or shown (.path)
    │   ├── ManifestError          a manifest that is absent, damaged, of another version, or cannot be reached
    │   ├── ManifestBusyError      another driver is at work on the manifest (.driver)
    │   ├── StoreError             a place of pictures that failed again and again (.path is None, the message has the URI)
    │   └── ClusterError           a Ray cluster that cannot be reached, or whose machines do not fit
    └── TrainingError
        ├── DataError              training data that cannot be used (.path)
        ├── SourceTableError       a table of sources with a line that cannot be obeyed (.path)
        ├── RecipeError            an unknown key or a wrong type in a recipe (.key)
        ├── CheckpointError        a checkpoint of another architecture, or a damaged one (.path)
        └── DivergenceError        the loss or a weight is no longer a number (.step)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = [
    "BatchError",
    "CheckpointError",
    "ClusterError",
    "DataError",
    "DivergenceError",
    "EditsError",
    "EvaluationError",
    "FilmError",
    "ForkedError",
    "GreyReferenceError",
    "HintError",
    "ImageError",
    "ImageNotFoundError",
    "ImageTooLargeError",
    "InvalidModelError",
    "InvalidPixelsError",
    "JobBusyError",
    "JobError",
    "ManifestBusyError",
    "ManifestError",
    "MaskError",
    "MissingExtraError",
    "ModelError",
    "NoVideoError",
    "OptionError",
    "OutputConflictError",
    "OutputError",
    "OutputExistsError",
    "OutputWriteError",
    "PhotochromError",
    "RecipeError",
    "SourceTableError",
    "StoreError",
    "StudyError",
    "TrainingError",
    "TruncatedImageError",
    "UnexpectedError",
    "UnknownColorError",
    "UnknownModelError",
    "UnsupportedImageError",
    "WeightsDigestError",
    "WeightsNotFoundError",
]


class PhotochromError(Exception):
    """Base of every error that Photochrom raises on purpose. All of them can be pickled, and so cross processes."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way calls the class with the message, which most of these do not take.
        return _unpickled, (type(self), self.args, self.__dict__)


def _unpickled(kind: type[PhotochromError], args: tuple[Any, ...], state: dict[str, Any]) -> PhotochromError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class _PathError(PhotochromError):
    """An error about one file; ``path`` is None for a picture that came as an array."""

    def __init__(self, message: str, path: str | Path | None = None) -> None:
        self.path = None if path is None else Path(path)
        super().__init__(message if path is None else f"{path}: {message}")


class ImageError(_PathError):
    """A picture that cannot be used."""


class ImageNotFoundError(ImageError):
    """There is no such file, or it may not be read."""


class UnsupportedImageError(ImageError):
    """The file is not a picture, or of a kind that is not read."""


class TruncatedImageError(ImageError):
    """The file ends, or breaks, before the picture does."""


class ImageTooLargeError(ImageError):
    """The picture has more pixels than allowed (a guard against decompression bombs)."""

    def __init__(self, pixels: int, limit: int, path: str | Path | None = None) -> None:
        self.pixels, self.limit = pixels, limit
        super().__init__(
            f"{pixels / 1e6:.1f} megapixels, and the limit is {limit / 1e6:.1f}; raise it with --max-pixels", path
        )


class InvalidPixelsError(ImageError):
    """The pixels are not numbers, or the array has an impossible shape."""


class GreyReferenceError(ImageError):
    """A reference picture that has no colour to take."""

    def __init__(self, chroma: float, path: str | Path | None = None) -> None:
        self.chroma = chroma
        super().__init__(
            f"the reference is grey (chroma {chroma:.1f} in its most colourful part); choose a colour picture", path
        )


class UnexpectedError(ImageError):
    """A defect of Photochrom, or of a library, that this picture shows; ``__cause__`` is what was raised."""


class FilmError(_PathError):
    """A film that cannot be used."""


class NoVideoError(FilmError):
    """A file without pictures: sound alone, or text."""


class JobError(_PathError):
    """A job folder of another film or of other choices."""


class JobBusyError(JobError):
    """Another process is at work in the job folder."""


class OutputError(_PathError):
    """A result that cannot be written."""


class OutputExistsError(OutputError):
    """The output file is there already."""


class OutputConflictError(OutputError):
    """Two inputs would write the same output file."""

    def __init__(self, path: str | Path, inputs: tuple[Path, ...]) -> None:
        self.inputs = inputs
        names = ", ".join(str(name) for name in inputs)
        super().__init__(f"would be written by more than one input ({names}); colour them in separate runs", path)


class OutputWriteError(OutputError):
    """The file system refused: disk full, read-only folder, no such folder."""


class ModelError(_PathError):
    """A model that cannot be used."""


class UnknownModelError(ModelError):
    """No catalogue row and no file has this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"unknown model {name!r}; known are {', '.join(known)}, or give the path of an .onnx file")


class WeightsNotFoundError(ModelError):
    """A weights file is absent."""


class WeightsDigestError(ModelError):
    """A weights file is not the one that the catalogue names."""

    def __init__(self, path: str | Path, expected: str, got: str) -> None:
        self.expected, self.got = expected, got
        super().__init__(f"sha256 is {got}, expected {expected}; delete the file and fetch it again", path)


class InvalidModelError(ModelError):
    """The file is not an ONNX colourisation model that Photochrom can run."""


class OptionError(PhotochromError):
    """A value outside its range."""

    def __init__(self, option: str, value: object, expected: str) -> None:
        self.option, self.value = option, value
        super().__init__(f"{option} is {value!r}, expected {expected}")


class UnknownColorError(OptionError):
    """No colour has this name; ``near`` are names spelt alike."""

    def __init__(self, name: str, near: tuple[str, ...]) -> None:
        self.name, self.near = name, near
        maybe = f" (did you mean {' or '.join(near)}?)" if near else ""
        super().__init__("colour", name, f"a CSS or xkcd colour name, or #rrggbb{maybe}")


class HintError(PhotochromError):
    """A hint that cannot be obeyed."""


class EditsError(_PathError):
    """A sidecar or a file of hints that cannot be used."""


class MaskError(HintError):
    """A mask that cannot be used."""


class MissingExtraError(PhotochromError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, what: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs the extra [{extra}]: pip install 'photochrom[{extra}]'")


class ForkedError(PhotochromError):
    """This process was forked from one that had used Photochrom."""

    def __init__(self) -> None:
        super().__init__(
            "this process was forked from one that had used Photochrom, whose threads it does not have; start processes by "
            "multiprocessing.get_context('spawn') or 'forkserver', or fork before the first picture"
        )


class EvaluationError(_PathError):
    """An evaluation that cannot be made, or gave up."""


class StudyError(_PathError):
    """A study with people that cannot be made, run or read."""


class BatchError(_PathError):
    """A batch that cannot be planned, run, checked or shown."""


class ManifestError(BatchError):
    """A manifest that is absent, damaged, of another version, or cannot be reached."""


class ManifestBusyError(BatchError):
    """Another driver is at work on the manifest; ``driver`` names it."""

    def __init__(self, driver: str, seconds: float) -> None:
        self.driver = driver
        super().__init__(
            f"another run is at work on this manifest ({driver}, seen {seconds:.0f} s ago); wait for its end, stop it, or help "
            "it with --join"
        )


class StoreError(BatchError):
    """A place of pictures (an object store, a share) that failed again and again."""


class ClusterError(BatchError):
    """A Ray cluster that cannot be reached, or whose machines do not fit."""


class TrainingError(_PathError):
    """A training run that cannot start or go on."""


class DataError(TrainingError):
    """Training data that cannot be used."""


class SourceTableError(TrainingError):
    """A table of sources of training pictures that cannot be read."""


class RecipeError(TrainingError):
    """An unknown key or a wrong type in a recipe."""

    def __init__(self, key: str, message: str, path: str | Path | None = None) -> None:
        self.key = key
        super().__init__(f"{key}: {message}", path)


class CheckpointError(TrainingError):
    """A checkpoint of another architecture, or a damaged one."""


class DivergenceError(TrainingError):
    """The loss or a weight is no longer a number."""

    def __init__(self, what: str, step: int, path: str | Path | None = None) -> None:
        self.step = step
        super().__init__(
            f"{what} at step {step}, and nothing was saved since; start a new run from this checkpoint "
            "with init, another output folder and lower rates (decoder_rate, encoder_rate)",
            path,
        )
