"""The main path: a photograph in, a colour photograph out.

read -> lightness -> work size -> encode(L) -> decode(features, hints) -> ab -> fuse with the full-resolution L -> write
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import decode, fuse, masks, propagate, steering
from photochrom.catalog import ModelSpec
from photochrom.color import lightness
from photochrom.ensemble import EnsembleSession
from photochrom.errors import OptionError
from photochrom.guidance import reference
from photochrom.guidance.palette import DEFAULT_STRENGTH, Palette, ab_histogram, blended, parse_palette, transport
from photochrom.guidance.smooth import smooth as smoothed
from photochrom.guidance.suggest import Likely
from photochrom.guidance.warmth import warmed
from photochrom.hints import Hint, Hints, Mask, Spot
from photochrom.images import (
    ImageInfo,
    SourceImage,
    Tint,
    classify_tint,
    network_view,
    on_paper,
    open_image,
    takes_packed,
    write_image,
)
from photochrom.images.read import MAX_PIXELS
from photochrom.kriging import Kriging
from photochrom.parallel import ordered
from photochrom.runtime import Features, Session, open_model
from photochrom.version import __version__

__all__ = ["Colorized", "Colorizer", "Opened"]

#: Rows of a strip: enough for the encoder's threads, little for the memory.
ROWS = 256
#: Strips of a very wide picture have fewer rows, so that a strip is about this many pixels at the most.
STRIP_PIXELS = 1 << 19
CONFIDENCE_ROWS = 32
#: A panorama is seen at this many times its work size along its longer side, at the most.
LONGEST = 4
#: How far the decoder's own answer to hints is followed where kriging says the rest.
ANSWER = np.float32(0.5)
SOFTWARE = f"Photochrom {__version__}"


class _Said(NamedTuple):
    """What the model says.

    sharp: ab at work size, (h, w, 2). ab: at its cells, (gh, gw, 2). sure: its confidence there, (gh, gw). expected: the mean of
    all colours that it thinks likely there, (gh, gw, 2), which the dial does not change.
    """

    sharp: NDArray[np.float32]
    ab: NDArray[np.float32]
    sure: NDArray[np.float32]
    expected: NDArray[np.float32]


class Colorizer:
    """A model that is ready to colour any number of photographs.

    model: a catalogue name, a catalogue row, the path of an ONNX file, a ready :class:`~photochrom.runtime.Session`, or None
    for the default model. threads: processor threads (None: all). work_size: the short side, in pixels, at which the network
    sees the photograph (None: the model's own). profile: the colour profile, for a model that has several (None: its choice).
    quality: "best" asks the network about six views of the photograph, see :mod:`photochrom.ensemble`.
    """

    def __init__(
        self,
        model: str | Path | ModelSpec | Session | None = None,
        *,
        threads: int | None = None,
        work_size: int | None = None,
        profile: int | None = None,
        quality: Literal["normal", "best"] = "normal",
    ) -> None:
        if quality not in ("normal", "best"):
            raise OptionError("quality", quality, "normal or best")
        if work_size is not None and not 32 <= work_size <= 2048:
            raise OptionError("work_size", work_size, "32 to 2048 pixels")
        if model is None or isinstance(model, (str, Path, ModelSpec)):
            model = open_model(model, threads=threads, profile=profile)
        self.session: Session = EnsembleSession(model) if quality == "best" else model
        self.threads = threads
        self.work_size = work_size or self.session.work_size

    def open(self, image: str | Path | bytes | NDArray[Any] | SourceImage, *, max_pixels: int = MAX_PIXELS) -> Opened:
        """Read a photograph and run the encoder: the slow half, done once.

        image: a path, a file's bytes, or an array as :func:`photochrom.images.open_image` takes it. Raises ImageError.
        """
        source = image if isinstance(image, SourceImage) else open_image(image, max_pixels=max_pixels)
        height, width = source.info.height, source.info.width
        scale = min(self.work_size / min(height, width), LONGEST * self.work_size / max(height, width))
        # Whole cells, so that the network's grid covers exactly the photograph.
        cell = self.session.stride
        work_width, work_height = (max(1, round(side * scale / cell)) * cell for side in (width, height))
        copy = source.examine(source.work_copy(min(work_width, work_height)))
        if source.frame is not None and source.frame.zoom > 1:
            scale *= source.frame.zoom
            work_width, work_height = (max(1, round(side * scale / cell)) * cell for side in (width, height))
            copy = source.work_copy(min(work_width, work_height))
        seen = _resized(lightness((np.clip(copy, 0, 1) * 65535 + 0.5).astype(np.uint16)), work_width, work_height)
        return Opened(
            self,
            source,
            classify_tint(copy[::2, ::2]),
            _frozen(seen),
            self.session.encode(network_view(source.frame, seen)),
        )


@dataclass(frozen=True, eq=False)
class Opened:
    """An analysed photograph: :meth:`paint` it as often as wanted.

    ``work_lightness`` is what the network saw: (h, w) float32, L* in [0, 100].
    """

    colorizer: Colorizer
    source: SourceImage
    tint: Tint
    work_lightness: NDArray[np.float32]
    features: Features = field(repr=False)
    _memory: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user about this photograph."""
        notices = self.source.info.notices + self.source.findings
        if self.tint.already_colour:
            notices += ("already a colour photograph: its colours were replaced, only its lightness was used",)
        return notices

    def paint(
        self,
        *,
        vividness: float = decode.DEFAULT_VIVIDNESS,
        hints: Iterable[Hint] = (),
        palette: Palette | str | None = None,
        palette_strength: float = DEFAULT_STRENGTH,
        smooth: str = "none",
        warmth: float = 0.0,
        histogram: NDArray[Any] | None = None,
    ) -> Colorized:
        """Run the decoder, the spreading of the hints and the fusion: cheap and repeatable.

        vividness: 0 (safe) to 1 (vivid). hints: see :mod:`photochrom.hints`; a model that takes none still has its colours
        corrected by them. palette: the overall look, a name or colours as :func:`~photochrom.guidance.palette.parse_palette`
        takes them, or a Palette; palette_strength: 0 to 1. smooth: "none", "tv" or "crf", of the model's colours at work size.
        warmth: -1 (cool) to 1 (warm), see :func:`photochrom.guidance.warmth.warmed`; what hints say stays as it was said.
        histogram: (261,), the shares of the ab bins that the result should have, summing to 1, in place of a palette.
        Raises HintError and MaskError for hints outside the picture or of another size, OptionError for others.
        """
        light, session = self.work_lightness, self.session
        hints = Hints(hints)
        hints.check(self.size)
        suggested = Hints(hint for hint in hints if hint.spread == "suggest")
        if isinstance(palette, str):
            palette = parse_palette(palette)
        if palette is not None and session.hints:
            histogram = blended(palette, self._own_histogram, palette_strength)
        sharp, ab, sure, expected = self._remembered(suggested, histogram, vividness)
        wanted = hints.constraints(self.size, light)
        if wanted is not None and session.hints:
            answer = self._decode(hints, histogram, vividness)
            believed = propagate.influence(light, wanted.weight, self.vectors)
            if self.kriging is None:
                ab, sure = answer.ab, answer.sure
            else:
                believed *= ANSWER
                share = cv2.resize(believed, ab.shape[1::-1], interpolation=cv2.INTER_AREA)
                ab = ab + share[..., None] * (answer.ab - ab)
            sharp = sharp + believed[..., None] * (answer.sharp - sharp)
        if palette is not None and not session.hints:
            sharp = transport(sharp, light, palette, palette_strength)
        sharp = warmed(smoothed(sharp, light, smooth), light, warmth)
        found = steering.spread(self, hints, sharp, ab - expected)
        if found is not None:
            sharp = sharp + found.ab
            ab = ab + cv2.resize(found.ab, ab.shape[1::-1], interpolation=cv2.INTER_AREA)
            sure = sure + (1 - sure) * found.settled
        if wanted is not None:
            residual = (wanted.ab - sharp) * wanted.strength[..., None]
            sharp = sharp + propagate.correction(light, residual, wanted.weight, wide=found is None)
        return Colorized(
            self, fuse.fit(sharp, light), self._layers(hints, sharp), _frozen(ab), _frozen(sure), vividness
        )

    def refer(
        self,
        picture: str | Path | bytes | NDArray[Any] | SourceImage | Opened,
        *,
        mask: NDArray[Any] | None = None,
        picture_mask: NDArray[Any] | None = None,
        trust: float = 0.5,
        strength: float = 1.0,
    ) -> Hint:
        """A hint that takes colours from a colour picture; see :func:`photochrom.steering.refer`. Raises ImageError too."""
        opened = picture if isinstance(picture, Opened) else self.colorizer.open(picture)
        return steering.refer(self, opened, mask=mask, picture_mask=picture_mask, trust=trust, strength=strength)

    def alternatives(self, count: int, *, seed: int = 0) -> list[Hints]:
        """Hints for up to ``count`` distinct, plausible colourings; see :func:`photochrom.steering.alternatives`."""
        return steering.alternatives(self, count, seed=seed)

    def suggest(self, count: int = 5, *, hints: Iterable[Hint] = ()) -> list[steering.Click]:
        """Where a hint would change most, best first; see :func:`photochrom.steering.suggest`."""
        return steering.suggest(self, count, hints=Hints(hints))

    def likely(self, x: float, y: float, count: int = 5, *, hints: Iterable[Hint] = ()) -> tuple[Likely, ...]:
        """The colours that a pixel may have, likeliest first; see :func:`photochrom.steering.likely`."""
        return steering.likely(self, x, y, count, hints=Hints(hints))

    def grow(self, box: Sequence[float]) -> NDArray[np.bool_]:
        """The mask (H, W) of the object in a box (x0, y0, x1, y1); see :func:`photochrom.masks.grow_box`."""
        copy = self.source.work_copy(masks.GROW_SIZE)
        light = lightness((np.clip(copy, 0, 1) * 65535 + 0.5).astype(np.uint16))
        return masks.grow_box(light, box, self.size, self.vectors)

    @property
    def session(self) -> Session:
        """The model."""
        return self.colorizer.session

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """What the encoder sees in each cell: (gh, gw, C); |u - v|^2 goes from 0 (alike) to about 4."""
        seen = reference.look(self.features.arrays, self.work_lightness, stride=self.colorizer.session.stride)
        return _frozen(reference.vectors(seen).reshape(*seen.shape, -1))

    @cached_property
    def _own_histogram(self) -> NDArray[np.float32]:
        """The shares of the ab bins in the automatic picture, (261,)."""
        return ab_histogram(self._decode(Hints(), None, decode.DEFAULT_VIVIDNESS).ab)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright photograph, in pixels."""
        return self.source.info.width, self.source.info.height

    def _remembered(self, hints: Hints, histogram: NDArray[Any] | None, vividness: float) -> _Said:
        """:meth:`_decode`, or its last result where it is asked the same again: clicks change nothing of it."""
        key = (tuple(map(id, hints)), None if histogram is None else np.asarray(histogram).tobytes(), vividness)
        kept = self._memory.get("last")
        if kept is None or kept[0] != key:
            # The hints are kept, too: an id is one object's only as long as that lives. One value, so that threads may paint.
            kept = self._memory["last"] = key, hints, self._decode(hints, histogram, vividness)
        said: _Said = kept[2]
        return said

    def _decode(self, hints: Hints, histogram: NDArray[Any] | None, vividness: float) -> _Said:
        session, light = self.colorizer.session, self.work_lightness
        out = session.decode(self.features, self.cells(hints) if session.hints and hints else None, histogram)
        if session.output == "ab-bins":
            cells = cv2.resize(light, out.shape[:0:-1], interpolation=cv2.INTER_AREA)
            scores, middle = decode.agree(out, cells), session.temperature
            ab = decode.decode_bins(scores, session.bins, vividness, session.log_prior, middle)
            expected = decode.annealed_mean(scores, session.bins, 1.0)
            sure = decode.confidence(out)
        else:
            ab = expected = decode.decode_ab(out, vividness)
            sure = np.ones(ab.shape[:2], np.float32)
        ab, expected = hints.mixed_with(ab), hints.mixed_with(expected)
        frame = self.source.frame
        sharp = on_paper(frame, fuse.sharpen(ab, light))
        return _Said(sharp, on_paper(frame, ab), sure, on_paper(frame, expected))

    @cached_property
    def kriging(self) -> Kriging | None:
        """What belongs together in this photograph; None for a model that does not tell."""
        return steering.krige(self)

    def _layers(self, hints: Hints, around: NDArray[np.float32]) -> tuple[fuse.Layer, ...]:
        """What holds to the pixel: regions in their order, over them the hinted pixels; of two at one pixel the last holds."""
        regions: list[fuse.Layer] = []
        dots: dict[tuple[int, int], tuple[float, float]] = {}
        for hint in hints:
            if isinstance(hint.place, Spot) and hint.strength == 1 and isinstance(hint.ab, tuple):
                dots[round(hint.place.y), round(hint.place.x)] = hint.ab
            elif isinstance(hint.place, Mask) and hint.spread == "inside":
                color: Any = hint.ab
                if not isinstance(color, tuple):
                    color = fuse.fit(steering.fused(self, hint, around), self.work_lightness)
                regions.append(fuse.patch(hint.place.weight, hint.strength, color))
        if dots:
            places = np.array(sorted(dots))
            colours = np.array([dots[y, x] for y, x in places.tolist()], np.float32)
            regions.append(fuse.Dots(places[:, 0], places[:, 1], colours))
        return tuple(regions)

    def cells(self, hints: Hints) -> NDArray[np.float32]:
        """What a model is told of the hints: (3, h, w), a cell for every ``session.stride`` work pixels (see Session)."""
        h, w = (side // self.colorizer.session.stride for side in self.work_lightness.shape)
        return hints.cells(self.size, (h, w))


@dataclass(frozen=True, eq=False)
class Colorized:
    """A colour photograph. Its pixels are made when they are asked for, from the photograph's own lightness.

    ``ab``: (h, w, 2) float32, what the network said, one cell for every ``session.stride`` work pixels. ``confidence``: (h, w)
    float32 in [0, 1], at the same cells. All arrays are read-only.
    """

    opened: Opened = field(repr=False)
    color: fuse.ColorField = field(repr=False)
    layers: tuple[fuse.Layer, ...] = field(repr=False)
    ab: NDArray[np.float32] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)
    vividness: float

    @cached_property
    def rgb(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The whole picture: (H, W, 3) sRGB, uint8 or uint16 as the photograph was."""
        return _frozen(np.concatenate(list(self.strips())))

    def strips(self, *, packed: bool = False) -> Iterator[NDArray[Any]]:
        """The picture from top to bottom, (rows, W, 3) sRGB, uint8 or uint16, without ever holding all of it.

        packed: 8 bits come as (rows, W, 4): blue, green, red and 255.
        """
        source = self.opened.source
        # Whole blocks of a JPEG, and enough strips for all threads.
        rows = max(8, min(ROWS, STRIP_PIXELS // source.info.width) // 16 * 16)

        def paint(strip: tuple[int, NDArray[Any]]) -> NDArray[Any]:
            return fuse.paint_strip(
                self.color, strip[1], strip[0], source.info.height, layers=self.layers, packed=packed
            )

        yield from ordered(paint, source.strips(rows), self.opened.colorizer.threads)

    def save(self, path: str | Path, *, force: bool = False, jpeg_quality: int | None = None) -> tuple[str, ...]:
        """Write the picture: same size, depth, alpha and metadata, with a mark that its colours are synthetic.

        jpeg_quality: of JPEG and WebP, 1 to 100 (None: at least the input's). Returns sentences for the user about what the
        format could not keep. Raises OutputError.
        """
        model = self.opened.colorizer.session.name
        return write_image(
            self.opened.source,
            path,
            self.strips(packed=takes_packed(path, self.opened.source.info)),
            software=SOFTWARE,
            model=model,
            force=force,
            quality=jpeg_quality,
            threads=self.opened.colorizer.threads,
        )

    def save_confidence(self, path: str | Path, *, force: bool = False) -> None:
        """Write the confidence as a grey picture of the photograph's size: black unsure, white sure. Raises OutputError."""
        size = self.opened.source.info
        plain = SourceImage(ImageInfo(None, size.width, size.height, 8, 1, has_alpha=False, format="array"))
        model = self.opened.colorizer.session.name
        write_image(plain, path, self._confidence_strips(), software=SOFTWARE, model=model, force=force)

    def _confidence_strips(self) -> Iterator[NDArray[np.uint8]]:
        """The confidence at full size, enlarged as colours are: as a field that does not depend on lightness."""
        width, height = self.opened.source.info.width, self.opened.source.info.height
        sure, zero = np.stack([self.confidence] * 2, axis=-1), np.zeros_like(self.confidence)
        flat = fuse.ColorField(np.zeros_like(sure), sure, zero, zero)
        for y in range(0, height, CONFIDENCE_ROWS):
            light = np.zeros((min(CONFIDENCE_ROWS, height - y), width), np.float32)
            grey = np.rint(fuse.ab_strip(flat, light, y, height)[..., 0].clip(0, 1) * 255).astype(np.uint8)
            yield np.repeat(grey[..., None], 3, axis=2)


def _resized(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Averaged along a side that shrinks, and enlarged along one that grows: networks know things by their size."""
    smaller = min(plane.shape[1], width), min(plane.shape[0], height)
    averaged = cv2.resize(plane, smaller, interpolation=cv2.INTER_AREA)
    enlarged: NDArray[Any] = cv2.resize(averaged, (width, height), interpolation=cv2.INTER_CUBIC)
    return enlarged.clip(0, 100)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
