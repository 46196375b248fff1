"""Reading a film: its streams, its frames with their times, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from photochrom.errors import FilmError, MissingExtraError, NoVideoError
from photochrom.film.damage import LOGGED, decoded
from photochrom.film.layout import Layout, layout_of, plane_of

__all__ = ["Frame", "Source", "av_module", "converted", "open_container", "open_source"]

#: So many damaged frames are remembered by name; beyond, only counted.
NAMED = 100
#: AVERROR codes aside, what PyAV raises for damaged data.
_LONGEST_SIDE = 16384
#: A pixel is no wider or higher than so many times its other side; what a header states beyond that is damage.
_WIDEST = 10
#: FFmpeg's names of what a film may be. Playlists (hls, dash, concat, imf, sdp), which make FFmpeg open other
#: files and addresses, are left out on purpose: a film may come from a stranger.
_CONTAINERS = (
    "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo,asf,asf_o,flv,live_flv,kux,ogg,mxf,mxf_opatom,gxf,lxf,dv,h261,h263,h264,hevc,vvc,"
    "evc,m4v,obu,ivf,ivr,rm,nut,nuv,vc1,vc1test,gif,apng,mjpeg,mjpeg_2000,mpjpeg,smjpeg,yuv4mpegpipe,wtv,roq,swf,dirac,dnxhd,cavsvideo,"
    "avs,avs2,avs3,dhav,film_cpk,flic,pva,nsv,ty,vivo,pmp,bink,smk,4xm,mv,mlv,ipu,bethsoftvid,wsvqa"
)


def av_module() -> Any:
    """PyAV. Raises MissingExtraError where it is not installed."""
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("video", "films") from error
    return av


@dataclass(eq=False)
class Frame:
    """One picture of a film, in the film's layout.

    index: from 0 in order of presentation. pts: presentation time in ticks of the source's ``time_base``. luma: (h, w) uint8 or
    uint16 codes, a view. held: the decoded av.VideoFrame. planes: whether its planes are those of the layout.
    """

    index: int
    pts: int
    luma: NDArray[Any]
    held: Any = field(repr=False)
    planes: bool = True
    interlaced: bool = False
    damaged: bool = False

    def chroma(self) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """Cb and Cr codes as they came, views; None for a film without chroma planes."""
        return (plane_of(self.held, 1), plane_of(self.held, 2)) if self.planes else None


@dataclass(eq=False)
class Source:
    """A film that can be read any number of times, always from its beginning.

    layout: of the frames as they are given. rotation: degrees, counter-clockwise, by which a player turns them. aspect: width of
    a pixel by its height. rate: mean frames a second, or None. duration: seconds, as in the header, or None. notices:
    sentences for the user; reading adds to them. damaged: (time in seconds, why) of frames that are damaged or lost.
    """

    path: Path
    layout: Layout
    kind: Literal["planes", "grey", "other"]
    time_base: Fraction
    rotation: int
    aspect: Fraction
    rate: Fraction | None
    duration: float | None
    interlaced: bool
    field_order: int
    stream: int
    deinterlace: bool = False
    notices: list[str] = field(default_factory=list)
    damaged: list[tuple[float, str]] = field(default_factory=list)
    lost: int = 0

    def frames(self, stop: Callable[[], bool] | None = None) -> Iterator[Frame]:
        """All frames in order of presentation. Damaged packets are passed over and named; ``stop`` ends the reading."""
        av = av_module()
        self.damaged.clear()
        self.lost = 0
        index, last = 0, None
        with open_container(self.path) as container:
            stream = container.streams[self.stream]
            stream.thread_type = "SLICE" if stream.codec_context.name in LOGGED else "AUTO"
            self._start(container, stream)
            for held in self._decoded(container, stream, av):
                if stop is not None and stop():
                    return
                pts = held.pts if held.pts is not None else held.dts
                if pts is None or (last is not None and pts <= last):
                    # No time, or the one of the frame before: as long after it as a frame lasts.
                    step = round(1 / (self.rate * self.time_base)) if self.rate else 1
                    pts = 0 if last is None else last + (max(step, 1) if pts is None else 1)
                last = pts
                corrupt = bool(held.is_corrupt)
                if corrupt:
                    self._name(float(pts * self.time_base), "damaged")
                yield self._frame(held, index, pts, corrupt)
                index += 1
        if not index:
            raise FilmError(
                "no frame of it can be decoded; it may be cut off or of another kind than its header states", self.path
            )

    def _start(self, container: Any, stream: Any) -> None:
        """Where a reading begins: here, at the beginning."""

    def _decoded(self, container: Any, stream: Any, av: Any) -> Iterator[Any]:
        graph = _deinterlacer(av, stream) if self.deinterlace else None
        packets = container.demux(stream)
        listening = stream.codec_context.name in LOGGED
        sent: set[int] = set()
        errors: list[tuple[int | None, str]] = []
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except av.error.FFmpegError as error:
                self.notices.append(
                    f"the file breaks off or is damaged ({error.strerror}); what was read of it is coloured"
                )
                break
            if packet.pts is not None:
                sent.add(packet.pts)
            try:
                frames, why = decoded(packet, av) if listening else (packet.decode(), None)
            except av.error.FFmpegError as error:
                self.lost += 1
                errors.append((packet.pts if packet.pts is not None else packet.dts, str(error.strerror)))
                continue
            if why is not None and packet.pts is not None:
                self._name(float(packet.pts * self.time_base), why)
            for frame in frames:
                sent.discard(frame.pts)
                if graph is None:
                    yield frame
                    continue
                graph.push(frame)
                yield from _pulled(graph, av)
        if graph is not None:
            graph.push(None)
            yield from _pulled(graph, av)
        # Decoding threads report an error late; frames that never came out are lost.
        if errors and 0 < len(sent) <= 2 * len(errors):
            errors = [(pts, errors[0][1]) for pts in sorted(sent)]
        for pts, why in errors:
            self._name(float((pts or 0) * self.time_base), f"cannot be decoded ({why})")

    def _name(self, time: float, why: str) -> None:
        if len(self.damaged) < NAMED:
            self.damaged.append((time, why))

    def _frame(self, held: Any, index: int, pts: int, damaged: bool) -> Frame:
        layout = self.layout
        if (held.width, held.height) != (layout.width, layout.height):
            note = "frames change their size; they are brought to that of the first"
            if note not in self.notices:
                self.notices.append(note)
            held = converted(held, layout)
        elif self.kind == "other" or layout_of(held)[0].pix_fmt != layout.pix_fmt:
            held = converted(held, layout)
        grey = held.format.name.startswith("gray")
        interlaced = bool(held.interlaced_frame) and not self.deinterlace
        return Frame(index, pts, plane_of(held, 0), held, not grey, interlaced, damaged)


def open_source(path: Path, *, deinterlace: bool = False, max_pixels: int = 1 << 26) -> Source:
    """Look at a film: its header and its first frame. Raises FilmError, NoVideoError, MissingExtraError."""
    av = av_module()
    if not path.is_file():
        raise FilmError("there is no such file", path)
    with open_container(path) as container:
        videos = [one for one in container.streams.video if not one.disposition & av.stream.Disposition.attached_pic]
        if not videos:
            raise NoVideoError("has no pictures, only " + (_kinds(container) or "nothing that can be read"), path)
        stream = videos[0]
        if stream.codec_context is None:
            raise FilmError("its pictures are of a kind that cannot be decoded", path)
        stream.thread_type = "AUTO"
        context = stream.codec_context
        if context.width * context.height > max_pixels or max(context.width, context.height) > _LONGEST_SIDE:
            raise FilmError(
                f"its header states frames of {context.width} x {context.height}; at most {max_pixels} pixels", path
            )
        first = _first_frame(container, stream, av)
        if first is None:
            raise FilmError(
                "no frame of it can be decoded; it may be cut off or of another kind than its header states", path
            )
        layout, kind = layout_of(first)
        notices = []
        if len(videos) > 1:
            notices.append(f"{len(videos)} video streams; only the first is coloured and kept")
        if layout.assumed:
            notices.append(f"does not state its {' and '.join(layout.assumed)}; taken for {_assumed(layout)}")
        if kind == "other":
            notices.append(f"frames of format {first.format.name} are converted to {layout.pix_fmt}")
        if layout.transfer in (16, 18):
            notices.append("a film of high dynamic range; its colours are chosen as if it were a plain one")
        seconds = None if container.duration is None else container.duration / 1e6
        if seconds is not None and not 0 <= seconds < 60 * 60 * 24 * 7:
            notices.append("the header states an absurd length, which is ignored")
            seconds = None
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        if not Fraction(1, _WIDEST) <= aspect <= _WIDEST:
            notices.append(f"the header states pixels {aspect} times as wide as high, which is ignored")
            aspect = Fraction(1)
        return Source(
            path,
            layout,
            kind,
            Fraction(stream.time_base),
            int(first.rotation),
            aspect,
            stream.average_rate or stream.guessed_rate,
            seconds,
            bool(first.interlaced_frame),
            int(context.field_order),
            stream.index,
            deinterlace,
            notices,
        )


def _assumed(layout: Layout) -> str:
    names = {"range": "full range" if layout.range == 2 else "limited range", "matrix": layout.matrix}
    return " and ".join(names[one] for one in layout.assumed)


def _kinds(container: Any) -> str:
    return ", ".join(sorted({str(one.type) for one in container.streams}))


def _first_frame(container: Any, stream: Any, av: Any) -> Any:
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                continue
            if frames:
                return frames[0]
    except av.error.FFmpegError:
        return None
    return None


def open_container(path: Path) -> Any:
    """The file as PyAV reads it (av.container.InputContainer); it alone is opened, whatever it names. Raises FilmError."""
    av = av_module()
    alone = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    try:
        return av.open(f"file:{path}", metadata_errors="replace", options=alone)
    except (av.error.FFmpegError, OSError) as error:
        raise FilmError(f"is not a film that can be read ({getattr(error, 'strerror', error)})", path) from error


def converted(frame: Any, layout: Layout) -> Any:
    """A frame in the layout's format, matrix and range given explicitly. RGB becomes YCbCr of full range."""
    from photochrom.film.layout import MATRICES

    rgb = frame.format.is_rgb or frame.format.has_palette
    span = 2 if rgb else layout.range
    number = MATRICES[layout.matrix][0]
    number = 5 if number == 6 else number  # which FFmpeg's scaler takes for the same
    return frame.reformat(
        width=layout.width,
        height=layout.height,
        format=layout.pix_fmt,
        src_colorspace=number,
        dst_colorspace=number,
        src_color_range=span,
        dst_color_range=layout.range,
    )


def _deinterlacer(av: Any, stream: Any) -> Any:
    graph = av.filter.Graph()
    source = graph.add_buffer(template=stream)
    bwdif = graph.add("bwdif", "mode=send_frame:parity=auto:deint=all")
    sink = graph.add("buffersink")
    source.link_to(bwdif)
    bwdif.link_to(sink)
    graph.configure()
    return graph


def _pulled(graph: Any, av: Any) -> Iterator[Any]:
    try:
        while True:
            yield graph.pull()
    except (av.error.BlockingIOError, av.error.EOFError):
        return
