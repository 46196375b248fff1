"""The result's file: the coloured pictures from files of packets, and everything else of the film copied beside them."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from photochrom.errors import OutputWriteError
from photochrom.film.codecs import CODECS, Encoding, configure
from photochrom.film.packets import Packet, read_packets
from photochrom.film.source import Source, av_module, open_container

__all__ = ["decode_times", "join"]

#: Written to where the film has no comment of its own; the IPTC's word for what is partly made by a model.
_MARK = "colours by {software} ({model}); compositeWithTrainedAlgorithmicMedia"


def decode_times(pts: list[int]) -> list[int]:
    """Decoding times of packets in order of coding, from their presentation times (all different).

    They grow strictly, no packet's is later than its own presentation, and they are the presentation times in order, so many
    packets later as pictures are held back for reordering.
    """
    ordered = sorted(pts)
    delay = 0
    place = {time: position for position, time in enumerate(ordered)}
    for position, time in enumerate(pts):
        delay = max(delay, position - place[time])
    step = min((b - a for a, b in itertools.pairwise(ordered)), default=1)
    before = [ordered[0] - (delay - i) * max(step, 1) for i in range(delay)]
    return (before + ordered)[: len(pts)]


def join(
    source: Source,
    encoding: Encoding,
    parts: Iterable[Path],
    target: Path,
    *,
    marks: dict[str, str],
    span: tuple[float, float] | None = None,
    threads: int | None = None,
    notices: list[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write the result: pictures of ``parts`` (files of packets, in order), other streams, chapters and tags of the source.

    span: seconds (from, to) of the source that the pictures cover, or None for all; other streams are cut to it, and the result
    begins at 0, without chapters. notices: takes
    a sentence for each stream that the container cannot hold. The file appears under its name only when it is whole.
    Raises OutputWriteError.
    """
    av = av_module()
    files = list(parts)
    notices = [] if notices is None else notices
    part = target.with_name(f".{target.stem}.part{target.suffix}")
    times = [packet.pts for path in files for packet in read_packets(path)]
    shift = min(times) if span is not None else 0
    decode = decode_times([time - shift for time in times])
    try:
        with (
            open_container(source.path) as given,
            av.open(str(part), "w", options=_muxer_options(source, target)) as made,
        ):
            video = made.add_stream(
                CODECS[encoding.codec].encoder, rate=source.rate or Fraction(25), time_base=source.time_base
            )
            configure(video.codec_context, encoding, source, threads)
            video.time_base = source.time_base
            original = given.streams[source.stream]
            video.metadata.update(_stream_tags(original.metadata))
            if source.rotation:
                _rotate(video, source.rotation, notices)
            copied = _other_streams(given, made, source.stream, target.suffix, notices, av)
            made.metadata.update({key: value for key, value in given.metadata.items() if key not in _OWN_TAGS})
            made.metadata.setdefault("comment", _MARK.format(**marks))
            chapters = given.chapters()
            if chapters and span is None:
                made.set_chapters(chapters)
            made.start_encoding()
            for stream in (video, *copied.values()):
                if stream.type in ("video", "audio", "subtitle"):
                    with _quietly(av):
                        stream.disposition = (
                            original if stream is video else _source_of(stream, copied, given)
                        ).disposition
            pictures = _pictures(files, decode, shift, source.time_base, video, av)
            others = _copied(given, copied, span, shift * source.time_base)
            for count, (_, _, packet) in enumerate(heapq.merge(pictures, others, key=lambda row: (row[0], row[1]))):
                made.mux(packet)
                if progress is not None and not count % 256:
                    progress(count)
        part.replace(target)
    except (av.error.FFmpegError, OSError) as error:
        part.unlink(missing_ok=True)
        why = getattr(error, "strerror", None) or str(error)
        raise OutputWriteError(
            f"cannot be written ({why}); the coloured shots are kept in the job folder", target
        ) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


#: Tags that the muxer writes itself.
_OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder"}


