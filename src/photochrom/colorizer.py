"""The way in: a photograph, opened and painted.

read -> lightness -> work size -> encode(L) -> decode(features, hints) -> ab -> fuse with the full-resolution L -> write
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from photochrom.analysis import Analysis
from photochrom.catalog import ModelSpec
from photochrom.colorized import Colorized
from photochrom.edits.dials import DEFAULT_TRUST, Setup
from photochrom.edits.edits import Edits
from photochrom.edits.geometry import Crop, Geometry, View
from photochrom.edits.hints import Ab, Blend, Hint, Hints, Region, Step
from photochrom.edits.moved import moved
from photochrom.edits.pictures import Picture
from photochrom.edits.places import Mask, Spot
from photochrom.edits.scribbles import Scribble
from photochrom.ensemble import EnsembleSession
from photochrom.errors import OptionError
from photochrom.images import MAX_PIXELS, AnyImage, SourceImage, framed, open_image
from photochrom.materials import Material
from photochrom.runtime import open_model
from photochrom.session import Session
from photochrom.steering import album, suggest
from photochrom.steering.grow import grow
from photochrom.steering.lit import seen_at
from photochrom.steering.paint import paint
from photochrom.steering.refer import refer, resolved
from photochrom.steering.trials import Likely
from photochrom.views import take_views

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from photochrom.edits.edits import Choices

__all__ = ["Colorizer", "Opened"]


class Colorizer:
    """A model that is ready to colour any number of photographs.

    model: a catalogue name, a catalogue row, the path of an ONNX file, a ready :class:`~photochrom.session.Session`, or None
    for the default model. threads: processor threads (None: all). work_size: the short side, in pixels, at which the network
    sees the photograph (None: the model's own). profile: the colour profile, for a model that has several (None: its choice).
    quality: "fast" looks at a photograph once, "normal" also at its details where model and photograph have them
    (:mod:`photochrom.views`), "best" asks the network about six views of the whole beside (:mod:`photochrom.ensemble`).

    Raises OptionError, ModelError.
    """

    def __init__(
        self,
        model: str | Path | ModelSpec | Session | None = None,
        *,
        threads: int | None = None,
        work_size: int | None = None,
        profile: int | None = None,
        quality: Literal["fast", "normal", "best"] = "normal",
    ) -> None:
        Setup(work_size=work_size, profile=profile, quality=quality)  # checks them
        self._arguments = (
            model,
            {
                "threads": threads,
                "work_size": work_size,
                "profile": profile,
                "quality": quality,
            },
        )
        if model is None or isinstance(model, (str, Path, ModelSpec)):
            model = open_model(model, threads=threads, profile=profile)
        self.session: Session = EnsembleSession(model) if quality == "best" else model
        self.threads, self.quality = threads, quality
        self.work_size = work_size or self.session.work_size

    def __reduce__(self) -> tuple[Any, ...]:
        # By its arguments: another process loads the model anew.
        return _made_again, self._arguments

    def open(
        self, image: AnyImage, *, max_pixels: int = MAX_PIXELS, find: Callable[[Picture], Opened] | None = None
    ) -> Opened:
        """Read a photograph and run the encoder: the slow half, done once.

        image: a path, a file's bytes, a binary file, a PIL image or an array, as :func:`photochrom.images.open_image` takes it.
        find: how pictures that edits name are opened; None: by their path, where the file is still the same. Raises ImageError.
        """
        source = image if isinstance(image, SourceImage) else open_image(image, max_pixels=max_pixels)
        views = take_views(self.session, source, self.work_size, details=self.quality != "fast")
        return Opened(self.session, source, *views, self, find)


def _hinted(opened: Opened, edits: Edits) -> tuple[album.Hinted, list[int]]:
    """What a photograph's picture has of its hints, and their numbers among all of them."""
    part, _ = opened.framed(edits)
    view = View.of(edits.geometry, opened.size)
    found = [(step, index) for index, one in enumerate(edits.hints) for step in moved(Hints([one]), view)]
    return album.Hinted(part, Hints(step for step, _ in found)), [index for _, index in found]


def _made_again(model: Any, options: dict[str, Any]) -> Colorizer:
    return Colorizer(model, **options)


@dataclass(frozen=True, eq=False)
class Opened(Analysis):
    """An analysed photograph: :meth:`paint` it as often as wanted.

    ``work_lightness`` is what the network saw: (h, w) float32, L* in [0, 100].
    """

    colorizer: Colorizer = field(repr=False)
    find: Callable[[Picture], Opened] | None = field(repr=False)

    def paint(self, edits: Edits | None = None, **choices: Unpack[Choices]) -> Colorized:
        """Run the decoder, the spreading of the hints and the fusion: cheap and repeatable.

        edits: what is wanted; None: the defaults. choices: fields of :class:`~photochrom.edits.edits.Edits` by name, in place
        of those of ``edits``: hints, palette and the dials of :class:`~photochrom.edits.dials.Dials`; and ``histogram``, (261,),
        the shares of the ab bins that the result should have, in place of a palette. A model that takes no hints still has its
        colours corrected by them. The dials do not change the colours of hints.
        With a geometry, the picture is that part of the photograph, seen anew by the network: the first time takes longer.
        Raises HintError and MaskError for hints outside the picture or of another size, OptionError, and as :meth:`resolved`.
        """
        wanted = (edits or Edits()).changed(choices)
        if wanted.geometry:
            part, inside = self.framed(wanted)
            return replace(part.paint(inside), edits=wanted)
        painted = paint(self, self.resolved(wanted))
        return Colorized(self, self.colorizer.threads, wanted, *painted)

    def framed(self, edits: Edits) -> tuple[Opened, Edits]:
        """The part of the photograph that ``edits.geometry`` makes the picture, opened, and the other edits in its coordinates.

        Both are the same where there is no geometry. Raises HintError, MaskError, OptionError.
        """
        edits.check(self.size)
        if not edits.geometry:
            return self, edits
        parts = self.reuse("framed", [edits.geometry], self._part)
        return parts[edits.geometry], edits.framed(self.size)

    def _part(self, geometry: Geometry) -> Opened:
        view = View.of(geometry, self.size)
        return self.colorizer.open(framed(self.source, view.matrix, view.size), find=self.find)

    @property
    def borders(self) -> Crop | None:
        """What lies inside the film border, the print's white border or the mount: x, y, width, height; None: none was found."""
        frame = self.source.frame
        return None if frame is None else frame.crop(self.size)

    def resolved(self, edits: Edits) -> Edits:
        """The same edits with hints in the place of references, and a palette in that of a picture.

        Raises EditsError where a picture is another one than it was, ImageError where it cannot be used, MaskError.
        """
        return resolved(self, edits, self.find or self._find)

    def _find(self, picture: Picture) -> Opened:
        picture.check()
        return self.colorizer.open(picture.path)

    def refer(
        self,
        picture: AnyImage | Opened,
        *,
        mask: NDArray[Any] | None = None,
        picture_mask: NDArray[Any] | None = None,
        trust: float = DEFAULT_TRUST,
        strength: float = 1.0,
    ) -> Blend | Region:
        """A hint that takes colours from a colour picture; see :func:`photochrom.steering.refer.refer`.

        mask and picture_mask: (H, W), bool or weights in [0, 1]. Raises ImageError, MaskError, OptionError.
        """
        opened = picture if isinstance(picture, Opened) else self.colorizer.open(picture)
        inside, offered = (None if given is None else Mask(given) for given in (mask, picture_mask))
        return refer(self, opened, mask=inside, picture_mask=offered, trust=trust, strength=strength)

    def alternatives(self, count: int, *, seed: int = 0, hints: Iterable[Step] = ()) -> list[Hints]:
        """Hints for up to ``count`` distinct, plausible colourings; see :func:`photochrom.steering.suggest.alternatives`."""
        return suggest.alternatives(self, count, seed=seed, hints=self._known(hints))

    def variants(self, edits: Edits, count: int, *, seed: int = 0) -> list[Edits]:
        """``edits`` for each of up to ``count`` distinct, plausible colourings that agree with their hints."""
        found = self.alternatives(count, seed=seed, hints=edits.hints)
        return [edits.changed({"hints": hints + edits.hints}) for hints in found]

    def suggest(self, count: int = 5, *, hints: Iterable[Step] = ()) -> list[suggest.Click]:
        """Where a hint would change most, best first; see :func:`photochrom.steering.suggest.suggest`."""
        return suggest.suggest(self, count, hints=self._known(hints))

    def propose(self, like: Sequence[tuple[Opened, Edits]], edits: Edits | None = None) -> list[album.Proposal]:
        """What was hinted in other photographs that show the same kind of thing; see :mod:`photochrom.steering.album`.

        like: photographs that the same model opened, and their edits. edits: those of this one, whose coordinates places have.
        Raises HintError, MaskError, OptionError.
        """
        if strange := {one.session.name for one, _ in like} - {self.session.name}:
            raise OptionError("like", ", ".join(sorted(strange)), f"photographs opened by {self.session.name}")
        wanted = edits or Edits()
        part, inside = self.framed(wanted)
        seen = [_hinted(one, of) for one, of in like]
        back = View.of(wanted.geometry, self.size).reversed
        return [
            replace(one, hint=hint, index=seen[one.source][1][one.index])
            for one in album.propose(part, [hinted for hinted, _ in seen], inside.hints)
            for hint in moved(Hints([one.hint]), back)
            if isinstance(hint, Hint)
        ]

    def likely(self, x: float, y: float, count: int = 5, *, hints: Iterable[Step] = ()) -> tuple[Likely, ...]:
        """The colours that a pixel may have, likeliest first; see :func:`photochrom.steering.suggest.likely`."""
        return suggest.likely(self, x, y, count, hints=self._known(hints))

    def seen_at(self, places: Sequence[Spot | Mask], colors: Sequence[Ab | Material]) -> list[Material]:
        """What colours look like in the light of their places; see :func:`photochrom.steering.lit.seen_at`."""
        return seen_at(self, places, colors)

    def _known(self, hints: Iterable[Step]) -> Hints:
        return self.resolved(Edits(hints=Hints(hints))).hints

    def grow(
        self,
        box: Sequence[float] | None = None,
        *,
        scribbles: Sequence[Scribble] = (),
        mask: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.bool_]:
        """The mask (H, W) of the object in a box (x0, y0, x1, y1) or under scribbles; see :func:`photochrom.steering.grow.grow`.

        mask: what is marked so far, which scribbles edit in place.
        """
        return grow(self, box, scribbles, mask)
