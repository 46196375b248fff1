"""What a client may ask: the JSON of requests, with its limits. The words are those of the sidecar (photochrom.edits)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

__all__ = [
    "Alternatives",
    "Box",
    "Colorize",
    "Colors",
    "Edits",
    "Format",
    "Open",
    "Paint",
    "Proof",
    "Result",
    "Suggest",
]

#: Hints, references and places in an order, at the most.
MANY = 10_000
#: Pixels of all masks of one request together.
MASK_PIXELS = 1_000_000_000

Format = Literal["same", "jpeg", "png", "tiff", "webp"]
Unit = Annotated[float, Field(ge=0, le=1)]
#: No picture has more pixels along a side.
Place = Annotated[float, Field(ge=-1, le=1e7)]
Color = Annotated[str, Field(max_length=64, description="A name or #rrggbb.", examples=["olive", "#7a8450"])]
Ab = Annotated[tuple[float, float], Field(description="(a*, b*), in place of a colour.", examples=[[-5, 20]])]


class Strict(BaseModel):
    """Unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Rle(Strict):
    """A mask as COCO run lengths: column by column, first the length of the first run of zeros."""

    size: tuple[Annotated[int, Field(ge=1, le=10**7)], Annotated[int, Field(ge=1, le=10**7)]] = Field(
        description="Height and width."
    )
    counts: (
        Annotated[str, Field(max_length=2_000_000)]
        | Annotated[list[Annotated[int, Field(ge=0, le=10**12)]], Field(max_length=500_000)]
    )


class SpotHint(Strict):
    """A colour at a pixel of the upright picture."""

    x: Place
    y: Place
    color: Color | None = None
    ab: Ab | None = None
    radius: Annotated[float, Field(ge=0, le=1e7)] | None = Field(default=None, description="Pixels; null: a usual one.")
    strength: Unit = 1.0


class MaskHint(Strict):
    """A colour in a region."""

    mask: Rle
    color: Color | None = None
    ab: Ab | None = None
    spread: Literal["inside", "suggest", "object"] = "inside"
    strength: Unit = 1.0


def _kind(value: Any) -> str:
    given = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return "mask" if "mask" in given else "spot"


Hint = Annotated[Annotated[SpotHint, Tag("spot")] | Annotated[MaskHint, Tag("mask")], Discriminator(_kind)]


class Reference(Strict):
    """An uploaded picture to take colours from: everywhere as far as it is trusted, or in a mask."""

    id: str = Field(max_length=16, examples=["r1"])
    mask: Rle | None = None
    trust: Unit = 0.5


class Edits(Strict):
    """Every choice for one photograph. ``order``: indices into hints, and -1 - i for reference i; references first if absent."""

    vividness: Unit = 0.5
    warmth: Annotated[float, Field(ge=-1, le=1)] = 0.0
    palette: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="A name (see /v1/palettes), colours such as #a33,#fc9, or the id of a reference."
    )
    palette_strength: Unit = 0.5
    smooth: Literal["none", "tv", "crf"] = "none"
    hints: Annotated[list[Hint], Field(max_length=MANY)] = []
    references: Annotated[list[Reference], Field(max_length=100)] = []
    order: Annotated[list[int], Field(max_length=MANY + 100)] | None = None


class Colorize(Edits):
    """Options of one colouring."""

    format: Format = "same"
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] | None = None
    model: Annotated[str, Field(max_length=100)] | None = None
    quality: Literal["normal", "best"] = "normal"
    samples: Annotated[int, Field(ge=1, le=16)] | None = Field(
        default=None, description="So many different colourings."
    )
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0


class Open(Strict):
    """Options of a session."""

    model: Annotated[str, Field(max_length=100)] | None = None
    quality: Literal["normal", "best"] = "normal"


class View(Strict):
    """A part of the picture, in its pixels."""

    x: Annotated[int, Field(ge=0)]
    y: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]


Side = Annotated[int, Field(ge=1, le=4096, description="The longer side at the most, in pixels.")]


class Proof(Strict):
    """A map of the picture."""

    edits: Edits = Edits()
    size: Side = 640


class Paint(Strict):
    """A quick look at the picture, or at a part of it up to full resolution."""

    edits: Edits = Edits()
    size: Side = 1280
    view: View | None = None
    format: Literal["jpeg", "png"] = "jpeg"


class Colors(Strict):
    """The colours that a place may have."""

    x: Place
    y: Place
    edits: Edits = Edits()
    count: Annotated[int, Field(ge=1, le=20)] = 8


class Suggest(Strict):
    """Where to click next."""

    edits: Edits = Edits()
    count: Annotated[int, Field(ge=1, le=12)] = 5


class Alternatives(Strict):
    """Different colourings."""

    count: Annotated[int, Field(ge=1, le=8)] = 4
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    edits: Edits = Edits()


class Box(Strict):
    """A box around an object."""

    box: tuple[Place, Place, Place, Place] = Field(description="x0, y0, x1, y1")


class Result(Strict):
    """The finished picture."""

    edits: Edits = Edits()
    format: Format = "same"
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] | None = None


class Sidecar(Strict):
    """The choices as a file."""

    edits: Edits = Edits()
