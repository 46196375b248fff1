"""What a client may ask: the JSON of requests, with its limits. The words are those of the sidecar (photochrom.edits.sidecar)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model

from photochrom.edits.dials import DEFAULT_TRUST, DIALS, REACH, ROTATIONS, SETUP, STRAIGHTEN, Choice, Number, Text

__all__ = [
    "Alternatives",
    "Colorize",
    "Colors",
    "Confidence",
    "DialFields",
    "Edits",
    "Format",
    "Grow",
    "Open",
    "Paint",
    "Result",
    "Rotate",
    "Straighten",
    "Suggest",
    "Swatches",
    "Turned",
]

#: Hints, references and places in an order, at the most.
MANY = 10_000
#: Pixels of all masks of one request together.
MASK_PIXELS = 1_000_000_000

Format = Literal["same", "jpeg", "png", "tiff", "webp"]
Unit = Annotated[float, Field(ge=0, le=1)]
#: No picture has more pixels along a side.
Coordinate = Annotated[float, Field(ge=-1, le=1e7)]
Color = Annotated[
    str, Field(max_length=64, description="A name, #rrggbb, or lab:L,a,b.", examples=["olive", "#7a8450"])
]
#: A material by its own L*, a* and b*.
Lab = Annotated[
    tuple[
        Annotated[float, Field(ge=0, le=100)],
        Annotated[float, Field(ge=-200, le=200)],
        Annotated[float, Field(ge=-200, le=200)],
    ],
    Field(description="L*, a*, b* of a material, in place of a colour.", examples=[[50, -5, 20]]),
]
Ab = Annotated[
    tuple[float, float], Field(description="Exactly these (a*, b*), in place of a colour.", examples=[[-5, 20]])
]


Keep = Annotated[
    Literal[True], Field(description="Keep the place as it is without hints, in place of a colour, strength and reach.")
]


class Strict(BaseModel):
    """Unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def _fields(table: dict[str, Number | Choice | Text]) -> dict[str, Any]:
    """Fields of a model, made from the table of dials."""
    return {name: (_type(kind), Field(default=kind.default, description=kind.help)) for name, kind in table.items()}


def _type(kind: Number | Choice | Text) -> Any:
    if isinstance(kind, Number):
        return Annotated[int if kind.whole else float, Field(ge=kind.low, le=kind.high)]
    return Literal[kind.options] if isinstance(kind, Choice) else Annotated[str, Field(max_length=100)] | None


_Reach: Any = _type(REACH)
Reach = Annotated[_Reach, Field(description=REACH.help)]


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

    x: Coordinate
    y: Coordinate
    color: Color | None = None
    material: Lab | None = None
    ab: Ab | None = None
    keep: Keep | None = None
    radius: Annotated[float, Field(ge=0, le=1e7)] | None = Field(default=None, description="Pixels; null: a usual one.")
    strength: Unit = 1.0
    reach: Reach = REACH.default


class MaskHint(Strict):
    """A colour in a region."""

    mask: Rle
    color: Color | None = None
    material: Lab | None = None
    ab: Ab | None = None
    keep: Keep | None = None
    spread: Literal["inside", "suggest", "object"] = "inside"
    strength: Unit = 1.0
    reach: Annotated[Reach, Field(description=f"Where spread is object. {REACH.help}")] = REACH.default


def _kind(value: Any) -> str:
    given = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return "mask" if "mask" in given else "spot"


Hint = Annotated[Annotated[SpotHint, Tag("spot")] | Annotated[MaskHint, Tag("mask")], Discriminator(_kind)]


class Reference(Strict):
    """An uploaded picture to take colours from: everywhere as far as it is trusted, or in a mask."""

    id: str = Field(max_length=16, examples=["r1"])
    mask: Rle | None = None
    trust: Unit = DEFAULT_TRUST


#: A field for each dial.
DialFields: Any = create_model("DialFields", __base__=Strict, **_fields(DIALS))
#: How the photograph is looked at, as far as clients choose it.
_Setup: Any = create_model("_Setup", __base__=Strict, **_fields({name: SETUP[name] for name in ("model", "quality")}))