def _muxer_options(source: Source, target: Path) -> dict[str, str]:
    if target.suffix.lower() in (".mp4", ".m4v", ".mov"):
        return {"video_track_timescale": str(source.time_base.denominator), "movflags": "+faststart"}
    return {}


def _stream_tags(tags: dict[str, str]) -> dict[str, str]:
    kept = {"encoder", "DURATION", "NUMBER_OF_BYTES", "NUMBER_OF_FRAMES", "BPS", "vendor_id"}
    return {key: value for key, value in tags.items() if key not in kept and not key.startswith("_STATISTICS")}


def _rotate(video: Any, degrees: int, notices: list[str]) -> None:
    if hasattr(video, "set_display_rotation"):
        video.set_display_rotation(degrees)
    else:
        notices.append("the rotation cannot be kept by this version of PyAV; 18 or newer does")


class _quietly:  # noqa: N801  # reads as a word of the with statement
    """Passes over what a container refuses to note of a stream."""

    def __init__(self, av: Any) -> None:
        self._kinds = (AttributeError, ValueError, TypeError, av.error.FFmpegError)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return isinstance(error, self._kinds)


def _other_streams(given: Any, made: Any, video: int, suffix: str, notices: list[str], av: Any) -> dict[int, Any]:
    """Streams to copy, by their index in the source."""
    copied, pictures = {}, av.stream.Disposition.attached_pic
    for stream in given.streams:
        if stream.index == video or (stream.type == "video" and not stream.disposition & pictures):
            continue
        name = getattr(stream, "name", None) or stream.type
        try:
            if stream.type == "attachment" and suffix.lower() != ".mkv":
                raise ValueError("attachments")
            made_stream = made.add_stream_from_template(stream, opaque=True)
            made_stream.metadata.update(_stream_tags(stream.metadata))
            copied[stream.index] = made_stream
        except (ValueError, TypeError, av.error.FFmpegError):
            notices.append(
                f"stream {stream.index} ({stream.type}, {name}) cannot be kept in {suffix}; a .mkv holds more kinds"
            )
    return copied


def _source_of(stream: Any, copied: dict[int, Any], given: Any) -> Any:
    return next(given.streams[index] for index, one in copied.items() if one is stream)


def _pictures(
    files: list[Path], decode: list[int], shift: int, time_base: Fraction, stream: Any, av: Any
) -> Iterator[tuple[float, int, Any]]:
    packets = (packet for path in files for packet in read_packets(path))
    for packet, dts in zip(packets, decode, strict=True):
        yield float(dts * time_base), 0, _to_av(packet._replace(pts=packet.pts - shift), dts, time_base, stream, av)


def _to_av(packet: Packet, dts: int, time_base: Fraction, stream: Any, av: Any) -> Any:
    made = av.Packet(packet.data)
    made.pts, made.dts, made.time_base, made.is_keyframe = packet.pts, dts, time_base, packet.key
    if packet.duration:
        made.duration = packet.duration
    made.stream = stream
    return made


def _copied(
    given: Any, copied: dict[int, Any], span: tuple[float, float] | None, shift: Fraction
) -> Iterator[tuple[float, int, Any]]:
    """Packets of the other streams, in the order in which they lie in the source."""
    streams = [given.streams[index] for index in copied]
    if not streams:
        return
    last = float("-inf")
    for packet in given.demux(streams):
        if packet.dts is None and packet.pts is None:
            continue
        time = float((packet.dts if packet.dts is not None else packet.pts) * packet.time_base)
        if span is not None and not span[0] <= time < span[1]:
            continue
        last = max(last, time)
        ticks = round(shift / packet.time_base)
        if ticks:
            packet.pts = None if packet.pts is None else packet.pts - ticks
            packet.dts = None if packet.dts is None else packet.dts - ticks
        index = packet.stream_index
        packet.stream = copied[index]
        yield last - float(shift), 1, packet
