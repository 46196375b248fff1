"""Which encoders there are, which pixel formats they take, and how they are set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import cv2

from photochrom.errors import OptionError
from photochrom.film.layout import MATRICES, Layout
from photochrom.film.source import av_module

if TYPE_CHECKING:
    from pathlib import Path

    from photochrom.film.source import Source

__all__ = [
    "CODECS",
    "CONTAINERS",
    "Encoding",
    "choose_codec",
    "choose_encoding",
    "configure",
    "open_encoder",
    "repeatable_x264",
]

#: A third of the time of "medium"; the crf of 16 makes up for it: as near to the luma as 18 there, in files a fifth larger.
_LIBX264 = {"preset": "veryfast"}
#: OpenCV's number of the instructions of Skylake's servers and later (cv::CpuFeatures), which has no name in Python.
_AVX_512 = 256
_GLOBAL_HEADER = 1 << 22
_INTERLACED = (1 << 18) | (1 << 29)  # AV_CODEC_FLAG_INTERLACED_DCT and _ME
#: What each container can hold, by the suffix of its file; others become Matroska.
CONTAINERS: dict[str, tuple[str, ...]] = {
    ".mp4": ("h264", "h265", "av1"),
    ".m4v": ("h264", "h265"),
    ".mov": ("h264", "h265", "prores"),
    ".mkv": ("h264", "h265", "av1", "ffv1", "prores"),
    ".webm": ("av1",),
}


@dataclass(frozen=True)
class _Codec:
    """An encoder: FFmpeg's name, depths and chroma planes that it takes, its default quality and options."""

    encoder: str
    bits: tuple[int, ...]
    chroma: tuple[str, ...]
    crf: int | None
    options: dict[str, str]


CODECS: dict[str, _Codec] = {
    "h264": _Codec("libx264", (8, 10), ("420", "422", "444"), 16, _LIBX264),
    "h265": _Codec(
        "libx265", (8, 10, 12), ("420", "422", "444"), 20, {"preset": "medium", "x265-params": "log-level=none"}
    ),
    "av1": _Codec("libsvtav1", (8, 10), ("420",), 25, {"preset": "8"}),
    "ffv1": _Codec("ffv1", (8, 10, 12), ("420", "422", "444"), None, {"level": "3", "slicecrc": "1"}),
    "prores": _Codec("prores_ks", (10,), ("422", "444"), None, {}),
}
_DOWN = {"444": (0, 0), "422": (1, 0), "420": (1, 1)}


@dataclass(frozen=True)
class Encoding:
    """How a result is encoded: a name in CODECS, its quality (None: it has none), the layout of its frames, and the notices."""

    codec: str
    crf: int | None
    layout: Layout
    notices: tuple[str, ...] = ()


def choose_codec(source: Source, target: Path, codec: str | None) -> str:
    """The codec for a target: the one that is wanted, else H.264, H.265 for 12 bits, AV1 for WebM. Raises OptionError."""
    fitting = CONTAINERS.get(target.suffix.lower())
    if fitting is None:
        raise OptionError("-o", target, "a film of the kind " + ", ".join(CONTAINERS))
    if codec is None:
        return fitting[0] if source.layout.bits < 12 or "h265" not in fitting else "h265"
    if codec not in CODECS:
        raise OptionError("--codec", codec, " or ".join(CODECS))
    if codec not in fitting:
        raise OptionError(
            "--codec", codec, f"one that {target.suffix} holds: {', '.join(fitting)}; or name a .mkv with -o"
        )
    return codec


def choose_encoding(source: Source, codec: str, crf: int | None, pix_fmt: str | None) -> Encoding:
    """Settle the pixel format: the film's own where the codec takes it, else the nearest, with a notice. Raises OptionError."""
    kind, layout, notices = CODECS[codec], source.layout, []
    if crf is not None and (kind.crf is None or not 0 <= crf <= 63):
        raise OptionError("--crf", crf, "0 to 63" if kind.crf is not None else f"nothing: {codec} has no such setting")
    wanted = layout if pix_fmt is None else layout.with_format(pix_fmt)
    near = min(wanted.across, 1), min(wanted.down, wanted.across)
    chroma = next(name for name, halvings in _DOWN.items() if halvings == near)
    bits = wanted.bits
    if pix_fmt is not None and (bits not in kind.bits or chroma not in kind.chroma):
        raise OptionError("--pix-fmt", pix_fmt, f"a format that {codec} takes: {_formats(kind)}")
    if bits not in kind.bits:
        deeper = [depth for depth in kind.bits if depth > bits]
        bits = min(deeper) if deeper else max(kind.bits)
    if chroma not in kind.chroma:
        chroma = "422" if chroma == "420" and "422" in kind.chroma else kind.chroma[0]
    across, down = _DOWN[chroma]
    settled = replace(wanted, bits=bits, across=across, down=down)
    if settled.bits < layout.bits:
        notices.append(f"luma is rounded from {layout.bits} to {settled.bits} bits")
    elif settled.bits > layout.bits:
        notices.append(f"luma is widened from {layout.bits} to {settled.bits} bits, which loses nothing")
    return Encoding(codec, kind.crf if crf is None else crf, settled, tuple(notices))


def _formats(kind: _Codec) -> str:
    return ", ".join(f"yuv{name}p" + ("" if bits == 8 else f"{bits}le") for name in kind.chroma for bits in kind.bits)


def configure(context: Any, encoding: Encoding, source: Source, threads: int | None = None) -> None:
    """Set a codec context, or the stream that holds one, for the encoding. The same settings make the same headers."""
    layout, kind = encoding.layout, CODECS[encoding.codec]
    context.width, context.height, context.pix_fmt = layout.width, layout.height, layout.pix_fmt
    context.time_base = source.time_base
    context.framerate = source.rate or Fraction(25)
    context.sample_aspect_ratio = source.aspect
    context.color_range = layout.range
    context.colorspace = MATRICES[layout.matrix][0]
    context.color_primaries, context.color_trc = layout.primaries, layout.transfer
    options = dict(kind.options)
    if encoding.crf is not None:
        options["crf"] = str(encoding.crf)
    if source.interlaced and not source.deinterlace and encoding.codec in ("h264", "prores"):
        context.flags |= _INTERLACED
        context.field_order = source.field_order
    if encoding.codec == "h264":
        options |= repeatable_x264()
    context.options = options
    if threads:
        context.thread_count = threads


def repeatable_x264() -> dict[str, str]:
    """Options with which x264 makes the same film of the same frames, on every processor.

    Its code for AVX-512 reads memory that nobody has written; that for AVX2, which such processors have too, is as fast.
    """
    return {"x264-params": "asm=avx2"} if cv2.checkHardwareSupport(_AVX_512) else {}


def open_encoder(encoding: Encoding, source: Source, threads: int | None = None) -> Any:
    """An encoder that is ready (av.CodecContext). Raises OptionError for settings that it refuses."""
    av = av_module()
    try:
        context = av.CodecContext.create(CODECS[encoding.codec].encoder, "w")
        configure(context, encoding, source, threads)
        context.flags |= _GLOBAL_HEADER
        context.open()
    except (av.error.FFmpegError, ValueError) as error:
        size = f"{encoding.layout.width} x {encoding.layout.height} {encoding.layout.pix_fmt}"
        raise OptionError("--codec", encoding.codec, f"one that takes {size}, as ffv1 with a .mkv ({error})") from error
    return context