_Rotate: Any = Literal[ROTATIONS]
Rotate = Annotated[_Rotate, Field(description="Degrees, clockwise.")]
_Straighten: Any = _type(STRAIGHTEN)
Straighten = Annotated[_Straighten, Field(description=f"Degrees, {STRAIGHTEN.help}, after rotate.")]
Pixel = Annotated[int, Field(ge=0, le=10**7)]
Length = Annotated[int, Field(ge=1, le=10**7)]


class Turned(Strict):
    """The part of the photograph that the picture is. All other places are those of the photograph itself."""

    rotate: Rotate = 0
    straighten: Straighten = STRAIGHTEN.default
    crop: tuple[Pixel, Pixel, Length, Length] | None = Field(
        default=None,
        description="x, y, width, height, once it is turned and straightened; null: all without empty corners.",
    )


class Edits(DialFields, Turned):  # type: ignore[misc]
    """Every choice for one photograph. ``order``: indices into hints, and -1 - i for reference i; references first if absent."""

    palette: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="A name (see /v1/palettes), colours such as #a33,#fc9, or the id of a reference."
    )
    hints: Annotated[list[Hint], Field(max_length=MANY)] = Field(default=[])
    references: Annotated[list[Reference], Field(max_length=100)] = Field(default=[])
    order: Annotated[list[int], Field(max_length=MANY + 100)] | None = None


class Colorize(Edits, _Setup):  # type: ignore[misc]
    """Options of one colouring."""

    format: Format = "same"
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] | None = None
    samples: Annotated[int, Field(ge=1, le=16)] | None = Field(
        default=None, description="So many different colourings."
    )
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0


class Open(_Setup):  # type: ignore[misc]
    """Options of a session."""


class View(Strict):
    """A part of the picture, in its pixels."""

    x: Annotated[int, Field(ge=0)]
    y: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]


Side = Annotated[int, Field(ge=1, le=4096, description="The longer side at the most, in pixels.")]


class Confidence(Strict):
    """A map of how sure the model is."""

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

    x: Coordinate
    y: Coordinate
    edits: Edits = Edits()
    count: Annotated[int, Field(ge=1, le=20)] = 8


class Swatches(Strict):
    """Colours, each a name, #rrggbb, or L*, a*, b* of a material, at the place (x, y) or in a mask."""

    x: Coordinate | None = None
    y: Coordinate | None = None
    mask: Rle | None = None
    colors: Annotated[list[Color | Lab], Field(max_length=100)]


class Suggest(Strict):
    """Where to click next."""

    edits: Edits = Edits()
    count: Annotated[int, Field(ge=1, le=12)] = 5


class Alternatives(Strict):
    """Different colourings."""

    count: Annotated[int, Field(ge=1, le=8)] = 4
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    edits: Edits = Edits()


class Scribble(Strict):
    """A click, or a stroke through several places of the upright picture."""

    points: Annotated[list[tuple[Coordinate, Coordinate]], Field(min_length=1, max_length=MANY)]
    radius: Annotated[float, Field(ge=0, le=1e7)] | None = Field(default=None, description="Pixels; null: a usual one.")
    erase: bool = Field(default=False, description="What is under it is not the object.")


class Grow(Strict):
    """An object: in a box, under clicks and strokes, or both. Where a mask is given, the scribbles edit it in place."""

    box: tuple[Coordinate, Coordinate, Coordinate, Coordinate] | None = Field(
        default=None, description="x0, y0, x1, y1"
    )
    scribbles: Annotated[list[Scribble], Field(max_length=1000)] = Field(default=[])
    mask: Rle | None = Field(default=None, description="What is marked so far.")


class Result(Strict):
    """The finished picture."""

    edits: Edits = Edits()
    format: Format = "same"
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] | None = None


class Sidecar(Strict):
    """The choices as a file."""

    edits: Edits = Edits()
